-- Views, feedback, crashes, consents, traces, campaigns, tokens, enrolments, purchases, checksums: what
-- requests carry beside sessions, events and properties. The documents are those of real SDKs.
\pset format unaligned
\pset tuples_only
SET search_path = pg_catalog, public;
SELECT profiles.create_app('shop', settings => '{"purchase_events": ["paid"]}') IS NOT NULL;

-- one request, so many seconds after the beginning
CREATE FUNCTION pg_temp.at(seconds int, device text, request jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', r.status, '(' || r.reason || ')', nullif(r.skipped, '[]'))
      FROM profiles.ingest('shop', request || jsonb_build_object('device_id', device, 'timestamp', 1700000000 + seconds)) AS r $$;
CREATE FUNCTION pg_temp.events(who text) RETURNS TABLE (at numeric, key text, dur numeric, segmentation jsonb) LANGUAGE sql AS $$
    SELECT trim_scale(extract(epoch FROM ts) - 1700000000), key, dur, segmentation FROM shop.events AS e
     WHERE uid = (SELECT uid FROM shop.devices AS d WHERE d.device_id = who) ORDER BY ts, key $$;

-- Views: a visit; its duration comes later; the session's last view gets the exit.
SELECT pg_temp.at(0, 'v', '{"begin_session": 1, "events": "[{\"key\":\"[CLY]_view\",\"segmentation\":{\"name\":\"/shop\",\"visit\":1,\"start\":1,\"domain\":\"127.0.0.1\"},\"timestamp\":1700000001}]"}');
SELECT pg_temp.at(5, 'v', '{"events": [{"key": "[CLY]_view", "dur": 4, "segmentation": {"name": "/shop"}}, {"key": "[CLY]_view", "segmentation": {"name": "Cart", "visit": "1", "_idv": "x7"}}]}');
SELECT view_count, session_views, last_view, last_view_id, last_view_at, event_count FROM shop.users;
SELECT pg_temp.at(30, 'v', '{"end_session": 1, "ignore_cooldown": 1, "session_duration": 30}');
SELECT * FROM pg_temp.events('v');
-- one view in the session: a bounce
SELECT pg_temp.at(100, 'v', '{"begin_session": 1, "events": [{"key": "[CLY]_view", "segmentation": {"name": "Home", "visit": true}}]}');
SELECT pg_temp.at(200, 'v', '{"begin_session": 1}');
SELECT * FROM pg_temp.events('v') WHERE at >= 100;
-- without a name there is no view; a time is no duration
SELECT pg_temp.at(201, 'v', '{"events": [{"key": "[CLY]_view", "segmentation": {"visit": 1}}, {"key": "[CLY]_view"}, {"key": "[CLY]_view", "dur": 1700000201, "segmentation": {"name": "Home"}}]}');

-- Feedback and messages.
SELECT pg_temp.at(0, 'f', '{"events": [
    {"key": "[CLY]_nps", "segmentation": {"widget_id": "w1", "rating": 9, "comment": "Nice", "platform": "Web"}},
    {"key": "[CLY]_nps", "segmentation": {"widget_id": "w1", "rating": 7}},
    {"key": "[CLY]_nps", "segmentation": {"widget_id": "w1", "rating": "6"}},
    {"key": "[CLY]_nps", "segmentation": {"widget_id": "w1", "closed": 1}},
    {"key": "[CLY]_survey", "segmentation": {"widget_id": "w2", "answ-1602694029-0": "ch1", "answ-1602694029-1": 4}},
    {"key": "[CLY]_survey", "segmentation": {"widget_id": "w2", "closed": 1}},
    {"key": "[CLY]_star_rating", "segmentation": {"widget_id": "w3", "rating": 4, "email": "ada@example.org", "contactMe": true}},
    {"key": "[CLY]_action", "segmentation": {"type": "click", "x": 71, "y": 18, "width": 1280, "height": 3016, "view": "/shop/cart"}},
    {"key": "[CLY]_push_action", "segmentation": {"i": "5f0c1c1c1c1c1c1c1c1c1c1c", "b": 0, "p": "a"}},
    {"key": "[CLY]_orientation", "segmentation": {"mode": "landscape"}}]}');
