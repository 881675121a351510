// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace esw::netlink {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

}  // namespace esw::netlink
