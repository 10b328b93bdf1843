-- Making profiles out of parts and taking them apart: || - profile() profile_each profile_keys
-- profile_object_agg, and subscripting.
SET search_path = public, profiles;

-- || : the right side wins, property by property; values are replaced whole
SELECT '{"name": "Ada", "custom": {"plan": "free", "visits": 3}}'::profile
       || '{"email": "ada@example.org", "custom": {"plan": "pro"}}';
SELECT '{"custom": {"address": {"city": "Berlin", "zip": "10115"}}}'::profile
       || '{"custom": {"address": {"city": "Paris"}}}' AS values_are_not_merged;
SELECT '{}'::profile || '{"a": 1}' AS from_nothing, '{"a": 1}'::profile || '{}' AS nothing_new, '{"a": 1}'::profile || NULL AS none;
SELECT '{"campaign": {"name": "x", "medium": "mail"}}'::profile || '{"campaign": {"name": "y"}}' AS campaign;

-- - : by reference, one or several
SELECT '{"name": "Ada", "custom": {"plan": "pro", "visits": 3}}'::profile - 'custom.plan' AS one,
       '{"name": "Ada", "custom": {"plan": "pro"}}'::profile - 'custom.plan' AS last_of_its_group,
       '{"name": "Ada", "custom": {"plan": "pro"}}'::profile - 'name' AS the_group_stays,
       '{"name": "Ada"}'::profile - 'email' AS not_there;
SELECT '{"name": "Ada", "email": "a", "custom": {"plan": "pro", "n": 1}}'::profile - ARRAY['email', 'custom.n', 'zzz', NULL] AS several,
       '{"country": "DE"}'::profile - 'up.cc' AS alias,
       '{"custom": {"address": {"city": "Berlin", "zip": "1"}}}'::profile - 'custom.address.zip' AS nested;
SELECT '{"a": 1}'::profile - 'event.price';
SELECT '{"a": 1}'::profile - '';

-- profile(): references and values in turn
SELECT profile('name', 'Ada', 'custom.plan', 'pro', 'custom.visits', 3, 'custom.share', 0.1, 'custom.tags', ARRAY['a', 'b'],
               'custom.active', true, 'byear', 1815) AS made;
SELECT profile('custom.address.city', 'Berlin', 'custom.address.zip', '10115') AS nested,
       profile('name', 'a', 'name', 'b') AS last_wins, profile('name', NULL, 'email', 'e') AS null_is_absent, profile() AS empty;
SELECT profile('name', 'Ada', 'email');
SELECT profile(NULL, 'Ada');
SELECT profile(1, 'Ada');
SELECT profile('a..b', 1);
SELECT profile('custom', 1);
SELECT profile('custom.x', 'a'::text, 'custom.x.y', 'b'::text);

-- apart and together again
SELECT * FROM profile_each('{"name": "Ada", "country": "DE", "custom": {"plan": "pro", "tags": ["a", 1], "o": {"x": null}}, "campaign": {"name": "spring"}}');
SELECT profile_keys('{"name": "Ada", "country": "DE", "custom": {"plan": "pro", "n": 1}}');
SELECT count(*) AS none FROM profile_each('{}');
SELECT profile_object_agg(property, value) = p AS same
  FROM (VALUES ('{"name": "Ada", "custom": {"plan": "pro", "tags": ["a", 1], "o": {"x": null}}, "campaign": {"name": "spring"}}'::profile)) AS v(p),
       profile_each(p) GROUP BY p;
SELECT profile_object_agg(k, v) FROM (VALUES ('a', '1'::jsonb), (NULL, '2'), ('b', NULL), ('custom.c', '"x"')) AS pairs(k, v);

-- at the cost of what is given, however much it is
SELECT pg_column_size(p) > 1500000 AS large, p ->> 'custom.k77777' AS one, (SELECT count(*) FROM profile_each(p)) AS properties,
       p = profile(VARIADIC (SELECT array_agg(v ORDER BY i, n) FROM generate_series(1, 100000) AS i, LATERAL (VALUES (1, 'custom.k' || i), (2, 'v' || i)) AS pair (n, v))) AS as_built,
       p - (SELECT array_agg('custom.k' || i) FROM generate_series(2, 100000) AS i) AS less
  FROM (SELECT profile_object_agg('custom.k' || i, to_jsonb('v' || i)) FROM generate_series(1, 100000) AS i) AS s (p);
