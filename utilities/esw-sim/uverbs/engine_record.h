// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace esw::sim {

/// The numbers of completion queues and the indices of memory keys that the engine has room for. A
/// card numbers more, but has not more of them here.
constexpr uint32_t kMaxCqs = 1U << 16;
constexpr uint32_t kMaxKeys = 1U << 17;

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

}  // namespace esw::sim
