#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# other_config:esw-profile, external_ids:esw-override and esw/profile-show, with the real database.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

set_profile() { ovs-vsctl set open_vswitch . "other_config:esw-profile=\"$1\""; }
no_profile() { ovs-vsctl remove open_vswitch . other_config esw-profile; }
mode_of() { in_sim devlink -j dev eswitch show "$1" | python3 -c "import json, sys
print(json.load(sys.stdin)['dev']['$1']['mode'])"; }
# expect_mode HANDLE MODE: when all is done, by another program's eyes.
expect_mode() {
    settle
    expect_equal "$2" "$(mode_of "$1")" "mode of $1"
}
# of_profile HANDLE PYTHON-EXPRESSION: on its row of esw/profile-show, x.
of_profile() {
    esw profile-show --json | python3 -c "import json, sys
x = json.load(sys.stdin)['$1']
print($2)"
}
# events HANDLE: of the profile, as KIND RESULT.
events() {
    esw event-show --json "$1" | python3 -c "import json, sys
for event in json.load(sys.stdin)['$1']['events']:
    if event['kind'].startswith('profile'):
        print(event['result'])"
}
restart_vswitchd() {
    stop_daemon ovs-vswitchd
    start_vswitchd in_sim
}

test_at_start() {
    start_sim --pfs 2 --vfs 0
    start_ovsdb
    ovs-vsctl --no-wait set open_vswitch . other_config:esw-profile="\"$pf0=switchdev,*=legacy\""
    start_vswitchd in_sim
    at_exit stop_daemon ovs-vswitchd
    ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev
    add_esw_port p0 $pf0
    expect_mode $pf0 switchdev
    expect_mode $pf1 legacy
    expect_equal "switchdev profile False applied" \
        "$(of_profile $pf0 "x['wanted'], x['source'], x['overridden'], x['state']" | tr -d "(),'")"
    expect_equal "*" "$(of_profile $pf1 "x['selector']")"
    expect_equal 'done' "$(events $pf0)"
    expect_equal '' "$(events $pf1)"
    wait_for_column p0 status:rep-state=loaded
}

test_set_later() {
    set_profile "$pf0=switchdev,$pf1=switchdev"
    expect_mode $pf1 switchdev
    no_profile
    expect_mode $pf1 switchdev
    expect_equal None "$(of_profile $pf1 "x['wanted']")"
    set_profile "*=switchdev"
    expect_mode $pf1 switchdev
    expect_equal 'done' "$(events $pf1)"
}

test_reload() {
    esw-sim ctl numvfs $pf0 2
    add_esw_port pf0vf1 $pf0
    settle
    expect_state pf0vf1 loaded
    expect_equal 'done' "$(esw reload $pf0)"
    expect_mode $pf0 switchdev
    expect_state pf0vf1 loaded
    in_sim devlink dev reload $pf0 >/dev/null # by another program
    settle
    expect_mode $pf0 switchdev
    expect_state pf0vf1 loaded
}

test_pf_returns() {
    esw-sim ctl remove $pf0
    settle
    expect_equal absent "$(of_profile $pf0 "x['state']" 2>/dev/null || echo absent)"
    esw-sim ctl add $pf0
    expect_mode $pf0 switchdev
    expect_state p0 loaded
}

# L53: a mode that is set by hand, before and after a reload.
test_override() {
    expect_equal 'done' "$(esw set-mode $pf0 legacy)"
    expect_equal "$pf0=legacy" "$(overrides)" # when it is answered
    expect_mode $pf0 legacy
    expect_text "$pf0 +legacy +legacy +override +yes +overridden +none" "$(esw profile-show)"
    expect_equal 'done' "$(esw reload $pf0)"
    expect_mode $pf0 legacy
    set_profile "*=switchdev;force=true"
    expect_mode $pf0 legacy
    esw-sim ctl remove $pf0
    esw-sim ctl add $pf0
    expect_mode $pf0 legacy
}

test_override_and_restart() {
    restart_vswitchd
    expect_mode $pf0 legacy
    expect_mode $pf1 switchdev
    expect_equal True "$(of_profile $pf0 "x['overridden']")"
    expect_equal "$pf0=legacy" "$(overrides)"
    kill_vswitchd
    start_vswitchd in_sim
    expect_mode $pf0 legacy
    ovs-vsctl set open_vswitch . external_ids:hostname=h # others' keys stay
    expect_equal 'done' "$(esw set-mode $pf0 profile)"
    expect_equal '' "$(overrides)"
    expect_equal h "$(ovs-vsctl get open_vswitch . external_ids:hostname)"
    expect_mode $pf0 switchdev
    expect_equal 'no change' "$(esw set-mode $pf0 profile)"
    restart_vswitchd
    expect_mode $pf0 switchdev
}

# The daemon is killed while the kernel changes the mode: what was asked for by hand stays.
test_kill_in_the_middle() {
    local process
    esw-sim ctl gate devlink.mode_set
    esw set-mode $pf0 legacy >/dev/null 2>&1 &
    process=$!
    esw-sim ctl wait-gate devlink.mode_set
    ovs-vsctl wait-until open_vswitch . "external_ids:esw-override=\"$pf0=legacy\""
    kill_vswitchd
    wait $process || true
    esw-sim ctl ungate devlink.mode_set
    start_vswitchd in_sim
    settle
    expect_equal True "$(of_profile $pf0 "x['overridden']")"
    expect_equal "$pf0=legacy" "$(overrides)"
    expect_equal '' "$(events $pf0)"
    esw set-mode $pf0 profile >/dev/null
    expect_mode $pf0 switchdev
}

test_wrong() {
    set_profile "$pf0=legacy,$pf1=swichdev"
    expect_mode $pf0 switchdev
    expect_mode $pf1 switchdev
    expect_text "^profile: \*=switchdev;force=true$" "$(esw profile-show)"
    expect_text "^refused: .*: $pf1=swichdev: unknown mode 'swichdev'; expected legacy" \
        "$(esw profile-show)"
    expect_text "unknown mode" "$(of_profile $pf0 "x['profile_error']")"
    grep -q "esw_profile|ERR|esw-profile is refused as a whole: .*swichdev" "$ovs_dir/ovs-vswitchd.log" ||
        fail "the log does not say it"
    set_profile "*=switchdev"
    expect_equal None "$(of_profile $pf0 "x['profile_error']")"
}

# A failure is shown, the eswitch stays as it is, and it is tried again.
test_failure() {
    set_profile "$pf0=switchdev"
    settle
    esw-sim ctl fault add devlink.mode_set --errno EBUSY
    set_profile "$pf0=legacy"
    expect_mode $pf0 switchdev
    expect_state p0 loaded
    expect_equal failed "$(of_profile $pf0 "x['state']")"
    expect_text "E-Switch is busy" "$(of_profile $pf0 "x['last_error']")"
    esw-sim ctl fault clear
    esw retry
    expect_mode $pf0 legacy
    set_profile "$pf0=switchdev;flow_steering_mode=dmfs;encap_mode=none"
    expect_mode $pf0 switchdev
    expect_text '"dmfs"' "$(in_sim devlink -j dev param show $pf0 name flow_steering_mode)"
    expect_text '"encap-mode": *"?(none|disable)' "$(in_sim devlink -j dev eswitch show $pf0)"
}

# An eswitch that has VFs when the daemon starts is left alone without force.
test_vfs_at_start() {
    no_profile
    esw set-mode $pf0 legacy >/dev/null
    esw set-mode $pf0 profile >/dev/null
    esw-sim ctl numvfs $pf0 0
    esw-sim ctl numvfs $pf0 2
    stop_daemon ovs-vswitchd
    ovs-vsctl --no-wait set open_vswitch . other_config:esw-profile="\"*=switchdev\""
    start_vswitchd in_sim
    expect_mode $pf0 legacy
    expect_equal held "$(of_profile $pf0 "x['state']")"
    expect_text "it has 2 VFs" "$(of_profile $pf0 "x['last_error']")"
    expect_mode $pf1 switchdev
    expect_quiet "$(vswitchd_pid)"
    stop_daemon ovs-vswitchd
    ovs-vsctl --no-wait set open_vswitch . other_config:esw-profile="\"*=switchdev;force=true\""
    start_vswitchd in_sim
    expect_mode $pf0 switchdev
}

cases_are_a_chain
run_case "eswitches get their modes at start" test_at_start
run_case "and when the profile is set later" test_set_later
run_case "and after a reload, whoever does it" test_reload
run_case "and when their PF comes back" test_pf_returns
run_case "a mode that was set by hand stays" test_override
run_case "over restarts, until it is taken back" test_override_and_restart
run_case "also when the daemon is killed in the middle" test_kill_in_the_middle
run_case "a wrong profile is refused as a whole" test_wrong
run_case "a failure is shown and tried again" test_failure
run_case "VFs hold the profile at start, force does not" test_vfs_at_start
end_cases
