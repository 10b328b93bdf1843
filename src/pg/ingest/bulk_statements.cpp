// Each looks its rows up one by one in the order of the array, whatever the planner thinks of the
// table: a subquery that locks, or has an OFFSET, is not merged into the query around it.
#include "bulk_statements.h"

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

}  // namespace

bool append_bulk_statement(StringInfo sql, Statement statement, const char *schema,
                           const char *user_columns)
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
        return true;
    case Statement::next_uids:
        appendStringInfo(sql,
                         "SELECT pg_catalog.nextval(%s::pg_catalog.regclass) "
                         "FROM pg_catalog.generate_series(1, $1)",
                         quote_literal_cstr(psprintf("%s.users_uid_seq", schema)));
        return true;
    case Statement::claim_devices:
        appendStringInfo(sql,
                         "INSERT INTO %s.devices (device_id, uid, bucket, first_seen) "
                         "SELECT made.device_id, made.uid, " BUCKET_OF(
                             "made") ", made.first_seen "
                                     "FROM ROWS FROM (pg_catalog.unnest($1), "
                                     "pg_catalog.unnest($2), pg_catalog.unnest($3)) "
                                     "AS made (device_id, uid, first_seen) ON CONFLICT DO NOTHING",
                         schema);
        return true;
    case Statement::lock_users:
        appendStringInfo(
            sql,
            "SELECT locked.* FROM pg_catalog.unnest($1) AS wanted (uid), "
            "LATERAL (SELECT %s FROM %s.users AS users "
            "WHERE users.uid OPERATOR(pg_catalog.=) wanted.uid "
            "AND users.bucket OPERATOR(pg_catalog.=) " BUCKET_OF("wanted") " "
                                                                           "FOR UPDATE) AS locked",
            user_columns, schema);
        return true;
    case Statement::insert_batches: append_insert_batches(sql, schema); return true;
    default: return false;
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
    case Statement::insert_batches:
        return fill({INT8OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, profile, event_list});
    default: return 0;
    }
}

}  // namespace profiles::pg
