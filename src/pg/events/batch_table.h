// The hot tier of an app, read page by page: what the executor does for each row costs more than to count it.
#pragma once

#include "../table_pages.h"

extern "C" {
#include "access/htup_details.h"
#include "datatype/timestamp.h"
}

namespace profiles::pg {

struct BatchTable : TablePages {
    AttrNumber uid, device_id, first_ts, last_ts, profile, events;
};

// Raises what open_pages() raises, undefined_column, datatype_mismatch. Closed by close_pages().
BatchTable open_batches(Oid table);
// Of an open table. Raises undefined_column, datatype_mismatch.
BatchTable batches_of_table(const TablePages &table);

// Points into the page, as it is stored: what is compressed or stored elsewhere has to be fetched.
struct Batch {
    std::int64_t uid;
    TimestampTz first_ts, last_ts;
    struct varlena *device_id, *profile, *events;
};

// Batches that the snapshot sees, of some pages.
struct BatchReader {
    const BatchTable *table;
    Snapshot snapshot;
    BlockNumber page, next_page, end;
    Buffer buffer, ahead;  // the page that is read, and the next one
    int ahead_from;        // from here on it is in the cache, or on its way
    int count, next;       // of the lines
    OffsetNumber lines[MaxHeapTuplesPerPage];
    Datum *values;
    bool *nulls;
};

// In the current memory context.
BatchReader *make_batch_reader(const BatchTable &table, Snapshot snapshot);
// From here on. Pages that the table does not have are none.
void read_batches(BatchReader &reader, BlockNumber first, BlockNumber count);
// What the batch points to stays until the next one is read. False at the end, when nothing is held any more.
bool next_batch(BatchReader &reader, Batch *batch);
// Before the end nothing is held any more either.
void stop_batches(BatchReader &reader);

}  // namespace profiles::pg
