// SPDX-License-Identifier: Apache-2.0
// The C library's calls on descriptors of any kind, replaced.
#undef _FORTIFY_SOURCE  // or the headers define these functions themselves
#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>

#include "utilities/esw-sim/preload/attribute.h"
#include "utilities/esw-sim/preload/next.h"
#include "utilities/esw-sim/preload/receive.h"

using esw::sim::Attribute;
using esw::sim::simulated_send;
using esw::sim::SimulatedSocket;

namespace {

/// Descriptor `fd` is another one now. A shell that redirects an echo of its own has a standard
/// output that goes out at each end of line; to an attribute it must wait for fflush().
void hold_output(int fd) noexcept {
    constexpr int line_buffered = 0x200;  // _IO_LINE_BUF
    static std::atomic<bool> held{false};
    Attribute attribute;
    if (fd != STDOUT_FILENO) {
        return;
    }
    if (Attribute::find(fd, attribute)) {
        if (stdout->_flags & line_buffered) {
            stdout->_flags &= ~line_buffered;
            held = true;
        }
    } else if (held.exchange(false)) {
        stdout->_flags |= line_buffered;
    }
}

void duplicated(int command, int result) noexcept {
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) {
        esw::sim::forget_descriptor(result);
    }
}

int fail_stream(int error) noexcept {
    errno = error;
    return EOF;
}

/// Writes what `stream` holds when its descriptor is an attribute's. Returns an errno value or 0.
int flush_attribute(FILE* stream) noexcept {
    Attribute attribute;
    if (!Attribute::find(fileno(stream), attribute)) {
        return 0;
    }
    const auto length = static_cast<size_t>(stream->_IO_write_ptr - stream->_IO_write_base);
    if (length == 0) {
        return 0;
    }
    const bool written = attribute.write(stream->_IO_write_base, length) >= 0;
    const int error = written ? 0 : errno;
    __fpurge(stream);
    if (!written) {
        stream->_flags |= 0x20;  // _IO_ERR_SEEN, what ferror() looks at
    }
    return error;
}

}  // namespace

ESW_REPLACES ssize_t write(int fd, const void* buffer, size_t length) {
    SimulatedSocket socket;
    if (SimulatedSocket::find(fd, socket)) {
        iovec part{const_cast<void*>(buffer), length};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        return simulated_send(socket, &message);
    }
    Attribute attribute;
    return Attribute::find(fd, attribute) ? attribute.write(buffer, length)
                                          : ESW_NEXT(write)(fd, buffer, length);
}

// The C library's streams write by ways that cannot be replaced, so what one holds for an
// attribute is taken out before it is flushed.
ESW_REPLACES int fflush(FILE* stream) {
    const int error = stream ? flush_attribute(stream) : 0;
    const int result = ESW_NEXT(fflush)(stream);
    return error == 0 ? result : fail_stream(error);
}

ESW_REPLACES int fflush_unlocked(FILE* stream) {
    const int error = stream ? flush_attribute(stream) : 0;
    const int result = ESW_NEXT(fflush_unlocked)(stream);
    return error == 0 ? result : fail_stream(error);
}

ESW_REPLACES int fclose(FILE* stream) {
    const int error = flush_attribute(stream);
    const int result = ESW_NEXT(fclose)(stream);
    return error == 0 ? result : fail_stream(error);
}

// And it must hold it until then.
ESW_REPLACES int setvbuf(FILE* stream, char* buffer, int mode, size_t size) noexcept {
    Attribute attribute;
    return Attribute::find(fileno(stream), attribute)
               ? 0
               : ESW_NEXT(setvbuf)(stream, buffer, mode, size);
}

ESW_REPLACES int dup(int fd) noexcept {
    const int copy = ESW_NEXT(dup)(fd);
    esw::sim::forget_descriptor(copy);
    return copy;
}

ESW_REPLACES int dup2(int fd, int to) noexcept {
    const int copy = ESW_NEXT(dup2)(fd, to);
    esw::sim::forget_descriptor(copy);
    hold_output(copy);
    return copy;
}

ESW_REPLACES int dup3(int fd, int to, int flags) noexcept {
    const int copy = ESW_NEXT(dup3)(fd, to, flags);
    esw::sim::forget_descriptor(copy);
    hold_output(copy);
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
