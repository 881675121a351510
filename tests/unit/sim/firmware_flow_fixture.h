// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstring>

#include "tests/unit/sim/firmware_fixture.h"

namespace esw::sim {

/// Counters, reformats and header rewrites.
class FirmwareFlow : public FirmwareTest {
protected:
    Reply alloc_counters(uint16_t uid, uint32_t units, uint32_t log = 0) {
        Words in = ESW_INBOX(alloc_flow_counter_in, prm::Opcode::kAllocFlowCounter);
        DEVX_SET(alloc_flow_counter_in, in.data(), flow_counter_bulk, units);
        DEVX_SET(alloc_flow_counter_in, in.data(), flow_counter_bulk_log_size, log);
        return ESW_RUN(uid, in, alloc_flow_counter_out);
    }
    uint32_t counter(uint16_t uid, uint32_t units = 0, uint32_t log = 0) {
        Reply reply = alloc_counters(uid, units, log);
        EXPECT_DONE(reply);
        return DEVX_GET(alloc_flow_counter_out, reply.data(), flow_counter_id);
    }
    Reply query_counters(uint16_t uid, uint32_t id, uint32_t count = 0, bool clear = false) {
        Words in = ESW_INBOX(query_flow_counter_in, prm::Opcode::kQueryFlowCounter);
        DEVX_SET(query_flow_counter_in, in.data(), flow_counter_id, id);
        DEVX_SET(query_flow_counter_in, in.data(), num_of_counters, count);
        DEVX_SET(query_flow_counter_in, in.data(), clear, clear);
        return run(uid, in,
                   DEVX_ST_SZ_BYTES(query_flow_counter_out) +
                       std::max(count, 1U) * DEVX_ST_SZ_BYTES(traffic_counter));
    }
    static FlowCounters::Traffic traffic(Reply& reply, size_t index = 0) {
        const void* const at = static_cast<char*>(reply.data()) +
                               DEVX_ST_SZ_BYTES(query_flow_counter_out) +
                               index * DEVX_ST_SZ_BYTES(traffic_counter);
        return {DEVX_GET64(traffic_counter, at, packets), DEVX_GET64(traffic_counter, at, octets)};
    }
    Reply dealloc_counter(uint16_t uid, uint32_t id) {
        Words in = ESW_INBOX(dealloc_flow_counter_in, prm::Opcode::kDeallocFlowCounter);
        DEVX_SET(dealloc_flow_counter_in, in.data(), flow_counter_id, id);
        return ESW_RUN(uid, in, mbox_out);
    }

