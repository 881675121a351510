#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a port of type esw does to the network device of its representor, and what it makes of
# packets.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

# link_shows NETDEV PATTERN: of "ip -d link", in the adapter's namespace.
link_shows() {
    expect_text "$2" "$(ip -n "$sim_netns" -d link show dev "$1")"
}
link_shows_not() {
    expect_no_text "$2" "$(ip -n "$sim_netns" -d link show dev "$1")"
}

test_start() {
    start_sim
    start_sim_switch
    set_mode $pf0 switchdev
    # For the cases: 0 goes by the name of its netdev, 1 by another one.
    rep_netdev $pf0/pf0vf0 >"$ESW_TEST_DIR/netdev0"
    rep_netdev $pf0/pf0vf1 >"$ESW_TEST_DIR/netdev1"
    link_shows "$(cat "$ESW_TEST_DIR/netdev0")" 'state DOWN'
}
netdev0() { cat "$ESW_TEST_DIR/netdev0"; }
netdev1() { cat "$ESW_TEST_DIR/netdev1"; }

test_attach() {
    ovs-vsctl add-port br0 web -- set interface web type=esw options:device=$pf0 \
        options:representor=pf0vf1 mtu_request=1400
    settle
    expect_state web loaded
    link_shows "$(netdev1)" '[<,]PROMISC[,>].*mtu 1400'
    link_shows "$(netdev1)" '[<,]UP[,>]'
    expect_equal 1400 "$(column web mtu)" mtu
    expect_equal "$(ip -n "$sim_netns" -j link show dev "$(netdev1)" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["ifindex"])')" \
        "$(column web ifindex)" ifindex
}

test_put_back() {
    ovs-vsctl del-port web
    # What was asked of the devices before is done when the next port is bound.
    ovs-vsctl add-port br0 "$(netdev0)" -- set interface "$(netdev0)" type=esw
    settle
    expect_state "$(netdev0)" loaded
    link_shows_not "$(netdev1)" '[<,](PROMISC|UP)[,>]'
    link_shows "$(netdev1)" 'mtu 1500'
}

# The rep of the case before was found by the name of its netdev.
test_equal_names() {
    expect_equal pf0vf0 "$(column "$(netdev0)" status:rep-id)" rep-id
    expect_equal $pf0 "$(column "$(netdev0)" status:esw)" esw
    add_esw_port web $pf0 pf0vf1
    settle
    make_host vf0 $pf0/pf0vf0 10.0.0.1/24
    make_host vf1 $pf0/pf0vf1 10.0.0.2/24
    expect_ping vf0 10.0.0.2
}

test_rename_under_traffic() {
    local number ping
    number=$(column web ofport)
    ip netns exec "$ESW_TEST_ID-vf0" ping -n -q -c 200 -i 0.01 -W 5 10.0.0.2 >"$ESW_TEST_DIR/ping" &
    ping=$!
    ip -n "$sim_netns" link set "$(netdev1)" name "r-$ESW_TEST_ID"
    settle
    wait_for_column web status:netdev="r-$ESW_TEST_ID"
    wait $ping
    expect_text ' 0% packet loss' "$(cat "$ESW_TEST_DIR/ping")"
    expect_equal "$number" "$(column web ofport)" ofport
    expect_state web loaded
    echo "r-$ESW_TEST_ID" >"$ESW_TEST_DIR/netdev1"
}

test_rename_of_an_equal_name() {
    ip -n "$sim_netns" link set "$(netdev0)" name "q-$ESW_TEST_ID"
    settle
    # The port has its rep by the netdev's name, which is another one now.
    ip -n "$sim_netns" link set "q-$ESW_TEST_ID" name "$(netdev0)"
    settle
    expect_state "$(netdev0)" loaded
    expect_ping vf0 10.0.0.2
}

# host_netdev HOST: the netdev of the VF in that namespace.
host_netdev() {
    ip -n "$ESW_TEST_ID-$1" -br link | awk '$1 != "lo" {sub("@.*", "", $1); print $1; exit}'
}

