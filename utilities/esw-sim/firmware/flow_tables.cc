// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/firmware/flow_tables.h"

#include <algorithm>
#include <cstring>

#include "utilities/esw-sim/firmware/icm_address.h"

namespace esw::sim {

namespace {

using prm::FlowTableType;
using prm::Opcode;

/// Bit of modify_field_select for the miss action and table. Linux mlx5_ifc.h,
/// MLX5_MODIFY_FLOW_TABLE_MISS_TABLE_ID.
constexpr uint32_t kModifyMiss = 0x1;
/// table_miss_action. Linux mlx5_ifc.h, enum mlx5_flow_table_miss_action.
enum MissAction : uint32_t { kMissDefault = 0, kMissForward = 1 };
/// op_mod of SET_FLOW_TABLE_ENTRY. Linux fs_cmd.c: 1 changes an entry that exists.
enum SetMode : uint16_t { kSetNew = 0, kSetExisting = 1 };

constexpr Answer kExists{prm::Status::kBadResourceState, Syndrome::kBadState};

bool supported(uint32_t table_type) {
    switch (static_cast<FlowTableType>(table_type)) {
        case FlowTableType::kFdb:
        case FlowTableType::kNicReceive:
        case FlowTableType::kNicTransmit:
            return true;
    }
    return false;
}

}  // namespace

FlowTables::FlowTables(const FirmwareHost& host, FlowCounters& counters, Reformats& reformats,
                       const FirmwareLimits& limits)
    : host_(host),
      counters_(counters),
      reformats_(reformats),
      limits_(limits),
      tables_(size_t{1} << limits.log_flow_tables, 1, IcmAddress::kMaxNumber) {}

void FlowTables::add_commands(CommandTable& table) {
    const auto add = [&](Opcode opcode, size_t in, size_t out, auto run) {
        table[opcode] = {in, out,
                         [this, run](const Command& command) { return (this->*run)(command); }};
    };
    add(Opcode::kCreateFlowTable, DEVX_ST_SZ_BYTES(create_flow_table_in),
        DEVX_ST_SZ_BYTES(create_flow_table_out), &FlowTables::create_table);
    add(Opcode::kQueryFlowTable, DEVX_ST_SZ_BYTES(query_flow_table_in),
        DEVX_ST_SZ_BYTES(query_flow_table_out), &FlowTables::query_table);
    add(Opcode::kModifyFlowTable, DEVX_ST_SZ_BYTES(modify_flow_table_in),
        DEVX_ST_SZ_BYTES(mbox_out), &FlowTables::modify_table);
    add(Opcode::kDestroyFlowTable, DEVX_ST_SZ_BYTES(destroy_flow_table_in),
        DEVX_ST_SZ_BYTES(mbox_out), &FlowTables::destroy_table);
    add(Opcode::kCreateFlowGroup, DEVX_ST_SZ_BYTES(create_flow_group_in),
        DEVX_ST_SZ_BYTES(create_flow_group_out), &FlowTables::create_group);
    add(Opcode::kQueryFlowGroup, DEVX_ST_SZ_BYTES(query_flow_group_in),
        DEVX_ST_SZ_BYTES(query_flow_group_out), &FlowTables::query_group);
    add(Opcode::kDestroyFlowGroup, DEVX_ST_SZ_BYTES(destroy_flow_group_in),
        DEVX_ST_SZ_BYTES(mbox_out), &FlowTables::destroy_group);
    add(Opcode::kSetFlowTableEntry, DEVX_ST_SZ_BYTES(set_fte_in), DEVX_ST_SZ_BYTES(mbox_out),
        &FlowTables::set_entry);
    add(Opcode::kQueryFlowTableEntry, DEVX_ST_SZ_BYTES(query_fte_in),
        DEVX_ST_SZ_BYTES(query_fte_out), &FlowTables::query_entry);
    add(Opcode::kDeleteFlowTableEntry, DEVX_ST_SZ_BYTES(delete_fte_in), DEVX_ST_SZ_BYTES(mbox_out),
        &FlowTables::delete_entry);
}

const FlowTable* FlowTables::flow_table(uint32_t id) const {
    const Table* const table = tables_.find_any(id).first;
    return table ? &table->shown : nullptr;
}

/// A table is asked for by type and number; both must be right.
std::shared_ptr<FlowTables::Table> FlowTables::find(const Command& command, uint32_t type,
                                                    uint32_t id) const {
    auto table = tables_.find(command.uid, id);
    return table && table->shown.type == type ? table : nullptr;
}

/// What the pipeline sees of the entries: the first one, else the miss table.
void FlowTables::Table::update() {
    if (shown.software_owned) {
        return;
    }
    shown.destinations.clear();
    shown.counters.clear();
    if (!entries.empty()) {
        shown.destinations = entries.begin()->second.destinations;
        shown.counters = entries.begin()->second.counters;
    } else if (miss) {
        FlowDestination next;
        next.kind = FlowDestination::Kind::kTable;
        next.table = miss_id;
        shown.destinations.push_back(next);
    }
}

Answer FlowTables::create_table(const Command& command) {
    const void* const context = DEVX_ADDR_OF(create_flow_table_in, command.in, flow_table_context);
    const uint32_t type = DEVX_GET(create_flow_table_in, command.in, table_type);
    const uint32_t level = DEVX_GET(flow_table_context, context, level);
    const uint32_t log_size = DEVX_GET(flow_table_context, context, log_size);
    if (!supported(type) || level > limits_.table_level || log_size > limits_.log_flows) {
        return kBadValue;
    }
    Table made;
    if (const Answer answer = set_miss(command, context, type, made); !answer.ok()) {
        return answer;
    }
    uint32_t id = 0;
    const auto table = tables_.create(command.uid, id);
    if (!table) {
        return kLimitReached;
    }
    *table = std::move(made);
    FlowTable& shown = table->shown;
    shown.id = id;
    shown.type = static_cast<uint8_t>(type);
    shown.level = static_cast<uint8_t>(level);
    shown.software_owned = DEVX_GET(flow_table_context, context, sw_owner);
    table->log_size = log_size;
    table->reformat_enabled = DEVX_GET(flow_table_context, context, reformat_en);
    table->termination = DEVX_GET(flow_table_context, context, termination_table);
    if (shown.software_owned) {
        shown.icm_root_rx = DEVX_GET64(flow_table_context, context, sw_owner_icm_root_0);
        shown.icm_root_tx = DEVX_GET64(flow_table_context, context, sw_owner_icm_root_1);
    } else {
        const auto owner = static_cast<uint8_t>(host_.vhca_id());
        const auto address = [&](IcmAddress::Side side) {
            return IcmAddress{IcmAddress::Kind::kTable, side, owner, id}.encode();
        };
        shown.icm_root_rx = address(IcmAddress::Side::kRx);
        shown.icm_root_tx = address(IcmAddress::Side::kTx);
    }
    table->update();
    DEVX_SET(create_flow_table_out, command.out, table_id, id);
    DEVX_SET(create_flow_table_out, command.out, icm_address_31_0,
             static_cast<uint32_t>(shown.icm_root_rx));
    DEVX_SET(create_flow_table_out, command.out, icm_address_39_32,
             static_cast<uint32_t>(shown.icm_root_rx >> 32) & 0xff);
    DEVX_SET(create_flow_table_out, command.out, icm_address_63_40,
             static_cast<uint32_t>(shown.icm_root_rx >> 40));
    return kDone;
}

/// Reads where packets go that no entry takes.
Answer FlowTables::set_miss(const Command& command, const void* context, uint32_t type,
                            Table& table) const {
    std::shared_ptr<const Table> miss;
    uint32_t id = 0;
    switch (DEVX_GET(flow_table_context, context, table_miss_action)) {
        case kMissDefault:
            break;
        case kMissForward:
            id = DEVX_GET(flow_table_context, context, table_miss_id);
            miss = tables_.refer(command.uid, id);
            if (!miss || miss->shown.type != type || miss.get() == &table) {
                return kNoSuchObject;
            }
            break;
        default:
            return kNotSupported;
    }
    table.miss = std::move(miss);
    table.miss_id = id;
    return kDone;
}

Answer FlowTables::query_table(const Command& command) const {
    const auto table = find(command, DEVX_GET(query_flow_table_in, command.in, table_type),
                            DEVX_GET(query_flow_table_in, command.in, table_id));
    if (!table) {
        return kNoSuchObject;
    }
    void* const context = DEVX_ADDR_OF(query_flow_table_out, command.out, flow_table_context);
    DEVX_SET(flow_table_context, context, level, table->shown.level);
    DEVX_SET(flow_table_context, context, log_size, table->log_size);
    DEVX_SET(flow_table_context, context, sw_owner, table->shown.software_owned);
    DEVX_SET(flow_table_context, context, reformat_en, table->reformat_enabled);
    DEVX_SET(flow_table_context, context, termination_table, table->termination);
    DEVX_SET(flow_table_context, context, table_miss_action,
             table->miss ? kMissForward : kMissDefault);
    DEVX_SET(flow_table_context, context, table_miss_id, table->miss_id);
    DEVX_SET64(flow_table_context, context, sw_owner_icm_root_0, table->shown.icm_root_rx);
    DEVX_SET64(flow_table_context, context, sw_owner_icm_root_1, table->shown.icm_root_tx);
    return kDone;
}

Answer FlowTables::modify_table(const Command& command) {
    const uint32_t type = DEVX_GET(modify_flow_table_in, command.in, table_type);
    const auto table = find(command, type, DEVX_GET(modify_flow_table_in, command.in, table_id));
    if (!table) {
        return kNoSuchObject;
    }
    if (DEVX_GET(modify_flow_table_in, command.in, modify_field_select) != kModifyMiss) {
        return kNotSupported;
    }
    const Answer answer = set_miss(
        command, DEVX_ADDR_OF(modify_flow_table_in, command.in, flow_table_context), type, *table);
    table->update();
    return answer;
}

Answer FlowTables::destroy_table(const Command& command) {
    const uint32_t id = DEVX_GET(destroy_flow_table_in, command.in, table_id);
    const auto table = find(command, DEVX_GET(destroy_flow_table_in, command.in, table_type), id);
    if (!table) {
        return kNoSuchObject;
    }
    if (!table->groups.empty() || tables_.busy(table)) {
        return kStillReferred;
    }
    tables_.erase(id);
    return kDone;
}

Answer FlowTables::create_group(const Command& command) {
    const auto table = find(command, DEVX_GET(create_flow_group_in, command.in, table_type),
                            DEVX_GET(create_flow_group_in, command.in, table_id));
    if (!table || table->shown.software_owned) {
        return kNoSuchObject;
    }
    const Group group = {DEVX_GET(create_flow_group_in, command.in, start_flow_index),
                         DEVX_GET(create_flow_group_in, command.in, end_flow_index)};
    if (DEVX_GET(create_flow_group_in, command.in, match_criteria_enable) != 0) {
        return kNotSupported;
    }
    if (group.first > group.last || group.last >= 1U << table->log_size) {
        return kBadValue;
    }
    for (const auto& [id, other] : table->groups) {
        if (group.first <= other.last && other.first <= group.last) {
            return kBadValue;
        }
    }
    const uint32_t id = table->next_group++;
    table->groups[id] = group;
    DEVX_SET(create_flow_group_out, command.out, group_id, id);
    return kDone;
}

Answer FlowTables::query_group(const Command& command) const {
    const auto table = find(command, DEVX_GET(query_flow_group_in, command.in, table_type),
                            DEVX_GET(query_flow_group_in, command.in, table_id));
    if (!table) {
        return kNoSuchObject;
    }
    const auto group = table->groups.find(DEVX_GET(query_flow_group_in, command.in, group_id));
    if (group == table->groups.end()) {
        return kNoSuchObject;
    }
    DEVX_SET(query_flow_group_out, command.out, start_flow_index, group->second.first);
    DEVX_SET(query_flow_group_out, command.out, end_flow_index, group->second.last);
    return kDone;
}

Answer FlowTables::destroy_group(const Command& command) {
    const auto table = find(command, DEVX_GET(destroy_flow_group_in, command.in, table_type),
                            DEVX_GET(destroy_flow_group_in, command.in, table_id));
    const uint32_t id = DEVX_GET(destroy_flow_group_in, command.in, group_id);
    if (!table || !table->groups.count(id)) {
        return kNoSuchObject;
    }
    for (const auto& [index, entry] : table->entries) {
        if (entry.group == id) {
            return kStillReferred;
        }
    }
    table->groups.erase(id);
    return kDone;
}

Answer FlowTables::set_entry(const Command& command) {
    const auto table = find(command, DEVX_GET(set_fte_in, command.in, table_type),
                            DEVX_GET(set_fte_in, command.in, table_id));
    if (!table) {
        return kNoSuchObject;
    }
    const uint32_t index = DEVX_GET(set_fte_in, command.in, flow_index);
    const auto group = table->groups.find(DEVX_GET(set_fte_in, command.in, flow_context.group_id));
    if (group == table->groups.end()) {
        return kNoSuchObject;
    }
    if (index < group->second.first || index > group->second.last) {
        return kBadValue;
    }
    const bool exists = table->entries.count(index) > 0;
    if (command.modifier() > kSetExisting) {
        return kUnknownModifier;
    }
    if (exists != (command.modifier() == kSetExisting)) {
        return exists ? kExists : kNoSuchObject;
    }
    Entry entry;
    entry.group = group->first;
    if (const Answer answer = read_entry(command, *table, entry); !answer.ok()) {
        return answer;
    }
    table->entries[index] = std::move(entry);
    table->update();
    return kDone;
}

/// Reads the actions of an entry, its destinations and its counters.
Answer FlowTables::read_entry(const Command& command, const Table& table, Entry& entry) const {
    const void* const context = DEVX_ADDR_OF(set_fte_in, command.in, flow_context);
    const uint32_t action = DEVX_GET(flow_context, context, action);
    const bool extended = DEVX_GET(flow_context, context, extended_destination);
    const size_t destinations = DEVX_GET(flow_context, context, destination_list_size);
    const size_t counters = DEVX_GET(flow_context, context, flow_counter_list_size);
    const size_t size =
        extended ? DEVX_ST_SZ_BYTES(extended_dest_format) : DEVX_ST_SZ_BYTES(dest_format_struct);
    constexpr size_t kListAt = DEVX_ST_SZ_BYTES(set_fte_in);
    constexpr uint32_t kKnown =
        prm::kFlowActionDrop | prm::kFlowActionForward | prm::kFlowActionCount;

    const bool forward = action & prm::kFlowActionForward;
    const bool drop = action & prm::kFlowActionDrop;
    if (action & ~kKnown) {
        return kNotSupported;
    }
    if (forward == drop || (destinations > 0) != forward ||
        (counters > 0) != ((action & prm::kFlowActionCount) != 0) ||
        destinations > kMaxDestinations || counters > kMaxDestinations) {
        return kBadValue;
    }
    if (command.in_length < kListAt + (destinations + counters) * size) {
        return kInputTooShort;
    }
    const auto* at = static_cast<const unsigned char*>(command.in) + kListAt;
    for (size_t i = 0; i < destinations; i++, at += size) {
        if (const Answer answer = read_destination(command, table, at, extended, entry);
            !answer.ok()) {
            return answer;
        }
    }
    for (size_t i = 0; i < counters; i++, at += size) {
        const uint32_t id = DEVX_GET(flow_counter_list, at, flow_counter_id);
        auto bulk = counters_.refer(command.uid, id);
        if (!bulk) {
            return kNoSuchObject;
        }
        entry.counters.push_back(id);
        entry.references.push_back(std::move(bulk));
    }
    if (drop) {
        entry.destinations.push_back({});
    }
    const auto* const words = static_cast<const uint32_t*>(context);
    entry.mailbox.assign(
        words, words + DEVX_ST_SZ_DW(flow_context) + (destinations + counters) * size / 4);
    return kDone;
}

Answer FlowTables::read_destination(const Command& command, const Table& table, const void* format,
                                    bool extended, Entry& entry) const {
    const uint32_t id = DEVX_GET(dest_format_struct, format, destination_id);
    const bool foreign =
        DEVX_GET(dest_format_struct, format, destination_eswitch_owner_vhca_id_valid);
    const auto owner = static_cast<uint16_t>(
        foreign ? DEVX_GET(dest_format_struct, format, destination_eswitch_owner_vhca_id)
                : host_.vhca_id());
    FlowDestination to;
    switch (static_cast<prm::FlowDestinationType>(
        DEVX_GET(dest_format_struct, format, destination_type))) {
        case prm::FlowDestinationType::kVport:
        case prm::FlowDestinationType::kUplink: {
            const bool uplink = static_cast<prm::FlowDestinationType>(
                                    DEVX_GET(dest_format_struct, format, destination_type)) ==
                                prm::FlowDestinationType::kUplink;
            const auto number = uplink ? prm::kVportUplink : static_cast<uint16_t>(id);
            if (table.shown.type != static_cast<uint8_t>(FlowTableType::kFdb) || id > 0xffff) {
                return kBadValue;
            }
            if (owner == host_.vhca_id() && number != 0 && !host_.vport(number)) {
                return kNoSuchVport;
            }
            to.kind = FlowDestination::Kind::kVport;
            to.vport = {owner, number};
            break;
        }
        case prm::FlowDestinationType::kTable: {
            auto next = tables_.refer(command.uid, id);
            if (!next || next.get() == &table || next->shown.type != table.shown.type) {
                return kNoSuchObject;
            }
            to.kind = FlowDestination::Kind::kTable;
            to.table = id;
            entry.references.push_back(std::move(next));
            break;
        }
        default:
            return kNotSupported;
    }
    if (DEVX_GET(dest_format_struct, format, packet_reformat)) {
        if (!extended || !table.reformat_enabled) {
            return kBadValue;
        }
        to.reformat = DEVX_GET(extended_dest_format, format, packet_reformat_id);
        auto reformat = reformats_.refer(command.uid, *to.reformat);
        if (!reformat) {
            return kNoSuchObject;
        }
        entry.references.push_back(std::move(reformat));
    }
    entry.destinations.push_back(to);
    return kDone;
}

Answer FlowTables::query_entry(const Command& command) const {
    const auto table = find(command, DEVX_GET(query_fte_in, command.in, table_type),
                            DEVX_GET(query_fte_in, command.in, table_id));
    if (!table) {
        return kNoSuchObject;
    }
    const auto entry = table->entries.find(DEVX_GET(query_fte_in, command.in, flow_index));
    if (entry == table->entries.end()) {
        return kNoSuchObject;
    }
    const auto& mailbox = entry->second.mailbox;
    constexpr size_t kAt = DEVX_BYTE_OFF(query_fte_out, flow_context);
    if (command.out_length < kAt + mailbox.size() * sizeof mailbox[0]) {
        return kOutputTooShort;
    }
    memcpy(static_cast<char*>(command.out) + kAt, mailbox.data(),
           mailbox.size() * sizeof mailbox[0]);
    return kDone;
}

Answer FlowTables::delete_entry(const Command& command) {
    const auto table = find(command, DEVX_GET(delete_fte_in, command.in, table_type),
                            DEVX_GET(delete_fte_in, command.in, table_id));
    if (!table || table->entries.erase(DEVX_GET(delete_fte_in, command.in, flow_index)) == 0) {
        return kNoSuchObject;
    }
    table->update();
    return kDone;
}

void FlowTables::release(uint16_t uid) {
    // Tables may refer to each other in a circle.
    tables_.for_each(uid, [](Table& table) {
        table.entries.clear();
        table.miss.reset();
    });
    tables_.erase_all(uid);
}

}  // namespace esw::sim
