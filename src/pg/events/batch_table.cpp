#include "batch_table.h"

#include <algorithm>

#include "../typed_column.h"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/predicate.h"
#include "utils/snapmgr.h"
}

namespace profiles::pg {

namespace {

// The next page comes into the processor's cache while this one is read, a piece with each row: it takes only so many
// requests at a time. Rows lie from the end of a page on.
void prefetch_piece(BatchReader &reader)
{
    constexpr int kLine = 64, kPiece = 16 * kLine;
    if (!BufferIsValid(reader.ahead))
        return;
    Page page = BufferGetPage(reader.ahead);
    int end = reader.ahead_from, first = std::max(end - kPiece, 0);
    for (int at = first; at < end; at += kLine)
        __builtin_prefetch(page + at);
    reader.ahead_from = first;
}

void read_ahead(BatchReader &reader)
{
    reader.ahead =
        reader.next_page < reader.end ? read_page(*reader.table, reader.next_page) : InvalidBuffer;
    reader.ahead_from = BLCKSZ;
}

void list_visible_lines(BatchReader &reader)
{
    Page page = BufferGetPage(reader.buffer);
    LockBuffer(reader.buffer, BUFFER_LOCK_SHARE);
    TestForOldSnapshot(reader.snapshot, reader.table->relation, page);
    bool all_visible = PageIsAllVisible(page) && !reader.snapshot->takenDuringRecovery &&
                       !IsolationIsSerializable();
    reader.count = reader.next = 0;
    for (OffsetNumber line = 1; line <= last_line(reader.buffer); ++line) {
        HeapTupleData tuple;
        if (read_line(*reader.table, reader.buffer, reader.page, line, &tuple) &&
            (all_visible || is_visible(*reader.table, reader.buffer, &tuple, reader.snapshot)))
            reader.lines[reader.count++] = line;
    }
    LockBuffer(reader.buffer, BUFFER_LOCK_UNLOCK);
}

bool next_page(BatchReader &reader)
{
    CHECK_FOR_INTERRUPTS();
    if (BufferIsValid(reader.buffer))
        ReleaseBuffer(reader.buffer);
    reader.buffer = reader.ahead;
    if (!BufferIsValid(reader.buffer))
        return false;
    reader.page = reader.next_page++;
    read_ahead(reader);
    list_visible_lines(reader);
    return true;
}

std::int64_t integer_at(const BatchReader &reader, AttrNumber column)
{
    return reader.nulls[column - 1] ? 0 : DatumGetInt64(reader.values[column - 1]);
}

struct varlena *varlena_at(const BatchReader &reader, AttrNumber column)
{
    if (reader.nulls[column - 1])
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("relation \"%s\" must not contain nulls",
                               RelationGetRelationName(reader.table->relation))));
    return reinterpret_cast<struct varlena *>(DatumGetPointer(reader.values[column - 1]));
}

}  // namespace

BatchTable open_batches(Oid table) { return batches_of_table(open_pages(table)); }

BatchTable batches_of_table(const TablePages &table)
{
    BatchTable batches{table, 0, 0, 0, 0, 0, 0};
    batches.uid = typed_column(table.relation, "uid", INT8OID);
    batches.device_id = typed_column(table.relation, "device_id", TEXTOID);
    batches.first_ts = typed_column(table.relation, "first_ts", TIMESTAMPTZOID);
    batches.last_ts = typed_column(table.relation, "last_ts", TIMESTAMPTZOID);
    batches.profile = typed_column(table.relation, "profile", "profile_in");
    batches.events = typed_column(table.relation, "events", "event_list_in");
    return batches;
}

BatchReader *make_batch_reader(const BatchTable &table, Snapshot snapshot)
{
    auto *reader = static_cast<BatchReader *>(palloc0(sizeof(BatchReader)));
    reader->table = &table;
    reader->snapshot = snapshot;
    auto columns = static_cast<Size>(RelationGetNumberOfAttributes(table.relation));
    reader->values = static_cast<Datum *>(palloc(sizeof(Datum) * columns));
    reader->nulls = static_cast<bool *>(palloc(sizeof(bool) * columns));
    return reader;
}

void read_batches(BatchReader &reader, BlockNumber first, BlockNumber count)
{
    stop_batches(reader);
    const BatchTable &table = *reader.table;
    PredicateLockRelation(table.relation, reader.snapshot);
    reader.next_page = std::min(first, table.pages);
    reader.end = reader.next_page + std::min(count, table.pages - reader.next_page);
    read_ahead(reader);
}

void stop_batches(BatchReader &reader)
{
    for (Buffer *buffer : {&reader.buffer, &reader.ahead}) {
        if (BufferIsValid(*buffer))
            ReleaseBuffer(*buffer);
        *buffer = InvalidBuffer;
    }
    reader.count = reader.next = 0;
}

bool next_batch(BatchReader &reader, Batch *batch)
{
    while (reader.next == reader.count)
        if (!next_page(reader))
            return false;
    prefetch_piece(reader);
    HeapTupleData tuple;
    const BatchTable &table = *reader.table;
    read_line(table, reader.buffer, reader.page, reader.lines[reader.next++], &tuple);
    heap_deform_tuple(&tuple, RelationGetDescr(table.relation), reader.values, reader.nulls);
    *batch = {integer_at(reader, table.uid),     integer_at(reader, table.first_ts),
              integer_at(reader, table.last_ts), varlena_at(reader, table.device_id),
              varlena_at(reader, table.profile), varlena_at(reader, table.events)};
    return true;
}

}  // namespace profiles::pg
