# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For the tests that judge the adapter's device: an instance in a network namespace in which nobody
# but the test sends packets. Sourced behind tests/lib.sh and tests/sim/common.sh.

device_netns=$ESW_TEST_ID-device
device_pf=0000:08:00.0

# start_device OPTION...: of "esw-sim start". The first PF is in switchdev mode then.
start_device() {
    ip netns add "$device_netns"
    at_exit ip netns del "$device_netns"
    in_device_netns sysctl -q net.ipv6.conf.{all,default}.disable_ipv6=1
    at_exit sh -c "! [ -e '$ESW_SIM_DIR/pid' ] || esw-sim stop --dir '$ESW_SIM_DIR'"
    in_device_netns esw-sim start --prefix "$prefix" "$@" >"$ESW_TEST_DIR/start"
    in_device devlink dev eswitch set "$pf0" mode switchdev
}

in_device_netns() { ip netns exec "$device_netns" "$@"; }

# Programs that see the adapter, in its namespace. The timeout is for what hangs.
in_device() { in_device_netns timeout 280 esw-sim exec "$@"; }

# judge PROGRAM VFS: a program of this directory, which prints TAP. One that was built with a
# sanitizer wants its run time before every other library.
judge() {
    local program=$ESW_BUILD/tests/sim/device/$1 real
    real=$program
    [ ! -e "$ESW_BUILD/tests/sim/device/.libs/$1" ] || real=$ESW_BUILD/tests/sim/device/.libs/$1
    ESW_TEST_PREFIX=$prefix ESW_TEST_VFS=$2 in_device_netns timeout 280 \
        env LD_PRELOAD="$(ldd "$real" | awk '/lib[at]san/ { print $3 }')" \
        LSAN_OPTIONS="${LSAN_OPTIONS:-} suppressions=$ESW_SRC/tests/sim/device/lsan.suppressions" \
        TSAN_OPTIONS="${TSAN_OPTIONS:-} suppressions=$ESW_SRC/tests/sim/device/tsan.suppressions" \
        esw-sim exec "$program"
}
