#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Interleavings of queue, locks and operations, each forced by gates of the simulated kernel and looked
# at from outside. The numbers are those of the unit tests that force the same in one class
# (tests/unit/manager). L5 is in L1; scenarios-of-providers.sh has more, and profile.sh has L53.
#
# Each begins with everything loaded and ends so, with an empty queue, no block held, loads and unloads
# in balance, and no more open files than at its begin.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"
. "$ESW_SRC/tests/ovs/lib-scenarios.sh"

# The holder of the control lock drains the queue while one item waits for the lock and one is behind it.
L1() {
    hold_control legacy
    ovs-vsctl set interface web0 options:hw-addr=02:00:00:00:00:10
    wait_until_waiting "configure pf0vf0"
    ovs-vsctl set interface web1 options:hw-addr=02:00:00:00:00:11
    heard
    expect_equal "running configure pf0vf0: the control lock
queued configure pf0vf1: its turn
running set-mode legacy: the kernel (devlink eswitch show)" "$(work)"
    expect_quiet "$(vswitchd_pid)" # L5
    gate devlink.mode_set
    ungate devlink.request $pf0
    held devlink.mode_set
    # They are gone, and the lock is held still.
    expect_equal "running set-mode legacy: the kernel (devlink eswitch set)" "$(work)"
    expect_equal 2 "$(history | grep -c '^configure .* stale$')" "$(history)"
    expect_grown 0 configurations
    ungate devlink.mode_set
    expect_answer '^done$' set-mode
    esw set-mode $pf0 switchdev
    calm
    expect_grown 2 configurations
    expect_equal 02:00:00:00:00:10 "$(mac_of_vf0)"
}

# The PF goes. What was queued is dropped, whoever holds the tear-down up; what happens meanwhile, also to
# the PF that is back already, does not run on the old eswitch.
L2_while() { # RUNNING ADDRESS POINT [HANDLE]: what runs is held there; web0 gets an address meanwhile
    esw-sim ctl remove $pf0
    heard
    expect_equal 2 "$(work | wc -l)" "$(work)"
    expect_text "^running $1: " "$(work)"
    expect_text "^queued tear down: its turn$|^running tear down: the control lock$" "$(work)"
    esw-sim ctl add $pf0
    esw rescan
    ovs-vsctl set interface web0 "options:hw-addr=$2"
    heard
    expect_equal 2 "$(work | wc -l)" "$(work)"
    expect_text "no such eswitch" "$(expect_fails esw set-mode $pf0 legacy)"
    ungate "${@:3}"
    expect_all_loaded
    expect_equal "$2" "$(mac_of_vf0)"
}
# What ran before the tear-down; providers leave in any case, by then or in it.
L2_ran() { history | sed '/^tear down done$/,$d' | grep -Ev ' stale$|^sync providers done$'; }
L2() {
    esw-sim ctl rdma $pf0 unload
    calm
    gate uverbs.ioctl
    esw-sim ctl rdma $pf0 load
    held uverbs.ioctl
    mark
    L2_while "load p0" 02:00:00:00:00:20 uverbs.ioctl
    for ((vf = 0; vf < vfs; vf++)); do
        expect_text "^load pf0vf$vf stale$" "$(history)"
    done
    # Of all that was queued for the old eswitch, only the load that ran came to its end.
    expect_equal "load p0 failed" "$(L2_ran)"

    hold_control legacy
    mark
    ovs-vsctl set interface web0 options:hw-addr=02:00:00:00:00:21
    wait_until_waiting "configure pf0vf0"
    L2_while "set-mode legacy" 02:00:00:00:00:22 devlink.request $pf0
    expect_answer "^$pf0: the eswitch is going away" set-mode
    expect_text "^configure pf0vf0 stale$" "$(history)"
    expect_equal '' "$(L2_ran)"
    expect_packets
}

