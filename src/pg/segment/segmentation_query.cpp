// One query for all that has events, so that parallel workers are started once and each takes blocks, batches or
// sessions as they come: Gather over a partial aggregate over Parallel Append. Each part of the UNION ALL has a
// WHERE, if only a true one: so the planner plans it by itself and counts the price of its columns, which it
// does not do for parts that it pulls up. By that price (segmentation_block, segmentation_pages,
// segmentation_groups_add) it decides whether workers are worth their start.
//
// Blocks and sessions are rows of their tables. Batches of the hot tier would cost the executor more than they cost
// to count: so a row stands for many pages of them, which the step of the aggregate reads. Batches whose profile is
// that of now are joined with the users and come as rows, and so do those of a table that has no pages to read.
#include "segmentation_query.h"

#include <algorithm>

extern "C" {
#include "lib/stringinfo.h"
#include "optimizer/cost.h"
#include "utils/builtins.h"
}

namespace profiles::pg {

namespace {

// What the columns of a part are.
struct Columns {
    const char *block = "NULL::profiles.event_block";
    const char *uid = "NULL::pg_catalog.int8";
    const char *device_id = "NULL::pg_catalog.text";
    const char *profile = "NULL::profiles.profile";
    const char *events = "NULL::profiles.event_list";
    const char *pages = "NULL::pg_catalog.int8[]";
};

void add_part(StringInfo sql, const Columns &columns, const char *from)
{
    appendStringInfo(sql, "SELECT %s, %s, %s, %s, %s, %s%s WHERE true", columns.block, columns.uid,
                     columns.device_id, columns.profile, columns.events, columns.pages, from);
}

// No condition where there is no bound, so that the planner sees what is asked.
void add_period(StringInfo sql, const ScanTables &tables, const char *first, const char *last)
{
    if (tables.has_begin)
        appendStringInfo(sql, " AND %s OPERATOR(pg_catalog.>=) $1", last);
    if (tables.has_end)
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
const char *profile_of(const ScanTables &tables)
{
    if (!tables.needs_profile)
        return Columns().profile;
    return tables.latest ? kLiveProfile : "b.profile";
}

void add_batches(StringInfo sql, const ScanTables &tables, const char *schema)
{
    StringInfoData from;
    initStringInfo(&from);
    appendStringInfo(&from, " FROM %s.event_batches AS b", schema);
    if (tables.needs_profile && tables.latest)
        join_users(&from, schema, "b.uid");
    add_part(sql,
             {.uid = "b.uid",
              .device_id = "b.device_id",
              .profile = profile_of(tables),
              .events = "b.events"},
             from.data);
    add_period(sql, tables, "b.first_ts", "b.last_ts");
}

// As many parts as there may be processes, as long as they are worth it; each is taken by one of them.
void add_pages_of_batches(StringInfo sql, const ScanTables &tables)
{
    constexpr std::int64_t kLeastPages = 32;
    std::int64_t pages = tables.batch_pages;
    std::int64_t parts =
        std::clamp<std::int64_t>(pages / kLeastPages, 1, max_parallel_workers_per_gather + 1);
    for (std::int64_t part = 0; part < parts; ++part) {
        std::int64_t first = pages * part / parts, end = pages * (part + 1) / parts;
        appendStringInfoString(sql, part == 0 ? "" : " UNION ALL ");
        add_part(sql, {.pages = "b.pages"},
                 psprintf(" FROM profiles.segmentation_pages(%u, %lld, %lld) AS b (pages)",
                          tables.batches, static_cast<long long>(first),
                          static_cast<long long>(end - first)));
    }
}

void add_hot_tier(StringInfo sql, const ScanTables &tables, const char *schema)
{
    if (OidIsValid(tables.batches))
        add_pages_of_batches(sql, tables);
    else
        add_batches(sql, tables, schema);
}

void add_block_conditions(StringInfo sql, const ScanTables &tables)
{
    add_period(sql, tables, "c.first_ts", "c.last_ts");
    if (tables.has_event)
        appendStringInfoString(sql, " AND $3 OPERATOR(pg_catalog.=) ANY (c.keys)");
}

void add_blocks(StringInfo sql, const ScanTables &tables, const char *schema)
{
    StringInfoData from;
    initStringInfo(&from);
    appendStringInfo(&from, " FROM %s.event_blocks AS c", schema);
    add_part(sql, {.block = "profiles.segmentation_block(c.data)"}, from.data);
    add_block_conditions(sql, tables);
}

void add_blocks_as_batches(StringInfo sql, const ScanTables &tables, const char *schema)
{
    const char *uid = "coalesce(m.into_uid, b.uid)";
    StringInfoData from;
    initStringInfo(&from);
    appendStringInfo(&from,
                     " FROM %s.event_blocks AS c"
                     " CROSS JOIN LATERAL profiles.event_block_batches(c.data) AS b"
                     " LEFT JOIN %s.moved_events AS m ON m.uid OPERATOR(pg_catalog.=) b.uid"
                     " AND m.bucket OPERATOR(pg_catalog.=) c.bucket",
                     schema, schema);
    if (tables.needs_profile && tables.latest)
        join_users(&from, schema, uid);
    add_part(sql,
             {.uid = uid,
              .device_id = "b.device_id",
              .profile = profile_of(tables),
              .events = "b.events"},
             from.data);
    add_block_conditions(sql, tables);
}

void add_open_sessions(StringInfo sql, const ScanTables &tables, const char *schema)
{
    StringInfoData from;
    initStringInfo(&from);
    appendStringInfo(&from, " FROM %s.users AS u", schema);
    add_part(sql,
             {.uid = "u.uid",
              .device_id = "u.device_id",
              .profile = tables.needs_profile ? kLiveProfile : Columns().profile,
              .events = "profiles.unfinished_session(u.session_id, u.session_start,"
                        " u.session_duration, u.session_events)"},
             from.data);
    appendStringInfoString(sql, " AND u.session_start IS NOT NULL");
    add_period(sql, tables, "u.session_start", "u.session_start");
}

}  // namespace

const char *groups_query(const ScanTables &tables)
{
    const char *schema = quote_identifier(tables.app);
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfoString(
        &sql, "SELECT profiles.segmentation_groups(e.block, e.uid, e.device_id, e.profile,"
              " e.events, e.pages, $4, $3, $5, $6, $7, $8, $9, $10, $11) FROM (");
    if (tables.by_column)
        add_blocks(&sql, tables, schema);
    else
        add_blocks_as_batches(&sql, tables, schema);
    appendStringInfoString(&sql, " UNION ALL ");
    add_hot_tier(&sql, tables, schema);
    if (tables.sessions) {
        appendStringInfoString(&sql, " UNION ALL ");
        add_open_sessions(&sql, tables, schema);
    }
    appendStringInfoString(&sql, ") AS e (block, uid, device_id, profile, events, pages)");
    return sql.data;
}

}  // namespace profiles::pg
