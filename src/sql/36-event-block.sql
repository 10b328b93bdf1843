-- The type event_block: up to 65,536 events of one bucket of users, stored by column.
--
-- STORAGE external: a block is never compressed, so that its parts can be fetched one by one.

CREATE TYPE event_block;

CREATE FUNCTION event_block_in(cstring) RETURNS event_block
    AS 'MODULE_PATHNAME', 'event_block_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_block_in(cstring) IS 'I/O: \x and hexadecimal digits to event_block; every byte is checked';

CREATE FUNCTION event_block_out(event_block) RETURNS cstring
    AS 'MODULE_PATHNAME', 'event_block_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_block_out(event_block) IS 'I/O: event_block to \x and hexadecimal digits';

CREATE FUNCTION event_block_recv(internal) RETURNS event_block
    AS 'MODULE_PATHNAME', 'event_block_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_block_recv(internal) IS 'I/O: bytes to event_block; every one is checked';

CREATE FUNCTION event_block_send(event_block) RETURNS bytea
    AS 'MODULE_PATHNAME', 'event_block_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_block_send(event_block) IS 'I/O: event_block to its bytes';

CREATE TYPE event_block (
    INPUT = event_block_in,
    OUTPUT = event_block_out,
    RECEIVE = event_block_recv,
    SEND = event_block_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = external
);
COMMENT ON TYPE event_block IS 'up to 65,536 events of one bucket of users with their profiles, sorted by user and time, stored by column';

CREATE FUNCTION build_event_blocks(uids bigint[], device_ids text[], snapshots profile[], events event_list[])
    RETURNS event_block[]
    AS 'MODULE_PATHNAME', 'build_event_blocks' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION build_event_blocks(bigint[], text[], profile[], event_list[]) IS
    'blocks of batches of events, given in the order of users and arrival: one user, device, profile and list of events each';

CREATE FUNCTION merge_event_blocks(blocks event_block[]) RETURNS event_block[]
    AS 'MODULE_PATHNAME', 'merge_event_blocks' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION merge_event_blocks(event_block[]) IS
    'the same events in as few blocks as they fit in; the blocks, older ones first, must be of one bucket';

CREATE FUNCTION event_block_batches(block event_block, OUT uid bigint, OUT device_id text, OUT first_ts timestamptz,
                                    OUT last_ts timestamptz, OUT profile profile, OUT events event_list)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'event_block_batches' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 20000;
COMMENT ON FUNCTION event_block_batches(event_block) IS
    'the events of a block as in event_batches: one row for those of one user, device and profile that follow each other';

CREATE FUNCTION event_block_batches(block event_block, of_uid bigint, OUT uid bigint, OUT device_id text,
                                    OUT first_ts timestamptz, OUT last_ts timestamptz, OUT profile profile,
                                    OUT events event_list)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'event_block_batches' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION event_block_batches(event_block, bigint) IS 'those of one user';

CREATE FUNCTION event_block_rows(block event_block, OUT uid bigint, OUT ts timestamptz, OUT key text, OUT count bigint,
                                 OUT sum numeric, OUT dur numeric, OUT segmentation jsonb, OUT device_id text,
                                 OUT profile profile)
    RETURNS SETOF record LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 60000
    BEGIN ATOMIC
        SELECT batch.uid, event.ts, event.key, event.count, event.sum, event.dur, event.segmentation,
               batch.device_id, batch.profile
          FROM event_block_batches(block) AS batch, LATERAL event_list_each(batch.events) AS event;
    END;
COMMENT ON FUNCTION event_block_rows(event_block) IS 'one row an event, by user and time, as in the view events';

CREATE FUNCTION event_block_info(block event_block) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'event_block_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_block_info(event_block) IS
    'what a block consists of: number of events and users, and form, values and bytes of each column';

CREATE FUNCTION event_block_summary(block event_block, OUT events integer, OUT users integer, OUT first_uid bigint,
                                    OUT last_uid bigint, OUT first_ts timestamptz, OUT last_ts timestamptz,
                                    OUT keys text[])
    AS 'MODULE_PATHNAME', 'event_block_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_block_summary(event_block) IS
    'what is in a block: number of events and users, first and last user, range of times, keys of the events';

CREATE FUNCTION event_block_uids(block event_block) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'event_block_uids' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_block_uids(event_block) IS 'the users that a block has events of, ascending';
