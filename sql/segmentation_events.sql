-- What can be counted: sessions, views, crashes, feedback and purchases, as SDKs send them, and any event; by ISO weeks
-- across a new year and by the hours of a change of the clock. Asked of batches, then of blocks.
\pset format unaligned
\pset tuples_only
SET search_path = public, profiles;
SET client_min_messages = warning;
SELECT length(create_app('shop', 'America/New_York', '{"purchase_events": ["paid"]}'));
CREATE FUNCTION pg_temp.at(moment timestamptz, device text, request jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT r.status::text FROM ingest('shop', request || jsonb_build_object('device_id', device, 'timestamp', extract(epoch FROM moment)::bigint)) AS r $$;

-- Two sessions of 40 and 20 seconds, and one still open with 30.
SELECT pg_temp.at('2020-12-31 12:00+00', 'a', '{"begin_session": 1, "metrics": {"_os": "Android", "_os_version": "2.3"}}'),
       pg_temp.at('2020-12-31 12:00:30+00', 'a', '{"session_duration": 30, "events": [{"key": "[CLY]_view", "segmentation": {"name": "home", "visit": 1}},
                  {"key": "[CLY]_view", "dur": 3, "segmentation": {"name": "home"}}]}'),
       pg_temp.at('2020-12-31 12:00:40+00', 'a', '{"end_session": 1, "session_duration": 10, "ignore_cooldown": 1}'),
       pg_temp.at('2021-01-03 12:00+00', 'b', '{"begin_session": 1, "metrics": {"_os": "iOS", "_os_version": "14"}, "events": [{"key": "[CLY]_view", "segmentation": {"name": "cart", "visit": 1}}]}'),
       pg_temp.at('2021-01-03 12:00:20+00', 'b', '{"end_session": 1, "session_duration": 20, "ignore_cooldown": 1}'),
       pg_temp.at('2021-01-04 12:00+00', 'a', '{"begin_session": 1, "events": [{"key": "[CLY]_view", "segmentation": {"name": "home", "visit": 1}}]}'),
       pg_temp.at('2021-01-04 12:00:30+00', 'a', '{"session_duration": 30}');
-- A crash, twice the same of one user, another of a second one; feedback; purchases.
SELECT pg_temp.at('2021-01-04 12:01+00', 'a', '{"crash": {"_error": "at one\nat two", "_app_version": "1.0", "_os": "Android", "_nonfatal": false}}'),
       pg_temp.at('2021-01-04 12:02+00', 'a', '{"crash": {"_error": "at one\nat two", "_app_version": "1.0", "_os": "Android", "_nonfatal": false}}'),
       pg_temp.at('2021-01-04 12:03+00', 'b', '{"crash": {"_error": "elsewhere", "_app_version": "1.0", "_os": "iOS", "_nonfatal": true}}'),
       pg_temp.at('2021-01-04 12:04+00', 'a', '{"events": [{"key": "[CLY]_star_rating", "segmentation": {"rating": 4, "widget_id": "w"}},
                  {"key": "[CLY]_nps", "segmentation": {"rating": 9, "widget_id": "n"}}, {"key": "paid", "count": 2, "sum": 30}]}'),
       pg_temp.at('2021-01-04 12:05+00', 'b', '{"events": [{"key": "[CLY]_star_rating", "segmentation": {"rating": 2, "widget_id": "w"}},
                  {"key": "[CLY]_survey", "segmentation": {"widget_id": "s", "answ-1": "yes"}}, {"key": "paid", "sum": 12.5}]}');
-- 1:30 in the morning, twice, on the day when the clock goes back; the last second before that day, its last one, and the next.
SELECT pg_temp.at('2020-11-01 05:30+00', 'c', '{"events": [{"key": "tick"}]}'), pg_temp.at('2020-11-01 06:30+00', 'c', '{"events": [{"key": "tick"}]}'),
       pg_temp.at('2020-11-01 03:59:59+00', 'c', '{"events": [{"key": "tick"}]}'), pg_temp.at('2020-11-02 04:59:59+00', 'c', '{"events": [{"key": "tick"}]}'),
       pg_temp.at('2020-11-02 05:00+00', 'c', '{"events": [{"key": "tick"}]}');

