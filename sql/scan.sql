-- The tables events and sessions: the same rows as an unpacking of everything, whatever is asked, in both tiers.
\pset format unaligned
\pset tuples_only
SET search_path = public, profiles;
SET client_min_messages = warning;
SET jit = off;
SELECT length(create_app('shop', 'Europe/Berlin'));
-- of an unfinished session some properties have expired
SELECT configure_property('shop', 'custom.level', expires => '30 days');

-- The definition that says what the rows are: everything unpacked, batch by batch.
CREATE VIEW unpacked AS
SELECT batches.uid, event.ts, event.key, event.count, event.sum, event.dur, event.segmentation,
       batches.profile ->> 'country' AS country, batches.profile ->> 'region' AS region, batches.profile ->> 'city' AS city,
       batches.profile ->> 'platform' AS platform, batches.profile ->> 'platform_version' AS platform_version,
       batches.profile ->> 'app_version' AS app_version, batches.profile ->> 'device' AS device,
       batches.profile ->> 'device_type' AS device_type, batches.profile ->> 'manufacturer' AS manufacturer,
       batches.profile ->> 'resolution' AS resolution, batches.profile ->> 'carrier' AS carrier,
       batches.profile ->> 'language' AS language, batches.profile ->> 'browser' AS browser,
       batches.profile ->> 'browser_version' AS browser_version, batches.profile ->> 'source' AS source,
       batches.profile ->> 'source_channel' AS source_channel, batches.device_id, batches.profile
  FROM (SELECT uid, device_id, profile, events FROM shop.batches
        UNION ALL
        SELECT uid, device_id, coalesce(live_profile(profile, expiry, now()), profile), unfinished_session(session_id, session_start, session_duration, session_events)
          FROM shop.users WHERE session_start IS NOT NULL) AS batches,
       LATERAL event_list_each(batches.events) AS event;
CREATE VIEW unpacked_sessions AS
SELECT uid, ts, dur, (segmentation ->> 'events')::bigint AS events, segmentation ->> 'session_id' AS session_id,
       segmentation ->> 'ended' = 'true' AS closed, country, region, city, platform, platform_version, app_version, device,
       device_type, manufacturer, resolution, carrier, language, browser, browser_version, source, source_channel, device_id, profile
  FROM unpacked WHERE key = '[CLY]_session';
-- The columns are the same ones, in the same order.
SELECT attrelid::regclass, count(*) FROM (
    SELECT attrelid, attnum, attname, atttypid, attcollation FROM pg_attribute WHERE attnum > 0 AND attrelid IN ('shop.events'::regclass, 'shop.sessions'::regclass)
    EXCEPT
    SELECT CASE attrelid WHEN 'unpacked'::regclass THEN 'shop.events'::regclass ELSE 'shop.sessions'::regclass END, attnum, attname, atttypid, attcollation
      FROM pg_attribute WHERE attrelid IN ('unpacked'::regclass, 'unpacked_sessions'::regclass)) AS differ GROUP BY 1;

\getenv tree PROFILES_TREE
\set random_events :tree '/test/data/random-events.sql'
\set ECHO none
\i :random_events
\set ECHO all
CREATE FUNCTION pg_temp.fill(round int, requests int) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(DISTINCT (ingest('shop', pg_temp.request(round, n))).status, ',') FROM generate_series(1, requests) AS n
$$;

