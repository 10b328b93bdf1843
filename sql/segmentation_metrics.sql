-- Further figures of a segmentation, the comparison with the time before, and the limit of memory. All answers are
-- asked of batches, then of blocks.
\pset format unaligned
\pset tuples_only
\pset null NULL
SET search_path = public, profiles;
SET client_min_messages = warning;
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
SELECT length(create_app('shop', 'Europe/Berlin'));
-- user, time, key, platform, count, sum, dur
CREATE TEMP TABLE bought (uid bigint, ts timestamptz, key text, platform text, count int, sum numeric, dur numeric);
INSERT INTO bought VALUES
    (1, '2024-03-01 11:00+00', 'buy', 'iOS',     1, 10,    1),
    (1, '2024-03-01 12:00+00', 'buy', 'iOS',     1, 20,    2),
    (2, '2024-03-01 13:00+00', 'buy', 'iOS',     1, 20,    4.5),
    (3, '2024-03-02 11:00+00', 'buy', 'iOS',     2, 0.1,   NULL),
    (3, '2024-03-02 12:00+00', 'buy', 'Android', 1, -7.25, 0.5),
    (4, '2024-03-02 13:00+00', 'buy', 'Android', 1, 1e20,  NULL),
    (4, '2024-03-02 14:00+00', 'view', 'Android', 1, NULL, 3),
    (5, '2024-02-28 11:00+00', 'buy', 'iOS',     1, 5,     NULL),
    (5, '2024-02-29 11:00+00', 'buy', 'Web',     4, 6,     1);
INSERT INTO shop.users (uid, bucket, device_id, profile) SELECT n, 0, 'd' || n, '{}' FROM generate_series(1, 5) AS n;
INSERT INTO shop.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
SELECT uid, 0, 'd' || uid, ts, ts, jsonb_strip_nulls(jsonb_build_object('platform', platform))::profile,
       jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('key', key, 'ts', (extract(epoch FROM ts) * 1000)::bigint,
                                                              'count', count, 'sum', sum, 'dur', dur)))::text::event_list
  FROM bought;

CREATE FUNCTION pg_temp.answers() RETURNS TABLE (question text, answer text) LANGUAGE sql AS $$
    SELECT 'plain', s::text FROM segmentation_metrics('shop', 'buy', '{}', '{platform}', period => '["01-03-2024","02-03-2024"]') AS s
    -- iOS: sums 0.1 10 20 20, of 5 times; their median is 15, p25 lies at 0.75 of the way from 0.1 to 10, p90 at 20
    -- Android: -7.25 and 1e20: the median is exact
    UNION ALL SELECT 'sums', segment::text || metrics::text
      FROM segmentation_metrics('shop', 'buy', '{}', '{platform}', NULL, '["01-03-2024","02-03-2024"]', 'event',
                                '{avg(sum),min(sum),max(sum),median(sum),p0(sum),p25(sum),p90(sum),p100(sum),p33.3333(sum)}') AS s
    -- a duration that is left out is 0
    UNION ALL SELECT 'durations', segment::text || metrics::text
      FROM segmentation_metrics('shop', 'buy', '{}', '{platform}', NULL, '["01-03-2024","02-03-2024"]', 'event',
                                '{times/users,dur/users,avg(dur),min(dur),median(dur),p75(dur),max(dur)}') AS s
    UNION ALL SELECT 'both, daily, top 1, filled', concat_ws(' ', bucket, segment_label(segment), users, times, metrics)
      FROM segmentation_metrics('shop', NULL, '{}', '{platform}', 'daily', '["28-02-2024","02-03-2024"]', 'event',
                                '{median(sum),max(dur),sum/users}', 1, true) AS s
    UNION ALL SELECT 'none', concat_ws(' ', segment_label(segment), metrics::text)
      FROM segmentation_metrics('shop', 'buy', '{}', '{platform}', metrics => '{}', period => 'all') AS s
    -- 1 and 2 March, then 28 and 29 February
    UNION ALL SELECT 'compared', s::text FROM segmentation_compare('shop', 'buy', '{}', '{platform}', NULL, '["01-03-2024","02-03-2024"]') AS s
    UNION ALL SELECT 'compared by day', s::text FROM segmentation_compare('shop', 'buy', '{}', '{platform}', 'daily', '["01-03-2024","02-03-2024"]') AS s
    -- Web is the larger one before, but what counts is the period itself
    UNION ALL SELECT 'compared, top 1', s::text FROM segmentation_compare('shop', 'buy', '{}', '{platform}', NULL, '["01-03-2024","02-03-2024"]', 'event', 1) AS s
    UNION ALL SELECT 'compared, no breakdown', s::text FROM segmentation_compare('shop', 'buy', period => '["29-02-2024","01-03-2024"]') AS s
    -- a week has begun before both periods: no event counts twice
    UNION ALL SELECT 'compared by week', s::text FROM segmentation_compare('shop', 'buy', '{}', '{}', 'weekly', '["01-03-2024","02-03-2024"]') AS s
    -- any range: as long a time directly before it; an event at the border belongs to one of both
    UNION ALL SELECT 'compared at ' || r, concat_ws(' ', times, previous_times)
      FROM unnest('{"[2024-03-01 12:00+00,2024-03-01 13:00+00)","(2024-03-01 12:00+00,2024-03-01 13:00+00]","[2024-03-01 11:00+00,2024-03-01 11:00+00]"}'::tstzrange[]) AS r,
           segmentation_compare('shop', 'buy', '{}', '{}', NULL, r) AS s
