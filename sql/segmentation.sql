-- Segmentation over the hot tier: counts, buckets, breakdowns, the users behind a cell.
\pset format unaligned
\pset tuples_only
SET search_path = public, profiles;
CREATE FUNCTION pg_temp.error_of(command text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text;
BEGIN
    EXECUTE command;
    RETURN NEXT 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                            detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN NEXT state || ': ' || message;
    RETURN QUERY SELECT 'DETAIL: ' || detail WHERE detail <> '';
    RETURN QUERY SELECT 'HINT: ' || hint WHERE hint <> '';
END
$$;

SELECT length(create_app('My "shop"', 'Europe/Berlin'));

-- Three users; {time, rest of the event} pairs become one batch with its snapshot.
INSERT INTO "My ""shop""".users (uid, bucket, device_id, profile) VALUES
    (1, 0, 'd1', '{"country":"DE","custom":{"plan":"pro","tags":["a","b"]}}'),
    (2, 0, 'd2', '{"country":"FR","custom":{"plan":"free","tags":["b"]}}'),
    (3, 0, 'd3', '{"country":"DE"}');
CREATE FUNCTION pg_temp.batch(uid bigint, device text, snapshot jsonb, VARIADIC events text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO "My ""shop""".event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
    SELECT uid, uid >> 16, device, min(ts), max(ts), snapshot::profile,
           jsonb_agg(jsonb_build_object('ts', (extract(epoch FROM ts) * 1000)::bigint) || event ORDER BY ts)::text::event_list
      FROM (SELECT split_part(e, ' | ', 1)::timestamptz AS ts, split_part(e, ' | ', 2)::jsonb AS event
              FROM unnest(events) AS e) AS parsed
$$;
SELECT pg_temp.batch(1, 'd1', '{"country":"FR","custom":{"plan":"free","tags":["a","b","a"]}}',
    '2024-03-30 12:00+00 | {"key":"buy","sum":0.1,"segmentation":{"item":"book","price":9.99}}',
    '2024-03-30 22:59:59.999+00 | {"key":"buy","count":2,"sum":0.2,"dur":1.5,"segmentation":{"item":"pen"}}',
    '2024-03-30 23:00+00 | {"key":"buy","segmentation":{"item":"pen"}}');
SELECT pg_temp.batch(1, 'd1', '{"country":"DE","custom":{"plan":"pro"}}',
    '2024-03-31 00:30+00 | {"key":"buy","sum":5,"segmentation":{"item":"book"}}',
    '2024-03-31 01:30+00 | {"key":"view","dur":2.25,"segmentation":{"name":"home"}}');
SELECT pg_temp.batch(2, 'd2', '{"country":"FR","custom":{"plan":"free"}}',
    '2024-03-31 01:00+00 | {"key":"buy","sum":0.3,"segmentation":{"item":"book"}}',
    '2024-03-31 21:59:59.999+00 | {"key":"buy","sum":10000000000000000000000000000000000,"segmentation":{"item":7}}',
    '2024-03-31 22:00+00 | {"key":"buy","sum":-0.001}');
SELECT pg_temp.batch(3, 'd3', '{}', '2024-04-10 10:00+00 | {"key":"buy","count":10,"segmentation":{"item":null}}');

-- Any event and one event, of all time. By hand:
--   buy: u1 1+2+1+1, u2 3, u3 10 = 18 times, 3 users; view: u1 once.
\set app 'My "shop"'
SELECT * FROM segmentation(:'app', NULL, period => 'all');
SELECT * FROM segmentation(:'app', 'buy', period => 'all');
SELECT * FROM segmentation(:'app', 'view', period => 'all');
SELECT * FROM segmentation(:'app', 'nothing', period => 'all');

-- Filters on the snapshot, on the event, on both.
SELECT times, users FROM segmentation(:'app', 'buy', '{"country":"FR"}', period => 'all');
SELECT times, users FROM segmentation(:'app', 'buy', '{"up.cc":{"$ne":"FR"}}', period => 'all');
SELECT times, users FROM segmentation(:'app', 'buy', '{"event.item":"book"}', period => 'all');
SELECT times, users FROM segmentation(:'app', 'buy', '{"sg.item":{"$exists":true},"custom.plan":"free"}', period => 'all');
SELECT times, users FROM segmentation(:'app', 'buy', '{"$or":[{"sg.price":{"$gt":9}},{"country":{"$exists":false}}]}', period => 'all');
SELECT times, users FROM segmentation(:'app', 'buy', '{"uid":{"$in":[1,3]},"event.count":{"$gte":2}}', period => 'all');
SELECT times, users FROM segmentation(:'app', NULL, '{"did":"d1","event.key":"view"}', period => 'all');
SELECT times, users FROM segmentation(:'app', 'buy', '{"$or":[]}', period => 'all');

-- Breakdowns: none missing rows, arrays by distinct element, most times first.
SELECT * FROM segmentation(:'app', 'buy', breakdown => '{country}', period => 'all');
SELECT * FROM segmentation(:'app', 'buy', breakdown => '{event.item,country}', period => 'all');
SELECT segment, users, times FROM segmentation(:'app', NULL, breakdown => '{custom.tags}', period => 'all');
SELECT segment, users, times FROM segmentation(:'app', NULL, breakdown => '{event.key,did,custom.plan}', period => 'all');

-- As it was, as it is: user 1 is from Germany now.
SELECT segment, users, times FROM segmentation(:'app', 'buy', breakdown => '{country}', period => 'all', properties => 'latest');
SELECT times, users FROM segmentation(:'app', 'buy', '{"custom.tags":"b"}', period => 'all', properties => 'latest');

-- Days of Berlin around the change of the clock: 30 March (24 hours), 31 March (23 hours), 1 April.
SELECT bucket, users, times, sum FROM segmentation(:'app', 'buy', bucket => 'daily', period => 'all');
SELECT bucket, users, times FROM segmentation(:'app', 'buy', '{}', '{}', 'hourly', tstzrange('2024-03-31 00:00+00', '2024-03-31 03:00+00'));
SELECT bucket, users, times FROM segmentation(:'app', 'buy', bucket => 'weekly', period => 'all');
SELECT bucket, segment, users, times FROM segmentation(:'app', 'buy', bucket => 'monthly', period => 'all', breakdown => '{country}');
SELECT bucket, times FROM segmentation(:'app', 'buy', bucket => 'daily', period => '["30-03-2024","31-03-2024"]');

-- Bounds of a range are kept to the millisecond, open or closed.
SELECT r, (SELECT times FROM segmentation(:'app', 'buy', '{}', '{}', NULL, r::tstzrange))
  FROM unnest(ARRAY['[2024-03-30 22:59:59.999+00,2024-03-30 23:00+00)', '[2024-03-30 22:59:59.999+00,2024-03-30 23:00+00]',
                    '(2024-03-30 22:59:59.999+00,2024-03-30 23:00+00]', '(2024-03-30 22:59:59.999+00,2024-03-30 23:00+00)',
                    '[2024-03-31 22:00+00,)', '(2024-03-31 22:00+00,infinity)', '(,2024-03-30 12:00+00]', 'empty']) AS r;
SELECT bucket, times FROM segmentation(:'app', 'buy', '{}', '{}', 'monthly', '[2024-03-31 22:00+00,)'::tstzrange);
SELECT count(*) FROM segmentation(:'app', NULL, '{}', '{}', 'monthly', 'empty'::tstzrange);

-- The users behind a cell.
SELECT array_agg(u) FROM segmentation_users(:'app', 'buy', period => 'all') AS u;
SELECT array_agg(u) FROM segmentation_users(:'app', 'buy', '{}', '{country}', '{FR}', 'all') AS u;
SELECT array_agg(u) FROM segmentation_users(:'app', 'buy', '{}', '{country}', '{NULL}', 'all') AS u;
SELECT array_agg(u) FROM segmentation_users(:'app', 'buy', '{}', '{country}', '{DE}', 'all', 'latest') AS u;
SELECT array_agg(u) FROM segmentation_users(:'app', 'buy', '{"country":"FR"}', '{custom.tags,sg.item}', '{a,pen}', tstzrange('2024-03-30', '2024-04-01')) AS u;
SELECT array_agg(u) FROM segmentation_users(:'app', 'buy', '{}', '{country}', '{XX}', 'all') AS u;

-- An unfinished session is a session event at its start, with the profile of now.
UPDATE "My ""shop""".users SET session_id = 's', session_start = '2024-05-01 10:00+00', session_duration = 40 WHERE uid = 3;
SELECT bucket, users, times, dur FROM segmentation(:'app', '[CLY]_session', bucket => 'daily', period => 'all');
SELECT times, users FROM segmentation(:'app', NULL, '{"country":"DE"}', period => 'all');
SELECT times FROM segmentation(:'app', 'buy', '{"country":"DE"}', period => 'all');
SELECT times FROM segmentation(:'app', '[CLY]_session', '{}', '{}', NULL, tstzrange('2024-05-01 10:00+00', NULL, '()'));
UPDATE "My ""shop""".users SET session_start = NULL WHERE uid = 3;

-- Relative periods: an event of this moment is within the last 30 days, one of 2024 is not.
BEGIN;
SELECT count(*) FROM segmentation(:'app', 'now');
SELECT pg_temp.batch(2, 'd2', jsonb_build_object('seen', (extract(epoch FROM now()) * 1000)::bigint - 1000), now()::text || ' | {"key":"now"}');
SELECT times FROM segmentation(:'app', 'now');
SELECT times FROM segmentation(:'app', 'now', '{"seen":{"$within":"1hours"}}');
SELECT times FROM segmentation(:'app', 'now', '{"seen":{"$not":{"$within":"1hours"}}}');
SELECT count(*) FROM segmentation(:'app', 'buy');
SELECT times FROM segmentation(:'app', 'now', bucket => 'hourly', period => 'hour');
COMMIT;

-- Many events, against plain SQL over the same rows.
SELECT length(create_app('big', 'America/New_York'));
INSERT INTO big.users (uid, bucket, device_id, profile)
SELECT uid, uid >> 16, 'd' || uid, jsonb_build_object('country', (ARRAY['DE','FR','US'])[1 + uid % 3], 'age', uid % 50)::profile
  FROM generate_series(1, 70000, 137) AS uid;
INSERT INTO big.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
SELECT uid, uid >> 16, 'd' || uid, min(ts), max(ts),
       jsonb_strip_nulls(jsonb_build_object('country', (ARRAY['DE','FR','US',NULL])[1 + (uid / 7 + batch) % 4], 'age', uid % 50,
                                            'custom', jsonb_build_object('level', (uid + batch) % 10)))::profile,
       jsonb_agg(jsonb_build_object('key', (ARRAY['buy','view','play'])[1 + n % 3], 'ts', (extract(epoch FROM ts) * 1000)::bigint,
                                    'count', 1 + (uid + n) % 3, 'sum', ((uid * n) % 1000) / 100.0, 'dur', n / 8.0,
                                    'segmentation', jsonb_build_object('item', 'i' || (uid + n) % 5)))::text::event_list
  FROM generate_series(1, 70000, 137) AS uid, generate_series(1, 6) AS batch, generate_series(1, 5) AS n,
       LATERAL (SELECT '2024-03-01 00:00+00'::timestamptz + make_interval(mins => ((uid * 31 + batch * 7919 + n * 104729) % 86400)::int) AS ts) AS t
 GROUP BY uid, batch;
CREATE VIEW flat AS
    SELECT b.uid, b.profile, u.profile AS latest, e.* FROM big.event_batches AS b
      JOIN big.users AS u USING (uid), event_list_each(b.events) AS e;
SELECT count(*), count(DISTINCT uid), min(ts), max(ts) FROM flat;

-- Each pair of views must have the same rows: neither has one that the other has not.
CREATE VIEW answer_1 AS SELECT * FROM segmentation('big', 'buy', '{"age":{"$gte":20},"event.item":{"$ne":"i3"}}', '{country}', 'daily', 'all');
CREATE VIEW plain_1 AS
    SELECT date_trunc('day', ts, 'America/New_York') AS bucket, ARRAY[profile ->> 'country'] AS segment, count(DISTINCT uid) AS users,
           sum(count)::bigint AS times, sum(sum) AS sum, sum(dur) AS dur
      FROM flat WHERE key = 'buy' AND (profile ->> 'age')::int >= 20 AND segmentation ->> 'item' <> 'i3' GROUP BY 1, 2;
CREATE VIEW answer_2 AS SELECT * FROM segmentation('big', NULL, '{"$or":[{"country":"DE"},{"custom.level":{"$in":[1,2]}}]}',
                                                   '{event.key,custom.level,sg.item}', 'weekly', '["05-03-2024","25-03-2024"]', 'event');
CREATE VIEW plain_2 AS
    SELECT date_trunc('week', ts, 'America/New_York') AS bucket, ARRAY[key, profile ->> 'custom.level', segmentation ->> 'item'] AS segment,
           count(DISTINCT uid) AS users, sum(count)::bigint AS times, sum(sum) AS sum, sum(dur) AS dur
      FROM flat WHERE (profile ->> 'country' = 'DE' OR profile ->> 'custom.level' IN ('1', '2'))
       AND ts >= '2024-03-05 00:00 America/New_York' AND ts < '2024-03-26 00:00 America/New_York' GROUP BY 1, 2;
CREATE VIEW answer_3 AS SELECT * FROM segmentation('big', 'view', '{"country":{"$nin":["US"]}}', '{country,age}', 'hourly', 'all', 'latest');
CREATE VIEW plain_3 AS
    SELECT date_trunc('hour', ts, 'America/New_York') AS bucket, ARRAY[latest ->> 'country', latest ->> 'age'] AS segment,
           count(DISTINCT uid) AS users, sum(count)::bigint AS times, sum(sum) AS sum, sum(dur) AS dur
      FROM flat WHERE key = 'view' AND latest ->> 'country' <> 'US' GROUP BY 1, 2;
SELECT nr, query_to_xml(format('SELECT count(*) FROM answer_%1$s', nr), true, true, '')::text ~ '<count>[1-9]' AS some,
       query_to_xml(format('SELECT count(*) FROM ((TABLE answer_%1$s EXCEPT ALL TABLE plain_%1$s) UNION ALL (TABLE plain_%1$s EXCEPT ALL TABLE answer_%1$s)) AS d', nr),
                    true, true, '')::text ~ '<count>0</count>' AS same
  FROM generate_series(1, 3) AS nr;
SELECT nr, (SELECT count(*) FROM answer_1) AS rows FROM (VALUES (1)) AS v(nr) UNION ALL SELECT 2, count(*) FROM answer_2 UNION ALL SELECT 3, count(*) FROM answer_3;
SELECT array_agg(u) = (SELECT array_agg(DISTINCT uid ORDER BY uid) FROM flat WHERE key = 'buy' AND profile ->> 'country' = 'DE'), count(*)
  FROM segmentation_users('big', 'buy', '{}', '{country}', '{DE}', 'all') AS u;
SELECT bool_and(ordered) FROM (SELECT row(bucket, -times, segment) >= lag(row(bucket, -times, segment)) OVER () AS ordered
                                 FROM segmentation('big', 'buy', '{"country":{"$exists":true}}', '{country}', 'daily', 'all')) AS o;

-- What cannot be answered.
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('nowhere', 'buy')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation(NULL, 'buy')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('big', 'buy', '{"$where":"1"}')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('big', 'buy', '[]')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('big', 'buy', '{"a":{"$geoWithin":[1,2]}}', period => '[1,2]')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('big', 'buy', breakdown => '{a,b,c,d}')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('big', 'buy', breakdown => '{a..b}')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('big', 'buy', breakdown => '{NULL}')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('big', 'buy', bucket => 'yearly')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('big', 'buy', period => 'fortnight')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('big', 'buy', period => NULL::text)$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('big', 'buy', properties => 'now')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('big', 'buy', properties => NULL)$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_users('big', 'buy', '{}', '{country}', '{DE,FR}')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_users('nowhere', 'buy')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('big', 'buy', '{"$or":[]}', '{country}', 'daily', 'empty'::tstzrange)$$);
SELECT count(*) FROM segmentation('big', 'buy', NULL, NULL, NULL, 'all');

-- An app without data.
SELECT length(create_app('new'));
SELECT count(*) FROM segmentation('new', NULL, bucket => 'daily', period => 'all');
SELECT count(*) FROM segmentation('new', NULL, period => 'all');

-- Who may not read the app's tables gets no answer.
CREATE ROLE regress_nobody;
SET ROLE regress_nobody;
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('big', 'buy')$$);
RESET ROLE;
DROP ROLE regress_nobody;
