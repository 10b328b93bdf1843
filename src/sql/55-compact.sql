-- Compaction: the hot tier into blocks, bucket by bucket, in transactions of at most one block each. A
-- step is one statement that takes rows away and puts the same events back in another form, so that
-- every snapshot sees each event once; what a step has done stays done whatever becomes of the next.
--
-- Rows that somebody holds are left for the next time: compact never waits for ingestion. Ingestion waits
-- for compact only in a merge of users whose batches are just being moved. Which steps make a run, and when
-- one is due, is in 57-compact-run.sql.

-- What follows may run once for a bucket at a time.
CREATE FUNCTION @extschema@.compact_lock(app text, bucket integer) RETURNS boolean
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    RETURN pg_try_advisory_xact_lock(format('%I.event_blocks', app)::regclass::oid::integer, bucket);
END
$function$;
COMMENT ON FUNCTION @extschema@.compact_lock(text, integer) IS
    'internal: true when no other transaction compacts this bucket; until the end of the transaction';

CREATE FUNCTION @extschema@.compact_insert(app text, blocks @extschema@.event_block[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer bigint;
BEGIN
    EXECUTE format($template$
        INSERT INTO %I.event_blocks (bucket, first_uid, last_uid, first_ts, last_ts, events, users, keys, data)
        SELECT first_uid >> 16, first_uid, last_uid, first_ts, last_ts, events, users, keys, block
          FROM unnest($1) WITH ORDINALITY AS made (block, position),
               LATERAL @extschema@.event_block_summary(block)
         ORDER BY position
        $template$, app) USING blocks;
    GET DIAGNOSTICS answer = ROW_COUNT;
    RETURN answer;
END
$function$;
COMMENT ON FUNCTION @extschema@.compact_insert(text, @extschema@.event_block[]) IS
    'internal: stores blocks; returns how many';

-- The next step from a user on: batches of one bucket for one block. next_uid is null at the end.
CREATE FUNCTION @extschema@.compact_batches(
    app text, from_uid bigint, last_batch bigint, buckets integer[] DEFAULT NULL, OUT bucket integer,
    OUT batches bigint, OUT events bigint, OUT blocks bigint, OUT next_uid bigint)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    first_uid bigint;
    fitting bigint;
    taken record;
BEGIN
    EXECUTE format('SELECT uid FROM %I.event_batches
                     WHERE uid >= $1 AND batch <= $2 AND ($3 IS NULL OR bucket = ANY ($3)) ORDER BY uid LIMIT 1', app)
       INTO first_uid USING from_uid, last_batch, buckets;
    IF first_uid IS NULL THEN
        RETURN;
    END IF;
    bucket := first_uid >> 16;
    next_uid := (bucket + 1)::bigint << 16;
    IF NOT @extschema@.compact_lock(app, bucket) THEN
        RETURN;
    END IF;
    -- So many of the next batches fill a block.
    EXECUTE format($template$
        SELECT count(*) FROM (
            SELECT sum(length) OVER (ROWS UNBOUNDED PRECEDING) AS total, row_number() OVER () AS position
              FROM (SELECT @extschema@.event_list_length(events) AS length FROM %1$I.event_batches
                     WHERE uid >= $1 AND uid < $2 AND batch <= $3
                     ORDER BY uid, bucket, batch LIMIT 65536) AS batches) AS counted
         WHERE total <= 65536 OR position = 1
        $template$, app) INTO fitting USING first_uid, next_uid, last_batch;
    EXECUTE format($template$
        WITH chosen AS MATERIALIZED (
            SELECT ctid FROM %1$I.event_batches
             WHERE uid >= $1 AND uid < $2 AND batch <= $3
             ORDER BY uid, bucket, batch
             LIMIT $4
               FOR UPDATE SKIP LOCKED),
        gone AS (
            DELETE FROM %1$I.event_batches AS batches
             WHERE batches.ctid = ANY (ARRAY(SELECT ctid FROM chosen))
            RETURNING uid, batch, device_id, profile, events)
        SELECT array_agg(uid) AS uids, array_agg(device_id) AS device_ids, array_agg(profile) AS snapshots,
               array_agg(events) AS lists, sum(@extschema@.event_list_length(events)) AS events, max(uid) AS last_uid
          FROM (SELECT * FROM gone ORDER BY uid, batch) AS sorted
        $template$, app) INTO taken USING first_uid, next_uid, last_batch, fitting;
    batches := coalesce(cardinality(taken.uids), 0);
    events := coalesce(taken.events, 0);
    blocks := @extschema@.compact_insert(app,
        @extschema@.build_event_blocks(taken.uids, taken.device_ids, taken.snapshots, taken.lists));
    -- The last user may have more; when all that is left is held by others, the bucket is done.
    next_uid := coalesce(taken.last_uid, next_uid);
END
$function$;
COMMENT ON FUNCTION @extschema@.compact_batches(text, bigint, bigint, integer[]) IS
    'internal: moves batches of the next one of these buckets, or of all, into a block';

-- Of the next block that has events of merged users: those go back to the hot tier, under the number of
-- the user that they belong to, who may be of another bucket; the others into a new block.
CREATE FUNCTION @extschema@.compact_moved(
    app text, from_bucket integer, from_block bigint, buckets integer[] DEFAULT NULL, OUT bucket integer,
    OUT block bigint, OUT users bigint)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    kept record;
BEGIN
    EXECUTE format($template$
        SELECT blocks.bucket, blocks.block FROM %1$I.event_blocks AS blocks
         WHERE (blocks.bucket, blocks.block) > ($1, $2) AND ($3 IS NULL OR blocks.bucket = ANY ($3))
           AND EXISTS (SELECT FROM %1$I.moved_events AS moved
                        WHERE moved.bucket = blocks.bucket AND moved.uid BETWEEN blocks.first_uid AND blocks.last_uid
                          AND moved.uid = ANY (@extschema@.event_block_uids(blocks.data)))
         ORDER BY 1, 2 LIMIT 1
        $template$, app) INTO bucket, block USING from_bucket, from_block, buckets;
    IF block IS NULL OR NOT @extschema@.compact_lock(app, bucket) THEN
        RETURN;
    END IF;
    EXECUTE format($template$
        WITH moves AS MATERIALIZED (
            SELECT uid, into_uid FROM %1$I.moved_events WHERE bucket = $1 FOR UPDATE SKIP LOCKED),
        gone AS (
            DELETE FROM %1$I.event_blocks WHERE bucket = $1 AND block = $2 RETURNING data),
        batches AS MATERIALIZED (
            SELECT batch.*, moves.into_uid
              FROM gone
                   CROSS JOIN LATERAL ROWS FROM (@extschema@.event_block_batches(gone.data)) WITH ORDINALITY AS batch
                   LEFT JOIN moves ON moves.uid = batch.uid),
        marked AS (
            UPDATE %1$I.moved_events AS moved SET rewritten = true FROM moves
             WHERE moved.bucket = $1 AND moved.uid = moves.uid AND NOT moved.rewritten
               AND moves.uid IN (SELECT uid FROM batches)),
        returned AS (
            INSERT INTO %1$I.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
            SELECT into_uid, (into_uid >> 16)::integer, device_id, first_ts, last_ts, profile, events
              FROM batches WHERE into_uid IS NOT NULL ORDER BY ordinality)
        SELECT array_agg(uid ORDER BY ordinality) AS uids, array_agg(device_id ORDER BY ordinality) AS device_ids,
               array_agg(profile ORDER BY ordinality) AS snapshots, array_agg(events ORDER BY ordinality) AS lists,
               (SELECT count(DISTINCT uid) FROM batches WHERE into_uid IS NOT NULL) AS users
          FROM batches WHERE into_uid IS NULL
        $template$, app) INTO kept USING bucket, block;
    users := kept.users;
    PERFORM @extschema@.compact_insert(app,
        @extschema@.build_event_blocks(kept.uids, kept.device_ids, kept.snapshots, kept.lists));
END
$function$;
COMMENT ON FUNCTION @extschema@.compact_moved(text, integer, bigint, integer[]) IS
    'internal: takes the events of merged users out of the next block of these buckets, or of all';

CREATE FUNCTION @extschema@.compact_forget_moved(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        DELETE FROM %1$I.moved_events AS moved
         WHERE NOT EXISTS (SELECT FROM %1$I.event_blocks AS blocks
                            WHERE blocks.bucket = moved.bucket
                              AND moved.uid BETWEEN blocks.first_uid AND blocks.last_uid
                              AND moved.uid = ANY (@extschema@.event_block_uids(blocks.data)))
        $template$, app);
END
$function$;
COMMENT ON FUNCTION @extschema@.compact_forget_moved(text) IS
    'internal: forgets the merged users that no block has any more';

-- Small blocks, older ones first, as many as fit in one: once there are four in a bucket, or what fits
-- together is half a block. Blocks that hold as many columns as they can stay as they are.
CREATE FUNCTION @extschema@.compact_small(
    app text, from_bucket integer, small integer DEFAULT 16384, OUT bucket integer, OUT blocks bigint)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    numbers bigint[];
    merged @extschema@.event_block[];
BEGIN
    EXECUTE format($template$
        SELECT bucket, array_agg(block) FILTER (WHERE total <= 65536)
          FROM (SELECT bucket, block, sum(events) OVER (PARTITION BY bucket ORDER BY block) AS total
                  FROM %I.event_blocks WHERE events < $1 AND bucket >= $2) AS counted
         GROUP BY bucket
        HAVING count(*) >= 4 OR count(*) > 1 AND max(total) FILTER (WHERE total <= 65536) >= 32768
         ORDER BY bucket LIMIT 1
        $template$, app) INTO bucket, numbers USING small, from_bucket;
    IF bucket IS NULL OR NOT @extschema@.compact_lock(app, bucket) THEN
        RETURN;
    END IF;
    EXECUTE format($template$
        WITH chosen AS (
            SELECT block, data FROM %I.event_blocks WHERE bucket = $1 AND block = ANY ($2) FOR UPDATE)
        SELECT @extschema@.merge_event_blocks(array_agg(data ORDER BY block)), count(*) FROM chosen
        $template$, app) INTO merged, blocks USING bucket, numbers;
    IF cardinality(merged) >= blocks THEN
        blocks := NULL;
        RETURN;
    END IF;
    EXECUTE format('DELETE FROM %I.event_blocks WHERE bucket = $1 AND block = ANY ($2)', app) USING bucket, numbers;
    PERFORM @extschema@.compact_insert(app, merged);
END
$function$;
COMMENT ON FUNCTION @extschema@.compact_small(text, integer, integer) IS
    'internal: merges small blocks of the next bucket that has many';
