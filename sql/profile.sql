-- The type: text and binary form, casts, access, containment, order and hash, hostile input.
SET search_path = profiles, public;
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

-- Text form: canonical, as jsonb prints the same document
SELECT '{"name":"Ada","custom":{"zz":1,"b":[1,2.50,"x",true,null,{"k":{}}],"a":"é\"\\\/\n"},"city":"K\u00f6ln"}'::profile;
SELECT '  {  }  '::profile, '{"custom": {}, "campaign": {}}'::profile, '{"custom": null, "name": null}'::profile;
SELECT '{"a": "\u0001\b\f\n\r\t\"\\\/\ud83d\ude00"}'::profile;
SELECT text_form::profile::text = text_form::jsonb::text AS as_jsonb, text_form::profile
FROM (VALUES ('{"a": 1, "B": [true, false, [], {}, ""], "long name": {"y": 1, "x": 2}}'), ('{"x": "ü", "y": "日本", "z": "😀"}')) v (text_form);

-- null is absent, repeated keys keep the last, empty groups are none
SELECT '{"a": 1, "a": 2}'::profile, '{"a": 1, "a": null}'::profile, '{"a": null, "a": 3}'::profile;
SELECT '{"custom": {"a": 1, "a": null, "b": 2}}'::profile, '{"custom": {"a": 1}, "custom": {"b": 1}}'::profile, '{"custom": {"a": 1}, "custom": null}'::profile;
SELECT '{"custom": {"a": null}}'::profile, '{"campaign": {"a": null}, "x": 1}'::profile, '{"custom": {"a": {"b": null}, "c": [null]}}'::profile;

