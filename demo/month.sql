-- A month of 10,000 people of a shop, as the requests that their SDKs would have sent.
--
-- Nothing is random: every choice is a hash of the person, the day and the number of the choice, so that
-- each run makes the same people do the same. Only the calendar moves: the month ends last midnight.
\echo
\echo == A month of 10,000 people
\set people 10000
\set batch 2000

SELECT profiles.create_app('shop') IS NOT NULL AS made \gset

-- A number from 0 up to 1 that depends on its arguments alone.
CREATE FUNCTION pg_temp.draw(id bigint, choice bigint) RETURNS float8 LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended(id, choice) & 9007199254740991) / 9007199254740992.0::float8;
CREATE FUNCTION pg_temp.pick(list text[], draw float8) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN list[1 + floor(draw * cardinality(list))::int];
CREATE FUNCTION pg_temp.ms(at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN (extract(epoch FROM at) * 1000)::bigint;

-- Who they are. `habit` is the chance of a visit on a day; `first_day` counts from 0.
CREATE TEMP TABLE person AS
SELECT u,
       CASE WHEN pg_temp.draw(u, 1) < 0.45 THEN 'Android' WHEN pg_temp.draw(u, 1) < 0.8 THEN 'iOS' ELSE 'Web' END AS platform,
       CASE WHEN pg_temp.draw(u, 2) < 0.01 THEN 0.95 WHEN pg_temp.draw(u, 2) < 0.1 THEN 0.5
            WHEN pg_temp.draw(u, 2) < 0.4 THEN 0.2 ELSE 0.05 END AS habit,
       CASE WHEN pg_temp.draw(u, 3) < 0.4 THEN floor(pg_temp.draw(u, 4) * 4)::int
            ELSE floor(pg_temp.draw(u, 4) * 30)::int END AS first_day,
       floor(pg_temp.draw(u, 5) * 13)::int AS upgrade_delay,
       pg_temp.draw(u, 6) < 0.35 AS registers,
       CASE WHEN pg_temp.draw(u, 7) < 0.25 THEN floor(pg_temp.draw(u, 8) * 30)::int END AS pro_day,
       CASE WHEN pg_temp.draw(u, 9) < 0.03 THEN 3 + floor(pg_temp.draw(u, 10) * 26)::int END AS merge_day,
       CASE WHEN pg_temp.draw(u, 11) < 0.02 THEN 'opted out' WHEN pg_temp.draw(u, 11) < 0.15 THEN 'ip' ELSE 'sdk' END AS location,
       pg_temp.pick('{"DE,Berlin,de","DE,Hamburg,de","DE,Munich,de","US,New York,en","US,Austin,en","US,Seattle,en",
                      "GB,London,en","GB,Leeds,en","FR,Paris,fr","FR,Lyon,fr","IN,Pune,en","IN,Mumbai,hi",
                      "BR,Recife,pt","ES,Madrid,es","PL,Kraków,pl","JP,Osaka,ja","TR,Izmir,tr","SE,Malmö,sv"}',
                    pg_temp.draw(u, 12) ^ 1.3) AS home,
       pg_temp.pick('{81.2.69.142,216.160.83.56,89.160.20.112,2.125.160.216,175.16.199.1}', pg_temp.draw(u, 13)) AS ip,
       pg_temp.pick(CASE WHEN u % 2 = 0 THEN '{Ada,Chloé,Emma,Greta,Inês,Kavya,Mia,Olga,Rosa,Tara}'
                         ELSE '{Ben,Deniz,Farid,Hiro,Jan,Liam,Noah,Paulo,Sven,Yuki}' END::text[], pg_temp.draw(u, 14)) AS first_name,
       pg_temp.pick('{Almeida,Bauer,Chen,Diaz,Eriksson,Fischer,García,Huber,Ito,Jones,Kowalska,Laurent,Meyer,Novak,Okafor,Patel,Rossi,Silva,Weber,Yılmaz}',
                    pg_temp.draw(u, 15)) AS last_name,
       pg_temp.pick('{ads,ads,search,search,search,friend,newsletter}', pg_temp.draw(u, 16)) AS came_by
  FROM generate_series(1, :people) AS u;

