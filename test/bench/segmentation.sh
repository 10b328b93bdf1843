#!/bin/bash
# Segmentation over blocks, against DuckDB and a jsonb row store with the same events, in one run:
#
#     EVENTS=5000000 USERS=200000 test/bench/segmentation.sh
#
# DuckDB comes from npm (@duckdb/node-api, once, to build/bench), has the same typed columns sorted by user and
# time, and 2 threads; PostgreSQL has a leader and one worker, also for the row store, which has the snapshots as
# jsonb. Medians of 5, all warm, all sides by turns. Every answer is compared with both of the others. DUCKDB=no leaves DuckDB out.
# SCALE="1000000 5000000 20000000" instead measures our side alone at these numbers of events, with 25 a user: time
# should grow linearly, memory not at all.
set -euo pipefail
# shellcheck source=test/bench/lib.sh
source "$(dirname "$0")/lib.sh"
events=${EVENTS:-5000000} users=${USERS:-200000} duckdb=${DUCKDB:-@duckdb/node-api@1.5.6-r.1}
work=$cluster_source/build/bench
mkdir -p "$work"

bench_start "shared_buffers = 6GB" "max_parallel_workers_per_gather = 1" "fsync = off" "synchronous_commit = off" \
    "min_parallel_table_scan_size = 0"

load() { # EVENTS USERS [rows]: with rows, the row store too
    bench_sql -v events="$1" -v users="$2" -v rows="${3:-no}" -f "$bench_dir/segmentation.sql" >/dev/null
    echo "$1 events of $2 users over 90 days, 20 properties each"
}

# Runs lines of SQL in one backend; says the seconds they took, by the clock and of the processor, and the most megabytes
# that the backend had, without what is shared.
measured() {
    {
        # shellcheck disable=SC2028,SC2016  # for psql and its shell
        echo 'SELECT pg_backend_pid() AS pid \gset
\setenv PID :pid
SET client_min_messages = warning;
SELECT extract(epoch FROM clock_timestamp());
\! cut -d" " -f14,15 /proc/$PID/stat'
        printf '%s\n' "$@"
        # shellcheck disable=SC2028,SC2016
        echo 'SELECT extract(epoch FROM clock_timestamp());
\! cut -d" " -f14,15 /proc/$PID/stat; grep -E "VmHWM|RssShmem" /proc/$PID/status'
    } | psql -X -q -At -v ON_ERROR_STOP=1 |
        awk -v ticks="$(getconf CLK_TCK)" '{ line[NR] = $0 } /VmHWM/ { most = $2 } /RssShmem/ { shared = $2 } END {
            split(line[2], before, " "); split(line[4], after, " ")
            printf "%.2f %.2f %.0f\n", line[3] - line[1], (after[1] + after[2] - before[1] - before[2]) / ticks, (most - shared) / 1024 }'
}

compact() { # EVENTS
    local clock cpu memory
    read -r clock cpu memory < <(measured "CALL profiles.compact('shop');")
    bench_sql -c "VACUUM ANALYZE shop.event_blocks, shop.event_batches" -c "ANALYZE shop.events"  # else every query passes the dead batches
    awk -v n="$1" -v c="$clock" -v s="$cpu" -v m="$memory" 'BEGIN {
        printf "compact: %.1f s, %.0f events/s; %.1f s of one core, %.0f events/s a core (reach 300000); %d MB at most (reach 256)\n", c, n / c, s, n / s, m }'
}

