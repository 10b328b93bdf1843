-- Custom properties whose values last for some days, or for a session: what is gone is never shown.
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;
\set SHOW_CONTEXT never
SELECT profiles.create_app('shop') IS NOT NULL;
-- A request of so many days ago, of a user of its own unless one is named.
CREATE FUNCTION send(days_ago numeric, request jsonb, device text DEFAULT 'd') RETURNS text LANGUAGE sql AS $$
    SELECT r.status || CASE WHEN r.skipped = '[]' THEN '' ELSE r.skipped::text END
      FROM profiles.ingest('shop', jsonb_build_object('device_id', device, 'timestamp',
               floor(extract(epoch FROM now()) - days_ago * 86400)) || request) AS r $$;
-- The moment of an event, in days ago, to the hour.
CREATE FUNCTION days_ago(ts timestamptz) RETURNS numeric LANGUAGE sql AS $$
    SELECT round(extract(epoch FROM now() - ts) / 86400, 1) $$;

SELECT profiles.configure_property('shop', 'custom.plan', expires => '30 days'), profiles.configure_property('shop', 'custom.trial', expires => '2'),
       profiles.configure_property('shop', 'custom.cart', expires => 'SESSION');
SELECT settings FROM profiles.apps;
SELECT name, kind, expires FROM shop.properties ORDER BY name;
-- the other marks leave it as it is
SELECT profiles.configure_property('shop', 'custom.plan', hidden => false);
SELECT expires FROM shop.properties WHERE name = 'custom.plan';

-- The last request was 31 days ago: nobody shows the plan any more, nothing has swept.
SELECT send(31, '{"begin_session": 1, "country_code": "DE", "user_details": {"custom": {"plan": "pro", "seat": 4}}, "events": [{"key": "buy"}]}');
SELECT profile FROM shop.users;
SELECT custom, profile::jsonb - 'region' - 'city' FROM shop.people;
SELECT profile::jsonb -> 'custom' FROM shop.events WHERE key = '[CLY]_session';   -- not closed: as it is now
SELECT profile::jsonb -> 'custom' FROM shop.events WHERE key = 'buy';             -- as it was
SELECT segment, users FROM profiles.segmentation('shop', 'buy', breakdown => '{custom.plan}', period => 'all');
SELECT segment, users FROM profiles.segmentation('shop', 'buy', breakdown => '{custom.plan}', period => 'all', properties => 'latest');
SELECT count(*) FROM profiles.segmentation_users('shop', 'buy', '{"custom.plan": "pro"}', '{}', '{}', 'all', 'latest');
SELECT days, profiles.profile_at('shop', 1, now() - days * interval '1 day')::jsonb -> 'custom' FROM unnest('{31,30.99,1.01,0.99,0}'::numeric[]) AS days;
SELECT profiles.refresh_properties('shop') > 0, (SELECT users FROM shop.properties WHERE name = 'custom.plan');
SELECT profiles.debug_user('shop', 1) #> '{user,profile,custom}';
SELECT profiles.export_user('shop', 1) #> '{users,0,expiry,custom}' ? 'plan';

-- The next request takes it out, with an event at the moment when it went, and $inc begins anew.
SELECT send(30.5, '{"user_details": {"custom": {"trial": {"$inc": 5}}}}');
SELECT send(27, '{"user_details": {"custom": {"trial": {"$inc": 1}}}}');
SELECT send(0.5, '{"session_duration": 5}');
SELECT days_ago(ts), key, segmentation -> 'properties', profile::jsonb -> 'custom' FROM shop.events
 WHERE key = '[CLY]_property_update' ORDER BY ts;
SELECT profile::jsonb -> 'custom', expiry FROM shop.users;
SELECT days, profiles.profile_at('shop', 1, now() - days * interval '1 day')::jsonb -> 'custom' FROM unnest('{30.6,30.4,28.6,28.4,26,24.9,1.1,0.9,0}'::numeric[]) AS days;

