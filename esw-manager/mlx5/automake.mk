# SPDX-License-Identifier: Apache-2.0
esw_manager_libesw_manager_a_SOURCES += \
	esw-manager/mlx5/fdb.h \
	esw-manager/mlx5/fdb_flow.h \
	esw-manager/mlx5/ib_device.cc \
	esw-manager/mlx5/ib_device.h \
	esw-manager/mlx5/port_map.cc \
	esw-manager/mlx5/port_map.h \
	esw-manager/mlx5/prm.h \
	esw-manager/mlx5/prm_command.h \
	esw-manager/mlx5/prm_flow.h \
	esw-manager/mlx5/prm_hca.h \
	esw-manager/mlx5/prm_match.h \
	esw-manager/mlx5/prm_object.h \
	esw-manager/mlx5/prm_queue.h \
	esw-manager/mlx5/prm_vport.h \
	esw-manager/mlx5/rdma_provider.cc \
	esw-manager/mlx5/rdma_provider.h
