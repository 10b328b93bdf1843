-- The engagement score, from three figures and from a user's row.

CREATE FUNCTION @extschema@.engagement_score(
    avg_session_minutes float8, sessions_last_week integer, active_days integer) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'engagement_score';

COMMENT ON FUNCTION @extschema@.engagement_score(float8, integer, integer) IS
    'min(2, average minutes of a session) * min(20, sessions in the last 7 days) * min(7, active days in the last 7 days)';

CREATE FUNCTION @extschema@.engagement_level(score float8) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'engagement_level';

COMMENT ON FUNCTION @extschema@.engagement_level(float8) IS
    'very low, low, average, high or very high: equal fifths of 0 to 280, a bound belongs to the higher one';

-- The columns of a row of users to the figures of its score. Days are counted from today and not from
-- when the row was written, so the score of a user who stays away falls day by day without a job.
-- A body in SQL's own form is bound to what it names when it is made: no search_path can change it.
CREATE FUNCTION @extschema@.user_engagement(
    time_spent bigint, session_count integer, recent_day date, recent_sessions smallint[],
    today date) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        SELECT CASE WHEN today IS NOT NULL THEN @extschema@.engagement_score(
                   time_spent::float8 / 60 / nullif(session_count, 0),
                   coalesce(sum(day.sessions), 0)::integer,
                   count(day.sessions)::integer) END
          FROM unnest(recent_sessions) WITH ORDINALITY AS day (sessions, number)
         WHERE recent_day - (day.number - 1)::integer > today - 7);

COMMENT ON FUNCTION @extschema@.user_engagement(bigint, integer, date, smallint[], date) IS
    'the engagement score of a row of users, as of a day in the app''s time zone; NULL without a session';

CREATE FUNCTION @extschema@.engagement_score(app text, uid bigint) RETURNS float8
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    today date := (now() AT TIME ZONE @extschema@.app_timezone(app))::date;
    score float8;
    found_rows bigint;
BEGIN
    EXECUTE format($query$
        SELECT @extschema@.user_engagement(u.time_spent, u.session_count, u.recent_day,
                                           u.recent_sessions, $2)
          FROM %I.users AS u
         WHERE u.uid = $1 AND u.bucket = ($1 >> 16)
        $query$, app)
        INTO score USING uid, today;
    GET DIAGNOSTICS found_rows = ROW_COUNT;
    IF found_rows = 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'no_data_found',
            MESSAGE = format('app "%s" has no user %s', app, uid);
    END IF;
    RETURN score;
END
$function$;

COMMENT ON FUNCTION @extschema@.engagement_score(text, bigint) IS
    'the engagement score of a user today, from the user''s own row and no event; NULL for a user without a session';
