#include "statements.h"

#include "user_row.h"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
}

namespace profiles::pg {

// Nothing is left to the caller's search_path.
#define BUCKET(uid) "(" uid " OPERATOR(pg_catalog.>>) 16)::pg_catalog.int4"
#define OF_USER "uid OPERATOR(pg_catalog.=) $1 AND bucket OPERATOR(pg_catalog.=) " BUCKET("$1")
// %1$s is the schema.
#define BLOCKS_OF_USER                                                           \
    "SELECT FROM %1$s.event_blocks WHERE bucket OPERATOR(pg_catalog.=) " BUCKET( \
        "$1") " AND first_uid OPERATOR(pg_catalog.<=) $1 AND last_uid OPERATOR(pg_catalog.>=) $1"

inline constexpr int kStatements = static_cast<int>(Statement::move_enrolments) + 1;

// One entry of the backend's cache. A plan notices by itself when its tables change or are replaced.
class AppStatements {
public:
    char app[NAMEDATALEN];
    Oid profile_type;  // another one after DROP and CREATE EXTENSION, which plans cannot follow
    SPIPlanPtr plans[kStatements];
};

namespace {

HTAB *cache = nullptr;

void make_cache()
{
    HASHCTL control = {};
    control.keysize = NAMEDATALEN;
    control.entrysize = sizeof(AppStatements);
    control.hcxt = CacheMemoryContext;
    cache = hash_create("profiles statements of apps", 8, &control,
                        HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

Oid type_named(const char *name)
{
    Oid schema = get_namespace_oid("profiles", false);
    return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
                           ObjectIdGetDatum(schema));
}

void append_column_list(StringInfo sql)
{
    for (int column = 0; column < kUserColumns; ++column)
        appendStringInfo(sql, "%s%s", column ? ", " : "", user_columns[column].name);
}

void append_update(StringInfo sql, const char *schema, bool with_profile,
                   int columns = kCommonColumns)
{
    appendStringInfo(sql, "UPDATE %s.users SET ", schema);
    for (int column = 1; column < columns; ++column)
        if (column != kProfileColumn || with_profile)
            appendStringInfo(sql, "%s%s = $%d", column > 1 ? ", " : "", user_columns[column].name,
                             column + 1);
    appendStringInfoString(sql, " WHERE " OF_USER);
}

void append_insert(StringInfo sql, const char *schema)
{
    appendStringInfo(sql, "INSERT INTO %s.users (bucket, ", schema);
    append_column_list(sql);
    appendStringInfoString(sql, ") VALUES (" BUCKET("$1"));
    for (int column = 0; column < kUserColumns; ++column)
        appendStringInfo(sql, ", $%d", column + 1);
    appendStringInfoChar(sql, ')');
}

// A crash of one user: its row first, so that the group knows whether the user is new to it. A group
// that was resolved opens again when a version at least as new as the resolved one reports it.
void append_count_crash(StringInfo sql, const char *schema)
{
    appendStringInfo(
        sql,
        "WITH of_user AS ("
        "INSERT INTO %1$s.crash_users AS known (uid, bucket, crash_group, reports, first_seen, "
        "last_seen) VALUES ($1, " BUCKET(
            "$1") ", $2, 1, $8, $8) "
                  "ON CONFLICT (uid, bucket, crash_group) "
                  "DO UPDATE SET reports = known.reports OPERATOR(pg_catalog.+) 1, "
                  "first_seen = LEAST(known.first_seen, excluded.first_seen), "
                  "last_seen = GREATEST(known.last_seen, excluded.last_seen) "
                  "RETURNING (known.reports OPERATOR(pg_catalog.=) 1)::pg_catalog.int4 AS is_new) "
                  "INSERT INTO %1$s.crash_groups AS known (crash_group, name, error, platform, "
                  "fatal, reports, "
                  "users, first_seen, last_seen, first_version, last_version) "
                  "SELECT $2, $3, $4, $5, $6, 1, is_new, $8, $8, $7, $7 FROM of_user "
                  "ON CONFLICT (crash_group) DO UPDATE SET "
                  "reports = known.reports OPERATOR(pg_catalog.+) 1, "
                  "users = known.users OPERATOR(pg_catalog.+) excluded.users, "
                  "first_seen = LEAST(known.first_seen, excluded.first_seen), "
                  "last_seen = GREATEST(known.last_seen, excluded.last_seen), "
                  "last_version = CASE WHEN excluded.last_seen OPERATOR(pg_catalog.>=) "
                  "known.last_seen "
                  "THEN coalesce(excluded.last_version, known.last_version) ELSE "
                  "known.last_version END, "
                  "resolved_at = CASE WHEN profiles.is_regression(known.resolved_at, "
                  "known.resolved_version, "
                  "excluded.last_seen, excluded.last_version) THEN NULL ELSE known.resolved_at "
                  "END, "
                  "reopened_at = CASE WHEN profiles.is_regression(known.resolved_at, "
                  "known.resolved_version, "
                  "excluded.last_seen, excluded.last_version) THEN excluded.last_seen "
                  "ELSE known.reopened_at END",
        schema);
}

// What both users have becomes one row of the survivor, and one user of the group. Groups are locked in
// their order, so that two merges cannot wait for each other.
void append_move_crashes(StringInfo sql, const char *schema)
{
    appendStringInfo(
        sql,
        "WITH gone AS (DELETE FROM %1$s.crash_users WHERE " OF_USER " RETURNING *), "
        "shared AS (SELECT groups.crash_group FROM %1$s.crash_groups AS groups "
        "JOIN gone ON groups.crash_group OPERATOR(pg_catalog.=) gone.crash_group "
        "JOIN %1$s.crash_users AS theirs "
        "ON theirs.crash_group OPERATOR(pg_catalog.=) gone.crash_group "
        "AND theirs.uid OPERATOR(pg_catalog.=) $2 AND theirs.bucket OPERATOR(pg_catalog.=) %2$s "
        "ORDER BY groups.crash_group FOR UPDATE OF groups), "
        "counted AS (UPDATE %1$s.crash_groups AS groups "
        "SET users = groups.users OPERATOR(pg_catalog.-) 1 FROM shared "
        "WHERE groups.crash_group OPERATOR(pg_catalog.=) shared.crash_group) "
        "INSERT INTO %1$s.crash_users AS known (uid, bucket, crash_group, reports, first_seen, "
        "last_seen) SELECT $2, %2$s, crash_group, reports, first_seen, last_seen FROM gone "
        "ON CONFLICT (uid, bucket, crash_group) "
        "DO UPDATE SET reports = known.reports OPERATOR(pg_catalog.+) excluded.reports, "
        "first_seen = LEAST(known.first_seen, excluded.first_seen), "
        "last_seen = GREATEST(known.last_seen, excluded.last_seen)",
        schema, BUCKET("$2"));
}

// What the survivor has, too, stays as the survivor has it.
void append_move(StringInfo sql, const char *schema, const char *table, const char *columns)
{
    appendStringInfo(sql,
                     "WITH gone AS (DELETE FROM %1$s.%2$s WHERE " OF_USER " RETURNING *) "
                     "INSERT INTO %1$s.%2$s (uid, bucket, %3$s) "
                     "SELECT $2, " BUCKET("$2") ", %3$s FROM gone ON CONFLICT DO NOTHING",
                     schema, table, columns);
}

// Of the newest batches of the hot tier only: late requests are hours late, not months, and a user with
// very many batches must not make each of them slow. A batch that only closes a session carries the
// profile of the close and the time of the begin. OFFSET 0: events are looked at after sorting, until one
// is found. Blocks are read only for what is younger than that.
void append_profile_then(StringInfo sql, const char *schema, const char *app)
{
    appendStringInfo(sql,
                     "WITH hot AS MATERIALIZED (SELECT older.last_ts, older.profile FROM "
                     "(SELECT newest.last_ts, newest.profile, newest.events FROM "
                     "(SELECT last_ts, batch, profile, events FROM %1$s.event_batches "
                     "WHERE " OF_USER " ORDER BY batch DESC LIMIT 1000) AS newest "
                     "WHERE newest.last_ts OPERATOR(pg_catalog.<=) $2 "
                     "ORDER BY newest.last_ts DESC, newest.batch DESC OFFSET 0) AS older "
                     "WHERE EXISTS (SELECT FROM profiles.event_list_each(older.events) AS event "
                     "WHERE NOT profiles.is_closing(event.key, event.segmentation)) LIMIT 1) "
                     "SELECT found.profile FROM (SELECT hot.profile, 2 AS place FROM hot UNION ALL "
                     "SELECT cold.profile, 1 FROM profiles.profile_in_blocks(%2$s, $1, $2, "
                     "(SELECT last_ts FROM hot)) AS cold WHERE cold.profile IS NOT NULL) AS found "
                     "ORDER BY found.place LIMIT 1",
                     schema, quote_literal_cstr(app));
}

// Both rows, and what belongs to the one who goes: see undo_merge().
void append_record_merge(StringInfo sql, const char *schema)
{
    appendStringInfo(
        sql,
        "INSERT INTO %1$s.merges (uid, bucket, from_uid, from_user, into_user, devices, batches, "
        "in_blocks, consents, crashes, tokens, enrolments) "
        "SELECT $2, %3$s, $1, pg_catalog.to_jsonb(theirs), pg_catalog.to_jsonb(mine), "
        "ARRAY(SELECT device_id FROM %1$s.devices WHERE " OF_USER "), "
        "ARRAY(SELECT batch FROM %1$s.event_batches WHERE " OF_USER "), "
        "ARRAY(SELECT moved.uid FROM %1$s.moved_events AS moved "
        "WHERE moved.into_uid OPERATOR(pg_catalog.=) $1 UNION ALL SELECT $1 WHERE EXISTS "
        "(" BLOCKS_OF_USER ")), "
        "ARRAY(SELECT entry FROM %1$s.consent_log WHERE " OF_USER "), "
        "(SELECT coalesce(pg_catalog.jsonb_agg(owned), '[]') FROM %1$s.crash_users AS owned "
        "WHERE " OF_USER "), "
        "(SELECT coalesce(pg_catalog.jsonb_agg(owned), '[]') FROM %1$s.push_tokens AS owned "
        "WHERE " OF_USER "), "
        "(SELECT coalesce(pg_catalog.jsonb_agg(owned), '[]') FROM %1$s.enrolments AS owned "
        "WHERE " OF_USER ") FROM %1$s.users AS theirs, %1$s.users AS mine "
        "WHERE theirs.uid OPERATOR(pg_catalog.=) $1 AND theirs.bucket OPERATOR(pg_catalog.=) %2$s "
        "AND mine.uid OPERATOR(pg_catalog.=) $2 AND mine.bucket OPERATOR(pg_catalog.=) %3$s",
        schema, BUCKET("$1"), BUCKET("$2"));
}

// Of the user's merges, and of those of the users who went into it before.
void append_forget_location(StringInfo sql, const char *schema)
{
    appendStringInfo(
        sql,
        "WITH RECURSIVE part (uid) AS (SELECT $1 UNION SELECT known.from_uid "
        "FROM %1$s.merges AS known JOIN part ON known.uid OPERATOR(pg_catalog.=) part.uid "
        "AND known.bucket OPERATOR(pg_catalog.=) %2$s AND known.undone_at IS NULL) "
        "UPDATE %1$s.merges AS known SET from_user = profiles.without_location(from_user), "
        "into_user = profiles.without_location(into_user) FROM part "
        "WHERE known.uid OPERATOR(pg_catalog.=) part.uid "
        "AND known.bucket OPERATOR(pg_catalog.=) %2$s",
        schema, BUCKET("part.uid"));
}

void append_statement(StringInfo sql, Statement statement, const char *app)
{
    const char *schema = quote_identifier(app);
    switch (statement) {
    case Statement::find_device:
        appendStringInfo(
            sql, "SELECT uid FROM %s.devices WHERE device_id OPERATOR(pg_catalog.=) $1", schema);
        return;
    case Statement::lock_user:
        appendStringInfoString(sql, "SELECT ");
        append_column_list(sql);
        appendStringInfo(sql, " FROM %s.users WHERE " OF_USER " FOR UPDATE", schema);
        return;
    case Statement::next_uid:
        appendStringInfo(sql, "SELECT pg_catalog.nextval(%s::pg_catalog.regclass)",
                         quote_literal_cstr(psprintf("%s.users_uid_seq", schema)));
        return;
    case Statement::claim_device:
        appendStringInfo(sql,
                         "INSERT INTO %s.devices (device_id, uid, bucket, first_seen) "
                         "VALUES ($1, $2, " BUCKET("$2") ", $3) ON CONFLICT DO NOTHING",
                         schema);
        return;
    case Statement::insert_user: append_insert(sql, schema); return;
    case Statement::update_user: append_update(sql, schema, false); return;
    case Statement::update_profile: append_update(sql, schema, true); return;
    case Statement::update_all: append_update(sql, schema, true, kUserColumns); return;
    case Statement::delete_user:
        appendStringInfo(sql, "DELETE FROM %s.users WHERE " OF_USER, schema);
        return;
    case Statement::profile_then: append_profile_then(sql, schema, app); return;
    case Statement::insert_batch:
        appendStringInfo(sql,
                         "INSERT INTO %s.event_batches (uid, bucket, device_id, first_ts, last_ts, "
                         "profile, events) "
                         "VALUES ($1, " BUCKET("$1") ", $2, $3, $4, $5, $6)",
                         schema);
        return;
    case Statement::redirect_moved:
        appendStringInfo(sql,
                         "UPDATE %s.moved_events SET into_uid = $2 "
                         "WHERE into_uid OPERATOR(pg_catalog.=) $1",
                         schema);
        return;
    case Statement::move_blocks:
        appendStringInfo(sql,
                         "INSERT INTO %1$s.moved_events (uid, bucket, into_uid) "
                         "SELECT $1, " BUCKET("$1") ", $2 WHERE EXISTS (" BLOCKS_OF_USER ")",
                         schema);
        return;
    case Statement::count_crash: append_count_crash(sql, schema); return;
    case Statement::log_consent:
        appendStringInfo(sql,
                         "INSERT INTO %s.consent_log (uid, bucket, device_id, ts, change, before, "
                         "after) VALUES ($1, " BUCKET("$1") ", $2, $3, $4, $5, $6)",
                         schema);
        return;
    case Statement::set_token:
        appendStringInfo(sql,
                         "INSERT INTO %s.push_tokens (uid, bucket, provider, mode, token, set_at) "
                         "VALUES ($1, " BUCKET(
                             "$1") ", $2, $3, $4, $5) "
                                   "ON CONFLICT (uid, bucket, provider, mode) "
                                   "DO UPDATE SET token = excluded.token, set_at = excluded.set_at",
                         schema);
        return;
    case Statement::clear_tokens:
        appendStringInfo(sql,
                         "DELETE FROM %s.push_tokens "
                         "WHERE " OF_USER " AND provider OPERATOR(pg_catalog.=) $2",
                         schema);
        return;
    case Statement::enrol:
        appendStringInfo(
            sql,
            "INSERT INTO %s.enrolments (uid, bucket, key, method, variant, enrolled_at) "
            "VALUES ($1, " BUCKET(
                "$1") ", $2, $3, $4, $5) ON CONFLICT (uid, bucket, key) "
                      "DO UPDATE SET method = excluded.method, variant = excluded.variant, "
                      "enrolled_at = excluded.enrolled_at",
            schema);
        return;
    case Statement::leave:
        appendStringInfo(sql,
                         "DELETE FROM %s.enrolments "
                         "WHERE " OF_USER " AND key OPERATOR(pg_catalog.=) $2",
                         schema);
        return;
    case Statement::leave_all:
        appendStringInfo(sql, "DELETE FROM %s.enrolments WHERE " OF_USER, schema);
        return;
    case Statement::forget_location: append_forget_location(sql, schema); return;
    case Statement::record_merge: append_record_merge(sql, schema); return;
    case Statement::move_crashes: append_move_crashes(sql, schema); return;
    case Statement::move_tokens:
        append_move(sql, schema, "push_tokens", "provider, mode, token, set_at");
        return;
    case Statement::move_enrolments:
        append_move(sql, schema, "enrolments", "key, method, variant, enrolled_at");
        return;
    case Statement::move_consents:
    case Statement::move_batches:
    case Statement::move_devices:
        appendStringInfo(sql,
                         "UPDATE %s.%s SET uid = $2, bucket = " BUCKET("$2") " "
                                                                             "WHERE " OF_USER,
                         schema,
                         statement == Statement::move_batches   ? "event_batches"
                         : statement == Statement::move_devices ? "devices"
                                                                : "consent_log");
        return;
    }
}

int parameter_types(Statement statement, Oid *types)
{
    auto fill = [&](std::initializer_list<Oid> list) {
        int count = 0;
        for (Oid type : list)
            types[count++] = type;
        return count;
    };
    switch (statement) {
    case Statement::find_device: return fill({TEXTOID});
    case Statement::next_uid: return 0;
    case Statement::lock_user:
    case Statement::leave_all:
    case Statement::forget_location:
    case Statement::delete_user: return fill({INT8OID});
    case Statement::count_crash:
        return fill(
            {INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, BOOLOID, TEXTOID, TIMESTAMPTZOID});
    case Statement::log_consent:
        return fill({INT8OID, TEXTOID, TIMESTAMPTZOID, TEXTOID, type_named("profile"),
                     type_named("profile")});
    case Statement::set_token: return fill({INT8OID, TEXTOID, INT2OID, TEXTOID, TIMESTAMPTZOID});
    case Statement::enrol: return fill({INT8OID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID});
    case Statement::clear_tokens:
    case Statement::leave: return fill({INT8OID, TEXTOID});
    case Statement::profile_then: return fill({INT8OID, TIMESTAMPTZOID});
    case Statement::claim_device: return fill({TEXTOID, INT8OID, TIMESTAMPTZOID});
    case Statement::insert_batch:
        return fill({INT8OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, type_named("profile"),
                     type_named("event_list")});
    case Statement::redirect_moved:
    case Statement::move_blocks:
    case Statement::move_batches:
    case Statement::move_devices:
    case Statement::record_merge:
    case Statement::move_crashes:
    case Statement::move_consents:
    case Statement::move_tokens:
    case Statement::move_enrolments: return fill({INT8OID, INT8OID});
    default: break;
    }
    for (int column = 0; column < kUserColumns; ++column)
        types[column] = OidIsValid(user_columns[column].type) ? user_columns[column].type
                                                              : type_named("profile");
    return kUserColumns;
}

SPIPlanPtr prepare(const char *app, Statement statement)
{
    Oid types[kUserColumns];
    int count = parameter_types(statement, types);
    StringInfoData sql;
    initStringInfo(&sql);
    append_statement(&sql, statement, app);
    SPIPlanPtr plan = SPI_prepare(sql.data, count, types);
    if (!plan)
        elog(ERROR, "could not prepare \"%s\": %s", sql.data, SPI_result_code_string(SPI_result));
    SPI_keepplan(plan);
    return plan;
}

void forget_plans(AppStatements *statements)
{
    for (SPIPlanPtr &plan : statements->plans) {
        if (plan)
            SPI_freeplan(plan);
        plan = nullptr;
    }
}

}  // namespace

AppStatements *app_statements(const char *app)
{
    if (!cache)
        make_cache();
    bool found;
    auto *entry = static_cast<AppStatements *>(hash_search(cache, app, HASH_ENTER, &found));
    if (!found)
        memset(entry->plans, 0, sizeof entry->plans);
    Oid profile_type = type_named("profile");
    if (found && entry->profile_type != profile_type)
        forget_plans(entry);
    entry->profile_type = profile_type;
    return entry;
}

std::uint64_t run(AppStatements *statements, Statement statement, Datum *values, const bool *nulls)
{
    SPIPlanPtr &plan = statements->plans[static_cast<int>(statement)];
    if (!plan)
        plan = prepare(statements->app, statement);
    char null_flags[kUserColumns];
    for (int index = 0; index < kUserColumns; ++index)
        null_flags[index] = nulls && nulls[index] ? 'n' : ' ';
    int result = SPI_execute_plan(plan, values, nulls ? null_flags : nullptr, false, 0);
    if (result < 0)
        elog(ERROR, "could not execute a statement of ingestion: %s",
             SPI_result_code_string(result));
    return SPI_processed;
}

std::int64_t first_number()
{
    bool is_null;
    return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
}

}  // namespace profiles::pg
