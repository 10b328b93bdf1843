-- Charts: the specifications of each kind and the data in them; test/charts draws them.
\pset format unaligned
\pset tuples_only
\set SHOW_CONTEXT never
SET search_path = public, profiles;
SELECT length(create_app('shop', 'Europe/Berlin'));
CREATE FUNCTION pg_temp.batch(uid bigint, snapshot jsonb, VARIADIC events text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO shop.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
    SELECT uid, 0, 'd' || uid, min(ts), max(ts), snapshot::profile,
           jsonb_agg(jsonb_build_object('ts', (extract(epoch FROM ts) * 1000)::bigint) || event ORDER BY ts)::text::event_list
      FROM (SELECT split_part(e, ' | ', 1)::timestamptz AS ts, split_part(e, ' | ', 2)::jsonb AS event FROM unnest(events) AS e) AS parsed
$$;
SELECT pg_temp.batch(1, '{"platform":"iOS"}', '2026-03-28 10:00+00 | {"key":"buy","sum":5,"segmentation":{"item":"book"}}',
                                              '2026-03-30 11:00+00 | {"key":"buy","sum":1.5,"dur":2,"segmentation":{"item":"pen"}}');
SELECT pg_temp.batch(2, '{"platform":"Android"}', '2026-03-30 21:59+00 | {"key":"buy","count":3,"sum":2,"segmentation":{"item":"book"}}');
SELECT pg_temp.batch(3, '{}', '2026-03-30 22:00+00 | {"key":"view"}');
CREATE FUNCTION pg_temp.show(spec jsonb) RETURNS SETOF jsonb LANGUAGE sql AS $$
    SELECT spec - '{data,config,width,height,$schema}'::text[] UNION ALL (SELECT jsonb_array_elements(spec #> '{data,values}'))
$$;
CREATE FUNCTION pg_temp.rows(spec jsonb) RETURNS SETOF jsonb LANGUAGE sql AS $$ SELECT jsonb_array_elements(spec #> '{data,values}') $$;
\set days '["28-03-2026","30-03-2026"]'

SELECT jsonb_pretty(segmentation_chart('shop', 'buy', breakdown => '{platform}', bucket => 'daily', period => :'days'));
SELECT pg_temp.show(segmentation_chart('shop', 'buy', bucket => 'daily', period => :'days', metric => 'times'));
SELECT pg_temp.show(segmentation_chart('shop', 'buy', breakdown => '{event.item}', period => :'days', kind => 'bar', metric => 'sum'));
SELECT pg_temp.show(segmentation_chart('shop', NULL, bucket => 'monthly', period => 'all', kind => 'bar', metric => 'dur'));
SELECT pg_temp.show(segmentation_chart('shop', 'buy', breakdown => '{platform}', bucket => 'weekly', period => :'days', kind => 'bar'));
SELECT pg_temp.show(segmentation_chart('shop', 'buy', breakdown => '{platform}', bucket => 'daily', period => :'days', kind => 'stacked bar'));
SELECT pg_temp.show(segmentation_chart('shop', 'buy', breakdown => '{platform,event.item}', period => :'days', kind => 'stacked bar', metric => 'times'));
SELECT pg_temp.show(segmentation_chart('shop', NULL, breakdown => '{platform}', period => 'all', kind => 'pie'));
-- The segment with the most times, and all others as one, which comes last whatever it has.
SELECT pg_temp.rows(segmentation_chart('shop', 'buy', breakdown => '{event.item}', period => :'days', kind => 'bar', "limit" => 1));
SELECT pg_temp.rows(segmentation_chart('shop', 'buy', breakdown => '{event.item}', bucket => 'weekly', period => :'days', metric => 'sum', "limit" => 1));
SELECT pg_temp.rows(segmentation_chart('shop', NULL, breakdown => '{platform,event.item}', period => 'all', kind => 'stacked bar', metric => 'times', "limit" => 2));
SELECT pg_temp.rows(segmentation_chart('shop', NULL, breakdown => '{platform}', period => 'all', kind => 'pie', "limit" => 3));
-- Any range, also an open one; an hour that the clock springs over has no place.
SELECT chart -> 'title', pg_temp.rows(chart) FROM segmentation_chart('shop', 'buy', '{"platform":"iOS"}', '{}', 'daily', tstzrange('2026-03-29', NULL), metric => 'sum') AS chart;
SELECT string_agg(value ->> 'time', ' ') FROM pg_temp.rows(segmentation_chart('shop', 'buy', bucket => 'hourly', period => '["28-03-2026","29-03-2026"]')) AS value;
-- Nothing found is an empty chart; two calls give the same.
SELECT segmentation_chart('shop', 'none', bucket => 'daily', period => :'days') #> '{data,values}';
SELECT segmentation_chart('shop', 'buy', bucket => 'daily', period => :'days')::text = segmentation_chart('shop', 'buy', bucket => 'daily', period => :'days')::text;
-- Errors
SELECT segmentation_chart('shop', 'buy', bucket => 'daily', kind => 'heat map');
SELECT segmentation_chart('shop', 'buy', bucket => 'daily', kind => NULL);
SELECT segmentation_chart('shop', 'buy', bucket => 'daily', metric => 'love');
SELECT segmentation_chart('shop', 'buy');
SELECT segmentation_chart('shop', 'buy', kind => 'bar');
SELECT segmentation_chart('shop', 'buy', bucket => 'daily', kind => 'stacked bar');
SELECT segmentation_chart('shop', 'buy', breakdown => '{platform}', kind => 'stacked bar');
SELECT segmentation_chart('shop', 'buy', kind => 'pie');
SELECT segmentation_chart('shop', 'buy', breakdown => '{platform}', bucket => 'daily', kind => 'pie');
SELECT segmentation_chart('shop', 'buy', bucket => 'yearly');
SELECT segmentation_chart('shop', 'buy', bucket => 'daily', period => 'ever');
SELECT segmentation_chart('shop', 'buy', '{"$where":1}', bucket => 'daily');
SELECT segmentation_chart('shop', 'buy', bucket => 'hourly', period => '1000days');
SELECT segmentation_chart('shop', 'buy', bucket => 'hourly', period => '["01-01-2025","30-03-2026"]');
SELECT segmentation_chart('shopp', 'buy', bucket => 'daily');
SELECT segmentation_chart('shop', 'buy', breakdown => '{platform}', bucket => 'daily', "limit" => 0);
