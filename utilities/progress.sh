# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# How scripts that take minutes say where they are, on stderr. Set progress_name before sourcing.

progress_start=$SECONDS

elapsed() {
    local seconds=$((SECONDS - progress_start))
    printf '%d:%02d' $((seconds / 60)) $((seconds % 60))
}

# phase TEXT...: what begins now.
phase() {
    echo "${progress_name:?}: $* ($(elapsed))" >&2
}

# count_files BUILD TARGET...: how many files make would compile and link there.
count_files() {
    local build=$1
    shift
    make -C "$build" -n V=0 "$@" 2>/dev/null | grep -cE 'echo " +(CC|CXX)(LD)? ' || true
}

# show_progress TEXT TOTAL: reads make's output and says how many of TOTAL files are done: on a
# terminal in one line that moves, elsewhere in a line for each quarter.
show_progress() {
    local what=$1 total=$2 count=0 quarter=0 line
    while IFS= read -r line; do
        case $line in
            '  CC '* | '  CCLD '* | '  CXX '* | '  CXXLD '*) count=$((count + 1)) ;;
            *) continue ;;
        esac
        [ "$count" -le "$total" ] || total=$count
        if [ -t 2 ]; then
            printf '\r%s: %s: %d of %d files, %d %% (%s) ' "$progress_name" "$what" "$count" \
                "$total" $((100 * count / total)) "$(elapsed)" >&2
        elif [ $((4 * count / total)) -gt "$quarter" ]; then
            quarter=$((4 * count / total))
            phase "$what: $((25 * quarter)) %"
        fi
    done
    if [ -t 2 ] && [ "$count" -gt 0 ]; then
        printf '\n' >&2
    fi
}
