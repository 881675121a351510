// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "netlink/devlink_types.h"

namespace esw {

using netlink::DevlinkHandle;

/// What a representor stands for, within its eswitch. Written as in interface and command texts:
///
///     p0          uplink with physical port number 0
///     pf0vf3      VF 3 of PF 0          c1pf0vf2    the same on controller 1
///     pf0sf88     SF 88 of PF 0         c1pf0sf7
///     c1pf0       PF 0 of another host (controller 1)
///
/// Never a netdev name, an ifindex, a switch id or a probing order: all of those change.
struct RepId {
    enum class Kind : uint8_t { kUplink, kPf, kVf, kSf };

    Kind kind = Kind::kUplink;
    uint32_t controller = 0;
    uint32_t pf = 0;      ///< PCI PF number; for an uplink the physical port number
    uint32_t number = 0;  ///< VF or SF number, else 0

    std::string to_string() const;
    static Result<RepId> parse(std::string_view text);

    /// The representor of a devlink port; nothing for ports that are not representors (cpu, dsa,
    /// virtual, unused) or whose numbers the kernel left out.
    static std::optional<RepId> of_port(const netlink::DevlinkPort& port);

    /// Uplinks, PFs, VFs, SFs, each by controller, PF and number: the order of loading and of rows.
    auto operator<=>(const RepId&) const = default;
};

/// A representor anywhere: "pci/0000:08:00.0/pf0vf3".
struct RepRef {
    DevlinkHandle handle;
    RepId rep;

    std::string to_string() const { return handle.to_string() + "/" + rep.to_string(); }
    auto operator<=>(const RepRef&) const = default;
};

/// The adapter of an eswitch, "0000:08:00" of "pci/0000:08:00.1": eswitches of one can form a LAG.
std::string adapter_of(const DevlinkHandle& handle);

}  // namespace esw
