# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What scenarios.sh and scenarios-of-providers.sh are written with: gates of the simulated kernel,
# commands in the background, and what the operator sees of $pf0. Sourced after lib-sim.sh.

vfs=4

# ---- what is held, and what goes on meanwhile -----------------------------------------------------

# Points without a handle are of all devices.
gate() { esw-sim ctl gate "$@"; }
ungate() { esw-sim ctl ungate "$@"; }
# held POINT [HANDLE]: returns when something is held there.
held() {
    timeout 30 esw-sim ctl wait-gate "$@" || fail "nothing comes to $1: $(work)"
}
fault() { esw-sim ctl fault add "$@" --handle $pf0; }

declare -A begun
# begin NAME COMMAND...: in the background.
begin() {
    "${@:2}" >"$ESW_TEST_DIR/answer-$1" 2>&1 &
    begun[$1]=$!
}
# expect_answer PATTERN NAME: of what was begun, when it has ended.
expect_answer() {
    wait "${begun[$2]}" || true
    expect_text "$1" "$(cat "$ESW_TEST_DIR/answer-$2")"
}

# heard: what the kernel and Open vSwitch have said so far has been taken in, and its work is queued.
heard() { esw wait --timeout=30 $pf1; }

# hold_control MODE: a mode set has the control lock, and asks for the present mode first: what happens
# meanwhile is queued, and waits for that lock.
hold_control() {
    gate devlink.request $pf0
    begin set-mode esw set-mode $pf0 "$1"
    held devlink.request $pf0
}
# hold_queue: an operation that takes nothing but the control lock holds up what is queued.
hold_queue() {
    gate devlink.request $pf0
    begin sf-add esw sf-add $pf0 88
    held devlink.request $pf0
}
# let_queue_go: there is one representor more then.
let_queue_go() {
    ungate devlink.request $pf0
    expect_answer '^pf0sf88$' sf-add
    expect_idle
}
# hold_inspection: the queue's thread is about to read the mode, and what happens meanwhile is queued.
hold_inspection() {
    gate devlink.request $pf0
    ip -n "$sim_netns" link set p0 allmulticast on # what the uplink says makes the mode be read
    held devlink.request $pf0
    expect_equal "running inspect: the kernel (devlink eswitch show)" "$(work)"
    ip -n "$sim_netns" link set p0 allmulticast off
}
# wait_until_waiting WORK [FOR]: until that waits for the control lock, or what else it is.
wait_until_waiting() {
    wait_for_line "$pf0: $1 has waited [0-9]+ ms for ${2:-the control lock, held by}" \
        "$ovs_dir/ovs-vswitchd.log" "$(vswitchd_pid)" "$(cat "$ESW_TEST_DIR/log-line")"
}

# ---- what is seen, in tables: awk starts sooner than what reads JSON ---------------------------------

# table COMMAND...: rows of what the command prints, with a tab between columns.
table() { "$@" | sed -E '/^[^ ]+:( |$)/d; s/ {2,}/\t/g'; }
# work: queued and running, as "queued load pf0vf0: its turn".
work() {
    table esw queue-show $pf0 | awk -F '\t' '$1 != "ID" {
        print $2 " " $3 ($4 == "none" ? "" : " " $4) ": " $7 }'
}
# states PROVIDER: how many representors are in which state, as "loaded 5".
states() {
    table esw rep-show $pf0 | awk -F '\t' -v provider="$1" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == provider) column = i }
        NR > 1 { print $column }' | sort | uniq -c | awk '{ printf "%s%s %s", (NR > 1 ? " " : ""), $2, $1 }'
}
# history: what became of queued work since the mark, as "load p0 done".
history() {
    table esw event-show $pf0 | awk -F '\t' -v mark="$(cat "$ESW_TEST_DIR/event")" '
        $1 + 0 > mark && $3 == "queue" { print $4 ($5 == "none" ? "" : " " $5) " " $7 }'
}
counters() { table esw stats-show $pf0; }
counter() { # NAME: of such a table on standard input
    awk -F '\t' -v name="$1" '$1 == name { value = $2 } END { print value == "" ? "no " name : value }'
}
# grown COUNTER: by how much, since the mark.
grown() { echo $(($(counters | counter "$1") - $(counter "$1" <"$ESW_TEST_DIR/counters"))); }
expect_grown() { # COUNT COUNTER
    expect_equal "$1" "$(grown "$2")" "$2 since the mark"
}
# block: whose it is.
block() { esw block-show $pf0 | sed -n "s|^$pf0: ||p"; }
# of_rep REP EXPRESSION: on its row in JSON, x.
of_rep() {
    esw rep-show --json -m "$pf0/$1" | python3 -c 'import json, sys
(x,) = json.load(sys.stdin).values()
print(eval(sys.argv[1]))' "$2"
}
mac_of_vf0() { of_rep pf0vf0 'x["hw_addr"]'; }
ioctls() { esw-sim ctl stats | awk '$1 == "ioctls" { print $2 }'; }

