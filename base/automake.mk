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
	base/thread.cc \
	base/thread.h \
	base/thread_safety.h \
	base/unique_fd.h
