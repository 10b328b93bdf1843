-- GIN on profiles: whatever is asked, the index gives the rows that a scan gives.
SET search_path = profiles, public;
SET jit = off;  -- a scan that is disabled looks expensive enough to be compiled
\pset null '(null)'

-- Data with everything that can stand in a profile: missing, null, both booleans, both kinds of number,
-- negative and decimal ones, texts around the length that a term keeps, arrays, nested objects, long names.
CREATE TABLE people (id integer PRIMARY KEY, p profile);
INSERT INTO people
SELECT i, profile_from_jsonb(jsonb_strip_nulls(jsonb_build_object(
    'country', (ARRAY['DE','DE','DE','FR','US',NULL,'AT','DE'])[1 + i % 8],
    'age', CASE WHEN i % 7 <> 0 THEN i % 60 END,
    'balance', ((i * 37) % 2001 - 1000) / 8.0,
    'email', format('user%s@example.com', i),
    'vip', i % 5 = 0,
    'bio', CASE i % 4 WHEN 0 THEN 'sixteen bytes !!' WHEN 1 THEN 'sixteen bytes !!x' WHEN 2 THEN repeat('long ', i % 50) END,
    'big', CASE WHEN i % 11 = 0 THEN 1e30 * (i - 1000) WHEN i % 11 = 1 THEN 9223372036854775807 END,
    'custom', jsonb_build_object(
        'plan', (ARRAY['free','free','free','pro','team'])[1 + i % 5],
        'tags', CASE i % 6 WHEN 0 THEN '["a"]'::jsonb WHEN 1 THEN '["a","b",7]' WHEN 2 THEN '[]'
                           WHEN 3 THEN '"a"' WHEN 4 THEN '[["a"],{"x":1},5,50]' END,
        'address', CASE i % 3 WHEN 0 THEN jsonb_build_object('city', 'Bonn', 'zip', (i % 90)::text)
                              WHEN 1 THEN '{}'::jsonb END,
        repeat('a very long property name ', 3), i % 10))))
FROM generate_series(1, 2000) i;
INSERT INTO people VALUES (2001, NULL), (2002, '{}'), (2003, '{"custom":{"address":{"zip":null}}}');
CREATE TABLE plain AS TABLE people;

CREATE INDEX people_gin ON people USING gin (p);
ANALYZE people;

