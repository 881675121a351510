// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "tests/unit/sim/firmware_fixture.h"

namespace esw::sim {
namespace {

using prm::CapabilityGroup;
using prm::Opcode;

class FirmwareDevice : public FirmwareTest {
protected:
    Reply capabilities(CapabilityGroup group, bool other = false, uint16_t function = 0) {
        Words in = ESW_INBOX(query_hca_cap_in, Opcode::kQueryHcaCap);
        DEVX_SET(query_hca_cap_in, in.data(), op_mod, static_cast<uint32_t>(group) << 1 | 1);
        DEVX_SET(query_hca_cap_in, in.data(), other_function, other);
        DEVX_SET(query_hca_cap_in, in.data(), function_id, function);
        return ESW_RUN(uid_, in, query_hca_cap_out);
    }
    Reply esw_context(bool other, uint16_t number) {
        Words in = ESW_INBOX(query_esw_vport_context_in, Opcode::kQueryEswVportContext);
        DEVX_SET(query_esw_vport_context_in, in.data(), other_vport, other);
        DEVX_SET(query_esw_vport_context_in, in.data(), vport_number, number);
        return ESW_RUN(uid_, in, query_esw_vport_context_out);
    }
    Place place_of(Reply reply) {
        const auto rx = DEVX_GET64(query_esw_vport_context_out, reply.data(),
                                   esw_vport_context.sw_steering_vport_icm_address_rx);
        const auto tx = DEVX_GET64(query_esw_vport_context_out, reply.data(),
                                   esw_vport_context.sw_steering_vport_icm_address_tx);
        EXPECT_NE(rx, tx);
        EXPECT_EQ(firmware_->place(rx).kind, firmware_->place(tx).kind);
        EXPECT_EQ(firmware_->place(rx).vport, firmware_->place(tx).vport);
        return firmware_->place(tx);
    }
};

TEST_F(FirmwareDevice, IsAConnectX6DxForSoftwareSteering) {
    Reply reply = capabilities(CapabilityGroup::kGeneral);
    void* const cap = DEVX_ADDR_OF(query_hca_cap_out, reply.data(), capability);
    EXPECT_EQ(DEVX_GET(cmd_hca_cap, cap, vhca_id), FakeHost::kVhca);
    EXPECT_EQ(DEVX_GET(cmd_hca_cap, cap, eswitch_manager), 1U);
    EXPECT_EQ(DEVX_GET(cmd_hca_cap, cap, steering_format_version), 1U);
    EXPECT_EQ(DEVX_GET(cmd_hca_cap, cap, sf), 0U);
    EXPECT_EQ(DEVX_GET64(cmd_hca_cap, cap, general_obj_types), 1ULL << 0xb | 1ULL << 0x24);

    Reply fdb = capabilities(CapabilityGroup::kEswitchFlowTable);
    void* const properties =
        DEVX_ADDR_OF(query_hca_cap_out, fdb.data(),
                     capability.flow_table_eswitch_cap.flow_table_properties_nic_esw_fdb);
    EXPECT_EQ(DEVX_GET(flow_table_prop_layout, properties, sw_owner_v2), 1U);
    EXPECT_EQ(DEVX_GET(flow_table_prop_layout, properties, sw_owner), 0U);

    Reply roce = capabilities(CapabilityGroup::kRoce);
    EXPECT_EQ(
        DEVX_GET(query_hca_cap_out, roce.data(), capability.roce_cap.fl_rc_qp_when_roce_enabled),
        1U);
}

TEST_F(FirmwareDevice, OffersSfsWhenTheEswitchHasThem) {
    host_.max_sfs_ = 20;
    Reply general = capabilities(CapabilityGroup::kGeneral);
    EXPECT_EQ(DEVX_GET(query_hca_cap_out, general.data(), capability.cmd_hca_cap.sf), 1U);
    EXPECT_EQ(DEVX_GET(query_hca_cap_out, general.data(), capability.cmd_hca_cap.max_num_sf), 20U);
    Reply eswitch = capabilities(CapabilityGroup::kEswitch);
    EXPECT_EQ(DEVX_GET(query_hca_cap_out, eswitch.data(), capability.e_switch_cap.log_max_esw_sf),
              5U);
    EXPECT_EQ(DEVX_GET(query_hca_cap_out, eswitch.data(), capability.e_switch_cap.esw_sf_base_id),
              0x8000U);
}

TEST_F(FirmwareDevice, TellsOfTheFunctionsBehindVports) {
    Reply reply = capabilities(CapabilityGroup::kGeneral, true, 2);
    EXPECT_EQ(DEVX_GET(query_hca_cap_out, reply.data(), capability.cmd_hca_cap.vhca_id), 0x22U);
    EXPECT_EQ(DEVX_GET(query_hca_cap_out, reply.data(), capability.cmd_hca_cap.eswitch_manager),
              0U);
    Reply own = capabilities(CapabilityGroup::kGeneral, true, 0);
    EXPECT_EQ(DEVX_GET(query_hca_cap_out, own.data(), capability.cmd_hca_cap.vhca_id),
              FakeHost::kVhca);
    EXPECT_REFUSED(capabilities(CapabilityGroup::kGeneral, true, 3), kBadParameter, kNoSuchVport);
    EXPECT_REFUSED(capabilities(CapabilityGroup::kGeneral, true, 0xffff), kBadParameter,
                   kNoSuchVport);
    EXPECT_REFUSED(capabilities(CapabilityGroup::kRoce, true, 2), kBadParameter, kNoSuchVport);
}

TEST_F(FirmwareDevice, TellsItsLimits) {
    start({.log_qps = 7, .log_flow_counters = 17, .log_meters = 3, .table_level = 9});
    Reply general = capabilities(CapabilityGroup::kGeneral);
    EXPECT_EQ(DEVX_GET(query_hca_cap_out, general.data(), capability.cmd_hca_cap.log_max_qp), 7U);
    EXPECT_EQ(
        DEVX_GET(query_hca_cap_out, general.data(), capability.cmd_hca_cap.max_flow_counter_31_16),
        2U);
    EXPECT_EQ(
        DEVX_GET(query_hca_cap_out, general.data(), capability.cmd_hca_cap.max_flow_counter_15_0),
        0U);
    Reply tables = capabilities(CapabilityGroup::kFlowTable);
    EXPECT_EQ(
        DEVX_GET(query_hca_cap_out, tables.data(),
                 capability.flow_table_nic_cap.flow_table_properties_nic_receive.max_ft_level),
        9U);
    Reply qos = capabilities(CapabilityGroup::kQos);
    EXPECT_EQ(DEVX_GET(query_hca_cap_out, qos.data(), capability.qos_cap.log_max_num_meter_aso),
              3U);
}

TEST_F(FirmwareDevice, TellsWhereItsMemoryIs) {
    Reply reply = capabilities(CapabilityGroup::kDeviceMemory);
    void* const cap = DEVX_ADDR_OF(query_hca_cap_out, reply.data(), capability);
    EXPECT_EQ(DEVX_GET64(device_mem_cap, cap, steering_sw_icm_start_address), kSteeringIcm.start);
    EXPECT_EQ(DEVX_GET(device_mem_cap, cap, log_steering_sw_icm_size), 20U);
    EXPECT_EQ(DEVX_GET64(device_mem_cap, cap, header_modify_sw_icm_start_address),
              kModifyIcm.start);
    EXPECT_EQ(DEVX_GET(device_mem_cap, cap, log_header_modify_sw_icm_size), 18U);
    EXPECT_EQ(firmware_->header_modify_base(), kModifyIcm.start);
    // dr_domain_check_icm_memory_caps() of libmlx5 wants 2^15 bytes.
    EXPECT_GE(DEVX_GET(device_mem_cap, cap, log_header_modify_pattern_sw_icm_size), 15U);
}

TEST_F(FirmwareDevice, AnswersGroupsThatItHasNothingInWithZeros) {
    Reply reply = capabilities(static_cast<CapabilityGroup>(0x3));
    EXPECT_DONE(reply);
    EXPECT_EQ(reply.out, Words(reply.out.size()));
    EXPECT_DONE(capabilities(CapabilityGroup::kGeneral2));
    EXPECT_REFUSED(capabilities(static_cast<CapabilityGroup>(0x27)), kBadParameter,
                   kUnknownModifier);
}

TEST_F(FirmwareDevice, TellsOfTheAdapter) {
    Reply adapter = ESW_RUN(uid_, inbox(4, Opcode::kQueryAdapter), query_adapter_out);
    EXPECT_EQ(DEVX_GET(query_adapter_out, adapter.data(), query_adapter_struct.vsd_vendor_id),
              0x15b3U);
    EXPECT_STREQ(reinterpret_cast<char*>(DEVX_ADDR_OF(query_adapter_out, adapter.data(),
                                                      query_adapter_struct.vsd_contd_psid)),
                 "MT_0000000359");
    Reply issi = ESW_RUN(uid_, inbox(4, Opcode::kQueryIssi), query_issi_out);
    EXPECT_EQ(DEVX_GET(query_issi_out, issi.data(), current_issi), 1U);
}

TEST_F(FirmwareDevice, GivesEachVportItsPlace) {
    Place place = place_of(esw_context(true, 2));
    EXPECT_EQ(place.kind, Place::Kind::kVport);
    EXPECT_EQ(place.vport, (VportId{FakeHost::kVhca, 2}));

    place = place_of(esw_context(false, 0));
    EXPECT_EQ(place.kind, Place::Kind::kManager);
    EXPECT_EQ(place.vport, (VportId{FakeHost::kVhca, 0}));
    EXPECT_EQ(place_of(esw_context(true, 0)).kind, Place::Kind::kManager);

    place = place_of(esw_context(true, prm::kVportUplink));
    EXPECT_EQ(place.kind, Place::Kind::kVport);
    EXPECT_EQ(place.vport, (VportId{FakeHost::kVhca, prm::kVportUplink}));

    EXPECT_REFUSED(esw_context(true, 3), kBadParameter, kNoSuchVport);
    EXPECT_REFUSED(esw_context(false, 2), kBadParameter, kNoSuchVport);

    const auto icm = firmware_->vport_icm(2);
    EXPECT_EQ(firmware_->place(icm.rx).vport.number, 2);
    EXPECT_EQ(firmware_->place(icm.tx).vport.number, 2);
}

TEST_F(FirmwareDevice, HasNoPlaceForAVportThatWent) {
    const auto icm = firmware_->vport_icm(2);
    host_.vports_.erase(2);
    EXPECT_EQ(firmware_->place(icm.rx).kind, Place::Kind::kNone);
}

TEST_F(FirmwareDevice, KnowsThePlacesOfItsPeerInALag) {
    FakeHost peer_host;
    struct PeerHost : FakeHost {
        uint16_t vhca_id() const override { return 1; }
    } peer;
    Firmware other(peer, *Icm::create(kSteeringIcm, kModifyIcm));
    const Place vport = firmware_->place(other.vport_icm(7).tx);
    EXPECT_EQ(vport.kind, Place::Kind::kVport);
    EXPECT_EQ(vport.vport, (VportId{1, 7}));
    const Place wire = firmware_->place(other.vport_icm(prm::kVportUplink).tx);
    EXPECT_EQ(wire.vport, (VportId{1, prm::kVportUplink}));
}

TEST_F(FirmwareDevice, GivesOutPlacesToDropAndTheWire) {
    Reply reply = capabilities(CapabilityGroup::kEswitchFlowTable);
    void* const cap = DEVX_ADDR_OF(query_hca_cap_out, reply.data(), capability);
    for (const uint64_t address :
         {DEVX_GET64(flow_table_eswitch_cap, cap, sw_steering_fdb_action_drop_icm_address_rx),
          DEVX_GET64(flow_table_eswitch_cap, cap, sw_steering_fdb_action_drop_icm_address_tx)}) {
        EXPECT_EQ(firmware_->place(address).kind, Place::Kind::kDrop);
    }
    for (const uint64_t address :
         {DEVX_GET64(flow_table_eswitch_cap, cap, sw_steering_uplink_icm_address_rx),
          DEVX_GET64(flow_table_eswitch_cap, cap, sw_steering_uplink_icm_address_tx)}) {
        EXPECT_EQ(firmware_->place(address).vport.number, prm::kVportUplink);
    }
    Reply nic = capabilities(CapabilityGroup::kFlowTable);
    EXPECT_EQ(firmware_
                  ->place(DEVX_GET64(
                      query_hca_cap_out, nic.data(),
                      capability.flow_table_nic_cap.sw_steering_nic_rx_action_drop_icm_address))
                  .kind,
              Place::Kind::kDrop);
    EXPECT_EQ(firmware_->place(0).kind, Place::Kind::kNone);
    EXPECT_EQ(firmware_->place(kSteeringIcm.start).kind, Place::Kind::kNone);
}

TEST_F(FirmwareDevice, TellsTheStateOfVports) {
    host_.vports_[2].admin_up = true;
    host_.vports_[2].link_up = true;
    const auto query = [&](prm::VportStateOf of, bool other, uint16_t number) {
        Words in = ESW_INBOX(query_vport_state_in, Opcode::kQueryVportState);
        DEVX_SET(query_vport_state_in, in.data(), op_mod, static_cast<uint32_t>(of));
        DEVX_SET(query_vport_state_in, in.data(), other_vport, other);
        DEVX_SET(query_vport_state_in, in.data(), vport_number, number);
        return ESW_RUN(uid_, in, query_vport_state_out);
    };
    Reply up = query(prm::VportStateOf::kEswitchVport, true, 2);
    EXPECT_EQ(DEVX_GET(query_vport_state_out, up.data(), admin_state), 1U);
    EXPECT_EQ(DEVX_GET(query_vport_state_out, up.data(), state), 1U);
    Reply down = query(prm::VportStateOf::kNicVport, true, 1);
    EXPECT_EQ(DEVX_GET(query_vport_state_out, down.data(), admin_state), 0U);
    EXPECT_EQ(DEVX_GET(query_vport_state_out, down.data(), state), 0U);
    Reply wire = query(prm::VportStateOf::kUplink, false, 0);
    EXPECT_EQ(DEVX_GET(query_vport_state_out, wire.data(), state), 1U);
    EXPECT_REFUSED(query(prm::VportStateOf::kEswitchVport, true, 3), kBadParameter, kNoSuchVport);
    EXPECT_REFUSED(query(static_cast<prm::VportStateOf>(3), true, 2), kBadParameter,
                   kUnknownModifier);
}

TEST_F(FirmwareDevice, TellsTheAddressesOfVports) {
    host_.vports_[1].mac = 0x020304050607;
    Words in = ESW_INBOX(query_nic_vport_context_in, Opcode::kQueryNicVportContext);
    DEVX_SET(query_nic_vport_context_in, in.data(), other_vport, 1);
    DEVX_SET(query_nic_vport_context_in, in.data(), vport_number, 1);
    Reply reply = ESW_RUN(uid_, in, query_nic_vport_context_out);
    void* const context =
        DEVX_ADDR_OF(query_nic_vport_context_out, reply.data(), nic_vport_context);
    EXPECT_EQ(DEVX_GET(nic_vport_context, context, permanent_address.mac_addr_47_32), 0x0203U);
    EXPECT_EQ(DEVX_GET(nic_vport_context, context, permanent_address.mac_addr_31_0), 0x04050607U);
    EXPECT_EQ(DEVX_GET64(nic_vport_context, context, node_guid), 0x020304fffe050607U);
    EXPECT_EQ(DEVX_GET(nic_vport_context, context, roce_en), 1U);
    DEVX_SET(query_nic_vport_context_in, in.data(), vport_number, 9);
    EXPECT_REFUSED(ESW_RUN(uid_, in, query_nic_vport_context_out), kBadParameter, kNoSuchVport);
}

TEST_F(FirmwareDevice, CountsTheTrafficOfVports) {
    host_.vports_[1].rx_packets = 5;
    host_.vports_[1].rx_bytes = 500;
    host_.vports_[1].tx_packets = uint64_t{7} << 32;
    host_.vports_[1].tx_bytes = 700;
    Words in = ESW_INBOX(query_vport_counter_in, Opcode::kQueryVportCounter);
    DEVX_SET(query_vport_counter_in, in.data(), other_vport, 1);
    DEVX_SET(query_vport_counter_in, in.data(), vport_number, 1);
    Reply reply = ESW_RUN(uid_, in, query_vport_counter_out);
    EXPECT_EQ(DEVX_GET64(query_vport_counter_out, reply.data(), received_eth_unicast.packets), 5U);
    EXPECT_EQ(DEVX_GET64(query_vport_counter_out, reply.data(), received_eth_unicast.octets), 500U);
    EXPECT_EQ(DEVX_GET64(query_vport_counter_out, reply.data(), transmitted_eth_unicast.packets),
              uint64_t{7} << 32);
    DEVX_SET(query_vport_counter_in, in.data(), clear, 1);
    EXPECT_REFUSED(ESW_RUN(uid_, in, query_vport_counter_out), kBadParameter, kNotSupported);
    DEVX_SET(query_vport_counter_in, in.data(), vport_number, 9);
    EXPECT_REFUSED(ESW_RUN(uid_, in, query_vport_counter_out), kBadParameter, kNoSuchVport);

    in = ESW_INBOX(query_vnic_env_in, Opcode::kQueryVnicEnv);
    EXPECT_DONE(ESW_RUN(uid_, in, query_vnic_env_out));
    DEVX_SET(query_vnic_env_in, in.data(), other_vport, 1);
    DEVX_SET(query_vnic_env_in, in.data(), vport_number, 9);
    EXPECT_REFUSED(ESW_RUN(uid_, in, query_vnic_env_out), kBadParameter, kNoSuchVport);
}

TEST_F(FirmwareDevice, TellsOfTheHostsFunctions) {
    Words in = ESW_INBOX(query_esw_functions_in, Opcode::kQueryEswFunctions);
    Reply reply = ESW_RUN(uid_, in, query_esw_functions_out);
    void* const host = DEVX_ADDR_OF(query_esw_functions_out, reply.data(), host_params_context);
    EXPECT_EQ(DEVX_GET(host_params_context, host, host_num_of_vfs), 2U);
    EXPECT_EQ(DEVX_GET(host_params_context, host, host_total_vfs), 8U);
    // libmlx5 takes a manager whose host PF is another function for one on the adapter (ECPF).
    EXPECT_EQ(DEVX_GET(host_params_context, host, host_pf_vhca_id), FakeHost::kVhca);
}

TEST_F(FirmwareDevice, TellsOfTheLagWhenThereIsOne) {
    const Words in = ESW_INBOX(query_lag_in, Opcode::kQueryLag);
    EXPECT_REFUSED(ESW_RUN(uid_, in, query_lag_out), kBadParameter, kBadState);
    host_.lag_ = {.active = true,
                  .state = 1,
                  .port_select_mode = 2,
                  .fdb_selection_mode = 1,
                  .affinity_1 = 1,
                  .affinity_2 = 2};
    Reply reply = ESW_RUN(uid_, in, query_lag_out);
    EXPECT_EQ(DEVX_GET(query_lag_out, reply.data(), ctx.lag_state), 1U);
    EXPECT_EQ(DEVX_GET(query_lag_out, reply.data(), ctx.port_select_mode), 2U);
    EXPECT_EQ(DEVX_GET(query_lag_out, reply.data(), ctx.fdb_selection_mode), 1U);
    EXPECT_EQ(DEVX_GET(query_lag_out, reply.data(), ctx.tx_remap_affinity_1), 1U);
    EXPECT_EQ(DEVX_GET(query_lag_out, reply.data(), ctx.tx_remap_affinity_2), 2U);
}

TEST_F(FirmwareDevice, HasEmptyRoceAddresses) {
    Words in = ESW_INBOX(query_roce_address_in, Opcode::kQueryRoceAddress);
    Reply reply = ESW_RUN(uid_, in, query_roce_address_out);
    EXPECT_DONE(reply);
    EXPECT_EQ(reply.out, Words(reply.out.size()));
    DEVX_SET(query_roce_address_in, in.data(), roce_address_index, 255);
    EXPECT_REFUSED(ESW_RUN(uid_, in, query_roce_address_out), kBadIndex, kBadValue);
}

}  // namespace
}  // namespace esw::sim
