# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += esw-manager/libesw-manager.a
esw_manager_libesw_manager_a_SOURCES = \
	esw-manager/ids.h \
	esw-manager/manager.h \
	esw-manager/snapshot.h