-- the last one counts, null takes away; nested references meet in one object, whatever made it
SELECT profile_object_agg(k, v ORDER BY n) FROM (VALUES (1, 'a', '1'::jsonb), (2, 'a', '2'), (3, 'custom.b', '"x"'), (4, 'custom.b', 'null'), (5, 'name', '[1]'), (6, 'name', NULL), (7, 'zip', '"y"')) AS pairs(n, k, v);
SELECT profile_object_agg(k, v ORDER BY n) FROM (VALUES (1, 'custom.o', '{"x": 1, "y": {"z": null}}'::jsonb), (2, 'custom.o.y.w', '2'), (3, 'custom.o.x', 'null'), (4, 'custom.q.r', '3'), (5, 'custom.s.t', 'null')) AS pairs(n, k, v);
SELECT profile('custom', '{"a": 1, "b": {"c": 2}}'::jsonb, 'custom.b.d', 3, 'custom.a', NULL, 'custom.a', 4, 'campaign.x', NULL) AS built;
SELECT profile('custom.x', 1, 'custom.x', NULL, 'custom.x.y', 2) AS emptied_first, profile('custom.x', NULL, 'custom.x.y', NULL) AS nothing;
SELECT '{"custom": {"o": {"x": null, "y": 1}}}'::profile - 'custom.o.x' AS null_inside, '{"custom": {"o": {"x": 1}}}'::profile - ARRAY['custom.o.x', 'custom.o.x', 'custom.o.z.w'] AS object_stays;
SELECT '{"custom": {"o": 1}}'::profile - 'custom.o.x' AS nothing_there, profile('custom.o', 1, 'custom.o.x', NULL) AS nothing_there_either;
SELECT profile('custom.o', 1, 'custom.o.x', 2);
SELECT k, profile_object_agg(p, v ORDER BY p) FROM (SELECT i % 3 AS k, 'custom.p' || i AS p, to_jsonb(i) AS v FROM generate_series(1, 9) AS i) AS rows GROUP BY k ORDER BY k;
SELECT i, profile_object_agg('p' || i, to_jsonb(i)) OVER (ORDER BY i) FROM generate_series(1, 3) AS i;
SELECT profile_object_agg('a..b', '1');
SELECT profile_object_agg('custom', '1');
SELECT profile_agg_step('{}', 'a', '1');
-- by workers, whose profiles are laid over one another
CREATE TABLE pairs AS SELECT 'custom.k' || i AS k, to_jsonb(i) AS v FROM generate_series(1, 20000) AS i;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT profile_object_agg(k, v) FROM pairs;
SELECT count(*), sum(value::int) FROM profile_each((SELECT profile_object_agg(k, v) FROM pairs));
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;

-- subscripts read
CREATE TABLE person (id integer, p profile);
INSERT INTO person VALUES (1, '{"country": "DE", "custom": {"plan": "free", "address": {"city": "Berlin", "a.b": 1}}}'), (2, NULL), (3, '{"custom": {"n": 5}}');
SELECT id, p['country'], p['up.cc'], p['custom']['plan'], p['custom.plan'], p['custom.address.city'], p['custom']['address']['a.b']
  FROM person ORDER BY id;
SELECT p['nothing'] AS missing, p['custom']['n']['x'] AS below_a_number, p[NULL::text] AS by_null FROM person WHERE id = 3;
SELECT p['custom'] AS whole_group FROM person WHERE id = 1;
SELECT pg_typeof(p['country']) FROM person WHERE id = 1;

-- subscripts write
UPDATE person SET p['custom.plan'] = '"pro"';
SELECT id, p FROM person ORDER BY id;
UPDATE person SET p['name'] = '"Ada"', p['custom']['n'] = '1.5', p['custom']['address']['zip'] = '"10115"' WHERE id = 1;
UPDATE person SET p['country'] = 'null', p['custom.plan'] = NULL WHERE id = 1;
SELECT p FROM person WHERE id = 1;
UPDATE person SET p['custom']['deep']['er'] = '[1, 2]' WHERE id = 2;
SELECT p, profile_is_valid(p) FROM person WHERE id = 2;
UPDATE person SET p['custom']['n']['x'] = '1' WHERE id = 3;
UPDATE person SET p[NULL::text] = '1';
UPDATE person SET p[1] = '1';
UPDATE person SET p['custom'] = '7';
UPDATE person SET p['custom']['a.b'] = '7';
UPDATE person SET p['$x'] = '7';
UPDATE person SET p['event.price'] = '7';
SELECT p['a':'b'] FROM person;
SELECT p FROM person WHERE id = 3;
DROP TABLE person;