-- Numbers are exact and have one form
SELECT '{"a": [0, -0, 0.0, -0.00e5, 1.0, 1.50, 100, 1e2, 1.5E+3, 2e-3, 123456789.000]}'::profile;
SELECT '{"a": [9223372036854775807, -9223372036854775808, 9223372036854775808, -9223372036854775809, 18446744073709551616]}'::profile;
SELECT '{"a": [1234567890123456789012345678901234, 0.1234567890123456789012345678901234, 12345678901234567.8901234567890123400]}'::profile;
SELECT '{"a": [1e39, 1e40, 1e6144, -9.99e6144, 1e-39, 1e-40, 1e-41, 1.5e-41, 1e-6143]}'::profile;
SELECT '{"a": 1000000000000000000000000000000000000000000000000000000000000000000000000000000000000}'::profile;
SELECT run(format('''{"a": %s}''::profile', n)) FROM (VALUES ('12345678901234567890123456789012345'), ('1e6145'), ('1e-6144'), ('1e99999999999'), ('1e-99999999999'),
    ('01'), ('-'), ('1.'), ('.5'), ('+1'), ('1e'), ('1e+'), ('--1'), ('0x10'), ('NaN'), ('Infinity'), ('1_000')) v (n);
SELECT p::text::profile = p AS same_text, p::jsonb::profile = p AS same_jsonb
FROM (VALUES ('{"a": [1e6144, 1e-6143, 1e400, 9.999999999999999999999999999999999e6144, 0.1, -5e-41]}'::profile)) v (p);

-- What is no profile
SELECT run(quote_literal(t) || '::profile') FROM (VALUES (''), ('  '), ('[]'), ('1'), ('"x"'), ('null'), ('{'), ('}'), ('{"a"}'), ('{"a":}'), ('{"a":1,}'), ('{,}'), ('{"a":1 "b":2}'), ('{a:1}'),
    ('{"a":1} x'), ('{"a":1}{}'), ('{"a":[1,]}'), ('{"a":[1 2]}'), ('{"a":[}'), ('{"a":tru}'), ('{"a":"x}'), ('{"a":"\x"}'), ('{"a":"\u12g4"}'), ('{"a":"\ud800"}'), ('{"a":"\ud800\u0041"}'), ('{"a":"\udc00"}'),
    ('{"a":"\'), (E'{"a":"\t"}'), ('{"a":"\u0000"}'), ('{"\u0000":1}'), ('{''a'':1}'), ('{"a":1}//'), (E'\uFEFF{}')) v (t);
SELECT run(quote_literal(t) || '::profile') FROM (VALUES ('{"": 1}'), ('{"a.b": 1}'), ('{"$a": 1}'), ('{"custom": {"": 1}}'), ('{"custom": {"a.b": 1}}'), ('{"custom": {"a$": 1}}'), ('{"campaign": {"a.b": 1}}'),
    ('{"custom": 1}'), ('{"custom": []}'), ('{"campaign": "x"}'), ('{"custom": {"a": {"b.c": {"$d": 1}}}}'), ('{"other": {"b.c": 1}}')) v (t);
SELECT '{"a": 1'::profile;
SELECT '{"a.b": 1}'::profile;
SELECT '{"custom": [1]}'::profile;
SELECT '{"a": 12345678901234567890123456789012345}'::profile;

-- Casts
SELECT '{"name": "Ada", "custom": {"n": 1.10, "none": null}}'::jsonb::profile, '{"name": "Ada", "custom": {"n": 1.10}}'::profile::jsonb;
SELECT run($$'[1]'::jsonb::profile$$), run($$'1'::jsonb::profile$$), run($$'null'::jsonb::profile$$), run($$'{"custom": {"a.b": 1}}'::jsonb::profile$$), run($$'{"a": 1e6145}'::jsonb::profile$$);
SELECT run($$('{"a": ' || repeat('9', 35) || '}')::jsonb::profile$$), run($$('{"a": 1' || repeat('0', 6000) || '}')::jsonb::profile$$), run($$('{"a": -0.' || repeat('0', 6000) || '125}')::jsonb::profile$$);
CREATE TABLE casts (p profile, j jsonb);
INSERT INTO casts SELECT '{"a": 1}'::jsonb, '{"b": 2}'::profile;
SELECT * FROM casts;
SELECT run($$'{"a": 1}'::text::profile$$), run($$'{"a": 1}'::profile::text$$);
-- json too; so what makes JSON of any type makes JSON of a profile and not a text
SELECT '{"name": "Ada", "custom": {"n": 1.10, "n": null}}'::json::profile, '{"a": 1.50}'::profile::json, run($$'[1]'::json::profile$$), run($$'{"a": "\u0000"}'::json::profile$$);
SELECT to_jsonb(p), row_to_json(t), jsonb_agg(p), json_build_object('p', p), to_json(ARRAY[p]) FROM (SELECT '{"a": 1}'::profile AS p) AS t GROUP BY p, t;
SELECT * FROM jsonb_to_record('{"p": {"a": 1}, "q": [{"b": 2}]}') AS r (p profile, q profile[]);
-- A column changes its type both ways
CREATE TABLE retyped AS SELECT '{"a": 1, "custom": {"b": [1, 2]}}'::jsonb AS d;
ALTER TABLE retyped ALTER d TYPE profile;
SELECT d, pg_typeof(d) FROM retyped;
ALTER TABLE retyped ALTER d TYPE jsonb;
SELECT d, pg_typeof(d) FROM retyped;
ALTER TABLE retyped ALTER d TYPE text;
ALTER TABLE retyped ALTER d TYPE profile;
ALTER TABLE retyped ALTER d TYPE profile USING d::profile;
-- Domains, arrays, rows, variables of PL/pgSQL
CREATE DOMAIN adult AS profile CHECK ((VALUE ->> 'age')::int >= 18);
SELECT '{"age": 18}'::adult ->> 'age' AS age, set('{"age": 18}'::adult, 'x', 1), run($$'{"age": 17}'::adult$$);
CREATE TABLE adults (d adult);
INSERT INTO adults VALUES ('{"age": 20}');
UPDATE adults SET d['age'] = '5';
UPDATE adults SET d['age'] = '50';
SELECT d FROM adults;
SELECT ARRAY['{"a": 1}'::profile] = ARRAY['{"a": 1.0}'::profile] AS arrays, ROW('{"a": 1}'::profile) = ROW('{"a": 1.0}'::profile) AS rows,
       '{"{\"a\": 1}"}'::profile[] AS array_text, greatest('{"a": 1}'::profile, '{"a": 2}'), nullif('{"a": 1}'::profile, '{"a": 1.0}') AS same;
DO $$
DECLARE
    p profiles.profile := '{}';
BEGIN
    p['custom']['x'] := '1';
    p['name'] := '"Ada"';
    FOR i IN 1..3 LOOP p := inc(p, 'n'); END LOOP;
    RAISE NOTICE '%', p;
END $$;
-- Keys, references, generated columns, what is worked out once
CREATE TABLE parents (p profile PRIMARY KEY, country text GENERATED ALWAYS AS (p ->> 'country') STORED);
CREATE TABLE children (p profile REFERENCES parents, EXCLUDE USING btree (p WITH =));
INSERT INTO parents VALUES ('{"country": "DE"}');
INSERT INTO children VALUES ('{"country": "DE"}');
INSERT INTO children VALUES ('{"country": "DE"}');
INSERT INTO children VALUES ('{"country": "FR"}');
SELECT * FROM parents JOIN children USING (p);
EXPLAIN (VERBOSE, COSTS OFF) SELECT inc('{"custom": {"n": 1}}'::profile, 'n'), '{"a": "x"}'::profile ->> 'a', ('{"a": "x"}'::profile)['a'], profile('a', 1) || '{"b": 2}';
-- A million digits in few bytes of jsonb must not become a million digits of memory
SELECT run(format($$('{"a": [%s 1]}')::jsonb::profile$$, repeat('1e131071, ', 20000)));

-- Access
CREATE TABLE people (id int, p profile);
INSERT INTO people VALUES
    (1, '{"name": "Ada", "country": "DE", "platform": "Android", "platform_version": "1.2.3", "custom": {"plan": "pro", "n": 7, "tags": ["a", "b"], "address": {"city": "Köln", "geo": {"lat": 50.9}}, "yes": true, "empty": ""}, "campaign": {"name": "spring", "source": "x"}}'),
    (2, '{"custom": {"plan": "free", "n": "7"}}'),
    (3, '{}'),
    (4, NULL);
SELECT id, p -> 'name' AS name, p -> 'custom.n' AS n, p ->> 'custom.n' AS n_text, p ->> 'country' AS country, p -> 'custom' -> 'plan' AS plan, p ? 'custom.plan' AS has_plan, p ? 'custom' AS has_custom FROM people ORDER BY id;
SELECT reference, p -> reference AS value, p ->> reference AS text, p ? reference AS has
FROM people, unnest(ARRAY['custom.tags', 'custom.address', 'custom.address.city', 'custom.address.geo.lat', 'custom.address.city.x', 'custom.tags.0', 'custom.yes', 'custom.empty', 'custom.none', 'custom.none.x',
    'campaign', 'campaign.name', 'campaign.source', 'nothing', 'nothing.at.all', 'name.x',
    'up.cc', 'up.p', 'up.pv', 'up.name', 'up.custom.plan', 'up.custom.address.city', 'cmp.c', 'cmp.source', 'sg.price', 'event.price', 'did', 'uid']) WITH ORDINALITY r (reference, n)
WHERE id = 1 ORDER BY n;
SELECT reference, run(format('''{"a": 1}''::profile -> %L', reference)) FROM unnest(ARRAY['', '.', 'a.', '.a', 'a..b', 'custom.', 'custom..a', 'up.', 'cmp.', 'event.']) reference;
SELECT run($$NULL::profile -> 'a'$$), run($$'{}'::profile -> NULL$$), run($$'{}'::profile @> NULL$$), run($$NULL::profile ? 'a'$$), run($$profile_pretty(NULL)$$), run($$profile_is_valid(NULL)$$);
-- Every alias of a standard property
SELECT string_agg(coalesce(jsonb_build_object(ours, theirs)::profile ->> ('up.' || short), 'MISSING ' || short), ' ' ORDER BY ours)
FROM (VALUES ('app_version', 'av'), ('browser', 'brw'), ('browser_version', 'brwv'), ('carrier', 'c'), ('country', 'cc'), ('city', 'cty'), ('device', 'd'), ('density', 'dnst'), ('device_type', 'dt'),
      ('has_hinge', 'hh'), ('language', 'la'), ('locale', 'lo'), ('manufacturer', 'mnf'), ('orientation', 'ornt'), ('platform', 'p'), ('platform_version', 'pv'), ('resolution', 'r'), ('region', 'rgn'),
      ('source', 'src'), ('source_channel', 'src_ch'), ('time_zone_offset', 'tz'), ('day_of_week', 'dow')) v (ours, short), LATERAL (SELECT short) t (theirs);
-- Lookup among many keys, around the strides of the directory
SELECT n, bool_and((p ->> ('custom.k' || i)) = i::text) AS all_found, bool_or(p ? ('custom.k' || (i + n)) OR p ? ('custom.' || i) OR p ? ('custom.k' || i || 'x')) AS others_found
FROM unnest(ARRAY[1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1000]) n,
     LATERAL (SELECT jsonb_build_object('custom', jsonb_object_agg('k' || i, i))::profile FROM generate_series(1, n) i) s (p), generate_series(1, n) i
GROUP BY n ORDER BY n;

-- Containment
SELECT l.t AS left, r.t AS right, l.t::profile @> r.t::profile AS contains, r.t::profile <@ l.t::profile AS contained, l.t::jsonb @> r.t::jsonb AS jsonb
FROM (VALUES (1, '{"a": 1, "custom": {"b": [1, "x", [2, 3], {"k": 1, "l": 2}], "c": {"d": 1, "e": 2}}}')) l (n, t),
     (VALUES (1, '{}'), (2, '{"a": 1.0}'), (3, '{"a": "1"}'), (4, '{"b": 1}'), (5, '{"custom": {"b": ["x", 1]}}'), (6, '{"custom": {"b": [1, 1, 1, 1, 1, 1]}}'), (7, '{"custom": {"b": [3]}}'), (8, '{"custom": {"b": [[3]]}}'), (9, '{"custom": {"b": [{"l": 2}]}}'),
             (10, '{"custom": {"b": [{"l": 3}]}}'), (11, '{"custom": {"c": {"e": 2}}}'), (12, '{"custom": {"b": []}}'), (13, '{"custom": {"b": 1}}'), (14, '{"custom": {"c": []}}'), (15, '{"a": 1, "custom": {"b": [1, "x", [2, 3], {"k": 1, "l": 2}], "c": {"d": 1, "e": 2}}}')) r (n, t)
ORDER BY l.n, r.n;
SELECT run($$'{"a": [1]}'::profile @> '{"a": [[1]]}'$$), run($$'{"a": [[1, 2]]}'::profile @> '{"a": [[2]]}'$$);
-- Long arrays, scalars and containers mixed: the same answers
SELECT whole @> part AS contains, whole @> set(part, 'a', jsonb_build_array(part -> 'custom.a' -> 0, -1)) AS not_this
FROM (SELECT set('{}', 'a', jsonb_agg(CASE n % 3 WHEN 0 THEN to_jsonb(n) WHEN 1 THEN to_jsonb(n::text) ELSE jsonb_build_array(n, n + 1) END)) FROM generate_series(1, 300) n) w (whole),
     (SELECT set('{}', 'a', jsonb_agg(CASE n % 3 WHEN 0 THEN to_jsonb(n) WHEN 1 THEN to_jsonb(n::text) ELSE jsonb_build_array(n + 1) END ORDER BY n DESC)) FROM generate_series(50, 250) n) p (part);

-- Equality, order, hash
SELECT '{"a": 1, "b": 2}'::profile = '{"b": 2.0, "a": 1}' AS equal, '{"a": 1}'::profile = '{"a": "1"}' AS not_equal, '{"a": 1}'::profile <> '{"a": 2}' AS differs, '{"a": null}'::profile = '{}' AS null_is_absent;
SELECT p, p = lag(p) OVER w AS eq, p > lag(p) OVER w AS gt, p >= lag(p) OVER w AS ge, lag(p) OVER w < p AS lt, lag(p) OVER w <= p AS le
FROM (VALUES ('{"a": 10}'), ('{"a": 9}'), ('{"a": 9.5}'), ('{"a": -1}'), ('{"a": 1e40}'), ('{"a": 0.1}'), ('{"a": "b"}'), ('{"a": "a"}'), ('{"a": true}'), ('{"a": false}'), ('{"a": []}'), ('{"a": [1]}'), ('{"a": {}}'), ('{"a": ""}'),
      ('{"b": 0}'), ('{"aa": 0}'), ('{}'), ('{"a": 0, "b": 0}'), ('{"a": 9.0}')) v (t), LATERAL (SELECT t::profile) s (p)
WINDOW w AS (ORDER BY p) ORDER BY p;
CREATE TABLE many (p profile);
INSERT INTO many SELECT jsonb_build_object('custom', jsonb_build_object('n', (n % 100)::numeric / 4, 's', n % 7)) FROM generate_series(1, 7000) n;
SELECT count(*), count(DISTINCT p), count(DISTINCT p::jsonb) FROM many;
SET enable_sort = off; SET enable_hashagg = on;
SELECT count(*) FROM (SELECT p, count(*) FROM many GROUP BY p HAVING count(*) = 10) g;
RESET enable_sort;
SET enable_hashagg = off;
SELECT count(*) FROM (SELECT p, count(*) FROM many GROUP BY p HAVING count(*) = 10) g;
RESET enable_hashagg;
SET enable_mergejoin = off; SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM many a JOIN many b USING (p);
SELECT count(*) FROM many a JOIN many b USING (p);
RESET enable_mergejoin; SET enable_hashjoin = off;
SELECT count(*) FROM many a JOIN many b USING (p);
RESET enable_hashjoin; RESET enable_nestloop;
CREATE INDEX ON many (p);
SET enable_seqscan = off;
SELECT count(*) FROM many WHERE p = '{"custom": {"s": 3, "n": 6.25}}';
SELECT count(*) FROM many WHERE p >= '{"custom": {"s": 3, "n": 6.25}}' AND p <= '{"custom": {"s": 4, "n": 6.25}}';
RESET enable_seqscan;
SELECT count(*) FROM many WHERE p >= '{"custom": {"s": 3, "n": 6.25}}' AND p <= '{"custom": {"s": 4, "n": 6.25}}';
SELECT count(*) = 0 AS hash_agrees FROM many a, many b WHERE a.p = b.p AND (profile_hash(a.p) <> profile_hash(b.p) OR profile_hash_extended(a.p, 42) <> profile_hash_extended(b.p, 42) OR profile_cmp(a.p, b.p) <> 0);
CREATE TABLE parts (p profile) PARTITION BY HASH (p);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT p FROM many;
SELECT count(*), count(DISTINCT tableoid) FROM parts;
SELECT count(*) FROM parts WHERE p = '{"custom": {"s": 3, "n": 6.25}}';
CREATE TABLE listed (p profile) PARTITION BY LIST (p);
CREATE TABLE listed_1 PARTITION OF listed FOR VALUES IN ('{"a": 1}', '{"b": 2}');
INSERT INTO listed VALUES ('{"a": 1.0}');
INSERT INTO listed VALUES ('{"a": 2}');
CREATE TABLE ranged (p profile) PARTITION BY RANGE (p);
CREATE TABLE ranged_1 PARTITION OF ranged FOR VALUES FROM (MINVALUE) TO ('{"a": 5}');
CREATE TABLE ranged_2 PARTITION OF ranged FOR VALUES FROM ('{"a": 5}') TO (MAXVALUE);
INSERT INTO ranged VALUES ('{"a": 4}'), ('{"a": 5}'), ('{"a": 6}');
SELECT tableoid::regclass, p FROM ranged ORDER BY p;
-- Equal values lie in a btree once
SELECT pg_relation_size('many_p_idx') < 0.5 * pg_relation_size('many') AS deduplicated;

-- Storage: short, long, compressed and external values are one value
CREATE TABLE stored (how text, p profile);
ALTER TABLE stored ALTER p SET STORAGE external;
INSERT INTO stored SELECT 'external', set('{}', 'x', repeat('y', 100000));
ALTER TABLE stored ALTER p SET STORAGE extended;
INSERT INTO stored SELECT 'compressed', set('{}', 'x', repeat('y', 100000));
INSERT INTO stored VALUES ('short', '{"custom": {"x": "y"}}');
SELECT how, pg_column_size(p) < 2000 AS small, length(p ->> 'custom.x'), profile_is_valid(p), inc(p, 'n') -> 'custom.n' AS n FROM stored ORDER BY how;
SELECT count(*) FROM stored a JOIN stored b ON a.p = b.p AND profile_hash(a.p) = profile_hash(b.p);

-- Binary form: version byte and JSON
SELECT profile_send('{"a": 1, "custom": {"b": [0.10]}}');
SELECT profile_send('{}');
CREATE TABLE binary_copy (LIKE people);
CREATE FUNCTION round_trip(source text, target text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    file text := format('%s/profile-%s.copy', current_setting('data_directory'), pg_backend_pid());
BEGIN
    EXECUTE format('COPY %s TO %L (FORMAT binary)', source, file);
    EXECUTE format('COPY %s FROM %L (FORMAT binary)', target, file);
END $$;
SELECT round_trip('people', 'binary_copy');
SELECT count(*), bool_and(a.p = b.p) AS same FROM people a JOIN binary_copy b USING (id) WHERE a.p IS NOT NULL;
-- Bytes that nobody vouches for: bytea has the same frame in a binary COPY
CREATE TABLE bytes (b bytea);
CREATE TABLE received (p profile);
CREATE FUNCTION receive(b bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE bytes, received;
    INSERT INTO bytes VALUES (b);
    PERFORM round_trip('bytes', 'received');
    RETURN (SELECT p::text FROM received);
EXCEPTION WHEN OTHERS THEN
    RETURN format('ERROR %s: %s', sqlstate, sqlerrm);
END $$;
SELECT n, receive(b) FROM (VALUES (1, '\x01'::bytea || '{"b": 1, "a": 2.0}'), (2, '\x02'::bytea || '{}'), (3, '\x'), (4, '\x01'), (5, '\x01'::bytea || '[]'), (6, '\x01'::bytea || '{"a": '), (7, '\x017b7d00'),
    (8, '\x01'::bytea || '{"a":"' || '\xff'::bytea || '"}'), (9, '\x01'::bytea || '{"a":"' || '\xeda080'::bytea || '"}'), (10, '\x01'::bytea || '{"a":"' || '\xc080'::bytea || '"}'), (11, '\x00'::bytea || '{}'), (12, '\x01'::bytea || '{} ')) v (n, b) ORDER BY n;

-- Pretty
SELECT profile_pretty('{"b": [1, {"c": []}], "custom": {"a": "x"}}');
SELECT profile_pretty('{}'), profile_pretty(p::jsonb::profile) = jsonb_pretty(p::jsonb) AS as_jsonb FROM (VALUES ('{"a": {"b": [1, [2, {}]], "c": "é"}}'::profile)) v (p);

-- Depth, size, number of keys
SELECT run(format('''{"custom": {"a": %s1%s}}''::profile', repeat('[', 62), repeat(']', 62))) = format('{"custom": {"a": %s1%s}}', repeat('[', 62), repeat(']', 62)) AS deepest,
       run(format('''{"custom": {"a": %s1%s}}''::profile', repeat('[', 63), repeat(']', 63))) AS deeper,
       run(format('''%s''::profile', repeat('[', 1000000))) AS only_brackets, run(format('''%s''::profile', repeat('{"a":', 1000000))) AS only_braces;
SELECT run(format('''{"custom": {"a": %s1%s}}''::jsonb::profile', repeat('[', 63), repeat(']', 63))), run(format('''{"custom": {"a": %s1%s}}''::jsonb::profile', repeat('[', 5000), repeat(']', 5000)));
SELECT length(profile(rtrim(repeat('a.', 63), '.'), 1)::text) AS deepest;
SELECT run(format('profile(%L, 1)', path)) AS built, run(format('''{}''::profile -> %L', path)) AS read, run(format('''{}''::profile - %L', path)) AS removed,
       run(format('%L::segment', jsonb_build_object(path, 1))) AS asked FROM unnest(ARRAY[65, 2000000]) levels, rtrim(repeat('a.', levels), '.') path;
CREATE TABLE large AS SELECT ('{"custom": {' || string_agg(format('"key %s": %s', n, n), ', ' ORDER BY n DESC) || '}}')::profile AS p FROM generate_series(1, 100000) n;
SELECT profile_is_valid(p), p ->> 'custom.key 1', p ->> 'custom.key 50000', p ->> 'custom.key 100000', p ->> 'custom.key 100001', md5(p::text) = md5(p::jsonb::text) AS as_jsonb, p::text::profile = p AS same, p @> p AS contains_itself FROM large;
SELECT inc(p, 'key 77777') ->> 'custom.key 77777', length(unset(p, 'key 5')::text) - length(p::text) FROM large;
SELECT profile_is_valid(p), length(p ->> 'custom.x'), p::text::profile = p AS same, p::jsonb::profile = p AS same_jsonb FROM (SELECT ('{"custom": {"x": "' || repeat('0123456789', 1048576) || '"}}')::profile) s (p);
SELECT profile_is_valid(p), jsonb_array_length(p -> 'custom.x') FROM (SELECT ('{"custom": {"x": [' || string_agg('"0123456789"', ',') || ']}}')::profile FROM generate_series(1, 800000)) s (p);
SELECT length(run(format('''{"%s": 1}''::profile', repeat('k', 1000000)))), run(format('''{"%s.": 1}''::profile', repeat('k', 1000000)));
-- Around the sizes where the directory changes its width
SELECT n, profile_is_valid(p), length(p ->> 'custom.x') = n AS length, p::text::profile = p AS same, unset(set(p, 'y', repeat('é', n)), 'y') = p AS there_and_back
FROM unnest(ARRAY[0, 1, 4094, 4095, 4096, 4097, 65400, 65535, 65536, 70000]) n, LATERAL (SELECT jsonb_build_object('custom', jsonb_build_object('x', repeat('x', n)))::profile) s (p) ORDER BY n;
SELECT n, profile_is_valid(p), bool_and(p ->> ('custom.k' || i) = repeat('v', 100)) FROM unnest(ARRAY[31, 32, 33, 600, 625, 626, 627, 628, 629, 630, 700]) n,
     LATERAL (SELECT jsonb_build_object('custom', jsonb_object_agg('k' || i, repeat('v', 100)))::profile FROM generate_series(1, n) i) s (p), generate_series(1, n) i GROUP BY n, p ORDER BY n;

-- A long comparison can be cancelled
CREATE TABLE slow AS SELECT set('{}', 'a', jsonb_agg(jsonb_build_array(n))) AS whole, set('{}', 'a', jsonb_agg(jsonb_build_array(50001 - n))) AS part FROM generate_series(1, 50000) n;
SET statement_timeout = '200ms';
SELECT whole @> part FROM slow;
RESET statement_timeout;
SELECT a.p @> b.p AS contains FROM (SELECT set('{}', 'a', array_agg(n)) FROM generate_series(1, 100000) n) a (p), (SELECT set('{}', 'a', array_agg(100001 - n)) FROM generate_series(1, 100000) n) b (p);
