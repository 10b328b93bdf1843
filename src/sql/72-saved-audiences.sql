-- Saved audiences.
--
-- Members are kept as they were found. A merge since then has made another user of some of them: whoever
-- reads the view audiences sees that user, for as long as the merge is on record, and when its record is
-- deleted the members are written anew. A purge takes the user out of every set. For that whoever writes
-- members holds the lock of the table before it looks for users: so a purge comes before that or after it.

CREATE FUNCTION @extschema@.create_audience_tables(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE TABLE %1$I.saved_audiences (
            name         text COLLATE "C" NOT NULL,
            definition   jsonb,
            members      @extschema@.user_set NOT NULL,
            creator      text NOT NULL DEFAULT current_user,
            created_at   timestamptz NOT NULL DEFAULT now(),
            refreshed_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT saved_audiences_pkey PRIMARY KEY (name),
            CONSTRAINT saved_audiences_name_check CHECK (length(name) BETWEEN 1 AND 256)
        );

        CREATE VIEW %1$I.audiences AS
        SELECT saved.name, saved.definition, @extschema@.user_set_count(now.members) AS users, now.members,
               saved.creator, saved.created_at, saved.refreshed_at
          FROM %1$I.saved_audiences AS saved,
               LATERAL (
                   WITH RECURSIVE merged AS (
                       SELECT m.from_uid, m.uid FROM %1$I.merges AS m
                        WHERE m.undone_at IS NULL AND saved.members OPERATOR(@extschema@.@>) m.from_uid
                        UNION
                       SELECT merged.from_uid, m.uid FROM merged JOIN %1$I.merges AS m
                           ON m.from_uid = merged.uid AND m.undone_at IS NULL
                   )
                   SELECT (saved.members OPERATOR(@extschema@.-) @extschema@.user_set_agg(merged.from_uid))
                          OPERATOR(@extschema@.|)
                          @extschema@.user_set_agg(merged.uid) FILTER (
                              WHERE NOT EXISTS (SELECT FROM %1$I.merges AS m
                                                 WHERE m.from_uid = merged.uid AND m.undone_at IS NULL)) AS members
                     FROM merged) AS now;

        CREATE TRIGGER merges_audiences AFTER DELETE ON %1$I.merges REFERENCING OLD TABLE AS gone
            FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.keep_audiences_merged();

        COMMENT ON TABLE %1$I.saved_audiences IS 'saved sets of users, as they were found; the view audiences has them with the merges since';
        COMMENT ON COLUMN %1$I.saved_audiences.name IS 'name of the audience';
        COMMENT ON COLUMN %1$I.saved_audiences.definition IS 'the query and the steps that it was found by; null for one given user by user';
        COMMENT ON COLUMN %1$I.saved_audiences.members IS 'the users when it was last refreshed, less those purged since';
        COMMENT ON COLUMN %1$I.saved_audiences.creator IS 'the role that saved it';
        COMMENT ON COLUMN %1$I.saved_audiences.created_at IS 'when it was saved';
        COMMENT ON COLUMN %1$I.saved_audiences.refreshed_at IS 'when its members were found';
        COMMENT ON VIEW %1$I.audiences IS 'saved sets of users; who was merged since is the user that stayed';
        COMMENT ON COLUMN %1$I.audiences.name IS 'name of the audience';
        COMMENT ON COLUMN %1$I.audiences.definition IS 'the query and the steps that it was found by; null for one given user by user';
        COMMENT ON COLUMN %1$I.audiences.users IS 'how many users it has';
        COMMENT ON COLUMN %1$I.audiences.members IS 'its users';
        COMMENT ON COLUMN %1$I.audiences.creator IS 'the role that saved it';
        COMMENT ON COLUMN %1$I.audiences.created_at IS 'when it was saved';
        COMMENT ON COLUMN %1$I.audiences.refreshed_at IS 'when its members were found';
        $template$, app);
