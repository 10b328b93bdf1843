-- GROUP BY that the scan of events does itself: what it says, what it takes over, and what it does not.
\pset null -
SET search_path = public, profiles;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SELECT length(create_app('deeds'));
-- Three users. Anna buys in Berlin, then pays in Paris; Ben has no country; Cleo is merged into Anna later.
SELECT (ingest('deeds', request::jsonb)).status FROM (VALUES
    (1, '{"device_id": "anna", "timestamp": 1704103200, "country_code": "DE",
          "events": [{"key": "buy", "count": 2, "sum": 1.50, "dur": 3}, {"key": "buy", "sum": 0.25}]}'),
    (2, '{"device_id": "anna", "timestamp": 1704189600, "country_code": "FR", "events": [{"key": "pay", "sum": -1.75}]}'),
    (3, '{"device_id": "ben", "timestamp": 1704110400, "events": [{"key": "buy", "sum": 10, "segmentation": {"item": "pen"}}, {"key": "tap"}]}'),
    (4, '{"device_id": "cleo", "timestamp": 1704196800, "country_code": "DE", "events": [{"key": "buy", "sum": 1e-3, "segmentation": {"item": "ink"}}]}')
) AS requests (n, request) ORDER BY n;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || query;
END
$$;
\set by_country 'SELECT country, count(*), count(DISTINCT uid) AS users, sum(count) AS times, sum(sum), avg(sum) AS average, min(ts) AS earliest, max(ts) AS latest FROM deeds.events WHERE key IN (\'buy\', \'pay\') GROUP BY 1 ORDER BY 1'
\set by_day 'SELECT date_trunc(\'day\', ts) AS day, count(*), count(segmentation ->> \'item\') AS items, count(DISTINCT uid) AS users FROM deeds.events WHERE key ~ \'^[a-z]\' GROUP BY 1 HAVING count(*) > 1 ORDER BY 1'
\set all 'SELECT count(*), count(country) AS countries, count(DISTINCT uid) AS users, sum(dur), avg(dur), avg(count) AS times FROM deeds.events WHERE key ~ \'^[a-z]\''
\set none 'SELECT count(*), count(country) AS countries, count(DISTINCT uid) AS users, sum(dur), avg(dur), sum(count) AS times, min(ts) AS earliest FROM deeds.events WHERE key = \'none\''
-- Hot, in blocks, and after a merge that blocks do not know of.
:by_country; :by_day; :all; :none;
CALL compact('deeds');
SELECT hot_batches, block_events FROM deeds.storage;
:by_country; :by_day; :all; :none;
SELECT (ingest('deeds', '{"device_id": "anna", "old_device_id": "cleo", "timestamp": 1704200000}')).status;
:by_country; :by_day; :all;

-- As many others that the planner knows of.
SELECT count(*) FROM ingest_bulk('deeds', (SELECT jsonb_agg(format('{"device_id": "many %s", "timestamp": %s, "events": [{"key": "many", "sum": %s.5}]}', n, 1704300000 + n, n)::jsonb) FROM generate_series(1, 3000) AS n));
ANALYZE deeds.event_batches, deeds.event_blocks;
ANALYZE deeds.events;

-- What the scan groups: columns, properties and segments, expressions of these, sums and counts.
SELECT plan_of('SELECT country, count(*), count(DISTINCT uid), sum(sum) FROM deeds.events WHERE key = ''many'' GROUP BY 1');
SELECT plan_of('SELECT upper(profile ->> ''custom.plan''), date_trunc(''day'', ts), max(ts) FROM deeds.events GROUP BY 1, 2 HAVING count(*) > 2 ORDER BY 3');
SELECT plan_of('SELECT count(*) FROM deeds.sessions WHERE country = ''DE''');
SELECT plan_of('SELECT avg(n) FROM (SELECT uid, count(*) AS n FROM deeds.events GROUP BY 1) AS users');
EXPLAIN (COSTS off, VERBOSE) SELECT country || '!', 1 + count(*) FROM deeds.events AS e WHERE ts > '2024-01-01' GROUP BY country;
-- What it leaves to the executor: conditions that it does not ask, other aggregates, a join, groups of several kinds, locks of rows.
SELECT plan_of('SELECT country, count(*) FROM deeds.events WHERE country || key = ''DEbuy'' GROUP BY 1');
SELECT plan_of('SELECT count(*) FROM deeds.events WHERE 1 = (SELECT 1)');
SELECT plan_of('SELECT count(*) FILTER (WHERE key = ''buy'') FROM deeds.events');
SELECT plan_of('SELECT count(DISTINCT key) FROM deeds.events');
SELECT plan_of('SELECT max(sum) FROM deeds.events');
SELECT plan_of('SELECT count(e) FROM deeds.events AS e');
SELECT plan_of('SELECT count(*) FROM deeds.events GROUP BY random() > 2');
SELECT plan_of('SELECT count(*) FROM deeds.events GROUP BY ROLLUP (country)');
SELECT plan_of('SELECT count(*) FROM deeds.events AS e JOIN deeds.users AS u USING (uid)');
SELECT plan_of('SELECT tableoid::regclass, count(*) FROM deeds.events GROUP BY 1');
SET enable_hashagg = off;
SELECT plan_of('SELECT country, count(*) FROM deeds.events GROUP BY 1');
SELECT plan_of('SELECT count(*) FROM deeds.events');
RESET enable_hashagg;
-- Errors of keys are those of the executor.
SELECT 1 / (count - 1), count(*) FROM deeds.events GROUP BY 1;
-- A collation that takes texts for the same takes their groups for the same.
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT (ingest('deeds', '{"device_id": "dora", "timestamp": 1704100000, "country_code": "de", "events": [{"key": "buy"}]}')).status;
SELECT lower(country COLLATE any_case) AS country, count(*), count(DISTINCT uid) AS users FROM deeds.events WHERE key = 'buy' GROUP BY country COLLATE any_case ORDER BY 1;
SELECT count(*) AS groups FROM (SELECT FROM deeds.events WHERE key = 'buy' GROUP BY country COLLATE any_case) AS groups;

