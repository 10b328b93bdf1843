-- The catalogue of properties. Requests do not write it: that would be a write more for each. It is
-- refreshed by a call, from the profiles as they are; what people set by hand is kept.

CREATE FUNCTION @extschema@.create_properties_table(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE TABLE %1$I.properties (
            name         text COLLATE "C" PRIMARY KEY,
            kind         text NOT NULL,
            type         text,
            users        bigint NOT NULL DEFAULT 0,
            first_seen   timestamptz,
            last_seen    timestamptz,
            samples      jsonb NOT NULL DEFAULT '[]',
            hidden       boolean NOT NULL DEFAULT false,
            masked       boolean NOT NULL DEFAULT false,
            expires      text,
            refreshed_at timestamptz
        );

        COMMENT ON TABLE %1$I.properties IS 'one row a property that users have or had; refresh_properties brings it up to date';
        COMMENT ON COLUMN %1$I.properties.name IS 'reference to the property: country, custom.plan, campaign.id';
        COMMENT ON COLUMN %1$I.properties.kind IS 'standard, custom or campaign';
        COMMENT ON COLUMN %1$I.properties.type IS 'what most users have there: string, number, boolean, array or object; null for one that nobody has';
        COMMENT ON COLUMN %1$I.properties.users IS 'how many users had it when it was refreshed';
        COMMENT ON COLUMN %1$I.properties.first_seen IS 'when the first of its users was seen first';
        COMMENT ON COLUMN %1$I.properties.last_seen IS 'when the last of its users was seen last';
        COMMENT ON COLUMN %1$I.properties.samples IS 'up to 10 values that users have, the frequent ones first; none of hidden or masked properties';
        COMMENT ON COLUMN %1$I.properties.hidden IS 'true when it is not shown to anybody';
        COMMENT ON COLUMN %1$I.properties.masked IS 'true when its values are shown only to roles that may read users';
        COMMENT ON COLUMN %1$I.properties.expires IS 'how many days a value lasts, or SESSION; null for ever';
        COMMENT ON COLUMN %1$I.properties.refreshed_at IS 'when these numbers were counted';
        $template$, app);
END
$function$;

COMMENT ON FUNCTION @extschema@.create_properties_table(text) IS 'internal: part of create_app';

-- Properties of both groups come one by one, the rest as they are.
CREATE FUNCTION @extschema@.profile_properties(profile @extschema@.profile, OUT name text, OUT kind text, OUT value jsonb)
    RETURNS SETOF record
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 30
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT member.key, 'standard', member.value
      FROM jsonb_each(profile::jsonb) AS member
     WHERE member.key NOT IN ('custom', 'campaign') OR jsonb_typeof(member.value) <> 'object'
    UNION ALL
    SELECT grouped.kind || '.' || member.key, grouped.kind, member.value
      FROM (VALUES ('custom'), ('campaign')) AS grouped (kind),
           LATERAL jsonb_each(CASE WHEN jsonb_typeof(profile::jsonb -> grouped.kind) = 'object'
                                   THEN profile::jsonb -> grouped.kind END) AS member
    $function$;

COMMENT ON FUNCTION @extschema@.profile_properties(@extschema@.profile) IS
    'one row a property of a profile, with its reference: country, custom.plan';

