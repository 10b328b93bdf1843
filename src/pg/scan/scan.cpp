// A scan is begun, gives rows, is begun anew and ended; and what its processes share when there are several.
#include "event_scan.h"

#include "../profile/jsonb.h"
#include "../typed_column.h"
#include "plan.h"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
}

namespace profiles::pg {

namespace {

ForeignScan *plan_of(const ForeignScanState *node)
{
    return reinterpret_cast<ForeignScan *>(node->ss.ps.plan);
}

template <typename Value>
Value *allocate(int count)
{
    return static_cast<Value *>(palloc0(sizeof(Value) * (static_cast<Size>(count) + 1)));
}

// Those of the list of the plan, or without one all of the table. Where the scan groups, results stand behind them.
void find_columns(EventScan &scan, const ForeignScan *plan, Oid table)
{
    List *targets = plan->fdw_scan_tlist;
    TupleDesc rows = scan.slot->tts_tupleDescriptor;
    scan.columns.count = targets != NIL ? list_length(targets) : rows->natts;
    if (list_length(plan->fdw_private) > kPlanGroups)
        scan.columns.count = column_count_of_groups(plan);
    scan.columns.varno = targets != NIL ? INDEX_VAR : plan->scan.scanrelid;
    scan.columns.columns = allocate<ScanColumn>(scan.columns.count);
    for (int column = 0; column < scan.columns.count; ++column) {
        auto *target =
            targets != NIL ? static_cast<TargetEntry *>(list_nth(targets, column)) : nullptr;
        scan.columns.columns[column] =
            target ? column_of_target(reinterpret_cast<::Node *>(target->expr), table_index(plan),
                                      table)
                   : column_of_attribute(table, static_cast<AttrNumber>(column + 1));
    }
}

// Only what the node computes from and somebody wants: a plan may name all columns of a table for no reason.
void find_outputs(EventScan &scan, const ForeignScan *plan)
{
    List *needed = static_cast<List *>(list_nth(plan->fdw_private, kPlanNeeded));
    Bitmapset *named = nullptr;
    pull_varattnos(reinterpret_cast<::Node *>(plan->scan.plan.targetlist), scan.columns.varno,
                   &named);
    pull_varattnos(reinterpret_cast<::Node *>(plan->scan.plan.qual), scan.columns.varno, &named);
    bool whole = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, named);
    Bitmapset *outputs = nullptr;
    for (int column = 0; column < scan.columns.count; ++column) {
        bool is_named = bms_is_member(column + 1 - FirstLowInvalidHeapAttributeNumber, named);
        int attribute = column + 1;
        if (plan->fdw_scan_tlist != NIL) {
            auto *target = static_cast<TargetEntry *>(list_nth(plan->fdw_scan_tlist, column));
            auto *variable = reinterpret_cast<Var *>(target->expr);
            attribute = variable->xpr.type == T_Var ? variable->varattno : 0;
        }
        if (whole || (is_named && (attribute == 0 || list_member_int(needed, attribute))))
            outputs = bms_add_member(outputs, column);
    }
    scan.outputs = list_of(outputs);
}

void find_conditions(EventScan &scan, List *clauses, PlanState *parent)
{
    scan.condition_count = list_length(clauses);
    scan.conditions = allocate<Condition>(scan.condition_count);
    Bitmapset *tested = nullptr;
    List *rest = NIL;
    for (int index = 0; index < scan.condition_count; ++index) {
        Condition &condition = scan.conditions[index];
        if (!make_condition(static_cast<Expr *>(list_nth(clauses, index)), scan.columns,
                            &condition))
            elog(ERROR, "condition %d of the scan is none", index);
        prepare_condition(condition, parent);
        bool is_of_key = condition.kind == ConditionKind::column &&
                         scan.columns.columns[condition.column].source == Source::key;
        scan.has_key_condition |= is_of_key;
        if (is_of_key || is_limit_of_times(scan, condition))
            continue;
        tested = bms_add_members(tested, condition.columns);
        rest = lappend(rest, list_nth(clauses, index));
    }
    scan.tested = list_of(tested);
    scan.rest_holds = ExecInitQual(rest, parent);
}

void add_reference(References &references, const ScanColumn &column)
{
    if (column.source == Source::property) {
        references.list.push_back(parse_property(column.name, &references.memory));
        return;
    }
    Reference &reference = references.list.emplace_back(&references.memory);
    if (column.source == Source::segment) {
        reference.scope = Scope::event;
        reference.path.push_back(column.name);
    }
}

void find_references(EventScan &scan)
{
    scan.references = own_in<References>(CurrentMemoryContext);
    attempt([&](std::pmr::memory_resource *) {
        auto references = std::make_unique<References>();
        references->list.reserve(static_cast<std::size_t>(scan.columns.count));
        for (int column = 0; column < scan.columns.count; ++column) {
            add_reference(*references, scan.columns.columns[column]);
            const Reference &made = references->list.back();
            if (scan.columns.columns[column].source == Source::property &&
                (made.scope != Scope::profile || !is_in_column(made)))
                throw Error(ErrorCode::invalid_value,
                            quoted(scan.columns.columns[column].name) + " is not one property", {},
                            "Write country, custom.plan or campaign.name.");
        }
        scan.references->object = references.release();
    });
}

void find_attributes(EventScan &scan)
{
    Relation blocks = scan.tables.blocks, users = scan.tables.users;
    scan.block_attributes = {typed_column(blocks, "bucket", INT4OID),
                             typed_column(blocks, "first_uid", INT8OID),
                             typed_column(blocks, "last_uid", INT8OID),
                             typed_column(blocks, "first_ts", TIMESTAMPTZOID),
                             typed_column(blocks, "last_ts", TIMESTAMPTZOID),
                             typed_column(blocks, "keys", TEXTARRAYOID),
                             typed_column(blocks, "data", "event_block_in")};
    scan.user_attributes = {typed_column(users, "uid", INT8OID),
                            typed_column(users, "device_id", TEXTOID),
                            typed_column(users, "profile", "profile_in"),
                            typed_column(users, "expiry", "profile_in"),
                            typed_column(users, "session_id", TEXTOID),
                            typed_column(users, "session_start", TIMESTAMPTZOID),
                            typed_column(users, "session_duration", INT4OID),
                            typed_column(users, "session_events", INT4OID)};
}

void reset_shared(EventScan &scan, SharedScan &shared)
{
    pg_atomic_write_u64(&shared.next_block, 0);
    pg_atomic_write_u64(&shared.next_chunk, 0);
    pg_atomic_write_u32(&shared.sessions_taken, 0);
    shared.batch_pages = RelationGetNumberOfBlocks(scan.tables.batches);
}

void init_shared(EventScan &scan, SharedScan &shared)
{
    pg_atomic_init_u64(&shared.next_block, 0);
    pg_atomic_init_u64(&shared.next_chunk, 0);
    pg_atomic_init_u32(&shared.sessions_taken, 0);
    pg_atomic_init_u64(&shared.blocks_read, 0);
    pg_atomic_init_u64(&shared.blocks_skipped, 0);
    pg_atomic_init_u64(&shared.rows_removed, 0);
    reset_shared(scan, shared);
}

void copy_counters(SharedScan &from, SharedScan &to)
{
    for (auto counter :
         {&SharedScan::blocks_read, &SharedScan::blocks_skipped, &SharedScan::rows_removed})
        pg_atomic_write_u64(&(to.*counter), pg_atomic_read_u64(&(from.*counter)));
}

EventScan &scan_of(ForeignScanState *node) { return *static_cast<EventScan *>(node->fdw_state); }

bool next_of_stage(EventScan &scan)
{
    switch (scan.stage) {
    case Stage::blocks: return next_of_blocks(scan);
    case Stage::batches: return next_of_batches(scan);
    case Stage::sessions: return next_of_sessions(scan);
    default: return false;
    }
}

void limit(EventScan &scan)
{
    if (!scan.limited)
        find_limits(scan);
    scan.limited = true;
}

void open_batches(EventScan &scan, Snapshot snapshot)
{
    scan.batch_table = batches_of_table(pages_of_table(scan.tables.batches));
    if (scan.batch_table.has_pages)
        scan.batch_reader = make_batch_reader(scan.batch_table, snapshot);
    scan.events = own_in<BatchEvents>(scan.memory);
    attempt([&](std::pmr::memory_resource *) { scan.events->object = new BatchEvents; });
}

void restart(EventScan &scan)
{
    scan.stage = Stage::blocks;
    scan.started = scan.limited = scan.chunk_open = false;
    scan.row_count = scan.next_row_index = 0;
    if (scan.events)
        scan.events->object->list.clear();
}

}  // namespace

