-- diff: the document that turns one profile into another. Every difference was worked out by hand; below them, that
-- applying it leads there, for all pairs of a list of profiles.
SET search_path = profiles, public;
\pset tuples_only on
\pset format unaligned
\pset fieldsep ' | '
\pset null NULL

CREATE FUNCTION run(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT (' || expression || ')::text' INTO result;
    RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
    RETURN format('ERROR %s: %s', sqlstate, sqlerrm);
END $$;

SELECT 'nothing', diff('{}', '{}'), diff('{"name": "Ada", "custom": {"a": [1]}}', '{"custom": {"a": [1.0]}, "name": "Ada"}');
SELECT 'a new property', diff('{}', '{"name": "Ada"}'), diff('{}', '{"custom": {"a": 1}}'), diff('{}', '{"campaign": {"c": "x"}}');
SELECT 'another value', diff('{"name": "Ada", "city": "Bonn"}', '{"name": "Ada", "city": "Köln"}'), diff('{"custom": {"a": 1, "b": 2}}', '{"custom": {"a": 1, "b": "2"}}');
SELECT 'a property that goes', diff('{"name": "Ada", "city": "Bonn"}', '{"name": "Ada"}'), diff('{"custom": {"a": 1, "b": 2}}', '{"custom": {"b": 2}}');
SELECT 'a group that goes', diff('{"custom": {"a": 1}, "campaign": {"c": 1}}', '{}');
SELECT 'all at once', diff('{"name": "Ada", "city": "Bonn", "custom": {"a": 1, "b": 2, "c": 3}}', '{"country": "DE", "city": "Bonn", "custom": {"b": 3, "c": 3, "d": 4}, "campaign": {"x": true}}');

-- Values that a document means otherwise
SELECT 'an empty text', diff('{"name": "Ada", "custom": {"a": 1}}', '{"name": "", "custom": {"a": ""}}');
SELECT 'arrays, objects', diff('{}', '{"name": ["Ada"], "custom": {"a": [], "b": {}, "c": {"$inc": 1}, "d": {"x.y": {"$set": null}}, "e": [null, ""]}}');
SELECT 'the year of birth', diff('{}', '{"byear": 1990}'), diff('{}', '{"byear": -1}'), diff('{}', '{"byear": "1990"}'), diff('{}', '{"byear": 1990.5}'), diff('{"byear": 1}', '{}'), diff('{}', '{"custom": {"byear": -1}}');
SELECT 'exact numbers', diff('{}', '{"custom": {"a": 1234567890123456789012345678901234, "b": 0.1, "c": 9223372036854775808}}');
SELECT 'names', diff('{}', '{"custom": {"custom": 1, "campaign": 2, "a b\"c": 3, "é": 4}}');

-- NULLs, and what is no profile
SELECT 'NULL', run($$diff(NULL, '{}')$$), run($$diff('{}', NULL)$$), run($$diff('{}', '[]')$$);

-- There and back, for every pair
CREATE TABLE sample (id serial, p profile);
INSERT INTO sample (p) VALUES
    ('{}'), ('{"name": ""}'), ('{"name": "Ada", "byear": -1}'), ('{"byear": "1985"}'), ('{"byear": 1985}'), ('{"byear": {"$set": 1}}'),
    ('{"name": {"$rename": "x"}, "country": [1, [2, {"a": null}]]}'), ('{"custom": {"a": ""}}'), ('{"custom": {"a": {}}}'),
    ('{"custom": {"a": {"$each": [1], "b.c": {"$inc": "x"}}, "b": [null]}}'), ('{"custom": {"a": false, "b": true}, "campaign": {"a": 0}}'),
    ('{"campaign": {"custom": {"x": 1}, "a": ""}, "custom": {"campaign": [[]]}}'), ('{"custom": {"a": 1e-6143, "b": 9.99e6144, "c": -9223372036854775808}}'),
    (format('{"custom": {"a": %s}}', repeat('[', 62) || repeat(']', 62))::profile), (format('{"a": %s1%s}', repeat('{"x":', 63), repeat('}', 63))::profile),
    ((SELECT jsonb_build_object('custom', jsonb_object_agg('k' || n, n), 'name', repeat('x', 5000)) FROM generate_series(1, 1000) n)::profile),
    ((SELECT jsonb_build_object('custom', jsonb_object_agg('k' || n, -n)) FROM generate_series(1, 2000) n)::profile);
SELECT 'pairs', count(*), count(*) FILTER (WHERE apply(a.p, diff(a.p, b.p)) = b.p), count(*) FILTER (WHERE diff(a.p, b.p) = '{}') FROM sample a, sample b;
-- and so do lenient mode and the composition of two differences
SELECT 'lenient', count(*) FILTER (WHERE t.profile = b.p AND t.skipped = '[]') FROM sample a, sample b, LATERAL try_apply(a.p, diff(a.p, b.p)) t;
SELECT 'a fold', count(*) FILTER (WHERE apply(a.p, compose(diff(a.p, b.p), diff(b.p, c.p))) = c.p) FROM sample a, sample b, sample c;

-- Only what changed is named, however large the rest is
SELECT 'one of 20,000', diff(p, set(p, 'k10000', 'x')) FROM (SELECT jsonb_build_object('custom', jsonb_object_agg('k' || n, n))::profile AS p FROM generate_series(1, 20000) n) s;
-- As what was written to a history
SELECT 'a history', n, diff(lag(p, 1, '{}') OVER (ORDER BY n), p) FROM (VALUES (1, '{"custom": {"plan": "free"}}'::profile), (2, '{"custom": {"plan": "pro"}}'), (3, '{"name": "Ada"}')) v (n, p);
DROP TABLE sample;