-- Each question is asked of both; the answers are compared as texts, with everything in them.
CREATE TEMP TABLE questions (n int GENERATED ALWAYS AS IDENTITY, question text);
INSERT INTO questions (question) VALUES
    ('SELECT *, profile::text FROM %s'),
    ('SELECT count(*) FROM %s'),
    ('SELECT country, count(*), count(DISTINCT uid), sum(sum) FROM %s WHERE key = ''buy'' GROUP BY 1'),
    ('SELECT uid, ts, sum, dur, count FROM %s WHERE country = ''DE'' AND key <> ''view'''),
    ('SELECT uid, key FROM %s WHERE country IN (''DE'', ''FR'') OR country IS NULL'),
    ('SELECT uid FROM %s WHERE country NOT IN (''DE'', ''FR'')'),
    ('SELECT uid, device_id FROM %s WHERE device_id LIKE ''d1%%'' AND uid < 20'),
    ('SELECT uid FROM %s WHERE uid = 5'),
    ('SELECT uid, profile::text, segmentation FROM %s WHERE uid = ANY (''{3,9,12}'')'),
    ('SELECT uid FROM %s WHERE uid > 10 AND 20 >= uid'),
    ('SELECT uid FROM %s WHERE uid = NULL::bigint'),
    ('SELECT ts FROM %s WHERE ts >= ''2023-11-20 10:00:00.5+00'' AND ts < ''2023-12-05''::date'),
    ('SELECT ts FROM %s WHERE ts > ''2023-11-30''::timestamp'),
    ('SELECT ts, key FROM %s WHERE ts = ''2023-11-14 22:13:20+00'' OR ts BETWEEN ''2023-12-01'' AND ''infinity'''),
    ('SELECT ts FROM %s WHERE ''2023-11-25'' > ts AND ts > ''-infinity'''),
    ('SELECT date_trunc(''day'', ts), count(*) FROM %s WHERE extract(dow FROM ts) = 3 GROUP BY 1'),
    ('SELECT uid FROM %s WHERE profile ->> ''custom.plan'' = ''pro'''),
    ('SELECT profile ->> ''custom.plan'', profile ->> ''custom.level'', profile -> ''custom.tags'', count(*) FROM %s GROUP BY 1, 2, 3'),
    ('SELECT profile ->> ''custom.address.zip'', profile ->> ''up.cc'', profile -> ''custom'', profile ->> ''custom.nothing'' FROM %s'),
    ('SELECT (profile ->> ''custom.level'')::int + 1 FROM %s WHERE (profile ->> ''custom.level'')::int > 4'),
    ('SELECT uid FROM %s WHERE profile @@ ''{"country": "DE", "custom.plan": {"$in": ["pro", null]}}'''),
    ('SELECT uid FROM %s WHERE ''{"$or": [{"country": "FR"}, {"custom.address.zip": {"$lte": 1}}]}'' @@ profile AND key = ''buy'''),
    ('SELECT uid FROM %s WHERE profile @@ ''{"custom": {"$exists": false}}'''),
    ('SELECT uid FROM %s WHERE profile @@ NULL'),
    ('SELECT uid FROM %s WHERE profile @> ''{"country": "DE"}'' AND profile ? ''custom.plan'''),
    ('SELECT segmentation ->> ''item'', segmentation -> ''n'', count(*) FROM %s GROUP BY 1, 2'),
    ('SELECT uid FROM %s WHERE segmentation ->> ''item'' = ''pen'' OR (segmentation ->> ''n'')::numeric > 2'),
    ('SELECT uid FROM %s WHERE segmentation @> ''{"item": "book"}'' AND segmentation -> ''deep'' IS NULL'),
    ('SELECT sum FROM %s WHERE sum > 100 AND dur = 0'),
    ('SELECT count FROM %s WHERE count IN (1, 3) AND (dur > 2.25 OR sum < 0.5)'),
    ('SELECT uid FROM %s WHERE (country = ''DE'' AND key = ''buy'') OR (uid < 5 AND NOT (key = ''view'' AND country = ''FR''))'),
    ('SELECT uid FROM %s WHERE country || key = ''DEbuy'' AND coalesce(city, country) = ''DE'''),
    ('SELECT uid FROM %s WHERE nullif(1, 1) = 1'),
    ('SELECT uid FROM %s WHERE platform IS NULL AND country IS NOT NULL'),
    ('SELECT uid FROM %s WHERE uid IN (SELECT uid FROM shop.users WHERE uid %% 3 = 0)'),
    ('SELECT uid FROM %s WHERE country = (SELECT ''D'' || ''E'') AND uid <> ALL (ARRAY(SELECT 4::bigint))'),
    ('SELECT u.uid, e.ts FROM shop.users AS u LEFT JOIN %s AS e ON e.uid = u.uid AND e.key = ''buy'''),
    ('SELECT u.uid, e.n, e.last FROM shop.users AS u, LATERAL (SELECT count(*) AS n, max(ts) AS last FROM %s AS e WHERE e.uid = u.uid) AS e'),
    ('SELECT e, to_jsonb(e) FROM %s AS e WHERE country = ''DE'''),
    ('SELECT row_number() OVER (PARTITION BY uid ORDER BY ts, key, sum), lag(key) OVER (PARTITION BY uid ORDER BY ts, key, sum) FROM %s'),
    ('SELECT DISTINCT country, key FROM %s WHERE key ~ ''^\[CLY\]'''),
    ('SELECT a.uid, count(*) FROM %1$s AS a JOIN %1$s AS b ON a.uid = b.uid AND a.key = ''buy'' AND b.key = ''view'' AND b.ts > a.ts GROUP BY 1'),
    ('SELECT uid FROM %s WHERE EXISTS (SELECT FROM shop.devices AS d WHERE d.uid = 3) AND uid = 3'),
    ('SELECT count(*), count(country), count(DISTINCT uid), sum(sum), avg(dur), sum(count), avg(count), min(ts), max(ts) FROM %s'),
    ('SELECT count(*), count(DISTINCT uid), sum(sum), max(ts) FROM %s WHERE uid = 5'),
    ('SELECT count(*), count(DISTINCT uid), sum(sum), avg(sum), min(ts), max(ts) FROM %s WHERE key = ''nothing'''),
    ('SELECT key, sum(sum), avg(sum), sum(dur), avg(dur), sum(count), avg(count), min(ts), max(ts) FROM %s GROUP BY 1'),
    ('SELECT country, platform, key, count(*), count(city), count(profile ->> ''custom.plan''), count(DISTINCT uid) FROM %s GROUP BY 1, 2, 3'),
    ('SELECT upper(country) || coalesce(platform, ''?''), length(key), count(DISTINCT uid) FROM %s GROUP BY upper(country), platform, length(key)'),
    ('SELECT date_trunc(''day'', ts) AS day, key, count(*), count(DISTINCT uid), sum(sum) FROM %s GROUP BY 1, 2'),
    ('SELECT uid, count(*), count(DISTINCT uid), sum(dur), max(ts) FROM %s WHERE key <> ''view'' GROUP BY 1'),
    ('SELECT sum, dur, count(*), count(DISTINCT uid) FROM %s GROUP BY 1, 2'),
    ('SELECT ts, uid %% 7, key, count(*) FROM %s GROUP BY 1, 2, 3'),
    ('SELECT segmentation ->> ''item'', segmentation -> ''n'', count(segmentation ->> ''n''), count(DISTINCT uid) FROM %s GROUP BY 1, 2'),
    ('SELECT segmentation, count(*), count(segmentation), count(profile), count(uid), count(sum) FROM %s GROUP BY 1'),
    ('SELECT profile, count(*) FROM %s GROUP BY 1'),
    ('SELECT profile ->> ''custom.address.zip'', profile -> ''custom.tags'', count(*), count(DISTINCT uid) FROM %s WHERE profile @@ ''{"country": "DE"}'' GROUP BY 1, 2'),
    ('SELECT country, count(*) FROM %s GROUP BY 1 HAVING count(*) > 20 AND country IS NOT NULL OR max(ts) > ''2023-12-10'''),
    ('SELECT count(*) FROM %s GROUP BY key, country HAVING sum(sum) > 0'),
    ('SELECT 1 FROM %s GROUP BY key'),
    ('SELECT 2 FROM %s HAVING count(*) > 10'),
    ('SELECT DISTINCT count(DISTINCT uid) + 1 FROM %s GROUP BY device_id, key'),
    ('SELECT rank() OVER (ORDER BY count(*)), sum(count(*)) OVER (), country FROM %s GROUP BY country'),
    ('SELECT country, (SELECT count(*) FROM shop.users WHERE profile ->> ''country'' = e.country) FROM %s AS e GROUP BY country'),
    ('SELECT country, count(*) FILTER (WHERE key = ''buy''), count(DISTINCT key), array_agg(DISTINCT key), max(sum) FROM %s GROUP BY 1'),
    ('SELECT country, key, count(*) FROM %s GROUP BY GROUPING SETS ((country, key), (key), ())'),
    ('SELECT country = ''DE'', count(*) FROM %s WHERE random() >= 0 GROUP BY 1'),
    ('SELECT u.uid, (SELECT count(*) FROM %1$s AS e WHERE e.uid = u.uid), (SELECT string_agg(k, '','' ORDER BY k) FROM (SELECT key || count(*) FROM %1$s AS e WHERE e.uid = u.uid GROUP BY key) AS keys (k)) FROM shop.users AS u'),
    ('SELECT e.uid, count(*) FROM %s AS e JOIN shop.users AS u USING (uid) GROUP BY 1');
