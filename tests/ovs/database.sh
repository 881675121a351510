#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The database ends, hangs or refuses to write during operations: they come to their end, what was set
# by hand is in force and gets into the database when it can, and ports follow with their numbers.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

ports=(p0 pf0vf0 pf0vf1)

wait_for_override() {
    timeout 30 ovs-vsctl wait-until open_vswitch . "external_ids:esw-override=\"$pf0=$1\"" ||
        fail "esw-override never came to $1: $(overrides)"
}
server() { ovs-appctl -t ovsdb-server "ovsdb-server/$1" "${@:2}"; }

# expect_follows MODE STATE: when the database can be written again.
expect_follows() {
    wait_for_override "$1"
    for port in "${ports[@]}"; do
        wait_for_column "$port" "status:rep-state=$2"
    done
    settle
    expect_json "$(esw show --json $pf0)" "x['$pf0']['mode'] == '$1' and x['$pf0']['block'] is None"
    expect_same_ofports
    expect_equal "$(cat "$ESW_TEST_DIR/pid")" "$(vswitchd_pid)" "pid"
}

test_start() {
    start_sim --pfs 2 --vfs 2
    start_sim_switch
    for port in "${ports[@]}"; do
        add_esw_port "$port" $pf0
    done
    settle
    remember_ofports "${ports[@]}"
    vswitchd_pid >"$ESW_TEST_DIR/pid"
}

# The command is answered though nobody can write; another operation begins and ends meanwhile.
test_ends() {
    local command
    esw-sim ctl gate devlink.mode_set
    esw set-mode $pf0 switchdev >"$ESW_TEST_DIR/answer" &
    command=$!
    esw-sim ctl wait-gate devlink.mode_set
    stop_daemon ovsdb-server
    esw-sim ctl ungate devlink.mode_set
    wait $command
    expect_equal 'done' "$(cat "$ESW_TEST_DIR/answer")"
    expect_equal 'done' "$(esw set-mode $pf0 legacy)"
    expect_equal 'done' "$(esw set-mode $pf0 switchdev)"
    expect_json "$(esw profile-show --json $pf0)" "x['$pf0']['override'] == 'switchdev'"
    start_ovsdb_server
    expect_follows switchdev loaded
}

# Connected, and without an answer for a while.
test_hangs() {
    local server command
    server=$(cat "$ovs_dir/ovsdb-server.pid")
    esw-sim ctl gate devlink.mode_set
    esw set-mode $pf0 legacy >"$ESW_TEST_DIR/answer" &
    command=$!
    esw-sim ctl wait-gate devlink.mode_set
    kill -STOP "$server"
    at_exit sh -c "kill -CONT $server 2>/dev/null || :"
    esw-sim ctl ungate devlink.mode_set
    wait_for_log "$pf0: mode legacy"
    kill -CONT "$server"
    wait $command
    expect_equal 'done' "$(cat "$ESW_TEST_DIR/answer")"
    expect_follows legacy absent
}

# As a standby it refuses all transactions. What could not be written is said, is in force all the
# same, and is written when the database takes it.
test_refuses() {
    server set-active-ovsdb-server tcp:127.0.0.1:1
    server connect-active-ovsdb-server
    expect_equal 'done' "$(esw set-mode $pf0 switchdev)"
    wait_for_log "esw_ovsdb\|WARN\|external_ids:esw-override=\"$pf0=switchdev\" could not be written, and would not outlive a restart: error \(.*not allowed.*\)"
    expect_json "$(esw profile-show --json $pf0)" "x['$pf0']['override'] == 'switchdev'"
    expect_equal "$pf0=legacy" "$(overrides)"
    server disconnect-active-ovsdb-server
    ovs-vsctl set open_vswitch . external_ids:hostname=h # something is written
    expect_follows switchdev loaded
}

cases_are_a_chain
run_case "ports before their representors" test_start
run_case "the database ends during an operation, and is there again" test_ends
run_case "the database hangs during an operation" test_hangs
run_case "the database refuses to write" test_refuses
end_cases
