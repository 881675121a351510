# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test-mlx5
tests_unit_test_mlx5_SOURCES = \
	tests/unit/mlx5/fake_ib_device.h \
	tests/unit/mlx5/port_map_test.cc \
	tests/unit/mlx5/rdma_provider_test.cc
tests_unit_test_mlx5_CPPFLAGS = $(ESW_TEST_CPPFLAGS)
tests_unit_test_mlx5_LDADD = $(ESW_TEST_LIBS) $(ESW_MANAGER_LIBS)