# Loads go stale while the first of them waits for the lock: none runs.
L8() {
    local before
    esw-sim ctl rdma $pf0 unload
    calm
    before=$(ioctls)
    hold_control legacy
    esw-sim ctl rdma $pf0 load
    wait_until_waiting "load p0"
    expect_equal "registered $((vfs + 1))" "$(states RDMA)"
    gate devlink.mode_set
    ungate devlink.request $pf0
    held devlink.mode_set
    expect_equal "running set-mode legacy: the kernel (devlink eswitch set)" "$(work)"
    expect_equal $((vfs + 1)) "$(history | grep '^load .* stale$' | sort -u | wc -l)" "$(history)"
    ungate devlink.mode_set
    expect_answer '^done$' set-mode
    calm
    expect_equal "$before" "$(ioctls)" ioctls
    expect_equal "unregistered 1" "$(states RDMA)"
    esw set-mode $pf0 switchdev
}

# Four at once, which meet at each point of the kernel in turn.
L13_modes() {
    esw set-mode $pf0 legacy
    esw set-mode $pf0 switchdev
}
L13_vfs() {
    esw-sim ctl numvfs $pf0 0
    esw-sim ctl numvfs $pf0 $vfs
}
L13_subfunctions() {
    esw sf-add $pf0 88
    esw sf-del $pf0/pf0sf88
}
L13_drivers() {
    esw-sim ctl rdma $pf0 unload
    esw-sim ctl rdma $pf0 load
}
L13_round() { # POINT
    local who
    gate "$1"
    for who in modes vfs subfunctions drivers; do
        begin $who L13_$who
    done
    held "$1"
    ungate "$1"
    for who in modes vfs subfunctions drivers; do
        expect_answer '' $who
    done
    # The mode may have been set before the subfunction was asked for, or after it was made.
    esw set-mode $pf0 switchdev
    esw sf-del $pf0/pf0sf88 || true
    expect_all_loaded
}
L13() {
    local point
    for point in devlink.mode_set devlink.port_get rdma.attach rdma.detach rep.load rep.unload uverbs.ioctl; do
        echo "all meet at $point"
        L13_round "$point"
    done
    expect_packets
}

