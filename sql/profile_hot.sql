-- HOT: an update that changes no column of any index writes no index. Only declared properties are to be indexed, and a
-- change of another property is to stay HOT: which indexes keep that promise.
SET search_path = public, profiles;

CREATE FUNCTION people(count integer) RETURNS TABLE (id integer, p profile) LANGUAGE sql AS $$
    SELECT i, profile('country', 'DE', 'bio', repeat(md5(i::text), 80), 'custom.plan', 'free', 'custom.n', 1) FROM generate_series(1, count) i
$$;
CREATE FUNCTION hot_updates(OUT relname name, OUT updates bigint, OUT hot bigint) RETURNS SETOF record LANGUAGE sql AS $$
    SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE n_tup_upd > 0 ORDER BY relname
$$;

-- A column of the declared properties, or of one of them: the index is on this column, which a change of another
-- property leaves as it was.
CREATE TABLE by_pick (id integer PRIMARY KEY, p profile,
                      declared profile GENERATED ALWAYS AS (profile_pick(p, 'country', 'custom.plan')) STORED) WITH (fillfactor = 50);
ALTER TABLE by_pick ALTER declared SET STORAGE EXTERNAL;  -- what is compressed never equals what is not
CREATE INDEX ON by_pick USING gin (declared);
CREATE TABLE by_column (id integer PRIMARY KEY, p profile,
                        country text GENERATED ALWAYS AS (p ->> 'country') STORED) WITH (fillfactor = 50);
CREATE INDEX ON by_column (country);
-- An index on the profile, whatever it covers: PostgreSQL compares columns, not what the index makes of them.
CREATE TABLE of_declared (id integer PRIMARY KEY, p profile) WITH (fillfactor = 50);
CREATE INDEX ON of_declared USING gin (p profile_ops (properties = 'country,custom.plan'));
CREATE TABLE of_picked (id integer PRIMARY KEY, p profile) WITH (fillfactor = 50);
CREATE INDEX ON of_picked USING gin (profile_pick(p, 'country', 'custom.plan'));
CREATE TABLE of_text (id integer PRIMARY KEY, p profile) WITH (fillfactor = 50);
CREATE INDEX ON of_text ((p ->> 'country'));
CREATE TABLE of_part (id integer PRIMARY KEY, p profile) WITH (fillfactor = 50);
CREATE INDEX ON of_part (id) WHERE p ->> 'custom.plan' = 'pro';
CREATE TABLE without_index (id integer PRIMARY KEY, p profile) WITH (fillfactor = 50);

INSERT INTO by_pick (id, p) SELECT * FROM people(20);
INSERT INTO by_column (id, p) SELECT * FROM people(20);
INSERT INTO of_declared SELECT * FROM people(20);
INSERT INTO of_picked SELECT * FROM people(20);
INSERT INTO of_text SELECT * FROM people(20);
INSERT INTO of_part SELECT * FROM people(20);
INSERT INTO without_index SELECT * FROM people(20);
UPDATE by_pick SET p = inc(p, 'n', 1);
UPDATE by_column SET p = inc(p, 'n', 1);
UPDATE of_declared SET p = inc(p, 'n', 1);
UPDATE of_picked SET p = inc(p, 'n', 1);
UPDATE of_text SET p = inc(p, 'n', 1);
UPDATE of_part SET p = inc(p, 'n', 1);
UPDATE without_index SET p = inc(p, 'n', 1);
SELECT FROM pg_stat_force_next_flush();
SELECT * FROM hot_updates();

-- A declared property that changes is found by its new value.
UPDATE by_pick SET p = set(p, 'plan', 'pro') WHERE id <= 3;
SELECT FROM pg_stat_force_next_flush();
SELECT * FROM hot_updates() WHERE relname = 'by_pick';
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM by_pick WHERE declared @@ '{"custom.plan":"pro"}';
SELECT array_agg(id ORDER BY id) FROM by_pick WHERE declared @@ '{"custom.plan":"pro"}';
SELECT array_agg(id ORDER BY id) FROM by_pick WHERE declared @@ '{"custom.plan":"free"}' AND p @@ '{"custom.n":{"$gt":1}}' AND id < 6;

-- The same in an app: a column of one's own on the table users
SELECT create_app('hot') IS NOT NULL AS created;
ALTER TABLE hot.users ADD declared profile GENERATED ALWAYS AS (profile_pick(profile, 'country', 'custom.plan')) STORED;
CREATE INDEX ON hot.users USING gin (declared);
SELECT status FROM ingest('hot', '{"device_id":"d1","timestamp":1700000000,"begin_session":1,"user_details":{"custom":{"plan":"pro","n":1}}}');
SELECT status FROM ingest('hot', '{"device_id":"d1","timestamp":1700000020,"session_duration":20,"user_details":{"custom":{"n":{"$inc":1}}}}');
SELECT status FROM ingest('hot', '{"device_id":"d1","timestamp":1700000040,"session_duration":20}');
SELECT profile -> 'custom.n' AS n, declared FROM hot.users WHERE declared @@ '{"custom.plan":"pro"}';
SELECT FROM pg_stat_force_next_flush();
SELECT n_tup_upd - n_tup_hot_upd AS not_hot, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE schemaname = 'hot' AND relname = 'users';
SET client_min_messages = warning;
SELECT drop_app('hot');
