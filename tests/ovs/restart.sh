#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The daemon ends, in good order or killed, in the middle of each operation, and another one starts: it
# finds what the kernel made of it. What was set by hand stays set by hand, nothing is flipped at start
# that has VFs, and the ports come back with the numbers that they had.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

ports=(p0 pf0vf0 pf0vf1 pf0sf88)

set_profile() { ovs-vsctl --no-wait set open_vswitch . "other_config:esw-profile=\"$1\""; }
profile_state() {
    esw profile-show --json $pf0 | python3 -c "import json, sys
print(json.load(sys.stdin)['$pf0']['state'])"
}

# expect_ends MODE OVERRIDE STATE LOADED...: when all is done: the mode, what was set by hand, how the
# profile stands, and which ports are loaded; the others are absent. All have their numbers.
expect_ends() {
    local mode=$1 override=$2 state=$3 port
    shift 3
    settle
    expect_json "$(esw show --json $pf0)" "(lambda e: (e['mode'], e['state'], e['block'],
        e['queue']['pending'], e['reps']['failed']) == ('$mode', 'idle', None, 0, 0))(x['$pf0'])"
    expect_equal "$override" "$(overrides)" "esw-override"
    expect_equal "$state" "$(profile_state)" "state of the profile"
    for port in "${ports[@]}"; do
        case " $* " in
            *" $port "*) expect_state "$port" loaded ;;
            *) expect_state "$port" absent ;;
        esac
    done
    expect_same_ofports
}

# Ways to end. The gate is opened when the daemon is asked to end, and waits for the kernel; when it is
# dead and the next one is there already; or in between, so that the next one finds what is over.
end_in_order() { # GATE
    local pid
    pid=$(vswitchd_pid)
    ovs-appctl exit
    esw-sim ctl ungate "$1"
    wait_for_end "$pid"
    start_vswitchd in_sim
}
be_killed() { # GATE
    kill_vswitchd
    start_vswitchd in_sim
    esw-sim ctl ungate "$1"
}
be_killed_before() { # GATE
    kill_vswitchd
    esw-sim ctl ungate "$1"
    in_sim devlink dev eswitch show $pf0 # waits for the operation
    start_vswitchd in_sim
}

# interrupted END GATE COMMAND...: COMMAND is begun, the kernel is held at GATE, the daemon ends by END
# and starts again.
interrupted() {
    local end=$1 gate=$2 command
    shift 2
    esw-sim ctl gate "$gate"
    "$@" >"$ESW_TEST_DIR/answer" 2>&1 &
    command=$!
    timeout 30 esw-sim ctl wait-gate "$gate" || {
        esw-sim ctl ungate "$gate"
        fail "$*: never came to $gate: $(cat "$ESW_TEST_DIR/answer")"
    }
    "$end" "$gate"
    wait $command || true
}

test_start() {
    start_sim --pfs 2 --vfs 2
    start_ovsdb
    set_profile "$pf0=switchdev"
    start_vswitchd in_sim
    at_exit stop_daemon ovs-vswitchd
    ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev
    for port in "${ports[@]}"; do
        add_esw_port "$port" $pf0
    done
    remember_ofports "${ports[@]}"
    expect_ends legacy '' held
    esw set-mode $pf0 switchdev
}

# Each of these begins and ends in the mode that was set there.
test_set_mode() { # END
    interrupted "$1" devlink.mode_set esw set-mode $pf0 legacy
    expect_ends legacy "$pf0=legacy" overridden
    interrupted "$1" devlink.mode_set esw set-mode $pf0 switchdev
    expect_ends switchdev "$pf0=switchdev" overridden p0 pf0vf0 pf0vf1
}

# Half of the representors are there, or gone.
test_within_mode_set() { # END
    interrupted "$1" rep.unload esw set-mode $pf0 legacy
    expect_ends legacy "$pf0=legacy" overridden
    interrupted "$1" rep.load esw set-mode $pf0 switchdev
    expect_ends switchdev "$pf0=switchdev" overridden p0 pf0vf0 pf0vf1
}