Index table_index(const ForeignScan *plan)
{
    Index of_scan = plan->scan.scanrelid;
    return of_scan > 0 ? of_scan : static_cast<Index>(bms_singleton_member(plan->fs_relids));
}

ColumnList list_of(const Bitmapset *columns)
{
    ColumnList list{allocate<int>(bms_num_members(columns)), 0};
    for (int column = -1; (column = bms_next_member(columns, column)) >= 0;)
        list.columns[list.count++] = column;
    return list;
}

const Reference *reference_of(const EventScan &scan, int column)
{
    Source source = scan.columns.columns[column].source;
    bool has = source == Source::property || source == Source::segment;
    return has ? &scan.references->object->list[static_cast<std::size_t>(column)] : nullptr;
}

void clear_slot(EventScan &scan)
{
    ExecClearTuple(scan.slot);
    memset(scan.slot->tts_isnull, true, sizeof(bool) * static_cast<Size>(scan.columns.count));
    ExecStoreVirtualTuple(scan.slot);
}

bool holds(EventScan &scan, ExprState *condition)
{
    ResetExprContext(scan.context);
    scan.context->ecxt_scantuple = scan.slot;
    return ExecQual(condition, scan.context);
}

bool accepts_key(EventScan &scan, Datum key)
{
    if (scan.only_key && bytes_of(DatumGetTextPP(key)) != scan.only_key)
        return false;
    for (int index = 0; index < scan.condition_count; ++index) {
        const Condition &condition = scan.conditions[index];
        if (condition.kind != ConditionKind::column ||
            scan.columns.columns[condition.column].source != Source::key)
            continue;
        clear_slot(scan);
        for (int column = -1; (column = bms_next_member(condition.columns, column)) >= 0;) {
            scan.slot->tts_values[column] = key;
            scan.slot->tts_isnull[column] = false;
        }
        if (!holds(scan, condition.holds))
            return false;
    }
    return true;
}

