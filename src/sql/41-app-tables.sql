-- The tables of an app, as templates: %1$I is the app's schema. They are made by the role that calls
-- create_app and belong to it.
--
-- Every table with rows of one user has `bucket`, the uid without its low 16 bits, and the key
-- (uid, bucket, ...): a user never leaves its bucket, so exact distinct users add up over buckets,
-- and a distributing extension can spread the tables by it. `bucket` is a plain column with a check,
-- since a generated one could not be the column to distribute by.
--
-- There are no foreign keys between the tables: every request would pay for a lock on the user's row,
-- and the functions that write keep the tables together anyway.

-- fillfactor 70: every request updates its user's row, so the row has to stay on its page (a HOT
-- update, which writes no index). A row is about 1 kB; 30 % of a page takes two or three new versions,
-- and by the time they are used up the next visitor of the page has removed the dead ones. Only
-- columns that a request of a running session does not change may be indexed here.
--
-- The partial index is for readers of sessions, which need the unfinished ones. It changes when a
-- session begins and when it is finished, not by the requests between.
CREATE FUNCTION @extschema@.create_users_table(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        -- The last uid whose bucket is still an integer.
        CREATE SEQUENCE %1$I.users_uid_seq AS bigint MINVALUE 1 MAXVALUE 140737488355327
            START 1 CACHE 1 NO CYCLE;

        CREATE TABLE %1$I.users (
            uid              bigint NOT NULL,
            bucket           integer NOT NULL,
            device_id        text NOT NULL,
            device_id_type   smallint,
            identified       boolean NOT NULL DEFAULT false,
            profile          @extschema@.profile NOT NULL,
            first_seen       timestamptz,
            last_seen        timestamptz,
            first_session    timestamptz,
            last_session     timestamptz,
            first_sync       timestamptz,
            last_sync        timestamptz,
            session_count    integer NOT NULL DEFAULT 0,
            time_spent       bigint NOT NULL DEFAULT 0,
            event_count      bigint NOT NULL DEFAULT 0,
            merges           integer NOT NULL DEFAULT 0,
            session_id       text,
            session_start    timestamptz,
            session_end      timestamptz,
            session_duration integer,
            session_events   integer,
            recent_day       date,
            recent_sessions  smallint[],
            location_source  text,
            location_at      timestamptz,
            recent_requests  bytea,
            consent          @extschema@.profile,
            session_views    integer NOT NULL DEFAULT 0,
            view_count       bigint NOT NULL DEFAULT 0,
            last_view        text,
            last_view_id     text,
            last_view_at     timestamptz,
            purchase_count   integer NOT NULL DEFAULT 0,
            purchase_total   numeric,
            last_purchase_amount numeric,
            last_purchase    timestamptz,
            expiry           @extschema@.profile,
            logged           boolean NOT NULL DEFAULT false,
            CONSTRAINT users_pkey PRIMARY KEY (uid, bucket),
            CONSTRAINT users_uid_check CHECK (uid > 0),
            CONSTRAINT users_bucket_check CHECK (bucket = (uid >> 16))
        ) WITH (fillfactor = 70);

        ALTER SEQUENCE %1$I.users_uid_seq OWNED BY %1$I.users.uid;

        CREATE INDEX users_open_session_idx ON %1$I.users (session_start)
            WHERE session_start IS NOT NULL;

        COMMENT ON TABLE %1$I.users IS 'one row a user: who it is, its profile and its counters';
        COMMENT ON COLUMN %1$I.users.uid IS 'number of the user in this app, from 1; uid_text shows it as people see it';
        COMMENT ON COLUMN %1$I.users.bucket IS 'uid without its low 16 bits: 65,536 users a bucket';
        COMMENT ON COLUMN %1$I.users.device_id IS 'the latest device id of the user; all of them are in devices';
        COMMENT ON COLUMN %1$I.users.device_id_type IS 'where the device id comes from: 0 the developer, 1 the SDK, 2 temporary, 3 the URL';
        COMMENT ON COLUMN %1$I.users.identified IS 'true when a name, username, email or phone is known, the developer supplied the device id, or users were merged into this one';
        COMMENT ON COLUMN %1$I.users.profile IS 'the properties as they are now';
        COMMENT ON COLUMN %1$I.users.first_seen IS 'time of the first request, by the device''s clock';
        COMMENT ON COLUMN %1$I.users.last_seen IS 'time of the latest request, by the device''s clock; never goes back';
        COMMENT ON COLUMN %1$I.users.first_session IS 'begin of the first session; null without a session';
        COMMENT ON COLUMN %1$I.users.last_session IS 'begin of the latest session; never goes back';
        COMMENT ON COLUMN %1$I.users.first_sync IS 'when the server took the first request';
        COMMENT ON COLUMN %1$I.users.last_sync IS 'when the server took the latest request';
        COMMENT ON COLUMN %1$I.users.session_count IS 'sessions begun';
        COMMENT ON COLUMN %1$I.users.time_spent IS 'seconds in all sessions';
        COMMENT ON COLUMN %1$I.users.event_count IS 'events of the app''s own, without the internal ones';
        COMMENT ON COLUMN %1$I.users.merges IS 'how many users were merged into this one';
        COMMENT ON COLUMN %1$I.users.session_id IS 'the unfinished session, or the latest one';
        COMMENT ON COLUMN %1$I.users.session_start IS 'begin of the unfinished session: open, or ended so lately that it may continue; null without one';
        COMMENT ON COLUMN %1$I.users.session_end IS 'when end_session came; null while the session is open';
        COMMENT ON COLUMN %1$I.users.session_duration IS 'seconds of the unfinished session so far';
        COMMENT ON COLUMN %1$I.users.session_events IS 'events of the unfinished session so far';
        COMMENT ON COLUMN %1$I.users.recent_day IS 'the last active day, in the app''s time zone';
        COMMENT ON COLUMN %1$I.users.recent_sessions IS 'sessions begun on recent_day, on the day before, ...: 7 elements, null where the user was not active';
        COMMENT ON COLUMN %1$I.users.location_source IS 'what the location in the profile comes from';
        COMMENT ON COLUMN %1$I.users.location_at IS 'when the SDK last sent coordinates, or opted out of location';
        COMMENT ON COLUMN %1$I.users.recent_requests IS 'hashes of 8 bytes of the last 32 accepted requests, by which duplicates are known';
        COMMENT ON COLUMN %1$I.users.consent IS 'what the user allows and forbids: {"feature": true or false}; null when nothing is known';
        COMMENT ON COLUMN %1$I.users.session_views IS 'views visited in the unfinished session';
        COMMENT ON COLUMN %1$I.users.view_count IS 'views visited';
        COMMENT ON COLUMN %1$I.users.last_view IS 'name of the view visited last';
        COMMENT ON COLUMN %1$I.users.last_view_id IS 'the SDK''s id of that visit';
        COMMENT ON COLUMN %1$I.users.last_view_at IS 'when that was';
        COMMENT ON COLUMN %1$I.users.purchase_count IS 'events of the setting purchase_events that carried a sum';
        COMMENT ON COLUMN %1$I.users.purchase_total IS 'the sum of their sums';
        COMMENT ON COLUMN %1$I.users.last_purchase_amount IS 'sum of the latest of them';
        COMMENT ON COLUMN %1$I.users.last_purchase IS 'time of the latest of them';
        COMMENT ON COLUMN %1$I.users.expiry IS 'when values of custom properties are gone: milliseconds since 1970, or SESSION, negative for a session that has ended; live_profile heeds it';
        COMMENT ON COLUMN %1$I.users.logged IS 'true while the requests of the user go to request_log, also when the app has no log';
        COMMENT ON SEQUENCE %1$I.users_uid_seq IS 'the next uid';
        $template$, app);
