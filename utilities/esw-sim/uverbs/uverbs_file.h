// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "utilities/esw-sim/uverbs/engine_record.h"

namespace esw::sim {

/// The process that made a system call: its memory (copy_from_user(), copy_to_user()), and what
/// else the kernel asks of it.
class UserMemory {
public:
    virtual ~UserMemory() = default;
    virtual bool read(uint64_t address, void* to, size_t length) = 0;
    virtual bool write(uint64_t address, const void* from, size_t length) = 0;
    virtual pid_t process() = 0;
    /// capable(): the process has `capability` (CAP_...) in the first user namespace.
    virtual bool capable(int capability) = 0;
    /// fget(): its descriptor `number`, duplicated; none when it has no such.
    virtual UniqueFd descriptor(int number) = 0;
};

struct IoctlResult {
    int error = 0;  ///< errno value
    std::vector<EngineRecord> records;
    /// A new descriptor for the client (O_CLOEXEC), whose number is to be stored at `descriptor_at`
    /// in its memory, as an integer of `descriptor_size` bytes: the data of an attribute (8), or a
    /// member of a write command's response (4). read() of it, see events.h.
    UniqueFd descriptor;
    uint64_t descriptor_at = 0;
    uint32_t descriptor_size = 8;
};

/// One opening of /dev/infiniband/uverbsN: an ib_uverbs_file with its context and objects. All of
/// them end when it is destroyed (the last descriptor was closed, or the process is gone).
class UverbsFile {
public:
    using Done = std::function<void(IoctlResult)>;

    virtual ~UverbsFile() = default;
    /// RDMA_VERBS_IOCTL with the ib_uverbs_ioctl_hdr at `header`. `done` is called at once, or
    /// later when a gate holds a firmware command. `memory` stays valid until then.
    virtual void ioctl(std::shared_ptr<UserMemory> memory, uint64_t header, Done done) = 0;
    /// mmap() of a page of the device. Returns an errno value; 0: the client maps zeroed memory
    /// of its own there (UAR pages: nobody reads what is written to them).
    virtual int mmap(uint64_t offset, uint64_t length, int protection) = 0;
    /// The device is gone (ib_uverbs_remove_one() with disassociate): all objects are destroyed;
    /// ioctls are EIO, but for the core's destroy methods of handles that are still there. The
    /// asynchronous descriptor reports IB_EVENT_DEVICE_FATAL; read() of the others is EIO.
    virtual void disassociate() = 0;
};

}  // namespace esw::sim
