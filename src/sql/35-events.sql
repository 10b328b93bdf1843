-- The type event_list: the events of one request.

CREATE TYPE event_list;

CREATE FUNCTION event_list_in(cstring) RETURNS event_list
    AS 'MODULE_PATHNAME', 'event_list_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_list_in(cstring) IS 'I/O: JSON array of events to event_list';

CREATE FUNCTION event_list_out(event_list) RETURNS cstring
    AS 'MODULE_PATHNAME', 'event_list_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_list_out(event_list) IS 'I/O: event_list to JSON';

CREATE FUNCTION event_list_recv(internal) RETURNS event_list
    AS 'MODULE_PATHNAME', 'event_list_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_list_recv(internal) IS 'I/O: version byte 1 and JSON to event_list';

CREATE FUNCTION event_list_send(event_list) RETURNS bytea
    AS 'MODULE_PATHNAME', 'event_list_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_list_send(event_list) IS 'I/O: event_list to version byte 1 and JSON';

CREATE TYPE event_list (
    INPUT = event_list_in,
    OUTPUT = event_list_out,
    RECEIVE = event_list_recv,
    SEND = event_list_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = extended
);
COMMENT ON TYPE event_list IS 'events of one request: [{"key", "ts" in ms since 1970, "count", "sum", "dur" in seconds, "hour", "dow", "segmentation"}, ...]';

CREATE FUNCTION event_list_to_jsonb(event_list) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'event_list_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_list_to_jsonb(event_list) IS 'implementation of the cast to jsonb';
CREATE CAST (event_list AS jsonb) WITH FUNCTION event_list_to_jsonb(event_list) AS ASSIGNMENT;

CREATE FUNCTION event_list_each(event_list, OUT sequence integer, OUT key text, OUT ts timestamptz, OUT count bigint,
                                OUT sum numeric, OUT dur numeric, OUT segmentation jsonb)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'event_list_each' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 3;
COMMENT ON FUNCTION event_list_each(event_list) IS 'one row an event, in their order; dur in seconds';

CREATE FUNCTION event_list_length(event_list) RETURNS integer
    AS 'MODULE_PATHNAME', 'event_list_length' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_list_length(event_list) IS 'number of events';

CREATE FUNCTION unfinished_session(session_id text, session_start timestamptz, session_duration integer,
                                   session_events integer DEFAULT 0)
    RETURNS event_list
    AS 'MODULE_PATHNAME', 'unfinished_session' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION unfinished_session(text, timestamptz, integer, integer) IS
    'the [CLY]_session event of a session that is not closed yet, from the columns of users; NULL when none is open';
