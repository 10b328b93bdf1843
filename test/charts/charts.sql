-- A week of a shop, the same on every run, and the charts that test/charts/draw.js draws of it.
SET client_min_messages = warning;
SET search_path = public, profiles;
SELECT length(create_app('shop', 'Europe/Berlin')) AS made \gset
INSERT INTO shop.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
SELECT uid, 0, 'd' || uid, ts, ts,
       jsonb_build_object('platform', (ARRAY['Android', 'iOS', 'Web', 'Android'])[1 + uid % 4],
                          'country', (ARRAY['DE', 'FR', 'US', 'JP', 'DE', 'US', 'DE'])[1 + uid % 7])::profile,
       jsonb_build_array(jsonb_build_object('key', (ARRAY['buy', 'view', 'view'])[1 + (uid + day) % 3], 'ts', extract(epoch FROM ts) * 1000,
                                            'sum', (uid % 9) + 0.5, 'dur', uid % 50))::text::event_list
  FROM generate_series(1, 600) AS uid, generate_series(0, 6) AS day,
       LATERAL (SELECT '2026-03-25 09:00+01'::timestamptz + make_interval(days => day, mins => (uid * 37 % 660)::integer) AS ts) AS t
 WHERE uid * 7919 % 11 < 3 + day % 4;

CREATE FUNCTION pg_temp.chart(name text, marks text, spec jsonb) RETURNS jsonb LANGUAGE sql
    RETURN jsonb_build_object('name', name, 'marks', marks, 'spec', spec);
\set week '["25-03-2026","31-03-2026"]'
SELECT pg_temp.chart('line', 'point', segmentation_chart('shop', 'buy', breakdown => '{platform}', bucket => 'daily', period => :'week'));
SELECT pg_temp.chart('line-plain', 'point', segmentation_chart('shop', NULL, bucket => 'hourly', period => '["25-03-2026","25-03-2026"]', metric => 'times'));
SELECT pg_temp.chart('bar', 'bar', segmentation_chart('shop', 'buy', breakdown => '{country}', period => :'week', kind => 'bar', metric => 'sum'));
SELECT pg_temp.chart('bar-time', 'bar', segmentation_chart('shop', 'view', bucket => 'daily', period => :'week', kind => 'bar', metric => 'dur'));
SELECT pg_temp.chart('bar-grouped', 'bar', segmentation_chart('shop', 'view', breakdown => '{platform}', bucket => 'weekly', period => :'week', kind => 'bar'));
SELECT pg_temp.chart('stacked-bar', 'bar', segmentation_chart('shop', 'buy', breakdown => '{country}', bucket => 'daily', period => :'week', kind => 'stacked bar', metric => 'times'));
SELECT pg_temp.chart('stacked-segments', 'bar', segmentation_chart('shop', NULL, breakdown => '{country,platform,event.key}', period => :'week', kind => 'stacked bar', metric => 'times'));
SELECT pg_temp.chart('pie', 'arc', segmentation_chart('shop', 'view', breakdown => '{country}', period => :'week', kind => 'pie'));
SELECT pg_temp.chart('pie-empty-names', 'arc', segmentation_chart('shop', 'buy', breakdown => '{custom.plan,country}', period => :'week', kind => 'pie', metric => 'times'));
