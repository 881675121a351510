# SPDX-License-Identifier: Apache-2.0
# The fake kernel and clock, for the tests of every layer above netlink.
check_LIBRARIES += tests/fakes/libesw-fakes.a
tests_fakes_libesw_fakes_a_SOURCES = \
	tests/fakes/fake_clock.cc \
	tests/fakes/fake_clock.h \
	tests/fakes/fake_kernel.cc \
	tests/fakes/fake_kernel.h \
	tests/fakes/fake_kernel_calls.cc \
	tests/fakes/memory_sink.h

check_PROGRAMS += tests/unit/test-manager
tests_unit_test_manager_SOURCES = \
	tests/unit/manager/eswitch_test.cc \
	tests/unit/manager/executor_test.cc \
	tests/unit/manager/ids_test.cc \
	tests/unit/manager/inventory_scenarios_test.cc \
	tests/unit/manager/inventory_test.cc \
	tests/unit/manager/manager_fixture.h \
	tests/unit/manager/mode_plan_test.cc \
	tests/unit/manager/mode_policy_test.cc \
	tests/unit/manager/nested_ports_test.cc \
	tests/unit/manager/operations_test.cc \
	tests/unit/manager/ports_test.cc \
	tests/unit/manager/profile_manager_test.cc \
	tests/unit/manager/profile_test.cc \
	tests/unit/manager/random_rdma.h \
	tests/unit/manager/random_test.cc \
	tests/unit/manager/rdma_devices_test.cc \
	tests/unit/manager/rdma_test.cc \
	tests/unit/manager/record_fixture.h \
	tests/unit/manager/record_report_test.cc \
	tests/unit/manager/record_test.cc \
	tests/unit/manager/rep_block_test.cc \
	tests/unit/manager/report_test.cc \
	tests/unit/manager/watchdog_test.cc \
	tests/unit/manager/work_queue_test.cc
tests_unit_test_manager_CPPFLAGS = $(ESW_TEST_CPPFLAGS)
tests_unit_test_manager_LDADD = tests/fakes/libesw-fakes.a $(ESW_TEST_LIBS) $(ESW_MANAGER_LIBS)
