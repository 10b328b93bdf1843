-- The profile as it was.

-- Of a session that is closed the event has the time of its begin and the profile of its end.
CREATE FUNCTION @extschema@.is_closing(key text, segmentation jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN key = '[CLY]_session' OR (key = '[CLY]_view_update' AND segmentation ? 'exit');

COMMENT ON FUNCTION @extschema@.is_closing(text, jsonb) IS
    'internal: whether an event is made by the end of a session, so that its profile is younger than its time';

CREATE FUNCTION @extschema@.profile_at(app text, uid bigint, at timestamptz) RETURNS @extschema@.profile
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    user_row record;
    answer   @extschema@.profile;
BEGIN
    PERFORM @extschema@.app_timezone(app);
    EXECUTE format('SELECT profile, first_seen, last_seen FROM %I.users WHERE uid = $1 AND bucket = ($1 >> 16)::integer', app)
       INTO user_row USING uid;
    IF user_row IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('app "%s" has no user %s', app, uid);
    ELSIF at < user_row.first_seen THEN
        RETURN NULL;
    ELSIF at >= user_row.last_seen THEN
        RETURN user_row.profile;
    END IF;
    -- Every change of a profile leaves an event, so the last event until then has it.
    EXECUTE format($query$
        SELECT profile FROM %I.events
         WHERE uid = $1 AND ts <= $2 AND NOT @extschema@.is_closing(key, segmentation)
         ORDER BY ts DESC LIMIT 1
        $query$, app) INTO answer USING uid, at;
    RETURN coalesce(answer, '{}'::@extschema@.profile);
END
$function$;

COMMENT ON FUNCTION @extschema@.profile_at(text, bigint, timestamptz) IS
    'the properties of a user as they were at a time; NULL before the first request';
