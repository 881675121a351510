// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "esw-manager/mlx5/prm_flow.h"

// Vports, eswitch functions and link aggregation. See prm.h.

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_vport_state_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t other_vport[0x1];
    uint8_t reserved_at_41[0xf];
    uint8_t vport_number[0x10];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_vport_state_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x38];
    uint8_t admin_state[0x4];
    uint8_t state[0x4];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_esw_vport_context_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t other_vport[0x1];
    uint8_t reserved_at_41[0xf];
    uint8_t vport_number[0x10];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_esw_vport_context_bits {
    uint8_t reserved_at_0[0x780];
    uint8_t sw_steering_vport_icm_address_rx[0x40];
    uint8_t sw_steering_vport_icm_address_tx[0x40];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_esw_vport_context_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x40];
    struct mlx5_ifc_esw_vport_context_bits esw_vport_context;
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_nic_vport_context_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t other_vport[0x1];
    uint8_t reserved_at_41[0xf];
    uint8_t vport_number[0x10];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_mac_address_layout_bits {
    uint8_t reserved_at_0[0x10];
    uint8_t mac_addr_47_32[0x10];
    uint8_t mac_addr_31_0[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_nic_vport_context_bits {
    uint8_t reserved_at_0[0x1f];
    uint8_t roce_en[0x1];
    uint8_t reserved_at_20[0x110];
    uint8_t mtu[0x10];
    uint8_t system_image_guid[0x40];
    uint8_t port_guid[0x40];
    uint8_t node_guid[0x40];
    uint8_t reserved_at_200[0x5a0];
    struct mlx5_ifc_mac_address_layout_bits permanent_address;
    uint8_t reserved_at_7e0[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_nic_vport_context_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x40];
    struct mlx5_ifc_nic_vport_context_bits nic_vport_context;
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_roce_address_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t roce_address_index[0x10];
    uint8_t reserved_at_50[0x30];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_roce_addr_layout_bits {
    uint8_t source_l3_address[16][0x8];
    uint8_t reserved_at_80[0x3];
    uint8_t vlan_valid[0x1];
    uint8_t vlan_id[0xc];
    uint8_t source_mac_47_32[0x10];
    uint8_t source_mac_31_0[0x20];
    uint8_t reserved_at_c0[0x14];
    uint8_t roce_l3_type[0x4];
    uint8_t roce_version[0x8];
    uint8_t reserved_at_e0[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_roce_address_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x40];
    struct mlx5_ifc_roce_addr_layout_bits roce_address;
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_vnic_env_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t other_vport[0x1];
    uint8_t reserved_at_41[0xf];
    uint8_t vport_number[0x10];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_vnic_diagnostic_statistics_bits {
    uint8_t reserved_at_0[0x80];
    uint8_t nic_receive_steering_discard[0x40];
    uint8_t receive_discard_vport_down[0x40];
    uint8_t transmit_discard_vport_down[0x40];
    uint8_t reserved_at_140[0xec0];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_vnic_env_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x40];
    struct mlx5_ifc_vnic_diagnostic_statistics_bits vport_env;
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_vport_counter_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t other_vport[0x1];
    uint8_t reserved_at_41[0xb];
    uint8_t port_num[0x4];
    uint8_t vport_number[0x10];
    uint8_t reserved_at_60[0x60];
    uint8_t clear[0x1];
    uint8_t reserved_at_c1[0x3f];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_vport_counter_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x440];
    struct mlx5_ifc_traffic_counter_bits received_eth_unicast;
    struct mlx5_ifc_traffic_counter_bits transmitted_eth_unicast;
    uint8_t reserved_at_580[0xb00];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_esw_functions_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x40];
};

/// Linux mlx5_ifc.h; host_pf_vhca_id_valid and host_pf_vhca_id: rdma-core's.
struct mlx5_ifc_host_params_context_bits {
    uint8_t reserved_at_0[0xe];
    uint8_t host_pf_vhca_id_valid[0x1];
    uint8_t reserved_at_f[0x1];
    uint8_t host_num_of_vfs[0x10];
    uint8_t host_total_vfs[0x10];
    uint8_t reserved_at_30[0x10];
    uint8_t host_pf_vhca_id[0x10];
    uint8_t reserved_at_50[0x1b0];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_esw_functions_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x40];
    struct mlx5_ifc_host_params_context_bits host_params_context;
    uint8_t reserved_at_280[0x180];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_lag_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x40];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_lagc_bits {
    uint8_t fdb_selection_mode[0x1];
    uint8_t reserved_at_1[0x14];
    uint8_t port_select_mode[0x3];
    uint8_t reserved_at_18[0x5];
    uint8_t lag_state[0x3];
    uint8_t reserved_at_20[0xc];
    uint8_t active_port[0x4];
    uint8_t reserved_at_30[0x4];
    uint8_t tx_remap_affinity_2[0x4];
    uint8_t reserved_at_38[0x4];
    uint8_t tx_remap_affinity_1[0x4];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_lag_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    struct mlx5_ifc_lagc_bits ctx;
};
