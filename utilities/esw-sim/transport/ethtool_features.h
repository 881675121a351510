// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utilities/esw-sim/transport/ethtool_messages.h"

namespace esw::sim {

/// ethtool's generic netlink family for netdevs of the adapter: "hw-tc-offload", which is fixed for
/// their TAP devices, is shown and changed. All else is the real kernel's.
class EthtoolFeatures {
public:
    /// `family` 0: the kernel has none. `features`: number of features the kernel has; `bit`: which
    /// of them is hw-tc-offload.
    EthtoolFeatures(NetdevDirectory& netdevs, uint16_t family, uint32_t features,
                    std::optional<uint32_t> bit)
        : netdevs_(netdevs), family_(family), features_(features), bit_(bit) {}

    /// The message changes hw-tc-offload, and nothing else, of a netdev of the adapter.
    bool is_change(const MessageView& message, const NetworkView& view) const;
    /// Makes that change and answers.
    void change(Request& request, const NetworkView& view);
    /// Corrects what the kernel says about features.
    void correct(Bytes& datagram, const NetworkView& view) const;

private:
    struct Change {
        uint32_t ifindex = 0;
        std::string name;
        bool on = false;
        bool wants_reply = true;
    };
    std::optional<Change> parse(const MessageView& message, const NetworkView& view) const;
    std::optional<bool> parse_wanted(ByteSpan bitset) const;
    std::optional<bool> parse_bits(ByteSpan bits) const;
    bool is_answer(const MessageView& message) const;
    Bytes corrected_message(const MessageView& message, const NetworkView& view) const;
    void append_bitset(Bytes& to, const AttributeView& bitset_of, bool on) const;
    void append_bits(Bytes& to, const AttributeView& bits, bool on) const;
    Bytes bitset(bool value, bool mask) const;

    NetdevDirectory& netdevs_;
    const uint16_t family_;
    const uint32_t features_;
    const std::optional<uint32_t> bit_;
};

}  // namespace esw::sim
