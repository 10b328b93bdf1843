-- Merges are on record and can be taken back.
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;
SELECT profiles.create_app('shop', settings => '{"purchase_events": ["paid"]}') IS NOT NULL;
CREATE FUNCTION pg_temp.at(seconds numeric, device text, parameters jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', r.uid, r.status, nullif(r.skipped, '[]'))
      FROM profiles.ingest('shop', jsonb_build_object('device_id', device, 'timestamp', ((1700000000 + seconds) * 1000)::bigint) || parameters) AS r
$$;
-- Everything of a user, but for the times of the server and the engagement ring.
CREATE FUNCTION pg_temp.whole(who bigint) RETURNS jsonb LANGUAGE sql AS $$
    SELECT to_jsonb(u) - '{last_sync,first_sync,recent_requests,recent_day,recent_sessions}'::text[] || jsonb_build_object(
        'devices', (SELECT jsonb_agg(device_id ORDER BY device_id) FROM shop.devices AS d WHERE d.uid = who),
        'events', (SELECT jsonb_agg(jsonb_build_array(ts, key, e.profile::text) ORDER BY ts, key) FROM shop.events AS e WHERE e.uid = who),
        'crashes', (SELECT jsonb_agg(reports) FROM shop.crash_users AS c WHERE c.uid = who),
        'tokens', (SELECT jsonb_agg(token) FROM shop.push_tokens AS t WHERE t.uid = who),
        'keys', (SELECT jsonb_agg(key ORDER BY key) FROM shop.enrolments AS t WHERE t.uid = who),
        'consents', (SELECT jsonb_agg(after::jsonb ORDER BY entry) FROM shop.consent_log AS t WHERE t.uid = who))
      FROM shop.users AS u WHERE uid = who $$;

SELECT pg_temp.at(0, 'a', '{"begin_session": 1, "country_code": "FR", "user_details": {"name": "Ada", "custom": {"both": "a", "only_a": 1, "same": 1}}}');
SELECT pg_temp.at(10, 'a', '{"end_session": 1, "session_duration": 10, "ignore_cooldown": 1, "events": [{"key": "paid", "sum": 5}, {"key": "[CLY]_view", "segmentation": {"name": "Home", "visit": 1}}]}');
SELECT pg_temp.at(11, 'a', '{"crash": {"_error": "boom"}, "consent": {"users": true, "events": true}, "token_session": 1, "ios_token": "ta"}');
SELECT pg_temp.at(12, 'a', '{"method": "ab", "keys": ["k1", "k2"]}');
SELECT pg_temp.at(20, 'b', '{"user_details": {"custom": {"both": "b", "only_b": 1, "same": 1}}, "events": [{"key": "paid", "sum": 7}]}');
SELECT pg_temp.at(21, 'b', '{"crash": {"_error": "boom"}, "consent": {"users": false}}');
SELECT pg_temp.at(22, 'b', '{"method": "ab", "keys": ["k2"]}');
SELECT pg_temp.whole(1) AS a, pg_temp.whole(2) AS b \gset

-- the old one had a session: its properties win
SELECT pg_temp.at(30, 'b', '{"old_device_id": "a"}');
SELECT merge, uid, from_uid, undone_at, devices, cardinality(batches), cardinality(consents) FROM shop.merges;
SELECT profile, purchase_total FROM shop.users;
SELECT users, reports FROM shop.crash_groups;
SELECT profiles.undo_merge('shop', 1);
SELECT pg_temp.whole(1) = :'a';
SELECT pg_temp.whole(1) - 'events' - 'profile', :'a'::jsonb - 'events' - 'profile' WHERE pg_temp.whole(1) <> :'a';
-- last seen: the request that merged was b's own
SELECT name, now.value, before.value FROM jsonb_each(pg_temp.whole(2)) AS now (name, value) FULL JOIN jsonb_each(:'b') AS before (name, value) USING (name)
 WHERE now.value IS DISTINCT FROM before.value AND name <> 'events';
-- the merge and what took it back left an event each
SELECT jsonb_array_length(pg_temp.whole(2) -> 'events') - jsonb_array_length(:'b'::jsonb -> 'events');
SELECT key, segmentation, profile FROM shop.events WHERE uid = 2 AND key ~ 'update' ORDER BY ts;
SELECT users, reports FROM shop.crash_groups;
SELECT profiles.undo_merge('shop', 1);
SELECT profiles.undo_merge('shop', 99);
SELECT profiles.undo_merge('no such app', 1);

-- The request that merged them, sent again: a duplicate, which changes nothing; what follows is for who is there.
SELECT (pg_temp.whole(1) - 'events') AS a, (pg_temp.whole(2) - 'events') AS b \gset
SELECT pg_temp.at(30, 'b', '{"old_device_id": "a"}');
SELECT uid, status FROM profiles.ingest_bulk('shop', '[{"device_id": "b", "timestamp": 1700000030000, "old_device_id": "a"}, {"device_id": "b", "timestamp": 1700000030000, "old_device_id": "a"}]');
SELECT pg_temp.whole(1) - 'events' = :'a', pg_temp.whole(2) - 'events' = :'b', (SELECT count(*) FROM shop.merges);
BEGIN;
SELECT uid, status FROM profiles.ingest_bulk('shop', '[{"device_id": "a", "timestamp": 1700000031}, {"device_id": "b", "timestamp": 1700000030000, "old_device_id": "a"}, {"device_id": "a", "timestamp": 1700000032}, {"device_id": "b", "timestamp": 1700000033}]');
SELECT uid, last_seen FROM shop.users ORDER BY uid;
ROLLBACK;

-- What happened since stays with the one who stayed.
SELECT pg_temp.at(40, 'b', '{"old_device_id": "a"}');
SELECT pg_temp.at(50, 'a', '{"events": [{"key": "since"}], "user_details": {"name": "Ada L.", "custom": {"since": true}}}');
SELECT profiles.undo_merge('shop', 2);
SELECT uid, profile, event_count, merges, purchase_total FROM shop.users ORDER BY uid;
SELECT uid FROM shop.events WHERE key = 'since';
SELECT uid, status FROM profiles.ingest('shop', '{"device_id": "a"}');

-- A chain is undone from its end.
SELECT pg_temp.at(60, 'c', '{"user_details": {"custom": {"c": 1}}}');
SELECT pg_temp.at(61, 'b', '{"old_device_id": "a"}');
SELECT pg_temp.at(62, 'c', '{"old_device_id": "b"}');
SELECT profiles.undo_merge('shop', 3);
SELECT profiles.undo_merge('shop', 4);
SELECT profiles.undo_merge('shop', 3);
SELECT uid, merges, event_count FROM shop.users ORDER BY uid;
-- events that are gone
SELECT pg_temp.at(70, 'b', '{"old_device_id": "a"}');
DELETE FROM shop.event_batches WHERE batch = 1;
SELECT profiles.undo_merge('shop', 5);
SET client_min_messages = warning;
SELECT profiles.drop_app('shop');
