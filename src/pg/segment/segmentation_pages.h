// Pages of the hot tier as one row of the query that counts a segmentation: segmentation_pages names them, and the
// step of segmentation_groups reads them.
#pragma once

#include "../events/batch_table.h"
#include "../guard.h"

namespace profiles::pg {

struct PagesOfBatches {
    Oid table;
    BlockNumber first, count;
};

// Of what segmentation_pages gave. Raises for other arrays.
PagesOfBatches pages_of(Datum array);

}  // namespace profiles::pg
