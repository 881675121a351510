// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>

#include "utilities/esw-sim/transport/wire.h"

namespace esw::sim {

/// A descriptor that the program takes for /dev/infiniband/uverbsN and that is a connection to the
/// daemon. All is in its name, as with SimulatedSocket.
struct DeviceFile {
    int fd = -1;
    uint64_t id = 0;
    unsigned minor = 0;

    /// False, quickly, for every other descriptor.
    static bool find(int fd, DeviceFile& out) noexcept;

    /// `path` names a device file of the RDMA subsystem and the instance has it.
    static bool is_path(const char* path) noexcept;

    /// As open(path, flags).
    static int open(const char* path, int flags) noexcept;

    /// RDMA_VERBS_IOCTL. 0, or -1 with errno.
    int ioctl(void* header) const noexcept;

    /// mmap() of the device. MAP_FAILED with errno when it refuses.
    void* map(void* address, size_t length, int protection, int flags,
              uint64_t offset) const noexcept;

    void describe(struct stat& status) const noexcept;
    void describe(struct stat64& status) const noexcept;
};

/// The descriptor is a queue of events that the device gave the program.
bool is_event_descriptor(int fd) noexcept;

/// read() of one: a message is an event, one of four bytes an errno value, the end EIO.
ssize_t read_event(int fd, void* buffer, size_t length) noexcept;

}  // namespace esw::sim
