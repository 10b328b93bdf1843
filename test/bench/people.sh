#!/bin/bash
# Queries over people, from the copy by column and without an index, against jsonb with the best indexes, in one run:
#
#     USERS=1000000 test/bench/people.sh
#
# 20 properties and counters each; each query freshly copied, and once 5 % of the users have changed since, as requests
# change them. jsonb has GIN and btree expression indexes; the best of its forms counts. Both with 2 parallel workers,
# medians of 5 after one, all in memory. Every answer is compared.
set -euo pipefail
# shellcheck source=test/bench/lib.sh
source "$(dirname "$0")/lib.sh"
users=${USERS:-1000000}

bench_start "shared_buffers = 5GB" "max_parallel_workers_per_gather = 2" "max_parallel_workers = 2" "fsync = off" \
    "synchronous_commit = off" "maintenance_work_mem = 512MB" "work_mem = 256MB"
bench_sql -v users="$users" -f "$bench_dir/people.sql" >/dev/null
echo "$users users, 20 properties each: $(bench_sql -c "SELECT pg_size_pretty(pg_table_size('shop.users')), 'jsonb ' || pg_size_pretty(pg_table_size('people')), 'its indexes ' || pg_size_pretty(pg_indexes_size('people'))" -F ', ')"

copy() {
    local start
    start=$(date +%s%N)
    bench_sql -c "SET client_min_messages = warning" -c "CALL profiles.compact('shop')"
    bench_sql -F ' ' -c "SELECT pg_table_size('shop.user_blocks') / $users.0, (SELECT sum(profiles.user_block_changed('shop.users'::regclass, range, data, xmin)) FROM shop.user_blocks), pg_relation_size('shop.users') / 8192" |
        awk -v ns=$(($(date +%s%N) - start)) -v n="$users" '{ printf "copied: %.1f s, %.0f users/s, %.1f bytes a user; %d of %d pages have changed since\n", ns / 1e9, n / (ns / 1e9), $1, $2, $3 }'
}

names=(all countries or counters days three cell)
declare -A ours
declare -A jsonb other
ours[all]="SELECT segment, users FROM profiles.users_segmentation('shop', '{}', '{country}')"
jsonb[all]="SELECT ARRAY[profile ->> 'country'], count(*) FROM people GROUP BY 1"
ours[countries]="SELECT segment, users FROM profiles.users_segmentation('shop', '{\"country\":{\"\$in\":[\"IT\",\"ES\",\"GB\"]}}')"
jsonb[countries]="SELECT '{}'::text[], count(*) FROM people WHERE profile ->> 'country' IN ('IT', 'ES', 'GB')"
other[countries]="SELECT '{}'::text[], count(*) FROM people WHERE profile @> '{\"country\":\"IT\"}' OR profile @> '{\"country\":\"ES\"}' OR profile @> '{\"country\":\"GB\"}'"
ours[or]="SELECT segment, users FROM profiles.users_segmentation('shop', '{\"\$or\":[{\"custom.plan\":\"team\",\"custom.vip\":true},{\"custom.level\":{\"\$gte\":97}}]}', '{platform}')"
jsonb[or]="SELECT ARRAY[profile ->> 'platform'], count(*) FROM people WHERE profile -> 'custom' ->> 'plan' = 'team' AND profile -> 'custom' -> 'vip' = 'true' OR (profile -> 'custom' ->> 'level')::integer >= 97 GROUP BY 1"
other[or]="SELECT ARRAY[profile ->> 'platform'], count(*) FROM people WHERE profile @> '{\"custom\":{\"plan\":\"team\",\"vip\":true}}' OR (profile -> 'custom' ->> 'level')::integer >= 97 GROUP BY 1"
ours[counters]="SELECT segment, users FROM profiles.users_segmentation('shop', '{\"user.session_count\":{\"\$gte\":10}}', '{country}')"
jsonb[counters]="SELECT ARRAY[profile ->> 'country'], count(*) FROM people WHERE session_count >= 10 GROUP BY 1"
ours[days]="SELECT segment, users FROM profiles.users_segmentation('shop', '{\"user.first_seen\":{\"\$gte\":1716595200000},\"platform\":\"iOS\"}')"
jsonb[days]="SELECT '{}'::text[], count(*) FROM people WHERE first_seen >= '2024-05-25 00:00+00' AND profile ->> 'platform' = 'iOS'"
ours[three]="SELECT segment, users FROM profiles.users_segmentation('shop', '{\"custom.plan\":{\"\$ne\":\"free\"}}', '{country,platform,app_version}')"
jsonb[three]="SELECT ARRAY[profile ->> 'country', profile ->> 'platform', profile ->> 'app_version'], count(*) FROM people WHERE profile -> 'custom' ->> 'plan' IN ('pro', 'team') GROUP BY 1"
other[three]="SELECT ARRAY[country, platform, app_version], n FROM (SELECT profile ->> 'country' AS country, profile ->> 'platform' AS platform, profile ->> 'app_version' AS app_version, count(*) AS n FROM people WHERE profile -> 'custom' ->> 'plan' <> 'free' GROUP BY 1, 2, 3) AS g"
ours[cell]="SELECT u FROM profiles.users_segmentation_users('shop', '{\"custom.plan\":\"team\"}', '{country}', '{ES}') AS u"
jsonb[cell]="SELECT uid FROM people WHERE profile -> 'custom' ->> 'plan' = 'team' AND profile ->> 'country' = 'ES'"
other[cell]="SELECT uid FROM people WHERE profile @> '{\"country\":\"ES\",\"custom\":{\"plan\":\"team\"}}'"

