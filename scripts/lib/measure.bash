# Keeping figures: each is measured several times and judged by its median.
# Sourced after common.bash, never run.
# shellcheck disable=SC2034 # MISSED is the exit status of whoever sources it

# Per figure: every value measured, in order; and the figures in the order of their first value.
declare -A RUNS=()
FIGURES=()
# What each figure is, for the table: "text|unit".
declare -A MEANING=()

# meaning FIGURE UNIT TEXT
meaning() { MEANING[$1]="$3|$2"; }

# record FIGURE VALUE
record() {
    [[ -n ${RUNS[$1]+set} ]] || FIGURES+=("$1")
    RUNS[$1]="${RUNS[$1]:-}${RUNS[$1]:+ }$2"
    printf '  %-52s %12s %s\n' "${MEANING[$1]%|*}" "$2" "${MEANING[$1]#*|}"
}

# median FIGURE: of its values; empty without any.
median() {
    local values
    values=${RUNS[$1]:-}
    [[ -n $values ]] || return 0
    tr ' ' '\n' <<<"$values" | sort -g | awk '{ v[NR] = $1 } END {
        printf "%d", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# best FIGURE…: the highest median among them.
best() {
    local figure
    for figure; do
        median "$figure"
        echo
    done | sort -g | tail -n 1
}

# per_second COUNT SECONDS
per_second() { awk -v count="$1" -v seconds="$2" 'BEGIN { printf "%d", (seconds > 0 ? count / seconds : 0) }'; }

# Ratios and limits that were asked for; each is a line of the closing table and of the JSON.
VERDICTS=()
MISSED=0

# want_ratio TEXT VALUE BASE AT-LEAST: VALUE / BASE must reach AT-LEAST; says nothing when either was not measured.
want_ratio() {
    local ratio verdict=ok
    [[ -n $2 && -n $3 ]] || return 0
    ratio=$(awk -v a="$2" -v b="$3" 'BEGIN { printf "%.3f", (b > 0 ? a / b : 0) }')
    if awk -v a="$2" -v b="$3" -v w="$4" 'BEGIN { exit !(a < w * b) }'; then
        verdict=NOT
        MISSED=1
    fi
    VERDICTS+=("$1|$2 / $3 = $ratio|at least $4|$verdict")
}

# want_below TEXT VALUE LIMIT UNIT
want_below() {
    local verdict=ok
    [[ -n $2 ]] || return 0
    if awk -v v="$2" -v l="$3" 'BEGIN { exit !(v >= l) }'; then
        verdict=NOT
        MISSED=1
    fi
    VERDICTS+=("$1|$2 $4|below $3 $4|$verdict")
}

print_table() {
    local figure line
    printf '\n%-54s %12s  %-10s %s\n' figure median unit runs
    for figure in "${FIGURES[@]}"; do
        printf '%-54s %12s  %-10s %s\n' "${MEANING[$figure]%|*}" "$(median "$figure")" "${MEANING[$figure]#*|}" \
            "${RUNS[$figure]}"
    done
    printf '\n%-54s %-30s %-16s %s\n' asked measured wanted ''
    for line in "${VERDICTS[@]}"; do
        IFS='|' read -r -a line_fields <<<"$line"
        printf '%-54s %-30s %-16s %s\n' "${line_fields[@]}"
    done
}

# write_json FILE: the same as JSON.
write_json() {
    local figure line comma=''
    {
        printf '{\n  "machine": "%s",\n  "figures": {' "$MACHINE"
        for figure in "${FIGURES[@]}"; do
            printf '%s\n    "%s": {"what": "%s", "unit": "%s", "median": %s, "runs": [%s]}' "$comma" "$figure" \
                "${MEANING[$figure]%|*}" "${MEANING[$figure]#*|}" "$(median "$figure")" "${RUNS[$figure]// /, }"
            comma=,
        done
        comma=''
        printf '\n  },\n  "asked": ['
        for line in "${VERDICTS[@]}"; do
            IFS='|' read -r -a line_fields <<<"$line"
            printf '%s\n    {"what": "%s", "measured": "%s", "wanted": "%s", "verdict": "%s"}' "$comma" \
                "${line_fields[@]}"
            comma=,
        done
        printf '\n  ]\n}\n'
    } >"$1"
}
