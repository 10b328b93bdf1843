-- How many rows the planner expects: on skewed, dependent properties every estimate of one condition, and of
-- two together, is compared with the truth.
SET search_path = public, profiles;
SET jit = off;
SET max_parallel_workers_per_gather = 0;

-- 100,000 people, of whom ANALYZE looks at 30,000. Countries, cities and devices are Zipf's: the n-th is n times
-- rarer than the first. Language and city depend on the country, the platform on the device, what is paid on the plan,
-- the second tag on the first. One in five profiles is wider than 1 kB, beyond which PostgreSQL's own statistics see nothing.
CREATE FUNCTION noise(i integer, salt integer) RETURNS float8 LANGUAGE sql IMMUTABLE
    RETURN (hashint8(i::bigint * 1000 + salt)::bigint + 2147483648) / 4294967296.0;
CREATE FUNCTION zipf(count integer, noise float8) RETURNS integer LANGUAGE sql IMMUTABLE
    RETURN floor(power(count + 1, noise))::integer;
CREATE TABLE people AS
    SELECT i AS id, profile_from_jsonb(jsonb_strip_nulls(jsonb_build_object(
        'country', 'C' || country,
        'language', CASE WHEN noise(i, 2) < 0.9 THEN 'l' || country ELSE 'en' END,
        'city', 'C' || country || '-' || zipf(200, noise(i, 3)),
        'device', 'd' || device,
        'platform', CASE WHEN device % 3 = 0 THEN 'iOS' WHEN device % 3 = 1 THEN 'Android' ELSE 'Web' END,
        'age', CASE WHEN noise(i, 4) > 0.2 THEN 18 + floor(60 * power(noise(i, 5), 2))::int END,
        'last_seen', 1700000000000 + (power(noise(i, 6), 2) * 1e10)::bigint,
        'email', CASE WHEN noise(i, 13) < 0.6 THEN 'user' || i || '@example.com' END,
        'picture', CASE WHEN i % 5 = 0 THEN repeat(md5(i::text), 40) END,
        'custom', jsonb_build_object(
            'plan', plan,
            'paid', CASE plan WHEN 'pro' THEN 10 + (noise(i, 7) * 1000)::int / 100.0 WHEN 'team' THEN 100 + (noise(i, 8) * 10000)::int / 100.0 END,
            'beta', CASE WHEN noise(i, 9) < 0.01 THEN true END,
            'address', CASE WHEN noise(i, 14) < 0.1 THEN jsonb_build_object('zip', 'Z' || zipf(1000, noise(i, 15))) END,
            'tags', CASE WHEN noise(i, 10) < 0.3 THEN jsonb_build_array('t' || tag, 't' || CASE WHEN noise(i, 11) < 0.7 THEN tag + 1 ELSE zipf(100, noise(i, 12)) END) END)))) AS p
    FROM (SELECT i, zipf(60, noise(i, 0)) AS country, zipf(400, noise(i, 16)) AS device, zipf(100, noise(i, 17)) AS tag,
                 CASE WHEN noise(i, 1) < 0.8 THEN 'free' WHEN noise(i, 1) < 0.97 THEN 'pro' WHEN noise(i, 1) < 0.998 THEN 'team' ELSE 'enterprise' END AS plan
          FROM generate_series(1, 100000) i) AS drawn;
ANALYZE people;

-- One condition, and any two in one filter. (Two clauses, p @@ a AND p @@ b, PostgreSQL estimates one by one and multiplies.)
CREATE TABLE filters (n serial, kind text, filter jsonb);
INSERT INTO filters (kind, filter) VALUES
    ('equal', '{"country":"C1"}'), ('equal', '{"country":"C7"}'), ('equal', '{"country":"C60"}'), ('equal', '{"language":"l1"}'), ('equal', '{"language":"en"}'),
    ('equal', '{"language":"l20"}'), ('equal', '{"city":"C1-1"}'), ('equal', '{"city":"C2-40"}'), ('equal', '{"city":"C30-9"}'), ('equal', '{"device":"d1"}'),
    ('equal', '{"device":"d50"}'), ('equal', '{"platform":"iOS"}'), ('equal', '{"custom.plan":"pro"}'), ('equal', '{"custom.plan":"team"}'),
    ('equal', '{"custom.plan":"enterprise"}'), ('equal', '{"custom.beta":true}'), ('equal', '{"age":18}'), ('equal', '{"age":60}'),
    ('equal', '{"custom.address.zip":"Z1"}'), ('equal', '{"custom.address.zip":"Z200"}'), ('equal', '{"email":"user7@example.com"}'), ('equal', '{"city":"nowhere"}'),
    ('in', '{"country":{"$in":["C2","C3","C59"]}}'), ('in', '{"city":{"$in":["C1-2","C1-3","C5-8"]}}'), ('in', '{"age":{"$in":[20,40,77]}}'),
    ('in', '{"device":{"$nin":["d1","d2","d3"]}}'), ('or', '{"$or":[{"country":"C4"},{"custom.plan":"team"}]}'),
    ('ne', '{"country":{"$ne":"C1"}}'), ('ne', '{"custom.plan":{"$ne":"free"}}'), ('ne', '{"language":{"$ne":"en"}}'), ('ne', '{"custom.tags":{"$ne":"t1"}}'),
    ('range', '{"age":{"$gt":65}}'), ('range', '{"age":{"$gte":20,"$lt":23}}'), ('range', '{"last_seen":{"$gt":1709500000000}}'),
    ('range', '{"last_seen":{"$gte":1700000000000,"$lt":1700100000000}}'), ('range', '{"custom.paid":{"$lt":12}}'), ('range', '{"custom.paid":{"$gt":150}}'),
    ('range', '{"country":{"$gte":"C2","$lt":"C3"}}'), ('text', '{"city":{"rgxbw":"C1-1"}}'), ('text', '{"device":{"$regex":"^d[1-4]$"}}'),
    ('exists', '{"email":{"$exists":true}}'), ('exists', '{"custom.address":{"$exists":true}}'), ('exists', '{"age":{"$exists":false}}'),
    ('exists', '{"picture":{"$exists":true}}'), ('exists', '{"custom.paid":{"$exists":true}}'), ('exists', '{"custom.beta":{"$exists":false}}'),
    ('array', '{"custom.tags":"t1"}'), ('array', '{"custom.tags":"t2"}'), ('array', '{"custom.tags":"t50"}'), ('array', '{"custom.tags":{"$all":["t1","t2"]}}');

