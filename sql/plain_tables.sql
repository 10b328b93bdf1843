-- Ingestion goes to the rows of plain tables itself and runs statements where a table is anything else
-- (src/pg/ingest/plain_tables.h). Both must do the same, and nothing that was added to a table may be passed by.
\pset format unaligned
\pset tuples_only
\pset null '(null)'
\set VERBOSITY terse
SET search_path = pg_catalog, public, profiles;
SELECT profiles.create_app(app) IS NOT NULL FROM unnest('{plain,watched}'::text[]) AS app;

-- A trigger that sees every row makes the second app one of statements.
CREATE TABLE public.seen (app text, what text, uid bigint);
CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.seen VALUES (TG_TABLE_SCHEMA, TG_TABLE_NAME || ' ' || lower(TG_OP), new.uid);
    RETURN NULL;
END
$$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON watched.users FOR EACH ROW EXECUTE FUNCTION public.note();
CREATE TRIGGER note AFTER INSERT ON watched.event_batches FOR EACH ROW EXECUTE FUNCTION public.note();
CREATE TRIGGER note AFTER INSERT ON watched.devices FOR EACH ROW EXECUTE FUNCTION public.note();

-- 621 requests of 25 devices: sessions, events, operators, late ones, repeated ones, renames and merges.
CREATE TABLE public.requests AS
SELECT n, jsonb_build_object('device_id', 'd' || (n * 7919) % 25,
                             'timestamp', 1700000000 + n * 20 - CASE WHEN n % 11 = 0 THEN 4000 ELSE 0 END)
       || CASE n % 9 WHEN 0 THEN '{"begin_session": 1, "metrics": {"_os": "iOS", "_app_version": "1.0"}}'
                     WHEN 4 THEN '{"session_duration": 30}'
                     WHEN 8 THEN '{"end_session": 1, "session_duration": 5}' ELSE '{}' END::jsonb
       || CASE WHEN n % 2 = 0 THEN jsonb_build_object('events', jsonb_build_array(
                    jsonb_build_object('key', 'k' || n % 3, 'count', 1 + n % 4, 'sum', n / 8.0, 'segmentation', jsonb_build_object('n', n)),
                    jsonb_build_object('key', '[CLY]_view', 'segmentation', jsonb_build_object('name', 'v' || n % 5, 'visit', 1))))
               ELSE '{}' END
       || CASE WHEN n % 3 = 0 THEN jsonb_build_object('user_details', jsonb_build_object('name', 'N' || n % 6, 'custom', jsonb_build_object(
                    'visits', '{"$inc": 1}'::jsonb, 'tags', jsonb_build_object('$addToSet', 't' || n % 4),
                    'note', CASE WHEN n % 60 = 0 THEN repeat(md5(n::text), 90) END)))
               ELSE '{}' END
       || CASE WHEN n % 97 = 0 THEN jsonb_build_object('old_device_id', 'd' || (n * 31) % 25) ELSE '{}' END
       || CASE WHEN n % 101 = 0 THEN jsonb_build_object('device_id', 'new' || n, 'old_device_id', 'd' || n % 25) ELSE '{}' END AS request
  FROM generate_series(1, 600) AS n;
INSERT INTO public.requests SELECT 101 + n, request FROM public.requests WHERE n BETWEEN 500 AND 520;

