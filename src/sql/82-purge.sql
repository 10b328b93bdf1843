-- Data protection: everything that is kept about a user, as a document, and its removal.
--
-- Every table of an app with rows of one user has the columns uid and bucket, and that is how both find
-- them: a table that is added later, also one of the app's owner, is exported and purged without a change
-- here. What a user leaves in rows that are not the user's own has a step of its own in purge_user.

CREATE FUNCTION @extschema@.raise_unknown_user(app text, uid bigint) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    survivor bigint;
BEGIN
    EXECUTE format('SELECT m.uid FROM %I.merges AS m WHERE m.from_uid = $1 AND m.undone_at IS NULL LIMIT 1', app)
       INTO survivor USING uid;
    RAISE EXCEPTION USING
        ERRCODE = 'undefined_object',
        MESSAGE = format('app "%s" has no user %s', app, coalesce(uid::text, 'null')),
        HINT = CASE WHEN survivor IS NULL THEN format('Users are listed in %I.people.', app)
                    ELSE format('The user was merged into user %s.', survivor) END;
END
$function$;

COMMENT ON FUNCTION @extschema@.raise_unknown_user(text, bigint) IS
    'internal: the error for a user that does not exist, which says where the user went';

-- `users` is the last one: without its row nothing else of the user could be found.
CREATE FUNCTION @extschema@.user_tables(app text, OUT name text, OUT documents text[]) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
    SELECT c.relname::text,
           ARRAY(SELECT a.attname::text FROM pg_attribute AS a
                  WHERE a.attrelid = c.oid AND a.atttypid = '@extschema@.profile'::regtype AND NOT a.attisdropped)
      FROM pg_class AS c
     WHERE c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = app)
       AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND 2 = (SELECT count(*) FROM pg_attribute AS a
                 WHERE a.attrelid = c.oid AND NOT a.attisdropped
                   AND (a.attname, a.atttypid) IN (('uid', 'bigint'::regtype), ('bucket', 'integer'::regtype)))
     ORDER BY c.relname = 'users', c.relname
    $function$;

COMMENT ON FUNCTION @extschema@.user_tables(text) IS
    'internal: the tables of an app with rows of one user, and the columns of them that hold properties';

-- A record of a merge has both users as they were. Those who became this user, one after another, are
-- this user, too; of a merge that was undone only the record is.
CREATE FUNCTION @extschema@.merges_of(app text, uid bigint) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        WITH RECURSIVE selves AS (
            SELECT $1 AS uid
             UNION
            SELECT m.from_uid FROM selves JOIN %1$I.merges AS m ON m.uid = selves.uid AND m.undone_at IS NULL
        )
        SELECT m.merge FROM %1$I.merges AS m
         WHERE m.uid IN (SELECT selves.uid FROM selves) OR m.from_uid IN (SELECT selves.uid FROM selves)
        $query$, app) USING uid;
END
$function$;

COMMENT ON FUNCTION @extschema@.merges_of(text, bigint) IS
    'internal: the merges on record that have data of a user';

