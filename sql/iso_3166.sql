-- Names beside codes, and regions that an app names. The expected codes are those of the standard.
SET search_path = profiles, public;
\pset null '(null)'

SELECT count(*) > 240 AS countries, (SELECT count(*) > 4000 FROM regions) AS regions FROM countries;
SELECT code, country_name(code) FROM unnest('{DE,de,CI,TW,BO,XX,"",DEU}'::text[]) AS code;
SELECT country, country_code(country)
FROM unnest('{DE,deu,276,Germany,GERMANY,"Côte d''Ivoire",Bolivia,Atlantis,""}'::text[]) AS country;
SELECT code, region_name(code) FROM unnest('{DE-BY,de-by,US-CA,FR-75C,GB-ENG,DE,DE-XX}'::text[]) AS code;
SELECT region_code('DE', 'Bayern'), region_code('us', 'california'), region_code('DE', 'California');
SELECT country_name(NULL), country_code(NULL), region_name(NULL), region_code('DE', NULL);
-- every code has one form, every region a country
SELECT count(*) FROM countries WHERE code !~ '^[A-Z]{2}$' OR alpha3 !~ '^[A-Z]{3}$' OR number !~ '^[0-9]{3}$';
SELECT count(*) FROM regions r LEFT JOIN countries c ON c.code = r.country WHERE c IS NULL OR r.code NOT LIKE r.country || '-%';
SELECT count(*) FROM regions r LEFT JOIN regions p ON p.code = r.part_of WHERE r.part_of IS NOT NULL AND p IS NULL;

-- named regions of an app
SELECT length(create_app('targets')) AS key;
INSERT INTO targets.geo_targets VALUES
    ('Around Berlin', '{"location": {"$near": [52.52, 13.405], "$km": 50}}'),
    ('Benelux', '{"country": {"$in": ["BE", "NL", "LU"]}}');
INSERT INTO targets.geo_targets VALUES ('Broken', '{"location": {"$near": 5}}');
SELECT geo_target('targets', 'Around Berlin'), geo_target('targets', 'Benelux');
SELECT (ingest('targets', jsonb_build_object('device_id', device, 'location', place, 'country_code', country,
                                             'events', '[{"key": "buy", "count": 1}]'::jsonb))).status
FROM (VALUES ('a', '52.4,13.06', 'DE'), ('b', '52.37,4.9', 'NL'), ('c', '50.85,4.35', 'BE')) AS t (device, place, country);
SELECT name, (SELECT users FROM segmentation('targets', 'buy', geo_target('targets', name), period => 'all')) AS users,
       (SELECT array_agg(device_id ORDER BY device_id) FROM targets.users WHERE profile @@ filter) AS people
FROM targets.geo_targets ORDER BY name;
SELECT users FROM segmentation('targets', 'buy',
    jsonb_build_object('$nor', jsonb_build_array(geo_target('targets', 'Benelux'))), period => 'all');

-- a query of the app may name them; a is in Potsdam, b in Amsterdam, c in Brussels
SELECT query, s.users, (SELECT array_agg(device_id ORDER BY device_id) FROM targets.users
                        WHERE profile @@ resolve_query('targets', query)::segment) AS people
FROM unnest('{"{\"geo\": \"Benelux\"}",
              "{\"geo\": {\"$in\": [\"Benelux\", \"Around Berlin\"]}, \"country\": {\"$ne\": \"NL\"}}",
              "{\"geo\": {\"$eq\": \"Around Berlin\"}}", "{\"geo\": {\"$ne\": \"Around Berlin\"}}",
              "{\"geo\": {\"$nin\": [\"Around Berlin\", \"Benelux\"]}}", "{\"geo\": {\"$not\": {\"$in\": [\"Benelux\"]}}}",
              "{\"geo\": {\"$not\": \"Benelux\"}}", "{\"geo\": {\"$in\": []}}", "{\"geo\": {\"$nin\": []}}",
              "{\"geo\": {\"$in\": [\"Benelux\", \"Around Berlin\"], \"$ne\": \"Benelux\"}}",
              "{\"$or\": [{\"geo\": \"Around Berlin\"}, {\"$and\": [{\"country\": \"NL\"}, {\"geo\": \"Benelux\"}]}]}",
              "{\"$nor\": [{\"geo\": \"Benelux\"}]}", "{\"$not\": {\"geo\": \"Benelux\"}}",
              "{\"custom.geo\": \"Benelux\"}", "{\"country\": \"BE\"}"}'::jsonb[]) WITH ORDINALITY AS t (query, n),
     LATERAL (SELECT sum(users) AS users FROM segmentation('targets', 'buy', query, period => 'all')) AS s ORDER BY n;
SELECT segmentation_users('targets', 'buy', '{"geo": "Around Berlin"}', period => 'all');
SELECT resolve_query('targets', '{"geo": "Benelux", "city": "Ghent"}'), resolve_query('targets', '{"geo": {"$nin": ["Benelux"]}}')::segment;
-- what has no "geo", or is no query, stays as it is
SELECT query, resolve_query('targets', query) = query AS same
FROM unnest('{"{}", "[{\"geo\": \"Benelux\"}]", "\"geo\"", "null", "{\"a\": {\"geo\": 1}}", "{\"$or\": {\"geo\": 1}}"}'::jsonb[]) AS query;
SELECT resolve_query(NULL, '{}'), resolve_query('targets', NULL);
-- as they were: a moves to Amsterdam, in both tiers
SELECT (ingest('targets', '{"device_id": "a", "location": "52.37,4.9", "country_code": "NL"}')).status;
SELECT mode, users FROM unnest('{event,latest}'::text[]) AS mode, segmentation('targets', 'buy', '{"geo": "Benelux"}', period => 'all', properties => mode) ORDER BY mode;
CALL compact('targets');
SELECT hot_batches, blocks, block_events FROM targets.storage;
SELECT mode, users FROM unnest('{event,latest}'::text[]) AS mode, segmentation('targets', 'buy', '{"geo": "Benelux"}', period => 'all', properties => mode) ORDER BY mode;

\set SHOW_CONTEXT never
SELECT users FROM segmentation('targets', 'buy', '{"geo": "Atlantis"}', period => 'all');
SELECT users FROM segmentation('targets', 'buy', '{"geo": "Atlantis"}', '{}', NULL, 'empty'::tstzrange);
SELECT resolve_query('targets', '{"geo": ["Benelux", 5]}');
SELECT resolve_query('targets', '{"geo": null}');
SELECT resolve_query('targets', '{"geo": {"$gt": "Benelux"}}');
SELECT resolve_query('targets', '{"geo": {"$not": {"$near": [1, 2]}}}');
SELECT resolve_query('nowhere', '{"geo": "Benelux"}');
SELECT '{"geo": "Benelux"}'::segment;
SELECT geo_target('targets', 'Atlantis');
SELECT geo_target('nowhere', 'Benelux');
SELECT geo_target('pg_catalog', 'Benelux');
SET client_min_messages = warning;
DO $$ BEGIN PERFORM drop_app('targets'); END $$;
