-- The views and foreign tables of an app: what BI tools and psql users read. Values that such tools cannot show as an
-- extension's type are plain columns beside it.

-- The standard properties that people filter and group by: the columns that people, events and sessions have.
CREATE FUNCTION @extschema@.standard_properties(OUT name text, OUT description text) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 16
    SET search_path = pg_catalog, pg_temp
    AS $function$
    VALUES ('country', 'ISO 3166-1 alpha-2 code, or Unknown'), ('region', 'first-level subdivision, or Unknown'),
           ('city', 'city, or Unknown'), ('platform', 'operating system'),
           ('platform_version', 'version of the operating system'), ('app_version', 'version of the app'),
           ('device', 'model of the device'), ('device_type', 'mobile, tablet, desktop, wearable, smarttv ...'),
           ('manufacturer', 'maker of the device'), ('resolution', 'screen in pixels'),
           ('carrier', 'mobile network'), ('language', 'language of the device'), ('browser', 'browser'),
           ('browser_version', 'version of the browser'), ('source', 'where the app was got from'),
           ('source_channel', 'channel of the source')
    $function$;

COMMENT ON FUNCTION @extschema@.standard_properties() IS
    'internal: the standard properties that the views of an app have as columns';

CREATE FUNCTION @extschema@.standard_columns(source text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT string_agg(format('%1$s OPERATOR(@extschema@.->>) %2$L AS %2$I', source, name), ', ')
      FROM @extschema@.standard_properties()
    $function$;

COMMENT ON FUNCTION @extschema@.standard_columns(text) IS
    'internal: the standard properties of a profile as columns of a view';

CREATE FUNCTION @extschema@.comment_standard_columns(app text, relation text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    property record;
BEGIN
    FOR property IN SELECT name, description FROM @extschema@.standard_properties() LOOP
        EXECUTE format('COMMENT ON COLUMN %I.%I.%I IS %L', app, relation, property.name, property.description);
    END LOOP;
END
$function$;

COMMENT ON FUNCTION @extschema@.comment_standard_columns(text, text) IS
    'internal: comments the columns that standard_columns makes';

-- A profile of users without values that have expired. Few users have any: the others cost nothing.
CREATE FUNCTION @extschema@.live_profile_of(relation text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT format('CASE WHEN %1$I.expiry IS NULL THEN %1$I.profile
                        ELSE @extschema@.live_profile(%1$I.profile, %1$I.expiry, now()) END', relation)
    $function$;

COMMENT ON FUNCTION @extschema@.live_profile_of(text) IS
    'internal: the profile in a row of users, as a query reads it';

-- Both tiers, in the form of the hot one.
CREATE FUNCTION @extschema@.create_batches_view(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE VIEW %1$I.batches AS
        SELECT hot.uid, hot.bucket, hot.device_id, hot.first_ts, hot.last_ts, hot.profile, hot.events
          FROM %1$I.event_batches AS hot
        UNION ALL
        SELECT coalesce(moved.into_uid, cold.uid), (coalesce(moved.into_uid, cold.uid) >> 16)::integer,
               cold.device_id, cold.first_ts, cold.last_ts, cold.profile, cold.events
          FROM %1$I.event_blocks AS blocks
               CROSS JOIN LATERAL @extschema@.event_block_batches(blocks.data) AS cold
               LEFT JOIN %1$I.moved_events AS moved ON moved.uid = cold.uid AND moved.bucket = blocks.bucket;

        COMMENT ON VIEW %1$I.batches IS 'all events, of both tiers: one row for those that share user, device and properties';
        COMMENT ON COLUMN %1$I.batches.uid IS 'the user';
        COMMENT ON COLUMN %1$I.batches.bucket IS 'bucket of the user';
        COMMENT ON COLUMN %1$I.batches.device_id IS 'the device that sent them';
        COMMENT ON COLUMN %1$I.batches.first_ts IS 'time of the earliest event';
        COMMENT ON COLUMN %1$I.batches.last_ts IS 'time of the latest event';
        COMMENT ON COLUMN %1$I.batches.profile IS 'the properties of the user as they were then';
        COMMENT ON COLUMN %1$I.batches.events IS 'the events';
        $template$, app);
END
$function$;

COMMENT ON FUNCTION @extschema@.create_batches_view(text) IS 'internal: part of create_app';

CREATE FUNCTION @extschema@.create_storage_view(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE VIEW %1$I.storage AS
        SELECT bucket, sum(hot_batches)::bigint AS hot_batches, sum(blocks)::bigint AS blocks,
               sum(block_events)::bigint AS block_events, sum(block_bytes)::bigint AS block_bytes,
               sum(moved_users)::bigint AS moved_users
          FROM (SELECT bucket, 1 AS hot_batches, 0 AS blocks, 0 AS block_events, 0 AS block_bytes, 0 AS moved_users
                  FROM %1$I.event_batches
                UNION ALL
                SELECT bucket, 0, 1, events, pg_column_size(data), 0 FROM %1$I.event_blocks
                UNION ALL
                SELECT bucket, 0, 0, 0, 0, 1 FROM %1$I.moved_events) AS parts
         GROUP BY bucket;

        COMMENT ON VIEW %1$I.storage IS 'where the events of each bucket are: what compact has done and what is left for it';
        COMMENT ON COLUMN %1$I.storage.bucket IS 'the bucket of users';
        COMMENT ON COLUMN %1$I.storage.hot_batches IS 'batches that are not in blocks yet';
        COMMENT ON COLUMN %1$I.storage.blocks IS 'blocks';
        COMMENT ON COLUMN %1$I.storage.block_events IS 'events in blocks';
        COMMENT ON COLUMN %1$I.storage.block_bytes IS 'bytes of the blocks';
        COMMENT ON COLUMN %1$I.storage.moved_users IS 'merged users that blocks may still have under their old number';
        $template$, app);
END
$function$;

COMMENT ON FUNCTION @extschema@.create_storage_view(text) IS 'internal: part of create_app';

-- Foreign tables, so that a query reads only the blocks and columns that it needs (68-scan.sql). A session that
-- is not closed yet is an event, too; it lives in the user's row.
CREATE FUNCTION @extschema@.property_columns() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT string_agg(format('%1$I text OPTIONS (property %1$L)', name), ', ') FROM @extschema@.standard_properties()
    $function$;

COMMENT ON FUNCTION @extschema@.property_columns() IS
    'internal: the standard properties as columns of a foreign table';

CREATE FUNCTION @extschema@.create_events_table(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE FOREIGN TABLE %1$I.events (
            uid bigint, ts timestamptz, key text, count bigint, sum numeric, dur numeric, segmentation jsonb,
            %2$s, device_id text, profile @extschema@.profile
        ) SERVER profiles OPTIONS (relation 'events');

        COMMENT ON FOREIGN TABLE %1$I.events IS 'one row an event, with the properties of the user as they were when it happened';
        COMMENT ON COLUMN %1$I.events.uid IS 'the user';
        COMMENT ON COLUMN %1$I.events.ts IS 'when it happened, by the device''s clock';
        COMMENT ON COLUMN %1$I.events.key IS 'name of the event; those of the system begin with [CLY]_';
        COMMENT ON COLUMN %1$I.events.count IS 'how many times it happened';
        COMMENT ON COLUMN %1$I.events.sum IS 'the amount that came with it';
        COMMENT ON COLUMN %1$I.events.dur IS 'how long it took, in seconds';
        COMMENT ON COLUMN %1$I.events.segmentation IS 'properties of the event itself';
        COMMENT ON COLUMN %1$I.events.device_id IS 'the device that sent it';
        COMMENT ON COLUMN %1$I.events.profile IS 'the properties of the user as they were then';
        $template$, app, @extschema@.property_columns());
    PERFORM @extschema@.comment_standard_columns(app, 'events');
END
$function$;

COMMENT ON FUNCTION @extschema@.create_events_table(text) IS 'internal: part of create_app';

CREATE FUNCTION @extschema@.create_sessions_table(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE FOREIGN TABLE %1$I.sessions (
            uid bigint, ts timestamptz, dur numeric, events bigint OPTIONS (segment 'events'),
            session_id text OPTIONS (segment 'session_id'), closed boolean OPTIONS (segment 'ended'),
            %2$s, device_id text, profile @extschema@.profile
        ) SERVER profiles OPTIONS (relation 'sessions');

        COMMENT ON FOREIGN TABLE %1$I.sessions IS 'one row a session, with the properties of the user as they were when it was closed';
        COMMENT ON COLUMN %1$I.sessions.uid IS 'the user';
        COMMENT ON COLUMN %1$I.sessions.ts IS 'when it began';
        COMMENT ON COLUMN %1$I.sessions.dur IS 'how long it lasted, in seconds';
        COMMENT ON COLUMN %1$I.sessions.events IS 'how many events of the app''s own happened in it';
        COMMENT ON COLUMN %1$I.sessions.session_id IS 'its id';
        COMMENT ON COLUMN %1$I.sessions.closed IS 'false while it is open or may still continue';
        COMMENT ON COLUMN %1$I.sessions.device_id IS 'the device';
        COMMENT ON COLUMN %1$I.sessions.profile IS 'the properties of the user as they were at its end';
        $template$, app, @extschema@.property_columns());
    PERFORM @extschema@.comment_standard_columns(app, 'sessions');
END
$function$;

COMMENT ON FUNCTION @extschema@.create_sessions_table(text) IS 'internal: part of create_app';

CREATE FUNCTION @extschema@.property_number(profile @extschema@.profile, property text) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN jsonb_typeof(profile OPERATOR(@extschema@.->) property) = 'number'
                THEN (profile OPERATOR(@extschema@.->) property)::numeric END;

COMMENT ON FUNCTION @extschema@.property_number(@extschema@.profile, text) IS
    'a property as a number; NULL when it is not set or no number';

CREATE FUNCTION @extschema@.create_people_view(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE VIEW %1$I.people AS
        SELECT users.uid,
               @extschema@.uid_text(users.uid) AS id,
               users.device_id,
               users.identified,
               users.profile OPERATOR(@extschema@.->>) 'name' AS name,
               users.profile OPERATOR(@extschema@.->>) 'username' AS username,
               users.profile OPERATOR(@extschema@.->>) 'email' AS email,
               users.profile OPERATOR(@extschema@.->>) 'organization' AS organization,
               users.profile OPERATOR(@extschema@.->>) 'phone' AS phone,
               users.profile OPERATOR(@extschema@.->>) 'picture' AS picture,
               users.profile OPERATOR(@extschema@.->>) 'gender' AS gender,
               @extschema@.property_number(users.profile, 'byear') AS birth_year,
               %2$s,
               @extschema@.property_number(users.profile, 'latitude')::float8 AS latitude,
               @extschema@.property_number(users.profile, 'longitude')::float8 AS longitude,
               users.location_source,
               users.first_seen, users.last_seen, users.first_session, users.last_session, users.last_sync,
               users.session_count, users.time_spent, users.event_count, users.merges,
               score.engagement_score,
               @extschema@.engagement_level(score.engagement_score) AS engagement_level,
               live.profile OPERATOR(@extschema@.->) 'custom' AS custom,
               users.profile OPERATOR(@extschema@.->) 'campaign' AS campaign,
               live.profile
          FROM %1$I.users AS users,
               LATERAL (SELECT %3$s AS profile) AS live,
               (SELECT (now() AT TIME ZONE @extschema@.app_timezone(%1$L))::date AS day) AS today,
               LATERAL (SELECT @extschema@.user_engagement(users.time_spent, users.session_count, users.recent_day,
                                                           users.recent_sessions, today.day) AS engagement_score) AS score;

        COMMENT ON VIEW %1$I.people IS 'one row a user, as people read it: properties, counters, engagement';
        COMMENT ON COLUMN %1$I.people.uid IS 'number of the user';
        COMMENT ON COLUMN %1$I.people.id IS 'the uid as people see it, in base 62';
        COMMENT ON COLUMN %1$I.people.device_id IS 'the latest device id';
        COMMENT ON COLUMN %1$I.people.name IS 'full name';
        COMMENT ON COLUMN %1$I.people.username IS 'name of the account';
        COMMENT ON COLUMN %1$I.people.email IS 'e-mail address';
        COMMENT ON COLUMN %1$I.people.organization IS 'company or other organization';
        COMMENT ON COLUMN %1$I.people.phone IS 'telephone number';
        COMMENT ON COLUMN %1$I.people.picture IS 'address of a picture';
        COMMENT ON COLUMN %1$I.people.gender IS 'M, F or as sent';
        COMMENT ON COLUMN %1$I.people.birth_year IS 'year of birth';
        COMMENT ON COLUMN %1$I.people.latitude IS 'degrees north';
        COMMENT ON COLUMN %1$I.people.longitude IS 'degrees east';
        COMMENT ON COLUMN %1$I.people.first_seen IS 'time of the first request, by the device''s clock';
        COMMENT ON COLUMN %1$I.people.last_seen IS 'time of the latest request, by the device''s clock';
        COMMENT ON COLUMN %1$I.people.first_session IS 'begin of the first session; null without a session';
        COMMENT ON COLUMN %1$I.people.last_session IS 'begin of the latest session';
        COMMENT ON COLUMN %1$I.people.last_sync IS 'when the server took the latest request';
        COMMENT ON COLUMN %1$I.people.session_count IS 'sessions begun';
        COMMENT ON COLUMN %1$I.people.event_count IS 'events of the app''s own, without the internal ones';
        COMMENT ON COLUMN %1$I.people.merges IS 'how many users were merged into this one';
        COMMENT ON COLUMN %1$I.people.identified IS 'true when it is known who this is';
        COMMENT ON COLUMN %1$I.people.location_source IS 'what the location comes from: sdk, geocoder, geoip, disabled or unknown';
        COMMENT ON COLUMN %1$I.people.time_spent IS 'seconds in all sessions';
        COMMENT ON COLUMN %1$I.people.engagement_score IS '0 to 280, as of now; null without a session';
        COMMENT ON COLUMN %1$I.people.engagement_level IS 'very low, low, average, high or very high';
        COMMENT ON COLUMN %1$I.people.custom IS 'the custom properties';
        COMMENT ON COLUMN %1$I.people.campaign IS 'the campaign that brought the user';
        COMMENT ON COLUMN %1$I.people.profile IS 'all properties, without those that have expired';
        $template$, app, @extschema@.standard_columns('users.profile'), @extschema@.live_profile_of('users'));
    PERFORM @extschema@.comment_standard_columns(app, 'people');
END
$function$;

COMMENT ON FUNCTION @extschema@.create_people_view(text) IS 'internal: part of create_app';
