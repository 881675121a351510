# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test-base
tests_unit_test_base_SOURCES = \
	tests/unit/base/event_loop_test.cc \
	tests/unit/base/log_test.cc \
	tests/unit/base/mailbox_test.cc \
	tests/unit/base/mutex_test.cc \
	tests/unit/base/result_test.cc \
	tests/unit/base/shared_map_test.cc \
	tests/unit/base/thread_test.cc \
	tests/unit/base/unique_fd_test.cc
tests_unit_test_base_CPPFLAGS = $(ESW_TEST_CPPFLAGS)
tests_unit_test_base_LDADD = $(ESW_TEST_LIBS) $(ESW_BASE_LIBS)
