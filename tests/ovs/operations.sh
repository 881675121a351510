#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# esw/set-mode, reload, sf-add and sf-del under live ports: nothing is stopped, nothing is lost.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

# expect_refusal PATTERN COMMAND...: it fails, and says so on stderr.
expect_refusal() {
    local wanted=$1 said
    shift
    ! said=$("$@" 2>&1) || fail "not refused: $*"
    expect_text "$wanted" "$said"
}
of_eswitch() { esw show --json | python3 -c "import json, sys; x = json.load(sys.stdin)['$pf0']; print($1)"; }
expect_states() { for port in p0 pf0vf0 pf0vf1; do wait_for_column "$port" "status:rep-state=$1"; done; }

test_start() {
    start_sim --pfs 2 --vfs 2
    start_sim_switch
    for port in p0 pf0vf0 pf0vf1; do
        add_esw_port $port $pf0
    done
    settle
    expect_states absent
    remember_ofports p0 pf0vf0 pf0vf1
    vswitchd_pid >"$ESW_TEST_DIR/pid"
}

test_switchdev() {
    expect_equal 'done' "$(esw set-mode $pf0 switchdev)"
    expect_equal switchdev "$(of_eswitch "x['mode']")"
    expect_equal switchdev "$(of_eswitch "x['wanted']")"
    settle
    expect_states loaded
    make_host vf0 $pf0/pf0vf0 10.0.0.1/24
    make_host vf1 $pf0/pf0vf1 10.0.0.2/24
    expect_ping vf0 10.0.0.2
    expect_equal "no change" "$(esw set-mode $pf0 switchdev)"
}

test_flips() {
    for _ in 1 2 3; do
        expect_equal 'done' "$(esw set-mode $pf0 legacy)"
        expect_states absent
        expect_equal 'done' "$(esw set-mode $pf0 switchdev)"
        settle
        expect_states loaded
    done
    forget_macs
    expect_ping vf0 10.0.0.2
}

test_refusal() {
    esw-sim ctl fault add devlink.mode_set --errno EBUSY
    expect_refusal "^$pf0: " esw set-mode $pf0 legacy
    esw-sim ctl fault clear
    settle
    expect_states loaded
    expect_equal switchdev "$(of_eswitch "x['mode']")"
    expect_ping vf0 10.0.0.2
}

# A gate holds the kernel: commands and packets of the other ports go on.
test_gate() {
    local answer
    esw-sim ctl gate devlink.mode_set
    esw set-mode $pf0 legacy --wait=20 >"$ESW_TEST_DIR/answer" 2>&1 &
    answer=$!
    esw-sim ctl wait-gate devlink.mode_set
    expect_ping vf0 10.0.0.2
    expect_equal "set-mode legacy" "$(of_eswitch "x['state']")"
    expect_equal "set-mode legacy" "$(of_eswitch "x['block']['owner']")"
    expect_refusal "timed out" esw wait $pf0 --timeout=0.01
    expect_refusal "goes on: set-mode" esw reload $pf0 --wait=0.01
    expect_json "$(esw block-show --json $pf0)" "(lambda b: (b['owner'], b['reason'], b['lent_to'])
        == ('set-mode legacy', 'reconfigure', None) and b['held_ms'] >= 0)(x['$pf0'])"
    expect_text '^set-mode legacy +owner +reconfigure' "$(esw block-show)"
    expect_json "$(esw queue-show --json $pf0)" "(lambda work:
        [(w['kind'], w['target'], w['state'], w['waits_for']) for w in work[-2:]] == [
            ('set-mode', 'legacy', 'running', 'the kernel (devlink eswitch set)'),
            ('reload', None, 'queued', 'its turn')])(x['$pf0']['work'])"
    expect_text "waits for: set-mode legacy" "$(esw plan $pf0 legacy)"
    # L5: neither what is held nor what waits for it takes processor time.
    expect_quiet "$(vswitchd_pid)"
    esw-sim ctl ungate devlink.mode_set
    wait $answer || true
    settle
}

test_reload() {
    esw set-mode $pf0 switchdev >/dev/null
    expect_equal 'done' "$(esw reload $pf0)"
    settle
    expect_equal legacy "$(of_eswitch "x['mode']")"
    expect_states absent
    expect_equal 'done' "$(esw set-mode $pf0 switchdev)"
    settle
    expect_states loaded
}

test_sf() {
    expect_equal pf0sf88 "$(esw sf-add $pf0 88)"
    add_esw_port pf0sf88 $pf0
    settle
    wait_for_column pf0sf88 status:rep-state=loaded
    expect_refusal "^$pf0: " esw sf-add $pf0 88
    expect_equal 'done' "$(esw sf-del $pf0/pf0sf88)"
    wait_for_column pf0sf88 status:rep-state=absent
    expect_refusal "no such representor" esw sf-del pf0sf88
    ovs-vsctl del-port pf0sf88
    esw set-mode $pf0 legacy >/dev/null
    expect_refusal "^$pf0: " esw sf-add $pf0 88
    esw set-mode $pf0 switchdev >/dev/null
}

test_nothing_was_lost() {
    settle
    expect_equal "$(cat "$ESW_TEST_DIR/pid")" "$(vswitchd_pid)"
    expect_same_ofports
    expect_quiet "$(vswitchd_pid)"
}

cases_are_a_chain
run_case "ports before their representors" test_start
run_case "set-mode brings them" test_switchdev
run_case "three flips, and they come back by themselves" test_flips
run_case "a refused mode leaves everything as it was" test_refusal
run_case "a mode set that hangs in the kernel holds nobody else" test_gate
run_case "reload" test_reload
run_case "SFs come and go" test_sf
run_case "port numbers and the daemon are the same" test_nothing_was_lost
end_cases
