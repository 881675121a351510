#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Interleavings of providers that come, go and fail, as in scenarios.sh.
#
# Each begins with everything loaded and ends so, with an empty queue, no block held, loads and unloads
# in balance, and no more open files than at its begin.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"
. "$ESW_SRC/tests/ovs/lib-scenarios.sh"

# hold_loads: an RDMA device has come, and the loads for it wait for the control lock.
hold_loads() {
    esw-sim ctl rdma $pf0 unload
    calm
    mark
    hold_queue
    esw-sim ctl rdma $pf0 load
    wait_until_waiting "load p0"
    expect_equal "registered $((vfs + 1))" "$(states RDMA)"
}

# A provider registers, and the VF count changes before a load ran: old and new are loaded, once.
L11() {
    hold_loads
    esw-sim ctl numvfs $pf0 0
    esw-sim ctl numvfs $pf0 6
    heard
    let_queue_go
    expect_all_loaded 8
    # Netdevs of the old VFs went; those of the new ones and the subfunction came, and all RDMA ports.
    expect_grown $vfs unloads
    expect_grown $((6 + 1 + 8)) loads
    expect_grown 0 load_failures
    esw sf-del $pf0/pf0sf88
    esw-sim ctl numvfs $pf0 0
    esw-sim ctl numvfs $pf0 $vfs
    expect_packets
}

# The RDMA device goes with a mode change by another program. The switch learns of the mode first: what was
# loaded is unloaded all the same.
L16() {
    gate devlink.mode_set
    begin devlink set_mode $pf0 legacy
    held devlink.mode_set
    ip -n "$sim_netns" link set p0 allmulticast on # what the uplink says makes the mode be read
    wait_until_waiting inspect "the kernel \(devlink eswitch show\)"
    expect_text "^running inspect: the kernel" "$(work)"
    expect_grown 0 unloads
    ungate devlink.mode_set
    expect_answer '' devlink
    expect_idle
    expect_grown $((2 * (vfs + 1))) unloads
    expect_text "^inspect done$" "$(history | sed '/^unload .* done$/,$d')"
    ip -n "$sim_netns" link set p0 allmulticast off
    set_mode $pf0 switchdev
    expect_all_loaded
    expect_grown $((2 * (vfs + 1))) loads
    expect_packets
}

# The RDMA provider fails for a representor whose netdev is loaded: that stays, and switches.
L20() {
    esw-sim ctl numvfs $pf0 0
    calm
    esw-sim ctl fault add uverbs.ioctl --errno ENOMEM --times 0
    esw-sim ctl numvfs $pf0 $vfs
    expect_text "^$vfs failed" "$(settle)"
    expect_equal "loaded $((vfs + 1))" "$(states ETH)"
    expect_equal "failed $vfs loaded 1" "$(states RDMA)"
    expect_state web0 loaded
    expect_text "query port .*Cannot allocate memory" "$(column web0 status:offload)"
    expect_packets
    expect_equal "1 0" "$(of_rep pf0vf0 '"{loads} {unloads}".format(**x)')" "loads and unloads"
    esw-sim ctl fault clear
    esw retry
    expect_all_loaded
    expect_equal "1 0" "$(of_rep pf0vf0 '"{loads} {unloads}".format(**x)')" "loads and unloads"
}

# A load fails: it says why, there is nothing to unload, and it is tried again.
L21() {
    esw-sim ctl numvfs $pf0 0
    calm
    mark
    fault devlink.port_get --errno EIO --times 0
    esw-sim ctl numvfs $pf0 $vfs
    expect_text "^$vfs failed" "$(settle)"
    expect_equal "failed $vfs loaded 1" "$(states ETH)"
    expect_equal "failed EIO read devlink port" \
        "$(of_rep pf0vf0 '"{state} {errno} {stage}".format(**x["eth"])')"
    expect_state web0 failed
    expect_text "read devlink port.*Input/output error" "$(column web0 status:rep-reason)"
    expect_grown 0 unloads
    esw-sim ctl fault clear
    esw retry
    expect_all_loaded
    expect_grown $((2 * vfs)) loads
    expect_grown 0 unloads
    expect_packets
}

# A provider goes before a load that was queued for it ran: it is not called. Another that comes then is
# called once.
L24_held() { # ACTION...: of the RDMA driver, while the loads for its device wait for the control lock
    local action
    hold_loads
    for action in "$@"; do
        esw-sim ctl rdma $pf0 "$action"
    done
    heard
    let_queue_go
}
L24() {
    local before
    before=$(ioctls)
    L24_held unload
    expect_equal "$before" "$(ioctls)" ioctls
    expect_equal "unregistered $((vfs + 2))" "$(states RDMA)"
    expect_grown 0 load_failures
    esw sf-del $pf0/pf0sf88
    esw-sim ctl rdma $pf0 load
    L24_held unload load unload load
    expect_all_loaded $((vfs + 2))
    # All RDMA ports, and the netdev of the subfunction.
    expect_grown $((vfs + 2 + 1)) loads
    expect_grown 0 unloads
    esw sf-del $pf0/pf0sf88
}

# Another RDMA device comes where one is loaded: that is unloaded first, and never forgotten.
L27() {
    local before
    before=$(of_rep pf0vf0 'x["rdma"]["device_generation"]')
    esw-sim ctl overflow # that the first one goes is not heard
    esw-sim ctl rdma $pf0 unload
    esw-sim ctl rdma $pf0 load
    expect_all_loaded # and as often as it was unloaded
    [ "$(grown unloads)" -gt $vfs ] || fail "$(grown unloads) unloads"
    [ "$(of_rep pf0vf0 'x["rdma"]["device_generation"]')" -gt "$before" ] || fail "the same device"
    # The queue's thread is kept from work until both are over.
    mark
    hold_queue
    ovs-vsctl set interface web0 options:hw-addr=02:00:00:00:00:27
    wait_until_waiting "configure pf0vf0"
    esw-sim ctl rdma $pf0 unload
    esw-sim ctl rdma $pf0 load
    heard
    expect_text "^queued sync providers: its turn$" "$(work)"
    let_queue_go
    expect_all_loaded $((vfs + 2))
    expect_grown $((vfs + 1)) unloads
    expect_grown $((vfs + 1 + 2)) loads # and the subfunction
    esw sf-del $pf0/pf0sf88
}

cases_are_a_chain
run_case "boot" boot
run_case "L11: VFs that change before the loads of a provider ran" scenario L11
run_case "L16: the RDMA device goes while the mode changes" scenario L16
run_case "L20: one provider fails, the other stays loaded" scenario L20
run_case "L21: a load that fails is not unloaded, and is tried again" scenario L21
run_case "L24: a provider that goes before its loads ran is not called" scenario L24
run_case "L27: a provider that takes another's place" scenario L27
run_case "the switch ends" nothing_is_left
end_cases
