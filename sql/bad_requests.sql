-- Bad requests: each is a clear error, or what could not be understood is reported and the rest is
-- applied. The backend lives, and nothing is half applied.
\pset format unaligned
\pset tuples_only
\pset null '-'
SET search_path = pg_catalog, public;
SET client_min_messages = warning;   -- what a cascade drops is app.sql's matter
SELECT profiles.create_app('shop') IS NOT NULL;
SELECT key AS app_key FROM profiles.apps \gset
SELECT pg_backend_pid() AS backend \gset

-- A call of ingest as "uid status skipped", or its error as "SQLSTATE message (detail) hint".
CREATE FUNCTION pg_temp.call(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text; answer text;
BEGIN
    EXECUTE format('SELECT concat_ws('' '', uid, status, nullif(skipped, ''[]'')) FROM profiles.ingest(%s)', arguments) INTO answer;
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' ', 'ERROR', state, message, nullif('(' || detail || ')', '()'), hint);
END
$$;
CREATE FUNCTION pg_temp.send(request jsonb) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.call(format('%L, %L', 'shop', request)) $$;

-- No app, no request
SELECT arguments, pg_temp.call(arguments) FROM unnest(ARRAY[
    $$NULL, '{}'$$, $$'shop', NULL$$, $$NULL::jsonb$$, $$'nobody', '{"device_id": "d"}'$$, $$'', '{"device_id": "d"}'$$, $$'SHOP', '{"device_id": "d"}'$$,
    $$'shop''; DROP', '{"device_id": "d"}'$$, $$'{}'$$, $$'[]'$$, $$'5'$$, $$'{"device_id": "d"}'$$, $$'{"app_key": null, "device_id": "d"}'$$, $$'{"app_key": 5, "device_id": "d"}'$$,
    $$'{"app_key": "", "device_id": "d"}'$$, $$'{"app_key": "0123456789012345678901234567890123456789", "device_id": "d"}'$$,
    $$'shop', '[]'$$, $$'shop', '5'$$, $$'shop', 'null'$$, $$'shop', '"{}"'$$, $$'shop', '{}'$$, $$'shop', '[{"device_id": "d"}]'$$]) AS arguments;
SELECT replace(pg_temp.call(quote_literal('{"app_key": "' || :'app_key' || '"}')), :'app_key', '(key)');

-- device_id
SELECT value, pg_temp.send(jsonb_build_object('device_id', value)) FROM unnest('{null,"\"\"","[]","{}","[1]","{\"a\": 1}"}'::jsonb[]) AS value;
SELECT regexp_replace(pg_temp.send(jsonb_build_object('device_id', repeat('d', 1025))), 'd{50,}', 'dd');
SELECT regexp_replace(pg_temp.send(jsonb_build_object('device_id', repeat('ä', 513))), 'ä{50,}', 'ää');
SELECT pg_temp.send(jsonb_build_object('device_id', 'long', 'old_device_id', repeat('d', 1025)));
SELECT pg_temp.send(jsonb_build_object('device_id', repeat('d', 1024), 'timestamp', 1700000000));
SELECT pg_temp.send(E'{"device_id": " \\t\\"; DROP TABLE users; -- \U0001f600"}');
SELECT device_id FROM shop.users WHERE device_id ~ 'DROP';

-- Every parameter with a value of every wrong type. No request fails, and none makes anything but a user.
CREATE TABLE pg_temp.parameters AS SELECT unnest('{old_device_id,t,timestamp,hour,dow,tz,begin_session,end_session,ignore_cooldown,session_duration,
    country_code,region,city,location,ip_address,ip,av,sdk_name,sdk_version,metrics,events,user_details}'::text[]) AS parameter;
CREATE TABLE pg_temp.wrong AS SELECT unnest(ARRAY['true', '-1', '1.5', '1e30', '"x"', '"\ud83d\ude00"', '" "', '[]', '[[]]', '{}', '{"a": {}}', '"[]"', '"{}"', '"[1"', '"{\"a\":}"', '"nul"',
    '"{\"a\": 1} x"', '"\"text\""', '"5"', '"true"', '"NaN"', '"1e99999"', '"2024-01-01"']::jsonb[]) AS value;
CREATE TABLE pg_temp.answers AS SELECT parameter, value, pg_temp.send(jsonb_build_object('device_id', 'wrong ' || parameter || value, parameter, value)) AS answer
    FROM pg_temp.parameters, pg_temp.wrong ORDER BY parameter COLLATE "C", value::text COLLATE "C";
SELECT count(*), count(*) FILTER (WHERE answer ~ '^\d+ ok'), count(*) FILTER (WHERE answer ~ '^\d+ ok \[') FROM pg_temp.answers;
SELECT parameter, reason, string_agg(value::text, '  ' ORDER BY value::text COLLATE "C")
  FROM (SELECT parameter, value, regexp_replace(jsonb_array_elements(substring(answer FROM 'ok (.*)$')::jsonb) ->> 'reason', ': At byte .*', '') AS reason FROM pg_temp.answers) AS a
 GROUP BY parameter, reason ORDER BY parameter COLLATE "C", reason COLLATE "C";
