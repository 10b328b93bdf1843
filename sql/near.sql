-- Filters by distance: {"location": {"$near": [latitude, longitude], "$km": radius}}. The distances were
-- worked out apart, from the angle between unit vectors on a sphere of 6371.0088 km.
SET search_path = profiles, public;
\pset null '(null)'

CREATE TABLE people (name text, p profile);
INSERT INTO people VALUES
    ('Berlin',    '{"latitude": 52.52, "longitude": 13.405, "country": "DE"}'),
    ('Potsdam',   '{"latitude": 52.4, "longitude": 13.06, "country": "DE"}'),
    ('Paris',     '{"latitude": 48.8566, "longitude": 2.3522, "country": "FR"}'),
    ('Taveuni',   '{"latitude": -17, "longitude": 179.9, "country": "FJ"}'),
    ('Rabi',      '{"latitude": -17, "longitude": -179.7, "country": "FJ"}'),
    ('pole',      '{"latitude": 90, "longitude": 0}'),
    ('near pole', '{"latitude": 89.9, "longitude": 135}'),
    ('nowhere',   '{"country": "DE"}'),
    ('half',      '{"latitude": 52.52}'),
    ('text',      '{"latitude": "52.52", "longitude": "13.405"}'),
    ('too far',   '{"latitude": 152.52, "longitude": 13.405}'),
    ('many',      '{"latitude": [52.52], "longitude": [13.405]}');
CREATE FUNCTION found(filter segment) RETURNS text LANGUAGE sql AS
    $$ SELECT string_agg(name, ', ' ORDER BY name COLLATE "C") FROM people WHERE p @@ filter $$;

-- Berlin to Potsdam 26.919 km, to Paris 877.465 km; over the date line 42.535 km; from the pole 11.1195 km
SELECT filter, found(filter::segment) FROM (VALUES
    ('{"location": {"$near": [52.52, 13.405], "$km": 0}}'),
    ('{"location": {"$near": [52.52, 13.405], "$km": 26.9}}'),
    ('{"location": {"$near": [52.52, 13.405], "$km": 26.95}}'),
    ('{"location": {"$near": [52.52, 13.405], "$km": 877.4}}'),
    ('{"location": {"$near": [52.52, 13.405], "$km": 877.5}}'),
    ('{"location": {"$near": [-17, 179.9], "$km": 42.5}}'),
    ('{"location": {"$near": [-17, 179.9], "$km": 42.6}}'),
    ('{"location": {"$near": [-17, -179.7], "$km": 42.6}}'),
    ('{"location": {"$near": [-17, 180], "$km": 40}}'),
    ('{"location": {"$near": [90, 77], "$km": 11.1}}'),
    ('{"location": {"$near": [90, 77], "$km": 11.2}}'),
    ('{"location": {"$near": [89.95, -45], "$km": 17}}'),
    ('{"location": {"$near": [-90, 0], "$km": 20016}}'),
    ('{"location": {"$not": {"$near": [52.52, 13.405], "$km": 1000}}}'),
    ('{"country": "DE", "location": {"$near": [52.52, 13.405], "$km": 1000}}'),
    ('{"$or": [{"country": "FR"}, {"location": {"$near": [90, 0], "$km": 1}}]}'),
    ('{"$nor": [{"location": {"$near": [0, 0], "$km": 1e6}}]}'),
    ('{"location": {"$near": [52.52, 13.405], "$km": 500, "$not": {"$near": [52.4, 13.06], "$km": 5}}}'),
    ('{"up.location": {"$km": 1, "$near": [90, 0]}}')
) AS t (filter);

-- one text
SELECT filter::segment, filter::segment::text::segment = filter::segment AS same FROM (VALUES
    ('{"location": {"$km": 5, "$near": [1.50, 2]}}'),
    ('{"location": {"$not": {"$near": [1.5, 2.0], "$km": 5.0}}}'),
    ('{"$and": [{"location": {"$near": [1, 2], "$km": 5}}, {"location": {"$near": [3, 4], "$km": 5}}]}'),
    ('{"location": {"$near": [1, 2], "$km": 5, "$not": {"$near": [1, 2], "$km": 2}}}')
) AS t (filter);
SELECT '{"location": {"$near": [1, 2], "$km": 5}}'::segment = '{"location": {"$near": [1, 2], "$km": 6}}'::segment AS same;

-- the index of people says the same as no index, for circles all over the world
CREATE TABLE crowd AS
SELECT n, format('{"latitude": %s, "longitude": %s}', -90 + n * 37 % 18001 / 100.0, -180 + n * 7919 % 36001 / 100.0)::profile AS p
FROM generate_series(1, 20000) n;
CREATE TABLE circles AS
SELECT n, format('{"location": {"$near": [%s, %s], "$km": %s}}', -90 + n * 61 % 181, -180 + n * 47 % 361,
                 (ARRAY[0, 5, 80, 700, 3000])[1 + n % 5])::segment AS filter
