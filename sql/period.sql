-- Periods by name, and the buckets of a chart.
\pset format unaligned
\pset tuples_only
SET TimeZone = 'UTC';
SET search_path = pg_catalog, profiles, public;
CREATE FUNCTION pg_temp.error_of(command text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text;
BEGIN
    EXECUTE command;
    RETURN NEXT 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                            detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN NEXT state || ': ' || message;
    RETURN QUERY SELECT 'DETAIL: ' || detail WHERE detail <> '';
    RETURN QUERY SELECT 'HINT: ' || hint WHERE hint <> '';
END
$$;

-- Countly's names on Wednesday 15 May 2024, 18:30 in UTC.
SELECT period, period_range(period, 'UTC', '2024-05-15 18:30+00')
  FROM unnest(ARRAY['hour', 'today', 'yesterday', 'day', 'month', 'year', 'prevMonth', '1days', '7days',
                    '30days', '60days', '1weeks', '2weeks', '1months', '3months', 'all']) AS period;

-- The same moment is already Thursday in Kolkata.
SELECT period, period_range(period, 'Asia/Kolkata', '2024-05-15 18:30+00')
  FROM unnest(ARRAY['hour', 'yesterday', '7days']) AS period;

-- Around the turn of a year, and in February.
SELECT period, period_range(period, 'UTC', '2024-01-01 00:00+00')
  FROM unnest(ARRAY['hour', 'yesterday', 'day', 'month', 'prevMonth']) AS period;
SELECT period_range('prevMonth', 'UTC', '2024-03-31 23:59:59.999999+00'),
       period_range('prevMonth', 'UTC', '2023-03-01+00');

-- Days of 23, 25 and 24 hours; a year around both changes.
SELECT zone, day, upper(range) - lower(range) AS length, range
  FROM (VALUES ('America/New_York', '2024-03-10'), ('America/New_York', '2024-11-03'),
               ('Europe/Berlin', '2024-03-31'), ('Europe/Berlin', '2024-10-27'),
               ('Asia/Kolkata', '2024-03-31'),
               ('America/Sao_Paulo', '2018-02-17'),     -- 00:00 falls back to 23:00 of the same day
               ('America/Sao_Paulo', '2018-11-04'),     -- has no 00:00
               ('America/Havana', '2024-11-03'),        -- has 00:00 twice
               ('America/Havana', '2024-03-10'),        -- has no 00:00
               ('Australia/Lord_Howe', '2024-04-07'),   -- half an hour
               ('Pacific/Apia', '2011-12-29'),          -- the day before the one that was left out
               ('Pacific/Apia', '2011-12-31')) AS days (zone, day),
       LATERAL period_range('today', zone, (day || ' 12:00')::timestamp AT TIME ZONE zone) AS range;
SELECT period_range('7days', 'America/New_York', '2024-11-05 12:00-05'),
       period_range('year', 'Europe/Berlin', '2024-12-31 12:00+01');

-- Ranges: whole days in the zone, from numbers and from strings.
SELECT period, period_range(period, 'UTC'), period_range(period, 'Europe/Berlin')
  FROM unnest(ARRAY[
      '[1711886400000,1711886400000]',                  -- 2024-03-31 12:00 UTC
      ' [ 1711843199999 , 1711843200000.5 ] ',          -- a millisecond before 2024-03-31, and just after
      '[-86400000,0]',
      '["31-03-2024","31-03-2024"]',
      '["1-3-2024","31-03-2024 23:59:59"]',
      '["29-02-2024 00:00:00","29-02-2024"]',
      '["30-03-2024",1711886400000]']) AS period;

-- What is none: an error that lists the names.
SELECT pg_temp.error_of($$SELECT profiles.period_range('lastweek')$$);
SELECT line
  FROM unnest(ARRAY['', 'Hour', 'prevmonth', 'days', '-7days', '7 days', '7days ', '1.5days', '0days',
                    '100001days', '14286weeks', '3334months', '9999999999days', repeat('x', 100),
                    '[]', '[1,2', '[1,2,3]', '[null,1]', '["a","b"]', '["32-01-2024","32-01-2024"]',
                    '["30-02-2024","01-03-2024"]', '["01-13-2024","01-13-2024"]', '["01-01-0000","01-01-2024"]',
                    '["01-01-2024 24:00:00","01-01-2024"]', '["01-01-2024 12:00","01-01-2024"]',
                    '["2024-01-01","2024-01-02"]', '[1e3,2e3]', '[0,999999999999999]',
                    '[1711886400001,1711886400000]', '["02-01-2024","01-01-2024"]']) AS period,
       pg_temp.error_of(format('SELECT profiles.period_range(%L)', period)) WITH ORDINALITY AS e (line, number)
 WHERE number <= 2;
SELECT pg_temp.error_of($$SELECT profiles.period_range('7days', 'Europe/Atlantis')$$);
SELECT pg_temp.error_of($$SELECT profiles.period_range('all', 'Europe/Atlantis')$$);
SELECT pg_temp.error_of($$SELECT profiles.period_range('7days', 'UTC', 'infinity')$$) LIMIT 2;

-- NULL in, NULL out; the longest period; defaults
SELECT period_range(NULL) IS NULL, period_range('7days', NULL) IS NULL, period_range('7days', 'UTC', NULL) IS NULL;
SELECT period_range('100000days', 'UTC', '2024-05-15 18:30+00');
SELECT now() <@ period_range('today'), now() <@ period_range('yesterday'), period_range('hour') = period_range('1days', 'UTC', now());

-- Buckets: the ends of what covers the range, and how many there are.
SELECT zone, bucket, starts[1], starts[cardinality(starts)], cardinality(starts)
  FROM unnest(ARRAY['America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'Pacific/Apia', 'America/Sao_Paulo']) AS zone,
       unnest(ARRAY['hourly', 'daily', 'weekly', 'monthly']) AS bucket,
       bucket_starts(period_range('year', zone, '2024-12-31 09:00+00'), bucket, zone) AS starts;
-- the repeated hour has two buckets, the skipped one none; half-hour zones; a jump by half an hour
SELECT start, start AT TIME ZONE 'America/New_York' FROM unnest(bucket_starts('[2024-11-03 04:00+00,2024-11-03 08:00+00)', 'hourly', 'America/New_York')) AS start;
SELECT start, start AT TIME ZONE 'Europe/Berlin' FROM unnest(bucket_starts('[2024-03-31 00:00+00,2024-03-31 03:00+00)', 'hourly', 'Europe/Berlin')) AS start;
SELECT start AT TIME ZONE 'Asia/Kolkata' FROM unnest(bucket_starts('[2024-05-15 18:00+00,2024-05-15 20:00+00)', 'hourly', 'Asia/Kolkata')) AS start;
SELECT start, start AT TIME ZONE 'Australia/Lord_Howe' FROM unnest(bucket_starts('[2024-04-06 14:00+00,2024-04-06 16:30+00)', 'hourly', 'Australia/Lord_Howe')) AS start;
SELECT start, start AT TIME ZONE 'Australia/Lord_Howe' FROM unnest(bucket_starts('[2024-10-05 15:00+00,2024-10-05 17:00+00)', 'hourly', 'Australia/Lord_Howe')) AS start;
-- the day that Samoa left out has no bucket; midnight that does not exist, and twice
SELECT start, start AT TIME ZONE 'Pacific/Apia' FROM unnest(bucket_starts('[2011-12-29 10:00+00,2012-01-01 10:00+00)', 'daily', 'Pacific/Apia')) AS start;
SELECT start, start AT TIME ZONE 'America/Sao_Paulo' FROM unnest(bucket_starts('[2018-11-03 12:00+00,2018-11-05 12:00+00)', 'daily', 'America/Sao_Paulo')) AS start;
SELECT start, start AT TIME ZONE 'America/Sao_Paulo' FROM unnest(bucket_starts('[2018-02-17 12:00+00,2018-02-19 12:00+00)', 'daily', 'America/Sao_Paulo')) AS start;
SELECT start, start AT TIME ZONE 'America/Havana' FROM unnest(bucket_starts('[2024-11-02 12:00+00,2024-11-04 12:00+00)', 'daily', 'America/Havana')) AS start;
-- weeks begin on Monday, months on the first; the first bucket holds the begin of the range
SELECT start, to_char(start, 'Dy') FROM unnest(bucket_starts('[2024-12-29 12:00+00,2025-01-06 00:00+00]', 'weekly', 'UTC')) AS start;
SELECT start FROM unnest(bucket_starts('[2024-01-31 12:00+00,2024-03-01 00:00+00)', 'monthly', 'UTC')) AS start;
-- bounds
SELECT bucket_starts('[2024-05-15,2024-05-16)', 'daily', 'UTC'), bucket_starts('[2024-05-15,2024-05-16]', 'daily', 'UTC'),
       bucket_starts('[2024-05-15 01:00,2024-05-15 01:00]', 'daily', 'UTC'), bucket_starts('empty', 'daily', 'UTC'),
       bucket_starts(NULL, 'daily', 'UTC') IS NULL, bucket_starts('empty', NULL, 'UTC') IS NULL;
-- the session's time zone has no say
SET TimeZone = 'America/New_York';
SELECT bucket_starts('[2024-03-30 12:00+00,2024-04-01 12:00+00)', 'daily', 'Europe/Berlin') = ARRAY['2024-03-29 23:00+00', '2024-03-30 23:00+00', '2024-03-31 22:00+00']::timestamptz[];
SET TimeZone = 'UTC';
-- errors and the limit
SELECT cardinality(bucket_starts(tstzrange('2000-01-01', '2000-01-01'::timestamptz + interval '100000 hours'), 'hourly', 'UTC'));
SELECT pg_temp.error_of($$SELECT profiles.bucket_starts(tstzrange('2000-01-01', '2000-01-01'::timestamptz + interval '100000 hours', '[]'), 'hourly', 'UTC')$$);
SELECT pg_temp.error_of($$SELECT profiles.bucket_starts('[0001-01-01,9999-01-01)', 'daily', 'UTC')$$);
SELECT pg_temp.error_of($$SELECT profiles.bucket_starts('[2024-01-01,2024-01-02)', 'day', 'UTC')$$);
SELECT pg_temp.error_of($$SELECT profiles.bucket_starts('[2024-01-01,)', 'daily', 'UTC')$$);
SELECT pg_temp.error_of($$SELECT profiles.bucket_starts('(,2024-01-01)', 'daily', 'UTC')$$);
SELECT pg_temp.error_of($$SELECT profiles.bucket_starts('[2024-01-01,infinity]', 'daily', 'UTC')$$);
SELECT pg_temp.error_of($$SELECT profiles.bucket_starts('[2024-01-01,2024-01-02)', 'daily', 'Europe/Atlantis')$$);

-- Every bucket of every day of 20 years begins with the day, and the hours divide it without a gap.
SELECT zone, count(*) AS days, count(*) FILTER (WHERE start <> expected) AS wrong
  FROM unnest(ARRAY['America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'America/Sao_Paulo']) AS zone,
       LATERAL unnest(bucket_starts('[2004-01-01 12:00+00,2023-12-31 12:00+00]', 'daily', zone)) WITH ORDINALITY AS b (start, n),
       LATERAL (SELECT min(m) AS expected
                  FROM generate_series(start - interval '3 hours', start + interval '3 hours', interval '30 minutes') AS m
                 WHERE (m AT TIME ZONE zone)::date = date '2004-01-01' + (n - 1)::integer) AS day
 GROUP BY zone ORDER BY zone;
SELECT zone, count(*) AS hours, min(length), max(length),
       count(*) FILTER (WHERE extract(minute FROM start AT TIME ZONE zone) <> 0) AS odd
  FROM unnest(ARRAY['America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'Australia/Lord_Howe']) AS zone,
       LATERAL (SELECT start, lead(start) OVER (ORDER BY n) - start AS length
                  FROM unnest(bucket_starts('[2024-01-01 00:00+00,2025-01-01 00:00+00)', 'hourly', zone)) WITH ORDINALITY AS b (start, n)) AS hour
 GROUP BY zone ORDER BY zone;

-- Workers may run them.
SET force_parallel_mode = on;
SELECT period_range('7days', 'UTC', '2024-05-15 18:30+00'), bucket_starts('[2024-05-15,2024-05-16)', 'daily', 'UTC');
