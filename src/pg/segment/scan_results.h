// What the functions that count return, as Datums. Finish steps.
#pragma once

#include "../../core/segment/group_table.h"
#include "../guard.h"

extern "C" {
#include "nodes/execnodes.h"
}

namespace profiles::pg {

// The values of a group, one for each breakdown.
Datum text_array_of(const Group &group);
// Each uid as a row of the result.
void put_users(ReturnSetInfo *result, const UserSet &users);

}  // namespace profiles::pg
