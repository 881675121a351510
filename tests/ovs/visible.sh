#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is visible of the eswitch manager's work: what is queued and waits, what happened, how often,
# and the warnings about long waits. Gates of the simulated adapter hold what is looked at.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

ask() { ovs-appctl -T 30 "$@"; }

test_first_load() {
    start_sim --pfs 2 --vfs 2
    start_sim_switch
    add_esw_port web $pf0 pf0vf0
    set_mode $pf0 switchdev
    settle
    expect_json "$(ask esw/queue-show --json)" \
        "set(x) == {'$pf0', '$pf1'} and all(e['work'] == [] and e['pending'] == 0 for e in x.values())"
}

# Three views of the same work say the same, from the beginning on. The counters are those of both
# providers, a representor's those of its netdev.
test_statistics_agree() {
    local stats reps show events
    stats=$(ask esw/stats-show --json $pf0)
    reps=$(ask esw/rep-show --json $pf0)
    show=$(ask esw/show --json -m $pf0)
    events=$(ask esw/event-show --json $pf0)
    expect_json "[$stats, $reps, $show, $events]" "(lambda c, reps, queue, log:
        c['loads'] == sum(r['loads'] + (r['rdma']['state'] == 'loaded') for r in reps.values()) == 6
        and c['load_failures'] == 0
        and c['queue_run'] == queue['run'] and c['queue_stale'] == queue['stale']
        and log['dropped'] == 0 and log['recorded'] == len(log['events'])
        and c['queue_run'] == sum(e['where'] == 'queue' and e['result'] != 'stale'
                                  for e in log['events'])
        and c['queue_stale'] == sum(e['result'] == 'stale' for e in log['events'])
        and c['mode_changes'] == sum(e['kind'] == 'mode' for e in log['events'])
    )(x[0]['$pf0']['counters'], x[1], x[2]['$pf0']['queue'], x[3]['$pf0'])"
}

test_history_of_the_mode() {
    local events
    events=$(ask esw/event-show --json $pf0)
    expect_json "$events" "(lambda events:
        [e['id'] for e in events] == list(range(1, len(events) + 1))
        and [e['target'] for e in events if e['kind'] == 'mode'] == ['legacy', 'switchdev']
        and [e['target'] for e in events if e['kind'] == 'load' and e['result'] == 'done'][0] == 'p0'
        and all(e['generation'] > 0 for e in events))(x['$pf0']['events'])"
    expect_json "$(ask esw/event-show --json -n 2 $pf0)" \
        "len(x['$pf0']['events']) == 2 and x['$pf0']['recorded'] > 2"
    expect_text "mode +switchdev .* was legacy" "$(ask esw/event-show $pf0)"
}

# The kernel holds an inspection: what waits, what for, and what is behind it.
test_held_inspection() {
    local waiting
    ask esw/stats-clear
    expect_equal 'waits longer than 0.1 s are logged' "$(ask esw/watchdog 0.1)"
    esw-sim ctl gate devlink.eswitch_get $pf0
    ask esw/wait $pf0 &
    waiting=$!
    esw-sim ctl wait-gate devlink.eswitch_get $pf0
    ovs-vsctl set interface web options:hw-addr=02:00:00:00:00:77
    # What the port asks for is on its way before this is, and queued when it is answered.
    ask esw/wait $pf1
    expect_json "$(ask esw/queue-show --json $pf0)" "(lambda work:
        [(w['state'], w['kind'], w['target'], w['waits_for'], w['held_by']) for w in work] == [
            ('running', 'inspect', None, 'the kernel (devlink eswitch show)', None),
            ('queued', 'configure', 'pf0vf0', 'its turn', 'inspect')]
        and all(w['age_ms'] >= 0 for w in work) and work[0]['id'] < work[1]['id']
    )(x['$pf0']['work'])"
    expect_text 'running +inspect +none .* the kernel \(devlink eswitch show\)' \
        "$(ask esw/queue-show $pf0)"
    wait_for_log "esw_watchdog.*\|WARN\|$pf0: inspect has waited [0-9]+ ms for the kernel \(devlink eswitch show\)"
    esw-sim ctl ungate devlink.eswitch_get $pf0
    wait $waiting || fail "esw/wait"
    settle
    wait_for_log "$pf0: inspect waited [0-9]+ ms for the kernel"
    ask esw/watchdog 5
}