SELECT * FROM pg_temp.events('f');
SELECT profile FROM shop.users WHERE device_id = 'f';
SELECT jsonb_pretty(skipped) FROM profiles.ingest('shop', '{"device_id": "f", "timestamp": 1700000010, "events": [
    {"key": "[CLY]_nps", "segmentation": {"widget_id": "w1", "rating": 11}},
    {"key": "[CLY]_nps", "segmentation": {"widget_id": "w1", "rating": [1]}},
    {"key": "[CLY]_nps", "segmentation": {"rating": 1}},
    {"key": "[CLY]_survey", "segmentation": [1]},
    {"key": "[CLY]_star_rating", "segmentation": {}},
    {"key": "[CLY]_action"},
    {"key": "[CLY]_push_action", "segmentation": {"i": "short"}},
    {"key": "[CLY]_crash", "segmentation": {}}]}');

-- A request that only changes properties leaves an event that says which.
SELECT pg_temp.at(0, 'p', '{"metrics": {"_os": "Android"}, "user_details": {"name": "Ada", "custom": {"plan": "free", "visits": 1}}}');
SELECT pg_temp.at(10, 'p', '{"user_details": {"name": "", "custom": {"plan": "pro", "visits": {"$inc": 0}}}}');
SELECT pg_temp.at(20, 'p', '{"user_details": {"custom": {"plan": "pro"}}}');
SELECT pg_temp.at(30, 'p', '{"events": [{"key": "e"}], "user_details": {"custom": {"plan": "team"}}}');
SELECT * FROM pg_temp.events('p');

-- Crashes: one group, whatever the numbers in the stack.
SELECT pg_temp.at(0, 'c1', '{"crash": "{\"_error\":\"TypeError: null\\n    at pay (http://127.0.0.1:36037/shop.js:6:15)\",\"_app_version\":\"1.2.3\",\"_run\":5,\"_nonfatal\":false,\"_os\":\"Web\",\"_custom\":{\"theme\":\"dark\"}}"}');
SELECT pg_temp.at(10, 'c1', '{"crash": {"_error": "TypeError: null\n    at pay (http://127.0.0.1:80/shop.js:7:1)", "_app_version": "1.2.3", "_os": "Web"}}');
SELECT pg_temp.at(5, 'c2', '{"crash": {"_error": "TypeError: null\n    at pay (http://127.0.0.1:1/shop.js:6:15)", "_app_version": "1.2.4", "_os": "Web"}}');
SELECT pg_temp.at(6, 'c2', '{"crash": {"_error": "plain text error", "_nonfatal": true}}');
SELECT name, platform, fatal, reports, users, trim_scale(extract(epoch FROM first_seen) - 1700000000), trim_scale(extract(epoch FROM last_seen) - 1700000000), first_version, last_version FROM shop.crash_groups ORDER BY name;
SELECT uid, name, u.reports FROM shop.crash_users AS u JOIN shop.crash_groups USING (crash_group) ORDER BY uid, name;
SELECT at, key, segmentation - 'crash_group' FROM pg_temp.events('c1');
SELECT count(*) FROM shop.events WHERE key = '[CLY]_crash' AND segmentation ->> 'crash_group' IN (SELECT crash_group FROM shop.crash_groups);
-- resolved in 1.10.0: an older version does not open it again, that one does
SELECT crash_group FROM shop.crash_groups WHERE fatal \gset
SELECT profiles.resolve_crash('shop', :'crash_group', '1.10.0');
SELECT pg_temp.at(20, 'c1', '{"crash": {"_error": "TypeError: null\n    at pay (http://127.0.0.1:1/shop.js:6:15)", "_app_version": "1.9.9", "_os": "Web"}}');
SELECT resolved_at IS NOT NULL, resolved_version, reopened_at, reports FROM shop.crash_groups WHERE fatal;
SELECT pg_temp.at(30, 'c1', '{"crash": {"_error": "TypeError: null\n    at pay (http://127.0.0.1:1/shop.js:6:15)", "_app_version": "1.10.0", "_os": "Web"}}');
SELECT resolved_at, resolved_version, reopened_at, reports, users FROM shop.crash_groups WHERE fatal;
SELECT profiles.resolve_crash('shop', 'no such group');
SELECT profiles.resolve_crash('no such app', 'x');
-- not understood
SELECT pg_temp.at(40, 'c1', '{"crash": "{}"}');
SELECT pg_temp.at(41, 'c1', '{"crash": "not json"}');
SELECT pg_temp.at(42, 'c1', '{"crash": [1]}');
SELECT pg_temp.at(43, 'c1', '{"crash": {"_error": "x", "_logs": ["a"], "_custom": {"a.b": 1, "n": null}}}');

