-- The type segment: a filter in its one canonical form, and the operator that asks it of a profile.

CREATE TYPE segment;

CREATE FUNCTION segment_in(cstring) RETURNS segment
    AS 'MODULE_PATHNAME', 'segment_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_in(cstring) IS 'I/O: JSON filter to segment';

CREATE FUNCTION segment_out(segment) RETURNS cstring
    AS 'MODULE_PATHNAME', 'segment_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_out(segment) IS 'I/O: segment to canonical JSON';

CREATE FUNCTION segment_recv(internal) RETURNS segment
    AS 'MODULE_PATHNAME', 'segment_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_recv(internal) IS 'I/O: version byte 1 and JSON to segment';

CREATE FUNCTION segment_send(segment) RETURNS bytea
    AS 'MODULE_PATHNAME', 'segment_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_send(segment) IS 'I/O: segment to version byte 1 and canonical JSON';

CREATE TYPE segment (
    INPUT = segment_in,
    OUTPUT = segment_out,
    RECEIVE = segment_recv,
    SEND = segment_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = extended
);
COMMENT ON TYPE segment IS 'a filter on users and events: {"country": "DE", "custom.plan": {"$in": ["pro", "team"]}}';

-- Casts

CREATE FUNCTION segment_from_jsonb(jsonb) RETURNS segment
    AS 'MODULE_PATHNAME', 'segment_from_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_from_jsonb(jsonb) IS 'implementation of the cast from jsonb';
CREATE CAST (jsonb AS segment) WITH FUNCTION segment_from_jsonb(jsonb) AS ASSIGNMENT;

CREATE FUNCTION segment_to_jsonb(segment) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'segment_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_to_jsonb(segment) IS 'implementation of the cast to jsonb';
CREATE CAST (segment AS jsonb) WITH FUNCTION segment_to_jsonb(segment) AS ASSIGNMENT;

-- Does a profile match

CREATE FUNCTION segment_matches(profile, segment) RETURNS boolean
    AS 'MODULE_PATHNAME', 'segment_matches' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION segment_matches(profile, segment) IS 'implementation of @@ operator';
CREATE FUNCTION segment_matched_by(segment, profile) RETURNS boolean
    AS 'MODULE_PATHNAME', 'segment_matched_by' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION segment_matched_by(segment, profile) IS 'implementation of @@ operator';
CREATE FUNCTION segment_matches(profile, segment, at timestamptz) RETURNS boolean
    AS 'MODULE_PATHNAME', 'segment_matches_at' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION segment_matches(profile, segment, timestamptz) IS
    'does the profile match at that time: as @@, and "$within" looks back from there';

CREATE OPERATOR @@ (LEFTARG = profile, RIGHTARG = segment, FUNCTION = segment_matches, COMMUTATOR = @@,
                    RESTRICT = matchingsel, JOIN = matchingjoinsel);
COMMENT ON OPERATOR @@ (profile, segment) IS 'does the profile match the filter';
CREATE OPERATOR @@ (LEFTARG = segment, RIGHTARG = profile, FUNCTION = segment_matched_by, COMMUTATOR = @@,
                    RESTRICT = matchingsel, JOIN = matchingjoinsel);
COMMENT ON OPERATOR @@ (segment, profile) IS 'does the profile match the filter';

-- Equality: the same canonical form

CREATE FUNCTION segment_eq(segment, segment) RETURNS boolean
    AS 'MODULE_PATHNAME', 'segment_eq' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION segment_eq(segment, segment) IS 'implementation of = operator';
CREATE FUNCTION segment_ne(segment, segment) RETURNS boolean
    AS 'MODULE_PATHNAME', 'segment_ne' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION segment_ne(segment, segment) IS 'implementation of <> operator';
CREATE FUNCTION segment_hash(segment) RETURNS integer
    AS 'MODULE_PATHNAME', 'segment_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_hash(segment) IS 'hash support';

CREATE OPERATOR = (LEFTARG = segment, RIGHTARG = segment, FUNCTION = segment_eq, COMMUTATOR = =, NEGATOR = <>,
                   RESTRICT = eqsel, JOIN = eqjoinsel, HASHES);
COMMENT ON OPERATOR = (segment, segment) IS 'equal: the same canonical form';
CREATE OPERATOR <> (LEFTARG = segment, RIGHTARG = segment, FUNCTION = segment_ne, COMMUTATOR = <>, NEGATOR = =,
                    RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR <> (segment, segment) IS 'not equal';

CREATE OPERATOR CLASS segment_hash_ops DEFAULT FOR TYPE segment USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 segment_hash(segment);
COMMENT ON OPERATOR CLASS segment_hash_ops USING hash IS 'hash by canonical form';
