# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A simulated adapter for test scripts, in the network namespace $sim_netns, and hosts behind its VFs
# and wires. Sourced after tests/lib.sh and tests/ovs/lib-ovs.sh.

export ESW_SIM_DIR=$ESW_TEST_DIR/sim
sim_netns=$ESW_TEST_ID
pf0=pci/0000:08:00.0
pf1=pci/0000:08:00.1

# start_sim [ARGUMENT...]: of "esw-sim start".
start_sim() {
    make_namespace "$sim_netns"
    ip netns exec "$sim_netns" esw-sim start --kernel "$test_kernel" "$@"
    at_exit stop_sim
}

# stop_sim: unless a test ended it before.
stop_sim() { ! esw-sim status >/dev/null 2>&1 || esw-sim stop; }

# in_sim COMMAND...: in the adapter's namespace, seeing the adapter.
in_sim() { ip netns exec "$sim_netns" esw-sim exec "$@"; }

# start_sim_switch: the switch on it, with the bridge br0.
start_sim_switch() {
    start_ovsdb
    start_vswitchd in_sim
    at_exit stop_daemon ovs-vswitchd
    ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev
}

set_mode() { in_sim devlink dev eswitch set "$1" mode "$2"; }

# sim_value PYTHON-EXPRESSION: on the adapter's status, x.
sim_value() {
    esw-sim status --json | python3 -c 'import json, sys
x = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$1"
}

# peer_netdev HANDLE/REP: of the VF or the wire behind a representor.
peer_netdev() { sim_value "x['ports']['$1']['peer']['netdev']"; }
rep_netdev() { sim_value "x['ports']['$1']['netdev']"; }

# plug_vf NAME HANDLE/REP ADDRESS: moves the netdev that is behind a representor to the host NAME.
plug_vf() {
    local netdev namespace=$ESW_TEST_ID-$1
    netdev=$(peer_netdev "$2")
    ip -n "$sim_netns" link set "$netdev" netns "$namespace"
    ip -n "$namespace" addr add "$3" dev "$netdev"
    ip -n "$namespace" link set "$netdev" up
}

# make_host NAME HANDLE/REP ADDRESS: a namespace with the netdev that is behind a representor.
make_host() {
    make_namespace "$ESW_TEST_ID-$1"
    plug_vf "$@"
}

# expect_ping HOST ADDRESS: each of five pings has its answer. One by one: ping(8) waits for the last
# of several only as long as two of those before took, which is short for a busy machine.
expect_ping() {
    local output
    for _ in 1 2 3 4 5; do
        output=$(ip netns exec "$ESW_TEST_ID-$1" ping -n -c 1 -W 30 "$2" 2>&1) || true
        expect_text ' 1 received' "$output"
    done
}

# forget_macs: before pings that follow a time in legacy mode. The PF's netdev got what VFs sent to all
# then, until it was taken from the bridge: so that may have learned that they are behind the uplink,
# and would know better only after a second.
forget_macs() {
    ovs-appctl fdb/flush br0
    ovs-appctl revalidator/wait
}

# switch_stats: netlink messages of the switch to the simulated kernel, as JSON.
switch_stats() {
    esw-sim ctl stats --json | python3 -c 'import json, sys
x = json.load(sys.stdin)
print(json.dumps(x["netlink_by_process"][sys.argv[1]]))' "$(vswitchd_pid)"
}
