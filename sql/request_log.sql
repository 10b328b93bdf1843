-- The log of requests: what came lately, and what became of it.
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;
\set SHOW_CONTEXT never
SELECT profiles.create_app('shop', settings => '{"request_log_limit": 5}') IS NOT NULL;
CREATE FUNCTION send(seconds integer, request jsonb DEFAULT '{}', device text DEFAULT 'd') RETURNS text LANGUAGE sql AS $$
    SELECT status FROM profiles.ingest('shop', jsonb_build_object('device_id', device, 'timestamp', 1700000000 + seconds) || request) $$;
-- Off: nothing is written.
SELECT send(1, '{"begin_session": 1}');
SELECT count(*) FROM shop.request_log;

-- On: also duplicates, what is ignored or refused, and what fails in a bulk.
SELECT profiles.configure_app('shop', '{"request_log": "on"}');
SELECT send(2, '{"country_code": "DE", "city": "Berlin", "sdk_name": "js", "sdk_version": "25.4", "metrics": {"_os": "Web", "_app_version": "1.2"},
                 "token_session": 1, "android_token": "t0k3n", "ip_address": "81.2.69.142", "app_key": "k3y", "api_key": "k3y",
                 "events": [{"key": "buy"}, {}], "user_details": {"custom": {"n": {"$inc": "x"}}}}');
SELECT send(2, '{"country_code": "DE", "city": "Berlin", "sdk_name": "js", "sdk_version": "25.4", "metrics": {"_os": "Web", "_app_version": "1.2"},
                 "token_session": 1, "android_token": "t0k3n", "ip_address": "81.2.69.142", "app_key": "k3y", "api_key": "k3y",
                 "events": [{"key": "buy"}, {}], "user_details": {"custom": {"n": {"$inc": "x"}}}}');
SELECT send(3, '{"checksum256": "s3cret", "query_string": "s3cret"}', '00000000-0000-0000-0000-000000000000');
SELECT uid, device_id, sdk_name, sdk_version, app_version, platform, country, city, parts, status, reason, jsonb_array_length(skipped),
       request_ts, now() - ts BETWEEN '-1 minute' AND '1 minute' FROM shop.request_log ORDER BY id;
SELECT request FROM shop.request_log ORDER BY id;
SELECT profiles.configure_app('shop', '{"salt": "pepper"}');
SELECT send(4, '{"checksum": "s3cret", "query_string": "s3cret"}');
SELECT profiles.configure_app('shop', '{"salt": null}');
-- What raises an error leaves nothing.
SELECT profiles.ingest('shop', '{"timestamp": 1700000005}');
SELECT status FROM profiles.ingest_bulk('shop', '[{"timestamp": 1700000006}, "text", {"device_id": "e", "timestamp": 1700000007, "old_device_id": "d", "events": [{"key": "x"}]}]');
-- Five rows are kept.
SELECT uid, device_id, country, parts, CASE WHEN jsonb_typeof(request) = 'object' THEN request - 'timestamp' ELSE request END, status, reason FROM shop.request_log ORDER BY id;
SELECT count(*) FROM profiles.ingest_bulk('shop', (SELECT jsonb_agg(jsonb_build_object('device_id', 'f', 'timestamp', 1700000010 + n)) FROM generate_series(1, 8) AS n));
SELECT device_id, request_ts FROM shop.request_log ORDER BY id;
SELECT profiles.configure_app('shop', '{"request_log_limit": 3}');
SELECT send(20, '{}', 'f');
SELECT device_id, request_ts FROM shop.request_log ORDER BY id;

-- A long request is not kept whole, a long parameter is its length.
SELECT send(21, jsonb_build_object('note', repeat('x', 20000), 'city', 'Berlin'), 'f');
SELECT send(22, (SELECT jsonb_object_agg('note' || n, repeat('x', 10000)) FROM generate_series(1, 7) AS n), 'f');
SELECT request FROM shop.request_log WHERE request_ts >= '2023-11-14 22:13:41+00' ORDER BY id;
SELECT profiles.blanked_request(j) FROM unnest('{"[]","1","{}"}'::jsonb[]) AS j;

