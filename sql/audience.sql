-- Audiences: by properties, by behaviour, by both; saved ones, with merges and purges; the same people in
-- another app. Few users, so that each answer can be told from the requests:
--   1 ada:  pro, iOS,     bought a book and a pen on 1 May
--   2 bob:  free, Android, bought 3 books (one event) on 1 May
--   3 cem:  pro, Android,  viewed on 2 May, twice on 3 May
--   4 dora: pro,           nothing
\pset format unaligned
\pset tuples_only
\set SHOW_CONTEXT never
SET search_path = public, profiles;
SELECT length(create_app('shop', 'Europe/Berlin')), length(create_app('site'));
CREATE FUNCTION pg_temp.send(app text, device text, day integer, more jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT uid || ' ' || status FROM profiles.ingest(app, jsonb_build_object('device_id', device,
        'timestamp', extract(epoch FROM make_timestamptz(2024, 5, day, 12, 0, 0, 'UTC'))::bigint) || more)
$$;
SELECT pg_temp.send('shop', 'ada', 1, '{"metrics":{"_os":"iOS"},"user_details":{"name":"Ada","custom":{"plan":"pro"}},"events":[{"key":"buy","sum":5,"segmentation":{"item":"book"}},{"key":"buy","sum":1,"segmentation":{"item":"pen"}}]}');
SELECT pg_temp.send('shop', 'bob', 1, '{"metrics":{"_os":"Android"},"user_details":{"custom":{"plan":"free"}},"events":[{"key":"buy","count":3,"sum":2,"segmentation":{"item":"book"}}]}');
SELECT pg_temp.send('shop', 'cem', 2, '{"metrics":{"_os":"Android"},"user_details":{"custom":{"plan":"pro"}},"events":[{"key":"view"}]}');
SELECT pg_temp.send('shop', 'cem', 3, '{"events":[{"key":"view"},{"key":"view"}]}');
SELECT pg_temp.send('shop', 'dora', 3, '{"user_details":{"custom":{"plan":"pro"}}}');

-- By properties
SELECT audience('shop'), audience('shop', NULL, NULL), audience('shop', '{"custom.plan":"pro"}'), audience('shop', '{"custom.plan":"pro","platform":"Android"}'), audience('shop', '{"platform":"Web"}'), audience('shop', '{"uid":{"$in":[1,2]},"platform":"iOS"}');
-- By behaviour: once at least, often enough, not too often, in a period, with a filter, any event
CREATE FUNCTION pg_temp.who(VARIADIC steps text[]) RETURNS user_set LANGUAGE sql AS $$
    SELECT profiles.audience('shop', steps => jsonb_agg(step::jsonb ORDER BY number)) FROM unnest(steps) WITH ORDINALITY AS s (step, number)
$$;
SELECT pg_temp.who('{"event":"buy"}'), pg_temp.who('{"type":"did","event":"view"}'), pg_temp.who('{"event":null}'), pg_temp.who('{}');
SELECT pg_temp.who('{"event":"buy","times":{"$gte":3}}'), pg_temp.who('{"event":"buy","times":{"$lte":2}}'), pg_temp.who('{"event":"buy","times":{"$eq":3}}'),
       pg_temp.who('{"event":"buy","times":{"$gte":2,"$lte":3}}'), pg_temp.who('{"event":"buy","times":{"$gte":0}}'), pg_temp.who('{"event":"buy","times":{"$lte":0}}');
SELECT pg_temp.who('{"event":"view","period":["02-05-2024","02-05-2024"],"times":{"$gte":2}}'), pg_temp.who('{"event":"view","period":["03-05-2024","03-05-2024"],"times":{"$gte":2}}'),
       pg_temp.who('{"event":"buy","period":"30days"}');
SELECT pg_temp.who('{"event":"buy","query":{"event.item":"pen"}}'), pg_temp.who('{"event":"buy","query":{"up.p":"Android"}}'), pg_temp.who('{"event":"buy","query":{"event.item":"book"},"times":{"$gte":2}}');
-- Who did not: all others
SELECT pg_temp.who('{"type":"didnot","event":"buy"}'), pg_temp.who('{"type":"didnot","event":"buy","times":{"$gte":3}}'), pg_temp.who('{"type":"didnot"}');
-- Steps are joined one after the other
SELECT pg_temp.who('{"event":"buy"}', '{"event":"view"}'), pg_temp.who('{"event":"buy"}', '{"event":"view","conj":"or"}'),
       pg_temp.who('{"type":"didnot","event":"buy"}', '{"type":"didnot","event":"view"}'), pg_temp.who('{"event":"view"}', '{"event":"buy","conj":"or"}', '{"event":"buy","query":{"event.item":"pen"},"conj":"and"}');
-- Both
SELECT audience('shop', '{"custom.plan":"pro"}', '[{"event":"buy"}]'), audience('shop', '{"custom.plan":"pro"}', '[{"type":"didnot","event":"buy"}]'),
       audience('shop', '{"custom.plan":"pro"}', '[{"type":"didnot","event":"buy"},{"event":"view"}]');
-- Sets of it, and the rows behind it
SELECT audience('shop', '{"custom.plan":"pro"}') - pg_temp.who('{"event":"buy"}'), user_set_count(audience('shop') & '{1,4,9}');
SELECT uid, name, platform FROM shop.people JOIN user_set_each(pg_temp.who('{"event":"buy"}')) AS uid USING (uid) ORDER BY uid;
SELECT uid, name FROM shop.people WHERE pg_temp.who('{"event":"buy"}') @> uid ORDER BY uid;
-- The users behind one cell and one bucket of segmentation, joined to people: the bucket is a range of time.
SELECT bucket, segment, users FROM segmentation('shop', NULL, breakdown => '{platform}', bucket => 'daily', period => '["01-05-2024","03-05-2024"]');
SELECT p.uid, p.device_id, p.platform
  FROM segmentation_users('shop', NULL, '{}', '{platform}', '{Android}', tstzrange('2024-05-02 00:00 Europe/Berlin', '2024-05-03 00:00 Europe/Berlin')) AS uid JOIN shop.people AS p USING (uid) ORDER BY 1;
SELECT p.device_id FROM segmentation_users('shop', NULL, '{}', '{custom.plan,event.item}', '{free,book}', 'all') AS uid JOIN shop.people AS p USING (uid);
-- No row: each cell of each day has as many users as segmentation_users finds in it.
SELECT cell.bucket, cell.segment FROM segmentation('shop', NULL, breakdown => '{platform,event.item}', bucket => 'daily', period => 'all') AS cell,
       LATERAL (SELECT count(*) AS found FROM segmentation_users('shop', NULL, '{}', '{platform,event.item}', cell.segment, tstzrange(cell.bucket, cell.bucket + interval '1 day')) AS uid JOIN shop.people AS p USING (uid)) AS behind
 WHERE behind.found <> cell.users;

-- Errors
SELECT audience('shopp');
SELECT audience('shop', '{"event.item":"x"}');
SELECT audience('shop', '{"$where":1}');
\set VERBOSITY terse
SELECT pg_temp.who('{"event":"buy","conj":"xor"}');
\set VERBOSITY default
SELECT pg_temp.who('{"event":"buy","how":1}');
SELECT pg_temp.who('{"type":"might"}');
SELECT pg_temp.who('{"event":5}');
SELECT pg_temp.who('{"period":5}');
SELECT pg_temp.who('{"period":"always"}');
SELECT pg_temp.who('{"times":3}');
SELECT pg_temp.who('{"times":{"$gt":3}}');
SELECT pg_temp.who('{"times":{"$gte":-1}}');
SELECT pg_temp.who('{"query":{"x":{"$foo":1}}}');
SELECT pg_temp.who('5');
SELECT audience('shop', steps => '{"event":"buy"}');

-- The same people in another app, by any device they ever had
SELECT pg_temp.send('site', 'x', 1, '{"events":[{"key":"read"}]}'), pg_temp.send('site', 'bob', 1, '{"events":[{"key":"read"}]}'), pg_temp.send('site', 'ada', 1, '{}');
SELECT pg_temp.send('site', 'ada-tv', 2, '{"old_device_id":"ada"}');
SELECT same_devices('shop', pg_temp.who('{"event":"buy"}'), 'site'), same_devices('site', '{1-9}', 'shop'), same_devices('shop', '{}', 'site'), same_devices('shop', NULL, 'site') IS NULL;
SELECT same_devices('shop', pg_temp.who('{"event":"buy"}'), 'site') & audience('site', steps => '[{"event":"read"}]');
SELECT same_devices('shop', '{1}', 'sitee');

-- Saved audiences
SELECT save_audience('shop', 'buyers', steps => '[{"event":"buy"}]'), save_audience('shop', 'pros', '{"custom.plan":"pro"}'), save_user_set('shop', 'by hand', '{1,3,4,99}');
SELECT name, definition, users, members, creator = current_user, refreshed_at = created_at FROM shop.audiences ORDER BY name;
SELECT saved_audience('shop', 'pros') - saved_audience('shop', 'buyers');
SELECT save_audience('shop', 'buyers');
SELECT save_user_set('shop', 'pros', '{1}');
SELECT save_audience('shop', NULL);
SELECT save_user_set('shop', 'x', NULL);
SELECT save_audience('shop', '');
SELECT save_audience('shop', 'bad', '{"$where":1}');
SELECT saved_audience('shop', 'none');
SELECT refresh_audience('shop', 'none'), delete_audience('shop', 'none');
SELECT delete_audience('shop', NULL);
SELECT refresh_audience('shop', 'by hand');
-- Members are those of the last refresh.
SELECT pg_temp.send('shop', 'dora', 4, '{"events":[{"key":"buy"}]}');
SELECT saved_audience('shop', 'buyers'), refresh_audience('shop', 'buyers');
SELECT saved_audience('shop', 'buyers');
-- A merge: cem was ada; then dora. What is stored stays, what is seen is who is there.
SELECT pg_temp.send('shop', 'ada', 5, '{"old_device_id":"cem"}');
SELECT name, users, members FROM shop.audiences ORDER BY name;
SELECT pg_temp.send('shop', 'dora', 6, '{"old_device_id":"ada"}');
SELECT name, users, members FROM shop.audiences ORDER BY name;
SELECT uid FROM shop.users ORDER BY uid;
-- The record of the later merge is deleted, then it cannot be undone: the members are written anew.
SELECT merge, from_uid, uid FROM shop.merges ORDER BY merge;
DELETE FROM shop.merges WHERE merge = 2;
SELECT name, members FROM shop.saved_audiences ORDER BY name;
SELECT name, members FROM shop.audiences ORDER BY name;
DELETE FROM shop.merges;
SELECT name, members FROM shop.saved_audiences ORDER BY name;
SELECT name, members FROM shop.audiences ORDER BY name;
-- A merge that is undone
SELECT pg_temp.send('shop', 'eve', 6, '{"user_details":{"custom":{"plan":"pro"}}}') \gset
SELECT refresh_audience('shop', 'pros');
SELECT saved_audience('shop', 'pros');
SELECT pg_temp.send('shop', 'bob', 7, '{"old_device_id":"eve"}');
SELECT saved_audience('shop', 'pros');
SELECT undo_merge('shop', (SELECT max(merge) FROM shop.merges));
SELECT saved_audience('shop', 'pros');
SELECT pg_temp.send('shop', 'bob', 8, '{"old_device_id":"eve"}');
SELECT saved_audience('shop', 'pros');
-- A purge takes the user out, also under the number of one who was merged into it.
SELECT export_user('shop', uid) -> 'audiences', purge_user('shop', uid) -> 'audiences' FROM shop.devices WHERE device_id = 'bob';
SELECT name, users, members FROM shop.audiences ORDER BY name;
SELECT name, members FROM shop.saved_audiences ORDER BY name;
SELECT refresh_audience('shop', 'buyers'), refresh_audience('shop', 'pros');
SELECT delete_audience('shop', 'pros');
SELECT name FROM shop.audiences ORDER BY name;

-- By a role that may read
CREATE ROLE regress_reader;
GRANT USAGE ON SCHEMA shop TO regress_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO regress_reader;
SET ROLE regress_reader;
SELECT audience('shop', '{"custom.plan":"pro"}', '[{"event":"buy"}]'), saved_audience('shop', 'buyers');
SELECT save_audience('shop', 'mine');
SELECT refresh_audience('shop', 'buyers');
SELECT delete_audience('shop', 'buyers');
RESET ROLE;
-- For the saved ones the view is enough.
REVOKE ALL ON ALL TABLES IN SCHEMA shop FROM regress_reader;
GRANT SELECT ON shop.audiences TO regress_reader;
SET ROLE regress_reader;
SELECT saved_audience('shop', 'buyers');
SELECT audience('shop');
RESET ROLE;
DROP OWNED BY regress_reader;
DROP ROLE regress_reader;

-- After compaction the answers are the same.
SET client_min_messages = warning;
CALL compact('shop');
SELECT count(*) FROM shop.event_batches;
SELECT pg_temp.who('{"event":"buy"}'), pg_temp.who('{"event":"view","times":{"$gte":3}}'), pg_temp.who('{"type":"didnot","event":"buy"}');
