// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

namespace esw::mlx5 {

/// What a rule matches on: a mask and a value of fte_match_param (prm_match.h), of which only the
/// 32-bit words are kept in which the mask has a bit. The port that packets come from is not among
/// it: what tells that changes with each device generation, and the FDB adds it.
struct FdbMatch {
    /// Words of fte_match_param that libmlx5 44 knows: 448 bytes.
    static constexpr size_t kWords = 112;

    std::bitset<kWords> present;
    std::vector<uint32_t> mask;   ///< one for each bit of `present`, in order; as in memory
    std::vector<uint32_t> value;  ///< likewise; no bit that the mask has not

    /// What a group of rules has in common, which one matcher takes.
    bool same_mask(const FdbMatch& other) const {
        return present == other.present && mask == other.mask;
    }
    bool operator==(const FdbMatch&) const = default;
};

/// Where a packet goes.
struct FdbOutput {
    uint32_t port = 0;  ///< of the datapath
    /// A header that it gets before, from Ethernet's on, around all of the packet; empty: none.
    std::string encapsulation;

    auto operator<=>(const FdbOutput&) const = default;
};

/// What is done to a packet, in this order; then it goes to all outputs, or, without any, is
/// dropped.
struct FdbActions {
    bool decapsulate = false;          ///< takes the outer headers away, up to the inner Ethernet's
    uint8_t pop_vlans = 0;             ///< at most 2
    std::vector<uint64_t> rewrite;     ///< set_action_in, add_action_in: as in memory (prm_flow.h)
    std::vector<uint32_t> push_vlans;  ///< TPID << 16 | TCI, at most 2
    std::vector<FdbOutput> outputs;

    bool operator==(const FdbActions&) const = default;
};

/// A flow as the adapter can have it; good for every device generation.
struct FdbFlow {
    uint32_t in_port = 0;  ///< of the datapath: where packets enter the eswitch
    FdbMatch match;
    FdbActions actions;

    bool operator==(const FdbFlow&) const = default;
};

}  // namespace esw::mlx5
