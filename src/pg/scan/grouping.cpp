// A grouped scan while it runs: its groups are looked up by their keys as GROUP BY of the executor does it, and
// given out when all rows have been read.
#include "event_scan.h"

#include "../profile/numeric.h"
#include "../time.h"
#include "plan.h"

extern "C" {
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

namespace {

List *part_of(const ForeignScan *plan, GroupPart part)
{
    return static_cast<List *>(
        list_nth(static_cast<List *>(list_nth(plan->fdw_private, kPlanGroups)), part));
}

void read_keys(Grouping &grouping, EventScan &scan, ForeignScan *plan, PlanState *parent)
{
    List *operators = part_of(plan, kGroupOperators), *collations = part_of(plan, kGroupCollations);
    int count = grouping.key_count = list_length(operators);
    int conditions = list_length(plan->fdw_exprs) - count;
    Size room = static_cast<Size>(count) + 1;
    grouping.keys = static_cast<ExprState **>(palloc0(sizeof(ExprState *) * room));
    grouping.operators = static_cast<Oid *>(palloc0(sizeof(Oid) * room));
    grouping.collations = static_cast<Oid *>(palloc0(sizeof(Oid) * room));
    Bitmapset *stored = nullptr;
    for (int key = 0; key < count; ++key) {
        auto *expression = static_cast<::Node *>(list_nth(plan->fdw_exprs, conditions + key));
        Bitmapset *mentioned;
        columns_of_expression(expression, scan.columns, &mentioned);
        stored = bms_add_members(stored, mentioned);
        grouping.keys[key] = ExecInitExpr(reinterpret_cast<Expr *>(expression), parent);
        grouping.operators[key] = list_nth_oid(operators, key);
        grouping.collations[key] = list_nth_oid(collations, key);
    }
    grouping.stored = list_of(stored);
}

void read_aggregates(Grouping &grouping, ForeignScan *plan)
{
    List *measures = part_of(plan, kGroupKinds), *measured = part_of(plan, kGroupMeasured);
    grouping.aggregate_count = list_length(measures);
    grouping.user_column = -1;
    grouping.aggregates = static_cast<Aggregate *>(
        palloc0(sizeof(Aggregate) * (static_cast<Size>(grouping.aggregate_count) + 1)));
    for (int index = 0; index < grouping.aggregate_count; ++index) {
        Aggregate &aggregate = grouping.aggregates[index];
        aggregate = {static_cast<AggregateKind>(list_nth_int(measures, index)),
                     list_nth_int(measured, index)};
        if (aggregate.kind == AggregateKind::users)
            grouping.user_column = aggregate.column;
    }
}

void find_outputs(EventScan &scan, const Grouping &grouping)
{
    Bitmapset *outputs = nullptr;
    for (int column : grouping.stored)
        outputs = bms_add_member(outputs, column);
    for (int index = 0; index < grouping.aggregate_count; ++index)
        if (grouping.aggregates[index].column >= 0)
            outputs = bms_add_member(outputs, grouping.aggregates[index].column);
    scan.outputs = list_of(outputs);
}

// Of a row of the table: the columns that are stored, then the keys.
TupleDesc describe_row(const EventScan &scan, const Grouping &grouping, ForeignScan *plan)
{
    int conditions = list_length(plan->fdw_exprs) - grouping.key_count;
    TupleDesc row = CreateTemplateTupleDesc(grouping.stored.count + grouping.key_count);
    AttrNumber next = 1;
    for (int column : grouping.stored)
        TupleDescCopyEntry(row, next++, scan.slot->tts_tupleDescriptor,
                           static_cast<AttrNumber>(column + 1));
    for (int key = 0; key < grouping.key_count; ++key) {
        auto *expression = static_cast<::Node *>(list_nth(plan->fdw_exprs, conditions + key));
        TupleDescInitEntry(row, next, nullptr, exprType(expression), exprTypmod(expression), 0);
        TupleDescInitEntryCollation(row, next++, grouping.collations[key]);
    }
    return row;
}

// The one that there is without keys is there from the beginning.
void start_groups(Grouping &grouping)
{
    grouping.groups = own_in<Groups>(grouping.memory);
    attempt([&](std::pmr::memory_resource *) {
        std::vector<AggregateKind> kinds;
        for (int index = 0; index < grouping.aggregate_count; ++index)
            kinds.push_back(grouping.aggregates[index].kind);
        grouping.groups->object = new Groups(std::move(kinds));
        if (grouping.key_count == 0)
            grouping.groups->object->add();
    });
}

void start_table(EventScan &scan)
{
    constexpr long kRows = 256;
    Grouping &grouping = *scan.grouping;
    Oid *equal;
    FmgrInfo *hash;
    execTuplesHashPrepare(grouping.key_count, grouping.operators, &equal, &hash);
    auto *numbers = static_cast<AttrNumber *>(
        palloc(sizeof(AttrNumber) * static_cast<Size>(grouping.key_count)));
    for (int key = 0; key < grouping.key_count; ++key)
        numbers[key] = static_cast<AttrNumber>(grouping.stored.count + key + 1);
    grouping.table =
        BuildTupleHashTableExt(nullptr, grouping.row->tts_tupleDescriptor, grouping.key_count,
                               numbers, equal, hash, grouping.collations, kRows, 0, grouping.memory,
                               grouping.memory, scan.context->ecxt_per_tuple_memory, false);
}

void start_grouping(EventScan &scan)
{
    Grouping &grouping = *scan.grouping;
    MemoryContextReset(grouping.memory);
    MemoryContext previous = MemoryContextSwitchTo(grouping.memory);
    start_groups(grouping);
    if (grouping.key_count > 0)
        start_table(scan);
    MemoryContextSwitchTo(previous);
}

// So few groups are never split, so that there are not more passes than groups are worth.
bool is_too_large(const Grouping &grouping)
{
    constexpr std::size_t kFew = 256;
    const Groups &groups = *grouping.groups->object;
    return groups.count() > kFew && grouping.first_hash < grouping.last_hash &&
           MemoryContextMemAllocated(grouping.memory, true) + groups.bytes() >
               get_hash_memory_limit();
}

// False as soon as the groups need too much memory.
bool read_rows(EventScan &scan)
{
    start_grouping(scan);
    restart_rows(scan);
    while (open_next_block(scan)) {
        group_block(scan);
        if (is_too_large(*scan.grouping))
            return false;
    }
    for (scan.stage = Stage::batches; next_of_batches(scan);) {
        group_event(scan);
        if (is_too_large(*scan.grouping))
            return false;
    }
    for (scan.stage = Stage::sessions; next_of_sessions(scan);)
        group_event(scan);
    scan.stage = Stage::end;
    return true;
}

// All groups, or so many that they fit the memory.
void read_groups(EventScan &scan)
{
    Grouping &grouping = *scan.grouping;
    for (;;) {
        ++grouping.passes;
        if (read_rows(scan))
            break;
        grouping.last_hash = grouping.first_hash + (grouping.last_hash - grouping.first_hash) / 2;
    }
    grouping.is_read = true;
    if (grouping.table)
        InitTupleHashIterator(grouping.table, &grouping.next);
}

// The next range is as large as the last one. False when there is none.
bool go_to_next_range(Grouping &grouping)
{
    if (grouping.last_hash == UINT32_MAX)
        return false;
    std::uint32_t size = grouping.last_hash - grouping.first_hash;
    grouping.first_hash = grouping.last_hash + 1;
    grouping.last_hash =
        size > UINT32_MAX - grouping.first_hash ? UINT32_MAX : grouping.first_hash + size;
    return true;
}

// Enough zeros behind the point that the sum has the digits of the number that has most, as sum() gives it.
Datum sum_of(const Tally &tally)
{
    return DirectFunctionCall2(numeric_add, numeric_from(tally.sum),
                               NumericGetDatum(int64_div_fast_to_numeric(0, tally.digits)));
}

Datum result_of(const Grouping &grouping, std::uint32_t group, int index, bool *is_null)
{
    const Groups &groups = *grouping.groups->object;
    const Tally &tally = groups.tally(group, static_cast<std::size_t>(index));
    AggregateKind kind = grouping.aggregates[index].kind;
    *is_null = tally.count == 0 && kind >= AggregateKind::sum;
    if (*is_null)
        return Datum(0);
    switch (kind) {
    case AggregateKind::users: return Int64GetDatum(static_cast<int64>(groups.user_count(group)));
    case AggregateKind::sum: return sum_of(tally);
    case AggregateKind::average:
        return DirectFunctionCall2(numeric_div, sum_of(tally),
                                   NumericGetDatum(int64_to_numeric(tally.count)));
    case AggregateKind::earliest: return TimestampTzGetDatum(timestamp_of(tally.earliest));
    case AggregateKind::latest: return TimestampTzGetDatum(timestamp_of(tally.latest));
    default: return Int64GetDatum(tally.count);
    }
}

void put_group(EventScan &scan, std::uint32_t group)
{
    const Grouping &grouping = *scan.grouping;
    ResetExprContext(scan.context);
    MemoryContext previous = MemoryContextSwitchTo(scan.context->ecxt_per_tuple_memory);
    TupleTableSlot *slot = scan.slot;
    ExecClearTuple(slot);
    memset(slot->tts_isnull, true,
           sizeof(bool) * static_cast<Size>(slot->tts_tupleDescriptor->natts));
    for (int index = 0; index < grouping.stored.count; ++index) {
        int column = grouping.stored.columns[index];
        slot->tts_values[column] = grouping.found->tts_values[index];
        slot->tts_isnull[column] = grouping.found->tts_isnull[index];
    }
    for (int index = 0; index < grouping.aggregate_count; ++index) {
        int column = scan.columns.count + index;
        slot->tts_values[column] = result_of(grouping, group, index, &slot->tts_isnull[column]);
    }
    ExecStoreVirtualTuple(slot);
    MemoryContextSwitchTo(previous);
}

bool put_next_group(EventScan &scan)
{
    Grouping &grouping = *scan.grouping;
    if (grouping.key_count == 0) {
        if (grouping.is_given)
            return false;
        grouping.is_given = true;
        put_group(scan, 0);
        return true;
    }
    TupleHashEntry entry = ScanTupleHashTable(grouping.table, &grouping.next);
    if (!entry)
        return false;
    ExecStoreMinimalTuple(entry->firstTuple, grouping.found, false);
    slot_getallattrs(grouping.found);
    put_group(scan,
              static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(entry->additional)));
    return true;
}

}  // namespace

