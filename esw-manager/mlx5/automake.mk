# SPDX-License-Identifier: Apache-2.0
esw_manager_libesw_manager_a_SOURCES += \
	esw-manager/mlx5/action_compiler.cc \
	esw-manager/mlx5/action_compiler.h \
	esw-manager/mlx5/fdb.h \
	esw-manager/mlx5/fdb_flow.h \
	esw-manager/mlx5/flow_compiler.cc \
	esw-manager/mlx5/flow_compiler.h \
	esw-manager/mlx5/flow_ports.h \
	esw-manager/mlx5/header_rewrite.cc \
	esw-manager/mlx5/header_rewrite.h \
	esw-manager/mlx5/ib_device.cc \
	esw-manager/mlx5/ib_device.h \
	esw-manager/mlx5/match_builder.cc \
	esw-manager/mlx5/match_builder.h \
	esw-manager/mlx5/match_compiler.cc \
	esw-manager/mlx5/match_compiler.h \
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
	esw-manager/mlx5/rdma_provider.h \
	esw-manager/mlx5/tag_match.cc \
	esw-manager/mlx5/tag_match.h \
	esw-manager/mlx5/tunnel_header.cc \
	esw-manager/mlx5/tunnel_header.h
