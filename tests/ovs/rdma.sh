#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The rdma provider in the real switch: RDMA devices come and go at any time, also in the middle of a
# load, with a kernel that tells of them by uevents only (6.1) and with one that has more
# (rdma-newest-kernel.sh).

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

vfs=8

# rdma_states [HANDLE]: how many representors are in which state, as "loaded 9 ".
rdma_states() {
    ovs-appctl esw/rep-show --json "${1:-$pf0}" | python3 -c 'import collections, json, sys
states = collections.Counter(rep["rdma"]["state"] for rep in json.load(sys.stdin).values())
print(*(f"{state} {count}" for state, count in sorted(states.items())))'
}

offload() { # [HANDLE]: "ready", or why not
    ovs-appctl esw/show --json "${1:-$pf0}" | python3 -c 'import json, sys
(eswitch,) = json.load(sys.stdin).values()
offload = eswitch["offload"]
assert offload["ready"] == (offload["reason"] is None), offload
print(offload["reason"] or "ready")'
}

rep_json() { # REP EXPRESSION: on its row, x
    ovs-appctl esw/rep-show --json -m "$pf0/$1" | python3 -c 'import json, sys
(x,) = json.load(sys.stdin).values()
print(eval(sys.argv[1]))' "$2"
}

ioctls() { esw-sim ctl stats --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["ioctls"])'; }
descriptors() { find "/proc/$(vswitchd_pid)/fd" -mindepth 1 | wc -l; }

expect_all_loaded() { # [HANDLE]
    settle >/dev/null
    expect_equal "loaded $((vfs + 1))" "$(rdma_states "${1:-$pf0}")" "rdma states"
    expect_equal ready "$(offload "${1:-$pf0}")" offload
}

expect_no_device() {
    settle >/dev/null
    expect_equal "unregistered $((vfs + 1))" "$(rdma_states)" "rdma states"
    expect_equal "no rdma device" "$(offload)" offload
    expect_state web loaded
    expect_equal "no rdma device" "$(column web status:offload)"
}

test_legacy() {
    cat >"$ESW_TEST_DIR/topology.json" <<JSON
{"pfs": [{"vfs": $vfs, "max_vfs": 16, "sfs": 16}, {"vfs": $vfs, "max_vfs": 16}]}
JSON
    start_sim --topology "$ESW_TEST_DIR/topology.json"
    start_sim_switch
    add_esw_port web $pf0 pf0vf0
    settle
    expect_equal "eswitch is in legacy mode" "$(offload)"
    expect_equal "no representor" "$(column web status:offload)"
}

test_all_loaded() {
    set_mode $pf0 switchdev
    set_mode $pf1 switchdev
    expect_all_loaded
    expect_all_loaded $pf1
    expect_equal ready "$(column web status:offload)"
    expect_text "^$pf0 .* ready$" "$(ovs-appctl esw/show $pf0)"
}

# What the provider found is what the driver has: ports are PF, VFs, SFs, uplink; reg_c_0 of a vport
# is what the adapter writes.
test_ports_are_right() {
    expect_equal "('mlx5_0', 2)" "$(rep_json pf0vf0 "(x['rdma_device'], x['rdma_port'])")"
    expect_equal "('mlx5_0', 9)" "$(rep_json pf0vf7 "(x['rdma_device'], x['rdma_port'])")"
    expect_equal "('mlx5_0', 34)" "$(rep_json p0 "(x['rdma_device'], x['rdma_port'])")"
    expect_equal 4294901760 "$(rep_json pf0vf0 "x['rdma']['metadata']['mask']")" mask
    expect_equal $((vfs + 1)) "$(ovs-appctl esw/rep-show --json -m $pf0 | python3 -c 'import json, sys
print(len({rep["rdma"]["metadata"]["value"] for rep in json.load(sys.stdin).values()}))')" values
}

test_quiet() { expect_quiet "$(vswitchd_pid)"; }

