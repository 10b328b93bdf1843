#include "typed_column.h"

extern "C" {
#include "utils/lsyscache.h"
}

namespace profiles::pg {

namespace {

Oid type_of(TupleDesc columns, AttrNumber column)
{
    return TupleDescAttr(columns, column - 1)->atttypid;
}

}  // namespace

bool has_input(Oid type, const char *input)
{
    Oid function, parameter;
    getTypeInputInfo(type, &function, &parameter);
    const char *name = get_func_name(function);
    return name && strcmp(name, input) == 0;
}

AttrNumber find_column(TupleDesc columns, const char *table, std::string_view name)
{
    for (int index = 0; index < columns->natts; ++index) {
        Form_pg_attribute attribute = TupleDescAttr(columns, index);
        if (!attribute->attisdropped && name == NameStr(attribute->attname))
            return attribute->attnum;
    }
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                    errmsg("column \"%.*s\" of relation \"%s\" does not exist",
                           static_cast<int>(name.size()), name.data(), table)));
    pg_unreachable();
}

void require_type(bool right, const char *table, std::string_view name)
{
    if (!right)
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                        errmsg("column \"%.*s\" of relation \"%s\" has another type",
                               static_cast<int>(name.size()), name.data(), table)));
}

AttrNumber typed_column(TupleDesc columns, const char *table, const char *name, Oid type)
{
    AttrNumber column = find_column(columns, table, name);
    require_type(type_of(columns, column) == type, table, name);
    return column;
}

AttrNumber typed_column(TupleDesc columns, const char *table, const char *name, const char *input)
{
    AttrNumber column = find_column(columns, table, name);
    require_type(has_input(type_of(columns, column), input), table, name);
    return column;
}

}  // namespace profiles::pg