END
$function$;
COMMENT ON FUNCTION @extschema@.create_audience_tables(text) IS 'internal: part of create_app';

-- Of a chain of merges, the members become who they are after the last one that is final.
CREATE FUNCTION @extschema@.keep_audiences_merged() RETURNS trigger
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format('LOCK TABLE %I.saved_audiences IN SHARE ROW EXCLUSIVE MODE', TG_TABLE_SCHEMA);
    EXECUTE format($statement$
        WITH RECURSIVE hops AS (
            SELECT m.from_uid, m.uid, false AS final FROM %1$I.merges AS m WHERE m.undone_at IS NULL
             UNION ALL
            SELECT gone.from_uid, gone.uid, true FROM gone WHERE gone.undone_at IS NULL
        ), merged AS (
            SELECT hops.from_uid, hops.uid, hops.final FROM hops
             UNION ALL
            SELECT merged.from_uid, hops.uid, hops.final FROM merged JOIN hops ON hops.from_uid = merged.uid
        ) CYCLE uid SET again USING path, now AS (
            SELECT DISTINCT ON (merged.from_uid) merged.from_uid, merged.uid FROM merged
             WHERE merged.final AND NOT merged.again ORDER BY merged.from_uid, cardinality(merged.path) DESC
        )
        UPDATE %1$I.saved_audiences AS saved
           SET members = (SELECT (saved.members OPERATOR(@extschema@.-) @extschema@.user_set_agg(now.from_uid))
                                 OPERATOR(@extschema@.|) @extschema@.user_set_agg(now.uid)
                            FROM now WHERE saved.members OPERATOR(@extschema@.@>) now.from_uid)
         WHERE saved.members OPERATOR(@extschema@.&&) (SELECT @extschema@.user_set_agg(now.from_uid) FROM now)
        $statement$, TG_TABLE_SCHEMA);
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION @extschema@.keep_audiences_merged() IS
    'internal: writes into saved audiences what the deleted records of merges said about their members';

