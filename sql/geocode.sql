-- The geocoder, over the places of test/data/places.tsv: some cities, and made-up places on both sides of
-- the date line and at the poles. Distances were worked out apart, from the angle between unit vectors.
\getenv tree PROFILES_TREE
\set file :tree '/test/data/places.tsv'
SET search_path = profiles, public;
\pset null '(null)'

-- no places, nothing known
SELECT geocode(52.5, 13.4), geocode('Berlin', 'DE');
SELECT version FROM places_version;

\set VERBOSITY terse
SET client_min_messages = warning;
SELECT load_places(:'file');
RESET client_min_messages;
\set VERBOSITY default
SELECT count(*), count(other_names), count(country) FROM places;
SELECT version IS NOT NULL AS version FROM places_version;

-- a city reaches as far as its people need: at 52.53 13.2, Berlin's edge is at 13.913 - 21.409 km, that of
-- Spandau at 0.556 - 1.070 km; at 52.42 13.1 Potsdam's at 3.508 - 4.787 km, Berlin's at 23.462 - 21.409 km
SELECT latitude AS north, longitude AS east, city, round(accuracy_km::numeric, 3) AS km
FROM (VALUES (1, 52.53, 13.2), (2, 52.45, 13.25), (3, 52.42, 13.1), (4, 48.9, 2.3)) AS t (n, a, o), geocode(a, o)
ORDER BY n;

-- across the date line, at the poles
SELECT a AS north, o AS east, city, round(accuracy_km::numeric, 3) AS km
FROM (VALUES (1, -17, 180), (2, -17, -180), (3, -17, 179.99), (4, -17, -179.95),
             (5, -90, 0), (6, -90, 123), (7, -89.9, 179), (8, 90, -90), (9, 90, 180), (10, 0.5, 0)) AS t (n, a, o),
     geocode(a, o)
ORDER BY n;

-- nothing near, and farther; the limit is that of the edge
SELECT (geocode(33, -95)).city;
SELECT (geocode(34.6, -95.5)).city, (geocode(34.6, -95.5, 200)).city;
SELECT (geocode(-40, -120)).city, (geocode(-40, -120, 'infinity')).city, (geocode(52.52, 13.405, 0)).city;

-- all columns
\x
SELECT * FROM geocode(50.94, 6.96);
SELECT * FROM geocode('Köln', 'DE');
SELECT * FROM geocode(0.01, 0.01);
\x

-- by name: the larger one, in its country, in any language, capital or not, spaces around it
SELECT (geocode('Paris', NULL)).region, (geocode('Paris', '')).region, (geocode('paris', 'us')).region,
       (geocode('Paris', 'DE')).region, (geocode('Paris', 'USA')).region;
SELECT name, (geocode(name, NULL)).city
FROM unnest('{KÖLN,köln,cologne," Cologne ",ПАРИЖ,париж,ベルリン,BERLÍN,Berli,"","  "}'::text[]) AS name;
SELECT geocode(NULL, 'DE'), geocode(NULL::float8, 1), geocode(1, NULL::float8);

-- what changes the table changes the answers
UPDATE places SET name = 'Cologne upon Rhine' WHERE id = 6;
SELECT (geocode(50.94, 6.96)).city;
BEGIN;
DELETE FROM places WHERE id = 6;
SELECT (geocode(50.94, 6.96)).city;
ROLLBACK;
SELECT (geocode(50.94, 6.96)).city;
INSERT INTO places (id, name, latitude, longitude) VALUES (99, 'New Town', -40, -120);
SELECT (geocode(-40, -120)).city;

-- the same by hand, for a thousand points of the world
SELECT count(*) AS points, count(*) FILTER (WHERE (geocode(a, o, 1e5)).city IS DISTINCT FROM nearest) AS different
FROM (SELECT a, o, (SELECT name FROM places,
                    LATERAL (SELECT sind((latitude - a) / 2) ^ 2
                                    + cosd(a) * cosd(latitude) * sind((longitude - o) / 2) ^ 2) AS h (h)
                    ORDER BY 2 * 6371.0088 * asin(least(1, sqrt(h.h)))
                             - least(30, sqrt(population / (2500 * pi()))) LIMIT 1) AS nearest
      FROM (SELECT -90 + n % 181 AS a, -180 + n * 7 % 361 AS o FROM generate_series(1, 1000) n) AS points) AS t;

-- parallel workers answer as the leader does
CREATE TABLE points AS SELECT -90 + n % 181 AS a, -180 + n * 7 % 361 AS o FROM generate_series(1, 20000) n;
ANALYZE points;
SELECT count((geocode(a, o, 1e5)).city), sum((geocode(a, o, 1e5)).accuracy_km)::numeric(20, 3) AS km FROM points \gset leader_
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT count((geocode(a, o, 1e5)).city) FROM points;
SELECT count((geocode(a, o, 1e5)).city) = :leader_count AS same, sum((geocode(a, o, 1e5)).accuracy_km)::numeric(20, 3) = :leader_km AS km FROM points;
RESET max_parallel_workers_per_gather;
DROP TABLE points;

-- the fallback asks the geocoder second
SELECT what, r.country, r.region, r.city, r.latitude, r.longitude, r.source
FROM (VALUES
    ('coordinates', NULL, NULL, 50.94::float8, 6.96::float8),
    ('city and country', 'FR', 'Paris', NULL, NULL),
    ('city alone', NULL, 'Paris', NULL, NULL),
    ('city and its country elsewhere', 'US', 'Paris', NULL, NULL),
    ('coordinates and a name for the city', NULL, 'Charlottenburg', 52.51, 13.3),
    ('coordinates and a country that is not there', 'FR', NULL, 52.51, 13.3),
    ('a city that is nowhere', 'FR', 'Atlantis', NULL, NULL)
) AS t (what, country, city, latitude, longitude),
     resolve_location(t.country, t.city, t.latitude, t.longitude, NULL) AS r;

-- errors
SELECT geocode(91, 0);
SELECT geocode(0, 'NaN'::float8);
SELECT geocode(0, 0, -1);
SELECT geocode(0, 0, 'NaN');
INSERT INTO places (id, name, latitude, longitude) VALUES (100, 'Nowhere', 91, 0);
\set VERBOSITY sqlstate
SELECT load_places('/nonexistent/places.tsv');
CREATE ROLE regress_profiles_visitor;
GRANT USAGE ON SCHEMA profiles TO regress_profiles_visitor;
SET ROLE regress_profiles_visitor;
SELECT load_places(NULL);
\set VERBOSITY default
SELECT (geocode(52.5, 13.4)).city;
RESET ROLE;
REVOKE USAGE ON SCHEMA profiles FROM regress_profiles_visitor;
DROP ROLE regress_profiles_visitor;

-- no places again
TRUNCATE places;
SELECT geocode(52.5, 13.4);