bool accepts_time(const EventScan &scan, std::int64_t ts)
{
    return ts >= scan.first_ts && ts <= scan.last_ts;
}

void open_scan(EventScan &scan, Relation foreign, Snapshot snapshot)
{
    scan.memory = CurrentMemoryContext;
    scan.stride = 1;
    scan.shared = &scan.own_shared;
    find_references(scan);
    scan.tables = open_app_tables(foreign);
    find_attributes(scan);
    scan.blocks = open_reader(scan.tables.blocks, snapshot);
    scan.batches = open_reader(scan.tables.batches, snapshot);
    open_batches(scan, snapshot);
    scan.users = open_reader(scan.tables.users, snapshot);
    scan.moved = read_moved_users(scan.tables.moved, snapshot);
    init_shared(scan, scan.own_shared);
    scan.block_context =
        AllocSetContextCreate(scan.memory, "block of events", ALLOCSET_DEFAULT_SIZES);
    scan.batch_context =
        AllocSetContextCreate(scan.memory, "batch of events", ALLOCSET_DEFAULT_SIZES);
    scan.profile_context =
        AllocSetContextCreate(scan.memory, "profile of an event", ALLOCSET_DEFAULT_SIZES);
    scan.segmentation_context =
        AllocSetContextCreate(scan.memory, "segmentation of an event", ALLOCSET_DEFAULT_SIZES);
    scan.empty_segmentation = jsonb_from_text("{}");
    restart(scan);
}

