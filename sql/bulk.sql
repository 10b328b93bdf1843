-- ingest_bulk: the same as the requests one after the other.
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;
SELECT profiles.create_app('shop', settings => '{"purchase_events": ["paid"]}') IS NOT NULL;

-- A row for each request, in their order. What ingest() raises an error for fails and stops no other.
SELECT * FROM profiles.ingest_bulk('shop', '[
    {"device_id": "a", "timestamp": 1700000000, "begin_session": 1, "events": [{"key": "x"}]},
    {"device_id": "b", "timestamp": 1700000001, "colour": "red", "user_details": {"name": "B", "custom": {"n": {"$inc": "x"}}}},
    {"timestamp": 1700000001}, 5, "text", null, [], {}, {"device_id": ""}, {"device_id": "CLYTemporaryDeviceID"},
    {"device_id": "a", "timestamp": 1700000002, "user_details": {"custom": {"n": {"$inc": 1}}}, "events": [{"key": "y"}]},
    {"device_id": "a", "timestamp": 1700000002, "user_details": {"custom": {"n": {"$inc": 1}}}, "events": [{"key": "y"}]},
    {"device_id": "a", "timestamp": 1700000001, "user_details": {"custom": {"n": {"$inc": 1}}}, "events": [{"key": "late"}]}]');
SELECT key, profile FROM shop.events ORDER BY ts, key;
-- too long, too deep
SELECT uid, status, reason FROM profiles.ingest_bulk('shop', jsonb_build_array(
    jsonb_build_object('device_id', repeat('x', 1025)),
    jsonb_build_object('device_id', 'deep', 'user_details', jsonb_build_object('custom', (repeat('[', 61) || repeat(']', 61))::jsonb)),
    jsonb_build_object('device_id', 'deep', 'user_details', jsonb_build_object('custom', (repeat('[', 1000) || repeat(']', 1000))::jsonb)),
    jsonb_build_object('device_id', 'a')));
SELECT profiles.ingest('shop', jsonb_build_object('device_id', 'deep', 'user_details', jsonb_build_object('custom', (repeat('[', 1000) || repeat(']', 1000))::jsonb)));
SELECT count(*) FROM profiles.ingest_bulk('shop', '[]');
-- The call itself is wrong.
SELECT profiles.ingest_bulk('shop', '{"device_id": "a"}');
SELECT profiles.ingest_bulk('shop', '5');
SELECT profiles.ingest_bulk('shop', NULL);
SELECT profiles.ingest_bulk(NULL, '[]');
SELECT profiles.ingest_bulk('no such app', '[]');

-- Merges inside a bulk, of users that it makes itself, and back.
SELECT uid, status FROM profiles.ingest_bulk('shop', '[
    {"device_id": "m1", "timestamp": 1700000010, "begin_session": 1, "events": [{"key": "of m1"}], "crash": {"_error": "boom"}},
    {"device_id": "m2", "timestamp": 1700000011, "events": [{"key": "of m2"}], "crash": {"_error": "boom"}},
    {"device_id": "m3", "old_device_id": "m1", "timestamp": 1700000012},
    {"device_id": "m2", "old_device_id": "m3", "timestamp": 1700000013, "events": [{"key": "both"}]},
    {"device_id": "m1", "timestamp": 1700000014, "events": [{"key": "on m1"}]},
    {"device_id": "m2", "old_device_id": "m3", "timestamp": 1700000013, "events": [{"key": "both"}]},
    {"device_id": "b", "old_device_id": "m2", "timestamp": 1700000015},
    {"device_id": "m4", "old_device_id": "m1", "timestamp": 1700000016}]');
SELECT uid, device_id, merges, event_count FROM shop.users ORDER BY uid;
SELECT device_id, uid FROM shop.devices WHERE device_id ~ '^(b|m.)$' ORDER BY device_id;
SELECT uid, key, device_id FROM shop.events WHERE key !~ 'CLY' AND device_id ~ '^m' ORDER BY ts;
SELECT name, reports, users FROM shop.crash_groups;
SELECT merge, uid, from_uid, devices, jsonb_array_length(crashes) FROM shop.merges ORDER BY merge;

-- A user that is sent a thousand requests is written once.
SELECT count(*), min(status) FROM profiles.ingest_bulk('shop', (SELECT jsonb_agg(jsonb_build_object('device_id', 'a', 'timestamp', 1700001000 + n,
    'user_details', jsonb_build_object('custom', jsonb_build_object('sum', jsonb_build_object('$inc', n))))) FROM generate_series(1, 1000) AS n));
SELECT profile OPERATOR(profiles.->>) 'custom.sum', (SELECT count(*) FROM shop.event_batches AS b WHERE b.uid = u.uid AND first_ts > '2023-11-14 22:30:00') FROM shop.users AS u WHERE device_id = 'a';

