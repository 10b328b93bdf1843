-- Several geoip databases at once, the language of names, the default. test/data/geoip.pl has the data.
\getenv data PROFILES_DATA
\set halves :data '/city-flat.mmdb, ' :data '/city-flat-ipv6.mmdb'
\set nested_and_owners '"' :data '/city-nested.mmdb",' :data '/owners.mmdb'
\set owners_and_nested :data '/owners.mmdb,' :data '/city-nested.mmdb'
\set broken :data '/city-nested.mmdb,' :data '/not-a-database.mmdb'
\set nested :data '/city-nested.mmdb'
SET search_path = profiles, public;
\pset null '(null)'

-- nothing is installed with the extension here
SELECT geoip('192.0.2.1'), geoip_country('192.0.2.1'), geoip_record('192.0.2.1');
SET profiles.geoip_database = '';
SELECT geoip('192.0.2.1'), (SELECT count(*) FROM geoip_info());

-- one file for each family works as one
SET profiles.geoip_database = :'halves';
SELECT ip, (geoip(ip)).city, geoip_country(ip), geoip_network(ip), geoip_field(ip, '{city}')
FROM unnest('{192.0.2.1,::ffff:192.0.2.1,2001:db8::1,2001:db9::1,198.51.100.1}'::inet[]) AS ip;
SELECT type, ip_version FROM geoip_info();

-- cities beside owners: the first that knows a place, the first that has a key, the narrower network
SET profiles.geoip_database = :'nested_and_owners';
SELECT ip, (geoip(ip)).city, geoip_country(ip), geoip_network(ip),
       geoip_field(ip, '{autonomous_system_number}') AS asn, geoip_field(ip, '{country,iso_code}') AS code
FROM unnest('{192.0.2.1,192.0.2.65,192.0.2.200,2001:db8::1,198.18.0.1,198.20.0.1}'::inet[]) AS ip;
SELECT geoip_record('192.0.2.1') - 'names', geoip_record('198.18.0.1');
SELECT type FROM geoip_info();
SET profiles.geoip_database = :'owners_and_nested';
SELECT type FROM geoip_info();
SELECT ip, (geoip(ip)).city, geoip_country(ip) FROM unnest('{192.0.2.1,198.18.0.1}'::inet[]) AS ip;
-- a field is that of the whole record, also where the first database lacks it or ends above it
SELECT ip, path, geoip_field(ip, path) IS NOT DISTINCT FROM (geoip_record(ip) #>> path) AS same
FROM unnest('{192.0.2.1,192.0.2.65,198.18.0.1,10.0.0.1}'::inet[]) AS ip,
     (VALUES ('{country,iso_code}'::text[]), ('{country,names,en}'), ('{autonomous_system_number}'),
             ('{nothing}'), ('{}')) AS paths (path);

-- names in a language; English where there is none, then any
SET profiles.geoip_database = :'nested';
SELECT (geoip('192.0.2.1')).region, (geoip('2001:db8::1')).city, (geoip('192.0.2.200')).city;
SET profiles.geoip_language = 'de';
SELECT (geoip('192.0.2.1')).region, (geoip('2001:db8::1')).city, (geoip('192.0.2.200')).city;
SET profiles.geoip_language = 'ja';
SELECT (geoip('192.0.2.1')).region, (geoip('2001:db8::1')).city, (geoip('192.0.2.200')).city;
SET profiles.geoip_language = '';
SELECT (geoip('192.0.2.1')).region, (geoip('2001:db8::1')).city;
RESET profiles.geoip_language;
SELECT (geoip('192.0.2.1')).region;

-- errors
SET profiles.geoip_database = '/a.mmdb,b.mmdb';
SET profiles.geoip_database = '"/a.mmdb';
SET profiles.geoip_database = '/a.mmdb,,/b.mmdb';
\set VERBOSITY sqlstate
SET profiles.geoip_database = :'broken';
SELECT geoip_country('192.0.2.1');
