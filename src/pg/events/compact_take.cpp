// Takes batches out of the hot tier, as many as fit into a block, and makes the block of them: a step of compact
// (src/sql/55-compact.sql). Rows go straight from the scan into the builder.
#include "block_datum.h"

#include "../../core/events/block_builder.h"
#include "../ingest/finder.h"
#include "../ingest/plain_tables.h"
#include "../ingest/statements.h"
#include "../owned.h"
#include "../profile/datum.h"

extern "C" {
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(compact_take);
}

namespace {

constexpr long kRowsPerFetch = 256;

struct Taken {
    Datum *rows;  // their ctids, where they are still to be deleted
    int count, room;
    std::int64_t events, last_uid;
};

// The arguments.
struct Wanted {
    const char *app;
    std::int64_t from_uid, until_uid, last_batch;
};

void keep_row(Taken &taken, Datum ctid)
{
    if (taken.count == taken.room) {
        taken.room = 2 * taken.room + 1024;
        std::size_t size = sizeof(Datum) * static_cast<std::size_t>(taken.room);
        taken.rows = static_cast<Datum *>(taken.rows ? repalloc(taken.rows, size) : palloc(size));
    }
    taken.rows[taken.count++] = ctid;
}

std::string_view bytes_at(HeapTuple row, TupleDesc columns, int column)
{
    bool is_null;
    return bytes_of(PG_DETOAST_DATUM_PACKED(SPI_getbinval(row, columns, column, &is_null)));
}

bool fits(const EventBatch &batch, BlockSequence &blocks)
{
    bool does = false;
    attempt([&](std::pmr::memory_resource *) { does = blocks.fits(batch); });
    return does;
}

void add_batch(const EventBatch &batch, BlockSequence &blocks, Taken &taken)
{
    attempt([&](std::pmr::memory_resource *) {
        blocks.add(batch);
        taken.events += View(batch.events).count();
    });
    taken.last_uid = batch.uid;
}

// False when it does not fit any more.
bool take_row(HeapTuple row, TupleDesc columns, BlockSequence &blocks, Taken &taken)
{
    bool is_null;
    EventBatch batch;
    batch.uid = DatumGetInt64(SPI_getbinval(row, columns, 2, &is_null));
    batch.device_id = bytes_at(row, columns, 3);
    batch.profile = bytes_at(row, columns, 4);
    batch.events = bytes_at(row, columns, 5);
    if (!fits(batch, blocks))
        return false;
    add_batch(batch, blocks, taken);
    keep_row(taken, SPI_getbinval(row, columns, 1, &is_null));
    return true;
}

Portal open_batches(const Wanted &wanted, const char *table)
{
    const char *sql =
        psprintf("SELECT ctid, uid, device_id, profile, events FROM %s"
                 " WHERE uid OPERATOR(pg_catalog.>=) $1 AND uid OPERATOR(pg_catalog.<) $2"
                 " AND batch OPERATOR(pg_catalog.<=) $3"
                 " ORDER BY uid, bucket, batch FOR UPDATE SKIP LOCKED",
                 table);
    Oid types[] = {INT8OID, INT8OID, INT8OID};
    Datum values[] = {Int64GetDatum(wanted.from_uid), Int64GetDatum(wanted.until_uid),
                      Int64GetDatum(wanted.last_batch)};
    return SPI_cursor_open_with_args(nullptr, sql, 3, types, values, nullptr, false,
                                     CURSOR_OPT_FAST_PLAN);
}

// The rows that were fetched stay in memory until SPI_finish: the builder points into them.
void take_rows(Portal batches, BlockSequence &blocks, Taken &taken)
{
    for (;;) {
        SPI_cursor_fetch(batches, true, kRowsPerFetch);
        if (SPI_processed == 0)
            return;
        for (std::uint64_t index = 0; index < SPI_processed; ++index) {
            CHECK_FOR_INTERRUPTS();
            if (!take_row(SPI_tuptable->vals[index], SPI_tuptable->tupdesc, blocks, taken))
                return;
        }
    }
}

// By ctid, which the planner would not do for an array whose length it knows: it would read the table each time.
void delete_rows(const Taken &taken, const char *table)
{
    Oid type = TIDARRAYOID;
    Datum rows = PointerGetDatum(construct_array(taken.rows, taken.count, TIDOID,
                                                 sizeof(ItemPointerData), false, TYPALIGN_SHORT));
    const char *sql = psprintf("DELETE FROM %s WHERE ctid OPERATOR(pg_catalog.=)"
                               " ANY (ARRAY(SELECT pg_catalog.unnest($1)))",
                               table);
    if (SPI_execute_with_args(sql, 1, &type, &rows, nullptr, false, 0) != SPI_OK_DELETE ||
        SPI_processed != static_cast<std::uint64_t>(taken.count))
        elog(ERROR, "could not take %d rows out of %s", taken.count, table);
}

void take_by_statements(const Wanted &wanted, BlockSequence &blocks, Taken &taken)
{
    const char *table = psprintf("%s.event_batches", quote_identifier(wanted.app));
    take_rows(open_batches(wanted, table), blocks, taken);
    if (taken.count > 0)
        delete_rows(taken, table);
}

// Of a plain table each row is deleted as it is read, which costs a third of what locking, fetching and
// deleting by statements does.

// The copy stays in memory until SPI_finish.
EventBatch batch_of(const PlainBatches &tables, HeapTuple row, TupleDesc descriptor)
{
    auto datum = [&](BatchColumn column) {
        bool is_null;
        return heap_getattr(row, tables.attributes[column], descriptor, &is_null);
    };
    auto bytes = [&](BatchColumn column) {
        return bytes_of(PG_DETOAST_DATUM_PACKED(datum(column)));
    };
    EventBatch batch;
    batch.uid = DatumGetInt64(datum(kBatchUid));
    batch.device_id = bytes(kBatchDevice);
    batch.profile = bytes(kBatchProfile);
    batch.events = bytes(kBatchEvents);
    return batch;
}

// False when somebody holds it, or was faster.
bool delete_found(plain::Finder &finder)
{
    TM_FailureData failure;
    TM_Result result =
        table_tuple_delete(finder.table, &finder.slot->tts_tid, GetCurrentCommandId(true),
                           GetActiveSnapshot(), InvalidSnapshot, false, &failure, false);
    return result == TM_Ok;
}

void take_plain_rows(const PlainBatches &tables, const Wanted &wanted, BlockSequence &blocks,
                     Taken &taken)
{
    plain::begin_reading();
    plain::Finder finder = plain::open_finder(tables.batches, tables.batches_key, 2);
    CheckCmdReplicaIdentity(finder.table, CMD_DELETE);
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, F_INT8GE,
                Int64GetDatum(wanted.from_uid));
    ScanKeyInit(&keys[1], 1, BTLessStrategyNumber, F_INT8LT, Int64GetDatum(wanted.until_uid));
    plain::begin_search(finder, keys, 2);
    while (plain::find_next(finder)) {
        bool is_null;
        Datum number = slot_getattr(finder.slot, tables.attributes[kBatchNumber], &is_null);
        if (DatumGetInt64(number) > wanted.last_batch)
            continue;
        EventBatch batch =
            batch_of(tables, ExecCopySlotHeapTuple(finder.slot), RelationGetDescr(finder.table));
        if (!fits(batch, blocks))
            break;
        if (!delete_found(finder))
            continue;
        add_batch(batch, blocks, taken);
        ++taken.count;
    }
    plain::close_finder(finder);
    PopActiveSnapshot();
}

