# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For the tests of the simulated adapter; sourced behind tests/lib.sh. A test has one instance in
# $ESW_SIM_DIR with netdevs named after $prefix, which it stops at its end.

prefix=$(printf '%s' "$ESW_TEST_ID" | tr -cd 'a-z0-9' | tail -c 6)
export ESW_SIM_DIR=$ESW_TEST_DIR/sim

pf0=pci/0000:08:00.0
pf1=pci/0000:08:00.1

# For tests that nobody else's netdevs may disturb: the adapter gets a network namespace of its own,
# whose name is in $home, and sim() runs there. Before start_sim.
home=
use_own_network() {
    home=$ESW_TEST_ID-home
    ip netns add "$home"
    at_exit ip netns del "$home"
}

start_sim() { # OPTION...
    at_exit sh -c "! [ -e '$ESW_SIM_DIR/pid' ] || esw-sim stop --dir '$ESW_SIM_DIR'"
    ${home:+ip netns exec "$home"} esw-sim start --prefix "$prefix" "$@"
}

# Programs that see the adapter. The timeout is for a simulator that hangs.
sim() { ${home:+ip netns exec "$home"} timeout 30 esw-sim exec "$@"; }
ctl() { timeout 30 esw-sim ctl "$@"; }

set_mode() { # HANDLE MODE
    sim devlink dev eswitch set "$1" mode "$2"
}

# A namespace with one netdev of the adapter and an address.
make_host() { # NAME NETDEV ADDRESS
    local namespace=$ESW_TEST_ID-$1
    ip netns add "$namespace"
    at_exit ip netns del "$namespace"
    ip link set "$2" netns "$namespace"
    ip -n "$namespace" addr add "$3" dev "$2"
    ip -n "$namespace" link set "$2" up
}

in_host() { # NAME COMMAND...
    local namespace=$ESW_TEST_ID-$1
    shift
    ip netns exec "$namespace" "$@"
}

# expect_output WANTED COMMAND...: all of what it prints.
expect_output() {
    local wanted=$1 got
    shift
    got=$("$@")
    diff -u <(printf '%s\n' "$wanted") <(printf '%s\n' "$got") ||
        fail "another output than expected: $*"
}

# start_monitor FILE TRIGGER COMMAND...: a program that prints to FILE what it is told; its pid is in
# $monitor. It listens when it has printed what TRIGGER, a function that is called with a new number
# from 512 on each time, makes the adapter tell.
start_monitor() {
    local file=$1 trigger=$2 value=512
    shift 2
    ${home:+ip netns exec "$home"} timeout 60 esw-sim exec "$@" >"$file" 2>&1 &
    monitor=$!
    until [ -s "$file" ]; do
        "$trigger" "$value"
        value=$((value + 1))
    done
}

# For start_monitor: devlink tells of a parameter. (devlink(8) does not set what is set already.)
change_param() { # VALUE
    sim devlink dev param set "$pf1" name io_eq_size value "$1" cmode driverinit
}
