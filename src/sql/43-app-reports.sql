-- What requests report beside events and properties: crashes, consents, push tokens, enrolments; and their log.

CREATE FUNCTION @extschema@.create_crash_tables(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE TABLE %1$I.crash_groups (
            crash_group      text COLLATE "C" PRIMARY KEY,
            name             text NOT NULL,
            error            text NOT NULL,
            platform         text,
            fatal            boolean NOT NULL,
            reports          bigint NOT NULL,
            users            bigint NOT NULL,
            first_seen       timestamptz NOT NULL,
            last_seen        timestamptz NOT NULL,
            first_version    text,
            last_version     text,
            resolved_at      timestamptz,
            resolved_version text,
            reopened_at      timestamptz
        ) WITH (fillfactor = 70);

        COMMENT ON TABLE %1$I.crash_groups IS 'one row a fault: reports of the same error, but for its numbers, on the same platform';
        COMMENT ON COLUMN %1$I.crash_groups.crash_group IS 'hash of the error without numbers, the platform and whether it is fatal; segment crash_group of the events [CLY]_crash';
        COMMENT ON COLUMN %1$I.crash_groups.name IS 'first line of the error';
        COMMENT ON COLUMN %1$I.crash_groups.error IS 'the error with its stack, as in the first report';
        COMMENT ON COLUMN %1$I.crash_groups.platform IS 'operating system';
        COMMENT ON COLUMN %1$I.crash_groups.fatal IS 'false for errors that the app handled';
        COMMENT ON COLUMN %1$I.crash_groups.reports IS 'how many times it was reported';
        COMMENT ON COLUMN %1$I.crash_groups.users IS 'how many users it happened to';
        COMMENT ON COLUMN %1$I.crash_groups.first_seen IS 'time of the earliest report';
        COMMENT ON COLUMN %1$I.crash_groups.last_seen IS 'time of the latest report';
        COMMENT ON COLUMN %1$I.crash_groups.first_version IS 'version of the app in the first report';
        COMMENT ON COLUMN %1$I.crash_groups.last_version IS 'version of the app in the latest report';
        COMMENT ON COLUMN %1$I.crash_groups.resolved_at IS 'when it was declared resolved; null while it is not';
        COMMENT ON COLUMN %1$I.crash_groups.resolved_version IS 'the version from which on it should not happen any more';
        COMMENT ON COLUMN %1$I.crash_groups.reopened_at IS 'time of the report that showed that it is not resolved';

        CREATE TABLE %1$I.crash_users (
            uid         bigint NOT NULL,
            bucket      integer NOT NULL,
            crash_group text COLLATE "C" NOT NULL,
            reports     bigint NOT NULL,
            first_seen  timestamptz NOT NULL,
            last_seen   timestamptz NOT NULL,
            CONSTRAINT crash_users_pkey PRIMARY KEY (uid, bucket, crash_group),
            CONSTRAINT crash_users_bucket_check CHECK (bucket = (uid >> 16))
        );

        COMMENT ON TABLE %1$I.crash_users IS 'one row a user and fault';
        COMMENT ON COLUMN %1$I.crash_users.uid IS 'the user';
        COMMENT ON COLUMN %1$I.crash_users.bucket IS 'bucket of the user';
        COMMENT ON COLUMN %1$I.crash_users.crash_group IS 'the fault';
        COMMENT ON COLUMN %1$I.crash_users.reports IS 'how many times this user reported it';
        COMMENT ON COLUMN %1$I.crash_users.first_seen IS 'time of the earliest report';
        COMMENT ON COLUMN %1$I.crash_users.last_seen IS 'time of the latest report';
        $template$, app);
END
$function$;

COMMENT ON FUNCTION @extschema@.create_crash_tables(text) IS 'internal: part of create_app';

