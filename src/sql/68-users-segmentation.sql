-- Segmentation of users: how many there are as they are now, by up to three properties or counters, and
-- who they are. The scan is one C function; what it saves by the copies of 59-user-blocks.sql changes no
-- answer.

-- The cost makes the planner give ranges to parallel workers from a few on.
CREATE FUNCTION @extschema@.users_segmentation_part(
    data bytea, written_by xid, range integer, users oid, query @extschema@.segment, breakdown text[], cell text[])
    RETURNS bytea
    AS 'MODULE_PATHNAME', 'users_segmentation_part' LANGUAGE C STABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION @extschema@.users_segmentation_part(bytea, xid, integer, oid, @extschema@.segment, text[], text[]) IS
    'internal: counts the users on a range of pages for users_segmentation_scan, which adds the parts up';

CREATE FUNCTION @extschema@.users_segmentation_scan(
    app text, query @extschema@.segment, breakdown text[], OUT segment text[], OUT users bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'users_segmentation_scan' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION @extschema@.users_segmentation_scan(text, @extschema@.segment, text[]) IS
    'internal: counts the users of an app';

CREATE FUNCTION @extschema@.users_segmentation_scan_users(
    app text, query @extschema@.segment, breakdown text[], cell text[])
    RETURNS SETOF bigint
    AS 'MODULE_PATHNAME', 'users_segmentation_scan_users' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION @extschema@.users_segmentation_scan_users(text, @extschema@.segment, text[], text[]) IS
    'internal: the users of one cell of a segmentation of users';

CREATE FUNCTION @extschema@.users_segmentation(
    app text, query jsonb DEFAULT '{}', breakdown text[] DEFAULT '{}')
    RETURNS TABLE (segment text[], users bigint)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    PERFORM @extschema@.app_timezone(app);   -- an unknown app is an error
    RETURN QUERY SELECT * FROM @extschema@.users_segmentation_scan(
        app, coalesce(query, '{}')::@extschema@.segment, coalesce(breakdown, '{}'));
END
$function$;
COMMENT ON FUNCTION @extschema@.users_segmentation(text, jsonb, text[]) IS
    'counts the users that a filter matches as they are now, by up to three properties or counters';

CREATE FUNCTION @extschema@.users_segmentation_users(
    app text, query jsonb DEFAULT '{}', breakdown text[] DEFAULT '{}', segment text[] DEFAULT '{}')
    RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    PERFORM @extschema@.app_timezone(app);
    RETURN QUERY SELECT * FROM @extschema@.users_segmentation_scan_users(
        app, coalesce(query, '{}')::@extschema@.segment, coalesce(breakdown, '{}'), coalesce(segment, '{}'));
END
$function$;
COMMENT ON FUNCTION @extschema@.users_segmentation_users(text, jsonb, text[], text[]) IS
    'the users behind one row of users_segmentation: their uids, ascending; segment holds one value for each breakdown';