void close_scan(EventScan &scan)
{
    if (scan.batch_reader)
        stop_batches(*scan.batch_reader);
    close_reader(scan.blocks);
    close_reader(scan.batches);
    close_reader(scan.users);
    close_app_tables(scan.tables);
}

void begin_scan(ForeignScanState *node, int flags)
{
    ForeignScan *plan = plan_of(node);
    EState *state = node->ss.ps.state;
    auto *scan = static_cast<EventScan *>(palloc0(sizeof(EventScan)));
    node->fdw_state = scan;
    scan->slot = node->ss.ss_ScanTupleSlot;
    Oid table = linitial_oid(static_cast<List *>(list_nth(plan->fdw_private, kPlanTable)));
    find_columns(*scan, plan, table);
    scan->grouping = begin_grouping(*scan, plan, &node->ss.ps);
    if (!scan->grouping)
        find_outputs(*scan, plan);
    find_conditions(*scan, conditions_of(plan), &node->ss.ps);
    scan->only_key = only_key_of(table);
    if (flags & EXEC_FLAG_EXPLAIN_ONLY)
        return;
    scan->context = CreateExprContext(state);
    open_scan(*scan, ExecGetRangeTableRelation(state, table_index(plan)), state->es_snapshot);
}

TupleTableSlot *iterate_scan(ForeignScanState *node)
{
    EventScan &scan = scan_of(node);
    if (scan.grouping)
        return next_group(scan);
    limit(scan);
    while (scan.stage != Stage::end) {
        if (next_of_stage(scan))
            return scan.slot;
        scan.stage = static_cast<Stage>(static_cast<int>(scan.stage) + 1);
    }
    return ExecClearTuple(scan.slot);
}

void rescan(ForeignScanState *node)
{
    EventScan &scan = scan_of(node);
    restart(scan);
    if (scan.shared == &scan.own_shared)
        reset_shared(scan, *scan.shared);
    if (scan.grouping)
        restart_grouping(scan);
}

void end_scan(ForeignScanState *node)
{
    EventScan &scan = scan_of(node);
    if (!scan.context)
        return;
    close_scan(scan);
}

void restart_rows(EventScan &scan)
{
    restart(scan);
    reset_shared(scan, *scan.shared);
    limit(scan);
}

Size shared_size(ForeignScanState *, ParallelContext *) { return sizeof(SharedScan); }

void start_shared(ForeignScanState *node, ParallelContext *, void *shared)
{
    EventScan &scan = scan_of(node);
    scan.shared = static_cast<SharedScan *>(shared);
    init_shared(scan, *scan.shared);
    copy_counters(scan.own_shared, *scan.shared);
}

void restart_shared(ForeignScanState *node, ParallelContext *, void *shared)
{
    EventScan &scan = scan_of(node);
    scan.shared = static_cast<SharedScan *>(shared);
    reset_shared(scan, *scan.shared);
}

void join_shared(ForeignScanState *node, shm_toc *, void *shared)
{
    scan_of(node).shared = static_cast<SharedScan *>(shared);
}

// The shared memory goes; what EXPLAIN wants to know of it stays.
void leave_shared(ForeignScanState *node)
{
    EventScan &scan = scan_of(node);
    if (scan.shared == &scan.own_shared)
        return;
    copy_counters(*scan.shared, scan.own_shared);
    scan.shared = &scan.own_shared;
    scan.stage = Stage::end;
}

}  // namespace profiles::pg