CREATE FUNCTION @extschema@.raise_unknown_audience(app text, name text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'undefined_object',
        MESSAGE = format('app "%s" has no audience %s', app, coalesce('"' || left(name, 64) || '"', 'null')),
        HINT = format('Audiences are listed in %I.audiences.', app);
END
$function$;
COMMENT ON FUNCTION @extschema@.raise_unknown_audience(text, text) IS 'internal: the error for an audience that does not exist';

CREATE FUNCTION @extschema@.check_saved_name(name text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    IF name IS NULL OR length(name) NOT BETWEEN 1 AND 256 THEN
        RAISE EXCEPTION USING
            ERRCODE = CASE WHEN name IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
            MESSAGE = 'what is saved needs a name',
            HINT = 'Give one of 1 to 256 characters.';
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.check_saved_name(text) IS 'internal: refuses what cannot be the name of an audience or a saved query';

CREATE FUNCTION @extschema@.lock_audiences(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    PERFORM @extschema@.app_timezone(app);
    EXECUTE format('LOCK TABLE %I.saved_audiences IN ROW EXCLUSIVE MODE', app);
END
$function$;
COMMENT ON FUNCTION @extschema@.lock_audiences(text) IS 'internal: what comes before looking for the members of an audience';

CREATE FUNCTION @extschema@.insert_audience(app text, name text, definition jsonb, members @extschema@.user_set) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer bigint;
BEGIN
    PERFORM @extschema@.check_saved_name(name);
    IF members IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'the members of an audience must not be null';
    END IF;
    EXECUTE format('INSERT INTO %I.saved_audiences AS saved (name, definition, members) VALUES ($1, $2, $3)
                    ON CONFLICT DO NOTHING RETURNING @extschema@.user_set_count(saved.members)', app)
       INTO answer USING name, definition, members;
    IF answer IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_object',
            MESSAGE = format('app "%s" has an audience "%s" already', app, left(name, 64)),
            HINT = 'Choose another name, find its members anew with refresh_audience, or remove it with delete_audience.';
    END IF;
    RETURN answer;
END
$function$;
COMMENT ON FUNCTION @extschema@.insert_audience(text, text, jsonb, @extschema@.user_set) IS 'internal: part of save_audience and save_user_set';

CREATE FUNCTION @extschema@.save_audience(app text, name text, query jsonb DEFAULT '{}', steps jsonb DEFAULT '[]') RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    PERFORM @extschema@.lock_audiences(app);
    RETURN @extschema@.insert_audience(app, name, jsonb_build_object('query', coalesce(query, '{}'), 'steps', coalesce(steps, '[]')),
                                       @extschema@.audience(app, query, steps));
END
$function$;
COMMENT ON FUNCTION @extschema@.save_audience(text, text, jsonb, jsonb) IS
    'saves an audience with its definition, to be refreshed; returns how many users it has';

CREATE FUNCTION @extschema@.save_user_set(app text, name text, members @extschema@.user_set) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    present @extschema@.user_set;
BEGIN
    PERFORM @extschema@.lock_audiences(app);
    -- Only who is there: what is not can neither be merged nor purged.
    EXECUTE format('SELECT @extschema@.user_set_agg(u.uid) FROM @extschema@.user_set_each($1) AS uid
                      JOIN %I.users AS u ON u.uid = uid.uid AND u.bucket = (uid.uid >> 16)::integer', app)
       INTO present USING members;
    RETURN @extschema@.insert_audience(app, name, NULL, CASE WHEN members IS NOT NULL THEN present END);
END
$function$;
COMMENT ON FUNCTION @extschema@.save_user_set(text, text, @extschema@.user_set) IS
    'saves those of a set of users who are users of the app, under a name; returns how many they are';

CREATE FUNCTION @extschema@.saved_audience(app text, name text) RETURNS @extschema@.user_set
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer @extschema@.user_set;
BEGIN
    PERFORM @extschema@.app_timezone(app);
    EXECUTE format('SELECT a.members FROM %I.audiences AS a WHERE a.name = $1', app) INTO answer USING name;
    IF answer IS NULL THEN
        PERFORM @extschema@.raise_unknown_audience(app, name);
    END IF;
    RETURN answer;
END
$function$;
COMMENT ON FUNCTION @extschema@.saved_audience(text, text) IS 'the users of a saved audience, as merges and purges since have left them';

CREATE FUNCTION @extschema@.refresh_audience(app text, name text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    saved  record;
    answer bigint;
BEGIN
    PERFORM @extschema@.lock_audiences(app);
    EXECUTE format('SELECT s.name, s.definition FROM %I.saved_audiences AS s WHERE s.name = $1 FOR UPDATE', app) INTO saved USING name;
    IF saved.name IS NULL THEN
        PERFORM @extschema@.raise_unknown_audience(app, name);
    ELSIF saved.definition IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('audience "%s" has no definition to find its members by', name),
            HINT = 'It was saved as a set of users.';
    END IF;
    EXECUTE format('UPDATE %I.saved_audiences AS s SET members = $2, refreshed_at = now() WHERE s.name = $1
                    RETURNING @extschema@.user_set_count(s.members)', app)
       INTO answer USING name, @extschema@.audience(app, saved.definition -> 'query', saved.definition -> 'steps');
    RETURN answer;
END
$function$;
COMMENT ON FUNCTION @extschema@.refresh_audience(text, text) IS
    'finds the members of a saved audience anew; returns how many users it has now';

CREATE FUNCTION @extschema@.delete_audience(app text, name text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    deleted bigint;
BEGIN
    PERFORM @extschema@.app_timezone(app);
    EXECUTE format('DELETE FROM %I.saved_audiences AS s WHERE s.name = $1', app) USING name;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted = 0 THEN
        PERFORM @extschema@.raise_unknown_audience(app, name);
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.delete_audience(text, text) IS 'deletes a saved audience; its users stay';
