-- compact_policy: what is moved when that is left to the policy, and the rows that tell of each run.
SET search_path = public, profiles;
SET client_min_messages = warning;
SELECT create_app('shop') IS NOT NULL AS created;
SELECT * FROM compact_policy('{}');
SELECT * FROM compact_policy('{"compact_policy": {"batch_age": 60, "automatic": false, "small_block": null}}');
-- wrong policies
SELECT configure_app('shop', '{"compact_policy": {"batch_age": 60, "age": 1}}');
SELECT configure_app('shop', '{"compact_policy": {"batch_age": -1}}');
SELECT configure_app('shop', '{"compact_policy": {"small_block": 32769}}');
SELECT configure_app('shop', '{"compact_policy": {"batch_events": 0}}');
SELECT configure_app('shop', '{"compact_policy": {"merged_users": "many"}}');
SELECT configure_app('shop', '{"compact_policy": {"automatic": 1}}');
SELECT configure_app('shop', '{"compact_policy": [60]}');
SELECT configure_app('shop', '{"compact_policies": {}}');
SELECT compact_policy('{"compact_policy": true}');

CREATE FUNCTION pg_temp.send(round int, users int, first int DEFAULT 1) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(ingest('shop', jsonb_build_object('device_id', 'd' || n, 'timestamp', 1700000000 + 1000 * round + n,
                                                   'events', '[{"key": "buy"}, {"key": "view"}]'::jsonb)))
      FROM generate_series(first, first + users - 1) AS n
$$;
CREATE VIEW latest AS
SELECT run, state, phase, by_policy, batches, moved_batches, events, blocks, merged_users, merged_blocks, pid = pg_backend_pid() AS mine,
       finished_at >= step_at - interval '1 s' AND step_at >= started_at AS in_order
  FROM shop.compactions ORDER BY run DESC LIMIT 1;
-- in steps of no time, so that the next run may begin at once
SELECT configure_app('shop', '{"compact_policy": {"interval": 0, "batch_events": 100}}');

-- Nothing is due: too young, too few. There is no run.
SELECT pg_temp.send(1, 10);
CALL compact('shop', by_policy => true);
SELECT * FROM latest;
-- Without the policy everything moves.
CALL compact('shop');
SELECT * FROM latest;
SELECT bucket, hot_batches, blocks, block_events FROM shop.storage;
-- Old enough; only the bucket that is.
SELECT pg_temp.send(2, 10);
SELECT setval('shop.users_uid_seq', 70000) > 0;
SELECT pg_temp.send(2, 10, 101);
UPDATE shop.event_batches SET received_at = received_at - interval '59 minutes';
CALL compact('shop', by_policy => true);
SELECT * FROM latest;
UPDATE shop.event_batches SET received_at = received_at - interval '1 minute' WHERE uid = 3;
CALL compact('shop', by_policy => true);
SELECT * FROM latest;
SELECT bucket, hot_batches, blocks, block_events FROM shop.storage ORDER BY 1;
-- Enough events in a bucket.
SELECT pg_temp.send(3, 39, 101);
CALL compact('shop', by_policy => true);
SELECT bucket, hot_batches, blocks, block_events FROM shop.storage ORDER BY 1;
SELECT pg_temp.send(4, 1, 101);
CALL compact('shop', by_policy => true);
SELECT * FROM latest;
SELECT bucket, hot_batches, blocks, block_events FROM shop.storage ORDER BY 1;

-- Merged users: enough of them in a bucket. What they had goes hot, under their new number.
SELECT configure_app('shop', '{"compact_policy": {"interval": 0, "merged_users": 2}}');
SELECT status FROM ingest('shop', '{"device_id": "d2", "old_device_id": "d1", "timestamp": 1700009000}');
CALL compact('shop', by_policy => true);
SELECT * FROM latest;
SELECT status FROM ingest('shop', '{"device_id": "d2", "old_device_id": "d3", "timestamp": 1700009001}');
CALL compact('shop', by_policy => true);
SELECT * FROM latest;
SELECT bucket, hot_batches, blocks, block_events, moved_users FROM shop.storage ORDER BY 1;
SELECT users, times FROM segmentation('shop', 'buy', period => 'all');

-- Small blocks: which ones are, says the policy; it counts for every run.
SELECT configure_app('shop', '{"compact_policy": {"interval": 0, "batch_events": 1, "small_block": 8}}');
SELECT pg_temp.send(n, 2), pg_temp.send(n, 10, 4) FROM generate_series(5, 6) AS n;
CALL compact('shop', by_policy => true);
SELECT pg_temp.send(n, 3) FROM generate_series(7, 7) AS n;
CALL compact('shop', by_policy => true);
SELECT pg_temp.send(8, 3);
CALL compact('shop', by_policy => true);
SELECT pg_temp.send(9, 3);
CALL compact('shop', by_policy => true);
SELECT array_agg(events ORDER BY block) FROM shop.event_blocks WHERE bucket = 0;
SELECT pg_temp.send(10, 3);
CALL compact('shop', by_policy => true);
SELECT * FROM latest;
SELECT array_agg(events ORDER BY block) FROM shop.event_blocks WHERE bucket = 0;
SELECT configure_app('shop', '{"compact_policy": {"small_block": 0}}');
CALL compact('shop');
SELECT merged_blocks FROM latest;
SELECT configure_app('shop', '{"compact_policy": null}');
CALL compact('shop');
SELECT merged_blocks FROM latest;
SELECT array_agg(events ORDER BY block) FROM shop.event_blocks WHERE bucket = 0;

-- At most so often; a run that came to no end doubles the time.
SELECT configure_app('shop', '{"compact_policy": {"interval": 3000, "batch_events": 1}}');
CREATE FUNCTION pg_temp.begins(ago interval) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE shop.compact_runs SET started_at = clock_timestamp() - ago, step_at = clock_timestamp() - ago WHERE by_policy;
    RETURN CASE WHEN compact_begin('shop', true) IS NULL THEN 'not yet' ELSE 'begins' END;
END $$;
SELECT pg_temp.send(11, 3);
SELECT pg_temp.begins('2990 s');
SELECT pg_temp.begins('3001 s');
SELECT state FROM latest;
SELECT pg_temp.begins('5990 s'), (SELECT state FROM latest);
SELECT pg_temp.begins('6001 s');
SELECT pg_temp.begins('11990 s');
SELECT pg_temp.begins('12001 s');
SELECT pg_temp.begins('23 h');
CALL compact('shop', by_policy => true);
SELECT count(*) FROM shop.event_batches;
-- The one that was begun can be gone on with.
SELECT max(run) AS run FROM shop.compact_runs \gset
SELECT compact_step('shop', :run), compact_step('shop', -1) FROM generate_series(1, 7);
SELECT * FROM latest;
SELECT compact_begin('shop', true) IS NULL;
-- Of the runs, the latest 100 are kept.
SELECT count(compact_begin('shop', false)) FROM generate_series(1, 120);
SELECT count(*) FROM shop.compact_runs;

CALL compact('nothing', by_policy => true);
CALL compact('shop', by_policy => NULL);
SELECT drop_app('shop');
