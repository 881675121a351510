# SPDX-License-Identifier: Apache-2.0
utilities_esw_sim_libesw_sim_a_SOURCES += \
	utilities/esw-sim/uverbs/engine_record.h \
	utilities/esw-sim/uverbs/uverbs_file.h
