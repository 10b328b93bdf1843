// Rows of a plain table, found by an index without a statement.
#pragma once

#include "../guard.h"

extern "C" {
#include "access/genam.h"
#include "access/skey.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
}

namespace profiles::pg::plain {

// What is committed now, and what this transaction did so far, is what is seen from here on; until
// PopActiveSnapshot().
void begin_reading();

struct Finder {
    Relation table, index;
    IndexScanDesc scan;
    TupleTableSlot *slot;  // the row found
};

// The table must be locked already.
Finder open_finder(Oid table, Oid index, int keys);
void begin_search(Finder &finder, ScanKey keys, int count);
// Rows in the order of the index.
bool find_next(Finder &finder);
void close_finder(Finder &finder);

}  // namespace profiles::pg::plain