test_unload_and_load() {
    local before
    before=$(rep_json pf0vf0 "x['rdma']['device_generation']")
    esw-sim ctl rdma $pf0 unload
    expect_no_device
    expect_all_loaded $pf1
    esw-sim ctl rdma $pf0 load
    expect_all_loaded
    [ "$(rep_json pf0vf0 "x['rdma']['device_generation']")" -gt "$before" ] ||
        fail "the same device generation"
}

# The RDMA driver comes long after the mode.
test_late_device() {
    set_mode $pf0 legacy
    esw-sim ctl rdma $pf0 unload
    set_mode $pf0 switchdev
    expect_no_device
    esw-sim ctl rdma $pf0 load
    expect_all_loaded
}

test_representors_that_come_later() {
    local before after
    esw-sim ctl numvfs $pf0 0
    settle >/dev/null
    expect_equal "loaded 1" "$(rdma_states)"
    before=$(ioctls)
    esw-sim ctl numvfs $pf0 $vfs
    expect_all_loaded
    after=$(ioctls)
    # One question each.
    expect_equal $vfs $((after - before)) ioctls
}

# The first of them is searched for, over the ports there are; the others are next to it.
test_subfunctions() {
    local before after
    before=$(ioctls)
    for sf in 81 82 83 84; do
        in_sim devlink port add $pf0 flavour pcisf pfnum 0 sfnum $sf
    done
    settle >/dev/null
    expect_equal "loaded $((vfs + 1 + 4))" "$(rdma_states)"
    after=$(ioctls)
    [ $((after - before)) -le $((34 + 4)) ] || fail "$((after - before)) ioctls for 4 SFs"
    for port in $(in_sim devlink port show | sed -n "s|^\($pf0/[0-9]*\):.*flavour pcisf.*|\1|p"); do
        in_sim devlink port del "$port"
    done
    expect_all_loaded
}

# held_at ACTION...: the switch is held in an ioctl on the device that ACTION makes it begin.
held_at() {
    esw-sim ctl gate uverbs.ioctl
    "$@"
    esw-sim ctl wait-gate uverbs.ioctl
}

test_device_goes_while_it_is_opened() {
    esw-sim ctl rdma $pf0 unload
    settle >/dev/null
    held_at esw-sim ctl rdma $pf0 load
    # Nothing of the switch but this one load waits.
    expect_equal "loaded $((vfs + 1))" "$(rdma_states $pf1)"
    esw-sim ctl rdma $pf0 unload
    esw-sim ctl ungate uverbs.ioctl
    expect_no_device
    expect_quiet "$(vswitchd_pid)"
    esw-sim ctl rdma $pf0 load
    expect_all_loaded
}

test_device_goes_while_a_port_is_asked_for() {
    esw-sim ctl numvfs $pf0 0
    settle >/dev/null
    held_at esw-sim ctl numvfs $pf0 $vfs
    esw-sim ctl rdma $pf0 unload
    esw-sim ctl ungate uverbs.ioctl
    expect_no_device
    esw-sim ctl rdma $pf0 load
    expect_all_loaded
}

# The device goes and comes back while the load of the first one is held: the second is loaded.
test_next_generation_while_the_first_is_held() {
    esw-sim ctl rdma $pf0 unload
    settle >/dev/null
    held_at esw-sim ctl rdma $pf0 load
    esw-sim ctl rdma $pf0 unload
    esw-sim ctl rdma $pf0 load
    esw-sim ctl ungate uverbs.ioctl
    expect_all_loaded
}

# The driver is held while it makes the device, with devlink's lock in its hands.
test_attachment_is_held() {
    local load
    esw-sim ctl rdma $pf0 unload
    expect_no_device
    esw-sim ctl gate rdma.attach
    esw-sim ctl rdma $pf0 load &
    load=$!
    esw-sim ctl wait-gate rdma.attach
    expect_equal "no rdma device" "$(offload)" offload
    expect_quiet "$(vswitchd_pid)"
    esw-sim ctl ungate rdma.attach
    wait "$load"
    expect_all_loaded
}

