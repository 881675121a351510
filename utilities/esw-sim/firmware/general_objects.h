// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "utilities/esw-sim/firmware/command.h"
#include "utilities/esw-sim/firmware/limits.h"
#include "utilities/esw-sim/firmware/object_table.h"
#include "utilities/esw-sim/hardware/resources.h"

namespace esw::sim {

/// The flex parser that looks for an option of Geneve.
constexpr uint8_t kGeneveFlexParser = 0;

/// Objects of the GENERAL_OBJECT commands: options of Geneve to match on, and flow meters.
class GeneralObjects {
public:
    explicit GeneralObjects(const FirmwareLimits& limits);

    void add_commands(CommandTable& table);
    /// There is one for the whole device.
    std::optional<GeneveOption> geneve_option() const { return geneve_; }
    void release(uint16_t uid);

private:
    /// The parameters of its two meters, as in the mailbox.
    using Meter = std::array<uint32_t, 2 * DEVX_ST_SZ_DW(flow_meter_parameters)>;
    using Meters = std::vector<Meter>;

    Answer create(const Command& command);
    Answer create_option(const Command& command);
    Answer create_meters(const Command& command);
    Answer modify(const Command& command) const;
    Answer query(const Command& command) const;
    Answer destroy(const Command& command);
    void forget_option();

    const FirmwareLimits& limits_;
    std::optional<GeneveOption> geneve_;
    ObjectTable<GeneveOption> options_;
    ObjectTable<Meters> meters_;
};

}  // namespace esw::sim
