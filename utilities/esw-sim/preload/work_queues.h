// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "utilities/esw-sim/uverbs/engine_record.h"

/// The part of the adapter that reads work queues by DMA. Queues, completion queues and doorbell
/// records are in this process's memory, and so is this engine: it executes the work requests that
/// libmlx5 posted, RDMA writes to and reads from the adapter's memory.
///
/// When it runs: libmlx5 posts with a lock held (dr_send.c, dr_postsend_icm_data()) and looks for
/// completions of earlier posts only with it held again. It releases that lock by
/// pthread_spin_unlock(), which this library replaces. There everything that was posted is
/// executed, on the poster's thread, before the lock is free. So no thread polls, an idle program
/// costs nothing, and a rule is in effect when the call that made it returns.
///
/// What is known of the devices ends in a forked child, where their files do not work either.
namespace esw::sim::work_queues {

/// The program has opened a device file. `memory`: its ICM (icm_layout.h), or -1 when the function
/// has none; not kept. Returns an errno value or 0.
int add_device(int fd, uint64_t id, int memory) noexcept;

/// Descriptor `fd` is about to be closed.
void descriptor_closing(int fd) noexcept;

/// What an ioctl on the device has changed.
void apply(uint64_t id, const EngineRecord* records, uint32_t count) noexcept;

/// The daemon is gone: queues of the device complete in error from now on.
void device_died(uint64_t id) noexcept;

/// Executes what was posted.
void run() noexcept;

}  // namespace esw::sim::work_queues
