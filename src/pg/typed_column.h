// Columns of tables that anybody may have made: found by name, and read only when they have the type that they are read as.
#pragma once

#include <string_view>

#include "guard.h"

extern "C" {
#include "access/tupdesc.h"
#include "utils/rel.h"
}

namespace profiles::pg {

// Is it the type of this extension whose input function is this one? Only a superuser makes a type, and its bytes are
// what its input function makes of them.
bool has_input(Oid type, const char *input);

// `table` is for the message of an error. Raises undefined_column.
AttrNumber find_column(TupleDesc columns, const char *table, std::string_view name);
// Raises datatype_mismatch unless the type is right.
void require_type(bool right, const char *table, std::string_view name);

// Raise both.
AttrNumber typed_column(TupleDesc columns, const char *table, const char *name, Oid type);
AttrNumber typed_column(TupleDesc columns, const char *table, const char *name, const char *input);

template <typename Type>
AttrNumber typed_column(Relation table, const char *name, Type type)
{
    return typed_column(RelationGetDescr(table), RelationGetRelationName(table), name, type);
}

}  // namespace profiles::pg
