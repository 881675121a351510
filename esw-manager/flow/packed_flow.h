// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "esw-manager/flow/megaflow.h"

namespace esw {

/// A megaflow as the datapath told it, in as few bytes as it needs: there may be a million. It is
/// compiled anew whenever it is put into an adapter. Immutable.
class PackedFlow {
public:
    PackedFlow(const esw_flow_match& match, std::span<const esw_flow_action> actions);
    PackedFlow(const PackedFlow&) = delete;
    PackedFlow& operator=(const PackedFlow&) = delete;

    esw_flow_match match() const;
    /// Their headers live as long as this.
    std::span<const esw_flow_action> actions() const { return actions_; }

    uint32_t in_port() const { return in_port_; }
    uint32_t physical_port() const { return physical_port_; }
    /// A tunnel's port has unpacked its packets.
    bool is_of_tunnel() const { return in_port_ != physical_port_; }

private:
    static constexpr size_t kHeaders = offsetof(esw_flow_key, tunnel);
    static constexpr size_t kRest = offsetof(esw_flow_match, mask) + sizeof(esw_flow_key);

    std::array<uint8_t, kHeaders> key_, mask_;
    std::array<uint8_t, sizeof(esw_flow_match) - kRest> rest_;
    struct Tunnel {
        esw_tunnel_key key, mask;
    };
    std::unique_ptr<const Tunnel> tunnel_;  ///< null: all of it is 0
    std::vector<esw_flow_action> actions_;
    std::vector<uint8_t> headers_;  ///< that actions point into
    uint32_t in_port_, physical_port_;
};

using PackedFlowPtr = std::shared_ptr<const PackedFlow>;

}  // namespace esw
