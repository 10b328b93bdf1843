-- A block is read page by page as it lies in its TOAST table, wherever its pieces lie: side by side, in the holes
-- that other values have left, or in the middle of somebody else's pages.
\pset format unaligned
\pset tuples_only
SET search_path = public, profiles;

-- 6,000 events of 300 users, in 4 forms of the same block: in memory, stored at once, stored in holes, stored inline.
CREATE FUNCTION made() RETURNS event_block LANGUAGE sql AS $$
    SELECT (build_event_blocks(array_agg(uid), array_agg('device ' || uid), array_agg(profile), array_agg(events)))[1]
      FROM (SELECT uid, ('{"country": "' || (ARRAY['DE', 'FR', 'TR'])[uid % 3 + 1] || '"}')::profile,
                   (SELECT jsonb_agg(jsonb_build_object('key', (ARRAY['view', 'buy'])[1 + n % 2], 'ts', 1714557600000 + uid * 1000000 + n * n * 977,
                                                        'dur', n, 'segmentation', jsonb_build_object('item', md5(uid || ' ' || n))))
                      FROM generate_series(1, 20) AS n)::text::event_list
              FROM generate_series(1, 300) AS uid) AS batch (uid, profile, events)
$$;
CREATE TABLE at_once (block event_block);
INSERT INTO at_once SELECT made();

CREATE TABLE in_holes (block event_block, filler text);
ALTER TABLE in_holes ALTER filler SET STORAGE EXTERNAL;
INSERT INTO in_holes (filler) SELECT repeat('x', 2500) FROM generate_series(1, 400);
DELETE FROM in_holes WHERE ctid IN (SELECT ctid FROM (SELECT ctid, row_number() OVER () AS n FROM in_holes) AS numbered WHERE n % 3 = 1);
VACUUM in_holes;
INSERT INTO in_holes (block) SELECT made();

CREATE FUNCTION pieces_per_page(relation regclass) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    found numeric;
BEGIN
    EXECUTE format('SELECT count(*)::numeric / count(DISTINCT (ctid::text::point)[0]) FROM %1$s
                     WHERE chunk_id = (SELECT chunk_id FROM %1$s GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)',
                   (SELECT reltoastrelid::regclass FROM pg_class WHERE oid = relation))
       INTO found;
    RETURN found;
END
$$;
SELECT pieces_per_page('at_once') > 3.8, pieces_per_page('in_holes') < 3;

SELECT length(block::text) / 2 - 1 > 200000 FROM at_once;
CREATE VIEW forms AS
SELECT 'at once' AS form, block FROM at_once
UNION ALL SELECT 'in holes', block FROM in_holes WHERE block IS NOT NULL
UNION ALL SELECT 'in memory', made();
SELECT form, md5(block::text) = md5(made()::text) FROM forms;
SELECT form, summary.* FROM forms, event_block_summary(block) AS summary;
SELECT form, cardinality(event_block_uids(block)), event_block_uids(block) = ARRAY(SELECT generate_series(1, 300)::bigint) FROM forms;
SELECT form, event_block_info(block) = event_block_info(made()) FROM forms;
SELECT form, md5(segmentation_groups(block, NULL, NULL, NULL, NULL, NULL, '{}', 'view', '{"country": {"$ne": "FR"}}', '{event.item}', NULL, NULL, NULL, NULL, NULL)::text)
             = md5(segmentation_groups(made(), NULL, NULL, NULL, NULL, NULL, '{}', 'view', '{"country": {"$ne": "FR"}}', '{event.item}', NULL, NULL, NULL, NULL, NULL)::text)
  FROM forms GROUP BY form ORDER BY form;

-- Rows that were written and not committed lie among the pieces; those of a transaction are read by itself.
BEGIN;
INSERT INTO at_once SELECT made();
SAVEPOINT one;
INSERT INTO at_once SELECT made();
ROLLBACK TO one;
INSERT INTO at_once SELECT made();
SELECT count(*), count(DISTINCT event_block_uids(block)), sum(cardinality(event_block_uids(block))) FROM at_once;
ROLLBACK;
SELECT cardinality(event_block_uids(block)) FROM at_once;

-- A piece that is missing is reported as PostgreSQL reports it.
CREATE EXTENSION pg_surgery;
CREATE FUNCTION pg_temp.lose(relation regclass, piece integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    toast regclass := (SELECT reltoastrelid FROM pg_class WHERE oid = relation);
    place tid;
BEGIN
    EXECUTE format('SELECT ctid FROM %s WHERE chunk_seq = $1', toast) INTO place USING piece;
    PERFORM heap_force_kill(toast, ARRAY[place]);
END
$$;
SELECT pg_temp.lose('at_once', 100);
DO $$
BEGIN
    PERFORM block::text FROM at_once;
EXCEPTION WHEN data_corrupted THEN
    RAISE NOTICE '%', regexp_replace(SQLERRM, 'value \d+ in .*', 'value N in its TOAST table');
END
$$;
DO $$
BEGIN
    PERFORM segmentation_groups(block, NULL, NULL, NULL, NULL, NULL, '{}', NULL, '{}', '{event.item}', NULL, NULL, NULL, NULL, NULL) FROM at_once;
EXCEPTION WHEN data_corrupted THEN
    RAISE NOTICE '%', regexp_replace(SQLERRM, 'value \d+ in .*', 'value N in its TOAST table');
END
$$;
-- The directory is in other pieces.
SELECT event_block_info(block) ->> 'events' FROM at_once;
