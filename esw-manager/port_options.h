// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "netlink/kernel.h"

namespace esw {

/// What the options of an OVS port ask of the function behind its representor. Absent: untouched.
struct PortOptions {
    std::optional<netlink::MacAddress> hw_addr;
    std::optional<netlink::FunctionState> state;
    std::optional<uint64_t> tx_share_bytes, tx_max_bytes;  ///< per second
    std::optional<uint32_t> tx_priority, tx_weight;

    bool empty() const { return *this == PortOptions{}; }
    bool operator==(const PortOptions&) const = default;
};

/// Sets the options and reads them back. Each is tried, whatever becomes of the others. Returns
/// what went wrong, one clause per option ("hw-addr: ..."), or an empty text. Blocks on the kernel.
std::string apply_port_options(netlink::Kernel& kernel, const netlink::DevlinkHandle& handle,
                               uint32_t port_index, const PortOptions& options);

}  // namespace esw
