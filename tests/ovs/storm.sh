#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time limit: 600 s
#
# One PF is reconfigured at random while packets go from VF to VF on the other: those lose nothing, and
# after each step everything that should be loaded is. At the end the switch is the process that it
# was, and no larger.
#
# ESW_TEST_SECONDS says for how long (the proof of a release is 300), ESW_TEST_SEED what is done.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

vfs=4
seed=${ESW_TEST_SEED:-20261121}
seconds=${ESW_TEST_SECONDS:-10}

# What the switch may have more at the end than when it had done each kind of step once: KiB of
# memory, since histories of events grow to their bounds, and descriptors, since sockets are pooled:
# there are as many as calls were ever under way at the same time.
more_memory=4096
more_descriptors=4

# Memory in KiB and descriptors of the switch.
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
}

# in_background COMMAND...: its pid is in $!, and it does not outlive the test.
in_background() {
    "$@" &
    at_exit sh -c "kill $! 2>/dev/null || :"
}

# Pings, and datagrams in both directions, between the VFs of the quiet PF for $seconds. Datagrams, since
# TCP sends again what was lost; and at a rate that is far below what the simulated adapter carries (it
# is one thread, and each packet crosses it twice), so that what is missing was lost by a switch that
# was busy with something else. The control connection of iperf3 is TCP, and has to live to the end.
start_traffic() {
    in_background ip netns exec "$ESW_TEST_ID-vf1" \
        iperf3 --server --one-off --forceflush >"$ESW_TEST_DIR/iperf3-server" 2>&1
    wait_for_line 'listening' "$ESW_TEST_DIR/iperf3-server" $!
    in_background ip netns exec "$ESW_TEST_ID-vf0" ping -n -i 0.05 10.0.0.2 \
        >"$ESW_TEST_DIR/pings" 2>&1
    ping=$!
    in_background ip netns exec "$ESW_TEST_ID-vf0" iperf3 --client 10.0.0.2 --bidir --udp \
        --bitrate 2M --length 1000 --time "$seconds" --json >"$ESW_TEST_DIR/iperf3" 2>&1
    iperf3=$!
}

# Of the last quarter of a second answers may be under way when ping is ended.
unanswered_pings() {
    local sent
    sent=$(sed -n 's/^\([0-9]*\) packets transmitted.*/\1/p' "$ESW_TEST_DIR/pings")
    [ "$sent" -gt $((15 * seconds)) ] || fail "only $sent pings in $seconds s"
    comm -23 <(seq $((sent - 5)) | sort) \
        <(sed -n 's/.*icmp_seq=\([0-9]*\) ttl=.*/\1/p' "$ESW_TEST_DIR/pings" | sort)
}

expect_nothing_lost() {
    local udp
    wait $iperf3 || fail "iperf3: $(tail -n 20 "$ESW_TEST_DIR/iperf3")"
    kill -INT $ping
    wait $ping || true
    note "$(grep transmitted "$ESW_TEST_DIR/pings")"
    expect_equal '' "$(unanswered_pings)" "pings without an answer"
    udp=$(python3 - "$ESW_TEST_DIR/iperf3" "$seconds" <<'PYTHON'
import json, sys
with open(sys.argv[1]) as file:
    end = json.load(file)["end"]
streams = [stream["udp"] for stream in end["streams"]]
for udp in streams:
    print("{bytes} bytes in {packets} datagrams, {lost_packets} lost".format(**udp))
assert len(streams) == 2, end
assert all(udp["lost_packets"] == 0 for udp in streams), end
assert all(udp["packets"] > 100 * int(sys.argv[2]) for udp in streams), end
PYTHON
    )
    note "iperf3: ${udp//$'\n'/; }"
}

# What the adapter has now is what is to be seen, by both providers, and of the other PF as well.
expect_all_there() {
    local state=absent loaded=0 vf
    if [ "$mode" != legacy ]; then
        loaded=$((count + 1))
    fi
    if [ $loaded -gt 1 ]; then
        state=loaded
    fi
    settle
    for ((vf = 0; vf < vfs; vf++)); do
        expect_state "stormy$vf" $state
    done
    expect_state quiet0 loaded
    expect_state quiet1 loaded
    expect_json "$(ovs-appctl esw/show --json)" "(lambda storm, quiet:
        storm['mode'] == '$mode' and storm['state'] == 'idle' and storm['block'] is None
        and storm['queue']['pending'] == 0
        and storm['reps']['loaded'] == $loaded and storm['reps']['failed'] == 0
        and storm['offload']['ready'] == ('$mode' != 'legacy')
        and quiet['reps']['loaded'] == $vfs + 1 and quiet['offload']['ready']
    )(x['$pf1'], x['$pf0'])"
}

other_mode() { if [ "$mode" = legacy ]; then mode=switchdev; else mode=legacy; fi; }

step() { # KIND
    case $1 in
        0)
            other_mode
            expect_equal 'done' "$(ovs-appctl -T 60 esw/set-mode $pf1 $mode)" ;;
        1) # behind the switch's back
            other_mode
            set_mode $pf1 $mode ;;
        2)
            count=$((count > 0 ? 0 : vfs))
            esw-sim ctl numvfs $pf1 $count ;;
        3)
            esw-sim ctl rdma $pf1 unload
            esw-sim ctl rdma $pf1 load ;;
        4)
            mode=legacy
            expect_equal 'done' "$(ovs-appctl -T 60 esw/reload $pf1)" ;;
    esac
    echo "step $1: $mode, $count VFs" >>"$ESW_TEST_DIR/steps"
    expect_all_there
}

test_storm() {
    local mode=switchdev count=$vfs pid before after ping iperf3
    RANDOM=$seed
    note "kernel $test_kernel, seed $seed"
    pid=$(vswitchd_pid)
    for kind in 0 0 1 1 2 2 3 4 0; do
        step $kind
    done
    mapfile -t before < <(resources)
    start_traffic
    while kill -0 $iperf3 2>/dev/null; do
        step $((RANDOM % 5))
    done
    expect_nothing_lost
    note "$(wc -l <"$ESW_TEST_DIR/steps") steps"

    [ $mode = switchdev ] || step 0
    [ $count -gt 0 ] || step 2
    mapfile -t after < <(resources)
    note "memory ${before[0]} KiB, then ${after[0]}; descriptors ${before[1]}, then ${after[1]}"
    expect_equal "$pid" "$(vswitchd_pid)" "pid"
    [ "${after[0]}" -le $((before[0] + more_memory)) ] || fail "memory grew"
    [ "${after[1]}" -le $((before[1] + more_descriptors)) ] || fail "descriptors are left"
}

cases_are_a_chain
run_case "two PFs, ports of both" test_start
run_case "one is reconfigured at random, packets of the other do not notice" test_storm
end_cases
