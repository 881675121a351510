// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "utilities/esw-sim/netlink_server.h"

namespace esw::sim {

/// "nsid" of this process's own network namespace. Others have one, from 0, that the kernel gives
/// when a netdev moves there from here (peernet2id_alloc()) or when it is asked to.
constexpr int kOwnNamespace = -1;

/// What a message of rtnetlink says of a netdev.
struct LinkState {
    uint32_t ifindex = 0;
    std::string name;
    bool up = false;  ///< IFF_UP
    uint32_t mtu = 1500;

    /// From what follows the nlmsghdr. None: a message of another family, such as a bridge's, which
    /// says nothing about the netdev itself.
    static std::optional<LinkState> parse(std::span<const std::byte> payload);
};

/// Questions to the real kernel's rtnetlink about netdevs in any network namespace, from the one of
/// this process. Calls are synchronous.
class LinkQueries {
public:
    static Result<LinkQueries> open();

    /// The nsid of the namespace with this open file. It has one from then on, and so is heard by
    /// sockets with NETLINK_LISTEN_ALL_NSID.
    Result<int> namespace_id(int file);

    Result<LinkState> find(int nsid, const std::string& name);

private:
    explicit LinkQueries(UniqueFd socket) : socket_(std::move(socket)) {}
    /// Sends the request and returns its answer, without NLMSG_ERRORs.
    Result<Bytes> ask(Bytes request, const std::string& stage);

    UniqueFd socket_;
    uint32_t sequence_ = 0;
};

}  // namespace esw::sim
