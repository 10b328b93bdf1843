# shellcheck shell=bash
# A throwaway PostgreSQL for tests and the demo. To be sourced; works as root and as anyone else.
#
# Nothing is installed into the system: a private copy of the server lies under one root in /tmp,
# in the same layout (ROOT/usr/lib/postgresql/15/...), because PostgreSQL finds its libraries and
# its share directory relative to its executable. Everything the server's user must read is under
# that root too, since the working tree may be closed to it. The root is closed to everybody else:
# the cluster trusts whoever reaches its socket.
#
#   cluster_create [prefix]   private installation with the extension in it; sets cluster_root and
#                             puts its programs first in PATH; at exit everything is gone
#   cluster_start [setting]   a cluster in ROOT/data, given lines of postgresql.conf; exports PGHOST ...
#                             $cluster_server: what is started instead of ROOT/.../bin/postgres
#   cluster_as COMMAND        runs it as the server's user, in ROOT/tree
#   cluster_keep              what is running now outlives the script
#   cluster_destroy [root]    stops every server under the root and removes it
#
# Under the root: tree (a copy of the working tree, $PROFILES_TREE), data files that the programs
# test/data/make-* write ($PROFILES_DATA), log (the server's), tmp.

# A PGHOST or PGOPTIONS of the caller must not reach a test.
for variable in "${!PG@}"; do
    [[ $variable == PG_CONFIG ]] || unset "$variable"
done
unset variable
export LC_ALL=C.UTF-8 LANG=C.UTF-8 TZ=UTC

cluster_source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cluster_pg_config=${PG_CONFIG:-/usr/lib/postgresql/15/bin/pg_config}
cluster_bindir=
cluster_root=
cluster_server=

# The server refuses to run as root.
cluster_user=$(id -un)
((EUID != 0)) || cluster_user=postgres

cluster_as() {
    local become=()
    ((EUID != 0)) || become=(setpriv --reuid=postgres --regid=postgres --init-groups)
    (
        # A server that stays up must not hold what this script inherited: "make -j" would wait for
        # ever for its job tokens.
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            ((fd < 3 || fd == 255)) || exec {fd}>&-
        done
        cd "$cluster_root/tree" || exit
        HOME=$cluster_root TMPDIR=$cluster_root/tmp "${become[@]}" "$@"
    )
}

cluster_create() {
    local lib share
    cluster_bindir=$("$cluster_pg_config" --bindir)
    lib=$("$cluster_pg_config" --pkglibdir)
    share=$("$cluster_pg_config" --sharedir)

    cluster_root=$(mktemp -d "/tmp/${1:-profiles}.XXXXXX")
    trap 'cluster_destroy' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP

    # Executables are copied because a link would be resolved to the system's place.
    mkdir -p "$cluster_root"{"$cluster_bindir","$lib","$share/extension"} "$cluster_root"/{tree,tmp,data-files}
    cp -L "$cluster_bindir"/* "$cluster_root$cluster_bindir/"
    ln -s "$lib"/* "$cluster_root$lib/"
    find "$share" -mindepth 1 -maxdepth 1 ! -name extension -exec ln -s -t "$cluster_root$share" {} +
    ln -s "$share/extension"/* "$cluster_root$share/extension/"
    # Nor must what the machine has installed of profiles, geoip databases for one, decide a test.
    rm -f "$cluster_root$lib/profiles.so" "$cluster_root$share/extension/profiles"[.-]* "$cluster_root$share/profiles"
    mkdir "$cluster_root$share/profiles"
    "${MAKE:-make}" --no-print-directory -s -C "$cluster_source" install DESTDIR="$cluster_root" >/dev/null

    tar -C "$cluster_source" --exclude=./.git --exclude=./build --exclude=node_modules \
        --exclude='*.o' --exclude='*.d' -c . | tar -C "$cluster_root/tree" --no-same-owner -x
    export PROFILES_TREE=$cluster_root/tree PROFILES_DATA=$cluster_root/data-files
    local program
    for program in "$cluster_source"/test/data/make-*; do
        [[ ! -x $program ]] || "$program" "$PROFILES_DATA"
    done

    chmod -R a+rX "$cluster_root"
    chown "$cluster_user" "$cluster_root" "$cluster_root"/{tmp,data-files} "$cluster_root$share/profiles"
    chmod 700 "$cluster_root"
    export PATH=$cluster_root$cluster_bindir:/usr/local/bin:/usr/bin:/bin
}

cluster_start() {
    local bin=$cluster_root$cluster_bindir data=$cluster_root/data
    cluster_as "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N \
        >"$cluster_root/initdb.log" 2>&1 || { cat "$cluster_root/initdb.log" >&2; return 1; }
    {
        echo "listen_addresses = ''"
        echo "unix_socket_directories = '$cluster_root'"
        echo "timezone = 'UTC'"
        printf '%s\n' "$@"
    } >>"$data/postgresql.conf"
    if ! cluster_as "$bin/pg_ctl" -D "$data" -l "$cluster_root/log" -w -s ${cluster_server:+-p "$cluster_server" -t 600} start; then
        cat "$cluster_root/log" >&2
        return 1
    fi
    export PGHOST=$cluster_root PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

cluster_keep() {
    trap - EXIT INT TERM HUP
}

# The processes that run a program of this root, whoever their parent is.
cluster_processes() {
    local exe
    for exe in /proc/[0-9]*/exe; do
        [[ $(readlink "$exe" 2>/dev/null) != "$1"/* ]] || basename "$(dirname "$exe")"
    done
}

cluster_destroy() {
    local root=${1:-$cluster_root} pids tries
    [[ -n $root && -d $root ]] || return 0
    for tries in {1..50}; do
        mapfile -t pids < <(cluster_processes "$root")
        ((${#pids[@]})) || break
        # SIGQUIT is PostgreSQL's immediate shutdown; after four seconds no more questions.
        kill -s "$( ((tries < 40)) && echo QUIT || echo KILL)" "${pids[@]}" 2>/dev/null || true
        sleep 0.1
    done
    rm -rf "$root"
}

# report STAGE PASSED FAILED [SKIPPED]: the last line of a stage, kept for the summary of make test.
report() {
    mkdir -p "$cluster_source/build/summary"
    echo "$2 $3 ${4:-0}" >"$cluster_source/build/summary/$1"
    local skipped=
    ((${4:-0} == 0)) || skipped=", $4 skipped"
    echo "$1: $2 passed, $3 failed$skipped"
    (($3 == 0))
}
