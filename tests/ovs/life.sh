#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Ports of type esw on a simulated adapter, through what happens to a machine: modes, VFs, devices,
# daemons and names come and go, in any order. Packets say what works.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

expect_all_loaded() { for port in pf0vf1 web p0; do expect_state $port loaded; done; }

test_ports_before_mode() {
    start_sim
    start_sim_switch
    # The last first, and the uplink last of all: order does not matter.
    add_esw_port pf0vf1 $pf0
    add_esw_port web $pf0 pf0vf0
    add_esw_port p0 $pf0
    settle
    for port in pf0vf1 web p0; do
        expect_state $port absent
        expect_text 'legacy' "$(column $port status:rep-reason)"
    done
    remember_ofports pf0vf1 web p0
}

test_mode_completes_them() {
    set_mode $pf0 switchdev
    settle
    for port in pf0vf1 web p0; do
        expect_state $port loaded
        expect_equal '' "$(column $port status:rep-reason)"
    done
    expect_same_ofports
    expect_equal switchdev "$(column web status:esw-mode)"
    expect_equal "$(rep_netdev $pf0/pf0vf0)" "$(column web status:netdev)"
    expect_equal 1 "$(column web status:vport)"
}

test_packets() {
    make_host vf0 $pf0/pf0vf0 10.0.0.1/24
    make_host vf1 $pf0/pf0vf1 10.0.0.2/24
    make_host wire $pf0/p0 10.0.0.9/24
    expect_ping vf0 10.0.0.2
    expect_ping vf0 10.0.0.9
    expect_ping wire 10.0.0.2
    [ "$(port_counter br0 web "rx pkts")" -ge 10 ] || fail "they did not pass through the port"
}

expect_all_pings() {
    expect_ping vf0 10.0.0.2
    expect_ping vf1 10.0.0.9
}

test_link() {
    esw-sim ctl link $pf0/p0 down
    settle
    wait_for_column p0 link_state=down 'link_speed=[]'
    expect_ping vf0 10.0.0.2
    esw-sim ctl link $pf0/p0 up
    settle
    wait_for_column p0 link_state=up link_speed=100000000000
    expect_all_pings
}

test_removal() {
    local pid
    pid=$(vswitchd_pid)
    esw-sim ctl remove $pf0
    settle
    for port in pf0vf1 web p0; do
        wait_for_column $port status:rep-state=absent link_state=down
    done
    expect_text "$pf0" "$(column web status:rep-reason)"
    # It comes back as it was: with its VFs, in switchdev mode. So do the ports, by themselves.
    esw-sim ctl add $pf0
    settle
    expect_all_loaded
    expect_same_ofports
    expect_equal "$pid" "$(vswitchd_pid)" "pid"
    # The VFs are new devices in the adapter's namespace; the wire was never unplugged.
    plug_vf vf0 $pf0/pf0vf0 10.0.0.1/24
    plug_vf vf1 $pf0/pf0vf1 10.0.0.2/24
    expect_all_pings
}

test_vf_count() {
    esw-sim ctl numvfs $pf1 0
    set_mode $pf1 switchdev
    add_esw_port pf1vf2 $pf1
    settle
    expect_state pf1vf2 absent
    esw-sim ctl numvfs $pf1 4
    settle
    expect_state pf1vf2 loaded
    esw-sim ctl numvfs $pf1 0
    settle
    expect_state pf1vf2 absent
    expect_text 'pf1vf2' "$(column pf1vf2 status:rep-reason)"
    esw-sim ctl numvfs $pf1 4
    settle
    expect_state pf1vf2 loaded
    expect_ping vf0 10.0.0.2
}

test_kill_the_switch() {
    kill_vswitchd
    start_vswitchd in_sim
    settle
    expect_all_loaded
    expect_same_ofports
    expect_all_pings
}

test_lost_notifications() {
    esw-sim ctl overflow
    esw-sim ctl numvfs $pf1 0
    settle
    expect_state pf1vf2 absent
    esw-sim ctl overflow
    esw-sim ctl numvfs $pf1 4
    settle
    expect_state pf1vf2 loaded
    # The switch's own notifier of network devices loses some, too.
    esw-sim ctl overflow
    in_sim ip link set "$(column p0 status:netdev)" mtu 1400
    wait_for_column p0 mtu=1400
    esw-sim ctl overflow
    in_sim ip link set "$(column p0 status:netdev)" mtu 1500
    wait_for_column p0 mtu=1500
}

test_second_port_for_a_rep() {
    add_esw_port again $pf0 pf0vf0
    settle
    expect_state again failed
    expect_equal 'in use by web' "$(column again status:rep-reason)"
    expect_ping vf0 10.0.0.2
    ovs-vsctl del-port web
    settle
    expect_state again loaded
    expect_ping vf0 10.0.0.2
    ovs-vsctl del-port again
    add_esw_port web $pf0 pf0vf0
    settle
    expect_ping vf0 10.0.0.2
    remember_ofports pf0vf1 web p0
}

