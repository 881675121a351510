// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace esw::sim {

/// mmap() from offset 0 without passing through the function that this library puts in its place.
/// All arguments are as wide as a register: syscall() is variadic, and the kernel reads all of the
/// last one, which is passed on the stack.
inline void* raw_mmap(void* address, size_t length, int protection, int flags, int fd) noexcept {
    return reinterpret_cast<void*>(
        syscall(SYS_mmap, address, length, long{protection}, long{flags}, long{fd}, 0L));
}

}  // namespace esw::sim