names=(daily totals three cell any plain)
declare -A ours rows duck_sql
ours[daily]="SELECT segment, users, times, sum, bucket FROM profiles.segmentation('shop', 'view', '{\"platform\":\"Android\"}', bucket => 'daily', period => 'all')"
rows[daily]="SELECT '{}'::text[], count(DISTINCT uid), sum(count), sum(sum), date_trunc('day', ts) FROM rows WHERE key = 'view' AND profile ->> 'platform' = 'Android' GROUP BY 5"
duck_sql[daily]="SELECT date_trunc('day', ts) AS day, count(DISTINCT uid) AS users, sum(count), sum(sum) FROM events WHERE key = 'view' AND platform = 'Android' GROUP BY 1"
ours[totals]="SELECT segment, users, times, sum FROM profiles.segmentation('shop', 'view', '{}', '{country}', period => 'all')"
rows[totals]="SELECT ARRAY[profile ->> 'country'], count(DISTINCT uid), sum(count), sum(sum) FROM rows WHERE key = 'view' GROUP BY 1"
duck_sql[totals]="SELECT country, count(DISTINCT uid) AS users, sum(count), sum(sum) FROM events WHERE key = 'view' GROUP BY 1"
# shellcheck disable=SC2016  # the names of operators begin with it
filter='{"device_type":{"$ne":"tablet"},"$or":[{"custom.plan":"pro"},{"custom.level":{"$gte":50}}]}'
ours[three]="SELECT segment, users, times, sum FROM profiles.segmentation('shop', 'view', '$filter', '{country,platform,app_version}', period => 'all')"
rows[three]="SELECT ARRAY[profile ->> 'country', profile ->> 'platform', profile ->> 'app_version'], count(DISTINCT uid), sum(count), sum(sum) FROM rows WHERE key = 'view' AND profile ->> 'device_type' <> 'tablet' AND (profile -> 'custom' ->> 'plan' = 'pro' OR (profile -> 'custom' ->> 'level')::int >= 50) GROUP BY 1"
duck_sql[three]="SELECT country, platform, app_version, count(DISTINCT uid) AS users, sum(count), sum(sum) FROM events WHERE key = 'view' AND device_type <> 'tablet' AND (plan = 'pro' OR level >= 50) GROUP BY 1, 2, 3"
ours[cell]="SELECT u FROM profiles.segmentation_users('shop', 'view', '{\"platform\":\"Android\"}', '{country}', '{DE}', 'all') AS u"
rows[cell]="SELECT DISTINCT uid FROM rows WHERE key = 'view' AND profile ->> 'platform' = 'Android' AND profile ->> 'country' = 'DE'"
duck_sql[cell]="SELECT DISTINCT uid FROM events WHERE key = 'view' AND platform = 'Android' AND country = 'DE'"
ours[any]="SELECT segment, users, times, sum, bucket FROM profiles.segmentation('shop', NULL, '{}', bucket => 'daily', period => 'all')"
rows[any]="SELECT '{}'::text[], count(DISTINCT uid), sum(count), sum(sum), date_trunc('day', ts) FROM rows GROUP BY 5"
duck_sql[any]="SELECT date_trunc('day', ts) AS day, count(DISTINCT uid) AS users, sum(count), sum(sum) FROM events GROUP BY 1"

# Plain SQL, as a BI tool writes it: the last 30 days of one key.
last="ts > timestamptz '2024-03-31 00:00+00' - interval '30 days'"
ours[plain]="SELECT country, count(*), count(DISTINCT uid) AS users FROM shop.events WHERE key = 'buy' AND $last GROUP BY 1"
rows[plain]="SELECT profile ->> 'country', count(*), count(DISTINCT uid) FROM rows WHERE key = 'buy' AND $last GROUP BY 1"
duck_sql[plain]="SELECT country, count(*), count(DISTINCT uid) AS users FROM events WHERE key = 'buy' AND ts > timestamp '2024-03-01 00:00' GROUP BY 1"
declare -A reach_of_duck=([plain]=1) reach_of_rows=([plain]=5)

# The median of $1 runs after one, in milliseconds.
median_ms() {
    local runs=$1 query=$2 commands=()
    for ((i = 0; i <= runs; i++)); do commands+=(-c "$query"); done
    psql -X -q -At -v ON_ERROR_STOP=1 -c '\timing on' "${commands[@]}" | awk '/^Time:/ { print $2 }' | tail -n "$runs" |
        sort -n | sed -n "$((runs / 2 + 1))p"
}

if [[ -n ${SCALE:-} ]]; then
    for events in $SCALE; do
        load "$events" $((events / 25))
        compact "$events"
        for name in daily totals three cell; do
            a=$(median_ms 5 "${ours[$name]}")
            read -r _ _ memory < <(measured "SET max_parallel_workers_per_gather = 0; ${ours[$name]} \\g /dev/null")
            awk -v name="$name" -v a="$a" -v n="$events" -v m="$memory" 'BEGIN { printf "%-7s %8.1f ms, %.1f ms a million events, %d MB at most in one backend\n", name, a, a / n * 1e6, m }'
        done
        bench_sql -c "SET client_min_messages = warning" -c "SELECT profiles.drop_app('shop')" -c "DROP TABLE raw, visits, crowd CASCADE" -c "DROP FUNCTION pick" >/dev/null
    done
    exit
fi

load "$events" "$users" yes
# Another app has the latest 100,000 events hot, and all the others in blocks.
bench_sql -c "CREATE TABLE latest AS SELECT * FROM shop.event_batches WHERE batch > (SELECT max(batch) - 25000 FROM shop.event_batches)" \
    -c "DELETE FROM shop.event_batches WHERE batch >= (SELECT min(batch) FROM latest)"
compact $((events - 100000))
bench_sql -c "SELECT profiles.create_app('hot')" -c "INSERT INTO hot.event_blocks SELECT * FROM shop.event_blocks" \
    -c "INSERT INTO hot.event_batches SELECT * FROM latest" -c "VACUUM ANALYZE hot.event_blocks, hot.event_batches" -c "ANALYZE hot.events" >/dev/null
