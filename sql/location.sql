-- The databases are those of test/data/geoip.pl; what they must answer is written there.
\getenv data PROFILES_DATA
\set nested :data '/city-nested.mmdb'
\set moved :data '/city-moved.mmdb'
\set ipv4 :data '/ipv4-nested.mmdb'
\set flat :data '/city-flat.mmdb'
\set country :data '/country-flat.mmdb'
\set missing :data '/missing.mmdb'
\set other :data '/not-a-database.mmdb'
\set directory :data
SET search_path = profiles, public;
\pset null '(null)'

-- nothing is installed with the extension: nothing is known
SELECT geoip('192.0.2.1'), geoip_country('192.0.2.1'), geoip_record('192.0.2.1'),
       geoip_field('192.0.2.1', '{country}'), geoip_network('192.0.2.1');
SELECT * FROM geoip_info();
SHOW profiles.geoip_database;

-- MaxMind's schema
SET profiles.geoip_database = :'nested';
SELECT ip, (geoip(ip)).*
FROM unnest('{192.0.2.1,192.0.2.200,198.51.100.7,203.0.113.1,203.0.113.17,203.0.113.49,203.0.113.65,
             2001:db8::1,2001:db8:8000::1}'::inet[]) WITH ORDINALITY AS t (ip, n)
ORDER BY n;
SELECT type, description, built, ip_version, languages, nodes > 0 AS nodes, size FROM geoip_info();
SELECT path = :'nested' AS path FROM geoip_info();

-- where nothing is known: not in the database, private, loopback; NULL
SELECT ip, geoip(ip), geoip_country(ip), geoip_record(ip), geoip_network(ip)
FROM unnest('{192.0.3.1,10.0.0.1,127.0.0.1,::1,fe80::1,0.0.0.0,255.255.255.255,2001:db8:8001::1}'::inet[]) AS ip;
SELECT geoip(NULL), geoip_country(NULL), geoip_record(NULL), geoip_field(NULL, '{a}'), geoip_network(NULL);

-- the country alone is the country of the whole
SELECT count(*), count(geoip_country(ip)),
       count(*) FILTER (WHERE geoip_country(ip) IS DISTINCT FROM (geoip(ip)).country) AS different
FROM (SELECT '203.0.113.0'::inet + n AS ip FROM generate_series(0, 255) n
      UNION ALL SELECT '192.0.2.0'::inet + n FROM generate_series(0, 255) n) AS addresses;

-- a netmask is ignored, a mapped address is an IPv4 address
SELECT ip, geoip_country(ip), geoip_network(ip)
FROM unnest('{192.0.2.1,192.0.2.1/8,192.0.2.200,198.51.100.0/24,::ffff:192.0.2.1,2001:db8::1,
             2001:db8:8000::1/64,2002:c000:201::1}'::inet[]) AS ip;

