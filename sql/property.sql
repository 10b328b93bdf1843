-- The catalogue of properties, hidden and masked ones, and deleting one.
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;
SELECT profiles.create_app('shop') IS NOT NULL;
SELECT status FROM generate_series(1, 12) AS n,
       LATERAL profiles.ingest('shop', jsonb_build_object('device_id', 'd' || n, 'timestamp', 1700000000 + n, 'campaign_id', 'spring', 'user_details',
           jsonb_build_object('email', format('%s@example.org', n), 'custom', jsonb_build_object('plan', CASE WHEN n <= 4 THEN 'pro' ELSE 'free' END, 'n', n, 'long', repeat('x', 200))
           || CASE WHEN n = 1 THEN '{"tags": ["a", "b"], "mixed": 1}' WHEN n < 4 THEN '{"mixed": "x"}' ELSE '{}' END::jsonb)))
 GROUP BY status;
SELECT count(*) FROM shop.properties;
SELECT profiles.refresh_properties('shop');
SELECT name, kind, type, users, extract(epoch FROM first_seen)::bigint - 1700000000, extract(epoch FROM last_seen)::bigint - 1700000000,
       CASE WHEN jsonb_array_length(samples) > 3 THEN to_jsonb(jsonb_array_length(samples)) ELSE samples END FROM shop.properties ORDER BY name;

SELECT profiles.configure_property('shop', 'email', masked => true), profiles.configure_property('shop', 'custom.plan', hidden => true);
SELECT profiles.configure_property('shop', 'custom.unknown', masked => true);
SELECT profiles.refresh_properties('shop');
SELECT name, users, hidden, masked, samples FROM shop.properties WHERE hidden OR masked ORDER BY name;
SELECT profiles.configure_property('shop', 'email', hidden => false);
SELECT hidden, masked FROM shop.properties WHERE name = 'email';
SELECT profiles.visible_profile('shop', '{"email": "a@b", "custom": {"plan": "pro", "n": 1}}');
CREATE ROLE regress_reader;
GRANT USAGE ON SCHEMA shop TO regress_reader;
GRANT SELECT ON shop.people, shop.properties TO regress_reader;
SET ROLE regress_reader;
SELECT profiles.visible_profile('shop', profile)::jsonb #- '{custom,long}' FROM shop.people WHERE uid = 2;
SELECT profiles.visible_profile('shop', '{"country": "DE", "custom": {}}');
RESET ROLE;
-- Countly's spellings are the same properties.
SELECT profiles.configure_property('shop', 'up.cc', masked => true), profiles.configure_property('shop', 'up.custom.n', hidden => true, expires => '5'), profiles.configure_property('shop', 'cmp.c', hidden => true);
SELECT name, kind, hidden, masked, expires FROM shop.properties WHERE name IN ('country', 'custom.n', 'campaign.name') ORDER BY name;
SELECT profiles.configure_property('shop', 'up.custom.n', hidden => false, expires => 'never');
CALL profiles.delete_property('shop', 'up.cc');
CALL profiles.delete_property('shop', 'cmp.c');
SELECT settings FROM profiles.apps;
SELECT profiles.configure_property('shop', 'custom', hidden => true);
SELECT profiles.configure_property('shop', 'up.custom.a.b', hidden => true);
SELECT profiles.configure_property('shop', 'custom.a.b', hidden => true);
SELECT profiles.configure_property('shop', NULL, hidden => true);
SELECT profiles.configure_property('no such app', 'email', hidden => true);
SELECT profiles.refresh_properties('no such app');

-- gone from the users, kept by their events
CALL profiles.delete_property('shop', 'custom.plan');
CALL profiles.delete_property('shop', 'email');
SELECT profile #- '{custom,long}' FROM (SELECT profile::jsonb FROM shop.users WHERE uid = 2) AS u;
SELECT count(*) FROM shop.users WHERE profile OPERATOR(profiles.->) 'custom.plan' IS NOT NULL OR profile OPERATOR(profiles.->) 'email' IS NOT NULL;
SELECT profile OPERATOR(profiles.->>) 'email' FROM shop.events WHERE uid = 2;
SELECT name FROM shop.properties ORDER BY name;
-- a mark stays, for the events that still have it
SELECT name, type, users, hidden, masked, samples FROM shop.properties WHERE name IN ('custom.plan', 'email', 'custom.n') ORDER BY name;
SELECT profiles.visible_profile('shop', profile)::jsonb - 'custom', profiles.visible_profile('shop', profile)::jsonb -> 'custom' ? 'plan' FROM shop.events WHERE uid = 2;
CALL profiles.delete_property('shop', 'custom.mixed');
SELECT count(*) FROM shop.properties WHERE name = 'custom.mixed';
-- nor does a merge that is undone bring it back, on either side
SELECT profiles.configure_property('shop', 'custom.badge', expires => '9');
SELECT uid, status FROM profiles.ingest('shop', jsonb_build_object('device_id', 'd4', 'timestamp', floor(extract(epoch FROM now())), 'user_details', '{"custom": {"badge": "gold"}}'::jsonb));
SELECT uid, status FROM profiles.ingest('shop', jsonb_build_object('device_id', 'd5', 'timestamp', floor(extract(epoch FROM now())), 'user_details', '{"custom": {"badge": "iron"}}'::jsonb));
SELECT uid, status FROM profiles.ingest('shop', jsonb_build_object('device_id', 'd5', 'old_device_id', 'd4', 'timestamp', floor(extract(epoch FROM now()))));
CALL profiles.delete_property('shop', 'custom.badge');
SELECT from_user::text ~ 'badge|gold', into_user::text ~ 'badge|iron', from_user ->> 'expiry' IS NULL FROM shop.merges;
SELECT profiles.undo_merge('shop', merge) FROM shop.merges;
SELECT uid, profile::jsonb #- '{custom,long}', expiry FROM shop.users WHERE uid IN (4, 5) ORDER BY uid;
-- what is there from then on is a property like any other
SELECT status FROM profiles.ingest('shop', '{"device_id": "d3", "timestamp": 1700000100, "user_details": {"email": "back@example.org", "custom": {"badge": 1}}}');
SELECT profiles.refresh_properties('shop') > 0;
SELECT name, type, users, masked, samples, expires FROM shop.properties WHERE name IN ('custom.badge', 'email') ORDER BY name;
-- deleted by the users themselves: nobody has it, the catalogue still knows it
SELECT status FROM profiles.ingest('shop', '{"device_id": "d1", "timestamp": 1700000100, "user_details": {"custom": {"tags": null}}}');
SELECT profiles.refresh_properties('shop');
SELECT users, samples, type FROM shop.properties WHERE name = 'custom.tags';
CALL profiles.delete_property('shop', 'custom');
CALL profiles.delete_property('no such app', 'email');
SET client_min_messages = warning;
SELECT profiles.drop_app('shop');
DROP OWNED BY regress_reader;
DROP ROLE regress_reader;
