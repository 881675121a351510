# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test-mlx5
tests_unit_test_mlx5_SOURCES = \
	tests/sim/device/frames.cc \
	tests/sim/device/frames.h \
	tests/unit/mlx5/adapter_judge.cc \
	tests/unit/mlx5/adapter_judge.h \
	tests/unit/mlx5/fake_ib_device.h \
	tests/unit/mlx5/flow_compiler_action_test.cc \
	tests/unit/mlx5/flow_compiler_match_test.cc \
	tests/unit/mlx5/flow_compiler_random_test.cc \
	tests/unit/mlx5/flow_compiler_refusal_test.cc \
	tests/unit/mlx5/flow_fixture.h \
	tests/unit/mlx5/packet_bytes.h \
	tests/unit/mlx5/port_map_test.cc \
	tests/unit/mlx5/random_flows.cc \
	tests/unit/mlx5/random_flows.h \
	tests/unit/mlx5/random_packets.cc \
	tests/unit/mlx5/random_packets.h \
	tests/unit/mlx5/rdma_provider_test.cc \
	tests/unit/mlx5/switch_judge.cc \
	tests/unit/mlx5/switch_judge.h
tests_unit_test_mlx5_CPPFLAGS = $(ESW_TEST_CPPFLAGS)
tests_unit_test_mlx5_LDADD = $(ESW_TEST_LIBS) $(ESW_MANAGER_LIBS)
