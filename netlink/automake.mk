# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += netlink/libesw-netlink.a
netlink_libesw_netlink_a_SOURCES = \
	netlink/bytes.h \
	netlink/channel.cc \
	netlink/channel.h \
	netlink/devlink_attributes.cc \
	netlink/devlink_client.cc \
	netlink/devlink_client.h \
	netlink/devlink_codec.h \
	netlink/devlink_decode.cc \
	netlink/devlink_encode.cc \
	netlink/devlink_types.cc \
	netlink/devlink_types.h \
	netlink/ethtool_codec.cc \
	netlink/ethtool_codec.h \
	netlink/extended_ack.cc \
	netlink/extended_ack.h \
	netlink/genl_codec.cc \
	netlink/genl_codec.h \
	netlink/genl_families.cc \
	netlink/genl_families.h \
	netlink/kernel.h \
	netlink/message_builder.cc \
	netlink/message_builder.h \
	netlink/message_parser.cc \
	netlink/message_parser.h \
	netlink/monitor_source.cc \
	netlink/monitor_source.h \
	netlink/netlink_kernel.cc \
	netlink/netlink_kernel.h \
	netlink/netlink_monitor.cc \
	netlink/netlink_monitor.h \
	netlink/rdma_client.cc \
	netlink/rdma_client.h \
	netlink/rdma_codec.cc \
	netlink/rdma_codec.h \
	netlink/rdma_types.h \
	netlink/requester.cc \
	netlink/requester.h \
	netlink/rtnl_client.cc \
	netlink/rtnl_client.h \
	netlink/rtnl_codec.cc \
	netlink/rtnl_codec.h \
	netlink/rtnl_types.h \
	netlink/uapi.h
