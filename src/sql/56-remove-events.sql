-- Taking a user's events out of both tiers.

CREATE FUNCTION @extschema@.remove_from_block(app text, in_bucket integer, in_block bigint, uids bigint[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    kept record;
BEGIN
    EXECUTE format($template$
        WITH gone AS (
            DELETE FROM %I.event_blocks WHERE bucket = $1 AND block = $2 RETURNING data),
        batches AS MATERIALIZED (
            SELECT batch.* FROM gone CROSS JOIN LATERAL
                   ROWS FROM (@extschema@.event_block_batches(gone.data)) WITH ORDINALITY AS batch)
        SELECT array_agg(uid ORDER BY ordinality) FILTER (WHERE uid <> ALL ($3)) AS uids,
               array_agg(device_id ORDER BY ordinality) FILTER (WHERE uid <> ALL ($3)) AS device_ids,
               array_agg(profile ORDER BY ordinality) FILTER (WHERE uid <> ALL ($3)) AS snapshots,
               array_agg(events ORDER BY ordinality) FILTER (WHERE uid <> ALL ($3)) AS lists,
               coalesce(sum(@extschema@.event_list_length(events)) FILTER (WHERE uid = ANY ($3)), 0) AS removed
          FROM batches
        $template$, app) INTO kept USING in_bucket, in_block, uids;
    PERFORM @extschema@.compact_insert(app,
        @extschema@.build_event_blocks(kept.uids, kept.device_ids, kept.snapshots, kept.lists));
    RETURN kept.removed;
END
$function$;
COMMENT ON FUNCTION @extschema@.remove_from_block(text, integer, bigint, bigint[]) IS
    'internal: writes a block anew without the events of these users; returns how many it left out';

-- Waits for compact, which holds a bucket for some tenths of a second; then nothing moves between the tiers.
CREATE FUNCTION @extschema@.remove_events(app text, uid bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    numbers bigint[];
    part    bigint;
    removed bigint;
    found   record;
BEGIN
    PERFORM @extschema@.app_timezone(app);   -- an unknown app is an error
    EXECUTE format('SELECT array_agg(of.uid) FROM (SELECT $1 AS uid UNION SELECT moved.uid FROM %I.moved_events AS moved
                     WHERE moved.into_uid = $1) AS of', app) INTO numbers USING uid;
    PERFORM pg_advisory_xact_lock(format('%I.event_blocks', app)::regclass::oid::integer, buckets.bucket)
       FROM (SELECT DISTINCT (number >> 16)::integer AS bucket FROM unnest(numbers) AS number ORDER BY 1) AS buckets;
    EXECUTE format($template$
        WITH gone AS (
            DELETE FROM %I.event_batches WHERE uid = $1 AND bucket = ($1 >> 16)::integer RETURNING events)
        SELECT coalesce(sum(@extschema@.event_list_length(events)), 0) FROM gone
        $template$, app) INTO removed USING uid;
    FOR found IN EXECUTE format($template$
        SELECT DISTINCT blocks.bucket, blocks.block
          FROM unnest($1) AS number JOIN %I.event_blocks AS blocks
               ON blocks.bucket = (number >> 16)::integer AND number BETWEEN blocks.first_uid AND blocks.last_uid
         WHERE number = ANY (@extschema@.event_block_uids(blocks.data))
        $template$, app) USING numbers
    LOOP
        part := @extschema@.remove_from_block(app, found.bucket, found.block, numbers);
        removed := removed + part;
    END LOOP;
    EXECUTE format('DELETE FROM %I.moved_events WHERE into_uid = $1', app) USING uid;
    RETURN removed;
END
$function$;
COMMENT ON FUNCTION @extschema@.remove_events(text, bigint) IS
    'removes all events of a user, in batches and in blocks, also those that came with merges; returns how many; the user and its counters stay as they are';
