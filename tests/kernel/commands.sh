#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What devlink(8) and rdma(8) print on the real kernel: as tests/data/commands-6.1 has it, which the simulated
# adapter is held against (tests/sim/commands). What they print now is in commands.sh.logs/commands of the build;
# behind its comment the data is a copy of that.

. "$ESW_SRC/tests/kernel/lib-kernel.sh"
. "$ESW_SRC/tests/lib-recorded.sh"

export device=netdevsim/netdevsim1
export uplink=$device/0 vf0=$device/128 vf1=$device/129
export set_vfs="write() { echo \$1 >/sys/bus/netdevsim/devices/netdevsim1/sriov_numvfs; }; write"

modprobe ib_core
add_netdevsim 1 1
"$ESW_SRC/tests/commands" >"$kernel_logs/commands"

run_recorded "$ESW_SRC/tests/data/commands-6.1" "$kernel_logs/commands"
run_case "the kernel has nothing to complain about" test_kernel_is_content
end_cases
