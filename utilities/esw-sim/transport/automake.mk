# SPDX-License-Identifier: Apache-2.0
utilities_esw_sim_libesw_sim_a_SOURCES += \
	utilities/esw-sim/transport/acknowledgement.cc \
	utilities/esw-sim/transport/acknowledgement.h \
	utilities/esw-sim/transport/call.cc \
	utilities/esw-sim/transport/call.h \
	utilities/esw-sim/transport/client_request.cc \
	utilities/esw-sim/transport/client_request.h \
	utilities/esw-sim/transport/client_socket.cc \
	utilities/esw-sim/transport/client_socket.h \
	utilities/esw-sim/transport/ethtool_calls.cc \
	utilities/esw-sim/transport/ethtool_calls.h \
	utilities/esw-sim/transport/ethtool_features.cc \
	utilities/esw-sim/transport/ethtool_features.h \
	utilities/esw-sim/transport/exec_environment.cc \
	utilities/esw-sim/transport/exec_environment.h \
	utilities/esw-sim/transport/genl_families.cc \
	utilities/esw-sim/transport/genl_families.h \
	utilities/esw-sim/transport/link_rewriter.cc \
	utilities/esw-sim/transport/link_rewriter.h \
	utilities/esw-sim/transport/listener.cc \
	utilities/esw-sim/transport/listener.h \
	utilities/esw-sim/transport/netlink_server.cc \
	utilities/esw-sim/transport/nl_bytes.cc \
	utilities/esw-sim/transport/nl_bytes.h \
	utilities/esw-sim/transport/peer.cc \
	utilities/esw-sim/transport/peer.h \
	utilities/esw-sim/transport/send_job.cc \
	utilities/esw-sim/transport/send_job.h \
	utilities/esw-sim/transport/socket_options.cc \
	utilities/esw-sim/transport/statistics.cc \
	utilities/esw-sim/transport/statistics.h \
	utilities/esw-sim/transport/sysfs_devices.cc \
	utilities/esw-sim/transport/sysfs_infiniband.cc \
	utilities/esw-sim/transport/sysfs_tree.cc \
	utilities/esw-sim/transport/sysfs_tree.h \
	utilities/esw-sim/transport/wire.h
