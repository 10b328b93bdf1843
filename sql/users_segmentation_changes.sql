-- users_segmentation gives what plain SQL over the same rows gives, whatever happens to the rows, to their
-- pages and to the copy of them: random changes, from a fixed seed.
\pset format unaligned
\pset tuples_only
SET search_path = public, profiles;
SET client_min_messages = warning;
SET jit = off;
SELECT length(create_app('r'));
CREATE FUNCTION pg_temp.some(text[]) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT $1[1 + floor(random() * cardinality($1))::int]';
-- Some have no country, some a number for a plan, some more than fits on a page.
CREATE FUNCTION pg_temp.random_profile() RETURNS profile LANGUAGE sql VOLATILE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('country', pg_temp.some('{DE,FR,IT,US,NULL}'), 'platform', pg_temp.some('{iOS,Android}'),
        'custom', jsonb_build_object('plan', CASE WHEN random() < 0.9 THEN to_jsonb(pg_temp.some('{free,pro,team}')) ELSE '7' END,
            'level', floor(random() * 20), 'tags', to_jsonb(ARRAY[pg_temp.some('{a,b,c}'), pg_temp.some('{a,b,c}')]),
            'pad', CASE WHEN random() < 0.02 THEN (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 100))
                        ELSE repeat('x', 800 + floor(random() * 700)::int) END)))::text::profile
