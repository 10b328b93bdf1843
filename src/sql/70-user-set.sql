-- The type user_set: exact sets of users, to be saved, united, intersected and subtracted.

CREATE TYPE user_set;

CREATE FUNCTION user_set_in(cstring) RETURNS user_set
    AS 'MODULE_PATHNAME', 'user_set_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_in(cstring) IS 'I/O: {1,2,5-1000} to user_set';

CREATE FUNCTION user_set_out(user_set) RETURNS cstring
    AS 'MODULE_PATHNAME', 'user_set_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_out(user_set) IS 'I/O: user_set to its uids, ascending';

CREATE FUNCTION user_set_recv(internal) RETURNS user_set
    AS 'MODULE_PATHNAME', 'user_set_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_recv(internal) IS 'I/O: bytes to user_set; every one is checked';

CREATE FUNCTION user_set_send(user_set) RETURNS bytea
    AS 'MODULE_PATHNAME', 'user_set_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_send(user_set) IS 'I/O: user_set to its bytes';

CREATE TYPE user_set (
    INPUT = user_set_in,
    OUTPUT = user_set_out,
    RECEIVE = user_set_recv,
    SEND = user_set_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = extended
);
COMMENT ON TYPE user_set IS 'a set of users of an app, by their uids: {1,2,5-1000}';

-- Making and reading

CREATE FUNCTION user_set(uids bigint[]) RETURNS user_set
    AS 'MODULE_PATHNAME', 'user_set_from_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set(bigint[]) IS 'the set of these users, in any order';

CREATE CAST (bigint[] AS user_set) WITH FUNCTION user_set(bigint[]);

CREATE FUNCTION user_set_uids(user_set) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'user_set_uids' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_uids(user_set) IS 'the users of a set, ascending';

CREATE CAST (user_set AS bigint[]) WITH FUNCTION user_set_uids(user_set);

CREATE FUNCTION user_set_each(user_set) RETURNS SETOF bigint
    AS 'MODULE_PATHNAME', 'user_set_each' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10000;
COMMENT ON FUNCTION user_set_each(user_set) IS 'the users of a set, ascending, one a row';

CREATE FUNCTION user_set_count(user_set) RETURNS bigint
    AS 'MODULE_PATHNAME', 'user_set_count' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_count(user_set) IS 'how many users a set has';

-- Operators

CREATE FUNCTION user_set_or(user_set, user_set) RETURNS user_set
    AS 'MODULE_PATHNAME', 'user_set_or' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_or(user_set, user_set) IS 'implementation of | operator';

CREATE OPERATOR | (LEFTARG = user_set, RIGHTARG = user_set, FUNCTION = user_set_or, COMMUTATOR = |);
COMMENT ON OPERATOR | (user_set, user_set) IS 'users of either set';

CREATE FUNCTION user_set_and(user_set, user_set) RETURNS user_set
    AS 'MODULE_PATHNAME', 'user_set_and' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_and(user_set, user_set) IS 'implementation of & operator';

CREATE OPERATOR & (LEFTARG = user_set, RIGHTARG = user_set, FUNCTION = user_set_and, COMMUTATOR = &);
COMMENT ON OPERATOR & (user_set, user_set) IS 'users of both sets';

CREATE FUNCTION user_set_minus(user_set, user_set) RETURNS user_set
    AS 'MODULE_PATHNAME', 'user_set_minus' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_minus(user_set, user_set) IS 'implementation of - operator';

CREATE OPERATOR - (LEFTARG = user_set, RIGHTARG = user_set, FUNCTION = user_set_minus);
COMMENT ON OPERATOR - (user_set, user_set) IS 'users of the first set who are not in the second';

CREATE FUNCTION user_set_has(user_set, bigint) RETURNS boolean
    AS 'MODULE_PATHNAME', 'user_set_has' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_has(user_set, bigint) IS 'implementation of @> operator';

CREATE FUNCTION user_set_within(bigint, user_set) RETURNS boolean
    AS 'MODULE_PATHNAME', 'user_set_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_within(bigint, user_set) IS 'implementation of <@ operator';

CREATE FUNCTION user_set_contains(user_set, user_set) RETURNS boolean
    AS 'MODULE_PATHNAME', 'user_set_contains' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_contains(user_set, user_set) IS 'implementation of @> operator';

CREATE FUNCTION user_set_contained(user_set, user_set) RETURNS boolean
    AS 'MODULE_PATHNAME', 'user_set_contained' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_contained(user_set, user_set) IS 'implementation of <@ operator';

