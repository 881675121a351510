// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "esw-manager/mlx5/prm_match.h"

// Flow tables, their groups and entries, counters, reformats and header rewrites. See prm.h.

/// Linux mlx5_ifc.h.
struct mlx5_ifc_flow_table_context_bits {
    uint8_t reformat_en[0x1];
    uint8_t reserved_at_1[0x1];
    uint8_t sw_owner[0x1];
    uint8_t termination_table[0x1];
    uint8_t table_miss_action[0x4];
    uint8_t level[0x8];
    uint8_t reserved_at_10[0x8];
    uint8_t log_size[0x8];
    uint8_t reserved_at_20[0x8];
    uint8_t table_miss_id[0x18];
    uint8_t reserved_at_40[0x80];
    uint8_t sw_owner_icm_root_1[0x40];
    uint8_t sw_owner_icm_root_0[0x40];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_create_flow_table_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t other_vport[0x1];
    uint8_t reserved_at_41[0xf];
    uint8_t vport_number[0x10];
    uint8_t reserved_at_60[0x20];
    uint8_t table_type[0x8];
    uint8_t reserved_at_88[0x38];
    struct mlx5_ifc_flow_table_context_bits flow_table_context;
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_create_flow_table_out_bits {
    uint8_t status[0x8];
    uint8_t icm_address_63_40[0x18];
    uint8_t syndrome[0x20];
    uint8_t icm_address_39_32[0x8];
    uint8_t table_id[0x18];
    uint8_t icm_address_31_0[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_modify_flow_table_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t other_vport[0x1];
    uint8_t reserved_at_41[0xf];
    uint8_t vport_number[0x10];
    uint8_t reserved_at_60[0x10];
    uint8_t modify_field_select[0x10];
    uint8_t table_type[0x8];
    uint8_t reserved_at_88[0x20];
    uint8_t table_id[0x18];
    struct mlx5_ifc_flow_table_context_bits flow_table_context;
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_flow_table_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x40];
    uint8_t table_type[0x8];
    uint8_t reserved_at_88[0x20];
    uint8_t table_id[0x18];
    uint8_t reserved_at_c0[0x140];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_flow_table_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x80];
    struct mlx5_ifc_flow_table_context_bits flow_table_context;
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_destroy_flow_table_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t other_vport[0x1];
    uint8_t reserved_at_41[0xf];
    uint8_t vport_number[0x10];
    uint8_t reserved_at_60[0x20];
    uint8_t table_type[0x8];
    uint8_t reserved_at_88[0x20];
    uint8_t table_id[0x18];
    uint8_t reserved_at_c0[0x140];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_create_flow_group_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t other_vport[0x1];
    uint8_t reserved_at_41[0xf];
    uint8_t vport_number[0x10];
    uint8_t reserved_at_60[0x20];
    uint8_t table_type[0x8];
    uint8_t reserved_at_88[0x20];
    uint8_t table_id[0x18];
    uint8_t reserved_at_c0[0x20];
    uint8_t start_flow_index[0x20];
    uint8_t reserved_at_100[0x20];
    uint8_t end_flow_index[0x20];
    uint8_t reserved_at_140[0xb8];
    uint8_t match_criteria_enable[0x8];
    struct mlx5_ifc_fte_match_param_bits match_criteria;
    uint8_t reserved_at_1200[0xe00];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_create_flow_group_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x8];
    uint8_t group_id[0x18];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_flow_group_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x40];
    uint8_t table_type[0x8];
    uint8_t reserved_at_88[0x20];
    uint8_t table_id[0x18];
    uint8_t group_id[0x20];
    uint8_t reserved_at_e0[0x120];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_flow_group_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0xa0];
    uint8_t start_flow_index[0x20];
    uint8_t reserved_at_100[0x20];
    uint8_t end_flow_index[0x20];
    uint8_t reserved_at_140[0xb8];
    uint8_t match_criteria_enable[0x8];
    struct mlx5_ifc_fte_match_param_bits match_criteria;
    uint8_t reserved_at_1200[0xe00];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_destroy_flow_group_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t other_vport[0x1];
    uint8_t reserved_at_41[0xf];
    uint8_t vport_number[0x10];
    uint8_t reserved_at_60[0x20];
    uint8_t table_type[0x8];
    uint8_t reserved_at_88[0x20];
    uint8_t table_id[0x18];
    uint8_t group_id[0x20];
    uint8_t reserved_at_e0[0x120];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_dest_format_struct_bits {
    uint8_t destination_type[0x8];
    uint8_t destination_id[0x18];
    uint8_t destination_eswitch_owner_vhca_id_valid[0x1];
    uint8_t packet_reformat[0x1];
    uint8_t reserved_at_22[0xe];
    uint8_t destination_eswitch_owner_vhca_id[0x10];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_extended_dest_format_bits {
    struct mlx5_ifc_dest_format_struct_bits destination_entry;
    uint8_t packet_reformat_id[0x20];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_flow_counter_list_bits {
    uint8_t flow_counter_id[0x20];
    uint8_t reserved_at_20[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_vlan_bits {
    uint8_t ethtype[0x10];
    uint8_t prio[0x3];
    uint8_t cfi[0x1];
    uint8_t vid[0xc];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_flow_context_bits {
    struct mlx5_ifc_vlan_bits push_vlan;
    uint8_t group_id[0x20];
    uint8_t reserved_at_40[0x8];
    uint8_t flow_tag[0x18];
    uint8_t reserved_at_60[0x10];
    uint8_t action[0x10];
    uint8_t extended_destination[0x1];
    uint8_t reserved_at_81[0x1];
    uint8_t flow_source[0x2];
    uint8_t reserved_at_84[0x4];
    uint8_t destination_list_size[0x18];
    uint8_t reserved_at_a0[0x8];
    uint8_t flow_counter_list_size[0x18];
    uint8_t packet_reformat_id[0x20];
    uint8_t modify_header_id[0x20];
    struct mlx5_ifc_vlan_bits push_vlan_2;
    uint8_t reserved_at_120[0xe0];
    struct mlx5_ifc_fte_match_param_bits match_value;
    uint8_t reserved_at_1200[0x600];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_set_fte_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t other_vport[0x1];
    uint8_t reserved_at_41[0xf];
    uint8_t vport_number[0x10];
    uint8_t reserved_at_60[0x20];
    uint8_t table_type[0x8];
    uint8_t reserved_at_88[0x20];
    uint8_t table_id[0x18];
    uint8_t ignore_flow_level[0x1];
    uint8_t reserved_at_c1[0x3f];
    uint8_t flow_index[0x20];
    uint8_t reserved_at_120[0xe0];
    struct mlx5_ifc_flow_context_bits flow_context;
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_fte_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x40];
    uint8_t table_type[0x8];
    uint8_t reserved_at_88[0x20];
    uint8_t table_id[0x18];
    uint8_t reserved_at_c0[0x40];
    uint8_t flow_index[0x20];
    uint8_t reserved_at_120[0xe0];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_fte_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x1c0];
    struct mlx5_ifc_flow_context_bits flow_context;
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_delete_fte_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t other_vport[0x1];
    uint8_t reserved_at_41[0xf];
    uint8_t vport_number[0x10];
    uint8_t reserved_at_60[0x20];
    uint8_t table_type[0x8];
    uint8_t reserved_at_88[0x20];
    uint8_t table_id[0x18];
    uint8_t reserved_at_c0[0x40];
    uint8_t flow_index[0x20];
    uint8_t reserved_at_120[0xe0];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_alloc_flow_counter_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x33];
    uint8_t flow_counter_bulk_log_size[0x5];
    uint8_t flow_counter_bulk[0x8];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_alloc_flow_counter_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t flow_counter_id[0x20];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_dealloc_flow_counter_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t flow_counter_id[0x20];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_traffic_counter_bits {
    uint8_t packets[0x40];
    uint8_t octets[0x40];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_flow_counter_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x80];
    uint8_t clear[0x1];
    uint8_t reserved_at_c1[0xf];
    uint8_t num_of_counters[0x10];
    uint8_t flow_counter_id[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_flow_counter_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x40];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_packet_reformat_context_in_bits {
    uint8_t reformat_type[0x8];
    uint8_t reserved_at_8[0xe];
    uint8_t reformat_data_size[0xa];
    uint8_t reserved_at_20[0x10];
    uint8_t reformat_data[2][0x8];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_alloc_packet_reformat_context_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0xa0];
    struct mlx5_ifc_packet_reformat_context_in_bits packet_reformat_context;
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_alloc_packet_reformat_context_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t packet_reformat_id[0x20];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_dealloc_packet_reformat_context_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t packet_reformat_id[0x20];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_packet_reformat_context_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t packet_reformat_id[0x20];
    uint8_t reserved_at_60[0xa0];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_packet_reformat_context_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0xa0];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_set_action_in_bits {
    uint8_t action_type[0x4];
    uint8_t field[0xc];
    uint8_t reserved_at_10[0x3];
    uint8_t offset[0x5];
    uint8_t reserved_at_18[0x3];
    uint8_t length[0x5];
    uint8_t data[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_copy_action_in_bits {
    uint8_t action_type[0x4];
    uint8_t src_field[0xc];
    uint8_t reserved_at_10[0x3];
    uint8_t src_offset[0x5];
    uint8_t reserved_at_18[0x3];
    uint8_t length[0x5];
    uint8_t reserved_at_20[0x4];
    uint8_t dst_field[0xc];
    uint8_t reserved_at_30[0x3];
    uint8_t dst_offset[0x5];
    uint8_t reserved_at_38[0x8];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_add_action_in_bits {
    uint8_t action_type[0x4];
    uint8_t field[0xc];
    uint8_t reserved_at_10[0x10];
    uint8_t data[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_alloc_modify_header_context_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x20];
    uint8_t table_type[0x8];
    uint8_t reserved_at_68[0x10];
    uint8_t num_of_actions[0x8];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_alloc_modify_header_context_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t modify_header_id[0x20];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_dealloc_modify_header_context_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t modify_header_id[0x20];
    uint8_t reserved_at_60[0x20];
};
