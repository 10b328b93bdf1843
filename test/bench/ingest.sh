#!/bin/bash
# Requests ingested per second, against pgbench's built-in simple-update on the same server, in turns;
# bulks; the request log; WAL, HOT updates and the growth of the table under requests and a million heartbeats.
#
#     test/bench/ingest.sh [SECONDS [USERS [HEARTBEATS]]]    5 seconds a run, 200,000 users, 1,000,000 unless given
#
# A request carries 3 events and 5 operators, for a random user who is known. Both sides use the
# simple protocol and the tables of both are warm; simple-update has as many accounts as there are users.
set -euo pipefail
# shellcheck source=test/bench/lib.sh
source "$(dirname "$0")/lib.sh"

seconds=${1:-5}
users=${2:-200000}
heartbeats=${3:-1000000}
bench_start "wal_level = replica" "autovacuum = on"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"; cluster_destroy' EXIT
pgbench -i -q -s $(((users + 99999) / 100000)) 2>"$tmp/log" || cat "$tmp/log" >&2

bench_sql -v users="$users" -v bench="$bench_dir" -f "$bench_dir/ingest.sql"

# The devices are device-1, device-2, ...; times go up within a client, a begun session goes on.
cat >"$tmp/request" <<'END'
\set u random(1, :users)
\set n :n + 1
\set t 1710000000000 + :n * 10
SELECT uid, status, skipped FROM profiles.ingest('shop', '{"device_id": "device-:u", "timestamp": :t, "session_duration": 60, "events": [{"key": "view", "count": 1, "segmentation": {"page": "home", "n": 1}}, {"key": "buy", "count": 1, "sum": 9.99, "segmentation": {"item": "pen", "color": "blue"}}, {"key": "share", "count": 1, "dur": 3.5}], "user_details": {"custom": {"visits": {"$inc": 1}, "best": {"$max": :u}, "tags": {"$addToSet": "t:u"}, "first": {"$setOnce": "y"}, "plan": "team"}}}');
END
cat >"$tmp/heartbeat" <<'END'
\set u random(1, :users)
\set n :n + 1
\set t 1720000000000 + :n * 10
SELECT uid, status, skipped FROM profiles.ingest('shop', '{"device_id": "device-:u", "timestamp": :t, "session_duration": 60}');
END

# Each run goes on where the last one was, so that no request is late or a duplicate.
next=0
# tps SCRIPT-OPTIONS ...: transactions a second.
tps() {
    pgbench -n -T "$seconds" -D users="$users" -D n="$next" "$@" 2>&1 | awk '/^tps/ { print $3 }'
    bench_sql -c "SELECT pg_sleep(0.2)" >/dev/null
}
median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

# In turns, so that a machine that slows down slows both.
compare() {
    local clients=$1 commit=$2
    bench_sql -c "ALTER SYSTEM SET synchronous_commit = $commit" -c "SELECT pg_reload_conf()" >/dev/null
    : >"$tmp/ours"
    : >"$tmp/theirs"
    for _ in 1 2 3; do
        tps -c "$clients" -j 1 -N >>"$tmp/theirs"
        next=$((next + 1000000))
        tps -c "$clients" -j 1 -f "$tmp/request" >>"$tmp/ours"
    done
    awk -v clients="$clients" -v commit="$commit" -v ours="$(median <"$tmp/ours")" -v theirs="$(median <"$tmp/theirs")" 'BEGIN {
        printf "%d client%s, synchronous_commit %-3s  ingest %6.0f/s   simple-update %6.0f/s   ratio %.2f (reach 1.00)\n",
            clients, (clients > 1 ? "s" : " "), commit, ours, theirs, ours / theirs }'
}
for commit in off on; do
    for clients in 1 8; do compare "$clients" "$commit"; done
done
echo "    pgbench -n -T $seconds -c CLIENTS -f request"
echo "    pgbench -n -T $seconds -c CLIENTS -N"

# Bulks of 1,000, by one backend; the requests lie ready in a table.
bench_sql -c "ALTER SYSTEM SET synchronous_commit = off" -c "SELECT pg_reload_conf()" >/dev/null
next=$((next + 1000000))
bench_sql -v users="$users" -v first="$next" -f "$bench_dir/ingest_bulk.sql" >"$tmp/bulk"
next=$((next + 1000000))
for run in 1 2 3; do
    next=$((next + 1000000))
    tps -c 1 -f "$tmp/request" >"$tmp/single$run"
done
awk -v single="$(cat "$tmp"/single? | median)" '{ printf "ingest_bulk of 1,000            %6.0f/s   ingest %6.0f/s   ratio %.1f (reach 5.0)\n", $1, single, $1 / single }' "$tmp/bulk"
echo "    SELECT count(*) FROM bulks, LATERAL profiles.ingest_bulk('shop', requests)"

# The log of requests: off is what everything above was.
log_rate() {
    bench_sql -c "SELECT profiles.configure_app('shop', '{\"request_log\": \"$1\"}')" >/dev/null
    next=$((next + 1000000))
    tps -c 1 -f "$tmp/request" >>"$tmp/log-$1"
}
for _ in 1 2 3; do
    log_rate off
    log_rate on
done
awk -v off="$(median <"$tmp/log-off")" -v on="$(median <"$tmp/log-on")" \
    'BEGIN { printf "request_log on                 %6.0f/s   off    %6.0f/s   ratio %.2f\n", on, off, on / off }'
bench_sql -c "SELECT profiles.configure_app('shop', '{\"request_log\": null}')" >/dev/null

# WAL, HOT updates and growth.
# measure WHAT COMMAND ...; the command prints a rate.
state() {
    bench_sql -c "SELECT pg_current_wal_insert_lsn() - '0/0', pg_table_size('shop.users'), n_tup_upd, n_tup_hot_upd
                    FROM pg_stat_user_tables WHERE relid = 'shop.users'::regclass"
}
measure() {
    local before rate what=$1
    shift
    before=$(state)
    rate=$("$@")
    sleep 1
    state | awk -F'|' -v what="$what" -v rate="$rate" -v before="$before" '{
        split(before, b, "|")
        updates = $3 - b[3]
        printf "%-12s %7d updates of users, %5.1f %% HOT, %5.0f bytes of WAL each, users %4.0f MB -> %4.0f MB, %6.0f/s\n",
            what, updates, 100 * ($4 - b[4]) / updates, ($1 - b[1]) / updates, b[2] / 1048576, $2 / 1048576, rate }'
}
next=$((next + 1000000))
measure requests tps -c 2 -f "$tmp/request"
next=0
beat() {
    pgbench -n -c 2 -t $((heartbeats / 8)) -D users="$users" -D n="$next" -f "$tmp/heartbeat" 2>&1 | awk '/^tps/ { print $3 }'
}
for part in 1 2 3 4; do
    measure "heartbeats $part" beat
    next=$((next + 1000000))
done
bench_sql -c "SELECT format('autovacuum of users: %s times, %s dead rows left', autovacuum_count, n_dead_tup) FROM pg_stat_user_tables WHERE relid = 'shop.users'::regclass"
