# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test-plugin
tests_unit_test_plugin_SOURCES = \
	tests/fakes/fake_clock.cc \
	tests/fakes/fake_clock.h \
	tests/unit/plugin/binding_tracker_test.cc \
	tests/unit/plugin/call_watch_test.cc \
	tests/unit/plugin/commands_test.cc \
	tests/unit/plugin/device_reader_test.cc \
	tests/unit/plugin/fake_manager.h \
	tests/unit/plugin/link_kernel.cc \
	tests/unit/plugin/link_kernel.h \
	tests/unit/plugin/netdev_setup_test.cc \
	tests/unit/plugin/option_parser_test.cc \
	tests/unit/plugin/plugin_test.cc \
	tests/unit/plugin/port_status_test.cc
tests_unit_test_plugin_CPPFLAGS = $(ESW_TEST_CPPFLAGS)
tests_unit_test_plugin_LDADD = $(ESW_TEST_LIBS) -lrapidcheck $(ESW_PLUGIN_LIBS)
