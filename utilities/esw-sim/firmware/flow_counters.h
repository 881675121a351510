// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "utilities/esw-sim/firmware/command.h"
#include "utilities/esw-sim/firmware/limits.h"
#include "utilities/esw-sim/firmware/object_table.h"

namespace esw::sim {

/// Flow counters, allocated one by one or in bulks of consecutive ids.
class FlowCounters {
public:
    struct Traffic {
        uint64_t packets = 0;
        uint64_t bytes = 0;
    };
    using Bulk = std::vector<Traffic>;

    explicit FlowCounters(const FirmwareLimits& limits);

    void add_commands(CommandTable& table);
    void count(uint32_t id, uint64_t packets, uint64_t bytes);
    /// The bulk that has counter `id`, for an entry that counts there.
    std::shared_ptr<Bulk> refer(uint16_t uid, uint32_t id) const;
    void release(uint16_t uid) { bulks_.erase_all(uid); }

private:
    Answer alloc(const Command& command);
    Answer query(const Command& command);

    const FirmwareLimits& limits_;
    ObjectTable<Bulk> bulks_;
};

}  // namespace esw::sim
