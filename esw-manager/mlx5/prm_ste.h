// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <infiniband/mlx5dv.h>

#include <cstdint>

// Layouts of software steering of format version 1 (ConnectX-6 Dx): steering table entries (STEs),
// their actions and the tags that they match. For DEVX_SET() and DEVX_GET() of
// <infiniband/mlx5dv.h>, where a field's width in bits is the size of its array.
//
// The mlx5_ifc.h of Debian's kernel headers has none of them. Names, offsets and widths are those
// of drivers/net/ethernet/mellanox/mlx5/core/steering/mlx5_ifc_dr_ste_v1.h of Linux 6.1 and of
// providers/mlx5/mlx5_ifc.h of rdma-core 44, in which they agree; where only one has a structure it
// is named.

/// Entry formats 0 and 1; two tags of 16 bytes follow, the mask and the value. The others
/// (ste_mask_and_match_v1) have 12 bytes of actions from byte_mask on.
struct mlx5_ifc_ste_match_bwc_v1_bits {
    uint8_t entry_format[0x8];
    uint8_t counter_id[0x18];

    uint8_t miss_address_63_48[0x10];
    uint8_t match_definer_ctx_idx[0x8];
    uint8_t miss_address_39_32[0x8];

    uint8_t miss_address_31_6[0x1a];
    uint8_t reserved_at_5a[0x1];
    uint8_t match_polarity[0x1];
    uint8_t reparse[0x1];
    uint8_t reserved_at_5d[0x3];

    uint8_t next_table_base_63_48[0x10];
    uint8_t hash_definer_ctx_idx[0x8];
    uint8_t next_table_base_39_32_size[0x8];

    uint8_t next_table_base_31_5_size[0x1b];
    uint8_t hash_type[0x2];
    uint8_t hash_after_actions[0x1];
    uint8_t reserved_at_9e[0x2];

    uint8_t byte_mask[0x10];
    uint8_t next_entry_format[0x1];
    uint8_t mask_mode[0x1];
    uint8_t gvmi[0xe];

    uint8_t action[0x40];
};

struct mlx5_ifc_ste_single_action_modify_list_v1_bits {
    uint8_t action_id[0x8];
    uint8_t num_of_modify_actions[0x8];
    uint8_t modify_actions_ptr[0x10];
};

struct mlx5_ifc_ste_single_action_remove_header_v1_bits {
    uint8_t action_id[0x8];
    uint8_t reserved_at_8[0x2];
    uint8_t start_anchor[0x6];
    uint8_t reserved_at_10[0x2];
    uint8_t end_anchor[0x6];
    uint8_t reserved_at_18[0x4];
    uint8_t decap[0x1];
    uint8_t vni_to_cqe[0x1];
    uint8_t qos_profile[0x2];
};

struct mlx5_ifc_ste_single_action_remove_header_size_v1_bits {
    uint8_t action_id[0x8];
    uint8_t reserved_at_8[0x2];
    uint8_t start_anchor[0x6];
    uint8_t outer_l4_remove[0x1];
    uint8_t reserved_at_11[0x1];
    uint8_t start_offset[0x7];
    uint8_t reserved_at_18[0x1];
    uint8_t remove_size[0x6];
};

struct mlx5_ifc_ste_double_action_copy_v1_bits {
    uint8_t action_id[0x8];
    uint8_t destination_dw_offset[0x8];
    uint8_t reserved_at_10[0x2];
    uint8_t destination_left_shifter[0x6];
    uint8_t reserved_at_18[0x2];
    uint8_t destination_length[0x6];

    uint8_t reserved_at_20[0x8];
    uint8_t source_dw_offset[0x8];
    uint8_t reserved_at_30[0x2];
    uint8_t source_right_shifter[0x6];
    uint8_t reserved_at_38[0x8];
};

/// ste_double_action_add_v1 is the same, where inline_data is called add_value.
struct mlx5_ifc_ste_double_action_set_v1_bits {
    uint8_t action_id[0x8];
    uint8_t destination_dw_offset[0x8];
    uint8_t reserved_at_10[0x2];
    uint8_t destination_left_shifter[0x6];
    uint8_t reserved_at_18[0x2];
    uint8_t destination_length[0x6];

