-- What is made of the counts of a segmentation: further figures, a comparison with the time before, labels.

CREATE FUNCTION @extschema@.segmentation_metrics(
    app text, event text, query jsonb DEFAULT '{}', breakdown text[] DEFAULT '{}', bucket text DEFAULT NULL,
    period text DEFAULT '30days', properties text DEFAULT 'event',
    metrics text[] DEFAULT '{times/users,sum/users,dur/users,avg(sum),avg(dur)}', "limit" integer DEFAULT NULL,
    fill boolean DEFAULT false)
    RETURNS TABLE (bucket timestamptz, segment text[], users bigint, times bigint, sum numeric, dur numeric,
                   metrics numeric[])
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT * FROM @extschema@.segmentation_rows(
        $1, $2, $3, $4, $5, @extschema@.segmentation_range($1, $6), $7, $8, $9, $10)
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_metrics(text, text, jsonb, text[], text, text, text, text[], integer, boolean) IS
    'segmentation with further figures of each row, in the order in which they are named: times/users, sum/users, dur/users, and avg, min, max, median and percentiles of sum and dur';

CREATE FUNCTION @extschema@.segmentation_metrics(
    app text, event text, query jsonb, breakdown text[], bucket text, period tstzrange,
    properties text DEFAULT 'event',
    metrics text[] DEFAULT '{times/users,sum/users,dur/users,avg(sum),avg(dur)}', "limit" integer DEFAULT NULL,
    fill boolean DEFAULT false)
    RETURNS TABLE (bucket timestamptz, segment text[], users bigint, times bigint, sum numeric, dur numeric,
                   metrics numeric[])
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT * FROM @extschema@.segmentation_rows($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_metrics(text, text, jsonb, text[], text, tstzrange, text, text[], integer, boolean) IS
    'the same for any range of time';

-- A range in whole milliseconds, as events have them, its begin included and its end not; `back` times its own
-- length earlier. By the time that passes, whatever clocks show.
CREATE FUNCTION @extschema@.segmentation_compared_range(range tstzrange, back integer) RETURNS tstzrange
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    epoch constant timestamptz := '1970-01-01 00:00+00';
    millisecond constant interval := '1 millisecond';
    bounds record;
    shift bigint;
BEGIN
    IF NOT isempty(range) AND (NOT isfinite(coalesce(lower(range), '-infinity'))
                               OR NOT isfinite(coalesce(upper(range), 'infinity'))) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'cannot compare an unbounded period with the time before',
            HINT = 'Name a period with a begin and an end.';
    END IF;
    SELECT * INTO bounds FROM @extschema@.segmentation_bounds(range);
    shift := back * (bounds.until_ms - bounds.from_ms);
    RETURN tstzrange(epoch + (bounds.from_ms - shift) * millisecond, epoch + (bounds.until_ms - shift) * millisecond);
END
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_compared_range(tstzrange, integer) IS
    'internal: a bounded range in whole milliseconds, "[)", or as long a one before it';

-- Both periods are counted by one scan, cut into buckets that go from the begin of the earlier to the end of
-- the later period; what lies between both is a bucket of its own, which is left out of the answer.
CREATE FUNCTION @extschema@.segmentation_compare_rows(
    app_name text, event_key text, filter jsonb, properties_by text[], bucket_name text, range tstzrange,
    range_before tstzrange, mode text, cell_limit integer)
    RETURNS TABLE (bucket timestamptz, segment text[], users bigint, times bigint, sum numeric, dur numeric,
                   previous_bucket timestamptz, previous_users bigint, previous_times bigint, previous_sum numeric,
                   previous_dur numeric)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    timezone text := @extschema@.app_timezone(app_name);
    latest boolean := @extschema@.segmentation_is_latest(mode);
    shown timestamptz[] := '{NULL}';            -- the begins of the buckets, as shown and as counted
    shown_before timestamptz[] := '{NULL}';
    counted timestamptz[];
    first_shown integer;
    bounds record;
BEGIN
    PERFORM @extschema@.segmentation_check_period(range);
    IF isempty(range) THEN
        shown := '{}';
        shown_before := '{}';
    END IF;
    IF bucket_name IS NOT NULL THEN
        shown := @extschema@.bucket_starts(range, bucket_name, timezone);
        shown_before := @extschema@.bucket_starts(range_before, bucket_name, timezone);
    END IF;
    counted := ARRAY(SELECT greatest(start, lower(range_before))
                       FROM unnest(shown_before) WITH ORDINALITY AS s (start, nr) ORDER BY nr);
    IF upper(range_before) < lower(range) THEN
        counted := counted || upper(range_before);
    END IF;
    first_shown := cardinality(counted);
    counted := counted || ARRAY(SELECT greatest(start, lower(range))
                                  FROM unnest(shown) WITH ORDINALITY AS s (start, nr) ORDER BY nr);
    SELECT * INTO bounds FROM @extschema@.segmentation_bounds(
        CASE WHEN isempty(range) THEN range ELSE tstzrange(lower(range_before), upper(range)) END);
    RETURN QUERY
        WITH cell AS (
            SELECT s.*, c.nr > first_shown AS is_shown,
                   CASE WHEN c.nr > first_shown THEN c.nr - first_shown ELSE c.nr END AS nr
              FROM @extschema@.segmentation_scan(
                       app_name, event_key, @extschema@.resolve_query(app_name, coalesce(filter, '{}'))::@extschema@.segment, coalesce(properties_by, '{}'),
                       bounds.from_ms, bounds.until_ms, latest, counted, '{}', cell_limit, first_shown, false) AS s
              LEFT JOIN unnest(counted) WITH ORDINALITY AS c (start, nr) ON c.start = s.bucket
             -- NOT FALSE keeps the join an outer one: a bad question is an error without any bucket, too
             WHERE (c.nr > first_shown OR c.nr <= cardinality(shown_before)) IS NOT FALSE)
        SELECT shown[c.nr], c.segment,
               coalesce(max(c.users) FILTER (WHERE is_shown), 0), coalesce(max(c.times) FILTER (WHERE is_shown), 0),
               coalesce(max(c.sum) FILTER (WHERE is_shown), 0), coalesce(max(c.dur) FILTER (WHERE is_shown), 0),
               shown_before[c.nr],
               coalesce(max(c.users) FILTER (WHERE NOT is_shown), 0), coalesce(max(c.times) FILTER (WHERE NOT is_shown), 0),
               coalesce(max(c.sum) FILTER (WHERE NOT is_shown), 0), coalesce(max(c.dur) FILTER (WHERE NOT is_shown), 0)
          FROM cell AS c GROUP BY c.nr, c.segment
         ORDER BY c.nr, c.segment IS NULL, 4 DESC, 9 DESC, c.segment COLLATE "C";
END
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_compare_rows(text, text, jsonb, text[], text, tstzrange, tstzrange, text, integer) IS
    'internal: what both forms of segmentation_compare do, with both periods in whole milliseconds';

CREATE FUNCTION @extschema@.segmentation_compare(
    app text, event text, query jsonb DEFAULT '{}', breakdown text[] DEFAULT '{}', bucket text DEFAULT NULL,
    period text DEFAULT '30days', properties text DEFAULT 'event', "limit" integer DEFAULT NULL)
    RETURNS TABLE (bucket timestamptz, segment text[], users bigint, times bigint, sum numeric, dur numeric,
                   previous_bucket timestamptz, previous_users bigint, previous_times bigint, previous_sum numeric,
                   previous_dur numeric)
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT * FROM @extschema@.segmentation_compare_rows(
        $1, $2, $3, $4, $5, @extschema@.segmentation_range($1, $6),
        @extschema@.previous_period_range($6, @extschema@.app_timezone($1)), $7, $8)
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_compare(text, text, jsonb, text[], text, text, text, integer) IS
    'segmentation of a period beside that of the period before: the first bucket beside the first, and so on';

CREATE FUNCTION @extschema@.segmentation_compare(
    app text, event text, query jsonb, breakdown text[], bucket text, period tstzrange,
    properties text DEFAULT 'event', "limit" integer DEFAULT NULL)
    RETURNS TABLE (bucket timestamptz, segment text[], users bigint, times bigint, sum numeric, dur numeric,
                   previous_bucket timestamptz, previous_users bigint, previous_times bigint, previous_sum numeric,
                   previous_dur numeric)
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT * FROM @extschema@.segmentation_compare_rows(
        $1, $2, $3, $4, $5, @extschema@.segmentation_compared_range($6, 0),
        @extschema@.segmentation_compared_range($6, 1), $7, $8)
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_compare(text, text, jsonb, text[], text, tstzrange, text, integer) IS
    'the same for any range of time, beside the same time directly before it';

CREATE FUNCTION @extschema@.segment_label(
    segment text[], missing text DEFAULT 'unknown', other text DEFAULT 'other') RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT CASE WHEN segment IS NULL THEN other
                ELSE '(' || coalesce((SELECT string_agg(coalesce(value, missing), ' | ' ORDER BY nr)
                                        FROM unnest(segment) WITH ORDINALITY AS s (value, nr)), '') || ')' END
$function$;
COMMENT ON FUNCTION @extschema@.segment_label(text[], text, text) IS
    'a row of segmentation as one text, such as "(Android | 2.3)"; all other cells, whose segment is null, without parentheses';
