// A query whose rows are taken as they come, from whichever process makes them: the parts of a scan.
#pragma once

#include "../guard.h"

extern "C" {
#include "executor/tuptable.h"
#include "nodes/params.h"
}

namespace profiles::pg {

void set_parameter(ParamListInfo parameters, int number, Oid type, Datum value, bool is_null);

// Within SPI. Runs `query` under the active snapshot and calls receive(row, state) for each row.
void execute_parts(const char *query, ParamListInfo parameters,
                   void (*receive)(TupleTableSlot *row, void *state), void *state);

}  // namespace profiles::pg
