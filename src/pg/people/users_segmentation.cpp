// The scan behind profiles.users_segmentation: the ranges of pages that have copies are counted by
// users_segmentation_part, in parallel workers where the planner chooses so, the others here.
#include "../owned.h"
#include "../profile/datum.h"
#include "../segment/parts.h"
#include "../segment/scan_arguments.h"
#include "../segment/scan_results.h"
#include "../time.h"
#include "user_reader.h"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(users_segmentation_scan);
PG_FUNCTION_INFO_V1(users_segmentation_scan_users);
}

namespace {

constexpr long kRowsPerFetch = 256;

enum Argument { kApp, kQuery, kBreakdown, kCell };

// Everything a scan knows, plain data.
struct Scan {
    const char *app;
    Datum query, breakdown, cell;  // cell is 0 without
    Oid query_type;
    UserTable users;
    Owned<UsersSegmentation> *owned;
    bool *counted;  // by range of pages
    std::size_t ranges;
};

void read_arguments(FunctionCallInfo fcinfo, Scan &scan, bool has_cell)
{
    scan = {};
    scan.app = text_to_cstring(PG_GETARG_TEXT_PP(kApp));
    scan.query = PG_GETARG_DATUM(kQuery);
    scan.query_type = get_fn_expr_argtype(fcinfo->flinfo, kQuery);
    scan.breakdown = PG_GETARG_DATUM(kBreakdown);
    scan.cell = has_cell ? PG_GETARG_DATUM(kCell) : Datum(0);
    UsersSegmentationRequest request;
    request.filter = PG_GETARG_BYTES(kQuery);
    request.breakdown = names_of(scan.breakdown, "breakdown");
    if (has_cell)
        request.cell = cell_of(scan.cell);
    request.now = milliseconds_of(GetCurrentTransactionStartTimestamp());
    scan.owned = own_in<UsersSegmentation>(CurrentMemoryContext);
    attempt(
        [&](std::pmr::memory_resource *) { scan.owned->object = new UsersSegmentation(request); });
}

Oid find_users(const char *app)
{
    Oid schema = get_namespace_oid(app, false);
    Oid users = get_relname_relid("users", schema);
    if (!OidIsValid(users))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                        errmsg("relation \"%s.users\" does not exist", app)));
    return users;
}

void receive_part(TupleTableSlot *row, void *state)
{
    auto &scan = *static_cast<Scan *>(state);
    bool is_null;
    auto range = static_cast<std::size_t>(DatumGetInt32(slot_getattr(row, 1, &is_null)));
    Datum datum = slot_getattr(row, 2, &is_null);
    std::string_view part = bytes_of(PG_DETOAST_DATUM_PACKED(datum));
    attempt([&](std::pmr::memory_resource *) { scan.owned->object->table().add(part); });
    if (range < scan.ranges)
        scan.counted[range] = true;
}

void count_copied(Scan &scan)
{
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfo(&sql,
                     "SELECT c.range, profiles.users_segmentation_part("
                     "c.data, c.xmin, c.range, $1, $2, $3, $4) FROM %s.user_blocks AS c",
                     quote_identifier(scan.app));
    ParamListInfo parameters = makeParamList(4);
    set_parameter(parameters, 1, OIDOID, ObjectIdGetDatum(RelationGetRelid(scan.users.relation)),
                  false);
    set_parameter(parameters, 2, scan.query_type, scan.query, false);
    set_parameter(parameters, 3, TEXTARRAYOID, scan.breakdown, false);
    set_parameter(parameters, 4, TEXTARRAYOID, scan.cell, scan.cell == 0);
    execute_parts(sql.data, parameters, receive_part, &scan);
}

// Pages that came after the last copy was made, and ranges that none could be made of.
void count_others(Scan &scan)
{
    for (std::size_t range = 0; range < scan.ranges; ++range)
        if (!scan.counted[range])
            read_range(*scan.owned->object, scan.users,
                       static_cast<BlockNumber>(range) * user_block::kPages, UserCopy());
}

void count_rows(Scan &scan, SPITupleTable *table, std::uint64_t count, UserRow *rows)
{
    UserColumns columns = user_columns(table->tupdesc, "users");
    WantedColumns wanted = wanted_columns(*scan.owned->object);
    for (std::uint64_t index = 0; index < count; ++index)
        read_user(columns, table->vals[index], wanted, rows + index);
    attempt([&](std::pmr::memory_resource *) {
        for (std::uint64_t index = 0; index < count; ++index)
            scan.owned->object->add(rows[index]);
    });
}

// A table without pages of its own, or with row security.
void count_by_sql(Scan &scan)
{
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfo(&sql, "SELECT * FROM %s.users", quote_identifier(scan.app));
    Portal portal =
        SPI_cursor_open_with_args(nullptr, sql.data, 0, nullptr, nullptr, nullptr, true, 0);
    MemoryContext per_fetch =
        AllocSetContextCreate(CurrentMemoryContext, "users of a fetch", ALLOCSET_DEFAULT_SIZES);
    for (;;) {
        SPI_cursor_fetch(portal, true, kRowsPerFetch);
        if (SPI_processed == 0)
            break;
        MemoryContext previous = MemoryContextSwitchTo(per_fetch);
        auto *rows = static_cast<UserRow *>(palloc(sizeof(UserRow) * SPI_processed));
        count_rows(scan, SPI_tuptable, SPI_processed, rows);
        MemoryContextSwitchTo(previous);
        MemoryContextReset(per_fetch);
        SPI_freetuptable(SPI_tuptable);
    }
    MemoryContextDelete(per_fetch);
    SPI_cursor_close(portal);
}

// Counts everything that `scan` asks for; the answer stays in scan.owned.
void run(Scan &scan)
{
    scan.users = open_users(find_users(scan.app));
    scan.ranges = (scan.users.pages + user_block::kPages - 1) / user_block::kPages;
    scan.counted = static_cast<bool *>(palloc0(scan.ranges + 1));
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
    if (scan.users.has_pages) {
        count_copied(scan);
        count_others(scan);
    } else {
        count_by_sql(scan);
    }
    SPI_finish();
    close_pages(scan.users);
    attempt([&](std::pmr::memory_resource *) { scan.owned->object->table().sort(); });
}

}  // namespace

extern "C" Datum users_segmentation_scan(PG_FUNCTION_ARGS)
{
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Scan scan;
    read_arguments(fcinfo, scan, false);
    run(scan);
    for (const Group &group : scan.owned->object->table().groups()) {
        CHECK_FOR_INTERRUPTS();
        Datum values[2] = {text_array_of(group), Int64GetDatum(group.times)};
        bool nulls[2] = {};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
        pfree(DatumGetPointer(values[0]));
    }
    return Datum(0);
}

extern "C" Datum users_segmentation_scan_users(PG_FUNCTION_ARGS)
{
    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Scan scan;
    read_arguments(fcinfo, scan, true);
    run(scan);
    if (!scan.owned->object->table().groups().empty())
        put_users(result, scan.owned->object->table().groups().front().users);
    return Datum(0);
}

}  // namespace profiles::pg
