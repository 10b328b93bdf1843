// The scan behind profiles.segmentation: counts both tiers of an app by one query
// (segmentation_query.h) and gives the groups out. What is asked for arrives
// resolved: the time range in milliseconds, the starts of the buckets as times
// (src/sql/65-segmentation.sql).
#include "../../core/segment/user_set_build.h"
#include "../owned.h"
#include "../profile/datum.h"
#include "../table_pages.h"
#include "../time.h"
#include "group_rows.h"
#include "parts.h"
#include "scan_arguments.h"
#include "scan_results.h"
#include "segmentation_groups.h"
#include "segmentation_query.h"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(segmentation_scan);
PG_FUNCTION_INFO_V1(segmentation_scan_users);
PG_FUNCTION_INFO_V1(segmentation_scan_set);
}

namespace {

constexpr std::string_view kSessionKey = "[CLY]_session";

// The arguments that both functions share, in this order, and those that one of them has.
enum Argument {
    kApp,
    kEvent,
    kQuery,
    kBreakdown,
    kFrom,
    kUntil,
    kLatest,
    kStartsOrCell,
    kMetrics,
    kLimit,
    kRankedFrom,
    kFills,
    kUsersLimit = kStartsOrCell + 1,
};

// Everything a scan knows, plain data.
struct Scan {
    const char *app;
    bool latest;
    SegmentationRequest request;
    Datum *starts;
    Datum query, breakdown;
    Oid query_type;
    Datum starts_array, cell_array, metrics;  // 0 without
    Owned<Segmentation> *owned;
};

// The fetch step of both functions.
void read_arguments(FunctionCallInfo fcinfo, Scan &scan)
{
    scan.app = text_to_cstring(PG_GETARG_TEXT_PP(kApp));
    scan.latest = PG_GETARG_BOOL(kLatest);
    scan.starts = nullptr;
    scan.query = PG_GETARG_DATUM(kQuery);
    scan.query_type = get_fn_expr_argtype(fcinfo->flinfo, kQuery);
    scan.breakdown = PG_GETARG_DATUM(kBreakdown);
    scan.starts_array = scan.cell_array = scan.metrics = Datum(0);
    scan.request = {};
    scan.request.filter = PG_GETARG_BYTES(kQuery);
    if (!PG_ARGISNULL(kEvent))
        scan.request.event = PG_GETARG_BYTES(kEvent);
    scan.request.breakdown = names_of(scan.breakdown, "breakdown");
    if (!PG_ARGISNULL(kFrom))
        scan.request.from = PG_GETARG_INT64(kFrom);
    if (!PG_ARGISNULL(kUntil))
        scan.request.until = PG_GETARG_INT64(kUntil);
    scan.request.now = milliseconds_of(GetCurrentTransactionStartTimestamp());
    scan.request.memory_limit = segmentation_memory();
}

void read_rows_arguments(FunctionCallInfo fcinfo, Scan &scan)
{
    if (!PG_ARGISNULL(kStartsOrCell)) {
        scan.starts_array = PG_GETARG_DATUM(kStartsOrCell);
        scan.request.starts = starts_of(scan.starts_array, &scan.starts);
    }
    if (!PG_ARGISNULL(kMetrics)) {
        scan.metrics = PG_GETARG_DATUM(kMetrics);
        scan.request.metrics = names_of(scan.metrics, "metrics");
    }
    if (!PG_ARGISNULL(kLimit))
        scan.request.limit = PG_GETARG_INT32(kLimit);
    scan.request.ranked_from = PG_GETARG_UINT32(kRankedFrom);
    scan.request.fills = PG_GETARG_BOOL(kFills);
}

// Page by page, where that can be. Locked as by a query.
void find_batches(ScanTables &tables)
{
    Oid batches = get_relname_relid("event_batches", get_namespace_oid(tables.app, false));
    if (!OidIsValid(batches))
        return;  // the query says so
    Relation table = table_open(batches, AccessShareLock);
    if (has_pages(table)) {
        tables.batches = batches;
        tables.batch_pages = RelationGetNumberOfBlocks(table);
    }
    table_close(table, NoLock);
}

ScanTables tables_of(const Scan &scan, const Segmentation &segmentation)
{
    const SegmentationRequest &request = scan.request;
    ScanTables tables{};
    tables.app = scan.app;
    tables.needs_profile = segmentation.needs_profile();
    tables.latest = scan.latest;
    tables.by_column = segmentation.reads_columns() && !(tables.needs_profile && tables.latest);
    tables.sessions = !request.event || *request.event == kSessionKey;
    tables.has_begin = request.from.has_value();
    tables.has_end = request.until.has_value();
    tables.has_event = request.event.has_value();
    if (!tables.needs_profile || !tables.latest)
        find_batches(tables);
    return tables;
}

// The users that merges have moved but blocks still have under their old numbers: pairs of both.
Datum moved_users(const Scan &scan)
{
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfo(&sql, "SELECT uid, into_uid FROM %s.moved_events ORDER BY uid",
                     quote_identifier(scan.app));
    SPI_execute(sql.data, true, 0);
    std::size_t count = SPI_processed;
    auto *pairs =
        static_cast<Datum *>(palloc_extended(sizeof(Datum) * (2 * count + 1), MCXT_ALLOC_HUGE));
    for (std::size_t index = 0; index < 2 * count; ++index) {
        bool is_null;
        pairs[index] = SPI_getbinval(SPI_tuptable->vals[index / 2], SPI_tuptable->tupdesc,
                                     static_cast<int>(index % 2) + 1, &is_null);
    }
    return PointerGetDatum(
        construct_array(pairs, static_cast<int>(2 * count), INT8OID, 8, true, TYPALIGN_DOUBLE));
}

ParamListInfo scan_parameters(const Scan &scan)
{
    const SegmentationRequest &request = scan.request;
    std::string_view event = request.event.value_or(std::string_view());
    std::int64_t from = request.from.value_or(0), until = request.until.value_or(0);
    ParamListInfo parameters = makeParamList(11);
    set_parameter(parameters, 1, TIMESTAMPTZOID, TimestampTzGetDatum(timestamp_of(from)),
                  !request.from);
    set_parameter(parameters, 2, TIMESTAMPTZOID, TimestampTzGetDatum(timestamp_of(until)),
                  !request.until);
    set_parameter(
        parameters, 3, TEXTOID,
        PointerGetDatum(cstring_to_text_with_len(event.data(), static_cast<int>(event.size()))),
        !request.event);
    set_parameter(parameters, 4, INT8ARRAYOID, moved_users(scan), false);
    set_parameter(parameters, 5, scan.query_type, scan.query, false);
    set_parameter(parameters, 6, TEXTARRAYOID, scan.breakdown, false);
    set_parameter(parameters, 7, INT8OID, Int64GetDatum(from), !request.from);
    set_parameter(parameters, 8, INT8OID, Int64GetDatum(until), !request.until);
    set_parameter(parameters, 9, TIMESTAMPTZARRAYOID, scan.starts_array, scan.starts_array == 0);
    set_parameter(parameters, 10, TEXTARRAYOID, scan.cell_array, scan.cell_array == 0);
    set_parameter(parameters, 11, TEXTARRAYOID, scan.metrics, scan.metrics == 0);
    return parameters;
}

// The one row of the aggregate: null when there was nothing to count.
void receive_groups(TupleTableSlot *row, void *state)
{
    Segmentation &segmentation = *static_cast<Segmentation *>(state);
    bool is_null;
    Datum result = slot_getattr(row, 1, &is_null);
    if (is_null)
        return;
    GroupTable *counted = counted_groups(result);
    std::string_view written = counted ? "" : bytes_of(PG_DETOAST_DATUM_PACKED(result));
    attempt([&](std::pmr::memory_resource *) {
        if (counted)
            segmentation.table() = std::move(*counted);
        else
            segmentation.table().add(written);
    });
}

// Counts everything that `scan` asks for; the answer stays in scan.owned, which
// lives as long as the current memory context.
void run(Scan &scan)
{
    scan.owned = own_in<Segmentation>(CurrentMemoryContext);
    attempt(
        [&](std::pmr::memory_resource *) { scan.owned->object = new Segmentation(scan.request); });
    Segmentation &segmentation = *scan.owned->object;
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
    execute_parts(groups_query(tables_of(scan, segmentation)), scan_parameters(scan),
                  receive_groups, &segmentation);
    SPI_finish();
    attempt([&](std::pmr::memory_resource *) { segmentation.finish(); });
}

// Counts for the users of one cell, or of all but some cells.
void run_for_users(FunctionCallInfo fcinfo, Scan &scan)
{
    read_arguments(fcinfo, scan);
    if (PG_ARGISNULL(kStartsOrCell)) {
        scan.request.limit = PG_GETARG_INT32(kUsersLimit);
    } else {
        scan.cell_array = PG_GETARG_DATUM(kStartsOrCell);
        scan.request.cell = cell_of(scan.cell_array);
    }
    run(scan);
}

// Of one cell there is one group; the one of all other cells is the last. Null when there are none.
const UserSet *found_users(const Scan &scan)
{
    const std::vector<Group> &groups = scan.owned->object->table().groups();
    bool found = !groups.empty() && groups.back().other == !scan.request.cell;
    return found ? &groups.back().users : nullptr;
}

}  // namespace

