# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += base/libesw-base.a
base_libesw_base_a_SOURCES = \
	base/back_off.h \
	base/clock.h \
	base/event_loop.cc \
	base/event_loop.h \
	base/lock_rank.h \
	base/log.cc \
	base/log.h \
	base/mailbox.h \
	base/mutex.cc \
	base/mutex.h \
	base/result.cc \
	base/result.h \
	base/shared_map.h \
	base/thread.cc \
	base/thread.h \
	base/thread_safety.h \
	base/unique_fd.h

# What base/libraries.h includes is read by the compiler once instead of in each file. "make all" makes
# it first; it must be there before a single program is made.
EXTRA_DIST += base/libraries.h
if PRECOMPILED_HEADER
# All files or none have the macros of gtest's in front of its headers.
ESW_PCH_CPPFLAGS = $(GTEST_CFLAGS)
ESW_PCH_FLAGS = -include-pch $(top_builddir)/base/libraries.pch
BUILT_SOURCES += base/libraries.pch
CLEANFILES += base/libraries.pch
# Not from ccache: it names the directory that it was made in, which may be gone.
base/libraries.pch: base/libraries.h Makefile
	$(AM_V_GEN)CCACHE_DISABLE=1 $(CXX) $(DEFS) $(AM_CPPFLAGS) $(CPPFLAGS) $(ESW_CXXFLAGS) $(CXXFLAGS) \
	    -fpch-instantiate-templates -Xclang -fno-pch-timestamp -x c++-header -o $@ $<
endif
