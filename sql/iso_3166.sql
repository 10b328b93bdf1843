-- Names beside codes. The expected ones are those of the standard.
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
SELECT geo_target('targets', 'Atlantis');
SELECT geo_target('nowhere', 'Benelux');
SELECT geo_target('pg_catalog', 'Benelux');
SET client_min_messages = warning;
DO $$ BEGIN PERFORM drop_app('targets'); END $$;
