# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += utilities/esw-sim/libesw-sim.a
utilities_esw_sim_libesw_sim_a_SOURCES = \
	utilities/esw-sim/ctl_client.cc \
	utilities/esw-sim/ctl_client.h \
	utilities/esw-sim/ctl_commands.cc \
	utilities/esw-sim/ctl_commands.h \
	utilities/esw-sim/ctl_server.cc \
	utilities/esw-sim/ctl_server.h \
	utilities/esw-sim/daemon.cc \
	utilities/esw-sim/daemon.h \
	utilities/esw-sim/device_half.cc \
	utilities/esw-sim/device_half.h \
	utilities/esw-sim/device_host.cc \
	utilities/esw-sim/device_host.h \
	utilities/esw-sim/devlink_encode.cc \
	utilities/esw-sim/devlink_encode.h \
	utilities/esw-sim/devlink_service.cc \
	utilities/esw-sim/devlink_service.h \
	utilities/esw-sim/devlink_service_eswitch.cc \
	utilities/esw-sim/devlink_service_param.cc \
	utilities/esw-sim/devlink_service_port.cc \
	utilities/esw-sim/devlink_service_rate.cc \
	utilities/esw-sim/former_faces.cc \
	utilities/esw-sim/former_faces.h \
	utilities/esw-sim/forwarding.cc \
	utilities/esw-sim/forwarding.h \
	utilities/esw-sim/instance_dir.cc \
	utilities/esw-sim/instance_dir.h \
	utilities/esw-sim/kernel_version.cc \
	utilities/esw-sim/kernel_version.h \
	utilities/esw-sim/launch.cc \
	utilities/esw-sim/launch.h \
	utilities/esw-sim/link_monitor.cc \
	utilities/esw-sim/link_monitor.h \
	utilities/esw-sim/link_queries.cc \
	utilities/esw-sim/link_queries.h \
	utilities/esw-sim/message_writer.cc \
	utilities/esw-sim/message_writer.h \
	utilities/esw-sim/model/adapter.cc \
	utilities/esw-sim/model/adapter.h \
	utilities/esw-sim/model/counters.cc \
	utilities/esw-sim/model/eswitch.cc \
	utilities/esw-sim/model/function.cc \
	utilities/esw-sim/model/lag.cc \
	utilities/esw-sim/model/machine.cc \
	utilities/esw-sim/model/rdma.cc \
	utilities/esw-sim/model/types.cc \
	utilities/esw-sim/model/types.h \
	utilities/esw-sim/netdev_point.h \
	utilities/esw-sim/netdevs.cc \
	utilities/esw-sim/netdevs.h \
	utilities/esw-sim/netlink_server.h \
	utilities/esw-sim/network_namespace.cc \
	utilities/esw-sim/network_namespace.h \
	utilities/esw-sim/operation.cc \
	utilities/esw-sim/operation.h \
	utilities/esw-sim/pcap.cc \
	utilities/esw-sim/pcap.h \
	utilities/esw-sim/pcapng.cc \
	utilities/esw-sim/pcapng.h \
	utilities/esw-sim/points.cc \
	utilities/esw-sim/points.h \
	utilities/esw-sim/rdma_resources.cc \
	utilities/esw-sim/rdma_resources.h \
	utilities/esw-sim/rdma_service.cc \
	utilities/esw-sim/rdma_service.h \
	utilities/esw-sim/report.cc \
	utilities/esw-sim/report.h \
	utilities/esw-sim/sysfs_view.cc \
	utilities/esw-sim/sysfs_view.h \
	utilities/esw-sim/tap_link_settings.cc \
	utilities/esw-sim/tap_link_settings.h \
	utilities/esw-sim/topology.cc \
	utilities/esw-sim/topology.h \
	utilities/esw-sim/uevents.cc \
	utilities/esw-sim/uevents.h

include utilities/esw-sim/hardware/automake.mk
include utilities/esw-sim/firmware/automake.mk
include utilities/esw-sim/uverbs/automake.mk
include utilities/esw-sim/transport/automake.mk
include utilities/esw-sim/preload/automake.mk

dist_man_MANS += utilities/esw-sim/esw-sim.8

bin_PROGRAMS += utilities/esw-sim/esw-sim
utilities_esw_sim_esw_sim_SOURCES = \
	utilities/esw-sim/environment.cc \
	utilities/esw-sim/environment.h \
	utilities/esw-sim/main.cc
utilities_esw_sim_esw_sim_CPPFLAGS = $(AM_CPPFLAGS) -DESW_SIM_PRELOAD_DIR='"$(pkglibdir)"'
utilities_esw_sim_esw_sim_LDADD = $(ESW_SIM_LIBS)