CREATE FUNCTION user_set_overlaps(user_set, user_set) RETURNS boolean
    AS 'MODULE_PATHNAME', 'user_set_overlaps' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_overlaps(user_set, user_set) IS 'implementation of && operator';

CREATE OPERATOR @> (LEFTARG = user_set, RIGHTARG = bigint, FUNCTION = user_set_has, COMMUTATOR = <@,
                    RESTRICT = contsel, JOIN = contjoinsel);
COMMENT ON OPERATOR @> (user_set, bigint) IS 'is the user in the set';
CREATE OPERATOR <@ (LEFTARG = bigint, RIGHTARG = user_set, FUNCTION = user_set_within, COMMUTATOR = @>,
                    RESTRICT = contsel, JOIN = contjoinsel);
COMMENT ON OPERATOR <@ (bigint, user_set) IS 'is the user in the set';
CREATE OPERATOR @> (LEFTARG = user_set, RIGHTARG = user_set, FUNCTION = user_set_contains, COMMUTATOR = <@,
                    RESTRICT = contsel, JOIN = contjoinsel);
COMMENT ON OPERATOR @> (user_set, user_set) IS 'are all users of the second set in the first';
CREATE OPERATOR <@ (LEFTARG = user_set, RIGHTARG = user_set, FUNCTION = user_set_contained, COMMUTATOR = @>,
                    RESTRICT = contsel, JOIN = contjoinsel);
COMMENT ON OPERATOR <@ (user_set, user_set) IS 'are all users of the first set in the second';
CREATE OPERATOR && (LEFTARG = user_set, RIGHTARG = user_set, FUNCTION = user_set_overlaps, COMMUTATOR = &&,
                    RESTRICT = contsel, JOIN = contjoinsel);
COMMENT ON OPERATOR && (user_set, user_set) IS 'do the sets have a user in common';

CREATE FUNCTION user_set_eq(user_set, user_set) RETURNS boolean
    AS 'MODULE_PATHNAME', 'user_set_eq' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION user_set_eq(user_set, user_set) IS 'implementation of = operator';

CREATE FUNCTION user_set_ne(user_set, user_set) RETURNS boolean
    AS 'MODULE_PATHNAME', 'user_set_ne' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION user_set_ne(user_set, user_set) IS 'implementation of <> operator';

CREATE FUNCTION user_set_hash(user_set) RETURNS integer
    AS 'MODULE_PATHNAME', 'user_set_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION user_set_hash(user_set) IS 'hash support';

CREATE OPERATOR = (LEFTARG = user_set, RIGHTARG = user_set, FUNCTION = user_set_eq, COMMUTATOR = =, NEGATOR = <>,
                   RESTRICT = eqsel, JOIN = eqjoinsel, HASHES);
COMMENT ON OPERATOR = (user_set, user_set) IS 'equal: the same users';
CREATE OPERATOR <> (LEFTARG = user_set, RIGHTARG = user_set, FUNCTION = user_set_ne, COMMUTATOR = <>, NEGATOR = =,
                    RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR <> (user_set, user_set) IS 'not equal';

CREATE OPERATOR CLASS user_set_hash_ops DEFAULT FOR TYPE user_set USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 user_set_hash(user_set);
COMMENT ON OPERATOR CLASS user_set_hash_ops USING hash IS 'hash by users';

-- Aggregates. Without rows they give the empty set.

CREATE FUNCTION user_set_agg_uid(state user_set, uid bigint) RETURNS user_set
    AS 'MODULE_PATHNAME', 'user_set_agg_uid' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION user_set_agg_uid(user_set, bigint) IS 'implementation of user_set_agg(bigint)';

CREATE FUNCTION user_set_agg_set(state user_set, more user_set) RETURNS user_set
    AS 'MODULE_PATHNAME', 'user_set_agg_set' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION user_set_agg_set(user_set, user_set) IS 'implementation of user_set_agg(user_set)';

CREATE AGGREGATE user_set_agg(uid bigint) (
    SFUNC = user_set_agg_uid, STYPE = user_set, INITCOND = '{}', COMBINEFUNC = user_set_agg_set, PARALLEL = SAFE
);
COMMENT ON AGGREGATE user_set_agg(bigint) IS 'the set of all these users';

CREATE AGGREGATE user_set_agg(users user_set) (
    SFUNC = user_set_agg_set, STYPE = user_set, INITCOND = '{}', COMBINEFUNC = user_set_agg_set, PARALLEL = SAFE
);
COMMENT ON AGGREGATE user_set_agg(user_set) IS 'the union of all these sets';
