// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <vector>

#include "utilities/esw-sim/firmware/command.h"
#include "utilities/esw-sim/firmware/firmware_host.h"
#include "utilities/esw-sim/firmware/flow_counters.h"
#include "utilities/esw-sim/firmware/limits.h"
#include "utilities/esw-sim/firmware/object_table.h"
#include "utilities/esw-sim/firmware/reformats.h"
#include "utilities/esw-sim/hardware/resources.h"

namespace esw::sim {

/// Flow table objects, with the groups and entries of those that the firmware owns. Such a table
/// matches everything, as the destination arrays of libmlx5 do; a group with match criteria is
/// refused. The first entry applies.
class FlowTables {
public:
    FlowTables(const FirmwareHost& host, FlowCounters& counters, Reformats& reformats,
               const FirmwareLimits& limits);

    void add_commands(CommandTable& table);
    const FlowTable* flow_table(uint32_t id) const;
    void release(uint16_t uid);

private:
    static constexpr size_t kMaxDestinations = 32;  ///< log_max_destination

    struct Entry {
        std::vector<FlowDestination> destinations;
        std::vector<uint32_t> counters;
        std::vector<std::shared_ptr<const void>> references;  ///< to what the two name
        uint32_t group = 0;
        std::vector<uint32_t> mailbox;  ///< flow_context and what follows, for the query
    };
    struct Group {
        uint32_t first = 0;
        uint32_t last = 0;
    };
    struct Table {
        FlowTable shown;
        uint32_t log_size = 0;
        bool reformat_enabled = false;
        bool termination = false;
        std::map<uint32_t, Group> groups;
        uint32_t next_group = 1;
        std::map<uint32_t, Entry> entries;  ///< by flow index
        std::shared_ptr<const Table> miss;  ///< the table that miss_id names
        uint32_t miss_id = 0;
        void update();
    };

    Answer create_table(const Command& command);
    Answer query_table(const Command& command) const;
    Answer modify_table(const Command& command);
    Answer destroy_table(const Command& command);
    Answer create_group(const Command& command);
    Answer query_group(const Command& command) const;
    Answer destroy_group(const Command& command);
    Answer set_entry(const Command& command);
    Answer query_entry(const Command& command) const;
    Answer delete_entry(const Command& command);

    Answer set_miss(const Command& command, const void* context, uint32_t type, Table& table) const;
    Answer read_entry(const Command& command, const Table& table, Entry& entry) const;
    Answer read_destination(const Command& command, const Table& table, const void* format,
                            bool extended, Entry& entry) const;
    std::shared_ptr<Table> find(const Command& command, uint32_t type, uint32_t id) const;

    const FirmwareHost& host_;
    FlowCounters& counters_;
    Reformats& reformats_;
    const FirmwareLimits& limits_;
    ObjectTable<Table> tables_;
};

}  // namespace esw::sim