# The median of 5 runs after one, in milliseconds.
median_ms() {
    local query=$1 commands=()
    for ((i = 0; i <= 5; i++)); do commands+=(-c "$query"); done
    psql -X -q -At -v ON_ERROR_STOP=1 -c '\timing on' "${commands[@]}" | awk '/^Time:/ { print $2 }' | tail -n 5 | sort -n | sed -n 3p
}

compare() {
    local name differ best form
    for name in "${names[@]}"; do
        differ=$(bench_sql -c "SELECT count(*) FROM ((${ours[$name]} EXCEPT ALL ${jsonb[$name]}) UNION ALL (${jsonb[$name]} EXCEPT ALL ${ours[$name]})) AS d")
        best=$(median_ms "${jsonb[$name]}") form=${jsonb[$name]}
        if [[ -n ${other[$name]:-} ]]; then
            a=$(median_ms "${other[$name]}")
            if awk -v a="$a" -v b="$best" 'BEGIN { exit !(a < b) }'; then best=$a form=${other[$name]}; fi
        fi
        awk -v name="$name" -v a="$(median_ms "${ours[$name]}")" -v b="$best" 'BEGIN { printf "%-10s %8.1f ms   jsonb %8.1f ms, 1/%.1f (reach 1/1)\n", name, a, b, b / a }'
        [[ $differ == 0 ]] || echo "    $differ rows DIFFER from jsonb's"
        printf '    %s\n' "${ours[$name]}" "$form"
    done
}

copy
compare
echo "-- 5 % of the users changed since"
# Counters of most of them, properties of some, as requests do.
bench_sql -c "UPDATE shop.users SET session_count = session_count + 1, time_spent = time_spent + 60 WHERE uid % 20 = 7" \
    -c "UPDATE shop.users SET profile = profiles.set(profile, 'level', 1) WHERE uid % 100 = 7" \
    -c "UPDATE people SET session_count = session_count + 1, time_spent = time_spent + 60 WHERE uid % 20 = 7" \
    -c "UPDATE people SET profile = jsonb_set(profile, '{custom,level}', '1') WHERE uid % 100 = 7"
compare
bench_sql -c "VACUUM ANALYZE people" -c "VACUUM ANALYZE shop.users"
copy