# open_files: what the switch has open, and how many of each. Of sockets only those of RDMA devices and
# of ports: others come and go with each call to the simulated kernel, are kept for later ones, or are
# connections that the switch may be about to close.
open_files() {
    local proc
    proc=/proc/$(vswitchd_pid)
    { find "$proc/fd" -mindepth 1 -printf '%l\n' 2>/dev/null || true; } | awk '
        FILENAME ~ /unix$/ { kind["socket:[" $7 "]"] = $8 ~ /^@esw-sim-(device|event)/ ? "device" : "" }
        FILENAME ~ /packet$/ { kind["socket:[" $9 "]"] = "packet socket" }
        FILENAME == "-" && !/^socket/ { sub(/:.*/, ""); print }
        FILENAME == "-" && kind[$1] { print kind[$1] }
    ' "$proc/net/unix" "$proc/net/packet" - | sort | uniq -c
}

# calm: all is done, and what that itself made the kernel say is followed by no more reading of the mode.
calm() {
    settle
    settle
}
# expect_idle: nothing is queued, runs or is held, and what providers have loaded is what is seen.
expect_idle() {
    local counters
    calm
    expect_equal '' "$(work)" "work of the queue"
    expect_equal "nobody holds the block" "$(block)" "the block"
    counters=$(counters)
    expect_equal "$(table esw rep-show $pf0 | tr '\t' '\n' | grep -cx loaded)" \
        "$(($(counter loads <<<"$counters") - $(counter unloads <<<"$counters")))" "loads less unloads"
}
expect_all_loaded() { # [COUNT]
    expect_idle
    expect_equal "loaded ${1:-$((vfs + 1))}" "$(states ETH)" "states of netdevs"
    expect_equal "loaded ${1:-$((vfs + 1))}" "$(states RDMA)" "states of RDMA ports"
}

# plug: the hosts behind the VFs, which may have been made anew.
plug() {
    local vf
    for vf in 0 1; do
        if ip -n "$sim_netns" link show "p0v$vf" >/dev/null 2>&1; then
            ip -n "$sim_netns" link set "p0v$vf" netns "$ESW_TEST_ID-vf$vf"
            ip -n "$ESW_TEST_ID-vf$vf" addr add "10.0.0.1$vf/24" dev "p0v$vf"
            ip -n "$ESW_TEST_ID-vf$vf" link set "p0v$vf" up
        fi
    done
}
expect_packets() {
    plug
    forget_macs
    expect_ping vf0 10.0.0.11
}

# mark: grown(), history() and the waits for lines of the log are about what comes after it.
mark() {
    counters >"$ESW_TEST_DIR/counters"
    esw event-show -n 1 $pf0 | sed -n "s|^$pf0: \([0-9]*\) events.*|\1|p" >"$ESW_TEST_DIR/event"
    echo $(($(wc -l <"$ovs_dir/ovs-vswitchd.log") + 1)) >"$ESW_TEST_DIR/log-line"
}

# scenario FUNCTION: from everything loaded to everything loaded, with nothing left behind.
scenario() {
    esw-sim ctl ungate all
    esw-sim ctl fault clear
    expect_all_loaded
    mark
    open_files >"$ESW_TEST_DIR/open-files"
    "$1"
    expect_all_loaded
    open_files | diff "$ESW_TEST_DIR/open-files" - || fail "other files are open than before"
}

# ---- the first and the last case ------------------------------------------------------------------

boot() {
    start_sim --pfs 2 --vfs $vfs
    start_sim_switch
    set_mode $pf0 switchdev
    add_esw_port web0 $pf0 pf0vf0
    add_esw_port web1 $pf0 pf0vf1
    expect_all_loaded
    make_namespace "$ESW_TEST_ID-vf0"
    make_namespace "$ESW_TEST_ID-vf1"
    expect_packets
    esw watchdog 0.02 # so that the log tells of who waits
}

nothing_is_left() {
    ungate all
    stop_daemon ovs-vswitchd
    expect_no_text '\|(ERR|EMER)\|' "$(cat "$ovs_dir/ovs-vswitchd.log")"
}