CREATE FUNCTION pg_temp.answers() RETURNS TABLE (question text, answer text) LANGUAGE sql AS $$
    -- sessions: 40 + 20 + 30 seconds; by ISO week of New York: 28 December to 3 January, then from 4 January on
    SELECT 'sessions', s::text FROM segmentation('shop', '[CLY]_session', period => 'all') AS s
    UNION ALL SELECT 'sessions by week', s::text FROM segmentation('shop', '[CLY]_session', '{}', '{platform,platform_version}', 'weekly', 'all') AS s
    UNION ALL SELECT 'sessions by month', s::text FROM segmentation('shop', '[CLY]_session', '{}', '{}', 'monthly', 'all') AS s
    UNION ALL SELECT 'long sessions', s::text FROM segmentation('shop', '[CLY]_session', '{"dur": {"$gte": 30}}', '{dur:0-35,36-}', NULL, 'all') AS s
    UNION ALL SELECT 'views', s::text FROM segmentation('shop', '[CLY]_view', '{}', '{event.name}', NULL, 'all') AS s
    UNION ALL SELECT 'durations of views', s::text FROM segmentation('shop', '[CLY]_view_update', '{"event.name": "home"}', '{}', NULL, 'all') AS s
    UNION ALL SELECT 'crashes', s::text FROM segmentation('shop', '[CLY]_crash', '{}', '{event.os,event.nonfatal}', NULL, 'all') AS s
    UNION ALL SELECT 'groups of crashes', count(*)::text FROM segmentation('shop', '[CLY]_crash', '{}', '{event.crash_group}', NULL, 'all') AS s
    UNION ALL SELECT 'ratings', s::text FROM segmentation('shop', '[CLY]_star_rating', '{}', '{event.rating:1-2,3-5,platform}', NULL, 'all') AS s
    UNION ALL SELECT 'nps', s::text FROM segmentation('shop', '[CLY]_nps', '{}', '{event.type}', NULL, 'all') AS s
    UNION ALL SELECT 'surveys', s::text FROM segmentation('shop', '[CLY]_survey', '{}', '{event.answ-1}', NULL, 'all') AS s
    UNION ALL SELECT 'purchases', s::text FROM segmentation_metrics('shop', 'paid', '{}', '{platform}', NULL, 'all', metrics => '{sum/users,avg(sum)}') AS s
    UNION ALL SELECT 'ticks by hour', s::text FROM segmentation('shop', 'tick', '{}', '{}', 'hourly', 'all') AS s
    UNION ALL SELECT 'ticks by day', s::text FROM segmentation('shop', 'tick', '{}', '{}', 'daily', 'all') AS s
    UNION ALL SELECT 'ticks by day, filled', s::text FROM segmentation('shop', 'tick', '{}', '{}', 'daily', '["31-10-2020","03-11-2020"]', fill => true) AS s
    UNION ALL SELECT 'any', s::text FROM segmentation('shop', NULL, '{}', '{event.key}', NULL, 'all') AS s
$$;
CREATE TEMP TABLE hot AS SELECT row_number() OVER () AS nr, * FROM pg_temp.answers();
SELECT question || ': ' || answer FROM hot ORDER BY nr;
-- any event is every event there is
SELECT (SELECT count(*) FROM shop.events) = (SELECT sum(times) - 1 FROM segmentation('shop', NULL, period => 'all'));  -- a purchase has a count of 2
CALL compact('shop');
SELECT count(*) FILTER (WHERE c.answer IS DISTINCT FROM h.answer), count(*)
  FROM hot AS h FULL JOIN (SELECT row_number() OVER () AS nr, * FROM pg_temp.answers()) AS c USING (nr);
-- Views with the properties as they were then, and as they are now.
SELECT pg_temp.at('2021-01-05 12:00+00', 'a', '{"metrics": {"_os": "Android", "_os_version": "3.0"}, "events": [{"key": "tick"}]}');
SELECT segment, times FROM segmentation('shop', '[CLY]_view', '{}', '{platform_version}', period => 'all');
SELECT segment, times FROM segmentation('shop', '[CLY]_view', '{}', '{platform_version}', period => 'all', properties => 'latest');
SELECT drop_app('shop');
