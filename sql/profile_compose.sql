-- compose and compose_agg: one document for many. What comes out of every case was worked out by hand from the rules
-- of docs/reference/operators.md; the random cases of make oracle test the laws.
SET search_path = profiles, public;
\pset tuples_only on
\pset format unaligned
\pset fieldsep ' | '
\pset null NULL

-- two: what two things done to the custom property "a" come to; the property, or the sequence of them
CREATE FUNCTION two(first text, second text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(d -> 'custom' ->> 'a', (SELECT jsonb_agg(s -> 'custom' -> 'a') FROM jsonb_array_elements(d -> '$seq') s)::text, d::text)
    FROM compose(format('{"custom": {"a": %s}}', first)::jsonb, format('{"custom": {"a": %s}}', second)::jsonb) d $$;
CREATE FUNCTION run(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT (' || expression || ')::text' INTO result;
    RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
    RETURN format('ERROR %s: %s', sqlstate, sqlerrm);
END $$;

-- Two that become one
SELECT '$inc', two('{"$inc": 1}', '{"$inc": 2}'), two('{"$inc": 0.1}', '{"$inc": 0.2}'), two('{"$inc": 5}', '{"$inc": -5}'), two('{"$inc": 9223372036854775807}', '{"$inc": 1}');
SELECT '$mul', two('{"$mul": 2}', '{"$mul": 2.5}'), two('{"$mul": 0}', '{"$mul": 7}');
SELECT '$min, $max', two('{"$min": 3}', '{"$min": 2.5}'), two('{"$max": 3}', '{"$max": 2.5}'), two('{"$min": "b"}', '{"$min": "B"}'), two('{"$max": "b"}', '{"$max": "B"}');
SELECT '$push', two('{"$push": 1}', '{"$push": 2}'), two('{"$push": [1, 2]}', '{"$push": {"$each": [2, [3]]}}'), two('{"$push": []}', '{"$push": {"k": 1}}');
SELECT '$push, the last n', two('{"$push": {"$each": [1, 2, 3], "$slice": -2}}', '{"$push": {"$each": [4], "$slice": -2}}'),
                            two('{"$push": [1]}', '{"$push": {"$each": [2], "$slice": -5}}'),
                            two('{"$push": {"$each": [1], "$slice": -5}}', '{"$push": {"$each": [2], "$slice": -3}}');
SELECT '$push, the first n', two('{"$push": [1, 2]}', '{"$push": {"$each": [3], "$slice": 2}}');
SELECT '$addToSet', two('{"$addToSet": 1}', '{"$addToSet": [2, 1.0, "1"]}'), two('{"$addToSet": [{"x": 1, "y": 2}]}', '{"$addToSet": {"y": 2, "x": 1}}');
SELECT '$pull', two('{"$pull": 1}', '{"$pull": [2, 1]}'), two('{"$pull": {"$in": [1, 2]}}', '{"$pull": {"$eq": 3}}'), two('{"$pull": [{"$gt": 1}]}', '{"$pull": {"k": 1}}');
SELECT '$setOnce', two('{"$setOnce": 1}', '{"$setOnce": 2}'), two('{"$setOnce": null}', '{"$setOnce": 2}');

-- What is set wins over what came before
SELECT 'set', two('{"$inc": 1}', '5'), two('{"$push": 1}', 'null'), two('1', '2'), two('1', '{"$unset": 1}'), two('{"$pull": {"$gt": 5}}', '{"$set": [1]}'), two('1', '{"$literal": ""}');
-- and what comes after is done to it
SELECT 'known', two('5', '{"$inc": 1}'), two('5', '{"$mul": 2, "$inc": 1, "$max": 20}'), two('[1, 2]', '{"$pull": 1, "$push": 3}'), two('[1, 2]', '{"$pop": -1}'), two('5', '{"$setOnce": 6}'),
                two('{"$literal": ""}', '{"$min": "a"}'), two('"x"', '""');
SELECT 'known to be missing', two('null', '{"$inc": 1}'), two('null', '{"$mul": 3}'), two('{"$unset": 1}', '{"$push": 1}'), two('null', '{"$pull": 1}'), two('null', '{"$setOnce": 1}'), two('null', '{"$pop": 1}');
SELECT 'known to be there', two('{"$inc": 1}', '{"$setOnce": 5}'), two('{"$addToSet": "x"}', '{"$setOnce": 5}');

-- Two operators in the fixed order stand in one document
SELECT 'in order', two('{"$mul": 2}', '{"$inc": 1}'), two('{"$setOnce": 1}', '{"$inc": 1}'), two('{"$min": 9}', '{"$max": 1}'), two('{"$pop": 1}', '{"$push": 1}'), two('{"$pull": 1}', '{"$addToSet": 2}');
-- against it they stay a sequence
SELECT 'a sequence', two('{"$inc": 1}', '{"$mul": 2}'), two('{"$max": 1}', '{"$min": 9}'), two('{"$push": 1}', '{"$pull": 1}'), two('{"$push": 1}', '{"$addToSet": 1}'), two('{"$pull": 1}', '{"$setOnce": []}');
SELECT 'depends on what is there', two('{"$min": 1}', '{"$min": "x"}'), two('{"$pop": 1}', '{"$pop": 1}'), two('{"$pull": {"$gt": 1}}', '{"$pull": {"$lt": 0}}');
SELECT 'positions and slices', two('{"$push": {"$each": [1], "$position": 0}}', '{"$push": {"$each": [2], "$position": 0}}'), two('{"$push": {"$each": [1], "$slice": 2}}', '{"$push": 2}'),
                               two('{"$push": {"$each": [1], "$slice": -2}}', '{"$push": {"$each": [2], "$slice": -3}}');
SELECT 'three, of which two join', compose(compose('{"a": {"$inc": 1}}', '{"a": {"$mul": 2}}'), '{"a": {"$mul": 3}}'), compose(compose('{"a": {"$inc": 1}}', '{"a": {"$mul": 2}}'), '{"a": {"$inc": 3}}');
SELECT 'as few steps as can be', compose('{"a": {"$inc": 1}, "b": {"$inc": 1}}', '{"$seq": [{"a": {"$mul": 2}}, {"a": {"$inc": 1}, "b": {"$inc": 1}, "c": 1}]}');
SELECT 'flat', compose('{"$seq": [{"a": {"$inc": 1}}, {"a": {"$mul": 2}}]}', '{"$seq": [{"a": {"$inc": 3}}, {"a": {"$mul": 4}}]}');

-- What is certain to be a fault is kept: the profile it meets says so
SELECT 'faults', two('"x"', '{"$inc": 1}'), two('{"$inc": "x"}', '{"$inc": 1}'), two('{"$inc": "x"}', '5'), two('[1]', '{"$pull": {"$like": 1}}'), two('1e34', '{"$inc": 1}'), two('{"$inc": 1e34}', '{"$inc": 1}');
SELECT 'kept for strict', run($$apply('{}', compose('{"a": "x"}', '{"a": {"$inc": 1}}'))$$), try_apply('{}', compose('{"a": "x"}', '{"a": {"$inc": 1}}'));

-- Several properties, groups, the year of birth
SELECT 'merged', compose('{"name": "Ada", "custom": {"a": {"$inc": 1}}}', '{"email": "a@b.c", "custom": {"b": 1}, "campaign": {"c": "x"}}');
SELECT 'by group', compose('{"a": 1, "custom": {"a": {"$inc": 1}}, "campaign": {"a": {"$inc": 2}}}', '{"a": {"$inc": 1}, "custom": {"a": {"$inc": 1}}, "campaign": {"a": {"$inc": 2}}}');
SELECT 'byear', compose('{"byear": "1985"}', '{}'), compose('{"byear": 1985}', '{"byear": -1}'), compose('{"byear": {"$set": "1985"}}', '{}'), compose('{"byear": 5}', '{"byear": {"$mul": -1}}');
SELECT 'nothing', compose('{}', '{}'), compose('{"$seq": []}', '{"custom": {}}'), compose('{"custom": null}', '{"custom": {"a": {}}}');

-- A $rename closes what came before it
SELECT 'renames', compose('{"a": {"$inc": 1}}', '{"a": {"$rename": "b"}}'), compose('{"a": {"$rename": "b"}}', '{"b": {"$inc": 1}, "a": 5}'), compose('{"a": {"$rename": "b"}}', '{"b": {"$rename": "c"}}');
SELECT 'their effect', apply('{"a": 1, "b": 9}', compose('{"a": {"$inc": 1}}', compose('{"a": {"$rename": "b"}}', '{"b": {"$inc": 5}, "a": {"$inc": 7}}')));

-- Documents that cannot be read
SELECT 'faults', run($$compose('[]', '{}')$$), run($$compose('{}', '1')$$), run($$compose('{"a": {"$foo": 1}}', '{}')$$), run($$compose('{}', '{"custom": {"a.b": 1}}')$$),
                 run($$compose('{}', '{"$seq": 1}')$$), run($$compose('{"$seq": [{"$seq": []}]}', '{}')$$), run($$compose('{"name": [1]}', '{}')$$), run($$compose('{"a": 1e7000}', '{}')$$);
SELECT 'too deep', run(format('length(compose(''{}'', ''{"$seq": [{"custom": {"a": {"$push": {"$each": [%s]}}}}]}'')::text)', repeat('[', 61) || repeat(']', 61))),
                   run(format('compose(''{}'', ''{"$seq": [{"custom": {"a": {"$push": {"$each": [%s]}}}}]}'')', repeat('[', 62) || repeat(']', 62)));
SELECT 'NULL', run($$compose(NULL, '{}')$$), run($$compose('{}', NULL)$$);

-- compose_agg
CREATE TABLE history (at int, uid int, details jsonb);
INSERT INTO history VALUES (1, 1, '{"name": "Ada", "custom": {"visits": {"$inc": 1}}}'), (2, 2, '{"custom": {"visits": {"$inc": 1}}}'), (3, 1, '{"custom": {"visits": {"$inc": 1}, "plan": "pro"}}'), (4, 1, NULL), (5, 2, '{"custom": {"visits": {"$mul": 2}}}');
SELECT 'by user', uid, compose_agg(details ORDER BY at) FROM history GROUP BY uid ORDER BY uid;
SELECT 'no rows', compose_agg(details) FROM history WHERE false;
SELECT 'only NULL', compose_agg(details) FROM history WHERE at = 4;
SELECT 'over a window', at, compose_agg(details) OVER (PARTITION BY uid ORDER BY at) FROM history ORDER BY at;
SELECT 'one write a user', uid, apply_agg(details ORDER BY at) = apply('{}', compose_agg(details ORDER BY at)) FROM history GROUP BY uid ORDER BY uid;
SELECT 'a fault', run($$(SELECT compose_agg(d) FROM (VALUES ('{"a": 1}'::jsonb), ('{"a": {"$foo": 1}}')) v (d))$$);
SELECT 'the state is a document', compose_step(compose_step('{}', '{"a": {"$inc": 1}}'), '{"a": {"$inc": 2}}');
SELECT 'hashed', count(*), sum((d -> 'n' ->> '$inc')::int) FROM (SELECT compose_agg(jsonb_build_object('n', jsonb_build_object('$inc', n))) d FROM generate_series(1, 20000) n GROUP BY n % 5000) s;

-- In parallel: parts are combined
CREATE TABLE many AS SELECT n, jsonb_build_object('custom', jsonb_build_object('a', jsonb_build_object('$inc', n), 'b', jsonb_build_object('$max', n), 'k' || n % 10, jsonb_build_object('$inc', 1))) AS details FROM generate_series(1, 20000) n;
ALTER TABLE many SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS off) SELECT compose_agg(details) FROM many;
SELECT 'parallel', compose_agg(details) FROM many;
SET max_parallel_workers_per_gather = 0;
SELECT 'alone', compose_agg(details) FROM many;

-- Folding n documents costs what the documents are together: a second or two here, where a fold that reads what it
-- has so far with each document would take most of an hour.
SET statement_timeout = '60s';
SELECT 'distinct properties', (SELECT count(*) FROM jsonb_object_keys(d -> 'custom')) FROM (SELECT compose_agg(jsonb_build_object('custom', jsonb_build_object('k' || n, n))) AS d FROM generate_series(1, 100000) n) s;
SELECT 'one long array', jsonb_array_length(compose_agg(jsonb_build_object('a', jsonb_build_object('$push', n))) -> 'a' -> '$push') FROM generate_series(1, 100000) n;
SELECT 'one large set', jsonb_array_length(compose_agg(jsonb_build_object('a', jsonb_build_object('$addToSet', n % 50000))) -> 'a' -> '$addToSet') FROM generate_series(1, 100000) n;
SELECT 'the last few', compose_agg(jsonb_build_object('a', jsonb_build_object('$push', jsonb_build_object('$each', ARRAY[n], '$slice', -3)))) FROM generate_series(1, 100000) n;
SELECT 'a long sequence', jsonb_array_length(compose_agg(jsonb_build_object('a', CASE n % 2 WHEN 0 THEN '{"$inc": 1}' ELSE '{"$mul": 1}' END::jsonb)) -> '$seq') FROM generate_series(1, 100000) n;
SELECT 'a long sequence applied', apply('{"a": 0}', compose_agg(jsonb_build_object('a', CASE n % 2 WHEN 0 THEN '{"$mul": 1}' ELSE '{"$inc": 1}' END::jsonb))) FROM generate_series(1, 40000) n;
SET work_mem = '512MB';
SELECT 'many groups', count(*), min(d::text) FROM (SELECT compose_agg('{"custom": {"a": {"$inc": 1}}}'::jsonb) AS d FROM generate_series(1, 120000) n GROUP BY n % 60000) s;
RESET work_mem;
RESET statement_timeout;
DROP TABLE history, many;
