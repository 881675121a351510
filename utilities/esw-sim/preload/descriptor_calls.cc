// SPDX-License-Identifier: Apache-2.0
// The C library's calls on descriptors of any kind, replaced.
#undef _FORTIFY_SOURCE  // or the headers define these functions themselves
#include <fcntl.h>
#include <unistd.h>

#include <cstdarg>

#include "utilities/esw-sim/preload/next.h"
#include "utilities/esw-sim/preload/receive.h"

using esw::sim::simulated_send;
using esw::sim::SimulatedSocket;

namespace {

void duplicated(int command, int result) noexcept {
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) {
        esw::sim::forget_descriptor(result);
    }
}

}  // namespace

ESW_REPLACES ssize_t write(int fd, const void* buffer, size_t length) {
    SimulatedSocket socket;
    if (!SimulatedSocket::find(fd, socket)) {
        return ESW_NEXT(write)(fd, buffer, length);
    }
    iovec part{const_cast<void*>(buffer), length};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return simulated_send(socket, &message);
}

ESW_REPLACES int dup(int fd) noexcept {
    const int copy = ESW_NEXT(dup)(fd);
    esw::sim::forget_descriptor(copy);
    return copy;
}

ESW_REPLACES int dup2(int fd, int to) noexcept {
    const int copy = ESW_NEXT(dup2)(fd, to);
    esw::sim::forget_descriptor(copy);
    return copy;
}

ESW_REPLACES int dup3(int fd, int to, int flags) noexcept {
    const int copy = ESW_NEXT(dup3)(fd, to, flags);
    esw::sim::forget_descriptor(copy);
    return copy;
}

// Every argument of fcntl is an int or a pointer and is passed on as the wider of the two, as the
// C library itself does.
ESW_REPLACES int fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);
    const int result = ESW_NEXT(fcntl)(fd, command, argument);
    duplicated(command, result);
    return result;
}

ESW_REPLACES int fcntl64(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);
    const int result = ESW_NEXT(fcntl64)(fd, command, argument);
    duplicated(command, result);
    return result;
}
