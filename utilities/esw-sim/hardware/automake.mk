# SPDX-License-Identifier: Apache-2.0
utilities_esw_sim_libesw_sim_a_SOURCES += \
	utilities/esw-sim/hardware/icm.cc \
	utilities/esw-sim/hardware/icm.h \
	utilities/esw-sim/hardware/icm_layout.h \
	utilities/esw-sim/hardware/pipeline.h \
	utilities/esw-sim/hardware/resources.h
