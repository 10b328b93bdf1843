#include "statements.h"

#include "bulk_statements.h"
#include "plain_tables.h"
#include "statement_text.h"
#include "user_row.h"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/syscache.h"
}

namespace profiles::pg {

inline constexpr int kStatements = static_cast<int>(Statement::log_requests) + 1;

// One entry of the backend's cache. A plan notices by itself when its tables change or are replaced.
class AppStatements {
public:
    char app[NAMEDATALEN];
    Oid profile_type;  // another one after DROP and CREATE EXTENSION, which plans cannot follow
    std::int64_t log_rests_until;
    SPIPlanPtr plans[kStatements];
    PlainUsers users;
    PlainBatches batches;
};

Oid type_named(const char *name)
{
    Oid schema = get_namespace_oid("profiles", false);
    return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
                           ObjectIdGetDatum(schema));
}

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

void append_column_list(StringInfo sql, const char *row = "")
{
    for (int column = 0; column < kUserColumns; ++column)
        appendStringInfo(sql, "%s%s%s", column ? ", " : "", row, user_columns[column].name);
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
    case Statement::lock_user_of:
        appendStringInfoString(sql, "SELECT ");
        append_column_list(sql, "users.");
        appendStringInfo(sql,
                         " FROM %1$s.devices AS device, %1$s.users AS users "
                         "WHERE device.device_id OPERATOR(pg_catalog.=) $1 "
                         "AND users.uid OPERATOR(pg_catalog.=) device.uid "
                         "AND users.bucket OPERATOR(pg_catalog.=) device.bucket "
                         "FOR UPDATE OF users",
                         schema);
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
    case Statement::redirect_device:
        appendStringInfo(sql,
                         "UPDATE %s.devices SET uid = $2, bucket = " BUCKET(
                             "$2") " WHERE device_id OPERATOR(pg_catalog.=) $1",
                         schema);
        return;
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
    case Statement::log_requests: append_log_requests(sql, schema); return;
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
    // A lock that single reports, which write one row and nothing after it, need not take.
    case Statement::lock_crashes:
        appendStringInfo(sql,
                         "SELECT pg_catalog.pg_advisory_xact_lock("
                         "pg_catalog.hashtextextended(%s, 0))",
                         quote_literal_cstr(psprintf("profiles crash groups of %s", schema)));
        return;
    default: break;
    }
    append_bulk_statement(sql, statement, schema);
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
    case Statement::find_device:
    case Statement::lock_user_of: return fill({TEXTOID});
    case Statement::redirect_device: return fill({TEXTOID, INT8OID});
    case Statement::next_uid:
    case Statement::lock_crashes: return 0;
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
    case Statement::log_requests:
        return fill({RECORDARRAYOID, JSONBOID, INT8OID, BOOLOID, INT8OID});
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
    case Statement::insert_user:
    case Statement::update_user:
    case Statement::update_profile:
    case Statement::update_all: break;
    default:
        return bulk_parameter_types(statement, types, type_named("profile"),
                                    type_named("event_list"));
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
    // The planner would think that it pays to plan this long one anew for each request.
    int options = statement == Statement::log_requests ? CURSOR_OPT_GENERIC_PLAN : 0;
    SPIPlanPtr plan = SPI_prepare_cursor(sql.data, count, types, options);
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
    if (!found) {
        memset(entry->plans, 0, sizeof entry->plans);
        entry->users = {};
        entry->batches = {};
        entry->log_rests_until = 0;
    }
    Oid profile_type = type_named("profile");
    if (found && entry->profile_type != profile_type)
        forget_plans(entry);
    entry->profile_type = profile_type;
    return entry;
}

const PlainUsers *plain_users(AppStatements *statements)
{
    bool may = may_use(statements->users, statements->app, ACL_SELECT | ACL_UPDATE);
    return may ? &statements->users : nullptr;
}

const PlainBatches *plain_batches(AppStatements *statements, AclMode what)
{
    return may_use(statements->batches, statements->app, what) ? &statements->batches : nullptr;
}

void refuse_hidden_rows(AppStatements *statements)
{
    Oid schema = get_namespace_oid(statements->app, true);
    for (const char *table : {"devices", "users"}) {
        Oid relation = OidIsValid(schema) ? get_relname_relid(table, schema) : InvalidOid;
        if (!OidIsValid(relation) || check_enable_rls(relation, InvalidOid, true) != RLS_ENABLED)
            continue;
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                 errmsg("row-level security hides a user of app \"%s\" from role \"%s\"",
                        statements->app, GetUserNameFromId(GetUserId(), false)),
                 errhint("Policies of tables \"devices\" and \"users\" must let a role that takes "
                         "requests read and update the rows of all users that it is sent.")));
    }
}

std::int64_t *log_rests_until(AppStatements *statements) { return &statements->log_rests_until; }

std::uint64_t run(AppStatements *statements, Statement statement, Datum *values, const bool *nulls)
{
    SPIPlanPtr &plan = statements->plans[static_cast<int>(statement)];
    if (!plan)
        plan = prepare(statements->app, statement);
    char null_flags[kUserColumns];
    for (int index = 0; nulls && index < SPI_getargcount(plan); ++index)
        null_flags[index] = nulls[index] ? 'n' : ' ';
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
