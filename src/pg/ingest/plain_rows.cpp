#include "plain_rows.h"

#include "../time.h"
#include "finder.h"
#include "ingest.h"

extern "C" {
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/sequence.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace profiles::pg::plain {

namespace {

constexpr int kBucketBits = 16;

std::int32_t bucket_of(std::int64_t uid) { return static_cast<std::int32_t>(uid >> kBucketBits); }

// What SELECT ... FOR UPDATE does with a row that it has found; the slot has its latest version then.
bool lock_found(Finder &finder)
{
    ItemPointerData place = finder.slot->tts_tid;
    TM_FailureData failure;
    TM_Result result = table_tuple_lock(
        finder.table, &place, GetActiveSnapshot(), finder.slot, GetCurrentCommandId(true),
        LockTupleExclusive, LockWaitBlock,
        TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS | TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure);
    if (result == TM_Ok)
        return true;
    if (result != TM_Deleted && result != TM_SelfModified)
        elog(ERROR, "unexpected result of locking a user: %d", result);
    return false;
}

LockedUser user_of(const PlainUsers &tables, const Finder &finder)
{
    LockedUser locked;
    locked.row = ExecCopySlotHeapTuple(finder.slot);
    TupleDesc descriptor = RelationGetDescr(finder.table);
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * descriptor->natts));
    auto *nulls = static_cast<bool *>(palloc(sizeof(bool) * descriptor->natts));
    heap_deform_tuple(locked.row, descriptor, values, nulls);
    Datum ordered[kUserColumns];
    bool are_null[kUserColumns];
    for (int column = 0; column < kUserColumns; ++column) {
        ordered[column] = values[tables.attributes[column] - 1];
        are_null[column] = nulls[tables.attributes[column] - 1];
    }
    locked.user = user_from_columns(ordered, are_null);
    return locked;
}

// A table under writing. Its indexes are opened when a row needs them.
struct Writer {
    Relation table;
    TupleTableSlot *slot;
    EState *state;
    ResultRelInfo *target;
    bool has_indexes;
};

Writer open_writer(Oid table)
{
    Writer writer{};
    writer.table = table_open(table, NoLock);
    writer.slot = MakeSingleTupleTableSlot(RelationGetDescr(writer.table), &TTSOpsVirtual);
    return writer;
}

void prepare_target(Writer &writer)
{
    if (writer.target)
        return;
    writer.state = CreateExecutorState();
    MemoryContext before = MemoryContextSwitchTo(writer.state->es_query_cxt);
    writer.target = static_cast<ResultRelInfo *>(palloc0(sizeof(ResultRelInfo)));
    InitResultRelInfo(writer.target, writer.table, 0, nullptr, 0);
    MemoryContextSwitchTo(before);
}

void check_row(Writer &writer, TupleTableSlot *slot)
{
    prepare_target(writer);
    ExecConstraints(writer.target, slot, writer.state);
    ResetPerTupleExprContext(writer.state);
}

void insert_into_indexes(Writer &writer, TupleTableSlot *slot, bool is_update)
{
    prepare_target(writer);
    if (!writer.has_indexes)
        ExecOpenIndices(writer.target, false);
    writer.has_indexes = true;
    if (writer.target->ri_NumIndices > 0)
        ExecInsertIndexTuples(writer.target, slot, writer.state, is_update, false, nullptr, NIL);
    ResetPerTupleExprContext(writer.state);
}

void close_writer(Writer &writer)
{
    if (writer.has_indexes)
        ExecCloseIndices(writer.target);
    if (writer.state)
        FreeExecutorState(writer.state);
    ExecDropSingleTupleTableSlot(writer.slot);
    table_close(writer.table, NoLock);
}

void fill_slot(TupleTableSlot *slot, const PlainUsers &tables, const UserWrite &write)
{
    ExecClearTuple(slot);
    heap_deform_tuple(*write.row, slot->tts_tupleDescriptor, slot->tts_values, slot->tts_isnull);
    UserParameters parameters;
    user_to_parameters(*write.user, parameters);
    int columns = write.changes.rare ? kUserColumns : kCommonColumns;
    bool with_profile = write.changes.profile || write.changes.rare;
    for (int column = kUidColumn + 1; column < columns; ++column) {
        if (column == kProfileColumn && !with_profile)
            continue;
        int attribute = tables.attributes[column] - 1;
        slot->tts_values[attribute] = parameters.values[column];
        slot->tts_isnull[attribute] = parameters.nulls[column];
    }
    ExecStoreVirtualTuple(slot);
}

void update_user(Writer &writer, const PlainUsers &tables, const UserWrite &write)
{
    fill_slot(writer.slot, tables, write);
    if (tables.needs_checks)
        check_row(writer, writer.slot);
    bool update_indexes;
    simple_table_tuple_update(writer.table, &(*write.row)->t_self, writer.slot, GetActiveSnapshot(),
                              &update_indexes);
    if (update_indexes)
        insert_into_indexes(writer, writer.slot, true);
    *write.row = nullptr;
}

void fill_slot(TupleTableSlot *slot, const PlainBatches &tables, const PendingBatch &batch)
{
    Datum values[kBatchColumns];
    values[kBatchUid] = Int64GetDatum(batch.uid);
    values[kBatchBucket] = Int32GetDatum(bucket_of(batch.uid));
    values[kBatchNumber] = Int64GetDatum(nextval_internal(tables.numbers, false));
    values[kBatchDevice] = text_datum(batch.device_id);
    values[kBatchFirst] = TimestampTzGetDatum(timestamp_of(batch.batch.first));
    values[kBatchLast] = TimestampTzGetDatum(timestamp_of(batch.batch.last));
    values[kBatchReceived] = TimestampTzGetDatum(GetCurrentTimestamp());
    values[kBatchProfile] = text_datum(batch.batch.profile);
    values[kBatchEvents] = text_datum(batch.batch.events);
    ExecClearTuple(slot);
    memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
    for (int column = 0; column < kBatchColumns; ++column) {
        int attribute = tables.attributes[column] - 1;
        slot->tts_values[attribute] = values[column];
        slot->tts_isnull[attribute] = false;
    }
    ExecStoreVirtualTuple(slot);
}

// Few enough that they are still in the processor's cache when the indexes get them.
constexpr std::size_t kBatchesAtOnce = 64;

void insert_some(Writer &writer, const PlainBatches &tables, std::span<const PendingBatch> batches,
                 TupleTableSlot **slots, BulkInsertState state)
{
    for (std::size_t index = 0; index < batches.size(); ++index) {
        if (!slots[index])
            slots[index] = MakeSingleTupleTableSlot(RelationGetDescr(writer.table), &TTSOpsVirtual);
        fill_slot(slots[index], tables, batches[index]);
        if (tables.needs_checks)
            check_row(writer, slots[index]);
    }
    table_multi_insert(writer.table, slots, static_cast<int>(batches.size()),
                       GetCurrentCommandId(true), 0, state);
    for (std::size_t index = 0; index < batches.size(); ++index)
        insert_into_indexes(writer, slots[index], false);
}

}  // namespace

