// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/firmware/vport_commands.h"

namespace esw::sim {

void VportCommands::add_commands(CommandTable& table) {
    using prm::Opcode;
    const auto add = [&](Opcode opcode, size_t in, size_t out,
                         Answer (VportCommands::*run)(const Command&) const) {
        table[opcode] = {in, out,
                         [this, run](const Command& command) { return (this->*run)(command); }};
    };
    add(Opcode::kQueryVportState, DEVX_ST_SZ_BYTES(query_vport_state_in),
        DEVX_ST_SZ_BYTES(query_vport_state_out), &VportCommands::query_vport_state);
    add(Opcode::kQueryEswVportContext, DEVX_ST_SZ_BYTES(query_esw_vport_context_in),
        DEVX_ST_SZ_BYTES(query_esw_vport_context_out), &VportCommands::query_esw_vport_context);
    add(Opcode::kQueryNicVportContext, DEVX_ST_SZ_BYTES(query_nic_vport_context_in),
        DEVX_ST_SZ_BYTES(query_nic_vport_context_out), &VportCommands::query_nic_vport_context);
    add(Opcode::kQueryRoceAddress, DEVX_ST_SZ_BYTES(query_roce_address_in),
        DEVX_ST_SZ_BYTES(query_roce_address_out), &VportCommands::query_roce_address);
    add(Opcode::kQueryVnicEnv, DEVX_ST_SZ_BYTES(query_vnic_env_in),
        DEVX_ST_SZ_BYTES(query_vnic_env_out), &VportCommands::query_vnic_env);
    add(Opcode::kQueryVportCounter, DEVX_ST_SZ_BYTES(query_vport_counter_in),
        DEVX_ST_SZ_BYTES(query_vport_counter_out), &VportCommands::query_vport_counter);
    add(Opcode::kQueryEswFunctions, DEVX_ST_SZ_BYTES(query_esw_functions_in),
        DEVX_ST_SZ_BYTES(query_esw_functions_out), &VportCommands::query_esw_functions);
    add(Opcode::kQueryLag, DEVX_ST_SZ_BYTES(query_lag_in), DEVX_ST_SZ_BYTES(query_lag_out),
        &VportCommands::query_lag);
}

IcmAddress VportCommands::address(uint16_t number, IcmAddress::Side side) const {
    const auto kind = number == prm::kVportUplink ? IcmAddress::Kind::kUplink
                      : number == 0               ? IcmAddress::Kind::kManager
                                                  : IcmAddress::Kind::kVport;
    return {kind, side, static_cast<uint8_t>(host_.vhca_id()),
            kind == IcmAddress::Kind::kVport ? number : 0U};
}

/// The vport that a command is about: its own (the PF's, 0) or another of the eswitch.
std::optional<FirmwareHost::Vport> VportCommands::vport(bool other, uint32_t number) const {
    if (!other && number != 0) {
        return std::nullopt;
    }
    return host_.vport(static_cast<uint16_t>(number));
}

Answer VportCommands::query_vport_state(const Command& command) const {
    const auto number =
        static_cast<uint16_t>(DEVX_GET(query_vport_state_in, command.in, vport_number));
    std::optional<FirmwareHost::Vport> found;
    switch (static_cast<prm::VportStateOf>(command.modifier())) {
        case prm::VportStateOf::kNicVport:
        case prm::VportStateOf::kEswitchVport:
            found = vport(DEVX_GET(query_vport_state_in, command.in, other_vport), number);
            break;
        case prm::VportStateOf::kUplink:
            found = host_.vport(prm::kVportUplink);
            break;
        default:
            return kUnknownModifier;
    }
    if (!found) {
        return kNoSuchVport;
    }
    const auto state = [](bool up) {
        return static_cast<uint32_t>(up ? prm::VportState::kUp : prm::VportState::kDown);
    };
    DEVX_SET(query_vport_state_out, command.out, admin_state, state(found->admin_up));
    DEVX_SET(query_vport_state_out, command.out, state, state(found->link_up));
    return kDone;
}

Answer VportCommands::query_esw_vport_context(const Command& command) const {
    const auto number =
        static_cast<uint16_t>(DEVX_GET(query_esw_vport_context_in, command.in, vport_number));
    const bool other = DEVX_GET(query_esw_vport_context_in, command.in, other_vport);
    // The manager's is there whatever the mode is; vport 0 of the eswitch is the manager.
    if (number != 0 && !vport(other, number)) {
        return kNoSuchVport;
    }
    DEVX_SET64(query_esw_vport_context_out, command.out,
               esw_vport_context.sw_steering_vport_icm_address_rx,
               address(number, IcmAddress::Side::kRx).encode());
    DEVX_SET64(query_esw_vport_context_out, command.out,
               esw_vport_context.sw_steering_vport_icm_address_tx,
               address(number, IcmAddress::Side::kTx).encode());
    return kDone;
}

Answer VportCommands::query_nic_vport_context(const Command& command) const {
    const auto found = vport(DEVX_GET(query_nic_vport_context_in, command.in, other_vport),
                             DEVX_GET(query_nic_vport_context_in, command.in, vport_number));
    if (!found) {
        return kNoSuchVport;
    }
    void* const context = DEVX_ADDR_OF(query_nic_vport_context_out, command.out, nic_vport_context);
    const uint64_t mac = found->mac;
    DEVX_SET(nic_vport_context, context, roce_en, 1);
    DEVX_SET(nic_vport_context, context, mtu, 1500);
    // EUI-64 of the MAC address, as ibv_devinfo shows it.
    const uint64_t guid = (mac >> 24) << 40 | uint64_t{0xfffe} << 24 | (mac & 0xffffff);
    DEVX_SET64(nic_vport_context, context, system_image_guid, guid);
    DEVX_SET64(nic_vport_context, context, port_guid, guid);
    DEVX_SET64(nic_vport_context, context, node_guid, guid);
    DEVX_SET(nic_vport_context, context, permanent_address.mac_addr_47_32,
             static_cast<uint32_t>(mac >> 32));
    DEVX_SET(nic_vport_context, context, permanent_address.mac_addr_31_0,
             static_cast<uint32_t>(mac));
    return kDone;
}

Answer VportCommands::query_roce_address(const Command& command) const {
    // The addresses are in the driver's table; an index that it did not set is empty.
    constexpr uint32_t kTableSize = 255;
    return DEVX_GET(query_roce_address_in, command.in, roce_address_index) < kTableSize
               ? kDone
               : Answer{prm::Status::kBadIndex, Syndrome::kBadValue};
}

Answer VportCommands::query_vnic_env(const Command& command) const {
    // Nothing is lost in the device that these counters could tell of.
    return vport(DEVX_GET(query_vnic_env_in, command.in, other_vport),
                 DEVX_GET(query_vnic_env_in, command.in, vport_number))
               ? kDone
               : kNoSuchVport;
}

Answer VportCommands::query_vport_counter(const Command& command) const {
    const auto found = vport(DEVX_GET(query_vport_counter_in, command.in, other_vport),
                             DEVX_GET(query_vport_counter_in, command.in, vport_number));
    if (!found) {
        return kNoSuchVport;
    }
    if (DEVX_GET(query_vport_counter_in, command.in, clear)) {
        return kNotSupported;
    }
    const auto set = [](void* counter, uint64_t packets, uint64_t bytes) {
        DEVX_SET64(traffic_counter, counter, packets, packets);
        DEVX_SET64(traffic_counter, counter, octets, bytes);
    };
    set(DEVX_ADDR_OF(query_vport_counter_out, command.out, received_eth_unicast), found->rx_packets,
        found->rx_bytes);
    set(DEVX_ADDR_OF(query_vport_counter_out, command.out, transmitted_eth_unicast),
        found->tx_packets, found->tx_bytes);
    return kDone;
}

Answer VportCommands::query_esw_functions(const Command& command) const {
    void* const host = DEVX_ADDR_OF(query_esw_functions_out, command.out, host_params_context);
    DEVX_SET(host_params_context, host, host_num_of_vfs, host_.num_vfs());
    DEVX_SET(host_params_context, host, host_total_vfs, host_.max_vfs());
    DEVX_SET(host_params_context, host, host_pf_vhca_id_valid, 1);
    DEVX_SET(host_params_context, host, host_pf_vhca_id, host_.vhca_id());
    return kDone;
}

Answer VportCommands::query_lag(const Command& command) const {
    const FirmwareHost::Lag lag = host_.lag();
    if (!lag.active) {
        return {prm::Status::kBadParameter, Syndrome::kBadState};
    }
    void* const context = DEVX_ADDR_OF(query_lag_out, command.out, ctx);
    DEVX_SET(lagc, context, fdb_selection_mode, lag.fdb_selection_mode);
    DEVX_SET(lagc, context, port_select_mode, lag.port_select_mode);
    DEVX_SET(lagc, context, lag_state, lag.state);
    DEVX_SET(lagc, context, tx_remap_affinity_1, lag.affinity_1);
    DEVX_SET(lagc, context, tx_remap_affinity_2, lag.affinity_2);
    return kDone;
}

}  // namespace esw::sim
