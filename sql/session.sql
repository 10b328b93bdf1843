-- Sessions: when one begins, goes on, ends and is closed, and what that does to the user. A line of
-- output tells what the user's row and the view of the sessions hold after each request.
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;
SELECT profiles.create_app('shop') IS NOT NULL;

-- At so many seconds after 2023-11-14 00:00 UTC; times are shown the same way.
CREATE FUNCTION pg_temp.at(seconds numeric, device text, parameters jsonb DEFAULT '{}', app text DEFAULT 'shop') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    skipped text;
    state text;
BEGIN
    SELECT CASE r.status WHEN 'ok' THEN '' ELSE r.status || ' ' END || nullif(r.skipped, '[]') INTO skipped
      FROM profiles.ingest(app, jsonb_build_object('device_id', device, 'timestamp', ((1699920000 + seconds) * 1000)::bigint) || parameters) AS r;
    EXECUTE format($q$
        SELECT concat('sessions ', session_count, ', spent ', time_spent,
                      ', first ', extract(epoch FROM first_session) - 1699920000, ', last ', extract(epoch FROM last_session) - 1699920000,
                      '; ', CASE WHEN session_start IS NULL THEN 'none' ELSE concat('from ', extract(epoch FROM session_start) - 1699920000,
                                 CASE WHEN session_end IS NULL THEN ' open' ELSE concat(' ended ', extract(epoch FROM session_end) - 1699920000) END,
                                 ', dur ', session_duration, ', events ', session_events) END)
          FROM %1$I.users JOIN %1$I.devices USING (uid, bucket) WHERE devices.device_id = $1 $q$, app)
      INTO state USING device;
    RETURN regexp_replace(concat_ws(E'\n  ', state, skipped), '\.000000', '', 'g');