-- what of them was taken
SELECT parameter, string_agg(value::text, '  ' ORDER BY value::text COLLATE "C") FROM pg_temp.answers WHERE answer !~ 'ok \[' GROUP BY parameter ORDER BY parameter COLLATE "C";
SELECT DISTINCT profile FROM shop.users WHERE device_id ~ '^wrong av' ORDER BY profile;

-- Malformed JSON in strings costs its parameter only.
SELECT pg_temp.send('{"device_id": "mixed", "timestamp": 1700000000, "events": "[{\"key\": \"a\"}", "metrics": "{\"_os\": \"Linux\"}", "user_details": "{\"name\": \"Ada\",}"}');
SELECT pg_temp.send('{"device_id": "mixed", "timestamp": 1700000001, "events": "[{\"key\": \"a\"}]", "metrics": "{_os: 1}", "user_details": "{\"name\": \"Ada\"} "}');
SELECT profile, event_count FROM shop.users WHERE device_id = 'mixed';

-- Characters: NUL, lone surrogates, other control characters.
SELECT pg_temp.send('{"device_id": "chars", "user_details": "{\"name\": \"a\\u0000b\"}"}');
SELECT pg_temp.send('{"device_id": "chars", "user_details": "{\"name\": \"\\ud800\"}"}');
SELECT pg_temp.send('{"device_id": "chars", "user_details": "{\"name\": \"\\udc00\\ud800\"}"}');
SELECT pg_temp.send('{"device_id": "chars", "user_details": "{\"name\": \"\\u12\"}"}');
SELECT pg_temp.send(E'{"device_id": "chars", "user_details": "{\\"name\\": \\"a\\nb\\"}"}');
SELECT pg_temp.send('{"device_id": "chars", "user_details": "{\"name\": \"\\u0001\\ud83d\\ude00\"}"}');
SELECT profile FROM shop.users WHERE device_id = 'chars';
-- as jsonb the server refuses them itself
\set VERBOSITY sqlstate
SELECT profiles.ingest('shop', '{"device_id": "a\u0000b"}');
SELECT profiles.ingest('shop', '{"device_id": "\ud800"}');
SELECT profiles.ingest('shop', '{"device_id": ');
\set VERBOSITY default

-- Numbers: what cannot be kept exactly costs its parameter.
SELECT pg_temp.send(('{"device_id": "numbers", "timestamp": 1700000000, "user_details": {"custom": {"n": 1e7000}}, "metrics": {"_os": "Linux"}}')::jsonb);
SELECT pg_temp.send(('{"device_id": "numbers", "timestamp": 1700000001, "user_details": {"custom": {"n": 1.' || repeat('1', 50) || '}}, "av": "1"}')::jsonb);
SELECT regexp_replace(pg_temp.send('{"device_id": "numbers", "timestamp": 1700000002, "user_details": "{\"custom\": {\"n\": 1e7000}}", "events": "[{\"key\": \"e\", \"sum\": 1e7000}]"}'), ': At byte [^"]*', '', 'g');
SELECT pg_temp.send('{"device_id": "numbers", "timestamp": 1700000003, "user_details": "{\"custom\": {\"n\": NaN}}"}');
SELECT pg_temp.send('{"device_id": "numbers", "timestamp": 1700000004, "events": [{"key": "e", "sum": "1e7000"}]}');
SELECT profile, event_count FROM shop.users WHERE device_id = 'numbers';

-- Depth: 64 levels are the limit.
SELECT levels, regexp_replace(pg_temp.send(jsonb_build_object('device_id', 'deep', 'user_details', '{"custom": {"x": ' || repeat('[', levels) || repeat(']', levels) || '}}')), '\d+ ok', 'ok')
  FROM unnest('{61,62,63,1000,100000}'::int[]) AS levels;
SELECT levels, regexp_replace(pg_temp.send(('{"device_id": "deep", "events": [{"key": "k", "segmentation": {"x": ' || repeat('[', levels) || repeat(']', levels) || '}}]}')::jsonb), '\d+ ok', 'ok')
  FROM unnest('{59,60,61,1000}'::int[]) AS levels;

-- Size: 10 MB in one text, in many names, in many values.
SELECT regexp_replace(pg_temp.send(jsonb_build_object('device_id', 'big', 'timestamp', 1700000000, 'user_details', jsonb_build_object('name', repeat('n', 10000000)))), '^\d+', 'uid');
SELECT regexp_replace(pg_temp.send(jsonb_build_object('device_id', 'big', 'timestamp', 1700000001, 'metrics', '{"_os": "' || repeat('n', 10000000) || '"}')), '^\d+', 'uid');
SELECT left(regexp_replace(pg_temp.send(jsonb_build_object('device_id', 'big', 'timestamp', 1700000002, 'metrics', repeat('[', 10000000))), '^\d+', 'uid'), 200);
SELECT length(answer), right(answer, 75) FROM (SELECT pg_temp.send(jsonb_build_object('device_id', 'big', 'timestamp', 1700000003, 'user_details', jsonb_build_object('custom',
       (SELECT jsonb_object_agg('k' || n, n) FROM generate_series(1, 100000) AS n)))) AS answer) AS a;
