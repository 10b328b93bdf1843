// A scan of events or sessions while it runs. It goes through blocks, batches and unfinished sessions, in this
// order; of each it takes what no other process of the same query has taken.
#pragma once

#include "../events/batch_table.h"
#include "../owned.h"
#include "../profile/datum.h"
#include "grouping.h"
#include "tables.h"

#include "../../core/events/event_reader.h"
#include "../../core/scan/block_rows.h"
#include "../../core/scan/property.h"

extern "C" {
#include "port/atomics.h"
}

namespace profiles::pg {

// What the processes of a parallel scan share; a scan alone has one of its own.
struct SharedScan {
    pg_atomic_uint64 next_block;      // by its number in the order of the table
    pg_atomic_uint64 next_chunk;      // of kChunkPages pages of event_batches
    pg_atomic_uint32 sessions_taken;  // by one process
    std::uint32_t batch_pages;
    pg_atomic_uint64 blocks_read, blocks_skipped, rows_removed;
};

inline constexpr std::uint32_t kChunkPages = 64;

// A column in the block that is being read.
struct BlockValues {
    bool ready;
    const BlockColumnInfo *info;   // null where the block has no such column: all is missing
    const std::int64_t *integers;  // one a row, or:
    const std::uint16_t *codes;
    Datum *values;  // by code, or by hash of the integer
    char *known;    // 0 not yet, 1 a value, 2 null
    std::int64_t *cached;
};

enum class Stage : std::uint8_t { blocks, batches, sessions, end };

// Attribute numbers, looked up once.
struct BlockAttributes {
    AttrNumber bucket, first_uid, last_uid, first_ts, last_ts, keys, data;
};
struct UserAttributes {
    AttrNumber uid, device_id, profile, expiry, session_id, session_start, session_duration,
        session_events;
};

// A batch whose events are being read: from event_batches, or an unfinished session.
struct OpenBatch {
    std::int64_t uid;
    std::string_view device_id;
    Datum profile_datum;
    std::string_view profile;
    std::size_t next;  // of the events
};

// The events of a batch, and what knows how they look.
struct BatchEvents {
    EventReader reader;
    std::vector<Event> list;
};

// What the conditions on the key say of a key: the same for all events that have it.
struct KeyVerdict {
    static constexpr std::size_t kLongest = 62;
    bool accepted;
    std::uint8_t size;
    char key[kLongest];
};

// The references of the columns that are properties or segments, in the order of the columns.
struct References {
    std::pmr::monotonic_buffer_resource memory;
    std::vector<Reference> list;
};

struct EventScan {
    // What is asked for
    ScanColumns columns;
    ColumnList outputs;  // the columns that somebody wants
    ColumnList tested;   // those that stand in the conditions of rest_holds
    Condition *conditions;
    int condition_count;
    ExprState
        *rest_holds;  // of the conditions that neither the key of an event nor the limits answer
    const char *only_key;  // of a table of sessions
    bool has_key_condition;

    // What is read
    AppTables tables;
    BlockAttributes block_attributes;
    UserAttributes user_attributes;
    TableReader blocks, batches, users;
    BatchTable batch_table;
    BatchReader *batch_reader;  // null where batches are read by `batches` alone
    std::span<const MovedUser> moved;
    Owned<References> *references;

    // Limits of this run
    std::int64_t first_ts, last_ts;  // milliseconds
    std::int64_t first_uid, last_uid;
    static constexpr std::size_t kVerdicts = 8;
    KeyVerdict verdicts[kVerdicts];
    std::size_t verdict_count, next_verdict;  // the next one is given up for another one

    // Where it is
    bool limited;  // find_limits() has been called
    bool started;
    Stage stage;
    SharedScan *shared, own_shared;
    std::uint64_t blocks_seen;
    std::int64_t *buckets;  // of the blocks that one user may be in
    int bucket_count, next_bucket;
    bool chunk_open;

    MemoryContext block_context, batch_context, profile_context, segmentation_context;
    Datum block_datum;
    Owned<BlockRows> *block;
    BlockValues *values;  // by column
    const std::uint16_t *rows;
    std::size_t row_count, next_row_index;
    std::uint32_t user;
    std::int64_t profile_row, segmentation_row;  // whose document is at hand, -1 none
    Datum profile_datum, segmentation_datum, empty_segmentation;
    OpenBatch batch;
    Owned<BatchEvents> *events;

    // ANALYZE reads only one block and chunk of each `stride`, from `offset` on; everybody else all of them.
    std::uint64_t stride, offset;

    Grouping *grouping;  // null where the executor gets all rows

    MemoryContext memory;  // lives as long as the scan
    ExprContext *context;  // of the conditions
    TupleTableSlot *slot;
};

// What a scan of this foreign table reads; the columns and the slot are known.
void open_scan(EventScan &scan, Relation foreign, Snapshot snapshot);
void close_scan(EventScan &scan);

// In ascending order.
ColumnList list_of(const Bitmapset *columns);

const Reference *reference_of(const EventScan &scan, int column);

// The slot gets ready to hold values of conditions: all are null.
void clear_slot(EventScan &scan);
// Is a condition true with the values that the slot has?
bool holds(EventScan &scan, ExprState *condition);
// Does a limit of the scan say all that the condition says?
bool is_limit_of_times(const EventScan &scan, const Condition &condition);
// Is there no condition on the key that says no?
bool accepts_key(EventScan &scan, Datum key);
bool accepts_time(const EventScan &scan, std::int64_t ts);

// Limits that the conditions put to times and users, from the parameters as they are now.
void find_limits(EventScan &scan);

// From the first row, with limits that are found anew.
void restart_rows(EventScan &scan);

// Each puts the next row into the slot; false at the end of its part.
bool next_of_blocks(EventScan &scan);
bool next_of_batches(EventScan &scan);
// The next block with rows, none of which has been read.
bool open_next_block(EventScan &scan);
bool next_of_sessions(EventScan &scan);

// The conditions one after the other, on the rows of the block.
void choose_rows(EventScan &scan);
// The bytes of a column or of the users are fetched, unless they are there.
void fetch_column(EventScan &scan, const BlockColumnInfo &info);
void fetch_users(EventScan &scan);
// A column gets ready to be asked for values of rows.
void prepare_column(EventScan &scan, int column);
Datum value_of_code(EventScan &scan, int column, std::uint32_t code, bool *is_null);
Datum value_of_row(EventScan &scan, int column, std::uint32_t row, bool *is_null);

}  // namespace profiles::pg