# expect_absent TEXT DEVICE REP: a port for REP is absent, and the reason has TEXT.
expect_absent() {
    add_esw_port wrong "$2" "$3"
    settle
    expect_state wrong absent
    expect_text "$1" "$(column wrong status:rep-reason)"
    expect_equal '[]' "$(column wrong error)"
    ovs-vsctl del-port wrong
}

test_what_is_not_there() {
    expect_absent 'no such device pci/0000:09:00.0' pci/0000:09:00.0 pf0vf0
    expect_absent 'no controller 3' $pf0 c3pf0vf0
    expect_absent 'pf0vf9' $pf0 pf0vf9
    expect_absent 'pf0sf88' $pf0 pf0sf88
    expect_all_pings
}

test_options_of_a_working_port() {
    ovs-vsctl set interface web options:representor=nonsense
    wait_for_column web 'status:option-error!=""'
    expect_text "representor" "$(column web status:option-error)"
    expect_state web loaded
    expect_equal '[]' "$(column web error)"
    expect_ping vf0 10.0.0.2
    ovs-vsctl set interface web options:representor=pf0vf0
    settle
    expect_equal '' "$(column web status:option-error 2>/dev/null || true)"
    expect_ping vf0 10.0.0.2
}

test_json() {
    expect_json "$(ovs-appctl esw/show --json)" \
        "x['$pf0']['mode'] == 'switchdev' and x['$pf0']['reps']['total'] == 5 and x['$pf0']['reps']['loaded'] == 5"
    expect_json "$(ovs-appctl esw/rep-show --json)" \
        "x['$pf0/pf0vf0']['port'] == 'web' and x['$pf0/pf0vf0']['eth']['state'] == 'loaded' and x['$pf0/pf0vf3']['port'] is None"
    # Nobody looks at the LAG of an adapter with two PFs yet: everybody says so.
    expect_json "$(ovs-appctl esw/show --json)" "x['$pf0']['lag']['kind'] is None"
    expect_equal unknown "$(column web status:lag)" lag
    expect_json "$(ovs-appctl esw/rep-show --json $pf1)" "all(k.startswith('$pf1/') for k in x)"
    expect_text 'no such eswitch pci/0000:09:00.0' \
        "$(expect_fails ovs-appctl esw/show pci/0000:09:00.0)"
}

test_rescan() {
    ovs-appctl esw/rescan
    settle
    expect_all_pings
}

test_wait_with_a_gate() {
    esw-sim ctl gate devlink.mode_set
    set_mode $pf1 legacy >"$ESW_TEST_DIR/mode" 2>&1 &
    # The switch goes on while the kernel is held half way, and its commands answer.
    expect_all_pings
    ovs-appctl esw/show >/dev/null
    esw-sim ctl ungate devlink.mode_set
    wait $! || fail "$(cat "$ESW_TEST_DIR/mode")"
    settle
    expect_state pf1vf2 absent
}

# The adapter's daemon dies: as if the machine had lost its card and devlink with it.
test_adapter_dies() {
    local pid sim_pid clients
    pid=$(vswitchd_pid)
    # Programs that listen to the kernel; rdma(8) has no monitor.
    in_sim devlink monitor >/dev/null 2>&1 &
    clients=$!
    in_sim ip monitor >/dev/null 2>&1 &
    clients+=" $!"
    # shellcheck disable=SC2064,SC2086  # these very processes
    trap "kill $clients 2>/dev/null || true" EXIT
    sim_pid=$(sim_value "x['pid']")
    kill -KILL "$sim_pid"
    wait_for_end "$sim_pid"
    wait_for_column web status:rep-state=absent
    expect_text 'devlink' "$(column web status:rep-reason)"
    ovs-appctl esw/show >/dev/null
    expect_equal "$pid" "$(vswitchd_pid)" pid
    expect_same_ofports
    expect_text 'no simulated adapter' "$(expect_fails esw-sim ctl gates)"
    settle
    # shellcheck disable=SC2086  # a list
    expect_quiet "$pid" $clients
}

cases_are_a_chain
run_case "ports added before the mode is set are absent, and say why" test_ports_before_mode
run_case "switchdev mode completes them, numbers unchanged" test_mode_completes_them
run_case "packets go from VF to VF and to the wire" test_packets
run_case "the wire's carrier is the port's" test_link
run_case "a removed device's ports go and come back" test_removal
run_case "VFs come and go" test_vf_count
run_case "kill -9 of the switch and start again" test_kill_the_switch
run_case "lost notifications are made up for" test_lost_notifications
run_case "the second port for a representor gets it when the first goes" test_second_port_for_a_rep
run_case "what is not there is named" test_what_is_not_there
run_case "bad options on a working port change nothing" test_options_of_a_working_port
run_case "JSON of the commands" test_json
run_case "esw/rescan changes nothing when nothing changed" test_rescan
run_case "the switch goes on while the kernel is busy" test_wait_with_a_gate
run_case "the adapter dies and the switch lives" test_adapter_dies
end_cases