    Reply alloc_reformat(uint16_t uid, prm::ReformatType type, size_t size, char fill = 'x') {
        constexpr size_t kBefore =
            DEVX_BYTE_OFF(alloc_packet_reformat_context_in, packet_reformat_context) +
            DEVX_BYTE_OFF(packet_reformat_context_in, reformat_data);
        Words in = inbox(
            (std::max(DEVX_ST_SZ_BYTES(alloc_packet_reformat_context_in), kBefore + size) + 3) / 4,
            prm::Opcode::kAllocPacketReformatContext);
        void* const context =
            DEVX_ADDR_OF(alloc_packet_reformat_context_in, in.data(), packet_reformat_context);
        DEVX_SET(packet_reformat_context_in, context, reformat_type, static_cast<uint32_t>(type));
        DEVX_SET(packet_reformat_context_in, context, reformat_data_size,
                 static_cast<uint32_t>(size));
        memset(reinterpret_cast<char*>(in.data()) + kBefore, fill, size);
        return ESW_RUN(uid, in, alloc_packet_reformat_context_out);
    }
    uint32_t reformat(uint16_t uid) {
        Reply reply = alloc_reformat(uid, prm::ReformatType::kL2ToL2Tunnel, 50);
        EXPECT_DONE(reply);
        return DEVX_GET(alloc_packet_reformat_context_out, reply.data(), packet_reformat_id);
    }
    Reply dealloc_reformat(uint16_t uid, uint32_t id) {
        Words in = ESW_INBOX(dealloc_packet_reformat_context_in,
                             prm::Opcode::kDeallocPacketReformatContext);
        DEVX_SET(dealloc_packet_reformat_context_in, in.data(), packet_reformat_id, id);
        return ESW_RUN(uid, in, mbox_out);
    }
};

/// Flow tables with their groups and entries.
class FirmwareTables : public FirmwareFlow {
protected:
    struct TableOptions {
        prm::FlowTableType type = prm::FlowTableType::kFdb;
        uint32_t level = 1;
        uint32_t log_size = 0;
        bool software_owned = false;
        bool reformat = false;
        uint32_t miss = 0;
    };
    Reply create_table(uint16_t uid, const TableOptions& options) {
        Words in = ESW_INBOX(create_flow_table_in, prm::Opcode::kCreateFlowTable);
        DEVX_SET(create_flow_table_in, in.data(), table_type, static_cast<uint32_t>(options.type));
        void* const context = DEVX_ADDR_OF(create_flow_table_in, in.data(), flow_table_context);
        DEVX_SET(flow_table_context, context, level, options.level);
        DEVX_SET(flow_table_context, context, log_size, options.log_size);
        DEVX_SET(flow_table_context, context, reformat_en, options.reformat);
        if (options.software_owned) {
            DEVX_SET(flow_table_context, context, sw_owner, 1);
            DEVX_SET64(flow_table_context, context, sw_owner_icm_root_0, kSteeringIcm.start);
            DEVX_SET64(flow_table_context, context, sw_owner_icm_root_1, kSteeringIcm.start + 64);
        }
        if (options.miss) {
            DEVX_SET(flow_table_context, context, table_miss_action, 1);
            DEVX_SET(flow_table_context, context, table_miss_id, options.miss);
        }
        return ESW_RUN(uid, in, create_flow_table_out);
    }
    uint32_t table(uint16_t uid, const TableOptions& options) {
        Reply reply = create_table(uid, options);
        EXPECT_DONE(reply);
        return DEVX_GET(create_flow_table_out, reply.data(), table_id);
    }
    Reply query_table(uint16_t uid, uint32_t id,
                      prm::FlowTableType type = prm::FlowTableType::kFdb) {
        Words in = ESW_INBOX(query_flow_table_in, prm::Opcode::kQueryFlowTable);
        DEVX_SET(query_flow_table_in, in.data(), table_type, static_cast<uint32_t>(type));
        DEVX_SET(query_flow_table_in, in.data(), table_id, id);
        return ESW_RUN(uid, in, query_flow_table_out);
    }
    Reply destroy_table(uint16_t uid, uint32_t id) {
        Words in = ESW_INBOX(destroy_flow_table_in, prm::Opcode::kDestroyFlowTable);
        DEVX_SET(destroy_flow_table_in, in.data(), table_type,
                 static_cast<uint32_t>(prm::FlowTableType::kFdb));
        DEVX_SET(destroy_flow_table_in, in.data(), table_id, id);
        return ESW_RUN(uid, in, mbox_out);
    }
    Reply create_group(uint16_t uid, uint32_t id, uint32_t first = 0, uint32_t last = 0,
                       uint32_t criteria = 0) {
        Words in = ESW_INBOX(create_flow_group_in, prm::Opcode::kCreateFlowGroup);
        DEVX_SET(create_flow_group_in, in.data(), table_type,
                 static_cast<uint32_t>(prm::FlowTableType::kFdb));
        DEVX_SET(create_flow_group_in, in.data(), table_id, id);
        DEVX_SET(create_flow_group_in, in.data(), start_flow_index, first);
        DEVX_SET(create_flow_group_in, in.data(), end_flow_index, last);
        DEVX_SET(create_flow_group_in, in.data(), match_criteria_enable, criteria);
        return ESW_RUN(uid, in, create_flow_group_out);
    }
    uint32_t group(uint32_t id, uint32_t first = 0, uint32_t last = 0) {
        Reply reply = create_group(uid_, id, first, last);
        EXPECT_DONE(reply);
        return DEVX_GET(create_flow_group_out, reply.data(), group_id);
    }
    Reply query_group(uint32_t id, uint32_t group) {
        Words in = ESW_INBOX(query_flow_group_in, prm::Opcode::kQueryFlowGroup);
        DEVX_SET(query_flow_group_in, in.data(), table_type,
                 static_cast<uint32_t>(prm::FlowTableType::kFdb));
        DEVX_SET(query_flow_group_in, in.data(), table_id, id);
        DEVX_SET(query_flow_group_in, in.data(), group_id, group);
        return ESW_RUN(uid_, in, query_flow_group_out);
    }
    Reply destroy_group(uint32_t id, uint32_t group) {
        Words in = ESW_INBOX(destroy_flow_group_in, prm::Opcode::kDestroyFlowGroup);
        DEVX_SET(destroy_flow_group_in, in.data(), table_type,
                 static_cast<uint32_t>(prm::FlowTableType::kFdb));
        DEVX_SET(destroy_flow_group_in, in.data(), table_id, id);
        DEVX_SET(destroy_flow_group_in, in.data(), group_id, group);
        return ESW_RUN(uid_, in, mbox_out);
    }

