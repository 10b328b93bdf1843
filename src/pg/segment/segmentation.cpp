// The scan behind profiles.segmentation: reads the hot tier of an app through a
// cursor and feeds core with it, row by row. What is asked for arrives
// resolved: the time range in milliseconds, the starts of the buckets as times
// (src/sql/65-segmentation.sql).
#include "../profile/datum.h"

#include "../../core/segment/segmentation.h"
#include "../owned.h"
#include "../time.h"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
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
    Datum *starts;
    Owned<Segmentation> *owned;
};

struct Texts {
    std::string_view *values;
    bool *nulls;
    int count;
};

Texts texts_of(Datum array)
{
    Texts texts;
    Datum *elements;
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements,
                      &texts.nulls, &texts.count);
    texts.values =
        static_cast<std::string_view *>(palloc(sizeof(std::string_view) * (texts.count + 1)));
    for (int index = 0; index < texts.count; ++index)
        new (texts.values + index) std::string_view(
            texts.nulls[index] ? std::string_view()
                               : bytes_of(PG_DETOAST_DATUM_PACKED(elements[index])));
    return texts;
}

std::span<const std::string_view> breakdown_of(Datum array)
{
    Texts texts = texts_of(array);
    for (int index = 0; index < texts.count; ++index)
        if (texts.nulls[index])
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("breakdown must not contain nulls")));
    return {texts.values, static_cast<std::size_t>(texts.count)};
}

using CellValue = std::optional<std::string_view>;
static_assert(std::is_trivially_destructible_v<CellValue>);

std::span<const CellValue> cell_of(Datum array, std::size_t breakdowns)
{
    Texts texts = texts_of(array);
    if (static_cast<std::size_t>(texts.count) != breakdowns)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("segment must have one value for each breakdown"),
                        errdetail("Values: %d, breakdowns: %d.", texts.count,
                                  static_cast<int>(breakdowns)),
                        errhint("NULL stands for a missing value.")));
    auto *values = static_cast<CellValue *>(palloc(sizeof(CellValue) * (breakdowns + 1)));
    for (int index = 0; index < texts.count; ++index)
        new (values + index)
            CellValue(texts.nulls[index] ? CellValue() : CellValue(texts.values[index]));
    return {values, breakdowns};
}

std::span<const std::int64_t> starts_of(Datum array, Datum **starts)
{
    int count;
    bool *nulls;
    deconstruct_array(DatumGetArrayTypeP(array), TIMESTAMPTZOID, 8, true, TYPALIGN_DOUBLE, starts,
                      &nulls, &count);
    auto *times = static_cast<std::int64_t *>(palloc(sizeof(std::int64_t) * (count + 1)));
    for (int index = 0; index < count; ++index)
        times[index] = milliseconds_of(DatumGetTimestampTz((*starts)[index]));
    return {times, static_cast<std::size_t>(count)};
}

// The fetch step of both functions.
void read_arguments(FunctionCallInfo fcinfo, Scan &scan)
{
    scan.app = text_to_cstring(PG_GETARG_TEXT_PP(kApp));
    scan.latest = PG_GETARG_BOOL(kLatest);
    scan.starts = nullptr;
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
// parameters: $1 the begin, $2 the end of the period.
void add_part(StringInfo sql, const char *from, const char *uid, const char *profile,
              const char *events)
{
    appendStringInfo(sql, "SELECT %s.uid, %s.device_id, %s, %s FROM %s", uid, uid, profile, events,
                     from);
}

char *scan_query(const Scan &scan, bool needs_profile)
{
    const char *schema = quote_identifier(scan.app);
    bool joined = needs_profile && scan.latest;
    StringInfoData sql, from;
    initStringInfo(&sql);
    initStringInfo(&from);
    appendStringInfo(&from, "%s.event_batches AS b", schema);
    if (joined)
        appendStringInfo(&from,
                         " LEFT JOIN %s.users AS u ON u.uid OPERATOR(pg_catalog.=) b.uid"
                         " AND u.bucket OPERATOR(pg_catalog.=) b.bucket",
                         schema);
    const char *missing = "NULL::profiles.profile";
    add_part(&sql, from.data, "b",
             !needs_profile ? missing
             : joined       ? "u.profile"
                            : "b.profile",
             "b.events");
    // No condition where there is no bound, so that the planner sees what is
    // asked.
    appendStringInfoString(&sql, " WHERE true");
    if (scan.request.from)
        appendStringInfoString(&sql, " AND b.last_ts OPERATOR(pg_catalog.>=) $1");
    if (scan.request.until)
        appendStringInfoString(&sql, " AND b.first_ts OPERATOR(pg_catalog.<) $2");
    if (!scan.sessions)
        return sql.data;

    resetStringInfo(&from);
    appendStringInfo(&from, "%s.users AS u", schema);
    appendStringInfoString(&sql, " UNION ALL ");
    add_part(&sql, from.data, "u", needs_profile ? "u.profile" : missing,
             "profiles.unfinished_session(u.session_id, u.session_start, "
             "u.session_duration, u.session_events)");
    appendStringInfoString(&sql, " WHERE u.session_start IS NOT NULL");
    if (scan.request.from)
        appendStringInfoString(&sql, " AND u.session_start OPERATOR(pg_catalog.>=) $1");
    if (scan.request.until)
        appendStringInfoString(&sql, " AND u.session_start OPERATOR(pg_catalog.<) $2");
    return sql.data;
}

Portal open_cursor(const Scan &scan, bool needs_profile)
{
    Oid types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID};
    Datum values[] = {TimestampTzGetDatum(timestamp_of(scan.request.from.value_or(0))),
                      TimestampTzGetDatum(timestamp_of(scan.request.until.value_or(0)))};
    return SPI_cursor_open_with_args(nullptr, scan_query(scan, needs_profile), 2, types, values,
                                     nullptr, true, 0);
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
    Batch batch;
    batch.uid = DatumGetInt64(SPI_getbinval(row, columns, 1, &is_null));
    batch.device_id = column_bytes(row, columns, 2);
    batch.profile = column_bytes(row, columns, 3);
    batch.events = column_bytes(row, columns, 4);
    if (batch.events.empty())
        return;
    attempt([&](std::pmr::memory_resource *) { segmentation.add(batch); });
}