-- So are others beside it, an old one and a new one, whatever their number of requests.
BEGIN;
CREATE TABLE pg_temp.written AS SELECT relname, n_tup_ins, n_tup_upd FROM pg_stat_xact_user_tables WHERE schemaname = 'shop';
SELECT count(*), min(status) FROM profiles.ingest_bulk('shop', (SELECT jsonb_agg(jsonb_build_object('device_id', CASE n % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'b' ELSE 'fresh' END, 'timestamp', 1700003000 + n,
    'begin_session', 1, 'user_details', jsonb_build_object('custom', jsonb_build_object('sum', jsonb_build_object('$inc', n))))) FROM generate_series(1, 300) AS n));
SELECT relname, now.n_tup_ins - coalesce(before.n_tup_ins, 0) AS inserted, now.n_tup_upd - coalesce(before.n_tup_upd, 0) AS updated
  FROM pg_stat_xact_user_tables AS now LEFT JOIN pg_temp.written AS before USING (relname)
 WHERE schemaname = 'shop' AND (now.n_tup_ins, now.n_tup_upd) <> (coalesce(before.n_tup_ins, 0), coalesce(before.n_tup_upd, 0)) ORDER BY relname;
ROLLBACK;

-- An error while users are locked is one of the call, and whoever catches it goes on where it was.
CREATE ROLE regress_bulk;
GRANT USAGE ON SCHEMA shop TO regress_bulk;
CREATE TABLE pg_temp.steps (step text);
GRANT ALL ON pg_temp.steps TO regress_bulk;
SET ROLE regress_bulk;
DO $$
BEGIN
    INSERT INTO steps VALUES ('before');
    FOR n IN 1 .. 3 LOOP
        BEGIN
            INSERT INTO steps VALUES ('taken back');
            PERFORM profiles.ingest_bulk('shop', '[{"device_id": "a"}]');
        EXCEPTION WHEN insufficient_privilege THEN
            INSERT INTO steps VALUES (SQLERRM);
        END;
    END LOOP;
END $$;
RESET ROLE;
SELECT * FROM pg_temp.steps;
DROP OWNED BY regress_bulk;
DROP ROLE regress_bulk;

-- The property: random requests, among them merges, retries, late and faulty ones, leave the same in
-- an app that takes them in bulks as in one that takes them one after the other.
SELECT profiles.create_app('one', settings => '{"purchase_events": ["paid"], "custom_property_limit": 5}') IS NOT NULL,
       profiles.create_app('bulk', settings => '{"purchase_events": ["paid"], "custom_property_limit": 5}') IS NOT NULL;
\getenv tree PROFILES_TREE
\set random_requests :tree '/test/data/random-requests.sql'
\set ECHO none
\i :random_requests
\set ECHO all
SELECT setseed(0.5) \g /dev/null
CREATE TABLE pg_temp.sent (round integer, number integer, request jsonb);
INSERT INTO pg_temp.sent SELECT n / 60, n, pg_temp.random_request(n, 9) FROM generate_series(0, 1799) AS n;
-- a tenth is sent again, at once or later
UPDATE pg_temp.sent AS again SET request = first.request FROM pg_temp.sent AS first
 WHERE again.number % 10 = 7 AND first.number = again.number - 1 - again.number % 70 / 10 * 9;
CREATE FUNCTION pg_temp.one_after_the_other(request jsonb) RETURNS profiles.ingest_result LANGUAGE plpgsql AS $$
BEGIN
    RETURN profiles.ingest('one', request);
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN (NULL, 'failed', SQLERRM, '[]')::profiles.ingest_result;
END $$;
CREATE TABLE pg_temp.answers_one AS
    SELECT sent.number, answer.* FROM (SELECT * FROM pg_temp.sent ORDER BY number) AS sent, LATERAL pg_temp.one_after_the_other(sent.request) AS answer;
CREATE TABLE pg_temp.answers_bulk AS
    SELECT numbers[answer.at] AS number, answer.uid, answer.status, answer.reason, answer.skipped
      FROM (SELECT round, jsonb_agg(request ORDER BY number) AS requests, array_agg(number ORDER BY number) AS numbers
              FROM pg_temp.sent GROUP BY round ORDER BY round) AS rounds,
           LATERAL profiles.ingest_bulk('bulk', rounds.requests) WITH ORDINALITY AS answer (uid, status, reason, skipped, at);
SELECT status, count(*), count(DISTINCT skipped) > 3 AS skips FROM pg_temp.answers_one GROUP BY 1 ORDER BY 1;
SELECT * FROM pg_temp.answers_one EXCEPT SELECT * FROM pg_temp.answers_bulk;
SELECT * FROM pg_temp.answers_bulk EXCEPT SELECT * FROM pg_temp.answers_one;
SELECT what, count(*) > 0 AS some FROM pg_temp.whole_app('one') GROUP BY 1 ORDER BY 1;
SELECT 'one', * FROM (SELECT * FROM pg_temp.whole_app('one') EXCEPT SELECT * FROM pg_temp.whole_app('bulk')) AS x;
SELECT 'bulk', * FROM (SELECT * FROM pg_temp.whole_app('bulk') EXCEPT SELECT * FROM pg_temp.whole_app('one')) AS x;
SET client_min_messages = warning;
SELECT profiles.drop_app('shop'), profiles.drop_app('one'), profiles.drop_app('bulk');
