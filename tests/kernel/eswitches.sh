#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The eswitches of a real kernel come and go and change under the switch, by its commands and by others:
# what it shows is what devlink(8) says, and its ports follow.

. "$ESW_SRC/tests/kernel/lib-kernel.sh"

dev=netdevsim/netdevsim1
vfs=(pf0vf0 pf0vf1 pf0vf2)
ports=(p1 p2 "${vfs[@]}")

set_mode() { devlink dev eswitch set $dev mode "$1"; }
ofports() { for port in "${ports[@]}"; do column "$port" ofport; done; }
reason() { column "$1" status:rep-reason; }

# expect_mode MODE: of the eswitch; its ports are there, or not, as it says.
expect_mode() {
    local modes
    modes=$(expect_agreement) || fail "$modes"
    expect_text "^$dev $1\$" "$modes"
    case $1 in
        legacy) expect_states absent "${ports[@]}" ;;
        switchdev) expect_states loaded "${ports[@]}" ;;
    esac
}

test_start() {
    add_netdevsim 1 2
    set_vfs 1 3
    start_switch
    for port in "${ports[@]}"; do
        add_esw_port "$port" $dev
    done
    expect_mode legacy
    expect_equal "eswitch is in legacy mode" "$(reason pf0vf1)"
    ofports >"$ESW_TEST_DIR/ofports"
    vswitchd_pid >"$ESW_TEST_DIR/pid"
}

test_set_mode() {
    expect_equal 'done' "$(esw set-mode $dev switchdev)"
    expect_mode switchdev
    expect_equal "no change" "$(esw set-mode $dev switchdev)"
    expect_equal 'done' "$(esw set-mode $dev legacy)"
    expect_mode legacy
    expect_equal 'done' "$(esw set-mode $dev switchdev)"
    expect_mode switchdev
}

# Its ports say that something changed, the mode itself is not told.
test_others_set_mode() {
    set_mode legacy
    expect_mode legacy
    set_mode switchdev
    expect_mode switchdev
}

# Nothing at all is told of an eswitch without VFs.
test_silent_mode() {
    add_netdevsim 2 1
    expect_agreement
    devlink dev eswitch set netdevsim/netdevsim2 mode switchdev
    esw rescan
    expect_agreement
    del_netdevsim 2
    expect_agreement
}

# netdevsim falls back to legacy mode when its VFs go, mlx5 does not (nsim_drv_configure_vfs()).
test_vf_count() {
    set_vfs 1 0
    expect_mode legacy
    set_vfs 1 2
    expect_mode legacy
    expect_equal 'done' "$(esw set-mode $dev switchdev)"
    expect_agreement
    expect_states loaded p1 p2 pf0vf0 pf0vf1
    expect_states absent pf0vf2
    expect_equal "no such representor pf0vf2 on $dev (has vf 0-1)" "$(reason pf0vf2)"
    set_vfs 1 0
    set_mode switchdev
    set_vfs 1 3
    expect_mode switchdev
}

test_refusals() {
    devlink port function rate add $dev/group
    expect_refusal "^$dev: .*Rate node\(s\) exists" esw set-mode $dev legacy
    expect_mode switchdev
    devlink port function rate del $dev/group
    expect_refusal "^$dev: .*switchdev_inactive" esw set-mode $dev switchdev_inactive
    expect_refusal "^$dev: " esw sf-add $dev 88
    expect_mode switchdev
}

# netdevsim's VFs do not outlive a reload (nsim_dev_reload_destroy()).
test_reload() {
    expect_equal 'done' "$(esw reload $dev)"
    expect_mode legacy
    set_vfs 1 3
    expect_equal 'done' "$(esw set-mode $dev switchdev)"
    expect_mode switchdev
    devlink dev reload $dev
    expect_mode legacy
    set_vfs 1 3
    set_mode switchdev
    expect_mode switchdev
}

test_failed_reload() {
    knob 1 dont_allow_reload Y
    expect_refusal "^$dev: .*User forbid the reload for testing purposes" esw reload $dev
    knob 1 dont_allow_reload N
    expect_mode switchdev
    # Half of one: everything was taken down, and does not come up.
    knob 1 fail_reload Y
    expect_refusal "^$dev: .*User setup the reload to fail for testing purposes" esw reload $dev
    settle
    expect_states absent "${ports[@]}"
    knob 1 fail_reload N
    expect_equal 'done' "$(esw reload $dev)"
    expect_mode legacy
    set_vfs 1 3
    set_mode switchdev
    expect_mode switchdev
}

test_rename() {
    local netdev
    netdev=$(column pf0vf0 status:netdev)
    ip link set "$netdev" down
    ip link set "$netdev" name renamed
    expect_mode switchdev
    expect_equal renamed "$(column pf0vf0 status:netdev)"
}

# 6.1 tells neither that the netdev went nor that it is back: only the links do.
test_namespace() {
    local netdev
    make_namespace elsewhere
    netdev=$(column pf0vf1 status:netdev)
    ip link set "$netdev" netns elsewhere
    expect_agreement
    expect_states registered pf0vf1
    expect_states loaded pf0vf0
    ip -n elsewhere link set "$netdev" netns 1
    expect_mode switchdev
}

test_device_namespace() {
    devlink dev reload $dev netns elsewhere
    expect_agreement
    expect_states absent "${ports[@]}"
    expect_equal "no such device $dev" "$(reason pf0vf1)"
    devlink -N elsewhere dev reload $dev netns 1
    expect_mode legacy
}

test_removal() {
    set_vfs 1 3
    expect_equal 'done' "$(esw set-mode $dev switchdev)"
    expect_mode switchdev
    del_netdevsim 1
    expect_agreement
    expect_states absent "${ports[@]}"
    expect_equal "no such device $dev" "$(reason p1)"
    add_netdevsim 1 2
    set_vfs 1 3
    set_mode switchdev
    expect_mode switchdev
}

# After all that the daemon waits again, and does not spin.
test_nothing_was_lost() {
    expect_quiet "$(vswitchd_pid)"
    expect_equal "$(cat "$ESW_TEST_DIR/pid")" "$(vswitchd_pid)" "pid"
    ofports | diff "$ESW_TEST_DIR/ofports" -
}

cases_are_a_chain
run_case "an eswitch in legacy mode" test_start
run_case "set-mode brings the representors, and takes them" test_set_mode
run_case "the mode is set by others" test_others_set_mode
run_case "a mode that nobody tells of is found by a rescan" test_silent_mode
run_case "VFs come and go" test_vf_count
run_case "refusals have the kernel's text and change nothing" test_refusals
run_case "reload, by the switch and by others" test_reload
run_case "a reload that is refused, and one that fails half-way" test_failed_reload
run_case "a netdev is renamed" test_rename
run_case "a netdev goes to another namespace and comes back" test_namespace
run_case "the device goes to another namespace and comes back" test_device_namespace
run_case "the device goes and comes back" test_removal
run_case "port numbers and the daemon are the same" test_nothing_was_lost
run_case "the kernel has nothing to complain about" test_kernel_is_content
end_cases
