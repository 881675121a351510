#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Ports of type esw whose network device is there, but cannot be used at first: the port says why and
# tries again by itself, and the switch does not spin meanwhile.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

export ESW_PACKET_SOCKET_FAULT=$ESW_TEST_DIR/no-packet-sockets

# in_faulty_sim COMMAND...: as in_sim, and its packet sockets fail while that file is there.
in_faulty_sim() {
    # shellcheck disable=SC2016  # for the inner shell
    in_sim bash -c 'LD_PRELOAD="$LD_PRELOAD $0" exec "$@"' \
        "$ESW_BUILD/tests/ovs/.libs/packet-socket-fault.so" "$@"
}

# wait_for_any_interface PATTERN: of the status of an interface, as the database prints it.
wait_for_any_interface() {
    local pid line
    coproc monitor { exec timeout 30 ovsdb-client monitor "unix:$ovs_dir/db.sock" Interface status; }
    pid=$!
    while read -r line; do
        if grep -Eq -- "$1" <<<"$line"; then
            kill "$pid"
            return 0
        fi
    done <&"${monitor[0]}"
    fail "no interface ever came to $1"
}

# expect_failed PORT REASON: the port has failed for that reason, wherever one looks.
expect_failed() {
    wait_for_column "$1" status:rep-state=failed
    expect_text "$2" "$(column "$1" status:rep-reason)"
    expect_equal down "$(column "$1" link_state)" "link_state of $1"
    expect_equal '[]' "$(column "$1" error)" "error of $1"
}

expect_loaded() {
    for port in web pf0vf1; do
        wait_for_column $port status:rep-state=loaded link_state=up
        expect_equal '' "$(column $port status:rep-reason)"
    done
}

test_no_socket_to_send() {
    start_sim
    start_ovsdb
    touch "$ESW_PACKET_SOCKET_FAULT"
    start_vswitchd in_faulty_sim
    at_exit stop_daemon ovs-vswitchd
    ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev
    set_mode $pf0 switchdev
    add_esw_port web $pf0 pf0vf0
    add_esw_port pf0vf1 $pf0
    for port in web pf0vf1; do
        expect_failed $port 'packet sockets \(No buffer space available\)'
    done
}

test_shown() {
    expect_equal '2 failed' "$(settle)" esw/wait
    expect_text 'packet sockets' "$(expect_fails ovs-appctl esw/wait --strict)"
    expect_json "$(ovs-appctl esw/show --json $pf0)" \
        "x['$pf0']['reps']['failed'] == 2 and x['$pf0']['reps']['loaded'] == 3"
    expect_json "$(ovs-appctl esw/rep-show --json $pf0/pf0vf0)" "x['$pf0/pf0vf0']['eth'].items() >= {
        'state': 'failed', 'errno': 'ENOBUFS', 'stage': 'open packet sockets'}.items()"
    expect_text 'pf0vf0 .* failed .*No buffer space' "$(ovs-appctl esw/rep-show $pf0)"
}

test_no_spin() {
    expect_quiet "$(vswitchd_pid)"
}

test_works_by_itself() {
    rm "$ESW_PACKET_SOCKET_FAULT"
    expect_loaded
    make_host vf0 $pf0/pf0vf0 10.0.0.1/24
    make_host vf1 $pf0/pf0vf1 10.0.0.2/24
    expect_ping vf0 10.0.0.2
    expect_equal '' "$(settle)" esw/wait
}

# The socket to send by is there now; those to receive by are each netdev's own.
test_no_socket_to_receive() {
    local number
    number=$(column web ofport)
    touch "$ESW_PACKET_SOCKET_FAULT"
    esw-sim ctl numvfs $pf0 0
    wait_for_column web status:rep-state=absent
    esw-sim ctl numvfs $pf0 4
    for port in web pf0vf1; do
        expect_failed $port 'packet sockets \(No buffer space available\)'
    done
    rm "$ESW_PACKET_SOCKET_FAULT"
    expect_loaded
    expect_equal "$number" "$(column web ofport)" ofport
    plug_vf vf0 $pf0/pf0vf0 10.0.0.1/24
    plug_vf vf1 $pf0/pf0vf1 10.0.0.2/24
    expect_ping vf0 10.0.0.2
}

# A reconfiguration of the datapath needs no new descriptor.
test_reconfigure_without_sockets() {
    touch "$ESW_PACKET_SOCKET_FAULT"
    ovs-vsctl set interface web mtu_request=1400
    wait_for_column web mtu=1400
    ovs-vsctl add-port br0 other -- set interface other type=internal
    ovs-vsctl del-port other
    expect_ping vf0 10.0.0.2
    ovs-vsctl set interface web mtu_request=1500
    wait_for_column web mtu=1500
    rm "$ESW_PACKET_SOCKET_FAULT"
}

# lowest_free_descriptor PID
lowest_free_descriptor() {
    local number=0
    while [ -e "/proc/$1/fd/$number" ]; do
        number=$((number + 1))
    done
    echo $number
}

all_ports() { echo {pf0,pf1}vf{0,1,2,3}; }

# A socket that failed is closed and leaves its descriptor to others: some ports may get theirs, but
# there are not enough for all.
test_out_of_descriptors() {
    local pid limits port commands=()
    pid=$(vswitchd_pid)
    set_mode $pf1 switchdev
    ovs-vsctl del-port web -- del-port pf0vf1
    settle
    for port in $(all_ports); do
        commands+=(-- add-port br0 "$port" -- set interface "$port" type=esw)
    done
    limits=$(prlimit --pid "$pid" --nofile --noheadings --raw --output SOFT,HARD)
    at_exit prlimit --pid "$pid" --nofile="${limits// /:}"
    prlimit --pid "$pid" --nofile="$(lowest_free_descriptor "$pid"):"
    # From here on not by ovs-appctl, to which the switch cannot listen.
    ovs-vsctl "${commands[@]:1}"
    wait_for_any_interface 'rep-reason=.*(Too many open files|Cannot allocate memory).*rep-state=failed'
    expect_quiet "$pid"
    prlimit --pid "$pid" --nofile="${limits// /:}"
    for port in $(all_ports); do
        wait_for_column "$port" status:rep-state=loaded
    done
    expect_ping vf0 10.0.0.2
    expect_equal '' "$(settle)" esw/wait
}

cases_are_a_chain
run_case "a port without a socket to send by says why" test_no_socket_to_send
run_case "the commands say so too" test_shown
run_case "the switch does not spin meanwhile" test_no_spin
run_case "the port works by itself when it gets its sockets" test_works_by_itself
run_case "a representor that comes back without a socket to receive by" test_no_socket_to_receive
run_case "a working port is reconfigured without new sockets" test_reconfigure_without_sockets
run_case "a switch without descriptors says why, and works by itself when it has them" \
    test_out_of_descriptors
end_cases
