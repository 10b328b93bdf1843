// The scan behind profiles.segmentation: reads both tiers of an app through a
// cursor and feeds core with it, row by row. What is asked for arrives
// resolved: the time range in milliseconds, the starts of the buckets as times
// (src/sql/65-segmentation.sql).
#include "../owned.h"
#include "../profile/datum.h"
#include "../time.h"
#include "parts.h"
#include "scan_arguments.h"
#include "scan_results.h"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(segmentation_scan);
PG_FUNCTION_INFO_V1(segmentation_scan_users);
}

namespace {

constexpr long kRowsPerFetch = 256;
constexpr std::string_view kSessionKey = "[CLY]_session";

// The arguments that both functions share, in this order.
enum Argument { kApp, kEvent, kQuery, kBreakdown, kFrom, kUntil, kLatest, kStartsOrCell };

static_assert(std::is_trivially_destructible_v<SegmentationRequest>);

// Everything a scan knows, plain data.
struct Scan {
    const char *app;
    bool latest;
    bool sessions;  // unfinished sessions count too
    SegmentationRequest request;
    bool needs_profile;
    bool by_column;  // blocks are read by column, not as batches
    Datum *starts;
    Datum query, breakdown;
    Oid query_type;
    Datum starts_array, cell_array;  // 0 without
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
    scan.starts_array = scan.cell_array = Datum(0);
    scan.request = {};
    scan.request.filter = PG_GETARG_BYTES(kQuery);
    if (!PG_ARGISNULL(kEvent))
        scan.request.event = PG_GETARG_BYTES(kEvent);
    scan.sessions = !scan.request.event || *scan.request.event == kSessionKey;
    scan.request.breakdown = breakdown_of(PG_GETARG_DATUM(kBreakdown));
    if (!PG_ARGISNULL(kFrom))
        scan.request.from = PG_GETARG_INT64(kFrom);
    if (!PG_ARGISNULL(kUntil))
        scan.request.until = PG_GETARG_INT64(kUntil);
    scan.request.now = milliseconds_of(GetCurrentTransactionStartTimestamp());
}

// Which columns and tables a scan reads depends on what is asked; values are
// parameters: $1 the begin, $2 the end of the period, $3 the key of the events.
void add_part(StringInfo sql, const char *from, const char *uid, const char *device,
              const char *profile, const char *events)
{
    appendStringInfo(sql, "SELECT %s, %s, %s, %s FROM %s", uid, device, profile, events, from);
}

// No condition where there is no bound, so that the planner sees what is asked.
void add_period(StringInfo sql, const Scan &scan, const char *first, const char *last)
{
    if (scan.request.from)
        appendStringInfo(sql, " AND %s OPERATOR(pg_catalog.>=) $1", last);
    if (scan.request.until)
        appendStringInfo(sql, " AND %s OPERATOR(pg_catalog.<) $2", first);
}

void join_users(StringInfo from, const char *schema, const char *uid)
{
    appendStringInfo(from,
                     " LEFT JOIN %s.users AS u ON u.uid OPERATOR(pg_catalog.=) %s"
                     " AND u.bucket OPERATOR(pg_catalog.=) "
                     "(%s OPERATOR(pg_catalog.>>) 16)::pg_catalog.int4",
                     schema, uid, uid);
}

// The profile of a user as it is: without values that have expired.
constexpr const char *kLiveProfile =
    "CASE WHEN u.expiry IS NULL THEN u.profile "
    "ELSE profiles.live_profile(u.profile, u.expiry, pg_catalog.now()) END";

// The profile that counts: as it was, as it is, or none.
const char *profile_of(const Scan &scan)
{
    if (!scan.needs_profile)
        return "NULL::profiles.profile";
    return scan.latest ? kLiveProfile : "b.profile";
}

void add_hot_tier(StringInfo sql, const Scan &scan, const char *schema)
{
    StringInfoData from;
    initStringInfo(&from);
    appendStringInfo(&from, "%s.event_batches AS b", schema);
    if (scan.needs_profile && scan.latest)
        join_users(&from, schema, "b.uid");
    add_part(sql, from.data, "b.uid", "b.device_id", profile_of(scan), "b.events");
    appendStringInfoString(sql, " WHERE true");
    add_period(sql, scan, "b.first_ts", "b.last_ts");
}

void add_block_conditions(StringInfo sql, const Scan &scan)
{
    appendStringInfoString(sql, " WHERE true");
    add_period(sql, scan, "c.first_ts", "c.last_ts");
    if (scan.request.event)
        appendStringInfoString(sql, " AND $3 OPERATOR(pg_catalog.=) ANY (c.keys)");
}

void add_cold_tier(StringInfo sql, const Scan &scan, const char *schema)
{
    const char *uid = "coalesce(m.into_uid, b.uid)";
    StringInfoData from;
    initStringInfo(&from);
    appendStringInfo(&from,
                     "%s.event_blocks AS c"
                     " CROSS JOIN LATERAL profiles.event_block_batches(c.data) AS b"
                     " LEFT JOIN %s.moved_events AS m ON m.uid OPERATOR(pg_catalog.=) b.uid"
                     " AND m.bucket OPERATOR(pg_catalog.=) c.bucket",
                     schema, schema);
    if (scan.needs_profile && scan.latest)
        join_users(&from, schema, uid);
    add_part(sql, from.data, uid, "b.device_id", profile_of(scan), "b.events");
    add_block_conditions(sql, scan);
}

void add_open_sessions(StringInfo sql, const Scan &scan, const char *schema)
{
    StringInfoData from;
    initStringInfo(&from);
    appendStringInfo(&from, "%s.users AS u", schema);
    add_part(sql, from.data, "u.uid", "u.device_id",
             scan.needs_profile ? kLiveProfile : "NULL::profiles.profile",
             "profiles.unfinished_session(u.session_id, u.session_start, "
             "u.session_duration, u.session_events)");
    appendStringInfoString(sql, " WHERE u.session_start IS NOT NULL");
    add_period(sql, scan, "u.session_start", "u.session_start");
}

// What comes as batches: user, device, profile, events.
const char *batch_query(const Scan &scan)
{
    const char *schema = quote_identifier(scan.app);
    StringInfoData sql;
    initStringInfo(&sql);
    add_hot_tier(&sql, scan, schema);
    if (!scan.by_column) {
        appendStringInfoString(&sql, " UNION ALL ");
        add_cold_tier(&sql, scan, schema);
    }
    if (scan.sessions) {
        appendStringInfoString(&sql, " UNION ALL ");
        add_open_sessions(&sql, scan, schema);
    }
    return sql.data;
}

const char *block_query(const Scan &scan)
{
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfo(&sql,
                     "SELECT profiles.segmentation_part(c.data, $4, $3, $5, $6, $7, $8, $9, $10) "
                     "FROM %s.event_blocks AS c",
                     quote_identifier(scan.app));
    add_block_conditions(&sql, scan);
    return sql.data;
}

Portal open_cursor(const Scan &scan, const char *query)
{
    std::string_view event = scan.request.event.value_or(std::string_view());
    Oid types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID};
    Datum values[] = {
        TimestampTzGetDatum(timestamp_of(scan.request.from.value_or(0))),
        TimestampTzGetDatum(timestamp_of(scan.request.until.value_or(0))),
        PointerGetDatum(cstring_to_text_with_len(event.data(), static_cast<int>(event.size())))};
    return SPI_cursor_open_with_args(nullptr, query, 3, types, values, nullptr, true, 0);
}

