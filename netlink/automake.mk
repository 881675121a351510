# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += netlink/libesw-netlink.a
netlink_libesw_netlink_a_SOURCES = \
	netlink/devlink_types.h \
	netlink/kernel.h \
	netlink/rdma_types.h \
	netlink/rtnl_types.h