bench_sql -c "INSERT INTO shop.event_batches SELECT * FROM latest"
compact 100000 >/dev/null

if [[ $duckdb != no ]]; then
    [[ -d $work/node_modules/@duckdb ]] ||
        { echo '{"private": true}' >"$work/package.json" && npm install --silent --no-save --prefix "$work" "$duckdb" >/dev/null; }
    psql -X -q -c "\\copy (SELECT uid, ts::timestamp AS ts, key, count, sum, dur, item, country, region, city, platform, platform_version, device, device_type, manufacturer, resolution, carrier, language, app_version, source, source_channel, plan, level, age, vip, team, campaign FROM raw) TO '$work/raw.csv' CSV HEADER"
    coproc duck { node "$bench_dir/segmentation.mjs" "$work" 2; }
    read -r duck_bytes <&"${duck[0]}"
    rm -f "$work/raw.csv"
fi

# A machine is not as quick in one minute as in the next: so all take turns, and each time is the second of two runs.
take_turns() { # NAME: sets mine, hot, alone, theirs and their_answer
    local ms of_mine=() of_hot=() of_alone=() of_theirs=()
    for _ in 1 2 3 4 5; do
        of_mine+=("$(median_ms 1 "${ours[$1]}")")
        of_hot+=("$(median_ms 1 "${ours[$1]//shop/hot}")")
        of_alone+=("$(PGOPTIONS='-c max_parallel_workers_per_gather=0' median_ms 1 "${ours[$1]}")")
        [[ $duckdb != no ]] || continue
        echo "${duck_sql[$1]}" >&"${duck[1]}"
        read -r ms their_answer <&"${duck[0]}"
        of_theirs+=("$ms")
    done
    mine=$(middle "${of_mine[@]}")
    hot=$(middle "${of_hot[@]}")
    alone=$(middle "${of_alone[@]}")
    [[ $duckdb == no ]] || theirs=$(middle "${of_theirs[@]}")
}

middle() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }

for name in "${names[@]}"; do
    same=$(bench_sql -c "SELECT count(*) FROM ((${ours[$name]} EXCEPT ALL ${ours[$name]//shop/hot}) UNION ALL (${ours[$name]//shop/hot} EXCEPT ALL ${ours[$name]})) AS d")
    [[ $same == 0 ]] || echo "    $same rows DIFFER from those with hot events"
    differ=$(bench_sql -c "SELECT count(*) FROM ((${ours[$name]} EXCEPT ALL ${rows[$name]}) UNION ALL (${rows[$name]} EXCEPT ALL ${ours[$name]})) AS d")
    column=users
    [[ $name != cell ]] || column=1
    my_answer=$(bench_sql -F ' ' -c "SELECT count(*), sum($column) FROM (${ours[$name]}) AS o")
    take_turns "$name"
    c=$(median_ms 1 "${rows[$name]}")
    printf '%-7s %8.1f ms, without a worker %.1f ms; with 100,000 events hot %.1f ms, x %.1f (reach 2);' \
        "$name" "$mine" "$alone" "$hot" "$(awk -v a="$mine" -v h="$hot" 'BEGIN { print h / a }')"
    if [[ $duckdb != no ]]; then
        awk -v a="$mine" -v b="$theirs" -v reach="${reach_of_duck[$name]:-5}" \
            'BEGIN { printf "   DuckDB %8.1f ms, 1/%.1f (reach 1/%d)", b, b / a, reach }'
        [[ $their_answer == "$my_answer" ]] || printf ' DIFFERS FROM DUCKDB: %s, ours %s' "$their_answer" "$my_answer"
    fi
    awk -v a="$mine" -v c="$c" -v reach="${reach_of_rows[$name]:-50}" \
        'BEGIN { printf "   row store %8.1f ms, 1/%.1f (reach 1/%d)\n", c, c / a, reach }'
    [[ $differ == 0 ]] || echo "    $differ rows DIFFER from the row store's"
    printf '    %s\n' "${ours[$name]}" "${duck_sql[$name]}" "${rows[$name]}"
done

if [[ $duckdb != no ]]; then
    # shellcheck disable=SC2154  # coproc sets it
    kill "$duck_PID"
    rm -f "$work"/raw.duckdb*
fi
bench_sql -F ' ' -c "SELECT pg_table_size('shop.event_blocks') / $events.0, pg_table_size('rows') / $events.0" |
    awk -v duck="${duck_bytes:-0}" -v n="$events" '{ printf "bytes an event: %.1f, DuckDB %.1f, row store %.1f: 1/%.1f (reach 1/15)\n", $1, duck / n, $2, $2 / $1 }'
