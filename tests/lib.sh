# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For test scripts in bash. A script sources this, defines one function per case, and ends so:
#
#     run_case "a port without a rep keeps its number" test_absent_port
#     run_case "..." ...
#     end_cases
#
# It prints TAP (https://testanything.org), which tests/run reads. A case runs in a subshell with
# errexit: the first command that fails ends it, and what it wrote is shown. What cases share they
# keep in files in $ESW_TEST_DIR, which is empty at the start and removed by tests/run.
#
# From tests/run: ESW_SRC and ESW_BUILD, the tops of sources and build; ESW_TEST_DIR; ESW_TEST_ID, a
# short word that no other running test has, for names of namespaces and netdevs; PATH with the
# programs of the build and of Open vSwitch.

: "${ESW_SRC:?run this through tests/run}" "${ESW_BUILD:?}" "${ESW_TEST_DIR:?}" "${ESW_TEST_ID:?}"

# The kernel that a simulated adapter plays: ESW_TEST_KERNEL says "6.1" (the default), another one,
# or "newest". The newest that is known differs from 6.1 by what utilities/esw-sim/kernel_version.h
# lists.
test_kernel=${ESW_TEST_KERNEL:-6.1}
[ "$test_kernel" != newest ] || test_kernel=7.2

esw_case_count=0
esw_failed_count=0
esw_at_exit_file=$ESW_TEST_DIR/.at-exit
esw_notes=$ESW_TEST_DIR/.notes
esw_main_pid=$BASHPID

# at_exit COMMAND...: runs COMMAND when the script ends, the last one registered first. Works from
# within a case too.
at_exit() {
    printf '%q ' "$@" >>"$esw_at_exit_file"
    printf '\n' >>"$esw_at_exit_file"
}

esw_run_at_exit() {
    local line
    [ "$BASHPID" = "$esw_main_pid" ] || return 0
    [ -e "$esw_at_exit_file" ] || return 0
    tac "$esw_at_exit_file" | while IFS= read -r line; do
        eval "$line" </dev/null || echo "# at exit: failed: $line"
    done
    rm -f "$esw_at_exit_file"
}
trap esw_run_at_exit EXIT
trap 'exit 143' TERM INT

# run_case NAME FUNCTION [ARGUMENT...]
run_case() {
    local name=$1 output=$ESW_TEST_DIR/.case-output status
    shift
    if [ -n "${ESW_TEST_PATTERN:-}" ] && [[ ${name,,} != *"${ESW_TEST_PATTERN,,}"* ]]; then
        return 0
    fi
    esw_case_count=$((esw_case_count + 1))
    # Not in a condition: bash ignores errexit there.
    set +e
    (
        set -eu -o pipefail
        "$@"
    ) >"$output" 2>&1 </dev/null
    status=$?
    if [ $status -eq 0 ]; then
        echo "ok $esw_case_count - $name"
    else
        esw_failed_count=$((esw_failed_count + 1))
        echo "not ok $esw_case_count - $name"
        echo "# exit status $status; its output:"
        sed 's/^/#   /' "$output"
        if declare -F on_failure >/dev/null; then
            on_failure 2>&1 | sed 's/^/#   /'
        fi
    fi
    [ ! -e "$esw_notes" ] || cat "$esw_notes"
    rm -f "$output" "$esw_notes"
}

# cases_are_a_chain: for scripts whose cases need the ones before. A pattern that one of them matches
# then runs all of them.
cases_are_a_chain() {
    if [ -n "${ESW_TEST_PATTERN:-}" ] && grep '^run_case ' "$0" | grep -qiF -- "$ESW_TEST_PATTERN"; then
        ESW_TEST_PATTERN=
    fi
}

# skip_case NAME REASON: for what the machine cannot do.
skip_case() {
    esw_case_count=$((esw_case_count + 1))
    echo "ok $esw_case_count - $1 # SKIP $2"
}

# The script's last command.
end_cases() {
    echo "1..$esw_case_count"
    [ "$esw_failed_count" -eq 0 ]
}

# ---- what cases say ------------------------------------------------------------------------------

# note TEXT...: figures, which are shown with the case's result also when it passes.
note() { echo "# note: $*" >>"$esw_notes"; }

fail() {
    echo "failed: $*"
    exit 1
}

# expect_equal WANTED GOT [WHAT]
expect_equal() {
    [ "$1" = "$2" ] || fail "${3:-value}: expected '$1', got '$2'"
}

# expect_text PATTERN TEXT: TEXT has a line that the extended regular expression matches.
expect_text() {
    grep -Eq -- "$1" <<<"$2" || fail "expected a line that matches '$1' in: $2"
}

# expect_no_text PATTERN TEXT
expect_no_text() {
    ! grep -Eq -- "$1" <<<"$2" || fail "expected no line that matches '$1' in: $2"
}

# expect_fails COMMAND...: it fails, and what it wrote is printed.
expect_fails() {
    local output
    if output=$("$@" 2>&1); then
        fail "expected this to fail: $*: $output"
    fi
    printf '%s\n' "$output"
}

# wait_for_line PATTERN FILE PID [FROM]: until FILE, which process PID writes, has a line that matches,
# from its beginning or from line FROM on.
wait_for_line() {
    : >>"$2" # the process may not have got so far as to make it
    timeout 30 grep -Eq -m 1 -- "$1" <(exec tail -n +"${4:-1}" -f --pid="$3" "$2") ||
        fail "no line that matches '$1' in: $(tail -n 50 "$2")"
}
