// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/port_map.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <set>
#include <utility>

namespace esw::mlx5 {

namespace {

constexpr uint16_t kUplink = 0xffff;  // MLX5_VPORT_UPLINK

tl::unexpected<Error> no_port(const PortMap::Key& key) {
    return fail(EAGAIN, fmt::format("vport {}", key.vport), "query port", "no RDMA port yet");
}

}  // namespace

Result<RdmaRep> PortMap::find(const Key& key, const Query& query) {
    const auto guessed = guess(key);
    if (!guessed) {
        return search(key, query);
    }
    auto answer = ask(guessed->port, key, query);
    if (!answer && answer.error().code != EOPNOTSUPP) {
        return fail(answer.error());
    }
    if (!answer && guessed->sure) {
        return no_port(key);  // its representor is not there yet
    }
    return answer && *answer ? Result<RdmaRep>(**std::move(answer)) : search(key, query);
}

/// The port that the vport had before, or where its nearest neighbour says that it should be.
std::optional<PortMap::Guess> PortMap::guess(const Key& key) const {
    if (const auto port = port_of_.find(key); port != port_of_.end()) {
        return Guess{port->second, true};
    }
    if (key.vport == kUplink) {
        return Guess{count_, false};
    }
    const auto in_range = [this](int64_t port) { return port >= 1 && port <= count_; };
    int64_t port = int64_t{key.vport} + 1;  // where VFs are
    int64_t nearest = kUplink;
    for (const auto& [known, number] : port_of_) {
        const int64_t away = int64_t{key.vport} - known.vport;
        if (known.owner == key.owner && std::abs(away) < nearest && in_range(number + away)) {
            nearest = std::abs(away);
            port = number + away;
        }
    }
    if (!in_range(port)) {
        return std::nullopt;
    }
    return Guess{static_cast<uint32_t>(port), nearest != kUplink};
}

PortMap::Answer PortMap::ask(uint32_t port, const Key& key, const Query& query) {
    auto answer = query(port);
    if (!answer) {
        return fail(answer.error());
    }
    const Key has{answer->owner_vhca_id.value_or(key.owner), answer->vport};
    port_of_[has] = port;
    return has == key ? std::optional(*std::move(answer)) : std::nullopt;
}

Result<RdmaRep> PortMap::search(const Key& key, const Query& query) {
    std::set<uint32_t> taken;
    for (const auto& [known, port] : port_of_) {
        taken.insert(port);
    }
    for (uint32_t port = 1; port <= count_; ++port) {
        if (taken.count(port)) {
            continue;
        }
        auto answer = ask(port, key, query);
        if (!answer && answer.error().code != EOPNOTSUPP) {
            return fail(answer.error());
        }
        if (answer && *answer) {
            return **std::move(answer);
        }
    }
    return no_port(key);
}

}  // namespace esw::mlx5
