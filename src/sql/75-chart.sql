-- Charts: segmentation as a specification of Vega-Lite 5, with the data in it.
--
-- Times are those of the clock in the app's time zone, and written without a zone: whoever draws the chart
-- shows them as they stand. A time without events is drawn as zero.

CREATE FUNCTION @extschema@.check_chart(kind text, metric text, breakdown text[], bucket text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    split constant boolean := coalesce(breakdown, '{}') <> '{}';
BEGIN
    IF kind IS NULL OR kind NOT IN ('line', 'bar', 'stacked bar', 'pie') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('unknown kind of chart: %s', coalesce('"' || left(kind, 64) || '"', 'NULL')),
            HINT = 'A chart is line, bar, stacked bar or pie.';
    ELSIF metric IS NULL OR metric NOT IN ('users', 'times', 'sum', 'dur') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('unknown metric: %s', coalesce('"' || left(metric, 64) || '"', 'NULL')),
            HINT = 'A chart shows users, times, sum or dur.';
    ELSIF kind = 'line' AND bucket IS NULL OR kind <> 'line' AND bucket IS NULL AND NOT split
          OR kind = 'stacked bar' AND (NOT split OR bucket IS NULL AND cardinality(breakdown) < 2)
          OR kind = 'pie' AND (NOT split OR bucket IS NOT NULL) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('a %s chart cannot show this', kind),
            HINT = CASE kind WHEN 'line' THEN 'It needs a bucket, such as daily.'
                             WHEN 'bar' THEN 'It needs a breakdown or a bucket.'
                             WHEN 'stacked bar' THEN 'It needs a breakdown and a bucket, or two breakdowns.'
                             ELSE 'It needs a breakdown, and no bucket.' END;
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.check_chart(text, text, text[], text) IS 'internal: refuses a chart that cannot be drawn';

CREATE FUNCTION @extschema@.chart_range(range tstzrange, timezone text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN format('%s to %s', coalesce(to_char(lower(range) AT TIME ZONE timezone, 'YYYY-MM-DD HH24:MI'), 'the first'),
                  coalesce(to_char(upper(range) AT TIME ZONE timezone, 'YYYY-MM-DD HH24:MI'), 'the last'));
COMMENT ON FUNCTION @extschema@.chart_range(tstzrange, text) IS 'internal: a range as the subtitle of a chart';

-- What stands for a group of values; null is all groups beyond the limit.
CREATE FUNCTION @extschema@.chart_label(segment text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN coalesce(array_to_string(segment, ' | ', '(none)'), '(other)');
COMMENT ON FUNCTION @extschema@.chart_label(text[]) IS 'internal: the name of a segment in a chart';

CREATE FUNCTION @extschema@.chart_metric(metric text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN CASE metric WHEN 'users' THEN 'Users' WHEN 'times' THEN 'Times' WHEN 'sum' THEN 'Sum' ELSE 'Duration (s)' END;
COMMENT ON FUNCTION @extschema@.chart_metric(text) IS 'internal: the name of a metric in a chart';

-- The points of a chart: {"time": ..., "x": ..., "segment": ..., "value": ...}, each where there is one. The
-- number of places on the axis of time is that of the buckets, and each segment has a point at each.
CREATE FUNCTION @extschema@.chart_values(
    app text, event text, query jsonb, breakdown text[], bucket text, range tstzrange, properties text, kind text, metric text,
    segment_limit integer)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    max_points constant integer := 5000;
    zone    constant text := @extschema@.app_timezone(app);
    starts  timestamptz[] := ARRAY[NULL]::timestamptz[];
    shape   constant text := CASE bucket WHEN 'hourly' THEN 'YYYY-MM-DD HH24:MI' WHEN 'daily' THEN 'YYYY-MM-DD'
                                         WHEN 'weekly' THEN 'IYYY-"W"IW' ELSE 'YYYY-MM' END;
    split   constant boolean := coalesce(breakdown, '{}') <> '{}';
    on_axis constant integer := CASE WHEN kind = 'stacked bar' AND bucket IS NULL THEN 1 ELSE 0 END;
    points  bigint;
    answer  jsonb;
BEGIN
    IF bucket IS NOT NULL THEN
        starts := @extschema@.bucket_starts(@extschema@.segmentation_finite_range(app, range), bucket, zone);
    END IF;
    WITH cells AS (
        SELECT cell.bucket, cell.segment, CASE metric WHEN 'users' THEN cell.users WHEN 'times' THEN cell.times
                                                      WHEN 'sum' THEN cell.sum ELSE cell.dur END AS value
          FROM @extschema@.segmentation(app, event, coalesce(query, '{}'), coalesce(breakdown, '{}'), bucket, range, properties, segment_limit) AS cell
    ), segments AS (
        SELECT cells.segment, sum(cells.value) AS total FROM cells GROUP BY cells.segment
    ), places AS (
        SELECT segments.segment, start,
               row_number() OVER (ORDER BY start, segments.segment IS NULL, segments.total DESC, segments.segment COLLATE "C") AS place
          FROM segments, unnest(starts) AS start
    )
    SELECT count(*), coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'time', CASE WHEN kind = 'line' THEN to_char(p.start AT TIME ZONE zone, 'YYYY-MM-DD"T"HH24:MI:SS') END,
               'x', CASE WHEN on_axis = 1 THEN @extschema@.chart_label(p.segment[:1])
                         WHEN kind <> 'line' THEN to_char(p.start AT TIME ZONE zone, shape) END,
               'segment', CASE WHEN split THEN @extschema@.chart_label(p.segment[on_axis + 1:]) END,
               'value', coalesce(cells.value, 0))) ORDER BY p.place), '[]')
      INTO points, answer
      FROM places AS p
           LEFT JOIN cells ON cells.segment IS NOT DISTINCT FROM p.segment AND cells.bucket IS NOT DISTINCT FROM p.start;
    IF points > max_points THEN
        RAISE EXCEPTION USING
            ERRCODE = 'program_limit_exceeded',
            MESSAGE = format('a chart of %s points', points),
            DETAIL = format('At most %s are allowed.', max_points),
            HINT = 'Choose a longer bucket, a shorter period, or a limit.';
    END IF;
    RETURN answer;
