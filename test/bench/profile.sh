#!/bin/bash
# The type and its operators against jsonb: one backend, everything in memory.
set -euo pipefail
# shellcheck source=test/bench/lib.sh
source "$(dirname "$0")/lib.sh"

bench_start "max_parallel_workers_per_gather = 0"
bench_sql -f "$bench_dir/profile.sql"
