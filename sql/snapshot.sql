-- The profile as it was: the guide's example of a user who moves from France to Germany.
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;
SELECT profiles.create_app('shop') IS NOT NULL;
-- At so many minutes after 1700000000.
CREATE FUNCTION pg_temp.at(minutes numeric, parameters jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', r.uid, r.status, nullif(r.skipped, '[]'))
      FROM profiles.ingest('shop', jsonb_build_object('device_id', 'd', 'timestamp', ((1700000000 + 60 * minutes) * 1000)::bigint) || parameters) AS r
$$;
CREATE FUNCTION pg_temp.country(minutes numeric) RETURNS text LANGUAGE sql AS $$
    SELECT profiles.profile_at('shop', 1, to_timestamp(1700000000 + 60 * minutes)) OPERATOR(profiles.->>) 'country'
$$;
CREATE FUNCTION pg_temp.events() RETURNS TABLE (at numeric, key text, country text, plan text, dur numeric) LANGUAGE sql AS $$
    SELECT trim_scale(extract(epoch FROM ts) - 1700000000) / 60, key, country, profile OPERATOR(profiles.->>) 'custom.plan', dur FROM shop.events ORDER BY ts, key
$$;

-- in France, in a session
SELECT pg_temp.at(0, '{"begin_session": 1, "country_code": "FR"}');
SELECT pg_temp.at(1, '{"events": [{"key": "purchase"}]}');
-- in Germany, before the session ends
SELECT pg_temp.at(10, '{"country_code": "DE", "session_duration": 600}');
SELECT pg_temp.at(11, '{"end_session": 1}');
SELECT pg_temp.at(20, '{"begin_session": 1, "events": [{"key": "purchase"}]}');
-- the session that began in France was closed in Germany; its purchase stays in France
SELECT at::int, key, country, plan, dur FROM pg_temp.events();
SELECT users, segment, times FROM profiles.segmentation('shop', 'purchase', breakdown => '{country}', period => 'all') ORDER BY segment;
SELECT users, segment FROM profiles.segmentation('shop', 'purchase', breakdown => '{country}', period => 'all', properties => 'latest');

-- the profile at any time
SELECT minutes, pg_temp.country(minutes) FROM unnest('{-1,0,1,9,10,11,30}'::int[]) AS minutes;

-- Late data: what happened in France carries France, although it comes when everybody knows of Germany.
SELECT pg_temp.at(5, '{"events": [{"key": "late"}]}');
-- with a change of its own: that is part of both, the profile of then and the one of now
SELECT pg_temp.at(6, '{"events": [{"key": "later"}], "user_details": {"custom": {"plan": "pro"}}}');
-- what follows it sees it
SELECT pg_temp.at(7, '{"events": [{"key": "latest"}]}');
-- a change alone
SELECT pg_temp.at(8, '{"user_details": {"custom": {"plan": "team"}}}');
SELECT at::int, key, country, plan, dur FROM pg_temp.events() WHERE at BETWEEN 5 AND 9;
SELECT country, profile OPERATOR(profiles.->>) 'custom.plan' FROM shop.people;
SELECT profiles.profile_at('shop', 1, to_timestamp(1700000000 + 60 * 8)) OPERATOR(profiles.->>) 'custom.plan';
-- earlier than everything that is known: as it is now
SELECT pg_temp.at(-5, '{"events": [{"key": "first"}]}');
SELECT at::int, key, country, plan FROM pg_temp.events() WHERE key = 'first';

-- A request that closes its session at once: the session carries its change, which leaves an event of its own.
SELECT pg_temp.at(40, '{"end_session": 1, "ignore_cooldown": 1, "user_details": {"custom": {"plan": "gone"}}}');
SELECT at::int, key, country, plan FROM pg_temp.events() WHERE at >= 20;
SELECT profiles.profile_at('shop', 1, to_timestamp(1700000000 + 60 * 39)) OPERATOR(profiles.->>) 'custom.plan';
-- A merge changes the profile too: it leaves an event, so that heartbeats afterwards do not hide when. So does taking it back.
CREATE FUNCTION pg_temp.shown(who bigint, minutes numeric) RETURNS jsonb LANGUAGE sql AS $$
    SELECT profiles.profile_at('shop', who, to_timestamp(1700000000 + 60 * minutes))::jsonb - '{city,region}'::text[] $$;
SELECT pg_temp.at(50, '{"device_id": "m1", "country_code": "FR", "user_details": {"custom": {"plan": "free"}}}');
SELECT pg_temp.at(52, '{"device_id": "m2", "country_code": "DE", "user_details": {"custom": {"seat": 1}}}');
SELECT pg_temp.at(55, '{"device_id": "m2", "old_device_id": "m1"}');
SELECT pg_temp.at(58, '{"device_id": "m2"}');
SELECT minutes, pg_temp.shown(3, minutes) FROM unnest('{49,50,51,52,54,55,56,58,60}'::numeric[]) AS minutes;
SELECT key, segmentation, device_id FROM shop.events WHERE ts = to_timestamp(1700003300);
-- a merge of users who have the same leaves none, nor does one whose request leaves another event
SELECT pg_temp.at(59, '{"device_id": "m3", "country_code": "DE", "user_details": {"custom": {"seat": 1, "plan": "free"}}}');
SELECT pg_temp.at(60, '{"device_id": "m2", "old_device_id": "m3"}');
SELECT pg_temp.at(61, '{"device_id": "m4", "user_details": {"name": "M"}}');
SELECT pg_temp.at(62, '{"device_id": "m2", "old_device_id": "m4", "events": [{"key": "met"}]}');
SELECT extract(epoch FROM ts)::bigint / 60 - 28333333, key, device_id, profile OPERATOR(profiles.->>) 'name' FROM shop.events WHERE uid = 3 AND ts >= to_timestamp(1700003540) ORDER BY ts;
-- in a bulk, the same
SELECT count(*) FROM profiles.ingest_bulk('shop', '[{"device_id": "b1", "timestamp": 1700004000, "user_details": {"custom": {"plan": "free"}}}, {"device_id": "b2", "timestamp": 1700004060, "user_details": {"custom": {"seat": 2}}},
    {"device_id": "b2", "old_device_id": "b1", "timestamp": 1700004120}, {"device_id": "b2", "timestamp": 1700004300}]');
SELECT at, profiles.profile_at('shop', uid, to_timestamp(at)) FROM shop.users, unnest('{1700004000,1700004060,1700004119,1700004120,1700004200,1700004300}'::int[]) AS at WHERE device_id = 'b2';
-- taken back: what was, was; from then on it is as before. The device's clock is behind the server's.
SELECT profiles.undo_merge('shop', max(merge)) > 0 FROM shop.merges;
SELECT status FROM profiles.ingest('shop', jsonb_build_object('device_id', 'b2', 'timestamp', (extract(epoch FROM now()) * 1000 + 1000)::bigint));
SELECT profiles.profile_at('shop', uid, at) FROM shop.users, unnest(ARRAY[now() - interval '1 hour', clock_timestamp()]) AS at WHERE device_id = 'b2' ORDER BY at;
SELECT device_id, profile FROM shop.users WHERE device_id IN ('b1', 'b2') ORDER BY 1;
SELECT key, segmentation, now() - ts < '1 minute', profile FROM shop.events WHERE device_id = 'b2' ORDER BY ts DESC LIMIT 1;
-- and in blocks
CALL profiles.compact('shop');
SELECT minutes, pg_temp.shown(3, minutes) FROM unnest('{54,55,56,58,62}'::numeric[]) AS minutes;
SELECT profiles.profile_at('shop', 99, now());
SELECT profiles.profile_at('shop', 9223372036854775807, now());
SELECT profiles.profile_at('no such app', 1, now());
SELECT profiles.profile_at('shop', NULL, now()) IS NULL;
SET client_min_messages = warning;
SELECT profiles.drop_app('shop');