$$;
CREATE FUNCTION pg_temp.add_users(first bigint, last bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
    INSERT INTO r.users (uid, bucket, device_id, identified, profile, session_count, time_spent, first_seen, last_view, purchase_total)
    SELECT uid, uid >> 16, 'd' || uid, random() < 0.3, pg_temp.random_profile(), floor(random() * 6), floor(random() * 1e6),
           CASE WHEN random() < 0.9 THEN now() - random() * interval '20 days' END, pg_temp.some('{home,cart,NULL}'),
           CASE WHEN random() < 0.5 THEN round((random() * 100)::numeric, 2) END
      FROM generate_series(first, last) AS uid
$$;
-- Counters alone, whole profiles, users that come and go, and changes that are rolled back.
CREATE FUNCTION pg_temp.change(round int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE r.users SET session_count = session_count + 1, last_view = 'search' WHERE random() < 0.02;
    UPDATE r.users SET profile = pg_temp.random_profile() WHERE random() < 0.02;
    DELETE FROM r.users WHERE random() < 0.01;
    PERFORM pg_temp.add_users(100000 * round, 100000 * round + 40);
    BEGIN
        UPDATE r.users SET session_count = 1000, profile = '{"country":"XX"}' WHERE random() < 0.05;
        DELETE FROM r.users WHERE random() < 0.05;
        RAISE EXCEPTION 'never mind';
    EXCEPTION WHEN raise_exception THEN NULL;
    END;
END
$$;

CREATE TEMP TABLE questions (name text, query jsonb, breakdown text[], plain text);
INSERT INTO questions VALUES
    ('count', '{}', '{}', 'SELECT ''{}''::text[], count(*) FROM r.users HAVING count(*) > 0'),
    ('countries', '{"country":{"$in":["DE","FR"]}}', '{country}', 'SELECT ARRAY[country], count(*) FROM r.people WHERE country IN (''DE'', ''FR'') GROUP BY 1'),
    ('custom', '{"$or":[{"custom.plan":"pro"},{"custom.level":{"$gte":15},"platform":{"$ne":"iOS"}}]}', '{custom.plan,country}',
     'SELECT ARRAY[custom ->> ''plan'', country], count(*) FROM r.people WHERE custom -> ''plan'' = ''"pro"'' OR (custom ->> ''level'')::int >= 15 AND platform IS DISTINCT FROM ''iOS'' GROUP BY 1'),
    ('counters', '{"user.session_count":{"$gte":3},"user.first_seen":{"$within":"7days"}}', '{user.session_count}',
     'SELECT ARRAY[session_count::text], count(*) FROM r.users WHERE session_count >= 3 AND date_trunc(''ms'', first_seen) >= date_trunc(''ms'', now()) - interval ''7 days'' GROUP BY 1'),
    ('three', '{"user.purchase_total":{"$exists":true}}', '{user.identified,user.last_view,custom.level}',
     'SELECT ARRAY[identified::text, last_view, profile ->> ''custom.level''], count(*) FROM r.users WHERE purchase_total IS NOT NULL GROUP BY 1'),
    ('arrays', '{"user.purchase_total":{"$lt":50}}', '{custom.tags}',
     'SELECT ARRAY[tag], count(*) FROM r.users, LATERAL (SELECT DISTINCT jsonb_array_elements_text(profile -> ''custom.tags'') AS tag) AS tags WHERE purchase_total < 50 GROUP BY 1'),
    ('long', '{"custom.pad":{"$not":{"rgxbw":"x"}}}', '{}', 'SELECT ''{}''::text[], count(*) FROM r.users WHERE profile ->> ''custom.pad'' !~ ''^x'' HAVING count(*) > 0');
CREATE FUNCTION pg_temp.wrong() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    question record; differs bigint; ours bigint[]; theirs bigint[];
BEGIN
    FOR question IN SELECT * FROM questions LOOP
        EXECUTE format('WITH ours AS (SELECT * FROM users_segmentation(''r'', $1, $2)), plain AS (%s)
                        SELECT count(*) FROM ((TABLE ours EXCEPT ALL TABLE plain) UNION ALL (TABLE plain EXCEPT ALL TABLE ours)) AS d', question.plain)
           INTO differs USING question.query, question.breakdown;
        IF differs > 0 THEN RETURN NEXT question.name || ': ' || differs; END IF;
    END LOOP;
    ours := ARRAY(SELECT u FROM users_segmentation_users('r', '{"custom.plan":"pro"}', '{country}', '{DE}') AS u);
    theirs := ARRAY(SELECT uid FROM r.people WHERE custom -> 'plan' = '"pro"' AND country = 'DE' ORDER BY 1);
    IF ours <> theirs THEN RETURN NEXT 'users'; END IF;
END
$$;
-- How many of the pages are not as the copy has them: none, some, all.
CREATE FUNCTION pg_temp.changed() RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN count(*) = 0 THEN 'no copy'
                ELSE CASE sum(user_block_changed('r.users'::regclass, range, data, xmin)) WHEN 0 THEN 'none'
                     WHEN pg_relation_size('r.users') / 8192 THEN 'all' ELSE 'some' END END FROM r.user_blocks
$$;

SELECT setseed(0.5);
SELECT pg_temp.add_users(1, 5000);
SELECT pg_relation_size('r.users') / 8192 > 1024 AS more_than_one_range;
SELECT * FROM pg_temp.wrong();
CALL compact('r');
SELECT count(*), pg_temp.changed() FROM r.user_blocks;
SELECT * FROM pg_temp.wrong();
SELECT pg_temp.change(1);
SELECT pg_temp.changed();
SELECT * FROM pg_temp.wrong();
SELECT pg_temp.change(2);
SELECT * FROM pg_temp.wrong();
VACUUM r.users;
SELECT * FROM pg_temp.wrong();
SELECT pg_temp.change(3);
SELECT * FROM pg_temp.wrong();
-- few pages have to change before a copy is made anew
CALL compact('r');
SELECT pg_temp.changed();
SELECT * FROM pg_temp.wrong();
SELECT pg_temp.change(4);
VACUUM (FREEZE) r.users;
SELECT pg_temp.changed();
SELECT * FROM pg_temp.wrong();
CALL compact('r');
-- changes of the asking transaction
BEGIN;
SELECT pg_temp.change(5);
SELECT * FROM pg_temp.wrong();
ROLLBACK;
SELECT * FROM pg_temp.wrong();
-- locks are no changes of users, but of pages
BEGIN;
SELECT count(*) > 0 FROM (SELECT FROM r.users FOR UPDATE) AS locked;
SELECT pg_temp.changed();
SELECT * FROM pg_temp.wrong();
COMMIT;
SELECT * FROM pg_temp.wrong();
-- A table that was written anew has no copy until the next time.
VACUUM FULL r.users;
SELECT pg_temp.changed();
SELECT * FROM pg_temp.wrong();
CALL compact('r');
SELECT pg_temp.changed();
CLUSTER r.users USING users_pkey;
SELECT pg_temp.changed();
SELECT * FROM pg_temp.wrong();
CALL compact('r');
ALTER TABLE r.users SET UNLOGGED;
CALL compact('r');
SELECT * FROM pg_temp.wrong();
SELECT pg_temp.change(6);
SELECT * FROM pg_temp.wrong();
ALTER TABLE r.users SET LOGGED;
SELECT pg_temp.changed();
CALL compact('r');
SELECT pg_temp.changed();
SELECT * FROM pg_temp.wrong();
-- A column that was made anew is another one, though no page has changed.
ALTER TABLE r.users DROP COLUMN last_view;
ALTER TABLE r.users ADD COLUMN last_view text DEFAULT 'anew';
SELECT pg_temp.changed();
SELECT * FROM pg_temp.wrong();
CALL compact('r');
-- Pages that VACUUM gives back, and new ones in their place.
DELETE FROM r.users WHERE uid > 1000;
VACUUM r.users;
SELECT * FROM pg_temp.wrong();
SELECT pg_temp.add_users(1001, 6000);
SELECT * FROM pg_temp.wrong();
CALL compact('r');
SELECT pg_temp.changed();
SELECT * FROM pg_temp.wrong();
-- Values that are gone by the clock, and others that will be.
UPDATE r.users SET expiry = profile('custom.plan', floor(extract(epoch FROM now()) * 1000)::bigint + CASE WHEN uid % 2 = 0 THEN -3600000 ELSE 3600000 END)
 WHERE uid % 50 < 2;
SELECT * FROM pg_temp.wrong();
VACUUM r.users;
DELETE FROM r.user_blocks;
CALL compact('r');
SELECT count(*) FROM r.users WHERE expiry IS NOT NULL AND uid <> ALL (SELECT unnest(user_block_uids(data)) FROM r.user_blocks);
SELECT pg_temp.changed();
SELECT * FROM pg_temp.wrong();
-- The clock makes a copy wrong, page by page, without a write.
UPDATE r.users SET expiry = profile('custom.plan', floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + 1500) WHERE expiry IS NOT NULL AND uid % 3 = 0;
VACUUM r.users;
DELETE FROM r.user_blocks;
CALL compact('r');
SELECT * FROM pg_temp.wrong();
SELECT FROM pg_sleep(1.6);
SELECT pg_temp.changed();
SELECT * FROM pg_temp.wrong();
DELETE FROM r.user_blocks;
CALL compact('r');
SELECT pg_temp.changed();
SELECT * FROM pg_temp.wrong();
-- Parallel workers count the ranges, with the same answers.
SET parallel_setup_cost = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS off) SELECT users_segmentation_part(data, xmin, range, 'r.users'::regclass, '{}', '{country}', NULL) FROM r.user_blocks;
SELECT * FROM pg_temp.wrong();
SET parallel_leader_participation = off;
SELECT pg_temp.change(7);
SELECT * FROM pg_temp.wrong();
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT * FROM pg_temp.wrong();
COMMIT;
RESET parallel_leader_participation;
TRUNCATE r.users;
SELECT * FROM pg_temp.wrong();
CALL compact('r');
SELECT count(*) FROM r.user_blocks;
-- Of a purged user, and of who was merged into it, no copy is left.
SELECT pg_temp.add_users(1, 3);
INSERT INTO r.devices (uid, bucket, device_id) SELECT uid, bucket, device_id FROM r.users;
CALL compact('r');
SELECT user_block_uids(data) FROM r.user_blocks;
SELECT uid, status FROM ingest('r', '{"device_id": "d1", "old_device_id": "d2", "timestamp": 1700000000}');
SELECT user_block_uids(data) FROM r.user_blocks;
DELETE FROM r.user_blocks;
SELECT pg_temp.add_users(4, 5);
CALL compact('r');
SELECT user_block_uids(data) FROM r.user_blocks;
SELECT purge_user('r', uid) -> 'users' FROM r.devices WHERE device_id = 'd1';
SELECT count(*) FROM r.user_blocks;
SELECT * FROM pg_temp.wrong();
SELECT drop_app('r');
