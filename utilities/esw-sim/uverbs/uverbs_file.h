// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/unique_fd.h"

namespace esw::sim {

/// Memory of the process that made a system call: copy_from_user() and copy_to_user().
class UserMemory {
public:
    virtual ~UserMemory() = default;
    virtual bool read(uint64_t address, void* to, size_t length) = 0;
    virtual bool write(uint64_t address, const void* from, size_t length) = 0;
};

/// A change that the work-queue engine in the client must know of, in the order in which they are
/// to be carried out, before the ioctl returns to the program.
struct EngineRecord {
    enum class Kind : uint32_t {
        kAddQueue,     ///< id: qpn
        kRemoveQueue,  ///< id: qpn
        kAddCq,        ///< id: cqn
        kRemoveCq,
        kAddKey,  ///< id: lkey = rkey
        kRemoveKey
    };
    Kind kind = Kind::kAddQueue;
    uint32_t id = 0;
    uint32_t cqn = 0;         ///< kAddQueue
    uint32_t count = 0;       ///< kAddQueue: WQEs of 64 bytes; kAddCq: entries
    uint32_t entry_size = 0;  ///< kAddCq: 64 or 128
    uint32_t in_icm = 0;      ///< kAddKey: `target` is an offset into the ICM memory
    uint64_t buffer = 0;      ///< kAddQueue, kAddCq: address in the client
    uint64_t doorbell = 0;    ///< kAddQueue: address of the send counter
    uint64_t start = 0;       ///< kAddKey: first address that a work request may name
    uint64_t length = 0;      ///< kAddKey
    uint64_t target = 0;      ///< kAddKey: where `start` is: address in the client, or ICM offset
};

struct IoctlResult {
    int error = 0;  ///< errno value
    std::vector<EngineRecord> records;
    /// A new descriptor for the client, whose number is to be stored at `descriptor_at` (an int64
    /// of the attribute) in its memory.
    UniqueFd descriptor;
    uint64_t descriptor_at = 0;
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
    /// The device is gone (ib_uverbs_remove_one() with disassociate): every further ioctl is EIO,
    /// asynchronous descriptors report IB_EVENT_DEVICE_FATAL and then EIO.
    virtual void disassociate() = 0;
};

}  // namespace esw::sim
