-- Segmentation: how many users did X, whose properties were Y, split by A, B and C, per day, and who
-- they are. This layer resolves names (the app, its time zone, the period, the buckets); the scan
-- itself is one C function.

-- One aggregate counts blocks, pages of batches and single batches. Costs are what the planner decides by whether
-- parallel workers are worth their start, which it puts at 1000, or ten milliseconds: a block takes a quarter of one
-- and costs 22, a page 7 microseconds and 0.7, a batch that comes as a row a microsecond and 0.1. A cost of the step
-- cannot tell them apart, so blocks and pages have one of their own.
CREATE FUNCTION @extschema@.segmentation_block(@extschema@.event_block) RETURNS @extschema@.event_block
    AS 'MODULE_PATHNAME', 'segmentation_block' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 9000;
COMMENT ON FUNCTION @extschema@.segmentation_block(@extschema@.event_block) IS
    'internal: a block as it is; stands in queries for what it costs to count it';

CREATE FUNCTION @extschema@.segmentation_pages_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'segmentation_pages_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segmentation_pages_support(internal) IS
    'internal: tells the planner what it costs to count pages of batches';
-- Not immutable: a constant would have no price, and no worker would take it.
CREATE FUNCTION @extschema@.segmentation_pages(batches oid, first bigint, count bigint) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'segmentation_pages' LANGUAGE C STABLE STRICT PARALLEL SAFE
    SUPPORT @extschema@.segmentation_pages_support;
COMMENT ON FUNCTION @extschema@.segmentation_pages(oid, bigint, bigint) IS
    'internal: names pages of a table of batches for segmentation_groups to count';

CREATE FUNCTION @extschema@.segmentation_groups_add(
    state internal, block @extschema@.event_block, uid bigint, device_id text, profile @extschema@.profile, events @extschema@.event_list,
    pages bigint[], moved bigint[], event text, query @extschema@.segment, breakdown text[], from_ms bigint, until_ms bigint,
    starts timestamptz[], cell text[], metrics text[]) RETURNS internal
    AS 'MODULE_PATHNAME', 'segmentation_groups_add' LANGUAGE C STABLE PARALLEL SAFE COST 40;
COMMENT ON FUNCTION @extschema@.segmentation_groups_add(internal, @extschema@.event_block, bigint, text, @extschema@.profile, @extschema@.event_list, bigint[], bigint[], text, @extschema@.segment, text[], bigint, bigint, timestamptz[], text[], text[]) IS
    'internal: a step of segmentation_groups';
CREATE FUNCTION @extschema@.segmentation_groups_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'segmentation_groups_combine' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segmentation_groups_combine(internal, internal) IS
    'internal: adds up what two processes have counted';
