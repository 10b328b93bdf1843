-- Blocks are counted by parallel workers, with the same answers.
\pset format unaligned
\pset tuples_only
SET search_path = pg_catalog, public;
SET client_min_messages = warning;
SELECT profiles.create_app('shop') IS NOT NULL;
-- Many small blocks, of two buckets of users, and a merged user.
CREATE FUNCTION pg_temp.round(r int) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(profiles.ingest('shop', jsonb_build_object('device_id', 'd' || n + 30 * r, 'timestamp', 1700000000 + 86400 * r + n,
        'country_code', (ARRAY['DE','FR','TR'])[1 + n % 3], 'events', jsonb_build_array(
            jsonb_build_object('key', 'buy', 'sum', n / 4.0, 'segmentation', jsonb_build_object('item', 'item ' || n % 7)),
            jsonb_build_object('key', 'view', 'dur', n)))))
      FROM generate_series(1, 40) AS n
$$;
SELECT pg_temp.round(0);
CALL profiles.compact('shop');
SELECT setval('shop.users_uid_seq', 70000);
SELECT pg_temp.round(1);
CALL profiles.compact('shop');
SELECT status FROM profiles.ingest('shop', '{"device_id": "d1", "old_device_id": "d2", "timestamp": 1700200000}');
INSERT INTO shop.event_blocks (bucket, first_uid, last_uid, first_ts, last_ts, events, users, keys, data)
SELECT bucket, first_uid, last_uid, first_ts, last_ts, events, users, keys, data
  FROM shop.event_blocks, generate_series(1, 40) ORDER BY block;
ANALYZE shop.event_blocks;
SELECT relpages > 8 FROM pg_class WHERE oid = 'shop.event_blocks'::regclass;
CREATE FUNCTION pg_temp.answers() RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_array(
        (SELECT jsonb_agg(to_jsonb(s)) FROM profiles.segmentation('shop', 'buy', '{"country": {"$ne": "TR"}}', '{country,event.item}', 'daily', 'all') AS s),
        (SELECT jsonb_agg(to_jsonb(s)) FROM profiles.segmentation('shop', NULL, '{}', '{}', 'hourly', '[,)'::tstzrange) AS s),
        (SELECT jsonb_agg(to_jsonb(s)) FROM profiles.segmentation('shop', 'view', '{}', '{uid}', period => 'all') AS s),
        (SELECT jsonb_agg(to_jsonb(s)) FROM profiles.segmentation_metrics('shop', 'buy', '{}', '{event.sum:0-2,2-5.5,7-,event.item}', 'daily', 'all', 'event', '{sum/users,median(sum),p90(sum),max(dur)}', 5, true) AS s),
        (SELECT jsonb_agg(to_jsonb(s)) FROM profiles.segmentation_compare('shop', NULL, '{}', '{country}', 'daily', '[2023-11-15,2023-11-16)'::tstzrange, 'event', 2) AS s),
        (SELECT jsonb_agg(u) FROM profiles.segmentation_users('shop', 'buy', '{"event.count": 1}', '{country}', '{DE}', 'all') AS u),
        (SELECT jsonb_agg(to_jsonb(s)) FROM profiles.segmentation('shop', '[CLY]_session', '{}', '{country}', 'daily', 'all') AS s),
        (SELECT jsonb_agg(to_jsonb(s)) FROM profiles.segmentation('shop', NULL, '{"custom.plan": {"$exists": false}}', '{country,did}', period => 'all', properties => 'latest') AS s),
        to_jsonb(profiles.audience('shop', '{}', '[{"event": "buy", "times": {"$gte": 2}, "period": "all"}]')::text))
