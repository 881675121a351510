// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include "utilities/esw-sim/transport/wire.h"

namespace esw::sim {

/// One call to the daemon.
struct RemoteCall {
    wire::Op op;
    uint64_t socket = 0;
    int32_t arg[4] = {};
    const iovec* payload = nullptr;
    size_t payload_parts = 0;
    int pass_fd = -1;  ///< goes along by SCM_RIGHTS
    void* reply = nullptr;
    size_t reply_room = 0;
    bool wants_fd = false;  ///< a descriptor may come along

    // What came back, when run() returned true.
    int error = 0;
    int value = 0;
    size_t reply_length = 0;
    int received_fd = -1;

    /// Connects, asks, and waits for the answer however long that takes, as in a system call that
    /// signals do not interrupt. False when the daemon cannot be reached or goes away; errno is
    /// kept, `error` then is why.
    bool run() noexcept;

    /// The same on a connection that is there already and stays.
    bool run_on(int connection) noexcept;
};

/// Connects `fd`, an AF_UNIX socket, to the daemon. Returns an errno value or 0.
int connect_to_daemon(int fd) noexcept;

/// Parts of a request beyond this many are not taken (UIO_MAXIOV, as in the kernel).
constexpr size_t kMaxParts = 1024;

}  // namespace esw::sim
