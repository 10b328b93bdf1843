-- How many rows the planner expects: on skewed, dependent properties every estimate of one condition, and of
-- two together, is compared with the truth.
SET search_path = profiles, public;
SET jit = off;

-- 100,000 people, of whom ANALYZE looks at 30,000. Countries, cities and devices are Zipf's: the n-th is n times
-- rarer than the first. Language and city depend on the country, the platform on the device, what is paid on the plan,
-- the second tag on the first. One in five profiles is wider than 1 kB, beyond which PostgreSQL's own statistics see nothing.
CREATE FUNCTION noise(i integer, salt integer) RETURNS float8 LANGUAGE sql IMMUTABLE
    RETURN (hashint8(i::bigint * 1000 + salt)::bigint + 2147483648) / 4294967296.0;
CREATE FUNCTION zipf(count integer, noise float8) RETURNS integer LANGUAGE sql IMMUTABLE
    RETURN floor(power(count + 1, noise))::integer;
CREATE TABLE people AS
    SELECT i AS id, profile_from_jsonb(jsonb_strip_nulls(jsonb_build_object(
        'country', 'C' || country,
        'language', CASE WHEN noise(i, 2) < 0.9 THEN 'l' || country ELSE 'en' END,
        'city', 'C' || country || '-' || zipf(200, noise(i, 3)),
        'device', 'd' || device,
        'platform', CASE WHEN device % 3 = 0 THEN 'iOS' WHEN device % 3 = 1 THEN 'Android' ELSE 'Web' END,
        'age', CASE WHEN noise(i, 4) > 0.2 THEN 18 + floor(60 * power(noise(i, 5), 2))::int END,
        'last_seen', 1700000000000 + (power(noise(i, 6), 2) * 1e10)::bigint,
        'email', CASE WHEN noise(i, 13) < 0.6 THEN 'user' || i || '@example.com' END,
        'picture', CASE WHEN i % 5 = 0 THEN (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 40) j) END,
        'custom', jsonb_build_object(
            'plan', plan,
            'paid', CASE plan WHEN 'pro' THEN 10 + (noise(i, 7) * 1000)::int / 100.0 WHEN 'team' THEN 100 + (noise(i, 8) * 10000)::int / 100.0 END,
            'beta', CASE WHEN noise(i, 9) < 0.01 THEN true END,
            'address', CASE WHEN noise(i, 14) < 0.1 THEN jsonb_build_object('zip', 'Z' || zipf(1000, noise(i, 15))) END,
            'tags', CASE WHEN noise(i, 10) < 0.3 THEN jsonb_build_array('t' || tag, 't' || CASE WHEN noise(i, 11) < 0.7 THEN tag + 1 ELSE zipf(100, noise(i, 12)) END) END)))) AS p
    FROM (SELECT i, zipf(60, noise(i, 0)) AS country, zipf(400, noise(i, 16)) AS device, zipf(100, noise(i, 17)) AS tag,
                 CASE WHEN noise(i, 1) < 0.8 THEN 'free' WHEN noise(i, 1) < 0.97 THEN 'pro' WHEN noise(i, 1) < 0.998 THEN 'team' ELSE 'enterprise' END AS plan
          FROM generate_series(1, 100000) i) AS drawn;
ANALYZE people;

