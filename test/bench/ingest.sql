-- An app with :users users in an open session, of about 600 bytes each.
SELECT profiles.create_app('shop') \g /dev/null
SELECT count(*) AS made FROM generate_series(0, :users - 1, 1000) AS base, LATERAL profiles.ingest_bulk('shop', (
    SELECT jsonb_agg(jsonb_build_object('device_id', 'device-' || base + n, 'timestamp', 1700000000 + n, 'begin_session', 1,
        'country_code', 'DE', 'city', 'Berlin', 'metrics', jsonb_build_object('_os', 'Android', '_os_version', '13', '_device', 'Pixel 7',
            '_app_version', '1.2.3', '_resolution', '1080x2400', '_carrier', 'Vodafone', '_locale', 'de_DE', '_density', 'XHDPI', '_manufacturer', 'Google'),
        'user_details', jsonb_build_object('name', 'User ' || n, 'email', 'user' || n || '@example.com', 'custom', jsonb_build_object(
            'plan', 'pro', 'visits', 1, 'best', 10, 'tags', jsonb_build_array('a', 'b'), 'level', 3, 'first', 'x'))))
      FROM generate_series(1, 1000) AS n)) AS answer
\gset
VACUUM ANALYZE;
SELECT format('%s users, a row of %s bytes, a profile of %s', :made, avg(pg_column_size(u))::integer, avg(pg_column_size(profile))::integer) FROM shop.users AS u;
