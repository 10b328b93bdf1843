-- Segmentation of users: filters and breakdowns by properties and counters, the users behind a cell, and the
-- same answers from the copy by column, whatever has happened since it was made.
\pset format unaligned
\pset tuples_only
SET search_path = public, profiles;
SET client_min_messages = warning;
SET jit = off;
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

SELECT length(create_app('My "shop"'));
INSERT INTO "My ""shop""".users (uid, bucket, device_id, identified, profile, session_count, time_spent, first_seen, first_session,
                                 view_count, last_view, purchase_count, purchase_total, last_purchase) VALUES
    (1, 0, 'd1', true, '{"country":"DE","name":"Ada","latitude":52.5,"longitude":13.4,"custom":{"plan":"pro","tags":["a","b","a"],"age":30}}', 5, 600, now() - interval '1 day', now() - interval '1 day', 9, 'home', 2, 19.98, now()),
    (2, 0, 'd2', false, '{"country":"FR","custom":{"plan":"free","tags":["b"],"age":"30"}}', 3, 60, now() - interval '10 days', NULL, 1, 'home', 0, NULL, NULL),
    (3, 0, 'd3', false, '{"country":"DE","latitude":48.1,"longitude":11.6,"user":{"session_count":1}}', 0, 0, NULL, NULL, 0, NULL, 0, NULL, NULL),
    (70000, 1, 'd4', true, '{"custom":{"plan":"pro","tags":[],"address":{"city":"Rome"}},"campaign":{"name":"spring"}}', 3, 90, now() - interval '6 days', now(), 2, 'cart', 1, 0.005, now() - interval '40 days');
\set app 'My "shop"'

-- Each question is asked twice: of the table, and after the copy was made. The answers of the first time were
-- worked out by hand from the four rows.
CREATE FUNCTION pg_temp.counted(query jsonb, VARIADIC breakdown text[] DEFAULT '{}') RETURNS text LANGUAGE sql AS
    $$ SELECT string_agg(coalesce(array_to_string(segment, '/', '-'), '') || ' ' || users, ', ') FROM users_segmentation('My "shop"', query, breakdown) $$;
CREATE TEMP TABLE questions (number int GENERATED ALWAYS AS IDENTITY, query jsonb, breakdown text[] DEFAULT '{}');
INSERT INTO questions (query) VALUES
    ('{}'), ('{"country":"DE"}'), ('{"country":{"$ne":"DE"}}'), ('{"country":{"$in":["FR","IT",null]}}'),
    ('{"$or":[{"custom.plan":"free"},{"user.session_count":{"$gte":5}}]}'), ('{"$and":[{"custom.plan":"pro"},{"custom.tags":"b"}]}'),
    ('{"custom.tags":{"$size":0}}'), ('{"custom.age":{"$gt":10}}'), ('{"custom.address.city":"Rome"}'), ('{"cmp.c":"spring"}'),
    ('{"custom":{"$exists":false}}'),
    ('{"user.session_count":{"$gte":3}}'), ('{"up.sc":{"$gte":3,"$lt":5}}'), ('{"user.session_count":{"$gt":2.5}}'), ('{"user.session_count":{"$not":{"$lte":3}}}'),
    ('{"user.session_count":{"$in":[0,5]}}'), ('{"user.session_count":"3"}'), ('{"user.session_count":{"$ne":"3"}}'),
    ('{"user.first_seen":{"$within":"7days"}}'), ('{"user.first_seen":{"$not":{"$within":"7days"}}}'), ('{"user.first_session":null}'), ('{"up.fs":{"$exists":true}}'),
    ('{"user.identified":true}'), ('{"up.hasInfo":{"$ne":true}}'), ('{"user.last_view":"home"}'), ('{"up.lv":{"rgxcn":"a"}}'),
    ('{"user.purchase_total":{"$gt":1}}'), ('{"up.tp":0.005}'), ('{"user.purchase_total":{"$lt":100}}'), ('{"up.tpc":{"$gt":0},"user.last_purchase":{"$within":"30days"}}'),
    ('{"uid":{"$in":[1,70000]}}'), ('{"did":"d2"}'), ('{"device_id":{"rgxbw":"d"}}'), ('{"uid":{"$gt":2}}'),
    ('{"location":{"$near":[52.52,13.4],"$km":50}}'), ('{"location":{"$not":{"$near":[52.52,13.4],"$km":50}}}'),
    ('{"up.user.session_count":1}'), ('{"$or":[]}'), ('{"nothing":{"$exists":false}}'), ('{"user.time_spent":{"$gte":9223372036854775807}}');