-- Consents: an entry and an event only when something changed.
SELECT pg_temp.at(0, 'k', '{"consent": "{\"sessions\":true,\"events\":true,\"views\":false}"}');
SELECT pg_temp.at(1, 'k', '{"consent": {"sessions": 1, "events": "true"}}');
SELECT pg_temp.at(2, 'k', '{"consent": {"sessions": true, "events": false}}');
SELECT pg_temp.at(3, 'k', '{"consent": {"events": true, "sessions": false, "": true, "users": "maybe", "n": null, "o": {}}}');
SELECT consent FROM shop.users WHERE device_id = 'k';
SELECT trim_scale(extract(epoch FROM ts) - 1700000000), change, before, after FROM shop.consent_log ORDER BY entry;
SELECT * FROM pg_temp.events('k');

-- Traces.
SELECT pg_temp.at(0, 't', '{"apm": "{\"type\":\"network\",\"name\":\"/api/cart\",\"stz\":1700000000000,\"etz\":1700000000250,\"apm_metrics\":{\"response_time\":250,\"response_payload_size\":1000,\"request_payload_size\":120,\"response_code\":200},\"timestamp\":1700000000000,\"hour\":15,\"dow\":1}"}');
SELECT pg_temp.at(1, 't', '{"apm": {"type": "device", "name": "start", "stz": 1700000000000, "etz": 1700000000900, "apm_metrics": {"duration": 900}}}');
SELECT pg_temp.at(2, 't', '{"apm": {"type": "device", "name": "later", "stz": 9999999999999, "etz": 1}}');
SELECT * FROM pg_temp.events('t');
SELECT pg_temp.at(3, 't', '{"apm": {"type": "moon", "name": "x"}}');
SELECT pg_temp.at(4, 't', '{"apm": {"type": "device"}}');
SELECT pg_temp.at(5, 't', '{"apm": {"type": "device", "name": "x", "stz": "soon", "apm_metrics": {"a": "b"}}}');
SELECT pg_temp.at(6, 't', '{"apm": {"type": "device", "name": "x", "stz": "soon"}}');

-- Where a user came from.
SELECT pg_temp.at(0, 'a', '{"campaign_id": "spring", "campaign_user": "u1"}');
SELECT pg_temp.at(1, 'a', '{"attribution_data": "{\"cid\":\"summer\",\"x\":1}", "aid": "{\"adid\":\"ad-1\"}"}');
SELECT profile FROM shop.users WHERE device_id = 'a';
SELECT * FROM pg_temp.events('a');
-- Where messages reach it.
SELECT pg_temp.at(2, 'a', '{"token_session": "1", "android_token": "token-1", "test_mode": "0", "token_provider": "FCM"}');
SELECT pg_temp.at(3, 'a', '{"token_session": 1, "ios_token": "token-2", "test_mode": 2}');
SELECT pg_temp.at(4, 'a', '{"token_session": 1, "android_token": "token-3", "token_provider": "HMS", "test_mode": 7}');
SELECT pg_temp.at(5, 'a', '{"token_session": 1, "android_token": ""}');
SELECT provider, mode, token FROM shop.push_tokens ORDER BY provider;
-- What it takes part in: fetching alone does not enrol.
SELECT pg_temp.at(6, 'a', '{"method": "fetch_remote_config", "keys": "[\"colour\",\"size\"]"}');
SELECT pg_temp.at(7, 'a', '{"method": "ab", "keys": "[\"colour\", \"size\", 1, \"\"]"}');
SELECT pg_temp.at(8, 'a', '{"method": "rc", "oi": 1, "keys": ["font"]}');
SELECT pg_temp.at(9, 'a', '{"method": "ab_enroll_variant", "keys": "colour", "variant": "B"}');
SELECT pg_temp.at(10, 'a', '{"method": "ab_opt_out", "keys": ["size"]}');
SELECT key, method, variant FROM shop.enrolments ORDER BY key;
SELECT pg_temp.at(11, 'a', '{"method": "ab_opt_out"}');
SELECT count(*) FROM shop.enrolments;

