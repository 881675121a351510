# SPDX-License-Identifier: Apache-2.0
# The adapter judged through libibverbs and libmlx5, as any program uses them: nothing here includes
# a header of the simulator. Then, on the same adapter, the rules that the product makes (fdb-*).
check_LIBRARIES += tests/sim/device/libdevice.a
tests_sim_device_libdevice_a_CPPFLAGS = $(ESW_TEST_CPPFLAGS) $(MLX5_CFLAGS)
tests_sim_device_libdevice_a_SOURCES = \
	tests/sim/device/action_bench.h \
	tests/sim/device/bench.h \
	tests/sim/device/control.cc \
	tests/sim/device/control.h \
	tests/sim/device/fdb_bench.cc \
	tests/sim/device/fdb_bench.h \
	tests/sim/device/frames.cc \
	tests/sim/device/frames.h \
	tests/sim/device/header_fields.h \
	tests/sim/device/knobs.cc \
	tests/sim/device/knobs.h \
	tests/sim/device/netdevs.cc \
	tests/sim/device/netdevs.h \
	tests/sim/device/steering.cc \
	tests/sim/device/steering.h \
	tests/sim/device/tap_main.cc \
	tests/sim/device/tap_main.h
ESW_DEVICE_LIBS = tests/sim/device/libdevice.a $(MLX5_LIBS) $(GTEST_LIBS)
# The product's rules, on the same adapter.
ESW_FDB_LIBS = tests/sim/device/libdevice.a $(ESW_MANAGER_LIBS) $(GTEST_LIBS)

check_PROGRAMS += \
	tests/sim/device/dr-actions \
	tests/sim/device/dr-flows \
	tests/sim/device/dr-life \
	tests/sim/device/dr-many \
	tests/sim/device/dr-matches \
	tests/sim/device/dr-rules \
	tests/sim/device/fdb-life \
	tests/sim/device/fdb-rules
tests_sim_device_dr_actions_CPPFLAGS = $(ESW_TEST_CPPFLAGS) $(MLX5_CFLAGS)
tests_sim_device_dr_actions_LDADD = $(ESW_DEVICE_LIBS)
tests_sim_device_dr_actions_SOURCES = \
	tests/sim/device/dr_actions.cc \
	tests/sim/device/dr_refusals.cc \
	tests/sim/device/dr_rewrites.cc \
	tests/sim/device/dr_tunnels.cc
tests_sim_device_dr_flows_CPPFLAGS = $(ESW_TEST_CPPFLAGS) $(MLX5_CFLAGS)
tests_sim_device_dr_flows_LDADD = $(ESW_DEVICE_LIBS) $(ESW_MANAGER_LIBS)
tests_sim_device_dr_flows_SOURCES = \
	tests/sim/device/dr_flows.cc \
	tests/unit/mlx5/random_flows.cc \
	tests/unit/mlx5/random_flows.h \
	tests/unit/mlx5/random_packets.cc \
	tests/unit/mlx5/random_packets.h \
	tests/unit/mlx5/switch_judge.cc \
	tests/unit/mlx5/switch_judge.h
tests_sim_device_dr_life_CPPFLAGS = $(ESW_TEST_CPPFLAGS) $(MLX5_CFLAGS)
tests_sim_device_dr_life_LDADD = $(ESW_DEVICE_LIBS)
tests_sim_device_dr_life_SOURCES = tests/sim/device/dr_life.cc
tests_sim_device_dr_many_CPPFLAGS = $(ESW_TEST_CPPFLAGS) $(MLX5_CFLAGS)
tests_sim_device_dr_many_LDADD = $(ESW_DEVICE_LIBS)
tests_sim_device_dr_many_SOURCES = tests/sim/device/dr_many.cc
tests_sim_device_dr_matches_CPPFLAGS = $(ESW_TEST_CPPFLAGS) $(MLX5_CFLAGS)
tests_sim_device_dr_matches_LDADD = $(ESW_DEVICE_LIBS)
tests_sim_device_dr_matches_SOURCES = tests/sim/device/dr_matches.cc
tests_sim_device_dr_rules_CPPFLAGS = $(ESW_TEST_CPPFLAGS) $(MLX5_CFLAGS)
tests_sim_device_dr_rules_LDADD = $(ESW_DEVICE_LIBS)
tests_sim_device_dr_rules_SOURCES = \
	tests/sim/device/dr_cost.cc \
	tests/sim/device/dr_rules.cc
tests_sim_device_fdb_life_CPPFLAGS = $(ESW_TEST_CPPFLAGS) $(MLX5_CFLAGS)
tests_sim_device_fdb_life_LDADD = $(ESW_FDB_LIBS)
tests_sim_device_fdb_life_SOURCES = tests/sim/device/fdb_life.cc
tests_sim_device_fdb_rules_CPPFLAGS = $(ESW_TEST_CPPFLAGS) $(MLX5_CFLAGS)
tests_sim_device_fdb_rules_LDADD = $(ESW_FDB_LIBS)
tests_sim_device_fdb_rules_SOURCES = \
	tests/sim/device/fdb_cost.cc \
	tests/sim/device/fdb_counters.cc \
	tests/sim/device/fdb_faults.cc \
	tests/sim/device/fdb_masks.cc \
	tests/sim/device/fdb_replace.cc \
	tests/sim/device/fdb_rules.cc

ESW_SYSTEM_TESTS += \
	tests/sim/device/actions \
	tests/sim/device/fdb \
	tests/sim/device/flows \
	tests/sim/device/life \
	tests/sim/device/life-of-fdb \
	tests/sim/device/many \
	tests/sim/device/matches \
	tests/sim/device/programs \
	tests/sim/device/rules
EXTRA_DIST += tests/sim/device/common.sh tests/sim/device/idle-client.py \
	tests/sim/device/lsan.suppressions tests/sim/device/tsan.suppressions tests/sim/device/rdma-core-tests
