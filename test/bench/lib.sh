# shellcheck shell=bash
# What the benchmarks share. To be sourced; brings test/lib/cluster.sh along.
#
#   bench_machine             one line: processor, memory, server
#   bench_start [setting]     a cluster whose data stays in memory, with the extension and the
#                             functions of measure.sql
#   bench_sql                 psql that stops at the first error, quiet, bare rows
#
# A benchmark prints both sides of every comparison from one run, as a ratio with both commands. It
# never fails because a figure was missed: a figure is read, not asserted.

# shellcheck source=test/lib/cluster.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/cluster.sh"
bench_dir=$cluster_source/test/bench

bench_machine() {
    local model memory
    model=$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -1)
    memory=$(awk '/^MemTotal/ { printf "%.0f GB", $2 / 1048576 }' /proc/meminfo)
    echo "machine: ${model:-unknown processor}, $(nproc) processors, $memory, $(postgres --version)"
}

bench_start() {
    cluster_create profiles-bench
    cluster_start "shared_buffers = 1GB" "max_wal_size = 8GB" "checkpoint_timeout = 1h" \
        "jit = off" "autovacuum = off" "work_mem = 64MB" "$@"
    bench_machine
    bench_sql -c "create extension profiles" -f "$bench_dir/measure.sql"
}

bench_sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}