-- Purchases: the events that the app lists, when they carry a sum.
SELECT pg_temp.at(0, 'm', '{"events": [{"key": "paid", "sum": 0.1}, {"key": "paid", "sum": 0.2}, {"key": "paid"}, {"key": "visit", "sum": 7}]}');
SELECT pg_temp.at(-10, 'm', '{"events": [{"key": "paid", "sum": 5}]}');
SELECT pg_temp.at(1, 'm', '{"events": [{"key": "paid", "sum": 1e40}]}');
SELECT purchase_count, purchase_total, last_purchase_amount, last_purchase FROM shop.users WHERE device_id = 'm';

-- A merge moves all of it.
SELECT pg_temp.at(50, 'c2', '{"old_device_id": "c1"}');
SELECT pg_temp.at(51, 'm', '{"old_device_id": "a"}');
SELECT pg_temp.at(52, 'k', '{"old_device_id": "m", "consent": {"push": true}}');
SELECT name, g.users, u.uid, u.reports FROM shop.crash_users AS u JOIN shop.crash_groups AS g USING (crash_group) WHERE name <> 'x' ORDER BY name;
SELECT device_id, consent, purchase_count, purchase_total, (SELECT count(*) FROM shop.push_tokens AS t WHERE t.uid = u.uid) AS tokens,
       (SELECT count(*) FROM shop.consent_log AS l WHERE l.uid = u.uid) AS consents FROM shop.users AS u WHERE device_id = 'k';
SELECT count(DISTINCT uid) FROM shop.push_tokens;

-- Ids that stand for nobody.
SELECT pg_temp.at(0, '00000000-0000-0000-0000-000000000000', '{}');
SELECT pg_temp.at(0, 'CLYTemporaryDeviceID', '{"t": 2}');
SELECT pg_temp.at(60, 'm', '{"old_device_id": "CLYTemporaryDeviceID"}');

