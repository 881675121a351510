# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += ovs-plugin/libesw-plugin.a
ovs_plugin_libesw_plugin_a_SOURCES = \
	ovs-plugin/binding_tracker.cc \
	ovs-plugin/binding_tracker.h \
	ovs-plugin/call_watch.h \
	ovs-plugin/command_arguments.cc \
	ovs-plugin/command_arguments.h \
	ovs-plugin/commands.cc \
	ovs-plugin/commands.h \
	ovs-plugin/device_reader.h \
	ovs-plugin/failure_overlay.cc \
	ovs-plugin/failure_overlay.h \
	ovs-plugin/flow_abi.cc \
	ovs-plugin/host_log.h \
	ovs-plugin/netdev_setup.cc \
	ovs-plugin/netdev_setup.h \
	ovs-plugin/option_parser.cc \
	ovs-plugin/option_parser.h \
	ovs-plugin/pending_commands.cc \
	ovs-plugin/pending_commands.h \
	ovs-plugin/plugin.cc \
	ovs-plugin/plugin.h \
	ovs-plugin/plugin_abi.cc \
	ovs-plugin/plugin_abi.h \
	ovs-plugin/plugin_object.h \
	ovs-plugin/port_status.cc \
	ovs-plugin/port_status.h \
	ovs-plugin/operation_commands.cc \
	ovs-plugin/operation_commands.h \
	ovs-plugin/record_commands.cc \
	ovs-plugin/record_commands.h \
	ovs-plugin/wake_fd.h

dist_man_MANS += ovs-plugin/ovs-vswitchd-esw.8

# C, in Open vSwitch's style; what ovs-plugin/daemon.mk says of them.
ESW_SHIM_SOURCES = \
	ovs-plugin/flow_actions.c \
	ovs-plugin/flow_actions.h \
	ovs-plugin/flow_api.c \
	ovs-plugin/flow_coverage.c \
	ovs-plugin/flow_match.c \
	ovs-plugin/flow_match.h \
	ovs-plugin/netdev_esw.c \
	ovs-plugin/netdev_esw.h \
	ovs-plugin/netdev_esw_ethtool.c \
	ovs-plugin/netdev_esw_link.c \
	ovs-plugin/netdev_esw_rxtx.c \
	ovs-plugin/shim.h \
	ovs-plugin/shim_hooks.c \
	ovs-plugin/shim_log.c \
	ovs-plugin/shim_ovsdb.c
ESW_WRAPS = bridge_init bridge_exit bridge_run bridge_wait netdev_ports_insert netdev_ports_remove \
	netdev_set_flow_api_enabled
