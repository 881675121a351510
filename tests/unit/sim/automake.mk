# SPDX-License-Identifier: Apache-2.0
ESW_SIM_TOY_SOURCES = \
	tests/unit/sim/toy_adapter.cc \
	tests/unit/sim/toy_adapter.h \
	tests/unit/sim/toy_daemon.cc \
	tests/unit/sim/toy_daemon.h \
	tests/unit/sim/toy_device.cc \
	tests/unit/sim/toy_device.h

check_PROGRAMS += tests/unit/sim/toy-exec
tests_unit_sim_toy_exec_SOURCES = tests/unit/sim/toy_exec.cc $(ESW_SIM_TOY_SOURCES)
tests_unit_sim_toy_exec_LDADD = $(ESW_SIM_LIBS)

# Starts itself again under the preload library.
check_PROGRAMS += tests/unit/test-sim-preload
tests_unit_test_sim_preload_SOURCES = \
	tests/unit/sim/orphan_client.cc \
	tests/unit/sim/orphan_client.h \
	tests/unit/sim/preload_client.cc \
	tests/unit/sim/preload_client.h \
	tests/unit/sim/preload_death_test.cc \
	tests/unit/sim/preload_device_test.cc \
	tests/unit/sim/preload_main.cc \
	tests/unit/sim/preload_request_test.cc \
	tests/unit/sim/preload_socket_test.cc \
	tests/unit/sim/preload_sysfs_test.cc \
	$(ESW_SIM_TOY_SOURCES)
tests_unit_test_sim_preload_CPPFLAGS = $(ESW_TEST_CPPFLAGS) \
	-DESW_PRELOAD_LIBRARY='"$(abs_top_builddir)/utilities/esw-sim/preload/.libs/libmlx5sim.so"'
tests_unit_test_sim_preload_LDADD = $(GTEST_LIBS) $(ESW_SIM_LIBS)
EXTRA_tests_unit_test_sim_preload_DEPENDENCIES = utilities/esw-sim/preload/libmlx5sim.la

check_PROGRAMS += tests/unit/test-sim-transport
tests_unit_test_sim_transport_SOURCES = \
	tests/unit/sim/exec_environment_test.cc \
	tests/unit/sim/sysfs_tree_test.cc \
	tests/unit/sim/transport_bytes_test.cc \
	tests/unit/sim/transport_server_test.cc \
	$(ESW_SIM_TOY_SOURCES)
tests_unit_test_sim_transport_CPPFLAGS = $(ESW_TEST_CPPFLAGS)
tests_unit_test_sim_transport_LDADD = $(ESW_TEST_LIBS) $(ESW_SIM_LIBS)

check_PROGRAMS += tests/unit/test-sim
tests_unit_test_sim_SOURCES = \
	tests/unit/sim/device_host_test.cc \
	tests/unit/sim/fake_netdevs.h \
	tests/unit/sim/forwarding_test.cc \
	tests/unit/sim/lag_test.cc \
	tests/unit/sim/model_test.cc \
	tests/unit/sim/points_test.cc \
	tests/unit/sim/topology_test.cc
tests_unit_test_sim_CPPFLAGS = $(ESW_TEST_CPPFLAGS)
tests_unit_test_sim_LDADD = $(ESW_TEST_LIBS) $(ESW_SIM_LIBS)

check_PROGRAMS += tests/unit/test-sim-hardware
tests_unit_test_sim_hardware_SOURCES = \
	tests/unit/sim/hardware/actions_test.cc \
	tests/unit/sim/hardware/frames.cc \
	tests/unit/sim/hardware/frames.h \
	tests/unit/sim/hardware/icm_test.cc \
	tests/unit/sim/hardware/match_tag_test.cc \
	tests/unit/sim/hardware/packet_test.cc \
	tests/unit/sim/hardware/pipeline_test.cc \
	tests/unit/sim/hardware/robustness_test.cc \
	tests/unit/sim/hardware/steering.cc \
	tests/unit/sim/hardware/steering.h
tests_unit_test_sim_hardware_CPPFLAGS = $(ESW_TEST_CPPFLAGS)
tests_unit_test_sim_hardware_LDADD = $(ESW_TEST_LIBS) $(ESW_SIM_LIBS)

check_PROGRAMS += tests/unit/test-sim-firmware
tests_unit_test_sim_firmware_SOURCES = \
	tests/unit/sim/firmware_command_test.cc \
	tests/unit/sim/firmware_device_test.cc \
	tests/unit/sim/firmware_fixture.h \
	tests/unit/sim/firmware_flow_fixture.h \
	tests/unit/sim/firmware_flow_test.cc \
	tests/unit/sim/firmware_queue_test.cc \
	tests/unit/sim/firmware_table_test.cc
tests_unit_test_sim_firmware_CPPFLAGS = $(ESW_TEST_CPPFLAGS)
tests_unit_test_sim_firmware_LDADD = $(ESW_TEST_LIBS) $(ESW_SIM_LIBS)

check_PROGRAMS += tests/unit/test-sim-uverbs
tests_unit_test_sim_uverbs_SOURCES = \
	tests/unit/sim/uverbs/devx_test.cc \
	tests/unit/sim/uverbs/fixture.h \
	tests/unit/sim/uverbs/flow_test.cc \
	tests/unit/sim/uverbs/fuzz_test.cc \
	tests/unit/sim/uverbs/objects_test.cc \
	tests/unit/sim/uverbs/request_test.cc
tests_unit_test_sim_uverbs_CPPFLAGS = $(ESW_TEST_CPPFLAGS)
tests_unit_test_sim_uverbs_LDADD = $(ESW_TEST_LIBS) $(ESW_SIM_LIBS)