INSERT INTO questions (query, breakdown) VALUES
    ('{}', '{country}'), ('{}', '{custom.tags}'), ('{}', '{custom.age}'), ('{}', '{custom.plan,country,custom.tags}'), ('{"country":"DE"}', '{name}'),
    ('{}', '{user.session_count}'), ('{}', '{up.hasInfo,user.last_view}'), ('{}', '{user.purchase_total}'), ('{}', '{uid,did}'),
    ('{}', '{user.first_session}'), ('{}', '{custom.address}'), ('{}', '{campaign}'), ('{}', '{custom.none}');
CREATE TEMP TABLE answers AS
SELECT number, query, breakdown, pg_temp.counted(query, VARIADIC breakdown) AS answer FROM questions;
SELECT query, breakdown, CASE WHEN breakdown <> '{user.first_session}' THEN answer END FROM answers ORDER BY number;
CALL compact(:'app');
SELECT range, user_block_changed('"My ""shop""".users'::regclass, range, data, xmin), user_block_uids(data) FROM "My ""shop""".user_blocks;
SELECT * FROM answers WHERE answer IS DISTINCT FROM pg_temp.counted(query, VARIADIC breakdown);

-- The users behind a cell
SELECT array_agg(u) FROM users_segmentation_users(:'app') AS u;
SELECT array_agg(u) FROM users_segmentation_users(:'app', '{"country":"DE"}') AS u;
SELECT array_agg(u) FROM users_segmentation_users(:'app', '{}', '{custom.tags}', '{b}') AS u;
SELECT array_agg(u) FROM users_segmentation_users(:'app', '{}', '{country,user.identified}', '{NULL,true}') AS u;
SELECT array_agg(u) FROM users_segmentation_users(:'app', '{}', '{user.session_count}', '{3}') AS u;
SELECT count(*) FROM users_segmentation_users(:'app', '{}', '{country}', '{XX}') AS u;

-- A change is seen at once, by whom it should be; afterwards the page is as any other again.
BEGIN;
UPDATE "My ""shop""".users SET session_count = 10, profile = profiles.set(profile, 'plan', 'team') WHERE uid = 2;
SELECT pg_temp.counted('{"user.session_count":{"$gte":5}}', 'custom.plan');
SELECT user_block_changed('"My ""shop""".users'::regclass, range, data, xmin) FROM "My ""shop""".user_blocks;
ROLLBACK;
SELECT pg_temp.counted('{"user.session_count":{"$gte":5}}', 'custom.plan');
DELETE FROM "My ""shop""".users WHERE uid = 3;
INSERT INTO "My ""shop""".users (uid, bucket, device_id, profile) VALUES (5, 0, 'd5', '{"country":"DE"}');
SELECT pg_temp.counted('{}', 'country', 'uid');

-- A number that no profile could have is an error for who asks for it; a copy of the others is made.
UPDATE "My ""shop""".users SET purchase_total = ('1' || repeat('3', 40))::numeric WHERE uid = 5;
TRUNCATE "My ""shop""".user_blocks;
CALL compact(:'app');
SELECT user_block_uids(data) FROM "My ""shop""".user_blocks;
SELECT pg_temp.counted('{}', 'country', 'uid');
SELECT pg_temp.error_of($$SELECT pg_temp.counted('{"user.purchase_total":1}')$$);
UPDATE "My ""shop""".users SET purchase_total = NULL, time_spent = -9223372036854775808, last_seen = '-infinity' WHERE uid = 5;
UPDATE "My ""shop""".users SET time_spent = 9223372036854775807, session_duration = -2147483648 WHERE uid = 2;
TRUNCATE "My ""shop""".user_blocks;
CALL compact(:'app');
SELECT user_block_uids(data) FROM "My ""shop""".user_blocks;
SELECT pg_temp.counted('{"user.time_spent":{"$lt":0}}', 'user.time_spent', 'user.last_seen');
SELECT pg_temp.counted('{"user.time_spent":{"$gt":100}}', 'user.time_spent', 'user.session_duration');

-- A copy that something else has stored than what made it is none; nor is any garbage.
CREATE TEMP TABLE kept AS SELECT * FROM "My ""shop""".user_blocks;
UPDATE "My ""shop""".users SET profile = '{"country":"IT"}' WHERE uid = 5;
TRUNCATE "My ""shop""".user_blocks;
INSERT INTO "My ""shop""".user_blocks SELECT * FROM kept;
SELECT user_block_changed('"My ""shop""".users'::regclass, range, data, xmin) FROM "My ""shop""".user_blocks;
SELECT pg_temp.counted('{}', 'country', 'uid');
UPDATE "My ""shop""".user_blocks SET data = set_byte(data, 0, 2);
SELECT pg_temp.counted('{}', 'country', 'uid'), user_block_uids(data) FROM "My ""shop""".user_blocks;
UPDATE "My ""shop""".user_blocks SET data = '\x01';
SELECT pg_temp.error_of($$SELECT pg_temp.counted('{}')$$);
UPDATE "My ""shop""".user_blocks SET data = (SELECT substr(data, 1, 200) FROM kept);
SELECT pg_temp.error_of($$SELECT pg_temp.counted('{}')$$);
DELETE FROM "My ""shop""".user_blocks;
SELECT pg_temp.counted('{}', 'country', 'uid');

