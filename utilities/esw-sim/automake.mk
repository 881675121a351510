# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += utilities/esw-sim/libesw-sim.a
utilities_esw_sim_libesw_sim_a_SOURCES = \
	utilities/esw-sim/netlink_server.h

include utilities/esw-sim/transport/automake.mk
include utilities/esw-sim/preload/automake.mk
