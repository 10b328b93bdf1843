-- Apps: what create_app makes, what may be changed, who may see what, and how it goes away.
\pset format unaligned
\pset tuples_only
\pset null '(null)'
SET search_path = pg_catalog, public;
SET client_min_messages = warning;   -- what a cascade drops grows with every table of an app
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

-- An app has a key that nobody can guess, a time zone and settings.
SELECT profiles.create_app('shop') ~ '^[0-9a-f]{40}$';
SELECT profiles.create_app('My "App"; DROP', 'europe/berlin', '{"array_limit": 10, "city_data": null}') AS key \gset
SELECT name FROM profiles.apps WHERE key = :'key';
SELECT name, timezone, settings, created_at <= now() FROM profiles.apps ORDER BY name;
SELECT count(DISTINCT key), min(length(key)), max(length(key)) FROM profiles.apps;

-- Its tables are ordinary ones of the caller: no members of the extension.
SELECT c.relkind, c.relname, pg_get_userbyid(c.relowner) = current_user AS mine, c.reloptions
  FROM pg_class AS c
 WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'S')
   AND c.relname ~ '^(users|devices|event_batches)'
 ORDER BY 1, 2;
SELECT indexdef FROM pg_indexes
 WHERE schemaname = 'shop' AND tablename IN ('users', 'devices', 'event_batches') ORDER BY indexname;
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'shop'::regnamespace AND contype = 'c'
   AND conrelid IN ('shop.users'::regclass, 'shop.devices'::regclass, 'shop.event_batches'::regclass)
 ORDER BY conrelid::regclass::text, conname;
SELECT count(*) FROM pg_depend
 WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
   AND (classid, objid) IN (SELECT 'pg_class'::regclass, oid FROM pg_class
                             WHERE relnamespace = 'shop'::regnamespace
                             UNION ALL SELECT 'pg_namespace'::regclass, 'shop'::regnamespace);
SELECT pg_get_serial_sequence('shop.users', 'uid'), nextval('shop.users_uid_seq'), nextval('shop.users_uid_seq');

-- Everything says what it is.
SELECT c.oid::regclass FROM pg_class AS c
 WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'v', 'f') AND obj_description(c.oid) IS NULL;
SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
 WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'v', 'f') AND attnum > 0
   AND col_description(attrelid, attnum) IS NULL;

-- A bucket is 65,536 users; the tables take no other.
INSERT INTO shop.users (uid, bucket, device_id, profile) VALUES
    (1, 0, 'd1', '{}'), (65535, 0, 'd2', '{}'), (65536, 1, 'd3', '{}'),
    (140737488355327, 2147483647, 'd4', '{}');
SELECT pg_temp.error_of($$INSERT INTO shop.users (uid, bucket, device_id, profile) VALUES (65537, 0, 'd', '{}')$$) LIMIT 1;
SELECT pg_temp.error_of($$INSERT INTO shop.users (uid, bucket, device_id, profile) VALUES (0, 0, 'd', '{}')$$) LIMIT 1;
SELECT pg_temp.error_of($$INSERT INTO shop.devices (device_id, uid, bucket) VALUES ('d', 65537, 0)$$) LIMIT 1;
SELECT uid, identified, session_count, time_spent, event_count, merges, session_start
  FROM shop.users ORDER BY uid;

-- A heartbeat of a running session writes no index.
UPDATE shop.users SET session_start = now(), session_duration = 0;
VACUUM shop.users;
BEGIN;
SELECT pg_stat_get_xact_tuples_updated('shop.users'::regclass) AS updated,
       pg_stat_get_xact_tuples_hot_updated('shop.users'::regclass) AS hot \gset
UPDATE shop.users SET last_seen = now(), last_sync = now(), session_duration = session_duration + 60,
                      time_spent = time_spent + 60, session_end = now();
SELECT pg_stat_get_xact_tuples_updated('shop.users'::regclass) - :updated,
       pg_stat_get_xact_tuples_hot_updated('shop.users'::regclass) - :hot;
COMMIT;

-- Names that cannot be.
SELECT pg_temp.error_of($$SELECT profiles.create_app('shop')$$);
SELECT pg_temp.error_of($$SELECT profiles.create_app('public')$$);
SELECT pg_temp.error_of($$SELECT profiles.create_app('profiles')$$);
SELECT pg_temp.error_of($$SELECT profiles.create_app('')$$);
SELECT pg_temp.error_of($$SELECT profiles.create_app('pg_shop')$$);
SELECT pg_temp.error_of($$SELECT profiles.create_app(NULL)$$);
SELECT pg_temp.error_of(format('SELECT profiles.create_app(%L)', repeat('a', 64)));
SELECT pg_temp.error_of(format('SELECT profiles.create_app(%L)', repeat('ä', 32)));
SELECT length(profiles.create_app(repeat('a', 63))), length(profiles.create_app(repeat('ä', 31)));
SELECT profiles.drop_app(repeat('a', 63)), profiles.drop_app(repeat('ä', 31));