$$;
CREATE TEMP TABLE hot AS SELECT row_number() OVER () AS nr, * FROM pg_temp.answers();
SELECT question || ': ' || answer FROM hot ORDER BY nr;
CALL compact('shop');
SELECT (SELECT count(*) FROM shop.event_batches), (SELECT sum(events) FROM shop.event_blocks);
SELECT count(*) FILTER (WHERE c.answer IS DISTINCT FROM h.answer), count(*)
  FROM hot AS h FULL JOIN (SELECT row_number() OVER () AS nr, * FROM pg_temp.answers()) AS c USING (nr);
SELECT count(*) FROM segmentation_compare('shop', 'buy', '{}', '{}', 'daily', 'empty'::tstzrange);
SELECT count(*) FROM segmentation_compare('shop', 'nothing', '{}', '{}', 'daily', '["01-03-2024","02-03-2024"]');

-- What a named period is compared with, at noon of a day.
SELECT at, period, previous_period_range(period, 'Europe/Berlin', at::timestamptz)
  FROM (VALUES ('2024-03-30 12:00+00', 'day'), ('2024-03-31 12:00+00', 'day'), ('2024-03-30 12:00+00', 'prevMonth'), ('2024-02-29 12:00+00', 'year'),
               ('2024-02-28 12:00+00', 'month'), ('2024-04-01 12:00+00', 'hour'), ('2024-04-01 12:00+00', 'yesterday'), ('2024-04-02 12:00+00', '3days'),
               ('2024-04-02 12:00+00', '2weeks'), ('2024-04-02 12:00+00', '1months'), ('2024-04-02 12:00+00', '["31-03-2024","31-03-2024"]')) AS p (at, period);
SELECT previous_period_range(NULL), previous_period_range('day', NULL);
-- The months before are cut into as many buckets as they have; a day that the period does not have has no bucket.
SELECT count(bucket), count(previous_bucket), sum(times), sum(previous_times)
  FROM segmentation_compare('shop', 'buy', '{}', '{}', 'daily', '["01-03-2024","31-03-2024"]');

-- Exact against PostgreSQL's own percentile_cont, over many amounts in many blocks and groups.
SELECT length(create_app('big'));
INSERT INTO big.users (uid, bucket, device_id, profile) SELECT n, 0, 'd' || n, '{}' FROM generate_series(1, 500) AS n;
INSERT INTO big.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
SELECT uid, 0, 'd' || uid, to_timestamp(1709251200 + uid * 997), to_timestamp(1709251200 + uid * 997 + 20),
       jsonb_build_object('age', uid % 70)::profile,
       (SELECT jsonb_agg(jsonb_build_object('key', 'buy', 'ts', (1709251200 + uid * 997 + n) * 1000::bigint, 'sum', (uid * n * 7919 % 100003) / 128.0, 'dur', uid * n % 13))
          FROM generate_series(1, 20) AS n)::text::event_list
  FROM generate_series(1, 500) AS uid;
CREATE FUNCTION pg_temp.differences() RETURNS TABLE (differences bigint, rows bigint) LANGUAGE sql AS $$
    WITH flat AS (SELECT b.uid, (b.profile ->> 'age')::int AS age, e.* FROM big.event_batches AS b, event_list_each(b.events) AS e
                  UNION ALL SELECT b.uid, (b.profile ->> 'age')::int, e.* FROM big.event_blocks AS c, event_block_batches(c.data) AS b, event_list_each(b.events) AS e),
         plain AS (SELECT date_trunc('day', ts, 'UTC') AS bucket, CASE WHEN age BETWEEN 0 AND 17 THEN '0-17' WHEN age BETWEEN 18 AND 40 THEN '18-40' END AS segment,
                          count(DISTINCT uid) AS users, (sum(sum) / sum(count))::float8 AS average, percentile_cont(0.5) WITHIN GROUP (ORDER BY sum::float8) AS median,
                          percentile_cont(0.957) WITHIN GROUP (ORDER BY sum::float8) AS high, percentile_cont(0.1) WITHIN GROUP (ORDER BY dur::float8) AS low
                     FROM flat GROUP BY 1, 2),
         found AS (SELECT bucket, segment[1] AS segment, users, metrics FROM segmentation_metrics('big', 'buy', '{}', '{age:0-17,18-40}', 'daily', 'all', 'event', '{avg(sum),median(sum),p95.7(sum),p10(dur)}'))
    SELECT count(*) FILTER (WHERE f.users IS DISTINCT FROM p.users OR abs(f.metrics[1] - p.average) > 1e-9 OR abs(f.metrics[2] - p.median) > 1e-9
                                  OR abs(f.metrics[3] - p.high) > 1e-9 OR abs(f.metrics[4] - p.low) > 1e-9), count(*)
      FROM plain AS p FULL JOIN (SELECT *, coalesce(segment, '') AS s FROM found) AS f ON p.bucket = f.bucket AND coalesce(p.segment, '') = f.s
