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
            refreshed_at timestamptz
        );

        COMMENT ON TABLE %1$I.properties IS 'one row a property that users have or had; refresh_properties brings it up to date';
        COMMENT ON COLUMN %1$I.properties.name IS 'reference to the property: country, custom.plan, campaign.id';
        COMMENT ON COLUMN %1$I.properties.kind IS 'standard, custom or campaign';
        COMMENT ON COLUMN %1$I.properties.type IS 'what most users have there: string, number, boolean, array or object; null for one that nobody has';
        COMMENT ON COLUMN %1$I.properties.users IS 'how many users had it when it was refreshed';
        COMMENT ON COLUMN %1$I.properties.first_seen IS 'when the first of its users was seen first';
        COMMENT ON COLUMN %1$I.properties.last_seen IS 'when the last of its users was seen last';
        COMMENT ON COLUMN %1$I.properties.samples IS 'up to 10 values that users have, the frequent ones first; empty for masked properties';
        COMMENT ON COLUMN %1$I.properties.hidden IS 'true when it is not shown to anybody';
        COMMENT ON COLUMN %1$I.properties.masked IS 'true when its values are shown only to roles that may read users';
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
              FROM %1$I.users AS users, LATERAL @extschema@.profile_properties(users.profile) AS property
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
               samples = CASE WHEN known.masked THEN '[]' ELSE excluded.samples END
        $statement$, app);
    GET DIAGNOSTICS answer = ROW_COUNT;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.refresh_properties(text) IS
    'counts the properties that users have, their types and samples of their values, in one pass over the users; returns how many properties there are';

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

CREATE FUNCTION @extschema@.configure_property(app text, property text, hidden boolean DEFAULT NULL,
                                               masked boolean DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    PERFORM @extschema@.app_timezone(app);
    EXECUTE format($statement$
        INSERT INTO %1$I.properties AS known (name, kind, hidden, masked)
        VALUES ($1, $2, coalesce($3, false), coalesce($4, false))
            ON CONFLICT (name) DO UPDATE
           SET hidden = coalesce($3, known.hidden), masked = coalesce($4, known.masked),
               samples = CASE WHEN coalesce($4, known.masked) THEN '[]' ELSE known.samples END
        $statement$, app) USING property, @extschema@.property_kind(property), hidden, masked;
END
$function$;

COMMENT ON FUNCTION @extschema@.configure_property(text, text, boolean, boolean) IS
    'hides a property from everybody, or masks its values for roles that may not read users; null leaves a mark as it is';

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
               SET profile = (users.profile::jsonb #- $2)::@extschema@.profile
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

CREATE FUNCTION @extschema@.delete_property_of_catalogue(app text, property text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format('DELETE FROM %I.properties WHERE name = $1', app) USING property;
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
    path     pg_catalog.text[] := @extschema@.property_path(property);
    last_uid pg_catalog.int8 := 0;
BEGIN
    PERFORM @extschema@.app_timezone(app);   -- an unknown app is an error
    LOOP
        last_uid := @extschema@.delete_property_of_users(app, path, last_uid);
        COMMIT;
        EXIT WHEN last_uid IS NULL;
    END LOOP;
    PERFORM @extschema@.delete_property_of_catalogue(app, property);
END
$procedure$;

COMMENT ON PROCEDURE @extschema@.delete_property(text, text) IS
    'takes a property away from every user, 1,000 in a transaction, and out of the catalogue; events keep what they have';