List *conditions_of(const ForeignScan *plan)
{
    if (list_length(plan->fdw_private) <= kPlanGroups)
        return plan->fdw_exprs;
    int keys = list_length(part_of(plan, kGroupOperators));
    return list_truncate(list_copy(plan->fdw_exprs), list_length(plan->fdw_exprs) - keys);
}

int column_count_of_groups(const ForeignScan *plan)
{
    return linitial_int(part_of(plan, kGroupColumns));
}

Grouping *begin_grouping(EventScan &scan, ForeignScan *plan, PlanState *parent)
{
    if (list_length(plan->fdw_private) <= kPlanGroups)
        return nullptr;
    auto *grouping = static_cast<Grouping *>(palloc0(sizeof(Grouping)));
    read_keys(*grouping, scan, plan, parent);
    read_aggregates(*grouping, plan);
    find_outputs(scan, *grouping);
    TupleDesc row = describe_row(scan, *grouping, plan);
    grouping->row = ExecInitExtraTupleSlot(parent->state, row, &TTSOpsMinimalTuple);
    grouping->found = ExecInitExtraTupleSlot(parent->state, row, &TTSOpsMinimalTuple);
    grouping->memory =
        AllocSetContextCreate(CurrentMemoryContext, "groups of events", ALLOCSET_DEFAULT_SIZES);
    grouping->last_hash = UINT32_MAX;
    return grouping;
}

void restart_grouping(EventScan &scan)
{
    Grouping &grouping = *scan.grouping;
    grouping.first_hash = 0;
    grouping.last_hash = UINT32_MAX;
    grouping.is_read = grouping.is_given = false;
}

TupleTableSlot *next_group(EventScan &scan)
{
    Grouping &grouping = *scan.grouping;
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        if (!grouping.is_read)
            read_groups(scan);
        if (put_next_group(scan))
            return scan.slot;
        if (!go_to_next_range(grouping))
            return ExecClearTuple(scan.slot);
        grouping.is_read = false;
    }
}

}  // namespace profiles::pg