# A load that fails says why, in which call, and is tried again; the uplink goes first, and what
# waits for it says so.
test_failure_and_retry() {
    esw-sim ctl rdma $pf0 unload
    settle >/dev/null
    esw-sim ctl fault add uverbs.ioctl --errno ENOMEM --times 0
    esw-sim ctl rdma $pf0 load
    expect_text ' failed' "$(settle)"
    expect_equal "failed 1 registered $vfs" "$(rdma_states)"
    expect_equal "('failed', 'ENOMEM', 'open')" \
        "$(rep_json p0 "(x['rdma']['state'], x['rdma']['errno'], x['rdma']['stage'])")"
    expect_text 'its uplink p0 failed: mlx5_0: open' "$(column web status:offload)"
    expect_state web loaded
    esw-sim ctl fault clear
    wait_for_column web status:offload=ready
    expect_all_loaded
}

test_lost_notifications() {
    esw-sim ctl overflow
    esw-sim ctl rdma $pf0 unload
    esw-sim ctl rdma $pf0 load
    expect_all_loaded
    esw-sim ctl overflow
    esw-sim ctl rdma $pf0 unload
    expect_no_device
    esw-sim ctl rdma $pf0 load
    expect_all_loaded
}

test_nothing_is_left() {
    local before
    before=$(descriptors)
    for _ in {1..20}; do
        esw-sim ctl rdma $pf0 unload
        esw-sim ctl rdma $pf0 load
        settle >/dev/null
    done
    expect_all_loaded
    expect_equal "$before" "$(descriptors)" descriptors
    esw-sim ctl rdma $pf0 unload
    expect_no_device
    # The device file and its events.
    [ "$(descriptors)" -lt "$before" ] || fail "the device is still open"
    esw-sim ctl rdma $pf0 load
    expect_all_loaded
}

test_pf_removal() {
    esw-sim ctl remove $pf0
    settle >/dev/null
    expect_equal absent "$(column web status:rep-state)"
    esw-sim ctl add $pf0
    expect_all_loaded
}

# Without a rescan in between and with it the same.
test_rescan() {
    local before
    before=$(rep_json pf0vf0 "x['rdma']['device_generation']")
    ovs-appctl esw/rescan
    expect_all_loaded
    expect_equal "$before" "$(rep_json pf0vf0 "x['rdma']['device_generation']")" generation
}

test_stop() {
    stop_daemon ovs-vswitchd
    expect_no_text '\|(ERR|EMER)\|' "$(cat "$ovs_dir/ovs-vswitchd.log")"
}

cases_are_a_chain
run_case "offload in legacy mode" test_legacy
run_case "all representors are loaded" test_all_loaded
run_case "each has its own port and metadata" test_ports_are_right
run_case "nothing runs while nothing happens" test_quiet
run_case "the RDMA driver leaves and comes back" test_unload_and_load
run_case "a device that is late" test_late_device
run_case "VFs that come later, with one ioctl each" test_representors_that_come_later
run_case "SFs that come later" test_subfunctions
run_case "the device goes while it is opened" test_device_goes_while_it_is_opened
run_case "the device goes while a port is asked for" test_device_goes_while_a_port_is_asked_for
run_case "the next generation while the first is held" test_next_generation_while_the_first_is_held
run_case "a device that is late to attach" test_attachment_is_held
run_case "a load that fails is tried again" test_failure_and_retry
run_case "notifications are lost" test_lost_notifications
run_case "20 rounds leave nothing behind" test_nothing_is_left
run_case "a rescan changes nothing" test_rescan
run_case "the PF is removed and comes back" test_pf_removal
run_case "the switch ends" test_stop
end_cases
