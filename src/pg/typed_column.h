// Columns of tables that anybody may have made: found by name, and read only when they have the type that they are read as.
#pragma once

#include "guard.h"

extern "C" {
#include "access/attnum.h"
#include "utils/rel.h"
}

namespace profiles::pg {

// Is it the type of this extension whose input function is this one? Only a superuser makes a type, and its bytes are
// what its input function makes of them.
bool has_input(Oid type, const char *input);

// Raise undefined_column, datatype_mismatch.
AttrNumber typed_column(Relation table, const char *name, Oid type);
AttrNumber typed_column(Relation table, const char *name, const char *input);

}  // namespace profiles::pg
