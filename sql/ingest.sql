-- ingest(): what a request makes of a user. Sessions, merges, events and bad requests have files of
-- their own. 1700000000 is 2023-11-14 22:13:20 UTC; tests never depend on the clock.
\getenv data PROFILES_DATA
\set nested :data '/city-nested.mmdb'
\pset format unaligned
\pset tuples_only
\pset null '(null)'
SET search_path = pg_catalog, public;
SELECT profiles.create_app('shop', 'Europe/Berlin') IS NOT NULL;

-- A request as "uid status reason skipped", without what is empty.
CREATE FUNCTION pg_temp.send(request jsonb, app text DEFAULT 'shop') RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', r.uid, r.status, '(' || r.reason || ')', nullif(r.skipped, '[]')) FROM profiles.ingest(app, request) AS r
$$;
-- The same at so many seconds after 1700000000, with the parameters that a test is about.
CREATE FUNCTION pg_temp.at(seconds numeric, device text, parameters jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.send(jsonb_build_object('device_id', device, 'timestamp', ((1700000000 + seconds) * 1000)::bigint) || parameters)
$$;
CREATE FUNCTION pg_temp.profile(device text) RETURNS text LANGUAGE sql AS $$
    SELECT u.profile::text FROM shop.users AS u JOIN shop.devices AS d USING (uid, bucket) WHERE d.device_id = device
$$;

-- Any request makes a user. uids count from 1.
SELECT * FROM profiles.ingest('shop', '{"device_id": "d1"}');
SELECT * FROM profiles.ingest('shop', '{"device_id": "d2", "timestamp": "1700000000"}');
SELECT uid, bucket, device_id, device_id_type, identified, profile, first_seen, last_seen, first_session, last_session,
       session_count, time_spent, event_count, merges, session_start, session_end, recent_day, recent_sessions,
       location_source, location_at, length(recent_requests) FROM shop.users WHERE uid = 2;
SELECT first_seen = last_seen AND first_seen = first_sync AND abs(extract(epoch FROM now() - first_seen)) < 60,
       recent_requests FROM shop.users WHERE uid = 1;
SELECT * FROM shop.devices WHERE device_id = 'd2';
SELECT count(*) FROM shop.event_batches;

-- Times as SDKs send them: seconds, milliseconds, with a fraction, as text. First seen is the earliest,
-- last seen the latest, whatever comes late.
SELECT pg_temp.send('{"device_id": "time", "timestamp": 1700000100}');
SELECT pg_temp.send('{"device_id": "time", "timestamp": "1700000300123"}');
SELECT pg_temp.send('{"device_id": "time", "timestamp": "1700000200.5"}');
SELECT first_seen, last_seen FROM shop.users WHERE uid = 3;
SELECT pg_temp.send('{"device_id": "time", "timestamp": 1700000000}');
SELECT first_seen, last_seen FROM shop.users WHERE uid = 3;
-- a time in the future or of another unit is the server's
SELECT pg_temp.send('{"device_id": "future", "timestamp": 9000000000000}');
SELECT pg_temp.send('{"device_id": "micros", "timestamp": 1700000000000000}');
SELECT pg_temp.send('{"device_id": "zero", "timestamp": 0}');
SELECT count(*) FROM shop.users WHERE device_id IN ('future', 'micros', 'zero') AND last_seen = last_sync;

-- The same request again changes nothing; neither do what SDKs and gateways change on a retry.
SELECT pg_temp.at(0, 'twice', '{"user_details": {"custom": {"n": {"$inc": 1}}}}');
SELECT pg_temp.at(0, 'twice', '{"user_details": {"custom": {"n": {"$inc": 1}}}}');
SELECT pg_temp.at(0, 'twice', '{"user_details": {"custom": {"n": {"$inc": 1}}}, "rr": 3, "checksum256": "x", "ip_address": "192.0.2.1"}');
SELECT pg_temp.profile('twice');
-- another time or another content is another request
SELECT pg_temp.at(1, 'twice', '{"user_details": {"custom": {"n": {"$inc": 1}}}}');
SELECT pg_temp.at(0, 'twice', '{"user_details": {"custom": {"n": {"$inc": 2}}}}');
SELECT pg_temp.profile('twice');
-- 32 are remembered: the first one of 33 is new again
SELECT count(*) FROM (SELECT pg_temp.at(n, 'ring') FROM generate_series(1, 33) AS n) AS s;
SELECT length(recent_requests) FROM shop.users WHERE device_id = 'ring';
SELECT pg_temp.at(2, 'ring'), pg_temp.at(1, 'ring'), pg_temp.at(33, 'ring');
-- without a timestamp nothing tells a repeated request from a new one
SELECT pg_temp.send('{"device_id": "notime", "user_details": {"custom": {"n": {"$inc": 1}}}}');
SELECT pg_temp.send('{"device_id": "notime", "user_details": {"custom": {"n": {"$inc": 1}}}}');
SELECT pg_temp.profile('notime');

-- A device that limits tracking sends zeros, and is nobody.
SELECT * FROM profiles.ingest('shop', '{"device_id": "00000000-0000-0000-0000-000000000000", "begin_session": 1}');

-- A number is a device id, too.
SELECT pg_temp.at(0, 'n', '{"device_id": 17}');
SELECT device_id FROM shop.users ORDER BY uid DESC LIMIT 1;

-- Identified: a name, username, email or phone, an id from the developer; and it stays.
SELECT pg_temp.at(0, 'i-name', '{"user_details": {"name": "Ada"}}');
SELECT pg_temp.at(0, 'i-username', '{"user_details": {"username": "ada"}}');
SELECT pg_temp.at(0, 'i-email', '{"user_details": {"email": "ada@example.com"}}');
SELECT pg_temp.at(0, 'i-phone', '{"user_details": {"phone": "+49 30 1"}}');
SELECT pg_temp.at(0, 'i-developer', '{"t": "0"}');
SELECT pg_temp.at(0, 'a-organization', '{"user_details": {"organization": "ACME", "gender": "F", "custom": {"name": "x"}}}');
SELECT pg_temp.at(0, 'a-sdk', '{"t": "1"}');
SELECT pg_temp.at(0, 'a-temporary', '{"t": 2}');
SELECT pg_temp.at(0, 'a-url', '{"t": 3}');
SELECT pg_temp.at(0, 'a-empty', '{"user_details": {"name": ""}}');
SELECT pg_temp.at(1, 'i-name', '{"user_details": {"name": ""}}');
SELECT device_id, identified, device_id_type FROM shop.users WHERE device_id ~ '^[ai]-' ORDER BY uid;

-- Metrics, as they are sent; what SDKs leave out is inferred.
SELECT pg_temp.at(0, 'metrics', '{"metrics": "{\"_os\":\"Android\",\"_os_version\":\"14\",\"_device\":\"Pixel 8\",\"_device_type\":\"mobile\",\"_manufacturer\":\"Google\",\"_resolution\":\"1080x2400\",\"_density\":\"XXHDPI\",\"_carrier\":\"Vodafone\",\"_app_version\":\"1.2.3\",\"_locale\":\"de-DE\",\"_store\":\"com.android.vending\",\"_orientation\":\"portrait\",\"_has_hinge\":true,\"_browser\":\"Chrome\",\"_browser_version\":120.0,\"_ua\":\"Mozilla/5.0\"}"}');
SELECT pg_temp.profile('metrics');
SELECT pg_temp.at(1, 'metrics', '{"metrics": {"_app_version": "1.2.4", "_carrier": "--", "_has_hinge": "false", "_density": null, "_locale": ""}}');
SELECT pg_temp.profile('metrics');
SELECT pg_temp.at(2, 'metrics', '{"metrics": {"_os": {"a": 1}, "_device": [1], "_colour": "red", "_app_version": 2}, "av": "9"}');
SELECT pg_temp.profile('metrics')::jsonb ->> 'app_version', pg_temp.profile('metrics')::jsonb ->> 'platform';
SELECT pg_temp.at(3, 'metrics', '{"av": "9"}');
SELECT pg_temp.profile('metrics')::jsonb ->> 'app_version';
SELECT device, pg_temp.at(0, device, jsonb_build_object('metrics', jsonb_build_object('_os', os, '_device', device)))
  FROM (VALUES ('iOS', 'iPhone15,2'), ('iOS', 'iPad13,1'), ('iOS', 'iPod9,1'), ('watchOS', 'Watch6,1'), ('tvOS', 'AppleTV11,1'),
               ('macOS', 'MacBookPro18,1'), ('macOS', 'iMac21,1'), ('iOS', 'Simulator'), ('Linux', 'iPhone15,3')) AS sent (os, device);
SELECT device_id, profile FROM shop.users WHERE device_id ~ '^(i[PM]|Watch|Apple|Mac|Sim)' ORDER BY uid;
SELECT pg_temp.at(0, 'given', '{"metrics": {"_os": "iOS", "_device": "iPhone1,1", "_device_type": "brick", "_manufacturer": "Pear"}}'), pg_temp.profile('given');

-- SDK and time zone
SELECT pg_temp.at(0, 'sdk', '{"sdk_name": "java-native-android", "sdk_version": "24.4.0", "tz": "-330", "hour": 24, "dow": "0"}'), pg_temp.profile('sdk');
SELECT pg_temp.at(1, 'sdk', '{"sdk_name": "java-native-android", "sdk_version": "24.4.1", "tz": 0}'), pg_temp.profile('sdk');
SELECT pg_temp.at(2, 'sdk', '{"tz": 1081, "hour": 25, "dow": 7, "t": 4}'), pg_temp.profile('sdk');

-- user_details: as text, as an object, numbers in strings; null and "" clear, 0 and false do not.
SELECT pg_temp.at(0, 'details', '{"user_details": "{\"name\":\"Ada\",\"username\":\"ada\",\"email\":\"ada@example.com\",\"organization\":\"ACME\",\"phone\":\"0049\",\"picture\":\"https://example.com/a.png\",\"gender\":\"F\",\"byear\":\"1990\",\"custom\":{\"zip\":\"007\",\"n\":0,\"no\":false,\"tags\":[\"a\",1]}}"}');
SELECT pg_temp.profile('details');
SELECT pg_temp.at(1, 'details', '{"user_details": {"name": null, "username": "", "byear": -1, "custom": {"zip": "", "tags": null, "n": 0}}}');
SELECT pg_temp.profile('details');
SELECT pg_temp.at(2, 'details', '{"user_details": {"custom": {"n": null, "no": ""}}}');
SELECT pg_temp.profile('details');
-- what cannot be applied is reported, the rest is applied
SELECT pg_temp.at(3, 'details', '{"user_details": {"name": ["x"], "age": 5, "email": "a@b.c", "byear": "soon", "custom": {"n": {"$inc": "x"}, "m": {"$inc": 1, "$frob": 2}, "a.b": 1, "$ab": 2, "mixed": {"$inc": 1, "x": 2}, "empty": {}}}}');
SELECT pg_temp.profile('details');
SELECT pg_temp.at(4, 'details', '{"user_details": {"custom": {"email2": {"$inc": 1}, "m": {"$push": "x"}}}}');
SELECT pg_temp.at(5, 'details', '{"user_details": {"custom": "x"}}');
SELECT pg_temp.at(6, 'details', '{"user_details": {"custom": {"m": {"$set": 5, "$inc": 1, "$max": 3, "$mul": 2}}}}');
SELECT pg_temp.profile('details');
-- nothing to change leaves the profile as it is
SELECT pg_temp.at(7, 'details', '{"user_details": ""}'), pg_temp.at(8, 'details', '{"user_details": null, "metrics": "", "events": ""}');

-- Limits: 20 custom properties, 50 elements, 256 characters of a value, 128 of a name.
SELECT pg_temp.at(0, 'limits', jsonb_build_object('user_details', jsonb_build_object('custom',
       (SELECT jsonb_object_agg('p' || lpad(n::text, 2, '0'), n) FROM generate_series(1, 22) AS n))));
SELECT count(*) FROM jsonb_object_keys(pg_temp.profile('limits')::jsonb -> 'custom');
SELECT pg_temp.at(1, 'limits', '{"user_details": {"custom": {"p01": "still changes", "p02": null, "p30": "takes its place"}}}');
SELECT count(*) FROM jsonb_object_keys(pg_temp.profile('limits')::jsonb -> 'custom');
SELECT pg_temp.at(2, 'limits', jsonb_build_object('user_details', jsonb_build_object('custom', jsonb_build_object(
       'p03', (SELECT jsonb_agg(n) FROM generate_series(1, 51) AS n), 'p04', repeat('ä', 257), 'p05', repeat('ä', 256)))));
SELECT jsonb_array_length(c -> 'p03'), c -> 'p03' -> 0, c -> 'p03' -> 49, length(c ->> 'p04'), length(c ->> 'p05')
  FROM (SELECT pg_temp.profile('limits')::jsonb -> 'custom') AS p (c);
SELECT pg_temp.at(3, 'limits', '{"user_details": {"custom": {"p03": {"$push": [98, 99]}}}}');
SELECT c -> 'p03' -> 0, c -> 'p03' -> 49 FROM (SELECT pg_temp.profile('limits')::jsonb -> 'custom') AS p (c);
SELECT pg_temp.at(0, 'names', jsonb_build_object('user_details', jsonb_build_object('custom',
       jsonb_build_object(repeat('k', 128), 1, repeat('k', 129), 2)))) AS answer \gset
SELECT replace(replace(:'answer', repeat('k', 129), '(129 k)'), repeat('k', 128), '(128 k)');
SELECT replace(pg_temp.profile('names'), repeat('k', 128), '(128 k)');
-- every text is cut, and every cut is reported
SELECT pg_temp.at(0, 'long', jsonb_build_object('av', repeat('v', 300), 'sdk_name', repeat('s', 300), 'city', repeat('c', 300), 'country_code', 'DE',
       'metrics', jsonb_build_object('_ua', repeat('u', 300), '_os', repeat('o', 257)),
       'user_details', jsonb_build_object('name', repeat('n', 257), 'picture', repeat('p', 4097))));
SELECT string_agg(key || ' ' || length(value), ', ' ORDER BY key) FROM jsonb_each_text(pg_temp.profile('long')::jsonb);
-- the limits are settings; 0 means none
SELECT profiles.create_app('tight', settings => '{"custom_property_limit": 2, "array_limit": 3, "value_length_limit": 4, "key_length_limit": 5}') IS NOT NULL;
SELECT pg_temp.send('{"device_id": "d", "timestamp": 1700000000, "user_details": {"custom": {"a": "12345", "b": [1, 2, 3, 4], "c": 1, "sixsix": 1}}}', 'tight');
SELECT profile FROM tight.users;
SELECT profiles.configure_app('tight', '{"custom_property_limit": 0, "array_limit": 0, "value_length_limit": 0, "key_length_limit": 0}');
SELECT pg_temp.send(jsonb_build_object('device_id', 'd', 'user_details', jsonb_build_object('custom',
       (SELECT jsonb_object_agg(n || repeat('k', 300), repeat('v', 300)) FROM generate_series(1, 30) AS n)
       || jsonb_build_object('b', (SELECT jsonb_agg(n) FROM generate_series(1, 100) AS n)))), 'tight');
SELECT count(*), sum(length(value)) FROM tight.users, jsonb_each_text((profile::jsonb) -> 'custom');

-- Location of the SDK: a country is a code, coordinates are "latitude,longitude".
SELECT pg_temp.at(0, 'place', '{"country_code": "de", "region": "BE", "city": "Berlin", "location": "52.52,13.405"}'), pg_temp.profile('place');
SELECT location_source, location_at FROM shop.users WHERE device_id = 'place';
-- another country or another city takes with it what belonged to the old one
SELECT pg_temp.at(1, 'place', '{"city": "Potsdam", "country_code": "DE"}'), pg_temp.profile('place');
SELECT pg_temp.at(2, 'place', '{"country_code": "FR"}'), pg_temp.profile('place');
SELECT pg_temp.at(3, 'place', '{"city": "Paris"}'), pg_temp.profile('place');
SELECT pg_temp.at(4, 'place', '{"city": "Rome"}'), pg_temp.profile('place');
-- nonsense changes nothing
SELECT pg_temp.at(5, 'place', '{"country_code": "Italia", "location": "91,0", "ip_address": "1.2.3"}'), pg_temp.profile('place');
SELECT pg_temp.at(6, 'place', '{"country_code": "", "region": "", "city": null}'), pg_temp.profile('place');
-- opting out: at once, beside a country, for later sessions too
SELECT pg_temp.at(7, 'place', '{"country_code": "IT", "location": "41.9,12.5"}'), pg_temp.profile('place');
SELECT pg_temp.at(8, 'place', '{"country_code": "IT", "city": "Rome", "location": ""}'), pg_temp.profile('place');
SELECT location_source, location_at FROM shop.users WHERE device_id = 'place';
SET profiles.geoip_database = :'nested';
SELECT (profiles.geoip('192.0.2.1')).*;
SELECT pg_temp.at(9, 'place', '{"begin_session": 1, "ip_address": "192.0.2.1"}'), pg_temp.profile('place');
SELECT pg_temp.at(10, 'place', '{"end_session": 1, "ip_address": "192.0.2.1"}'), pg_temp.profile('place');
-- and back in
SELECT pg_temp.at(11, 'place', '{"country_code": "IT"}'), pg_temp.profile('place');
SELECT location_source FROM shop.users WHERE device_id = 'place';

-- GeoIP: when a session begins, what the SDK left out, and never another country's city.
SELECT pg_temp.at(0, 'geo', '{"ip_address": "192.0.2.1"}'), pg_temp.profile('geo');
SELECT pg_temp.at(1, 'geo', '{"ip_address": "192.0.2.1", "begin_session": 1}'), pg_temp.profile('geo');
SELECT location_source, location_at FROM shop.users WHERE device_id = 'geo';
SELECT pg_temp.at(0, 'geo-other', '{"ip_address": "192.0.2.1", "begin_session": 1, "country_code": "FR"}'), pg_temp.profile('geo-other');
SELECT pg_temp.at(0, 'geo-same', '{"ip": "192.0.2.1", "begin_session": 1, "country_code": "GB"}'), pg_temp.profile('geo-same');
SELECT pg_temp.at(0, 'geo-city', '{"ip_address": "192.0.2.1", "begin_session": 1, "city": "Paris"}'), pg_temp.profile('geo-city');
SELECT pg_temp.at(0, 'geo-nobody', '{"ip_address": "10.0.0.1", "begin_session": 1}'), pg_temp.profile('geo-nobody');
-- coordinates of the device win over GeoIP for 7 days
SELECT pg_temp.at(0, 'gps', '{"location": "1.5,2.5"}'), pg_temp.profile('gps');
SELECT pg_temp.at(7 * 86400 - 1, 'gps', '{"begin_session": 1, "ip_address": "192.0.2.1"}'), pg_temp.profile('gps');
SELECT pg_temp.at(7 * 86400, 'gps', '{"begin_session": 1, "ip_address": "192.0.2.1"}'), pg_temp.profile('gps');
-- an address is never stored
SELECT count(*) FROM shop.users AS u WHERE u::text ~ '192\.0\.2\.1';
SELECT count(*) FROM shop.event_batches AS b WHERE b::text ~ '192\.0\.2\.1';
-- a database that cannot be used costs the location and not the request
SET profiles.geoip_database = '/nonexistent/geoip.mmdb';
SELECT pg_temp.at(0, 'geo-lost', '{"ip_address": "192.0.2.1", "begin_session": 1}'), pg_temp.profile('geo-lost');
SET profiles.geoip_database = :'nested';
-- apps that keep no city, or no country
SELECT profiles.create_app('nocity', settings => '{"city_data": false}') IS NOT NULL, profiles.create_app('nocountry', settings => '{"country_data": false}') IS NOT NULL;
SELECT pg_temp.send('{"device_id": "d", "timestamp": 1700000000, "begin_session": 1, "ip_address": "192.0.2.1"}', 'nocity');
SELECT profile FROM nocity.users;
SELECT pg_temp.send('{"device_id": "d", "timestamp": 1700000001, "country_code": "DE", "city": "Berlin", "location": "52.5,13.4"}', 'nocity');
SELECT profile FROM nocity.users;
SELECT pg_temp.send('{"device_id": "d", "timestamp": 1700000000, "begin_session": 1, "ip_address": "192.0.2.1"}', 'nocountry');
SELECT profile FROM nocountry.users;
-- a setting that changes empties what it forbids with the next session
SELECT profiles.configure_app('shop', '{"country_data": false}');
SELECT pg_temp.at(100, 'geo', '{"begin_session": 1, "ip_address": "192.0.2.1"}'), pg_temp.profile('geo');
SELECT profiles.configure_app('shop', '{"country_data": null}');
RESET profiles.geoip_database;

-- By the app's key, as a gateway calls it.
SELECT key AS app_key FROM profiles.apps WHERE name = 'shop' \gset
SELECT uid > 1, status, skipped FROM profiles.ingest(jsonb_build_object('app_key', :'app_key', 'device_id', 'by key', 'timestamp', 1700000000));
SELECT profile, first_seen FROM shop.users WHERE device_id = 'by key';

-- Unknown parameters are reported, those of the transport are not.
SELECT pg_temp.at(0, 'other', '{"app_key": "x", "rr": 1, "checksum": "x", "checksum256": "x", "method": "x", "crash": "{}", "nonsense": [1]}');

-- A heartbeat writes no index and no event.
SELECT pg_temp.at(0, 'hot', '{"begin_session": 1}');
SELECT count(*) AS batches FROM shop.event_batches \gset
BEGIN;
SELECT pg_stat_get_xact_tuples_hot_updated('shop.users'::regclass) AS hot \gset
SELECT pg_temp.at(60, 'hot', '{"session_duration": 60}');
SELECT pg_stat_get_xact_tuples_hot_updated('shop.users'::regclass) - :hot, pg_stat_get_xact_tuples_updated('shop.devices'::regclass);
COMMIT;
SELECT count(*) - :batches FROM shop.event_batches;

-- Another search_path changes nothing, not even one with operators that are not what they seem.
CREATE SCHEMA evil;
CREATE FUNCTION evil.never(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil was called'; END $$;
CREATE FUNCTION evil.never(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil was called'; END $$;
CREATE FUNCTION evil.never(bigint, integer) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil was called'; END $$;
CREATE OPERATOR evil.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.never);
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.never);
CREATE OPERATOR evil.>> (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = evil.never);
SET search_path = evil, pg_catalog;
SELECT r.status FROM profiles.ingest('shop', '{"device_id": "path", "timestamp": 1700000000, "events": [{"key": "a"}]}') AS r;
SELECT r.status FROM profiles.ingest('shop', '{"device_id": "path2", "old_device_id": "path", "timestamp": 1700000001}') AS r;
SELECT r.status FROM profiles.ingest('shop', '{"device_id": "d2", "old_device_id": "path", "timestamp": 1700000001}') AS r;
SET search_path = pg_catalog, public;

-- What a role needs, and no more: a gateway that only ingests.
CREATE ROLE gateway;
CREATE FUNCTION pg_temp.as_gateway(request jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    SET ROLE gateway;
    SELECT pg_temp.send(request) INTO answer;
    RESET ROLE;
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    RESET ROLE;
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT pg_temp.as_gateway('{"device_id": "g", "timestamp": 1700000000}');
GRANT USAGE ON SCHEMA shop TO gateway;
GRANT SELECT, INSERT, UPDATE ON shop.users, shop.devices TO gateway;
GRANT INSERT ON shop.event_batches TO gateway;
GRANT USAGE ON SEQUENCE shop.users_uid_seq TO gateway;
SELECT pg_temp.as_gateway('{"device_id": "g", "timestamp": 1700000000, "events": [{"key": "a"}]}');
SELECT pg_temp.as_gateway('{"device_id": "g", "timestamp": 1700000001, "begin_session": 1}');
SELECT pg_temp.as_gateway('{"device_id": "g2", "old_device_id": "g", "timestamp": 1700000002}');
SELECT pg_temp.as_gateway('{"device_id": "d2", "old_device_id": "g", "timestamp": 1700000003}');
GRANT DELETE ON shop.users TO gateway;
GRANT SELECT, UPDATE ON shop.event_batches TO gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.crash_groups, shop.crash_users, shop.consent_log, shop.push_tokens, shop.enrolments TO gateway;
GRANT INSERT ON shop.merges TO gateway;
GRANT SELECT ON shop.event_blocks TO gateway;
GRANT SELECT, INSERT, UPDATE ON shop.moved_events TO gateway;
SELECT pg_temp.as_gateway('{"device_id": "d2", "old_device_id": "g", "timestamp": 1700000003}');
SET ROLE gateway;
SELECT count(*) FROM profiles.ingest(jsonb_build_object('app_key', :'app_key', 'device_id', 'g'));
RESET ROLE;
GRANT SELECT (key) ON profiles.apps TO gateway;
SET ROLE gateway;
SELECT count(*) FROM profiles.ingest(jsonb_build_object('app_key', :'app_key', 'device_id', 'g'));
RESET ROLE;
REVOKE ALL ON profiles.apps FROM gateway;
REVOKE SELECT (key) ON profiles.apps FROM gateway;
DROP OWNED BY gateway;
DROP ROLE gateway;
