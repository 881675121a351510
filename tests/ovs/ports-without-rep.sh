#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Ports of type esw on a machine that has no eswitch: they are added all the same, keep their
# OpenFlow number, and say what they wait for.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"

netns=$ESW_TEST_ID
handle=pci/0000:08:00.0

start() {
    make_namespace "$netns"
    start_ovsdb
    # For a port that PMD threads poll.
    vswitchd_options=(--enable-dummy)
    start_vswitchd ip netns exec "$netns"
    at_exit stop_daemon ovs-vswitchd
    ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev
}

restart() {
    vswitchd_options=(--enable-dummy)
    start_vswitchd ip netns exec "$netns"
}

test_silent_start() {
    start
    expect_no_text '\|(WARN|ERR|EMER)\|' "$(grep '|esw' "$ovs_dir/ovs-vswitchd.log" || true)"
    expect_text '^ *esw/show ' "$(ovs-appctl list-commands)"
    expect_text '"?esw"?' "$(ovs-vsctl get open_vswitch . iface_types)"
}

test_add() {
    ovs-vsctl add-port br0 web -- set interface web type=esw options:device=$handle \
        options:representor=pf0vf3 ofport_request=7
    expect_equal 7 "$(column web ofport)" ofport
    expect_equal '[]' "$(column web error)" error
    expect_equal down "$(column web link_state)" link_state
    expect_equal up "$(column web admin_state)" admin_state
    expect_equal absent "$(column web status:rep-state)" rep-state
    expect_equal pf0vf3 "$(column web status:rep-id)" rep-id
    expect_equal $handle "$(column web status:esw)" esw
    expect_equal esw "$(column web status:driver_name)" driver_name
    [ -n "$(column web status:rep-reason)" ] || fail "there is no reason"
}

test_rep_id_from_name() {
    ovs-vsctl add-port br0 pf1sf88 -- set interface pf1sf88 type=esw
    expect_equal pf1sf88 "$(column pf1sf88 status:rep-id)" rep-id
    # The name need not be a rep's: it may be a netdev's that comes later.
    ovs-vsctl add-port br0 eth99 -- set interface eth99 type=esw
    expect_equal absent "$(column eth99 status:rep-state)" rep-state
    ovs-vsctl del-port eth99 -- del-port pf1sf88
}

test_drops() {
    local before
    before=$(port_counter br0 web "tx drop")
    for _ in 1 2 3; do
        ovs-ofctl packet-out br0 "in_port=local packet=ffffffffffff0200000000010800$(printf '0%.0s' {1..92}) actions=output:7"
    done
    expect_equal $((before + 3)) "$(port_counter br0 web "tx drop")" "drops"
    # The database has it at its next update.
    wait_for_column web statistics:esw_tx_absent_drops=3
}

test_flags() {
    ovs-ofctl mod-port br0 web down
    wait_for_column web admin_state=down
    ovs-ofctl mod-port br0 web up
    wait_for_column web admin_state=up
}

test_mtu() {
    ovs-vsctl set interface web mtu_request=9000
    wait_for_column web mtu=9000
    expect_equal '[]' "$(column web error)" error
}

expect_port_kept() {
    expect_equal 7 "$(column web ofport)" "ofport $1"
    expect_equal '[]' "$(column web error)" "error $1"
    expect_text '^ 7\(web\):' "$(ovs-ofctl show br0)"
}

test_pmd_reconfigure() {
    ovs-vsctl add-port br0 pmd0 -- set interface pmd0 type=dummy-pmd options:n_rxq=2
    ovs-vsctl set open_vswitch . other_config:pmd-cpu-mask=1
    expect_port_kept "with a PMD thread"
    ovs-vsctl set open_vswitch . other_config:pmd-cpu-mask=3
    ovs-vsctl set interface pmd0 options:n_rxq=4
    expect_port_kept "with other PMD threads"
    expect_text 'isolated' "$(ovs-appctl dpif-netdev/pmd-rxq-show)"
    ovs-vsctl del-port pmd0 -- remove open_vswitch . other_config pmd-cpu-mask
    expect_port_kept "without PMD threads"
}

test_restart() {
    stop_daemon ovs-vswitchd
    restart
    expect_port_kept "after a restart"
    kill_vswitchd
    restart
    expect_port_kept "after kill -9"
    stop_daemon ovs-vswitchd --cleanup
    restart
    expect_port_kept "after exit --cleanup"
}

test_restart_without_request() {
    ovs-vsctl add-port br0 later -- set interface later type=esw options:representor=pf0vf4
    local number
    number=$(column later ofport)
    ovs-vsctl remove interface web ofport_request 7
    kill_vswitchd
    restart
    expect_equal "$number" "$(column later ofport)" "ofport of a port that asked for none"
    expect_port_kept "without ofport_request"
    ovs-vsctl del-port later
}

