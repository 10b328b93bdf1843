-- What the planner knows of profiles: statistics, selectivity, costs, indexes of every kind.
SET search_path = profiles, public;
SET jit = off;
SET max_parallel_workers_per_gather = 0;
\pset null '(null)'

-- Skewed data: most users in few countries, cities and languages that depend on the country, what is paid
-- that depends on the plan, wide texts. Every fourth profile is wider than 1 kB.
CREATE FUNCTION noise(i integer, salt integer) RETURNS float8 LANGUAGE sql IMMUTABLE
    AS $$ SELECT (hashint8(i::bigint * 1000 + salt)::bigint + 2147483648) / 4294967296.0 $$;
CREATE FUNCTION users(count integer) RETURNS TABLE (id integer, p profile) LANGUAGE sql AS $$
    SELECT i, profile_from_jsonb(jsonb_strip_nulls(jsonb_build_object(
        'country', country,
        'language', CASE WHEN noise(i, 2) < 0.9 THEN lower(country) ELSE 'en' END,
        'city', country || '-' || floor(power(noise(i, 3), 3) * 40)::int,
        'age', CASE WHEN noise(i, 4) > 0.2 THEN 18 + floor(60 * power(noise(i, 5), 2))::int END,
        'last_seen', 1700000000000 + (power(noise(i, 6), 2) * 1e10)::bigint,
        'email', format('user%s@example.com', i),
        'bio', CASE WHEN i % 4 = 0 THEN repeat(md5(i::text), 60) END,
        'custom', jsonb_build_object(
            'plan', plan,
            'paid', CASE plan WHEN 'pro' THEN 10 + (noise(i, 7) * 1000)::int / 100.0 WHEN 'team' THEN 100 + (noise(i, 8) * 10000)::int / 100.0 END,
            'beta', CASE WHEN noise(i, 9) < 0.01 THEN true END,
            'tags', CASE WHEN noise(i, 10) < 0.3 THEN jsonb_build_array('t' || floor(30 * power(noise(i, 11), 2))::int, 't' || floor(30 * noise(i, 12))::int) END))))
    FROM (SELECT i, (ARRAY['US','US','US','US','US','US','DE','DE','DE','FR','FR','AT','CH','GB','IT','NZ'])[1 + floor(16 * power(noise(i, 0), 1.3))::int] AS country,
                 CASE WHEN noise(i, 1) < 0.8 THEN 'free' WHEN noise(i, 1) < 0.97 THEN 'pro' WHEN noise(i, 1) < 0.998 THEN 'team' ELSE 'enterprise' END AS plan
          FROM generate_series(1, count) i) AS drawn;
$$;
CREATE TABLE people AS SELECT * FROM users(20000);
INSERT INTO people SELECT 100000 + i, NULL FROM generate_series(1, 1000) i;
ANALYZE people;

-- The usual statistics are there, and the properties as a person reads them.
SELECT round(null_frac::numeric, 3) AS null_frac, avg_width > 300 AS width, round(n_distinct::numeric, 1) AS n_distinct,
       most_common_vals IS NULL AS no_mcv, histogram_bounds IS NULL AS no_histogram, correlation IS NULL AS no_correlation
FROM pg_stats WHERE tablename = 'people' AND attname = 'p';
CREATE VIEW items AS
    SELECT item, frequency
    FROM pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs) AS t (item, frequency)
    WHERE tablename = 'people' AND attname = 'p';
SELECT item, round(frequency::numeric, 2) AS frequency FROM items
WHERE item ~ '^(country|custom.plan|custom.beta|age$|custom.paid \[)' ORDER BY item COLLATE "C";

