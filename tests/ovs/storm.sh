#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# One PF is reconfigured at random while packets go from VF to VF on the other: those lose nothing, and
# after each step everything that should be loaded is.
#
# ESW_TEST_SECONDS says for how long (the proof of a release is 300), ESW_TEST_SEED what is done.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

vfs=4
seed=${ESW_TEST_SEED:-20261121}
seconds=${ESW_TEST_SECONDS:-15}

# memory in KiB and descriptors of the switch
resources() {
    local pid
    pid=$(vswitchd_pid)
    awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"
    find "/proc/$pid/fd" -mindepth 1 | wc -l
}

test_start() {
    local vf
    start_sim --pfs 2 --vfs $vfs
    start_sim_switch
    set_mode $pf0 switchdev
    set_mode $pf1 switchdev
    for vf in 0 1; do
        add_esw_port "quiet$vf" $pf0 "pf0vf$vf"
    done
    for ((vf = 0; vf < vfs; vf++)); do
        add_esw_port "stormy$vf" $pf1 "pf1vf$vf"
    done
    settle
    make_host vf0 $pf0/pf0vf0 10.0.0.1/24
    make_host vf1 $pf0/pf0vf1 10.0.0.2/24
    expect_ping vf0 10.0.0.2
    vswitchd_pid >"$ESW_TEST_DIR/pid"
}

# What the adapter has now is what is to be seen.
expect_all_there() {
    local state=absent
    if [ "$mode" != legacy ] && [ "$count" -gt 0 ]; then
        state=loaded
    fi
    settle
    for ((vf = 0; vf < vfs; vf++)); do
        expect_state "stormy$vf" $state
    done
    expect_json "$(ovs-appctl esw/show --json $pf1)" "(lambda e: e['mode'] == '$mode'
        and e['state'] == 'idle' and e['block'] is None and e['queue']['pending'] == 0
        and e['reps']['failed'] == 0)(x['$pf1'])"
}

step() {
    case $((RANDOM % 6)) in
        0 | 1)
            if [ "$mode" = legacy ]; then mode=switchdev; else mode=legacy; fi
            expect_equal 'done' "$(ovs-appctl -T 60 esw/set-mode $pf1 $mode)" ;;
        2) # behind the switch's back
            if [ "$mode" = legacy ]; then mode=switchdev; else mode=legacy; fi
            set_mode $pf1 $mode ;;
        3)
            count=$((count > 0 ? 0 : vfs))
            esw-sim ctl numvfs $pf1 $count ;;
        4)
            esw-sim ctl rdma $pf1 unload
            esw-sim ctl rdma $pf1 load ;;
        5)
            expect_equal 'done' "$(ovs-appctl -T 60 esw/reload $pf1)"
            mode=legacy ;;
    esac
    echo "$mode, $count VFs" >>"$ESW_TEST_DIR/steps"
}

test_storm() {
    local mode=switchdev count=$vfs begin=$SECONDS vf ping before after
    RANDOM=$seed
    echo "seed $seed"
    mapfile -t before < <(resources)
    ip netns exec "$ESW_TEST_ID-vf0" ping -n -i 0.05 10.0.0.2 >"$ESW_TEST_DIR/pings" 2>&1 &
    ping=$!
    at_exit sh -c "kill $ping 2>/dev/null || :"
    while [ $((SECONDS - begin)) -lt "$seconds" ]; do
        step
        expect_all_there
    done
    kill -INT $ping
    wait $ping || true
    echo "$(wc -l <"$ESW_TEST_DIR/steps") steps; $(grep transmitted "$ESW_TEST_DIR/pings")"
    expect_text ', 0% packet loss' "$(grep transmitted "$ESW_TEST_DIR/pings")"
    expect_equal "$(cat "$ESW_TEST_DIR/pid")" "$(vswitchd_pid)" "pid"
    mode=switchdev count=$vfs
    set_mode $pf1 $mode
    esw-sim ctl numvfs $pf1 0
    esw-sim ctl numvfs $pf1 $count
    expect_all_there
    mapfile -t after < <(resources)
    echo "memory ${before[0]} KiB, then ${after[0]}; descriptors ${before[1]}, then ${after[1]}"
    # Sockets are pooled: there are as many as calls were ever under way at the same time.
    [ "${after[1]}" -le $((before[1] + 4)) ] || fail "descriptors: ${before[1]}, then ${after[1]}"
    # Histories of events grow to their bounds.
    [ "${after[0]}" -le $((before[0] + 8192)) ] || fail "memory grew from ${before[0]} KiB to ${after[0]}"
}

cases_are_a_chain
run_case "two PFs, ports of both" test_start
run_case "one is reconfigured at random, packets of the other do not notice" test_storm
end_cases