void find_devices(const PlainUsers &tables, std::span<const std::string_view> device_ids,
                  std::int64_t *uids)
{
    begin_reading();
    Finder devices = open_finder(tables.devices, tables.devices_key, 1);
    for (std::size_t index = 0; index < device_ids.size(); ++index) {
        ScanKeyData key;
        ScanKeyEntryInitialize(&key, 0, 1, BTEqualStrategyNumber, InvalidOid,
                               devices.index->rd_indcollation[0], F_TEXTEQ,
                               text_datum(device_ids[index]));
        bool is_null;
        begin_search(devices, &key, 1);
        uids[index] = find_next(devices)
                          ? DatumGetInt64(slot_getattr(devices.slot, tables.device_uid, &is_null))
                          : 0;
    }
    close_finder(devices);
    PopActiveSnapshot();
}

std::size_t lock_users(const PlainUsers &tables, std::span<const std::int64_t> uids,
                       LockedUser *users)
{
    begin_reading();
    Finder finder = open_finder(tables.users, tables.users_key, 2);
    std::size_t locked = 0;
    for (std::int64_t uid : uids) {
        ScanKeyData keys[2];
        ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(uid));
        ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(bucket_of(uid)));
        begin_search(finder, keys, 2);
        if (!find_next(finder) || !lock_found(finder))
            break;
        users[locked++] = user_of(tables, finder);
    }
    close_finder(finder);
    PopActiveSnapshot();
    return locked;
}

void update_users(const PlainUsers &tables, std::span<const UserWrite> writes)
{
    Writer users = open_writer(tables.users);
    CheckCmdReplicaIdentity(users.table, CMD_UPDATE);
    for (const UserWrite &write : writes) {
        CHECK_FOR_INTERRUPTS();
        update_user(users, tables, write);
    }
    close_writer(users);
}

void insert_batches(const PlainBatches &tables, std::span<const PendingBatch> batches)
{
    Writer writer = open_writer(tables.batches);
    BulkInsertState state = batches.size() > 1 ? GetBulkInsertState() : nullptr;
    TupleTableSlot *slots[kBatchesAtOnce] = {writer.slot};
    while (!batches.empty()) {
        CHECK_FOR_INTERRUPTS();
        std::size_t count = Min(batches.size(), kBatchesAtOnce);
        insert_some(writer, tables, batches.first(count), slots, state);
        batches = batches.subspan(count);
    }
    if (state)
        FreeBulkInsertState(state);
    for (std::size_t index = 1; index < kBatchesAtOnce && slots[index]; ++index)
        ExecDropSingleTupleTableSlot(slots[index]);
    close_writer(writer);
}

}  // namespace profiles::pg::plain
