// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/unique_fd.h"
#include "utilities/esw-sim/transport/nl_bytes.h"

namespace esw::sim {

/// Descriptors in a program's rtnetlink messages, such as the network namespace that a netdev shall
/// move to. The daemon sends the message in the program's place, so they must be its own.
class PassedDescriptors {
public:
    /// Of a datagram of process `caller`.
    explicit PassedDescriptors(pid_t caller) : caller_(caller) {}

    /// Replaces the descriptors in `datagram`, a copy of the program's, by others for the same
    /// files, which live as long as this object. One that the program does not have is left out of
    /// it: it becomes -1, and the kernel refuses it.
    void take(Bytes& datagram);

    /// There are descriptors in it.
    static bool are_in(ByteSpan datagram);

private:
    int copy_of(int fd);

    const pid_t caller_;
    UniqueFd process_;
    std::vector<UniqueFd> copies_;
};

}  // namespace esw::sim
