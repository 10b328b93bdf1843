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
        (SELECT jsonb_agg(u) FROM profiles.segmentation_users('shop', 'buy', '{"event.count": 1}', '{country}', '{DE}', 'all') AS u))
$$;
SET max_parallel_workers_per_gather = 0;
SELECT pg_temp.answers() AS serial \gset
SELECT users, times, sum FROM profiles.segmentation('shop', 'buy', '{}', '{country}', period => 'all') ORDER BY segment;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
EXPLAIN (COSTS off) SELECT profiles.segmentation_part(data, '{}', 'buy', '{}', '{country}', NULL, NULL, NULL, NULL, NULL) FROM shop.event_blocks;
SELECT pg_temp.answers() = :'serial'::jsonb;
-- with workers alone, so that every part comes from one
SET parallel_leader_participation = off;
SELECT pg_temp.answers() = :'serial'::jsonb;
-- how it was counted: the plans of its queries, with what they did
CREATE FUNCTION pg_temp.plan(lines text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_replace(line, ' \(actual time=[0-9.]+ rows=', ' (rows=', 'g') FROM unnest(string_to_array(lines, E'\n')) AS line
     WHERE line ~ 'Workers|Gather|Scan (on|using) (event|moved)'
$$;
SELECT pg_temp.plan(string_agg(line, E'\n')) FROM profiles.segmentation_explain('shop', 'buy', '{"country": "DE"}', '{event.item}', period => 'all') AS line;
SELECT count(*) FILTER (WHERE line ~ 'Buffers: shared hit=[0-9]+') > 0, count(*) FILTER (WHERE line ~ 'Parallel Seq Scan on event_blocks c .*rows=[0-9]+ loops=2') > 0
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
-- a part by itself: other questions in one query, nulls, and errors of a worker
SELECT count(DISTINCT profiles.segmentation_part(data, '{}', key, '{}', '{}', NULL, NULL, NULL, NULL, NULL)) FROM shop.event_blocks, unnest('{buy,view,none}'::text[]) AS key WHERE block = 1;
SELECT profiles.segmentation_part(NULL, '{}', 'buy', '{}', '{}', NULL, NULL, NULL, NULL, NULL) IS NULL;
SELECT count(*) FROM profiles.segmentation('shop', 'buy', '{}', '{a,b,c,d}', period => 'all');
SELECT profiles.drop_app('shop');