$$;
SET max_parallel_workers_per_gather = 0;
SELECT pg_temp.answers() AS serial \gset
SELECT users, times, sum FROM profiles.segmentation('shop', 'buy', '{}', '{country}', period => 'all') ORDER BY segment;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
EXPLAIN (COSTS off) SELECT profiles.segmentation_groups(profiles.segmentation_block(data), NULL, NULL, NULL, NULL, NULL, '{}', 'buy', '{}', '{country}', NULL, NULL, NULL, NULL, NULL) FROM shop.event_blocks;
SELECT pg_temp.answers() = :'serial'::jsonb;
-- with workers alone, so that every part comes from one
SET parallel_leader_participation = off;
SELECT pg_temp.answers() = :'serial'::jsonb;
-- how it was counted: the plans of its queries, with what they did
CREATE FUNCTION pg_temp.plan(lines text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_replace(line, ' \((actual .*|never executed)\)', '') FROM unnest(string_to_array(lines, E'\n')) AS line
     WHERE line ~ 'Workers|Gather|Aggregate|Append|Scan (on|using)'
$$;
SELECT pg_temp.plan(string_agg(line, E'\n')) FROM profiles.segmentation_explain('shop', 'buy', '{"country": "DE"}', '{event.item}', period => 'all') AS line;
SELECT count(*) FILTER (WHERE line ~ 'Buffers: shared hit=[0-9]+') > 0, count(*) FILTER (WHERE line ~ 'Parallel Seq Scan on event_blocks c .*rows=[1-9][0-9]* loops=[12]\)') > 0
  FROM profiles.segmentation_explain('shop', 'buy', '{}', '{}', 'daily', tstzrange('2023-11-01', '2023-12-01')) AS line;
SET max_parallel_workers_per_gather = 0;
SELECT pg_temp.plan(string_agg(line, E'\n')) FROM profiles.segmentation_explain('shop', 'nothing', period => 'all', properties => 'latest', breakdown => '{country}') AS line;
SET max_parallel_workers_per_gather = 2;
-- an error leaves nothing behind; what is explained cannot explain
\set VERBOSITY terse
SELECT profiles.segmentation_explain('shop', 'buy', '{"$where": 1}');
SELECT profiles.segmentation_explain('nothing', 'buy');
SELECT profiles.segmentation_explain(NULL, 'buy');
CREATE FUNCTION pg_temp.explains(uid bigint) RETURNS boolean LANGUAGE sql STABLE COST 1 AS
    $$SELECT count(*) > 0 FROM profiles.segmentation_explain('shop', 'buy', period => 'all')$$;
CREATE ROLE explainer;
GRANT USAGE ON SCHEMA shop TO explainer;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO explainer;
DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO explainer', pg_my_temp_schema()::regnamespace); END $$;
ALTER TABLE shop.event_batches ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON shop.event_batches USING (pg_temp.explains(uid));
SELECT status FROM profiles.ingest('shop', '{"device_id": "d1", "timestamp": 1700300000, "events": [{"key": "buy"}]}');
SET ROLE explainer;
SELECT profiles.segmentation_explain('shop', 'buy', period => 'all');
RESET ROLE;
DROP POLICY odd ON shop.event_batches;
ALTER TABLE shop.event_batches DISABLE ROW LEVEL SECURITY;
DROP OWNED BY explainer;
DROP ROLE explainer;
SELECT count(*) > 1 FROM profiles.segmentation_explain('shop', 'buy', period => 'all');
-- blocks, batches and open sessions at once: by one process, by several, and with everything in one worker
SELECT pg_temp.round(2);
SELECT count(profiles.ingest('shop', jsonb_build_object('device_id', 'd' || n, 'timestamp', 1700300000 + n, 'begin_session', 1))) FROM generate_series(5, 25) AS n;
ANALYZE shop.event_batches, shop.event_blocks, shop.users, shop.moved_events;
CREATE TEMP TABLE answer (asked text, answers jsonb);
SET max_parallel_workers_per_gather = 0;
INSERT INTO answer SELECT 'serial', pg_temp.answers();
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_tuple_cost = 0;
SELECT pg_temp.plan(string_agg(line, E'\n')) FROM profiles.segmentation_explain('shop', NULL, '{}', '{country}', 'daily', 'all') AS line;
INSERT INTO answer SELECT 'by workers', pg_temp.answers();
RESET parallel_leader_participation;
INSERT INTO answer SELECT 'by all', pg_temp.answers();
SET enable_hashjoin = off;
SET enable_mergejoin = off;
INSERT INTO answer SELECT 'latest by loops', pg_temp.answers();
RESET enable_hashjoin;
RESET enable_mergejoin;
SET max_parallel_workers = 0;
INSERT INTO answer SELECT 'without workers to be had', pg_temp.answers();
RESET max_parallel_workers;
SET force_parallel_mode = regress;
INSERT INTO answer SELECT 'forced', pg_temp.answers();
RESET force_parallel_mode;
SELECT asked, answers = first_value(answers) OVER (ORDER BY asked = 'serial' DESC), jsonb_array_length(answers) FROM answer;
-- as plain SQL counts them
SELECT count(*), bool_and(plain.users = s.users AND plain.times = s.times AND plain.sum IS NOT DISTINCT FROM s.sum)
  FROM (SELECT country, count(DISTINCT uid) AS users, count(*) AS times, sum(sum) AS sum FROM shop.events WHERE key = 'buy' GROUP BY 1) AS plain
       FULL JOIN profiles.segmentation('shop', 'buy', '{}', '{country}', period => 'all') AS s ON s.segment[1] = plain.country;
-- an app of a few blocks and batches needs no workers
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
BEGIN;
DELETE FROM shop.event_blocks WHERE block > 10;
ANALYZE shop.event_blocks;
SELECT pg_temp.plan(string_agg(line, E'\n')) FROM profiles.segmentation_explain('shop', 'buy', '{}', '{country}', 'daily', 'all') AS line;
ROLLBACK;
SET parallel_setup_cost = 0;
SET min_parallel_table_scan_size = 0;
-- too much memory, in a worker, too; and cancelled while it counts
SET parallel_leader_participation = off;
SET profiles.segmentation_memory = '64kB';
SELECT count(*) FROM profiles.segmentation('shop', NULL, '{}', '{uid,event.item}', 'hourly', 'all');
RESET profiles.segmentation_memory;
SELECT count(*) > 100 FROM profiles.segmentation('shop', NULL, '{}', '{uid,event.item}', 'hourly', 'all');
SET statement_timeout = '300ms';
SELECT profiles.segmentation_groups(data, NULL, NULL, NULL, NULL, NULL, '{}', 'buy', '{}', '{uid}', NULL, NULL, NULL, NULL, NULL) FROM shop.event_blocks, generate_series(1, 1000000);
SET max_parallel_workers_per_gather = 0;
SELECT profiles.segmentation_groups(NULL, n, 'd', '{"country": "DE"}', '[{"key": "buy", "ts": 1}]', NULL, '{}', 'buy', '{}', '{country}', NULL, NULL, NULL, NULL, NULL) FROM generate_series(1, 1000000000) AS n;
RESET statement_timeout;
RESET parallel_leader_participation;
-- the aggregate by itself: its result as bytes, nulls, and what is no use of it
SELECT count(DISTINCT groups), min(length(groups)) > 0 FROM unnest('{buy,view,none}'::text[]) AS key,
    LATERAL (SELECT profiles.segmentation_groups(data, NULL, NULL, NULL, NULL, NULL, '{}', key, '{}', '{country}', NULL, NULL, NULL, NULL, NULL) AS groups FROM shop.event_blocks WHERE block = 1) AS made;
SELECT profiles.segmentation_groups(NULL, 1, 'd', '{"country": "DE"}', '[{"key": "buy", "ts": 1}]', NULL, NULL, NULL, '{}', '{country}', NULL, NULL, NULL, NULL, NULL)
     = profiles.segmentation_groups(NULL, 1, 'e', '{"country": "DE"}', '[{"key": "pay", "ts": 2}]', NULL, '{}', 'pay', '{}', '{country}', 0, 9, '{1970-01-01}', NULL, '{}');
SELECT profiles.segmentation_groups(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', '{}', NULL, NULL, NULL, NULL, NULL) IS NOT NULL;
SELECT profiles.segmentation_groups(data, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', '{}', NULL, NULL, NULL, NULL, NULL) IS NULL FROM shop.event_blocks WHERE false;
SELECT profiles.segmentation_groups(NULL, NULL, NULL, NULL, '[{"key": "buy", "ts": 1}]', NULL, NULL, NULL, '{}', '{}', NULL, NULL, NULL, NULL, NULL);
SELECT profiles.segmentation_groups(NULL, 1, NULL, NULL, '[]', NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL);
SELECT profiles.segmentation_groups(NULL, 1, NULL, NULL, '[]', NULL, NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, NULL);
SELECT profiles.segmentation_groups(NULL, 1, NULL, NULL, '[]', NULL, '{1,NULL}', NULL, '{}', '{}', NULL, NULL, NULL, NULL, NULL);
SELECT profiles.segmentation_groups(NULL, 1, NULL, NULL, '[]', NULL, NULL, NULL, '{}', '{a}', NULL, NULL, NULL, '{a,b}', NULL);
SELECT profiles.segmentation_groups(NULL, 1, NULL, NULL, '[]', NULL, NULL, key, '{}', '{}', NULL, NULL, NULL, NULL, NULL) FROM unnest('{a,b}'::text[]) AS key;
SELECT profiles.segmentation_groups(NULL, 1, NULL, NULL, '[]', NULL, NULL, NULL, '{}', '{}', NULL, NULL, NULL, NULL, NULL) OVER ();
-- nobody can call its steps: SQL has no values for them
SELECT count(*), bool_and('internal'::regtype = ANY (proargtypes)) FROM pg_proc WHERE proname ~ '^segmentation_groups_';
SELECT profiles.segmentation_block(NULL) IS NULL;
SELECT count(*) FROM profiles.segmentation('shop', 'buy', '{}', '{a,b,c,d}', period => 'all');
SELECT profiles.drop_app('shop');
