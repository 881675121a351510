# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += ovs-plugin/libesw-plugin.a
ovs_plugin_libesw_plugin_a_SOURCES =

# C, in Open vSwitch's style; what ovs-plugin/daemon.mk says of them.
ESW_SHIM_SOURCES =
ESW_WRAPS =