CREATE FUNCTION @extschema@.segmentation_groups_write(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'segmentation_groups_write' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segmentation_groups_write(internal) IS
    'internal: what a process has counted, as bytes';
CREATE FUNCTION @extschema@.segmentation_groups_read(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'segmentation_groups_read' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segmentation_groups_read(bytea, internal) IS
    'internal: what another process has counted';
CREATE FUNCTION @extschema@.segmentation_groups_result(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'segmentation_groups_result' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segmentation_groups_result(internal) IS
    'internal: the end of segmentation_groups';

CREATE AGGREGATE @extschema@.segmentation_groups(
    block @extschema@.event_block, uid bigint, device_id text, profile @extschema@.profile, events @extschema@.event_list,
    pages bigint[], moved bigint[], event text, query @extschema@.segment, breakdown text[], from_ms bigint, until_ms bigint,
    starts timestamptz[], cell text[], metrics text[]) (
    SFUNC = @extschema@.segmentation_groups_add, STYPE = internal, SSPACE = 65536,
    COMBINEFUNC = @extschema@.segmentation_groups_combine,
    SERIALFUNC = @extschema@.segmentation_groups_write, DESERIALFUNC = @extschema@.segmentation_groups_read,
    FINALFUNC = @extschema@.segmentation_groups_result, FINALFUNC_MODIFY = READ_WRITE,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.segmentation_groups(@extschema@.event_block, bigint, text, @extschema@.profile, @extschema@.event_list, bigint[], bigint[], text, @extschema@.segment, text[], bigint, bigint, timestamptz[], text[], text[]) IS
    'internal: counts the events of blocks and batches for segmentation_scan; null when there are none';

CREATE FUNCTION @extschema@.segmentation_scan(
    app text, event text, query @extschema@.segment, breakdown text[], from_ms bigint, until_ms bigint,
    latest boolean, starts timestamptz[], wanted text[], cell_limit integer, ranked_from integer, fills boolean,
    OUT bucket timestamptz, OUT segment text[], OUT users bigint, OUT times bigint, OUT sum numeric, OUT dur numeric,
    OUT metrics numeric[])
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'segmentation_scan' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION @extschema@.segmentation_scan(text, text, @extschema@.segment, text[], bigint, bigint, boolean, timestamptz[], text[], integer, integer, boolean) IS
    'internal: counts the events of an app; times in milliseconds since 1970, null bounds mean none; cells are ranked by their times from bucket ranked_from (the first is 0) on';

CREATE FUNCTION @extschema@.segmentation_scan_users(
    app text, event text, query @extschema@.segment, breakdown text[], from_ms bigint, until_ms bigint,
    latest boolean, cell text[], cell_limit integer)
    RETURNS SETOF bigint
    AS 'MODULE_PATHNAME', 'segmentation_scan_users' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION @extschema@.segmentation_scan_users(text, text, @extschema@.segment, text[], bigint, bigint, boolean, text[], integer) IS
    'internal: the users of one cell of a segmentation, or for a null cell of all but the cell_limit cells with the most times';

-- The first millisecond of a range, and the first one after it. Events have whole milliseconds. In an empty
-- range none lies, but what is asked of it must be right all the same.
CREATE FUNCTION @extschema@.segmentation_bounds(
    range tstzrange, OUT from_ms bigint, OUT until_ms bigint)
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    first_ms numeric := extract(epoch FROM lower(range)) * 1000;
    last_ms numeric := extract(epoch FROM upper(range)) * 1000;
BEGIN
    IF isempty(range) THEN
        from_ms := 0;
        until_ms := 0;
        RETURN;
    END IF;
    IF isfinite(lower(range)) THEN
        from_ms := CASE WHEN lower_inc(range) THEN ceil(first_ms) ELSE floor(first_ms) + 1 END;
    END IF;
    IF isfinite(upper(range)) THEN
        until_ms := CASE WHEN upper_inc(range) THEN floor(last_ms) + 1 ELSE ceil(last_ms) END;
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_bounds(tstzrange) IS
    'internal: a range as milliseconds since 1970, the upper bound excluded; null where it has no bound';

CREATE FUNCTION @extschema@.batch_times(batches regclass, OUT earliest timestamptz, OUT latest timestamptz)
    AS 'MODULE_PATHNAME', 'batch_times' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION @extschema@.batch_times(regclass) IS
    'internal: the earliest and the latest time of a table of batches; null when it is empty';

-- Buckets need two ends: where the period has none, the data has. Events lie between first_ts and last_ts
-- of their batch; an unfinished session is an event at its start.
CREATE FUNCTION @extschema@.segmentation_finite_range(app text, range tstzrange) RETURNS tstzrange
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    earliest timestamptz;
    latest timestamptz;
    bounded_below boolean := coalesce(isfinite(lower(range)), false);
    bounded_above boolean := coalesce(isfinite(upper(range)), false);
BEGIN
    IF isempty(range) OR bounded_below AND bounded_above THEN
        RETURN range;
    END IF;
    EXECUTE format('SELECT least(b.earliest, c.earliest, u.earliest), greatest(b.latest, c.latest, u.latest)
                      FROM @extschema@.batch_times(%2$L) AS b,
                           (SELECT min(first_ts) AS earliest, max(last_ts) AS latest
                              FROM %1$I.event_blocks) AS c,
                           (SELECT min(session_start) AS earliest, max(session_start) AS latest
                              FROM %1$I.users WHERE session_start IS NOT NULL) AS u', app, format('%I.event_batches', app))
       INTO earliest, latest;
    earliest := CASE WHEN bounded_below THEN lower(range) ELSE earliest END;
    latest := CASE WHEN bounded_above THEN upper(range) ELSE latest END;
    IF earliest IS NULL OR latest IS NULL OR earliest > latest THEN
        RETURN 'empty';
    END IF;
    RETURN tstzrange(earliest, latest, CASE WHEN bounded_below AND NOT lower_inc(range) THEN '(' ELSE '[' END
                                    || CASE WHEN bounded_above AND NOT upper_inc(range) THEN ')' ELSE ']' END);
END
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_finite_range(text, tstzrange) IS
    'internal: the range, its open ends replaced by the earliest and the latest event of the app';

CREATE FUNCTION @extschema@.segmentation_is_latest(properties text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    IF properties IN ('event', 'latest') THEN
        RETURN properties = 'latest';
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = format('unknown mode of properties: %s', coalesce('"' || left(properties, 64) || '"', 'NULL')),
        HINT = 'Properties are ''event'', as they were when the event happened, or ''latest'', as they are now.';
END
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_is_latest(text) IS
    'internal: reads the parameter properties';

CREATE FUNCTION @extschema@.segmentation_range(app text, period text) RETURNS tstzrange
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    timezone text := @extschema@.app_timezone(app);
BEGIN
    RETURN @extschema@.period_range(period, timezone);
END
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_range(text, text) IS
    'internal: a named period in the time zone of an app';

CREATE FUNCTION @extschema@.segmentation_check_period(range tstzrange) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    IF range IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'period must not be null',
            HINT = 'The period without any bound is ''all''.';
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_check_period(tstzrange) IS
    'internal: refuses a period that is null';

CREATE FUNCTION @extschema@.segmentation_rows(
    app_name text, event_key text, filter jsonb, properties_by text[], bucket_name text, range tstzrange, mode text,
    wanted text[], cell_limit integer, fills boolean)
    RETURNS TABLE (bucket timestamptz, segment text[], users bigint, times bigint, sum numeric, dur numeric,
                   metrics numeric[])
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    timezone text := @extschema@.app_timezone(app_name);
    latest boolean := @extschema@.segmentation_is_latest(mode);
    bounds record;
    starts timestamptz[];
BEGIN
    PERFORM @extschema@.segmentation_check_period(range);
    IF bucket_name IS NOT NULL THEN
        range := @extschema@.segmentation_finite_range(app_name, range);
        starts := @extschema@.bucket_starts(range, bucket_name, timezone);
    END IF;
    SELECT * INTO bounds FROM @extschema@.segmentation_bounds(range);
    RETURN QUERY SELECT * FROM @extschema@.segmentation_scan(
        app_name, event_key, @extschema@.resolve_query(app_name, coalesce(filter, '{}'))::@extschema@.segment, coalesce(properties_by, '{}'),
        bounds.from_ms, bounds.until_ms, latest, starts, coalesce(wanted, '{}'), cell_limit, 0,
        coalesce(fills AND cardinality(starts) > 0, false));
END
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_rows(text, text, jsonb, text[], text, tstzrange, text, text[], integer, boolean) IS
    'internal: what all forms of segmentation and segmentation_metrics do';

CREATE FUNCTION @extschema@.segmentation_users_asked(
    app_name text, filter jsonb, properties_by text[], cell text[], range tstzrange, mode text, cell_limit integer,
    OUT query @extschema@.segment, OUT breakdown text[], OUT from_ms bigint, OUT until_ms bigint, OUT latest boolean,
    OUT segment text[])
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    timezone text := @extschema@.app_timezone(app_name);   -- an unknown app is an error
BEGIN
    PERFORM @extschema@.segmentation_check_period(range);
    query := @extschema@.resolve_query(app_name, coalesce(filter, '{}'))::@extschema@.segment;
    breakdown := coalesce(properties_by, '{}');
    SELECT b.from_ms, b.until_ms INTO from_ms, until_ms FROM @extschema@.segmentation_bounds(range) AS b;
    latest := @extschema@.segmentation_is_latest(mode);
    segment := CASE WHEN cell_limit IS NULL THEN coalesce(cell, '{}') ELSE cell END;
END
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_users_asked(text, jsonb, text[], text[], tstzrange, text, integer) IS
    'internal: what segmentation_users asks of segmentation_scan_users';

CREATE FUNCTION @extschema@.segmentation(
    app text, event text, query jsonb DEFAULT '{}', breakdown text[] DEFAULT '{}', bucket text DEFAULT NULL,
    period text DEFAULT '30days', properties text DEFAULT 'event', "limit" integer DEFAULT NULL,
    fill boolean DEFAULT false)
    RETURNS TABLE (bucket timestamptz, segment text[], users bigint, times bigint, sum numeric, dur numeric)
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT r.bucket, r.segment, r.users, r.times, r.sum, r.dur
      FROM @extschema@.segmentation_rows($1, $2, $3, $4, $5, @extschema@.segmentation_range($1, $6), $7, '{}', $8, $9) AS r
$function$;
COMMENT ON FUNCTION @extschema@.segmentation(text, text, jsonb, text[], text, text, text, integer, boolean) IS
    'counts an event (null: any) of the users that a filter matches, by time and up to three properties: distinct users, times, sum and duration; limit gives rows to the cells with the most times, and one with a null segment to all others';

CREATE FUNCTION @extschema@.segmentation(
    app text, event text, query jsonb, breakdown text[], bucket text, period tstzrange,
    properties text DEFAULT 'event', "limit" integer DEFAULT NULL, fill boolean DEFAULT false)
    RETURNS TABLE (bucket timestamptz, segment text[], users bigint, times bigint, sum numeric, dur numeric)
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT r.bucket, r.segment, r.users, r.times, r.sum, r.dur
      FROM @extschema@.segmentation_rows($1, $2, $3, $4, $5, $6, $7, '{}', $8, $9) AS r
$function$;
COMMENT ON FUNCTION @extschema@.segmentation(text, text, jsonb, text[], text, tstzrange, text, integer, boolean) IS
    'the same for any range of time';

-- With a parsed body instead of a setting, so that the planner puts the query in place of the call: else every user
-- would be kept once more on each floor.
CREATE FUNCTION @extschema@.segmentation_users(
    app text, event text, query jsonb DEFAULT '{}', breakdown text[] DEFAULT '{}', segment text[] DEFAULT '{}',
    period text DEFAULT '30days', properties text DEFAULT 'event', "limit" integer DEFAULT NULL)
    RETURNS SETOF bigint
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    BEGIN ATOMIC
    SELECT u.uid
      FROM @extschema@.segmentation_users_asked($1, $3, $4, $5, @extschema@.segmentation_range($1, $6), $7, $8) AS a,
           LATERAL @extschema@.segmentation_scan_users($1, $2, a.query, a.breakdown, a.from_ms, a.until_ms, a.latest,
                                                       a.segment, $8) AS u (uid);
    END;
COMMENT ON FUNCTION @extschema@.segmentation_users(text, text, jsonb, text[], text[], text, text, integer) IS
    'the users behind one row of segmentation: their uids, ascending; segment holds one value for each breakdown, or is null for all cells beyond the limit';

CREATE FUNCTION @extschema@.segmentation_users(
    app text, event text, query jsonb, breakdown text[], segment text[], period tstzrange,
    properties text DEFAULT 'event', "limit" integer DEFAULT NULL)
    RETURNS SETOF bigint
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    BEGIN ATOMIC
    SELECT u.uid
      FROM @extschema@.segmentation_users_asked($1, $3, $4, $5, $6, $7, $8) AS a,
           LATERAL @extschema@.segmentation_scan_users($1, $2, a.query, a.breakdown, a.from_ms, a.until_ms, a.latest,
                                                       a.segment, $8) AS u (uid);
    END;
COMMENT ON FUNCTION @extschema@.segmentation_users(text, text, jsonb, text[], text[], tstzrange, text, integer) IS
    'the same for any range of time';
