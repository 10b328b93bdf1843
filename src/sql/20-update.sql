-- The update operators. Those with a key work on custom properties, are pure, and return the argument itself when
-- nothing changes. Values: any number, text, boolean, date, jsonb, or an SQL array of these.

CREATE FUNCTION inc(profile, key text, by numeric DEFAULT 1) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_inc' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION inc(profile, text, numeric) IS 'adds to a number; a missing one becomes the operand: inc(p, ''visits'')';

CREATE FUNCTION mul(profile, key text, by numeric) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_mul' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION mul(profile, text, numeric) IS 'multiplies a number; a missing one becomes 0: mul(p, ''score'', 1.5)';

CREATE FUNCTION min(profile, key text, value "any") RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_min' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION min(profile, text, "any") IS 'keeps the smaller of the property and the value, a number or a text: min(p, ''best_time'', 12.5)';

CREATE FUNCTION max(profile, key text, value "any") RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_max' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION max(profile, text, "any") IS 'keeps the larger of the property and the value, a number or a text: max(p, ''high_score'', 900)';

CREATE FUNCTION set(profile, key text, value "any") RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_set' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION set(profile, text, "any") IS 'sets a property; NULL or an empty text removes it: set(p, ''plan'', ''pro'')';

CREATE FUNCTION set_once(profile, key text, value "any") RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_set_once' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION set_once(profile, text, "any") IS 'sets a property that is not set: set_once(p, ''first_page'', ''/home'')';

CREATE FUNCTION unset(profile, key text) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_unset' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION unset(profile, text) IS 'removes a property: unset(p, ''plan'')';

CREATE FUNCTION push(profile, key text, value "any") RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_push' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION push(profile, text, "any") IS 'appends to an array property, an array element by element: push(p, ''colors'', ARRAY[''red'', ''blue''])';

CREATE FUNCTION add_to_set(profile, key text, value "any") RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_add_to_set' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION add_to_set(profile, text, "any") IS 'appends what an array property does not hold yet: add_to_set(p, ''tags'', ''vip'')';

CREATE FUNCTION pull(profile, key text, value "any") RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_pull' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pull(profile, text, "any") IS 'removes equal elements, or those that meet conditions, from an array property: pull(p, ''scores'', ''{"$lt": 10}''::jsonb)';

CREATE FUNCTION pop(profile, key text, first boolean DEFAULT false) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_pop' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pop(profile, text, boolean) IS 'takes the last, or the first, element away from an array property: pop(p, ''queue'', first => true)';

CREATE FUNCTION rename(profile, key text, new_key text) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_rename' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rename(profile, text, text) IS 'gives a property another name, whose value before is lost; a missing one changes nothing: rename(p, ''colour'', ''color'')';

CREATE FUNCTION apply(profile, details jsonb) RETURNS profile
    AS 'MODULE_PATHNAME', 'profile_apply' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION apply(profile, jsonb) IS 'applies an update document, or a sequence of them; the first fault is an error and changes nothing: apply(p, ''{"name": "Ada", "custom": {"visits": {"$inc": 1}}}'')';

CREATE FUNCTION try_apply(profile, details jsonb, OUT profile profile, OUT changed boolean, OUT skipped jsonb)
    RETURNS record
    AS 'MODULE_PATHNAME', 'profile_try_apply' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION try_apply(profile, jsonb) IS 'applies what can be applied of an update document and lists the rest in skipped';

CREATE AGGREGATE apply_agg(details jsonb) (
    SFUNC = apply, STYPE = profile, INITCOND = '{}', PARALLEL = SAFE
);
COMMENT ON AGGREGATE apply_agg(jsonb) IS 'folds a history of update documents into one profile: apply_agg(details ORDER BY received_at)';

CREATE FUNCTION diff(old profile, new profile) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'profile_diff' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION diff(profile, profile) IS 'the update document that turns one profile into another; it names what differs and no more: apply(a, diff(a, b)) = b';

CREATE FUNCTION compose(first jsonb, second jsonb) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'profile_compose' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION compose(jsonb, jsonb) IS 'one update document for two: apply(apply(p, a), b) = apply(p, compose(a, b))';

CREATE FUNCTION compose_step(state jsonb, details jsonb) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'profile_compose_step' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION compose_step(jsonb, jsonb) IS 'implementation of compose_agg(jsonb)';

CREATE AGGREGATE compose_agg(details jsonb) (
    SFUNC = compose_step, STYPE = jsonb, INITCOND = '{}', COMBINEFUNC = compose_step, PARALLEL = SAFE
);
COMMENT ON AGGREGATE compose_agg(jsonb) IS 'folds many update documents into one that does the same: compose_agg(details ORDER BY received_at)';
