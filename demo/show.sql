-- What there is to see in the app "shop". Everything is a query that can be typed again.
SET search_path = shop, profiles, public;
\pset footer off
\pset null '-'

\echo
\echo == The people, the most engaged first:  SELECT ... FROM shop.people
SELECT id, name, country, city, platform, app_version, session_count AS sessions, time_spent / 60 AS minutes,
       round(engagement_score::numeric) AS score, engagement_level AS level, custom ->> 'plan' AS plan
  FROM people WHERE name IS NOT NULL
 ORDER BY engagement_score DESC NULLS LAST, time_spent DESC, uid LIMIT 12;

-- Somebody with a lot to show: merged from two devices, a buyer.
SELECT uid, uid_text(uid) AS id FROM people
 WHERE merges > 0 AND name IS NOT NULL AND custom ? 'bought'
 ORDER BY session_count DESC, uid LIMIT 1 \gset
\echo == The profile page of user :id : one row of shop.people, shop.sessions and shop.events each
\x on
SELECT id, name, email, gender, birth_year, country, city, language, platform, platform_version, device, app_version,
       first_seen::date AS first_day, last_seen::date AS last_day, session_count AS sessions, time_spent / 60 AS minutes,
       event_count AS events, merges, round(engagement_score::numeric, 1) AS score, engagement_level AS level
  FROM people WHERE uid = :uid;
\x off
SELECT key AS "custom property", value FROM people, jsonb_each(custom) WHERE uid = :uid ORDER BY key;
\echo Its last sessions:
SELECT ts::timestamp(0) AS begin, dur AS seconds, events, app_version, device_id FROM sessions
 WHERE uid = :uid ORDER BY ts DESC LIMIT 5;
\echo Its latest events:
SELECT ts::timestamp(0) AS at, key, count, sum, segmentation, app_version FROM events
 WHERE uid = :uid AND key NOT LIKE '[CLY]%' ORDER BY ts DESC LIMIT 10;

\echo == Who bought, by platform and version, day by day while version 3.1.0 spread
\echo '   segmentation(''shop'', ''buy'', ''{}'', ''{platform,app_version}'', ''daily'', ...)'
-- Three days around the release on iOS, 17 days ago.
SELECT date_trunc('day', now(), 'UTC') - interval '17 days' AS from, date_trunc('day', now(), 'UTC') - interval '14 days' AS until,
       date_trunc('day', now(), 'UTC') - interval '15 days' AS day \gset
SELECT bucket::date AS day, segment[1] AS platform, segment[2] AS version, users, times, sum
  FROM segmentation('shop', 'buy', '{}', '{platform,app_version}', 'daily', tstzrange(:'from', :'until'))
 ORDER BY bucket, platform, version;
\echo The same by the properties that people have now:
SELECT bucket::date AS day, segment[1] AS platform, segment[2] AS version, users, times, sum
  FROM segmentation('shop', 'buy', '{}', '{platform,app_version}', 'daily', tstzrange(:'from', :'until'), 'latest')
 ORDER BY bucket, platform, version;

\echo == The users behind one cell: iOS, 3.0.4, on the last of these days
\echo '   segmentation_users(''shop'', ''buy'', ''{}'', ''{platform,app_version}'', ''{iOS,3.0.4}'', ...)'
SELECT id, name, country, app_version AS "version now", custom ->> 'orders' AS orders, custom ->> 'spent' AS spent
  FROM segmentation_users('shop', 'buy', '{}', '{platform,app_version}', '{iOS,3.0.4}',
                          tstzrange(:'day', :'until')) AS uid JOIN people USING (uid)
 ORDER BY (custom ->> 'spent')::numeric DESC, uid LIMIT 10;
