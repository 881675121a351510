// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/firmware/flow_counters.h"

namespace esw::sim {

namespace {

/// Counters of a bulk for each unit of flow_counter_bulk: Linux mlx5_ifc.h,
/// MLX5_FC_BULK_SIZE_FACTOR.
constexpr uint32_t kBulkUnit = 128;
/// A query of several counters begins at a multiple of it: Linux fs_counters.c.
constexpr uint32_t kQueryAlignment = 4;
/// What comes before the counters in the answer.
constexpr size_t kQueryHeader = DEVX_ST_SZ_BYTES(query_flow_counter_out);

}  // namespace

FlowCounters::FlowCounters(const FirmwareLimits& limits)
    : limits_(limits),
      bulks_(size_t{1} << limits.log_flow_counters, kQueryAlignment,
             (1U << limits.log_flow_counters) + 2 * kQueryAlignment) {}

void FlowCounters::add_commands(CommandTable& table) {
    using prm::Opcode;
    table[Opcode::kAllocFlowCounter] = {DEVX_ST_SZ_BYTES(alloc_flow_counter_in),
                                        DEVX_ST_SZ_BYTES(alloc_flow_counter_out),
                                        [this](const Command& command) { return alloc(command); }};
    table[Opcode::kDeallocFlowCounter] = {
        DEVX_ST_SZ_BYTES(dealloc_flow_counter_in), kHeaderLength, [this](const Command& command) {
            return destroy_object(bulks_, command,
                                  DEVX_GET(dealloc_flow_counter_in, command.in, flow_counter_id));
        }};
    table[Opcode::kQueryFlowCounter] = {DEVX_ST_SZ_BYTES(query_flow_counter_in),
                                        kQueryHeader + DEVX_ST_SZ_BYTES(traffic_counter),
                                        [this](const Command& command) { return query(command); }};
}

Answer FlowCounters::alloc(const Command& command) {
    const uint32_t units = DEVX_GET(alloc_flow_counter_in, command.in, flow_counter_bulk);
    const uint32_t log = DEVX_GET(alloc_flow_counter_in, command.in, flow_counter_bulk_log_size);
    // One bit of MLX5_FC_BULK_*, or the newer field; not both.
    if ((units & (units - 1)) != 0 || (units != 0 && log != 0) || log > limits_.log_flow_counters) {
        return kBadValue;
    }
    const uint32_t count = units != 0 ? units * kBulkUnit : 1U << log;
    uint32_t id = 0;
    const auto bulk = bulks_.create(command.uid, id, count, count > 1 ? kQueryAlignment : 1);
    if (!bulk) {
        return kLimitReached;
    }
    bulk->resize(count);
    DEVX_SET(alloc_flow_counter_out, command.out, flow_counter_id, id);
    return kDone;
}

Answer FlowCounters::query(const Command& command) {
    const uint32_t first = DEVX_GET(query_flow_counter_in, command.in, flow_counter_id);
    const uint32_t asked = DEVX_GET(query_flow_counter_in, command.in, num_of_counters);
    const bool clear = DEVX_GET(query_flow_counter_in, command.in, clear);
    if (asked > 1U << limits_.log_counters_queried || (asked > 0 && first % kQueryAlignment != 0)) {
        return kBadValue;
    }
    const uint32_t count = asked == 0 ? 1 : asked;
    if (command.out_length < kQueryHeader + count * DEVX_ST_SZ_BYTES(traffic_counter)) {
        return kOutputTooShort;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!bulks_.find_containing(command.uid, first + i)) {
            return kNoSuchObject;
        }
    }
    auto* to = static_cast<unsigned char*>(command.out) + kQueryHeader;
    for (uint32_t i = 0; i < count; i++, to += DEVX_ST_SZ_BYTES(traffic_counter)) {
        const auto [bulk, offset] = bulks_.find_any(first + i);
        Traffic& traffic = (*bulk)[offset];
        DEVX_SET64(traffic_counter, to, packets, traffic.packets);
        DEVX_SET64(traffic_counter, to, octets, traffic.bytes);
        if (clear) {
            traffic = {};
        }
    }
    return kDone;
}

void FlowCounters::count(uint32_t id, uint64_t packets, uint64_t bytes) {
    const auto [bulk, offset] = bulks_.find_any(id);
    if (bulk) {
        (*bulk)[offset].packets += packets;
        (*bulk)[offset].bytes += bytes;
    }
}

std::shared_ptr<FlowCounters::Bulk> FlowCounters::refer(uint16_t uid, uint32_t id) const {
    return bulks_.find_containing(uid, id);
}

}  // namespace esw::sim
