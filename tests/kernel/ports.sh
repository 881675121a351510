#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Ports of the switch on a real kernel's representors: what is set at them is read back by devlink(8),
# packets leave through them, and they outlive the daemon. There is no RDMA, which is said, and no more.

. "$ESW_SRC/tests/kernel/lib-kernel.sh"

dev=netdevsim/netdevsim1
ports=(p1 p2 pf0vf0 pf0vf1)

ofports() { for port in "${ports[@]}"; do column "$port" ofport; done; }
# rate INDEX: of the devlink port of that index.
rate() { devlink port function rate show "$dev/$1" | sed "s|^$dev/$1: type leaf *||"; }
option_error() { settle; column "$1" status:option-error; }
set_options() { ovs-vsctl set interface "$1" "${@:2}"; } # PORT OPTION...

test_start() {
    add_netdevsim 1 2
    set_vfs 1 2
    start_switch
    for port in "${ports[@]}"; do
        add_esw_port "$port" $dev
    done
    expect_equal 'done' "$(esw set-mode $dev switchdev)"
    expect_agreement
    expect_states loaded "${ports[@]}"
    ofports >"$ESW_TEST_DIR/ofports"
}

test_no_rdma() {
    expect_json "$(esw show --json $dev)" "(lambda e: (e['reps']['loaded'], e['reps']['failed'],
        e['offload']['ready']) == (4, 0, False) and e['offload']['reason'])(x['$dev'])"
    expect_json "$(esw rep-show --json $dev/pf0vf0)" "(lambda r: (r['eth']['state'],
        r['rdma']['state']) == ('loaded', 'unregistered') and r['rdma']['reason'])(x['$dev/pf0vf0'])"
    [ "$(column pf0vf0 status:offload)" != ready ] || fail "ready to offload"
}

# VFs' ports have the indices 128 and up (NSIM_DEV_VF_PORT_INDEX_BASE).
test_rates() {
    set_options pf0vf0 options:tx-share=10Mbit options:tx-max=100Mbit
    expect_equal '' "$(option_error pf0vf0)"
    expect_equal 'tx_share 10Mbit tx_max 100Mbit' "$(rate 128)"
    expect_equal '' "$(rate 129)"
    set_options pf0vf0 options:tx-max=1Gbit
    expect_equal '' "$(option_error pf0vf0)"
    expect_equal 'tx_share 10Mbit tx_max 1Gbit' "$(rate 128)"
    # An admin's group is none of ours.
    devlink port function rate add $dev/group
    devlink port function rate set $dev/128 parent group
    settle
    expect_equal 'tx_share 10Mbit tx_max 1Gbit parent group' "$(rate 128)"
    devlink port function rate set $dev/128 noparent
    devlink port function rate del $dev/group
    expect_agreement
    expect_states loaded "${ports[@]}"
}

# A representor that comes back is a new one, without rates, and gets them again.
test_rates_come_back() {
    esw set-mode $dev legacy
    esw set-mode $dev switchdev
    settle
    expect_states loaded "${ports[@]}"
    expect_equal 'tx_share 10Mbit tx_max 1Gbit' "$(rate 128)"
}

# Linux 6.1 knows no priorities; netdevsim has neither addresses nor states of functions, and its
# rates are of VFs only. The ports work all the same.
test_refused_options() {
    set_options pf0vf0 options:tx-priority=3
    expect_text '^tx-priority: ' "$(option_error pf0vf0)"
    ovs-vsctl remove interface pf0vf0 options tx-priority
    expect_equal '' "$(option_error pf0vf0)"
    set_options pf0vf1 'options:hw-addr="00:11:22:33:44:55"' options:state=active
    expect_text '^hw-addr: .*; state: ' "$(option_error pf0vf1)"
    set_options p1 options:tx-max=1Gbit
    expect_text '^tx-max: ' "$(option_error p1)"
    expect_states loaded "${ports[@]}"
}

tx_packets() { cat "/sys/class/net/$1/statistics/tx_packets"; }

