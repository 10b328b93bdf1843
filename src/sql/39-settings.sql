CREATE FUNCTION check_settings(settings jsonb) RETURNS void
    AS 'MODULE_PATHNAME', 'check_settings' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION check_settings(jsonb) IS 'internal: raises an error that names the first setting which is unknown or has a wrong value';

CREATE FUNCTION compact_policy(settings jsonb, OUT automatic boolean, OUT "interval" integer, OUT batch_age integer,
                               OUT batch_events integer, OUT merged_users integer, OUT small_block integer)
    AS 'MODULE_PATHNAME', 'compact_policy' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION compact_policy(jsonb) IS 'the setting compact_policy among the settings of an app, with the defaults of what it does not say';
