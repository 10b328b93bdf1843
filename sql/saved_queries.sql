-- Saved queries: save, list, load, share, delete; what is the same query; who may do what.
\pset format unaligned
\pset tuples_only
\set SHOW_CONTEXT never
SET search_path = public, profiles;
SELECT length(create_app('shop'));

SELECT save_query('shop', 'Pros', 'buy', '{"custom.plan":"pro","country":{"$in":["DE","FR"]}}', '{platform,country}', description => 'who pays');
SELECT save_query('shop', 'Everything', NULL, bucket => NULL, period => 'all', global => true, visualization => 'line');
SELECT id, name, description, creator = current_user, global, event, query, breakdown, bucket, period, visualization FROM list_queries('shop');
SELECT load_query('shop', 1);
SELECT load_query('shop', 2);

-- The same query: conditions, elements and breakdowns in another order, aliases of properties, other name and period
SELECT save_query('shop', 'Again', 'buy', '{"up.cc":{"$in":["FR","DE"]},"up.custom.plan":{"$eq":"pro"}}', '{country,platform,country}', period => '7days');
SELECT save_query('shop', 'Again', 'buy', '{"$and":[{"country":{"$in":["FR","DE"]}},{"custom.plan":"pro"}]}', '{country,platform}');
DO $$
BEGIN
    PERFORM profiles.save_query('shop', 'Again', NULL, visualization => 'line');
EXCEPTION WHEN unique_violation THEN
    RAISE NOTICE '% %', SQLSTATE, SQLERRM;
END
$$;
-- Not the same
SELECT save_query('shop', 'other event', 'view', '{"custom.plan":"pro","country":{"$in":["DE","FR"]}}', '{platform,country}');
SELECT save_query('shop', 'other filter', 'buy', '{"custom.plan":"pro"}', '{platform,country}');
SELECT save_query('shop', 'other breakdown', 'buy', '{"custom.plan":"pro","country":{"$in":["DE","FR"]}}', '{platform}');
SELECT save_query('shop', 'other picture', 'buy', '{"custom.plan":"pro","country":{"$in":["DE","FR"]}}', '{platform,country}', visualization => 'pie');

-- A region is saved by its name, and asked for as it is then.
INSERT INTO shop.geo_targets VALUES ('Rhine', '{"country": "DE"}');
SELECT save_query('shop', 'there', 'buy', '{"geo": "Rhine"}', '{country}', bucket => NULL, period => 'all');
SELECT query FROM list_queries('shop') WHERE name = 'there';
SELECT uid FROM ingest_bulk('shop', '[{"device_id": "d", "timestamp": 1713268800, "country_code": "DE", "events": [{"key": "buy"}]},
                                      {"device_id": "f", "timestamp": 1713268800, "country_code": "FR", "events": [{"key": "buy", "count": 2}]}]');
SELECT load_query('shop', id) ->> 'queryObject', segmentation_request('shop', load_query('shop', id)) #>> '{data,daily}' FROM list_queries('shop') WHERE name = 'there';
UPDATE shop.geo_targets SET filter = '{"country": "FR"}';
SELECT segmentation_request('shop', load_query('shop', id)) #>> '{data,daily}' FROM list_queries('shop') WHERE name = 'there';
SELECT save_query('shop', 'nowhere', 'buy', '{"geo": "Atlantis"}');
SELECT delete_query('shop', id) FROM list_queries('shop') WHERE name = 'there';

-- Errors
SELECT save_query('shop', NULL, 'buy');
SELECT save_query('shop', '', 'buy');
SELECT save_query('shop', 'x', 'buy', '{"$where":1}');
SELECT save_query('shop', 'x', 'buy', bucket => 'yearly');
SELECT save_query('shop', 'x', 'buy', period => 'always');
SELECT save_query('shop', 'x', 'buy', period => NULL);
SELECT save_query('shop', 'x', 'buy', global => NULL);
SELECT save_query('shopp', 'x', 'buy');
SELECT * FROM list_queries('shopp');
SELECT load_query('shop', 99);
SELECT share_query('shop', 99);
SELECT delete_query('shop', NULL);

-- Another role sees what is shared, and has queries of its own.
CREATE ROLE regress_analyst;
GRANT USAGE ON SCHEMA shop TO regress_analyst;
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.saved_queries TO regress_analyst;
SELECT share_query('shop', 1);
SET ROLE regress_analyst;
SELECT id, name, creator = current_user FROM list_queries('shop');
SELECT save_query('shop', 'Mine', 'buy', '{"custom.plan":"pro","country":{"$in":["DE","FR"]}}', '{platform,country}') > 4;
SELECT load_query('shop', 1) ->> 'event';
SELECT load_query('shop', 3);
SELECT delete_query('shop', 1);
SELECT share_query('shop', 1, false);
SELECT delete_query('shop', 3);
RESET ROLE;
SELECT id, name FROM list_queries('shop');
SELECT share_query('shop', 1, false);
SET ROLE regress_analyst;
SELECT name FROM list_queries('shop');
RESET ROLE;
SELECT delete_query('shop', 1);
SELECT name FROM list_queries('shop');
SELECT save_query('shop', 'Again', 'buy', '{"custom.plan":"pro","country":{"$in":["DE","FR"]}}', '{platform,country}') IS NOT NULL;
DROP OWNED BY regress_analyst;
DROP ROLE regress_analyst;
