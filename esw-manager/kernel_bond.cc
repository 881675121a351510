// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/kernel_bond.h"

#include <array>

namespace esw {

std::string KernelBond::mode_name() const {
    // bond_mode_tbl of drivers/net/bonding/bond_options.c, in its order.
    constexpr std::array<std::string_view, 7> kNames{"balance-rr", "active-backup", "balance-xor",
                                                     "broadcast",  "802.3ad",       "balance-tlb",
                                                     "balance-alb"};
    if (!mode) {
        return {};
    }
    return *mode < kNames.size() ? std::string(kNames[*mode]) : "mode " + std::to_string(*mode);
}

std::string_view KernelBond::state_name() const {
    if (!active) {
        return {};
    }
    return *active ? "active" : "backup";
}

std::string KernelBond::to_string() const {
    std::string text = name;
    const std::string mode_text = mode_name();
    for (const std::string_view part : {std::string_view(mode_text), state_name()}) {
        if (!part.empty()) {
            text.append(", ").append(part);
        }
    }
    return text;
}

}  // namespace esw
