-- Events: how they are stored, how they are cleaned, and the profile that each carries.
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;

-- The type: text, binary, jsonb.
SELECT '[]'::profiles.event_list;
SELECT '[{"ts": 1700000000000, "key": "a"}, {"segmentation": {"z": 1, "a": [1, {"b": null}]}, "dow": 7, "hour": 23, "dur": 1.50, "sum": -1e3, "count": 2, "ts": -1, "key": "ä"}]'::profiles.event_list AS list \gset
SELECT :'list';
SELECT :'list'::profiles.event_list::text = :'list', jsonb_typeof(:'list'::profiles.event_list::jsonb);
SELECT * FROM profiles.event_list_each(:'list');
SELECT * FROM profiles.event_list_each('[]');
SELECT * FROM profiles.event_list_each(NULL);
SELECT profiles.event_list_send('[{"key": "a", "ts": 1}]');
CREATE TEMP TABLE kept (list profiles.event_list);
INSERT INTO kept VALUES (:'list'), ('[]'), (NULL);
\getenv directory PROFILES_DATA
\if :{?directory}
\else
\set directory /tmp
\endif
\set file :directory '/event_list.bin'
COPY kept TO :'file' (FORMAT binary);
CREATE TEMP TABLE read (list profiles.event_list);
COPY read FROM :'file' (FORMAT binary);
SELECT count(*) FROM read JOIN kept ON read.list::text IS NOT DISTINCT FROM kept.list::text;
SELECT list FROM read;