-- Signed requests, as the SDKs sent them.
SELECT profiles.configure_app('shop', '{"salt": "pepper"}');
SELECT settings FROM profiles.apps WHERE name = 'shop';
CREATE FUNCTION pg_temp.signed(device text, query text, parameters jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(': ', status, reason, uid) FROM profiles.ingest('shop', jsonb_build_object('device_id', device, 'query_string', query) || parameters) $$;
SELECT pg_temp.signed('salted-1', 'end_session=1&session_duration=4&app_key=salted-app-of-nodejs&device_id=salted-1&sdk_name=javascript_native_nodejs&sdk_version=24.10.4&t=0&timestamp=1795464886019&hour=20&dow=1&tz=0&checksum256=79bc20abf005364091ff45b698282888bbf7f9e3d2800f61b935ec012db3b56d',
    '{"end_session": 1, "checksum256": "79BC20abf005364091ff45b698282888bbf7f9e3d2800f61b935ec012db3b56d"}') LIKE 'ok: %' AS taken;
SELECT pg_temp.signed('s', 'device_id=s&x=1', jsonb_build_object('checksum', encode(sha256('x'), 'hex')));
-- the SHA-1 of "device_id=s&x=1pepper"
SELECT pg_temp.signed('s', 'device_id=s&checksum=d&x=1', '{"checksum": "8f8656ff31a4d9ace64f11a68b0ffde9e1ad547e"}') LIKE 'ok: %' AS taken;
SELECT pg_temp.signed('s', 'device_id=s&x=2', '{"checksum": "8f8656ff31a4d9ace64f11a68b0ffde9e1ad547e"}');
-- HTTP clients escape apostrophes after the SDK took the checksum: of "device_id=s&x='3'" with the salt
SELECT pg_temp.signed('s', 'device_id=s&x=%273%27', jsonb_build_object('checksum256', encode(sha256('device_id=s&x=''3''pepper'), 'hex'))) LIKE 'ok: %' AS taken;
SELECT pg_temp.signed('s', 'device_id=s&x=%2273%27', jsonb_build_object('checksum256', encode(sha256('device_id=s&x="3''pepper'), 'hex')));
SELECT pg_temp.signed('s', 'device_id=s', '{}');
SELECT pg_temp.signed('s', '', '{"checksum": "ab"}');
SELECT pg_temp.signed('s', 'device_id=s', '{"checksum256": "zz"}');
CREATE ROLE regress_no_salt;
GRANT USAGE ON SCHEMA shop TO regress_no_salt;
SET ROLE regress_no_salt;
SELECT salt FROM profiles.apps;
SELECT * FROM profiles.ingest('shop', '{"device_id": "x", "checksum": "x", "query_string": "x"}');
RESET ROLE;
SELECT profiles.configure_app('shop', '{"salt": null}');
SELECT settings, salt FROM profiles.apps WHERE name = 'shop';
SELECT profiles.configure_app('shop', '{"salt": 5}');
SELECT profiles.configure_app('shop', '{"salted": true}');
SELECT profiles.configure_app('shop', '{"purchase_events": ["paid", 1]}');
SET client_min_messages = warning;
SELECT profiles.drop_app('shop');
DROP OWNED BY regress_no_salt;
DROP ROLE regress_no_salt;

-- What cannot be taken is told, and what was refused is in no event.
SELECT profiles.create_app('told') IS NOT NULL;
CREATE FUNCTION pg_temp.told(request jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', status, skipped) FROM profiles.ingest('told', '{"device_id": "d", "timestamp": 1700000000}' || request) $$;
SELECT pg_temp.told('{"crash": {"_error": "one", "_nonfatal": 1, "a.b": 3, "_": 4, "_custom": {"x.y": 1, "z": [1]}}}');
-- two names that become one, one of the server's own, one that is too long
SELECT regexp_replace(pg_temp.told(jsonb_build_object('crash', jsonb_build_object('_error', 'names', '_nonfatal', true, '_os', 'a', 'os', 'b', '_crash_group', 'mine', '_custom_x', 3, '_custom', jsonb_build_object('x', 1, 'a.b', 2, 'ab', 3, repeat('l', 122), 4)))), 'l{9,}', 'll', 'g');
SELECT segmentation - '{error,crash_group}'::text[] - ('custom_' || repeat('l', 121)), segmentation -> ('custom_' || repeat('l', 121)), segmentation ->> 'crash_group' = crash_group
  FROM told.events, told.crash_groups WHERE key = '[CLY]_crash' AND segmentation ->> 'error' = 'names' AND name = 'names';
SELECT pg_temp.told('{"crash": {"_error": "two", "_nonfatal": "1"}}');
SELECT pg_temp.told('{"crash": {"_error": "three", "_nonfatal": 0}}');
SELECT pg_temp.told(jsonb_build_object('crash', jsonb_build_object('_error', 'four', '_logs', repeat('x', 20001))));
SELECT name, fatal FROM told.crash_groups ORDER BY name;
SELECT segmentation ->> 'error', length(segmentation ->> 'logs'), segmentation - '{error,logs,crash_group}'::text[] FROM told.events WHERE key = '[CLY]_crash' AND segmentation ->> 'error' <> 'names' ORDER BY 1;
SELECT pg_temp.told('{"apm": {"type": "device", "name": "n", "stz": 5, "etz": "7", "apm_metrics": [1], "zork": 1, "hour": 3}}');
-- a metric that is none costs itself, as does a time that is none
SELECT pg_temp.told('{"apm": {"type": "network", "name": "mixed", "stz": "soon", "etz": [], "apm_metrics": {"good": 1.5, "text": "250", "bad": "fast", "no": false, "null": null, "a.b": 1, "": 2, "name": 3, "a name of thirty-three characters": 4}}}');
SELECT pg_temp.told(jsonb_build_object('apm', jsonb_build_object('type', 'device', 'name', repeat('n', 2049), 'apm_metrics', (SELECT jsonb_object_agg('m' || n, n) FROM generate_series(1, 102) AS n))));
SELECT left(segmentation ->> 'name', 10), length(segmentation ->> 'name'), CASE WHEN segmentation ->> 'name' = 'mixed' THEN segmentation END, (SELECT count(*) FROM jsonb_object_keys(segmentation))
  FROM told.events WHERE key ~ 'apm' AND segmentation ->> 'name' ~ '^(mixed|nn)' ORDER BY 1;
SELECT pg_temp.told('{"consent": {"a.b": true, "custom": true, "x": true}}');
SELECT pg_temp.told('{"consent": {"custom": false, "x": false}}');
SELECT segmentation FROM told.events WHERE key = '[CLY]_consent' ORDER BY segmentation ->> 'x' DESC;
-- What was known of x and what is sent of x_bf are two things, whatever features are named.
SELECT pg_temp.told('{"consent": {"x_bf": true, "x_bf_": false, "_type": true, "_type_bf": false, "x_bfe": true, "_bf": true}}');
SELECT pg_temp.told('{"consent": {"x_bf": false, "x": true, "_type": false}}');
SELECT segmentation FROM told.events WHERE key = '[CLY]_consent' AND segmentation ? 'x_bf_' ORDER BY segmentation ->> 'x_bf_' DESC;
SELECT before, after FROM told.consent_log ORDER BY entry DESC LIMIT 1;
SELECT pg_temp.told('{"ios_token": "i"}'), pg_temp.told('{"android_token": "a"}');
SELECT pg_temp.told('{"token_session": 1, "android_token": "p", "token_provider": "HPK"}');
SELECT pg_temp.told('{"token_session": 1, "android_token": "f", "token_provider": "MOON"}');
SELECT provider, token FROM told.push_tokens ORDER BY provider;
SELECT pg_temp.told('{"keys": ["colour"]}');
-- A token that is empty takes away those of its own provider; none, or one that is no text, takes nothing away.
SELECT pg_temp.told('{"token_session": 1, "ios_token": "i"}');
SELECT pg_temp.told('{"token_session": 1}'), pg_temp.told('{"token_session": 1, "ios_token": {"a": 1}}'), pg_temp.told('{"token_session": 1, "android_token": null}');
SELECT provider, token FROM told.push_tokens ORDER BY provider;
SELECT pg_temp.told('{"token_session": 1, "ios_token": ""}');
SELECT provider, token FROM told.push_tokens ORDER BY provider;
SELECT pg_temp.told('{"token_session": 1, "ios_token": "both", "android_token": "both"}');
SELECT provider, token FROM told.push_tokens ORDER BY provider;
SELECT pg_temp.told('{"android_token": ""}');
-- Keys that are none are not all of them.
SELECT pg_temp.told('{"method": "ab", "keys": ["k1", "k2"]}');
SELECT pg_temp.told('{"method": "ab_opt_out", "keys": {"k1": 1}}'), pg_temp.told('{"method": "ab_opt_out", "keys": "[\"k1\""}'), pg_temp.told('{"method": "ab_opt_out", "keys": [1]}');
SELECT key FROM told.enrolments ORDER BY key;
SELECT pg_temp.told('{"method": "ab_opt_out", "keys": []}');
SELECT pg_temp.told('{"variant": "B"}');
SELECT pg_temp.told('{"method": "ab_enrol", "keys": ["colour"], "variant": "B"}');
SELECT pg_temp.told('{"method": "AB", "keys": "colour"}');
SELECT pg_temp.told('{"method": "ab"}'), pg_temp.told('{"method": "rc", "oi": 1, "keys": []}');
-- to ask is no fault
SELECT method, pg_temp.told(jsonb_build_object('method', method, 'keys', '["k"]'::jsonb)) FROM unnest('{rc,fetch_remote_config,ab_fetch_variants,ab_fetch_experiments,feedback,surveys,sc,queue}'::text[]) AS method;
SELECT key, method, variant FROM told.enrolments;