-- What lasts for a session goes with it; a value of the time before a rule, or written without one, stays.
SELECT send(0.3, '{"begin_session": 1, "ignore_cooldown": 1, "user_details": {"custom": {"cart": 1, "kept": 1}}}', 's');
SELECT custom FROM shop.people WHERE device_id = 's';
SELECT send(0.2, '{"end_session": 1}', 's');
SELECT custom FROM shop.people WHERE device_id = 's';
SELECT profiles.configure_property('shop', 'custom.kept', expires => '1');
SELECT profiles.configure_property('shop', 'custom.trial', expires => 'never');
SELECT expires FROM shop.properties WHERE name = 'custom.trial';
SELECT send(0.1, '{"user_details": {"custom": {"trial": 9}}}', 's');
SELECT key, profile::jsonb -> 'custom' FROM shop.events WHERE device_id = 's' ORDER BY ts, key;
SELECT profile::jsonb -> 'custom', expiry FROM shop.users WHERE device_id = 's';

-- The sweep
SELECT answer, count(*) FROM (SELECT send(40 - n, '{"begin_session": 1, "user_details": {"custom": {"plan": "pro"}}}', 'p' || n) AS answer FROM generate_series(1, 20) AS n) AS sent GROUP BY answer;
CALL profiles.expire_properties('shop');
CALL profiles.expire_properties('shop');
SELECT count(*), count(*) FILTER (WHERE profile OPERATOR(profiles.->) 'custom.plan' IS NOT NULL), count(expiry) FROM shop.users WHERE device_id LIKE 'p%';
SELECT profiles.profile_at('shop', uid, now() - interval '20 days')::jsonb -> 'custom' FROM shop.users WHERE device_id = 'p1';
CALL profiles.compact('shop');
SELECT days, profiles.profile_at('shop', uid, now() - days * interval '1 day')::jsonb -> 'custom' FROM shop.users, unnest('{38,20,9.1,8.9}'::numeric[]) AS days WHERE device_id = 'p1';
-- ... also of sessions that are over
SELECT send(0.3, '{"begin_session": 1, "user_details": {"custom": {"cart": 1}}}', 'q');
SELECT send(0.2, '{"end_session": 1}', 'q');
CALL profiles.expire_properties('shop');
SELECT key, profile::jsonb -> 'custom' FROM shop.events WHERE device_id = 'q' ORDER BY ts, key;
SELECT count(session_start), count(expiry) FROM shop.users WHERE device_id = 'q';
CALL profiles.expire_properties('no such app');

-- A bulk does what the requests do one after the other.
SELECT profiles.create_app('other') IS NOT NULL, profiles.configure_property('other', 'custom.plan', expires => '3'), profiles.configure_property('other', 'custom.cart', expires => 'SESSION'),
       profiles.create_app('bulk') IS NOT NULL, profiles.configure_property('bulk', 'custom.plan', expires => '3'), profiles.configure_property('bulk', 'custom.cart', expires => 'SESSION');
CREATE TABLE public.requests AS
SELECT n, jsonb_strip_nulls(jsonb_build_object('device_id', 'd' || n % 7, 'timestamp', 1700000000 + n * 40000,
           'begin_session', CASE WHEN n % 5 = 0 THEN 1 END, 'end_session', CASE WHEN n % 7 = 3 THEN 1 END,
           'old_device_id', CASE WHEN n % 90 = 89 THEN 'd' || (n + 3) % 7 END,
           'user_details', CASE WHEN n % 3 <> 0 THEN jsonb_build_object('custom', jsonb_build_object('plan', '{"$inc": 1}'::jsonb, CASE n % 2 WHEN 0 THEN 'cart' ELSE 'seat' END, '{"$push": 1}'::jsonb)) END)) AS request
  FROM generate_series(1, 300) AS n;
SELECT count(*) FROM requests, LATERAL profiles.ingest('other', request) AS answer WHERE answer.status = 'ok';
SELECT count(*) FROM (SELECT jsonb_agg(request ORDER BY n) AS requests FROM requests) AS all_of_them, LATERAL profiles.ingest_bulk('bulk', requests) AS answer WHERE answer.status = 'ok';
SELECT count(*) AS differ FROM (
    (SELECT uid, device_id, profile, expiry, session_count FROM other.users EXCEPT SELECT uid, device_id, profile, expiry, session_count FROM bulk.users) UNION ALL
    (SELECT uid, device_id, profile, expiry, session_count FROM bulk.users EXCEPT SELECT uid, device_id, profile, expiry, session_count FROM other.users)) AS users;
SELECT count(*) AS differ FROM (
    (SELECT uid, ts, key, segmentation, profile FROM other.events EXCEPT ALL SELECT uid, ts, key, segmentation, profile FROM bulk.events) UNION ALL
    (SELECT uid, ts, key, segmentation, profile FROM bulk.events EXCEPT ALL SELECT uid, ts, key, segmentation, profile FROM other.events)) AS events;