END
$function$;

COMMENT ON FUNCTION @extschema@.create_users_table(text) IS
    'internal: part of create_app';

-- COLLATE "C": ids are looked up, not sorted for people, and an index in byte order survives an
-- upgrade of the operating system's locales.
CREATE FUNCTION @extschema@.create_devices_table(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE TABLE %1$I.devices (
            device_id  text COLLATE "C" NOT NULL,
            uid        bigint NOT NULL,
            bucket     integer NOT NULL,
            first_seen timestamptz,
            CONSTRAINT devices_pkey PRIMARY KEY (device_id),
            CONSTRAINT devices_bucket_check CHECK (bucket = (uid >> 16))
        );

        -- A merge hands all devices of one user to another.
        CREATE INDEX devices_uid_idx ON %1$I.devices (uid, bucket);

        COMMENT ON TABLE %1$I.devices IS 'every device id ever seen and the user it belongs to, also after merges';
        COMMENT ON COLUMN %1$I.devices.device_id IS 'the id as the SDK sent it';
        COMMENT ON COLUMN %1$I.devices.uid IS 'the user it belongs to now';
        COMMENT ON COLUMN %1$I.devices.bucket IS 'bucket of that user';
        COMMENT ON COLUMN %1$I.devices.first_seen IS 'time of its first request, by the device''s clock';
        $template$, app);
