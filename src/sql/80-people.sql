-- uid_text and uid_parse: how a uid is shown and typed.

CREATE FUNCTION @extschema@.uid_text(uid bigint) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'uid_text';

COMMENT ON FUNCTION @extschema@.uid_text(bigint) IS
    'a uid as people see it: base 62 with the digits 0-9a-zA-Z, without the leading #';

CREATE FUNCTION @extschema@.uid_parse(uid text) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'uid_parse';

COMMENT ON FUNCTION @extschema@.uid_parse(text) IS
    'the uid that uid_text wrote; a leading # is accepted';