// Detoasted values live until the next row, so that a scan needs the memory of
// one.
void feed_rows(Segmentation &segmentation, Portal portal)
{
    MemoryContext per_row =
        AllocSetContextCreate(CurrentMemoryContext, "segmentation row", ALLOCSET_DEFAULT_SIZES);
    for (;;) {
        SPI_cursor_fetch(portal, true, kRowsPerFetch);
        if (SPI_processed == 0)
            break;
        SPITupleTable *table = SPI_tuptable;
        for (std::uint64_t index = 0; index < SPI_processed; ++index) {
            CHECK_FOR_INTERRUPTS();
            MemoryContext previous = MemoryContextSwitchTo(per_row);
            feed_row(segmentation, table->vals[index], table->tupdesc);
            MemoryContextSwitchTo(previous);
            MemoryContextReset(per_row);
        }
        SPI_freetuptable(table);
    }
    MemoryContextDelete(per_row);
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
    Portal portal = open_cursor(scan, segmentation.needs_profile());
    feed_rows(segmentation, portal);
    SPI_cursor_close(portal);
    SPI_finish();
    attempt([&](std::pmr::memory_resource *) { segmentation.finish(); });
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

Datum text_array_of(const Group &group)
{
    int count = static_cast<int>(group.segment.size());
    Datum values[kMaxBreakdowns];
    bool nulls[kMaxBreakdowns];
    for (int index = 0; index < count; ++index) {
        const std::optional<std::string> &value = group.segment[static_cast<std::size_t>(index)];
        nulls[index] = !value;
        values[index] = value ? PointerGetDatum(cstring_to_text_with_len(
                                    value->data(), static_cast<int>(value->size())))
                              : Datum(0);
    }
    if (count == 0)
        return PointerGetDatum(construct_empty_array(TEXTOID));
    int lower = 1;
    return PointerGetDatum(
        construct_md_array(values, nulls, 1, &count, &lower, TEXTOID, -1, false, TYPALIGN_INT));
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

void put_users(ReturnSetInfo *result, const UserSet &users)
{
    std::uint64_t count = users.count();
    auto *uids = static_cast<std::int64_t *>(
        palloc_extended(sizeof(std::int64_t) * (count + 1), MCXT_ALLOC_HUGE));
    users.write(uids);
    for (std::uint64_t index = 0; index < count; ++index) {
        CHECK_FOR_INTERRUPTS();
        Datum value = Int64GetDatum(uids[index]);
        bool is_null = false;
        tuplestore_putvalues(result->setResult, result->setDesc, &value, &is_null);
    }
    pfree(uids);
}

}  // namespace

extern "C" Datum segmentation_scan(PG_FUNCTION_ARGS)
{
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Scan scan;
    read_arguments(fcinfo, scan);
    if (!PG_ARGISNULL(kStartsOrCell))
        scan.request.starts = starts_of(PG_GETARG_DATUM(kStartsOrCell), &scan.starts);
    run(scan);

    MemoryContext per_row =
        AllocSetContextCreate(CurrentMemoryContext, "segmentation group", ALLOCSET_DEFAULT_SIZES);
    for (const Group &group : scan.owned->object->groups()) {
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
    scan.request.cell = cell_of(PG_GETARG_DATUM(kStartsOrCell), scan.request.breakdown.size());
    run(scan);
    if (!scan.owned->object->groups().empty())
        put_users(result, scan.owned->object->groups().front().users);
    return Datum(0);
}

}  // namespace profiles::pg
