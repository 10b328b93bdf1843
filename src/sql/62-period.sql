-- Periods by name, and the buckets of a chart, both cut by the clock of a time zone.
--
-- The names are Countly's and mean what its code does, not what they say: "hour" is today, "day" is
-- this month, "month" is this year. Days, weeks, months and years begin at local midnight, so a day
-- may have 23 or 25 hours. Everything that is still running ends with the end of today.

-- AT TIME ZONE alone is nearly right. Two kinds of midnight are special:
-- * skipped by the clock (it springs from 00:00 to 01:00): AT TIME ZONE gives the moment of the jump,
--   which is the begin of the day;
-- * passed twice (it falls from 01:00 back to 00:00): AT TIME ZONE gives the second one, but the day
--   began an hour earlier with the first one. The clock just before tells: it is already past midnight
--   by what was repeated.
CREATE FUNCTION @extschema@.local_start(start timestamp, timezone text) RETURNS timestamptz
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer timestamptz := start AT TIME ZONE timezone;
    before timestamp := (answer - interval '1 microsecond') AT TIME ZONE timezone;
BEGIN
    IF before >= start THEN
        answer := answer - make_interval(
            secs => extract(epoch FROM before + interval '1 microsecond' - start)::float8);
    END IF;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.local_start(timestamp, text) IS
    'internal: the moment at which a local day, or what begins with one, begins in a time zone';

