-- Segmentation in the form of Countly's endpoint. Figures are told from the events:
--   30 March 2026, Berlin: u1 buys a book (sum 5) at 12:00 and a pen (1.5, 2 s) at 13:00; u2 buys 3 books (2)
--   31 March:              u3 buys something of no name (0)
\pset format unaligned
\pset tuples_only
\set SHOW_CONTEXT never
SET search_path = public, profiles;
SELECT length(create_app('shop', 'Europe/Berlin'));
CREATE FUNCTION pg_temp.batch(uid bigint, snapshot jsonb, VARIADIC events text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO shop.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
    SELECT uid, 0, 'd' || uid, min(ts), max(ts), snapshot::profile,
           jsonb_agg(jsonb_build_object('ts', (extract(epoch FROM ts) * 1000)::bigint) || event ORDER BY ts)::text::event_list
      FROM (SELECT split_part(e, ' => ', 1)::timestamptz AS ts, split_part(e, ' => ', 2)::jsonb AS event FROM unnest(events) AS e) AS parsed
$$;
SELECT pg_temp.batch(1, '{"platform":"iOS"}', '2026-03-30 10:00+00 => {"key":"buy","sum":5,"segmentation":{"item":"book"}}',
                                              '2026-03-30 11:00+00 => {"key":"buy","sum":1.5,"dur":2,"segmentation":{"item":"pen"}}');
SELECT pg_temp.batch(2, '{"platform":"Android"}', '2026-03-30 21:59+00 => {"key":"buy","count":3,"sum":2,"segmentation":{"item":"book"}}');
SELECT pg_temp.batch(3, '{"platform":"Android"}', '2026-03-30 22:00+00 => {"key":"buy"}');
-- The last time of the answer and how long it took differ.
CREATE FUNCTION pg_temp.ask(request jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT jsonb_pretty(answer - '{lu,query_time}'::text[] || jsonb_build_object('lu', answer ->> 'lu' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$', 'query_time', jsonb_typeof(answer -> 'query_time')))
      FROM (SELECT profiles.segmentation_request('shop', request) AS answer) AS asked
$$;
\set base '{"event":"buy","queryObject":{},"period":["30-03-2026","31-03-2026"],"bucket":"daily"}'
SELECT pg_temp.ask(:'base');
-- As it stands in a query string: everything is text
SELECT segmentation_request('shop', '{"method":"segmentation","app_id":"x","api_key":"y","event":"buy","queryObject":"{\"up.p\":{\"$in\":[\"Android\"]}}","period":"[1774828800000,1774915200000]","bucket":"[\"daily\",\"hourly\",\"weekly\",\"monthly\"]"}') -> 'data';
-- One and more keys
SELECT pg_temp.ask(:'base'::jsonb || '{"projectionKey":"up.p"}');
SELECT answer -> 'segments' -> 'Android | ' , answer -> 'order', answer -> 'data' FROM segmentation_request('shop', :'base'::jsonb || '{"projectionKey":"[\"up.p\",\"sg.item\"]"}') AS answer;
SELECT answer -> 'order', answer -> 'page_data', answer -> 'data' FROM segmentation_request('shop', :'base'::jsonb || '{"projectionKey":["sg.item"],"limit":1}') AS answer;
SELECT pg_temp.batch(1, '{}', '2026-03-30 10:00+00 => {"key":"vote","count":5,"segmentation":{"for":"x"}}');
SELECT pg_temp.batch(uid, '{}', '2026-03-30 10:00+00 => {"key":"vote","segmentation":{"for":"y"}}') FROM generate_series(2, 3) AS uid;
SELECT by, segmentation_request('shop', :'base'::jsonb || '{"event":"vote","projectionKey":"sg.for"}' || jsonb_build_object('sortGraphBy', by)) -> 'order' FROM unnest('{t,u,NULL}'::text[]) AS by;
-- Tables: sorted, in pages, without buckets
SELECT sort, segmentation_request('shop', :'base'::jsonb || '{"projectionKey":"sg.item","list":true}' || jsonb_build_object('sort', sort::text)) -> 'order'
  FROM unnest(ARRAY['{"t":-1}', '{"t":1}', '{"u":-1}', '{"s":-1}', '{"dur":-1}', '{"s0":1}', '{"s0":-1}', '{}']) AS sort;
SELECT n, answer -> 'order', answer -> 'page_data', answer -> 'data' FROM generate_series(0, 4) AS n,
       segmentation_request('shop', :'base'::jsonb || '{"projectionKey":"sg.item","list":"true","limit":"2"}' || jsonb_build_object('skip', n)) AS answer;
SELECT segmentation_request('shop', :'base'::jsonb || '{"projectionKey":"sg.item","list":"false"}') -> 'data' ? 'daily';
-- Two segments with one label keep apart.
SELECT pg_temp.batch(4, '{"platform":"a | b"}', '2026-04-02 10:00+00 => {"key":"odd","segmentation":{"item":"c"}}', '2026-04-02 10:00+00 => {"key":"odd","segmentation":{"item":"c"}}');
SELECT pg_temp.batch(4, '{"platform":"a"}', '2026-04-02 10:00+00 => {"key":"odd","segmentation":{"item":"b | c"}}');
SELECT answer -> 'order', answer -> 'data' FROM segmentation_request('shop', '{"event":"odd","queryObject":{},"period":"all","bucket":"daily","projectionKey":["up.p","sg.item"]}') AS answer;
-- The hour that Berlin's clock showed twice on 25 October 2026; week 53 of 2026 has three days of 2027.
SELECT pg_temp.batch(5, '{}', '2026-10-25 00:30+00 => {"key":"late"}', '2026-10-25 01:30+00 => {"key":"late","count":2}', '2027-01-02 12:00+00 => {"key":"late","count":4}');
SELECT bucket, segmentation_request('shop', '{"event":"late","queryObject":{},"period":"all"}' || jsonb_build_object('bucket', bucket)) -> 'data' FROM unnest('{hourly,weekly,monthly}'::text[]) AS bucket;
-- Nothing found, any event, the properties of now
SELECT segmentation_request('shop', :'base'::jsonb || '{"event":"none","projectionKey":"up.p"}') - '{lu,query_time}'::text[];
SELECT segmentation_request('shop', :'base'::jsonb || '{"event":null}') -> 'totals', segmentation_request('shop', :'base'::jsonb || '{"properties":"latest","projectionKey":"up.p"}') -> 'order';
-- Errors, in Countly's words
SELECT segmentation_request('shop', :'base'::jsonb - 'event');
SELECT segmentation_request('shop', :'base'::jsonb - 'queryObject');
SELECT segmentation_request('shop', :'base'::jsonb - 'period');
SELECT segmentation_request('shop', :'base'::jsonb - 'bucket');
SELECT segmentation_request('shop', :'base'::jsonb || '{"event":5}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"queryObject":"{"}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"queryObject":[]}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"queryObject":"nothing"}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"period":7}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"period":"ever"}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"period":[2,1]}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"bucket":"yearly"}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"bucket":[]}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"bucket":[1]}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"projectionKey":{"up.p":1}}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"projectionKey":["up.p","up.cc","up.av","sg.x"]}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"projectionKey":"up.p","limit":-1}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"projectionKey":"up.p","list":true,"skip":"x"}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"projectionKey":"up.p","list":true,"sort":{"x":1}}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"projectionKey":"up.p","list":true,"sort":{"u":2}}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"projectionKey":"up.p","list":true,"sort":{"u":1,"t":1}}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"sortGraphBy":"s"}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"colour":"red"}');
SELECT segmentation_request('shop', :'base'::jsonb || '{"queryObject":{"up.p":{"$where":1}}}');
SELECT segmentation_request('shop', '[]');
SELECT segmentation_request('shop', NULL);
SELECT segmentation_request('shopp', :'base');
-- A saved query is a request.
SELECT save_query('shop', 'Books', 'buy', '{"sg.item":"book"}', '{up.p}', period => '["30-03-2026","31-03-2026"]') AS id \gset
SELECT answer -> 'totals', answer -> 'order' FROM segmentation_request('shop', load_query('shop', :id)) AS answer;