-- One condition, and any two in one filter. (Two clauses, p @@ a AND p @@ b, PostgreSQL estimates one by one and multiplies.)
CREATE TABLE filters (n serial, kind text, filter jsonb);
INSERT INTO filters (kind, filter) VALUES
    ('equal', '{"country":"C1"}'), ('equal', '{"country":"C7"}'), ('equal', '{"country":"C60"}'), ('equal', '{"language":"l1"}'), ('equal', '{"language":"en"}'),
    ('equal', '{"language":"l20"}'), ('equal', '{"city":"C1-1"}'), ('equal', '{"city":"C2-40"}'), ('equal', '{"city":"C30-9"}'), ('equal', '{"device":"d1"}'),
    ('equal', '{"device":"d50"}'), ('equal', '{"platform":"iOS"}'), ('equal', '{"custom.plan":"pro"}'), ('equal', '{"custom.plan":"team"}'),
    ('equal', '{"custom.plan":"enterprise"}'), ('equal', '{"custom.beta":true}'), ('equal', '{"age":18}'), ('equal', '{"age":60}'),
    ('equal', '{"custom.address.zip":"Z1"}'), ('equal', '{"custom.address.zip":"Z200"}'), ('equal', '{"email":"user7@example.com"}'), ('equal', '{"city":"nowhere"}'),
    ('in', '{"country":{"$in":["C2","C3","C59"]}}'), ('in', '{"city":{"$in":["C1-2","C1-3","C5-8"]}}'), ('in', '{"age":{"$in":[20,40,77]}}'),
    ('in', '{"device":{"$nin":["d1","d2","d3"]}}'), ('or', '{"$or":[{"country":"C4"},{"custom.plan":"team"}]}'),
    ('ne', '{"country":{"$ne":"C1"}}'), ('ne', '{"custom.plan":{"$ne":"free"}}'), ('ne', '{"language":{"$ne":"en"}}'), ('ne', '{"custom.tags":{"$ne":"t1"}}'),
    ('range', '{"age":{"$gt":65}}'), ('range', '{"age":{"$gte":20,"$lt":23}}'), ('range', '{"last_seen":{"$gt":1709500000000}}'),
    ('range', '{"last_seen":{"$gte":1700000000000,"$lt":1700100000000}}'), ('range', '{"custom.paid":{"$lt":12}}'), ('range', '{"custom.paid":{"$gt":150}}'),
    ('range', '{"country":{"$gte":"C2","$lt":"C3"}}'), ('text', '{"city":{"rgxbw":"C1-1"}}'), ('text', '{"device":{"$regex":"^d[1-4]$"}}'),
    ('exists', '{"email":{"$exists":true}}'), ('exists', '{"custom.address":{"$exists":true}}'), ('exists', '{"age":{"$exists":false}}'),
    ('exists', '{"picture":{"$exists":true}}'), ('exists', '{"custom.paid":{"$exists":true}}'), ('exists', '{"custom.beta":{"$exists":false}}'),
    ('array', '{"custom.tags":"t1"}'), ('array', '{"custom.tags":"t2"}'), ('array', '{"custom.tags":"t50"}'), ('array', '{"custom.tags":{"$all":["t1","t2"]}}');

-- The truth of all filters and all pairs of them in one pass
CREATE TABLE pairs (first integer, second integer, filter jsonb, truth bigint, estimate float8);
CREATE FUNCTION find_truth() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE (SELECT format('CREATE TEMP TABLE answers AS SELECT ARRAY[%s] AS answer FROM people', string_agg(format('p @@ %L', filter), ', ' ORDER BY n)) FROM filters);
    CREATE TEMP TABLE counts AS
        SELECT f, s, count(*) FROM (SELECT array_positions(answer, true) AS true FROM answers) AS r, unnest(r.true) AS f, unnest(r.true) AS s WHERE f <= s GROUP BY f, s;
    INSERT INTO pairs (first, second, filter, truth)
        SELECT f.n, s.n, CASE f.n WHEN s.n THEN f.filter ELSE jsonb_build_object('$and', jsonb_build_array(f.filter, s.filter)) END, coalesce(count, 0)
        FROM filters f JOIN filters s ON f.n <= s.n LEFT JOIN counts ON counts.f = f.n AND counts.s = s.n;
END $$;
SELECT find_truth();

CREATE FUNCTION plan_rows(condition text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) SELECT FROM people WHERE ' || condition INTO plan;
    RETURN plan #>> '{0,Plan,Plan Rows}';
END $$;
