-- 100,000 caught errors of twenty-three kinds, and as many results, leave the backend as large as it was: no
-- exception, string or buffer of C++ outlives its statement.
SET search_path = profiles, public;
CREATE FUNCTION memory_kb(OUT contexts bigint, OUT process bigint) LANGUAGE sql AS $$
    SELECT (SELECT sum(total_bytes) / 1024 FROM pg_backend_memory_contexts),
           substring(pg_read_file(format('/proc/%s/status', pg_backend_pid())) FROM 'VmRSS:\s*(\d+)')::bigint $$;
SELECT length(create_app('shop'));
CREATE PROCEDURE make_errors(times int) LANGUAGE plpgsql AS $$
DECLARE
    p profile := '{"custom": {"text": "x", "list": [1], "large": 1e34}}';
    long text := '{"custom": {"a": "' || repeat('x', 20000) || '", "b": tru}}';
    deep text := repeat('[', 100);
    caught int := 0;
BEGIN
    FOR n IN 1..times LOOP
        BEGIN
            CASE n % 23
                WHEN 0 THEN p := inc(p, 'text');                                           -- wrong type
                WHEN 1 THEN p := long::profile;                                            -- syntax, after 20 kB
                WHEN 2 THEN p := deep::profile;                                            -- depth
                WHEN 3 THEN p := inc(p, 'large');                                          -- out of range
                WHEN 4 THEN p := apply(p, '{"custom": {"a": {"$push": {"$each": 1}}}}');   -- modifier
                WHEN 5 THEN p := set(p, 'a.b', 1);                                         -- name
                WHEN 6 THEN p := '{"a": "\u0000"}'::profile;                               -- encoding
                WHEN 7 THEN p := pull(p, 'list', '{"$like": "x"}'::jsonb);                 -- condition
                WHEN 8 THEN PERFORM p -> 'a..b';                                           -- reference
                WHEN 9 THEN p := '{"custom": 1}'::jsonb::profile;                          -- no profile
                WHEN 10 THEN PERFORM '{"a": {"$like": 1}}'::segment;                       -- operator of a filter
                WHEN 11 THEN PERFORM '{"a": {"$in": ["x", "y"]}, "b": {"$regex": "(a{9}"}}'::segment;  -- expression, after a list
                WHEN 12 THEN PERFORM '{"a": {"$regex": "((x{99}){99}){99}"}}'::segment;    -- size of an expression
                WHEN 13 THEN PERFORM p @@ '{"event.key": "x"}'::segment;                   -- evaluation
                WHEN 14 THEN PERFORM '[{"key": "e", "ts": 1}, {"key": "e"}]'::event_list;  -- an event
                WHEN 15 THEN p['list..x'] := '1';                                          -- subscript
                WHEN 16 THEN p['custom.text.deeper'] := '1';                               -- assignment below a text
                WHEN 17 THEN PERFORM ingest('nowhere', '{"device_id": "d"}');              -- app
                WHEN 18 THEN PERFORM status FROM ingest('shop', '{"user_details": 1}');    -- request without a device
                             RAISE EXCEPTION 'refused';
                WHEN 19 THEN PERFORM segmentation('shop', 'e', '{"a": {"$gt": []}}');      -- query of a scan
                WHEN 20 THEN PERFORM geoip('192.0.2.1');                                   -- GeoIP without a database
                             RAISE EXCEPTION 'nothing';
                WHEN 21 THEN p := profile('a', 1, 'b..c', 2);                              -- construction
                WHEN 22 THEN PERFORM profile_object_agg(k, '[1]') FROM (VALUES ('custom.a'), ('a..b')) AS v (k);  -- in an aggregate
            END CASE;
        EXCEPTION WHEN OTHERS THEN
            caught := caught + 1;
        END;
    END LOOP;
    IF caught <> times THEN
        RAISE EXCEPTION 'caught % of %', caught, times;
    END IF;
END $$;
CREATE PROCEDURE make_results(times int) LANGUAGE plpgsql AS $$
DECLARE
    p profile := '{}';
BEGIN
    FOR n IN 1..times LOOP
        p := apply(p, jsonb_build_object('name', 'Ada', 'custom', jsonb_build_object('n', '{"$inc": 0.1}'::jsonb, 'list', '{"$push": {"$each": [1, "x"], "$slice": -9}}'::jsonb)));
        p := (try_apply(p, '{"custom": {"n": {"$push": 1}, "set": {"$addToSet": [1, 2]}}}')).profile;
        p := unset(add_to_set(p, 'more', ARRAY[n, n + 1]), 'more')::text::profile;
        PERFORM p = profile_object_agg(property, value) FROM profile_each(p);
    END LOOP;
END $$;
CALL make_errors(5000);
CALL make_results(2000);
CREATE TEMP TABLE before AS SELECT * FROM memory_kb();
CALL make_errors(100000);
CALL make_results(30000);
SELECT a.contexts - b.contexts < 512 AS contexts_are_flat, a.process - b.process < 2048 AS process_is_flat FROM memory_kb() a, before b;
