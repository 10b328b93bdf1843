-- What tests of ingestion with random requests share: the requests, and all that an app has of them.

-- Request number n of some of so many devices, later than the ones before but for a tenth of them.
CREATE FUNCTION pg_temp.random_request(n integer, devices integer, merges float8 DEFAULT 0.06) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    request jsonb := jsonb_build_object('device_id', 'd' || (random() * devices)::integer,
                                        'timestamp', 1700000000000 + n * 1000::bigint - CASE WHEN random() < 0.1 THEN (random() * 100000)::integer ELSE 0 END);
    pick float8 := random();
BEGIN
    IF random() < 0.03 THEN
        RETURN (ARRAY['{"timestamp": 1}', '5', '{"device_id": "CLYTemporaryDeviceID"}', '"x"', '{"device_id": ""}']::jsonb[])[1 + (random() * 4)::integer];
    END IF;
    IF random() < merges THEN
        request := request || jsonb_build_object('old_device_id', 'd' || (random() * devices)::integer);
    END IF;
    IF random() < 0.2 THEN
        request := request || '{"begin_session": 1, "metrics": {"_os": "Android", "_app_version": "1.2"}}';
    ELSIF random() < 0.4 THEN
        request := request || jsonb_build_object('session_duration', (random() * 60)::integer - 2);
    ELSIF random() < 0.2 THEN
        request := request || jsonb_build_object('end_session', 1, 'ignore_cooldown', (random() < 0.3)::integer);
    END IF;
    IF random() < 0.5 THEN
        request := request || jsonb_build_object('events', (SELECT jsonb_agg(jsonb_build_object('key', (ARRAY['a', 'b', 'paid', '[CLY]_view', ''])[1 + (random() * 4)::integer],
                'sum', (random() * 100)::numeric(6, 2), 'segmentation', '{"name": "v", "visit": 1}'::jsonb)) FROM generate_series(0, (random() * 3)::integer)));
    END IF;
    IF random() < 0.5 THEN
        request := request || jsonb_build_object('user_details', jsonb_build_object('name', (ARRAY['Ada', 'Bob', ''])[1 + (random() * 2)::integer], 'custom',
                (SELECT jsonb_object_agg((ARRAY['p', 'q', 'r', 's', 't', 'u', 'v'])[1 + (random() * 6)::integer],
                    (ARRAY['{"$inc": 2}', '"text"', '{"$push": [1, "x"]}', '{"$addToSet": "x"}', '{"$max": 7}', '{"$unset": ""}', '{"$mul": 3}', '5', '{"$setOnce": 1}']::jsonb[])[1 + (random() * 8)::integer])
                   FROM generate_series(1, 3))));
    END IF;
    RETURN request || CASE WHEN pick < 0.05 THEN jsonb_build_object('crash', jsonb_build_object('_error', 'error ' || (ARRAY['a', 'b', 'c'])[1 + (random() * 2)::integer], '_app_version', '1'))
                           WHEN pick < 0.10 THEN jsonb_build_object('consent', jsonb_build_object('users', random() < 0.5))
                           WHEN pick < 0.13 THEN '{"token_session": 1, "ios_token": "t"}'
                           WHEN pick < 0.16 THEN jsonb_build_object('method', 'ab', 'keys', jsonb_build_array('k' || (random() * 3)::integer))
                           WHEN pick < 0.20 THEN jsonb_build_object('country_code', (ARRAY['DE', 'FR'])[1 + (random())::integer], 'city', 'X')
                           WHEN pick < 0.22 THEN '{"location": ""}' WHEN pick < 0.24 THEN '{"location": "52.5,13.4"}'
                           WHEN pick < 0.26 THEN '{"apm": {"type": "device", "name": "start", "apm_metrics": {"duration": 5}}}'
                           WHEN pick < 0.28 THEN '{"nonsense": true, "t": 0}' ELSE '{}' END;
END $$;

-- Everything in an app but what the server's clock and numbers over all users are in. The order of a
-- user's batches and consents counts.
CREATE FUNCTION pg_temp.whole_app(app text) RETURNS TABLE (what text, content jsonb) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        SELECT 'users', to_jsonb(u) - '{first_sync,last_sync}'::text[] FROM %1$I.users AS u
        UNION ALL SELECT 'devices', to_jsonb(d) FROM %1$I.devices AS d
        UNION ALL SELECT 'batches', to_jsonb(b) - '{batch,received_at}'::text[] || jsonb_build_object('number', row_number() OVER (PARTITION BY uid ORDER BY batch)) FROM %1$I.event_batches AS b
        UNION ALL SELECT 'crash groups', to_jsonb(c) FROM %1$I.crash_groups AS c
        UNION ALL SELECT 'crash users', to_jsonb(c) FROM %1$I.crash_users AS c
        UNION ALL SELECT 'consents', to_jsonb(c) - 'entry' || jsonb_build_object('number', row_number() OVER (PARTITION BY uid ORDER BY entry)) FROM %1$I.consent_log AS c
        UNION ALL SELECT 'tokens', to_jsonb(c) FROM %1$I.push_tokens AS c
        UNION ALL SELECT 'enrolments', to_jsonb(c) FROM %1$I.enrolments AS c
        UNION ALL SELECT 'merges', to_jsonb(m) - '{merged_at,batches,consents,devices,from_user,into_user}'::text[]
                || jsonb_build_object('batches', cardinality(batches), 'consents', cardinality(consents), 'devices', (SELECT array_agg(d ORDER BY d) FROM unnest(devices) AS d),
                                      'from', from_user - '{first_sync,last_sync}'::text[], 'into', into_user - '{first_sync,last_sync}'::text[]) FROM %1$I.merges AS m
        $q$, app);
END $$;

-- The same where users may have got other numbers, and batches another order: users are named by the
-- first of their devices.
CREATE FUNCTION pg_temp.without_uids(app text) RETURNS TABLE (what text, content text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH names AS (SELECT uid, min(device_id) AS name, array_agg(device_id ORDER BY device_id) AS devices FROM %1$I.devices GROUP BY uid),
        rows AS (
            SELECT 'users' AS what, uid, to_jsonb(u) - '{first_sync,last_sync}'::text[] AS content FROM %1$I.users AS u
            UNION ALL SELECT 'batches', uid, to_jsonb(b) - '{batch,received_at}'::text[] FROM %1$I.event_batches AS b
            UNION ALL SELECT 'crash users', uid, to_jsonb(c) FROM %1$I.crash_users AS c
            UNION ALL SELECT 'consents', uid, to_jsonb(c) - 'entry' FROM %1$I.consent_log AS c
            UNION ALL SELECT 'tokens', uid, to_jsonb(c) FROM %1$I.push_tokens AS c
            UNION ALL SELECT 'enrolments', uid, to_jsonb(c) FROM %1$I.enrolments AS c)
        SELECT rows.what, names.name || regexp_replace((rows.content - 'uid')::text, '(session_id\\?": \\?")[^"_]*_', '\1', 'g')
          FROM rows LEFT JOIN names USING (uid)
        UNION ALL SELECT 'devices', names.name || names.devices::text FROM names
        UNION ALL SELECT 'merges', (SELECT array_agg(d ORDER BY d) FROM unnest(devices) AS d)::text || cardinality(batches) FROM %1$I.merges
        UNION ALL SELECT 'crash groups', to_jsonb(c)::text FROM %1$I.crash_groups AS c
        $q$, app);
END $$;
