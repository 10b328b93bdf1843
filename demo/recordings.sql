-- Replays what countly-sdk-nodejs and countly-sdk-web sent to a server. The apps get the requests as
-- from a gateway: by the app_key that is in each of them.
CREATE EXTENSION profiles;
SELECT :'places' <> '' AS has_places \gset
\if :has_places
SELECT profiles.load_places() AS places \gset
\endif

CREATE TEMP TABLE recorded (number int GENERATED ALWAYS AS IDENTITY, line text);
\copy recorded (line) FROM 'test/clients/recordings/nodejs.jsonl' (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')
\copy recorded (line) FROM 'test/clients/recordings/web.jsonl' (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')

-- The keys of the recordings stand for the keys that create_app gave.
CREATE TEMP TABLE apps AS
    SELECT name, profiles.create_app(name) AS key
      FROM unnest(ARRAY['recorded_nodejs', 'recorded_web']) AS name;

-- A bulk request carries several. Everything else that is not for /i asks for something.
CREATE TEMP TABLE requests AS
    SELECT number, position, request
      FROM (SELECT number, line::jsonb AS recorded FROM recorded) AS lines,
           LATERAL (SELECT 1 AS position, recorded -> 'params' AS request WHERE recorded ->> 'path' = '/i'
                    UNION ALL
                    SELECT bulk.position, bulk.request
                      FROM jsonb_array_elements((recorded -> 'params' ->> 'requests')::jsonb)
                           WITH ORDINALITY AS bulk (request, position)
                     WHERE recorded ->> 'path' = '/i/bulk') AS each;

-- They were sent on one day; here that day is today.
CREATE FUNCTION pg_temp.later(at jsonb, ms bigint) RETURNS jsonb LANGUAGE sql AS $$
    SELECT to_jsonb(CASE WHEN at #>> '{}' ~ '^\d{13}$' THEN (at #>> '{}')::bigint + ms
                         WHEN at #>> '{}' ~ '^\d{10}$' THEN (at #>> '{}')::bigint + ms / 1000
                    END)
$$;
CREATE FUNCTION pg_temp.later_events(events text, ms bigint) RETURNS text LANGUAGE sql AS $$
    SELECT jsonb_agg(CASE WHEN event ? 'timestamp'
                          THEN jsonb_set(event, '{timestamp}', coalesce(pg_temp.later(event -> 'timestamp', ms), event -> 'timestamp'))
                          ELSE event END ORDER BY position)::text
      FROM jsonb_array_elements(events::jsonb) WITH ORDINALITY AS e (event, position)
$$;
SELECT (extract(epoch FROM now()) * 1000)::bigint - max((request ->> 'timestamp')::bigint) AS ms
  FROM requests WHERE request ->> 'timestamp' ~ '^\d{13}$' \gset

UPDATE requests
   SET request = request || jsonb_strip_nulls(jsonb_build_object(
           'app_key', apps.key,
           'timestamp', pg_temp.later(request -> 'timestamp', :ms),
           -- Some of the recorded texts are no JSON, on purpose.
           'events', CASE WHEN request ->> 'events' ~ '^\[\{.*\}\]$'
                          THEN pg_temp.later_events(request ->> 'events', :ms) END))
  FROM apps
 WHERE apps.name = CASE WHEN request ->> 'app_key' LIKE '%nodejs' THEN 'recorded_nodejs' ELSE 'recorded_web' END;

\echo
\echo == Replaying what the real SDKs sent
CREATE TEMP TABLE answers AS
    SELECT number, position, answer.*
      FROM (SELECT * FROM requests ORDER BY number, position) AS in_order,
           LATERAL profiles.ingest(request) AS answer;   -- (ingest(...)).* would call it once a column
\pset footer off
SELECT request.app, count(*) AS requests, count(*) FILTER (WHERE status = 'ok') AS ok,
       count(*) FILTER (WHERE status = 'duplicate') AS duplicate,
       count(*) FILTER (WHERE status = 'ignored') AS ignored,
       count(*) FILTER (WHERE skipped <> '[]') AS "with a part skipped"
  FROM answers,
       LATERAL (SELECT apps.name AS app FROM requests JOIN apps ON apps.key = requests.request ->> 'app_key'
                 WHERE requests.number = answers.number AND requests.position = answers.position) AS request
 GROUP BY 1 ORDER BY 1;
\echo Parameters that this version does not know:
SELECT skip ->> 'key' AS parameter, count(*) AS times
  FROM answers, jsonb_array_elements(skipped) AS skip
 WHERE skip ->> 'reason' = 'unknown parameter'
 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5;
