-- Apps: the registry, and the functions that make, change and drop one.
--
-- An app is a schema of ordinary tables (41-app-tables.sql). They belong to the role that made the
-- app and not to the extension: pg_dump carries them like any table, and because their columns have
-- types of the extension, DROP EXTENSION is refused while an app exists. Only the registry belongs
-- to the extension, and pg_dump carries its rows.

CREATE TABLE @extschema@.apps (
    name       text COLLATE "C" PRIMARY KEY,
    key        text COLLATE "C" NOT NULL UNIQUE,
    timezone   text NOT NULL DEFAULT 'UTC',
    settings   jsonb NOT NULL DEFAULT '{}',
    salt       text,
    created_at timestamptz NOT NULL DEFAULT now()
);

SELECT pg_catalog.pg_extension_config_dump('@extschema@.apps', '');

COMMENT ON TABLE @extschema@.apps IS 'the apps of this database, one row each';
COMMENT ON COLUMN @extschema@.apps.name IS 'name of the app and of its schema';
COMMENT ON COLUMN @extschema@.apps.key IS 'the app_key that SDKs send: 40 hexadecimal digits, random';
COMMENT ON COLUMN @extschema@.apps.timezone IS 'time zone in which days, weeks and months of this app begin';
COMMENT ON COLUMN @extschema@.apps.settings IS 'the settings that differ from their defaults';
COMMENT ON COLUMN @extschema@.apps.salt IS 'secret that requests are signed with; null when they need not be';
COMMENT ON COLUMN @extschema@.apps.created_at IS 'when the app was made';

-- Types and functions are for everybody; what a role may read of an app is decided by the privileges
-- on the app's schema and tables. Of the registry everybody may see what queries need: the time
-- zone and the settings. The key is a token: who knows it can send requests in the app's name, so
-- it is shown once, by create_app, and otherwise only to roles that were given it:
--     GRANT SELECT (key) ON profiles.apps TO gateway;
-- The salt of an app is a secret, too; who takes its requests needs it: GRANT SELECT (key, salt).
-- To make, change and drop apps a role needs the table itself, and CREATE on the database:
--     GRANT SELECT, INSERT, UPDATE, DELETE ON profiles.apps TO app_admin;
GRANT USAGE ON SCHEMA @extschema@ TO PUBLIC;
GRANT SELECT (name, timezone, settings, created_at) ON @extschema@.apps TO PUBLIC;

-- Errors and checks that several functions share.

