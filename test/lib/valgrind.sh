# shellcheck shell=bash
# A server whose every process runs under valgrind's memcheck. To be sourced after cluster.sh.
#
#   valgrind_server           call before cluster_start: sets cluster_server
#   valgrind_findings DIR     stops the server, keeps its logs in DIR/memcheck, fails if valgrind found anything
#
# What it can see: use of memory that was never written, wherever it lies, and steps outside of what
# malloc gave. Small pieces of a memory context share a block, and the packaged server does not tell valgrind
# where one ends; make unit and make fuzz, where each piece comes from malloc, look at that.
#
# A finding does not change a process's exit code: the postmaster would take it for a crash and end all others.

valgrind_server() {
    local tools=$cluster_root/valgrind logs=$cluster_root/memcheck
    # The tool is copied, so that cluster_destroy finds its processes by their executable's place.
    mkdir -p "$tools" "$logs"
    cp -L /usr/libexec/valgrind/{memcheck-amd64-linux,vgpreload_core-amd64-linux.so,vgpreload_memcheck-amd64-linux.so,default.supp} "$tools/"
    cp test/lib/valgrind.supp "$tools/postgres.supp"
    chmod -R a+rX "$tools"
    chown "$cluster_user" "$logs"
    cluster_server=$cluster_root/valgrind-postgres
    cat >"$cluster_server" <<END
#!/bin/sh
VALGRIND_LIB='$tools' exec valgrind --quiet --trace-children=yes --leak-check=no \\
    --num-callers=30 --gen-suppressions=all --suppressions='$tools/postgres.supp' \\
    --log-file='$logs/%p.log' '$cluster_root$cluster_bindir/postgres' "\$@"
END
    chmod 755 "$cluster_server"
}

valgrind_findings() {
    cluster_as "$cluster_root$cluster_bindir/pg_ctl" -D "$cluster_root/data" -m fast -t 600 -w -s stop || true
    local logs=$1/memcheck findings
    cp -r "$cluster_root/memcheck" "$logs"
    # A process without a finding leaves an empty log.
    find "$logs" -type f -empty -delete
    findings=$(find "$logs" -type f)
    [[ -n $findings ]] || return 0
    echo "FAILED   valgrind's findings, in ${logs#"$cluster_source"/}:"
    head -60 "$(head -1 <<<"$findings")"
    return 1
}
