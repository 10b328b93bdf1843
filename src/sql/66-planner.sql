-- What the planner knows: statistics of properties, selectivity and costs.

CREATE FUNCTION profile_typanalyze(internal) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_typanalyze' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION profile_typanalyze(internal) IS 'ANALYZE support: statistics of properties and their values';
ALTER TYPE profile SET (ANALYZE = profile_typanalyze);

CREATE FUNCTION segment_matchsel(internal, oid, internal, integer) RETURNS float8
    AS 'MODULE_PATHNAME', 'segment_matchsel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_matchsel(internal, oid, internal, integer) IS 'selectivity of @@';
CREATE FUNCTION profile_containsel(internal, oid, internal, integer) RETURNS float8
    AS 'MODULE_PATHNAME', 'profile_containsel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_containsel(internal, oid, internal, integer) IS 'selectivity of @> and <@';
CREATE FUNCTION profile_hassel(internal, oid, internal, integer) RETURNS float8
    AS 'MODULE_PATHNAME', 'profile_hassel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_hassel(internal, oid, internal, integer) IS 'selectivity of ?, ?| and ?&';

ALTER OPERATOR @@ (profile, segment) SET (RESTRICT = segment_matchsel);
ALTER OPERATOR @@ (segment, profile) SET (RESTRICT = segment_matchsel);
ALTER OPERATOR @> (profile, profile) SET (RESTRICT = profile_containsel);
ALTER OPERATOR <@ (profile, profile) SET (RESTRICT = profile_containsel);
ALTER OPERATOR ? (profile, text) SET (RESTRICT = profile_hassel);
ALTER OPERATOR ?| (profile, text[]) SET (RESTRICT = profile_hassel);
ALTER OPERATOR ?& (profile, text[]) SET (RESTRICT = profile_hassel);

-- Segments from SQL values, and what the planner makes of p ->> 'country' = 'DE' for an index.

CREATE FUNCTION segment(property text, value "any") RETURNS segment
    AS 'MODULE_PATHNAME', 'segment_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment(text, "any") IS
    'the filter that asks for one value: segment(''country'', ''DE''); jsonb may hold operators';
CREATE FUNCTION segment_of_text(property text, value text) RETURNS segment
    AS 'MODULE_PATHNAME', 'segment_of_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_of_text(text, text) IS
    'a filter that all profiles match for which p ->> property = value, and perhaps others';
CREATE FUNCTION segment_of_text(property text, texts text[]) RETURNS segment
    AS 'MODULE_PATHNAME', 'segment_of_text_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_of_text(text, text[]) IS
    'a filter that all profiles match for which p ->> property is one of the texts, and perhaps others';
CREATE FUNCTION profile_text_is(profile, property text, value text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_text_is' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_text_is(profile, text, text) IS
    'p ->> property = value, as a condition that a GIN index on p serves; false when it is not set';

CREATE FUNCTION segment_explain(segment) RETURNS text
    AS 'MODULE_PATHNAME', 'segment_explain' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_explain(segment) IS 'which part of the filter a GIN index serves';
CREATE FUNCTION segment_explain(segment, properties text) RETURNS text
    AS 'MODULE_PATHNAME', 'segment_explain_declared' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_explain(segment, text) IS
    'which part of the filter a GIN index of these properties serves: segment_explain(s, ''country,custom.plan'')';

-- Functions are planned as the operators that they are or imply.

CREATE FUNCTION profile_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'profile_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_support(internal) IS 'planner support: functions as operators and as index conditions';

-- In units of an operator on integers, as measured on profiles of 300 bytes.
ALTER FUNCTION profile_get(profile, text) COST 20 SUPPORT profile_support;
ALTER FUNCTION profile_get_text(profile, text) COST 10 SUPPORT profile_support;
ALTER FUNCTION profile_has(profile, text) COST 10 SUPPORT profile_support;
ALTER FUNCTION profile_has_any(profile, text[]) COST 20 SUPPORT profile_support;
ALTER FUNCTION profile_has_all(profile, text[]) COST 20 SUPPORT profile_support;
ALTER FUNCTION profile_contains(profile, profile) COST 15 SUPPORT profile_support;
ALTER FUNCTION profile_contained(profile, profile) COST 15 SUPPORT profile_support;
ALTER FUNCTION profile_text_is(profile, text, text) COST 10 SUPPORT profile_support;
ALTER FUNCTION segment_matches(profile, segment) COST 15 SUPPORT profile_support;
ALTER FUNCTION segment_matches(profile, segment, timestamptz) COST 15 SUPPORT profile_support;
ALTER FUNCTION segment_matched_by(segment, profile) COST 15 SUPPORT profile_support;
