# SPDX-License-Identifier: Apache-2.0
utilities_esw_sim_libesw_sim_a_SOURCES += \
	utilities/esw-sim/uverbs/attributes.h \
	utilities/esw-sim/uverbs/context_methods.cc \
	utilities/esw-sim/uverbs/device_attributes.cc \
	utilities/esw-sim/uverbs/device_attributes.h \
	utilities/esw-sim/uverbs/devx_commands.cc \
	utilities/esw-sim/uverbs/devx_commands.h \
	utilities/esw-sim/uverbs/devx_events.cc \
	utilities/esw-sim/uverbs/devx_events.h \
	utilities/esw-sim/uverbs/devx_methods.cc \
	utilities/esw-sim/uverbs/devx_object.h \
	utilities/esw-sim/uverbs/driver_objects.h \
	utilities/esw-sim/uverbs/engine_record.h \
	utilities/esw-sim/uverbs/events.cc \
	utilities/esw-sim/uverbs/events.h \
	utilities/esw-sim/uverbs/flow_methods.cc \
	utilities/esw-sim/uverbs/memory_methods.cc \
	utilities/esw-sim/uverbs/methods.cc \
	utilities/esw-sim/uverbs/methods.h \
	utilities/esw-sim/uverbs/objects.cc \
	utilities/esw-sim/uverbs/objects.h \
	utilities/esw-sim/uverbs/open_file.cc \
	utilities/esw-sim/uverbs/open_file.h \
	utilities/esw-sim/uverbs/queue_methods.cc \
	utilities/esw-sim/uverbs/request.cc \
	utilities/esw-sim/uverbs/request.h \
	utilities/esw-sim/uverbs/root_table.cc \
	utilities/esw-sim/uverbs/root_table.h \
	utilities/esw-sim/uverbs/uverbs_device.cc \
	utilities/esw-sim/uverbs/uverbs_device.h \
	utilities/esw-sim/uverbs/uverbs_file.h \
	utilities/esw-sim/uverbs/uverbs_host.h \
	utilities/esw-sim/uverbs/write_commands.cc
