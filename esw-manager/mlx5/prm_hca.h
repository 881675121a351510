// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// QUERY_HCA_CAP: what a function can do. See prm.h.

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_hca_cap_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t other_function[0x1];
    uint8_t reserved_at_41[0xf];
    uint8_t function_id[0x10];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_cmd_hca_cap_bits {
    uint8_t reserved_at_0[0x20];
    uint8_t hca_cap_2[0x1];
    uint8_t create_lag_when_not_master_up[0x1];
    uint8_t reserved_at_22[0xe];
    uint8_t vhca_id[0x10];
    uint8_t reserved_at_40[0x40];
    uint8_t log_max_srq_sz[0x8];
    uint8_t log_max_qp_sz[0x8];
    uint8_t reserved_at_90[0x3];
    uint8_t isolate_vl_tc_new[0x1];
    uint8_t reserved_at_94[0x7];
    uint8_t log_max_qp[0x5];
    uint8_t reserved_at_a0[0x9];
    uint8_t reg_c_preserve[0x1];
    uint8_t reserved_at_aa[0x1];
    uint8_t log_max_srq[0x5];
    uint8_t reserved_at_b0[0x18];
    uint8_t log_max_cq_sz[0x8];
    uint8_t reserved_at_d0[0xb];
    uint8_t log_max_cq[0x5];
    uint8_t log_max_eq_sz[0x8];
    uint8_t reserved_at_e8[0x2];
    uint8_t log_max_mkey[0x6];
    uint8_t reserved_at_f0[0xc];
    uint8_t log_max_eq[0x4];
    uint8_t reserved_at_100[0x4a];
    uint8_t log_max_ra_req_qp[0x6];
    uint8_t reserved_at_150[0xa];
    uint8_t log_max_ra_res_qp[0x6];
    uint8_t reserved_at_160[0x10];
    uint8_t gid_table_size[0x10];
    uint8_t reserved_at_180[0x1];
    uint8_t vport_counters[0x1];
    uint8_t reserved_at_182[0xe];
    uint8_t pkey_table_size[0x10];
    uint8_t vport_group_manager[0x1];
    uint8_t reserved_at_1a1[0x2];
    uint8_t eth_virt[0x1];
    uint8_t reserved_at_1a4[0x2];
    uint8_t nic_flow_table[0x1];
    uint8_t eswitch_manager[0x1];
    uint8_t device_memory[0x1];
    uint8_t reserved_at_1a9[0xd];
    uint8_t port_type[0x2];
    uint8_t num_ports[0x8];
    uint8_t reserved_at_1c0[0x3];
    uint8_t log_max_msg[0x5];
    uint8_t reserved_at_1c8[0x34];
    uint8_t cqe_version[0x4];
    uint8_t compact_address_vector[0x1];
    uint8_t reserved_at_201[0x14];
    uint8_t sctr_data_cqe[0x1];
    uint8_t reserved_at_216[0x5];
    uint8_t qos[0x1];
    uint8_t eth_net_offloads[0x1];
    uint8_t roce[0x1];
    uint8_t reserved_at_21e[0x2];
    uint8_t cq_oi[0x1];
    uint8_t cq_resize[0x1];
    uint8_t cq_moderation[0x1];
    uint8_t reserved_at_223[0x1c];
    uint8_t rc[0x1];
    uint8_t uar_4k[0x1];
    uint8_t reserved_at_241[0x9];
    uint8_t uar_sz[0x6];
    uint8_t port_selection_cap[0x1];
    uint8_t reserved_at_251[0x7];
    uint8_t log_pg_sz[0x8];
    uint8_t bf[0x1];
    uint8_t reserved_at_261[0xa];
    uint8_t log_bf_reg_size[0x5];
    uint8_t reserved_at_270[0x8];
    uint8_t lag_tx_port_affinity[0x1];
    uint8_t lag_native_fdb_selection[0x1];
    uint8_t reserved_at_27a[0x1];
    uint8_t lag_master[0x1];
    uint8_t num_lag_ports[0x4];
    uint8_t reserved_at_280[0x10];
    uint8_t max_wqe_sz_sq[0x10];
    uint8_t reserved_at_2a0[0x10];
    uint8_t max_wqe_sz_rq[0x10];
    uint8_t max_flow_counter_31_16[0x10];
    uint8_t reserved_at_2d0[0x40];
    uint8_t flow_counter_bulk_alloc[0x8];
    uint8_t reserved_at_318[0xb];
    uint8_t log_max_transport_domain[0x5];
    uint8_t reserved_at_328[0x3];
    uint8_t log_max_pd[0x5];
    uint8_t reserved_at_330[0x10];
    uint8_t nic_receive_steering_discard[0x1];
    uint8_t receive_discard_vport_down[0x1];
    uint8_t transmit_discard_vport_down[0x1];
    uint8_t reserved_at_343[0x5];
    uint8_t log_max_flow_counter_bulk[0x8];
    uint8_t max_flow_counter_15_0[0x10];
    uint8_t reserved_at_360[0xa0];
    uint8_t general_obj_types[0x40];
    uint8_t reserved_at_440[0x4];
    uint8_t steering_format_version[0x4];
    uint8_t reserved_at_448[0x1b];
    uint8_t log_max_uctx[0x5];
    uint8_t reserved_at_468[0x3];
    uint8_t log_max_umem[0x5];
    uint8_t reserved_at_470[0x70];
    uint8_t device_frequency_khz[0x20];
    uint8_t reserved_at_500[0x40];
    uint8_t flex_parser_protocols[0x20];
    uint8_t max_geneve_tlv_options[0x8];
    uint8_t reserved_at_568[0x3];
    uint8_t max_geneve_tlv_option_data_len[0x5];
    uint8_t reserved_at_570[0xd0];
    uint8_t max_num_sf[0x10];
    uint8_t reserved_at_650[0x30];
    uint8_t sf[0x1];
    uint8_t reserved_at_681[0x2];
    uint8_t log_max_sf[0x5];
    uint8_t reserved_at_688[0x18];
    uint8_t uctx_cap[0x20];
    uint8_t reserved_at_6c0[0x4];
    uint8_t flex_parser_id_geneve_tlv_option_0[0x4];
    uint8_t flex_parser_id_icmp_dw1[0x4];
    uint8_t flex_parser_id_icmp_dw0[0x4];
    uint8_t flex_parser_id_icmpv6_dw1[0x4];
    uint8_t flex_parser_id_icmpv6_dw0[0x4];
    uint8_t reserved_at_6d8[0x18];
    uint8_t sf_base_id[0x10];
    uint8_t reserved_at_700[0x100];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_flow_table_fields_supported_bits {
    uint8_t outer_dmac[0x1];
    uint8_t outer_smac[0x1];
    uint8_t outer_ether_type[0x1];
    uint8_t outer_ip_version[0x1];
    uint8_t outer_first_prio[0x1];
    uint8_t outer_first_cfi[0x1];
    uint8_t outer_first_vid[0x1];
    uint8_t outer_ipv4_ttl[0x1];
    uint8_t outer_second_prio[0x1];
    uint8_t outer_second_cfi[0x1];
    uint8_t outer_second_vid[0x1];
    uint8_t reserved_at_b[0x1];
    uint8_t outer_sip[0x1];
    uint8_t outer_dip[0x1];
    uint8_t outer_frag[0x1];
    uint8_t outer_ip_protocol[0x1];
    uint8_t outer_ip_ecn[0x1];
    uint8_t outer_ip_dscp[0x1];
    uint8_t outer_udp_sport[0x1];
    uint8_t outer_udp_dport[0x1];
    uint8_t outer_tcp_sport[0x1];
    uint8_t outer_tcp_dport[0x1];
    uint8_t outer_tcp_flags[0x1];
    uint8_t outer_gre_protocol[0x1];
    uint8_t outer_gre_key[0x1];
    uint8_t outer_vxlan_vni[0x1];
    uint8_t outer_geneve_vni[0x1];
    uint8_t outer_geneve_oam[0x1];
    uint8_t outer_geneve_protocol_type[0x1];
    uint8_t outer_geneve_opt_len[0x1];
    uint8_t reserved_at_1e[0x1];
    uint8_t source_eswitch_port[0x1];
    uint8_t inner_dmac[0x1];
    uint8_t inner_smac[0x1];
    uint8_t inner_ether_type[0x1];
    uint8_t inner_ip_version[0x1];
    uint8_t inner_first_prio[0x1];
    uint8_t inner_first_cfi[0x1];
    uint8_t inner_first_vid[0x1];
    uint8_t reserved_at_27[0x1];
    uint8_t inner_second_prio[0x1];
    uint8_t inner_second_cfi[0x1];
    uint8_t inner_second_vid[0x1];
    uint8_t reserved_at_2b[0x1];
    uint8_t inner_sip[0x1];
    uint8_t inner_dip[0x1];
    uint8_t inner_frag[0x1];
    uint8_t inner_ip_protocol[0x1];
    uint8_t inner_ip_ecn[0x1];
    uint8_t inner_ip_dscp[0x1];
    uint8_t inner_udp_sport[0x1];
    uint8_t inner_udp_dport[0x1];
    uint8_t inner_tcp_sport[0x1];
    uint8_t inner_tcp_dport[0x1];
    uint8_t inner_tcp_flags[0x1];
    uint8_t reserved_at_37[0x9];
    uint8_t geneve_tlv_option_0_data[0x1];
    uint8_t geneve_tlv_option_0_exist[0x1];
    uint8_t reserved_at_42[0x38];
    uint8_t metadata_reg_c_5[0x1];
    uint8_t metadata_reg_c_4[0x1];
    uint8_t metadata_reg_c_3[0x1];
    uint8_t metadata_reg_c_2[0x1];
    uint8_t metadata_reg_c_1[0x1];
    uint8_t metadata_reg_c_0[0x1];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_flow_table_prop_layout_bits {
    uint8_t ft_support[0x1];
    uint8_t reserved_at_1[0x1];
    uint8_t flow_counter[0x1];
    uint8_t flow_modify_en[0x1];
    uint8_t modify_root[0x1];
    uint8_t identified_miss_table_mode[0x1];
    uint8_t flow_table_modify[0x1];
    uint8_t reformat[0x1];
    uint8_t decap[0x1];
    uint8_t reserved_at_9[0x1];
    uint8_t pop_vlan[0x1];
    uint8_t push_vlan[0x1];
    uint8_t reserved_at_c[0x1];
    uint8_t pop_vlan_2[0x1];
    uint8_t push_vlan_2[0x1];
    uint8_t reformat_and_vlan_action[0x1];
    uint8_t reserved_at_10[0x1];
    uint8_t sw_owner[0x1];
    uint8_t reformat_l3_tunnel_to_l2[0x1];
    uint8_t reformat_l2_to_l3_tunnel[0x1];
    uint8_t reformat_and_modify_action[0x1];
    uint8_t ignore_flow_level[0x1];
    uint8_t reserved_at_16[0x2];
    uint8_t termination_table[0x1];
    uint8_t reformat_and_fwd_to_table[0x1];
    uint8_t reserved_at_1a[0x4];
    uint8_t sw_owner_v2[0x1];
    uint8_t reserved_at_1f[0x3];
    uint8_t log_max_ft_size[0x6];
    uint8_t log_max_modify_header_context[0x8];
    uint8_t max_modify_header_actions[0x8];
    uint8_t max_ft_level[0x8];
    uint8_t reserved_at_40[0x38];
    uint8_t log_max_ft_num[0x8];
    uint8_t reserved_at_80[0x10];
    uint8_t log_max_flow_counter[0x8];
    uint8_t log_max_destination[0x8];
    uint8_t reserved_at_a0[0x18];
    uint8_t log_max_flow[0x8];
    uint8_t reserved_at_c0[0x40];
    struct mlx5_ifc_flow_table_fields_supported_bits ft_field_support;
    struct mlx5_ifc_flow_table_fields_supported_bits ft_field_bitmask_support;
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_flow_table_nic_cap_bits {
    uint8_t reserved_at_0[0x20];
    uint8_t encap_general_header[0x1];
    uint8_t reserved_at_21[0xa];
    uint8_t log_max_packet_reformat_context[0x5];
    uint8_t reserved_at_30[0x6];
    uint8_t max_encap_header_size[0xa];
    uint8_t reserved_at_40[0x1c0];
    struct mlx5_ifc_flow_table_prop_layout_bits flow_table_properties_nic_receive;
    uint8_t reserved_at_400[0x400];
    struct mlx5_ifc_flow_table_prop_layout_bits flow_table_properties_nic_transmit;
    uint8_t reserved_at_a00[0x1600];
    uint8_t sw_steering_nic_rx_action_drop_icm_address[0x40];
    uint8_t sw_steering_nic_tx_action_drop_icm_address[0x40];
    uint8_t sw_steering_nic_tx_action_allow_icm_address[0x40];
    uint8_t reserved_at_20c0[0x5f40];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_flow_table_eswitch_cap_bits {
    uint8_t fdb_to_vport_reg_c_id[0x8];
    uint8_t reserved_at_8[0xd];
    uint8_t fdb_modify_header_fwd_to_table[0x1];
    uint8_t fdb_ipv4_ttl_modify[0x1];
    uint8_t flow_source[0x1];
    uint8_t reserved_at_18[0x2];
    uint8_t multi_fdb_encap[0x1];
    uint8_t egress_acl_forward_to_vport[0x1];
    uint8_t fdb_multi_path_to_table[0x1];
    uint8_t reserved_at_1d[0x1e3];
    struct mlx5_ifc_flow_table_prop_layout_bits flow_table_properties_nic_esw_fdb;
    uint8_t reserved_at_400[0x1400];
    uint8_t sw_steering_fdb_action_drop_icm_address_rx[0x40];
    uint8_t sw_steering_fdb_action_drop_icm_address_tx[0x40];
    uint8_t sw_steering_uplink_icm_address_rx[0x40];
    uint8_t sw_steering_uplink_icm_address_tx[0x40];
    uint8_t reserved_at_1900[0x6700];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_e_switch_cap_bits {
    uint8_t vport_svlan_strip[0x1];
    uint8_t vport_cvlan_strip[0x1];
    uint8_t vport_svlan_insert[0x1];
    uint8_t vport_cvlan_insert_if_not_exist[0x1];
    uint8_t vport_cvlan_insert_overwrite[0x1];
    uint8_t reserved_at_5[0x2];
    uint8_t esw_shared_ingress_acl[0x1];
    uint8_t esw_uplink_ingress_acl[0x1];
    uint8_t root_ft_on_other_esw[0x1];
    uint8_t reserved_at_a[0xf];
    uint8_t esw_functions_changed[0x1];
    uint8_t reserved_at_1a[0x2];
    uint8_t counter_eswitch_affinity[0x1];
    uint8_t merged_eswitch[0x1];
    uint8_t reserved_at_1e[0x2];
    uint8_t vxlan_encap_decap[0x1];
    uint8_t nvgre_encap_decap[0x1];
    uint8_t reserved_at_22[0x9];
    uint8_t log_max_packet_reformat_context[0x5];
    uint8_t reserved_at_30[0x6];
    uint8_t max_encap_header_size[0xa];
    uint8_t reserved_at_40[0xb];
    uint8_t log_max_esw_sf[0x5];
    uint8_t esw_sf_base_id[0x10];
    uint8_t reserved_at_60[0x7a0];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_device_mem_cap_bits {
    uint8_t reserved_at_0[0xc0];
    uint8_t steering_sw_icm_start_address[0x40];
    uint8_t reserved_at_100[0x8];
    uint8_t log_header_modify_sw_icm_size[0x8];
    uint8_t reserved_at_110[0x2];
    uint8_t log_sw_icm_alloc_granularity[0x6];
    uint8_t log_steering_sw_icm_size[0x8];
    uint8_t reserved_at_120[0x18];
    uint8_t log_header_modify_pattern_sw_icm_size[0x8];
    uint8_t header_modify_sw_icm_start_address[0x40];
    uint8_t reserved_at_180[0x680];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_roce_cap_bits {
    uint8_t reserved_at_0[0x5];
    uint8_t fl_rc_qp_when_roce_disabled[0x1];
    uint8_t fl_rc_qp_when_roce_enabled[0x1];
    uint8_t reserved_at_7[0x85];
    uint8_t l3_type[0x4];
    uint8_t reserved_at_90[0x8];
    uint8_t roce_version[0x8];
    uint8_t reserved_at_a0[0x10];
    uint8_t r_roce_dest_udp_port[0x10];
    uint8_t r_roce_max_src_udp_port[0x10];
    uint8_t r_roce_min_src_udp_port[0x10];
    uint8_t reserved_at_e0[0x10];
    uint8_t roce_address_table_size[0x10];
    uint8_t reserved_at_100[0x700];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_qos_cap_bits {
    uint8_t reserved_at_0[0x1];
    uint8_t esw_scheduling[0x1];
    uint8_t esw_bw_share[0x1];
    uint8_t esw_rate_limit[0x1];
    uint8_t reserved_at_4[0x3c];
    uint8_t packet_pacing_max_rate[0x20];
    uint8_t reserved_at_60[0x80];
    uint8_t max_tsar_bw_share[0x20];
    uint8_t reserved_at_100[0x23];
    uint8_t log_meter_aso_granularity[0x5];
    uint8_t reserved_at_128[0x3];
    uint8_t log_meter_aso_max_alloc[0x5];
    uint8_t reserved_at_130[0x3];
    uint8_t log_max_num_meter_aso[0x5];
    uint8_t reserved_at_138[0x6c8];
};

/// Linux mlx5_ifc.h.
union mlx5_ifc_hca_cap_union_bits {
    struct mlx5_ifc_cmd_hca_cap_bits cmd_hca_cap;
    struct mlx5_ifc_roce_cap_bits roce_cap;
    struct mlx5_ifc_flow_table_nic_cap_bits flow_table_nic_cap;
    struct mlx5_ifc_flow_table_eswitch_cap_bits flow_table_eswitch_cap;
    struct mlx5_ifc_e_switch_cap_bits e_switch_cap;
    struct mlx5_ifc_qos_cap_bits qos_cap;
    struct mlx5_ifc_device_mem_cap_bits device_mem_cap;
    uint8_t reserved_at_0[0x8000];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_hca_cap_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x40];
    union mlx5_ifc_hca_cap_union_bits capability;
};