# netdevsim counts what is sent and drops it (nsim_start_xmit()); nothing comes from there.
test_traffic() {
    local port netdev before frame
    frame=ffffffffffff0200000000010800$(printf '00%.0s' {1..50})
    for port in "${ports[@]}"; do
        netdev=$(column "$port" status:netdev)
        before=$(tx_packets "$netdev")
        ovs-ofctl packet-out br0 "in_port=LOCAL packet=$frame actions=$port,$port,$port,$port,$port"
        expect_equal 5 $(($(tx_packets "$netdev") - before)) "packets that left through $netdev"
        expect_equal 5 "$(port_counter br0 "$port" "tx pkts")" "packets that the switch counts at $port"
    done
}

# bond_of REP: as esw/rep-show has it, "NAME MODE STATE".
bond_of() {
    esw rep-show -m --json "$dev/$1" | python3 -c 'import json, sys
[row] = json.load(sys.stdin).values()
print(*(row["bond"] or {}).values())'
}

# The admin's own bond of the two uplinks is one more port, and is shown; the representors stay where they
# are.
test_bond() {
    local port netdev
    modprobe bonding max_bonds=0
    ovs-vsctl del-port p1 -- del-port p2
    ip link add bond0 type bond mode active-backup miimon 100
    for port in 0 1; do
        netdev=$(devlink port show $dev/$port | sed -n 's/.* netdev \([^ ]*\).*/\1/p')
        ip link set "$netdev" down
        ip link set "$netdev" master bond0
    done
    ip link set bond0 up
    ovs-vsctl add-port br0 bond0
    expect_agreement
    expect_equal '' "$(bond_of pf0vf0)"
    expect_equal 'bond0 active-backup active
bond0 active-backup backup' "$(for port in p1 p2; do bond_of $port; done | sort)" "bond of the uplinks"
    # The other one carries packets.
    netdev=$(devlink port show $dev/1 | sed -n 's/.* netdev \([^ ]*\).*/\1/p')
    ip link set bond0 type bond active_slave "$netdev"
    settle
    expect_equal 'bond0 active-backup backup
bond0 active-backup active' "$(bond_of p1; bond_of p2)" "after a change of the active slave"
    expect_states loaded pf0vf0 pf0vf1
    esw set-mode $dev legacy
    esw set-mode $dev switchdev
    expect_agreement
    expect_states loaded pf0vf0 pf0vf1
    expect_equal 2 "$(wc -w </sys/class/net/bond0/bonding/slaves)" "netdevs in the bond"
    ovs-vsctl del-port bond0
    ip link del bond0
    expect_agreement
    expect_equal '' "$(bond_of p1)"
}

test_kill() {
    ovs-vsctl --if-exists del-port p1 -- --if-exists del-port p2
    ports=(pf0vf0 pf0vf1)
    ofports >"$ESW_TEST_DIR/ofports"
    kill_vswitchd
    start_vswitchd
    expect_agreement
    expect_states loaded "${ports[@]}"
    ofports | diff "$ESW_TEST_DIR/ofports" -
    expect_equal 'tx_share 10Mbit tx_max 1Gbit' "$(rate 128)"
    # What changes while there is no daemon.
    kill_vswitchd
    set_vfs 1 0
    start_vswitchd
    expect_agreement
    expect_states absent "${ports[@]}"
    ofports | diff "$ESW_TEST_DIR/ofports" -
}

cases_are_a_chain
run_case "ports come with the mode" test_start
run_case "without RDMA all works but offload, and that is said" test_no_rdma
run_case "rates are set and read back" test_rates
run_case "rates are set again when a representor comes back" test_rates_come_back
run_case "what the kernel refuses is said and harms nothing" test_refused_options
run_case "packets leave through each port" test_traffic
run_case "a bond of the uplinks is one more port" test_bond
run_case "ports outlive the daemon" test_kill
run_case "the kernel has nothing to complain about" test_kernel_is_content
end_cases
