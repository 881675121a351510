#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The order in which the kernel tells what happens to an eswitch: as tests/data/notifications-6.1 has it, which
# the simulated adapter is held against (tests/sim/order). What it tells now is in order.sh.logs/notifications
# of the build; behind its comment the data is a copy of that.

. "$ESW_SRC/tests/kernel/lib-kernel.sh"
. "$ESW_SRC/tests/lib-recorded.sh"

device=netdevsim/netdevsim1 other=netdevsim/netdevsim2 home=1
set_vfs="write() { echo \$1 >/sys/bus/netdevsim/devices/netdevsim1/sriov_numvfs; }; write"
remove="echo 1 >/sys/bus/netdevsim/del_device"
data=$ESW_SRC/tests/data/notifications-6.1
told=$kernel_logs/notifications

add_netdevsim 1 1
add_netdevsim 2 1
order_steps >"$ESW_TEST_DIR/steps"
"$ESW_SRC/tests/sim/notifications.py" "$device" "$other" <"$ESW_TEST_DIR/steps" >"$told"

run_recorded "$data" "$told"
run_case "the kernel has nothing to complain about" test_kernel_is_content
end_cases