CREATE FUNCTION @extschema@.raise_unknown_period(period text, detail text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = format('invalid period: "%s"',
                         CASE WHEN length(period) > 64 THEN left(period, 64) || '...' ELSE period END),
        DETAIL = coalesce(detail, 'There is no period of that name.'),
        HINT = 'A period is hour or today, yesterday, day (this month), month or year (this year), '
               'prevMonth, Ndays, Nweeks, Nmonths, all, or [start,end] with milliseconds since 1970 '
               'or "DD-MM-YYYY" with or without " HH:mm:ss".';
END
$function$;

COMMENT ON FUNCTION @extschema@.raise_unknown_period(text, text) IS
    'internal: the one error for a period that cannot be understood';

-- One end of "[start,end]": a number or a string of JSON. NULL when it is no moment of any calendar;
-- it has to be found out by arithmetic, since catching the error of make_timestamp would need a
-- subtransaction, which parallel workers cannot have.
CREATE FUNCTION @extschema@.period_bound(word text, timezone text) RETURNS timestamp
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    last_millisecond constant numeric := 253402300799999;   -- of the year 9999
    millisecond numeric;
    part integer[];                                          -- day, month, year, hour, minute, second
BEGIN
    IF word !~ '^"' THEN
        millisecond := word::numeric;
        IF abs(millisecond) > last_millisecond THEN
            RETURN NULL;
        END IF;
        RETURN to_timestamp((millisecond / 1000)::float8) AT TIME ZONE timezone;
    END IF;
    part := regexp_match(
        word, '^"([0-9]{1,2})-([0-9]{1,2})-([0-9]{4})(?: ([0-9]{1,2}):([0-9]{2}):([0-9]{2}))?"$');
    IF part IS NULL OR part[2] NOT BETWEEN 1 AND 12 OR part[3] < 1
       OR part[1] NOT BETWEEN 1 AND extract(day FROM make_date(part[3], part[2], 1)
                                                     + interval '1 month - 1 day')
       OR part[4] > 23 OR part[5] > 59 OR part[6] > 59 THEN
        RETURN NULL;
    END IF;
    RETURN make_timestamp(part[3], part[2], part[1],
                          coalesce(part[4], 0), coalesce(part[5], 0), coalesce(part[6], 0));
END
$function$;

COMMENT ON FUNCTION @extschema@.period_bound(text, text) IS
    'internal: the local time that one end of a period "[start,end]" stands for, or NULL';

-- The first and the last day of "[start,end]".
CREATE FUNCTION @extschema@.period_days(
    period text, timezone text, OUT first_day date, OUT last_day date)
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    -- Only these two forms of JSON can be meant, so no parser of JSON is needed.
    word constant text := '("[^"\\]*"|-?[0-9]{1,15}(?:\.[0-9]{1,9})?)';
    words text[] := regexp_match(period, '^\s*\[\s*' || word || '\s*,\s*' || word || '\s*\]\s*$');
    first_time timestamp := @extschema@.period_bound(words[1], timezone);
    last_time timestamp := @extschema@.period_bound(words[2], timezone);
BEGIN
    IF first_time IS NULL OR last_time IS NULL THEN
        PERFORM @extschema@.raise_unknown_period(
            period, 'It has to be an array of two times that exist.');
    ELSIF first_time > last_time THEN
        PERFORM @extschema@.raise_unknown_period(period, 'Its start is after its end.');
    END IF;
    first_day := first_time::date;
    last_day := last_time::date;
END
$function$;

COMMENT ON FUNCTION @extschema@.period_days(text, text) IS
    'internal: the first and the last day of a period "[start,end]"';

-- The first day of "7days", "2weeks", "3months", which include today: a week is 7 and a month 30 days.
CREATE FUNCTION @extschema@.period_first_day(period text, today date) RETURNS date
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    max_days constant integer := 100000;
    part text[] := regexp_match(period, '^([0-9]{1,9})(days|weeks|months)$');
    days bigint := part[1]::bigint * CASE part[2] WHEN 'days' THEN 1 WHEN 'weeks' THEN 7 ELSE 30 END;
BEGIN
    IF part IS NULL THEN
        PERFORM @extschema@.raise_unknown_period(period);
    ELSIF days NOT BETWEEN 1 AND max_days THEN
        PERFORM @extschema@.raise_unknown_period(
            period, format('It must have at least 1 and at most %s days.', max_days));
    END IF;
    RETURN today - (days::integer - 1);
END
$function$;

COMMENT ON FUNCTION @extschema@.period_first_day(text, date) IS
    'internal: the first day of a period "Ndays", "Nweeks" or "Nmonths"';

CREATE FUNCTION @extschema@.period_range(
    period text, timezone text DEFAULT 'UTC', at timestamptz DEFAULT now()) RETURNS tstzrange
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    today date := (at AT TIME ZONE timezone)::date;
    first_day date := today;
    last_day date := today;
BEGIN
    IF period = 'all' THEN
        RETURN tstzrange(NULL, NULL, '()');
    ELSIF NOT isfinite(at) THEN
        PERFORM @extschema@.raise_unknown_period(period, 'It is relative to a moment without a date.');
    ELSIF period IN ('hour', 'today') THEN
        NULL;
    ELSIF period = 'yesterday' THEN
        first_day := today - 1;
        last_day := first_day;
    ELSIF period = 'day' THEN
        first_day := date_trunc('month', today::timestamp);
    ELSIF period IN ('month', 'year') THEN
        first_day := date_trunc('year', today::timestamp);
    ELSIF period = 'prevMonth' THEN
        first_day := date_trunc('month', today::timestamp) - interval '1 month';
        last_day := date_trunc('month', today::timestamp) - interval '1 day';
    ELSIF period ~ '^\s*\[' THEN
        SELECT d.first_day, d.last_day INTO first_day, last_day
          FROM @extschema@.period_days(period, timezone) AS d;
    ELSE
        first_day := @extschema@.period_first_day(period, today);
    END IF;
    RETURN tstzrange(@extschema@.local_start(first_day, timezone),
                     @extschema@.local_start(last_day + 1, timezone), '[)');
END
$function$;

COMMENT ON FUNCTION @extschema@.period_range(text, text, timestamptz) IS
    'the time that a named period covers in a time zone: hour is today, day this month, month this year, as in Countly';

-- What a period is compared with. Months and years so far are compared with as much of the month or year
-- before, prevMonth with the whole month before it, everything else with as many days directly before.
CREATE FUNCTION @extschema@.previous_period_range(
    period text, timezone text DEFAULT 'UTC', at timestamptz DEFAULT now()) RETURNS tstzrange
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    range tstzrange := @extschema@.period_range(period, timezone, at);
    first_day date := lower(range) AT TIME ZONE timezone;
    next_day date := upper(range) AT TIME ZONE timezone;      -- the first one after the period
    first_before date := first_day - (next_day - first_day);
    next_before date := first_day;
    step interval;
BEGIN
    IF period = 'all' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'there is no period before "all"',
            HINT = 'Name a period with a begin and an end.';
    ELSIF period = 'prevMonth' THEN
        first_before := first_day - interval '1 month';
    ELSIF period IN ('day', 'month', 'year') THEN
        step := CASE period WHEN 'day' THEN interval '1 month' ELSE interval '1 year' END;
        first_before := first_day - step;
        next_before := least(first_day, (next_day - 1 - step)::date + 1);
    END IF;
    RETURN tstzrange(@extschema@.local_start(first_before, timezone),
                     @extschema@.local_start(next_before, timezone), '[)');
END
$function$;

COMMENT ON FUNCTION @extschema@.previous_period_range(text, text, timestamptz) IS
    'the time that a named period is compared with: as many days directly before; of a month or year so far, as much of the one before; of prevMonth, the month before it';

CREATE FUNCTION @extschema@.bucket_step(range tstzrange, bucket text) RETURNS interval
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer interval := CASE bucket WHEN 'hourly' THEN interval '1 hour'
                                   WHEN 'daily' THEN interval '1 day'
                                   WHEN 'weekly' THEN interval '7 days'
                                   WHEN 'monthly' THEN interval '1 month' END;
BEGIN
    IF answer IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('invalid bucket: "%s"', left(bucket, 64)),
            HINT = 'A bucket is hourly, daily, weekly or monthly.';
    ELSIF NOT isempty(range) AND (NOT isfinite(coalesce(lower(range), '-infinity'))
                                  OR NOT isfinite(coalesce(upper(range), 'infinity'))) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'cannot cut an unbounded period into buckets',
            HINT = 'Name a period with a begin and an end, or ask without buckets.';
    END IF;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.bucket_step(tstzrange, text) IS
    'internal: the length of a bucket by the calendar; refuses what cannot be cut into buckets';

-- The moments at which the buckets of a chart begin. The first one holds the begin of the range.
--
-- Days, weeks and months begin where the local clock says so. A day that a zone left out (Samoa jumped
-- over 2011-12-30) begins with the next one and so has no bucket. Hours follow the time that passes: an
-- hour that the clock shows twice has two buckets, one that it skips has none, and where it jumps by
-- half an hour a bucket begins at the jump.
CREATE FUNCTION @extschema@.bucket_starts(range tstzrange, bucket text, timezone text)
    RETURNS timestamptz[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    max_buckets constant integer := 100000;
    hourly constant boolean := bucket = 'hourly';
    step interval := @extschema@.bucket_step(range, bucket);
    clock timestamp;                            -- what the local clock shows at `start`
    start timestamptz;
    following timestamptz;
    starts timestamptz[] := '{}';
BEGIN
    -- One step early, since the clock may show the begin of the first bucket twice.
    clock := date_trunc(CASE bucket WHEN 'weekly' THEN 'week' WHEN 'monthly' THEN 'month' ELSE 'day' END,
                        lower(range) AT TIME ZONE timezone) - greatest(step, interval '1 day');
    start := @extschema@.local_start(clock, timezone);
    WHILE start < upper(range) OR (start = upper(range) AND upper_inc(range)) LOOP
        IF hourly THEN
            clock := start AT TIME ZONE timezone;
            following := start + (date_trunc('hour', clock) + step - clock);
        ELSE
            clock := clock + step;
            following := @extschema@.local_start(clock, timezone);
        END IF;
        IF following > lower(range) AND following > start THEN
            IF cardinality(starts) = max_buckets THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'program_limit_exceeded',
                    MESSAGE = format('more than %s %s buckets', max_buckets, bucket),
                    HINT = 'Choose a shorter period or a longer bucket.';
            END IF;
            starts := array_append(starts, start);
        END IF;
        start := following;
    END LOOP;
    RETURN starts;
END
$function$;

COMMENT ON FUNCTION @extschema@.bucket_starts(tstzrange, text, text) IS
    'the moments at which the hourly, daily, weekly (from Monday) or monthly buckets begin that cover a range';
