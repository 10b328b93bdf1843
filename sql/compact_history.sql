-- What reads history by user reads both tiers: profile_at, late data, undo_merge, the catalogue of properties.
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;
SET client_min_messages = warning;
SELECT profiles.create_app('shop') IS NOT NULL;
CREATE FUNCTION pg_temp.at(minutes numeric, device text, parameters jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', r.uid, r.status, nullif(r.skipped, '[]'))
      FROM profiles.ingest('shop', jsonb_build_object('device_id', device, 'timestamp', ((1700000000 + 60 * minutes) * 1000)::bigint) || parameters) AS r
$$;
CREATE FUNCTION pg_temp.then(who bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s %s', minutes, profile OPERATOR(profiles.->>) 'country', profile OPERATOR(profiles.->>) 'custom.plan'), ', ' ORDER BY minutes)
      FROM (SELECT minutes, profiles.profile_at('shop', who, to_timestamp(1700000000 + 60 * minutes)) AS profile
              FROM unnest('{-1,0,1,5,9,10,11,15,20,25,30,99}'::int[]) AS minutes) AS at_times
$$;
CREATE FUNCTION pg_temp.tiers() RETURNS text LANGUAGE sql AS $$
    SELECT format('%s hot, %s blocks, moved: %s', (SELECT count(*) FROM shop.event_batches), (SELECT count(*) FROM shop.event_blocks),
                  (SELECT string_agg(uid || '>' || into_uid, ' ' ORDER BY uid) FROM shop.moved_events))
$$;
CREATE FUNCTION pg_temp.events() RETURNS TABLE (uid bigint, at numeric, key text, country text, plan text) LANGUAGE sql AS $$
    SELECT uid, trim_scale(extract(epoch FROM ts) - 1700000000) / 60, key, country, profile OPERATOR(profiles.->>) 'custom.plan'
      FROM shop.events ORDER BY uid, ts, key
$$;

-- profile_at and late data. Another user is in the same blocks.
SELECT pg_temp.at(0, 'other', '{"country_code": "TR", "events": [{"key": "x"}]}');
SELECT pg_temp.at(0, 'd', '{"begin_session": 1, "country_code": "FR", "user_details": {"custom": {"plan": "free"}}}');
SELECT pg_temp.at(1, 'd', '{"events": [{"key": "buy"}]}');
SELECT pg_temp.at(10, 'd', '{"country_code": "DE", "session_duration": 600}');
SELECT pg_temp.at(11, 'd', '{"end_session": 1, "ignore_cooldown": 1}');
SELECT pg_temp.at(20, 'd', '{"user_details": {"custom": {"plan": "pro"}}}');
SELECT pg_temp.then(2) AS hot \gset
SELECT :'hot';
CALL profiles.compact('shop');
SELECT pg_temp.tiers();
SELECT pg_temp.then(2) = :'hot' AS same, pg_temp.then(2);
-- half and half: what is hot is younger, then what is hot is older than the blocks
SELECT pg_temp.at(25, 'd', '{"user_details": {"custom": {"plan": "team"}}}');
SELECT pg_temp.at(12, 'd', '{"events": [{"key": "late"}]}');
SELECT pg_temp.at(5, 'd', '{"events": [{"key": "later"}], "user_details": {"custom": {"seen": 1}}}');
SELECT pg_temp.at(6, 'd', '{"events": [{"key": "latest"}]}');
SELECT pg_temp.at(24, 'd', '{"events": [{"key": "last"}]}');
SELECT * FROM pg_temp.events() WHERE uid = 2;
SELECT pg_temp.then(2) AS both \gset
SELECT :'both';
CALL profiles.compact('shop');
SELECT pg_temp.tiers();
SELECT pg_temp.then(2) = :'both' AS same;
-- the block with the younger events is not the newest one
SELECT pg_temp.at(13, 'd', '{"events": [{"key": "again"}]}');
SELECT * FROM pg_temp.events() WHERE key = 'again';

-- a merged user's events are found under their old number
SELECT pg_temp.at(60, 'new', '{"country_code": "IT", "events": [{"key": "y"}]}');
SELECT pg_temp.at(61, 'new', '{"old_device_id": "d"}');
SELECT pg_temp.tiers();
SELECT pg_temp.then(3) = :'both' AS same;
SELECT pg_temp.at(14, 'new', '{"events": [{"key": "merged"}]}');
SELECT * FROM pg_temp.events() WHERE key = 'merged';

-- undo_merge: events in blocks come back
SELECT uid, from_uid, cardinality(batches), in_blocks FROM shop.merges;
SELECT profiles.undo_merge('shop', 1);
SELECT pg_temp.tiers();
SELECT uid, count(*) FROM pg_temp.events() GROUP BY uid ORDER BY uid;
SELECT pg_temp.then(2) = :'both' AS same;
-- a chain
SELECT pg_temp.at(70, 'new', '{"old_device_id": "d"}');
SELECT pg_temp.at(71, 'newer', '{"events": [{"key": "z"}]}');
SELECT pg_temp.at(72, 'newer', '{"old_device_id": "new"}');
SELECT merge, uid, from_uid, cardinality(batches), in_blocks FROM shop.merges WHERE undone_at IS NULL ORDER BY merge;
SELECT pg_temp.tiers();
SELECT profiles.undo_merge('shop', 3);
SELECT pg_temp.tiers();
SELECT profiles.undo_merge('shop', 2);
SELECT pg_temp.tiers();
SELECT uid, count(*) FROM pg_temp.events() GROUP BY uid ORDER BY uid;
-- compacted since the merge: refused, and nothing is changed
SELECT pg_temp.at(80, 'new', '{"old_device_id": "d"}');
CALL profiles.compact('shop');
SELECT pg_temp.tiers();
SELECT profiles.undo_merge('shop', 4);
SELECT uid, count(*) FROM pg_temp.events() GROUP BY uid ORDER BY uid;

-- Properties are counted from users, whatever tier their events are in; deleting one leaves events as they were.
SELECT profiles.refresh_properties('shop');
SELECT name, users FROM shop.properties WHERE kind = 'custom' ORDER BY name;
CALL profiles.delete_property('shop', 'custom.plan');
SELECT DISTINCT plan FROM pg_temp.events() ORDER BY plan;
SELECT count(*) FROM shop.people WHERE custom ? 'plan';

-- Distance is asked of two columns.
SELECT pg_temp.at(100 + n, 'place ' || n, format('{"location": "%s,13.4", "events": [{"key": "there"}]}', 50 + n)::jsonb) FROM generate_series(1, 4) AS n;
SELECT users, times FROM profiles.segmentation('shop', 'there', '{"location": {"$near": [52, 13], "$km": 120}}', period => 'all');
CALL profiles.compact('shop');
SELECT users, times FROM profiles.segmentation('shop', 'there', '{"location": {"$near": [52, 13], "$km": 120}}', period => 'all');

-- remove_events: from both tiers, and what came with a merge; nobody else's
SELECT pg_temp.at(200, 'place 1', '{"events": [{"key": "hot"}, {"key": "hot"}]}');
SELECT pg_temp.at(201, 'place 1', '{"old_device_id": "place 2"}');
SELECT pg_temp.tiers();
SELECT uid, count(*) FROM pg_temp.events() GROUP BY uid ORDER BY uid;
BEGIN;
SELECT profiles.remove_events('shop', 5);
SELECT pg_temp.tiers();
SELECT uid, count(*) FROM pg_temp.events() GROUP BY uid ORDER BY uid;
SELECT users, times FROM profiles.segmentation('shop', 'there', period => 'all');
SELECT profiles.remove_events('shop', 5), profiles.remove_events('shop', 999), profiles.remove_events('shop', NULL);
-- one after the other, until no block is left
SELECT sum(profiles.remove_events('shop', uid)) FROM (SELECT DISTINCT uid FROM shop.events ORDER BY uid) AS u;
SELECT pg_temp.tiers();
ROLLBACK;
SELECT profiles.remove_events('no such app', 1);

-- event_block_batches of one user: the same as those of all
SELECT count(*) FILTER (WHERE one IS DISTINCT FROM every), count(*) >= 3
  FROM (SELECT uid, string_agg(b::text, ' ') AS every FROM shop.event_blocks, profiles.event_block_batches(data) AS b GROUP BY block, uid) AS a
  JOIN LATERAL (SELECT string_agg(b::text, ' ') AS one FROM shop.event_blocks, profiles.event_block_batches(data, a.uid) AS b) AS c ON true;
SELECT count(*) FROM shop.event_blocks, unnest('{-1,0,99,65536,9223372036854775807}'::bigint[]) AS u, profiles.event_block_batches(data, u);
SELECT profiles.drop_app('shop');
