#!/bin/bash
# Starts PostgreSQL as the official image does; what it promises is on
# https://github.com/docker-library/docs/tree/master/postgres. On the first start it makes a database
# cluster and runs the scripts in /docker-entrypoint-initdb.d against a server that only the socket
# reaches.
set -euo pipefail

fail() {
    echo "error: $*" >&2
    exit 1
}

# Sets NAME to its value, else to the contents of the file that NAME_FILE names, else to a default.
setting() {
    local name=$1 file_name=${1}_FILE
    local value=${!name:-} file=${!file_name:-}
    if [ -n "$value" ] && [ -n "$file" ]; then
        fail "both $name and $file_name are set; set one of them"
    fi
    if [ -n "$file" ]; then
        [ -r "$file" ] || fail "cannot read $file, which $file_name names"
        value=$(< "$file")
    fi
    export "$name=${value:-${2:-}}"
    unset "$file_name"
}

# SQL from standard input or a file. Init scripts know it by this name.
docker_process_sql() {
    PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" \
        --dbname "$POSTGRES_DB" "$@"
}

# Directories with the right owner and mode, as far as this user may.
prepare_directories() {
    mkdir -p "$PGDATA"
    chmod 0700 "$PGDATA" || :
    mkdir -p /var/run/postgresql || :
    chmod 3777 /var/run/postgresql || :
    if [ "$(id -u)" = 0 ]; then
        find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres {} +
    fi
}

check_version() {
    local theirs
    theirs=$(< "$PGDATA/PG_VERSION")
    [ "$theirs" = "$PG_MAJOR" ] || fail "the data in $PGDATA was written by PostgreSQL $theirs, and this is" \
        "PostgreSQL $PG_MAJOR, which cannot read it; use an empty volume, or an image of PostgreSQL $theirs"
}

make_cluster() {
    if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
        fail "there is no database in $PGDATA yet, and no password for its superuser: set POSTGRES_PASSWORD (or" \
            "POSTGRES_HOST_AUTH_METHOD=trust, which lets everybody in)"
    fi
    local options=()
    eval "options=($POSTGRES_INITDB_ARGS)" # quoted as in a shell, so the image's documentation
    [ -z "${POSTGRES_INITDB_WALDIR:-}" ] || options+=(--waldir "$POSTGRES_INITDB_WALDIR")
    initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "${options[@]}"
    local method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "$@")}
    printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
}

# The server for the time of the first start; its arguments are those of the real one.
temporary_server() {
    local action=$1
    shift
    if [ "$action" = start ]; then
        set -- -o "$(printf '%q ' "$@" -c listen_addresses='' -p "${PGPORT:-5432}")"
    else
        set -- -m fast
    fi
    NOTIFY_SOCKET='' PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" "$@" -w "$action"
}

make_database() {
    [ "$POSTGRES_DB" != postgres ] || return 0
    POSTGRES_DB=postgres docker_process_sql --set db="$POSTGRES_DB" <<< 'CREATE DATABASE :"db";'
}

run_init_scripts() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
        *.sh)
            # As documented: one that may be executed is, any other becomes part of this shell.
            if [ -x "$file" ]; then
                echo "$0: running $file"
                "$file"
            else
                echo "$0: sourcing $file"
                set +u # theirs may do without
                . "$file"
                set -u
            fi
            ;;
        *.sql) echo "$0: running $file" && docker_process_sql -f "$file" ;;
        *.sql.gz) echo "$0: running $file" && gunzip -c "$file" | docker_process_sql ;;
        *.sql.xz) echo "$0: running $file" && busybox xzcat "$file" | docker_process_sql ;;
        '/docker-entrypoint-initdb.d/*') ;;
        *) echo "$0: ignoring $file" ;;
        esac
    done
}

wants_help() {
    local arg
    for arg in "$@"; do
        case $arg in -'?' | --help | --describe-config | -V | --version) return 0 ;; esac
    done
    return 1
}

majors=(/usr/lib/postgresql/*)
export PG_MAJOR=${majors[0]##*/}
case ${1:-} in '' | -*) set -- postgres "$@" ;; esac
if [ "$1" != postgres ] || wants_help "$@"; then
    exec "$@"
fi
shift
prepare_directories
if [ "$(id -u)" = 0 ]; then
    HOME=/var/lib/postgresql exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" postgres "$@"
fi
if [ -s "$PGDATA/PG_VERSION" ]; then
    check_version
    printf '\n%s\n\n' 'PostgreSQL Database directory appears to contain a database; Skipping initialization'
else
    setting POSTGRES_PASSWORD
    setting POSTGRES_USER postgres
    setting POSTGRES_DB "$POSTGRES_USER"
    setting POSTGRES_INITDB_ARGS
    setting POSTGRES_HOST_AUTH_METHOD
    ls /docker-entrypoint-initdb.d > /dev/null # before anything is made: may it be read?
    make_cluster "$@"
    export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
    temporary_server start "$@"
    make_database
    run_init_scripts
    temporary_server stop
    unset PGPASSWORD
    printf '\n%s\n\n' 'PostgreSQL init process complete; ready for start up.'
fi
exec postgres "$@"
