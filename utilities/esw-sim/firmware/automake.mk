# SPDX-License-Identifier: Apache-2.0
utilities_esw_sim_libesw_sim_a_SOURCES += \
	utilities/esw-sim/firmware/capabilities.cc \
	utilities/esw-sim/firmware/capabilities.h \
	utilities/esw-sim/firmware/command.h \
	utilities/esw-sim/firmware/firmware.cc \
	utilities/esw-sim/firmware/firmware.h \
	utilities/esw-sim/firmware/firmware_host.h \
	utilities/esw-sim/firmware/flow_counters.cc \
	utilities/esw-sim/firmware/flow_counters.h \
	utilities/esw-sim/firmware/flow_tables.cc \
	utilities/esw-sim/firmware/flow_tables.h \
	utilities/esw-sim/firmware/general_objects.cc \
	utilities/esw-sim/firmware/general_objects.h \
	utilities/esw-sim/firmware/icm_address.h \
	utilities/esw-sim/firmware/limits.h \
	utilities/esw-sim/firmware/object_table.h \
	utilities/esw-sim/firmware/queues.cc \
	utilities/esw-sim/firmware/queues.h \
	utilities/esw-sim/firmware/reformats.cc \
	utilities/esw-sim/firmware/reformats.h \
	utilities/esw-sim/firmware/vport_commands.cc \
	utilities/esw-sim/firmware/vport_commands.h
