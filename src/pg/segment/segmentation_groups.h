// The aggregate segmentation_groups: what it gives to a scan that takes its groups over.
#pragma once

#include "../../core/segment/group_table.h"
#include "../guard.h"

namespace profiles::pg {

// Where the groups are that the aggregate has counted. Null when `result` has them as bytes, which is so
// wherever somebody copied it.
GroupTable *counted_groups(Datum result);

}  // namespace profiles::pg
