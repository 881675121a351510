#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# utilities/try-it, as a newcomer runs it; the build is there already.

. "$ESW_SRC/tests/lib.sh"

# What a case that failed left running.
stop_left() { [ ! -e "$1/env" ] || try_it --stop --dir "$1"; }

try_it() {
    "$ESW_SRC/utilities/try-it" --build "$ESW_BUILD" --kernel "$test_kernel" "$@"
}

test_once() {
    local output
    output=$(try_it)
    expect_text '3 packets transmitted, 3 received' "$output"
    expect_text 'pci/0000:08:00.1' "$output"
    expect_text 'type: esw' "$output"
}

test_keep() {
    local dir=$ESW_TEST_DIR/kept
    at_exit stop_left "$dir"
    try_it --keep --dir "$dir" --pfs 1 --vfs 2 --no-traffic
    (
        . "$dir/env"
        expect_text 'switchdev' "$(ovs-appctl esw/show)"
        expect_text "plays kernel ${test_kernel//./\\.}$" "$(esw-sim status)"
        esw-sim exec devlink port show
        for namespace in $ESW_TRY_NAMESPACES; do ip netns exec "$namespace" true; done
        ip netns exec "$ESW_TRY_NS_PF0VF0" ping -q -c 2 -i 0.05 10.88.0.254
    )
    expect_text 'runs there already' "$(expect_fails try_it --dir "$dir")"
    try_it --stop --dir "$dir"
    [ ! -e "$dir/env" ] || fail "there is still an env file"
}

test_two_at_once() {
    local one=$ESW_TEST_DIR/one two=$ESW_TEST_DIR/two
    at_exit stop_left "$one"
    at_exit stop_left "$two"
    try_it --keep --dir "$one" --pfs 1 --vfs 1 --no-traffic
    try_it --keep --dir "$two" --pfs 1 --vfs 1 --no-traffic
    (. "$one/env" && ip netns exec "$ESW_TRY_NS_PF0VF0" ping -q -c 2 -i 0.05 10.88.0.254)
    (. "$two/env" && ip netns exec "$ESW_TRY_NS_PF0VF0" ping -q -c 2 -i 0.05 10.88.0.254)
    (. "$two/env" && expect_text 'mode switchdev' "$(esw-sim exec devlink dev eswitch show pci/0000:08:00.0)")
    try_it --stop --dir "$one"
    try_it --stop --dir "$two"
}

test_bad_arguments() {
    expect_text "unknown argument '--bogus'" "$(expect_fails try_it --bogus)"
    expect_text "'9' is not a number from 1 to 8" "$(expect_fails try_it --pfs 9)"
    expect_text "needs --dir" "$(expect_fails try_it --stop)"
    expect_text "nothing of try-it runs there" \
        "$(expect_fails try_it --stop --dir "$ESW_TEST_DIR/none")"
}

run_case "try-it: packets, and nothing left" test_once
run_case "try-it --keep, its env file, and --stop" test_keep
run_case "two try-its at once" test_two_at_once
run_case "try-it: bad arguments" test_bad_arguments
end_cases