CREATE FUNCTION pg_temp.wrong(of text, by text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    asked record;
    differs bigint;
BEGIN
    FOR asked IN SELECT n, format(question, of) AS ours, format(question, by) AS theirs FROM questions ORDER BY n LOOP
        EXECUTE format('SELECT count(*) FROM (SELECT a::text, sum(n) FROM (SELECT row(a.*)::text AS a, 1 AS n FROM (%s) AS a UNION ALL SELECT row(b.*)::text, -1 FROM (%s) AS b) AS x GROUP BY 1 HAVING sum(n) <> 0) AS y',
                       asked.ours, asked.theirs) INTO differs;
        IF differs > 0 THEN
            RETURN NEXT differs || ' rows differ: ' || asked.ours;
        END IF;
    END LOOP;
END
$$;

-- Of sessions the same.
CREATE TEMP TABLE event_questions AS SELECT question FROM questions;
CREATE TEMP TABLE session_questions (question text);
INSERT INTO session_questions VALUES
    ('SELECT *, profile::text FROM %s'),
    ('SELECT count(*), count(*) FILTER (WHERE closed), sum(events), count(DISTINCT session_id) FROM %s'),
    ('SELECT uid, dur, events + 1 FROM %s WHERE closed AND country = ''DE'''),
    ('SELECT session_id FROM %s WHERE NOT closed OR events >= 2'),
    ('SELECT uid, ts FROM %s WHERE ts < ''2023-12-01'' AND profile ->> ''custom.plan'' IS NULL'),
    ('SELECT uid, ts, dur FROM %s WHERE uid = 7'),
    ('SELECT s FROM %s AS s WHERE dur > 1');
CREATE FUNCTION pg_temp.compare() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE questions;
    INSERT INTO questions (question) SELECT question FROM event_questions;
    RETURN QUERY SELECT pg_temp.wrong('shop.events', 'unpacked');
    RETURN NEXT (SELECT count(*) FROM questions) || ' questions of events';
    TRUNCATE questions;
    INSERT INTO questions (question) SELECT question FROM session_questions;
    RETURN QUERY SELECT pg_temp.wrong('shop.sessions', 'unpacked_sessions');
    RETURN NEXT (SELECT count(*) FROM questions) || ' questions of sessions';
END
$$;

-- Before, during and after compaction, with merges of users that blocks know.
SELECT pg_temp.fill(1, 150);
SELECT pg_temp.compare();
CALL compact('shop');
SELECT hot_batches, blocks, block_events > 100 FROM shop.storage;
SELECT pg_temp.compare();
SELECT pg_temp.fill(2, 150);
SELECT hot_batches > 50, blocks, moved_users > 0 FROM shop.storage;
SELECT pg_temp.compare();
SELECT users > 0 FROM compact_moved('shop', -1, 0);
SELECT pg_temp.compare();
CALL compact('shop');
SELECT pg_temp.fill(3, 60);
CALL compact('shop');
SELECT pg_temp.fill(4, 60);
SELECT hot_batches > 20, blocks, moved_users > 0 FROM shop.storage;
SELECT pg_temp.compare();

-- Groups that do not fit the memory are read part by part.
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT pg_temp.compare();
RESET work_mem;
RESET hash_mem_multiplier;

-- By parallel workers, with the leader and without; by joins that ask for one user after the other.
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET enable_hashagg = off;
-- what autovacuum may have done by now, and one way to bring rows together, so that the plan is the same each time
ANALYZE shop.event_blocks, shop.event_batches;
SET enable_gathermerge = off;
EXPLAIN (COSTS off) SELECT country, count(*) FROM shop.events WHERE key = 'buy' GROUP BY 1;
RESET enable_gathermerge;
SELECT pg_temp.compare();
SET parallel_leader_participation = off;
SELECT pg_temp.compare();
RESET parallel_leader_participation;
SET max_parallel_workers_per_gather = 0;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS off) SELECT u.device_id, e.n FROM shop.users AS u, LATERAL (SELECT count(*) AS n FROM shop.events AS e WHERE e.uid = u.uid AND e.key = 'buy') AS e;
SELECT pg_temp.compare();
RESET enable_hashjoin;
RESET enable_mergejoin;

