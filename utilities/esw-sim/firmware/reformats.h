// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "utilities/esw-sim/firmware/command.h"
#include "utilities/esw-sim/firmware/limits.h"
#include "utilities/esw-sim/firmware/object_table.h"
#include "utilities/esw-sim/hardware/resources.h"

namespace esw::sim {

/// What entries do to packets and the firmware keeps: packet reformats (headers that are pushed,
/// removed) and lists of header rewrites.
class Reformats {
public:
    using ModifyHeader = std::vector<uint64_t>;  ///< actions as in the mailbox

    explicit Reformats(const FirmwareLimits& limits);

    void add_commands(CommandTable& table);
    const Reformat* reformat(uint32_t id) const { return reformats_.find_any(id).first; }
    std::shared_ptr<Reformat> refer(uint16_t uid, uint32_t id) const {
        return reformats_.refer(uid, id);
    }
    void release(uint16_t uid);

private:
    Answer alloc_reformat(const Command& command);
    Answer query_reformat(const Command& command) const;
    Answer alloc_modify_header(const Command& command);

    const FirmwareLimits& limits_;
    ObjectTable<Reformat> reformats_;
    ObjectTable<ModifyHeader> modify_headers_;
};

}  // namespace esw::sim
