// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace esw {

/// What steering rules need of a representor that the rdma provider has loaded: its port, its vport
/// and how its packets are known. Immutable; true for as long as its RDMA device lives, which is to
/// say for one device generation.
struct RdmaRep {
    /// Packets from this vport have `value` in the bits `mask` of metadata register C 0.
    struct Metadata {
        uint32_t value = 0;
        uint32_t mask = 0;
        bool operator==(const Metadata&) const = default;
    };

    uint64_t device_generation = 0;
    std::string device;  ///< its name when it was opened
    uint32_t port = 0;   ///< from 1
    uint16_t vport = 0;
    std::optional<uint16_t> vhca_id;         ///< of the function behind it; none for the uplink
    std::optional<uint16_t> owner_vhca_id;   ///< of the PF that has the eswitch
    std::optional<Metadata> metadata;        ///< nothing when the eswitch goes without
    std::optional<uint64_t> icm_rx, icm_tx;  ///< steering addresses that packets to it go to

    bool operator==(const RdmaRep&) const = default;
};

using RdmaRepPtr = std::shared_ptr<const RdmaRep>;

}  // namespace esw
