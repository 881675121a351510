// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "utilities/esw-sim/hardware/resources.h"

namespace esw::sim {

/// The FDB of one eswitch, from the root to the packets' ways out.
namespace pipeline {

using Frame = std::vector<std::byte>;

struct Source {
    VportId vport;         ///< number 0xffff: from the wire
    uint32_t reg_c_0 = 0;  ///< source metadata (esw_port_metadata), in the register's upper half
    /// Of the function at the vport: entries know a source port (misc.source_port) as this. The
    /// wire's is 0.
    uint16_t vhca_id = 0;
};

/// Reason of a drop that a rule asked for.
inline constexpr std::string_view kDropAction = "drop";

struct Outcome {
    enum class Kind {
        kForward,  ///< out of `vport` (number 0xffff: the wire)
        kMiss,     ///< to the eswitch manager, whose representor reg_c_0 names
        kDrop      ///< `reason`: an action, or a fault in what software wrote
    };
    Kind kind = Kind::kDrop;
    VportId vport;
    uint32_t reg_c_0 = 0;
    Frame frame;
    const char* reason = "";
};

/// A rule of the FDB's root, which the kernel owns: mask and value as fte_match_param.
struct RootRule {
    uint16_t priority = 0;
    uint8_t criteria = 0;  ///< match_criteria_enable
    std::vector<std::byte> mask;
    std::vector<std::byte> value;
    bool drop = false;
    uint32_t table = 0;  ///< flow table object
    /// Flow counter of the rule, which whoever applies the rule counts.
    std::optional<uint32_t> counter;
};

/// Takes `frame` from `source` through flow table `table`. Never loops: what was written by a
/// program that is wrong, or was killed, ends as a drop with a reason.
std::vector<Outcome> run_table(SteeringResources& resources, uint32_t table, const Source& source,
                               Frame frame);

/// True when the frame matches the rule.
bool matches(const RootRule& rule, const Source& source, const Frame& frame);

}  // namespace pipeline

}  // namespace esw::sim
