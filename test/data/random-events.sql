-- What tests of events share: requests with events, properties, sessions and merges of some forty devices, the same
-- every time.

-- Numbers that look random.
CREATE FUNCTION pg_temp.pick(seed text, bound int) RETURNS int LANGUAGE sql AS
    $$SELECT (('x' || left(md5(seed), 7))::bit(28)::int) % bound$$;
CREATE FUNCTION pg_temp.event(seed text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'key', (ARRAY['buy','view','[CLY]_view'])[1 + pg_temp.pick(seed || 'k', 3)],
        'timestamp', 1700000000 + pg_temp.pick(seed || 't', 3000000),
        'count', nullif(pg_temp.pick(seed || 'c', 4), 0),
        'sum', CASE pg_temp.pick(seed || 's', 5) WHEN 0 THEN NULL WHEN 1 THEN 0.001 * pg_temp.pick(seed, 10000)
                    WHEN 2 THEN '123456789012345678901234567890.5'::numeric ELSE pg_temp.pick(seed, 500) END,
        'dur', CASE pg_temp.pick(seed || 'd', 3) WHEN 0 THEN pg_temp.pick(seed, 100) / 4.0 END,
        'segmentation', (ARRAY['{"item":"pen","n":1}', '{"item":7}', '{"item":["a","b","a"],"deep":{"x":{"y":2}}}', '{"item":true,"n":2.5}', NULL, '{"item":"book"}'])
                        [1 + pg_temp.pick(seed || 'g', 6)]::jsonb))
$$;
CREATE FUNCTION pg_temp.request(round int, n int) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'device_id', 'd' || pg_temp.pick(seed || 'u', 40), 'timestamp', 1700000000 + 300000 * round + n,
        'country_code', (ARRAY['DE','FR',NULL,'TR'])[1 + pg_temp.pick(seed || 'l', 4)],
        'begin_session', CASE pg_temp.pick(seed || 'b', 5) WHEN 0 THEN 1 END,
        'old_device_id', CASE pg_temp.pick(seed || 'o', 25) WHEN 0 THEN 'd' || pg_temp.pick(seed || 'w', 40) END,
        'events', CASE pg_temp.pick(seed || 'n', 4) WHEN 0 THEN NULL ELSE
            (SELECT jsonb_agg(pg_temp.event(seed || e)) FROM generate_series(0, pg_temp.pick(seed || 'n', 4)) AS e) END,
        'user_details', jsonb_build_object('custom', CASE pg_temp.pick(seed || 'p', 3)
            WHEN 0 THEN jsonb_build_object('plan', (ARRAY['free','pro','team'])[1 + pg_temp.pick(seed, 3)])
            WHEN 1 THEN jsonb_build_object('level', pg_temp.pick(seed, 9), 'tags', jsonb_build_object('$push', pg_temp.pick(seed, 3)))
            ELSE jsonb_build_object('address', jsonb_build_object('zip', pg_temp.pick(seed, 4))) END)))
      FROM (SELECT round || ' ' || n || ' ' AS seed) AS s
$$;