test_vlan() {
    local tool=$ESW_SRC/tests/ovs/tagged-frames.py receiver line
    ovs-ofctl add-flow br0 "priority=100,dl_vlan=100,actions=output:$(column web ofport)"
    coproc receiver_job { ip netns exec "$ESW_TEST_ID-vf1" "$tool" receive "$(host_netdev vf1)" 100 10; }
    receiver=$!
    read -r line <&"${receiver_job[0]}"
    expect_equal ready "$line" "the receiver"
    ip netns exec "$ESW_TEST_ID-vf0" "$tool" send "$(host_netdev vf0)" 100 10
    wait "$receiver" || fail "the frames did not arrive with their tags"
    expect_text 'n_packets=[1-9]' "$(ovs-ofctl dump-flows br0 dl_vlan=100)"
    ovs-ofctl del-flows br0 dl_vlan=100
}

test_mtu() {
    ovs-vsctl set interface web mtu_request=2000
    wait_for_column web mtu=2000
    link_shows "$(netdev1)" 'mtu 2000'
    ovs-vsctl set interface web mtu_request=1500
    wait_for_column web mtu=1500
    # By another hand, when nobody asked for one.
    ovs-vsctl clear interface web mtu_request
    ip -n "$sim_netns" link set "$(netdev1)" mtu 1450
    wait_for_column web mtu=1450
    ip -n "$sim_netns" link set "$(netdev1)" mtu 1500
    wait_for_column web mtu=1500
    expect_ping vf0 10.0.0.2
}

test_flags() {
    ovs-ofctl mod-port br0 web down
    wait_for_column web admin_state=down link_state=down
    link_shows_not "$(netdev1)" '[<,]UP[,>]'
    ovs-ofctl mod-port br0 web up
    wait_for_column web admin_state=up link_state=up
    expect_ping vf0 10.0.0.2
}

test_wish_outlives_the_rep() {
    ovs-vsctl set interface web mtu_request=1300
    ovs-ofctl mod-port br0 web down
    wait_for_column web mtu=1300 admin_state=down
    set_mode $pf0 legacy
    settle
    expect_state web absent
    wait_for_column web admin_state=down link_state=down mtu=1300
    set_mode $pf0 switchdev
    settle
    expect_state web loaded
    local netdev
    netdev=$(column web status:netdev)
    link_shows "$netdev" 'mtu 1300'
    link_shows "$netdev" '[<,]PROMISC[,>]'
    link_shows_not "$netdev" '[<,]UP[,>]'
    ovs-ofctl mod-port br0 web up
    wait_for_column web link_state=up
    expect_ping vf0 10.0.0.2
}

test_burst() {
    local before after drops
    before=$(port_counter br0 web "tx pkts")
    drops=$(port_counter br0 web "tx drop")
    ip netns exec "$ESW_TEST_ID-vf0" ping -n -q -f -c 2000 -s 1000 -W 5 10.0.0.2 >"$ESW_TEST_DIR/ping"
    expect_text ' 0% packet loss' "$(cat "$ESW_TEST_DIR/ping")"
    after=$(port_counter br0 web "tx pkts")
    [ $((after - before)) -ge 2000 ] || fail "$before -> $after packets"
    expect_equal "$drops" "$(port_counter br0 web "tx drop")" "drops"
}

# all_counters: of the port web, received and sent.
all_counters() {
    local counter
    for counter in "rx pkts" "rx bytes" "tx pkts" "tx bytes"; do
        port_counter br0 web "$counter"
    done
}

# expect_no_less BEFORE AFTER: lists of numbers.
expect_no_less() {
    paste <(echo "$1") <(echo "$2") | while read -r before after; do
        [ "$after" -ge "$before" ] || fail "went back: $before -> $after of: $1 -> $2"
    done
}

test_counters() {
    local before seen after
    before=$(all_counters)
    [ "$(head -n 1 <<<"$before")" -gt 2000 ] || fail "there was no traffic before: $before"
    set_mode $pf0 legacy
    settle
    expect_state web absent
    seen=$(all_counters)
    expect_no_less "$before" "$seen"
    set_mode $pf0 switchdev
    settle
    expect_state web loaded
    # The netdev is another one, with counters of its own.
    after=$(all_counters)
    expect_no_less "$seen" "$after"
    expect_ping vf0 10.0.0.2
    expect_no_less "$(($(head -n 1 <<<"$after") + 5))" "$(port_counter br0 web "rx pkts")"
    # Another rep of the adapter and back: what it has counted in between is not the port's.
    after=$(all_counters)
    ovs-vsctl set interface web options:representor=pf0vf2
    settle
    expect_state web loaded
    ovs-vsctl set interface web options:representor=pf0vf1
    settle
    expect_state web loaded
    expect_no_less "$after" "$(all_counters)"
    [ "$(port_counter br0 web "rx pkts")" -lt $((2 * $(head -n 1 <<<"$after"))) ] ||
        fail "counted twice: $after -> $(all_counters)"
    expect_ping vf0 10.0.0.2
}