-- When they were there, and with what: one visit on most days, fans up to four. Version 3.1.0 came out on day 10, for iOS on day 13, and everybody
-- installs it some days later; the web site has one version for all. The last visit of a day begins before 23:00.
CREATE TEMP TABLE visit AS
SELECT u, day, visit_id, visit_number, start, heartbeats, 5 + floor(50 * pg_temp.draw(visit_id, 23))::int AS rest,
       CASE WHEN platform = 'Web' THEN CASE WHEN day < 10 THEN '3.0.4' ELSE '3.1.0' END
            WHEN day >= CASE platform WHEN 'iOS' THEN 13 ELSE 10 END + upgrade_delay THEN '3.1.0'
            WHEN pg_temp.draw(u, 17) < 0.15 THEN '2.9.8' ELSE '3.0.4' END AS app_version,
       CASE WHEN day < merge_day AND pg_temp.draw(visit_id, 18) < 0.4 THEN 'tablet-' || u ELSE 'device-' || u END AS device_id
  FROM person, generate_series(first_day, 29) AS day,
       LATERAL generate_series(0, CASE WHEN habit > 0.9 THEN 1 + floor(3 * pg_temp.draw(u * 100 + day, 24))::int ELSE 0 END) AS visit_number,
       LATERAL (SELECT u::bigint * 1000 + day * 10 + visit_number AS visit_id) AS id,
       LATERAL (SELECT date_trunc('day', now()) + make_interval(days => day - 30,
                           secs => 3600 * (6 + visit_number * 3 + 4 * (pg_temp.draw(visit_id, 19) + pg_temp.draw(visit_id, 20)))) AS start,
                       floor(7 * pg_temp.draw(visit_id, 21) ^ 2)::int AS heartbeats) AS plan
 WHERE day = first_day OR pg_temp.draw(u * 100 + day, 22) < habit;

