-- Data for segmentation: visits of :users users over 90 days, 4 events a visit, 20 properties a snapshot, the same
-- in every run. raw: a typed column each; shop: the app, hot; with :rows yes, rows: a jsonb row store with the same snapshots.
SET search_path = public, profiles;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;

CREATE FUNCTION pick(seed bigint, salt bigint, bound bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    'SELECT (hashint8extended(seed, salt) & 9223372036854775807) % bound';

CREATE UNLOGGED TABLE crowd AS
SELECT uid, 'device ' || uid AS device_id,
       (ARRAY['DE','US','TR','FR','JP','BR','IN','GB','IT','ES'])[1 + least(pick(uid, 1, 10), pick(uid, 2, 10))] AS country,
       'region ' || pick(uid, 3, 100) AS region, 'city ' || pick(uid, 4, 300) AS city,
       (ARRAY['Android','iOS','Web'])[1 + pick(uid, 5, 3)] AS platform, pick(uid, 6, 12) || '.0' AS platform_version,
       'model ' || pick(uid, 7, 80) AS device, (ARRAY['mobile','tablet','desktop'])[1 + pick(uid, 8, 3)] AS device_type,
       'maker ' || pick(uid, 9, 12) AS manufacturer, 1000 + 10 * pick(uid, 10, 15) || 'x800' AS resolution,
       'carrier ' || pick(uid, 11, 25) AS carrier, 'l' || pick(uid, 12, 15) AS language,
       'source ' || pick(uid, 13, 6) AS source, 'channel ' || pick(uid, 14, 4) AS source_channel,
       18 + pick(uid, 15, 60) AS age, pick(uid, 16, 10) = 0 AS vip, 'team ' || pick(uid, 17, 50) AS team,
       'campaign ' || pick(uid, 18, 8) AS campaign, pick(uid, 19, 90) AS change_day, pick(uid, 20, 50) AS first_level
  FROM generate_series(1, :users) AS uid;

-- All events of a visit share a snapshot.
CREATE UNLOGGED TABLE visits AS
SELECT *, jsonb_build_object(
           'country', country, 'region', region, 'city', city, 'platform', platform, 'platform_version', platform_version,
           'device', device, 'device_type', device_type, 'manufacturer', manufacturer, 'resolution', resolution,
           'carrier', carrier, 'language', language, 'app_version', app_version, 'source', source,
           'source_channel', source_channel, 'campaign', jsonb_build_object('name', campaign),
           'custom', jsonb_build_object('plan', plan, 'level', level, 'age', age, 'vip', vip, 'team', team)) AS snapshot
  FROM (SELECT visit, crowd.uid, device_id, start, country, region, city, platform, platform_version, crowd.device, device_type,
               manufacturer, resolution, carrier, language, '4.' || (day + change_day / 5) / 9 AS app_version, source, source_channel,
               CASE WHEN day < change_day THEN 'free' WHEN vip THEN 'team' ELSE 'pro' END AS plan, first_level + day / 4 AS level,
               age, vip, team, campaign
          FROM (SELECT visit, 1 + floor(:users * power(pick(visit, 21, 1000000) / 1e6, 1.5))::bigint AS uid,
                       timestamptz '2024-01-01 00:00:00+00' + floor(visit * 90.0 * 86400000 / (:events / 4)) * interval '1 ms' AS start,
                       (visit * 90 / (:events / 4))::integer AS day
                  FROM generate_series(0, :events / 4 - 1) AS visit OFFSET 0) AS visits
          JOIN crowd USING (uid)) AS made;

CREATE UNLOGGED TABLE raw AS
SELECT visit, uid, start + (pick(event, 30, 60000) + 60000 * number) * interval '1 ms' AS ts,
       (ARRAY['view','view','view','view','tap','tap','search','cart','buy','share'])[1 + pick(event, 31, 10)] AS key,
       1 AS count, CASE WHEN pick(event, 31, 10) = 8 THEN pick(event, 32, 20000) / 100.0 ELSE 0 END::numeric(12, 2) AS sum,
       CASE WHEN pick(event, 31, 10) < 4 THEN pick(event, 33, 300) ELSE 0 END AS dur, 'item ' || pick(event, 34, 200) AS item,
       country, region, city, platform, platform_version, device, device_type, manufacturer, resolution, carrier, language,
       app_version, source, source_channel, plan, level, age, vip, team, campaign
  FROM visits, LATERAL (SELECT number, visit * 4 + number AS event FROM generate_series(0, 3) AS number) AS four;

SELECT length(create_app('shop'));
INSERT INTO shop.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
SELECT uid, uid >> 16, device_id, first_ts, last_ts, snapshot::text::profile, events::text::event_list
  FROM visits JOIN (
       SELECT visit, min(ts) AS first_ts, max(ts) AS last_ts,
              jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                  'key', key, 'ts', (extract(epoch FROM ts) * 1000)::bigint, 'sum', nullif(sum, 0), 'dur', nullif(dur, 0),
                  'segmentation', jsonb_build_object('item', item))) ORDER BY ts) AS events
         FROM raw GROUP BY visit) AS lists USING (visit) ORDER BY visit;
ANALYZE shop.event_batches;
SELECT :'rows' <> 'yes' AS enough \gset
\if :enough
    \q
\endif
CREATE UNLOGGED TABLE rows AS
SELECT raw.uid, ts, key, count, sum, dur, jsonb_build_object('item', item) AS segmentation, snapshot AS profile
  FROM raw JOIN visits USING (visit) ORDER BY raw.uid, ts;
VACUUM ANALYZE rows;
