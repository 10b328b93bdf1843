-- debug_user: what there is of a user, to be passed on.
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;
SELECT profiles.create_app('shop') IS NOT NULL;
SELECT count(*) FROM profiles.ingest_bulk('shop', '[
    {"device_id": "a", "timestamp": 1700000000, "begin_session": 1, "user_details": {"name": "Ada", "email": "a@example.com", "custom": {"pin": 1234}}, "events": [{"key": "x"}, {"key": "y"}]},
    {"device_id": "b", "timestamp": 1700000001, "crash": {"_error": "E"}, "token_session": 1, "android_token": "secret token"},
    {"device_id": "b", "timestamp": 1700000002, "old_device_id": "a", "consent": {"users": true}, "method": "ab", "keys": ["k"]}]');
SELECT profiles.configure_property('shop', 'custom.pin', hidden => true);
SELECT key, jsonb_typeof(value) FROM jsonb_each(profiles.debug_user('shop', 2)) ORDER BY key;
SELECT key, value FROM jsonb_each(profiles.debug_user('shop', 2)) WHERE key IN ('app', 'settings', 'devices', 'crashes', 'push_tokens', 'enrolments', 'consents') ORDER BY key;
SELECT jsonb_path_query_array(profiles.debug_user('shop', 2), '$.latest_batches[*].events');
SELECT debug #> '{user,profile}', debug #> '{user,id}', debug #> '{user,remembered_requests}', debug #> '{user,merges}',
       debug #> '{merges,0,from_uid}', debug #> '{batches,count}', debug #> '{batches,first_ts}', debug::text ~ 'secret|1234' AS leaks
  FROM profiles.debug_user('shop', 2) AS debug;
-- the other user has nothing of it, and is gone
SELECT profiles.debug_user('shop', 1);
SELECT profiles.debug_user('shop', 99), profiles.debug_user('shop', 0);
SELECT profiles.debug_user('shop', -1);
SELECT profiles.debug_user('shop', 9223372036854775807);
SELECT profiles.debug_user('shop', NULL);
SELECT profiles.debug_user('no such app', 1);
-- elsewhere such a number is nobody's, too
\set VERBOSITY terse
SELECT profiles.export_user('shop', -1);
SELECT profiles.export_user('shop', 9223372036854775807);
SELECT profiles.purge_user('shop', 9223372036854775807);
SELECT profiles.purge_user('shop', 140737488355328);
SELECT profiles.log_user('shop', 9223372036854775807);
SELECT profiles.profile_at('shop', 9223372036854775807, '2024-01-01 00:00+00'), 1;
\set VERBOSITY default
SELECT profiles.profile_at('shop', 1, '2024-01-01 00:00+00');
-- a user who only sent a heartbeat
SELECT uid FROM profiles.ingest('shop', '{"device_id": "c", "timestamp": 1700000000}');
SELECT debug -> 'merges', debug -> 'batches', debug -> 'latest_batches', debug -> 'push_tokens', debug -> 'crashes' FROM profiles.debug_user('shop', 3) AS debug;
SET client_min_messages = warning;
SELECT profiles.drop_app('shop');