-- The requests of one day, as the SDK writes them: documents are JSON inside a text.
CREATE FUNCTION pg_temp.requests(of_day int) RETURNS TABLE (at timestamptz, request jsonb) LANGUAGE sql AS $$
    SELECT step_at, jsonb_strip_nulls(jsonb_build_object(
               'device_id', visit.device_id, 't', CASE WHEN registers THEN '0' ELSE '1' END,
               'timestamp', pg_temp.ms(step_at)::text, 'hour', extract(hour FROM step_at)::text,
               'dow', extract(dow FROM step_at)::text, 'tz', '0', 'av', app_version,
               'sdk_name', CASE platform WHEN 'Web' THEN 'javascript_native_web' WHEN 'iOS' THEN 'objc-native-ios' ELSE 'java-native-android' END,
               'sdk_version', '24.11.0',
               'country_code', CASE WHEN step = 0 AND location = 'sdk' THEN split_part(home, ',', 1) END,
               'city', CASE WHEN step = 0 AND location = 'sdk' THEN split_part(home, ',', 2) END,
               'ip_address', CASE WHEN location = 'ip' THEN ip END,
               'location', CASE WHEN step = 0 AND location = 'opted out' THEN '' END))
           || CASE WHEN step = 0 THEN jsonb_build_object('begin_session', '1', 'metrics', jsonb_strip_nulls(jsonb_build_object(
                       '_os', platform, '_app_version', app_version, '_locale', split_part(home, ',', 3) || '_' || split_part(home, ',', 1),
                       '_os_version', pg_temp.pick(CASE platform WHEN 'iOS' THEN '{17.6,18.1,18.5}' WHEN 'Android' THEN '{13,14,15}' ELSE '{10,14.5}' END::text[], pg_temp.draw(u, 30)),
                       '_device', pg_temp.pick(CASE platform WHEN 'iOS' THEN '{"iPhone15,2","iPhone16,1","iPad14,3"}' WHEN 'Android' THEN '{Pixel 8,SM-S911B,SM-A546B}' END::text[], pg_temp.draw(u, 31)),
                       '_browser', CASE platform WHEN 'Web' THEN pg_temp.pick('{Chrome,Chrome,Safari,Firefox}', pg_temp.draw(u, 32)) END,
                       '_device_type', CASE platform WHEN 'Web' THEN 'desktop' WHEN 'Android' THEN 'mobile' END,
                       '_resolution', CASE platform WHEN 'Web' THEN '1920x1080' ELSE '1080x2400' END))::text)
                   WHEN step <= heartbeats THEN jsonb_build_object('session_duration', '60')
                   ELSE jsonb_build_object('end_session', '1', 'session_duration', rest::text) END
           || CASE WHEN did.events IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('events', did.events::text) END
           || CASE WHEN details.custom = '{}' AND details.standard = '{}' THEN '{}'
                   ELSE jsonb_build_object('user_details', (details.standard || jsonb_build_object('custom', details.custom))::text) END
      FROM visit JOIN person USING (u),
           LATERAL generate_series(0, heartbeats + 1) AS step,
           LATERAL (SELECT start + make_interval(mins => least(step, heartbeats), secs => CASE WHEN step > heartbeats THEN rest ELSE 0 END) AS step_at,
                           CASE WHEN step > heartbeats THEN rest ELSE 60 END AS seconds) AS clock,
           -- What happened since the step before: up to three things, one after the other.
           LATERAL (SELECT jsonb_agg(jsonb_build_object('key', key, 'count', CASE WHEN key IN ('add_to_cart', 'buy') THEN pieces ELSE 1 END,
                                                        'timestamp', pg_temp.ms(step_at) - 1000 * seconds + 250 * seconds * n)
                                     || CASE key WHEN 'view' THEN jsonb_build_object('dur', 2 + seconds / 5,
                                                                  'segmentation', jsonb_build_object('category', act.category, 'price', price))
                                                 WHEN 'search' THEN jsonb_build_object('segmentation',
                                                                  jsonb_build_object('term', act.term, 'results', length(act.term) * 7))
                                                 ELSE jsonb_build_object('sum', price * pieces, 'segmentation', jsonb_build_object('category', act.category)) END
                                     ORDER BY n) AS events,
                           count(*) FILTER (WHERE key = 'buy') AS bought, sum(price * pieces) FILTER (WHERE key = 'buy') AS spent,
                           max(act.category) FILTER (WHERE key = 'buy') AS category, max(act.term) FILTER (WHERE key = 'search') AS term
                      FROM (SELECT n, pg_temp.pick('{view,view,view,view,view,search,search,add_to_cart,add_to_cart,buy}', pg_temp.draw(visit_id, 100 + step * 10 + n)) AS key,
                                   pg_temp.pick('{shoes,shoes,shoes,bags,bags,hats,coats}', pg_temp.draw(visit_id, 200 + step * 10 + n)) AS category,
                                   pg_temp.pick('{red,blue,leather,winter,sale,kids}', pg_temp.draw(visit_id, 300 + step * 10 + n)) AS term,
                                   9.90 + 5 * floor(pg_temp.draw(visit_id, 400 + step * 10 + n) ^ 2 * 30)::numeric AS price,
                                   1 + floor(pg_temp.draw(visit_id, 500 + step * 10 + n) ^ 4 * 3)::int AS pieces
                              FROM generate_series(1, CASE WHEN step > 0 THEN floor(pg_temp.draw(visit_id, 600 + step) * 4)::int ELSE 0 END) AS n
                            OFFSET 0) AS act) AS did,
           LATERAL (SELECT CASE WHEN step = 0 AND registers AND day = first_day AND visit_number = 0
                                THEN jsonb_build_object('name', first_name || ' ' || last_name, 'gender', CASE WHEN u % 2 = 0 THEN 'F' ELSE 'M' END,
                                                        'email', 'user' || u || '@example.com', 'byear', 1955 + floor(50 * pg_temp.draw(u, 33))::int)
                                ELSE '{}' END AS standard,
                           CASE WHEN step = 0 THEN jsonb_build_object('visits', '{"$inc": 1}'::jsonb, 'came_by', jsonb_build_object('$setOnce', came_by))
                                                   || CASE WHEN day = first_day AND coalesce(pro_day > day, true) THEN '{"plan": "free"}'::jsonb
                                                           WHEN pro_day <= day THEN '{"plan": "pro"}' ELSE '{}'::jsonb END
                                ELSE '{}' END
                           || CASE WHEN did.bought > 0 THEN jsonb_build_object(
                                       'orders', jsonb_build_object('$inc', did.bought), 'spent', jsonb_build_object('$inc', did.spent),
                                       'best_order', jsonb_build_object('$max', did.spent), 'bought', jsonb_build_object('$addToSet', did.category))
                                   ELSE '{}' END
                           || CASE WHEN did.term IS NOT NULL THEN jsonb_build_object('searches', jsonb_build_object('$push',
                                       jsonb_build_object('$each', jsonb_build_array(did.term), '$slice', -10))) ELSE '{}' END AS custom) AS details
     WHERE day = of_day
    UNION ALL
    -- The tablet's user turns out to be somebody known: the SDK sends the old id with the new one.
    SELECT date_trunc('day', now()) + make_interval(days => of_day - 30, hours => 5),
           jsonb_build_object('device_id', 'device-' || u, 'old_device_id', 'tablet-' || u, 't', '0',
                              'timestamp', pg_temp.ms(date_trunc('day', now()) + make_interval(days => of_day - 30, hours => 5))::text)
      FROM person
     WHERE merge_day = of_day AND EXISTS (SELECT FROM visit WHERE visit.u = person.u AND visit.device_id LIKE 'tablet-%')
