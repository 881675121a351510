#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Flows in the adapter: with other_config:hw-offload the switch sees a connection's first packets only,
# and counts all of them; flows leave the adapter before what they name goes, and come back with it.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

ports=(p0 pf0vf0 pf0vf1)

# hardware_packets: that went through the adapter by rules of the switch.
hardware_packets() {
    esw-sim ctl stats --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["packets"]["hardware"])'
}

# flow_count [KEY]: of "esw/flow-show", key of its totals.
flow_count() {
    settle
    ovs-appctl esw/flow-show --json | python3 -c 'import json, sys
print(json.load(sys.stdin)["totals"][sys.argv[1]])' "${1:-offloaded}"
}

# pings HOST ADDRESS COUNT: one by one.
pings() {
    local i
    for ((i = 0; i < $3; i++)); do
        ip netns exec "$ESW_TEST_ID-$1" ping -n -q -c 1 -W 30 "$2" >"$ESW_TEST_DIR/ping" ||
            fail "ping $i of $3 from $1 to $2: $(cat "$ESW_TEST_DIR/ping")"
    done
}

# expect_hardware HOST ADDRESS: what it sends and is sent goes through the adapter, but for the first.
# How many these are depends on Open vSwitch, which offers flows some time after it has made them, and
# looks at flows again some time after what they follow from has changed.
expect_hardware() {
    local before after i
    for ((i = 0; i < 100; i++)); do
        before=$(hardware_packets)
        ip netns exec "$ESW_TEST_ID-$1" ping -n -q -c 1 -W 1 "$2" >/dev/null || continue
        [ $(($(hardware_packets) - before)) -lt 2 ] || break
    done
    settle
    before=$(hardware_packets)
    pings "$1" "$2" 10
    after=$(hardware_packets)
    [ $((after - before)) -ge 20 ] ||
        fail "of 20 packets $((after - before)) through the adapter: $(ovs-appctl esw/flow-show -m)"
}

# expect_lost HOST ADDRESS: packets to it do not arrive, soon.
expect_lost() {
    local i
    for ((i = 0; i < 100; i++)); do
        ip netns exec "$ESW_TEST_ID-$1" ping -n -q -c 1 -W 1 "$2" >/dev/null || return 0
    done
    fail "packets from $1 to $2 are not dropped: $(ovs-appctl esw/flow-show -m)"
}

expect_software() {
    local before
    settle
    before=$(hardware_packets)
    pings "$1" "$2" 5
    expect_equal "$before" "$(hardware_packets)" "packets through the adapter"
}

test_software() {
    start_sim
    start_sim_switch
    for port in "${ports[@]}"; do
        add_esw_port $port $pf0
    done
    set_mode $pf0 switchdev
    settle
    # Neither discovery of neighbours nor of addresses is to be counted.
    make_host vf0 $pf0/pf0vf0 10.0.0.1/24
    make_host vf1 $pf0/pf0vf1 10.0.0.2/24
    make_host wire $pf0/p0 10.0.0.9/24
    expect_software vf0 10.0.0.2
    expect_equal 0 "$(flow_count flows)"
}

# Flows that were there already are offered, too.
test_on() {
    ovs-vsctl set open_vswitch . other_config:hw-offload=true
    settle
    expect_hardware vf0 10.0.0.2
    expect_hardware vf1 10.0.0.9
    [ "$(flow_count)" -ge 4 ] || fail "flows: $(ovs-appctl esw/flow-show -m)"
    expect_text 'in adapter' "$(ovs-appctl esw/flow-show $pf0/pf0vf0)"
    expect_json "$(ovs-appctl esw/show --json $pf0)" "x['$pf0']['offload']['flows'] >= 4"
}

test_dump_flows() {
    ovs-appctl dpctl/dump-flows type=offloaded >"$ESW_TEST_DIR/flows"
    expect_text 'in_port' "$(cat "$ESW_TEST_DIR/flows")"
    ovs-appctl dpctl/dump-flows -m type=offloaded >"$ESW_TEST_DIR/flows"
    expect_text 'dp:esw' "$(cat "$ESW_TEST_DIR/flows")"
}

test_off_and_on() {
    ovs-vsctl set open_vswitch . other_config:hw-offload=false
    expect_software vf0 10.0.0.2
    expect_equal 0 "$(flow_count)"
    ovs-vsctl set open_vswitch . other_config:hw-offload=true
    expect_hardware vf0 10.0.0.2
}

# Other actions for a flow that is in use: it is never another port's, and never nobody's.
test_actions_change() {
    ovs-ofctl add-flow br0 "priority=10,in_port=pf0vf0,ip,nw_dst=10.0.0.2,actions=output:pf0vf1"
    expect_hardware vf0 10.0.0.2
    ovs-ofctl add-flow br0 "priority=10,in_port=pf0vf0,ip,nw_dst=10.0.0.2,actions=drop"
    expect_lost vf0 10.0.0.2
    ovs-ofctl del-flows br0 "in_port=pf0vf0,ip,nw_dst=10.0.0.2"
    expect_hardware vf0 10.0.0.2
}

# A mode flip, an RDMA driver that goes, VFs that go: the rules are gone from the adapter, and come back.
test_mode_flip() {
    local pid
    pid=$(vswitchd_pid)
    remember_ofports "${ports[@]}"
    expect_equal 'done' "$(esw set-mode $pf0 legacy)"
    expect_equal 0 "$(flow_count)"
    expect_equal 'done' "$(esw set-mode $pf0 switchdev)"
    settle
    expect_hardware vf0 10.0.0.2
    expect_same_ofports
    expect_equal "$pid" "$(vswitchd_pid)"
}

test_rdma() {
    esw-sim ctl rdma $pf0 unload
    expect_software vf0 10.0.0.2
    expect_equal 0 "$(flow_count)"
    esw-sim ctl rdma $pf0 load
    expect_hardware vf0 10.0.0.2
}

test_port_goes() {
    ovs-vsctl del-port pf0vf1
    settle
    expect_lost vf0 10.0.0.2
    expect_hardware vf0 10.0.0.9
    add_esw_port pf0vf1 $pf0
    settle
    expect_hardware vf0 10.0.0.2
}

run_case "without hw-offload all goes through the switch" test_software
run_case "hw-offload takes flows into the adapter, while they are in use" test_on
run_case "Open vSwitch shows them as offloaded" test_dump_flows
run_case "hw-offload goes off and on at any time" test_off_and_on
run_case "other actions replace those in the adapter" test_actions_change
run_case "flows outlive a mode flip" test_mode_flip
run_case "flows outlive their RDMA device" test_rdma
run_case "flows of a port go with it" test_port_goes
end_cases
