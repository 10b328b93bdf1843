-- Making profiles out of parts and taking them apart.

CREATE FUNCTION profile_concat(profile, profile) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_concat' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_concat(profile, profile) IS 'implementation of || operator';
CREATE OPERATOR || (LEFTARG = profile, RIGHTARG = profile, FUNCTION = profile_concat);
COMMENT ON OPERATOR || (profile, profile) IS 'both in one; of a property that both have, the right side''s value stays';

CREATE FUNCTION profile_delete(profile, property text) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_delete' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_delete(profile, text) IS 'implementation of - operator';
CREATE OPERATOR - (LEFTARG = profile, RIGHTARG = text, FUNCTION = profile_delete);
COMMENT ON OPERATOR - (profile, text) IS 'without the property: p - ''custom.plan''';

CREATE FUNCTION profile_delete(profile, properties text[]) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_delete_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_delete(profile, text[]) IS 'implementation of - operator';
CREATE OPERATOR - (LEFTARG = profile, RIGHTARG = text[], FUNCTION = profile_delete);
COMMENT ON OPERATOR - (profile, text[]) IS 'without the properties: p - ARRAY[''email'', ''phone'']';

CREATE FUNCTION profile(VARIADIC "any") RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_build' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION profile(VARIADIC "any") IS 'a profile of properties and values in turn: profile(''name'', ''Ada'', ''custom.plan'', ''pro'')';

CREATE FUNCTION profile() RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_build_empty' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION profile() IS 'a profile without properties';

CREATE FUNCTION profile_each(profile, OUT property text, OUT value jsonb) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'profile_each' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 40;
COMMENT ON FUNCTION profile_each(profile) IS 'one row a property: its reference and its value';

CREATE FUNCTION profile_keys(profile) RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'profile_keys' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 40;
COMMENT ON FUNCTION profile_keys(profile) IS 'the references of all properties that are set';

CREATE FUNCTION profile_agg_step(profile, property text, value jsonb) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_agg_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION profile_agg_step(profile, text, jsonb) IS 'internal: one step of profile_object_agg';

CREATE AGGREGATE profile_object_agg(property text, value jsonb) (
    SFUNC = profile_agg_step, STYPE = profile, INITCOND = '{}', COMBINEFUNC = profile_concat, PARALLEL = SAFE
);
COMMENT ON AGGREGATE profile_object_agg(text, jsonb) IS 'a profile of all properties and values: the inverse of profile_each';
