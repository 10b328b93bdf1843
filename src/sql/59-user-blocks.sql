-- Copies of users by column, for users_segmentation: one row for each range of 1,024 pages of the table of
-- users. A copy never decides what is true, it only saves work: whoever reads it asks the table which of
-- its rows still hold, so that ingestion need not know of it. compact makes them.

CREATE FUNCTION @extschema@.user_block_make(users oid, range integer) RETURNS bytea
    AS 'MODULE_PATHNAME', 'user_block_make' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 100000;
COMMENT ON FUNCTION @extschema@.user_block_make(oid, integer) IS
    'internal: a copy of a range of pages of a table of users, to be stored by the same transaction; NULL when none can be made';

CREATE FUNCTION @extschema@.user_block_changed(users oid, range integer, data bytea, written_by xid) RETURNS integer
    AS 'MODULE_PATHNAME', 'user_block_changed' LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION @extschema@.user_block_changed(oid, integer, bytea, xid) IS
    'internal: how many pages of a range are not as its copy, stored by that transaction, has them';

CREATE FUNCTION @extschema@.user_block_uids(data bytea) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'user_block_uids' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION @extschema@.user_block_uids(bytea) IS
    'internal: the users that a copy has; NULL when it is of another version';

-- Few rows share a page, since parallel workers take pages. Never compressed, so that its parts can be
-- fetched one by one.
CREATE FUNCTION @extschema@.create_user_blocks_table(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE TABLE %1$I.user_blocks (
            range integer NOT NULL,
            data  bytea NOT NULL,
            CONSTRAINT user_blocks_pkey PRIMARY KEY (range)
        ) WITH (fillfactor = 10, parallel_workers = 8);

        ALTER TABLE %1$I.user_blocks ALTER COLUMN data SET STORAGE EXTERNAL;

        COMMENT ON TABLE %1$I.user_blocks IS 'copies of users by column, written by compact; users_segmentation takes what still holds';
        COMMENT ON COLUMN %1$I.user_blocks.range IS 'number of the range of 1,024 pages of the table of users';
        COMMENT ON COLUMN %1$I.user_blocks.data IS 'the copy';
        $template$, app);
END
$function$;
COMMENT ON FUNCTION @extschema@.create_user_blocks_table(text) IS 'internal: part of create_app';

-- The lock comes first: purge_user, which holds one against it until it ends, waits for a copy that is being
-- made, and one that is made later does not find the user any more.
CREATE FUNCTION @extschema@.compact_users_range(app text, range integer) RETURNS boolean
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    users oid := format('%I.users', app)::regclass;
    changed integer;
    made bytea;
BEGIN
    EXECUTE format('LOCK TABLE %I.user_blocks IN ROW EXCLUSIVE MODE', app);
    IF NOT pg_try_advisory_xact_lock(format('%I.user_blocks', app)::regclass::oid::integer, range) THEN
        RETURN false;
    END IF;
    EXECUTE format('SELECT @extschema@.user_block_changed($1, range, data, xmin) FROM %I.user_blocks WHERE range = $2', app)
       INTO changed USING users, range;
    -- A few pages are read as fast as a copy of them.
    IF changed <= 64 THEN
        RETURN false;
    END IF;
    made := @extschema@.user_block_make(users, range);
    IF made IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('INSERT INTO %I.user_blocks (range, data) VALUES ($1, $2)
                        ON CONFLICT (range) DO UPDATE SET data = excluded.data', app) USING range, made;
    RETURN true;
END
$function$;
COMMENT ON FUNCTION @extschema@.compact_users_range(text, integer) IS
    'internal: makes the copy of a range of pages anew where much of it has changed; true when it did';

-- What lies beyond the end of the table goes.
CREATE FUNCTION @extschema@.compact_users_end(app text) RETURNS integer
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    ranges integer := (pg_relation_size(format('%I.users', app)::regclass) / current_setting('block_size')::bigint + 1023) / 1024;
BEGIN
    EXECUTE format('DELETE FROM %I.user_blocks WHERE range >= $1', app) USING ranges;
    RETURN ranges;
END
$function$;
COMMENT ON FUNCTION @extschema@.compact_users_end(text) IS
    'internal: removes copies of pages that the table of users has no more; returns the number of its ranges';

-- A copy of a user who is gone is never read, but it is still there; so may be copies of those who were
-- merged into this one.
CREATE FUNCTION @extschema@.purge_user_blocks(app text, uid bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format('LOCK TABLE %I.user_blocks IN SHARE ROW EXCLUSIVE MODE', app);
    EXECUTE format($statement$
        WITH RECURSIVE selves AS (
            SELECT $1 AS uid
             UNION
            SELECT m.from_uid FROM selves JOIN %1$I.merges AS m ON m.uid = selves.uid
        )
        DELETE FROM %1$I.user_blocks
         WHERE coalesce(@extschema@.user_block_uids(data) && ARRAY(SELECT selves.uid FROM selves), true)
        $statement$, app) USING uid;
END
$function$;
COMMENT ON FUNCTION @extschema@.purge_user_blocks(text, bigint) IS 'internal: part of purge_user';
