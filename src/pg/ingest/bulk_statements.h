// The SQL of a bulk: one statement for all of its devices, users or batches.
#pragma once

#include "statements.h"

extern "C" {
#include "lib/stringinfo.h"
}

namespace profiles::pg {

void append_bulk_statement(StringInfo sql, Statement statement, const char *schema);
// The types of its parameters; their number.
int bulk_parameter_types(Statement statement, Oid *types, Oid profile, Oid event_list);

}  // namespace profiles::pg
