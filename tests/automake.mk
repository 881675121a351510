# SPDX-License-Identifier: Apache-2.0

# One gtest program per layer; the layer's owner lists the sources in tests/unit/LAYER/automake.mk.
ESW_TEST_CPPFLAGS = $(AM_CPPFLAGS) $(GTEST_CFLAGS)
ESW_TEST_LIBS = $(GTEST_MAIN_LIBS) $(GTEST_LIBS)

include tests/unit/base/automake.mk
include tests/unit/netlink/automake.mk
include tests/unit/manager/automake.mk
include tests/unit/plugin/automake.mk
include tests/unit/sim/automake.mk