-- The same answers as segmentation.
SELECT count(*) FROM (
    (SELECT country, count(DISTINCT uid), sum(count), sum(sum), sum(dur) FROM shop.events WHERE key = 'buy' AND ts >= '2023-11-20' GROUP BY 1
     EXCEPT SELECT segment[1], users, times, sum, dur FROM segmentation('shop', 'buy', '{}', '{country}', NULL, '[2023-11-20,)'::tstzrange))
    UNION ALL
    (SELECT segment[1], users, times, sum, dur FROM segmentation('shop', 'buy', '{}', '{country}', NULL, '[2023-11-20,)'::tstzrange)
     EXCEPT SELECT country, count(DISTINCT uid), sum(count), sum(sum), sum(dur) FROM shop.events WHERE key = 'buy' AND ts >= '2023-11-20' GROUP BY 1)) AS differ;

-- What a scan takes over: conditions on one column each, put together by AND and OR; other ones stay with the executor.
\pset format aligned
EXPLAIN (COSTS off) SELECT country, count(*), count(DISTINCT uid) FROM shop.events
 WHERE key = 'buy' AND ts > '2023-12-01' AND (profile ->> 'custom.plan' = 'pro' OR uid IN (1, 2)) GROUP BY 1;
EXPLAIN (COSTS off) SELECT profile ->> 'custom.plan' AS plan, segmentation ->> 'item' AS item, count(*) FROM shop.events
 WHERE profile @@ '{"country": "DE", "custom.level": {"$gt": 3}}' GROUP BY 1, 2;
