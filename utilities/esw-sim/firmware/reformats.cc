// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/firmware/reformats.h"

#include <cstring>

namespace esw::sim {

namespace {

/// Where the data of a reformat are in its context: the first two bytes are within the layout.
constexpr size_t kReformatData = DEVX_BYTE_OFF(packet_reformat_context_in, reformat_data);

/// What a reformat may be made of.
bool reformat_possible(const Reformat& reformat) {
    switch (static_cast<prm::ReformatType>(reformat.type)) {
        case prm::ReformatType::kL2ToVxlan:
        case prm::ReformatType::kL2ToNvgre:
        case prm::ReformatType::kL2ToL2Tunnel:
        case prm::ReformatType::kL2ToL3Tunnel:
            return !reformat.data.empty();
        case prm::ReformatType::kL3TunnelToL2:
            // The Ethernet header that replaces the tunnel's, with a VLAN tag or without.
            return reformat.data.size() == 14 || reformat.data.size() == 18;
    }
    return false;
}

}  // namespace

Reformats::Reformats(const FirmwareLimits& limits)
    : limits_(limits),
      reformats_(size_t{1} << limits.log_reformats, 1, 1U << 24),
      modify_headers_(size_t{1} << limits.log_modify_headers, 1, 1U << 24) {}

void Reformats::add_commands(CommandTable& table) {
    using prm::Opcode;
    table[Opcode::kAllocPacketReformatContext] = {
        DEVX_ST_SZ_BYTES(alloc_packet_reformat_context_in),
        DEVX_ST_SZ_BYTES(alloc_packet_reformat_context_out),
        [this](const Command& command) { return alloc_reformat(command); }};
    table[Opcode::kDeallocPacketReformatContext] = {
        DEVX_ST_SZ_BYTES(dealloc_packet_reformat_context_in), kHeaderLength,
        [this](const Command& command) {
            return destroy_object(
                reformats_, command,
                DEVX_GET(dealloc_packet_reformat_context_in, command.in, packet_reformat_id));
        }};
    table[Opcode::kQueryPacketReformatContext] = {
        DEVX_ST_SZ_BYTES(query_packet_reformat_context_in),
        DEVX_ST_SZ_BYTES(query_packet_reformat_context_out),
        [this](const Command& command) { return query_reformat(command); }};
    table[Opcode::kAllocModifyHeaderContext] = {
        DEVX_ST_SZ_BYTES(alloc_modify_header_context_in),
        DEVX_ST_SZ_BYTES(alloc_modify_header_context_out),
        [this](const Command& command) { return alloc_modify_header(command); }};
    table[Opcode::kDeallocModifyHeaderContext] = {
        DEVX_ST_SZ_BYTES(dealloc_modify_header_context_in), kHeaderLength,
        [this](const Command& command) {
            return destroy_object(
                modify_headers_, command,
                DEVX_GET(dealloc_modify_header_context_in, command.in, modify_header_id));
        }};
}

Answer Reformats::alloc_reformat(const Command& command) {
    const void* const context =
        DEVX_ADDR_OF(alloc_packet_reformat_context_in, command.in, packet_reformat_context);
    const size_t size = DEVX_GET(packet_reformat_context_in, context, reformat_data_size);
    const size_t before =
        DEVX_BYTE_OFF(alloc_packet_reformat_context_in, packet_reformat_context) + kReformatData;
    if (size > limits_.reformat_bytes) {
        return kBadValue;
    }
    if (command.in_length < before + size) {
        return kInputTooShort;
    }
    Reformat reformat;
    reformat.type =
        static_cast<uint8_t>(DEVX_GET(packet_reformat_context_in, context, reformat_type));
    reformat.data.resize(size);
    if (size > 0) {
        memcpy(reformat.data.data(), static_cast<const char*>(command.in) + before, size);
    }
    if (!reformat_possible(reformat)) {
        return kBadValue;
    }
    uint32_t id = 0;
    const auto object = reformats_.create(command.uid, id);
    if (!object) {
        return kLimitReached;
    }
    *object = std::move(reformat);
    DEVX_SET(alloc_packet_reformat_context_out, command.out, packet_reformat_id, id);
    return kDone;
}

Answer Reformats::query_reformat(const Command& command) const {
    const auto object = reformats_.find(
        command.uid, DEVX_GET(query_packet_reformat_context_in, command.in, packet_reformat_id));
    if (!object) {
        return kNoSuchObject;
    }
    const size_t before = DEVX_ST_SZ_BYTES(query_packet_reformat_context_out);
    const size_t size = object->data.size();
    if (command.out_length <
        before + std::max(DEVX_ST_SZ_BYTES(packet_reformat_context_in), kReformatData + size)) {
        return kOutputTooShort;
    }
    auto* const context = static_cast<unsigned char*>(command.out) + before;
    DEVX_SET(packet_reformat_context_in, context, reformat_type, object->type);
    DEVX_SET(packet_reformat_context_in, context, reformat_data_size, static_cast<uint32_t>(size));
    if (size > 0) {
        memcpy(context + kReformatData, object->data.data(), size);
    }
    return kDone;
}

Answer Reformats::alloc_modify_header(const Command& command) {
    const uint32_t count = DEVX_GET(alloc_modify_header_context_in, command.in, num_of_actions);
    const size_t before = DEVX_ST_SZ_BYTES(alloc_modify_header_context_in);
    const auto type = static_cast<prm::FlowTableType>(
        DEVX_GET(alloc_modify_header_context_in, command.in, table_type));
    if (count == 0 || count > limits_.modify_header_actions ||
        (type != prm::FlowTableType::kFdb && type != prm::FlowTableType::kNicReceive &&
         type != prm::FlowTableType::kNicTransmit)) {
        return kBadValue;
    }
    if (command.in_length < before + count * DEVX_ST_SZ_BYTES(set_action_in)) {
        return kInputTooShort;
    }
    ModifyHeader actions(count);
    memcpy(actions.data(), static_cast<const char*>(command.in) + before,
           count * DEVX_ST_SZ_BYTES(set_action_in));
    for (const uint64_t& action : actions) {
        const auto kind =
            static_cast<prm::HeaderAction>(DEVX_GET(set_action_in, &action, action_type));
        if (kind != prm::HeaderAction::kSet && kind != prm::HeaderAction::kAdd &&
            kind != prm::HeaderAction::kCopy) {
            return kBadValue;
        }
    }
    uint32_t id = 0;
    const auto object = modify_headers_.create(command.uid, id);
    if (!object) {
        return kLimitReached;
    }
    *object = std::move(actions);
    DEVX_SET(alloc_modify_header_context_out, command.out, modify_header_id, id);
    return kDone;
}

void Reformats::release(uint16_t uid) {
    reformats_.erase_all(uid);
    modify_headers_.erase_all(uid);
}

}  // namespace esw::sim
