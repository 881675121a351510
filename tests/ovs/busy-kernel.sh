#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A driver that makes or removes netdevs holds the kernel's rtnl lock, and the kernel answers nobody
# who asks about netdevs: the switch's main thread goes on. Whatever it asked for would not return
# before the gate opens, as a system call that waits for the lock does not. (Open vSwitch itself asks
# for the flags of netdevs that have an IP address, for tunnels: the representors get none here.)

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

lock() { esw-sim ctl gate netdev.request; }
unlock() { esw-sim ctl ungate netdev.request; }
# locked_out: returns when somebody waits for the lock.
locked_out() { timeout 30 esw-sim ctl wait-gate netdev.request || fail "nobody asks about netdevs"; }

# received: packets that web has received, as the switch shows it at once.
received() { ovs-ofctl dump-ports br0 web | sed -n 's/.*rx pkts=\([0-9]*\).*/\1/p'; }

link_shows() { # NETDEV PATTERN
    expect_text "$2" "$(ip -n "$sim_netns" -d link show dev "$1")"
}

test_start() {
    start_sim
    ip netns exec "$sim_netns" sysctl -q net.ipv6.conf.{all,default}.disable_ipv6=1
    start_sim_switch
    set_mode $pf0 switchdev
    add_esw_port web $pf0 pf0vf0
    add_esw_port db $pf0 pf0vf1
    settle
    expect_state web loaded
    make_host vf0 $pf0/pf0vf0 10.0.0.1/24
    make_host vf1 $pf0/pf0vf1 10.0.0.2/24
    expect_ping vf0 10.0.0.2
}

test_counters() {
    local before
    lock
    before=$(received)
    locked_out
    expect_ping vf0 10.0.0.2
    expect_equal "$before" "$(received)" "packets, as they were read last"
    expect_text '^timed out: counters of network devices$' "$(! esw wait --timeout=1 2>&1)"
    unlock
    settle
    [ "$(received)" -ge "$before" ] || fail "$before -> $(received) packets"
    [ "$(port_counter br0 web "rx pkts")" -gt "$before" ] || fail "the packets since do not count"
}

test_changes() {
    local ping netdev
    netdev=$(column web status:netdev)
    ip netns exec "$ESW_TEST_ID-vf0" ping -n -q -c 100 -i 0.01 -W 5 10.0.0.2 >"$ESW_TEST_DIR/ping" &
    ping=$!
    lock
    ovs-vsctl set interface web mtu_request=1400
    locked_out
    expect_equal 1500 "$(column web mtu)" "MTU, as it is"
    ovs-ofctl dump-ports br0 >"$ESW_TEST_DIR/dump-ports"
    wait $ping
    expect_text ' 0% packet loss' "$(cat "$ESW_TEST_DIR/ping")"
    ovs-ofctl mod-port br0 web down
    wait_for_column web admin_state=down  # as it is to be
    ovs-ofctl mod-port br0 web up
    wait_for_column web admin_state=up
    ovs-ofctl mod-port br0 db down
    expect_text 'timed out: .*readings of network devices' "$(! esw wait --timeout=1 2>&1)"
    unlock
    settle
    wait_for_column web mtu=1400
    expect_equal up "$(column web admin_state)"
    expect_equal down "$(column db admin_state)"
    link_shows "$netdev" 'mtu 1400'
    link_shows "$netdev" '[<,]UP[,>]'
    expect_no_text '[<,]UP[,>]' "$(ip -n "$sim_netns" link show dev "$(column db status:netdev)")"
    ovs-ofctl mod-port br0 db up
}

# An answer is waited for for 5 s, but the kernel works within the system call that asks: here it does
# so for longer, on purpose.
test_for_long() {
    lock
    ovs-vsctl set interface web mtu_request=1300
    locked_out
    expect_text '^timed out: ' "$(! esw wait --timeout=6 2>&1)"
    unlock
    settle
    expect_equal '' "$(column web status:netdev-error)" "error"
    expect_equal 1300 "$(column web mtu)" MTU
}

test_refusal() {
    ovs-vsctl set interface web mtu_request=70000
    settle
    expect_text 'MTU|mtu|Invalid argument' "$(column web status:netdev-error)"
    expect_equal 1300 "$(column web mtu)" "MTU"
    # To what it is.
    ovs-vsctl set interface web mtu_request=1300
    settle
    expect_equal '' "$(column web status:netdev-error)" "an error that is mended"
    ovs-vsctl set interface web mtu_request=1500
    settle
    expect_equal 1500 "$(column web mtu)" "MTU"
}

test_ports_come_and_go() {
    local netdev
    netdev=$(column db status:netdev)
    lock
    ovs-vsctl del-port db
    add_esw_port db $pf0 pf0vf1
    locked_out
    wait_for_column db status:rep-state=loading
    expect_text 'timed out: .*the network device of db' "$(! esw wait --timeout=1 2>&1)"
    unlock
    settle
    expect_state db loaded
    link_shows "$netdev" '[<,]UP[,>]'
    expect_ping vf0 10.0.0.2
}

run_case "an adapter with two ports" test_start
run_case "counters are those that were read last" test_counters
run_case "MTU and flags are changed when the kernel is free" test_changes
run_case "a lock that is held for longer than an answer may take" test_for_long
run_case "what the device refuses is in its status until it is mended" test_refusal
run_case "a port goes and comes back" test_ports_come_and_go
end_cases
