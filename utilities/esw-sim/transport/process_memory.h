// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "utilities/esw-sim/uverbs/uverbs_file.h"

namespace esw::sim {

/// Another process, as the kernel sees the one that makes a system call. Needs the right
/// to trace it, which root has.
class ProcessMemory final : public UserMemory {
public:
    explicit ProcessMemory(pid_t pid) : pid_(pid) {}

    bool read(uint64_t address, void* to, size_t length) override;
    bool write(uint64_t address, const void* from, size_t length) override;
    pid_t process() override { return pid_; }
    bool capable(int capability) override;
    UniqueFd descriptor(int number) override;

private:
    const pid_t pid_;
};

}  // namespace esw::sim
