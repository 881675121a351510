# SPDX-License-Identifier: Apache-2.0

# Three kinds of tests, all run and counted by tests/run:
#   check   ESW_CHECK_TESTS: scripts that look at the sources
#   unit    check_PROGRAMS: one GoogleTest program per layer; the layer's owner lists its sources in
#           tests/unit/LAYER/automake.mk
#   system  ESW_SYSTEM_TESTS: scripts with real programs and packets, as root
# Scripts print TAP; those in bash source tests/lib.sh.
ESW_CHECK_TESTS = \
	tests/check/format \
	tests/check/layers \
	tests/check/spdx
ESW_SYSTEM_TESTS =

ESW_TEST_CPPFLAGS = $(AM_CPPFLAGS) $(GTEST_CFLAGS)
ESW_TEST_LIBS = $(GTEST_MAIN_LIBS) $(GTEST_LIBS)

include tests/unit/base/automake.mk
include tests/unit/netlink/automake.mk
include tests/unit/manager/automake.mk
include tests/unit/plugin/automake.mk
include tests/unit/sim/automake.mk

EXTRA_DIST += tests/lib.sh tests/run $(ESW_CHECK_TESTS) $(ESW_SYSTEM_TESTS)

# Which kinds `make check` runs, comma-separated.
ESW_TEST_KINDS = check,unit,system

tests/tests.list: Makefile
	$(AM_V_GEN)$(MKDIR_P) tests && { \
	    for test in $(ESW_CHECK_TESTS); do echo "check $$test"; done; \
	    for test in $(check_PROGRAMS); do echo "unit $$test"; done; \
	    for test in $(ESW_SYSTEM_TESTS); do echo "system $$test"; done; \
	} >$@
CLEANFILES += tests/tests.list

check-local: tests/tests.list
	$(AM_V_at)$(srcdir)/tests/run --kinds '$(ESW_TEST_KINDS)' $(PATTERN)

# The programs and lists that `tests/run --kinds unit`, or all kinds, need.
.PHONY: unit-tests all-tests
unit-tests: $(check_PROGRAMS) tests/tests.list
all-tests: all unit-tests
