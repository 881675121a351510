# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test-netlink
tests_unit_test_netlink_SOURCES = \
	tests/unit/netlink/answers.cc \
	tests/unit/netlink/answers.h \
	tests/unit/netlink/captured_route.h \
	tests/unit/netlink/client_test.cc \
	tests/unit/netlink/devlink_codec_test.cc \
	tests/unit/netlink/devlink_types_test.cc \
	tests/unit/netlink/fake_channel.cc \
	tests/unit/netlink/fake_channel.h \
	tests/unit/netlink/kernel_test.cc \
	tests/unit/netlink/malformed_test.cc \
	tests/unit/netlink/message_test.cc \
	tests/unit/netlink/messages.cc \
	tests/unit/netlink/messages.h \
	tests/unit/netlink/monitor_test.cc \
	tests/unit/netlink/rdma_codec_test.cc \
	tests/unit/netlink/requester_test.cc \
	tests/unit/netlink/route_codec_test.cc \
	tests/unit/netlink/sysfs_test.cc \
	tests/unit/netlink/uevent_test.cc \
	tests/unit/netlink/written_messages.h
tests_unit_test_netlink_CPPFLAGS = $(ESW_TEST_CPPFLAGS)
tests_unit_test_netlink_LDADD = $(ESW_TEST_LIBS) $(ESW_NETLINK_LIBS)