CREATE TABLE public.answers (app text, n bigint, uid bigint, status text, reason text, skipped jsonb);
CREATE FUNCTION public.one_by_one(app text, first integer, last integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.answers SELECT $1, n, answer.* FROM (SELECT * FROM public.requests WHERE n BETWEEN first AND last ORDER BY n) AS r,
           LATERAL profiles.ingest($1, request) AS answer
$$;
CREATE FUNCTION public.bulk(app text, first integer, last integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.answers SELECT $1, first + answer.number - 1, answer.uid, answer.status, answer.reason, answer.skipped
      FROM (SELECT jsonb_agg(request ORDER BY n) AS all_of_them FROM public.requests WHERE n BETWEEN first AND last) AS bulk,
           LATERAL profiles.ingest_bulk($1, all_of_them) WITH ORDINALITY AS answer (uid, status, reason, skipped, number)
$$;
SELECT FROM unnest('{plain,watched}'::text[]) AS app, LATERAL (SELECT public.one_by_one(app, 1, 300), public.bulk(app, 301, 450), public.bulk(app, 451, 621)) AS done;

SELECT app, count(*), count(DISTINCT uid), count(*) FILTER (WHERE status = 'ok') AS ok, count(*) FILTER (WHERE status = 'duplicate') AS duplicate FROM public.answers GROUP BY app ORDER BY app;
(SELECT n, uid, status, reason, skipped FROM public.answers WHERE app = 'plain'
 EXCEPT SELECT n, uid, status, reason, skipped FROM public.answers WHERE app = 'watched');
-- but for the clock of the server, both are the same
CREATE FUNCTION public.rows_of(app text, name text) RETURNS TABLE (one jsonb) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT to_jsonb(t) - ARRAY[''first_sync'', ''last_sync'', ''received_at'', ''merged_at''] FROM %I.%I AS t', app, name);
END
$$;
SELECT name, (SELECT count(*) FROM public.rows_of('plain', name)) AS all_rows,
       (SELECT count(*) FROM (SELECT * FROM public.rows_of('plain', name) EXCEPT ALL SELECT * FROM public.rows_of('watched', name)) AS x) AS only_here,
       (SELECT count(*) FROM (SELECT * FROM public.rows_of('watched', name) EXCEPT ALL SELECT * FROM public.rows_of('plain', name)) AS x) AS only_there
  FROM unnest('{users,devices,event_batches}'::text[]) AS name;
-- and whoever watches has seen every row
SELECT what, count(*) FROM public.seen GROUP BY what ORDER BY what;
SELECT count(*) FROM watched.event_batches;
-- compact takes the same batches out of both and makes the same blocks of them
CREATE TRIGGER note_gone AFTER DELETE ON watched.event_batches FOR EACH ROW EXECUTE FUNCTION public.note();
CALL profiles.compact('plain');
CALL profiles.compact('watched');
SELECT count(*) FROM plain.event_batches UNION ALL SELECT count(*) FROM watched.event_batches;
SELECT count(*), sum(events), bool_and(p.data::text = w.data::text) FROM plain.event_blocks AS p FULL JOIN watched.event_blocks AS w USING (bucket, block, events);
SELECT count(*) FROM public.seen WHERE what = 'event_batches delete';

-- Each of these is heeded from the next request on.
CREATE FUNCTION pg_temp.send(device text, seconds integer, app text DEFAULT 'plain') RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', r.status, '(' || r.reason || ')', nullif(r.skipped, '[]')) FROM profiles.ingest(app,
        jsonb_build_object('device_id', device, 'timestamp', 1710000000 + seconds, 'events', '[{"key": "buy", "sum": 2}]'::jsonb,
                           'user_details', jsonb_build_object('name', 'at ' || seconds))) AS r
$$;
CREATE FUNCTION pg_temp.batches(seconds integer) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM plain.event_batches WHERE first_ts = to_timestamp(1710000000 + seconds)
$$;
SELECT pg_temp.send('x', 1), pg_temp.send('x', 2);

-- a trigger on one table alone
CREATE TRIGGER note AFTER UPDATE ON plain.users FOR EACH ROW EXECUTE FUNCTION public.note();
SELECT pg_temp.send('x', 3);
SELECT what, count(*) FROM public.seen WHERE app = 'plain' GROUP BY what;
DROP TRIGGER note ON plain.users;
SELECT pg_temp.send('x', 4);
CREATE TRIGGER note BEFORE INSERT ON plain.event_batches FOR EACH ROW EXECUTE FUNCTION public.note();   -- returns null: no row
SELECT pg_temp.send('x', 5);
DROP TRIGGER note ON plain.event_batches;
SELECT what, count(*) FROM public.seen WHERE app = 'plain' GROUP BY what ORDER BY what;
SELECT pg_temp.batches(4), pg_temp.batches(5);

-- a rule
CREATE RULE noted AS ON INSERT TO plain.event_batches DO ALSO INSERT INTO public.seen VALUES ('plain', 'by rule', new.uid);
SELECT pg_temp.send('x', 6);
DROP RULE noted ON plain.event_batches;
SELECT pg_temp.send('x', 6);
SELECT pg_temp.batches(6), count(*) FROM public.seen WHERE what = 'by rule';

-- a condition, and a column that must not be null
ALTER TABLE plain.users ADD CONSTRAINT few_events CHECK (event_count < 9) NOT VALID;
SELECT pg_temp.send('x', 7), pg_temp.send('x', 8);
SELECT pg_temp.send('x', 9);
ALTER TABLE plain.users DROP CONSTRAINT few_events;
ALTER TABLE plain.event_batches ADD CONSTRAINT no_more CHECK (first_ts < to_timestamp(1710000009)) NOT VALID;
SELECT pg_temp.send('x', 9);
ALTER TABLE plain.event_batches DROP CONSTRAINT no_more;
SELECT event_count FROM plain.users WHERE device_id = 'x';
UPDATE plain.users SET last_view = 'none' WHERE last_view IS NULL;
ALTER TABLE plain.users ALTER last_view SET NOT NULL;
SELECT pg_temp.send('new', 9);
ALTER TABLE plain.users ALTER last_view DROP NOT NULL;
SELECT pg_temp.send('new', 9);

-- more columns, one that is computed, and ones that are gone
ALTER TABLE plain.users ADD region text DEFAULT 'north', ADD half bigint GENERATED ALWAYS AS (event_count / 2) STORED;
ALTER TABLE plain.event_batches ADD region text DEFAULT 'south';
SELECT pg_temp.send('x', 10), pg_temp.send('y', 10);
SELECT device_id, region, event_count, half FROM plain.users WHERE device_id IN ('x', 'y') ORDER BY 1;
SELECT region FROM plain.event_batches WHERE first_ts = to_timestamp(1710000010);
ALTER TABLE plain.users DROP region, DROP half;
ALTER TABLE plain.event_batches DROP region;
SELECT pg_temp.send('x', 11), pg_temp.send('y', 11);
SELECT device_id, event_count, profile ->> 'name' FROM plain.users WHERE device_id IN ('x', 'y') ORDER BY 1;
SELECT pg_temp.batches(11);

-- indexes of somebody else: of an expression, of some rows, a unique one
CREATE INDEX ON plain.users ((profile ->> 'name'));
CREATE INDEX ON plain.users (event_count) WHERE event_count > 10;
CREATE UNIQUE INDEX one_a_second ON plain.event_batches (first_ts) WHERE first_ts > to_timestamp(1710000011);
SELECT pg_temp.send('x', 12);
SELECT pg_temp.send('y', 12);
SELECT profiles.ingest_bulk('plain', '[{"device_id": "x", "timestamp": 1710000013, "events": [{"key": "a"}]}, {"device_id": "y", "timestamp": 1710000013, "events": [{"key": "a"}]}]');
DROP INDEX plain.one_a_second;
SET enable_seqscan = off;
SELECT device_id FROM plain.users WHERE profile ->> 'name' = 'at 12';
SELECT count(*) FROM plain.users WHERE profile ->> 'name' IN ('at 1', 'at 2', 'at 3');
RESET enable_seqscan;

-- a child, whose rows are the app's too
CREATE TABLE public.more () INHERITS (plain.users);
SELECT pg_temp.send('x', 14);
DROP TABLE public.more;

-- A transaction with one snapshot, and one that may not write.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.send('x', 15);
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT pg_temp.send('x', 16);
COMMIT;
BEGIN READ ONLY;
SELECT pg_temp.send('x', 17);
ROLLBACK;
-- What was written earlier in the same statement is seen, and a savepoint takes it back.
SELECT pg_temp.send('x', 17), pg_temp.send('x', 17), pg_temp.send('fresh', 17), pg_temp.send('fresh', 18);
BEGIN;
SELECT pg_temp.send('x', 18);
SAVEPOINT before;
SELECT pg_temp.send('x', 19);
ROLLBACK TO before;
SELECT pg_temp.send('x', 19), pg_temp.send('x', 18);
COMMIT;
SELECT device_id, profile ->> 'name', event_count FROM plain.users WHERE device_id IN ('x', 'fresh') ORDER BY 1;

-- Who may do less than this is told what is missing; what may be done by columns goes by columns.
CREATE ROLE plain_sender;
GRANT USAGE ON SCHEMA plain TO plain_sender;
GRANT INSERT ON ALL TABLES IN SCHEMA plain TO plain_sender;
GRANT SELECT, UPDATE ON plain.users TO plain_sender;
SET ROLE plain_sender;
SELECT pg_temp.send('x', 20);
RESET ROLE;
GRANT SELECT (device_id, uid, bucket) ON plain.devices TO plain_sender;
SET ROLE plain_sender;
SELECT pg_temp.send('x', 20);
RESET ROLE;
REVOKE INSERT ON plain.event_batches FROM plain_sender;
SET ROLE plain_sender;
SELECT pg_temp.send('x', 21);
RESET ROLE;
GRANT INSERT ON plain.event_batches TO plain_sender;
ALTER TABLE plain.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY none_of_x ON plain.users USING (device_id <> 'x');
SET ROLE plain_sender;
SELECT pg_temp.send('y', 21);
SELECT pg_temp.send('x', 21);
RESET ROLE;
-- Policies that hide a user, or the device that leads to it: the error says so, and few numbers of users are used up.
CREATE FUNCTION pg_temp.hidden(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
    answer text;
BEGIN
    EXECUTE 'SELECT string_agg(status, '' '') FROM profiles.' || call INTO answer;
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' / ', SQLSTATE, SQLERRM, hint);
END $$;
GRANT UPDATE ON plain.devices TO plain_sender;
SET ROLE plain_sender;
SELECT pg_temp.hidden($$ingest('plain', '{"device_id": "x"}')$$);
SELECT pg_temp.hidden($$ingest('plain', '{"device_id": "x", "old_device_id": "y"}')$$);
SELECT pg_temp.hidden($$ingest('plain', '{"device_id": "y", "old_device_id": "x"}')$$);
SELECT pg_temp.hidden($$ingest('plain', '{"device_id": "nobody had it", "old_device_id": "x"}')$$);
SELECT pg_temp.hidden($$ingest_bulk('plain', '[{"device_id": "y"}, {"device_id": "x"}]')$$);
RESET ROLE;
ALTER TABLE plain.devices ENABLE ROW LEVEL SECURITY;
CREATE POLICY but_x ON plain.devices USING (device_id <> 'x') WITH CHECK (true);
DROP POLICY none_of_x ON plain.users;
CREATE POLICY all_users ON plain.users USING (true);
GRANT USAGE ON SEQUENCE plain.users_uid_seq TO plain_sender;
SELECT last_value AS uids FROM plain.users_uid_seq \gset
SET ROLE plain_sender;
SELECT pg_temp.hidden($$ingest('plain', '{"device_id": "x"}')$$);
SELECT pg_temp.hidden($$ingest_bulk('plain', '[{"device_id": "y"}, {"device_id": "x"}]')$$);
SELECT pg_temp.hidden($$ingest('plain', '{"device_id": "y"}')$$);
RESET ROLE;
SELECT last_value - :uids < 10, (SELECT count(*) FROM plain.devices WHERE device_id = 'nobody had it') FROM plain.users_uid_seq;
ALTER TABLE plain.devices DISABLE ROW LEVEL SECURITY;
ALTER TABLE plain.users DISABLE ROW LEVEL SECURITY;
SET ROLE plain_sender;
SELECT pg_temp.send('x', 22);
RESET ROLE;
-- nor does a schema let anybody in who may not use it
REVOKE USAGE ON SCHEMA plain FROM plain_sender;
SET ROLE plain_sender;
SELECT pg_temp.send('x', 23);
RESET ROLE;
DROP OWNED BY plain_sender;
DROP ROLE plain_sender;

-- An app that is dropped and made again under the same name is another one.
SELECT pg_temp.send('x', 23);
SELECT profiles.drop_app('plain');
SELECT pg_temp.send('x', 24);
SELECT profiles.create_app('plain') IS NOT NULL;
SELECT pg_temp.send('x', 24), pg_temp.send('x', 25);
SELECT uid, event_count FROM plain.users;