-- The numbers in a version, so that 1.10 comes after 1.9.
CREATE FUNCTION @extschema@.version_numbers(version text) RETURNS numeric[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN ARRAY(SELECT found[1]::numeric FROM regexp_matches(version, '\d{1,20}', 'g') AS found);

COMMENT ON FUNCTION @extschema@.version_numbers(text) IS
    'internal: the numbers in a version of an app, for comparing two';

CREATE FUNCTION @extschema@.is_regression(resolved_at timestamptz, resolved_version text, reported_at timestamptz,
                                          version text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN CASE WHEN resolved_at IS NULL THEN false
                WHEN resolved_version IS NULL OR version IS NULL THEN reported_at > resolved_at
                ELSE @extschema@.version_numbers(version) >= @extschema@.version_numbers(resolved_version) END;

COMMENT ON FUNCTION @extschema@.is_regression(timestamptz, text, timestamptz, text) IS
    'internal: whether a report shows that a resolved fault is not resolved: it comes from the version that should be without it or a newer one; without versions, it is younger than the resolution';

CREATE FUNCTION @extschema@.resolve_crash(app text, crash_group text, version text DEFAULT NULL,
                                          resolved boolean DEFAULT true) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    changed bigint;
BEGIN
    PERFORM @extschema@.app_timezone(app);
    EXECUTE format($statement$
        UPDATE %1$I.crash_groups
           SET resolved_at = CASE WHEN $3 THEN now() END, resolved_version = CASE WHEN $3 THEN $2 END,
               reopened_at = CASE WHEN $3 THEN NULL ELSE reopened_at END
         WHERE crash_group = $1
        $statement$, app) USING crash_group, version, resolved;
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed = 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('app "%s" has no crash group "%s"', app, crash_group),
            HINT = format('The groups are listed in %I.crash_groups.', app);
    END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.resolve_crash(text, text, text, boolean) IS
    'declares a fault resolved, from a version on if one is given; a report of that version or a newer one opens it again; resolved => false opens it by hand';

CREATE FUNCTION @extschema@.create_consent_log(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE TABLE %1$I.consent_log (
            uid       bigint NOT NULL,
            bucket    integer NOT NULL,
            entry     bigint GENERATED BY DEFAULT AS IDENTITY,
            device_id text NOT NULL,
            ts        timestamptz NOT NULL,
            change    text NOT NULL,
            before    @extschema@.profile,
            after     @extschema@.profile NOT NULL,
            CONSTRAINT consent_log_pkey PRIMARY KEY (uid, bucket, entry),
            CONSTRAINT consent_log_bucket_check CHECK (bucket = (uid >> 16))
        );

        COMMENT ON TABLE %1$I.consent_log IS 'one row a change of consents';
        COMMENT ON COLUMN %1$I.consent_log.uid IS 'the user';
        COMMENT ON COLUMN %1$I.consent_log.bucket IS 'bucket of the user';
        COMMENT ON COLUMN %1$I.consent_log.entry IS 'number of the entry in this app, in the order of arrival';
        COMMENT ON COLUMN %1$I.consent_log.device_id IS 'the device that sent it';
        COMMENT ON COLUMN %1$I.consent_log.ts IS 'when, by the device''s clock';
        COMMENT ON COLUMN %1$I.consent_log.change IS 'in: something was allowed; out: something was forbidden; both';
        COMMENT ON COLUMN %1$I.consent_log.before IS 'all consents before: {"feature": true or false}; null when none was known';
        COMMENT ON COLUMN %1$I.consent_log.after IS 'all consents after';
        $template$, app);
END
$function$;

COMMENT ON FUNCTION @extschema@.create_consent_log(text) IS 'internal: part of create_app';

CREATE FUNCTION @extschema@.create_enrolment_tables(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE TABLE %1$I.push_tokens (
            uid      bigint NOT NULL,
            bucket   integer NOT NULL,
            provider text COLLATE "C" NOT NULL,
            mode     smallint NOT NULL,
            token    text NOT NULL,
            set_at   timestamptz NOT NULL,
            CONSTRAINT push_tokens_pkey PRIMARY KEY (uid, bucket, provider, mode),
            CONSTRAINT push_tokens_bucket_check CHECK (bucket = (uid >> 16))
        );

        COMMENT ON TABLE %1$I.push_tokens IS 'where messages reach a user: one row a provider and mode';
        COMMENT ON COLUMN %1$I.push_tokens.uid IS 'the user';
        COMMENT ON COLUMN %1$I.push_tokens.bucket IS 'bucket of the user';
        COMMENT ON COLUMN %1$I.push_tokens.provider IS 'APN, FCM or HMS';
        COMMENT ON COLUMN %1$I.push_tokens.mode IS '0 production, 1 development, 2 ad hoc';
        COMMENT ON COLUMN %1$I.push_tokens.token IS 'the token, as the SDK sent it';
        COMMENT ON COLUMN %1$I.push_tokens.set_at IS 'when, by the device''s clock';

        CREATE TABLE %1$I.enrolments (
            uid         bigint NOT NULL,
            bucket      integer NOT NULL,
            key         text COLLATE "C" NOT NULL,
            method      text NOT NULL,
            variant     text,
            enrolled_at timestamptz NOT NULL,
            CONSTRAINT enrolments_pkey PRIMARY KEY (uid, bucket, key),
            CONSTRAINT enrolments_bucket_check CHECK (bucket = (uid >> 16))
        );

        COMMENT ON TABLE %1$I.enrolments IS 'keys of remote config and A/B tests that a user takes part in';
        COMMENT ON COLUMN %1$I.enrolments.uid IS 'the user';
        COMMENT ON COLUMN %1$I.enrolments.bucket IS 'bucket of the user';
        COMMENT ON COLUMN %1$I.enrolments.key IS 'the key';
        COMMENT ON COLUMN %1$I.enrolments.method IS 'the method that enrolled: ab, ab_enroll_variant, rc or fetch_remote_config';
        COMMENT ON COLUMN %1$I.enrolments.variant IS 'the variant that was asked for; null when none was';
        COMMENT ON COLUMN %1$I.enrolments.enrolled_at IS 'when, by the device''s clock';
        $template$, app);
END
$function$;

COMMENT ON FUNCTION @extschema@.create_enrolment_tables(text) IS 'internal: part of create_app';