END
$function$;

COMMENT ON FUNCTION @extschema@.create_devices_table(text) IS
    'internal: part of create_app';

-- Rows are only appended, and at the end moved away by compact: so pages are filled, and vacuum and
-- analyze come by the number of new rows, often, to keep the visibility map set and the planner
-- informed about the newest hours, which most queries ask for.
--
-- Batches arrive nearly in the order of their times, which is what BRIN is for: a few hundred bytes
-- of index for each 100 MB. autosummarize, since pages without a summary are read by every query.
CREATE FUNCTION @extschema@.create_event_batches_table(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE TABLE %1$I.event_batches (
            uid         bigint NOT NULL,
            bucket      integer NOT NULL,
            batch       bigint GENERATED BY DEFAULT AS IDENTITY,
            device_id   text NOT NULL,
            first_ts    timestamptz NOT NULL,
            last_ts     timestamptz NOT NULL,
            received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            profile     @extschema@.profile NOT NULL,
            events      @extschema@.event_list NOT NULL,
            CONSTRAINT event_batches_pkey PRIMARY KEY (uid, bucket, batch),
            CONSTRAINT event_batches_bucket_check CHECK (bucket = (uid >> 16)),
            CONSTRAINT event_batches_ts_check CHECK (first_ts <= last_ts)
        ) WITH (fillfactor = 100,
                autovacuum_vacuum_insert_scale_factor = 0.05,
                autovacuum_analyze_scale_factor = 0.02);

        CREATE INDEX event_batches_ts_idx ON %1$I.event_batches USING brin (first_ts, last_ts)
            WITH (pages_per_range = 32, autosummarize = on);

        COMMENT ON TABLE %1$I.event_batches IS 'the hot tier of events: one row a request that carried events';
        COMMENT ON COLUMN %1$I.event_batches.uid IS 'the user';
        COMMENT ON COLUMN %1$I.event_batches.bucket IS 'bucket of the user';
        COMMENT ON COLUMN %1$I.event_batches.batch IS 'number of the batch in this app, in the order of arrival';
        COMMENT ON COLUMN %1$I.event_batches.device_id IS 'the device that sent it';
        COMMENT ON COLUMN %1$I.event_batches.first_ts IS 'time of its earliest event';
        COMMENT ON COLUMN %1$I.event_batches.last_ts IS 'time of its latest event';
        COMMENT ON COLUMN %1$I.event_batches.received_at IS 'when the server took it';
        COMMENT ON COLUMN %1$I.event_batches.profile IS 'the properties after the updates of the same request: what all its events carry';
        COMMENT ON COLUMN %1$I.event_batches.events IS 'the events';
        $template$, app);
END
$function$;

COMMENT ON FUNCTION @extschema@.create_event_batches_table(text) IS
    'internal: part of create_app';

