-- old_device_id: two users that turn out to be one.
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;
SELECT profiles.create_app('shop') IS NOT NULL;

-- At so many seconds after 2023-11-14 00:00 UTC.
CREATE FUNCTION pg_temp.at(seconds numeric, device text, parameters jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', r.uid, r.status, nullif(r.skipped, '[]'))
      FROM profiles.ingest('shop', jsonb_build_object('device_id', device, 'timestamp', ((1699920000 + seconds) * 1000)::bigint) || parameters) AS r
$$;
CREATE FUNCTION pg_temp.after(t timestamptz) RETURNS numeric LANGUAGE sql AS $$ SELECT trim_scale(extract(epoch FROM t) - 1699920000) $$;
CREATE VIEW pg_temp.seen AS
    SELECT uid, device_id, device_id_type AS t, identified, session_count AS sc, time_spent AS tsd, event_count AS ec, merges,
           pg_temp.after(first_seen) AS fac, pg_temp.after(last_seen) AS lac, pg_temp.after(first_session) AS fs, pg_temp.after(last_session) AS ls,
           pg_temp.after(session_start) AS open, profile FROM shop.users ORDER BY uid;

-- Only the old one is known: it goes on under the new id, with its uid and everything else.
SELECT pg_temp.at(0, 'r-old', '{"t": 1, "begin_session": 1, "events": [{"key": "e"}], "user_details": {"custom": {"n": 1}}}');
SELECT pg_temp.at(10, 'r-new', '{"t": 0, "old_device_id": "r-old", "session_duration": 10}');
SELECT * FROM pg_temp.seen WHERE uid = 1;
SELECT device_id, uid, pg_temp.after(first_seen) FROM shop.devices WHERE device_id ~ '^r-' ORDER BY device_id;
-- the old id still leads to the user; the event says which device sent it
SELECT pg_temp.at(20, 'r-old', '{"events": [{"key": "later"}]}');
SELECT key, device_id, uid FROM shop.events WHERE uid = 1 AND key !~ 'CLY' ORDER BY ts;
SELECT pg_temp.at(10, 'r-new', '{"t": 0, "old_device_id": "r-old", "session_duration": 10}');
-- without a type the new id has none
SELECT pg_temp.at(30, 'r-third', '{"old_device_id": "r-new"}');
SELECT uid, device_id, t, merges FROM pg_temp.seen WHERE uid = 1;

-- Nothing to merge: the old one is unknown, empty, nobody, or the same.
SELECT pg_temp.at(0, 'n-1', '{"old_device_id": "never seen"}');
SELECT pg_temp.at(1, 'n-1', '{"old_device_id": "n-1"}');
SELECT pg_temp.at(2, 'n-1', '{"old_device_id": ""}');
SELECT pg_temp.at(3, 'n-1', '{"old_device_id": null}');
SELECT pg_temp.at(4, 'n-1', '{"old_device_id": "00000000-0000-0000-0000-000000000000"}');
SELECT pg_temp.at(5, 'n-1', '{"old_device_id": ["n-0"]}');
SELECT count(*) FROM shop.devices WHERE device_id IN ('never seen', 'n-0', '');
SELECT * FROM pg_temp.seen WHERE device_id = 'n-1';

-- Both are known. The new one survives; here the old one had the later session, so its properties win.
SELECT pg_temp.at(100, 'm-new', '{"begin_session": 1, "user_details": {"name": "New", "email": "new@example.com", "custom": {"both": "new", "list": [1, 2], "new": 1, "deep": {"x": 1}}}}');
SELECT pg_temp.at(160, 'm-new', '{"session_duration": 60, "end_session": 1, "events": [{"key": "a"}]}');
SELECT pg_temp.at(200, 'm-old', '{"begin_session": 1, "user_details": {"name": "Old", "phone": "1", "custom": {"both": "old", "list": [2, 3], "old": 1, "deep": {"y": 1}}}}');
SELECT pg_temp.at(230, 'm-old', '{"session_duration": 30, "events": [{"key": "b"}, {"key": "c"}]}');
SELECT * FROM pg_temp.seen WHERE device_id ~ '^m-';
SELECT pg_temp.at(250, 'm-new', '{"old_device_id": "m-old", "events": [{"key": "d"}]}');
SELECT * FROM pg_temp.seen WHERE device_id ~ '^m-';
SELECT device_id, uid FROM shop.devices WHERE device_id ~ '^m-' ORDER BY device_id;
-- the open session of each is closed, with the profile that it had
SELECT pg_temp.after(ts), dur, events, closed, device_id, profile OPERATOR(profiles.->>) 'name' FROM shop.sessions WHERE uid = 3 ORDER BY ts;
-- the events of both have one uid, and each its own profile
SELECT uid, key, pg_temp.after(ts), profile OPERATOR(profiles.->>) 'name' FROM shop.events WHERE device_id ~ '^m-' AND key !~ 'CLY' ORDER BY ts;
SELECT count(*) FROM shop.event_batches WHERE uid = 4;
-- the same request again, on either id, is a duplicate; a merge is not repeated
SELECT pg_temp.at(250, 'm-new', '{"old_device_id": "m-old", "events": [{"key": "d"}]}');
SELECT pg_temp.at(260, 'm-new', '{"old_device_id": "m-old"}');
SELECT pg_temp.at(270, 'm-old', '{"user_details": {"custom": {"still": "here"}}}');
SELECT uid, sc, merges, lac, profile OPERATOR(profiles.->>) 'custom' FROM pg_temp.seen WHERE device_id ~ '^m-';
-- what either of them had accepted is known
SELECT pg_temp.at(230, 'm-old', '{"session_duration": 30, "events": [{"key": "b"}, {"key": "c"}]}');

-- The new one had the later session: its properties win.
SELECT pg_temp.at(100, 'w-old', '{"begin_session": 1, "user_details": {"name": "Old", "custom": {"both": "old", "old": 1}}}');
SELECT pg_temp.at(200, 'w-new', '{"begin_session": 1, "user_details": {"name": "New", "custom": {"both": "new"}}}');
SELECT pg_temp.at(300, 'w-new', '{"old_device_id": "w-old"}');
SELECT * FROM pg_temp.seen WHERE device_id ~ '^w-';
-- at the same time: the new one
SELECT pg_temp.at(100, 'x-old', '{"begin_session": 1, "user_details": {"custom": {"both": "old", "old": 1}}}');
SELECT pg_temp.at(100, 'x-new', '{"begin_session": 1, "user_details": {"custom": {"both": "new"}}}');
SELECT pg_temp.at(300, 'x-new', '{"old_device_id": "x-old"}');
SELECT profile FROM pg_temp.seen WHERE device_id ~ '^x-';
-- without any session: the new one, whatever came later
SELECT pg_temp.at(100, 'y-new', '{"user_details": {"custom": {"both": "new"}}}');
SELECT pg_temp.at(200, 'y-old', '{"user_details": {"custom": {"both": "old", "old": 1}}}');
SELECT pg_temp.at(300, 'y-new', '{"old_device_id": "y-old"}');
SELECT profile FROM pg_temp.seen WHERE device_id ~ '^y-';
-- only the old one had a session: the old one, whatever came later
SELECT pg_temp.at(100, 'z-old', '{"begin_session": 1, "user_details": {"custom": {"both": "old"}}}');
SELECT pg_temp.at(200, 'z-new', '{"user_details": {"custom": {"both": "new", "new": 1}}}');
SELECT pg_temp.at(300, 'z-new', '{"old_device_id": "z-old", "user_details": {"custom": {"after": "the merge"}}}');
SELECT profile FROM pg_temp.seen WHERE device_id ~ '^z-';

-- A merge does not cost a custom property: the limit counts again with the next new one.
SELECT pg_temp.at(0, device, jsonb_build_object('user_details', jsonb_build_object('custom',
       (SELECT jsonb_object_agg(device || n, n) FROM generate_series(1, 15) AS n)))) FROM unnest('{l-old,l-new}'::text[]) AS device;
SELECT pg_temp.at(1, 'l-new', '{"old_device_id": "l-old", "user_details": {"custom": {"one more": 1}}}');
SELECT count(*) FROM shop.users, jsonb_object_keys(profile::jsonb -> 'custom') WHERE device_id = 'l-new';

-- A location is taken as a whole: no city of one beside the country of the other, no coordinates for
-- a user who opted out.
SELECT pg_temp.at(0, 'p1-old', '{"begin_session": 1, "country_code": "DE", "city": "Berlin", "location": "52.5,13.4"}');
SELECT pg_temp.at(1, 'p1-new', '{"begin_session": 1, "country_code": "FR"}');
SELECT pg_temp.at(2, 'p1-new', '{"old_device_id": "p1-old"}');
SELECT pg_temp.at(0, 'p2-old', '{"begin_session": 1, "country_code": "DE", "city": "Berlin", "location": "52.5,13.4"}');
SELECT pg_temp.at(1, 'p2-new', '{"begin_session": 1, "location": ""}');
SELECT pg_temp.at(2, 'p2-new', '{"old_device_id": "p2-old"}');
-- nothing known is filled by the other
SELECT pg_temp.at(0, 'p3-old', '{"begin_session": 1, "country_code": "DE", "city": "Berlin", "location": "52.5,13.4"}');
SELECT pg_temp.at(1, 'p3-new', '{"begin_session": 1}');
SELECT pg_temp.at(2, 'p3-new', '{"old_device_id": "p3-old"}');
SELECT pg_temp.at(0, 'p4-old', '{"begin_session": 1, "location": ""}');
SELECT pg_temp.at(1, 'p4-new', '{"begin_session": 1}');
SELECT pg_temp.at(2, 'p4-new', '{"old_device_id": "p4-old"}');
SELECT device_id, location_source, pg_temp.after(location_at), profile FROM shop.users WHERE device_id ~ '^p' ORDER BY uid;

-- The days of the engagement score are added up.
SELECT pg_temp.at(0, 'd-old', '{"begin_session": 1}'), pg_temp.at(3 * 86400, 'd-old', '{}'),
       pg_temp.at(0, 'd-new', '{"begin_session": 1}'), pg_temp.at(86400, 'd-new', '{"begin_session": 1}');
SELECT pg_temp.at(86401, 'd-new', '{"old_device_id": "d-old"}');
SELECT recent_day, recent_sessions FROM shop.users WHERE device_id = 'd-new';

-- Chains: a into b, b into c, c into d with b and c known in between; and a ring back to a.
SELECT pg_temp.at(0, 'a', '{"events": [{"key": "e"}]}'), pg_temp.at(0, 'b', '{"events": [{"key": "e"}]}'), pg_temp.at(0, 'c', '{"events": [{"key": "e"}]}');
SELECT pg_temp.at(1, 'b', '{"old_device_id": "a"}'), pg_temp.at(2, 'c', '{"old_device_id": "b"}'), pg_temp.at(3, 'd', '{"old_device_id": "c"}'), pg_temp.at(4, 'a', '{"old_device_id": "d"}');
SELECT uid, device_id, merges, ec, (SELECT count(*) FROM shop.events AS e WHERE e.uid = s.uid) FROM pg_temp.seen AS s WHERE device_id ~ '^.$';
SELECT string_agg(device_id, ',' ORDER BY device_id), count(DISTINCT uid) FROM shop.devices WHERE device_id ~ '^.$';
-- an older id of the survivor merges like the latest one
SELECT pg_temp.at(0, 'f', '{"user_details": {"custom": {"of": "f"}}}');
SELECT pg_temp.at(5, 'b', '{"old_device_id": "f"}');
SELECT uid, device_id, merges, profile FROM pg_temp.seen WHERE device_id ~ '^.$';
-- and an older id of the other one takes all of it along
SELECT pg_temp.at(0, 'g', '{}');
SELECT pg_temp.at(6, 'g', '{"old_device_id": "a"}');
SELECT string_agg(device_id, ',' ORDER BY device_id), count(DISTINCT uid) FROM shop.devices WHERE device_id ~ '^.$';

-- Everything of everybody is where its user is, and the tables agree.
SELECT count(*) FROM shop.devices AS d WHERE NOT EXISTS (SELECT FROM shop.users AS u WHERE u.uid = d.uid AND u.bucket = d.bucket);
SELECT count(*) FROM shop.event_batches AS b WHERE NOT EXISTS (SELECT FROM shop.users AS u WHERE u.uid = b.uid AND u.bucket = b.bucket);
SELECT count(*) FROM shop.users AS u WHERE u.event_count <> (SELECT count(*) FROM shop.events AS e WHERE e.uid = u.uid AND e.key !~ 'CLY');
SELECT count(*) FROM shop.users AS u WHERE (u.session_count, u.time_spent) IS DISTINCT FROM
       (SELECT (count(*)::integer, coalesce(sum(s.dur), 0)::bigint) FROM shop.sessions AS s WHERE s.uid = u.uid);

-- What is left of the last session is that of the one who had it.
SELECT pg_temp.at(1000, 's-old', '{"begin_session": 1, "session_duration": 50, "events": [{"key": "a"}, {"key": "b"}]}') <> '';
SELECT pg_temp.at(0, 's-new', '{"begin_session": 1, "session_duration": 7, "events": [{"key": "a"}]}') <> '';
SELECT pg_temp.at(2000, 's-new', '{"old_device_id": "s-old"}') <> '';
SELECT session_duration, session_events, substring(session_id FROM '_.*'), session_count, time_spent FROM shop.users WHERE device_id = 's-new';
SELECT profiles.undo_merge('shop', max(merge)) IS NOT NULL FROM shop.merges;
SELECT device_id, session_duration, session_events, substring(session_id FROM '_.*'), session_count, time_spent FROM shop.users WHERE device_id ~ '^s-' ORDER BY 1;
