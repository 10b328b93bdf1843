-- compact: the same answers from both tiers, before, during and after, with merges and late data. Two apps
-- get the same requests; one of them is compacted again and again.
\pset format unaligned
\pset tuples_only
SET search_path = public, profiles;
SET client_min_messages = warning;
SET jit = off;  -- compiling each of the thousand queries takes longer than running it
SELECT length(create_app('hot', 'Europe/Berlin')), length(create_app('cold', 'Europe/Berlin'));

\getenv tree PROFILES_TREE
\set random_events :tree '/test/data/random-events.sql'
\set ECHO none
\i :random_events
\set ECHO all
CREATE FUNCTION pg_temp.fill(round int, requests int) RETURNS text LANGUAGE sql AS $$
    SELECT count(*) || ' requests, ' || count(*) FILTER (WHERE h IS DISTINCT FROM c) || ' differ'
      FROM (SELECT ingest('hot', r) AS h, ingest('cold', r) AS c
              FROM generate_series(1, requests) AS n, LATERAL (SELECT pg_temp.request(round, n) AS r OFFSET 0) AS made) AS both_apps
$$;

-- Every event once, with everything that it carries; and answers to many questions.
CREATE FUNCTION pg_temp.lost() RETURNS TABLE (lost bigint, made_up bigint) LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM (SELECT *, profile::text FROM hot.events EXCEPT ALL SELECT *, profile::text FROM cold.events) AS x),
           (SELECT count(*) FROM (SELECT *, profile::text FROM cold.events EXCEPT ALL SELECT *, profile::text FROM hot.events) AS x)
$$;
CREATE TEMP TABLE filters (filter jsonb);
INSERT INTO filters VALUES ('{}'), ('{"country":"DE"}'), ('{"country":{"$ne":"DE"}}'), ('{"country":null}'), ('{"custom.plan":{"$in":["pro",null]}}'),
    ('{"event.item":"a"}'), ('{"event.item":["a","b","a"]}'), ('{"event.item":{"$ne":"a"}}'), ('{"event.item":7}'), ('{"event.n":{"$gt":1}}'),
    ('{"event.deep.x.y":2}'), ('{"event.deep":{"$exists":true}}'), ('{"custom.address.zip":{"$lte":1}}'), ('{"custom.address":{"zip":2}}'),
    ('{"custom":{"$exists":false}}'), ('{"custom.tags":{"$all":[1,2]}}'), ('{"custom.tags":{"$size":3}}'), ('{"event.sum":{"$gt":100}}'),
    ('{"event.sum":0}'), ('{"event.dur":{"$gte":2.25,"$lt":20}}'), ('{"event.count":{"$in":[1,3]}}'), ('{"uid":{"$lt":20}}'), ('{"did":{"rgxbw":"d1"}}'),
    ('{"event.key":{"rgxcn":"view"},"custom.level":{"$gte":4}}'), ('{"$or":[{"country":"FR"},{"event.item":"pen"},{"uid":3}]}'),
    ('{"$nor":[{"country":"FR","custom.plan":"pro"},{"event.n":{"$exists":true}}]}'), ('{"$or":[]}'), ('{"event.nothing":{"$exists":true}}'), ('{"nothing":{"$ne":1}}');
CREATE TEMP TABLE breakdowns (breakdown text[]);
INSERT INTO breakdowns VALUES ('{}'), ('{country}'), ('{event.item}'), ('{custom.tags,event.key}'), ('{custom.plan,event.n,country}'), ('{uid}'), ('{did}'),
    ('{event.sum}'), ('{event.count,custom.address}'), ('{custom.address.zip}'), ('{event.deep.x}'), ('{nothing}'), ('{event.dur,event.nothing}'), ('{custom}');
