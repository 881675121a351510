// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace esw {

/// The bond of the kernel's bonding driver that has a netdev as a slave. It is the admin's own: it
/// is shown, and nothing is done to it.
struct KernelBond {
    std::string name;             ///< of the bond's netdev
    std::optional<uint8_t> mode;  ///< BOND_MODE_* of linux/if_bonding.h
    std::optional<bool> active;   ///< whether the slave carries packets (IFLA_BOND_SLAVE_STATE)

    /// "bond0, active-backup, active"; what the kernel did not say is left out.
    std::string to_string() const;
    /// As ip(8) has it: "802.3ad"; empty: the kernel did not say.
    std::string mode_name() const;
    /// "active", "backup", or empty.
    std::string_view state_name() const;

    bool operator==(const KernelBond&) const = default;
};

}  // namespace esw
