// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace device {

/// A command of the shell, which must succeed. Throws.
void run(const std::string& command);

/// What the simulator has counted since it was started: "esw-sim ctl stats".
struct Counts {
    uint64_t ioctls = 0;
    uint64_t commands = 0;  ///< of firmware
    uint64_t work_requests = 0;
    uint64_t root_rules = 0;                        ///< that there are
    std::map<std::string, int64_t> by_opcode = {};  ///< of `commands`; "0x939"

    /// Objects of the firmware made since then that are still there, by what made them.
    std::map<std::string, int64_t> made_since(const Counts& before) const;
};
Counts counts();

template <typename Work>
Counts cost_of(const Work& work) {
    const Counts before = counts();
    work();
    const Counts after = counts();
    return {after.ioctls - before.ioctls, after.commands - before.commands,
            after.work_requests - before.work_requests, after.root_rules - before.root_rules};
}

}  // namespace device