EXPLAIN (COSTS off) SELECT sum(dur) FROM shop.sessions WHERE closed AND country || platform = 'DEiOS' AND random() > 0.5;
EXPLAIN (COSTS off) SELECT e FROM shop.events AS e WHERE uid = 5 AND ts = '2023-12-01' AND country LIKE 'D%';
-- Blocks that cannot have a row are not read.
CREATE FUNCTION pg_temp.blocks(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, FORMAT json) ' || query INTO plan;
    RETURN NEXT format('%s read, %s skipped', plan #>> '{0,Plan,Blocks Read}', plan #>> '{0,Plan,Blocks Skipped}');
END
$$;
SELECT create_app('days') IS NOT NULL AS created;
DO $$
BEGIN
    FOR day IN 1..3 LOOP
        PERFORM ingest('days', format('{"device_id": "d%s", "timestamp": %s, "events": [{"key": "day %s"}]}', n + 10 * day, 1700000000 + 86400 * day + n, day)::jsonb)
           FROM generate_series(1, 5) AS n;
        PERFORM compact_batches('days', 0, 1000000);
    END LOOP;
END
$$;
SELECT first_uid, last_uid, first_ts, keys FROM days.event_blocks ORDER BY block;
SELECT pg_temp.blocks('SELECT FROM days.events');
SELECT pg_temp.blocks('SELECT FROM days.events WHERE ts >= ''2023-11-16''');
SELECT pg_temp.blocks('SELECT FROM days.events WHERE ts < ''2023-11-16'' AND ts > ''2023-11-15 22:00''');
SELECT pg_temp.blocks('SELECT FROM days.events WHERE key LIKE ''%2''');
SELECT pg_temp.blocks('SELECT FROM days.events WHERE uid = 7');
SELECT pg_temp.blocks('SELECT FROM days.events WHERE uid IN (7, 8)');
SELECT pg_temp.blocks('SELECT FROM days.events WHERE uid > 10');
SELECT pg_temp.blocks('SELECT FROM days.events WHERE country IS NULL');
SELECT pg_temp.blocks('SELECT FROM days.events WHERE ts > (SELECT NULL::timestamptz)');
SELECT (ingest('days', '{"device_id": "d11", "old_device_id": "d21", "timestamp": 1700500000}')).status;
SELECT uid, key FROM days.events WHERE key ~ '^day' AND uid = (SELECT uid FROM days.devices WHERE device_id = 'd11') ORDER BY ts;

-- Conditions are asked in their order, and only of values that rows still have: no error of others.
SELECT count(*) > 0 AS found FROM shop.events WHERE key = 'view' AND segmentation ->> 'item' ~ '^\d+$' AND (segmentation ->> 'item')::int = 7;
SELECT count(*) FROM shop.events WHERE (segmentation ->> 'item')::int = 7;

-- Cursors, prepared statements, read-your-writes.
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT uid, key FROM days.events WHERE key ~ '^day' ORDER BY ts;
FETCH 2 FROM c;
SELECT (ingest('days', '{"device_id": "d11", "timestamp": 1700600000, "events": [{"key": "day 9"}]}')).status;
SELECT uid, ts FROM days.events WHERE key = 'day 9';
FETCH LAST FROM c;
FETCH PRIOR FROM c;
ROLLBACK;
SELECT count(*) FROM days.events WHERE key = 'day 9';
SET plan_cache_mode = force_generic_plan;
PREPARE asked (text, bigint, timestamptz) AS SELECT uid, key FROM days.events WHERE key = $1 AND uid > $2 AND ts < $3 ORDER BY uid;
EXECUTE asked('day 2', 7, 'infinity');
EXECUTE asked('day 3', 12, '2023-11-17 23:00');
EXECUTE asked('day 3', 12, NULL);
EXPLAIN (COSTS off) EXECUTE asked('day 3', 0, now());
RESET plan_cache_mode;

-- Rows may be locked beside it, and be changed by what it says.
SELECT u.uid, e.key FROM days.users AS u JOIN days.events AS e USING (uid) WHERE e.key = 'day 1' AND e.platform IS NULL ORDER BY 1 LIMIT 2 FOR UPDATE OF u;
WITH changed AS (UPDATE days.users AS u SET session_views = 1 FROM days.events AS e WHERE e.uid = u.uid AND e.key = 'day 3' RETURNING u.uid)
SELECT count(*) FROM changed;
INSERT INTO days.events (uid) VALUES (1);
UPDATE days.events SET uid = 1;
TRUNCATE days.events;

-- Columns of one's own.
ALTER FOREIGN TABLE shop.events ADD COLUMN plan varchar(3) OPTIONS (property 'custom.plan'), ADD COLUMN level numeric OPTIONS (property 'custom.level'),
    ADD COLUMN tags jsonb OPTIONS (property 'custom.tags'), ADD COLUMN n float8 OPTIONS (segment 'n'), DROP COLUMN browser;
SELECT plan, level, tags, n, count(*) FROM shop.events WHERE n > 1 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT 4;
SELECT count(*) FROM shop.events AS e WHERE e.plan IS DISTINCT FROM (e.profile ->> 'custom.plan') OR e.level::text IS DISTINCT FROM (e.profile ->> 'custom.level')
    OR e.tags IS DISTINCT FROM (e.profile -> 'custom.tags') OR e.n IS DISTINCT FROM (e.segmentation ->> 'n')::float8;
ALTER FOREIGN TABLE shop.events ADD COLUMN nothing text;
SELECT nothing FROM shop.events;
ALTER FOREIGN TABLE shop.events DROP COLUMN nothing, ADD COLUMN wrong text OPTIONS (property 'custom');
SELECT wrong FROM shop.events;
ALTER FOREIGN TABLE shop.events DROP COLUMN wrong;
ALTER FOREIGN TABLE shop.events ADD COLUMN wrong int OPTIONS (name 'x');
CREATE FOREIGN TABLE shop.mine (uid bigint) SERVER profiles;
CREATE FOREIGN TABLE shop.mine (uid bigint) SERVER profiles OPTIONS (relation 'people');
CREATE FOREIGN TABLE public.mine (uid bigint) SERVER profiles OPTIONS (relation 'events');
SELECT * FROM public.mine;
-- tables of the right names, with columns of other types and without values
CREATE SCHEMA like_an_app;
CREATE TABLE like_an_app.event_batches (LIKE shop.event_batches);
CREATE TABLE like_an_app.event_blocks (LIKE shop.event_blocks);
CREATE TABLE like_an_app.moved_events (LIKE shop.moved_events);
CREATE TABLE like_an_app.users (LIKE shop.users);
CREATE FOREIGN TABLE like_an_app.mine (uid bigint, profile profiles.profile, key text) SERVER profiles OPTIONS (relation 'events');
SELECT * FROM like_an_app.mine;
ALTER TABLE like_an_app.event_batches ALTER events TYPE text;
SELECT * FROM like_an_app.mine;
ALTER TABLE like_an_app.event_batches ALTER events TYPE profiles.event_list USING events::profiles.event_list, ALTER uid TYPE text;
SELECT * FROM like_an_app.mine;
ALTER TABLE like_an_app.event_batches ALTER uid TYPE bigint USING 1;
ALTER TABLE like_an_app.event_blocks ALTER data TYPE bytea USING '';
SELECT * FROM like_an_app.mine;
ALTER TABLE like_an_app.event_blocks ALTER data TYPE profiles.event_block USING NULL, ALTER first_uid TYPE text;
SELECT * FROM like_an_app.mine;
ALTER TABLE like_an_app.event_blocks ALTER first_uid TYPE bigint USING 1;
ALTER TABLE like_an_app.users RENAME session_id TO sid;
SELECT * FROM like_an_app.mine;
ALTER TABLE like_an_app.users RENAME sid TO session_id;
ALTER TABLE like_an_app.moved_events ALTER into_uid TYPE text;
SELECT * FROM like_an_app.mine;
ALTER TABLE like_an_app.moved_events ALTER into_uid TYPE bigint USING 1;
ALTER TABLE like_an_app.event_batches ALTER profile DROP NOT NULL;
INSERT INTO like_an_app.event_batches SELECT 1, 0, 1, 'd', now(), now(), now(), NULL, '[{"key": "a", "ts": 1}]';
SELECT * FROM like_an_app.mine;
SELECT * FROM like_an_app.mine WHERE uid = 1;
DROP SCHEMA like_an_app CASCADE;
CREATE SERVER other FOREIGN DATA WRAPPER profiles OPTIONS (host 'x');

-- Statistics.
VACUUM ANALYZE shop.event_batches;
ANALYZE shop.events, shop.sessions;
SELECT relname, reltuples > 50 AS counted FROM pg_class WHERE oid IN ('shop.events'::regclass, 'shop.sessions'::regclass) ORDER BY 1;
SELECT attname, null_frac < 1 AS known, n_distinct <> 0 AS has_values FROM pg_stats
 WHERE schemaname = 'shop' AND tablename = 'events' AND attname IN ('uid', 'ts', 'key', 'country', 'profile', 'plan') ORDER BY 1;
SELECT array_length(most_common_vals::text::text[], 1) FROM pg_stats WHERE schemaname = 'shop' AND tablename = 'events' AND attname = 'plan';
CREATE FUNCTION pg_temp.estimate(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    plan json;
    share numeric;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, TIMING off, SUMMARY off, FORMAT json) ' || query INTO plan;
    share := round((plan #>> '{0,Plan,Plan Rows}')::numeric / greatest((plan #>> '{0,Plan,Actual Rows}')::numeric, 1), 1);
    RETURN CASE WHEN share BETWEEN 0.5 AND 2 THEN 'good' ELSE share::text END;
END
$$;
SELECT pg_temp.estimate('SELECT FROM shop.events') AS all, pg_temp.estimate('SELECT FROM shop.events WHERE key = ''buy''') AS key,
       pg_temp.estimate('SELECT FROM shop.events WHERE country = ''DE'' AND ts > ''2023-12-01''') AS country,
       pg_temp.estimate('SELECT FROM shop.events WHERE profile @@ ''{"custom.plan": "pro"}''') AS plan,
       pg_temp.estimate('SELECT FROM shop.sessions') AS sessions;

-- Who may read what: the grants of the foreign table decide, and those of its owner on the tables behind it.
CREATE ROLE scan_reader;
CREATE ROLE scan_maker;
GRANT USAGE ON SCHEMA shop TO scan_reader, scan_maker;
GRANT SELECT ON shop.events TO scan_reader;
SET ROLE scan_reader;
SELECT count(*) > 100 AS reads FROM shop.events;
SELECT count(*) FROM shop.sessions;
SELECT count(*) FROM shop.event_blocks;
RESET ROLE;
GRANT CREATE ON SCHEMA shop TO scan_maker;
SET ROLE scan_maker;
CREATE FOREIGN TABLE shop.mine (uid bigint) SERVER profiles OPTIONS (relation 'events');
SELECT count(*) FROM shop.mine;
RESET ROLE;
-- A view with a barrier hides what a function that leaks would tell.
CREATE FUNCTION leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
CREATE VIEW barrier WITH (security_barrier) AS SELECT key, country FROM shop.events WHERE country = 'TR' AND key = 'buy';
EXPLAIN (COSTS off) SELECT * FROM barrier WHERE leak(country);
DROP VIEW barrier;
DROP FUNCTION leak(text);
DROP FOREIGN TABLE public.mine, shop.mine;
DROP OWNED BY scan_reader, scan_maker;
DROP ROLE scan_reader, scan_maker;

-- Of the hot tier, conditions on the key are asked once for each key, of which only some are remembered, and anew
-- whenever a parameter changes.
SELECT profiles.create_app('many') IS NOT NULL;
SELECT count(profiles.ingest('many', jsonb_build_object('device_id', 'd' || n, 'timestamp', 1700000000 + n, 'country_code', 'DE', 'events', (
           SELECT jsonb_agg(jsonb_build_object('key', CASE WHEN k = 20 THEN repeat('long', 25) ELSE 'k' || k END, 'sum', n)) FROM generate_series(n, 20) AS k))))
  FROM generate_series(1, 20) AS n;
SELECT count(*), sum(sum) FROM many.events WHERE key LIKE 'k%5';   -- k5 of 1 to 5, k15 of 1 to 15
SELECT count(*) FROM many.events WHERE length(key) = 100 AND sum > 15 AND key <> 'k3';
SELECT count(*) FROM many.events WHERE key = ANY ('{k19,k1}') AND ts < 'infinity' AND uid % 2 = 1 AND country = 'DE';
SELECT k, f, (SELECT count(*) FROM many.events WHERE key = 'k' || k AND ts >= to_timestamp(1700000000 + f)) FROM generate_series(7, 9) AS k, unnest('{1,8,9}'::int[]) AS f;
SELECT count(*) FROM (SELECT key FROM many.events WHERE key > 'k8' LIMIT 3) AS e;
SELECT n, (SELECT count(*) FROM (SELECT key FROM many.events WHERE sum = n LIMIT 2) AS e) FROM generate_series(18, 20) AS n;
SELECT drop_app('many');

-- Nothing is left of who is purged.
SELECT uid FROM shop.events WHERE key = 'buy' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1 \gset
SELECT purge_user('shop', :uid) IS NOT NULL AS purged;
SELECT count(*) FROM shop.events WHERE uid = :uid;
DROP VIEW unpacked_sessions, unpacked;
SELECT drop_app('shop'), drop_app('days');
