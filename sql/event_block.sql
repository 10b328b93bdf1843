-- The type event_block: in and out, what it holds, what is refused.
\pset format unaligned
\pset tuples_only
SET search_path = public, profiles;
CREATE FUNCTION pg_temp.error_of(command text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text;
BEGIN
    EXECUTE command;
    RETURN NEXT 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                            detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN NEXT state || ': ' || message;
    RETURN QUERY SELECT 'DETAIL: ' || detail WHERE detail <> '';
    RETURN QUERY SELECT 'HINT: ' || hint WHERE hint <> '';
END
$$;

-- Three batches of two users, not in the order of time; the rows come by user and time, events of one
-- millisecond in the order in which they came.
CREATE TABLE kept (block event_block);
INSERT INTO kept SELECT unnest(build_event_blocks(
    '{1,1,70}', '{d1,d2,d1}',
    ARRAY['{"country":"DE","custom":{"plan":"pro","address":{"zip":"10115"}}}', '{"country":"FR"}', '{}']::profile[],
    ARRAY['[{"key":"buy","ts":1714557600000,"sum":9.99,"count":2,"segmentation":{"item":"pen","none":null}},
            {"key":"view","ts":1714557600000,"dur":1.5,"hour":10,"dow":4}]',
          '[{"key":"buy","ts":1714557500000,"sum":0.001}]',
          '[{"key":"open","ts":1714557700000}]']::event_list[]));
SELECT event.* FROM kept, event_block_rows(block) AS event;
SELECT batch.* FROM kept, event_block_batches(block) AS batch;
SELECT summary.* FROM kept, event_block_summary(block) AS summary;
SELECT info - 'columns' FROM kept, event_block_info(block) AS info;
SELECT c ->> 'name', c ->> 'form', c ->> 'width', c ->> 'values', c ->> 'missing', c ->> 'runs', c ->> 'bytes'
  FROM kept, jsonb_array_elements(event_block_info(block) -> 'columns') AS c;

-- Text and binary form: the same bytes again, by COPY too.
SELECT attstorage FROM pg_attribute WHERE attrelid = 'kept'::regclass AND attname = 'block';
SELECT length(block::text) / 2 - 1 = (event_block_info(block) ->> 'bytes')::int, left(block::text, 10) FROM kept;
SELECT block::text::event_block::text = block::text FROM kept;
\getenv directory PROFILES_DATA
\if :{?directory}
\else
\set directory /tmp
\endif
\set file :directory '/event_block.bin'
COPY kept TO :'file' (FORMAT binary);
CREATE TABLE copied (LIKE kept);
COPY copied FROM :'file' (FORMAT binary);
SELECT copied.block::text = kept.block::text FROM copied, kept;

-- Blocks merged: as if built at once, the older first.
SELECT array_length(merged, 1), (SELECT string_agg(uid || key, ' ') FROM event_block_rows(merged[1]))
  FROM (SELECT merge_event_blocks(array_agg(block)) AS merged FROM (SELECT block FROM kept UNION ALL SELECT block FROM kept) AS twice) AS m;
SELECT merge_event_blocks('{}'), build_event_blocks('{}', '{}', '{}', '{}');

-- More than a block holds.
SELECT array_agg((event_block_info(block) ->> 'events')::int)
  FROM unnest(build_event_blocks('{5}', '{d}', ARRAY['{}']::profile[], ARRAY[(
           SELECT '[' || string_agg('{"key":"k","ts":' || n || '}', ',') || ']' FROM generate_series(1, 70000) AS n)]::event_list[])) AS block;

-- A large block lives outside of its row, uncompressed; its parts are read from there.
INSERT INTO kept SELECT unnest(build_event_blocks(array_agg(n), array_agg('device ' || md5(n::text)), array_agg(format('{"custom":{"n":%s}}', n)::profile),
                                                  array_agg(format('[{"key":"k","ts":%s}]', n)::event_list)))
  FROM generate_series(1, 5000) AS n;
SELECT pg_column_size(block) > 100000, (event_block_summary(block)).*, event_block_info(block) -> 'events' FROM kept WHERE pg_column_size(block) > 2000;
SELECT count(*), sum(uid), min(profile::text), max(device_id) = max('device ' || md5(uid::text)) FROM kept, event_block_rows(block) WHERE key = 'k';

-- NULL in, NULL out.
SELECT event_block_info(NULL) IS NULL, event_block_summary(NULL) IS NULL, build_event_blocks('{1}', NULL, NULL, NULL) IS NULL;

-- What is refused.
SELECT pg_temp.error_of($$SELECT ''::event_block$$);
SELECT pg_temp.error_of($$SELECT '[{"key":"a"}]'::event_block$$);
SELECT pg_temp.error_of($$SELECT '\x'::event_block$$);
SELECT pg_temp.error_of($$SELECT '\xabc'::event_block$$);
SELECT pg_temp.error_of($$SELECT '\xzz'::event_block$$);
SELECT pg_temp.error_of($$SELECT ('\x' || repeat('00', 48))::event_block$$);
SELECT pg_temp.error_of($$SELECT ('\x01' || repeat('00', 47))::event_block$$);
SELECT pg_temp.error_of($$SELECT ('\x02' || repeat('00', 47))::event_block$$);
SELECT pg_temp.error_of($$SELECT (block::text || '00')::event_block FROM kept LIMIT 1$$);
SELECT pg_temp.error_of($$SELECT left(block::text, -2)::event_block FROM kept LIMIT 1$$);
SELECT pg_temp.error_of($$SELECT build_event_blocks('{1,65536}', '{a,b}', '{"{}","{}"}', ARRAY['[{"key":"a","ts":1}]', '[{"key":"a","ts":1}]']::event_list[])$$);
SELECT pg_temp.error_of($$SELECT build_event_blocks('{1}', '{a,b}', '{"{}"}', '{}')$$);
SELECT pg_temp.error_of($$SELECT build_event_blocks('{NULL}', '{a}', '{"{}"}', ARRAY['[]']::event_list[])$$);
-- every byte in turn: an error, or a block that can be read
SELECT count(*) FILTER (WHERE error <> 'no error') > 300 AS most, array_agg(DISTINCT error) FROM kept,
       generate_series(0, length(block::text) / 2 - 2) AS at,
       LATERAL pg_temp.error_of(format('SELECT count(*) FROM profiles.event_block_rows(%L)', overlay(block::text PLACING
           lpad(to_hex(get_byte(decode(substr(block::text, 3 + 2 * at, 2), 'hex'), 0) # 129), 2, '0') FROM 3 + 2 * at FOR 2))) AS error
 WHERE pg_column_size(block) < 3000;
