# SPDX-License-Identifier: Apache-2.0
if WITH_OVS

# What includes Open vSwitch's headers is C, in a library of its own.
check_LIBRARIES += tests/unit/shim/libovs-flows.a
tests_unit_shim_libovs_flows_a_SOURCES = \
	tests/unit/shim/ovs_flows.c \
	tests/unit/shim/ovs_flows.h \
	tests/unit/shim/ovs_ports.c \
	tests/unit/shim/ovs_ports.h \
	tests/unit/shim/random_flows.c \
	tests/unit/shim/random_flows.h
tests_unit_shim_libovs_flows_a_CPPFLAGS = $(ESW_SHIM_CPPFLAGS) -I$(top_srcdir)
tests_unit_shim_libovs_flows_a_CFLAGS = $(ESW_SHIM_CFLAGS)
$(tests_unit_shim_libovs_flows_a_OBJECTS): openvswitch.key

# Of the shim it links only what has to do with flows. The plugin's functions that these call, and the
# class "esw", are the test's own: the linker is told to take them for the others.
check_PROGRAMS += tests/unit/test-shim
tests_unit_test_shim_SOURCES = \
	tests/unit/shim/flow_actions_test.cc \
	tests/unit/shim/flow_api_test.cc \
	tests/unit/shim/flow_match_test.cc \
	tests/unit/shim/flow_text.h \
	tests/unit/shim/recorder.cc \
	tests/unit/shim/recorder.h
tests_unit_test_shim_CPPFLAGS = $(ESW_TEST_CPPFLAGS)
tests_unit_test_shim_LDADD = tests/unit/shim/libovs-flows.a ovs-plugin/libesw-shim.a \
	$(ESW_OVS_LIBS) $(ESW_TEST_LIBS) $(FMT_LIBS)
tests_unit_test_shim_DEPENDENCIES = openvswitch.key tests/unit/shim/libovs-flows.a \
	ovs-plugin/libesw-shim.a
tests_unit_test_shim_LINK = $(CXX) $(AM_CXXFLAGS) $(CXXFLAGS) $(AM_LDFLAGS) $(LDFLAGS) -o $@ \
	$(ESW_TEST_WRAPS:%=-Wl,--wrap=%)
ESW_TEST_WRAPS = netdev_ports_insert netdev_ports_remove netdev_esw_cast esw_port_set_number \
	esw_plugin_set_offload esw_plugin_take_refusals esw_flow_put esw_flow_delete esw_flow_flush \
	esw_flow_get esw_flow_count udpif_flush ofproto_enumerate_names ofproto_dpif_lookup_by_name \
	time_msec coverage_counter_register

endif
