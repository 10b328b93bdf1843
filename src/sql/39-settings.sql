CREATE FUNCTION check_settings(settings jsonb) RETURNS void
    AS 'MODULE_PATHNAME', 'check_settings' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION check_settings(jsonb) IS 'internal: raises an error that names the first setting which is unknown or has a wrong value';