-- Parameters, from outside and from a query around it.
SET plan_cache_mode = force_generic_plan;

PREPARE counted (text, timestamptz, bigint) AS SELECT country, count(*) FROM deeds.events WHERE key = $1 AND ts >= $2 GROUP BY 1 HAVING count(*) > $3 ORDER BY 1;
EXECUTE counted('buy', '2024-01-01', 0);
EXECUTE counted('buy', '2024-01-01', 1);
EXECUTE counted('buy', NULL, 0);
EXPLAIN (COSTS off) EXECUTE counted('buy', '2024-01-01', 1);
SELECT u.uid, (SELECT count(*) FROM deeds.events AS e WHERE e.uid = u.uid AND key = 'buy') AS bought,
       ARRAY(SELECT country || ' ' || count(*) FROM deeds.events AS e WHERE e.uid = u.uid AND key ~ '^[a-z]' GROUP BY country ORDER BY 1) AS countries
  FROM deeds.users AS u WHERE uid < 4 ORDER BY 1;

-- Many groups: as many as fit the memory at a time, and each once.
CREATE FUNCTION passes_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, FORMAT json) ' || query INTO plan;
    RETURN CASE WHEN (plan #>> '{0,Plan,Passes}')::int > 1 THEN 'several' ELSE plan #>> '{0,Plan,Passes}' END;
END
$$;
\set many 'SELECT count(*), sum(n), sum(users), sum(total), count(DISTINCT device_id) FROM (SELECT device_id, count(*) AS n, count(DISTINCT uid) AS users, sum(sum) AS total FROM deeds.events WHERE key = \'many\' GROUP BY 1) AS devices'
SELECT passes_of('SELECT device_id, count(*) FROM deeds.events GROUP BY 1');
:many;
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SET enable_sort = off;
SELECT passes_of('SELECT device_id, count(*) FROM deeds.events GROUP BY 1');
:many;
CALL compact('deeds');
SELECT passes_of('SELECT device_id, count(*) FROM deeds.events GROUP BY 1');
:many;
RESET work_mem;
RESET hash_mem_multiplier;
RESET enable_sort;
:many;
SELECT passes_of('SELECT country, count(*) FROM deeds.events GROUP BY 1');

-- Who may read the table may group it, and nobody else; a barrier hides what a function would tell.
CREATE ROLE group_reader;
SET ROLE group_reader;
SELECT country, count(*) FROM deeds.events GROUP BY 1;
RESET ROLE;
GRANT USAGE ON SCHEMA deeds TO group_reader;
GRANT SELECT (country) ON deeds.events TO group_reader;
SET ROLE group_reader;
SELECT country, count(*) FROM deeds.events WHERE country > 'A' GROUP BY 1 ORDER BY 1;
SELECT key, count(*) FROM deeds.events GROUP BY 1;
RESET ROLE;
DROP OWNED BY group_reader;
DROP ROLE group_reader;
CREATE FUNCTION leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
CREATE VIEW barrier WITH (security_barrier) AS SELECT key, country FROM deeds.events WHERE country = 'FR';
SET client_min_messages = notice;
SELECT country, count(*) FROM barrier WHERE leak(key) GROUP BY 1;
SET client_min_messages = warning;
DROP VIEW barrier;
DROP FUNCTION leak(text), plan_of(text), passes_of(text);
DROP COLLATION any_case;
SELECT drop_app('deeds');