// In the memory of the caller, where the blocks outlive what they were made of.
Datum block_array(TupleDesc columns, BlockSequence &blocks)
{
    Datum *values = nullptr;
    int count = 0;
    attempt([&](std::pmr::memory_resource *memory) {
        std::vector<std::string> made = blocks.finish();
        values = static_cast<Datum *>(
            memory->allocate(sizeof(Datum) * (made.size() + 1), alignof(Datum)));
        for (const std::string &block : made)
            values[count++] = PointerGetDatum(make_varlena(block, memory));
    });
    Oid type = get_element_type(TupleDescAttr(columns, 0)->atttypid);
    return PointerGetDatum(construct_array(values, count, type, -1, false, TYPALIGN_INT));
}

}  // namespace

extern "C" Datum compact_take(PG_FUNCTION_ARGS)
{
    TupleDesc columns;
    if (get_call_result_type(fcinfo, nullptr, &columns) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "compact_take must return a row");
    Wanted wanted{text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_INT64(1), PG_GETARG_INT64(2),
                  PG_GETARG_INT64(3)};
    MemoryContext caller = CurrentMemoryContext;
    auto *owned = own_in<BlockSequence>(caller);
    attempt([&](std::pmr::memory_resource *) { owned->object = new BlockSequence(); });
    Taken taken{};
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
    const PlainBatches *tables = plain_batches(app_statements(wanted.app), ACL_SELECT | ACL_DELETE);
    if (tables)
        take_plain_rows(*tables, wanted, *owned->object, taken);
    else
        take_by_statements(wanted, *owned->object, taken);
    MemoryContext own = MemoryContextSwitchTo(caller);
    Datum blocks = block_array(columns, *owned->object);
    MemoryContextSwitchTo(own);
    SPI_finish();
    Datum values[] = {blocks, Int64GetDatum(taken.count), Int64GetDatum(taken.events),
                      Int64GetDatum(taken.last_uid)};
    bool nulls[] = {false, false, false, taken.count == 0};
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

}  // namespace profiles::pg
