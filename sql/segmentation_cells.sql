-- Which cells a segmentation has rows for: those with the most times, all in every bucket, ranges of numbers; and their
-- labels. All answers are asked of batches, then of blocks.
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
-- user, day of March 2024, platform, count, sum, age, tags
CREATE TEMP TABLE bought (uid bigint, day int, platform text, count int, sum numeric, age jsonb, tags jsonb);
INSERT INTO bought VALUES
    (1, 1, 'iOS',     1, 10,  '17',    '["a", "b"]'),
    (1, 3, 'iOS',     1, 20,  '18',    '["a"]'),
    (2, 1, 'Android', 3, 1.5, '17.5',  '["c", 3, 30]'),
    (3, 2, 'Android', 1, 0,   '34',    NULL),
    (4, 1, 'Web',     1, 5,   '35',    '["b", "c"]'),
    (5, 3, 'other',   1, 0,   '-3',    '[3, 4]'),
    (5, 3, 'Web',     1, 0,   '-0.5',  '[]'),
    (6, 1, NULL,      1, 2,   NULL,    '["a"]'),
    (7, 3, 'Web',     1, 0,   '"18"',  '"a"');
INSERT INTO shop.users (uid, bucket, device_id, profile) SELECT n, 0, 'd' || n, '{}' FROM generate_series(1, 7) AS n;
INSERT INTO shop.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
SELECT uid, 0, 'd' || uid, ts, ts,
       jsonb_strip_nulls(jsonb_build_object('platform', platform, 'custom', jsonb_build_object('age', age, 'tags', tags)))::profile,
       jsonb_build_array(jsonb_build_object('key', 'buy', 'ts', (extract(epoch FROM ts) * 1000)::bigint, 'count', count, 'sum', sum))::text::event_list
  FROM (SELECT *, ('2024-03-0' || day || ' 11:00+00')::timestamptz + make_interval(mins => row_number() OVER ()::int) AS ts FROM bought) AS b;

CREATE FUNCTION pg_temp.rows(breakdown text[], "limit" int DEFAULT NULL, bucket text DEFAULT NULL, fill boolean DEFAULT false)
    RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', to_char(s.bucket AT TIME ZONE 'Europe/Berlin', 'DD'), segment_label(s.segment), s.users, s.times, s.sum)
      FROM segmentation('shop', 'buy', '{}', $1, $3, 'all', 'event', $2, $4) AS s
$$;
CREATE FUNCTION pg_temp.answers() RETURNS TABLE (question text, answer text) LANGUAGE sql AS $$
    -- By hand, times: Android 3 + 1, Web 3, iOS 2, other 1, NULL 1. User 5 has Web and other: of all but Android there
    -- are the users 1, 4, 5, 6, 7.
    SELECT 'all', r FROM pg_temp.rows('{platform}') AS r
    UNION ALL SELECT 'top 1', r FROM pg_temp.rows('{platform}', 1) AS r
    UNION ALL SELECT 'top 2', r FROM pg_temp.rows('{platform}', 2) AS r
    -- equal times: by segment, missing last
    UNION ALL SELECT 'top 4', r FROM pg_temp.rows('{platform}', 4) AS r
    UNION ALL SELECT 'top 5', r FROM pg_temp.rows('{platform}', 5) AS r
    -- in buckets it is the same cells, ranked by the whole period: on the 3rd Android has none, and Web (2) is not ahead
    UNION ALL SELECT 'top 1 daily', r FROM pg_temp.rows('{platform}', 1, 'daily') AS r
    UNION ALL SELECT 'top 1 filled', r FROM pg_temp.rows('{platform}', 1, 'daily', true) AS r
    UNION ALL SELECT 'filled', r FROM pg_temp.rows('{platform}', NULL, 'daily', true) AS r
    UNION ALL SELECT 'no bucket, filled', r FROM pg_temp.rows('{platform}', 1, NULL, true) AS r
    UNION ALL SELECT 'no breakdown', r FROM pg_temp.rows('{}', 1, 'daily') AS r
    -- two properties, of which one is an array: what is in several cells counts once in each
    UNION ALL SELECT 'two', r FROM pg_temp.rows('{platform,custom.tags}', 2) AS r
    -- 17 is in the first range, 18 in the second, 17.5 in none; the text "18" is no number
    UNION ALL SELECT 'ages', r FROM pg_temp.rows('{custom.age:0-17,18-34,35-}') AS r
    UNION ALL SELECT 'one element', r FROM pg_temp.rows(ARRAY['custom.age: 0-17, 18-34 ,35-']) AS r
    -- touching ranges: the first one that fits
    UNION ALL SELECT 'decimals', r FROM pg_temp.rows('{custom.age:-3--0.5,-0.5-17,17-17.5,17.5-}') AS r
    UNION ALL SELECT 'open', r FROM pg_temp.rows('{custom.age:--1,-17}') AS r
    -- elements of arrays, each range once for an event: user 2 has 3 and 30, user 5 has 3 and 4
    UNION ALL SELECT 'elements', r FROM pg_temp.rows('{custom.tags:3-4,10-}') AS r
    UNION ALL SELECT 'columns', r FROM pg_temp.rows('{uid:1-4,5-,event.sum:0-0,0.1-9}', NULL) AS r
    UNION ALL SELECT 'two ranges', r FROM pg_temp.rows('{custom.age:0-17,18-,platform,event.count:1-1,2-5}', 3) AS r
    UNION ALL SELECT 'users of others', array_agg(u)::text FROM segmentation_users('shop', 'buy', '{}', '{platform}', NULL, 'all', 'event', 1) AS u
    UNION ALL SELECT 'users of others, 2', array_agg(u)::text FROM segmentation_users('shop', 'buy', '{}', '{platform}', NULL, tstzrange('2024-01-01', '2025-01-01'), 'event', 2) AS u
    UNION ALL SELECT 'users of no others', array_agg(u)::text FROM segmentation_users('shop', 'buy', '{}', '{platform}', NULL, 'all', 'event', 5) AS u
    UNION ALL SELECT 'users of a cell', array_agg(u)::text FROM segmentation_users('shop', 'buy', '{}', '{platform}', '{Web}', 'all', 'event', 1) AS u
    UNION ALL SELECT 'users of a range', array_agg(u)::text FROM segmentation_users('shop', 'buy', '{}', '{custom.age:0-17,18-34,35-}', '{18-34}', 'all') AS u
    UNION ALL SELECT 'users of none', array_agg(u)::text FROM segmentation_users('shop', 'buy', '{}', '{custom.age:0-17,18-34,35-}', '{NULL}', 'all') AS u
    UNION ALL SELECT 'users of another', array_agg(u)::text FROM segmentation_users('shop', 'buy', '{}', '{custom.age:0-17,18-34,35-}', '{18}', 'all') AS u
