// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "esw-manager/manager.h"
#include "esw-manager/snapshot.h"

namespace esw {

/// What the plugin knows of a port when its status is shown.
struct PortView {
    const PortRequest* request = nullptr;      ///< of the options in force; null: none yet
    const PortBinding* binding = nullptr;      ///< null: the manager has said nothing yet
    const EswitchSnapshot* eswitch = nullptr;  ///< of the binding's representor, or null
    LagState lag;                              ///< of that eswitch
    uint32_t attached = 0;                     ///< ifindex that the datapath uses, or 0
    const ProviderStatus* failure = nullptr;   ///< why the datapath cannot use it yet, or null
    std::string option_error;                  ///< options that were not taken, or empty
    std::string setup_error;  ///< what could not be made ready on the network device, or empty
    std::string wish_error;   ///< what the network device refuses that Open vSwitch wants, or empty
};

/// Keys and values of the Interface.status column (interface.md); keys without a value are left
/// out.
std::vector<std::pair<std::string, std::string>> port_status(const PortView& view);

}  // namespace esw