CREATE FUNCTION @extschema@.export_user_merges(app text, uid bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer jsonb;
BEGIN
    EXECUTE format($query$
        SELECT coalesce(jsonb_agg(to_jsonb(m) - 'bucket'
                                  || jsonb_build_object('from_user', m.from_user - 'recent_requests',
                                                        'into_user', m.into_user - 'recent_requests') ORDER BY m.merge), '[]')
          FROM %I.merges AS m WHERE m.merge = ANY (ARRAY(SELECT @extschema@.merges_of(%L, $1)))
        $query$, app, app) INTO answer USING uid;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.export_user_merges(text, bigint) IS 'internal: part of export_user';

CREATE FUNCTION @extschema@.devices_of(app text, uid bigint) RETURNS SETOF text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    RETURN QUERY EXECUTE format('SELECT d.device_id FROM %I.devices AS d WHERE d.uid = $1 AND d.bucket = ($1 >> 16)::integer', app)
        USING uid;
END
$function$;

COMMENT ON FUNCTION @extschema@.devices_of(text, bigint) IS 'internal: the device ids of a user';

CREATE FUNCTION @extschema@.export_user_requests(app text, uid bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer jsonb;
BEGIN
    EXECUTE format($query$
        SELECT coalesce(jsonb_agg(to_jsonb(l) - 'uid' ORDER BY l.id), '[]')
          FROM %I.request_log AS l WHERE l.device_id = ANY (ARRAY(SELECT @extschema@.devices_of($1, $2)))
        $query$, app) INTO answer USING app, uid;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.export_user_requests(text, bigint) IS 'internal: part of export_user';

CREATE FUNCTION @extschema@.export_user_events(app text, uid bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer jsonb;
BEGIN
    EXECUTE format($query$
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'ts', e.ts, 'key', e.key, 'count', e.count, 'sum', e.sum, 'dur', e.dur, 'segmentation', e.segmentation,
                   'device_id', e.device_id, 'profile', e.profile::jsonb) ORDER BY e.ts, e.key), '[]')
          FROM %I.events AS e WHERE e.uid = $1
        $query$, app) INTO answer USING uid;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.export_user_events(text, bigint) IS 'internal: part of export_user';