-- Automatic: rests while all rows are of one minute.
SELECT profiles.configure_app('shop', '{"request_log": "automatic"}');
SELECT send(30, '{}', 'f'), send(31, '{}', 'f'), send(32, '{}', 'f');
SELECT max(request_ts) FROM shop.request_log;
TRUNCATE shop.request_log;
SELECT profiles.create_app('quiet', settings => '{"request_log": "automatic", "request_log_limit": 4}') IS NOT NULL;
SELECT status FROM generate_series(1, 6) AS n, LATERAL profiles.ingest('quiet', jsonb_build_object('device_id', 'a', 'timestamp', 1700000000 + n)) AS answer;
SELECT extract(epoch FROM request_ts) - 1700000000 FROM quiet.request_log ORDER BY id;
-- in a backend that has not seen it full: the first row is older now
\c -
SET search_path = pg_catalog, public;
UPDATE quiet.request_log SET ts = ts - interval '61 seconds' WHERE id = 1;
SELECT status FROM generate_series(7, 9) AS n, LATERAL profiles.ingest('quiet', jsonb_build_object('device_id', 'a', 'timestamp', 1700000000 + n)) AS answer;
SELECT extract(epoch FROM request_ts) - 1700000000 FROM quiet.request_log ORDER BY id;

-- One user alone, whatever the app does.
SELECT profiles.configure_app('shop', '{"request_log": null, "request_log_limit": null}');
SELECT profiles.log_user('shop', 1);
SELECT send(40), send(41, '{}', 'e'), send(42, '{}', 'f');
SELECT count(*) FROM profiles.ingest_bulk('shop', '[{"device_id": "f", "timestamp": 1700000050}, {"device_id": "d", "timestamp": 1700000051}]');
SELECT uid, device_id, request_ts FROM shop.request_log ORDER BY id;
COPY shop.inbox (request) FROM STDIN;
{"device_id": "d", "timestamp": 1700000060, "session_duration": 5}
\.
CALL profiles.drain('shop');
SELECT parts, status FROM shop.request_log ORDER BY id DESC LIMIT 1;
SELECT jsonb_array_length(profiles.debug_user('shop', 1) -> 'latest_requests');
SELECT profiles.log_user('shop', 1, false), send(61);
SELECT count(*) FROM shop.request_log;
SELECT profiles.log_user('shop', 99);
SELECT profiles.log_user('shop', NULL);
SELECT profiles.log_user('no such app', 1);

-- It goes with its user, also what a device sent before it was that user's, and what was refused.
SELECT jsonb_array_length(profiles.export_user('shop', 1) -> 'request_log');
SELECT profiles.purge_user('shop', 1) -> 'request_log';
SELECT count(*) FROM shop.request_log;

-- What is no setting
SELECT profiles.configure_app('shop', '{"request_log": "maybe"}');
SELECT profiles.configure_app('shop', '{"request_log": true}');
SELECT profiles.configure_app('shop', '{"request_log_limit": 0}');
SELECT profiles.configure_app('shop', '{"request_log_limit": 100001}');
-- Without the right to write it there is an error only when there is something to write.
CREATE ROLE regress_gateway;
GRANT USAGE ON SCHEMA shop TO regress_gateway;
GRANT SELECT, INSERT, UPDATE ON shop.users, shop.devices TO regress_gateway;
GRANT INSERT ON shop.event_batches TO regress_gateway;
GRANT USAGE ON SEQUENCE shop.users_uid_seq TO regress_gateway;
SET ROLE regress_gateway;
SELECT status FROM profiles.ingest('shop', '{"device_id": "g", "timestamp": 1700000000}');
RESET ROLE;
SELECT profiles.configure_app('shop', '{"request_log": "on"}');
SET ROLE regress_gateway;
SELECT status FROM profiles.ingest('shop', '{"device_id": "g", "timestamp": 1700000001}');
RESET ROLE;
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.request_log TO regress_gateway;
SET ROLE regress_gateway;
SELECT status FROM profiles.ingest('shop', '{"device_id": "g", "timestamp": 1700000001}');
RESET ROLE;
SELECT count(*) FROM shop.request_log;
SET client_min_messages = warning;
SELECT profiles.drop_app('shop'), profiles.drop_app('quiet');
DROP FUNCTION send(integer, jsonb, text);
DROP OWNED BY regress_gateway;
DROP ROLE regress_gateway;
