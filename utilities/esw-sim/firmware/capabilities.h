// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utilities/esw-sim/firmware/command.h"
#include "utilities/esw-sim/firmware/firmware_host.h"
#include "utilities/esw-sim/firmware/limits.h"
#include "utilities/esw-sim/hardware/icm.h"

namespace esw::sim {

/// QUERY_HCA_CAP: what a ConnectX-6 Dx with firmware 22.36.1010 says of itself, as far as this one
/// can do it; and the other commands that tell of the device.
class Capabilities {
public:
    Capabilities(const FirmwareHost& host, const Icm& icm, const FirmwareLimits& limits)
        : host_(host), icm_(icm), limits_(limits) {}

    void add_commands(CommandTable& table);

private:
    Answer query_hca_cap(const Command& command) const;
    void general(void* cap) const;
    void roce(void* cap) const;
    void nic_flow_table(void* cap) const;
    void eswitch_flow_table(void* cap) const;
    void flow_table_properties(void* properties, bool fdb) const;
    void eswitch(void* cap) const;
    void qos(void* cap) const;
    void device_memory(void* cap) const;

    const FirmwareHost& host_;
    const Icm& icm_;
    const FirmwareLimits& limits_;
};

}  // namespace esw::sim