# What the driver says of its own: the speed of the uplink's port (a representor has none), and what
# the vport has sent and received, which is more than the netdev has seen once rules are offloaded.
test_ethtool() {
    local netdev counter least most got
    add_esw_port wire $pf0 p0
    settle
    expect_state wire loaded
    wait_for_column wire link_speed=100000000000 duplex=full
    expect_equal '[]' "$(column web link_speed)" "link speed of a representor"
    netdev=$(column web status:netdev)
    for counter in vport_rx_packets vport_rx_bytes vport_tx_packets vport_tx_bytes; do
        least=$(driver_counter "$netdev" $counter)
        [ "$least" -gt 0 ] || fail "$counter: $least"
        wait_for_column web "statistics:$counter>=$least"
        got=$(column web statistics:$counter)
        most=$(driver_counter "$netdev" $counter)
        [ "$got" -le "$most" ] || fail "$counter: the switch has $got, the driver only $most"
    done
}

driver_counter() { # NETDEV COUNTER
    in_sim ethtool -S "$1" | sed -n "s/^ *$2: //p"
}

test_signal_takes_promiscuity_back() {
    local pid
    pid=$(vswitchd_pid)
    link_shows "$(netdev0)" '[<,]PROMISC[,>]'
    kill -TERM "$pid"
    wait_for_end "$pid"
    link_shows "$(netdev0)" '[<,]UP[,>]'
    link_shows_not "$(netdev0)" '[<,]PROMISC[,>]'
    rm -f "$ovs_dir/ovs-vswitchd.pid"
    start_vswitchd in_sim
    settle
    link_shows "$(netdev0)" '[<,]PROMISC[,>]'
    expect_ping vf0 10.0.0.2
}

test_exit_leaves_links_up() {
    stop_daemon ovs-vswitchd
    link_shows "$(netdev0)" '[<,]UP[,>]'
    link_shows_not "$(netdev0)" '[<,]PROMISC[,>]'
    start_vswitchd in_sim
    settle
    expect_ping vf0 10.0.0.2
    link_shows "$(netdev0)" '[<,]PROMISC[,>]'
}

# expect_feature NETDEV FEATURE on|off
expect_feature() {
    expect_equal "$2: $3" "$(in_sim ethtool -k "$1" | grep -o "^ *$2: [a-z]*")"
}

# Packets that are merged on the way are not what was sent, nor are flows that tc takes.
test_features() {
    local netdev feature
    netdev=$(rep_netdev $pf0/pf0vf2)
    in_sim ethtool -K "$netdev" hw-tc-offload on
    for feature in hw-tc-offload generic-receive-offload; do
        expect_feature "$netdev" $feature on
    done
    add_esw_port tc $pf0 pf0vf2
    settle
    for feature in hw-tc-offload generic-receive-offload large-receive-offload; do
        expect_feature "$netdev" $feature off
    done
    ovs-vsctl del-port tc
    # What was asked of the devices before is done when the next port is bound.
    add_esw_port other $pf0 pf0vf3
    settle
    for feature in hw-tc-offload generic-receive-offload; do
        expect_feature "$netdev" $feature on
    done
}

cases_are_a_chain
run_case "a simulated adapter and the switch" test_start
run_case "a netdev is made ready for its port" test_attach
run_case "del-port puts the netdev back as it was" test_put_back
run_case "a port that is named as its netdev needs no options" test_equal_names
run_case "a netdev is renamed under traffic" test_rename_under_traffic
run_case "a netdev that gave its port the name is renamed and back" test_rename_of_an_equal_name
run_case "VLAN tags pass in both directions" test_vlan
run_case "MTU, by the switch and by others" test_mtu
run_case "a port is set down and up" test_flags
run_case "what was wished for is done on the next netdev" test_wish_outlives_the_rep
run_case "a flood passes without loss" test_burst
run_case "counters of a port never go back" test_counters
run_case "link speed, and counters of the driver" test_ethtool
run_case "a signal that ends the switch leaves links up, but not promiscuous" \
    test_signal_takes_promiscuity_back
run_case "the switch leaves links up when it ends" test_exit_leaves_links_up
run_case "what takes or merges packets is off while a port has the netdev" test_features
end_cases
