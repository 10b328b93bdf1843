-- Where a user is, in every combination of what may say so: the SDK sends nothing (X), country and city (CC),
-- coordinates (LL) or both (CCLL); there is a geocoder or not, GeoIP or not; the user opted out or not.
-- The SDK speaks of Paris; the address 192.0.2.1 is in Berlin, 198.51.100.1 in Paris (test/data/geoip.pl).
\getenv data PROFILES_DATA
\getenv tree PROFILES_TREE
\set nested :data '/city-nested.mmdb'
\set file :tree '/test/data/places.tsv'
SET search_path = profiles, public;
SET client_min_messages = warning;
\pset null '-'
SET profiles.geoip_database = :'nested';

CREATE TABLE sent (n int, sdk text, country text, city text, latitude float8, longitude float8);
INSERT INTO sent VALUES (1, 'X', NULL, NULL, NULL, NULL), (2, 'CC', 'FR', 'Paris', NULL, NULL), (3, 'LL', NULL, NULL, 48.85, 2.35), (4, 'CCLL', 'FR', 'Paris', 48.85, 2.35);
CREATE TABLE addresses (n int, geoip text, ip inet);
INSERT INTO addresses VALUES (1, 'X', NULL), (2, 'Berlin', '192.0.2.1'), (3, 'Paris', '198.51.100.1');
CREATE VIEW answers AS
SELECT sdk, geoip, disabled, r.* FROM sent, addresses, (VALUES (false), (true)) AS o (disabled),
     resolve_location(country, city, latitude, longitude, ip, disabled) AS r
ORDER BY disabled, sent.n, addresses.n;
-- what an app's user has after one request that says the same
CREATE FUNCTION ingested(app text) RETURNS TABLE (sdk text, geoip text, disabled boolean, country text, region text,
                                                  city text, latitude float8, longitude float8, source text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ingest(app, jsonb_strip_nulls(jsonb_build_object(
                'device_id', concat_ws('-', s.sdk, a.geoip, o.disabled), 'begin_session', 1,
                'country_code', s.country, 'city', s.city, 'ip_address', host(a.ip),
                'location', CASE WHEN o.disabled THEN '' ELSE s.latitude || ',' || s.longitude END)))
    FROM sent s, addresses a, (VALUES (false), (true)) AS o (disabled);
    RETURN QUERY EXECUTE format($q$
        SELECT split_part(device_id, '-', 1), split_part(device_id, '-', 2), split_part(device_id, '-', 3)::boolean,
               profile ->> 'country', profile ->> 'region', profile ->> 'city',
               (profile ->> 'latitude')::float8, (profile ->> 'longitude')::float8, location_source FROM %I.users $q$, app);
END
$$;

-- without a geocoder
SELECT sdk, geoip, country, region, city, latitude, longitude, source FROM answers WHERE NOT disabled;
SELECT length(create_app('without')) AS key;
CREATE TABLE without_geocoder AS SELECT * FROM ingested('without');
SELECT count(*), count(*) FILTER (WHERE (i.country, i.region, i.city, i.latitude, i.longitude, i.source)
                                  IS NOT DISTINCT FROM (a.country, a.region, a.city, a.latitude, a.longitude, a.source)) AS same
FROM without_geocoder AS i JOIN answers AS a USING (sdk, geoip, disabled);

-- with one
SELECT load_places(:'file');
SELECT sdk, geoip, country, region, city, latitude, longitude, source FROM answers WHERE NOT disabled;
SELECT length(create_app('whereabouts')) AS key;
CREATE TABLE with_geocoder AS SELECT * FROM ingested('whereabouts');
SELECT count(*), count(*) FILTER (WHERE (i.country, i.region, i.city, i.latitude, i.longitude, i.source)
                                  IS NOT DISTINCT FROM (a.country, a.region, a.city, a.latitude, a.longitude, a.source)) AS same
FROM with_geocoder AS i JOIN answers AS a USING (sdk, geoip, disabled);

-- who opted out is nowhere, in all of them
SELECT country, region, city, latitude, longitude, source, count(*) FROM answers WHERE disabled GROUP BY 1, 2, 3, 4, 5, 6;

-- no city beside another country, whatever was sent: the cities of the answers lie in their countries
SELECT DISTINCT country, city FROM (TABLE with_geocoder UNION ALL TABLE without_geocoder) AS every ORDER BY 1, 2;

-- a derived point is not the device's own: the next session may move it, a point of the device stays for 7 days
CREATE FUNCTION place_of(device text) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' ', profile ->> 'country', profile ->> 'city', profile ->> 'latitude', profile ->> 'longitude',
                    location_source, location_at IS NOT NULL) FROM whereabouts.users WHERE device_id = device $$;
CREATE FUNCTION session(device text, day numeric, rest jsonb) RETURNS text LANGUAGE sql AS
$$ SELECT (ingest('whereabouts', jsonb_build_object('device_id', device, 'begin_session', 1,
                  'timestamp', 1700000000 + (86400 * day)::bigint) || rest)).status $$;
