-- The profile as it was.

-- Of a session that is closed the event has the time of its begin and the profile of its end.
CREATE FUNCTION @extschema@.is_closing(key text, segmentation jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN key = '[CLY]_session' OR (key = '[CLY]_view_update' AND segmentation ? 'exit');

COMMENT ON FUNCTION @extschema@.is_closing(text, jsonb) IS
    'internal: whether an event is made by the end of a session, so that its profile is younger than its time';

-- Newest blocks first, so that few are read. Events of users merged into this one are under their old
-- numbers.
CREATE FUNCTION @extschema@.profile_in_blocks(
    app text, uid bigint, at timestamptz, after timestamptz, OUT ts timestamptz, OUT profile @extschema@.profile)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    found record;
BEGIN
    ts := after;
    FOR found IN EXECUTE format($query$
        WITH numbers AS (
            SELECT $1 AS uid UNION ALL SELECT moved.uid FROM %1$I.moved_events AS moved WHERE moved.into_uid = $1)
        SELECT blocks.block, blocks.bucket, blocks.last_ts, numbers.uid
          FROM numbers JOIN %1$I.event_blocks AS blocks
               ON blocks.bucket = (numbers.uid >> 16)::integer AND blocks.first_uid <= numbers.uid
              AND blocks.last_uid >= numbers.uid AND blocks.first_ts <= $2
         ORDER BY blocks.last_ts DESC, blocks.block DESC
        $query$, app) USING uid, at
    LOOP
        EXIT WHEN found.last_ts <= ts;
        EXECUTE format($query$
            SELECT event.ts, batch.profile
              FROM %1$I.event_blocks AS blocks,
                   LATERAL @extschema@.event_block_batches(blocks.data, $3) WITH ORDINALITY
                       AS batch (uid, device_id, first_ts, last_ts, profile, events, number),
                   LATERAL @extschema@.event_list_each(batch.events) AS event
             WHERE blocks.bucket = $1 AND blocks.block = $2 AND batch.first_ts <= $4 AND event.ts <= $4
               AND ($5 IS NULL OR event.ts > $5) AND NOT @extschema@.is_closing(event.key, event.segmentation)
             ORDER BY event.ts DESC, batch.number DESC LIMIT 1
            $query$, app) INTO found USING found.bucket, found.block, found.uid, at, ts;
        IF found.ts IS NOT NULL THEN
            ts := found.ts;
            profile := found.profile;
        END IF;
    END LOOP;
    IF profile IS NULL THEN
        ts := NULL;
    END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.profile_in_blocks(text, bigint, timestamptz, timestamptz) IS
    'internal: the profile that the blocks have for a user at a time, when it is younger than after; null otherwise';

-- An update of properties that is younger than the latest request is a value that expired since.
CREATE FUNCTION @extschema@.expired_later(app text, uid bigint, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer boolean;
BEGIN
    EXECUTE format($query$
        WITH numbers AS (
            SELECT $1 AS uid UNION ALL SELECT moved.uid FROM %1$I.moved_events AS moved WHERE moved.into_uid = $1
        ), later AS (
            SELECT batches.events FROM %1$I.event_batches AS batches
             WHERE batches.uid = $1 AND batches.bucket = ($1 >> 16)::integer AND batches.last_ts > $2
             UNION ALL
            SELECT batch.events
              FROM numbers JOIN %1$I.event_blocks AS blocks
                   ON blocks.bucket = (numbers.uid >> 16)::integer AND blocks.first_uid <= numbers.uid
                  AND blocks.last_uid >= numbers.uid AND blocks.last_ts > $2,
                   LATERAL @extschema@.event_block_batches(blocks.data, numbers.uid) AS batch
             WHERE batch.last_ts > $2)
        SELECT EXISTS (SELECT FROM later, LATERAL @extschema@.event_list_each(later.events) AS event
                        WHERE event.ts > $2 AND event.key = '[CLY]_property_update')
        $query$, app) INTO answer USING uid, at;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.expired_later(text, bigint, timestamptz) IS
    'internal: whether something expired after a time that is not before the latest request of the user';

CREATE FUNCTION @extschema@.profile_at(app text, uid bigint, at timestamptz) RETURNS @extschema@.profile
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    user_row record;
    hot      record;
    answer   @extschema@.profile;
BEGIN
    PERFORM @extschema@.app_timezone(app);
    EXECUTE format('SELECT profile, expiry, first_seen, last_seen FROM %I.users WHERE uid = $1 AND bucket = $1 >> 16', app)
       INTO user_row USING uid;
    IF user_row IS NULL THEN
        PERFORM @extschema@.raise_unknown_user(app, uid);
    ELSIF at < user_row.first_seen THEN
        RETURN NULL;
    ELSIF at >= user_row.last_seen AND NOT @extschema@.expired_later(app, uid, at) THEN
        RETURN coalesce(@extschema@.live_profile(user_row.profile, user_row.expiry, at), user_row.profile);
    END IF;
    -- Every change of a profile leaves an event, so the last event until then has it.
    EXECUTE format($query$
        SELECT event.ts, batches.profile
          FROM %1$I.event_batches AS batches, LATERAL @extschema@.event_list_each(batches.events) AS event
         WHERE batches.uid = $1 AND batches.bucket = ($1 >> 16)::integer AND batches.first_ts <= $2
           AND event.ts <= $2 AND NOT @extschema@.is_closing(event.key, event.segmentation)
         ORDER BY event.ts DESC, batches.batch DESC LIMIT 1
        $query$, app) INTO hot USING uid, at;
    SELECT blocks.profile INTO answer FROM @extschema@.profile_in_blocks(app, uid, at, hot.ts) AS blocks;
    answer := coalesce(answer, hot.profile);
    RETURN coalesce(answer, '{}'::@extschema@.profile);
END
$function$;

COMMENT ON FUNCTION @extschema@.profile_at(text, bigint, timestamptz) IS
    'the properties of a user as they were at a time; NULL before the first request';
