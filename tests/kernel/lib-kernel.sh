# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A real kernel for test scripts: sourced instead of tests/lib.sh, it runs the script in the virtual
# machine of utilities/kernel-shell, which says there what it has to say. What outlives the machine is
# in $ESW_BUILD/tests/kernel/SCRIPT.logs: its console, and at the end the switch's log and dmesg.
#
# Eswitches there are netdevsim's: they have devlink's ports, modes and rates, and netdevs that lead
# nowhere; no VFs behind the representors, no RDMA.

if [ -z "${kernel_logs:-}" ]; then
    export kernel_logs=$ESW_BUILD/tests/kernel/${0##*/}.logs
    rm -rf "$kernel_logs"
    # Debian's, and no other that a wrapper looks for: programs start slowly in there.
    mkdir "$ESW_TEST_DIR/.bin"
    ln -s /usr/bin/python3 "$ESW_TEST_DIR/.bin"
    export PATH=$ESW_TEST_DIR/.bin:$PATH
    exec "$ESW_SRC/utilities/kernel-shell" --share "$kernel_logs" bash "$0"
fi

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"

save_logs() {
    dmesg >"$kernel_logs/dmesg"
    [ ! -d "$ovs_dir" ] || cp "$ovs_dir"/*.log "$kernel_logs"
}
at_exit save_logs

on_failure() {
    [ ! -e "$ovs_dir/ovs-vswitchd.log" ] || grep -v '|dpif_netdev|' "$ovs_dir/ovs-vswitchd.log" | tail -n 15
    dmesg | tail -n 5
}

# ---- netdevsim -----------------------------------------------------------------------------------

# add_netdevsim NUMBER UPLINKS: the eswitch netdevsim/netdevsimNUMBER.
add_netdevsim() {
    modprobe netdevsim
    # Else each netdev that comes up sends something.
    echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
    echo "$1 $2" >/sys/bus/netdevsim/new_device
}
del_netdevsim() { echo "$1" >/sys/bus/netdevsim/del_device; }
set_vfs() { echo "$2" >"/sys/bus/netdevsim/devices/netdevsim$1/sriov_numvfs"; } # NUMBER VFS
knob() { echo "$3" >"/sys/kernel/debug/netdevsim/netdevsim$1/$2"; } # NUMBER NAME VALUE

# ---- the switch on it ----------------------------------------------------------------------------

# With the bridge br0.
start_switch() {
    modprobe tun
    start_ovsdb
    start_vswitchd
    at_exit stop_daemon ovs-vswitchd
    ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev
}

# expect_states STATE PORT...: of all these ports. In one go: programs start slowly here.
expect_states() {
    local state=$1 port gets=()
    shift
    for port; do gets+=(-- --if-exists get interface "$port" status:rep-state); done
    expect_equal "$state" "$(ovs-vsctl "${gets[@]:1}" | sort -u)" "rep-state of $*"
}

# expect_agreement: when all that the kernel has said is done, the switch shows what the kernel has. Prints
# the modes, "HANDLE MODE" a line.
expect_agreement() { "$ESW_SRC/tests/kernel/agreement.py" "$ovs_dir/ovs-vswitchd.$(vswitchd_pid).ctl"; }

# expect_refusal PATTERN COMMAND...: it fails, and says so.
expect_refusal() {
    local wanted=$1
    shift
    expect_text "$wanted" "$(expect_fails "$@")"
}

# ---- the kernel ----------------------------------------------------------------------------------

# What it found wrong with itself, or with what was asked of it.
test_kernel_is_content() {
    expect_no_text 'WARNING:|BUG:|Oops|Call Trace' "$(dmesg)"
}