-- Time zones: only names of the time zone database that mean what they say.
SELECT pg_temp.error_of($$SELECT profiles.create_app('a', 'Europe/Atlantis')$$);
SELECT pg_temp.error_of($$SELECT profiles.create_app('a', 'Berlin2')$$);
SELECT pg_temp.error_of($$SELECT profiles.create_app('a', 'CET')$$);
SELECT pg_temp.error_of($$SELECT profiles.create_app('a', NULL)$$);

-- Settings
SELECT pg_temp.error_of($$SELECT profiles.create_app('a', 'UTC', NULL)$$);
SELECT pg_temp.error_of($$SELECT profiles.create_app('a', 'UTC', '[]')$$);
SELECT pg_temp.error_of($$SELECT profiles.configure_app('shop', '5')$$);
SELECT profiles.configure_app('shop', '{"array_limit": 5, "session_cooldown": 30}');
SELECT settings FROM profiles.apps WHERE name = 'shop';
SELECT profiles.configure_app('shop', '{"array_limit": null, "city_data": false, "timezone": "asia/kolkata"}');
SELECT settings, timezone FROM profiles.apps WHERE name = 'shop';
SELECT profiles.configure_app('shop', '{}');
SELECT settings, timezone FROM profiles.apps WHERE name = 'shop';
SELECT profiles.configure_app('shop', '{"timezone": null}');
SELECT settings, timezone FROM profiles.apps WHERE name = 'shop';
SELECT pg_temp.error_of($$SELECT profiles.configure_app('shop', '{"timezone": "nowhere"}')$$);
SELECT pg_temp.error_of($$SELECT profiles.configure_app('nobody', '{}')$$);
SELECT pg_temp.error_of($$SELECT profiles.configure_app(NULL, '{}')$$);
SELECT pg_temp.error_of($$SELECT profiles.app_timezone('nobody')$$);
SELECT profiles.app_timezone('shop');
-- an unknown setting is refused, also where it would only be removed
SELECT substr(pg_temp.error_of($$SELECT profiles.create_app('a', 'UTC', '{"colour": 1}')$$), 1, 5) LIMIT 1;
SELECT substr(pg_temp.error_of($$SELECT profiles.create_app('a', 'UTC', '{"timezone": "UTC"}')$$), 1, 5) LIMIT 1;
SELECT substr(pg_temp.error_of($$SELECT profiles.configure_app('shop', '{"colour": null}')$$), 1, 5) LIMIT 1;

-- What failed has left nothing.
SELECT name FROM profiles.apps ORDER BY name;
SELECT nspname FROM pg_namespace WHERE nspname IN ('a', 'pg_shop', '');

-- A role without privileges sees no key, makes nothing and drops nothing.
CREATE ROLE regress_app_reader;
SET ROLE regress_app_reader;
SELECT name, timezone FROM profiles.apps WHERE name = 'shop';
SELECT pg_temp.error_of('SELECT key FROM profiles.apps');
SELECT pg_temp.error_of($$SELECT profiles.create_app('b')$$);
SELECT pg_temp.error_of($$SELECT profiles.drop_app('shop')$$);
SELECT pg_temp.error_of($$SELECT profiles.configure_app('shop', '{}')$$);
SELECT pg_temp.error_of('SELECT * FROM shop.users');
RESET ROLE;

-- With the privileges that 40-app.sql names it makes apps of its own, and drops no others.
CREATE ROLE regress_app_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON profiles.apps TO regress_app_admin;
SELECT format('GRANT CREATE ON DATABASE %I TO regress_app_admin', current_database()) \gexec
SET ROLE regress_app_admin;
SELECT length(profiles.create_app('mine'));
SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'mine';
SELECT pg_temp.error_of($$SELECT profiles.drop_app('shop')$$);
SELECT profiles.drop_app('mine');
RESET ROLE;
SELECT name FROM profiles.apps ORDER BY name;
SELECT format('REVOKE CREATE ON DATABASE %I FROM regress_app_admin', current_database()) \gexec
REVOKE ALL ON profiles.apps FROM regress_app_admin;
DROP ROLE regress_app_admin, regress_app_reader;

-- A hostile search_path changes nothing.
CREATE SCHEMA trap;
CREATE FUNCTION trap.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT 'owned'::bytea $$;
CREATE FUNCTION trap.format(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS $$ SELECT 'DROP SCHEMA shop CASCADE' $$;
SET search_path = trap, pg_catalog;
SELECT profiles.create_app('safe') ~ '^[0-9a-f]{40}$';
SELECT profiles.drop_app('safe');
SET search_path = pg_catalog, public;

-- The extension stays while an app does.
SELECT pg_temp.error_of('DROP EXTENSION profiles') LIMIT 1;

-- Only an app can be dropped, also one whose schema is gone already.
SELECT pg_temp.error_of($$SELECT profiles.drop_app('public')$$);
SELECT pg_temp.error_of($$SELECT profiles.drop_app('nobody')$$);
SELECT pg_temp.error_of($$SELECT profiles.drop_app(NULL)$$);
DROP SCHEMA shop CASCADE;
SELECT profiles.drop_app('shop');
SELECT profiles.drop_app('My "App"; DROP');
SELECT count(*) FROM profiles.apps;
SELECT count(*) FROM pg_namespace WHERE nspname IN ('shop', 'My "App"; DROP');
DROP EXTENSION profiles;
