// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utilities/esw-sim/firmware/command.h"
#include "utilities/esw-sim/firmware/firmware_host.h"
#include "utilities/esw-sim/firmware/icm_address.h"

namespace esw::sim {

/// Commands that ask about vports, the functions behind them and the LAG.
class VportCommands {
public:
    explicit VportCommands(const FirmwareHost& host) : host_(host) {}

    void add_commands(CommandTable& table);

    /// Where packets for a vport go; kVportUplink is the wire. Vport 0 is the eswitch manager.
    IcmAddress address(uint16_t number, IcmAddress::Side side) const;

private:
    Answer query_vport_state(const Command& command) const;
    Answer query_esw_vport_context(const Command& command) const;
    Answer query_nic_vport_context(const Command& command) const;
    Answer query_roce_address(const Command& command) const;
    Answer query_vnic_env(const Command& command) const;
    Answer query_vport_counter(const Command& command) const;
    Answer query_esw_functions(const Command& command) const;
    Answer query_lag(const Command& command) const;
    std::optional<FirmwareHost::Vport> vport(bool other, uint32_t number) const;

    const FirmwareHost& host_;
};

}  // namespace esw::sim
