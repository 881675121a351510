#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# 127 VFs, or ESW_TEST_VFS, on one PF: all are shown, in whatever order the ports were added, and what
# the switch asks the kernel grows with their number and not faster.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

vfs=${ESW_TEST_VFS:-127}

test_start() {
    start_sim --pfs 1 --vfs $vfs
    esw-sim ctl numvfs $pf0 0
    start_sim_switch
    set_mode $pf0 switchdev
    settle
    switch_stats >"$ESW_TEST_DIR/before"
}

test_ports_in_any_order() {
    local arguments=() vf
    # 37 is prime to 127 and 31, so this visits each VF once, in no order.
    for ((i = 0; i < vfs; i++)); do
        vf=$(((i * 37) % vfs))
        arguments+=(-- add-port br0 "pf0vf$vf" -- set interface "pf0vf$vf" type=esw
            "options:device=$pf0")
    done
    ovs-vsctl "${arguments[@]:1}"
    esw-sim ctl numvfs $pf0 $vfs
    settle
    expect_json "$(ovs-appctl esw/show --json)" \
        "x['$pf0']['reps'] == {'total': $((vfs + 1)), 'loaded': $((vfs + 1)), 'failed': 0, 'absent': 0}"
    expect_equal $vfs "$(ovs-vsctl --bare --columns=name find interface type=esw \
        status:rep-state=loaded | grep -c pf0vf)" "ports loaded"
    expect_equal $((vfs + 1)) "$(ovs-appctl esw/rep-show | grep -c 'pf0vf\|p0')" "rows"
}

# 2 messages for each representor that is loaded (its devlink port, its link), 1 for its port's
# device, a few for all.
test_messages() {
    switch_stats >"$ESW_TEST_DIR/after"
    python3 - "$ESW_TEST_DIR/before" "$ESW_TEST_DIR/after" $vfs <<'PYTHON'
import json, sys
before, after = (json.load(open(name)) for name in sys.argv[1:3])
vfs = int(sys.argv[3])
print(before, after)
asked = after["devlink"]["requests"] - before["devlink"]["requests"]
assert vfs <= asked <= 3 * vfs + 10, f"{asked} devlink requests for {vfs} VFs"
for family in ("devlink", "rdma"):
    dumps = after[family]["dumps"] - before[family]["dumps"]
    assert dumps == 0, f"{dumps} more dumps of {family}"
assert before["devlink"]["dumps"] <= 4, before["devlink"]
PYTHON
}

test_all_go_at_once() {
    esw-sim ctl numvfs $pf0 0
    settle
    expect_equal $vfs "$(ovs-vsctl --bare --columns=name find interface type=esw \
        status:rep-state=absent | grep -c pf0vf)" "ports absent"
    esw-sim ctl numvfs $pf0 $vfs
    settle
    expect_equal $vfs "$(ovs-vsctl --bare --columns=name find interface type=esw \
        status:rep-state=loaded | grep -c pf0vf)" "ports loaded again"
}

loaded_ports() {
    ovs-vsctl --bare --columns=name find interface type=esw status:rep-state=loaded | grep -c pf0vf ||
        true
}

# What a flip of the mode asks the kernel: its requests and dumps of devlink.
flip() {
    switch_stats >"$ESW_TEST_DIR/before"
    expect_equal 'done' "$(ovs-appctl -T 60 esw/set-mode $pf0 legacy)"
    settle
    expect_equal 0 "$(loaded_ports)" "ports loaded in legacy mode"
    expect_equal 'done' "$(ovs-appctl -T 60 esw/set-mode $pf0 switchdev)"
    settle
    expect_equal $vfs "$(loaded_ports)" "ports loaded after the flip"
    switch_stats >"$ESW_TEST_DIR/after"
    python3 - "$ESW_TEST_DIR/before" "$ESW_TEST_DIR/after" <<'PYTHON'
import json, sys
before, after = (json.load(open(name))["devlink"] for name in sys.argv[1:])
print(after["requests"] - before["requests"], after["dumps"] - before["dumps"])
PYTHON
}

# Nobody but the operator asked for anything, and no flip costs more than the one before.
test_flips() {
    local first second dumps
    ovs-vsctl --columns=_uuid,name,ofport list interface >"$ESW_TEST_DIR/interfaces"
    read -r first dumps <<<"$(flip)"
    expect_equal 0 "$dumps" "dumps"
    [ "$first" -le $((3 * vfs + 20)) ] || fail "$first devlink requests for a flip with $vfs VFs"
    read -r second dumps <<<"$(flip)"
    expect_equal 0 "$dumps" "dumps of the second flip"
    [ "$second" -le $((first + 5)) ] || fail "$second devlink requests after $first"
    expect_equal "$(cat "$ESW_TEST_DIR/interfaces")" \
        "$(ovs-vsctl --columns=_uuid,name,ofport list interface)" "rows and OpenFlow numbers"
}

cases_are_a_chain
run_case "an adapter and a switch" test_start
run_case "$vfs VFs, ports added in any order" test_ports_in_any_order
run_case "the number of netlink messages is linear, no dump after the first" test_messages
run_case "all go and come back at once" test_all_go_at_once
run_case "flips of the mode bring all back by themselves, one at the cost of the other" test_flips
end_cases
