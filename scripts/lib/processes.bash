# Processes that outlive the script that started them, each known by a file `run/NAME.pid` in STACK_DIR: its id and its
# start time. The start time makes the id safe: after a restart of the machine it may belong to a stranger.
# Sourced after common.bash, never run.

# process_start PID: its start time in clock ticks since boot; fails when it is gone or only waits to be reaped.
process_start() {
    local stat fields
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    read -ra fields <<<"${stat##*) }" # field 3 (state) is now the first, field 22 (start time) the twentieth
    [[ ${fields[0]} != Z && ${fields[0]} != X ]] || return 1
    printf '%s' "${fields[19]}"
}

# process_is PID START: whether exactly that process still runs.
process_is() {
    local start
    start=$(process_start "$1") && [[ $start == "$2" ]]
}

# record_process NAME PID: remembers a process that was just started.
record_process() {
    local start
    start=$(process_start "$2") || return 1
    printf '%s %s\n' "$2" "$start" >"$STACK_DIR/run/$1.pid"
}

# running_pid NAME: the id of that process, if it runs.
running_pid() {
    local pid start
    { read -r pid start <"$STACK_DIR/run/$1.pid"; } 2>/dev/null || return 1
    process_is "$pid" "$start" || return 1
    printf '%s' "$pid"
}

# start_process NAME COMMAND…: starts it in a session of its own, so that Ctrl-C here does not reach it; its output goes
# to log/NAME.log. `setsid` becomes the command, so the recorded id is the command's own.
start_process() {
    local name=$1 pid
    shift
    setsid "$@" </dev/null >>"$STACK_DIR/log/$name.log" 2>&1 9>&- &
    pid=$!
    disown "$pid"
    record_process "$name" "$pid" || return 1
}

# stop_process NAME SIGNAL SECONDS [LAST]: asks it to end, waits that long, then sends LAST (default KILL); returns when
# it is gone.
stop_process() {
    local name=$1 signal=$2 limit=$3 last=${4:-KILL} pid start deadline
    { read -r pid start <"$STACK_DIR/run/$name.pid"; } 2>/dev/null || return 0
    if process_is "$pid" "$start"; then
        # A stopped process would not act on the signal.
        kill -s "$signal" "$pid" 2>/dev/null || true
        kill -s CONT "$pid" 2>/dev/null || true
        deadline=$((SECONDS + limit))
        while process_is "$pid" "$start"; do
            if ((SECONDS >= deadline)); then
                warn "$name (process $pid) did not end within $limit s: sending $last"
                kill -s "$last" "$pid" 2>/dev/null || true
                last=KILL
                deadline=$((SECONDS + 5))
            fi
            sleep 0.05
        done
    fi
    rm -f "$STACK_DIR/run/$name.pid"
}

# show_log NAME: the end of its log, for a person who has to find out what went wrong.
show_log() {
    warn "--- the last lines of $STACK_DIR/log/$1.log"
    tail -n 30 "$STACK_DIR/log/$1.log" >&2 2>/dev/null || true
    warn "---"
}

# port_is_free PORT: whether nothing answers there on the loopback address.
port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port: a port nobody listens on, below the range (from 32768) that outgoing connections take theirs from.
# Another process may still take it first, so whoever uses it tries again when that happens.
free_port() {
    local port
    while true; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        if port_is_free "$port"; then
            printf '%s' "$port"
            return
        fi
    done
}

# wait_ready NAME SECONDS COMMAND…: repeats the command until it succeeds. Fails when the time is over or the process
# NAME has ended.
wait_ready() {
    local name=$1 deadline=$((SECONDS + $2))
    shift 2
    until "$@" >/dev/null 2>&1; do
        running_pid "$name" >/dev/null || return 1
        ((SECONDS < deadline)) || return 1
        sleep 0.05
    done
}