# A mode set scans the providers again on each of its ways out, and gives the block back.
L15_out() { # ANSWER MODE [POINT ERRNO [ARGUMENT...]]: it fails at that point
    [ $# -lt 3 ] || fault "$3" --errno "$4" "${@:5}"
    begin set-mode esw set-mode $pf0 "$2"
    expect_answer "$1" set-mode
    expect_idle
    esw-sim ctl fault clear
    esw set-mode $pf0 switchdev
    expect_all_loaded
}
L15() {
    L15_out "^no change$" switchdev
    L15_out "^$pf0: .*Input/output error" legacy devlink.request EIO
    L15_out "^$pf0: .*E-Switch is busy" legacy devlink.mode_set EBUSY
    # The kernel takes it, and does not say what the mode is then.
    L15_out "^$pf0: .*Input/output error" legacy devlink.eswitch_get EIO --count 2
    esw set-mode $pf0 legacy
    L15_out "^$pf0: .*Failed setting eswitch to offloads" switchdev rep.load ENOMEM
    esw set-mode $pf0 legacy
    L15_out "^$pf0: .*Failed setting eswitch to offloads" switchdev rdma.attach ENOMEM
    # The queue's thread waits for the mode set to end, with what is never dropped: that alone can scan.
    mark
    hold_control legacy
    esw-sim ctl numvfs $pf0 0
    heard
    gate rdma.attach
    ungate devlink.request $pf0
    held rdma.attach
    wait_until_waiting "unload pf0vf[0-9]"
    heard
    expect_equal "held by set-mode legacy" "$(block)"
    expect_text "^running unload pf0vf[0-9]: the control lock$" "$(work)"
    expect_text "^queued sync providers: its turn$" "$(work)"
    ungate rdma.attach
    expect_answer '^done$' set-mode
    expect_idle
    esw-sim ctl numvfs $pf0 $vfs
    esw set-mode $pf0 switchdev
    expect_packets
}

# Readers see a representor as it was or as it is, whole, whatever becomes of it.
L17_read() {
    python3 - $pf0 "$ESW_TEST_DIR/reading" <<'PYTHON'
import json, os, subprocess, sys
command = ["ovs-appctl", "-T", "60", "esw/rep-show", "--json", "-m", sys.argv[1]]
seen = set()
count = 0
while os.path.exists(sys.argv[2]):
    reps = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    count += 1
    for rep in reps.values():
        eth, rdma = rep["eth"], rep["rdma"]
        for provider in eth, rdma:
            assert (provider["state"] == "loaded") == ("reason" not in provider), rep
        if eth["state"] == "loaded":
            assert rep["ifindex"] and rep["netdev"], rep
        if rdma["state"] == "loaded":
            assert rep["rdma_device"] and rep["rdma_port"] and rdma["metadata"]["value"], rep
        else:
            assert "metadata" not in rdma and "device_generation" not in rdma, rep
        seen.add(rdma["state"])
    print("look", count, flush=True)
assert seen >= {"unregistered", "registered", "loading", "loaded"}, seen
print(count, "looks, none torn")
PYTHON
}
# look: the reader looks once, from now on.
look() {
    local answer=$ESW_TEST_DIR/answer-reader
    wait_for_line "^look $(($(wc -l <"$answer") + 2))$" "$answer" "${begun[reader]}"
}
L17() {
    touch "$ESW_TEST_DIR/reading"
    begin reader L17_read
    for _ in 1 2 3; do
        esw-sim ctl rdma $pf0 unload
        calm
        look
        gate uverbs.ioctl
        esw-sim ctl rdma $pf0 load
        held uverbs.ioctl
        look
        esw-sim ctl rdma $pf0 unload
        look
        ungate uverbs.ioctl
        esw-sim ctl rdma $pf0 load
        calm
        look
        esw set-mode $pf0 legacy
        esw set-mode $pf0 switchdev
        esw-sim ctl numvfs $pf0 0
        esw-sim ctl numvfs $pf0 $vfs
        calm
    done
    rm "$ESW_TEST_DIR/reading"
    expect_answer 'looks, none torn$' reader
}

# A port is deleted while its representor is loaded, before the load has the block and when it has it.
L30_at() { # POINT BLOCK STATE
    esw-sim ctl numvfs $pf0 0
    calm
    hold_inspection
    esw-sim ctl numvfs $pf0 $vfs
    heard
    gate "$1"
    ungate devlink.request $pf0
    held "$1"
    expect_text "^running load pf0vf0: " "$(work)"
    expect_equal "$2" "$(block)" "the block"
    wait_for_column web0 "status:rep-state$3"
    timeout 30 ovs-vsctl del-port web0
    expect_text "^running load pf0vf0: " "$(work)"
    ungate "$1"
    expect_all_loaded
    expect_equal None "$(of_rep pf0vf0 'x["port"]')"
    add_esw_port web0 $pf0 pf0vf0
    wait_for_column web0 status:rep-state=loaded
}
L30() {
    L30_at devlink.port_get "nobody holds the block" =loading
    L30_at uverbs.ioctl "held by load pf0vf0" !=absent
    expect_packets
}

cases_are_a_chain
run_case "boot" boot
run_case "L1: an operation drains what waits for its lock and what is behind" scenario L1
run_case "L2: the PF goes, and nothing runs on its old eswitch" scenario L2
run_case "L8: what goes stale while it waits for the lock does not run" scenario L8
run_case "L13: mode, VFs, subfunctions and the RDMA driver at once" scenario L13
run_case "L15: every way out of a mode set" scenario L15
run_case "L17: what readers see is whole" scenario L17
run_case "L30: a port goes while its representor is loaded" scenario L30
run_case "the switch ends" nothing_is_left
end_cases
