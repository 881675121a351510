// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>

#include "base/event_loop.h"
#include "utilities/esw-sim/netlink_server.h"
#include "utilities/esw-sim/transport/call.h"

namespace esw::sim {

/// System calls of programs on device files: open(), ioctl(), mmap(), and the release when the last
/// descriptor is closed, however that happens.
class DeviceCalls {
public:
    using Open = NetlinkServer::Config::OpenDevice;

    DeviceCalls(EventLoop& loop, Open open) : loop_(loop), open_(std::move(open)) {}

    void open(Call& call);
    void ioctl(const std::shared_ptr<Call>& call);
    void map(Call& call);

    /// Releases files whose last descriptor was closed and that the loop has not told of yet: a
    /// program that has closed one sees it closed.
    void reap_closed();

private:
    struct File {
        std::unique_ptr<UverbsFile> uverbs;
        UniqueFd connection;
        std::unique_ptr<EventLoop::Handle> watch;
    };

    File* find(const Call& call);

    EventLoop& loop_;
    const Open open_;
    std::map<uint64_t, File> files_;
};

}  // namespace esw::sim