-- How far an estimate is from the truth. Less than three rows are as good as one.
CREATE FUNCTION plan_rows(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
    RETURN plan #>> '{0,Plan,Plan Rows}';
END $$;
CREATE FUNCTION within_factor_3(source text, condition text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    truth float8;
    estimate float8 := plan_rows(format('SELECT * FROM %s WHERE %s', source, condition));
BEGIN
    EXECUTE format('SELECT count(*) FROM %s WHERE %s', source, condition) INTO truth;
    RETURN greatest(estimate, 3) <= 3 * greatest(truth, 3) AND greatest(truth, 3) <= 3 * greatest(estimate, 3);
END $$;
CREATE TABLE conditions (n serial, kind text, condition text);
INSERT INTO conditions (kind, condition) VALUES
    ('value', $$p @@ '{"country":"US"}'$$), ('value', $$p @@ '{"country":"NZ"}'$$), ('value', $$p @@ '{"country":"XX"}'$$),
    ('value', $$p @@ '{"city":"US-0"}'$$), ('value', $$p @@ '{"city":"US-33"}'$$), ('value', $$p @@ '{"city":"NZ-20"}'$$),
    ('value', $$p @@ '{"custom.plan":"enterprise"}'$$), ('value', $$p @@ '{"custom.beta":true}'$$), ('value', $$p @@ '{"age":18}'$$),
    ('value', $$p @@ '{"age":77}'$$), ('value', $$p @@ '{"email":"user77@example.com"}'$$), ('value', $$p @@ '{"email":"nobody"}'$$),
    ('value', $$p @@ '{"custom.tags":"t0"}'$$), ('value', $$p @@ '{"custom.tags":"t29"}'$$), ('value', $$p @@ '{"nothing":1}'$$),
    ('list', $$p @@ '{"country":{"$in":["DE","FR","XX"]}}'$$), ('list', $$p @@ '{"country":{"$nin":["US","DE"]}}'$$), ('list', $$p @@ '{"age":{"$in":[18,77,null]}}'$$),
    ('list', $$p @@ '{"custom.tags":{"$all":["t0","t1"]}}'$$), ('list', $$p @@ '{"$or":[{"country":"DE"},{"country":"FR"}]}'$$),
    ('negation', $$p @@ '{"country":{"$ne":"US"}}'$$), ('negation', $$p @@ '{"custom.beta":{"$ne":true}}'$$), ('negation', $$p @@ '{"age":{"$not":{"$gt":60}}}'$$),
    ('range', $$p @@ '{"age":{"$gt":70}}'$$), ('range', $$p @@ '{"age":{"$gte":20,"$lt":22}}'$$), ('range', $$p @@ '{"age":{"$lt":18}}'$$),
    ('range', $$p @@ '{"last_seen":{"$gt":1709900000000}}'$$), ('range', $$p @@ '{"last_seen":{"$gt":1700100000000,"$lt":1700200000000}}'$$),
    ('range', $$p @@ '{"custom.paid":{"$gt":50}}'$$), ('range', $$p @@ '{"custom.paid":{"$gt":150,"$lte":160}}'$$), ('range', $$p @@ '{"custom.paid":{"$lt":0}}'$$),
    ('text', $$p @@ '{"city":{"rgxbw":"DE-1"}}'$$), ('text', $$p @@ '{"city":{"$regex":"^(DE|FR)-.$"}}'$$), ('text', $$p @@ '{"country":{"$gt":"GB"}}'$$),
    ('set', $$p @@ '{"custom.beta":{"$exists":true}}'$$), ('set', $$p @@ '{"age":{"$exists":false}}'$$), ('set', $$p ? 'custom.beta'$$), ('set', $$p ? 'age'$$),
    ('set', $$p ? 'nothing'$$), ('set', $$p ?| '{custom.beta,custom.paid}'$$), ('set', $$p ?& '{custom.paid,age}'$$), ('set', $$p ?& '{custom.beta,custom.tags}'$$),
    ('two', $$p @@ '{"country":"DE","language":"de"}'$$), ('two', $$p @@ '{"country":"DE","language":"fr"}'$$), ('two', $$p @@ '{"country":"DE","language":{"$ne":"de"}}'$$),
    ('two', $$p @@ '{"country":"DE","city":"DE-0"}'$$), ('two', $$p @@ '{"country":"FR","city":"DE-0"}'$$), ('two', $$p @@ '{"city":"DE-0","language":"de"}'$$),
    ('two', $$p @@ '{"country":"DE","age":{"$gt":60}}'$$), ('two', $$p @@ '{"country":"AT","custom.plan":"pro"}'$$), ('two', $$p @@ '{"custom.plan":"team","custom.beta":true}'$$),
    ('two', $$p @@ '{"custom.plan":"pro","custom.paid":{"$exists":true}}'$$), ('two', $$p @@ '{"custom.plan":"pro","custom.paid":{"$lt":100}}'$$),
    ('two', $$p @@ '{"custom.plan":"team","custom.paid":{"$gt":110}}'$$), ('two', $$p @@ '{"custom.plan":"free","custom.paid":{"$gt":0}}'$$),
    ('two', $$p @@ '{"country":{"$in":["DE","FR"]},"language":"de"}'$$), ('two', $$p @@ '{"$or":[{"country":"DE"},{"custom.plan":"pro"}]}'$$), ('two', $$p @@ '{"custom.tags":"t0","country":"US"}'$$),
    ('contained', $$p @> '{"country":"DE"}'$$), ('contained', $$p @> '{"country":"DE","language":"de"}'$$), ('contained', $$p @> '{"custom":{"plan":"team","beta":true}}'$$),
    ('contained', $$p @> '{"custom":{"tags":["t0"]}}'$$), ('contained', $$'{"country":"NZ"}' <@ p$$), ('contained', $$segment '{"country":"NZ"}' @@ p$$),
    ('function', $$profile_has(p, 'custom.beta')$$), ('function', $$profile_contains(p, '{"country":"NZ"}')$$), ('function', $$segment_matches(p, '{"country":"NZ"}')$$),
    ('function', $$profile_text_is(p, 'country', 'NZ')$$), ('function', $$profile_has_all(p, '{custom.beta,age}')$$),
    ('everything', $$p @@ '{}'$$), ('everything', $$p @@ '{"$or":[]}'$$), ('everything', $$p @@ NULL$$);
SELECT kind, count(*) AS conditions, count(*) FILTER (WHERE within_factor_3('people', condition)) AS within_factor_3
FROM conditions GROUP BY kind ORDER BY kind;
SELECT condition FROM conditions WHERE NOT within_factor_3('people', condition);

-- A table larger than the sample
CREATE TABLE many AS SELECT * FROM users(60000);
SET default_statistics_target = 60;
ANALYZE many;
RESET default_statistics_target;
SELECT count(*) >= 0.9 * (SELECT count(*) FROM conditions) AS nearly_all_within_factor_3
FROM conditions WHERE within_factor_3('many', condition);

-- Times count from now, which is the same to the planner and to the query.
CREATE TABLE visits AS
    SELECT i AS id, profile_from_jsonb(jsonb_build_object('last_seen', floor(extract(epoch FROM now()) * 1000 - power(noise(i, 0), 2) * 8.64e9)))  AS p
    FROM generate_series(1, 5000) i;
ANALYZE visits;
SELECT period, within_factor_3('visits', format($$segment_matches(p, '{"last_seen":{"$within":"%s"}}', now())$$, period))
FROM unnest('{1hours,2days,4weeks,200days}'::text[]) AS period;

-- Nothing known: no statistics, no constant, only NULLs, no rows, a statistics target of 1.
CREATE TABLE empty (p profile);
SELECT plan_rows($$SELECT FROM empty WHERE p @@ '{"a":1}'$$) > 0 AS estimated;
ANALYZE empty;
INSERT INTO empty SELECT NULL FROM generate_series(1, 100);
ANALYZE empty;
SELECT plan_rows($$SELECT FROM empty WHERE p @@ '{"a":1}'$$) <= 1 AS only_nulls;
INSERT INTO empty SELECT '{}' FROM generate_series(1, 100);
ALTER TABLE empty ALTER p SET STATISTICS 1;
ANALYZE empty;
SELECT plan_rows($$SELECT FROM empty WHERE p @@ '{"a":1}'$$) <= 1 AS without_properties,
       plan_rows($$SELECT FROM empty WHERE p @@ '{"a":{"$ne":1}}'$$) AS all_that_are_not_null;
SELECT plan_rows($$SELECT FROM people JOIN (VALUES (segment '{"country":"DE"}')) AS s (f) ON p @@ f$$) > 0 AS joined;

-- ... or more than can be kept: long names and values, 20,000 properties, deep nesting
CREATE TABLE odd AS
    SELECT profile_from_jsonb(jsonb_build_object('custom', jsonb_object_agg('p' || i, i) || jsonb_build_object(repeat('n', 3000), repeat('v', 3000))
           || (repeat('{"d":', 50) || '1' || repeat('}', 50))::jsonb)) AS p FROM generate_series(1, 20000) i, generate_series(1, 3) g GROUP BY g;
ANALYZE odd;
SELECT plan_rows($$SELECT FROM odd WHERE p @@ '{"custom.p1":1}'$$) > 0 AS estimated;

-- Scan or index. An answer of terms alone costs no look at a profile, so the index is worth it even where half
-- of the rows match; what nearly all match, and what no index answers, is read as it lies.
CREATE INDEX people_gin ON people USING gin (p);
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p @@ '{"country":"US"}';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p @@ '{"custom.beta":true}';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p @@ '{"email":"user77@example.com"}';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p @@ '{"country":"NZ","custom.plan":"enterprise"}';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p @@ '{"custom.plan":{"$exists":true}}';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p @@ '{"custom.paid":{"$gt":150,"$lt":152}}';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p @@ '{"country":{"$ne":"NZ"}}';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p @@ '{"$or":[{"custom.beta":true},{"age":{"$ne":20}}]}';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p ? 'custom.beta';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p ? 'country';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p @> '{"custom":{"plan":"enterprise"}}';
-- a cheap condition comes before a dear one
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p @@ '{"country":"US"}' AND id > 10;

-- Functions are the operators that they mean, or are found by those that they imply.
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE profile_has(p, 'custom.beta');
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE profile_has_any(p, '{custom.beta,nothing}');
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE profile_has_all(p, '{custom.beta,age}');
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE profile_contains(p, '{"custom":{"beta":true}}');
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE profile_contained('{"custom":{"beta":true}}', p);
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE segment_matched_by('{"custom.beta":true}', p);
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE segment_matches(p, '{"custom.beta":true,"last_seen":{"$within":"5days"}}', '2024-03-07');
SELECT count(*) FROM people WHERE segment_matches(p, '{"custom.beta":true,"last_seen":{"$within":"5days"}}', '2024-03-07');
SELECT count(*) FROM people WHERE p @@ '{"custom.beta":true}' AND segment_matches(p, '{"last_seen":{"$within":"5days"}}', '2024-03-07');
PREPARE by_value (text, text) AS SELECT count(*) FROM people WHERE p @@ segment($1, $2);
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE by_value('country', 'NZ');
EXECUTE by_value('country', 'NZ');
RESET plan_cache_mode;

-- ->> with an equals sign: the operator is text's own, but a GIN index is shown what it implies. The condition stays.
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p ->> 'email' = 'user77@example.com';
SELECT id FROM people WHERE p ->> 'email' = 'user77@example.com';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE 'user77@example.com' = p ->> 'email' AND id > 10;
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p ->> 'email' IN ('user77@example.com', 'user78@example.com', NULL);
SELECT id FROM people WHERE p ->> 'email' IN ('user77@example.com', 'user78@example.com', NULL) ORDER BY id;
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p ->> 'custom.beta' IS NOT NULL;
PREPARE by_text (text) AS SELECT id FROM people WHERE p ->> 'email' = $1;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE by_text('user77@example.com');
EXECUTE by_text('user77@example.com');
EXECUTE by_text(NULL);
RESET plan_cache_mode;
-- together with another index, on partitions
CREATE INDEX people_id ON people (id);
SET enable_indexscan = off;
EXPLAIN (COSTS OFF) SELECT FROM people WHERE p ->> 'country' = 'NZ' AND id BETWEEN 1000 AND 1500;
RESET enable_indexscan;
DROP INDEX people_id;
CREATE TABLE parts (id integer, p profile) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (15000);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (15000) TO (1000000);
INSERT INTO parts SELECT * FROM people;
CREATE INDEX parts_gin ON parts USING gin (p);
ANALYZE parts;
EXPLAIN (COSTS OFF) UPDATE parts SET id = id + 1 WHERE p ->> 'email' = 'user77@example.com';
-- not where equal texts may have different bytes, nor before the conditions of a view that must come first
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p ->> 'email' = 'USER77@example.com' COLLATE any_case;
SELECT id FROM people WHERE p ->> 'email' = 'USER77@example.com' COLLATE any_case;
CREATE VIEW zealanders WITH (security_barrier) AS SELECT * FROM people WHERE p ->> 'country' = 'NZ';
EXPLAIN (COSTS OFF) SELECT id FROM zealanders WHERE p ->> 'email' = 'user77@example.com';
-- whatever the texts are, an index finds what a scan finds
CREATE TABLE various AS
    SELECT i AS id, profile('v', v) AS p
    FROM jsonb_array_elements('[1, 1.0, "1", "1.0", true, "true", [1], "[1]", {"a": 1}, "{\"a\": 1}", [], 1e40, "x y", "", null]')
         WITH ORDINALITY AS t (v, i), generate_series(1, 3);
CREATE INDEX various_gin ON various USING gin (p);
ANALYZE various;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM various WHERE p ->> 'v' = '1';
DO $$
DECLARE
    t text;
    found_by_index bigint[];
    found_by_scan bigint[];
BEGIN
    FOR t IN SELECT DISTINCT p ->> 'v' FROM various WHERE p ? 'v' LOOP
        SET LOCAL enable_seqscan = off;
        EXECUTE format('SELECT array_agg(id ORDER BY id) FROM various WHERE p ->> %L = %L', 'v', t) INTO found_by_index;
        SET LOCAL enable_seqscan = on;
        SET LOCAL enable_bitmapscan = off;
        EXECUTE format('SELECT array_agg(id ORDER BY id) FROM various WHERE p ->> %L = %L', 'v', t) INTO found_by_scan;
        RESET enable_bitmapscan;
        ASSERT found_by_index = found_by_scan AND found_by_scan IS NOT NULL, t;
    END LOOP;
END
$$;
RESET enable_seqscan;
-- and as one function
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE profile_text_is(p, 'email', 'user77@example.com');
SELECT id FROM people WHERE profile_text_is(p, 'email', 'user77@example.com');
SELECT p ->> 'custom.paid' AS paid FROM people WHERE p ? 'custom.paid' ORDER BY id LIMIT 1 \gset
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE profile_text_is(p, 'custom.paid', :'paid');
SELECT array_agg(id ORDER BY id) = (SELECT array_agg(id ORDER BY id) FROM people WHERE p ->> 'custom.paid' = :'paid') AS same
FROM people WHERE profile_text_is(p, 'custom.paid', :'paid');
CREATE INDEX people_email ON people ((p ->> 'email'));
CREATE INDEX people_country ON people ((p ->> 'country'));
CREATE INDEX people_plan ON people ((p ->> 'custom.plan')) WHERE p ->> 'custom.plan' <> 'free';
ANALYZE people;
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p ->> 'email' = 'user77@example.com';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE profile_get_text(p, 'email') = 'user77@example.com';
-- by any of its names
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p ->> 'country' IN ('NZ', 'IT');
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p ->> 'up.cc' = 'NZ';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p ->> 'up.custom.plan' = 'enterprise' AND p ->> 'custom.plan' <> 'free';
EXPLAIN (COSTS OFF, VERBOSE) SELECT p -> 'up.cc' AS a, p ->> 'up.uid' AS b, p ->> 'event.price' AS c, p ? 'cmp.c' AS d FROM people WHERE p ->> 'sg.x' IS NULL;
EXPLAIN (COSTS OFF) SELECT p ->> 'country' AS country FROM people ORDER BY p ->> 'country' LIMIT 3;
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE p ->> 'custom.plan' <> 'free' AND p ->> 'custom.plan' = 'enterprise';
SELECT within_factor_3('people', $$p ->> 'country' = 'NZ'$$) AS statistics_of_the_expression;

-- what ->> shows and what profile_text_is compares
SELECT k, v, p ->> k = v AS operator, profile_text_is(p, k, v) AS function
FROM (SELECT profile '{"a":30,"b":true,"c":["x",1],"d":"30","e":{"k":"v"},"f":1.5}') AS t (p),
     (VALUES ('a', '30'), ('a', '30.0'), ('b', 'true'), ('c', '["x", 1]'), ('c', 'x'), ('d', '30'), ('e', '{"k": "v"}'), ('f', '1.5'), ('g', 'x')) AS q (k, v)
ORDER BY k, v;
SELECT profile_text_is('{"a":1}', '', 'x');
SELECT segment_of_text('age', '{30,x,NULL,true}'::text[]), segment_of_text('age', '{}'::text[]);
SELECT segment_of_text('country', 'DE'), segment_of_text('age', '30'), segment_of_text('uid', '1'), segment_of_text('', 'x'), segment_of_text('event.price', '1');
SELECT segment('country', 'DE'), segment('age', 30), segment('custom.tags', ARRAY['a', 'b']), segment('age', '{"$gt":30}'::jsonb), segment('up.cc', true), segment(NULL, 1);
SELECT segment('', 'x');
SELECT segment('a', '{"$what":1}'::jsonb);

-- segment_explain
SELECT segment_explain('{"country":"DE"}');
SELECT segment_explain('{"country":"DE","age":{"$gt":30},"city":{"$ne":"Bonn"},"custom.paid":{"$gte":10,"$lt":20},"bio":{"$regex":"pony"}}');
SELECT segment_explain('{"$or":[{"country":"DE","custom.tags":{"$size":2}},{"email":"someone-with-a-long-name@example.com"}]}');
SELECT segment_explain('{"$or":[{"country":"DE"},{"country":{"$exists":false}}]}');
SELECT segment_explain('{"email":{"rgxcn":"pony"}}'), segment_explain('{"custom.plan":{"$exists":true}}'), segment_explain('{"age":{"$lt":5}}');
SELECT segment_explain('{}'), segment_explain('{"$or":[]}'), segment_explain(NULL);
SELECT segment_explain('{"country":"DE","age":30}', 'country,custom.plan');
SELECT segment_explain('{"age":30}', 'country,custom.plan');
SELECT segment_explain('{"age":30}', '');

-- btree and hash: order, groups, joins, uniqueness
CREATE TABLE variants AS SELECT id, profile_pick(p, 'country', 'custom.plan') AS p FROM people WHERE id <= 5000;
ANALYZE variants;
CREATE INDEX variants_btree ON variants (p);
EXPLAIN (COSTS OFF) SELECT id FROM variants ORDER BY p LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM variants WHERE p = '{"country":"NZ","custom":{"plan":"enterprise"}}';
SELECT count(*) = (SELECT count(*) FROM variants WHERE p @> '{"country":"NZ","custom":{"plan":"pro"}}') AS same
FROM variants WHERE p = '{"country":"NZ","custom":{"plan":"pro"}}';
SELECT count(*) = 0 AS sorted FROM (SELECT p > lead(p) OVER (ORDER BY p) AS wrong FROM variants) AS pairs WHERE wrong;
SET enable_hashagg = off;
SELECT count(*) AS by_sort FROM (SELECT DISTINCT p FROM variants) AS d;
RESET enable_hashagg;
SET enable_sort = off;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
EXPLAIN (COSTS OFF) SELECT DISTINCT p FROM variants;
SELECT count(*) AS by_hash FROM (SELECT DISTINCT p FROM variants) AS d;
RESET enable_sort;
RESET enable_indexscan;
RESET enable_indexonlyscan;
CREATE TABLE names AS SELECT p, min(id) AS name FROM variants GROUP BY p;
ANALYZE names;
SET enable_mergejoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM variants JOIN names USING (p);
SELECT count(*) AS by_hash_join FROM variants JOIN names USING (p);
RESET enable_mergejoin;
SET enable_hashjoin = off;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM variants JOIN names USING (p);
SELECT count(*) AS by_merge_join FROM variants JOIN names USING (p);
RESET enable_hashjoin;
RESET enable_nestloop;
RESET enable_indexscan;
RESET enable_indexonlyscan;
CREATE UNIQUE INDEX names_unique ON names (p);
INSERT INTO names VALUES ('{"custom":{"plan":"pro"},"country":"NZ"}', 0) ON CONFLICT (p) DO UPDATE SET name = -1;
SELECT name FROM names WHERE p = '{"country":"NZ","custom":{"plan":"pro"}}';
INSERT INTO names SELECT p, 0 FROM names ORDER BY p LIMIT 1;
CREATE INDEX variants_hash ON variants USING hash (p);
DROP INDEX variants_btree;
EXPLAIN (COSTS OFF) SELECT id FROM variants WHERE p = '{"country":"NZ","custom":{"plan":"enterprise"}}';