test_reload() { # END
    interrupted "$1" devlink.reload esw reload $pf0
    expect_ends legacy "$pf0=switchdev" overridden
    esw set-mode $pf0 switchdev
}

test_sf() { # END
    interrupted "$1" devlink.port_new esw sf-add $pf0 88
    expect_ends switchdev "$pf0=switchdev" overridden "${ports[@]}"
    interrupted "$1" devlink.port_del esw sf-del $pf0/pf0sf88
    expect_ends switchdev "$pf0=switchdev" overridden p0 pf0vf0 pf0vf1
}

test_vf_count() { # END
    interrupted "$1" rep.unload esw-sim ctl numvfs $pf0 0
    expect_ends switchdev "$pf0=switchdev" overridden p0
    interrupted "$1" rep.load esw-sim ctl numvfs $pf0 2
    expect_ends switchdev "$pf0=switchdev" overridden p0 pf0vf0 pf0vf1
}

test_profile() { # END
    esw set-mode $pf0 profile
    expect_ends switchdev '' applied p0 pf0vf0 pf0vf1
    interrupted "$1" devlink.mode_set set_profile "$pf0=legacy"
    expect_ends legacy '' applied
    interrupted "$1" devlink.mode_set set_profile "$pf0=switchdev"
    expect_ends switchdev '' applied p0 pf0vf0 pf0vf1
    esw set-mode $pf0 switchdev
}

# The kernel refuses what the profile wants, with nobody left to try again; or a reload leaves it in
# legacy mode, with nobody left to apply the profile again. There are VFs: the next daemon leaves it
# alone.
test_no_flip_with_vfs() {
    set_profile "$pf0=legacy"
    esw set-mode $pf0 profile
    expect_ends legacy '' applied
    esw-sim ctl fault add devlink.mode_set --errno EBUSY
    interrupted be_killed_before devlink.mode_set set_profile "$pf0=switchdev"
    esw-sim ctl fault clear
    expect_ends legacy '' held
    set_profile "$pf0=switchdev;force=true"
    expect_ends switchdev '' applied p0 pf0vf0 pf0vf1
    set_profile "$pf0=switchdev"
    interrupted be_killed_before devlink.reload esw reload $pf0
    expect_ends legacy '' held
    set_profile "$pf0=switchdev;force=true"
    expect_ends switchdev '' applied p0 pf0vf0 pf0vf1
    set_profile "$pf0=switchdev"
    esw set-mode $pf0 switchdev
}

# The kernel does not let go: the daemon ends all the same, and says why.
test_end_has_a_bound() {
    local pid
    pid=$(vswitchd_pid)
    esw-sim ctl gate devlink.mode_set
    esw set-mode $pf0 legacy >"$ESW_TEST_DIR/answer" 2>&1 &
    esw-sim ctl wait-gate devlink.mode_set
    ovs-appctl exit
    wait_for_end "$pid"
    ! wait $! || fail "esw/set-mode: $(cat "$ESW_TEST_DIR/answer")"
    expect_text 'the switch is going down' "$(cat "$ESW_TEST_DIR/answer")"
    expect_text 'esw_plugin\|WARN\|the kernel has not done within' "$(cat "$ovs_dir/ovs-vswitchd.log")"
    start_vswitchd in_sim
    esw-sim ctl ungate devlink.mode_set
    expect_ends legacy "$pf0=legacy" overridden
    esw set-mode $pf0 switchdev
}

cases_are_a_chain
run_case "VFs hold the profile" test_start
for end in end_in_order be_killed; do
    run_case "set-mode, $end" test_set_mode $end
    run_case "set-mode between two representors, $end" test_within_mode_set $end
    run_case "reload, $end" test_reload $end
    run_case "SF, $end" test_sf $end
    run_case "VF count, $end" test_vf_count $end
    run_case "profile, $end" test_profile $end
done
run_case "nothing that has VFs is flipped at start" test_no_flip_with_vfs
run_case "a kernel that does not let go does not hold up the end" test_end_has_a_bound
end_cases
