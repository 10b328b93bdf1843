-- What the drivers' requests made of the users of an app: one row a line of the expected text. Instead
-- of "app" stands the app's schema. What differs from run to run is not shown: ids that the SDKs make
-- up, where a click met a page, which fonts decide, and, as ~, seconds that passed while a driver was at work and what
-- depends on the machine; and updates of the orientation alone, for a window that is being resized may tell the old one
-- once more. The updates of properties that come before any other event of a user are one line: how many
-- there are depends on which of the requests that a page sends at once, its health and its first of a user, is first.
WITH users AS (
    SELECT u.*, row_number() OVER (ORDER BY uid) AS place,
           (SELECT string_agg(CASE WHEN d.device_id ~ '^[0-9a-f]{8}-' THEN '(made up)' ELSE left(d.device_id, 40) END, ', ' ORDER BY d.first_seen, d.device_id)
              FROM app.devices AS d WHERE d.uid = u.uid) AS devices
      FROM app.users AS u
), events AS (
    SELECT place, devices, e.*, bool_and(e.key = '[CLY]_property_update') OVER earlier AS is_first_update, row_number() OVER earlier AS rank
      FROM users JOIN app.event_batches AS b USING (uid),
           LATERAL profiles.event_list_each(b.events) WITH ORDINALITY AS e (sequence, key, ts, count, sum, dur, segmentation, number)
    WINDOW earlier AS (PARTITION BY place ORDER BY b.batch, e.number)
), lines (place, section, rank, line) AS (
    SELECT place, 1, 0, format('user %s', devices) FROM users
    UNION ALL
    SELECT place, 2, 0, format('  %s, %s sessions, %s s, %s events, %s views, %s merges%s, t=%s',
           CASE WHEN identified THEN 'identified' ELSE 'anonymous' END, session_count,
           CASE WHEN devices ~ '^(ada|visitor|traveller)' OR time_spent <= 2 THEN '~' ELSE time_spent::text END, event_count, view_count, merges,
           CASE WHEN session_start IS NULL THEN '' WHEN session_end IS NULL THEN ', in a session' ELSE ', after a session' END, device_id_type)
      FROM users
    UNION ALL
    SELECT place, 3, row_number() OVER (PARTITION BY place ORDER BY p.kind DESC, p.name COLLATE "C"), 
           format('  %s = %s', p.name, CASE WHEN p.name IN ('time_zone_offset', 'browser_version') THEN '~' ELSE left(p.value::text, 120) END)
      FROM users, profiles.profile_properties(users.profile) AS p
     WHERE p.name <> 'user_agent'
    UNION ALL
    SELECT place, 4, 0, '  consent = ' || consent::text FROM users WHERE consent IS NOT NULL
    UNION ALL
    SELECT place, 5, row_number() OVER (PARTITION BY place ORDER BY c.entry), format('  consent %s: %s', c.change, c.after)
      FROM users JOIN app.consent_log AS c USING (uid)
    UNION ALL
    SELECT place, 6, row_number() OVER (PARTITION BY place ORDER BY g.name), format('  crash "%s", %s reports, %s', g.name, c.reports, CASE WHEN g.fatal THEN 'fatal' ELSE 'handled' END)
      FROM users JOIN app.crash_users AS c USING (uid) JOIN app.crash_groups AS g USING (crash_group)
    UNION ALL
    SELECT place, 7, row_number() OVER (PARTITION BY place ORDER BY provider), format('  token of %s, mode %s: %s', provider, mode, token)
      FROM users JOIN app.push_tokens USING (uid)
    UNION ALL
    SELECT place, 8, row_number() OVER (PARTITION BY place ORDER BY key), format('  enrolled in %s by %s', key, method)
      FROM users JOIN app.enrolments USING (uid)
    UNION ALL
    SELECT place, 9, 0, format('  first properties: %s', string_agg(DISTINCT property COLLATE "C", ', ' ORDER BY property COLLATE "C"))
      FROM events, LATERAL jsonb_array_elements_text(segmentation -> 'properties') AS property
     WHERE is_first_update GROUP BY place
    UNION ALL
    SELECT place, 9, rank,
           format('  event %s x%s%s%s %s', left(key, 40), count, ' sum ' || sum,
                  ' dur ' || CASE WHEN key IN ('reading', 'level', '[CLY]_view_update') THEN '~'
                                  WHEN key = '[CLY]_session' AND (dur <= 2 OR devices ~ '^(ada|visitor|traveller)') THEN '~'
                                  ELSE dur::text END,
                  left((segmentation - '{session_id,run,opengl}'::text[]
                        - CASE WHEN key = '[CLY]_action' AND segmentation ?& '{x,domain}' THEN '{x,y}'::text[] ELSE '{}' END)::text, 200))
      FROM events WHERE NOT is_first_update AND segmentation <> '{"properties": ["orientation"]}'
)
SELECT line FROM lines ORDER BY place, section, rank
