-- The hot tier is counted page by page, with the answers that its rows have.
\pset format unaligned
\pset tuples_only
SET search_path = pg_catalog, public;
SET client_min_messages = warning;
SELECT profiles.create_app('shop') IS NOT NULL;
-- 3,000 users with a visit of two events each: by the number of the user, one of three countries and one of seven
-- items, over more than 64 pages; some visits have been deleted, and some profiles and lists lie in other tables.
INSERT INTO shop.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
SELECT n, 0, 'd' || n, at, at + interval '1 s',
       jsonb_build_object('country', (ARRAY['DE','FR','TR'])[1 + n % 3], 'custom', jsonb_build_object('n', n, 'note', CASE WHEN n % 100 = 0 THEN (SELECT string_agg(md5(i::text || n), '') FROM generate_series(1, 400) AS i) ELSE repeat('x', 100) END))::text::profiles.profile,
       jsonb_build_array(jsonb_build_object('key', 'buy', 'ts', 1700000000000 + n * 60000::bigint, 'sum', n / 4.0, 'segmentation', jsonb_build_object('item', 'item ' || n % 7)),
                         jsonb_build_object('key', 'view', 'ts', 1700000001000 + n * 60000::bigint, 'dur', n, 'segmentation', jsonb_build_object('note', CASE WHEN n % 150 = 0 THEN (SELECT string_agg(md5(i::text || n), '') FROM generate_series(1, 400) AS i) ELSE 'y' END)))::text::profiles.event_list
  FROM generate_series(1, 3000) AS n, LATERAL (SELECT to_timestamp(1700000000 + n * 60)) AS t (at);
DELETE FROM shop.event_batches WHERE uid % 10 = 0;
SELECT pg_relation_size('shop.event_batches') / 8192 > 64, pg_relation_size(reltoastrelid) > 0 FROM pg_class WHERE oid = 'shop.event_batches'::regclass;
CREATE FUNCTION public.answers() RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_array(
        (SELECT jsonb_agg(to_jsonb(s)) FROM profiles.segmentation('shop', 'buy', '{"country": {"$ne": "TR"}}', '{country,event.item}', 'daily', 'all') AS s),
        (SELECT jsonb_agg(to_jsonb(s)) FROM profiles.segmentation('shop', NULL, '{"custom.n": {"$gt": 100}}', '{did}', 'hourly', '["2023-11-15 00:00:30+00",)'::tstzrange, 'event', 5) AS s),
        (SELECT jsonb_agg(to_jsonb(s)) FROM profiles.segmentation('shop', 'view', '{"custom.note": {"$regex": "^x"}}', '{country}', NULL, '[,"2023-11-15 12:00:00+00")'::tstzrange) AS s),
        (SELECT jsonb_agg(u) FROM profiles.segmentation_users('shop', 'buy', '{"event.item": "item 3"}', '{country}', '{DE}', 'all') AS u),
        profiles.segmentation_finite_range('shop', '(,)'))
$$;
SELECT public.answers() AS by_pages \gset
-- by hand: of 3,000 users with numbers that are no multiple of 10, those whose rest by 3 is 0, 1, 2
SELECT s.segment, s.users, s.times, s.sum, h.users, h.sum
  FROM profiles.segmentation('shop', 'buy', '{}', '{country}', period => 'all') AS s,
       LATERAL (SELECT count(*), sum(n / 4.0) FROM generate_series(1, 3000) AS n WHERE n % 10 <> 0 AND (ARRAY['DE','FR','TR'])[1 + n % 3] = s.segment[1]) AS h (users, sum)
 ORDER BY 1;
