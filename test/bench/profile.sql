-- 200,000 profiles with 20 standard and 20 custom properties, as profile and as jsonb.

SET search_path = public, profiles;

CREATE UNLOGGED TABLE documents AS
SELECT i AS id, jsonb_build_object(
    'name', 'User ' || i, 'username', 'user' || i, 'email', 'user' || i || '@example.org',
    'organization', 'Org ' || i % 100, 'phone', '+49301234' || i,
    'gender', (array['M', 'F'])[1 + i % 2], 'byear', 1950 + i % 50,
    'country', (array['DE', 'US', 'FR', 'GB', 'JP'])[1 + i % 5], 'region', 'Region ' || i % 50,
    'city', 'City ' || i % 500, 'platform', (array['Android', 'iOS', 'Web'])[1 + i % 3],
    'platform_version', (i % 15) || '.1', 'device', 'Pixel ' || i % 9, 'device_type', 'mobile',
    'app_version', '1.' || i % 10 || '.3', 'carrier', 'Carrier ' || i % 20,
    'resolution', '1080x2400', 'language', 'de', 'sdk', 'android-native', 'source', 'store',
    'custom', jsonb_build_object(
        'plan', (array['free', 'pro', 'team'])[1 + i % 3], 'score', i % 1000, 'visits', i % 77,
        'balance', (i % 10000) / 100.0, 'beta', i % 2 = 0,
        'tags', jsonb_build_array('a' || i % 5, 'b' || i % 7, 'c'), 'level', i % 30,
        'team', 'team ' || i % 10, 'role', 'role ' || i % 20, 'ticket', i, 'theme', 'dark',
        'tier', i % 3, 'motto', 'lorem ipsum', 'opted_in', true, 'points', i * 2, 'shirt', 'XL',
        'channel', 'w', 'logins', 11, 'month', 'twelve', 'age', 13 + i % 60)) AS document
FROM generate_series(1, 200000) AS i;

CREATE UNLOGGED TABLE people AS SELECT id, document::profile AS profile FROM documents;
VACUUM ANALYZE documents, people;

-- One operator, net of the scan.
\set scan_ours '''select count(profile) from people'''
\set scan_theirs '''select count(document) from documents'''

CALL bench.compare('inc', 1.0 / 8,
    $$select count(inc(profile, 'visits')) from people$$,
    $$select count(jsonb_set(document, '{custom,visits}', to_jsonb((document #>> '{custom,visits}')::numeric + 1))) from documents$$,
    :scan_ours, :scan_theirs);

CALL bench.compare('set', 1.0 / 8,
    $$select count(set(profile, 'plan', 'gold'::text)) from people$$,
    $$select count(jsonb_set(document, '{custom,plan}', '"gold"')) from documents$$,
    :scan_ours, :scan_theirs);

CALL bench.compare('add_to_set', 1.0 / 8,
    $$select count(add_to_set(profile, 'tags', 'zz'::text)) from people$$,
    $$select count(case when document #> '{custom,tags}' @> '"zz"' then document else jsonb_set(document, '{custom,tags}', (document #> '{custom,tags}') || '"zz"') end) from documents$$,
    :scan_ours, :scan_theirs);

CALL bench.compare('a document of five operators', 1.0 / 15,
    $$select count(apply(profile, '{"custom":{"visits":{"$inc":1},"score":{"$max":500},"plan":"gold","tags":{"$push":"zz"},"team":{"$unset":1}}}')) from people$$,
    $$select count(jsonb_set(jsonb_set(jsonb_set(jsonb_set(document, '{custom,visits}', to_jsonb((document #>> '{custom,visits}')::numeric + 1)), '{custom,score}', to_jsonb(greatest((document #>> '{custom,score}')::numeric, 500))), '{custom,plan}', '"gold"'), '{custom,tags}', (document #> '{custom,tags}') || '"zz"') #- '{custom,team}') from documents$$,
    :scan_ours, :scan_theirs);

-- Access, net of the scan.
CALL bench.compare('->> of a standard property', 1.0 / 2,
    $$select count(profile ->> 'country') from people$$,
    $$select count(document ->> 'country') from documents$$,
    :scan_ours, :scan_theirs);

CALL bench.compare('->> of a custom property', 1.0 / 2,
    $$select count(profile ->> 'custom.plan') from people$$,
    $$select count(document #>> '{custom,plan}') from documents$$,
    :scan_ours, :scan_theirs);

-- A filter without an index, scan included: against the two best forms that jsonb has.
CALL bench.compare('filter without an index, against operators', 1.0 / 2,
    $$select count(*) from people where profile @@ '{"country":{"$in":["DE","FR"]},"$or":[{"custom.plan":"pro"},{"custom.score":{"$gt":900}}]}'::segment$$,
    $$select count(*) from documents where document ->> 'country' in ('DE', 'FR') and (document #>> '{custom,plan}' = 'pro' or (document #> '{custom,score}')::numeric > 900)$$);

CALL bench.compare('filter without an index, against jsonpath', 1.0 / 2,
    $$select count(*) from people where profile @@ '{"country":{"$in":["DE","FR"]},"$or":[{"custom.plan":"pro"},{"custom.score":{"$gt":900}}]}'::segment$$,
    $$select count(*) from documents where document @@ '($.country == "DE" || $.country == "FR") && ($.custom.plan == "pro" || $.custom.score > 900)'$$);

-- With GIN.
CREATE INDEX people_gin ON people USING gin (profile);
CREATE INDEX documents_ops ON documents USING gin (document);
CREATE INDEX documents_path_ops ON documents USING gin (document jsonb_path_ops);
VACUUM ANALYZE documents, people;
SET enable_seqscan = off;

CALL bench.compare('GIN, equality of two properties, against jsonb_path_ops', 1.0,
    $$select count(*) from people where profile @@ '{"city":"City 17","custom.plan":"pro"}'::segment$$,
    $$select count(*) from documents where document @> '{"city":"City 17","custom":{"plan":"pro"}}'$$,
    runs => 25);

CALL bench.compare('GIN, one property, against jsonb_path_ops', 1.0,
    $$select count(*) from people where profile @@ '{"custom.ticket":4711}'::segment$$,
    $$select count(*) from documents where document @> '{"custom":{"ticket":4711}}'$$,
    runs => 25);

CALL bench.compare('GIN, a range that jsonb can only scan for', 1.0 / 2,
    $$select count(*) from people where profile @@ '{"custom.ticket":{"$gte":1000,"$lt":1200}}'::segment$$,
    $$select count(*) from documents where document @@ '$.custom.ticket >= 1000 && $.custom.ticket < 1200'$$);

SELECT line FROM bench.report;

SELECT format(E'stored size of a value\n  ours    %s bytes\n  theirs  %s bytes\n  ratio   %s (to reach: at most 1)',
              round(ours), round(theirs), bench.ratio(ours, theirs))
FROM (SELECT avg(pg_column_size(profile))::float8 AS ours FROM people) AS ours,
     (SELECT avg(pg_column_size(document))::float8 AS theirs FROM documents) AS theirs;

SELECT format(E'size of the GIN index against %s\n  ours    %s\n  theirs  %s\n  ratio   %s (to reach: at most %s)',
              theirs, pg_size_pretty(pg_relation_size('people_gin')),
              pg_size_pretty(pg_relation_size(theirs::regclass)),
              bench.ratio(pg_relation_size('people_gin'), pg_relation_size(theirs::regclass)), reach)
FROM (VALUES ('documents_ops', '0.7'), ('documents_path_ops', 'printed')) AS other (theirs, reach);
