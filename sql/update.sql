-- The update operators. What comes out of every case was worked out by hand from the rulings; the
-- random cases of make oracle compare the same operators with an independent model.
SET search_path = profiles, public;
\pset tuples_only on
\pset format unaligned
\pset fieldsep ' | '
\pset null NULL

-- op: strict, the custom properties after, or the error. try: lenient, with changed and skipped.
CREATE FUNCTION op(before text, operators text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN coalesce((apply(format('{"custom": %s}', before)::profile,
                           format('{"custom": %s}', operators)::jsonb) -> 'custom')::text, '{}');
EXCEPTION WHEN OTHERS THEN
    RETURN format('ERROR %s: %s', sqlstate, sqlerrm);
END $$;
CREATE FUNCTION try(before text, operators text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' | ', coalesce((profile -> 'custom')::text, '{}'), changed, skipped)
    FROM try_apply(format('{"custom": %s}', before)::profile, format('{"custom": %s}', operators)::jsonb) $$;
CREATE FUNCTION run(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT (' || expression || ')::text' INTO result;
    RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
    RETURN format('ERROR %s: %s', sqlstate, sqlerrm);
END $$;

-- The edge cases where products differ
SELECT 'E1 $inc on missing', op('{}', '{"a": {"$inc": 5}}');
SELECT 'E2 $mul on missing', op('{}', '{"a": {"$mul": 5}}');
SELECT 'E3 $min on missing', op('{}', '{"a": {"$min": 5}}');
SELECT 'E3 $max on missing', op('{}', '{"a": {"$max": "x"}}');
SELECT 'E3 $setOnce on missing', op('{}', '{"a": {"$setOnce": 5}}');
SELECT 'E4 $push on missing', op('{}', '{"a": {"$push": 5}}'), op('{}', '{"a": {"$push": [5, 6]}}');
SELECT 'E4 $addToSet on missing', op('{}', '{"a": {"$addToSet": 5}}'), op('{}', '{"a": {"$addToSet": [5, 6, 5]}}');
SELECT 'E5 $pull on missing', try('{}', '{"a": {"$pull": 5}}');
SELECT 'E5 $unset on missing', try('{}', '{"a": {"$unset": 1}}');
SELECT 'E6 $inc on null', op('{"a": null}', '{"a": {"$inc": 2}}');
SELECT 'E6 $push on null', op('{"a": null}', '{"a": {"$push": 2}}');
SELECT 'E6 null removes', op('{"a": 1, "b": 2}', '{"a": null}');
SELECT 'E6 "" removes', op('{"a": 1, "b": 2}', '{"a": ""}');
SELECT 'E6 $set of null removes', op('{"a": 1}', '{"a": {"$set": null}}');
SELECT 'E7 $inc on a text', op('{"a": "x"}', '{"a": {"$inc": 1}}');
SELECT 'E7 the same, lenient', try('{"a": "x"}', '{"a": {"$inc": 1}, "b": {"$inc": 1}}');
SELECT 'E7 $push on a scalar', op('{"a": 1}', '{"a": {"$push": 1}}');
SELECT 'E7 the same, lenient', try('{"a": 1}', '{"a": {"$push": 1}}');
SELECT 'E8 $inc by a text', op('{"a": 1}', '{"a": {"$inc": "1"}}');
SELECT 'E8 $inc by null', op('{"a": 1}', '{"a": {"$inc": null}}');
SELECT 'E8 lenient', try('{"a": 1}', '{"a": {"$inc": "1"}}');
SELECT 'E9 $inc on a boolean', op('{"a": true}', '{"a": {"$inc": 1}}');
SELECT 'E10 beyond int32', op('{"a": 2147483647}', '{"a": {"$inc": 1}}');
SELECT 'E11 beyond int64', op('{"a": 9223372036854775807}', '{"a": {"$inc": 1}}');
SELECT 'E11 and back', op('{"a": 9223372036854775808}', '{"a": {"$inc": -1}}');
SELECT 'E11 $mul', op('{"a": -9223372036854775808}', '{"a": {"$mul": -1}}');
SELECT 'E12 2 * 1.1', op('{"a": 2}', '{"a": {"$mul": 1.1}}');
SELECT 'E12 0.1 ten times', apply_agg('{"custom": {"a": {"$inc": 0.1}}}') FROM generate_series(1, 10);
SELECT 'E13 NaN', run($$inc('{}', 'a', 'NaN')$$);
SELECT 'E13 infinity', run($$inc('{}', 'a', '-Infinity')$$);
SELECT 'E13 float', run($$set('{}', 'a', float8 'NaN')$$), run($$set('{}', 'a', float4 'Infinity')$$);
SELECT 'E13 in an array', run($$push('{}', 'a', ARRAY[1, float8 '-Infinity'])$$);
SELECT 'E14 $max of 10 and "9"', op('{"a": 10}', '{"a": {"$max": "9"}}');
SELECT 'E14 $max of "10" and 9', op('{"a": "10"}', '{"a": {"$max": 9}}');
SELECT 'E14 texts by bytes', op('{"a": "10"}', '{"a": {"$max": "9"}}'), op('{"a": "a"}', '{"a": {"$min": "Z"}}');
SELECT 'E14 booleans', op('{"a": true}', '{"a": {"$max": false}}'), op('{"a": true}', '{"a": {"$max": 2}}');
SELECT 'E15 $min of null', op('{"a": 1}', '{"a": {"$min": null}}');
SELECT 'E16 $min equal', try('{"a": 5}', '{"a": {"$min": 5.0}}');
SELECT 'E16 $max smaller', try('{"a": 5}', '{"a": {"$max": 4}}');
SELECT 'E16 $set same', try('{"a": {"x": 1, "y": [2]}}', '{"a": {"$set": {"y": [2.0], "x": 1}}}');
SELECT 'E16 $mul by 1', try('{"a": 5}', '{"a": {"$mul": 1}}');
SELECT 'E16 $inc by 0', try('{"a": 5}', '{"a": {"$inc": 0}}');
SELECT 'E16 $setOnce on present', try('{"a": 5}', '{"a": {"$setOnce": 6}}');
SELECT 'E16 $addToSet of known', try('{"a": [1, 2]}', '{"a": {"$addToSet": [2, 1]}}');
SELECT 'E16 $pull of unknown', try('{"a": [1, 2]}', '{"a": {"$pull": 3}}');
SELECT 'E16 $push of []', try('{"a": [1, 2]}', '{"a": {"$push": []}}');
SELECT 'E16 there and back', try('{"a": 5}', '{"a": {"$inc": 1, "$mul": 1, "$min": 5}}');
SELECT 'E16 a property that comes and goes', try('{"a": 5}', '{"b": {"$unset": 1}}');
SELECT 'E17 $push spreads', op('{"a": [1]}', '{"a": {"$push": [2, 3]}}');
SELECT 'E17 $each', op('{"a": [1]}', '{"a": {"$push": {"$each": [2, 3]}}}');
SELECT 'E17 an array as one element', op('{"a": [1]}', '{"a": {"$push": {"$each": [[2, 3]]}}}');
SELECT 'E17 $addToSet spreads', op('{"a": [1]}', '{"a": {"$addToSet": [1, 2]}}');
SELECT 'E17 $pull spreads', op('{"a": [1, 2, 3, 1]}', '{"a": {"$pull": [1, 3]}}');
SELECT 'E18 $position', op('{"a": [1, 2, 3]}', '{"a": {"$push": {"$each": [8, 9], "$position": 0}}}');
SELECT 'E18 $position -1', op('{"a": [1, 2, 3]}', '{"a": {"$push": {"$each": [8, 9], "$position": -1}}}');
SELECT 'E18 $position beyond', op('{"a": [1]}', '{"a": {"$push": {"$each": [8], "$position": 99}}}'),
                               op('{"a": [1]}', '{"a": {"$push": {"$each": [8], "$position": -99}}}');
SELECT 'E18 $slice last', op('{"a": [1, 2, 3]}', '{"a": {"$push": {"$each": [4], "$slice": -2}}}');
SELECT 'E18 $slice first', op('{"a": [1, 2, 3]}', '{"a": {"$push": {"$each": [4], "$slice": 2}}}');
SELECT 'E18 $slice 0', op('{"a": [1, 2, 3]}', '{"a": {"$push": {"$each": [4], "$slice": 0}}}');
SELECT 'E18 $slice wider', op('{"a": [1]}', '{"a": {"$push": {"$each": [4], "$slice": -9}}}');
SELECT 'E18 insert, then slice', op('{"a": [1, 2, 3]}', '{"a": {"$push": {"$each": [8, 9], "$position": 0, "$slice": 3}}}');
SELECT 'E18 $slice alone on $each: []', op('{"a": [1, 2, 3]}', '{"a": {"$push": {"$each": [], "$slice": 1}}}');
SELECT 'E18 a fraction', op('{"a": [1]}', '{"a": {"$push": {"$each": [1], "$slice": 1.5}}}');
SELECT 'E18 2.0 is an integer', op('{"a": [1]}', '{"a": {"$push": {"$each": [2, 3], "$slice": 2.0}}}');
SELECT 'E18 a text', op('{"a": [1]}', '{"a": {"$push": {"$each": [1], "$position": "0"}}}');
SELECT 'E18 unknown modifier', op('{"a": [1]}', '{"a": {"$push": {"$each": [1], "$sort": 1}}}');
SELECT 'E18 plain key beside $each', op('{"a": [1]}', '{"a": {"$push": {"$each": [1], "x": 1}}}');
SELECT 'E18 $slice without $each', op('{"a": [1]}', '{"a": {"$push": {"$slice": 1}}}');
SELECT 'E18 $slice in $addToSet', op('{"a": [1]}', '{"a": {"$addToSet": {"$each": [1], "$slice": 1}}}');
SELECT 'E18 $each of a scalar', op('{"a": [1]}', '{"a": {"$push": {"$each": 1}}}');
SELECT 'E19 $each: [] on missing', try('{}', '{"a": {"$push": {"$each": []}}}'), try('{}', '{"a": {"$addToSet": []}}');
SELECT 'E20 1 is 1.0', op('{"a": [1]}', '{"a": {"$addToSet": [1.0, 1e0]}}');
SELECT 'E20 1 is not "1"', op('{"a": [1]}', '{"a": {"$addToSet": "1"}}');
SELECT 'E21 objects without regard to order', op('{"a": [{"x": 1, "y": 2}]}', '{"a": {"$addToSet": {"y": 2.0, "x": 1}}}');
SELECT 'E22 repeats in the operand', op('{"a": [1]}', '{"a": {"$addToSet": [3, 2, 3, 2, 1]}}');
SELECT 'E22 stored repeats stay', op('{"a": [1, 1]}', '{"a": {"$addToSet": [1, 2]}}');
SELECT 'E23 $pull of an object is by value', op('{"a": [{"x": 1, "y": 2}, {"x": 1}]}', '{"a": {"$pull": {"x": 1}}}'),
                                             op('{"a": [{"x": 1, "y": 2}]}', '{"a": {"$pull": {"y": 2, "x": 1}}}');
SELECT 'E24 $gte', op('{"a": [1, 5, "5", 9]}', '{"a": {"$pull": {"$gte": 5}}}');
SELECT 'E24 $gt and $lt', op('{"a": [1, 5, 9]}', '{"a": {"$pull": {"$gt": 1, "$lt": 9}}}');
SELECT 'E24 $lte of texts', op('{"a": ["a", "b", "c", 1]}', '{"a": {"$pull": {"$lte": "b"}}}');
SELECT 'E24 $in', op('{"a": [1, "1", 2, 1.0]}', '{"a": {"$pull": {"$in": [1, 3]}}}');
SELECT 'E24 $nin', op('{"a": [1, "1", 2, null]}', '{"a": {"$pull": {"$nin": [1, 2]}}}');
SELECT 'E24 $eq, $ne', op('{"a": [1, 2, [1]]}', '{"a": {"$pull": {"$eq": [1]}}}'), op('{"a": [1, 2]}', '{"a": {"$pull": {"$ne": 1}}}');
SELECT 'E24 unknown condition', op('{"a": [1]}', '{"a": {"$pull": {"$regex": "x"}}}');
SELECT 'E24 condition and plain key', op('{"a": [1]}', '{"a": {"$pull": {"$gt": 1, "x": 1}}}');
SELECT 'E24 $in of a scalar', op('{"a": [1]}', '{"a": {"$pull": {"$in": 1}}}');
SELECT 'E24 $gt of a boolean', op('{"a": [1]}', '{"a": {"$pull": {"$gt": true}}}');
SELECT 'E24 a fault is one on missing too', op('{}', '{"a": {"$pull": {"$gt": true}}}');
SELECT 'E25 $max 5, $min 2', op('{"a": 3}', '{"a": {"$max": 5, "$min": 2}}'), op('{"a": 3}', '{"a": {"$min": 2, "$max": 5}}');
SELECT 'E25 $set, $inc, $mul', op('{"a": 1}', '{"a": {"$inc": 1, "$mul": 10, "$set": 2}}');
SELECT 'E25 $unset first', op('{"a": 7}', '{"a": {"$inc": 1, "$unset": 1}}');
SELECT 'E25 $unset, $setOnce', op('{"a": 7}', '{"a": {"$setOnce": 1, "$unset": 1}}');
SELECT 'E25 $set wins over $setOnce', op('{}', '{"a": {"$setOnce": 1, "$set": 2}}');
SELECT 'E25 $pull, $addToSet, $push', op('{"a": [1, 2]}', '{"a": {"$push": [1], "$addToSet": [1, 3], "$pull": [1]}}');
SELECT 'E25 all ten', op('{"a": 1}', '{"a": {"$push": 1, "$addToSet": 2, "$pull": 3, "$max": 4, "$min": 5, "$inc": 6, "$mul": 7, "$setOnce": 8, "$set": [9], "$unset": 0}}');
SELECT 'E25 the seven that fit a number', op('{"a": 1}', '{"a": {"$max": 4, "$min": 500, "$inc": 6, "$mul": 7, "$setOnce": 8, "$set": 9, "$unset": 0}}');
SELECT 'E25 a fault skips one of several', try('{"a": 3}', '{"a": {"$push": 1, "$inc": 2, "$min": "x"}}');
SELECT 'E26 a dot', op('{}', '{"a.b": 1}');
SELECT 'E26 a dollar sign', op('{}', '{"a$": 1}');
SELECT 'E26 no name', op('{}', '{"": 1}');
SELECT 'E26 lenient strips', try('{}', '{"a.b": 1, "$c": {"$inc": 2}}');
SELECT 'E26 lenient collision', try('{}', '{"a.b": {"$inc": 1}, "ab": {"$inc": 2}}');
SELECT 'E26 nothing is left', try('{}', '{".$": 1, "b": 1}');
SELECT 'E27 operators and plain members', op('{}', '{"a": {"$inc": 1, "x": 1}}');
SELECT 'E27 lenient', try('{}', '{"a": {"$inc": 1, "x": 1}, "b": 1}');
SELECT 'E27 unknown operator', op('{}', '{"a": {"$foo": 1}}');
SELECT 'E27 lenient', try('{}', '{"a": {"$foo": 1, "$inc": 2}}');
SELECT 'E28 no operator', try('{"a": 1}', '{"a": {}}'), try('{"a": 1}', '{}');
SELECT 'E29 $unset takes anything', op('{"a": 1, "b": 2, "c": 3}', '{"a": {"$unset": ""}, "b": {"$unset": null}, "c": {"$unset": ["x"]}}');
SELECT 'E30 a path into an array', op('{"a": [1]}', '{"a.0": {"$inc": 1}}');
SELECT 'E30 $[]', op('{"a": [1]}', '{"a.$[]": {"$inc": 1}}');
SELECT 'E31 $setOnce after $unset', apply_agg(d ORDER BY n) FROM (VALUES (1, '{"custom": {"a": 1}}'::jsonb), (2, '{"custom": {"a": {"$unset": 1}}}'), (3, '{"custom": {"a": {"$setOnce": 2}}}')) v (n, d);
SELECT 'E32 the order of arrival', apply_agg(d ORDER BY n), apply_agg(d ORDER BY n DESC) FROM (VALUES (1, '{"custom": {"a": 1}}'::jsonb), (2, '{"custom": {"a": 2}}')) v (n, d);
CREATE TABLE users (id int PRIMARY KEY, p profile NOT NULL DEFAULT '{}');
INSERT INTO users
    SELECT id, apply_agg(d ORDER BY n)
    FROM (VALUES (1, 1, '{"custom": {"a": {"$inc": 1}}}'::jsonb), (1, 2, '{"custom": {"a": {"$inc": 2}}}'), (2, 3, '{"name": "Ada"}')) v (id, n, d)
    GROUP BY id;
SELECT 'E34 a batch in one upsert', id, p FROM users ORDER BY id;
INSERT INTO users VALUES (1, '{"custom": {"a": 1}}') ON CONFLICT (id) DO UPDATE SET p = inc(users.p, 'a', 10);
SELECT 'E35 upsert', p FROM users WHERE id = 1;
UPDATE users SET p = push(p, 'seen', id);
SELECT 'E36 many rows', id, p FROM users ORDER BY id;
DROP TABLE users;
SELECT 'E38 the last of repeated keys', op('{"a": 1, "a": 2}', '{"b": {"$inc": 1, "$inc": 5}}');
SELECT 'E39 NULL value', run($$set('{"custom": {"a": 1, "b": 2}}', 'a', NULL)$$), run($$set('{"custom": {"a": 1}}', 'a', NULL::int)$$);
SELECT 'E39 NULL operand', run($$inc('{}', 'a', NULL)$$), run($$push('{}', 'a', NULL::text)$$);
SELECT 'E39 NULL key', run($$inc('{}', NULL)$$);
SELECT 'E39 NULL profile', run($$inc(NULL, 'a')$$), run($$set(NULL, 'a', 1)$$), run($$apply(NULL, '{}')$$);
SELECT 'E39 missing parent', run($$set('{}', 'a', 1)$$);
SELECT 'E40 NUL', run($$apply('{}', '{"custom": {"a": "\u0000"}}')$$), run($$apply('{}', '{"custom": {"\u0000": 1}}')$$);

-- $pop and $rename
SELECT 'E41 $pop', op('{"a": [1, 2, 3]}', '{"a": {"$pop": 1}}'), op('{"a": [1, 2, 3]}', '{"a": {"$pop": -1}}'), op('{"a": [1, 2]}', '{"a": {"$pop": 1.0}}');
SELECT 'E41 nothing to pop', try('{"a": []}', '{"a": {"$pop": 1}}'), try('{}', '{"a": {"$pop": -1}}'), op('{"a": [[1]]}', '{"a": {"$pop": -1}}');
SELECT 'E41 faults', op('{"a": 1}', '{"a": {"$pop": 1}}'), op('{"a": [1]}', '{"a": {"$pop": 2}}'), op('{}', '{"a": {"$pop": 0}}'), op('{}', '{"a": {"$pop": "1"}}'), op('{}', '{"a": {"$pop": null}}');
SELECT 'E41 lenient', try('{"a": 1, "b": [1]}', '{"a": {"$pop": 1}, "b": {"$pop": 1}}');
SELECT 'E41 before the others on arrays', op('{"a": [1, 2, 3]}', '{"a": {"$push": 4, "$pop": -1}}'), op('{"a": [1, 2, 3]}', '{"a": {"$addToSet": 3, "$pop": 1}}'), op('{"a": [1, 2]}', '{"a": {"$pull": 2, "$pop": 1}}');
SELECT 'E42 $rename', op('{"a": 1, "c": 3}', '{"a": {"$rename": "b"}}'), op('{"a": 1, "b": 2}', '{"a": {"$rename": "b"}}');
SELECT 'E42 nothing to rename', try('{"b": 2}', '{"a": {"$rename": "b"}}');
SELECT 'E42 before all others', op('{"a": 1}', '{"a": {"$rename": "b", "$inc": 5}, "b": {"$inc": 10}}'), op('{"a": 1, "b": 2}', '{"a": {"$rename": "b"}, "b": {"$unset": 1}}');
SELECT 'E42 the only property', op('{"a": 1}', '{"a": {"$rename": "b"}}'), op('{"a": 1}', '{"a": {"$rename": "b"}, "b": {"$unset": 1}}');
SELECT 'E42 faults', op('{}', '{"a": {"$rename": 1}}'), op('{}', '{"a": {"$rename": null}}'), op('{}', '{"a": {"$rename": ""}}'), op('{}', '{"a": {"$rename": "b.c"}}'), op('{}', '{"a": {"$rename": "a"}}');
SELECT 'E42 two of one name', op('{"a": 1, "b": 2}', '{"a": {"$rename": "b"}, "b": {"$rename": "a"}}'), op('{}', '{"a": {"$rename": "c"}, "b": {"$rename": "c"}}'), op('{}', '{"a": {"$rename": "b"}, "b": {"$rename": "c"}}');
SELECT 'E42 lenient', try('{"a": 1, "b": 2}', '{"a": {"$rename": "c"}, "b": {"$rename": "c"}}');
SELECT 'E43 $literal', op('{"a": 1}', '{"a": {"$literal": ""}}'), op('{"a": 1}', '{"a": {"$literal": null}}'), op('{}', '{"a": {"$literal": {"$inc": 1}}}'), op('{}', '{"a": {"$set": 1, "$literal": 2, "$setOnce": 3}}');
SELECT 'E43 functions', run($$pop('{"custom": {"a": [1, 2, 3]}}', 'a')$$), run($$pop('{"custom": {"a": [1, 2, 3]}}', 'a', first => true)$$), run($$rename('{"custom": {"a": 1}}', 'a', 'b')$$), run($$rename('{"a": 1}', 'a', 'b')$$);
SELECT 'E43 NULLs', run($$pop(NULL, 'a')$$), run($$pop('{}', NULL)$$), run($$rename(NULL, 'a', 'b')$$), run($$rename('{}', NULL, 'b')$$), run($$rename('{}', 'a', NULL)$$);
SELECT 'E43 faults', run($$pop('{"custom": {"a": 1}}', 'a')$$), run($$pop('{}', 'a.b')$$), run($$rename('{}', 'a', 'a')$$), run($$rename('{}', 'a', '$b')$$), run($$rename('{}', '', 'b')$$);

-- Error messages in full
\set VERBOSITY default
SELECT inc('{"custom": {"plan": "pro"}}', 'plan', 1.5);
SELECT push('{"custom": {"plan": "pro"}}', 'plan', 'x');
SELECT pull('{"custom": {"tags": [1]}}', 'tags', '{"$like": 1}'::jsonb);
SELECT set('{}', 'a.b', 1);
SELECT inc('{"custom": {"a": 1e6144}}', 'a', 1);
SELECT mul('{"custom": {"a": 1e6144}}', 'a', 10);
SELECT apply('{}', '{"$set": {"nickname": "x"}}');
SELECT pop('{"custom": {"plan": "pro"}}', 'plan');
SELECT apply('{}', '{"custom": {"queue": {"$pop": 2}}}');
SELECT apply('{}', '{"custom": {"a": {"$rename": "b"}, "b": {"$rename": "c"}}}');
SELECT apply('{}', '{"custom": {"a": {"$incr": 1}}}');

-- Every operator on every type with every type. What is allowed:
--   $inc $mul   number or missing, by a number
--   $min $max   number or missing, with a number; text or missing, with a text that is not empty
--   $push $addToSet $pull   array or missing, with anything but null
--   $pop        array or missing, with 1 or -1
--   $set $literal $setOnce $unset   everything
SELECT operator, v.name AS value,
       string_agg(coalesce(substring(op(v.custom, format('{"a": {"%s": %s}}', operator, operand)) FROM '^ERROR (.{5})'),
                           regexp_replace(op(v.custom, format('{"a": {"%s": %s}}', operator, operand)), '^\{"a": (.*)\}$', '\1')),
                  ' | ' ORDER BY o.n)
FROM unnest(ARRAY['$unset', '$set', '$literal', '$setOnce', '$mul', '$inc', '$min', '$max', '$pop', '$pull', '$addToSet', '$push']) WITH ORDINALITY x (operator, n),
     (VALUES (1, 'missing', '{}'), (2, 'number', '{"a": 3}'), (3, 'text', '{"a": "m"}'), (4, 'boolean', '{"a": true}'),
             (5, 'array', '{"a": [2]}'), (6, 'object', '{"a": {"k": 1}}')) v (n, name, custom),
     (VALUES (1, '2'), (2, '4.5'), (3, '"a"'), (4, '"z"'), (5, '""'), (6, 'false'), (7, 'null'), (8, '[2, 7]'), (9, '[]'), (10, '{"k": 1}')) o (n, operand)
GROUP BY x.n, operator, v.n, v.name
ORDER BY x.n, v.n;

-- Every SQL type as value
SELECT 'int2', run($$set('{}', 'a', int2 '-32768')$$);
SELECT 'int4', run($$set('{}', 'a', -2147483648)$$);
SELECT 'int8', run($$set('{}', 'a', 9223372036854775807)$$), run($$set('{}', 'a', -9223372036854775808)$$);
SELECT 'numeric', run($$set('{}', 'a', 1.50)$$), run($$set('{}', 'a', 12345678901234567890123456789012345)$$);
SELECT 'numeric with a long text', run($$set('{}', 'a', numeric '1e131071')$$), run($$set('{}', 'a', numeric '-1e6144')$$),
                                   run($$set('{}', 'a', numeric '1e-6143')$$), run($$set('{}', 'a', numeric '1e-6144')$$);
SELECT 'float4', run($$set('{}', 'a', float4 '0.1')$$), run($$set('{}', 'a', float4 '16777216')$$), run($$set('{}', 'a', float4 '3.4e38')$$);
SELECT 'float8', run($$set('{}', 'a', float8 '0.1')$$), run($$set('{}', 'a', float8 '-0')$$), run($$set('{}', 'a', float8 '5e-324')$$);
SET extra_float_digits = 0;
SELECT 'float8, whatever extra_float_digits says', run($$set('{}', 'a', float8 '0.1' + float8 '0.2')$$);
RESET extra_float_digits;
SELECT 'text', run($$set('{}', 'a', text 'x')$$), run($$set('{"custom": {"a": 1}}', 'a', text '')$$);
SELECT 'varchar', run($$set('{}', 'a', varchar '007')$$);
SELECT 'char', run($$set('{}', 'a', char(3) 'x')$$);
SELECT 'name', run($$set('{}', 'a', name 'x')$$);
SELECT 'unknown literal', run($$set('{}', 'a', 'x')$$), run($$set('{}', 'a', '5')$$);
SELECT 'bool', run($$set('{}', 'a', true)$$), run($$set('{}', 'a', 1 = 2)$$);
SELECT 'date', run($$set('{}', 'a', date '2024-02-29')$$), run($$set('{}', 'a', date 'infinity')$$);
SELECT 'timestamp', run($$set('{}', 'a', timestamp '2024-02-29 12:30:00.5')$$);
SET datestyle = 'German, DMY';
SELECT 'date, whatever DateStyle says', run($$set('{}', 'a', date '2024-02-29')$$);
RESET datestyle;
SELECT 'timestamptz', run($$set('{}', 'a', timestamptz '2024-02-29 12:30+00')$$);
SELECT 'jsonb', run($$set('{}', 'a', jsonb '{"x": [1.0, null, {"y": true}]}')$$), run($$set('{"custom": {"a": 1}}', 'a', jsonb 'null')$$), run($$set('{}', 'a', jsonb '"x"')$$);
SELECT 'json', run($$set('{}', 'a', json '{"x": 1, "x": [2.50]}')$$), run($$set('{}', 'a', json '"\u0000"')$$);
SELECT 'int[]', run($$set('{}', 'a', ARRAY[1, 2])$$), run($$set('{}', 'a', ARRAY[1, NULL])$$), run($$set('{}', 'a', '{}'::int[])$$);
SELECT 'text[]', run($$push('{}', 'a', ARRAY['x', '', 'y'])$$), run($$push('{}', 'a', ARRAY['x', NULL])$$);
SELECT 'bool[], date[], jsonb[]', run($$push('{}', 'a', ARRAY[true])$$), run($$push('{}', 'a', ARRAY[date '2024-02-29'])$$), run($$push('{}', 'a', ARRAY[jsonb '[1]', '{"x": 2}'])$$);
SELECT 'numeric[], float8[]', run($$push('{}', 'a', ARRAY[1.10, 2])$$), run($$push('{}', 'a', ARRAY[float8 '0.1'])$$);
SELECT 'int[][]', run($$set('{}', 'a', ARRAY[[1], [2]])$$);
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN percents AS percent[];
SELECT 'domain', run($$set('{}', 'a', 5::percent)$$), run($$set('{}', 'a', ARRAY[5, 6]::percents)$$);
SELECT 'not kept', run($$set('{}', 'a', uuid '5b30857f-0bfa-48b5-ac0b-5c64e28078d1')$$), run($$set('{}', 'a', interval '1 day')$$),
                   run($$set('{}', 'a', ROW(1, 2))$$), run($$set('{}', 'a', ARRAY[bytea 'x'])$$), run($$set('{}', 'a', int4range '[1,2]')$$);
SELECT 'inc takes every number', run($$inc('{}', 'a', 1::int2)$$), run($$inc('{}', 'a')$$), run($$inc('{}', 'a', by => 2.5)$$), run($$mul('{"custom": {"a": 1.5}}', 'a', 4)$$);
SELECT 'min, max', run($$min('{"custom": {"a": 5}}', 'a', float8 '4.5')$$), run($$max('{"custom": {"a": "a"}}', 'a', 'b')$$), run($$max('{}', 'a', true)$$);
SELECT 'set_once, unset', run($$set_once('{}', 'a', 1)$$), run($$set_once('{"custom": {"a": 2}}', 'a', 1)$$), run($$set_once('{}', 'a', '')$$), run($$unset('{"name": "Ada", "custom": {"a": 1}}', 'a')$$);
SELECT 'add_to_set, pull', run($$add_to_set('{"custom": {"a": ["x"]}}', 'a', ARRAY['x', 'y'])$$), run($$pull('{"custom": {"a": [1, 2, 3]}}', 'a', '{"$gte": 2}'::jsonb)$$), run($$pull('{"custom": {"a": ["x", "y"]}}', 'a', 'x')$$);
SELECT 'a parameter', set('{}', 'a', x) FROM (VALUES (1), (2)) v (x);
PREPARE setter AS SELECT set('{}', 'a', $1::text);
EXECUTE setter('x');

-- Values come back as they went in, whatever the type
SELECT 'nothing is lost', run($$set('{}', 'a', '{"deep": {"list": [1, "2", [3.5, {"x": null}]]}}'::jsonb) -> 'custom.a'$$);

-- Exactness
SELECT 'sums of money', apply_agg(jsonb_build_object('custom', jsonb_build_object('spent', jsonb_build_object('$inc', n / 100.0)))) FROM generate_series(1, 1000) n;
SELECT '34 digits', op('{"a": 1234567890123456789012345678901233}', '{"a": {"$inc": 1}}'), op('{"a": 9999999999999999999999999999999999}', '{"a": {"$inc": 1}}');
SELECT '35 digits', op('{"a": 9999999999999999999999999999999999}', '{"a": {"$inc": 0.1}}'), op('{"a": 1e34}', '{"a": {"$inc": 1}}');
SELECT 'cancels out', op('{"a": 1e34}', '{"a": {"$inc": -1}}'), op('{"a": 0.5}', '{"a": {"$inc": 0.5}}'), op('{"a": 2.5}', '{"a": {"$mul": 0.4}}');
SELECT 'far apart', op('{"a": 1e6144}', '{"a": {"$inc": -1e6144}}'), op('{"a": 1e40}', '{"a": {"$inc": 1e-40}}');
SELECT 'underflow', op('{"a": 1e-6143}', '{"a": {"$mul": 0.1}}'), run($$mul('{"custom": {"a": 1e-6143}}', 'a', 10)$$);
SELECT 'lenient', try('{"a": 1e34}', '{"a": {"$inc": 1}, "b": {"$inc": 1}}');
SELECT 'lenient, a number that nobody can keep', try('{}', '{"a": 1e7000, "b": {"$inc": 12345678901234567890123456789012345, "$push": 2}, "c": 3, "d": [1, 1e-7000]}');

-- Standard properties
CREATE FUNCTION std(before text, details text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN apply(before::profile, details::jsonb);
EXCEPTION WHEN OTHERS THEN
    RETURN format('ERROR %s: %s', sqlstate, sqlerrm);
END $$;
SELECT 'all nine', std('{}', '{"name": "Ada", "username": "ada", "email": "a@b.c", "organization": "X", "phone": "+1", "picture": "http://x/y.png", "gender": "F", "byear": 1985, "custom": {"a": 1}}');
SELECT 'removed', std('{"name": "Ada", "email": "a@b.c", "byear": 1985}', '{"name": null, "email": "", "byear": -1}');
SELECT 'byear', std('{}', '{"byear": "1985"}'), std('{}', '{"byear": 1985.0}'), std('{"byear": 1}', '{"byear": ""}');
SELECT 'byear faults', std('{}', '{"byear": "x"}'), std('{}', '{"byear": 1985.5}'), std('{}', '{"byear": true}'), std('{}', '{"byear": "1e7000"}');
SELECT 'any property', std('{"score": 1, "list": [1]}', '{"country": "DE", "score": {"$inc": 2}, "list": {"$push": 2}, "tags": ["x"], "nested": {"x": 1}}');
SELECT 'removed, renamed', std('{"country": "DE", "city": "Bonn", "score": 1}', '{"country": null, "city": {"$rename": "town"}, "score": {"$unset": 1}}');
SELECT 'campaign', std('{"campaign": {"name": "x", "n": 1}}', '{"campaign": {"name": "y", "n": {"$inc": 1}}}'), std('{"campaign": {"name": "x"}}', '{"campaign": {"name": null}}'), std('{}', '{"campaign": 1}');
SELECT 'faults', std('{"country": "DE"}', '{"country": {"$inc": 1}}'), std('{}', '{"country": {"$add": 1}}'), std('{}', '{"country": {"$set": 1, "x": 1}}'), std('{}', '{"a.b": 1}'), std('{}', '{"": 1}');
SELECT 'groups are no properties', std('{}', '{"custom": {"$set": {"a": 1}}}'), std('{}', '{"a": {"$rename": "custom"}}'), std('{}', '{"a": {"$rename": "campaign"}}'), std('{"custom": {"a": 1}}', '{"custom": {"a": {"$rename": "custom"}}}');
SELECT 'lenient', * FROM try_apply('{"a": 1}', '{"$custom": 1, "cam.paign": 1, "c.d": 1, "cd": {"$inc": 1}, "a": {"$push": 1}, "custom": {"cus.tom": 1}}');
SELECT 'a container', std('{}', '{"name": ["Ada"]}'), std('{}', '{"name": {"first": "Ada"}}'), std('{}', '{"name": {}}');
SELECT 'spelled out', std('{}', '{"name": {"$set": ["Ada"]}}'), std('{}', '{"byear": {"$set": "1985"}}'), std('{"byear": 1}', '{"byear": {"$set": -1}}'), std('{"byear": 1}', '{"byear": {"$inc": 1}}');

-- Sequences
SELECT 'steps in their order', std('{"custom": {"a": 1}}', '{"$seq": [{"custom": {"a": {"$inc": 1}}}, {"custom": {"a": {"$mul": 10}}}, {"name": "Ada", "custom": {"a": {"$inc": 1}}}]}');
SELECT 'a rename between', std('{"custom": {"a": 1, "b": 5}}', '{"$seq": [{"custom": {"a": {"$inc": 1}}}, {"custom": {"a": {"$rename": "b"}}}, {"custom": {"a": {"$inc": 7}, "b": {"$inc": 40}}}]}');
SELECT 'names swapped', std('{"a": 1, "b": 2}', '{"$seq": [{"a": {"$rename": "c"}}, {"b": {"$rename": "a"}}, {"c": {"$rename": "b"}}]}');
SELECT 'there and back', changed, skipped FROM try_apply('{"custom": {"a": 1}}', '{"$seq": [{"custom": {"a": {"$rename": "b"}}}, {"custom": {"b": {"$rename": "a"}}}]}');
SELECT 'no steps', std('{"a": 1}', '{"$seq": []}'), std('{"a": 1}', '{"$seq": [{}, {}]}');
SELECT 'faults', std('{}', '{"$seq": {}}'), std('{}', '{"$seq": [1]}'), std('{}', '{"$seq": [], "a": 1}'), std('{}', '{"$seq": [{"$seq": []}]}'), std('{}', '{"custom": {"$seq": []}}');
SELECT 'nothing of a strict sequence', std('{"custom": {"a": 1}}', '{"$seq": [{"custom": {"a": {"$inc": 1}}}, {"custom": {"a": {"$push": 1}}}]}');
SELECT 'lenient', * FROM try_apply('{"custom": {"a": 1}}', '{"$seq": [{"custom": {"a": {"$inc": 1}}}, {"custom": {"a": {"$push": 1}}}, 5, {"$seq": []}, {"custom": {"a": {"$inc": 1}}}]}');
SELECT 'lenient, no sequence', * FROM try_apply('{"custom": {"a": 1}}', '{"$seq": 1}');
SELECT 'custom', std('{}', '{"custom": null}'), std('{}', '{"custom": [1]}'), std('{}', '{"custom": "x"}'), std('{"custom": {"a": 1}}', '{"custom": {}}');
SELECT 'others stay', std('{"country": "DE", "campaign": {"name": "x"}, "custom": {"a": 1}}', '{"name": "Ada", "custom": {"a": {"$unset": 1}}}');
SELECT 'no object', std('{}', '[]'), std('{}', '1'), std('{}', '{}');
SELECT 'lenient', * FROM try_apply('{}', '{"name": ["Ada"], "nickname": "x", "byear": "x", "gender": "F", "custom": [1]}');
SELECT 'lenient, no object', run($$try_apply('{}', '[]')$$);

-- A strict error leaves nothing behind, in a table too
CREATE TABLE strict (p profile);
INSERT INTO strict VALUES ('{"custom": {"a": 1, "b": "x"}}');
UPDATE strict SET p = apply(p, '{"custom": {"a": {"$inc": 1}, "b": {"$inc": 1}}}');
SELECT p FROM strict;
UPDATE strict SET p = (try_apply(p, '{"custom": {"a": {"$inc": 1}, "b": {"$inc": 1}}}')).profile;
SELECT p FROM strict;

-- apply_agg: no rows, NULLs, the order
SELECT 'no rows', apply_agg(d) FROM (SELECT NULL::jsonb WHERE false) v (d);
SELECT 'NULLs', apply_agg(d) FROM (VALUES (NULL::jsonb), ('{"custom": {"a": {"$inc": 1}}}'), (NULL)) v (d);
SELECT 'groups', n % 2, apply_agg(jsonb_build_object('custom', jsonb_build_object('last', n, 'list', jsonb_build_object('$push', n))) ORDER BY n) FROM generate_series(1, 7) n GROUP BY 2 ORDER BY 2;
SELECT 'a fault', run($$(SELECT apply_agg(jsonb_build_object('custom', jsonb_build_object('a', jsonb_build_object('$push', n), 'b', n / (n - 2)))) FROM generate_series(1, 3) n)$$);

-- Large: sets of 100,000 members, one of them all equal; a profile with 20,000 properties
SELECT 'add_to_set', jsonb_array_length(add_to_set(set('{}', 'a', array_agg(n)), 'a', array_agg(n + 50000)) -> 'custom.a') FROM generate_series(1, 100000) n;
SELECT 'pull', jsonb_array_length(pull(set('{}', 'a', array_agg(n)), 'a', array_agg(2 * n)) -> 'custom.a') FROM generate_series(1, 100000) n;
SELECT 'equal ones', add_to_set('{}', 'a', array_agg(0)) FROM generate_series(1, 100000) n;
SELECT 'every operator at once', profile_is_valid(q), q ->> 'custom.k1', q ->> 'custom.k20000', octet_length(q::text) - octet_length(p::text)
FROM (SELECT jsonb_build_object('custom', jsonb_object_agg('k' || n, n))::profile AS p,
             jsonb_build_object('custom', jsonb_object_agg('k' || n, '{"$inc": 0, "$mul": -1}'::jsonb)) AS d FROM generate_series(1, 20000) n) s,
     LATERAL apply(p, d) q;

-- Nothing may grow deeper than a profile can be
SELECT 'depth', run(format('profile_is_valid(set(''{}'', ''a'', ''%s''::jsonb))', repeat('[', 62) || repeat(']', 62))),
                run(format('set(''{}'', ''a'', ''%s''::jsonb)', repeat('[', 63) || repeat(']', 63)));
SELECT 'depth of an appended object', run(format('profile_is_valid(push(''{}'', ''a'', ''%s1%s''::jsonb))', repeat('{"x":', 61), repeat('}', 61))),
                                      run(format('push(''{}'', ''a'', ''%s1%s''::jsonb)', repeat('{"x":', 62), repeat('}', 62)));
SELECT 'depth in a document', run(format('profile_is_valid(apply(''{}'', ''{"custom": {"a": %s}}''))', repeat('[', 62) || repeat(']', 62))),
                              run(format('profile_is_valid(apply(''{}'', ''{"$seq": [{"custom": {"a": {"$push": {"$each": [%s]}}}}]}''))', repeat('[', 61) || repeat(']', 61))),
                              run(format('apply(''{}'', ''{"custom": {"a": {"$set": %s}}}'')', repeat('[', 63) || repeat(']', 63))),
                              run(format('apply(''{}'', ''{"custom": {"a": {"$push": {"$each": [%s]}}}}'')', repeat('[', 62) || repeat(']', 62))),
                              run(format('apply(''{}'', ''{"custom": {"a": {"$addToSet": %s1%s}}}'')', repeat('{"x":', 62), repeat('}', 62)));