$$;

CREATE TEMP TABLE queue (number int GENERATED ALWAYS AS IDENTITY, request jsonb);
CREATE TEMP TABLE progress (requests bigint, events bigint, ingesting interval);
INSERT INTO progress VALUES (0, 0, '0');
SELECT set_config('demo.batch', :'batch', false) \gset
DO $$
DECLARE
    batch constant int := current_setting('demo.batch');
    day int; first int; last int; started timestamptz; total record; not_ok bigint; sample text;
BEGIN
    FOR day IN 0 .. 29 LOOP
        TRUNCATE queue RESTART IDENTITY;
        INSERT INTO queue (request) SELECT request FROM pg_temp.requests(day) ORDER BY at, request ->> 'device_id';
        SELECT count(*) INTO last FROM queue;
        COMMIT;
        started := clock_timestamp();
        FOR first IN 1 .. last BY batch LOOP
            SELECT count(*), min(answer::text) INTO not_ok, sample
              FROM (SELECT profiles.ingest('shop', request) AS answer
                      FROM (SELECT request FROM queue WHERE number >= first AND number < first + batch ORDER BY number) AS in_order) AS answers
             WHERE (answer).status <> 'ok' OR (answer).skipped <> '[]';
            IF not_ok > 0 THEN
                RAISE EXCEPTION '% requests of day % were not taken as they are: %', not_ok, day, sample;
            END IF;
            COMMIT;
        END LOOP;
        UPDATE progress SET requests = requests + last, ingesting = ingesting + (clock_timestamp() - started) RETURNING * INTO total;
        COMMIT;
        IF day % 3 = 2 THEN
            RAISE NOTICE 'day % of 30   % requests   % a second', lpad((day + 1)::text, 2), lpad(total.requests::text, 7),
                round(total.requests / extract(epoch FROM total.ingesting));
        END IF;
    END LOOP;
END
$$;
VACUUM ANALYZE shop.users, shop.devices, shop.event_batches;
SELECT 'In all ' || (SELECT requests FROM progress) || ' requests of ' || (SELECT count(*) FROM shop.devices)
       || ' devices, ' || (SELECT count(*) FROM shop.users) || ' users, ' || (SELECT count(*) FROM shop.events) || ' events, '
       || (SELECT sum(merges) FROM shop.users) || ' merges' \pset tuples_only on \pset format unaligned \g
\pset tuples_only off
\pset format aligned