SELECT session('moves', 0, '{"country_code": "DE", "city": "Berlin"}'), place_of('moves');
SELECT session('moves', 1, '{"country_code": "FR", "city": "Paris"}'), place_of('moves');
SELECT session('gps', 0, '{"location": "52.4,13.06"}'), place_of('gps');
SELECT session('gps', 6.9, '{"ip_address": "198.51.100.1"}'), place_of('gps');
SELECT session('gps', 7.1, '{"ip_address": "198.51.100.1"}'), place_of('gps');

-- opting out removes everything; later sessions bring nothing back until a location is sent again
SELECT session('private', 0, '{"location": "52.4,13.06", "events": [{"key": "a", "count": 1}]}'), place_of('private');
SELECT session('private', 1, '{"location": "", "city": "Berlin", "country_code": "DE", "ip_address": "192.0.2.1"}'), place_of('private');
SELECT session('private', 2, '{"ip_address": "192.0.2.1"}'), place_of('private');
SELECT session('private', 9, '{"ip_address": "192.0.2.1", "events": [{"key": "b", "count": 1}]}'), place_of('private');
SELECT latitude, longitude, city, country, location_source FROM whereabouts.people WHERE device_id = 'private';
SELECT key, profile ? 'latitude' AS has_point FROM whereabouts.events
WHERE uid = (SELECT uid FROM whereabouts.users WHERE device_id = 'private') AND key IN ('a', 'b') ORDER BY key;
SELECT session('private', 10, '{"location": "52.4,13.06"}'), place_of('private');

-- nothing that is written after the opt-out has coordinates: the session that it closes, events that come late
CREATE FUNCTION traces(device text) RETURNS text LANGUAGE sql AS
$$ SELECT count(*) FILTER (WHERE profile ?| '{latitude,longitude,ip_address}') || ' of ' || count(*)
   FROM whereabouts.event_batches JOIN whereabouts.devices USING (uid) WHERE devices.device_id = device $$;
SELECT session('closing', 0, '{"location": "52.4,13.06"}');
SELECT traces('closing');
SELECT session('closing', 1, '{"location": ""}');
SELECT traces('closing');
SELECT session('late', 0, '{"location": "52.4,13.06"}'), session('late', 2, '{"location": ""}');
SELECT traces('late');
SELECT (ingest('whereabouts', jsonb_build_object('device_id', 'late', 'timestamp', 1700000000 + 86400, 'events', '[{"key": "then"}]'::jsonb))).status;
SELECT traces('late');
-- a location that was sent before and comes late is none that is sent again
SELECT session('late', 1, '{"location": "52.4,13.06"}'), place_of('late');
SELECT session('late', 1.5, '{"city": "Berlin", "country_code": "DE"}'), place_of('late');
SELECT session('late', 2, '{"city": "Berlin", "country_code": "DE"}'), place_of('late');

