# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/sim/toy-exec
tests_unit_sim_toy_exec_SOURCES = \
	tests/unit/sim/toy_adapter.cc \
	tests/unit/sim/toy_adapter.h \
	tests/unit/sim/toy_exec.cc
tests_unit_sim_toy_exec_LDADD = $(ESW_SIM_LIBS)
