// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/eth_provider.h"

#include <fmt/format.h>

#include <cerrno>

namespace esw {

Result<LoadResult> EthProvider::load(const LoadTarget& target) {
    const uint32_t ifindex = target.port.ifindex.value_or(0);
    auto link = kernel_.link(ifindex);
    if (!link) {
        if (link.error().code == ENODEV) {
            return LoadResult{true, fmt::format("its netdev went away (ifindex {})", ifindex), {}};
        }
        return fail(link.error().code, target.ref.to_string(), "read netdev", link.error().detail);
    }
    return LoadResult{false, {}, std::move(*link)};
}

}  // namespace esw