    uint8_t inline_data[0x20];
};

struct mlx5_ifc_ste_double_action_insert_with_inline_v1_bits {
    uint8_t action_id[0x8];
    uint8_t reserved_at_8[0x2];
    uint8_t start_anchor[0x6];
    uint8_t start_offset[0x7];
    uint8_t reserved_at_17[0x9];

    uint8_t inline_data[0x20];
};

struct mlx5_ifc_ste_double_action_insert_with_ptr_v1_bits {
    uint8_t action_id[0x8];
    uint8_t reserved_at_8[0x2];
    uint8_t start_anchor[0x6];
    uint8_t start_offset[0x7];
    uint8_t size[0x6];
    uint8_t attributes[0x3];

    uint8_t pointer[0x20];
};

/// ste_eth_l2_dst_v1 is the same with dmac in the place of smac.
struct mlx5_ifc_ste_eth_l2_src_v1_bits {
    uint8_t reserved_at_0[0x1];
    uint8_t sx_sniffer[0x1];
    uint8_t functional_loopback[0x1];
    uint8_t ip_fragmented[0x1];
    uint8_t qp_type[0x2];
    uint8_t encapsulation_type[0x2];
    uint8_t port[0x2];
    uint8_t l3_type[0x2];
    uint8_t l4_type[0x2];
    uint8_t first_vlan_qualifier[0x2];
    uint8_t first_priority[0x3];
    uint8_t first_cfi[0x1];
    uint8_t first_vlan_id[0xc];

    uint8_t smac_47_16[0x20];

    uint8_t smac_15_0[0x10];
    uint8_t l3_ethertype[0x10];

    uint8_t reserved_at_60[0x6];
    uint8_t tcp_syn[0x1];
    uint8_t reserved_at_67[0x3];
    uint8_t force_loopback[0x1];
    uint8_t l2_ok[0x1];
    uint8_t l3_ok[0x1];
    uint8_t l4_ok[0x1];
    uint8_t second_vlan_qualifier[0x2];
    uint8_t second_priority[0x3];
    uint8_t second_cfi[0x1];
    uint8_t second_vlan_id[0xc];
};

struct mlx5_ifc_ste_eth_l2_src_dst_v1_bits {
    uint8_t dmac_47_16[0x20];

    uint8_t smac_47_16[0x20];

    uint8_t dmac_15_0[0x10];
    uint8_t reserved_at_50[0x2];
    uint8_t functional_lb[0x1];
    uint8_t reserved_at_53[0x5];
    uint8_t port[0x2];
    uint8_t l3_type[0x2];
    uint8_t reserved_at_5c[0x2];
    uint8_t first_vlan_qualifier[0x2];

    uint8_t first_priority[0x3];
    uint8_t first_cfi[0x1];
    uint8_t first_vlan_id[0xc];
    uint8_t smac_15_0[0x10];
};

/// Of the headers inside a tunnel.
struct mlx5_ifc_ste_eth_l2_tnl_v1_bits {
    uint8_t l2_tunneling_network_id[0x20];

    uint8_t dmac_47_16[0x20];

    uint8_t dmac_15_0[0x10];
    uint8_t l3_ethertype[0x10];

    uint8_t reserved_at_60[0x3];
    uint8_t ip_fragmented[0x1];
    uint8_t reserved_at_64[0x2];
    uint8_t encp_type[0x2];
    uint8_t reserved_at_68[0x2];
    uint8_t l3_type[0x2];
    uint8_t l4_type[0x2];
    uint8_t first_vlan_qualifier[0x2];
    uint8_t first_priority[0x3];
    uint8_t first_cfi[0x1];
    uint8_t first_vlan_id[0xc];
};

struct mlx5_ifc_ste_eth_l3_ipv4_5_tuple_v1_bits {
    uint8_t source_address[0x20];

    uint8_t destination_address[0x20];

    uint8_t source_port[0x10];
    uint8_t destination_port[0x10];

