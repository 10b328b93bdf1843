-- The type profile: a document of properties.

CREATE TYPE profile;

CREATE FUNCTION profile_in(cstring) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_in(cstring) IS 'I/O: JSON object to profile';

CREATE FUNCTION profile_out(profile) RETURNS cstring
    AS 'MODULE_PATHNAME', 'profile_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_out(profile) IS 'I/O: profile to canonical JSON';

CREATE FUNCTION profile_recv(internal) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_recv(internal) IS 'I/O: version byte 1 and JSON to profile';

CREATE FUNCTION profile_send(profile) RETURNS bytea
    AS 'MODULE_PATHNAME', 'profile_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_send(profile) IS 'I/O: profile to version byte 1 and canonical JSON';

CREATE FUNCTION profile_subscript(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'profile_subscript' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_subscript(internal) IS 'subscripting support: p[''custom.plan''] as jsonb';

CREATE TYPE profile (
    INPUT = profile_in,
    OUTPUT = profile_out,
    RECEIVE = profile_recv,
    SEND = profile_send,
    SUBSCRIPT = profile_subscript,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = extended
);
COMMENT ON TYPE profile IS 'a user''s properties: standard ones at the top, custom ones under "custom", campaign ones under "campaign"; numbers are exact';

CREATE FUNCTION profile_is_valid(profile) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_is_valid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_is_valid(profile) IS 'walks the stored bytes: false when they are damaged';

CREATE FUNCTION profile_pretty(profile) RETURNS text
    AS 'MODULE_PATHNAME', 'profile_pretty' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_pretty(profile) IS 'the profile as indented JSON, one property to a line';

-- Casts

CREATE FUNCTION profile_from_jsonb(jsonb) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_from_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_from_jsonb(jsonb) IS 'implementation of the cast from jsonb';
CREATE CAST (jsonb AS profile) WITH FUNCTION profile_from_jsonb(jsonb) AS ASSIGNMENT;

CREATE FUNCTION profile_to_jsonb(profile) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'profile_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_to_jsonb(profile) IS 'implementation of the cast to jsonb';
CREATE CAST (profile AS jsonb) WITH FUNCTION profile_to_jsonb(profile) AS ASSIGNMENT;

CREATE FUNCTION profile_from_json(json) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_from_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_from_json(json) IS 'implementation of the cast from json';
CREATE CAST (json AS profile) WITH FUNCTION profile_from_json(json) AS ASSIGNMENT;

-- With it, to_jsonb() and row_to_json() take a profile for what it is.
CREATE FUNCTION profile_to_json(profile) RETURNS json
    AS 'MODULE_PATHNAME', 'profile_to_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_to_json(profile) IS 'implementation of the cast to json';
CREATE CAST (profile AS json) WITH FUNCTION profile_to_json(profile) AS ASSIGNMENT;

-- Access by property reference

CREATE FUNCTION profile_get(profile, property text) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'profile_get' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_get(profile, text) IS 'implementation of -> operator';
CREATE OPERATOR -> (LEFTARG = profile, RIGHTARG = text, FUNCTION = profile_get);
COMMENT ON OPERATOR -> (profile, text) IS 'property as jsonb: p -> ''custom.plan''; NULL when it is not set';

CREATE FUNCTION profile_get_text(profile, property text) RETURNS text
    AS 'MODULE_PATHNAME', 'profile_get_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_get_text(profile, text) IS 'implementation of ->> operator';
CREATE OPERATOR ->> (LEFTARG = profile, RIGHTARG = text, FUNCTION = profile_get_text);
COMMENT ON OPERATOR ->> (profile, text) IS 'property as text: p ->> ''country''; NULL when it is not set';

CREATE FUNCTION profile_has(profile, property text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_has' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_has(profile, text) IS 'implementation of ? operator';
CREATE OPERATOR ? (LEFTARG = profile, RIGHTARG = text, FUNCTION = profile_has,
                   RESTRICT = matchingsel, JOIN = matchingjoinsel);
COMMENT ON OPERATOR ? (profile, text) IS 'is the property set: p ? ''custom.plan''';

CREATE FUNCTION profile_contains(profile, profile) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_contains' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_contains(profile, profile) IS 'implementation of @> operator';
CREATE FUNCTION profile_contained(profile, profile) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_contained' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_contained(profile, profile) IS 'implementation of <@ operator';
CREATE OPERATOR @> (LEFTARG = profile, RIGHTARG = profile, FUNCTION = profile_contains, COMMUTATOR = <@,
                    RESTRICT = matchingsel, JOIN = matchingjoinsel);
COMMENT ON OPERATOR @> (profile, profile) IS 'has every property of the right side with an equal or containing value';
CREATE OPERATOR <@ (LEFTARG = profile, RIGHTARG = profile, FUNCTION = profile_contained, COMMUTATOR = @>,
                    RESTRICT = matchingsel, JOIN = matchingjoinsel);
COMMENT ON OPERATOR <@ (profile, profile) IS 'is contained in';

-- Order and equality

CREATE FUNCTION profile_eq(profile, profile) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_eq' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION profile_eq(profile, profile) IS 'implementation of = operator';
CREATE FUNCTION profile_ne(profile, profile) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_ne' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION profile_ne(profile, profile) IS 'implementation of <> operator';
CREATE FUNCTION profile_lt(profile, profile) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_lt(profile, profile) IS 'implementation of < operator';
CREATE FUNCTION profile_le(profile, profile) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_le(profile, profile) IS 'implementation of <= operator';
CREATE FUNCTION profile_gt(profile, profile) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_gt(profile, profile) IS 'implementation of > operator';
CREATE FUNCTION profile_ge(profile, profile) RETURNS boolean
    AS 'MODULE_PATHNAME', 'profile_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_ge(profile, profile) IS 'implementation of >= operator';
CREATE FUNCTION profile_cmp(profile, profile) RETURNS integer
    AS 'MODULE_PATHNAME', 'profile_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_cmp(profile, profile) IS 'btree support: less, equal or greater, in an arbitrary fixed order';
CREATE FUNCTION profile_hash(profile) RETURNS integer
    AS 'MODULE_PATHNAME', 'profile_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_hash(profile) IS 'hash support';
CREATE FUNCTION profile_hash_extended(profile, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'profile_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profile_hash_extended(profile, bigint) IS 'hash support, 64 bits with a seed';

CREATE OPERATOR = (LEFTARG = profile, RIGHTARG = profile, FUNCTION = profile_eq, COMMUTATOR = =, NEGATOR = <>,
                   RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR = (profile, profile) IS 'equal: the same properties with equal values';
CREATE OPERATOR <> (LEFTARG = profile, RIGHTARG = profile, FUNCTION = profile_ne, COMMUTATOR = <>, NEGATOR = =,
                    RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR <> (profile, profile) IS 'not equal';
CREATE OPERATOR < (LEFTARG = profile, RIGHTARG = profile, FUNCTION = profile_lt, COMMUTATOR = >, NEGATOR = >=,
                   RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR < (profile, profile) IS 'less than, in an arbitrary fixed order';
CREATE OPERATOR <= (LEFTARG = profile, RIGHTARG = profile, FUNCTION = profile_le, COMMUTATOR = >=, NEGATOR = >,
                    RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR <= (profile, profile) IS 'less than or equal, in an arbitrary fixed order';
CREATE OPERATOR > (LEFTARG = profile, RIGHTARG = profile, FUNCTION = profile_gt, COMMUTATOR = <, NEGATOR = <=,
                   RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR > (profile, profile) IS 'greater than, in an arbitrary fixed order';
CREATE OPERATOR >= (LEFTARG = profile, RIGHTARG = profile, FUNCTION = profile_ge, COMMUTATOR = <=, NEGATOR = <,
                    RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR >= (profile, profile) IS 'greater than or equal, in an arbitrary fixed order';

CREATE OPERATOR CLASS profile_btree_ops DEFAULT FOR TYPE profile USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
    FUNCTION 1 profile_cmp(profile, profile),
    FUNCTION 4 btequalimage(oid);
COMMENT ON OPERATOR CLASS profile_btree_ops USING btree IS 'sorting, DISTINCT and merge joins of profiles';
CREATE OPERATOR CLASS profile_hash_ops DEFAULT FOR TYPE profile USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 profile_hash(profile),
    FUNCTION 2 profile_hash_extended(profile, bigint);
COMMENT ON OPERATOR CLASS profile_hash_ops USING hash IS 'grouping and hash joins of profiles';
