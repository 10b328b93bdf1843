-- The tables events and sessions: the same rows as an unpacking of everything, whatever is asked, in both tiers.
\pset format unaligned
\pset tuples_only
SET search_path = public, profiles;
SET client_min_messages = warning;
SET jit = off;
SELECT length(create_app('shop', 'Europe/Berlin'));

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
        SELECT uid, device_id, profile, unfinished_session(session_id, session_start, session_duration, session_events)
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

-- Requests of many kinds, the same every time.
CREATE FUNCTION pg_temp.pick(seed text, bound int) RETURNS int LANGUAGE sql AS
    $$SELECT (('x' || left(md5(seed), 7))::bit(28)::int) % bound$$;
CREATE FUNCTION pg_temp.event(seed text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'key', (ARRAY['buy','view','[CLY]_view'])[1 + pg_temp.pick(seed || 'k', 3)],
        'timestamp', 1700000000 + pg_temp.pick(seed || 't', 3000000),
        'count', nullif(pg_temp.pick(seed || 'c', 4), 0),
        'sum', CASE pg_temp.pick(seed || 's', 5) WHEN 0 THEN NULL WHEN 1 THEN 0.001 * pg_temp.pick(seed, 10000)
                    WHEN 2 THEN '123456789012345678901234567890.5'::numeric ELSE pg_temp.pick(seed, 500) END,
        'dur', CASE pg_temp.pick(seed || 'd', 3) WHEN 0 THEN pg_temp.pick(seed, 100) / 4.0 END,
        'segmentation', (ARRAY['{"item":"pen","n":1}', '{"item":7}', '{"item":["a","b","a"],"deep":{"x":{"y":2}}}', '{"item":true,"n":2.5}', NULL, '{"item":"book"}'])
                        [1 + pg_temp.pick(seed || 'g', 6)]::jsonb))
$$;
CREATE FUNCTION pg_temp.request(round int, n int) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'device_id', 'd' || pg_temp.pick(seed || 'u', 40), 'timestamp', 1700000000 + 300000 * round + n,
        'country_code', (ARRAY['DE','FR',NULL,'TR'])[1 + pg_temp.pick(seed || 'l', 4)],
        'begin_session', CASE pg_temp.pick(seed || 'b', 5) WHEN 0 THEN 1 END,
        'old_device_id', CASE pg_temp.pick(seed || 'o', 25) WHEN 0 THEN 'd' || pg_temp.pick(seed || 'w', 40) END,
        'events', CASE pg_temp.pick(seed || 'n', 4) WHEN 0 THEN NULL ELSE
            (SELECT jsonb_agg(pg_temp.event(seed || e)) FROM generate_series(0, pg_temp.pick(seed || 'n', 4)) AS e) END,
        'user_details', jsonb_build_object('custom', CASE pg_temp.pick(seed || 'p', 3)
            WHEN 0 THEN jsonb_build_object('plan', (ARRAY['free','pro','team'])[1 + pg_temp.pick(seed, 3)])
            WHEN 1 THEN jsonb_build_object('level', pg_temp.pick(seed, 9), 'tags', jsonb_build_object('$push', pg_temp.pick(seed, 3)))
            ELSE jsonb_build_object('address', jsonb_build_object('zip', pg_temp.pick(seed, 4))) END)))
      FROM (SELECT round || ' ' || n || ' ' AS seed) AS s
$$;
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
    ('SELECT uid FROM %s WHERE EXISTS (SELECT FROM shop.devices AS d WHERE d.uid = 3) AND uid = 3');
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
CREATE TEMP TABLE session_questions (question text);

SELECT pg_temp.fill(1, 150);
SELECT pg_temp.wrong('shop.events', 'unpacked');
CALL compact('shop');
SELECT hot_batches, blocks, block_events > 100 FROM shop.storage;
SELECT pg_temp.wrong('shop.events', 'unpacked');