test_what_was_held() {
    expect_json "$(ask esw/stats-show --json $pf0)" "(lambda c:
        c['configurations'] == 1 and c['loads'] == 0 and c['late_waits'] >= 1
        and c['kernel_call_ms'] >= 100 and c['queue_failed'] == 0)(x['$pf0']['counters'])"
    expect_json "$(ask esw/event-show --json $pf0)" "(lambda events:
        (lambda seen: seen.index(('wait', 'inspect', 'late')) < seen.index(('wait', 'inspect', 'done'))
            < seen.index(('configure', 'pf0vf0', 'done')))(
                [(e['kind'], e['target'], e['result']) for e in events])
        and {e['cause'] for e in events if e['kind'] == 'wait'}
            == {'for the kernel (devlink eswitch show)'})(x['$pf0']['events'])"
}

# The trace has each event once, and what happens in one thread is nested or apart.
test_trace() {
    local events trace
    events=$(ask esw/event-show --json)
    trace=$(ask esw/trace)
    python3 - "$events" "$trace" <<'PYTHON'
import json, sys
histories, trace = (json.loads(text) for text in sys.argv[1:])
processes, threads, traced, lanes = {}, {}, {}, {}
for event in trace["traceEvents"]:
    where = event["pid"], event["tid"]
    if event["ph"] == "M":
        (processes if event["name"] == "process_name" else threads)[where] = event["args"]["name"]
    else:
        traced[event["pid"], event["args"]["id"]] = event
        if event["ph"] == "X":
            lanes.setdefault(where, []).append(event)
pids = {name: pid for (pid, tid), name in processes.items()}
assert set(pids) == set(histories), pids
count = 0
for name, history in histories.items():
    for event in history["events"]:
        seen = traced[pids[name], event["id"]]
        count += 1
        thread = threads[seen["pid"], seen["tid"]]
        assert thread.split()[0] == event["where"] == seen["cat"], (thread, event)
        assert seen["name"] == " ".join(filter(None, (event["kind"], event["target"])))
        assert seen["args"]["result"] == event["result"]
        assert seen["args"]["cause"] == event["cause"]
        if event["result"] == "late":
            assert seen["ph"] == "i" and seen["s"] == "t"
        else:
            assert seen["ph"] == "X" and abs(seen["dur"] - event["duration_us"]) <= 1
assert count == len(traced), (count, len(traced))
for where, events in lanes.items():
    open_ends = []
    for event in sorted(events, key=lambda e: (e["ts"], -e["dur"])):
        while open_ends and open_ends[-1] <= event["ts"]:
            open_ends.pop()
        end = event["ts"] + event["dur"]
        assert not open_ends or end <= open_ends[-1], (where, event)
        open_ends.append(end)
PYTHON
}

test_removed_eswitch() {
    esw-sim ctl remove $pf1
    settle
    expect_text "no such eswitch $pf1" "$(expect_fails ask esw/queue-show $pf1)"
    expect_json "$(ask esw/queue-show --json)" "set(x) == {'$pf0'}"
    expect_json "$(ask esw/event-show --json $pf1)" \
        "not x['$pf1']['present'] and x['$pf1']['events'][-1]['kind'] == 'tear down'"
    esw-sim ctl add $pf1
    settle
    expect_json "$(ask esw/event-show --json $pf1)" \
        "x['$pf1']['present'] and any(e['kind'] == 'tear down' for e in x['$pf1']['events'])"
}

test_lost_notifications() {
    ask esw/stats-clear
    esw-sim ctl overflow
    set_mode $pf1 switchdev
    settle
    expect_json "$(ask esw/stats-show --json)" \
        "all(e['counters']['overflows'] >= 1 and e['counters']['resyncs'] >= 1 for e in x.values())"
    expect_json "$(ask esw/event-show --json $pf0)" \
        "[e['kind'] for e in x['$pf0']['events'] if e['kind'] in ('overflow', 'resync')][0] == 'overflow'"
}

cases_are_a_chain
run_case "nothing is queued when everything is done" test_first_load
run_case "statistics, representors, queue and history agree" test_statistics_agree
run_case "the history has the mode change in its order" test_history_of_the_mode
run_case "what waits is shown and warned of while a gate holds it" test_held_inspection
run_case "and is in the history and the statistics after" test_what_was_held
run_case "the trace is the history" test_trace
run_case "the history of a removed eswitch stays" test_removed_eswitch
run_case "lost notifications are counted" test_lost_notifications
end_cases