    struct To {
        prm::FlowDestinationType type = prm::FlowDestinationType::kVport;
        uint32_t id = 0;
        uint32_t reformat = 0;
        uint32_t owner = 0;
    };
    struct EntryOptions {
        uint32_t index = 0;
        uint32_t group = 1;
        std::vector<To> to = {};
        std::vector<uint32_t> counters = {};
        uint32_t actions = 0;  ///< besides those that `to` and `counters` mean
        bool extended = true;
        bool change = false;
        size_t missing_bytes = 0;
    };
    Reply set_entry(uint16_t uid, uint32_t id, const EntryOptions& options) {
        const size_t size = options.extended ? DEVX_ST_SZ_BYTES(extended_dest_format)
                                             : DEVX_ST_SZ_BYTES(dest_format_struct);
        Words in = inbox(
            (DEVX_ST_SZ_BYTES(set_fte_in) + (options.to.size() + options.counters.size()) * size) /
                4,
            prm::Opcode::kSetFlowTableEntry);
        DEVX_SET(set_fte_in, in.data(), op_mod, options.change);
        DEVX_SET(set_fte_in, in.data(), table_type,
                 static_cast<uint32_t>(prm::FlowTableType::kFdb));
        DEVX_SET(set_fte_in, in.data(), table_id, id);
        DEVX_SET(set_fte_in, in.data(), flow_index, options.index);
        void* const context = DEVX_ADDR_OF(set_fte_in, in.data(), flow_context);
        DEVX_SET(flow_context, context, group_id, options.group);
        DEVX_SET(flow_context, context, extended_destination, options.extended);
        DEVX_SET(flow_context, context, action,
                 options.actions | (options.to.empty() ? 0 : prm::kFlowActionForward) |
                     (options.counters.empty() ? 0 : prm::kFlowActionCount));
        DEVX_SET(flow_context, context, destination_list_size,
                 static_cast<uint32_t>(options.to.size()));
        DEVX_SET(flow_context, context, flow_counter_list_size,
                 static_cast<uint32_t>(options.counters.size()));
        char* at = reinterpret_cast<char*>(in.data()) + DEVX_ST_SZ_BYTES(set_fte_in);
        for (const To& to : options.to) {
            DEVX_SET(dest_format_struct, at, destination_type, static_cast<uint32_t>(to.type));
            DEVX_SET(dest_format_struct, at, destination_id, to.id);
            DEVX_SET(dest_format_struct, at, destination_eswitch_owner_vhca_id_valid,
                     to.owner != 0);
            DEVX_SET(dest_format_struct, at, destination_eswitch_owner_vhca_id, to.owner);
            if (to.reformat) {
                DEVX_SET(dest_format_struct, at, packet_reformat, 1);
                if (options.extended) {
                    DEVX_SET(extended_dest_format, at, packet_reformat_id, to.reformat);
                }
            }
            at += size;
        }
        for (const uint32_t counter : options.counters) {
            DEVX_SET(flow_counter_list, at, flow_counter_id, counter);
            at += size;
        }
        in.resize(in.size() - options.missing_bytes / 4);
        return ESW_RUN(uid, in, mbox_out);
    }
    Reply query_entry(uint32_t id, uint32_t index, size_t more = 0) {
        Words in = ESW_INBOX(query_fte_in, prm::Opcode::kQueryFlowTableEntry);
        DEVX_SET(query_fte_in, in.data(), table_type,
                 static_cast<uint32_t>(prm::FlowTableType::kFdb));
        DEVX_SET(query_fte_in, in.data(), table_id, id);
        DEVX_SET(query_fte_in, in.data(), flow_index, index);
        return run(uid_, in, DEVX_ST_SZ_BYTES(query_fte_out) + more);
    }
    Reply delete_entry(uint32_t id, uint32_t index = 0) {
        Words in = ESW_INBOX(delete_fte_in, prm::Opcode::kDeleteFlowTableEntry);
        DEVX_SET(delete_fte_in, in.data(), table_type,
                 static_cast<uint32_t>(prm::FlowTableType::kFdb));
        DEVX_SET(delete_fte_in, in.data(), table_id, id);
        DEVX_SET(delete_fte_in, in.data(), flow_index, index);
        return ESW_RUN(uid_, in, mbox_out);
    }
    const FlowTable& shown(uint32_t id) { return *firmware_->flow_table(id); }
};

}  // namespace esw::sim