END
$$;
CREATE FUNCTION pg_temp.sessions(of_device text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_replace(concat(extract(epoch FROM s.ts) - 1699920000, ' +', s.dur, ', events ', s.events, CASE WHEN s.closed THEN ', closed ' ELSE ', not closed ' END, s.profile OPERATOR(profiles.->) 'custom'),
                          '\.000000', '', 'g')
      FROM shop.sessions AS s JOIN shop.devices AS d ON d.uid = s.uid WHERE d.device_id = of_device ORDER BY s.ts, s.dur
$$;

-- Begin, heartbeats, end, and the request that closes it.
SELECT pg_temp.at(0, 'plain', '{"begin_session": 1, "metrics": {"_os": "Linux"}}');
SELECT pg_temp.at(60, 'plain', '{"session_duration": 60}');
SELECT pg_temp.at(120, 'plain', '{"session_duration": "60.9", "events": [{"key": "a"}, {"key": "b", "count": 5}]}');
SELECT pg_temp.sessions('plain');
SELECT pg_temp.at(130, 'plain', '{"end_session": 1, "session_duration": 10}');
SELECT pg_temp.sessions('plain');
SELECT pg_temp.at(500, 'plain', '{"user_details": {"custom": {"x": 1}}}');
SELECT pg_temp.sessions('plain');
SELECT pg_temp.at(600, 'plain', '{"begin_session": "true", "session_duration": 3}');
SELECT pg_temp.sessions('plain');
-- a request that is no session's changes nothing of an open one
SELECT pg_temp.at(700, 'plain', '{"begin_session": "0", "end_session": "false", "session_duration": "", "events": "[{\"key\": \"c\"}]"}');

-- The cooldown: up to 14.999 seconds after the end the session goes on, from 15 on it is over.
SELECT pg_temp.at(0, 'c14', '{"begin_session": 1}');
SELECT pg_temp.at(10, 'c14', '{"end_session": 1, "session_duration": 10}');
SELECT pg_temp.at(24.999, 'c14', '{"begin_session": 1}');
SELECT pg_temp.at(30, 'c14', '{"session_duration": 5, "end_session": 1}');
SELECT pg_temp.at(44.999, 'c14', '{"session_duration": 1}');
SELECT pg_temp.at(45, 'c14', '{"end_session": 1}');
SELECT pg_temp.at(50, 'c14', '{"end_session": 1}');
SELECT pg_temp.at(65, 'c14', '{}');
SELECT pg_temp.sessions('c14');
SELECT pg_temp.at(0, 'c15', '{"begin_session": 1}');
SELECT pg_temp.at(10, 'c15', '{"end_session": 1, "session_duration": 10}');
SELECT pg_temp.at(24.999, 'c15', '{}');
SELECT pg_temp.at(25, 'c15', '{"begin_session": 1}');
SELECT pg_temp.sessions('c15');
-- ignore_cooldown: a begin is a new session, an end closes at once
SELECT pg_temp.at(0, 'ignore', '{"begin_session": 1}');
SELECT pg_temp.at(10, 'ignore', '{"end_session": 1}');
SELECT pg_temp.at(11, 'ignore', '{"begin_session": 1, "ignore_cooldown": 1}');
SELECT pg_temp.sessions('ignore');
SELECT pg_temp.at(20, 'ignore', '{"end_session": 1, "session_duration": 9, "ignore_cooldown": "true", "user_details": {"custom": {"at": "the end"}}, "events": [{"key": "e"}]}');
SELECT pg_temp.sessions('ignore');
-- an end that was accepted already is only made final
SELECT pg_temp.at(30, 'ignore', '{"begin_session": 1}');
SELECT pg_temp.at(31, 'ignore', '{"end_session": 1}');
SELECT pg_temp.at(32, 'ignore', '{"end_session": 1, "ignore_cooldown": 1}');
SELECT pg_temp.sessions('ignore');
-- the cooldown is a setting; without one no session continues
SELECT profiles.create_app('never', settings => '{"session_cooldown": 0, "session_duration_limit": 100}') IS NOT NULL;
SELECT pg_temp.at(0, 'd', '{"begin_session": 1}', 'never');
SELECT pg_temp.at(1, 'd', '{"end_session": 1}', 'never');
SELECT pg_temp.at(1, 'd', '{"begin_session": 1}', 'never');
SELECT profiles.configure_app('never', '{"session_cooldown": 3600}');
SELECT pg_temp.at(2, 'd', '{"end_session": 1}', 'never');
SELECT pg_temp.at(3601.999, 'd', '{"begin_session": 1}', 'never');
SELECT pg_temp.at(3700, 'd', '{"session_duration": 101}', 'never');

-- Orphans: a duration or an end whose begin was lost begins a session.
SELECT pg_temp.at(0, 'orphan-duration', '{"session_duration": 30}');
SELECT pg_temp.at(60, 'orphan-duration', '{"session_duration": 60}');
SELECT pg_temp.at(0, 'orphan-end', '{"end_session": 1}');
SELECT pg_temp.at(20, 'orphan-end', '{"end_session": 1, "session_duration": 20}');
SELECT pg_temp.sessions('orphan-end');
SELECT pg_temp.at(0, 'orphan-now', '{"end_session": 1, "ignore_cooldown": 1}');
SELECT pg_temp.sessions('orphan-now');
SELECT pg_temp.at(0, 'no-orphan', '{"session_duration": 0}');

-- Durations that cannot be: negative and no number are refused, too long ones are cut.
SELECT pg_temp.at(0, 'odd', '{"begin_session": 1}');
SELECT pg_temp.at(1, 'odd', '{"session_duration": -1}');
SELECT pg_temp.at(2, 'odd', '{"session_duration": "-0.5"}');
SELECT pg_temp.at(3, 'odd', '{"session_duration": "ten"}');
SELECT pg_temp.at(4, 'odd', '{"session_duration": [10]}');
SELECT pg_temp.at(5, 'odd', '{"session_duration": 86401}');
SELECT pg_temp.at(6, 'odd', '{"session_duration": 1e30}');
SELECT pg_temp.at(7, 'odd', '{"session_duration": 86400}');

-- A session that never ended is closed by the next begin, with what it had.
SELECT pg_temp.at(0, 'crash', '{"begin_session": 1, "user_details": {"custom": {"n": 1}}}');
SELECT pg_temp.at(60, 'crash', '{"session_duration": 60, "events": [{"key": "e"}]}');
SELECT pg_temp.at(61, 'crash', '{"begin_session": 1, "user_details": {"custom": {"n": 2}}}');
SELECT pg_temp.sessions('crash');

-- A session carries the profile as it was when it was closed: not yet what the closing request brings.
SELECT pg_temp.at(0, 'snapshot', '{"begin_session": 1, "user_details": {"custom": {"n": 1}}}');
SELECT pg_temp.at(10, 'snapshot', '{"user_details": {"custom": {"n": 2}}}');
SELECT pg_temp.sessions('snapshot');
SELECT pg_temp.at(20, 'snapshot', '{"end_session": 1, "user_details": {"custom": {"n": 3}}}');
SELECT pg_temp.at(34.999, 'snapshot', '{"user_details": {"custom": {"n": 4}}}');
SELECT pg_temp.at(35, 'snapshot', '{"user_details": {"custom": {"n": 5}}}');
SELECT pg_temp.sessions('snapshot');

-- Late data: last seen and last session never go back, first session does.
SELECT pg_temp.at(1000, 'late', '{"begin_session": 1}');
SELECT pg_temp.at(1060, 'late', '{"session_duration": 60, "end_session": 1}');
-- a heartbeat of that session that was on its way for longer
SELECT pg_temp.at(1030, 'late', '{"session_duration": 30}');
SELECT pg_temp.at(1040, 'late', '{"end_session": 1}');
SELECT pg_temp.at(1000, 'late', '{"events": [{"key": "old"}]}');
SELECT pg_temp.sessions('late');
-- it does not keep the session from going on
SELECT pg_temp.at(1070, 'late', '{"begin_session": 1}');
SELECT pg_temp.at(1080, 'late', '{"end_session": 1}');
-- a whole session from before
SELECT pg_temp.at(0, 'late', '{"begin_session": 1}');
SELECT pg_temp.at(20, 'late', '{"end_session": 1, "session_duration": 20}');
SELECT pg_temp.at(2000, 'late', '{}');
SELECT pg_temp.sessions('late');
SELECT extract(epoch FROM first_seen)::int - 1699920000, extract(epoch FROM last_seen)::int - 1699920000 FROM shop.users WHERE device_id = 'late';

-- an end from before the open session began is not its end
SELECT pg_temp.at(3000, 'late', '{"begin_session": 1}');
SELECT pg_temp.at(2990, 'late', '{"end_session": 1, "ignore_cooldown": 1, "session_duration": 5}');

-- Seven days of sessions, by the app's time zone: 23:30 UTC is the next day in Berlin.
SELECT profiles.create_app('berlin', 'Europe/Berlin') IS NOT NULL;
SELECT pg_temp.at(23.5 * 3600, 'd', '{"begin_session": 1}', 'berlin');
SELECT recent_day, recent_sessions FROM berlin.users;
SELECT pg_temp.at(22.9 * 3600, 'd', '{"begin_session": 1}', 'berlin');
SELECT recent_day, recent_sessions FROM berlin.users;
-- active without a session
SELECT pg_temp.at(4 * 86400, 'd', '{}', 'berlin');
SELECT recent_day, recent_sessions FROM berlin.users;
SELECT pg_temp.at(4 * 86400 + 60, 'd', '{"begin_session": 1}', 'berlin');
SELECT pg_temp.at(4 * 86400 + 120, 'd', '{"begin_session": 1}', 'berlin');
-- late data counts on its own day, and not at all when that is too long ago
SELECT pg_temp.at(2 * 86400, 'd', '{"begin_session": 1}', 'berlin');
SELECT pg_temp.at(-3 * 86400, 'd', '{"begin_session": 1}', 'berlin');
SELECT recent_day, recent_sessions FROM berlin.users;
SELECT pg_temp.at(7 * 86400, 'd', '{"begin_session": 1}', 'berlin');
SELECT recent_day, recent_sessions FROM berlin.users;
SELECT pg_temp.at(14 * 86400, 'd', '{}', 'berlin');
SELECT recent_day, recent_sessions FROM berlin.users;
-- the score of that day, and a week later: sessions 7, spent 420 s -> 1 minute on average
UPDATE berlin.users SET time_spent = 420, recent_sessions = '{2,NULL,0,3,NULL,NULL,1}';
SELECT session_count, profiles.user_engagement(time_spent, session_count, recent_day, recent_sessions, recent_day + n)
  FROM berlin.users, generate_series(0, 7) AS n;

-- The views agree with the users.
SELECT count(*) FROM shop.users AS u
 WHERE (u.session_count, u.time_spent) IS DISTINCT FROM
       (SELECT (count(*)::integer, coalesce(sum(s.dur), 0)::bigint) FROM shop.sessions AS s WHERE s.uid = u.uid);
SELECT count(*) FROM shop.users AS u
 WHERE u.event_count <> (SELECT count(*) FROM shop.events AS e WHERE e.uid = u.uid AND e.key !~ '^\[CLY\]_');
SELECT count(*) FROM shop.users AS u JOIN shop.people AS p USING (uid)
 WHERE (u.session_count, u.time_spent, u.event_count, u.first_seen, u.last_seen, u.first_session, u.last_session, u.profile::text)
       IS DISTINCT FROM
       (p.session_count, p.time_spent, p.event_count, p.first_seen, p.last_seen, p.first_session, p.last_session, p.profile::text);
SELECT count(*), count(*) FILTER (WHERE closed), count(DISTINCT session_id) FROM shop.sessions;
SELECT count(*) FROM shop.users WHERE session_start IS NOT NULL;
SELECT count(*) FROM shop.sessions WHERE NOT closed;

-- Beyond what a double can be, a duration is still too long, negative or nothing.
SELECT pg_temp.at(0, 'huge', '{"begin_session": 1, "session_duration": 1e400}');
SELECT pg_temp.at(1, 'huge', '{"session_duration": "-1e400"}');
SELECT pg_temp.at(2, 'huge', '{"session_duration": 1e-400}');