$$;
CREATE TEMP TABLE hot AS SELECT row_number() OVER () AS nr, * FROM pg_temp.answers();
SELECT question || ': ' || answer FROM hot ORDER BY nr;
CALL compact('shop');
SELECT (SELECT count(*) FROM shop.event_batches), (SELECT sum(events) FROM shop.event_blocks);
SELECT count(*) FILTER (WHERE c.answer IS DISTINCT FROM h.answer), count(*)
  FROM hot AS h FULL JOIN (SELECT row_number() OVER () AS nr, * FROM pg_temp.answers()) AS c USING (nr);

-- Other cells have no segment; a value "other" has.
SELECT segment, segment IS NULL, users FROM segmentation('shop', 'buy', '{"platform": {"$ne": "iOS"}}', '{platform}', NULL, 'all', 'event', 2);
SELECT segment, times FROM segmentation('shop', 'buy', '{"platform": "other"}', '{platform}', NULL, 'all', 'event', 1);
-- Buckets without any event, with nothing to break down by, also without an event at all.
SELECT bucket, segment, users, times, sum, dur FROM segmentation('shop', 'buy', '{}', '{}', 'daily', '["29-02-2024","02-03-2024"]', fill => true);
SELECT count(*), sum(times) FROM segmentation('shop', 'nothing', '{}', '{}', 'hourly', '["31-03-2024","31-03-2024"]', fill => true);
SELECT count(*) FROM segmentation('shop', 'nothing', '{}', '{platform}', 'daily', '["29-02-2024","02-03-2024"]', fill => true);
SELECT count(*) FROM segmentation('shop', 'nothing', '{}', '{}', 'daily', 'empty'::tstzrange, fill => true);
SELECT count(*), count(DISTINCT bucket), sum(times) FROM segmentation('shop', 'buy', '{}', '{platform}', 'daily', tstzrange('2024-03-01', '2024-03-11'), 'event', 2, true);
SELECT count(*) FROM segmentation('shop', 'buy', '{}', '{platform}', NULL, 'all', fill => NULL);

-- A colon in the name of a property is no range unless it looks like one.
SELECT segment, times FROM segmentation('shop', 'buy', '{}', '{custom.a:b,platform}', NULL, 'all', 'event', 1);

-- Labels.
SELECT segment_label('{Android,2.3}'), segment_label('{DE,NULL}'), segment_label('{}'), segment_label(NULL), segment_label('{other}'),
       segment_label('{DE,NULL}', '?'), segment_label(NULL, other => 'Rest'), segment_label('{"a | b","é"}');

-- What cannot be asked.
SELECT e FROM unnest(ARRAY['0', '-1', '-2147483648']) AS n, pg_temp.error_of(format('SELECT * FROM profiles.segmentation(''shop'', ''buy'', breakdown => ''{platform}'', period => ''all'', "limit" => %s)', n)) AS e;
SELECT r || ' -> ' || string_agg(e, '; ') FROM unnest(ARRAY['5-1', '1', '0-', '-', '--', '-5', '1-2-3', '1.2.3-4', '0-17;18-34', '01-5', '-1--', '0-5,', '0-5,,6-7', '-0.1--0.2', '1e3-',
                                       '-9223372036854775808-9223372036854775807', '0.1-99999999999999999999999999999999999']) AS r,
       pg_temp.error_of(format('SELECT * FROM profiles.segmentation(''shop'', ''buy'', breakdown => ARRAY[%L], period => ''all'')', 'custom.age:' || r)) AS e GROUP BY r ORDER BY r COLLATE "C";
SELECT pg_temp.error_of(format('SELECT * FROM profiles.segmentation(''shop'', ''buy'', breakdown => ARRAY[%L], period => ''all'')', 'a:0-1' || repeat(',0-1', 100)));
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('shop', 'buy', breakdown => '{18-34,0-17}', period => 'all')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('shop', 'buy', breakdown => '{a:1-2,3-4,b,c,d}', period => 'all')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('shop', 'buy', breakdown => '{:1-2}', period => 'all')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_users('shop', 'buy', '{}', '{custom.age:0-17,18-34,35-}', '{0-17,18-34}', 'all')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation('shop', 'buy', '{}', '{custom.age:5-1}', NULL, 'empty'::tstzrange)$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_users('shop', 'buy', '{}', '{platform}', NULL, 'all')$$);
SELECT pg_temp.error_of($$SELECT * FROM profiles.segmentation_users('shop', 'buy', '{}', '{platform}', NULL, 'all', 'event', 0)$$);
SELECT drop_app('shop');
