-- GIN on profiles: the operator class, the operators it serves that are not there yet, and what goes with
-- declared properties.

CREATE FUNCTION profile_has_any(profile, properties text[]) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_has_any' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_has_any(profile, text[]) IS 'implementation of ?| operator';
CREATE FUNCTION profile_has_all(profile, properties text[]) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_has_all' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_has_all(profile, text[]) IS 'implementation of ?& operator';

CREATE OPERATOR ?| (LEFTARG = profile, RIGHTARG = text[], FUNCTION = profile_has_any,
                    RESTRICT = matchingsel, JOIN = matchingjoinsel);
COMMENT ON OPERATOR ?| (profile, text[]) IS 'is any of the properties set: p ?| ''{email,phone}''';
CREATE OPERATOR ?& (LEFTARG = profile, RIGHTARG = text[], FUNCTION = profile_has_all,
                    RESTRICT = matchingsel, JOIN = matchingjoinsel);
COMMENT ON OPERATOR ?& (profile, text[]) IS 'are all of the properties set: p ?& ''{email,custom.plan}''';

CREATE FUNCTION profile_pick(profile, VARIADIC properties text[]) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_pick' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_pick(profile, text[]) IS
    'only these properties of the profile: profile_pick(p, ''country'', ''custom.plan'')';

-- The operator class

CREATE FUNCTION profile_gin_extract_value(profile, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'profile_gin_extract_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_gin_extract_value(profile, internal) IS 'GIN support: the terms of a profile';
CREATE FUNCTION profile_gin_extract_query(profile, internal, smallint, internal, internal, internal, internal)
    RETURNS internal
    AS 'MODULE_PATHNAME', 'profile_gin_extract_query' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_gin_extract_query(profile, internal, smallint, internal, internal, internal, internal) IS
    'GIN support: the terms that an operator asks for';
CREATE FUNCTION profile_gin_consistent(internal, smallint, profile, integer, internal, internal, internal, internal)
    RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_gin_consistent' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_gin_consistent(internal, smallint, profile, integer, internal, internal, internal, internal) IS
    'GIN support: does a profile with these terms match';
CREATE FUNCTION profile_gin_triconsistent(internal, smallint, profile, integer, internal, internal, internal)
    RETURNS "char"
    AS 'MODULE_PATHNAME', 'profile_gin_triconsistent' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_gin_triconsistent(internal, smallint, profile, integer, internal, internal, internal) IS
    'GIN support: does a profile with these terms match, as far as they are known';
CREATE FUNCTION profile_gin_compare_partial(bytea, bytea, smallint, internal) RETURNS integer
    AS 'MODULE_PATHNAME', 'profile_gin_compare_partial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_gin_compare_partial(bytea, bytea, smallint, internal) IS
    'GIN support: does a term belong to a stretch of terms';
CREATE FUNCTION profile_gin_options(internal) RETURNS void
    AS 'MODULE_PATHNAME', 'profile_gin_options' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_gin_options(internal) IS 'GIN support: the options of profile_ops';

CREATE OPERATOR CLASS profile_ops DEFAULT FOR TYPE profile USING gin AS
    OPERATOR 7 @>,
    OPERATOR 9 ? (profile, text),
    OPERATOR 10 ?| (profile, text[]),
    OPERATOR 11 ?& (profile, text[]),
    OPERATOR 16 @@ (profile, segment),
    FUNCTION 1 byteacmp(bytea, bytea),
    FUNCTION 2 profile_gin_extract_value(profile, internal),
    FUNCTION 3 profile_gin_extract_query(profile, internal, smallint, internal, internal, internal, internal),
    FUNCTION 4 profile_gin_consistent(internal, smallint, profile, integer, internal, internal, internal, internal),
    FUNCTION 5 profile_gin_compare_partial(bytea, bytea, smallint, internal),
    FUNCTION 6 profile_gin_triconsistent(internal, smallint, profile, integer, internal, internal, internal),
    FUNCTION 7 profile_gin_options(internal),
    STORAGE bytea;
COMMENT ON OPERATOR CLASS profile_ops USING gin IS
    'properties and values: @@, @>, ?, ?|, ?&; profile_ops(properties = ''country,custom.plan'') covers these alone';
