# A private Postgres and Redis for one stack. Their files are in STACK_DIR/data and go away with them.
# Sourced after common.bash and processes.bash, never run.
# shellcheck disable=SC2034 # DATABASE_URL and REDIS_URL are used by whoever sources it

# Seconds a server may take to start, and to end before it is made to.
SERVER_START_LIMIT=30
SERVER_STOP_LIMIT=20
# How often a chosen port may turn out to be taken in the moment before the server binds it.
PORT_TRIES=5

# The newest installed Postgres; Debian keeps initdb and postgres outside PATH.
postgres_bin() {
    local initdb
    initdb=$(find /usr/lib/postgresql/*/bin -maxdepth 1 -name initdb 2>/dev/null | sort -V | tail -n 1)
    [[ -n $initdb ]] || initdb=$(command -v initdb) || fail "Postgres is not installed: run scripts/setup"
    dirname "$(readlink -f "$initdb")"
}

# Postgres refuses to run as root, and no server needs to: root lends them the account that Debian's package made.
server_account() {
    if ((EUID != 0)); then
        id -un
    elif id postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

# as_server COMMAND…: replaces the current (sub)shell by the command under the server account. `setpriv` changes the
# account and becomes the command; `su` or `runuser` would stay between as a second process.
as_server() {
    if ((EUID == 0)); then
        local account
        account=$(server_account)
        exec setpriv --reuid="$account" --regid="$(id -g "$account")" --init-groups -- "$@"
    fi
    exec "$@"
}

# prepare_data: makes STACK_DIR/data for the server account. Where that account cannot reach the checkout (one under
# /root, say), the files live in a temporary folder and STACK_DIR/data is a link to it.
prepare_data() {
    local data=$STACK_DIR/data account
    account=$(server_account)
    remove_data
    mkdir -m 700 "$data"
    ((EUID == 0)) || return 0
    chown "$account:" "$data"
    if ! (as_server test -w "$data") 2>/dev/null; then
        rmdir "$data"
        ln -s "$(mktemp -d "${TMPDIR:-/tmp}/onsale-data.XXXXXXXX")" "$data"
        chown "$account:" "$data/"
        (as_server test -w "$(readlink "$data")") ||
            fail "the account $account can write neither below $STACK_DIR nor below ${TMPDIR:-/tmp}"
    fi
}

# data_path: the real folder behind STACK_DIR/data, which the server account can reach.
data_path() { readlink -f "$STACK_DIR/data"; }

remove_data() {
    local data=$STACK_DIR/data
    if [[ -L $data ]]; then rm -rf -- "$(readlink "$data")"; fi
    rm -rf -- "$data"
}

# start_postgres: sets DATABASE_URL. POSTGRES_PORT chooses the port; otherwise a free one is taken.
start_postgres() {
    local bin data password port try
    bin=$(postgres_bin)
    data=$(data_path)
    password=$(random_hex 16)
    (umask 077 && printf '%s\n' "$password" >"$data/password" && chown "$(server_account):" "$data/password")
    # Without --no-sync initdb flushes a thousand files of a database that has nothing to lose yet.
    (cd "$data" && as_server "$bin/initdb" --pgdata="$data/postgres" --username=onsale --pwfile="$data/password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync) >>"$STACK_DIR/log/initdb.log" 2>&1 ||
        { show_log initdb && fail "initdb failed"; }
    rm -f "$data/password"
    cat >>"$data/postgres/postgresql.conf" <<SETTINGS
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = 256MB
# An order that was answered is on disk: neither of these may be off.
synchronous_commit = on
fsync = on
# A sale writes a gigabyte of log in a minute; a checkpoint every few seconds would halve its rate.
wal_buffers = 16MB
min_wal_size = 1GB
max_wal_size = 4GB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
log_line_prefix = '%m [%p] '
log_timezone = 'UTC'
timezone = 'UTC'
SETTINGS
    for ((try = 1; ; try++)); do
        port=${POSTGRES_PORT:-$(free_port)}
        (cd "$data" && export PGDATA="$data/postgres" && start_server postgres "$bin/postgres" -p "$port")
        export PGPASSWORD=$password
        if wait_ready postgres "$SERVER_START_LIMIT" psql -h 127.0.0.1 -p "$port" -U onsale -d postgres -c 'SELECT 1'; then
            break
        fi
        retry_or_fail postgres "$try" "${POSTGRES_PORT:-}" "$port"
    done
    psql -h 127.0.0.1 -p "$port" -U onsale -d postgres -q -c 'CREATE DATABASE onsale'
    unset PGPASSWORD
    DATABASE_URL="postgres://onsale:$password@127.0.0.1:$port/onsale?sslmode=disable"
}

# start_redis: sets REDIS_URL. REDIS_PORT chooses the port; otherwise a free one is taken.
start_redis() {
    local data password port try
    data=$(data_path)
    password=$(random_hex 16)
    (cd "$data" && as_server mkdir -p "$data/redis")
    for ((try = 1; ; try++)); do
        port=${REDIS_PORT:-$(free_port)}
        cat >"$data/redis.conf" <<SETTINGS
bind 127.0.0.1
port $port
requirepass $password
dir $data/redis
daemonize no
# Redis holds what was accepted and is not committed yet: it may lose no acknowledged write and evict nothing.
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
maxmemory-policy noeviction
save ""
tcp-backlog 4096
SETTINGS
        chmod 600 "$data/redis.conf"
        chown "$(server_account):" "$data/redis.conf"
        (cd "$data" && start_server redis "$(command -v redis-server)" "$data/redis.conf")
        if REDISCLI_AUTH=$password wait_ready redis "$SERVER_START_LIMIT" redis_answers "$port"; then
            break
        fi
        retry_or_fail redis "$try" "${REDIS_PORT:-}" "$port"
    done
    REDIS_URL="redis://default:$password@127.0.0.1:$port"
}

redis_answers() { [[ $(redis-cli -h 127.0.0.1 -p "$1" ping) == PONG ]]; }

# start_server NAME COMMAND…: start_process under the server account.
start_server() {
    local name=$1 account
    shift
    if ((EUID == 0)); then
        account=$(server_account)
        set -- setpriv --reuid="$account" --regid="$(id -g "$account")" --init-groups -- "$@"
    fi
    start_process "$name" "$@"
}

# retry_or_fail NAME TRY FIXED_PORT PORT: returns when another port may help, otherwise shows the log and gives up.
retry_or_fail() {
    stop_process "$1" TERM 5
    if [[ -z $3 ]] && (($2 < PORT_TRIES)) && grep -qi 'address already in use' "$STACK_DIR/log/$1.log"; then
        : >"$STACK_DIR/log/$1.log"
        return 0
    fi
    show_log "$1"
    fail "$1 did not start on port $4"
}

stop_servers() {
    stop_process redis TERM "$SERVER_STOP_LIMIT"
    # INT is Postgres' fast shutdown: sessions are ended, the data stays sound. QUIT ends it at once with its children.
    stop_process postgres INT "$SERVER_STOP_LIMIT" QUIT
    remove_data
}