SELECT length(answer), right(answer, 75) FROM (SELECT pg_temp.send((SELECT jsonb_object_agg('p' || n, n) FROM generate_series(1, 100000) AS n) || '{"device_id": "big", "timestamp": 1700000004}') AS answer) AS a;
SELECT length(answer), right(answer, 75) FROM (SELECT pg_temp.send(jsonb_build_object('device_id', 'big', 'timestamp', 1700000005, 'events', '[' || repeat('1,', 200000) || '1]')) AS answer) AS a;
SELECT length(profile::text), event_count FROM shop.users WHERE device_id = 'big';

-- 100,000 events, in every order of times, and all of them at once twice.
SELECT kind, (profiles.ingest('shop', jsonb_build_object('device_id', 'many ' || kind, 'timestamp', 1700000000, 'events', (SELECT jsonb_agg(jsonb_build_object('key', 'e', 'timestamp',
       CASE kind WHEN 'equal' THEN 1600000000000 WHEN 'down' THEN 1600000000000 - n WHEN 'twice' THEN 1600000000000 + n % 50000 WHEN 'pairs' THEN 1600000000000 - n / 2 END) ORDER BY n)
       FROM generate_series(1, 100000) AS n)))).skipped FROM unnest('{equal,down,twice,pairs}'::text[]) AS kind;
SELECT u.device_id, event_count, jsonb_array_length(events::jsonb), (SELECT count(DISTINCT ts) FROM profiles.event_list_each(events)) FROM shop.users AS u JOIN shop.event_batches USING (uid, bucket) WHERE u.device_id ~ '^many' ORDER BY 1;
-- and one that is cancelled leaves nothing
CREATE TABLE pg_temp.endless AS SELECT jsonb_build_object('device_id', 'cancelled', 'events', '[' || repeat('{"key":"e"},', 1000000) || '1]') AS request;
SET statement_timeout = '200ms';
\set VERBOSITY sqlstate
SELECT profiles.ingest('shop', request) FROM pg_temp.endless;
\set VERBOSITY default
RESET statement_timeout;
SELECT count(*) FROM shop.users WHERE device_id = 'cancelled';

-- An error takes everything of its request with it, also what was written before.
ALTER TABLE shop.event_batches ADD CONSTRAINT no_bombs CHECK (events::text !~ 'bomb');
SELECT pg_temp.send('{"device_id": "half", "timestamp": 1700000000, "begin_session": 1, "events": [{"key": "fine"}]}') ~ 'ok';
SELECT md5(string_agg(u::text, ' ' ORDER BY uid)) AS users FROM shop.users AS u \gset
SELECT count(*) AS devices FROM shop.devices \gset
SELECT left(pg_temp.send('{"device_id": "half", "timestamp": 1700000001, "begin_session": 1, "events": [{"key": "bomb"}], "user_details": {"name": "Ada"}}'), 12);
SELECT left(pg_temp.send('{"device_id": "new with a bomb", "timestamp": 1700000001, "events": [{"key": "bomb"}]}'), 12);
SELECT left(pg_temp.send('{"device_id": "mixed", "old_device_id": "half", "timestamp": 1700000002, "events": [{"key": "bomb"}]}'), 12);
SELECT md5(string_agg(u::text, ' ' ORDER BY uid)) = :'users' FROM shop.users AS u;
SELECT count(*) - :devices FROM shop.devices;
SELECT key FROM shop.events AS e JOIN shop.users AS u USING (uid) WHERE u.device_id = 'half' ORDER BY 1;

-- An app whose tables are gone says so; dropped and made again, it takes requests in the same backend.
SELECT profiles.create_app('gone') IS NOT NULL, (profiles.ingest('gone', '{"device_id": "d"}')).uid;
BEGIN;
ALTER TABLE gone.users RENAME TO visitors;
SELECT pg_temp.call($$'gone', '{"device_id": "d"}'$$);
ROLLBACK;
SELECT profiles.drop_app('gone');
SELECT pg_temp.call($$'gone', '{"device_id": "d"}'$$);
SELECT profiles.create_app('gone') IS NOT NULL, (profiles.ingest('gone', '{"device_id": "d", "events": [{"key": "e"}]}')).uid, (profiles.ingest('gone', '{"device_id": "e"}')).uid;
SELECT pg_temp.call($$'gone', '{"device_id": "d", "old_device_id": "e"}'$$);

-- 20,000 refused requests leave nothing behind in the backend.
CREATE FUNCTION pg_temp.refuse(times integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN 1 .. times LOOP
        BEGIN
            PERFORM profiles.ingest('shop', '{"events": "[1"}');
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
END
$$;
SELECT pg_temp.refuse(1000);
SELECT sum(total_bytes) AS before FROM pg_backend_memory_contexts \gset
SELECT pg_temp.refuse(20000);
SELECT sum(total_bytes) - :before < 1000000 FROM pg_backend_memory_contexts;

SELECT pg_backend_pid() = :backend;
