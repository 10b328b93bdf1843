-- The inbox: loaded with COPY, taken by drain().
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;
SELECT profiles.create_app('shop', settings => '{"salt": "s"}') IS NOT NULL;
SELECT profiles.configure_app('shop', '{"salt": null}');
CALL profiles.drain('shop');

COPY shop.inbox (request) FROM STDIN;
{"device_id": "a", "timestamp": 1700000000, "events": [{"key": "x"}]}
{"device_id": "b", "timestamp": 1700000000, "events": [{"key": "x"}]}
{"timestamp": 1700000000}
5
null
{"device_id": ""}
{"device_id": "CLYTemporaryDeviceID"}
{"device_id": "a", "timestamp": 1700000000, "colour": "red", "ip_address": "192.0.2.1"}
{"device_id": "b", "old_device_id": "a", "timestamp": 1700000001}
{"device_id": "a", "timestamp": 1700000002, "user_details": {"custom": {"order": {"$push": 1}}}}
{"device_id": "b", "timestamp": 1700000003, "user_details": {"custom": {"order": {"$push": 2}}}}
{"device_id": "a", "timestamp": 1700000004, "user_details": {"custom": {"order": {"$push": 3}}}}
{"device_id": "a", "timestamp": 1700000004, "user_details": {"custom": {"order": {"$push": 3}}}}
\.
CALL profiles.drain('shop');
SELECT count(*) FROM shop.inbox;
SELECT id, status, reason, skipped, request FROM shop.inbox_errors ORDER BY id;
SELECT uid, event_count, merges, profile FROM shop.users;
-- in portions of any size
INSERT INTO shop.inbox (request) SELECT jsonb_build_object('device_id', 'd' || n % 7, 'timestamp', 1700001000 + n, 'user_details',
    jsonb_build_object('custom', jsonb_build_object('order', jsonb_build_object('$push', n))))
    || CASE WHEN n % 20 = 0 THEN jsonb_build_object('old_device_id', 'd' || n / 20) ELSE '{}' END FROM generate_series(1, 100) AS n;
CALL profiles.drain('shop', 1);
SELECT count(*) FROM shop.inbox;
-- Six of the devices become three users, by requests in between; what each of them pushed is in order.
SELECT device_id, (SELECT bool_and(n > before) FROM (SELECT n::integer, lag(n::integer, 1, 0) OVER (ORDER BY at) AS before
       FROM jsonb_array_elements_text(profile::jsonb #> '{custom,order}') WITH ORDINALITY AS pushed (n, at)) AS steps) AS sorted,
       jsonb_array_length(profile::jsonb #> '{custom,order}') FROM shop.users WHERE device_id ~ '^d' ORDER BY 1;

-- What ingest_bulk raises an error for is found one by one.
ALTER TABLE shop.users ADD CONSTRAINT no_eve CHECK (NOT profile::jsonb @> '{"name": "Eve"}');
INSERT INTO shop.inbox (request) VALUES ('{"device_id": "c", "timestamp": 1700002000}'), ('{"device_id": "e", "timestamp": 1700002000, "user_details": {"name": "Eve"}}'),
    ('{"device_id": "c", "timestamp": 1700002001}');
CALL profiles.drain('shop');
SELECT status, reason, request ->> 'device_id' FROM shop.inbox_errors ORDER BY id DESC LIMIT 1;
SELECT count(*) FROM shop.users WHERE device_id IN ('c', 'e');
-- Checksums: what is not signed is refused and kept.
SELECT profiles.configure_app('shop', '{"salt": "s"}');
INSERT INTO shop.inbox (request) VALUES ('{"device_id": "c", "timestamp": 1700003000}');
CALL profiles.drain('shop');
SELECT status, reason FROM shop.inbox_errors ORDER BY id DESC LIMIT 1;

CALL profiles.drain('no such app');
CALL profiles.drain('shop', 0);
CALL profiles.drain('shop', NULL);
BEGIN;
INSERT INTO shop.inbox (request) VALUES ('{"device_id": "c", "timestamp": 1700003001}');
CALL profiles.drain('shop');
ROLLBACK;
-- An error that is no request's own stops it, loses nothing, and leaves nothing behind once it is called again.
CREATE FUNCTION shop.stop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.device_id = 'stop' THEN
        RAISE EXCEPTION 'the disk is full' USING ERRCODE = 'disk_full';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER stop BEFORE INSERT ON shop.users FOR EACH ROW EXECUTE FUNCTION shop.stop();
SELECT profiles.configure_app('shop', '{"salt": null}');
INSERT INTO shop.inbox (request) VALUES ('{"device_id": "first", "timestamp": 1700004000}'), ('{"device_id": "stop", "timestamp": 1700004000}'), ('["device_id"]'), ('{"device_id": "last", "timestamp": 1700004000}');
\set VERBOSITY terse
CALL profiles.drain('shop');
\set VERBOSITY default
SELECT count(*), (SELECT count(*) FROM shop.users WHERE device_id IN ('first', 'last')) FROM shop.inbox;
DROP TRIGGER stop ON shop.users;
CALL profiles.drain('shop');
SELECT count(*), (SELECT count(*) FROM shop.users WHERE device_id IN ('first', 'stop', 'last')) FROM shop.inbox;
SELECT status, reason, request FROM shop.inbox_errors ORDER BY id DESC LIMIT 1;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
SET client_min_messages = warning;
SELECT profiles.drop_app('shop');