-- What cannot be asked
SELECT pg_temp.error_of($$SELECT * FROM users_segmentation('nobody')$$);
SELECT pg_temp.error_of($$SELECT * FROM users_segmentation(NULL)$$);
SELECT pg_temp.counted(NULL, VARIADIC NULL);
SELECT pg_temp.error_of($$SELECT pg_temp.counted('{"user.sessions":1}')$$);
SELECT pg_temp.error_of($$SELECT pg_temp.counted('{}', 'user.sessions')$$) LIMIT 1;
SELECT pg_temp.error_of($$SELECT pg_temp.counted('{"event.price":1}')$$);
SELECT pg_temp.error_of($$SELECT pg_temp.counted('{}', 'event.count')$$);
SELECT pg_temp.error_of($$SELECT pg_temp.counted('{}', 'a', 'b', 'c', 'd')$$);
SELECT pg_temp.error_of($$SELECT pg_temp.counted('{}', NULL::text)$$);
SELECT pg_temp.error_of($$SELECT * FROM users_segmentation_users('My "shop"', '{}', '{country}', '{}')$$);
-- and not elsewhere
SELECT pg_temp.error_of($$SELECT '{}'::profile @@ '{"user.session_count":1}'::segment$$);
SELECT pg_temp.error_of($$SELECT * FROM segmentation('My "shop"', NULL, '{"up.sc":1}')$$);
SELECT pg_temp.error_of($$SELECT * FROM segmentation('My "shop"', NULL, '{}', '{user.identified}')$$) LIMIT 1;
SELECT '{"up.sc":1,"up.user.session_count":2,"user.other":3}'::segment;

-- A role sees what it was granted, and rows that a policy lets it see.
CREATE ROLE users_segmentation_reader;
GRANT USAGE ON SCHEMA public, profiles, "My ""shop""" TO users_segmentation_reader;
GRANT SELECT ON profiles.apps, "My ""shop""".user_blocks TO users_segmentation_reader;
SET ROLE users_segmentation_reader;
SELECT pg_temp.error_of($$SELECT * FROM users_segmentation('My "shop"')$$);
SELECT pg_temp.error_of($$SELECT users_segmentation_part('', '1', 0, '"My ""shop""".users'::regclass, '{}', '{}', NULL)$$);
RESET ROLE;
GRANT SELECT ON "My ""shop""".users TO users_segmentation_reader;
SET ROLE users_segmentation_reader;
SELECT * FROM users_segmentation('My "shop"', '{}', '{country}');
RESET ROLE;
ALTER TABLE "My ""shop""".users ENABLE ROW LEVEL SECURITY;
CREATE POLICY germans ON "My ""shop""".users USING ((profile ->> 'country') = 'DE');
SET ROLE users_segmentation_reader;
SELECT * FROM users_segmentation('My "shop"', '{}', '{country,user.identified}');
SELECT array_agg(u) FROM users_segmentation_users('My "shop"') AS u;
SELECT pg_temp.error_of($$SELECT users_segmentation_part('', '1', 0, '"My ""shop""".users'::regclass, '{}', '{}', NULL)$$);
RESET ROLE;
SELECT * FROM users_segmentation('My "shop"', '{}', '{country}');
-- A table with the columns of users, of other types: nothing is read as what it is not
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE moody (LIKE "My ""shop""".users INCLUDING DEFAULTS);
ALTER TABLE moody ALTER profile TYPE mood USING 'good';
INSERT INTO moody (uid, bucket, device_id, profile) VALUES (1, 0, 'd', 'bad');
SELECT pg_temp.error_of($$SELECT users_segmentation_part('', '1', 0, 'moody'::regclass, '{}', '{country}', NULL)$$);
ALTER TABLE moody ALTER profile TYPE profile USING '{}', ALTER expiry TYPE text USING '';
SELECT pg_temp.error_of($$SELECT users_segmentation_part('', '1', 0, 'moody'::regclass, '{}', '{country}', NULL)$$);
ALTER TABLE moody ALTER expiry TYPE profile USING NULL, ALTER session_count TYPE text;
SELECT pg_temp.error_of($$SELECT users_segmentation_part('', '1', 0, 'moody'::regclass, '{}', '{country}', NULL)$$);
ALTER TABLE moody DROP session_count;
SELECT pg_temp.error_of($$SELECT users_segmentation_part('', '1', 0, 'moody'::regclass, '{}', '{country}', NULL)$$);
DROP TABLE moody;
DROP TYPE mood;
SELECT drop_app('My "shop"');
DROP OWNED BY users_segmentation_reader;
DROP ROLE users_segmentation_reader;