SELECT profiles.segmentation_finite_range('shop', '(,)') = tstzrange(to_timestamp(1700000000 + 60), to_timestamp(1700000000 + 2999 * 60 + 1), '[]');
-- By workers, with parts of the pages each.
CREATE FUNCTION pg_temp.plan(lines text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_replace(line, ' \((actual .*|never executed)\)', '') FROM unnest(string_to_array(lines, E'\n')) AS line
     WHERE line ~ 'Workers Planned|Gather|Aggregate|Append|Scan (on|using) [^m]'
$$;
SELECT pg_temp.plan(string_agg(line, E'\n')) FROM profiles.segmentation_explain('shop', 'buy', '{}', '{country}', period => 'all') AS line;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET max_parallel_workers_per_gather = 2;
SELECT pg_temp.plan(string_agg(line, E'\n')) FROM profiles.segmentation_explain('shop', 'buy', '{}', '{country}', period => 'all') AS line;
SELECT public.answers() = :'by_pages'::jsonb;
SET parallel_leader_participation = off;
SELECT public.answers() = :'by_pages'::jsonb;
RESET parallel_leader_participation;
RESET max_parallel_workers_per_gather;
-- After a vacuum pages say that all of them is visible, and lines are used again.
VACUUM shop.event_batches;
SELECT public.answers() = :'by_pages'::jsonb;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT public.answers() = :'by_pages'::jsonb;
SELECT count(*) FROM pg_locks WHERE mode = 'SIReadLock' AND relation = 'shop.event_batches'::regclass AND locktype = 'relation';
COMMIT;
-- Where row security hides rows, or the table is no heap of its own, the executor reads it.
CREATE ROLE regress_pages_analyst;
GRANT USAGE ON SCHEMA shop TO regress_pages_analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO regress_pages_analyst;
ALTER TABLE shop.event_batches ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_of_them ON shop.event_batches FOR SELECT USING (true);
SET ROLE regress_pages_analyst;
SELECT public.answers() = :'by_pages'::jsonb;
SELECT pg_temp.plan(string_agg(line, E'\n')) FROM profiles.segmentation_explain('shop', 'buy', '{}', '{country}', period => 'all') AS line;
RESET ROLE;
DROP POLICY all_of_them ON shop.event_batches;
CREATE POLICY few ON shop.event_batches FOR SELECT USING (uid <= 9);
SELECT public.answers() = :'by_pages'::jsonb;  -- the owner sees all
SET ROLE regress_pages_analyst;
SELECT sum(users) FROM profiles.segmentation('shop', 'buy', '{}', '{country}', period => 'all');
SELECT * FROM profiles.batch_times('shop.event_batches');
RESET ROLE;
DROP POLICY few ON shop.event_batches;
ALTER TABLE shop.event_batches DISABLE ROW LEVEL SECURITY;
-- Where Citus is installed, rows may lie elsewhere.
BEGIN;
SET LOCAL allow_system_table_mods = on;
SET LOCAL max_parallel_workers_per_gather = 0;
INSERT INTO pg_extension SELECT 1, 'citus', extowner, extnamespace, false, '1', NULL, NULL FROM pg_extension WHERE extname = 'plpgsql';
SELECT pg_temp.plan(string_agg(line, E'\n')) FROM profiles.segmentation_explain('shop', 'buy', '{}', '{country}', period => 'all') AS line;
SELECT public.answers() = :'by_pages'::jsonb;
ROLLBACK;
-- What nobody may read, is not read.
REVOKE SELECT ON shop.event_batches FROM regress_pages_analyst;
SET ROLE regress_pages_analyst;
\set VERBOSITY sqlstate
SELECT * FROM profiles.segmentation('shop', 'buy', period => 'all');
SELECT * FROM profiles.batch_times('shop.event_batches');
SELECT profiles.segmentation_groups(NULL, NULL, NULL, NULL, NULL, profiles.segmentation_pages('shop.event_batches'::regclass, 0, 9), NULL, NULL, '{}', '{}', NULL, NULL, NULL, NULL, NULL);
RESET ROLE;
\set VERBOSITY terse
-- Pages are those that there are, of a table of batches.
CREATE FUNCTION pg_temp.users_of(pages bigint[]) RETURNS text LANGUAGE sql AS $$
    SELECT md5(profiles.segmentation_groups(NULL, NULL, NULL, NULL, NULL, pages, NULL, NULL, '{}', '{uid}', NULL, NULL, NULL, NULL, NULL)::text)
$$;
SELECT profiles.segmentation_pages(7, 8, 9);
SELECT pg_temp.users_of(profiles.segmentation_pages('shop.event_batches'::regclass, 0, 100000)) = pg_temp.users_of(profiles.segmentation_pages('shop.event_batches'::regclass, -5, 9223372036854775807));
SELECT pg_temp.users_of(profiles.segmentation_pages('shop.event_batches'::regclass, 100000, 1)) = pg_temp.users_of(profiles.segmentation_pages('shop.event_batches'::regclass, 5, 0));
-- pages, and the rows that they have
SELECT md5(profiles.segmentation_groups(NULL, NULL, NULL, NULL, NULL, profiles.segmentation_pages('shop.event_batches'::regclass, first, 10), NULL, 'buy', '{}', '{country}', NULL, NULL, NULL, NULL, NULL)::text)
     = (SELECT md5(profiles.segmentation_groups(NULL, uid, device_id, profile, events, NULL, NULL, 'buy', '{}', '{country}', NULL, NULL, NULL, NULL, NULL)::text)
          FROM (SELECT * FROM shop.event_batches WHERE ctid >= format('(%s,0)', first)::tid AND ctid < format('(%s,0)', first + 10)::tid ORDER BY ctid) AS b)
  FROM generate_series(0, 60, 10) AS first GROUP BY first;
SELECT pg_temp.users_of('{1,2}');
SELECT pg_temp.users_of('{{1,2,3}}');
SELECT pg_temp.users_of('{1,2,NULL}');
SELECT pg_temp.users_of('{}');
SELECT pg_temp.users_of('{0,0,1}');
CREATE VIEW public.batches AS SELECT * FROM shop.event_batches;
SELECT pg_temp.users_of(profiles.segmentation_pages('public.batches'::regclass, 0, 1));
CREATE TABLE public.no_batches (uid bigint, device_id text, first_ts timestamptz, last_ts timestamptz, profile text);
SELECT pg_temp.users_of(profiles.segmentation_pages('public.no_batches'::regclass, 0, 1));
ALTER TABLE public.no_batches ADD events profiles.event_list;
SELECT pg_temp.users_of(profiles.segmentation_pages('public.no_batches'::regclass, 0, 1));
ALTER TABLE public.no_batches ALTER profile TYPE profiles.profile USING NULL, ALTER uid TYPE text;
SELECT pg_temp.users_of(profiles.segmentation_pages('public.no_batches'::regclass, 0, 1));
ALTER TABLE public.no_batches ALTER uid TYPE bigint USING NULL;
SELECT * FROM profiles.batch_times('public.no_batches');
INSERT INTO public.no_batches VALUES (1, 'd', now(), now(), '{}', NULL);
SELECT pg_temp.users_of(profiles.segmentation_pages('public.no_batches'::regclass, 0, 1));
SELECT * FROM profiles.batch_times(0);
CREATE TABLE shop.more_batches () INHERITS (shop.event_batches);
INSERT INTO shop.more_batches SELECT * FROM shop.event_batches WHERE uid = 1;
SELECT users, times FROM profiles.segmentation('shop', 'buy', '{}', '{}', period => 'all');
DROP TABLE shop.more_batches;
DROP VIEW public.batches;
DROP TABLE public.no_batches;
DROP FUNCTION public.answers();
SELECT profiles.drop_app('shop');
DROP OWNED BY regress_pages_analyst;
DROP ROLE regress_pages_analyst;