std::string_view column_bytes(HeapTuple row, TupleDesc columns, int column)
{
    bool is_null;
    Datum value = SPI_getbinval(row, columns, column, &is_null);
    return is_null ? std::string_view() : bytes_of(PG_DETOAST_DATUM_PACKED(value));
}

void feed_row(Segmentation &segmentation, HeapTuple row, TupleDesc columns)
{
    bool is_null;
    EventBatch batch;
    batch.uid = DatumGetInt64(SPI_getbinval(row, columns, 1, &is_null));
    batch.device_id = column_bytes(row, columns, 2);
    batch.profile = column_bytes(row, columns, 3);
    batch.events = column_bytes(row, columns, 4);
    if (batch.events.empty())
        return;
    attempt([&](std::pmr::memory_resource *) { segmentation.add(batch); });
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

ParamListInfo block_parameters(const Scan &scan)
{
    const SegmentationRequest &request = scan.request;
    std::string_view event = request.event.value_or(std::string_view());
    std::int64_t from = request.from.value_or(0), until = request.until.value_or(0);
    ParamListInfo parameters = makeParamList(10);
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
    return parameters;
}

void receive_part(TupleTableSlot *row, void *state)
{
    Segmentation &segmentation = *static_cast<Segmentation *>(state);
    bool is_null;
    std::string_view part = bytes_of(PG_DETOAST_DATUM_PACKED(slot_getattr(row, 1, &is_null)));
    attempt([&](std::pmr::memory_resource *) { segmentation.table().add(part); });
}

// Blocks are counted one by one, by parallel workers where the planner chooses so.
void count_blocks(const Scan &scan, Segmentation &segmentation)
{
    execute_parts(block_query(scan), block_parameters(scan), receive_part, &segmentation);
}

// Detoasted values live until the next row, so that a scan needs the memory of
// one.
template <typename Feed>
void feed_rows(const Scan &scan, const char *query, long rows_per_fetch, Feed &&feed)
{
    Portal portal = open_cursor(scan, query);
    MemoryContext per_row =
        AllocSetContextCreate(CurrentMemoryContext, "segmentation row", ALLOCSET_DEFAULT_SIZES);
    for (;;) {
        SPI_cursor_fetch(portal, true, rows_per_fetch);
        if (SPI_processed == 0)
            break;
        SPITupleTable *table = SPI_tuptable;
        for (std::uint64_t index = 0; index < SPI_processed; ++index) {
            CHECK_FOR_INTERRUPTS();
            MemoryContext previous = MemoryContextSwitchTo(per_row);
            feed(table->vals[index], table->tupdesc);
            MemoryContextSwitchTo(previous);
            MemoryContextReset(per_row);
        }
        SPI_freetuptable(table);
    }
    MemoryContextDelete(per_row);
    SPI_cursor_close(portal);
}

// Counts everything that `scan` asks for; the answer stays in scan.owned, which
// lives as long as the current memory context.
void run(Scan &scan)
{
    scan.owned = own_in<Segmentation>(CurrentMemoryContext);
    attempt(
        [&](std::pmr::memory_resource *) { scan.owned->object = new Segmentation(scan.request); });
    Segmentation &segmentation = *scan.owned->object;
    scan.needs_profile = segmentation.needs_profile();
    scan.by_column = segmentation.reads_columns() && !(scan.needs_profile && scan.latest);

    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
    feed_rows(scan, batch_query(scan), kRowsPerFetch,
              [&](HeapTuple row, TupleDesc columns) { feed_row(segmentation, row, columns); });
    if (scan.by_column)
        count_blocks(scan, segmentation);
    SPI_finish();
    attempt([&](std::pmr::memory_resource *) { segmentation.table().sort(); });
}

// A total may have more digits than any type of core: numeric adds up its
// terms.
Datum numeric_of(const ExactSum &sum)
{
    Datum total = DirectFunctionCall1(int4_numeric, Int32GetDatum(0));
    for (const ExactSum::Term &term : sum.terms()) {
        char text[kTermText];
        write_term(term, text);
        Datum number = DirectFunctionCall3(numeric_in, CStringGetDatum(text),
                                           ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
        total = DirectFunctionCall2(numeric_add, total, number);
    }
    return DirectFunctionCall1(numeric_trim_scale, total);
}

void put_group(ReturnSetInfo *result, const Scan &scan, const Group &group)
{
    Datum values[6];
    bool nulls[6] = {scan.starts == nullptr};
    values[0] = scan.starts ? scan.starts[group.bucket] : Datum(0);
    values[1] = text_array_of(group);
    values[2] = Int64GetDatum(static_cast<int64>(group.users.count()));
    values[3] = Int64GetDatum(group.times);
    values[4] = numeric_of(group.sum);
    values[5] = numeric_of(group.duration);
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

}  // namespace

extern "C" Datum segmentation_scan(PG_FUNCTION_ARGS)
{
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Scan scan;
    read_arguments(fcinfo, scan);
    if (!PG_ARGISNULL(kStartsOrCell)) {
        scan.starts_array = PG_GETARG_DATUM(kStartsOrCell);
        scan.request.starts = starts_of(scan.starts_array, &scan.starts);
    }
    run(scan);

    MemoryContext per_row =
        AllocSetContextCreate(CurrentMemoryContext, "segmentation group", ALLOCSET_DEFAULT_SIZES);
    for (const Group &group : scan.owned->object->table().groups()) {
        CHECK_FOR_INTERRUPTS();
        MemoryContext previous = MemoryContextSwitchTo(per_row);
        put_group(result, scan, group);
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
    read_arguments(fcinfo, scan);
    scan.cell_array = PG_GETARG_DATUM(kStartsOrCell);
    scan.request.cell = cell_of(scan.cell_array, scan.request.breakdown.size());
    run(scan);
    if (!scan.owned->object->table().groups().empty())
        put_users(result, scan.owned->object->table().groups().front().users);
    return Datum(0);
}

}  // namespace profiles::pg
