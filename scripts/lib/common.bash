# What every script shares: where things are, how to speak, and how to run a child that ends with us.
# Sourced, never run.
# shellcheck disable=SC2034 # what is set here is used by whoever sources it

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$ROOT"

# The programs of this project that the stack runs, as SwiftPM products.
PRODUCTS=(onsale-gateway onsale-worker onsale loadtest)
# Where the built programs are; a setting of its own so that a debug build or an installed one can be run as well.
BIN_DIR=${ONSALE_BIN_DIR:-$ROOT/.build/release}

# 30,000 simulated buyers and their sockets need more than the usual 1,024 descriptors.
OPEN_FILES=65536

say() { printf '%s\n' "$*"; }
step() { printf '\033[1m==> %s\033[0m\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
fail() {
    warn "${0##*/}: $*"
    exit 1
}

# Raises the limit of open files as far as it may go, up to what a run needs.
raise_open_files() {
    local hard
    hard=$(ulimit -Hn)
    if [[ $hard == unlimited ]] || ((hard > OPEN_FILES)); then hard=$OPEN_FILES; fi
    if (($(ulimit -n) < hard)); then ulimit -n "$hard"; fi
}

# random_hex BYTES: that many random bytes as hexadecimal digits.
random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# json_value FILE KEY: the first value of that key in a JSON file, without its quotes; empty when there is none.
json_value() {
    { grep -oE "\"$2\"[[:space:]]*:[[:space:]]*(\"[^\"]*\"|[^][:space:],}]+)" "$1" || true; } |
        sed -nE '1s/^"[^"]*"[[:space:]]*:[[:space:]]*"?([^"]*)"?$/\1/p'
}

# load_dotenv FILE: variables of a `.env` file that the environment does not set already.
load_dotenv() {
    local line name value
    [[ -f $1 ]] || return 0
    while IFS= read -r line || [[ -n $line ]]; do
        [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Z][A-Z0-9_]*)=(.*)$ ]] || continue
        name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
        case $value in
        \"*\" | \'*\') value=${value:1:${#value}-2} ;;
        esac
        [[ -n ${!name+set} ]] || export "$name=$value"
    done <"$1"
}

# How programs are built for release. Swift's own libraries inside them, as in the images, and no checks at run time
# that nothing is written while it is read, also in the libraries (the debug build, which the tests run, has them):
# together about a twelfth of what a request costs the load generator (`make bench-loadtest`).
RELEASE_FLAGS=(--configuration release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked)

# Builds the named products (default: all) for release.
build_release() {
    local product
    if (($# == 0)); then set -- "${PRODUCTS[@]}"; fi
    for product; do run_child swift build "${RELEASE_FLAGS[@]}" --product "$product"; done
}

# Builds the web app. Onsale runs without it, so where it cannot be built that is said and no more.
build_web() {
    run_child scripts/web || warn "the web app was not built (see above): Onsale comes up without it"
}

# The process group that run_child is waiting for, so that a trap can end it.
CHILD=

# run_child COMMAND…: runs it in a process group of its own and waits. Unlike a plain foreground command, a signal to
# this script is acted on at once, and end_child then ends the command with everything that it started.
run_child() {
    local status=0
    set -m
    "$@" </dev/null &
    CHILD=$!
    set +m
    wait "$CHILD" || status=$?
    CHILD=
    return "$status"
}

# Ends the command that run_child was waiting for when a signal came: politely, and by force after a minute, which is
# longer than a stack takes to stop.
end_child() {
    [[ -n $CHILD ]] || return 0
    local group=$CHILD tries
    CHILD=
    kill -TERM -- "-$group" 2>/dev/null || return 0
    for ((tries = 0; tries < 600; tries++)); do
        kill -0 -- "-$group" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$group" 2>/dev/null || true
}

# on_end FUNCTION: calls it once when this script ends, whatever ends it; a signal becomes the exit status 128 + signal.
on_end() {
    # shellcheck disable=SC2064 # the function's name is meant to be fixed now
    trap "trap '' INT TERM HUP; $1" EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
}
