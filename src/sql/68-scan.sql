-- The foreign-data wrapper behind the tables events and sessions of every app. It reads the other tables of the
-- schema that a foreign table is in, as much of them as the owner of the foreign table may read: so everybody
-- may use the server, and an app's owner decides by GRANT who reads its events.

CREATE FUNCTION event_wrapper_handler() RETURNS fdw_handler
    AS 'MODULE_PATHNAME', 'event_wrapper_handler' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION event_wrapper_handler() IS 'internal: the callbacks of the foreign-data wrapper profiles';

CREATE FUNCTION event_wrapper_validator(text[], oid) RETURNS void
    AS 'MODULE_PATHNAME', 'event_wrapper_validator' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION event_wrapper_validator(text[], oid) IS
    'internal: checks the options relation of a foreign table, property and segment of a column';

CREATE FOREIGN DATA WRAPPER profiles HANDLER event_wrapper_handler VALIDATOR event_wrapper_validator;
COMMENT ON FOREIGN DATA WRAPPER profiles IS 'reads the events of an app by column: the tables events and sessions';

CREATE SERVER profiles FOREIGN DATA WRAPPER profiles;
COMMENT ON SERVER profiles IS 'the apps of this database';
GRANT USAGE ON FOREIGN SERVER profiles TO PUBLIC;
