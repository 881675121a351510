// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>

#include "utilities/esw-sim/preload/remote.h"

namespace esw::sim {

/// A descriptor that the program takes for a netlink socket and that is a connection to the daemon.
/// Nothing is remembered about it: all is in its name.
struct SimulatedSocket {
    int fd = -1;
    uint64_t id = 0;
    int protocol = 0;
    int type = 0;

    /// False, quickly, for every other descriptor.
    static bool find(int fd, SimulatedSocket& out) noexcept;

    /// As socket(AF_NETLINK, type, protocol). `unreachable` is set when there is no daemon.
    static int open(int type, int protocol, bool& unreachable) noexcept;

    /// A call on this socket. Returns true when the daemon has carried it out and it succeeded,
    /// else sets errno. When the daemon is gone, so is the socket; see replace().
    bool call(RemoteCall& remote) const noexcept;

    /// Puts a new socket of the real kernel in the place of one whose daemon is gone, so that the
    /// program sees one ECONNRESET and does not spin on a dead connection. Sets errno to that.
    void replace() const noexcept;
};

/// The descriptor was made in a way that may have made it another's duplicate.
void forget_descriptor(int fd) noexcept;

/// The descriptor is known not to be ours.
void descriptor_is_foreign(int fd) noexcept;

/// The abstract name of a descriptor that this library has made. False, quickly, for every other.
/// `length` is that of the name, with its leading NUL.
bool own_descriptor_name(int fd, sockaddr_un& name, size_t& length) noexcept;

uint64_t random_id() noexcept;
bool get_hex(const char* from, int digits, uint64_t& value) noexcept;
void put_hex(char* to, uint64_t value, int digits) noexcept;

/// The protocol is one that the simulated adapter has something to say in.
bool is_simulated_protocol(int domain, int type, int protocol) noexcept;

}  // namespace esw::sim
