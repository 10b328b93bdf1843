-- The type segment: filters, their canonical form, and profile @@ segment.
\pset format unaligned
\pset tuples_only
SET search_path = public, profiles;
CREATE FUNCTION pg_temp.error_of(command text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text;
BEGIN
    EXECUTE command;
    RETURN NEXT 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                            detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN NEXT state || ': ' || message;
    RETURN QUERY SELECT 'DETAIL: ' || detail WHERE detail <> '';
    RETURN QUERY SELECT 'HINT: ' || hint WHERE hint <> '';
END
$$;
CREATE FUNCTION pg_temp.filter_error(filter text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT pg_temp.error_of(format('SELECT %L::profiles.segment', filter))
$$;

-- One canonical form for what is usually spelled in several ways.
SELECT '{"country":{"$eq":"DE"}}'::segment;
SELECT '{"up.cc":"DE","cmp.c":"Spring","sg.price":{"$gte":10.0},"did":"x"}'::segment;
SELECT '{"$and":[{"b":2},{"a":{"$in":[1]}},{"$nor":[{"c.d":{"$exists":false}}]}]}'::segment;
SELECT '{"age":{"$not":{"$not":{"$gt":20}}},"name":{"$nin":["b","a","b"]}}'::segment;
SELECT '{"$or":[{"b":1},{"$or":[{"a":1},{"b":1.0}]}]}'::segment;
SELECT '{"k":null,"l":{"$ne":null},"m":{"$not":{}}}'::segment;
SELECT '{}'::segment, '{"$or":[]}'::segment, '{"$nor":[{}]}'::segment;
SELECT '{"a":1,"b":{"$gt":2}}'::segment = '{"$and":[{"b":{"$gt":2.0}},{"a":{"$eq":1}}]}'::segment,
       '{"a":1}'::segment <> '{"a":"1"}'::segment;
SELECT count(*) FROM (SELECT DISTINCT unnest(ARRAY['{"a":1}', '{"a":{"$eq":1.0}}', '{"a":2}']::segment[])) AS s;

-- Casts and the binary form.
SELECT '{"a": {"$in": [2, 1, 1]}}'::jsonb::segment, pg_typeof('{"a":1}'::segment::jsonb), '{"a":1e3}'::segment::jsonb;
CREATE TABLE kept (name text, filter segment);
INSERT INTO kept VALUES ('de', '{"country":"DE"}'), ('regex', '{"name":{"$regex":"^a","$options":"si"}}'), ('all', '{}'), ('none', NULL);
SELECT string_agg(encode(segment_send(filter), 'hex'), ' ' ORDER BY name) FROM kept WHERE name IN ('all', 'de');
INSERT INTO kept SELECT 'jsonb', '{"b":1,"a":2}'::jsonb;
SELECT * FROM kept ORDER BY name;

-- Every operator on one profile: match, then miss.
CREATE TABLE p AS SELECT '{"country":"DE","age":30,"score":1.5,"vip":true,"name":"Anna O''Neil","seen":1699990000000,
    "custom":{"tags":["a","b",7],"empty":[],"address":{"city":"Berlin"}},"campaign":{"name":"Spring"}}'::profile AS profile;
CREATE FUNCTION pg_temp.answers(VARIADIC filters text[]) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT rpad(CASE WHEN profile @@ filter::segment THEN 'yes' ELSE 'no' END, 4) || filter
      FROM p, unnest(filters) WITH ORDINALITY AS f(filter, nr) ORDER BY nr
$$;
SELECT pg_temp.answers('{}', '{"country":"DE"}', '{"country":"de"}', '{"age":30.0}', '{"age":"30"}', '{"vip":true}', '{"vip":"true"}',
    '{"custom.tags":"a"}', '{"custom.tags":["a","b",7]}', '{"custom.tags":["a","b"]}', '{"custom.address":{"city":"Berlin"}}',
    '{"custom.address.city":"Berlin"}', '{"cmp.c":"Spring"}', '{"city":"Berlin"}');
SELECT pg_temp.answers('{"country":{"$ne":"FR"}}', '{"country":{"$ne":"DE"}}', '{"city":{"$ne":"x"}}', '{"custom.tags":{"$ne":"a"}}');
SELECT pg_temp.answers('{"country":{"$in":["FR","DE"]}}', '{"country":{"$in":[]}}', '{"country":{"$nin":[]}}', '{"country":{"$nin":["DE"]}}',
    '{"city":{"$in":[null,"x"]}}', '{"city":{"$nin":["x"]}}', '{"custom.tags":{"$in":[7,8]}}');
SELECT pg_temp.answers('{"age":{"$gt":29.99}}', '{"age":{"$gt":30}}', '{"age":{"$gte":30}}', '{"age":{"$lt":30}}', '{"age":{"$lte":30}}',
    '{"age":{"$gt":20,"$lt":40}}', '{"age":{"$gt":"2"}}', '{"country":{"$gte":"D","$lt":"E"}}', '{"city":{"$gt":0}}', '{"city":{"$not":{"$gt":0}}}');
SELECT pg_temp.answers('{"country":{"$exists":true}}', '{"city":{"$exists":true}}', '{"city":{"$exists":false}}', '{"city":null}', '{"country":null}',
    '{"country":{"$ne":null}}', '{"country":{"$not":{}}}');
SELECT pg_temp.answers('{"custom.tags":{"$all":["a",7]}}', '{"custom.tags":{"$all":["a","x"]}}', '{"custom.tags":{"$all":[]}}',
    '{"custom.tags":{"$size":3}}', '{"custom.empty":{"$size":0}}', '{"country":{"$size":1}}');
SELECT pg_temp.answers('{"name":{"$regex":"^Anna"}}', '{"name":{"$regex":"neil$"}}', '{"name":{"$regex":"neil$","$options":"i"}}', '{"age":{"$regex":"3"}}',
    '{"name":{"rgxcn":"O''N"}}', '{"name":{"rgxcn":"o''n"}}', '{"name":{"rgxcn":["x","Neil"]}}', '{"name":{"rgxntc":"Neil"}}', '{"name":{"rgxntc":["x","y"]}}',
    '{"city":{"rgxntc":"x"}}', '{"name":{"rgxbw":"Anna"}}', '{"name":{"rgxbw":"anna"}}', '{"name":{"rgxitl":"o''NEIL"}}', '{"name":{"rgxitl":"."}}');
SELECT pg_temp.answers('{"$or":[{"country":"FR"},{"age":30}]}', '{"$or":[]}', '{"$and":[]}', '{"$and":[{"country":"DE"},{"age":31}]}',
    '{"$nor":[{"country":"FR"},{"age":31}]}', '{"$not":{"country":"DE"}}', '{"age":{"$not":{"$gt":10,"$lt":40}}}');

-- Within: relative to a time that is given.
SELECT segment_matches(profile, '{"seen":{"$within":"1days"}}', '2023-11-15 12:00+00'),
       segment_matches(profile, '{"seen":{"$within":"1days"}}', '2023-11-16 12:00+00'),
       segment_matches(profile, '{"seen":{"$within":"1days"}}', '2023-11-14 12:00+00') FROM p;

-- The commutator, NULL, and segments from a column: the compiled filter follows the row.
SELECT '{"country":"DE"}'::segment @@ profile, profile @@ NULL::segment, NULL::profile @@ '{}'::segment FROM p;
SELECT name, profile @@ filter FROM p, kept ORDER BY name;
SELECT name, profile @@ filter FROM p, kept WHERE name IN ('de', 'all') ORDER BY name DESC;
SELECT count(*) FILTER (WHERE jsonb_build_object('n', i)::profile @@ '{"n":{"$gt":10,"$lte":20}}'),
       count(*) FILTER (WHERE jsonb_build_object('n', i)::profile @@ jsonb_build_object('n', i % 7)::segment)
  FROM generate_series(1, 1000) AS i;

-- What is no filter.
SELECT pg_temp.filter_error('');
SELECT pg_temp.filter_error('{"a":');
SELECT pg_temp.filter_error('[]');
SELECT pg_temp.filter_error('{"$where":"this.a == 1"}');
SELECT pg_temp.filter_error('{"a":{"$foo":1}}');
SELECT pg_temp.filter_error('{"a":{"$or":[{"b":1}]}}');
SELECT pg_temp.filter_error('{"a":{"$gt":1,"b":2}}');
SELECT pg_temp.filter_error('{"a":1,"a":2}');
SELECT pg_temp.filter_error('{"":1}');
SELECT pg_temp.filter_error('{"$or":{"a":1}}');
SELECT pg_temp.filter_error('{"a":{"$in":"x"}}');
SELECT pg_temp.filter_error('{"a":{"$gt":null}}');
SELECT pg_temp.filter_error('{"a":{"$exists":"yes"}}');
SELECT pg_temp.filter_error('{"a":{"rgxcn":5}}');
SELECT pg_temp.filter_error('{"a":{"$within":"7months"}}');
SELECT pg_temp.filter_error('{"a":{"$not":5}}');
SELECT pg_temp.filter_error('{"a":{"$regex":"("}}');
SELECT pg_temp.filter_error('{"a":{"$regex":"(?=x)"}}');
SELECT pg_temp.filter_error('{"a":{"$regex":"x","$options":"x"}}');
SELECT pg_temp.filter_error('{"location":{"$geoWithin":[52.5,13.4]}}');
SELECT pg_temp.filter_error('{"chr":{"$in":["c1"]}}');
SELECT pg_temp.filter_error('{"geo":"g1"}');
SELECT pg_temp.filter_error('{"a":1e7000}');
SELECT pg_temp.filter_error(repeat('{"$not":', 100) || '{}' || repeat('}', 100));
SELECT pg_temp.filter_error('{"$or":[' || (SELECT string_agg('{"a":' || i || '}', ',') FROM generate_series(1, 10001) AS i) || ']}');
SELECT pg_temp.error_of($$SELECT (repeat('{"a":', 100) || '{}' || repeat('}', 100))::jsonb::profiles.segment$$);

-- What a profile cannot answer.
SELECT pg_temp.error_of($$SELECT '{}'::profiles.profile @@ '{"event.price":1}'$$);
SELECT pg_temp.error_of($$SELECT '{}'::profiles.profile @@ '{"uid":1}'$$);
SELECT pg_temp.error_of($$SELECT '{}'::profiles.profile @@ '{"seen":{"$within":"7days"}}'$$);
SELECT pg_temp.error_of($$SELECT profiles.segment_matches('{}', '{"seen":{"$within":"7days"}}', 'infinity')$$);


-- Binary COPY there and back; bytes from elsewhere are read like text.
\getenv directory PROFILES_DATA
\set file :directory '/segment.bin'
COPY kept TO :'file' (FORMAT binary);
CREATE TABLE copied (LIKE kept);
COPY copied FROM :'file' (FORMAT binary);
SELECT count(*), count(*) FILTER (WHERE kept.filter IS NOT DISTINCT FROM copied.filter) FROM kept JOIN copied USING (name);
CREATE TABLE hostile (bytes bytea);
CREATE TABLE victim (filter segment);
CREATE FUNCTION pg_temp.receive(file text, bytes bytea) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE hostile;
    INSERT INTO hostile VALUES (bytes);
    EXECUTE format('COPY hostile TO %L (FORMAT binary)', file);
    RETURN QUERY SELECT pg_temp.error_of(format('COPY victim FROM %L (FORMAT binary)', file));
END
$$;
SELECT pg_temp.receive(:'file', '');
SELECT pg_temp.receive(:'file', '\x027b7d');
SELECT pg_temp.receive(:'file', '\x01');
SELECT pg_temp.receive(:'file', '\x017b22a0223a317d');
SELECT pg_temp.receive(:'file', '\x017b226122007d');
SELECT pg_temp.receive(:'file', convert_to(E'\x01{"$where": 1}', 'UTF8'));
SELECT pg_temp.receive(:'file', convert_to(E'\x01{"b": {"$eq": 2}, "a": 1}', 'UTF8'));
SELECT * FROM victim;