CREATE FUNCTION @extschema@.raise_unknown_app(app text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    IF app IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'app name must not be null';
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'undefined_object',
        MESSAGE = format('app "%s" does not exist', app),
        HINT = 'The apps are listed in @extschema@.apps; @extschema@.create_app makes a new one.';
END
$function$;

COMMENT ON FUNCTION @extschema@.raise_unknown_app(text) IS
    'internal: the one error for an app that does not exist';

CREATE FUNCTION @extschema@.app_timezone(app text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer text;
BEGIN
    SELECT a.timezone INTO answer FROM @extschema@.apps AS a WHERE a.name = app;
    IF NOT FOUND THEN
        PERFORM @extschema@.raise_unknown_app(app);
    END IF;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.app_timezone(text) IS
    'the time zone of an app; an error when there is no such app';

-- Only names of the time zone database: AT TIME ZONE would also take POSIX rules, to which any
-- misspelt name with a digit belongs ("Berlin2" is two hours west of Greenwich), and abbreviations,
-- which know no daylight saving time. "CET", "EET", "MET" and "WET" are both name and abbreviation,
-- and AT TIME ZONE takes the abbreviation: in such a zone summer would be an hour off.
CREATE FUNCTION @extschema@.checked_timezone(timezone text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer text;
BEGIN
    SELECT z.name INTO answer
      FROM pg_timezone_names AS z
     WHERE lower(z.name) = lower(timezone)
       AND (z.name IN ('UTC', 'GMT')
            OR NOT EXISTS (SELECT FROM pg_timezone_abbrevs AS b WHERE b.abbrev = upper(timezone)))
     ORDER BY z.name
     LIMIT 1;
    IF answer IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('time zone "%s" is not known', timezone),
            HINT = 'Give a name from pg_timezone_names, such as UTC or Europe/Berlin.';
    END IF;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.checked_timezone(text) IS
    'internal: the name of a time zone as the time zone database spells it, or an error';

CREATE FUNCTION @extschema@.check_app_name(app text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    IF app IS NULL THEN
        PERFORM @extschema@.raise_unknown_app(app);
    ELSIF app = '' OR octet_length(app) > 63 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_name',
            MESSAGE = format('invalid app name: "%s"', left(app, 64)),
            DETAIL = 'An app is named like its schema, with 1 to 63 bytes.';
    ELSIF starts_with(app, 'pg_') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'reserved_name',
            MESSAGE = format('invalid app name: "%s"', app),
            DETAIL = 'The prefix "pg_" is reserved for schemas of PostgreSQL itself.';
    END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.check_app_name(text) IS
    'internal: refuses what cannot be the name of an app';

-- What the single settings are, check_settings knows; null as a value stands for the default.
CREATE FUNCTION @extschema@.check_settings_object(settings jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    IF settings IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'settings must not be null',
            HINT = 'No settings at all are ''{}''.';
    ELSIF jsonb_typeof(settings) <> 'object' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'settings must be a JSON object',
            HINT = 'For example ''{"session_cooldown": 30}''.';
    ELSIF settings ? 'property_expiry' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'setting "property_expiry" is not set by hand',
            HINT = 'Call @extschema@.configure_property.';
    END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.check_settings_object(jsonb) IS
    'internal: refuses settings that are not a JSON object, and those that are set by other functions';

-- 160 bits of the server's strong random source. Two random UUIDs hold 244; the hash spreads them
-- over its digits.
CREATE FUNCTION @extschema@.new_app_key() RETURNS text
    LANGUAGE sql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
        SELECT left(encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
                           'hex'), 40)
    $function$;

-- "salt" is set like a setting and kept where not everybody can read it; that there is one is a setting.
CREATE FUNCTION @extschema@.checked_salt(settings jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    IF jsonb_typeof(settings -> 'salt') NOT IN ('string', 'null') OR octet_length(settings ->> 'salt') > 1024 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'invalid value for setting "salt"',
            DETAIL = 'It must be a text of up to 1024 bytes; empty or null for none.';
    ELSIF settings ? 'salted' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'setting "salted" is not set by hand',
            HINT = 'Set "salt".';
    END IF;
    RETURN nullif(settings ->> 'salt', '');
END
$function$;

COMMENT ON FUNCTION @extschema@.checked_salt(jsonb) IS 'internal: the salt in settings, or an error';

COMMENT ON FUNCTION @extschema@.new_app_key() IS 'internal: a random app key of 40 hexadecimal digits';

CREATE FUNCTION @extschema@.create_app(
    app text, timezone text DEFAULT 'UTC', settings jsonb DEFAULT '{}') RETURNS text
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    app_key  text := @extschema@.new_app_key();
    new_salt text;
BEGIN
    PERFORM @extschema@.check_app_name(app);
    PERFORM @extschema@.check_settings_object(settings);
    new_salt := @extschema@.checked_salt(settings);
    PERFORM @extschema@.check_settings(settings - 'salt');
    IF new_salt IS NOT NULL THEN
        settings := settings || '{"salted": true}';
    END IF;
    -- The registry first: whoever comes second with the same name waits here.
    INSERT INTO @extschema@.apps (name, key, timezone, settings, salt)
        VALUES (app, app_key, @extschema@.checked_timezone(timezone), jsonb_strip_nulls(settings - 'salt'), new_salt)
        ON CONFLICT (name) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_object',
            MESSAGE = format('app "%s" already exists', app),
            HINT = 'Choose another name; @extschema@.drop_app drops an app with all its data.';
    END IF;
    IF EXISTS (SELECT FROM pg_namespace WHERE nspname = app) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_schema',
            MESSAGE = format('cannot create app "%s": a schema of that name already exists', app),
            HINT = 'An app has a schema of its own. Choose another name.';
    END IF;
    PERFORM @extschema@.create_app_tables(app);
    RETURN app_key;
END
$function$;

COMMENT ON FUNCTION @extschema@.create_app(text, text, jsonb) IS
    'makes an app: its schema, its tables and its row in profiles.apps; returns the app key';

CREATE FUNCTION @extschema@.drop_app(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    -- The registry decides what is an app: no other schema can be dropped through here.
    DELETE FROM @extschema@.apps AS a WHERE a.name = app;
    IF NOT FOUND THEN
        PERFORM @extschema@.raise_unknown_app(app);
    END IF;
    -- IF EXISTS: of an app whose schema was dropped by hand, the row still has to go.
    EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', app);
END
$function$;

COMMENT ON FUNCTION @extschema@.drop_app(text) IS
    'drops an app with all its data, and everything else in its schema';

-- "timezone" reads like a setting and changes like one, so it is one here; it has a column of its
-- own because every query needs it.
CREATE FUNCTION @extschema@.configure_app(app text, settings jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    new_timezone text;
    new_salt     text;
    changed      jsonb;
BEGIN
    PERFORM @extschema@.check_settings_object(settings);
    new_salt := @extschema@.checked_salt(settings);
    changed := settings - '{timezone,salt}'::text[];
    PERFORM @extschema@.check_settings(changed);
    IF settings ? 'salt' THEN
        changed := changed || jsonb_build_object('salted', CASE WHEN new_salt IS NOT NULL THEN true END);
    END IF;
    IF settings ? 'timezone' THEN
        new_timezone := @extschema@.checked_timezone(coalesce(settings ->> 'timezone', 'UTC'));
    END IF;
    -- One statement that reads what it replaces: of two calls at a time neither loses the other's.
    UPDATE @extschema@.apps AS a
       SET settings = jsonb_strip_nulls(a.settings || changed),
           salt = CASE WHEN configure_app.settings ? 'salt' THEN new_salt ELSE a.salt END,
           timezone = coalesce(new_timezone, a.timezone)
     WHERE a.name = app;
    IF NOT FOUND THEN
        PERFORM @extschema@.raise_unknown_app(app);
    END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.configure_app(text, jsonb) IS
    'merges settings into those of an app; null sets one back to its default; "timezone" is a setting too';
