// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "base/unique_fd.h"
#include "utilities/esw-sim/uverbs/objects.h"

namespace esw::sim::uverbs {

/// A descriptor on which the program reads events: UVERBS_OBJECT_ASYNC_EVENT,
/// UVERBS_OBJECT_COMP_CHANNEL, MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD,
/// MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD.
///
/// It is one end of a SOCK_SEQPACKET pair. A message is what one read() of the kernel's descriptor
/// gives; but a message of four bytes is an errno value (EOVERFLOW) that read() fails with, once.
/// End of file: read() fails with EIO, for ever. A buffer that is too small is ENOSPC for
/// commands, EINVAL for events, and the event stays (devx_async_cmd_event_read(),
/// devx_async_event_read()).
class EventChannel : public Object {
public:
    /// nullptr when there are no descriptors left.
    template <class T = EventChannel>
    static std::shared_ptr<T> create(uint16_t type) {
        Ends ends = make_ends();
        return ends.first ? std::make_shared<T>(type, std::move(ends.first), std::move(ends.second))
                          : nullptr;
    }

    EventChannel(uint16_t type, UniqueFd ours, UniqueFd theirs);

    UniqueFd take_other_end() { return std::move(theirs_); }
    bool is_other_end(const struct stat& status) const {
        return status.st_dev == device_ && status.st_ino == inode_;
    }
    /// The program has closed its last descriptor.
    bool closed() const;

    /// False: the program does not read, or has gone.
    bool send(std::span<const std::byte> event);
    /// Bytes that were sent and not read.
    size_t unread() const;

protected:
    int release() override;

private:
    using Ends = std::pair<UniqueFd, UniqueFd>;
    static Ends make_ends();

    UniqueFd ours_;
    UniqueFd theirs_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace esw::sim::uverbs
