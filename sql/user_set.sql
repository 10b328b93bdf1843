-- Sets of users: text, binary form, operators, aggregates. Sets are small enough to see the answers.
\pset format unaligned
\pset tuples_only
SET search_path = public, profiles;

-- Text: any order, white space, runs that touch or overlap; three neighbours and more are a run.
SELECT '{}'::user_set, '{3, 1,2 ,2, 5-9, 7-12}'::user_set, ' { 1-1 , 2 } '::user_set;
-- Runs over the border of buckets, 65536 = 2^16; the last uid there is, 2^47 - 1.
SELECT '{65530-65540,140737488355327}'::user_set, '{1-200000}'::user_set, '{131072,65536-131071,65535}'::user_set;
SELECT '{1'::user_set;
SELECT '{1,}'::user_set;
SELECT '{5-1}'::user_set;
SELECT '{1,a}'::user_set;
SELECT '{1}x'::user_set;
SELECT '{0}'::user_set;
SELECT '{140737488355328}'::user_set;
SELECT '{99999999999999999999}'::user_set;
SELECT '{1-140737488355327}'::user_set;

-- Arrays there and back.
SELECT user_set('{5,1,1,3}'), user_set(ARRAY[1, 2]), '{7,8}'::bigint[]::user_set, user_set('{}'), user_set(NULL) IS NULL;
SELECT user_set_uids('{1-5,70000}'), '{1-3}'::user_set::bigint[], user_set_uids('{}');
SELECT array_agg(uid) FROM user_set_each('{1-5,65535-65537}') AS uid;
SELECT user_set(ARRAY[1, NULL]);
SELECT user_set(ARRAY[-1]);
SELECT user_set_uids('{1-200000000}');
SELECT count(*), min(uid), max(uid), sum(uid) FROM user_set_each('{1-200000}') AS uid;
SELECT user_set_count('{}'), user_set_count('{1-5,70000}'), user_set_count('{1-140737488355}');

-- Operators
SELECT '{1-3,70000}'::user_set | '{2,4}', '{1-3,70000}'::user_set & '{2,4,70000}', '{1-3,70000}'::user_set - '{2,4}', '{1}'::user_set - '{1}';
SELECT '{1-5}'::user_set @> 5::bigint, '{1-5}'::user_set @> 6::bigint, 70000::bigint <@ '{70000}'::user_set, '{}'::user_set @> 1::bigint, '{1}'::user_set @> (-1)::bigint;
SELECT '{1-5}'::user_set @> '{2,3}'::user_set, '{1-5}'::user_set @> '{2,6}'::user_set, '{}'::user_set <@ '{}'::user_set, '{1}'::user_set <@ '{70000}'::user_set;
SELECT '{1}'::user_set && '{1,2}', '{1}'::user_set && '{2}', '{1,70000}'::user_set && '{2,70000}', '{}'::user_set && '{}';
SELECT '{1,2,3}'::user_set = '{1-3}', '{1}'::user_set <> '{2}', user_set_hash('{1,2,3}') = user_set_hash(user_set('{3,2,1}'));
SELECT count(*) FROM (SELECT DISTINCT users FROM (VALUES ('{1,2}'::user_set), ('{2,1}'), ('{1}')) AS v (users)) AS d;

-- A bucket of each form, against sets of rows: a list, runs, bits, all.
CREATE TABLE forms (name text, users user_set);
CREATE TABLE members (name text, uid bigint);
INSERT INTO members SELECT 'list', uid * 17 FROM generate_series(1, 1000) AS uid
    UNION ALL SELECT 'runs', run * 1000 + uid FROM generate_series(1, 20) AS run, generate_series(1, 200) AS uid
    UNION ALL SELECT 'bits', uid * 3 FROM generate_series(1, 25000) AS uid
    UNION ALL SELECT 'all', uid FROM generate_series(65536, 131071) AS uid;