    uint8_t reserved_at_60[0x4];
    uint8_t l4_ok[0x1];
    uint8_t l3_ok[0x1];
    uint8_t fragmented[0x1];
    uint8_t tcp_ns[0x1];
    uint8_t tcp_cwr[0x1];
    uint8_t tcp_ece[0x1];
    uint8_t tcp_urg[0x1];
    uint8_t tcp_ack[0x1];
    uint8_t tcp_psh[0x1];
    uint8_t tcp_rst[0x1];
    uint8_t tcp_syn[0x1];
    uint8_t tcp_fin[0x1];
    uint8_t dscp[0x6];
    uint8_t ecn[0x2];
    uint8_t protocol[0x8];
};

struct mlx5_ifc_ste_eth_l3_ipv4_misc_v1_bits {
    uint8_t identification[0x10];
    uint8_t flags[0x3];
    uint8_t fragment_offset[0xd];

    uint8_t total_length[0x10];
    uint8_t checksum[0x10];

    uint8_t version[0x4];
    uint8_t ihl[0x4];
    uint8_t time_to_live[0x8];
    uint8_t reserved_at_50[0x10];

    uint8_t reserved_at_60[0x1c];
    uint8_t voq_internal_prio[0x4];
};

struct mlx5_ifc_ste_eth_l4_v1_bits {
    uint8_t ipv6_version[0x4];
    uint8_t reserved_at_4[0x4];
    uint8_t dscp[0x6];
    uint8_t ecn[0x2];
    uint8_t ipv6_hop_limit[0x8];
    uint8_t protocol[0x8];

    uint8_t src_port[0x10];
    uint8_t dst_port[0x10];

    uint8_t first_fragment[0x1];
    uint8_t reserved_at_41[0xb];
    uint8_t flow_label[0x14];

    uint8_t tcp_data_offset[0x4];
    uint8_t l4_ok[0x1];
    uint8_t l3_ok[0x1];
    uint8_t fragmented[0x1];
    uint8_t tcp_ns[0x1];
    uint8_t tcp_cwr[0x1];
    uint8_t tcp_ece[0x1];
    uint8_t tcp_urg[0x1];
    uint8_t tcp_ack[0x1];
    uint8_t tcp_psh[0x1];
    uint8_t tcp_rst[0x1];
    uint8_t tcp_syn[0x1];
    uint8_t tcp_fin[0x1];
    uint8_t ipv6_paylen[0x10];
};

struct mlx5_ifc_ste_eth_l4_misc_v1_bits {
    uint8_t window_size[0x10];
    uint8_t urgent_pointer[0x10];

    uint8_t ack_num[0x20];

    uint8_t seq_num[0x20];

    uint8_t length[0x10];
    uint8_t checksum[0x10];
};

/// Under the lookup type of eth_l4_misc, for an ICMP or ICMPv6 packet.
struct mlx5_ifc_ste_icmp_v1_bits {
    uint8_t icmp_payload_data[0x20];

    uint8_t icmp_header_data[0x20];

    uint8_t icmp_type[0x8];
    uint8_t icmp_code[0x8];
    uint8_t reserved_at_50[0x10];

    uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_ste_gre_v1_bits {
    uint8_t gre_c_present[0x1];
    uint8_t reserved_at_1[0x1];
    uint8_t gre_k_present[0x1];
    uint8_t gre_s_present[0x1];
    uint8_t strict_src_route[0x1];
    uint8_t recur[0x3];
    uint8_t flags[0x5];
    uint8_t version[0x3];
    uint8_t gre_protocol[0x10];

    uint8_t reserved_at_20[0x20];

    uint8_t gre_key_h[0x18];
    uint8_t gre_key_l[0x8];

    uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_ste_src_gvmi_qp_v1_bits {
    uint8_t loopback_synd[0x8];
    uint8_t reserved_at_8[0x7];
    uint8_t functional_lb[0x1];
    uint8_t source_gvmi[0x10];

    uint8_t force_lb[0x1];
    uint8_t reserved_at_21[0x1];
    uint8_t source_is_requestor[0x1];
    uint8_t reserved_at_23[0x5];
    uint8_t source_qp[0x18];

    uint8_t reserved_at_40[0x20];

    uint8_t reserved_at_60[0x20];
};
