# SPDX-License-Identifier: Apache-2.0

# Five kinds of tests, all run and counted by tests/run:
#   check   ESW_CHECK_TESTS: scripts that look at the sources, and spin's of the model
#   unit    the programs tests/unit/test-LAYER of check_PROGRAMS, with GoogleTest; the others there are
#           tools of theirs
#   system  ESW_SYSTEM_TESTS: scripts with real programs and packets, as root
#   suite   Open vSwitch's own testsuite with our daemon (make check-ovs)
# Scripts print TAP; those in bash source tests/lib.sh.
ESW_CHECK_TESTS += \
	tests/check/build-kernel \
	tests/check/build-ovs \
	tests/check/build-tree \
	tests/check/format \
	tests/check/kernel-shell \
	tests/check/layers \
	tests/check/offload \
	tests/check/prm \
	tests/check/runner \
	tests/check/spdx \
	tests/model/run-models
ESW_SYSTEM_TESTS += \
	tests/ovs/attach-faults.sh \
	tests/ovs/busy-kernel.sh \
	tests/ovs/database.sh \
	tests/ovs/flow-counters.sh \
	tests/ovs/flows.sh \
	tests/ovs/life.sh \
	tests/ovs/many.sh \
	tests/ovs/many-newest-kernel.sh \
	tests/ovs/netdevs.sh \
	tests/ovs/operations.sh \
	tests/ovs/operations-newest-kernel.sh \
	tests/ovs/ports-without-rep.sh \
	tests/ovs/profile.sh \
	tests/ovs/profile-newest-kernel.sh \
	tests/ovs/rdma.sh \
	tests/ovs/rdma-newest-kernel.sh \
	tests/ovs/restart.sh \
	tests/ovs/scenarios.sh \
	tests/ovs/scenarios-of-providers.sh \
	tests/ovs/storm.sh \
	tests/ovs/storm-newest-kernel.sh \
	tests/ovs/try-it.sh \
	tests/ovs/visible.sh
ESW_KERNEL_TESTS = \
	tests/kernel/commands.sh \
	tests/kernel/eswitches.sh \
	tests/kernel/netlink.sh \
	tests/kernel/order.sh \
	tests/kernel/ports.sh
ESW_SUITES = tests/ovs-suite/run-suite

ESW_TEST_CPPFLAGS = $(AM_CPPFLAGS) $(GTEST_CFLAGS)
ESW_TEST_LIBS = $(GTEST_MAIN_LIBS) $(GTEST_LIBS)

# Preloaded into the switch. The run path makes it a shared object though it is not installed.
check_LTLIBRARIES += tests/ovs/packet-socket-fault.la
tests_ovs_packet_socket_fault_la_SOURCES = tests/ovs/packet-socket-fault.c
tests_ovs_packet_socket_fault_la_LDFLAGS = -module -avoid-version -rpath /nowhere

include tests/unit/base/automake.mk
include tests/unit/netlink/automake.mk
include tests/unit/manager/automake.mk
include tests/unit/flow/automake.mk
include tests/unit/mlx5/automake.mk
include tests/unit/plugin/automake.mk
include tests/unit/shim/automake.mk
include tests/unit/sim/automake.mk
include tests/sim/automake.mk

EXTRA_DIST += tests/lib.sh tests/ovs/lib-ovs.sh tests/ovs/lib-scenarios.sh tests/ovs/lib-sim.sh \
	tests/quiet.py tests/ovs/tagged-frames.py tests/run $(ESW_CHECK_TESTS) $(ESW_SYSTEM_TESTS) \
	$(ESW_KERNEL_TESTS) tests/kernel/agreement.py tests/kernel/lib-kernel.sh \
	tests/lib-recorded.sh tests/commands tests/data/commands-6.1 tests/data/commands-6.1-mlx5 \
	tests/data/notifications-6.1 tests/data/notifications-6.1-mlx5 \
	$(ESW_SUITES) tests/ovs-suite/minimum \
	tests/model/eswitch.pml tests/model/lifecycle.pml tests/model/locks.pml

tests/tests.list: Makefile
	$(AM_V_GEN)$(MKDIR_P) tests && { \
	    for test in $(ESW_CHECK_TESTS); do echo "check $$test"; done; \
	    for test in $(filter tests/unit/test-%, $(check_PROGRAMS)); do echo "unit $$test"; done; \
	    for test in $(ESW_SYSTEM_TESTS); do echo "system $$test"; done; \
	    for test in $(ESW_KERNEL_TESTS); do echo "kernel $$test"; done; \
	    for test in $(ESW_SUITES); do echo "suite $$test"; done; \
	} >$@
CLEANFILES += tests/tests.list

check-local: tests/tests.list
	$(AM_V_at)$(srcdir)/tests/run --kinds '$(ESW_TEST_KINDS)' $(PATTERN)

# OVS_TESTS=all, or keywords of the testsuite, takes others than the part that CI runs.
check-ovs: all tests/tests.list
	$(AM_V_at)$(srcdir)/tests/run --kinds suite

# Not "all" and programs at once, as below.
check-kernel: all
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) tests/unit/test-netlink tests/tests.list
	$(AM_V_at)$(srcdir)/tests/run --kinds kernel $(PATTERN)

# The programs and lists that `tests/run --kinds unit`, or all kinds, need; with all of them the
# benchmarks, so that they go on being built.
.PHONY: check-kernel check-ovs unit-tests all-tests
unit-tests: $(check_PROGRAMS) $(check_LTLIBRARIES) tests/tests.list
# One after the other: "all" is a make of its own, and two would build the same objects at once.
all-tests: all
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) unit-tests $(ESW_BENCHMARKS)
