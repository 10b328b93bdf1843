-- What the tables hold about a user, for whoever looks into a problem. Push tokens and hidden properties are not
-- in it, since it is made to be passed on.

CREATE FUNCTION @extschema@.debug_user(app text, uid bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    answer jsonb;
BEGIN
    PERFORM @extschema@.app_timezone(app);
    IF uid < 1 OR uid >> 47 > 0 THEN   -- such a number has no bucket
        PERFORM @extschema@.raise_unknown_user(app, uid);
    END IF;
    EXECUTE format($query$
        SELECT jsonb_build_object(
            'app', $1, 'version', (SELECT extversion FROM pg_extension WHERE extname = 'profiles'), 'at', now(),
            'settings', (SELECT settings FROM @extschema@.apps WHERE name = $1),
            'user', to_jsonb(users) - '{profile,recent_requests}'::text[] || jsonb_build_object(
                'id', @extschema@.uid_text($2), 'profile', @extschema@.visible_profile($1, %2$s)::jsonb,
                'profile_bytes', pg_column_size(users.profile), 'remembered_requests', coalesce(octet_length(users.recent_requests), 0) / 8),
            'devices', (SELECT jsonb_agg(jsonb_build_object('device_id', device_id, 'first_seen', first_seen) ORDER BY first_seen, device_id)
                          FROM %1$I.devices WHERE uid = $2 AND bucket = $3),
            'merges', (SELECT coalesce(jsonb_agg(jsonb_build_object('merge', merge, 'from_uid', from_uid, 'merged_at', merged_at,
                              'undone_at', undone_at, 'devices', devices) ORDER BY merge), '[]')
                         FROM %1$I.merges WHERE uid = $2 AND bucket = $3),
            'batches', (SELECT jsonb_build_object('count', count(*), 'first_ts', min(first_ts), 'last_ts', max(last_ts),
                               'first_received_at', min(received_at), 'last_received_at', max(received_at),
                               'bytes', coalesce(sum(pg_column_size(batches)), 0))
                          FROM %1$I.event_batches AS batches WHERE uid = $2 AND bucket = $3),
            'latest_batches', (SELECT coalesce(jsonb_agg(to_jsonb(latest) ORDER BY latest.batch DESC), '[]')
                                 FROM (SELECT batch, device_id, first_ts, last_ts, received_at,
                                              (SELECT jsonb_agg(event.key ORDER BY event.sequence) FROM @extschema@.event_list_each(events) AS event) AS events
                                         FROM %1$I.event_batches WHERE uid = $2 AND bucket = $3 ORDER BY batch DESC LIMIT 20) AS latest),
            'latest_requests', (SELECT coalesce(jsonb_agg(to_jsonb(latest) ORDER BY latest.id DESC), '[]')
                                  FROM (SELECT id, ts, request_ts, device_id, parts, status, reason, skipped
                                          FROM %1$I.request_log WHERE uid = $2 ORDER BY id DESC LIMIT 20) AS latest),
            'consents', (SELECT count(*) FROM %1$I.consent_log WHERE uid = $2 AND bucket = $3),
            'crashes', (SELECT coalesce(jsonb_object_agg(crash_group, reports), '{}') FROM %1$I.crash_users WHERE uid = $2 AND bucket = $3),
            'push_tokens', (SELECT coalesce(jsonb_agg(jsonb_build_object('provider', provider, 'mode', mode, 'set_at', set_at) ORDER BY provider, mode), '[]')
                              FROM %1$I.push_tokens WHERE uid = $2 AND bucket = $3),
            'enrolments', (SELECT coalesce(jsonb_agg(key ORDER BY key), '[]') FROM %1$I.enrolments WHERE uid = $2 AND bucket = $3))
          FROM %1$I.users AS users WHERE users.uid = $2 AND users.bucket = $3
        $query$, app, @extschema@.live_profile_of('users')) INTO answer USING app, uid, (uid >> 16)::integer;
    IF answer IS NULL THEN
        PERFORM @extschema@.raise_unknown_user(app, uid);
    END IF;
    RETURN answer;
END
$function$;

COMMENT ON FUNCTION @extschema@.debug_user(text, bigint) IS
    'what the tables of an app hold about a user, for looking into a problem: row, devices, merges, batches, figures of the rest; without push tokens and hidden properties';