CREATE FUNCTION pg_temp.wrong(kind text, stage text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    question record;
    differs bigint;
    asked int := 0;
    wrong int := 0;
BEGIN
    FOR question IN
        SELECT filter, breakdown, (ARRAY['buy','view',NULL,'[CLY]_session','nothing'])[1 + pg_temp.pick(filter::text || breakdown::text, 5)] AS key,
               (ARRAY[NULL,'daily','weekly','monthly'])[1 + pg_temp.pick(breakdown::text || filter::text, 4)] AS bucket,
               CASE pg_temp.pick('p' || filter::text || breakdown::text, 3) WHEN 0 THEN tstzrange('2023-11-20 10:00+00', '2023-12-05 00:00+00') ELSE tstzrange(NULL, NULL) END AS period
          FROM filters, breakdowns
         WHERE pg_temp.pick(stage || filter::text || breakdown::text, 4) = 0
    LOOP
        SELECT count(*) INTO differs FROM (
            SELECT a, sum(n) FROM (
                SELECT s AS a, 1 AS n FROM segmentation('hot', question.key, question.filter, question.breakdown, question.bucket, question.period, kind) AS s
                UNION ALL
                SELECT s, -1 FROM segmentation('cold', question.key, question.filter, question.breakdown, question.bucket, question.period, kind) AS s) AS answers
             GROUP BY a HAVING sum(n) <> 0) AS x;
        asked := asked + 1;
        IF differs > 0 THEN
            wrong := wrong + 1;
            IF wrong < 4 THEN
                RETURN NEXT question::text;
            END IF;
        END IF;
    END LOOP;
    RETURN NEXT asked || ' questions, ' || wrong || ' answers differ';
END
$$;

SELECT pg_temp.fill(1, 150);
SELECT pg_temp.wrong('event', '1');
CALL compact('cold');
SELECT hot_batches, blocks, block_events > 100, moved_users FROM cold.storage;
SELECT * FROM pg_temp.lost();
SELECT pg_temp.wrong('event', '2');
SELECT pg_temp.wrong('latest', '3');

-- New events and merges of users that blocks know: queries heed them at once.
SELECT pg_temp.fill(2, 150);
SELECT hot_batches > 50, blocks, moved_users > 0 FROM cold.storage;
SELECT * FROM pg_temp.lost();
SELECT pg_temp.wrong('event', '4');
SELECT pg_temp.wrong('latest', '5');
-- of merges one after the other the last one counts
SELECT count(*) FROM cold.moved_events WHERE into_uid IN (SELECT uid FROM cold.moved_events);
SELECT count(*) FROM cold.moved_events AS m WHERE NOT EXISTS (SELECT FROM cold.users AS u WHERE u.uid = m.into_uid);

-- A step at a time, as when somebody stops it in between: each leaves every event where queries find it.
SELECT users > 0 FROM compact_moved('cold', -1, 0);
SELECT * FROM pg_temp.lost();
SELECT compact_forget_moved('cold');
SELECT hot_batches > 50, blocks, moved_users FROM cold.storage;
SELECT events > 100, blocks FROM compact_batches('cold', 0, 1000000);
SELECT hot_batches, blocks, moved_users FROM cold.storage;
SELECT * FROM pg_temp.lost();
SELECT pg_temp.wrong('event', '6');

-- Rows that somebody holds stay hot until the next time; small blocks become one.
SELECT pg_temp.fill(3, 60);
CALL compact('cold');
SELECT pg_temp.fill(4, 60);
CALL compact('cold');
SELECT hot_batches, blocks, moved_users FROM cold.storage;
SELECT * FROM pg_temp.lost();
SELECT pg_temp.wrong('event', '7');
SELECT users, times FROM segmentation('cold', NULL, period => 'all') EXCEPT SELECT users, times FROM segmentation('hot', NULL, period => 'all');
SELECT count(*) FROM (SELECT segmentation_users('cold', 'buy', '{}', '{country}', '{DE}', 'all') EXCEPT SELECT segmentation_users('hot', 'buy', '{}', '{country}', '{DE}', 'all')) AS x;

-- What a block says in its columns is what is in it.
SELECT count(*) FROM cold.event_blocks, event_block_summary(data) AS s
 WHERE (s.events, s.users, s.first_uid, s.last_uid, s.first_ts, s.last_ts, s.keys)
    IS DISTINCT FROM (event_blocks.events, event_blocks.users, event_blocks.first_uid, event_blocks.last_uid, event_blocks.first_ts, event_blocks.last_ts, event_blocks.keys);

-- Again with nothing to do; no app; in a transaction.
CALL compact('cold');
CALL compact('nothing');
CALL compact(NULL);
\set VERBOSITY terse
BEGIN;
CALL compact('cold');
ROLLBACK;
-- a hostile search_path changes nothing
CREATE SCHEMA evil;
CREATE FUNCTION evil.int8pl(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1 / 0';
CREATE OPERATOR evil.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.int8pl);
SELECT pg_temp.fill(5, 30);
SET search_path = evil, pg_catalog;
CALL profiles.compact('cold');
RESET search_path;
SET search_path = public, profiles;
SELECT * FROM pg_temp.lost();
SELECT pg_temp.wrong('event', '8');