SELECT count(*) > 100 FROM bulk.events WHERE segmentation::text ~ 'custom.plan';

-- A merge keeps of each value when it goes, and the undone one gives both back.
SELECT profiles.configure_property('shop', 'custom.trial', expires => '2');
SELECT send(1.5, '{"begin_session": 1, "user_details": {"custom": {"trial": "m", "cart": 1, "seat": 1}}}', 'm');
SELECT send(1.2, '{"user_details": {"custom": {"plan": "n", "trial": "n"}}}', 'n');
SELECT send(1, '{"old_device_id": "n"}', 'm');
SELECT profile::jsonb -> 'custom', round(((expiry::jsonb #>> '{custom,trial}')::numeric / 1000 - extract(epoch FROM now())) / 86400, 1),
       round(((expiry::jsonb #>> '{custom,plan}')::numeric / 1000 - extract(epoch FROM now())) / 86400, 1) FROM shop.users WHERE device_id = 'm';
SELECT profiles.undo_merge('shop', max(merge)) > 0 FROM shop.merges;
SELECT device_id, profile::jsonb -> 'custom', (SELECT string_agg(key, ' ' ORDER BY key) FROM jsonb_object_keys(expiry::jsonb -> 'custom') AS key)
  FROM shop.users WHERE device_id IN ('m', 'n') ORDER BY 1;

-- Deleted for everybody: the values, when they go, and the rule.
CALL profiles.delete_property('shop', 'custom.plan');
SELECT count(*) FROM shop.users WHERE expiry::text ~ 'plan' OR profile::text ~ 'plan';
SELECT settings FROM profiles.apps WHERE name = 'shop';
SELECT expiry FROM shop.users WHERE expiry::text = '{}';

-- A row survives its text form.
SELECT count(*) > 0, bool_and(expiry::text::profiles.profile OPERATOR(profiles.=) expiry) FROM shop.users WHERE expiry IS NOT NULL;
-- live_profile itself
SELECT profiles.live_profile('{"custom": {"a": 1, "b": 2}, "name": "x"}', '{"custom": {"a": 1700000000000, "b": "SESSION"}}', at)
  FROM unnest('{-infinity,2023-11-14 22:13:19.999+00,2023-11-14 22:13:20+00,infinity}'::timestamptz[]) AS at;
SELECT profiles.live_profile('{"custom": {"a": 1}}', '{"custom": {"a": -1700000000000}}', at) FROM unnest('{2023-11-14 22:13:19.999+00,2023-11-14 22:13:20+00}'::timestamptz[]) AS at;
SELECT profiles.live_profile('{"custom": {"a": 1}}', NULL, now()), profiles.live_profile('{"custom": {"a": 1}}', '{"custom": {"a": -9223372036854775808}, "x": 1}', now());
SELECT profiles.live_profile('{"custom": {"a": 1}}', '{"a": 1}', now());

-- What is no expiry
SELECT profiles.configure_property('shop', 'country', expires => '3');
SELECT profiles.configure_property('shop', 'campaign.id', expires => '3');
SELECT profiles.configure_property('shop', 'custom.a', expires => '0');
SELECT profiles.configure_property('shop', 'custom.a', expires => '36501 days');
SELECT profiles.configure_property('shop', 'custom.a', expires => 'session');
SELECT profiles.configure_property('shop', 'custom.a', expires => '');
SELECT profiles.configure_property('no such app', 'custom.a', expires => '3');
SELECT profiles.configure_app('shop', '{"property_expiry": {"a": 3}}');
SELECT profiles.create_app('third', settings => '{"property_expiry": {"a": 3}}');
SELECT profiles.check_settings('{"property_expiry": {"a": 0}}');
SELECT profiles.check_settings('{"property_expiry": {"a": 1.5}}');
SELECT profiles.check_settings('{"property_expiry": {"a": "days"}}');
SELECT profiles.check_settings('{"property_expiry": ["a"]}');
SELECT profiles.check_settings(jsonb_build_object('property_expiry', (SELECT jsonb_object_agg('p' || n, n) FROM generate_series(1, 101) AS n)));
SET client_min_messages = warning;
SELECT profiles.drop_app('shop'), profiles.drop_app('other'), profiles.drop_app('bulk');
DROP TABLE public.requests;
DROP FUNCTION send(numeric, jsonb, text);
DROP FUNCTION days_ago(timestamptz);