-- One pass over the users. Values of more than 100 characters are no samples.
CREATE FUNCTION @extschema@.refresh_properties(app text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer bigint;
BEGIN
    PERFORM @extschema@.app_timezone(app);
    EXECUTE format($statement$
        WITH seen AS MATERIALIZED (
            SELECT property.name, property.kind, jsonb_typeof(property.value) AS type,
                   CASE WHEN length(property.value::text) <= 100 THEN property.value END AS value,
                   min(users.first_seen) AS first_seen, max(users.last_seen) AS last_seen, count(*) AS users
              FROM %1$I.users AS users, LATERAL @extschema@.profile_properties(%2$s) AS property
             GROUP BY 1, 2, 3, 4
        ), counted AS (
            SELECT seen.name, seen.kind, sum(seen.users) AS users, min(seen.first_seen) AS first_seen,
                   max(seen.last_seen) AS last_seen
              FROM seen GROUP BY 1, 2
        ), typed AS (
            SELECT DISTINCT ON (seen.name) seen.name, seen.type
              FROM seen GROUP BY seen.name, seen.type ORDER BY seen.name, sum(seen.users) DESC, seen.type
        ), sampled AS (
            SELECT ranked.name, jsonb_agg(ranked.value ORDER BY ranked.rank) AS samples
              FROM (SELECT seen.name, seen.value,
                           row_number() OVER (PARTITION BY seen.name ORDER BY seen.users DESC, seen.value) AS rank
                      FROM seen WHERE seen.value IS NOT NULL) AS ranked
             WHERE ranked.rank <= 10 GROUP BY 1
        ), gone AS (
            UPDATE %1$I.properties AS known SET users = 0, samples = '[]', refreshed_at = now()
             WHERE NOT EXISTS (SELECT FROM counted WHERE counted.name = known.name)
        )
        INSERT INTO %1$I.properties AS known (name, kind, type, users, first_seen, last_seen, samples, refreshed_at)
        SELECT counted.name, counted.kind, typed.type, counted.users, counted.first_seen, counted.last_seen,
               coalesce(sampled.samples, '[]'), now()
          FROM counted JOIN typed USING (name) LEFT JOIN sampled USING (name)
            ON CONFLICT (name) DO UPDATE
           SET type = excluded.type, users = excluded.users, refreshed_at = excluded.refreshed_at,
               first_seen = LEAST(known.first_seen, excluded.first_seen),
               last_seen = GREATEST(known.last_seen, excluded.last_seen),
               samples = CASE WHEN known.hidden OR known.masked THEN '[]' ELSE excluded.samples END
        $statement$, app, @extschema@.live_profile_of('users'));
    GET DIAGNOSTICS answer = ROW_COUNT;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.refresh_properties(text) IS
    'counts the properties that users have, their types and samples of their values, in one pass over the users; returns how many properties there are';

CREATE FUNCTION @extschema@.property_name(property text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT CASE WHEN property ~ '^(up\.(custom\.)?|cmp\.)[^.$]+$'
                THEN (SELECT name FROM @extschema@.profile_keys(@extschema@.profile(property, 'x')) AS name)
                ELSE property END
    $function$;

COMMENT ON FUNCTION @extschema@.property_name(text) IS
    'internal: the name in the catalogue of a property that may be given in Countly''s spelling: country for up.cc';

CREATE FUNCTION @extschema@.property_kind(property text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    IF property IS NULL OR property !~ '^((custom|campaign)\.)?[^.$]+$' OR property IN ('custom', 'campaign') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('"%s" is no property', left(property, 64)),
            HINT = 'Properties are named like country, custom.plan or campaign.id.';
    END IF;
    RETURN CASE WHEN strpos(property, '.') > 0 THEN split_part(property, '.', 1) ELSE 'standard' END;
END
$function$;

COMMENT ON FUNCTION @extschema@.property_kind(text) IS
    'internal: standard, custom or campaign; an error for what is no reference to a property';

CREATE FUNCTION @extschema@.property_path(property text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    PERFORM @extschema@.property_kind(property);
    RETURN string_to_array(property, '.');
END
$function$;

COMMENT ON FUNCTION @extschema@.property_path(text) IS
    'internal: where a property is in the jsonb of a profile';

-- A rule is a setting of the app, which requests read anyway. Null takes it away.
CREATE FUNCTION @extschema@.with_property_expiry(settings jsonb, name text, rule jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT settings - 'property_expiry'
           || CASE WHEN rules.rules = '{}' THEN rules.rules ELSE jsonb_build_object('property_expiry', rules.rules) END
      FROM (SELECT jsonb_strip_nulls(coalesce(settings -> 'property_expiry', '{}') || jsonb_build_object(name, rule)) AS rules) AS rules
    $function$;

COMMENT ON FUNCTION @extschema@.with_property_expiry(jsonb, text, jsonb) IS
    'internal: settings of an app with another rule on how long a custom property lasts';

CREATE FUNCTION @extschema@.expiry_rule(property text, expires text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    days integer := substring(expires FROM '^([0-9]{1,5})( days?)?$');
BEGIN
    IF @extschema@.property_kind(property) <> 'custom' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('"%s" cannot expire', left(property, 64)),
            HINT = 'Custom properties can, such as custom.plan.';
    ELSIF days BETWEEN 1 AND 36500 OR expires IN ('SESSION', 'never') THEN
        RETURN CASE WHEN expires = 'SESSION' THEN '"SESSION"' ELSE to_jsonb(days) END;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = format('invalid expiry: "%s"', left(expires, 64)),
        HINT = 'Give a number of days from 1 to 36500, SESSION or never.';
END
$function$;

COMMENT ON FUNCTION @extschema@.expiry_rule(text, text) IS
    'internal: what configure_property is told of an expiry, as a setting; null for never';

CREATE FUNCTION @extschema@.set_property_expiry(app text, property text, rule jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    changed jsonb;
BEGIN
    UPDATE @extschema@.apps AS a
       SET settings = @extschema@.with_property_expiry(a.settings, (@extschema@.property_path(property))[2], rule)
     WHERE a.name = app
    RETURNING a.settings INTO changed;
    PERFORM @extschema@.check_settings(changed);
END
$function$;

COMMENT ON FUNCTION @extschema@.set_property_expiry(text, text, jsonb) IS
    'internal: how long values of a custom property last from now on; null for ever';

CREATE FUNCTION @extschema@.configure_property(app text, property text, hidden boolean DEFAULT NULL,
                                               masked boolean DEFAULT NULL, expires text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    rule jsonb;
    name text := @extschema@.property_name(property);
BEGIN
    PERFORM @extschema@.app_timezone(app);
    IF expires IS NOT NULL THEN
        rule := @extschema@.expiry_rule(name, expires);
        PERFORM @extschema@.set_property_expiry(app, name, rule);
    END IF;
    EXECUTE format($statement$
        INSERT INTO %1$I.properties AS known (name, kind, hidden, masked, expires)
        VALUES ($1, $2, coalesce($3, false), coalesce($4, false), $6)
            ON CONFLICT (name) DO UPDATE
           SET hidden = coalesce($3, known.hidden), masked = coalesce($4, known.masked),
               samples = CASE WHEN coalesce($3, known.hidden) OR coalesce($4, known.masked) THEN '[]' ELSE known.samples END,
               expires = CASE WHEN $5 IS NULL THEN known.expires ELSE $6 END
        $statement$, app) USING name, @extschema@.property_kind(name), hidden, masked, expires, rule #>> '{}';
END
$function$;

COMMENT ON FUNCTION @extschema@.configure_property(text, text, boolean, boolean, text) IS
    'hides a property from everybody, masks its values for roles that may not read users, or says how long values that are written from now on last: a number of days, SESSION, or never; null leaves each as it is';

CREATE FUNCTION @extschema@.visible_profile(app text, profile @extschema@.profile) RETURNS @extschema@.profile
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer   jsonb := profile;
    may_read boolean;
    property record;
    path     text[];
BEGIN
    PERFORM @extschema@.app_timezone(app);
    may_read := has_table_privilege(format('%I.users', app), 'SELECT');
    FOR property IN EXECUTE format(
        'SELECT name, hidden FROM %I.properties WHERE hidden OR (masked AND NOT $1)', app) USING may_read
    LOOP
        path := @extschema@.property_path(property.name);
        IF property.hidden THEN
            answer := answer #- path;
        ELSIF answer #> path IS NOT NULL THEN
            answer := jsonb_set(answer, path, '"***"');
        END IF;
    END LOOP;
    RETURN answer::@extschema@.profile;
END
$function$;

COMMENT ON FUNCTION @extschema@.visible_profile(text, @extschema@.profile) IS
    'a profile as the current role may see it: without hidden properties, and with *** for masked ones unless the role may read users';

-- The next 1,000 users from one on; returns the last of them, null at the end.
CREATE FUNCTION @extschema@.delete_property_of_users(app text, path text[], after_uid bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    last_uid bigint;
BEGIN
    EXECUTE format($statement$
        WITH portion AS (
            SELECT users.uid, users.bucket FROM %1$I.users AS users
             WHERE users.uid > $1 ORDER BY users.uid LIMIT 1000
        ), changed AS (
            UPDATE %1$I.users AS users
               SET profile = (users.profile::jsonb #- $2)::@extschema@.profile,
                   expiry = nullif(users.expiry::jsonb #- $2, '{"custom": {}}')::@extschema@.profile
              FROM portion
             WHERE users.uid = portion.uid AND users.bucket = portion.bucket
               AND users.profile::jsonb #> $2 IS NOT NULL
        )
        SELECT max(portion.uid) FROM portion
        $statement$, app) INTO last_uid USING after_uid, path;
    RETURN last_uid;
END
$function$;

COMMENT ON FUNCTION @extschema@.delete_property_of_users(text, text[], bigint) IS
    'internal: takes a property away from the next 1,000 users';

CREATE FUNCTION @extschema@.without_property(user_row jsonb, path text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN user_row || jsonb_build_object(
        'profile', ((user_row ->> 'profile')::jsonb #- path)::text,
        'expiry', nullif(((user_row ->> 'expiry')::jsonb #- path)::text, '{"custom": {}}'));

COMMENT ON FUNCTION @extschema@.without_property(jsonb, text[]) IS
    'internal: a row of users that a merge keeps, after a property was taken away from everybody';

-- A merge that is undone must not bring it back.
CREATE FUNCTION @extschema@.delete_property_of_merges(app text, path text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($statement$
        UPDATE %I.merges
           SET from_user = @extschema@.without_property(from_user, $1), into_user = @extschema@.without_property(into_user, $1)
         WHERE coalesce((from_user ->> 'profile')::jsonb #> $1, (into_user ->> 'profile')::jsonb #> $1) IS NOT NULL
        $statement$, app) USING path;
END
$function$;

COMMENT ON FUNCTION @extschema@.delete_property_of_merges(text, text[]) IS
    'internal: takes a property out of the record of merges';

-- Events still have it: a mark that keeps its values from readers stays.
CREATE FUNCTION @extschema@.delete_property_of_catalogue(app text, property text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    IF EXISTS (SELECT FROM @extschema@.apps AS a
                WHERE a.name = app AND a.settings -> 'property_expiry' ? (@extschema@.property_path(property))[2]) THEN
        PERFORM @extschema@.set_property_expiry(app, property, NULL);
    END IF;
    EXECUTE format('DELETE FROM %I.properties WHERE name = $1 AND NOT hidden AND NOT masked', app) USING property;
    EXECUTE format($statement$
        UPDATE %I.properties SET users = 0, samples = '[]', type = NULL, expires = NULL WHERE name = $1
        $statement$, app) USING property;
END
$function$;

COMMENT ON FUNCTION @extschema@.delete_property_of_catalogue(text, text) IS
    'internal: forgets what the catalogue knows of a property';

-- A procedure, so that it commits: no lock is held on more than 1,000 users at a time, and what was
-- done stays done when it is stopped. Run it again to go on. One that ends transactions cannot have a
-- search_path of its own: it says everything in full.
CREATE PROCEDURE @extschema@.delete_property(app text, property text)
    LANGUAGE plpgsql
    AS $procedure$
DECLARE
    name     pg_catalog.text := @extschema@.property_name(property);
    path     pg_catalog.text[] := @extschema@.property_path(name);
    last_uid pg_catalog.int8;
BEGIN
    PERFORM @extschema@.app_timezone(app);   -- an unknown app is an error
    -- Twice: a merge meanwhile may bring it to a user who was done.
    FOR pass IN 1 .. 2 LOOP
        last_uid := 0;
        WHILE last_uid IS NOT NULL LOOP
            last_uid := @extschema@.delete_property_of_users(app, path, last_uid);
            COMMIT;
        END LOOP;
    END LOOP;
    PERFORM @extschema@.delete_property_of_merges(app, path);
    PERFORM @extschema@.delete_property_of_catalogue(app, name);
END
$procedure$;

COMMENT ON PROCEDURE @extschema@.delete_property(text, text) IS
    'takes a property away from every user, 1,000 in a transaction, out of the record of merges and out of the catalogue, but for marks; events keep what they have';

-- The next 1,000 users who have something that expires; returns the last of them, null at the end.
CREATE FUNCTION @extschema@.expire_users(app text, after_uid bigint, OUT last_uid bigint, OUT expired bigint)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($query$
        SELECT max(portion.uid), count(*) FILTER (WHERE portion.is_over AND @extschema@.expire_user($1, portion.uid))
          FROM (SELECT users.uid,
                       @extschema@.live_profile(users.profile, users.expiry, now()) OPERATOR(@extschema@.<>) users.profile AS is_over
                  FROM %I.users AS users
                 WHERE users.uid > $2 AND users.expiry IS NOT NULL ORDER BY users.uid LIMIT 1000) AS portion
        $query$, app) INTO last_uid, expired USING app, after_uid;
END
$function$;

COMMENT ON FUNCTION @extschema@.expire_users(text, bigint) IS
    'internal: takes expired values out of the next 1,000 users with values that expire';

CREATE PROCEDURE @extschema@.expire_properties(app text, INOUT expired bigint DEFAULT 0)
    LANGUAGE plpgsql
    AS $procedure$
DECLARE
    portion pg_catalog.record;
    after_uid pg_catalog.int8 := 0;
BEGIN
    PERFORM @extschema@.app_timezone(app);   -- an unknown app is an error
    expired := 0;
    LOOP
        SELECT * INTO portion FROM @extschema@.expire_users(app, after_uid);
        COMMIT;
        EXIT WHEN portion.last_uid IS NULL;
        expired := expired OPERATOR(pg_catalog.+) portion.expired;
        after_uid := portion.last_uid;
    END LOOP;
END
$procedure$;

COMMENT ON PROCEDURE @extschema@.expire_properties(text, bigint) IS
    'takes expired values of custom properties out of the profiles, 1,000 users in a transaction; nobody sees them anyway, this gives their room back and keeps indexes of profiles exact; expired is how many users had any';
