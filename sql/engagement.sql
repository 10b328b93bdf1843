-- The engagement score and its levels.
\pset format unaligned
\pset tuples_only
\pset null '(null)'
SET search_path = pg_catalog, profiles, public;
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

-- min(2, minutes) * min(20, sessions) * min(7, days)
SELECT minutes, sessions, days, engagement_score(minutes, sessions, days)
  FROM (VALUES (2.0, 20, 7), (3.5, 21, 8), (1e308, 2147483647, 2147483647), (1.0, 1, 1), (0.5, 4, 2),
               (1.25, 10, 5), (1.999, 20, 7), (0.0, 20, 7), (2.0, 0, 7), (2.0, 20, 0), (-0.0::float8, 3, 2),
               (1.0 / 3, 3, 1)) AS t (minutes, sessions, days);
SELECT engagement_score(NULL, 1, 1), engagement_score(1, NULL, 1), engagement_score(1, 1, NULL);
SELECT pg_temp.error_of(format('SELECT profiles.engagement_score(%L, %s, %s)', minutes, sessions, days))
  FROM (VALUES ('NaN', 1, 1), ('Infinity', 1, 1), ('-Infinity', 1, 1), ('-0.1', 1, 1), ('1', -1, 1), ('1', 1, -1))
       AS t (minutes, sessions, days);

-- Levels: fifths of 280, a bound belongs to the higher level.
SELECT score, engagement_level(score)
  FROM unnest(ARRAY[0, 55.999, 56, 111.999, 112, 167.999, 168, 223.999, 224, 279.999, 280, '-0'::float8]) AS score;
SELECT engagement_level(NULL);
SELECT pg_temp.error_of(format('SELECT profiles.engagement_level(%L)', score))
  FROM unnest(ARRAY['-0.001', '280.001', 'NaN', 'Infinity', '-Infinity']) AS score;

-- Of a user: from the row alone, by the calendar of the app. Today is a day in Kiritimati, UTC+14.
SELECT create_app('shop', 'Pacific/Kiritimati') <> '';
CREATE FUNCTION pg_temp.today() RETURNS date LANGUAGE sql AS
    $$ SELECT (now() AT TIME ZONE 'Pacific/Kiritimati')::date $$;
BEGIN;
INSERT INTO shop.users (uid, bucket, device_id, profile, session_count, time_spent, recent_day, recent_sessions) VALUES
    (1, 0, 'today only',         '{}', 1, 60,    pg_temp.today(),     '{1,NULL,NULL,NULL,NULL,NULL,NULL}'),
    (2, 0, 'every day',          '{}', 50, 6000, pg_temp.today(),     '{3,3,3,3,3,3,3}'),
    (3, 0, 'not rounded',        '{}', 3, 100,   pg_temp.today(),     '{2,NULL,1,NULL,NULL,NULL,NULL}'),
    (4, 0, 'two days ago',       '{}', 4, 480,   pg_temp.today() - 2, '{1,1,1,1,1,1,1}'),
    (5, 0, 'six days ago',       '{}', 4, 480,   pg_temp.today() - 6, '{2,9,9,9,9,9,9}'),
    (6, 0, 'seven days ago',     '{}', 4, 480,   pg_temp.today() - 7, '{2,9,9,9,9,9,9}'),
    (7, 0, 'no session',         '{}', 0, 0,     pg_temp.today(),     '{0,NULL,NULL,NULL,NULL,NULL,NULL}'),
    (8, 0, 'active without one', '{}', 5, 600,   pg_temp.today(),     '{0,2,NULL,NULL,NULL,NULL,NULL}'),
    (9, 0, 'never a day',        '{}', 5, 600,   NULL,                NULL),
    (10, 0, 'tomorrow',          '{}', 5, 600,   pg_temp.today() + 1, '{1,1,1,1,1,1,1}'),   -- the app moved west
    (65536, 1, 'second bucket',  '{}', 1, 600,   pg_temp.today(),     '{1,NULL,NULL,NULL,NULL,NULL,NULL}');
SELECT uid, device_id, round(engagement_score('shop', uid)::numeric, 6) AS score,
       engagement_level(engagement_score('shop', uid))
  FROM shop.users ORDER BY uid;
COMMIT;
-- It decays by itself: the same row, day after day.
SELECT n, round(user_engagement(6000, 50, '2024-05-15', '{3,3,3,3,3,3,3}', date '2024-05-15' + n)::numeric, 6)
  FROM generate_series(0, 8) AS n;
SELECT user_engagement(6000, 50, NULL, NULL, '2024-05-15'), user_engagement(0, 0, '2024-05-15', '{1}', '2024-05-15'),
       user_engagement(6000, 50, '2024-05-15', '{1}', NULL), user_engagement(NULL, 50, '2024-05-15', '{1}', '2024-05-15');
SELECT engagement_score('shop', NULL), engagement_score(NULL, 1);
SELECT pg_temp.error_of($$SELECT profiles.engagement_score('shop', 11)$$);
SELECT pg_temp.error_of($$SELECT profiles.engagement_score('shop', -1)$$);
SELECT pg_temp.error_of($$SELECT profiles.engagement_score('nobody', 1)$$);
SELECT drop_app('shop');
