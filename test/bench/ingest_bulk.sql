-- 50 bulks of 1,000 requests like those of ingest.sh; prints requests a second, the median of five runs of ten.
CREATE TABLE bulks AS
SELECT bulk, jsonb_agg(format('{"device_id": "device-%s", "timestamp": %s, "session_duration": 60, "events": [{"key": "view", "count": 1, "segmentation": {"page": "home", "n": 1}}, {"key": "buy", "count": 1, "sum": 9.99, "segmentation": {"item": "pen", "color": "blue"}}, {"key": "share", "count": 1, "dur": 3.5}], "user_details": {"custom": {"visits": {"$inc": 1}, "best": {"$max": %s}, "tags": {"$addToSet": "t%s"}, "first": {"$setOnce": "y"}, "plan": "team"}}}',
        u, 1710000000000 + (:first + bulk * 1000 + n) * 10::bigint, u, u)::jsonb ORDER BY n) AS requests
  FROM (SELECT bulk, n, 1 + (random() * (:users - 1))::integer AS u FROM generate_series(1, 50) AS bulk, generate_series(1, 1000) AS n) AS request
 GROUP BY bulk;
VACUUM ANALYZE bulks;
CREATE TABLE runs (rate float8);
DO $$
DECLARE
    began timestamptz;
    taken bigint;
BEGIN
    FOR run IN 0 .. 4 LOOP
        began := clock_timestamp();
        SELECT count(*) INTO taken FROM (SELECT * FROM bulks WHERE bulk BETWEEN run * 10 + 1 AND run * 10 + 10 ORDER BY bulk) AS portion,
               LATERAL profiles.ingest_bulk('shop', requests) AS answer WHERE answer.status = 'ok';
        INSERT INTO runs VALUES (taken / extract(epoch FROM clock_timestamp() - began));
        COMMIT;
    END LOOP;
END $$;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY rate) FROM runs;