-- Blocks are written by compact alone. Few rows share a page, since parallel workers take pages: the rows
-- are small and stand for a megabyte each. Their number must be known to the planner, even of a few: by itself
-- it thinks of full pages and would give a single block to workers. Who looks for something finds the blocks that
-- may have it by the plain columns, without touching their data.
CREATE FUNCTION @extschema@.create_event_blocks_table(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE TABLE %1$I.event_blocks (
            bucket    integer NOT NULL,
            block     bigint GENERATED BY DEFAULT AS IDENTITY,
            first_uid bigint NOT NULL,
            last_uid  bigint NOT NULL,
            first_ts  timestamptz NOT NULL,
            last_ts   timestamptz NOT NULL,
            events    integer NOT NULL,
            users     integer NOT NULL,
            keys      text[] NOT NULL,
            data      @extschema@.event_block NOT NULL,
            CONSTRAINT event_blocks_pkey PRIMARY KEY (bucket, block),
            CONSTRAINT event_blocks_bucket_check CHECK (bucket = (first_uid >> 16) AND bucket = (last_uid >> 16))
        ) WITH (fillfactor = 10, parallel_workers = 8, autovacuum_analyze_threshold = 1);

        CREATE TABLE %1$I.moved_events (
            uid      bigint NOT NULL,
            bucket   integer NOT NULL,
            into_uid bigint NOT NULL,
            rewritten boolean NOT NULL DEFAULT false,
            CONSTRAINT moved_events_pkey PRIMARY KEY (uid, bucket),
            CONSTRAINT moved_events_bucket_check CHECK (bucket = (uid >> 16))
        );

        -- A merge of the new user moves them on.
        CREATE INDEX moved_events_into_uid_idx ON %1$I.moved_events (into_uid);

        COMMENT ON TABLE %1$I.event_blocks IS 'the cold tier of events: one row a block of up to 65,536 events of a bucket, written by compact';
        COMMENT ON COLUMN %1$I.event_blocks.bucket IS 'bucket of its users';
        COMMENT ON COLUMN %1$I.event_blocks.block IS 'number of the block in this app';
        COMMENT ON COLUMN %1$I.event_blocks.first_uid IS 'the first of its users';
        COMMENT ON COLUMN %1$I.event_blocks.last_uid IS 'the last of its users';
        COMMENT ON COLUMN %1$I.event_blocks.first_ts IS 'time of its earliest event';
        COMMENT ON COLUMN %1$I.event_blocks.last_ts IS 'time of its latest event';
        COMMENT ON COLUMN %1$I.event_blocks.events IS 'how many events it has';
        COMMENT ON COLUMN %1$I.event_blocks.users IS 'how many users it has events of';
        COMMENT ON COLUMN %1$I.event_blocks.keys IS 'the names of its events';
        COMMENT ON COLUMN %1$I.event_blocks.data IS 'the events, with the properties that the users had';
        COMMENT ON TABLE %1$I.moved_events IS 'merged users whose events in blocks belong to another user now; queries heed it, compact rewrites the blocks';
        COMMENT ON COLUMN %1$I.moved_events.uid IS 'the user that the blocks say';
        COMMENT ON COLUMN %1$I.moved_events.bucket IS 'bucket of that user';
        COMMENT ON COLUMN %1$I.moved_events.into_uid IS 'the user that they belong to';
        COMMENT ON COLUMN %1$I.moved_events.rewritten IS 'true once compact has written some of them anew under the number of that user';
        $template$, app);
END
$function$;

COMMENT ON FUNCTION @extschema@.create_event_blocks_table(text) IS
    'internal: part of create_app';

CREATE FUNCTION @extschema@.create_app_tables(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format('CREATE SCHEMA %I', app);
    EXECUTE format('COMMENT ON SCHEMA %I IS %L', app,
                   'an app of the extension profiles: its users and their events');
    PERFORM @extschema@.create_users_table(app);
    PERFORM @extschema@.create_devices_table(app);
    PERFORM @extschema@.create_event_batches_table(app);
    PERFORM @extschema@.create_event_blocks_table(app);
    PERFORM @extschema@.create_user_blocks_table(app);
    PERFORM @extschema@.create_batches_view(app);
    PERFORM @extschema@.create_storage_view(app);
    PERFORM @extschema@.create_compact_runs(app);
    PERFORM @extschema@.create_crash_tables(app);
    PERFORM @extschema@.create_consent_log(app);
    PERFORM @extschema@.create_enrolment_tables(app);
    PERFORM @extschema@.create_properties_table(app);
    PERFORM @extschema@.create_merges_table(app);
    PERFORM @extschema@.create_inbox_tables(app);
    PERFORM @extschema@.create_request_log(app);
    PERFORM @extschema@.create_geo_targets_table(app);
    PERFORM @extschema@.create_audience_tables(app);
    PERFORM @extschema@.create_saved_queries_table(app);
    PERFORM @extschema@.create_events_table(app);
    PERFORM @extschema@.create_sessions_table(app);
    PERFORM @extschema@.create_people_view(app);
END
$function$;

COMMENT ON FUNCTION @extschema@.create_app_tables(text) IS
    'internal: part of create_app, makes the schema of an app and everything in it';