CREATE TABLE questions (n serial, op text, argument text);
INSERT INTO questions (op, argument) VALUES
    ('@@', '{"country":"DE"}'), ('@@', '{"country":"XX"}'), ('@@', '{"up.cc":"FR"}'), ('@@', '{"country":null}'),
    ('@@', '{"country":{"$in":["FR","US","XX"]}}'), ('@@', '{"country":{"$in":[null,"US"]}}'), ('@@', '{"country":{"$in":[]}}'),
    ('@@', '{"country":{"$nin":["DE","FR"]}}'), ('@@', '{"country":{"$ne":"DE"}}'), ('@@', '{"country":{"$exists":true}}'),
    ('@@', '{"country":{"$exists":false}}'), ('@@', '{"country":{"$gt":"DE"}}'), ('@@', '{"country":{"$gte":"DE","$lt":"US"}}'),
    ('@@', '{"age":30}'), ('@@', '{"age":30.0}'), ('@@', '{"age":"30"}'), ('@@', '{"age":{"$gt":50}}'), ('@@', '{"age":{"$lte":3}}'),
    ('@@', '{"age":{"$gte":10,"$lt":12}}'), ('@@', '{"age":{"$gt":12,"$lt":10}}'), ('@@', '{"age":{"$gt":10.5,"$lte":11.5}}'),
    ('@@', '{"age":{"$not":{"$gt":50}}}'), ('@@', '{"balance":{"$lt":-124}}'), ('@@', '{"balance":{"$gt":-0.5,"$lt":0.5}}'),
    ('@@', '{"balance":0.125}'), ('@@', '{"balance":-125}'), ('@@', '{"balance":{"$gte":124.875}}'),
    ('@@', '{"big":{"$gt":0}}'), ('@@', '{"big":{"$gt":9223372036854775807}}'), ('@@', '{"big":9223372036854775807}'),
    ('@@', '{"big":{"$lt":-9e32}}'), ('@@', '{"vip":true}'), ('@@', '{"vip":{"$in":[true,false]}}'), ('@@', '{"vip":1}'),
    ('@@', '{"email":"user77@example.com"}'), ('@@', '{"email":{"rgxbw":"user77"}}'), ('@@', '{"email":{"rgxbw":"user77@example.com"}}'),
    ('@@', '{"email":{"rgxbw":""}}'), ('@@', '{"email":{"rgxcn":"77@"}}'), ('@@', '{"email":{"$regex":"^USER1.@","$options":"i"}}'),
    ('@@', '{"email":{"$gt":"user77@example.com","$lt":"user78@"}}'), ('@@', '{"email":{"$lte":"user1000@example.com"}}'),
    ('@@', '{"bio":"sixteen bytes !!"}'), ('@@', '{"bio":"sixteen bytes !!x"}'), ('@@', '{"bio":"sixteen bytes !!y"}'), ('@@', '{"bio":""}'),
    ('@@', '{"bio":{"$gt":"sixteen bytes !!"}}'), ('@@', '{"bio":{"$gt":"sixteen bytes !!a"}}'), ('@@', '{"bio":{"$lt":"sixteen bytes !!x"}}'),
    ('@@', '{"bio":{"$lte":"sixteen bytes !!x"}}'), ('@@', '{"bio":{"rgxitl":"LONG"}}'), ('@@', '{"bio":{"rgxntc":"long"}}'),
    ('@@', '{"custom.plan":"pro"}'), ('@@', '{"custom.plan":{"$in":["pro","team"]},"country":"DE"}'),
    ('@@', '{"custom.plan":"pro","age":{"$gt":20,"$lt":30},"country":{"$ne":"FR"}}'),
    ('@@', '{"$or":[{"custom.plan":"pro"},{"age":{"$lt":5}},{"email":"user12@example.com"}]}'),
    ('@@', '{"$or":[{"custom.plan":"pro"},{"age":{"$ne":5}}]}'), ('@@', '{"$nor":[{"custom.plan":"pro"},{"country":"DE"}]}'),
    ('@@', '{"$and":[{"$or":[{"country":"DE"},{"country":"FR"}]},{"$or":[{"age":1},{"age":2}]}]}'),
    ('@@', '{"custom.tags":"a"}'), ('@@', '{"custom.tags":7}'), ('@@', '{"custom.tags":["a"]}'), ('@@', '{"custom.tags":{"x":1}}'),
    ('@@', '{"custom.tags":[]}'), ('@@', '{"custom.tags":{"$all":["a","b"]}}'), ('@@', '{"custom.tags":{"$all":[["a"]]}}'),
    ('@@', '{"custom.tags":{"$all":["a",null]}}'), ('@@', '{"custom.tags":{"$size":0}}'), ('@@', '{"custom.tags":{"$size":3}}'),
    ('@@', '{"custom.tags":{"$gt":10,"$lt":20}}'), ('@@', '{"custom.tags":{"$gt":40,"$lt":60}}'), ('@@', '{"custom.tags":{"$ne":"a"}}'),
    ('@@', '{"custom.address.city":"Bonn"}'), ('@@', '{"custom.address":{"city":"Bonn","zip":"3"}}'), ('@@', '{"custom.address":{}}'),
    ('@@', '{"custom.address":{"$exists":true}}'), ('@@', '{"custom.address.zip":{"$exists":true}}'),
    ('@@', '{"custom.address.zip":{"rgxbw":["1","2"]}}'), ('@@', '{"custom":{"$exists":true}}'), ('@@', '{"custom":"x"}'),
    ('@@', '{"custom.a very long property name a very long property name a very long property name ":3}'),
    ('@@', '{"custom.a very long property name a very long property name a very long property name !":3}'),
    ('@@', '{}'), ('@@', '{"$or":[]}'), ('@@', '{"nothing":1}'), ('@@', '{"nothing":{"$exists":false}}'),
    ('@>', '{"country":"DE"}'), ('@>', '{"age":30,"vip":true}'), ('@>', '{"custom":{"plan":"pro","tags":["a"]}}'),
    ('@>', '{"custom":{"tags":"a"}}'), ('@>', '{"custom":{"tags":[]}}'), ('@>', '{"custom":{"tags":[["a"]]}}'),
    ('@>', '{"custom":{"tags":[{"x":1},5]}}'), ('@>', '{"custom":{"address":{}}}'), ('@>', '{"custom":{"address":{"zip":null}}}'),
    ('@>', '{"custom":{"address":{"city":"Bonn"}},"country":"FR"}'), ('@>', '{}'), ('@>', '{"bio":"sixteen bytes !!x"}'),
    ('?', 'country'), ('?', 'age'), ('?', 'custom.address'), ('?', 'custom.address.zip'), ('?', 'up.cc'), ('?', 'event.price'),
    ('?', 'nothing'), ('?', 'uid'), ('?', 'custom'),
    ('?|', '{country,custom.address.zip}'), ('?|', '{nothing,NULL,age}'), ('?|', '{}'), ('?|', '{event.price}'),
    ('?&', '{country,age}'), ('?&', '{country,NULL}'), ('?&', '{}'), ('?&', '{country,event.price}'), ('?&', '{custom.address.city,vip}');

