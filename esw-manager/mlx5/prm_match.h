// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// What flow groups and root rules match on. See prm.h.

/// Linux mlx5_ifc.h.
struct mlx5_ifc_fte_match_set_lyr_2_4_bits {
    uint8_t smac_47_16[0x20];
    uint8_t smac_15_0[0x10];
    uint8_t ethertype[0x10];
    uint8_t dmac_47_16[0x20];
    uint8_t dmac_15_0[0x10];
    uint8_t first_prio[0x3];
    uint8_t first_cfi[0x1];
    uint8_t first_vid[0xc];
    uint8_t ip_protocol[0x8];
    uint8_t ip_dscp[0x6];
    uint8_t ip_ecn[0x2];
    uint8_t cvlan_tag[0x1];
    uint8_t svlan_tag[0x1];
    uint8_t frag[0x1];
    uint8_t ip_version[0x4];
    uint8_t tcp_flags[0x9];
    uint8_t tcp_sport[0x10];
    uint8_t tcp_dport[0x10];
    uint8_t reserved_at_c0[0x10];
    uint8_t ipv4_ihl[0x4];
    uint8_t reserved_at_d4[0x4];
    uint8_t ttl_hoplimit[0x8];
    uint8_t udp_sport[0x10];
    uint8_t udp_dport[0x10];
    uint8_t src_ipv4_src_ipv6[0x80];
    uint8_t dst_ipv4_dst_ipv6[0x80];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_fte_match_set_misc_bits {
    uint8_t gre_c_present[0x1];
    uint8_t reserved_at_1[0x1];
    uint8_t gre_k_present[0x1];
    uint8_t gre_s_present[0x1];
    uint8_t reserved_at_4[0x1c];
    uint8_t source_eswitch_owner_vhca_id[0x10];
    uint8_t source_port[0x10];
    uint8_t outer_second_prio[0x3];
    uint8_t outer_second_cfi[0x1];
    uint8_t outer_second_vid[0xc];
    uint8_t inner_second_prio[0x3];
    uint8_t inner_second_cfi[0x1];
    uint8_t inner_second_vid[0xc];
    uint8_t outer_second_cvlan_tag[0x1];
    uint8_t inner_second_cvlan_tag[0x1];
    uint8_t outer_second_svlan_tag[0x1];
    uint8_t inner_second_svlan_tag[0x1];
    uint8_t reserved_at_64[0xc];
    uint8_t gre_protocol[0x10];
    uint8_t gre_key[0x20];
    uint8_t vxlan_vni[0x18];
    uint8_t reserved_at_b8[0x8];
    uint8_t geneve_vni[0x18];
    uint8_t reserved_at_d8[0x6];
    uint8_t geneve_tlv_option_0_exist[0x1];
    uint8_t geneve_oam[0x1];
    uint8_t reserved_at_e0[0xc];
    uint8_t outer_ipv6_flow_label[0x14];
    uint8_t reserved_at_100[0xc];
    uint8_t inner_ipv6_flow_label[0x14];
    uint8_t reserved_at_120[0xa];
    uint8_t geneve_opt_len[0x6];
    uint8_t geneve_protocol_type[0x10];
    uint8_t reserved_at_140[0xc0];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_fte_match_set_misc2_bits {
    uint8_t reserved_at_0[0x80];
    uint8_t metadata_reg_c_7[0x20];
    uint8_t metadata_reg_c_6[0x20];
    uint8_t metadata_reg_c_5[0x20];
    uint8_t metadata_reg_c_4[0x20];
    uint8_t metadata_reg_c_3[0x20];
    uint8_t metadata_reg_c_2[0x20];
    uint8_t metadata_reg_c_1[0x20];
    uint8_t metadata_reg_c_0[0x20];
    uint8_t metadata_reg_a[0x20];
    uint8_t reserved_at_1a0[0x60];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_fte_match_set_misc3_bits {
    uint8_t inner_tcp_seq_num[0x20];
    uint8_t outer_tcp_seq_num[0x20];
    uint8_t inner_tcp_ack_num[0x20];
    uint8_t outer_tcp_ack_num[0x20];
    uint8_t reserved_at_80[0x40];
    uint8_t icmp_header_data[0x20];
    uint8_t icmpv6_header_data[0x20];
    uint8_t icmp_type[0x8];
    uint8_t icmp_code[0x8];
    uint8_t icmpv6_type[0x8];
    uint8_t icmpv6_code[0x8];
    uint8_t geneve_tlv_option_0_data[0x20];
    uint8_t reserved_at_140[0xc0];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_fte_match_param_bits {
    struct mlx5_ifc_fte_match_set_lyr_2_4_bits outer_headers;
    struct mlx5_ifc_fte_match_set_misc_bits misc_parameters;
    struct mlx5_ifc_fte_match_set_lyr_2_4_bits inner_headers;
    struct mlx5_ifc_fte_match_set_misc2_bits misc_parameters_2;
    struct mlx5_ifc_fte_match_set_misc3_bits misc_parameters_3;
    uint8_t reserved_at_a00[0x600];
};
