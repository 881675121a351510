// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "utilities/esw-sim/transport/nl_bytes.h"

/// For tests that run under the preload library, on a toy adapter: they use sockets as any program
/// does.
namespace esw::sim::test {

/// What preload_main.cc has found out from the outside, handed on in the environment.
struct ToyNumbers {
    uint16_t devlink;       ///< family
    uint32_t config_group;  ///< of devlink
    static ToyNumbers get();
};

/// A message for the toy's devlink: `command`, then `text`.
Bytes toy_message(uint8_t command, uint32_t sequence, const std::string& text = {},
                  uint16_t flags = 0);

struct ReceivedMessage {
    nlmsghdr header;
    Bytes payload;
};

/// A netlink socket with what tests do most.
class ClientSocketUnderTest {
public:
    explicit ClientSocketUnderTest(int protocol = NETLINK_GENERIC, int flags = 0);

    int fd() const { return fd_.get(); }
    void bind(uint32_t port_id = 0);
    void join(uint32_t group);
    /// Errno value or 0.
    int send(const Bytes& datagram);
    /// The next datagram, which must be there already.
    std::vector<ReceivedMessage> receive_now();
    /// As above, but waits for it.
    std::vector<ReceivedMessage> receive();
    /// Errno value of a receive call that does not wait and must fail.
    int receive_error();

private:
    std::vector<ReceivedMessage> receive_with(int flags);

    UniqueFd fd_;
};

/// The toy's devlink echoes on `fd`.
bool echoes(int fd);

/// Runs `body` in a child process and returns its exit status.
int status_of_child(const std::function<int()>& body);

}  // namespace esw::sim::test