INSERT INTO forms SELECT name, user_set_agg(uid ORDER BY uid * 7919 % 104729) FROM members GROUP BY name;
SELECT name, user_set_count(users), octet_length(user_set_send(users)), users = (SELECT user_set_agg(uid) FROM members AS m WHERE m.name = f.name) FROM forms AS f ORDER BY name;
SELECT a.name, b.name, user_set_count(a.users | b.users), user_set_count(a.users & b.users), user_set_count(a.users - b.users) FROM forms AS a, forms AS b ORDER BY 1, 2;
-- No row: what the operators say is what SQL says.
SELECT a.name, b.name FROM forms AS a JOIN forms AS b ON a.name < b.name
 WHERE a.users | b.users <> (SELECT user_set_agg(uid) FROM members WHERE name IN (a.name, b.name))
    OR a.users & b.users <> (SELECT user_set_agg(uid) FROM (SELECT uid FROM members WHERE name = a.name INTERSECT SELECT uid FROM members WHERE name = b.name) AS x)
    OR a.users - b.users <> (SELECT user_set_agg(uid) FROM (SELECT uid FROM members WHERE name = a.name EXCEPT SELECT uid FROM members WHERE name = b.name) AS x)
    OR (a.users && b.users) <> (a.users & b.users <> '{}') OR (a.users @> b.users) <> (a.users & b.users = b.users);
SELECT f.name, count(*) FROM forms AS f, members AS m WHERE f.users @> m.uid AND m.name IN ('list', 'runs') GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM members AS m JOIN (SELECT user_set_each(users) AS uid FROM forms WHERE name = 'bits') AS x USING (uid);

-- Aggregates: nulls are left out, no rows are the empty set, sets are united.
SELECT user_set_agg(uid), user_set_agg(uid) FILTER (WHERE false) FROM (VALUES (3::bigint), (NULL), (1), (3)) AS v (uid);
SELECT user_set_agg(users) FROM (VALUES ('{1,5}'::user_set), (NULL), ('{2}')) AS v (users);
SELECT user_set_agg(uid) OVER (ORDER BY uid) FROM (VALUES (1::bigint), (2), (70000)) AS v (uid);
SELECT user_set_agg(0::bigint);
SELECT user_set_agg_uid(NULL, 1);
-- By several processes: partial sets are combined.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT user_set_agg(uid) FROM members;
SELECT user_set_count(user_set_agg(uid)) FROM members;
SELECT count(DISTINCT uid) FROM members;
EXPLAIN (COSTS OFF) SELECT user_set_agg(users) FROM forms;
SELECT user_set_count(user_set_agg(users)) FROM forms;
RESET ALL;
SET search_path = public, profiles;

-- Binary form, there and back through a file.
\getenv data PROFILES_DATA
\set file :data '/user_set.bin'
COPY forms TO :'file' WITH (FORMAT binary);
CREATE TABLE back (name text, users user_set);
COPY back FROM :'file' WITH (FORMAT binary);
SELECT count(*) FROM forms JOIN back USING (name, users);
-- From outside: the field of one row, the set {1,3}, is damaged.
CREATE FUNCTION pg_temp.copied(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
    header constant bytea := '\x5047434f50590aff0d0a000000000000000000'::bytea;
    file   constant text := current_setting('data_directory') || '/one.bin';
    number oid;
BEGIN
    number := lo_from_bytea(0, header || '\x0001'::bytea || int4send(octet_length(bytes)) || bytes || '\xffff'::bytea);
    PERFORM lo_export(number, file), lo_unlink(number);
    CREATE TEMP TABLE one (users user_set) ON COMMIT DROP;
    EXECUTE format('COPY one FROM %L WITH (FORMAT binary)', file);
    SELECT users::text INTO answer FROM one;
    DROP TABLE one;
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT user_set_send('{1,3}');
SELECT pg_temp.copied(user_set_send('{1,3}'));
SELECT damage, pg_temp.copied(bytes) FROM (VALUES
    ('other version', '\x0200000001000000000000000100000001000300'::bytea),
    ('too short', '\x01000000010000000000000001000000010003'),
    ('too long', '\x010000000100000000000000010000000100030000'),
    ('empty', ''),
    ('more buckets', '\x0100000002000000000000000100000001000300'),
    ('not ascending', '\x0100000001000000000000000100000003000100'),
    ('user 0', '\x0100000001000000000000000100000000000300'),
    ('a bucket too high', '\x0100000001000000000000800100000001000300'),
    ('run beyond its bucket', '\x01000000010000000100000002000100ffff0200'),
    ('a list that should be a run', '\x01000000010000000000000002000000010002000300')) AS v (damage, bytes);
