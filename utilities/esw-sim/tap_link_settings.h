// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace esw::sim {

/// What a TAP device says to ethtool about its link: it repeats what it was told (`ethtool -s`), so
/// the real kernel answers programs for an mlx5 port, in every interface that it has for it.
///
/// `max_mbps`: speed of the port; `link`: it has a carrier. `namespace_file`: of the network
/// namespace in which the device goes by `name`; -1: the calling thread's.
Status set_link_settings(const std::string& name, int namespace_file, uint32_t max_mbps, bool link);

}  // namespace esw::sim