$$;
SELECT * FROM pg_temp.differences();
CALL compact('big');
SELECT * FROM pg_temp.differences();

-- The memory of a segmentation is limited: for groups, for their users, for the amounts of a median, and for values.
SHOW profiles.segmentation_memory;
SET profiles.segmentation_memory = '63kB';
SET profiles.segmentation_memory = '64kB';
SELECT count(*) FROM segmentation('big', 'buy', '{}', '{age:0-17,18-40}', 'daily', 'all');
CREATE FUNCTION pg_temp.limits() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_replace(e, 'reached [0-9]+ kB', 'reached N kB') FROM unnest(ARRAY[
        $q$segmentation('big', 'buy', '{}', '{uid}', NULL, 'all')$q$,
        $q$segmentation('big', 'buy', '{}', '{age}', 'hourly', 'all')$q$,
        $q$segmentation('big', 'buy', '{}', '{age:0-17}', 'hourly', 'all', fill => true)$q$,
        $q$segmentation_metrics('big', 'buy', '{}', '{}', NULL, 'all', 'event', '{median(sum)}')$q$,
        $q$segmentation_metrics('big', 'buy', '{}', '{}', NULL, 'all', 'event', '{median(dur)}')$q$]) AS q, pg_temp.error_of('SELECT * FROM profiles.' || q) AS e
$$;
SELECT * FROM pg_temp.limits();
-- a list of users is 8 bytes each: 8,192 are all that fit
SELECT length(create_app('many'));
INSERT INTO many.users (uid, bucket, device_id, profile) SELECT n, 0, 'd' || n, '{}' FROM generate_series(1, 8193) AS n;
INSERT INTO many.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
SELECT uid, 0, device_id, to_timestamp(1709251200), to_timestamp(1709251200), '{}', '[{"key":"buy","ts":1709251200000}]' FROM many.users;
SELECT users FROM segmentation('many', 'buy', period => 'all');
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_users('many', 'buy', period => 'all')$$);
SELECT count(*) FROM segmentation_users('many', 'buy', '{"uid": {"$gt": 1}}', period => 'all');
SET profiles.segmentation_memory = '20MB';
SELECT DISTINCT * FROM pg_temp.limits();
SELECT length(create_app('hot'));
INSERT INTO hot.users SELECT * FROM big.users;
INSERT INTO hot.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
SELECT uid, 0, device_id, to_timestamp(1709251200), to_timestamp(1709251200), '{}', jsonb_build_array(jsonb_build_object('key', repeat('k', (uid * 16)::int), 'ts', 1709251200000))::text::event_list
  FROM big.users;
SET profiles.segmentation_memory = '1MB';
SELECT regexp_replace(e, 'reached [0-9]+ kB', 'reached N kB') FROM pg_temp.error_of($$SELECT * FROM profiles.segmentation('hot', NULL, '{}', '{event.key}', NULL, 'all')$$) AS e;
SELECT count(*) FROM segmentation('hot', NULL, '{}', '{uid}', NULL, 'all');
RESET profiles.segmentation_memory;

-- What cannot be asked.
SELECT m || ' -> ' || string_agg(e, '; ') FROM unnest(ARRAY['mean(sum)', 'avg', 'avg(count)', 'sum', '', '(sum)', 'p(sum)', 'p101(sum)', 'p100.0001(sum)', 'p-1(sum)', 'p5.00001(sum)', 'p5.(sum)', 'p.5(sum)',
                                        'p99999999999999999999(sum)', 'p9e1(dur)', 'sum/times', 'avg(sum', 'avg(sum) ', 'P95(sum)', 'px(dur)', 'p100(sum)', 'p0.0001(dur)', repeat('x', 100)]) AS m,
       pg_temp.error_of(format('SELECT * FROM profiles.segmentation_metrics(''shop'', ''buy'', metrics => ARRAY[%L])', m)) AS e GROUP BY m ORDER BY m COLLATE "C";
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_metrics('shop', 'buy', metrics => '{NULL}')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_metrics('shop', 'buy', metrics => array_fill('avg(sum)'::text, '{101}'))$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_compare('shop', 'buy', period => 'all')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_compare('shop', 'buy', '{}', '{}', NULL, '[2024-01-01,)'::tstzrange)$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_compare('shop', 'buy', '{}', '{}', NULL, NULL::tstzrange)$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_compare('shop', 'buy', period => NULL::text)$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_compare('shop', 'buy', period => 'fortnight')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_compare('shop', 'buy', bucket => 'yearly')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_compare('shop', 'buy', "limit" => 0)$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_compare('nowhere', 'buy')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_compare('shop', 'buy', '{"$where":1}', '{}', NULL, 'empty'::tstzrange)$$);
SELECT drop_app(app) FROM unnest('{shop,big,hot,many}'::text[]) AS app;
