-- Data for queries over people: :users users with 20 properties and counters each, the same in every run. shop.users: the
-- app; people: a jsonb table with the same documents and counters, with the indexes that help most.
SET search_path = public, profiles;
SET client_min_messages = warning;

CREATE FUNCTION pick(seed bigint, salt bigint, bound bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    'SELECT (hashint8extended(seed, salt) & 9223372036854775807) % bound';

CREATE UNLOGGED TABLE crowd AS
SELECT uid, 'device ' || uid AS device_id, jsonb_build_object(
           'country', (ARRAY['DE','US','TR','FR','JP','BR','IN','GB','IT','ES'])[1 + least(pick(uid, 1, 10), pick(uid, 2, 10))],
           'region', 'region ' || pick(uid, 3, 100), 'city', 'city ' || pick(uid, 4, 300),
           'platform', (ARRAY['Android','iOS','Web'])[1 + pick(uid, 5, 3)], 'platform_version', pick(uid, 6, 12) || '.0',
           'device', 'model ' || pick(uid, 7, 80), 'device_type', (ARRAY['mobile','tablet','desktop'])[1 + pick(uid, 8, 3)],
           'manufacturer', 'maker ' || pick(uid, 9, 12), 'resolution', 1000 + 10 * pick(uid, 10, 15) || 'x800',
           'carrier', 'carrier ' || pick(uid, 11, 25), 'language', 'l' || pick(uid, 12, 15), 'app_version', '4.' || pick(uid, 21, 12),
           'source', 'source ' || pick(uid, 13, 6), 'source_channel', 'channel ' || pick(uid, 14, 4),
           'name', 'User ' || uid, 'email', 'user' || uid || '@example.com',
           'custom', jsonb_build_object('plan', (ARRAY['free','free','free','free','pro','pro','team'])[1 + pick(uid, 22, 7)],
                                        'level', pick(uid, 20, 100), 'age', 18 + pick(uid, 15, 60), 'vip', pick(uid, 16, 10) = 0)) AS profile,
       pick(uid, 23, 12)::int AS session_count, pick(uid, 24, 100000) AS time_spent,
       timestamptz '2024-06-01 00:00+00' - pick(uid, 25, 90 * 86400) * interval '1 second' AS first_seen
  FROM generate_series(1, :users) AS uid;

SELECT length(create_app('shop'));
INSERT INTO shop.users (uid, bucket, device_id, profile, session_count, time_spent, first_seen, last_seen)
SELECT uid, uid >> 16, device_id, profile::text::profile, session_count, time_spent, first_seen, first_seen FROM crowd;
CREATE TABLE people (uid bigint PRIMARY KEY, device_id text, profile jsonb, session_count integer, time_spent bigint, first_seen timestamptz)
    WITH (fillfactor = 70);
INSERT INTO people SELECT uid, device_id, profile, session_count, time_spent, first_seen FROM crowd;
CREATE INDEX ON people USING gin (profile jsonb_path_ops);
CREATE INDEX ON people ((profile ->> 'country'));
CREATE INDEX ON people ((profile -> 'custom' ->> 'plan'));
CREATE INDEX ON people (((profile -> 'custom' ->> 'level')::integer));
CREATE INDEX ON people (session_count);
CREATE INDEX ON people (first_seen);
DROP TABLE crowd;
VACUUM ANALYZE people, shop.users;
