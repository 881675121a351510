// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "netlink/bytes.h"

namespace esw::netlink {

/// A datagram as it came; the bytes are valid until the channel's next receive().
struct Datagram {
    ByteView bytes;
    uint32_t sender = 0;  ///< netlink port of who sent it; 0 is the kernel
};

/// One netlink socket. The implementation is open_channel(); tests put a scripted peer in its
/// place. Not thread-safe.
class Channel {
public:
    virtual ~Channel() = default;

    /// Sends one message to the kernel. The kernel handles a request within this call, however long
    /// that takes.
    virtual Status send(ByteView message) = 0;

    /// The next datagram; nothing when there is none now. ENOBUFS: some were lost, and the channel
    /// goes on. ENOTCONN: the channel has ended. Others: it cannot be used any more.
    virtual Result<std::optional<Datagram>> receive() = 0;

    /// Waits until receive() has something to say; false when `deadline` came first.
    virtual Result<bool> wait(TimePoint deadline) = 0;

    /// Joins a multicast group.
    virtual Status join(uint32_t group) = 0;

    /// Becomes readable when receive() has something to say.
    virtual int fd() const = 0;
};

/// Netlink protocols (linux/netlink.h) and what a channel is for.
enum class ChannelUse { kRequests, kNotifications };

using ChannelFactory =
    std::function<Result<std::unique_ptr<Channel>>(int protocol, ChannelUse use)>;

/// A real socket, in the network namespace of the calling thread. ENOTSUP when the kernel does not
/// have the protocol.
Result<std::unique_ptr<Channel>> open_channel(int protocol, ChannelUse use);

}  // namespace esw::netlink
