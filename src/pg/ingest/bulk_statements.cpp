// Each looks its rows up one by one in the order of the array, whatever the planner thinks of the
// table: a subquery that locks, or has an OFFSET, is not merged into the query around it.
#include "bulk_statements.h"

#include "user_row.h"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
}

namespace profiles::pg {

namespace {

#define BUCKET_OF(row) "(" row ".uid OPERATOR(pg_catalog.>>) 16)::pg_catalog.int4"

void append_insert_batches(StringInfo sql, const char *schema)
{
    appendStringInfo(sql,
                     "INSERT INTO %s.event_batches (uid, bucket, device_id, first_ts, last_ts, "
                     "profile, events) SELECT made.uid, " BUCKET_OF(
                         "made") ", "
                                 "made.device_id, made.first_ts, made.last_ts, made.profile, "
                                 "made.events FROM ROWS FROM (pg_catalog.unnest($1), "
                                 "pg_catalog.unnest($2), pg_catalog.unnest($3), "
                                 "pg_catalog.unnest($4), pg_catalog.unnest($5), "
                                 "pg_catalog.unnest($6)) "
                                 "AS made (uid, device_id, first_ts, last_ts, profile, events)",
                     schema);
}

// uid, device_id, ... of a row, or uid bigint, device_id text, ... as unnest() must be told.
void append_user_columns(StringInfo sql, const char *row, bool with_types)
{
    for (int column = 0; column < kUserColumns; ++column) {
        appendStringInfo(sql, "%s%s%s", column ? ", " : "", row, user_columns[column].name);
        Oid type = user_columns[column].type;
        if (with_types)
            appendStringInfo(
                sql, " %s", OidIsValid(type) ? format_type_be_qualified(type) : "profiles.profile");
    }
}

void append_rows(StringInfo sql)
{
    appendStringInfoString(sql, " FROM pg_catalog.unnest($1) AS made (");
    append_user_columns(sql, "", true);
    appendStringInfoChar(sql, ')');
}

void append_insert_users(StringInfo sql, const char *schema)
{
    appendStringInfo(sql, "INSERT INTO %s.users (bucket, ", schema);
    append_user_columns(sql, "", false);
    appendStringInfoString(sql, ") SELECT " BUCKET_OF("made") ", ");
    append_user_columns(sql, "made.", false);
    append_rows(sql);
}

void append_update_users(StringInfo sql, const char *schema, bool whole)
{
    appendStringInfo(sql, "UPDATE %s.users AS users SET ", schema);
    for (int column = 1; column < (whole ? kUserColumns : kCommonColumns); ++column)
        if (whole || column != kProfileColumn)
            appendStringInfo(sql, "%s%s = made.%s", column > 1 ? ", " : "",
                             user_columns[column].name, user_columns[column].name);
    append_rows(sql);
    appendStringInfoString(sql, " WHERE users.uid OPERATOR(pg_catalog.=) made.uid "
                                "AND users.bucket OPERATOR(pg_catalog.=) " BUCKET_OF("made"));
}

void append_lock_users(StringInfo sql, const char *schema)
{
    appendStringInfoString(sql, "SELECT locked.* FROM pg_catalog.unnest($1) AS wanted (uid), "
                                "LATERAL (SELECT ");
    append_user_columns(sql, "users.", false);
    appendStringInfo(
        sql,
        " FROM %s.users AS users "
        "WHERE users.uid OPERATOR(pg_catalog.=) wanted.uid "
        "AND users.bucket OPERATOR(pg_catalog.=) " BUCKET_OF("wanted") " FOR UPDATE) AS locked",
        schema);
}

}  // namespace

void append_bulk_statement(StringInfo sql, Statement statement, const char *schema)
{
    switch (statement) {
    case Statement::find_devices:
        appendStringInfo(sql,
                         "SELECT wanted.number, found.uid FROM pg_catalog.unnest($1) "
                         "WITH ORDINALITY AS wanted (device_id, number), "
                         "LATERAL (SELECT devices.uid FROM %s.devices AS devices "
                         "WHERE devices.device_id OPERATOR(pg_catalog.=) wanted.device_id "
                         "OFFSET 0) AS found",
                         schema);
        return;
    case Statement::next_uids:
        appendStringInfo(sql,
                         "SELECT pg_catalog.nextval(%s::pg_catalog.regclass) "
                         "FROM pg_catalog.generate_series(1, $1)",
                         quote_literal_cstr(psprintf("%s.users_uid_seq", schema)));
        return;
    case Statement::claim_devices:
        appendStringInfo(sql,
                         "INSERT INTO %s.devices (device_id, uid, bucket, first_seen) "
                         "SELECT made.device_id, made.uid, " BUCKET_OF(
                             "made") ", made.first_seen "
                                     "FROM ROWS FROM (pg_catalog.unnest($1), "
                                     "pg_catalog.unnest($2), pg_catalog.unnest($3)) "
                                     "AS made (device_id, uid, first_seen) ON CONFLICT DO NOTHING",
                         schema);
        return;
    case Statement::lock_users: append_lock_users(sql, schema); return;
    case Statement::insert_users: append_insert_users(sql, schema); return;
    case Statement::update_users: append_update_users(sql, schema, false); return;
    case Statement::update_users_whole: append_update_users(sql, schema, true); return;
    case Statement::insert_batches: append_insert_batches(sql, schema); return;
    default: return;
    }
}

int bulk_parameter_types(Statement statement, Oid *types, Oid profile, Oid event_list)
{
    auto fill = [&](std::initializer_list<Oid> elements) {
        int count = 0;
        for (Oid element : elements)
            types[count++] = get_array_type(element);
        return count;
    };
    switch (statement) {
    case Statement::find_devices: return fill({TEXTOID});
    case Statement::next_uids: types[0] = INT4OID; return 1;
    case Statement::claim_devices: return fill({TEXTOID, INT8OID, TIMESTAMPTZOID});
    case Statement::lock_users: return fill({INT8OID});
    case Statement::insert_users:
    case Statement::update_users:
    case Statement::update_users_whole: types[0] = RECORDARRAYOID; return 1;
    case Statement::insert_batches:
        return fill({INT8OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, profile, event_list});
    default: return 0;
    }
}

}  // namespace profiles::pg
