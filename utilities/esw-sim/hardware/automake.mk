# SPDX-License-Identifier: Apache-2.0
utilities_esw_sim_libesw_sim_a_SOURCES += \
	utilities/esw-sim/hardware/actions.cc \
	utilities/esw-sim/hardware/actions.h \
	utilities/esw-sim/hardware/header_fields.cc \
	utilities/esw-sim/hardware/header_fields.h \
	utilities/esw-sim/hardware/icm.cc \
	utilities/esw-sim/hardware/icm.h \
	utilities/esw-sim/hardware/icm_layout.h \
	utilities/esw-sim/hardware/match_tag.cc \
	utilities/esw-sim/hardware/match_tag.h \
	utilities/esw-sim/hardware/packet.cc \
	utilities/esw-sim/hardware/packet.h \
	utilities/esw-sim/hardware/pipeline.cc \
	utilities/esw-sim/hardware/pipeline.h \
	utilities/esw-sim/hardware/reformat.cc \
	utilities/esw-sim/hardware/reformat.h \
	utilities/esw-sim/hardware/resources.h \
	utilities/esw-sim/hardware/root_match.cc \
	utilities/esw-sim/hardware/ste.cc \
	utilities/esw-sim/hardware/ste.h
