// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/firmware/capabilities.h"

#include <bit>
#include <cstring>

#include "utilities/esw-sim/firmware/general_objects.h"
#include "utilities/esw-sim/firmware/icm_address.h"

namespace esw::sim {

namespace {

using prm::CapabilityGroup;

// What the values are of: a ConnectX-6 Dx in ibv_devinfo -v, unless another source is named.
// "Chosen" are those that no public source tells; nothing here depends on their exact value.

constexpr uint64_t object_type(prm::ObjectType type) {
    return uint64_t{1} << static_cast<uint16_t>(type);
}

constexpr uint8_t ceiling_log2(uint32_t value) {
    return static_cast<uint8_t>(value <= 1 ? 0 : std::bit_width(value - 1));
}

uint8_t log2_of(const Icm::Range& range) {
    return static_cast<uint8_t>(range.size == 0 ? 0 : std::bit_width(range.size) - 1);
}

/// What the walker can match on: all of a ConnectX-6 Dx that is not MPLS, ESP, RoCE or GTP.
void matchable_fields(void* fields) {
#define ESW_SET(field) DEVX_SET(flow_table_fields_supported, fields, field, 1)
    ESW_SET(outer_dmac);
    ESW_SET(outer_smac);
    ESW_SET(outer_ether_type);
    ESW_SET(outer_ip_version);
    ESW_SET(outer_first_prio);
    ESW_SET(outer_first_cfi);
    ESW_SET(outer_first_vid);
    ESW_SET(outer_ipv4_ttl);
    ESW_SET(outer_second_prio);
    ESW_SET(outer_second_cfi);
    ESW_SET(outer_second_vid);
    ESW_SET(outer_sip);
    ESW_SET(outer_dip);
    ESW_SET(outer_frag);
    ESW_SET(outer_ip_protocol);
    ESW_SET(outer_ip_ecn);
    ESW_SET(outer_ip_dscp);
    ESW_SET(outer_udp_sport);
    ESW_SET(outer_udp_dport);
    ESW_SET(outer_tcp_sport);
    ESW_SET(outer_tcp_dport);
    ESW_SET(outer_tcp_flags);
    ESW_SET(outer_gre_protocol);
    ESW_SET(outer_gre_key);
    ESW_SET(outer_vxlan_vni);
    ESW_SET(outer_geneve_vni);
    ESW_SET(outer_geneve_oam);
    ESW_SET(outer_geneve_protocol_type);
    ESW_SET(outer_geneve_opt_len);
    ESW_SET(source_eswitch_port);
    ESW_SET(inner_dmac);
    ESW_SET(inner_smac);
    ESW_SET(inner_ether_type);
    ESW_SET(inner_ip_version);
    ESW_SET(inner_first_prio);
    ESW_SET(inner_first_cfi);
    ESW_SET(inner_first_vid);
    ESW_SET(inner_second_prio);
    ESW_SET(inner_second_cfi);
    ESW_SET(inner_second_vid);
    ESW_SET(inner_sip);
    ESW_SET(inner_dip);
    ESW_SET(inner_frag);
    ESW_SET(inner_ip_protocol);
    ESW_SET(inner_ip_ecn);
    ESW_SET(inner_ip_dscp);
    ESW_SET(inner_udp_sport);
    ESW_SET(inner_udp_dport);
    ESW_SET(inner_tcp_sport);
    ESW_SET(inner_tcp_dport);
    ESW_SET(inner_tcp_flags);
    ESW_SET(geneve_tlv_option_0_data);
    ESW_SET(geneve_tlv_option_0_exist);
    ESW_SET(metadata_reg_c_0);
    ESW_SET(metadata_reg_c_1);
    ESW_SET(metadata_reg_c_2);
    ESW_SET(metadata_reg_c_3);
    ESW_SET(metadata_reg_c_4);
    ESW_SET(metadata_reg_c_5);
#undef ESW_SET
}

}  // namespace

void Capabilities::add_commands(CommandTable& table) {
    using prm::Opcode;
    table[Opcode::kQueryHcaCap] = {
        DEVX_ST_SZ_BYTES(query_hca_cap_in), DEVX_ST_SZ_BYTES(query_hca_cap_out),
        [this](const Command& command) { return query_hca_cap(command); }};
    table[Opcode::kQueryAdapter] = {
        kHeaderLength, DEVX_ST_SZ_BYTES(query_adapter_out), [](const Command& command) {
            // PSID of the PCI device 15b3:101d that rdma and devlink show. Chosen: two 25G ports.
            constexpr char kPsid[17] = "MT_0000000359\0\0\0";
            DEVX_SET(query_adapter_out, command.out, query_adapter_struct.ieee_vendor_id, 0x2c9);
            DEVX_SET(query_adapter_out, command.out, query_adapter_struct.vsd_vendor_id, 0x15b3);
            memcpy(
                DEVX_ADDR_OF(query_adapter_out, command.out, query_adapter_struct.vsd_contd_psid),
                kPsid, 16);
            return kDone;
        }};
    // Interface steps 0 and 1; the driver asks for 1 (mlx5_core_set_issi()).
    table[Opcode::kQueryIssi] = {kHeaderLength, DEVX_ST_SZ_BYTES(query_issi_out),
                                 [](const Command& command) {
                                     DEVX_SET(query_issi_out, command.out, current_issi, 1);
                                     DEVX_SET(query_issi_out, command.out, supported_issi_dw0, 0x3);
                                     return kDone;
                                 }};
}

Answer Capabilities::query_hca_cap(const Command& command) const {
    // The current and the maximal capabilities are the same: nothing is set by SET_HCA_CAP.
    void* const cap = DEVX_ADDR_OF(query_hca_cap_out, command.out, capability);
    const auto group = static_cast<CapabilityGroup>(command.modifier() >> 1);
    if (DEVX_GET(query_hca_cap_in, command.in, other_function)) {
        // Function 0 is the PF itself, the others are those behind the vports of its eswitch.
        const auto function =
            static_cast<uint16_t>(DEVX_GET(query_hca_cap_in, command.in, function_id));
        const auto vport = host_.vport(function);
        if (function != 0) {
            if (!vport || function == prm::kVportUplink || group != CapabilityGroup::kGeneral) {
                return kNoSuchVport;
            }
            general(cap);
            DEVX_SET(cmd_hca_cap, cap, vhca_id, vport->vhca_id);
            DEVX_SET(cmd_hca_cap, cap, eswitch_manager, 0);
            DEVX_SET(cmd_hca_cap, cap, vport_group_manager, 0);
            return kDone;
        }
    }
    switch (group) {
        case CapabilityGroup::kGeneral:
            general(cap);
            return kDone;
        case CapabilityGroup::kRoce:
            roce(cap);
            return kDone;
        case CapabilityGroup::kFlowTable:
            nic_flow_table(cap);
            return kDone;
        case CapabilityGroup::kEswitchFlowTable:
            eswitch_flow_table(cap);
            return kDone;
        case CapabilityGroup::kEswitch:
            eswitch(cap);
            return kDone;
        case CapabilityGroup::kQos:
            qos(cap);
            return kDone;
        case CapabilityGroup::kDeviceMemory:
            device_memory(cap);
            return kDone;
        case CapabilityGroup::kGeneral2:
            return kDone;
    }
    // Atomics, paging on demand, inline encryption and the like: a group of zeros, as of a device
    // that has none of it. What no driver knows is refused (Linux device.h: up to 0x26).
    return command.modifier() >> 1 <= 0x26 ? kDone : kUnknownModifier;
}

void Capabilities::general(void* cap) const {
    DEVX_SET(cmd_hca_cap, cap, hca_cap_2, 1);
    DEVX_SET(cmd_hca_cap, cap, vhca_id, host_.vhca_id());
    DEVX_SET(cmd_hca_cap, cap, eswitch_manager, host_.eswitch_manager());
    DEVX_SET(cmd_hca_cap, cap, vport_group_manager, host_.eswitch_manager());
    DEVX_SET(cmd_hca_cap, cap, eth_virt, 1);
    DEVX_SET(cmd_hca_cap, cap, nic_flow_table, 1);
    DEVX_SET(cmd_hca_cap, cap, device_memory, 1);
    DEVX_SET(cmd_hca_cap, cap, qos, 1);
    DEVX_SET(cmd_hca_cap, cap, roce, 1);
    DEVX_SET(cmd_hca_cap, cap, eth_net_offloads, 1);
    DEVX_SET(cmd_hca_cap, cap, rc, 1);
    DEVX_SET(cmd_hca_cap, cap, port_type, 1);  // Ethernet: Linux device.h, MLX5_CAP_PORT_TYPE_ETH
    DEVX_SET(cmd_hca_cap, cap, num_ports, 1);
    DEVX_SET(cmd_hca_cap, cap, isolate_vl_tc_new, 1);
    DEVX_SET(cmd_hca_cap, cap, reg_c_preserve, 1);

    DEVX_SET(cmd_hca_cap, cap, log_max_qp, limits_.log_qps);
    DEVX_SET(cmd_hca_cap, cap, log_max_qp_sz, limits_.log_qp_size);
    DEVX_SET(cmd_hca_cap, cap, log_max_cq, limits_.log_cqs);
    DEVX_SET(cmd_hca_cap, cap, log_max_cq_sz, 22);
    DEVX_SET(cmd_hca_cap, cap, log_max_srq, 23);
    DEVX_SET(cmd_hca_cap, cap, log_max_srq_sz, 15);
    DEVX_SET(cmd_hca_cap, cap, log_max_eq, 5);      // chosen
    DEVX_SET(cmd_hca_cap, cap, log_max_eq_sz, 22);  // chosen
    DEVX_SET(cmd_hca_cap, cap, log_max_mkey, limits_.log_mkeys);
    DEVX_SET(cmd_hca_cap, cap, log_max_pd, limits_.log_pds);
    DEVX_SET(cmd_hca_cap, cap, log_max_transport_domain, limits_.log_transport_domains);
    DEVX_SET(cmd_hca_cap, cap, log_max_msg, 30);
    DEVX_SET(cmd_hca_cap, cap, log_max_ra_req_qp, 4);
    DEVX_SET(cmd_hca_cap, cap, log_max_ra_res_qp, 4);
    DEVX_SET(cmd_hca_cap, cap, max_wqe_sz_sq, 1024);
    DEVX_SET(cmd_hca_cap, cap, max_wqe_sz_rq, 512);
    DEVX_SET(cmd_hca_cap, cap, cqe_version, 1);
    DEVX_SET(cmd_hca_cap, cap, cq_oi, 1);
    DEVX_SET(cmd_hca_cap, cap, cq_resize, 1);
    DEVX_SET(cmd_hca_cap, cap, cq_moderation, 1);
    DEVX_SET(cmd_hca_cap, cap, compact_address_vector, 1);
    DEVX_SET(cmd_hca_cap, cap, sctr_data_cqe, 1);
    DEVX_SET(cmd_hca_cap, cap, gid_table_size, 0);
    DEVX_SET(cmd_hca_cap, cap, pkey_table_size, 0);
    DEVX_SET(cmd_hca_cap, cap, uar_4k, 1);
    DEVX_SET(cmd_hca_cap, cap, uar_sz, 5);  // 32 MB of BAR
    DEVX_SET(cmd_hca_cap, cap, log_pg_sz, 12);
    DEVX_SET(cmd_hca_cap, cap, bf, 1);
    DEVX_SET(cmd_hca_cap, cap, log_bf_reg_size, 9);
    DEVX_SET(cmd_hca_cap, cap, device_frequency_khz, 1000000);

    DEVX_SET(cmd_hca_cap, cap, vport_counters, 1);
    DEVX_SET(cmd_hca_cap, cap, nic_receive_steering_discard, 1);
    DEVX_SET(cmd_hca_cap, cap, receive_discard_vport_down, 1);
    DEVX_SET(cmd_hca_cap, cap, transmit_discard_vport_down, 1);
    const uint32_t counters = 1U << limits_.log_flow_counters;
    DEVX_SET(cmd_hca_cap, cap, max_flow_counter_15_0, counters & 0xffff);
    DEVX_SET(cmd_hca_cap, cap, max_flow_counter_31_16, counters >> 16);
    DEVX_SET(cmd_hca_cap, cap, flow_counter_bulk_alloc, 0xff);  // all of MLX5_FC_BULK_*
    DEVX_SET(cmd_hca_cap, cap, log_max_flow_counter_bulk, limits_.log_counters_queried);

    DEVX_SET(cmd_hca_cap, cap, lag_master, 1);
    DEVX_SET(cmd_hca_cap, cap, num_lag_ports, 2);
    DEVX_SET(cmd_hca_cap, cap, lag_native_fdb_selection, 1);
    DEVX_SET(cmd_hca_cap, cap, lag_tx_port_affinity, 1);
    DEVX_SET(cmd_hca_cap, cap, port_selection_cap, 1);
    DEVX_SET(cmd_hca_cap, cap, create_lag_when_not_master_up, 1);

    DEVX_SET(cmd_hca_cap, cap, log_max_uctx, limits_.log_user_contexts);
    DEVX_SET(cmd_hca_cap, cap, log_max_umem, limits_.log_umems);
    // Raw transmit and internal resources: Linux mlx5_ifc.h, MLX5_UCTX_CAP_*.
    DEVX_SET(cmd_hca_cap, cap, uctx_cap, 0x3);
    DEVX_SET64(cmd_hca_cap, cap, general_obj_types,
               object_type(prm::ObjectType::kGeneveTlvOption) |
                   object_type(prm::ObjectType::kFlowMeterAso));
    DEVX_SET(cmd_hca_cap, cap, max_geneve_tlv_options, limits_.geneve_options);
    DEVX_SET(cmd_hca_cap, cap, max_geneve_tlv_option_data_len, 1);

    // Header rewrites by pattern and argument are not offered: libmlx5 then writes the actions into
    // header-modify ICM itself.
    DEVX_SET(cmd_hca_cap, cap, steering_format_version,
             static_cast<uint32_t>(prm::SteeringFormat::kConnectX6Dx));
    DEVX_SET(cmd_hca_cap, cap, flex_parser_protocols,
             prm::kFlexParserGeneve | prm::kFlexParserIcmpV4 | prm::kFlexParserIcmpV6 |
                 prm::kFlexParserGeneveOption0);
    // Chosen: each a flex parser of its own.
    DEVX_SET(cmd_hca_cap, cap, flex_parser_id_geneve_tlv_option_0, kGeneveFlexParser);
    DEVX_SET(cmd_hca_cap, cap, flex_parser_id_icmp_dw0, 4);
    DEVX_SET(cmd_hca_cap, cap, flex_parser_id_icmp_dw1, 5);
    DEVX_SET(cmd_hca_cap, cap, flex_parser_id_icmpv6_dw0, 6);
    DEVX_SET(cmd_hca_cap, cap, flex_parser_id_icmpv6_dw1, 7);

    if (host_.max_sfs() > 0) {
        DEVX_SET(cmd_hca_cap, cap, sf, 1);
        DEVX_SET(cmd_hca_cap, cap, log_max_sf, ceiling_log2(host_.max_sfs()));
        DEVX_SET(cmd_hca_cap, cap, max_num_sf, host_.max_sfs());
        DEVX_SET(cmd_hca_cap, cap, sf_base_id, host_.first_sf());
    }
}

void Capabilities::roce(void* cap) const {
    // The queue pairs of software steering are looped back inside the device, so that they need
    // neither a GID nor a link (rdma-core dr_send_allow_fl()).
    DEVX_SET(roce_cap, cap, fl_rc_qp_when_roce_disabled, 1);
    DEVX_SET(roce_cap, cap, fl_rc_qp_when_roce_enabled, 1);
    DEVX_SET(roce_cap, cap, l3_type, 3);       // IPv4 and IPv6
    DEVX_SET(roce_cap, cap, roce_version, 5);  // versions 1 and 2
    DEVX_SET(roce_cap, cap, r_roce_dest_udp_port, 4791);
    DEVX_SET(roce_cap, cap, r_roce_min_src_udp_port, 0xc000);
    DEVX_SET(roce_cap, cap, r_roce_max_src_udp_port, 0xffff);
    DEVX_SET(roce_cap, cap, roce_address_table_size, 255);
}

void Capabilities::flow_table_properties(void* properties, bool fdb) const {
#define ESW_SET(field, value) DEVX_SET(flow_table_prop_layout, properties, field, value)
    ESW_SET(ft_support, 1);
    ESW_SET(flow_counter, 1);
    ESW_SET(flow_modify_en, 1);
    ESW_SET(modify_root, 1);
    ESW_SET(identified_miss_table_mode, 1);
    ESW_SET(flow_table_modify, 1);
    ESW_SET(reformat, 1);
    ESW_SET(decap, 1);
    ESW_SET(pop_vlan, 1);
    ESW_SET(push_vlan, 1);
    ESW_SET(pop_vlan_2, 1);
    ESW_SET(push_vlan_2, 1);
    ESW_SET(reformat_and_vlan_action, 1);
    ESW_SET(reformat_l3_tunnel_to_l2, 1);
    ESW_SET(reformat_l2_to_l3_tunnel, 1);
    ESW_SET(reformat_and_modify_action, 1);
    ESW_SET(reformat_and_fwd_to_table, 1);
    ESW_SET(ignore_flow_level, 1);
    ESW_SET(termination_table, fdb);
    // From the ConnectX-6 Dx on only _v2, which tells that the formats differ (Linux
    // dr_types.h, mlx5dr_is_supported()).
    ESW_SET(sw_owner_v2, 1);
    ESW_SET(log_max_ft_size, limits_.log_flows);
    ESW_SET(log_max_modify_header_context, limits_.log_modify_headers);
    ESW_SET(max_modify_header_actions, limits_.modify_header_actions);
    ESW_SET(max_ft_level, limits_.table_level);
    ESW_SET(log_max_ft_num, limits_.log_flow_tables);
    ESW_SET(log_max_flow_counter, limits_.log_flow_counters);
    ESW_SET(log_max_destination, 5);  // chosen
    ESW_SET(log_max_flow, limits_.log_flows);
#undef ESW_SET
    matchable_fields(DEVX_ADDR_OF(flow_table_prop_layout, properties, ft_field_support));
    matchable_fields(DEVX_ADDR_OF(flow_table_prop_layout, properties, ft_field_bitmask_support));
}

void Capabilities::nic_flow_table(void* cap) const {
    const auto address = [this](IcmAddress::Kind kind, IcmAddress::Side side) {
        return IcmAddress{kind, side, static_cast<uint8_t>(host_.vhca_id()), 0}.encode();
    };
    DEVX_SET(flow_table_nic_cap, cap, encap_general_header, 1);
    DEVX_SET(flow_table_nic_cap, cap, log_max_packet_reformat_context, limits_.log_reformats);
    DEVX_SET(flow_table_nic_cap, cap, max_encap_header_size, limits_.reformat_bytes);
    flow_table_properties(DEVX_ADDR_OF(flow_table_nic_cap, cap, flow_table_properties_nic_receive),
                          false);
    flow_table_properties(DEVX_ADDR_OF(flow_table_nic_cap, cap, flow_table_properties_nic_transmit),
                          false);
    DEVX_SET64(flow_table_nic_cap, cap, sw_steering_nic_rx_action_drop_icm_address,
               address(IcmAddress::Kind::kNicDrop, IcmAddress::Side::kRx));
    DEVX_SET64(flow_table_nic_cap, cap, sw_steering_nic_tx_action_drop_icm_address,
               address(IcmAddress::Kind::kNicDrop, IcmAddress::Side::kTx));
    DEVX_SET64(flow_table_nic_cap, cap, sw_steering_nic_tx_action_allow_icm_address,
               address(IcmAddress::Kind::kNicAllow, IcmAddress::Side::kTx));
}

void Capabilities::eswitch_flow_table(void* cap) const {
    const auto address = [this](IcmAddress::Kind kind, IcmAddress::Side side) {
        return IcmAddress{kind, side, static_cast<uint8_t>(host_.vhca_id()), 0}.encode();
    };
    // reg_c_0 goes with the packet to the vport: Linux mlx5_ifc.h, MLX5_FDB_TO_VPORT_REG_C_*.
    DEVX_SET(flow_table_eswitch_cap, cap, fdb_to_vport_reg_c_id, 0x3);
    DEVX_SET(flow_table_eswitch_cap, cap, fdb_modify_header_fwd_to_table, 1);
    DEVX_SET(flow_table_eswitch_cap, cap, fdb_ipv4_ttl_modify, 1);
    DEVX_SET(flow_table_eswitch_cap, cap, flow_source, 1);
    DEVX_SET(flow_table_eswitch_cap, cap, multi_fdb_encap, 1);
    DEVX_SET(flow_table_eswitch_cap, cap, egress_acl_forward_to_vport, 1);
    DEVX_SET(flow_table_eswitch_cap, cap, fdb_multi_path_to_table, 1);
    flow_table_properties(
        DEVX_ADDR_OF(flow_table_eswitch_cap, cap, flow_table_properties_nic_esw_fdb), true);
    DEVX_SET64(flow_table_eswitch_cap, cap, sw_steering_fdb_action_drop_icm_address_rx,
               address(IcmAddress::Kind::kDrop, IcmAddress::Side::kRx));
    DEVX_SET64(flow_table_eswitch_cap, cap, sw_steering_fdb_action_drop_icm_address_tx,
               address(IcmAddress::Kind::kDrop, IcmAddress::Side::kTx));
    DEVX_SET64(flow_table_eswitch_cap, cap, sw_steering_uplink_icm_address_rx,
               address(IcmAddress::Kind::kUplink, IcmAddress::Side::kRx));
    DEVX_SET64(flow_table_eswitch_cap, cap, sw_steering_uplink_icm_address_tx,
               address(IcmAddress::Kind::kUplink, IcmAddress::Side::kTx));
}

void Capabilities::eswitch(void* cap) const {
    DEVX_SET(e_switch_cap, cap, vport_svlan_strip, 1);
    DEVX_SET(e_switch_cap, cap, vport_cvlan_strip, 1);
    DEVX_SET(e_switch_cap, cap, vport_svlan_insert, 1);
    DEVX_SET(e_switch_cap, cap, vport_cvlan_insert_if_not_exist, 1);
    DEVX_SET(e_switch_cap, cap, vport_cvlan_insert_overwrite, 1);
    DEVX_SET(e_switch_cap, cap, esw_shared_ingress_acl, 1);
    DEVX_SET(e_switch_cap, cap, esw_uplink_ingress_acl, 1);
    DEVX_SET(e_switch_cap, cap, root_ft_on_other_esw, 1);
    DEVX_SET(e_switch_cap, cap, esw_functions_changed, 1);
    DEVX_SET(e_switch_cap, cap, counter_eswitch_affinity, 1);
    DEVX_SET(e_switch_cap, cap, merged_eswitch, 1);
    DEVX_SET(e_switch_cap, cap, vxlan_encap_decap, 1);
    DEVX_SET(e_switch_cap, cap, nvgre_encap_decap, 1);
    DEVX_SET(e_switch_cap, cap, log_max_packet_reformat_context, limits_.log_reformats);
    DEVX_SET(e_switch_cap, cap, max_encap_header_size, limits_.reformat_bytes);
    if (host_.max_sfs() > 0) {
        DEVX_SET(e_switch_cap, cap, log_max_esw_sf, ceiling_log2(host_.max_sfs()));
        DEVX_SET(e_switch_cap, cap, esw_sf_base_id, host_.first_sf());
    }
}

void Capabilities::qos(void* cap) const {
    DEVX_SET(qos_cap, cap, esw_scheduling, 1);
    DEVX_SET(qos_cap, cap, esw_bw_share, 1);
    DEVX_SET(qos_cap, cap, esw_rate_limit, 1);
    DEVX_SET(qos_cap, cap, packet_pacing_max_rate, 100'000'000);  // kbit/s
    DEVX_SET(qos_cap, cap, max_tsar_bw_share, 100);
    DEVX_SET(qos_cap, cap, log_meter_aso_granularity, 0);
    DEVX_SET(qos_cap, cap, log_meter_aso_max_alloc, limits_.log_meters);
    DEVX_SET(qos_cap, cap, log_max_num_meter_aso, limits_.log_meters);
}

void Capabilities::device_memory(void* cap) const {
    const Icm::Range& steering = icm_.range(Icm::Kind::kSteering);
    const Icm::Range& modify = icm_.range(Icm::Kind::kHeaderModify);
    DEVX_SET64(device_mem_cap, cap, steering_sw_icm_start_address, steering.start);
    DEVX_SET(device_mem_cap, cap, log_steering_sw_icm_size, log2_of(steering));
    DEVX_SET64(device_mem_cap, cap, header_modify_sw_icm_start_address, modify.start);
    DEVX_SET(device_mem_cap, cap, log_header_modify_sw_icm_size, log2_of(modify));
    // libmlx5 wants to see memory for patterns on format v1 even where it cannot use any
    // (dr_domain_check_icm_memory_caps()). It has the size of the other and no address.
    DEVX_SET(device_mem_cap, cap, log_header_modify_pattern_sw_icm_size, log2_of(modify));
    DEVX_SET(device_mem_cap, cap, log_sw_icm_alloc_granularity, 12);
}

}  // namespace esw::sim
