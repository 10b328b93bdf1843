// The text of the query that counts a segmentation: segmentation_groups over whatever holds events.
#pragma once

#include "../guard.h"

extern "C" {
#include "storage/block.h"
}

namespace profiles::pg {

// Which tables and columns are read depends on what is asked. Plain data.
struct ScanTables {
    const char *app;
    bool needs_profile;
    bool latest;     // the profile as it is, not as it was
    bool by_column;  // blocks are read by column, not as batches
    bool sessions;   // unfinished sessions count too
    bool has_begin, has_end, has_event;
    Oid batches;  // read page by page; none when they come as rows
    BlockNumber batch_pages;
};

// Values are parameters: $1 the begin, $2 the end of the period, $3 the key of the events, $4 the moved users, and
// from $5 on the arguments of segmentation_groups behind the key.
const char *groups_query(const ScanTables &tables);

}  // namespace profiles::pg
