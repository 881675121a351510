# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Open vSwitch for test scripts: an ovsdb-server and our daemon, with their own directory
# ($ESW_TEST_DIR/ovs) and in a network namespace of their own. Sourced after tests/lib.sh.
#
# ovs-vsctl, ovs-appctl and ovs-ofctl find them by themselves.

ovs_dir=$ESW_TEST_DIR/ovs
export OVS_RUNDIR=$ovs_dir OVS_LOGDIR=$ovs_dir OVS_DBDIR=$ovs_dir OVS_SYSCONFDIR=$ovs_dir

# wait_for_end PID: returns when that process is gone, which need not be a child.
wait_for_end() {
    python3 - "$1" <<'PYTHON'
import os, select, sys
try:
    process = os.pidfd_open(int(sys.argv[1]))
except ProcessLookupError:
    sys.exit(0)
poll = select.poll()
poll.register(process, select.POLLIN)
sys.exit(0 if poll.poll(30000) else f"process {sys.argv[1]} does not end")
PYTHON
}

# make_namespace NAME: a network namespace that goes when the script ends.
make_namespace() {
    ip netns add "$1"
    at_exit ip netns del "$1"
    ip -n "$1" link set lo up
}

start_ovsdb() {
    mkdir -p "$ovs_dir"
    ovsdb-tool create "$ovs_dir/conf.db" "$ESW_BUILD/openvswitch/src/vswitchd/vswitch.ovsschema"
    start_ovsdb_server
    at_exit stop_daemon ovsdb-server
    ovs-vsctl --no-wait init
}

# start_ovsdb_server: with the database that there is.
start_ovsdb_server() {
    ovsdb-server --remote="punix:$ovs_dir/db.sock" --pidfile --detach --no-chdir -vconsole:off \
        --log-file
}

# start_vswitchd [COMMAND...]: through COMMAND, such as "ip netns exec NAME" or "esw-sim exec".
# Returns when the ports that are in the database have been added. vswitchd_options is an array.
start_vswitchd() {
    # The daemon goes by the name that it is started by, and the programs look for that one.
    mkdir -p "$ovs_dir/bin"
    ln -sf "$ESW_BUILD/ovs-plugin/ovs-vswitchd-esw" "$ovs_dir/bin/ovs-vswitchd"
    "$@" "$ovs_dir/bin/ovs-vswitchd" --pidfile --detach --no-chdir --log-file -vconsole:off \
        "${vswitchd_options[@]}" "unix:$ovs_dir/db.sock"
}
vswitchd_options=()

vswitchd_pid() { cat "$ovs_dir/ovs-vswitchd.pid"; }

# wait_for_log PATTERN: until the switch's log has a line that matches, from its beginning on.
wait_for_log() { wait_for_line "$1" "$ovs_dir/ovs-vswitchd.log" "$(vswitchd_pid)"; }

# esw COMMAND [ARGUMENT...]: ovs-appctl esw/COMMAND.
esw() { ovs-appctl -T 60 "esw/$1" "${@:2}"; }

# stop_daemon NAME [ARGUMENT...]: ends it in good order; arguments are those of "exit".
stop_daemon() {
    local name=$1 pid
    shift
    [ -e "$ovs_dir/$name.pid" ] || return 0
    pid=$(cat "$ovs_dir/$name.pid")
    ovs-appctl -T 10 -t "$name" exit "$@"
    wait_for_end "$pid"
}

kill_vswitchd() {
    local pid
    pid=$(vswitchd_pid)
    kill -KILL "$pid"
    wait_for_end "$pid"
    rm -f "$ovs_dir/ovs-vswitchd.pid"
}

# column PORT COLUMN[:KEY]: a value of the port's Interface row, without quotes.
column() {
    ovs-vsctl --if-exists get interface "$1" "$2" | sed 's/^"\(.*\)"$/\1/'
}

# wait_for_column PORT CONDITION...: as "ovs-vsctl wait-until" has them.
wait_for_column() {
    local port=$1
    shift
    timeout 30 ovs-vsctl wait-until interface "$port" "$@" ||
        fail "$port: never came to $*: $(ovs-vsctl --columns=status,error,ofport list interface "$port")"
}

# remember_ofports PORT...: their OpenFlow numbers, for expect_same_ofports.
remember_ofports() {
    local port
    for port in "$@"; do
        echo "$port $(column "$port" ofport)"
    done >"$ESW_TEST_DIR/ofports"
}
expect_same_ofports() {
    local port number
    while read -r port number; do
        expect_equal "$number" "$(column "$port" ofport)" "OpenFlow number of $port"
    done <"$ESW_TEST_DIR/ofports"
}

# overrides: modes that were set by hand, as they are in the database.
overrides() { ovs-vsctl --if-exists get open_vswitch . external_ids:esw-override | tr -d '"'; }

# add_esw_port PORT DEVICE [REP]
add_esw_port() {
    ovs-vsctl add-port br0 "$1" -- set interface "$1" type=esw options:device="$2" \
        ${3:+"options:representor=$3"}
}

# settle: all that the kernel has said so far is done.
settle() { ovs-appctl esw/wait --timeout=30; }

expect_state() { # PORT STATE
    expect_equal "$2" "$(column "$1" status:rep-state)" "rep-state of $1"
}

# port_counter BRIDGE PORT COUNTER: of "ovs-ofctl dump-ports", such as "tx drop"; as the switch has
# it at this moment. (A switch that has to wait for the kernel shows what it read before, and reads;
# esw/wait waits for that.)
port_counter() {
    local direction=${3%% *} name=${3##* }
    ovs-ofctl dump-ports "$1" "$2" >"$ESW_TEST_DIR/dump-ports"
    settle
    ovs-ofctl dump-ports "$1" "$2" | sed -n "s/.*\b$direction .*\b$name=\([0-9]*\).*/\1/p"
}

# expect_json TEXT [EXPRESSION]: it is JSON, and the Python expression on its value, x, is true.
expect_json() {
    python3 -c 'import json, sys
x = json.loads(sys.argv[1])
assert eval(sys.argv[2]), f"not so: {sys.argv[2]}: {x}"' "$1" "${2:-True}"
}

# expect_quiet PID...: these processes do not spin. A round trip to the database does not concern them.
expect_quiet() {
    "$ESW_SRC/tests/quiet.py" "$@" -- ovs-vsctl --no-wait get open_vswitch . external_ids
}

# What tests/lib.sh shows of a failed case.
on_failure() {
    grep -v '|dpif_netdev|' "$ovs_dir/ovs-vswitchd.log" | tail -n 15
}