-- nowhere at all: in no table of the app, whatever else the request of the opt-out and the ones after it bring; but
-- events of the requests before keep the profile that they came with
CREATE FUNCTION where_is(what text) RETURNS TABLE (relation text, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR relation IN SELECT tablename FROM pg_tables WHERE schemaname = 'whereabouts' ORDER BY 1 LOOP
        EXECUTE format('SELECT count(*) FROM whereabouts.%I AS t WHERE t::text ~ $1', relation) INTO rows USING what;
        IF rows > 0 THEN RETURN NEXT; END IF;
    END LOOP;
END
$$;
SELECT session('shy', 0, '{"location": "51.2345,6.7891"}');
SELECT * FROM where_is('51\.2345|6\.7891');
SELECT session('shy', 1, '{"location": "", "events": [{"key": "then", "count": 1}], "crash": {"_error": "boom", "_os": "Android"},
    "consent": {"location": false}, "user_details": {"custom": {"n": {"$inc": 1}}}}');
SELECT session('shy', 2, '{"ip_address": "192.0.2.1", "events": [{"key": "then", "count": 1}]}'), place_of('shy');
SELECT (ingest('whereabouts', '{"device_id": "shy at home", "old_device_id": "shy", "timestamp": 1700200000, "ip_address": "192.0.2.1"}')).status, place_of('shy at home');
SELECT count(*) AS events, count(*) FILTER (WHERE key = '[CLY]_crash') AS crashes, count(*) FILTER (WHERE key = '[CLY]_session') AS sessions
FROM whereabouts.events WHERE uid = (SELECT uid FROM whereabouts.users WHERE device_id = 'shy at home');
SELECT * FROM where_is('51\.2345|6\.7891');

-- whoever opts out on one device opted out, whichever device was used later; the record of the merge forgets, too
SELECT session('phone', 0, '{"location": "52.4,13.06"}'), session('tablet', 1, '{"location": "48.85,2.35"}');
SELECT (ingest('whereabouts', '{"device_id": "phone", "timestamp": 1700000010, "location": ""}')).status;
SELECT (ingest('whereabouts', '{"device_id": "tablet", "old_device_id": "phone", "timestamp": 1700086410}')).status, place_of('tablet');
SELECT session('tablet', 3, '{"ip_address": "192.0.2.1"}'), place_of('tablet');
SELECT count(*), count(*) FILTER (WHERE merges::text ~ 'latitude|longitude') AS coordinates FROM whereabouts.merges;
-- opting out after merges, of which the first is of a user who went
SELECT session('one', 0, '{"location": "52.4,13.06"}'), session('two', 1, '{"location": "48.85,2.35"}'), session('three', 2, '{"location": "48.85,2.35"}');
SELECT (ingest('whereabouts', '{"device_id": "two", "old_device_id": "one", "timestamp": 1700086410}')).status,
       (ingest('whereabouts', '{"device_id": "three", "old_device_id": "two", "timestamp": 1700172810}')).status, place_of('three');
SELECT count(*), count(*) FILTER (WHERE merges::text ~ 'latitude|longitude') AS coordinates FROM whereabouts.merges;
SELECT (ingest('whereabouts', '{"device_id": "three", "timestamp": 1700172820, "location": ""}')).status, place_of('three');
SELECT count(*), count(*) FILTER (WHERE merges::text ~ 'latitude|longitude') AS coordinates FROM whereabouts.merges;
SELECT undo_merge('whereabouts', max(merge)) IS NOT NULL AS undone FROM whereabouts.merges;
SELECT place_of('two'), place_of('three');
SELECT undo_merge('whereabouts', max(merge)) IS NOT NULL AS undone FROM whereabouts.merges WHERE undone_at IS NULL;
SELECT session('one', 3, '{"ip_address": "192.0.2.1"}'), place_of('one'), place_of('two');
-- and many requests at once
SELECT status, reason FROM ingest_bulk('whereabouts', '[
    {"device_id": "bulk one", "timestamp": 1700000000, "location": "52.4,13.06"}, {"device_id": "bulk two", "timestamp": 1700000000, "location": "52.4,13.06"},
    {"device_id": "bulk two", "old_device_id": "bulk one", "timestamp": 1700000010}, {"device_id": "bulk two", "timestamp": 1700000020, "location": ""}]');
SELECT place_of('bulk two'), count(*) FILTER (WHERE merges::text ~ 'latitude|longitude') AS coordinates FROM whereabouts.merges;
-- nor can user details bring them
SELECT (ingest('whereabouts', '{"device_id": "three", "timestamp": 1700172830, "user_details": {"latitude": 1, "longitude": 2, "custom": {"latitude": 3}}}')).skipped,
       place_of('three');

-- settings of the app: the geocoder tells no more than they allow
SELECT configure_app('whereabouts', '{"city_data": false}') IS NOT NULL AS done;
SELECT session('no city', 0, '{"country_code": "DE", "city": "Berlin"}'), place_of('no city');
SELECT session('no city', 1, '{"location": "52.52,13.405"}'), place_of('no city');
SELECT configure_app('whereabouts', '{"city_data": null, "country_data": false}') IS NOT NULL AS done;
SELECT session('no country', 0, '{"location": "52.52,13.405"}'), place_of('no country');
SELECT session('no country either', 0, '{"country_code": "DE", "city": "Berlin"}'), place_of('no country either');

-- no address is stored, anywhere
INSERT INTO whereabouts.inbox (request) VALUES ('{"device_id": "address", "ip_address": "192.0.2.1", "colour": "red", "timestamp": 1700000000}');
CALL drain('whereabouts');
SELECT request, skipped FROM whereabouts.inbox_errors;
SELECT * FROM where_is('192\.0\.2\.1|198\.51\.100\.1');

-- unless the app asks for it; not of who opted out
SELECT configure_app('whereabouts', '{"country_data": null, "ip_data": true}') IS NOT NULL AS done;
CREATE FUNCTION address_of(device text) RETURNS text LANGUAGE sql AS
$$ SELECT profile ->> 'ip_address' FROM whereabouts.users WHERE device_id = device $$;
SELECT session('address', 0, '{"ip_address": "192.0.2.1"}'), address_of('address');
SELECT session('address', 1, '{}'), address_of('address');
SELECT session('address', 2, '{"ip": "2001:DB8:0::1"}'), address_of('address');
SELECT session('address', 3, '{"ip_address": "::ffff:198.51.100.1"}'), address_of('address');
SELECT session('address', 4, '{"ip_address": "no address"}'), address_of('address');
SELECT session('address', 5, '{"ip_address": "192.0.2.1", "location": ""}'), address_of('address');
SELECT session('address', 6, '{"ip_address": "192.0.2.1"}'), address_of('address');
SELECT session('address', 7, '{"ip_address": "192.0.2.1", "country_code": "DE"}'), address_of('address');
SELECT configure_app('whereabouts', '{"ip_data": false}') IS NOT NULL AS done;
SELECT session('address', 8, '{"ip_address": "192.0.2.1"}'), address_of('address');
DO $$ BEGIN PERFORM drop_app('whereabouts'); PERFORM drop_app('without'); END $$;