-- What is no list of events
CREATE FUNCTION pg_temp.error_of(command text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text;
BEGIN
    EXECUTE command;
    RETURN NEXT 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN NEXT concat_ws(' ', state, message, nullif('(' || detail || ')', '()'));
END
$$;
SELECT text, pg_temp.error_of(format('SELECT %L::profiles.event_list', text))
  FROM unnest(ARRAY['', '{}', '5', 'null', '[', '[1]', '[null]', '[[]]', '[{}]', '[{"key": "a"}]', '[{"ts": 1}]', '[{"key": "", "ts": 1}]',
                    '[{"key": 1, "ts": 1}]', '[{"key": "a", "ts": "1"}]', '[{"key": "a", "ts": 1.5}]', '[{"key": "a", "ts": 1e30}]',
                    '[{"key": "a", "ts": 253402300800000}]', '[{"key": "a", "ts": -62135596800001}]', '[{"key": "a", "ts": 1, "count": 0}]',
                    '[{"key": "a", "ts": 1, "count": 1.5}]', '[{"key": "a", "ts": 1, "sum": "1"}]', '[{"key": "a", "ts": 1, "dur": null}]',
                    '[{"key": "a", "ts": 1, "hour": 24}]', '[{"key": "a", "ts": 1, "dow": 0}]', '[{"key": "a", "ts": 1, "segmentation": []}]',
                    '[{"key": "a", "ts": 1, "colour": 1}]', '[{"key": "a\u0000b", "ts": 1}]', '[{"key": "\ud800", "ts": 1}]']) AS text;
SELECT * FROM profiles.event_list_each('[{"key": "first", "ts": -62135596800000}, {"key": "last", "ts": 253402300799999}]');
\set VERBOSITY sqlstate
\set bad :directory '/event_list_bad.bin'
-- a binary of another version, and one that holds no list
COPY (SELECT '\x025b5d'::bytea) TO :'bad' (FORMAT binary);
COPY read FROM :'bad' (FORMAT binary);
COPY (SELECT '\x015b315d'::bytea) TO :'bad' (FORMAT binary);
COPY read FROM :'bad' (FORMAT binary);
COPY (SELECT '\x01ff'::bytea) TO :'bad' (FORMAT binary);
COPY read FROM :'bad' (FORMAT binary);
COPY (SELECT ''::bytea) TO :'bad' (FORMAT binary);
COPY read FROM :'bad' (FORMAT binary);
\set VERBOSITY default

-- The session that is not closed yet, as an event
SELECT * FROM profiles.event_list_each(profiles.unfinished_session('s', '2023-11-14 00:00:00.5+00', 60, 3));
SELECT * FROM profiles.event_list_each(profiles.unfinished_session('s', NULL, 60, 3));
SELECT * FROM profiles.event_list_each(profiles.unfinished_session(NULL, '2023-11-14', NULL));

-- Ingestion
SELECT profiles.create_app('shop') IS NOT NULL;
CREATE FUNCTION pg_temp.at(seconds numeric, device text, parameters jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', r.uid, r.status, nullif(r.skipped, '[]'))
      FROM profiles.ingest('shop', jsonb_build_object('device_id', device, 'timestamp', ((1699920000 + seconds) * 1000)::bigint) || parameters) AS r
$$;
CREATE FUNCTION pg_temp.events(of_device text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws('|', trim_scale(extract(epoch FROM ts) - 1699920000), key, count, sum, dur, nullif(segmentation::text, '{}'))
      FROM shop.events WHERE device_id = of_device ORDER BY ts, key
$$;

-- Every event carries the profile as it was after its own request, whatever comes later.
SELECT pg_temp.at(0, 'guide', '{"country_code": "FR", "events": [{"key": "purchase"}]}');
SELECT pg_temp.at(1, 'guide', '{"country_code": "DE", "events": [{"key": "purchase"}], "user_details": {"custom": {"plan": "pro"}}}');
SELECT pg_temp.at(2, 'guide', '{"user_details": {"custom": {"plan": "free"}}}');
SELECT key, country, profile OPERATOR(profiles.->>) 'custom' FROM shop.events ORDER BY ts;
SELECT country, custom FROM shop.people;
-- late events carry it as it is when they arrive: that is what the server knows
SELECT pg_temp.at(-100, 'guide', '{"events": [{"key": "late", "timestamp": 1699910000}]}');
SELECT ts, country, profile OPERATOR(profiles.->>) 'custom' FROM shop.events WHERE key = 'late';

-- One row a request, with the range of its times.
SELECT pg_temp.at(0, 'batch', '{"events": "[{\"key\":\"b\",\"timestamp\":1699920000},{\"key\":\"a\",\"timestamp\":1699910000},{\"key\":\"c\",\"timestamp\":\"1699915000500\"}]"}');
SELECT first_ts, last_ts, events FROM shop.event_batches WHERE device_id = 'batch';

-- Count, sum and duration as SDKs send them.
SELECT pg_temp.at(0, 'count', '{"events": [{"key": "01"}, {"key": "02", "count": 3, "sum": 9.99, "dur": 1.5}, {"key": "03", "count": "3", "sum": "9.990", "dur": "2"},
    {"key": "04", "count": 0, "sum": 0, "dur": 0}, {"key": "05", "count": null, "sum": null, "dur": ""}, {"key": "06", "count": 2.0, "sum": -5}]}');
SELECT pg_temp.events('count');
SELECT pg_temp.at(0, 'odd', '{"events": [{"key": "01", "count": -1}, {"key": "02", "count": 1.5}, {"key": "03", "count": "x", "sum": "y", "dur": true}, {"key": "04", "dur": -1},
    {"key": "05", "count": 1e20}, {"key": "06", "sum": [1]}, {"key": "07", "sum": 12345678901234567890.12345}]}');
SELECT pg_temp.events('odd');

-- The local hour and day: the event's own, else the request's.
SELECT pg_temp.at(0, 'local', '{"hour": 5, "dow": 0, "events": [{"key": "a"}, {"key": "b", "hour": 24, "dow": "3"}, {"key": "c", "hour": 25, "dow": 7}, {"key": "d", "hour": -1, "dow": 1.5}]}');
SELECT events FROM shop.event_batches WHERE device_id = 'local';

-- Times: equal ones are moved apart so that the order stays; none, future and wrong ones are the request's.
SELECT pg_temp.at(0, 'equal', '{"events": [{"key": "c"}, {"key": "b"}, {"key": "a"}, {"key": "z", "timestamp": 1699920000001}, {"key": "y", "timestamp": 1699920000}, {"key": "x", "timestamp": 1699919999999}]}');
SELECT pg_temp.events('equal');
SELECT pg_temp.at(5, 'wrong', '{"events": [{"key": "future", "timestamp": 9000000000}, {"key": "micro", "timestamp": 1699920000000000}, {"key": "zero", "timestamp": 0}, {"key": "negative", "timestamp": -1}, {"key": "text", "timestamp": "now"}, {"key": "none", "timestamp": null}]}');
SELECT pg_temp.events('wrong');

-- Keys: kept as they are; empty, missing, too long and those of the system are refused.
SELECT pg_temp.at(0, 'keys', jsonb_build_object('events', '[{"key": "system.users"}, {"key": "$a..b"}, {"key": ""}, {"key": null}, {"key": 5}, {"count": 1}, 7, null, [], {"key": "[CLY]_made_up"}, {"key": "[CLY]_session"}]'::jsonb));
SELECT pg_temp.events('keys');
SELECT regexp_replace(pg_temp.at(0, 'long', jsonb_build_object('events', jsonb_build_array(jsonb_build_object('key', repeat('k', 128)), jsonb_build_object('key', repeat('k', 129))))), 'k{100,}', 'kk', 'g');
SELECT length(key) FROM shop.events WHERE device_id = 'long';

-- Segments: null and empty ones are absent, "." and "$" go, what two names become one is reported.
SELECT pg_temp.at(0, 'segments', '{"events": [{"key": "a", "segmentation": {"ok": "x", "n": 1, "yes": true, "no": false, "zero": 0, "empty": "", "null": null, "list": [1, "", null], "deep": {"a.b": 1}}},
    {"key": "b", "segmentation": {"$price": 1, "a.b": 2}}, {"key": "c", "segmentation": {"a.b": 1, "ab": 2}}, {"key": "d", "segmentation": {"..": 1}}, {"key": "e", "segmentation": "x"}, {"key": "f", "segmentation": null}, {"key": "g", "segmentation": {}}]}');
SELECT pg_temp.events('segments');
SELECT regexp_replace(pg_temp.at(1, 'segments', jsonb_build_object('events', jsonb_build_array(jsonb_build_object('key', 'l', 'segmentation',
       jsonb_build_object('v', repeat('ä', 257), repeat('n', 128), 1, repeat('n', 129), 2))))), 'n{100,}', 'nn', 'g');
