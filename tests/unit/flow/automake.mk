# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test-flow
tests_unit_test_flow_SOURCES = \
	tests/unit/flow/fake_fdb.h \
	tests/unit/flow/flow_offload_test.cc \
	tests/unit/flow/flow_switch_test.cc \
	tests/unit/flow/flow_text_test.cc \
	tests/unit/flow/some_flows.h
tests_unit_test_flow_CPPFLAGS = $(ESW_TEST_CPPFLAGS)
tests_unit_test_flow_LDADD = tests/fakes/libesw-fakes.a $(ESW_TEST_LIBS) $(ESW_MANAGER_LIBS)
