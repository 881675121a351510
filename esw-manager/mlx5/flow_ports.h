// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace esw::mlx5 {

/// A port of the datapath that a rule can name: one with a representor that is loaded.
struct FlowPort {
    uint64_t adapter = 0;  ///< the same for all ports of one eswitch
    bool uplink = false;   ///< of the wire
};

/// Which ports are there.
class FlowPorts {
public:
    virtual ~FlowPorts() = default;

    /// nullptr: there is none. What it is stays as it is until the caller of a compiler has it
    /// back.
    virtual const FlowPort* find(uint32_t datapath_port) const = 0;
};

}  // namespace esw::mlx5