CREATE FUNCTION @extschema@.export_user_audiences(app text, uid bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer jsonb;
BEGIN
    EXECUTE format($query$
        SELECT coalesce(jsonb_agg(a.name ORDER BY a.name), '[]')
          FROM %I.audiences AS a WHERE a.members OPERATOR(@extschema@.@>) $1
        $query$, app) INTO answer USING uid;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.export_user_audiences(text, bigint) IS 'internal: part of export_user';

CREATE FUNCTION @extschema@.export_user(app text, uid bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer    jsonb := '{}';
    rows      jsonb;
    documents text;
    user_table record;
BEGIN
    PERFORM @extschema@.app_timezone(app);
    IF uid < 1 OR uid >> 47 > 0 THEN   -- such a number has no bucket
        PERFORM @extschema@.raise_unknown_user(app, uid);
    END IF;
    FOR user_table IN SELECT t.name, t.documents FROM @extschema@.user_tables(app) AS t
                       WHERE t.name NOT IN ('event_batches', 'moved_events', 'merges') LOOP
        SELECT coalesce(string_agg(format(' || jsonb_build_object(%1$L, t.%1$I::jsonb)', column_name), ''), '')
          INTO documents FROM unnest(user_table.documents) AS column_name;
        EXECUTE format($query$
            SELECT coalesce(jsonb_agg((to_jsonb(t)%s) - '{uid,bucket,recent_requests}'::text[]), '[]')
              FROM %I.%I AS t WHERE t.uid = $1 AND t.bucket = ($1 >> 16)::integer
            $query$, documents, app, user_table.name) INTO rows USING uid;
        answer := answer || jsonb_build_object(user_table.name, rows);
    END LOOP;
    IF answer -> 'users' IS NOT DISTINCT FROM '[]' THEN
        PERFORM @extschema@.raise_unknown_user(app, uid);
    END IF;
    RETURN answer || jsonb_build_object('app', app, 'uid', uid, 'exported_at', now(),
                                        'events', @extschema@.export_user_events(app, uid),
                                        'merges', @extschema@.export_user_merges(app, uid),
                                        'request_log', @extschema@.export_user_requests(app, uid),
                                        'audiences', @extschema@.export_user_audiences(app, uid));
END
$function$;

COMMENT ON FUNCTION @extschema@.export_user(text, bigint) IS
    'everything that is kept about a user, by table, as one document; events with the properties of their time';

-- The groups stay for the others; one that only this user had goes with its text. They are locked by a
-- statement of their own: the next one then sees what whoever held them has left.
CREATE FUNCTION @extschema@.purge_crashes(app text, uid bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($statement$
        SELECT FROM %1$I.crash_groups AS groups
         WHERE groups.crash_group IN (SELECT c.crash_group FROM %1$I.crash_users AS c
                                       WHERE c.uid = $1 AND c.bucket = ($1 >> 16)::integer)
         ORDER BY groups.crash_group FOR UPDATE
        $statement$, app) USING uid;
    EXECUTE format($statement$
        WITH mine AS (
            SELECT c.crash_group, c.reports FROM %1$I.crash_users AS c WHERE c.uid = $1 AND c.bucket = ($1 >> 16)::integer
        ), gone AS (
            DELETE FROM %1$I.crash_groups AS groups USING mine
             WHERE groups.crash_group = mine.crash_group AND groups.users <= 1
        )
        UPDATE %1$I.crash_groups AS groups
           SET users = groups.users - 1, reports = groups.reports - mine.reports
          FROM mine WHERE groups.crash_group = mine.crash_group AND groups.users > 1
        $statement$, app) USING uid;
END
$function$;

COMMENT ON FUNCTION @extschema@.purge_crashes(text, bigint) IS 'internal: part of purge_user';

CREATE FUNCTION @extschema@.purge_merges(app text, uid bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer bigint;
BEGIN
    EXECUTE format('DELETE FROM %I.merges AS m WHERE m.merge = ANY (ARRAY(SELECT @extschema@.merges_of(%L, $1)))', app, app)
      USING uid;
    GET DIAGNOSTICS answer = ROW_COUNT;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.purge_merges(text, bigint) IS 'internal: part of purge_user';

-- Members of saved audiences may still have the number of a user who became this one.
CREATE FUNCTION @extschema@.purge_audiences(app text, uid bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer bigint;
BEGIN
    EXECUTE format($statement$
        WITH RECURSIVE selves AS (
            SELECT $1 AS uid
             UNION
            SELECT m.from_uid FROM selves JOIN %1$I.merges AS m ON m.uid = selves.uid AND m.undone_at IS NULL
        ), gone AS (
            SELECT @extschema@.user_set_agg(selves.uid) AS users FROM selves
        )
        UPDATE %1$I.saved_audiences AS saved SET members = saved.members OPERATOR(@extschema@.-) gone.users
          FROM gone WHERE saved.members OPERATOR(@extschema@.&&) gone.users
        $statement$, app) USING uid;
    GET DIAGNOSTICS answer = ROW_COUNT;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.purge_audiences(text, bigint) IS 'internal: part of purge_user';

-- Samples of the catalogue are values of users; each that this one has or had goes.
CREATE FUNCTION @extschema@.purge_samples(app text, uid bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($statement$
        WITH profiles AS (
            SELECT u.profile FROM %1$I.users AS u WHERE u.uid = $1 AND u.bucket = ($1 >> 16)::integer
             UNION
            SELECT e.profile FROM %1$I.events AS e WHERE e.uid = $1
        ), mine AS (
            SELECT DISTINCT property.name, property.value
              FROM profiles, LATERAL @extschema@.profile_properties(profiles.profile) AS property
        )
        UPDATE %1$I.properties AS known
           SET samples = (SELECT coalesce(jsonb_agg(sample.value ORDER BY sample.number), '[]')
                            FROM jsonb_array_elements(known.samples) WITH ORDINALITY AS sample (value, number)
                           WHERE (known.name, sample.value) NOT IN (SELECT mine.name, mine.value FROM mine))
         WHERE EXISTS (SELECT FROM mine, jsonb_array_elements(known.samples) AS sample (value)
                        WHERE mine.name = known.name AND mine.value = sample.value)
        $statement$, app) USING uid;
END
$function$;

COMMENT ON FUNCTION @extschema@.purge_samples(text, bigint) IS 'internal: part of purge_user';

-- Requests that wait, and those that failed. One that a drain is just taking is a request of later.
CREATE FUNCTION @extschema@.purge_inbox(app text, relation text, uid bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer bigint;
BEGIN
    EXECUTE format($statement$
        WITH mine AS (
            SELECT d.device_id FROM %1$I.devices AS d WHERE d.uid = $1 AND d.bucket = ($1 >> 16)::integer
        ), found AS (
            SELECT waiting.id FROM %1$I.%2$I AS waiting
             WHERE waiting.request ->> 'device_id' IN (SELECT device_id FROM mine)
                OR waiting.request ->> 'old_device_id' IN (SELECT device_id FROM mine)
               FOR UPDATE SKIP LOCKED
        )
        DELETE FROM %1$I.%2$I AS waiting USING found WHERE waiting.id = found.id
        $statement$, app, relation) USING uid;
    GET DIAGNOSTICS answer = ROW_COUNT;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.purge_inbox(text, text, bigint) IS 'internal: part of purge_user';

-- Also those that name one of the devices as the one before.
CREATE FUNCTION @extschema@.purge_requests(app text, uid bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer bigint;
BEGIN
    EXECUTE format($statement$
        WITH mine AS (SELECT @extschema@.devices_of($1, $2) AS device_id)
        DELETE FROM %I.request_log AS l
         WHERE l.device_id IN (SELECT mine.device_id FROM mine)
            OR l.request ->> 'old_device_id' IN (SELECT mine.device_id FROM mine)
        $statement$, app) USING app, uid;
    GET DIAGNOSTICS answer = ROW_COUNT;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.purge_requests(text, bigint) IS 'internal: part of purge_user';

CREATE FUNCTION @extschema@.purge_rows(app text, uid bigint) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer  jsonb := '{}';
    name    text;
    deleted bigint;
BEGIN
    FOR name IN SELECT t.name FROM @extschema@.user_tables(app) AS t WHERE t.name NOT IN ('event_batches', 'merges', 'moved_events') LOOP
        EXECUTE format('DELETE FROM %I.%I AS t WHERE t.uid = $1 AND t.bucket = ($1 >> 16)::integer', app, name) USING uid;
        GET DIAGNOSTICS deleted = ROW_COUNT;
        answer := answer || jsonb_build_object(name, deleted);
    END LOOP;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.purge_rows(text, bigint) IS 'internal: part of purge_user';

CREATE FUNCTION @extschema@.purge_user(app text, uid bigint) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    locked bigint;
    answer jsonb;
BEGIN
    PERFORM @extschema@.app_timezone(app);
    IF uid < 1 OR uid >> 47 > 0 THEN   -- such a number has no bucket
        PERFORM @extschema@.raise_unknown_user(app, uid);
    END IF;
    -- Audiences that are being saved have the user and are found below; those that come wait and have not.
    EXECUTE format('LOCK TABLE %I.saved_audiences IN SHARE ROW EXCLUSIVE MODE', app);
    -- As every change of a user: a request that comes now waits, and then finds nobody.
    EXECUTE format('SELECT u.uid FROM %I.users AS u WHERE u.uid = $1 AND u.bucket = ($1 >> 16)::integer FOR UPDATE', app)
       INTO locked USING uid;
    IF locked IS NULL THEN
        PERFORM @extschema@.raise_unknown_user(app, uid);
    END IF;
    PERFORM @extschema@.purge_samples(app, uid);
    PERFORM @extschema@.purge_crashes(app, uid);
    PERFORM @extschema@.purge_user_blocks(app, uid);
    answer := jsonb_build_object('audiences', @extschema@.purge_audiences(app, uid));
    answer := answer || jsonb_build_object('merges', @extschema@.purge_merges(app, uid),
                                           'events', @extschema@.remove_events(app, uid),
                                           'request_log', @extschema@.purge_requests(app, uid),
                                           'inbox', @extschema@.purge_inbox(app, 'inbox', uid),
                                           'inbox_errors', @extschema@.purge_inbox(app, 'inbox_errors', uid));
    RETURN @extschema@.purge_rows(app, uid) || answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.purge_user(text, bigint) IS
    'removes everything that is kept about a user, in one transaction; returns how many rows of each table; devices that go on sending become new users';