-- The truth of all filters and all pairs of them in one pass
CREATE TABLE pairs (first integer, second integer, filter jsonb, truth bigint, estimate float8);
CREATE FUNCTION find_truth() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE (SELECT format('CREATE TEMP TABLE answers AS SELECT ARRAY[%s] AS answer FROM people', string_agg(format('p @@ %L', filter), ', ' ORDER BY n)) FROM filters);
    CREATE TEMP TABLE counts AS
        SELECT f, s, count(*) FROM (SELECT array_positions(answer, true) AS true FROM answers) AS r, unnest(r.true) AS f, unnest(r.true) AS s WHERE f <= s GROUP BY f, s;
    INSERT INTO pairs (first, second, filter, truth)
        SELECT f.n, s.n, CASE f.n WHEN s.n THEN f.filter ELSE jsonb_build_object('$and', jsonb_build_array(f.filter, s.filter)) END, coalesce(count, 0)
        FROM filters f JOIN filters s ON f.n <= s.n LEFT JOIN counts ON counts.f = f.n AND counts.s = s.n;
END $$;
SELECT find_truth();

CREATE FUNCTION plan_rows(source text, condition text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
    EXECUTE format('EXPLAIN (FORMAT json) SELECT FROM %I WHERE %s', source, condition) INTO plan;
    RETURN plan #>> '{0,Plan,Plan Rows}';
END $$;
UPDATE pairs SET estimate = plan_rows('people', format('p @@ %L', filter));

-- What 50 people or more match is estimated within a factor of three.
CREATE FUNCTION is_near(estimate float8, truth float8) RETURNS boolean LANGUAGE sql
    RETURN estimate BETWEEN truth / 3 AND truth * 3;
SELECT kind, count(*) AS conditions, count(*) FILTER (WHERE is_near(estimate, truth)) AS near
FROM pairs JOIN filters ON n = first WHERE first = second AND truth >= 50 GROUP BY kind ORDER BY kind;
SELECT count(*) AS pairs, count(*) FILTER (WHERE is_near(estimate, truth)) AS near
FROM pairs WHERE first < second AND truth >= 50;
SELECT filter, truth, estimate FROM pairs WHERE truth >= 50 AND NOT is_near(estimate, truth);
-- What fewer match is expected to be rare: nearly always 150 rows at most, and never many.
SELECT count(*) AS pairs, avg((estimate <= 150)::int) > 0.97 AS nearly_all_rare FROM pairs WHERE truth < 50;
SELECT filter, truth, estimate FROM pairs WHERE truth < 50 AND estimate > 3000;
-- The pairs are a test: taken as independent, many of them would be far from the truth.
SELECT count(*) > 100 AS many_are_dependent
FROM pairs p JOIN pairs f ON f.first = p.first AND f.second = p.first JOIN pairs s ON s.first = p.second AND s.second = p.second
WHERE NOT is_near(f.truth::float8 * s.truth / 100000, p.truth) AND greatest(p.truth, f.truth::float8 * s.truth / 100000) >= 50;

-- The other operators
CREATE TABLE conditions (condition text);
INSERT INTO conditions VALUES
    ($$p ? 'picture'$$), ($$p ? 'custom.paid'$$), ($$p ? 'custom.address.zip'$$), ($$p ? 'up.cc'$$), ($$p ? 'custom.beta'$$),
    ($$p ?| '{custom.beta,custom.address}'$$), ($$p ?& '{custom.tags,custom.paid}'$$), ($$p ?& '{custom.paid,custom.plan}'$$),
    ($$p @> '{"country":"C3"}'$$), ($$p @> '{"custom":{"plan":"team"}}'$$), ($$p @> '{"custom":{"tags":["t3"]}}'$$), ($$p @> '{"custom":{"tags":["t1","t2"]}}'$$),
    ($$p @> '{"country":"C2","language":"l2"}'$$), ($$p @> '{"country":"C2","custom":{"plan":"pro"}}'$$), ($$'{"device":"d50","platform":"Web"}' <@ p$$),
    ($$segment '{"country":"C7","language":"l7"}' @@ p$$), ($$segment_matches(p, '{"country":"C7","city":"C7-1"}')$$),
    ($$profile_text_is(p, 'country', 'C7')$$), ($$profile_text_is(p, 'age', '30')$$), ($$NOT p @@ '{"country":"C1"}'$$);
CREATE FUNCTION count_rows(source text, condition text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE found float8;
BEGIN
    EXECUTE format('SELECT count(*) FROM %I WHERE %s', source, condition) INTO found;
    RETURN found;
END $$;
SELECT condition, is_near(plan_rows('people', condition), count_rows('people', condition)) AS near FROM conditions ORDER BY condition COLLATE "C";

-- A parameter: a plan made for its value knows it, a plan for any value does not.
PREPARE by_segment (segment) AS SELECT FROM people WHERE p @@ $1;
PREPARE by_value (text, text) AS SELECT FROM people WHERE p @@ segment($1, $2);
CREATE FUNCTION executed_rows(statement text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) EXECUTE ' || statement INTO plan;
    RETURN plan #>> '{0,Plan,Plan Rows}';
END $$;
SELECT is_near(executed_rows($$by_segment('{"country":"C2","language":"l2"}')$$), count_rows('people', $$p @@ '{"country":"C2","language":"l2"}'$$)) AS by_segment,
       is_near(executed_rows($$by_value('country', 'C2')$$), count_rows('people', $$p @@ '{"country":"C2"}'$$)) AS by_value;
SET plan_cache_mode = force_generic_plan;
SELECT executed_rows($$by_segment('{"country":"C2"}')$$) AS generic;
RESET plan_cache_mode;

-- Profiles that are all wider than 1 kB, which the statistics of other types leave out
CREATE TABLE wide AS SELECT id, p || profile('picture', repeat(md5(id::text), 40)) AS p FROM people WHERE id <= 40000;
ANALYZE wide;
SELECT min(pg_column_size(p::jsonb)) > 1024 AS wide FROM wide WHERE id <= 100;
SELECT condition, is_near(plan_rows('wide', condition), count_rows('wide', condition)) AS near FROM conditions ORDER BY condition COLLATE "C";

-- Partitions, an inheriting table, a domain: statistics all the same
CREATE TABLE parts (id integer, p profile) PARTITION BY HASH (id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT * FROM people WHERE id <= 10000;
CREATE DOMAIN visitor AS profile CHECK (VALUE ? 'country');
CREATE TABLE visitors (id integer, p visitor);
INSERT INTO visitors SELECT * FROM people WHERE id <= 10000;
CREATE TABLE more_visitors () INHERITS (visitors);
INSERT INTO more_visitors SELECT * FROM people WHERE id BETWEEN 10001 AND 20000;
ANALYZE parts, visitors, more_visitors;
SELECT source, is_near(plan_rows(source, c), count_rows(source, c)) AS near
FROM unnest('{parts,parts_0,visitors,more_visitors}'::text[]) AS source, (VALUES ($$p @@ '{"country":"C2","language":"l2"}'$$)) AS t (c) ORDER BY source;

-- p ->> 'country' is an expression like any other: statistics of it come with an index or with CREATE STATISTICS.
CREATE STATISTICS wide_country ON (p ->> 'country') FROM wide;
ANALYZE wide;
SELECT c, is_near(plan_rows('wide', c), count_rows('wide', c)) AS near FROM (VALUES ($$p ->> 'country' = 'C7'$$), ($$p ->> 'up.cc' = 'C7'$$)) AS t (c);

-- Who sees only a view gets no estimate from the column, and needs no access to the schema of the operators.
CREATE ROLE planner_stranger;
CREATE VIEW strangers WITH (security_barrier) AS SELECT id, p, profile_has(p, 'custom.beta') AS beta FROM people WHERE id % 2 = 0;
GRANT SELECT ON strangers TO planner_stranger;
REVOKE USAGE ON SCHEMA profiles FROM PUBLIC;
SET SESSION AUTHORIZATION planner_stranger;
SELECT count(*) > 0 AS found FROM public.strangers WHERE beta;
RESET SESSION AUTHORIZATION;
GRANT USAGE ON SCHEMA profiles TO PUBLIC;
DROP OWNED BY planner_stranger;
DROP ROLE planner_stranger;

-- Statistics that somebody has spoiled give an estimate all the same.
UPDATE pg_statistic SET stanumbers1 = '{NaN}', stanumbers2 = '{NaN,-1,Infinity,0,0}', stanumbers4 = '{0,1,NaN}' WHERE starelid = 'people'::regclass AND stakind1 = 4;
SELECT count(*) AS filters, bool_and(plan_rows('people', format('p @@ %L', filter)) BETWEEN 0 AND 100000) AS estimated FROM pairs WHERE first % 5 = 0;