# expect_refused TEXT OPTION...: on a new port.
expect_refused() {
    local text=$1 output
    shift
    output=$(ovs-vsctl add-port br0 bad -- set interface bad type=esw "$@" 2>&1) || true
    expect_text "$text" "$output"
    expect_text "$text" "$(ovs-vsctl get interface bad error)"
    expect_equal -1 "$(column bad ofport)" "ofport"
    expect_no_text '\(bad\)' "$(ovs-ofctl show br0)"
    ovs-vsctl del-port bad
}

test_bad_options_new() {
    expect_refused "bad: option 'representer' is not known \(did you mean 'representor'\?\)" \
        options:representer=pf0vf3
    expect_refused "bad: option 'n_rxq' is not known; expected device, " options:n_rxq=2
    expect_refused "bad: option 'device': '08:00.0' is not a devlink handle" \
        'options:device="08:00.0"'
    expect_refused "bad: option 'representor': 'vf3' is not p0, pf0vf3" options:representor=vf3
    expect_refused "bad: option 'tx-max': '1furlong' is not a rate" options:tx-max=1furlong
    expect_refused "bad: option 'hw-addr': 'x' is not a unicast MAC address" options:hw-addr=x
    expect_refused "bad: option 'state': 'up' is not active or inactive" options:state=up
    # Mended, it works.
    ovs-vsctl add-port br0 bad -- set interface bad type=esw options:state=up || true
    ovs-vsctl set interface bad options:state=active options:representor=pf0vf5
    wait_for_column bad status:rep-id=pf0vf5
    expect_equal '[]' "$(column bad error)" error
    ovs-vsctl del-port bad
}

test_bad_options_working() {
    ovs-vsctl set interface web options:tx-max=1furlong
    wait_for_column web "status:option-error!=\"\""
    expect_text "option 'tx-max': '1furlong' is not a rate" "$(column web status:option-error)"
    expect_port_kept "with bad options"
    expect_equal pf0vf3 "$(column web status:rep-id)" rep-id
    ovs-vsctl set interface web options:tx-max=10Gbit
    wait_for_column web 'status:option-error{=}[]'
    expect_port_kept "with mended options"
    ovs-vsctl remove interface web options tx-max
}

test_commands() {
    ovs-appctl esw/show
    expect_json "$(ovs-appctl esw/show --json)" "isinstance(x, dict)"
    expect_json "$(ovs-appctl esw/rep-show --json)" "isinstance(x, dict)"
    ovs-appctl esw/wait --timeout=10
}

# expect_error TEXT COMMAND...: ovs-appctl ends with status 2 and TEXT.
expect_error() {
    local text=$1 output status=0
    shift
    output=$(ovs-appctl "$@" 2>&1) || status=$?
    expect_equal 2 "$status" "exit status of $*"
    expect_text "$text" "$output"
}

test_command_errors() {
    expect_error '^no such eswitch pci/0000:99:00.0$' esw/show pci/0000:99:00.0
    expect_error '^--jason: unknown option; expected --json or -m$' esw/show --jason
    expect_error '^--foo: unknown option; expected' esw/wait --foo
    expect_error "^--timeout: 'x' is not a number" esw/wait --timeout=x
    expect_error '^no such eswitch pci/0000:99:00.0$' esw/wait pci/0000:99:00.0
    expect_error '^x: unexpected argument' esw/rescan x
}

test_many_ports() {
    local commands=() i
    for i in {0..126}; do
        commands+=(-- add-port br0 "vf$i" -- set interface "vf$i" type=esw
            "options:representor=pf0vf$i" "options:device=$handle")
    done
    ovs-vsctl "${commands[@]:1}"
    expect_equal 127 "$(ovs-ofctl show br0 | grep -c '(vf')" "ports"
    commands=()
    for i in {0..126}; do
        commands+=(-- del-port "vf$i")
    done
    ovs-vsctl "${commands[@]:1}"
    expect_port_kept "after many others"
}

test_delete() {
    ovs-vsctl del-port web
    expect_no_text '\(web\)' "$(ovs-ofctl show br0)"
    stop_daemon ovs-vswitchd
    expect_no_text '\|(EMER|ERR)\|' "$(grep '|esw' "$ovs_dir/ovs-vswitchd.log" || true)"
}

cases_are_a_chain
run_case "the daemon starts in silence and has the class and its commands" test_silent_start
run_case "a port is added without its rep" test_add
run_case "the rep is the port's name when no option says it" test_rep_id_from_name
run_case "what is sent to an absent rep is dropped and counted" test_drops
run_case "administrative state is kept for an absent rep" test_flags
run_case "MTU is kept for an absent rep" test_mtu
run_case "a port keeps its number over PMD and queue reconfigurations" test_pmd_reconfigure
run_case "a port keeps its number over restarts" test_restart
run_case "a number that was not asked for is kept over restarts" test_restart_without_request
run_case "bad options on a new port are refused in words" test_bad_options_new
run_case "bad options on a working port leave it as it is" test_bad_options_working
run_case "commands answer on a machine without eswitches" test_commands
run_case "commands refuse what they do not understand" test_command_errors
run_case "127 ports come and go" test_many_ports
run_case "a port is deleted, the daemon ends" test_delete
end_cases