FROM generate_series(1, 100) n
UNION ALL SELECT 101, '{"location": {"$near": [0, 180], "$km": 200}}'
UNION ALL SELECT 102, '{"location": {"$near": [-89.5, -180], "$km": 100}}';
CREATE TABLE expected AS SELECT circles.n, crowd.n AS found FROM circles JOIN crowd ON p @@ filter;
CREATE INDEX crowd_idx ON crowd USING gin (p profile_ops (properties = 'latitude,longitude'));
ANALYZE crowd;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT n FROM crowd WHERE p @@ '{"location": {"$near": [52.52, 13.405], "$km": 50}}';
CREATE FUNCTION by_index(filter segment) RETURNS SETOF int LANGUAGE plpgsql AS
$$ BEGIN RETURN QUERY EXECUTE format('SELECT n FROM crowd WHERE p @@ %L', filter); END $$;
CREATE TABLE answers AS SELECT n, by_index(filter) AS found FROM circles;
SELECT (SELECT count(*) FROM expected) AS expected, (SELECT count(*) FROM answers) AS answers,
       (SELECT count(*) FROM (TABLE expected EXCEPT TABLE answers) AS e) AS missing;
RESET enable_seqscan;
-- an index without the longitude cannot help
CREATE INDEX half_idx ON people USING gin (p profile_ops (properties = 'latitude'));
SELECT found('{"location": {"$near": [-17, 179.9], "$km": 42.6}}');

-- people and events of an app
SELECT length(create_app('near_shop')) AS key;
SELECT (ingest('near_shop', jsonb_build_object('device_id', device, 'timestamp', 1750000000 + n, 'location', place,
                'events', '[{"key": "buy", "count": 1}]'::jsonb))).status
FROM (VALUES (1, 'a', '52.52,13.405'), (2, 'b', '52.4,13.06'), (3, 'c', '48.8566,2.3522'), (4, 'a', '48.8566,2.3522')) AS t (n, device, place);
SELECT filter, users, times
FROM (VALUES ('{"location": {"$near": [52.52, 13.405], "$km": 50}}'::jsonb), ('{"location": {"$near": [48.86, 2.35], "$km": 5}}'),
             ('{"location": {"$not": {"$near": [48.86, 2.35], "$km": 5}}}')) AS t (filter),
     segmentation('near_shop', 'buy', filter, period => 'all');
-- events with the profile of their time: the same from blocks, and half from each tier; a bought in Berlin and in Paris
CREATE FUNCTION bought_near() RETURNS TABLE (place text, properties text, people bigint[], times bigint) LANGUAGE sql AS $$
    SELECT place, mode, array(SELECT segmentation_users('near_shop', 'buy', filter, period => 'all', properties => mode)),
           (SELECT times FROM segmentation('near_shop', 'buy', filter, period => 'all', properties => mode))
    FROM (VALUES ('Berlin', '52.52, 13.405', 50), ('Paris', '48.86, 2.35', 5), ('nowhere', '0, 0', 5)) AS t (place, centre, km),
         format('{"location": {"$near": [%s], "$km": %s}}', centre, km) AS text, jsonb(text) AS filter,
         unnest('{event,latest}'::text[]) AS mode
    ORDER BY 1, 2 $$;
CREATE TABLE hot AS SELECT * FROM bought_near();
TABLE hot;
CALL compact('near_shop');
SELECT hot_batches, blocks, block_events FROM near_shop.storage;
CREATE TABLE cold AS SELECT * FROM bought_near();
SELECT count(*) AS different FROM (TABLE hot EXCEPT TABLE cold) AS e;
SELECT (ingest('near_shop', '{"device_id": "d", "timestamp": 1750000010, "location": "48.85,2.35", "events": [{"key": "buy", "count": 2}]}')).status;
SELECT * FROM bought_near() EXCEPT TABLE cold;
SELECT uid FROM near_shop.users WHERE profile @@ '{"location": {"$near": [48.86, 2.35], "$km": 5}}' ORDER BY uid;
-- the people of an app by an index, which knows of coordinates alone
CREATE INDEX people_location ON near_shop.users USING gin (profile profile_ops (properties = 'latitude,longitude'));
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT uid FROM near_shop.users WHERE profile @@ '{"location": {"$near": [48.86, 2.35], "$km": 5}}';
SELECT uid FROM near_shop.users WHERE profile @@ '{"location": {"$near": [48.86, 2.35], "$km": 5}}' ORDER BY uid;
RESET enable_seqscan;
SET client_min_messages = warning;
DO $$ BEGIN PERFORM drop_app('near_shop'); END $$;

-- errors
SELECT '{"location": {"$near": [52.52, 13.405]}}'::segment;
SELECT '{"location": {"$near": [52.52, 13.405], "$km": "5"}}'::segment;
SELECT '{"location": {"$near": [52.52], "$km": 5}}'::segment;
SELECT '{"location": {"$near": {"lat": 52.52}, "$km": 5}}'::segment;
SELECT '{"location": {"$near": ["52.52", "13.4"], "$km": 5}}'::segment;
SELECT '{"location": {"$near": [91, 0], "$km": 5}}'::segment;
SELECT '{"location": {"$near": [0, 0], "$km": -1}}'::segment;
SELECT '{"location": {"$km": 5}}'::segment;
SELECT '{"country": {"$near": [0, 0], "$km": 5}}'::segment;
SELECT '{"event.location": {"$near": [0, 0], "$km": 5}}'::segment;
SELECT '{"location": {"$near": [0, 0], "$mi": 5}}'::segment;