END
$function$;
COMMENT ON FUNCTION @extschema@.chart_values(text, text, jsonb, text[], text, tstzrange, text, text, text, integer) IS 'internal: the data of a chart';

-- The channels of a chart, by its kind.
CREATE FUNCTION @extschema@.chart_encoding(kind text, metric text, breakdown text[], bucket text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    split   constant boolean := coalesce(breakdown, '{}') <> '{}';
    -- In the order of the data, which is by value.
    places  constant jsonb := '{"field": "x", "type": "ordinal", "sort": null}';
    names   constant jsonb := jsonb_build_object('field', 'segment', 'type', 'nominal', 'sort', NULL);
    value   constant jsonb := jsonb_build_object('field', 'value', 'type', 'quantitative', 'title', @extschema@.chart_metric(metric));
    listed  constant text := array_to_string(breakdown, ' | ');
    channels jsonb;
BEGIN
    channels := CASE
        WHEN kind = 'line' THEN jsonb_build_object(
            'x', jsonb_build_object('field', 'time', 'type', 'temporal', 'title', 'Time'), 'y', value)
        WHEN kind = 'pie' THEN jsonb_build_object(
            'theta', value || '{"stack": true}', 'order', '{"field": "value", "type": "quantitative", "sort": "descending"}'::jsonb)
        WHEN bucket IS NOT NULL THEN jsonb_build_object('x', places || '{"title": "Time"}', 'y', value)
        WHEN kind = 'stacked bar' THEN jsonb_build_object('x', places || jsonb_build_object('title', breakdown[1]), 'y', value)
        ELSE jsonb_build_object('x', names || jsonb_build_object('title', listed), 'y', value) END;
    IF kind = 'stacked bar' AND bucket IS NULL THEN
        channels := channels || jsonb_build_object('color', names || jsonb_build_object('title', array_to_string(breakdown[2:], ' | ')));
    ELSIF split AND (kind <> 'bar' OR bucket IS NOT NULL) THEN
        channels := channels || jsonb_build_object('color', names || jsonb_build_object('title', listed));
    END IF;
    RETURN CASE WHEN kind = 'bar' AND split AND bucket IS NOT NULL
                THEN channels || jsonb_build_object('xOffset', names) ELSE channels END;
END
$function$;
COMMENT ON FUNCTION @extschema@.chart_encoding(text, text, text[], text) IS 'internal: the channels of a chart';

CREATE FUNCTION @extschema@.chart_specification(
    app text, event text, query jsonb, breakdown text[], bucket text, range tstzrange, shown text, properties text, kind text, metric text,
    segment_limit integer)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    PERFORM @extschema@.check_chart(kind, metric, breakdown, bucket);
    RETURN jsonb_build_object(
        '$schema', 'https://vega.github.io/schema/vega-lite/v5.json',
        'title', jsonb_build_object('text', coalesce(event, 'All events'), 'subtitle', format('%s in %s, %s', @extschema@.chart_metric(metric), app, shown)),
        'width', 480, 'height', 280, 'config', '{"legend": {"labelLimit": 320, "titleLimit": 320}}'::jsonb,
        'data', jsonb_build_object('values', @extschema@.chart_values(app, event, query, breakdown, bucket, range, properties, kind, metric, segment_limit)),
        'mark', CASE kind WHEN 'line' THEN '{"type": "line", "point": true}'::jsonb
                          WHEN 'pie' THEN '{"type": "arc"}' ELSE '{"type": "bar"}' END,
        'encoding', @extschema@.chart_encoding(kind, metric, breakdown, bucket));
END
$function$;
COMMENT ON FUNCTION @extschema@.chart_specification(text, text, jsonb, text[], text, tstzrange, text, text, text, text, integer) IS
    'internal: what both forms of segmentation_chart do';

CREATE FUNCTION @extschema@.segmentation_chart(
    app text, event text, query jsonb DEFAULT '{}', breakdown text[] DEFAULT '{}', bucket text DEFAULT NULL,
    period text DEFAULT '30days', properties text DEFAULT 'event', kind text DEFAULT 'line', metric text DEFAULT 'users',
    "limit" integer DEFAULT NULL)
    RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    RETURN @extschema@.chart_specification($1, $2, $3, $4, $5, @extschema@.segmentation_range($1, $6), $6, $7, $8, $9, $10);
COMMENT ON FUNCTION @extschema@.segmentation_chart(text, text, jsonb, text[], text, text, text, text, text, integer) IS
    'a segmentation as a specification of Vega-Lite 5 with its data: a line, bar, stacked bar or pie chart of users, times, sum or dur; limit shows the segments with the most times, and all others as one';

CREATE FUNCTION @extschema@.segmentation_chart(
    app text, event text, query jsonb, breakdown text[], bucket text, period tstzrange,
    properties text DEFAULT 'event', kind text DEFAULT 'line', metric text DEFAULT 'users',
    "limit" integer DEFAULT NULL)
    RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    RETURN @extschema@.chart_specification($1, $2, $3, $4, $5, $6, @extschema@.chart_range(period, @extschema@.app_timezone(app)),
                                           $7, $8, $9, $10);
COMMENT ON FUNCTION @extschema@.segmentation_chart(text, text, jsonb, text[], text, tstzrange, text, text, text, integer) IS
    'the same for any range of time';
