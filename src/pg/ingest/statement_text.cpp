#include "statement_text.h"

extern "C" {
#include "utils/builtins.h"
}

namespace profiles::pg {

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

// Appends, and takes away what is too many. An automatic log rests while all its rows are of one minute. Rows that
// somebody else is taking away are left to him, so that nobody waits.
void append_log_requests(StringInfo sql, const char *schema)
{
    appendStringInfo(
        sql,
        "WITH state AS MATERIALIZED (SELECT (oldest.id OPERATOR(pg_catalog.+) $3) "
        "OPERATOR(pg_catalog.<=) (newest.id OPERATOR(pg_catalog.+) 1) "
        "AND (newest.ts OPERATOR(pg_catalog.-) oldest.ts) "
        "OPERATOR(pg_catalog.<) '1 minute'::pg_catalog.interval AS rests FROM "
        "(SELECT id, ts FROM %1$s.request_log ORDER BY id LIMIT 1) AS oldest, "
        "(SELECT id, ts FROM %1$s.request_log ORDER BY id DESC LIMIT 1) AS newest WHERE $4), "
        "made AS (INSERT INTO %1$s.request_log (request_ts, uid, device_id, sdk_name, sdk_version, "
        "app_version, platform, country, city, parts, status, reason, skipped, request) "
        "SELECT entry.request_ts, entry.uid, coalesce(entry.device_id, "
        "pg_catalog.\"left\"(sent.request OPERATOR(pg_catalog.->>) 'device_id', 1024)), "
        "entry.sdk_name, entry.sdk_version, entry.app_version, entry.platform, entry.country, "
        "entry.city, "
        "entry.parts, entry.status, entry.reason, entry.skipped, "
        "profiles.blanked_request(sent.request) "
        "FROM pg_catalog.unnest($1) AS entry (number pg_catalog.int4, is_forced pg_catalog.bool, "
        "request_ts pg_catalog.timestamptz, uid pg_catalog.int8, device_id pg_catalog.text, "
        "sdk_name pg_catalog.text, sdk_version pg_catalog.text, app_version pg_catalog.text, "
        "platform pg_catalog.text, country pg_catalog.text, city pg_catalog.text, "
        "parts pg_catalog.text[], status pg_catalog.text, reason pg_catalog.text, "
        "skipped pg_catalog.jsonb), LATERAL (SELECT CASE WHEN entry.number IS NULL THEN $2 "
        "ELSE $2 OPERATOR(pg_catalog.->) entry.number END AS request) AS sent "
        "WHERE entry.is_forced OR NOT coalesce((SELECT rests FROM state), false) RETURNING id), "
        "old AS (SELECT id FROM %1$s.request_log WHERE id OPERATOR(pg_catalog.<=) "
        "((SELECT pg_catalog.max(id) FROM made) OPERATOR(pg_catalog.-) $3) "
        "ORDER BY id FOR UPDATE SKIP LOCKED), "
        "gone AS (DELETE FROM %1$s.request_log AS log USING old "
        "WHERE log.id OPERATOR(pg_catalog.=) old.id) "
        "SELECT pg_catalog.count(*) FROM made",
        schema);
}

}  // namespace profiles::pg