extern "C" Datum segmentation_scan(PG_FUNCTION_ARGS)
{
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Scan scan;
    read_arguments(fcinfo, scan);
    read_rows_arguments(fcinfo, scan);
    run(scan);

    MemoryContext per_row =
        AllocSetContextCreate(CurrentMemoryContext, "segmentation group", ALLOCSET_DEFAULT_SIZES);
    for (Group &group : scan.owned->object->table().groups()) {
        CHECK_FOR_INTERRUPTS();
        MemoryContext previous = MemoryContextSwitchTo(per_row);
        put_group(result, *scan.owned->object, scan.starts, group);
        MemoryContextSwitchTo(previous);
        MemoryContextReset(per_row);
    }
    MemoryContextDelete(per_row);
    return Datum(0);
}

extern "C" Datum segmentation_scan_users(PG_FUNCTION_ARGS)
{
    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Scan scan;
    run_for_users(fcinfo, scan);
    if (const UserSet *users = found_users(scan))
        put_users(result, *users);
    return Datum(0);
}

extern "C" Datum segmentation_scan_set(PG_FUNCTION_ARGS)
{
    Scan scan;
    run_for_users(fcinfo, scan);
    const UserSet *users = found_users(scan);
    std::uint64_t count = users ? users->count() : 0;
    auto *uids = static_cast<std::int64_t *>(
        palloc_extended(sizeof(std::int64_t) * (count + 1), MCXT_ALLOC_HUGE));
    if (users)
        users->write(uids);
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        UserSetBuilder builder(memory);
        for (std::int64_t uid : std::span(uids, count))
            builder.add(uid);
        result = make_varlena(builder.view(), memory);
    });
    PG_RETURN_POINTER(result);
}

}  // namespace profiles::pg
