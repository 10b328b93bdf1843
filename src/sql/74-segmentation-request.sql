-- Segmentation asked and answered in the form of Countly's /o?method=segmentation.
--
-- Parameters come as JSON, or as the text of JSON, as they stand in a query string.

CREATE FUNCTION @extschema@.raise_request_parameter(fault text, parameter text, detail text DEFAULT NULL, hint text DEFAULT NULL)
    RETURNS void LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = CASE fault WHEN 'Missing' THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
        MESSAGE = format('%s request parameter: %s', fault, parameter),
        DETAIL = coalesce(detail, 'A request needs event, queryObject, period and bucket.'),
        HINT = coalesce(hint, 'For example {"event": "buy", "queryObject": {}, "period": "30days", "bucket": "daily"}.');
END
$function$;
COMMENT ON FUNCTION @extschema@.raise_request_parameter(text, text, text, text) IS
    'internal: the errors of a request, in Countly''s words';

CREATE FUNCTION @extschema@.request_json(value text, parameter text) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'request_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.request_json(text, text) IS 'internal: the text of JSON, a parameter of a request';

-- A text that begins like JSON is JSON.
CREATE FUNCTION @extschema@.request_value(request jsonb, parameter text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN CASE WHEN jsonb_typeof(request -> parameter) = 'string' AND request ->> parameter ~ '^\s*[\[{]'
                THEN @extschema@.request_json(request ->> parameter, parameter)
                WHEN request -> parameter NOT IN ('null', '""') THEN request -> parameter END;
COMMENT ON FUNCTION @extschema@.request_value(jsonb, text) IS 'internal: a parameter of a request; null when it is missing or empty';

CREATE FUNCTION @extschema@.required_value(request jsonb, parameter text, VARIADIC types text[]) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    value constant jsonb := @extschema@.request_value(request, parameter);
BEGIN
    IF value IS NULL THEN
        PERFORM @extschema@.raise_request_parameter('Missing', parameter);
    ELSIF jsonb_typeof(value) <> ALL (types) THEN
        PERFORM @extschema@.raise_request_parameter('Bad', parameter, format('It must be of type %s.', array_to_string(types, ' or ')));
    END IF;
    RETURN value;
END
$function$;
COMMENT ON FUNCTION @extschema@.required_value(jsonb, text, text[]) IS 'internal: a parameter that a request must have';

-- One text, or an array of texts.
CREATE FUNCTION @extschema@.request_texts(value jsonb, parameter text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    IF jsonb_typeof(value) = 'string' THEN
        RETURN ARRAY[value #>> '{}'];
    ELSIF jsonb_typeof(value) <> 'array' OR value @? '$[*] ? (@.type() != "string")' THEN
        PERFORM @extschema@.raise_request_parameter('Bad', parameter, 'It must be a text or an array of texts.');
    END IF;
    RETURN ARRAY(SELECT jsonb_array_elements_text(value));
END
$function$;
COMMENT ON FUNCTION @extschema@.request_texts(jsonb, text) IS 'internal: a parameter of a request that is one or more texts';

CREATE FUNCTION @extschema@.request_count(request jsonb, parameter text) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    word constant text := @extschema@.request_value(request, parameter) #>> '{}';
BEGIN
    IF word !~ '^[0-9]{1,9}$' THEN
        PERFORM @extschema@.raise_request_parameter('Bad', parameter, 'It must be a number from 0 to 999999999.');
    END IF;
    RETURN word::bigint;
END
$function$;
COMMENT ON FUNCTION @extschema@.request_count(jsonb, text) IS 'internal: a parameter of a request that is a number; null when it is missing';

-- An array is checked here, so that its fault has Countly's words; of a name, what it says is.
CREATE FUNCTION @extschema@.request_range(app text, request jsonb) RETURNS tstzrange
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    period constant jsonb := @extschema@.required_value(request, 'period', 'string', 'array');
    zone   constant text := @extschema@.app_timezone(app);
    name   constant text := '^(hour|today|yesterday|day|month|year|prevMonth|all|[0-9]{1,9}(days|weeks|months))$';
    word   constant text := '^("[^"\\]*"|-?[0-9]{1,15}(\.[0-9]{1,9})?)$';
    known  boolean := period #>> '{}' ~ name;
BEGIN
    IF jsonb_typeof(period) = 'array' THEN
        known := jsonb_array_length(period) = 2 AND (period -> 0)::text ~ word AND (period -> 1)::text ~ word;
        known := known AND @extschema@.period_bound((period -> 0)::text, zone) <= @extschema@.period_bound((period -> 1)::text, zone);
    END IF;
    IF known IS NOT TRUE THEN
        PERFORM @extschema@.raise_request_parameter(
            'Invalid', 'period', 'It is no name of a period, and no array of two times of which the first is the earlier one.',
            'For example "30days", "yesterday", [1714550400000,1714636800000] or ["01-05-2024","02-05-2024"].');
    END IF;
    RETURN @extschema@.segmentation_range(app, period #>> '{}');
END
$function$;
COMMENT ON FUNCTION @extschema@.request_range(text, jsonb) IS 'internal: the period of a request';

CREATE FUNCTION @extschema@.request_buckets(request jsonb) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer constant text[] := @extschema@.request_texts(@extschema@.required_value(request, 'bucket', 'string', 'array'), 'bucket');
BEGIN
    IF answer = '{}' OR NOT answer <@ '{hourly,daily,weekly,monthly}'::text[] THEN
        PERFORM @extschema@.raise_request_parameter('Bad', 'bucket', 'A bucket is hourly, daily, weekly or monthly; several are an array.');
    END IF;
    RETURN answer;
END
$function$;
COMMENT ON FUNCTION @extschema@.request_buckets(jsonb) IS 'internal: the buckets of a request';

-- What comes along in a query string and changes no answer is known here, too.
CREATE FUNCTION @extschema@.check_request(request jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    known     constant text[] := '{method,app_id,api_key,auth_token,event,queryObject,projectionKey,bucket,period,list,limit,skip,sort,sortGraphBy,db_override,properties}';
    parameter text;
BEGIN
    IF jsonb_typeof(request) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a request must be a JSON object',
            HINT = 'For example {"event": "buy", "queryObject": {}, "period": "30days", "bucket": "daily"}.';
    END IF;
    SELECT key INTO parameter FROM jsonb_object_keys(request) AS key WHERE key <> ALL (known) LIMIT 1;
    IF FOUND THEN
        PERFORM @extschema@.raise_request_parameter('Bad', left(parameter, 64), 'There is no such parameter.',
                                                    'Parameters are ' || array_to_string(known, ', ') || '.');
    ELSIF request ->> 'sortGraphBy' NOT IN ('u', 't') THEN
        PERFORM @extschema@.raise_request_parameter('Bad', 'sortGraphBy', 'Segments are sorted by u or t.');
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.check_request(jsonb) IS 'internal: refuses a request with parameters that do not exist';

-- How the segments of a table are sorted: the column and whether from its end.
CREATE FUNCTION @extschema@.request_order(request jsonb, listed boolean, OUT sort_by text, OUT descending boolean)
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    sort constant jsonb := @extschema@.request_value(request, 'sort');
BEGIN
    sort_by := coalesce(CASE WHEN NOT listed THEN request ->> 'sortGraphBy' END, 't');
    descending := true;
    IF NOT listed OR sort IS NULL OR sort = '{}' THEN
        RETURN;
    ELSIF jsonb_typeof(sort) <> 'object' OR (SELECT count(*) FROM jsonb_object_keys(sort)) <> 1 THEN
        PERFORM @extschema@.raise_request_parameter('Bad', 'sort', 'It must be an object with one column.', 'For example {"u": -1}.');
    END IF;
    SELECT key INTO sort_by FROM jsonb_object_keys(sort) AS key;
    IF sort_by !~ '^(u|t|s|dur|s[0-2])$' OR sort ->> sort_by NOT IN ('1', '-1') THEN
        PERFORM @extschema@.raise_request_parameter('Bad', 'sort', 'Columns are u, t, s, dur, s0, s1 and s2; 1 is upwards, -1 downwards.',
                                                    'For example {"u": -1}.');
    END IF;
    descending := sort ->> sort_by = '-1';
END
$function$;
COMMENT ON FUNCTION @extschema@.request_order(jsonb, boolean) IS 'internal: the order of segments that a request asks for';

CREATE FUNCTION @extschema@.request_figures(users bigint, times bigint, sum numeric, dur numeric) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN jsonb_build_object('u', users, 't', times, 's', sum, 'dur', dur);
COMMENT ON FUNCTION @extschema@.request_figures(bigint, bigint, numeric, numeric) IS 'internal: figures under Countly''s names';

-- The names of buckets. An hour that the clock shows twice has b after its second name.
CREATE FUNCTION @extschema@.request_key(bucket timestamptz, kind text, timezone text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN to_char(bucket AT TIME ZONE timezone,
                   CASE kind WHEN 'hourly' THEN 'FMYYYY.FMMM.FMDD.FMHH24' WHEN 'daily' THEN 'FMYYYY.FMMM.FMDD'
                             WHEN 'weekly' THEN 'FMIYYY."w"FMIW' ELSE 'FMYYYY.FMMM' END)
        || CASE WHEN kind = 'hourly' AND (bucket - interval '1 hour') AT TIME ZONE timezone = bucket AT TIME ZONE timezone
                THEN 'b' ELSE '' END;
COMMENT ON FUNCTION @extschema@.request_key(timestamptz, text, text) IS 'internal: the name of a bucket in an answer: 2026.4.16';

-- The segments of the period in the order asked for, with their labels. Values that hold the separator could
-- give one label twice: then the later one has its place behind it.
CREATE FUNCTION @extschema@.request_segments(
    app text, event text, query jsonb, projection text[], range tstzrange, properties text, sort_by text, descending boolean)
    RETURNS TABLE (place bigint, segment text[], label text, keys jsonb, figures jsonb)
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
    WITH cells AS (
        SELECT cell.*, array_to_string(cell.segment, ' | ', '') AS plain_label,
               row_number() OVER (ORDER BY CASE sort_by WHEN 'u' THEN cell.users WHEN 't' THEN cell.times WHEN 's' THEN cell.sum
                                                   WHEN 'dur' THEN cell.dur END * CASE WHEN descending THEN -1 ELSE 1 END,
                                           CASE WHEN sort_by ~ '^s[0-2]$' AND NOT descending
                                                THEN cell.segment[right(sort_by, 1)::integer + 1] END COLLATE "C",
                                           CASE WHEN sort_by ~ '^s[0-2]$' AND descending
                                                THEN cell.segment[right(sort_by, 1)::integer + 1] END COLLATE "C" DESC NULLS LAST,
                                           cell.times DESC, cell.segment COLLATE "C") AS place
          FROM @extschema@.segmentation(app, event, query, projection, NULL, range, properties) AS cell
    ), labelled AS (
        SELECT cells.*, row_number() OVER (PARTITION BY plain_label ORDER BY cells.place) AS namesake FROM cells
    )
    SELECT l.place, l.segment, l.plain_label || CASE WHEN namesake > 1 THEN format(' (%s)', namesake) ELSE '' END,
           (SELECT jsonb_object_agg(name, value) FROM unnest(projection, l.segment) AS part (name, value)),
           @extschema@.request_figures(l.users, l.times, l.sum, l.dur)
           || (SELECT jsonb_object_agg('s' || number - 1, value) FROM unnest(l.segment) WITH ORDINALITY AS part (value, number))
      FROM labelled AS l
    $function$;
COMMENT ON FUNCTION @extschema@.request_segments(text, text, jsonb, text[], tstzrange, text, text, boolean) IS
    'internal: the segments of an answer';

CREATE FUNCTION @extschema@.request_page(total bigint, limited bigint, skipped bigint) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN jsonb_build_object('total', total, 'limit', limited,
                              'start', CASE WHEN total > skipped THEN skipped + 1 ELSE 0 END,
                              'end', CASE WHEN total > skipped THEN least(total, skipped + limited) ELSE 0 END,
                              'pages', ceil(total::numeric / greatest(limited, 1))::bigint,
                              'curPage', skipped / greatest(limited, 1) + 1);
COMMENT ON FUNCTION @extschema@.request_page(bigint, bigint, bigint) IS 'internal: which part of the segments an answer has';

-- The buckets of one kind, each with its figures or, if there are segments, with those of each of them.
CREATE FUNCTION @extschema@.request_data(
    app text, event text, query jsonb, projection text[], kind text, range tstzrange, properties text, segments jsonb)
    RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
    WITH cells AS (
        SELECT @extschema@.request_key(cell.bucket, kind, @extschema@.app_timezone(app)) AS name,
               @extschema@.request_figures(cell.users, cell.times, cell.sum, cell.dur) AS figures, known.value AS known
          FROM @extschema@.segmentation(app, event, query, projection, kind, range, properties) AS cell
               LEFT JOIN jsonb_array_elements(segments) AS known (value) ON known.value -> 'segment' = to_jsonb(cell.segment)
         WHERE projection = '{}' OR known.value IS NOT NULL
    ), buckets AS (
        SELECT name, CASE WHEN projection = '{}' THEN (array_agg(figures))[1]
                          ELSE jsonb_object_agg(known ->> 'label', figures || jsonb_build_object('keys', known -> 'keys'))
                               FILTER (WHERE known IS NOT NULL) END AS value
          FROM cells GROUP BY name
    )
    SELECT coalesce(jsonb_object_agg(name, value), '{}') FROM buckets
    $function$;
COMMENT ON FUNCTION @extschema@.request_data(text, text, jsonb, text[], text, tstzrange, text, jsonb) IS
    'internal: the buckets of an answer';

-- The part of an answer that a projection adds, and the chosen segments for request_data.
CREATE FUNCTION @extschema@.request_projection(
    app text, request jsonb, event text, query jsonb, projection text[], range tstzrange, properties text, listed boolean,
    OUT answer jsonb, OUT segments jsonb)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    ordering record;
    total    bigint;
    skipped  constant bigint := CASE WHEN listed THEN coalesce(@extschema@.request_count(request, 'skip'), 0) ELSE 0 END;
    limited  bigint := @extschema@.request_count(request, 'limit');
BEGIN
    SELECT * INTO ordering FROM @extschema@.request_order(request, listed);
    SELECT coalesce(max(place), 0),
           coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.place) FILTER (WHERE s.place > skipped AND (limited IS NULL OR s.place - skipped <= limited)), '[]')
      INTO total, segments
      FROM @extschema@.request_segments(app, event, query, projection, range, properties, ordering.sort_by, ordering.descending) AS s;
    answer := jsonb_build_object(
        'segments', (SELECT coalesce(jsonb_object_agg(s ->> 'label', (s -> 'figures') || jsonb_build_object('keys', s -> 'keys', 'segment', s -> 'label')), '{}')
                       FROM jsonb_array_elements(segments) AS s),
        'order', (SELECT coalesce(jsonb_agg(s -> 'label'), '[]') FROM jsonb_array_elements(segments) AS s),
        'page_data', @extschema@.request_page(total, coalesce(limited, greatest(total, 1)), skipped));
END
$function$;
COMMENT ON FUNCTION @extschema@.request_projection(text, jsonb, text, jsonb, text[], tstzrange, text, boolean) IS
    'internal: part of segmentation_request';

CREATE FUNCTION @extschema@.segmentation_request(app text, request jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    begun      constant timestamptz := clock_timestamp();
    event      text;
    query      jsonb;
    projection text[];
    range      tstzrange;
    buckets    text[];
    mode       text;
    listed     boolean;
    projected  record;
    answer     jsonb;
BEGIN
    PERFORM @extschema@.app_timezone(app);
    PERFORM @extschema@.check_request(request);
    -- null is any event; it has to be said.
    event := CASE WHEN request -> 'event' IS DISTINCT FROM 'null' THEN @extschema@.required_value(request, 'event', 'string') #>> '{}' END;
    query := @extschema@.required_value(request, 'queryObject', 'object');
    range := @extschema@.request_range(app, request);
    buckets := @extschema@.request_buckets(request);
    projection := coalesce(@extschema@.request_texts(@extschema@.request_value(request, 'projectionKey'), 'projectionKey'), '{}');
    mode := coalesce(request ->> 'properties', 'event');
    listed := projection <> '{}' AND coalesce(request ->> 'list', '') NOT IN ('', 'false', '0');
    SELECT jsonb_build_object('totals', @extschema@.request_figures(coalesce(max(cell.users), 0), coalesce(max(cell.times), 0),
                                                                    coalesce(max(cell.sum), 0), coalesce(max(cell.dur), 0)))
      INTO answer FROM @extschema@.segmentation(app, event, query, '{}', NULL, range, mode) AS cell;
    IF projection <> '{}' THEN
        SELECT * INTO projected FROM @extschema@.request_projection(app, request, event, query, projection, range, mode, listed);
        answer := answer || projected.answer;
    ELSE
        SELECT '[]'::jsonb AS segments INTO projected;
    END IF;
    RETURN answer || jsonb_build_object(
        'data', (SELECT jsonb_object_agg(kind, CASE WHEN listed THEN '{}' ELSE @extschema@.request_data(
                                app, event, query, projection, kind, range, mode, projected.segments) END) FROM unnest(buckets) AS kind),
        'buckets', to_jsonb(buckets), 'app_id', app,
        'lu', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'query_time', round(extract(epoch FROM clock_timestamp() - begun) * 1000));
END
$function$;
COMMENT ON FUNCTION @extschema@.segmentation_request(text, jsonb) IS
    'segmentation asked with the parameters of Countly''s /o?method=segmentation and answered in its form';
