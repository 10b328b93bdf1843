#!/bin/bash
# Requests ingested per second, against pgbench's built-in simple-update on the same server, in turns;
# bulks; WAL and HOT updates of requests and of heartbeats.
#
#     test/bench/ingest.sh [SECONDS [USERS]]        5 seconds a run, 200,000 users unless given
#
# A request carries 3 events and 5 operators, for a random user who is known. Both sides use the
# simple protocol and the tables of both are warm; simple-update has as many accounts as there are users.
set -euo pipefail
# shellcheck source=test/bench/lib.sh
source "$(dirname "$0")/lib.sh"

seconds=${1:-5}
users=${2:-200000}
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

# WAL, HOT updates and growth: a million heartbeats would take minutes, a steady state is reached before.
# measure WHAT COMMAND ...
measure() {
    local before after what=$1
    shift
    bench_sql -c "SELECT pg_stat_reset_single_table_counters('shop.users'::regclass)" >/dev/null
    before=$(bench_sql -c "SELECT pg_current_wal_insert_lsn() - '0/0', pg_table_size('shop.users'), sum(event_count) FROM shop.users" | head -1)
    local rate
    rate=$("$@")
    sleep 1
    after=$(bench_sql -c "SELECT pg_current_wal_insert_lsn() - '0/0', pg_table_size('shop.users')")
    bench_sql -c "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = 'shop.users'::regclass" |
        awk -F'|' -v what="$what" -v rate="$rate" -v before="$before" -v after="$after" '{
            split(before, b, "|"); split(after, a, "|")
            printf "%-12s %7d updates of users, %5.1f %% HOT, %5.0f bytes of WAL each, users %4.0f MB -> %4.0f MB, %6.0f/s\n",
                what, $1, 100 * $2 / $1, (a[1] - b[1]) / $1, b[2] / 1048576, a[2] / 1048576, rate }'
}
next=$((next + 1000000))
measure requests tps -c 2 -f "$tmp/request"
next=0
measure heartbeats tps -c 2 -T $((seconds * 6)) -f "$tmp/heartbeat"
