-- Audiences: sets of users by what they are and by what they did, and those that are saved.
--
-- A step of behaviour has the form that Countly's cohorts have:
--     {"type": "did", "event": "buy", "times": {"$gte": 3}, "period": "30days", "query": {"event.item": "book"}}

CREATE FUNCTION @extschema@.segmentation_scan_set(
    app text, event text, query @extschema@.segment, breakdown text[], from_ms bigint, until_ms bigint,
    latest boolean, cell text[], cell_limit integer)
    RETURNS @extschema@.user_set
    AS 'MODULE_PATHNAME', 'segmentation_scan_set' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION @extschema@.segmentation_scan_set(text, text, @extschema@.segment, text[], bigint, bigint, boolean, text[], integer) IS
    'internal: as segmentation_scan_users, the users as a set';

CREATE FUNCTION @extschema@.raise_invalid_step(step jsonb, detail text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = format('invalid step of an audience: %s', left(step::text, 200)),
        DETAIL = detail,
        HINT = 'A step is {"type": "did", "event": "buy", "times": {"$gte": 3}, "period": "30days", "query": {}, "conj": "and"}, of which any part may be left out.';
END
$function$;
COMMENT ON FUNCTION @extschema@.raise_invalid_step(jsonb, text) IS 'internal: the one error for a step that cannot be understood';

CREATE FUNCTION @extschema@.check_audience_step(step jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    part text;
BEGIN
    IF jsonb_typeof(step) IS DISTINCT FROM 'object' THEN
        PERFORM @extschema@.raise_invalid_step(step, 'It is no object.');
    END IF;
    SELECT key INTO part FROM jsonb_object_keys(step) AS key
     WHERE key NOT IN ('type', 'event', 'times', 'period', 'query', 'conj') LIMIT 1;
    IF FOUND THEN
        PERFORM @extschema@.raise_invalid_step(step, format('There is no part "%s".', left(part, 64)));
    ELSIF step ->> 'type' NOT IN ('did', 'didnot') THEN
        PERFORM @extschema@.raise_invalid_step(step, 'The type is "did" or "didnot".');
    ELSIF step ->> 'conj' NOT IN ('and', 'or') THEN
        PERFORM @extschema@.raise_invalid_step(step, 'The conj, which joins a step to those before it, is "and" or "or".');
    ELSIF jsonb_typeof(step -> 'event') NOT IN ('string', 'null') THEN
        PERFORM @extschema@.raise_invalid_step(step, 'The event is a text, or null for any event.');
    ELSIF jsonb_typeof(step -> 'period') NOT IN ('string', 'array') THEN
        PERFORM @extschema@.raise_invalid_step(step, 'The period is a name or an array of two times.');
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.check_audience_step(jsonb) IS 'internal: refuses what is no step';

-- Who did something did it once at least, whatever the upper bound says.
CREATE FUNCTION @extschema@.audience_step_times(step jsonb, OUT at_least numeric, OUT at_most numeric)
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    times   constant jsonb := coalesce(step -> 'times', '{}');
    allowed constant jsonpath := '$.keyvalue() ? (@.key != "$gte" && @.key != "$lte" && @.key != "$eq"
                                                  || @.value.type() != "number" || @.value < 0)';
BEGIN
    IF jsonb_typeof(times) <> 'object' OR times @? allowed THEN
        PERFORM @extschema@.raise_invalid_step(step, 'The times are numbers: {"$gte": 2, "$lte": 5} or {"$eq": 3}.');
    END IF;
    at_least := greatest(1, (times ->> '$gte')::numeric, (times ->> '$eq')::numeric);
    at_most := least((times ->> '$lte')::numeric, (times ->> '$eq')::numeric);
END
$function$;
COMMENT ON FUNCTION @extschema@.audience_step_times(jsonb) IS 'internal: how often an event must have happened; null without an upper bound';

CREATE FUNCTION @extschema@.audience_step(app text, step jsonb) RETURNS @extschema@.user_set
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    times  record;
    filter constant jsonb := coalesce(step -> 'query', '{}');
    answer @extschema@.user_set;
    period constant tstzrange := @extschema@.segmentation_range(app, coalesce(step ->> 'period', 'all'));
BEGIN
    SELECT * INTO times FROM @extschema@.audience_step_times(step);
    IF times.at_least <= 1 AND times.at_most IS NULL THEN
        SELECT @extschema@.segmentation_scan_set(app, step ->> 'event', @extschema@.resolve_query(app, filter)::@extschema@.segment,
                                                 '{}', bounds.from_ms, bounds.until_ms, false, '{}', NULL)
          INTO answer FROM @extschema@.segmentation_bounds(period) AS bounds;
    ELSE
        SELECT @extschema@.user_set_agg(cell.segment[1]::bigint) INTO answer
          FROM @extschema@.segmentation(app, step ->> 'event', filter, '{uid}', NULL, period) AS cell
         WHERE cell.times >= times.at_least AND (times.at_most IS NULL OR cell.times <= times.at_most);
    END IF;
    RETURN answer;
END
$function$;
COMMENT ON FUNCTION @extschema@.audience_step(text, jsonb) IS 'internal: the users who did what a step says';

CREATE FUNCTION @extschema@.audience_people(app text, query jsonb) RETURNS @extschema@.user_set
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    RETURN (SELECT @extschema@.user_set_agg(uid) FROM @extschema@.users_segmentation_users(app, coalesce(query, '{}')) AS uid);
COMMENT ON FUNCTION @extschema@.audience_people(text, jsonb) IS 'internal: the users who match a filter as they are now';

-- Who did not do something are the others among the people.
CREATE FUNCTION @extschema@.audience(app text, query jsonb DEFAULT '{}', steps jsonb DEFAULT '[]')
    RETURNS @extschema@.user_set
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    step   jsonb;
    found  @extschema@.user_set;
    people @extschema@.user_set;
    answer @extschema@.user_set;
BEGIN
    PERFORM @extschema@.app_timezone(app);
    IF jsonb_typeof(coalesce(steps, '[]')) <> 'array' THEN
        PERFORM @extschema@.raise_invalid_step(steps, 'The steps are an array.');
    END IF;
    IF coalesce(query, '{}') <> '{}' OR coalesce(steps, '[]') = '[]' OR steps @> '[{"type": "didnot"}]' THEN
        people := @extschema@.audience_people(app, query);
    END IF;
    FOR step IN SELECT jsonb_array_elements(coalesce(steps, '[]')) LOOP
        PERFORM @extschema@.check_audience_step(step);
        found := @extschema@.audience_step(app, step);
        IF step ->> 'type' = 'didnot' THEN
            found := people OPERATOR(@extschema@.-) found;
        END IF;
        answer := CASE WHEN answer IS NULL THEN found
                       WHEN step ->> 'conj' = 'or' THEN answer OPERATOR(@extschema@.|) found
                       ELSE answer OPERATOR(@extschema@.&) found END;
    END LOOP;
    RETURN CASE WHEN answer IS NULL THEN people
                WHEN people IS NULL THEN answer
                ELSE answer OPERATOR(@extschema@.&) people END;
END
$function$;
COMMENT ON FUNCTION @extschema@.audience(text, jsonb, jsonb) IS
    'the users whose properties, as they are now, match a filter, and who did and did not do what the steps say';

CREATE FUNCTION @extschema@.same_devices(from_app text, users @extschema@.user_set, into_app text) RETURNS @extschema@.user_set
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer @extschema@.user_set;
BEGIN
    PERFORM @extschema@.app_timezone(from_app), @extschema@.app_timezone(into_app);
    EXECUTE format($query$
        SELECT @extschema@.user_set_agg(there.uid)
          FROM @extschema@.user_set_each($1) AS uid
               JOIN %I.devices AS here ON here.uid = uid.uid AND here.bucket = (uid.uid >> 16)::integer
               JOIN %I.devices AS there ON there.device_id = here.device_id
        $query$, from_app, into_app) INTO answer USING users;
    RETURN CASE WHEN users IS NOT NULL THEN answer END;
END
$function$;
COMMENT ON FUNCTION @extschema@.same_devices(text, @extschema@.user_set, text) IS
    'the users of another app who have a device id in common with these: the same people, as far as devices tell';
