# SPDX-License-Identifier: Apache-2.0
ESW_SYSTEM_TESTS += \
	tests/sim/commands \
	tests/sim/ctl \
	tests/sim/ethtool \
	tests/sim/fidelity \
	tests/sim/lifecycle \
	tests/sim/namespaces \
	tests/sim/newer-kernel \
	tests/sim/order \
	tests/sim/packets
EXTRA_DIST += \
	tests/sim/common.sh \
	tests/sim/netlink_messages.py \
	tests/sim/notifications.py \
	tests/sim/rdma-monitor.py \
	tests/sim/uevents.py

include tests/sim/device/automake.mk
