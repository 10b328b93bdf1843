#include "typed_column.h"

extern "C" {
#include "utils/lsyscache.h"
}

namespace profiles::pg {

namespace {

AttrNumber find_column(Relation table, const char *name)
{
    AttrNumber column = get_attnum(RelationGetRelid(table), name);
    if (column <= 0)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                        errmsg("column \"%s\" of relation \"%s\" does not exist", name,
                               RelationGetRelationName(table))));
    return column;
}

Oid type_of(Relation table, AttrNumber column)
{
    return TupleDescAttr(RelationGetDescr(table), column - 1)->atttypid;
}

void require(bool right, Relation table, const char *name)
{
    if (!right)
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                        errmsg("column \"%s\" of relation \"%s\" has another type", name,
                               RelationGetRelationName(table))));
}

}  // namespace

bool has_input(Oid type, const char *input)
{
    Oid function, parameter;
    getTypeInputInfo(type, &function, &parameter);
    const char *name = get_func_name(function);
    return name && strcmp(name, input) == 0;
}

AttrNumber typed_column(Relation table, const char *name, Oid type)
{
    AttrNumber column = find_column(table, name);
    require(type_of(table, column) == type, table, name);
    return column;
}

AttrNumber typed_column(Relation table, const char *name, const char *input)
{
    AttrNumber column = find_column(table, name);
    require(has_input(type_of(table, column), input), table, name);
    return column;
}

}  // namespace profiles::pg