SELECT length(segmentation ->> 'v'), (SELECT count(*) FROM jsonb_object_keys(segmentation)) FROM shop.events WHERE key = 'l';
-- 100 segments, 10 elements: what is over is left out and told; what is empty does not count, and what the server adds stays
SELECT pg_temp.at(2, 'segments', jsonb_build_object('events', jsonb_build_array(jsonb_build_object('key', 'wide', 'segmentation',
       (SELECT jsonb_object_agg('s' || n, n) FROM generate_series(1, 102) AS n) || '{"e": "", "n": null}'),
       jsonb_build_object('key', 'long', 'segmentation', jsonb_build_object('list', (SELECT jsonb_agg(n) FROM generate_series(1, 11) AS n), 'ten', (SELECT jsonb_agg(n) FROM generate_series(1, 10) AS n), 'texts', jsonb_build_array(repeat('x', 257), 'y', 3))),
       jsonb_build_object('key', '[CLY]_nps', 'segmentation', (SELECT jsonb_object_agg('s' || n, n) FROM generate_series(1, 98) AS n) || '{"widget_id": "w", "rating": 9}'))));
SELECT key, (SELECT count(*) FROM jsonb_object_keys(segmentation)), segmentation -> 's1', segmentation -> 's100', segmentation -> 'list', segmentation -> 'ten', length(segmentation #>> '{texts,0}'), (segmentation -> 'texts') - 0, segmentation -> 'type'
  FROM shop.events WHERE key IN ('wide', 'long', '[CLY]_nps') AND device_id = 'segments' ORDER BY ts;
-- these limits are settings; 0 means none
SELECT profiles.configure_app('shop', '{"segment_limit": 2, "segment_array_limit": 1, "value_length_limit": 3}');
SELECT pg_temp.at(3, 'segments', '{"events": [{"key": "tight", "segmentation": {"a": ["long", 2], "b": [], "c": 1, "d": null}}]}');
SELECT profiles.configure_app('shop', '{"segment_limit": 0, "segment_array_limit": 0, "value_length_limit": null}');
SELECT pg_temp.at(4, 'segments', jsonb_build_object('events', jsonb_build_array(jsonb_build_object('key', 'free', 'segmentation',
       (SELECT jsonb_object_agg('s' || n, n) FROM generate_series(1, 150) AS n) || jsonb_build_object('list', (SELECT jsonb_agg(n) FROM generate_series(1, 30) AS n))))));
SELECT key, (SELECT count(*) FROM jsonb_object_keys(segmentation)), CASE key WHEN 'tight' THEN segmentation END, jsonb_array_length(segmentation -> 'list') FROM shop.events WHERE key IN ('tight', 'free') ORDER BY ts;
SELECT profiles.configure_app('shop', '{"segment_limit": -1}');
SELECT profiles.configure_app('shop', '{"segment_array_limit": "10"}');
SELECT profiles.configure_app('shop', '{"segment_limit": null, "segment_array_limit": null}');
-- what links events with each other is not kept, anything else unknown is reported
SELECT pg_temp.at(2, 'segments', '{"events": [{"key": "m", "id": "1", "pvid": "2", "cvid": "3", "peid": "4", "name": "n", "ip": 1}]}');

-- Internal events: those that SDKs send are events, but not the app's own; the orientation is a property.
SELECT pg_temp.at(0, 'internal', '{"begin_session": 1, "events": [{"key": "[CLY]_view", "segmentation": {"name": "home", "visit": 1}}, {"key": "[CLY]_action", "segmentation": {"type": "click"}},
    {"key": "[CLY]_push_action", "segmentation": {"i": "5f0c1c1c1c1c1c1c1c1c1c1c"}}, {"key": "[CLY]_star_rating", "segmentation": {"rating": 4}}, {"key": "[CLY]_nps", "segmentation": {"widget_id": "w"}},
    {"key": "[CLY]_survey", "segmentation": {"widget_id": "w"}}, {"key": "own"}, {"key": "[CLY]_orientation", "segmentation": {"mode": "landscape"}}]}');
SELECT pg_temp.events('internal');
SELECT event_count, session_events, profile OPERATOR(profiles.->>) 'orientation' FROM shop.users WHERE device_id = 'internal';
SELECT pg_temp.at(1, 'internal', '{"events": [{"key": "[CLY]_orientation"}, {"key": "[CLY]_orientation", "segmentation": "x"}, {"key": "[CLY]_orientation", "segmentation": {"mode": 1}}]}');
SELECT event_count, profile OPERATOR(profiles.->>) 'orientation' FROM shop.users WHERE device_id = 'internal';

-- No events, no batch.
SELECT count(*) AS batches FROM shop.event_batches \gset
SELECT pg_temp.at(0, 'none', '{"events": "[]"}'), pg_temp.at(1, 'none', '{"events": [5]}'), pg_temp.at(2, 'none', '{"events": ""}');
SELECT count(*) - :batches FROM shop.event_batches;
