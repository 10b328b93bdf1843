-- export_user and purge_user: what is kept about a user, and that nothing of it stays.
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;
SELECT profiles.create_app('shop', settings => '{"purchase_events": ["paid"]}') IS NOT NULL;
CREATE FUNCTION pg_temp.at(seconds numeric, device text, parameters jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', r.uid, r.status, nullif(r.skipped, '[]'))
      FROM profiles.ingest('shop', jsonb_build_object('device_id', device, 'timestamp', ((1700000000 + seconds) * 1000)::bigint) || parameters) AS r
$$;
-- Every row of every table of the app whose text has it, in any column.
CREATE FUNCTION pg_temp.traces(pattern text) RETURNS TABLE (name text, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR name IN SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' ORDER BY 1 LOOP
        EXECUTE format('SELECT count(*) FROM shop.%I AS t WHERE t::text ~ $1', name) INTO rows USING pattern;
        IF rows > 0 THEN RETURN NEXT; END IF;
    END LOOP;
END $$;
CREATE FUNCTION pg_temp.rows_of(who bigint) RETURNS TABLE (name text, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR name IN SELECT t.name FROM profiles.user_tables('shop') AS t LOOP
        EXECUTE format('SELECT count(*) FROM shop.%I AS t WHERE t.uid = $1 OR to_jsonb(t) -> ''from_uid'' = to_jsonb($1)', name) INTO rows USING who;
        IF rows > 0 THEN RETURN NEXT; END IF;
    END LOOP;
END $$;

-- Ada, under three devices, two of them merged; and somebody who shares a crash and a value.
SELECT pg_temp.at(0, 'ada-phone', '{"begin_session": 1, "country_code": "FR", "ip_address": "192.0.2.7", "metrics": {"_os": "Android", "_app_version": "1.0"}, "user_details": {"name": "Ada Secret", "email": "secret@example.org", "custom": {"plan": "pro", "pet": "secret cat"}}}');
SELECT pg_temp.at(1, 'ada-phone', '{"events": [{"key": "paid", "sum": 5, "segmentation": {"note": "secret note"}}], "user_details": {"custom": {"pet": "secret dog"}}}');
SELECT pg_temp.at(2, 'ada-phone', '{"crash": {"_error": "boom secret", "_os": "Android"}}');
SELECT pg_temp.at(3, 'ada-phone', '{"crash": {"_error": "shared", "_os": "Android"}}');
SELECT pg_temp.at(4, 'ada-phone', '{"crash": {"_error": "shared", "_os": "Android"}}');
SELECT pg_temp.at(5, 'ada-phone', '{"consent": {"users": true}, "token_session": 1, "android_token": "secret-token"}');
SELECT pg_temp.at(6, 'ada-phone', '{"method": "ab", "keys": ["k1"]}');
SELECT pg_temp.at(7, 'bob', '{"begin_session": 1, "user_details": {"name": "Bob", "custom": {"plan": "pro"}}, "events": [{"key": "visit"}]}');
SELECT pg_temp.at(8, 'bob', '{"crash": {"_error": "shared", "_os": "Android"}, "consent": {"users": true}, "token_session": 1, "android_token": "b"}');
SELECT pg_temp.at(9, 'bob', '{"method": "ab", "keys": ["k1"]}');
SELECT pg_temp.at(10, 'ada-web', '{"events": [{"key": "visit"}], "user_details": {"custom": {"first": "secret page"}}}');
SELECT pg_temp.at(11, 'ada-tv', '{"events": [{"key": "watch"}]}');
SELECT pg_temp.at(12, 'ada-web', '{"old_device_id": "ada-phone"}');
SELECT pg_temp.at(13, 'ada-tv', '{"old_device_id": "ada-web"}');
SELECT profiles.refresh_properties('shop');
SELECT name, samples FROM shop.properties WHERE name IN ('name', 'custom.pet', 'custom.plan', 'custom.first') ORDER BY 1;
-- the sample of an older value
SELECT pg_temp.at(14, 'ada-tv', '{"user_details": {"custom": {"pet": "secret fish"}}}');
SELECT uid, device_id FROM shop.users ORDER BY uid;
SELECT 'the app knows', name, rows FROM pg_temp.traces('secret|ada-');

-- What is exported
SELECT uid AS ada FROM shop.devices WHERE device_id = 'ada-tv' \gset
SELECT profiles.export_user('shop', :ada) AS export \gset
SELECT jsonb_object_agg(key, CASE jsonb_typeof(value) WHEN 'array' THEN to_jsonb(jsonb_array_length(value)) ELSE '"-"' END) FROM jsonb_each(:'export');
SELECT :'export'::jsonb #> '{users,0,profile,custom}', :'export'::jsonb #> '{users,0,consent}', :'export'::jsonb #> '{users,0,purchase_total}';
SELECT :'export'::jsonb #> '{push_tokens,0,token}', :'export'::jsonb #> '{consent_log,0,after}';
SELECT jsonb_agg(device -> 'device_id' ORDER BY device -> 'device_id') FROM jsonb_array_elements(:'export'::jsonb -> 'devices') AS device;
SELECT event ->> 'key', event -> 'sum', event #> '{profile,custom,pet}' FROM jsonb_array_elements(:'export'::jsonb -> 'events') AS event WHERE event ->> 'key' !~ 'CLY';
SELECT :'export' ~ 'recent_requests';

-- A table of the owner's, too; one whose uid is something else is not touched.
CREATE TABLE shop."Own notes" (uid bigint, bucket integer, note text);
INSERT INTO shop."Own notes" VALUES (:ada, 0, 'secret'), (2, 0, 'stays');
CREATE TABLE shop.other_uids (uid text, bucket integer);
INSERT INTO shop.other_uids VALUES (:'ada', 0);

SELECT jsonb_agg(to_jsonb(u) ORDER BY uid) AS others FROM shop.users AS u WHERE uid <> :ada \gset
SELECT profiles.purge_user('shop', :ada);
SELECT 'left', name, rows FROM pg_temp.traces('secret|ada-|192\.0\.2');
SELECT 'left', name, rows FROM generate_series(1, 4) AS who, pg_temp.rows_of(who) WHERE who <> 2;
SELECT * FROM shop.other_uids;
-- The others are as they were.
SELECT jsonb_agg(to_jsonb(u) ORDER BY uid) = :'others' FROM shop.users AS u;
SELECT * FROM pg_temp.rows_of(2);
SELECT name, users, reports FROM shop.crash_groups;
SELECT name, samples FROM shop.properties WHERE name IN ('name', 'custom.pet', 'custom.plan', 'custom.first') ORDER BY 1;
SELECT uid, count(*) FROM shop.events GROUP BY uid;
SELECT sum(users) FROM profiles.segmentation('shop', 'paid', period => 'all');
SELECT profiles.undo_merge('shop', 1);

-- Devices that go on are new users, and so is a request that was sent before.
SELECT pg_temp.at(14, 'ada-tv', '{"user_details": {"custom": {"pet": "secret fish"}}}');
SELECT pg_temp.at(20, 'ada-phone', '{"old_device_id": "ada-web", "events": [{"key": "visit"}]}');
SELECT uid, device_id, profile, event_count, merges FROM shop.users WHERE uid > 2 ORDER BY uid;

-- A merge that was undone: the record of it goes with either, the other user stays.
SELECT pg_temp.at(30, 'x', '{"user_details": {"name": "Xenia"}}');
SELECT pg_temp.at(31, 'y', '{"user_details": {"name": "Yana"}}');
SELECT pg_temp.at(32, 'y', '{"old_device_id": "x"}');
SELECT max(merge) AS merge FROM shop.merges \gset
SELECT uid AS y FROM shop.devices WHERE device_id = 'y' \gset
SELECT profiles.undo_merge('shop', :merge) AS x \gset
SELECT profiles.purge_user('shop', :x);
SELECT 'left', name, rows FROM pg_temp.traces('Xenia');
SELECT uid = :y, name FROM shop.people WHERE name = 'Yana';

-- Blocks: events of others stay as they were, those of a user who was merged go under the old number, too.
SELECT pg_temp.at(50 + n, device, jsonb_build_object('events', jsonb_build_array(jsonb_build_object('key', 'cold', 'sum', n))))
  FROM unnest('{"e-old","f","e-new","g"}'::text[]) WITH ORDINALITY AS each (device, n);
SET client_min_messages = warning;
CALL profiles.compact('shop');
SELECT pg_temp.at(60, 'e-new', '{"old_device_id": "e-old", "events": [{"key": "hot"}]}');
SELECT uid AS e FROM shop.devices WHERE device_id = 'e-new' \gset
SELECT count(*) FROM shop.moved_events;
SELECT key, sum FROM shop.events WHERE uid = :e AND key !~ 'CLY' ORDER BY ts;
SELECT jsonb_agg(to_jsonb(e) ORDER BY e.uid, e.ts, e.key) AS others FROM shop.events AS e WHERE uid <> :e \gset
INSERT INTO shop.inbox (request) VALUES ('{"device_id": "e-new"}'), ('{"device_id": "h", "old_device_id": "e-old"}'), ('{"device_id": "h"}');
INSERT INTO shop.inbox_errors (id, request, received_at, status, skipped) VALUES (99, '{"device_id": "e-old"}', now(), 'failed', '[]');
SELECT pg_temp.at(61, 'e-new', '{}');
SELECT profiles.purge_user('shop', :e);
SELECT 'left', name, rows FROM pg_temp.traces('e-new|e-old');
SELECT count(*) FROM shop.event_blocks AS b, profiles.event_block_rows(b.data) AS e WHERE e.device_id ~ '^e-' OR e.uid = :e;
SELECT jsonb_agg(to_jsonb(e) ORDER BY e.uid, e.ts, e.key) = :'others' FROM shop.events AS e;
SELECT count(*) FROM shop.moved_events;
SELECT request FROM shop.inbox;
RESET client_min_messages;

-- Errors
SELECT profiles.purge_user('shop', :x);
SELECT profiles.export_user('shop', 99);
SELECT profiles.purge_user('shop', NULL);
SELECT profiles.purge_user('no such app', 1);
SELECT pg_temp.at(40, 'z', '{}');
SELECT pg_temp.at(41, 'y', '{"old_device_id": "z"}');
SELECT profiles.purge_user('shop', from_uid) FROM shop.merges;
CREATE ROLE regress_reader;
GRANT USAGE ON SCHEMA shop TO regress_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO regress_reader;
SET ROLE regress_reader;
SELECT profiles.export_user('shop', 2) IS NOT NULL;
SELECT profiles.purge_user('shop', 2);
RESET ROLE;
DROP OWNED BY regress_reader;
DROP ROLE regress_reader;
SET client_min_messages = warning;
SELECT profiles.drop_app('shop');
-- a block of one user goes
SELECT profiles.create_app('one') IS NOT NULL;
SELECT status FROM profiles.ingest('one', '{"device_id": "d", "events": [{"key": "cold"}]}');
CALL profiles.compact('one');
SELECT count(*) FROM one.event_blocks;
SELECT profiles.purge_user('one', 1);
SELECT count(*) FROM one.event_blocks;
SELECT profiles.drop_app('one');