-- how a question is asked of a table
CREATE FUNCTION ask(source text, op text, argument text) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
    type text := CASE op WHEN '@@' THEN 'segment' WHEN '@>' THEN 'profile' WHEN '?' THEN 'text' ELSE 'text[]' END;
    found integer[];
BEGIN
    EXECUTE format('SELECT array_agg(id ORDER BY id) FROM %s WHERE p %s %L::%s', source, op, argument, type) INTO found;
    RETURN found;
END $$;
CREATE FUNCTION uses_index(source text, op text, argument text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    type text := CASE op WHEN '@@' THEN 'segment' WHEN '@>' THEN 'profile' WHEN '?' THEN 'text' ELSE 'text[]' END;
    line text;
BEGIN
    FOR line IN EXECUTE format('EXPLAIN (COSTS OFF) SELECT id FROM %s WHERE p %s %L::%s', source, op, argument, type) LOOP
        IF line ~ 'Bitmap Index Scan' THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END $$;

SET enable_seqscan = off;
SELECT count(*) FILTER (WHERE uses_index('people', op, argument)) = count(*) AS all_by_index,
       count(*) FILTER (WHERE ask('people', op, argument) IS DISTINCT FROM ask('plain', op, argument)) AS different
FROM questions;
SELECT op, argument FROM questions WHERE ask('people', op, argument) IS DISTINCT FROM ask('plain', op, argument);
-- that there was something to find
SELECT op, count(*) AS questions, count(ask('plain', op, argument)) AS with_rows FROM questions GROUP BY op ORDER BY op;

-- what needs no second look at the row: the plan counts the rows that were thrown away
CREATE FUNCTION rechecked(op text, argument text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    type text := CASE op WHEN '@@' THEN 'segment' WHEN '@>' THEN 'profile' ELSE 'text' END;
    plan jsonb;
BEGIN
    EXECUTE format('EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT json) SELECT id FROM people WHERE p %s %L::%s',
                   op, argument, type) INTO plan;
    RETURN coalesce(plan #>> '{0,Plan,Rows Removed by Index Recheck}', '0');
END $$;
SELECT argument, rechecked('@@', argument) AS removed
FROM unnest(ARRAY['{"country":"DE"}', '{"age":{"$gt":50}}', '{"age":{"$gte":10,"$lt":12}}', '{"bio":"sixteen bytes !!y"}',
                  '{"email":{"rgxbw":"user77"}}', '{"email":{"$regex":"@nowhere"}}', '{"custom.plan":{"$regex":"^p"}}',
                  '{"country":"DE","age":{"$ne":5}}', '{"country":"DE","age":{"$gt":55}}']) AS argument;

-- rows that come and go: the pending list, vacuum, an index without it, an index made again
CREATE INDEX ON plain (id);
ALTER INDEX people_gin SET (fastupdate = on);
UPDATE people SET p = jsonb_set(p::jsonb, '{country}', '"IT"') WHERE id % 100 = 3;
UPDATE plain SET p = jsonb_set(p::jsonb, '{country}', '"IT"') WHERE id % 100 = 3;
DELETE FROM people WHERE id % 97 = 0;
DELETE FROM plain WHERE id % 97 = 0;
INSERT INTO people SELECT id + 10000, p FROM people WHERE id <= 300;
INSERT INTO plain SELECT id + 10000, p FROM plain WHERE id <= 300;
SELECT count(*) FILTER (WHERE ask('people', op, argument) IS DISTINCT FROM ask('plain', op, argument)) AS different FROM questions;
SELECT gin_clean_pending_list('people_gin') > 0 AS cleaned;
SELECT count(*) FILTER (WHERE ask('people', op, argument) IS DISTINCT FROM ask('plain', op, argument)) AS different FROM questions;
VACUUM people;
ALTER INDEX people_gin SET (fastupdate = off);
UPDATE people SET p = set(p, 'plan', 'pro') WHERE id % 50 = 7;
UPDATE plain SET p = set(p, 'plan', 'pro') WHERE id % 50 = 7;
SELECT count(*) FILTER (WHERE ask('people', op, argument) IS DISTINCT FROM ask('plain', op, argument)) AS different FROM questions;
REINDEX INDEX people_gin;
SELECT count(*) FILTER (WHERE ask('people', op, argument) IS DISTINCT FROM ask('plain', op, argument)) AS different FROM questions;

-- a bitmap that lost its rows' places looks at all rows of a page
SET work_mem = '64kB';
SELECT count(*) FILTER (WHERE ask('people', op, argument) IS DISTINCT FROM ask('plain', op, argument)) AS different FROM questions;
RESET work_mem;

-- workers
CREATE TABLE many AS SELECT g * 100000 + id AS id, p FROM people, generate_series(1, 20) g;
CREATE INDEX ON many USING gin (p);
ANALYZE many;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET min_parallel_index_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT count(*) FROM many WHERE p @@ '{"custom.plan":{"$in":["pro","team"]},"age":{"$gt":10,"$lt":50}}';
SELECT count(*) / 20.0 FROM many WHERE p @@ '{"custom.plan":{"$in":["pro","team"]},"age":{"$gt":10,"$lt":50}}';
SELECT count(*) FROM plain WHERE p @@ '{"custom.plan":{"$in":["pro","team"]},"age":{"$gt":10,"$lt":50}}';
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET min_parallel_index_scan_size;

-- the other side of the operator, a parameter, a join
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE segment '{"country":"FR"}' @@ p;
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE profile '{"country":"FR"}' <@ p;
PREPARE by_segment (segment) AS SELECT count(*) FROM people WHERE p @@ $1;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE by_segment('{"country":"FR"}');
EXECUTE by_segment('{"country":"FR"}');
EXECUTE by_segment('{"country":{"$ne":"FR"}}');
EXECUTE by_segment(NULL);
RESET plan_cache_mode;
CREATE TABLE segments (name text, filter segment);
INSERT INTO segments VALUES ('french', '{"country":"FR"}'), ('young', '{"age":{"$lt":10}}'), ('everyone', '{}'), ('none', NULL);
EXPLAIN (COSTS OFF) SELECT name, count(*) FROM segments JOIN people ON p @@ filter GROUP BY name;
SELECT name, count(*) FROM segments JOIN people ON p @@ filter GROUP BY name ORDER BY name;
SELECT name, count(*) FROM segments JOIN plain ON p @@ filter GROUP BY name ORDER BY name;

-- two columns, two conditions
CREATE INDEX both_gin ON plain USING gin (p, (p -> 'custom'));
SELECT count(*) FROM plain WHERE p @@ '{"country":"FR"}' AND p ? 'age' AND (p -> 'custom') @> '{"plan":"pro"}';
SELECT count(*) FROM people WHERE p @@ '{"country":"FR","custom.plan":"pro","age":{"$exists":true}}';
DROP INDEX both_gin;

-- Declared properties alone: what is not declared is looked at on the row.
DROP INDEX people_gin;
CREATE INDEX declared_gin ON people USING gin (p profile_ops (properties = 'up.cc, custom.plan,custom.address.zip'));
\d declared_gin
SELECT count(*) FILTER (WHERE uses_index('people', op, argument)) = count(*) AS all_by_index,
       count(*) FILTER (WHERE ask('people', op, argument) IS DISTINCT FROM ask('plain', op, argument)) AS different
FROM questions;
SELECT argument, rechecked('@@', argument) AS removed
FROM unnest(ARRAY['{"country":"DE"}', '{"country":"DE","vip":true}', '{"vip":true}']) AS argument;
UPDATE people SET p = jsonb_set(p::jsonb, '{country}', '"DE"') WHERE id % 90 = 3;
UPDATE plain SET p = jsonb_set(p::jsonb, '{country}', '"DE"') WHERE id % 90 = 3;
SELECT count(*) FILTER (WHERE ask('people', op, argument) IS DISTINCT FROM ask('plain', op, argument)) AS different FROM questions;
DROP INDEX declared_gin;
CREATE INDEX declared_gin ON people USING gin (p profile_ops (properties = 'custom'));
SELECT count(*) FILTER (WHERE ask('people', op, argument) IS DISTINCT FROM ask('plain', op, argument)) AS different FROM questions;
RESET enable_seqscan;

CREATE INDEX ON people USING gin (p profile_ops (properties = ''));
CREATE INDEX ON people USING gin (p profile_ops (properties = 'country,,city'));
CREATE INDEX ON people USING gin (p profile_ops (properties = 'country,event.price'));
CREATE INDEX ON people USING gin (p profile_ops (columns = 'country'));

-- ?| and ?& without an index
SELECT profile '{"a":1,"custom":{"b":2}}' ?| '{x,custom.b}' AS any, profile '{"a":1}' ?| '{x}' AS none,
       profile '{"a":1}' ?& '{a,x}' AS some, profile '{"a":1}' ?& '{a,NULL}' AS with_null, profile '{"a":1}' ?& NULL AS null;
SELECT profile '{}' ?| '{a..b}';

-- profile_pick
SELECT profile_pick('{"country":"DE","city":"B","custom":{"plan":"pro","n":1,"address":{"zip":"1","no":2}}}', 'up.cc', 'custom.address.zip');
SELECT profile_pick('{"country":"DE"}', 'custom.plan'), profile_pick('{"custom":{"n":1}}', 'custom'), profile_pick(NULL, 'a');
SELECT profile_is_valid(profile_pick(p, 'custom.address.zip', 'country')) AS valid, count(*) FROM plain WHERE p IS NOT NULL GROUP BY 1;
SELECT profile_pick('{}', 'event.price');
SELECT profile_pick('{}', VARIADIC '{}'::text[]);