-- the whole record, with every type of value
SELECT jsonb_pretty(geoip_record('198.51.100.1'));
SELECT geoip_record('203.0.113.17'), geoip_record('203.0.113.33');
SELECT (geoip_record('203.0.113.33') #>> '{traits,mark}')::bytea;

-- one field
SELECT path, geoip_field('198.51.100.1', path),
       geoip_field('198.51.100.1', path) IS NOT DISTINCT FROM (geoip_record('198.51.100.1') #>> path) AS same
FROM (VALUES ('{city,names,en}'::text[]), ('{subdivisions,1,iso_code}'), ('{subdivisions,-2,iso_code}'),
             ('{subdivisions,2,iso_code}'), ('{subdivisions,x}'), ('{subdivisions,-3}'), ('{location}'),
             ('{location,latitude}'), ('{location,latitude,deeper}'), ('{subdivisions}'), ('{nothing}'), ('{}'),
             (ARRAY['city', NULL]), (ARRAY[['city', 'names'], ['en', 'x']])) AS t (path);
SELECT geoip_field('192.0.2.200', '{city,names,de}'), geoip_field('203.0.113.33', '{traits,big}'),
       geoip_field('203.0.113.33', '{traits,flags,0}'), geoip_field('203.0.113.33', '{traits,flags}');
SELECT geoip_field('198.51.100.1', array_fill('city'::text, '{100}'));

-- another database
SET profiles.geoip_database = :'moved';
SELECT geoip_country('192.0.2.1'), geoip_country('198.51.100.1'), geoip_country('203.0.113.49');

-- a database of IPv4 addresses: mapped ones are found, IPv6 ones are not
SET profiles.geoip_database = :'ipv4';
SELECT ip, geoip_country(ip), geoip_network(ip)
FROM unnest('{192.0.2.1,::ffff:192.0.2.200,2001:db8::1,::192.0.2.1}'::inet[]) AS ip;

-- the flat schema of the free databases: floats, and empty texts for what is missing
SET profiles.geoip_database = :'flat';
SELECT ip, (geoip(ip)).*, geoip_network(ip) FROM unnest('{192.0.2.1,198.51.100.1,2001:db8::1}'::inet[]) AS ip;
SELECT geoip_record('192.0.2.1');
SET profiles.geoip_database = :'country';
SELECT ip, (geoip(ip)).*, geoip_network(ip) FROM unnest('{192.0.2.1,::ffff:192.0.2.1,2001:db8::1}'::inet[]) AS ip;

-- parallel workers answer as the leader does
SET profiles.geoip_database = :'nested';
CREATE TABLE visits AS SELECT '192.0.2.0'::inet + n % 256 AS ip FROM generate_series(1, 20000) n;
ANALYZE visits;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT geoip_network(ip), count(*) FROM visits GROUP BY 1;
SELECT geoip_network(ip), min(geoip_country(ip)), min((geoip(ip)).city), count(*) FROM visits GROUP BY 1 ORDER BY 1;
DROP TABLE visits;

-- the fallback: SDK first, GeoIP for what is missing
\x
SELECT * FROM resolve_location(NULL, NULL, NULL, NULL, NULL, false);
SELECT * FROM resolve_location(NULL, NULL, NULL, NULL, '192.0.2.1', false);
SELECT * FROM resolve_location('', '', NULL, NULL, '192.0.2.1', NULL);
SELECT * FROM resolve_location(NULL, NULL, NULL, NULL, '10.0.0.1');
\x
CREATE FUNCTION resolved(text, text, float8, float8, inet, boolean) RETURNS text LANGUAGE sql
AS $$ SELECT concat_ws(' | ', country, region, city, coalesce(latitude || ' ' || longitude, '-'),
                       coalesce(time_zone, '-'), coalesce(accuracy_km::text, '-'), source)
      FROM profiles.resolve_location($1, $2, $3, $4, $5, $6) $$;
-- 192.0.2.1 is Berlin, 198.51.100.1 Paris, 203.0.113.1 a country only, 203.0.113.17 nothing of interest
SELECT what, resolved(country, city, latitude, longitude, ip, disabled)
FROM (VALUES
    ('country agrees', 'DE', NULL, NULL::float8, NULL::float8, '192.0.2.1'::inet, false),
    ('country agrees, small letters', 'de', NULL, NULL, NULL, '192.0.2.1', false),
    ('country contradicts', 'DE', NULL, NULL, NULL, '198.51.100.1', false),
    ('country and city agree', 'DE', 'berlin', NULL, NULL, '192.0.2.1', false),
    ('city of the same country contradicts', 'DE', 'Hamburg', NULL, NULL, '192.0.2.1', false),
    ('city agrees, country missing', NULL, 'Berlin', NULL, NULL, '192.0.2.1', false),
    ('city contradicts, country missing', NULL, 'Berlin', NULL, NULL, '198.51.100.1', false),
    ('city, GeoIP knows a country only', NULL, 'Berlin', NULL, NULL, '203.0.113.1', false),
    ('country and city, GeoIP knows the country only', 'US', 'Boston', NULL, NULL, '203.0.113.1', false),
    ('coordinates only', NULL, NULL, 52.5, 13.4, NULL, false),
    ('coordinates and GeoIP', NULL, NULL, 52.5, 13.4, '192.0.2.1', false),
    ('coordinates and country, GeoIP contradicts', 'FR', NULL, 48.8, 2.3, '192.0.2.1', false),
    ('everything', 'DE', 'Berlin', 52.5, 13.4, '198.51.100.1', false),
    ('GeoIP knows nothing of interest', NULL, NULL, NULL, NULL, '203.0.113.17', false),
    ('0, 0 is a place', NULL, NULL, NULL, NULL, '203.0.113.49', false),
    ('coordinates of GeoIP out of range', NULL, NULL, NULL, NULL, '203.0.113.65', false),
    ('opted out', NULL, NULL, NULL, NULL, '192.0.2.1', true),
    ('opted out, values sent all the same', 'DE', 'Berlin', 52.5, 13.4, '192.0.2.1', true)
) AS t (what, country, city, latitude, longitude, ip, disabled);
DROP FUNCTION resolved;
SELECT latitude, longitude FROM resolve_location(NULL, NULL, -90, 180, NULL, false);

-- errors
SELECT resolve_location(NULL, NULL, 90.1, 0, NULL, false);
SELECT resolve_location(NULL, NULL, 0, -181, NULL, false);
SELECT resolve_location(NULL, NULL, 'NaN', 0, NULL, false);
SELECT resolve_location(NULL, NULL, 0, 'Infinity', NULL, false);
SELECT resolve_location(NULL, NULL, 52.5, NULL, NULL, false);
SET profiles.geoip_database = 'relative.mmdb';
\set VERBOSITY sqlstate
-- the messages name the path, which differs: test/t/020_geoip.pl reads them
SET profiles.geoip_database = :'missing';
SELECT geoip('192.0.2.1');
SELECT resolve_location(NULL, NULL, NULL, NULL, '192.0.2.1', false);
SELECT * FROM geoip_info();
SET profiles.geoip_database = :'other';
SELECT geoip_country('192.0.2.1');
SET profiles.geoip_database = :'directory';
SELECT geoip_country('192.0.2.1');
\set VERBOSITY default
-- whoever opted out is not looked up, so a missing database does not matter
SELECT (resolve_location('DE', NULL, NULL, NULL, '192.0.2.1', true)).source;

-- who is not a superuser cannot choose the file, unless it was granted
CREATE ROLE regress_profiles_visitor;
SET ROLE regress_profiles_visitor;
SET profiles.geoip_database = '';
RESET ROLE;
GRANT SET ON PARAMETER profiles.geoip_database TO regress_profiles_visitor;
SET ROLE regress_profiles_visitor;
SET profiles.geoip_database = '';
RESET ROLE;
REVOKE SET ON PARAMETER profiles.geoip_database FROM regress_profiles_visitor;
DROP ROLE regress_profiles_visitor;
SET profiles.no_such_setting = 1;

-- everything public has a comment
SELECT p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'profiles'::regnamespace AND p.proname ~ '^(geoip|resolve_location)'
  AND obj_description(p.oid, 'pg_proc') IS NULL;
