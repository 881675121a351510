// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/firmware/general_objects.h"

#include <cstring>

namespace esw::sim {

namespace {

using prm::ObjectType;
using prm::Opcode;

constexpr size_t kObjectAt = DEVX_ST_SZ_BYTES(general_obj_in_cmd_hdr);
constexpr uint32_t kMaxOptionWords = 1;  ///< max_geneve_tlv_option_data_len

ObjectType type_of(const Command& command) {
    return static_cast<ObjectType>(DEVX_GET(general_obj_in_cmd_hdr, command.in, obj_type));
}

uint32_t id_of(const Command& command) {
    return DEVX_GET(general_obj_in_cmd_hdr, command.in, obj_id);
}

}  // namespace

GeneralObjects::GeneralObjects(const FirmwareLimits& limits)
    : limits_(limits),
      options_(limits.geneve_options, 1, 1U << 24),
      meters_(size_t{1} << limits.log_meters, 1, 1U << 24) {}

void GeneralObjects::add_commands(CommandTable& table) {
    table[Opcode::kCreateGeneralObject] = {
        DEVX_ST_SZ_BYTES(general_obj_in_cmd_hdr), DEVX_ST_SZ_BYTES(general_obj_out_cmd_hdr),
        [this](const Command& command) { return create(command); }};
    table[Opcode::kModifyGeneralObject] = {
        DEVX_ST_SZ_BYTES(general_obj_in_cmd_hdr), DEVX_ST_SZ_BYTES(general_obj_out_cmd_hdr),
        [this](const Command& command) { return modify(command); }};
    table[Opcode::kQueryGeneralObject] = {
        DEVX_ST_SZ_BYTES(general_obj_in_cmd_hdr), DEVX_ST_SZ_BYTES(general_obj_out_cmd_hdr),
        [this](const Command& command) { return query(command); }};
    table[Opcode::kDestroyGeneralObject] = {
        DEVX_ST_SZ_BYTES(general_obj_in_cmd_hdr), DEVX_ST_SZ_BYTES(general_obj_out_cmd_hdr),
        [this](const Command& command) { return destroy(command); }};
}

Answer GeneralObjects::create(const Command& command) {
    switch (type_of(command)) {
        case ObjectType::kGeneveTlvOption:
            return create_option(command);
        case ObjectType::kFlowMeterAso:
            return create_meters(command);
    }
    return kNotSupported;
}

Answer GeneralObjects::create_option(const Command& command) {
    if (command.in_length < DEVX_ST_SZ_BYTES(create_geneve_tlv_option_in)) {
        return kInputTooShort;
    }
    const GeneveOption wanted = {
        .option_class = static_cast<uint16_t>(
            DEVX_GET(create_geneve_tlv_option_in, command.in, geneve_tlv_opt.option_class)),
        .option_type = static_cast<uint8_t>(
            DEVX_GET(create_geneve_tlv_option_in, command.in, geneve_tlv_opt.option_type)),
        .data_words = static_cast<uint8_t>(
            DEVX_GET(create_geneve_tlv_option_in, command.in, geneve_tlv_opt.option_data_length)),
        .flex_parser = kGeneveFlexParser};
    if (wanted.data_words == 0 || wanted.data_words > kMaxOptionWords) {
        return kBadValue;
    }
    uint32_t id = 0;
    const auto option = options_.create(command.uid, id);
    if (!option) {
        return kLimitReached;
    }
    *option = wanted;
    geneve_ = wanted;
    DEVX_SET(general_obj_out_cmd_hdr, command.out, obj_id, id);
    return kDone;
}

Answer GeneralObjects::create_meters(const Command& command) {
    if (command.in_length < DEVX_ST_SZ_BYTES(create_flow_meter_aso_obj_in)) {
        return kInputTooShort;
    }
    const uint32_t log = DEVX_GET(general_obj_in_cmd_hdr, command.in, log_obj_range);
    if (log > limits_.log_meters) {
        return kBadValue;
    }
    uint32_t id = 0;
    const auto meters = meters_.create(command.uid, id, 1U << log, 1U << log);
    if (!meters) {
        return kLimitReached;
    }
    meters->resize(size_t{1} << log);
    for (Meter& meter : *meters) {
        memcpy(meter.data(),
               DEVX_ADDR_OF(create_flow_meter_aso_obj_in, command.in,
                            flow_meter_aso_obj.flow_meter_parameters),
               sizeof meter);
    }
    DEVX_SET(general_obj_out_cmd_hdr, command.out, obj_id, id);
    return kDone;
}

/// An option cannot be changed, and the parameters of a meter are written by work requests.
Answer GeneralObjects::modify(const Command& command) const {
    const bool exists = type_of(command) == ObjectType::kGeneveTlvOption
                            ? options_.find(command.uid, id_of(command)) != nullptr
                            : type_of(command) == ObjectType::kFlowMeterAso &&
                                  meters_.find(command.uid, id_of(command)) != nullptr;
    return exists ? kNotSupported : kNoSuchObject;
}

Answer GeneralObjects::query(const Command& command) const {
    switch (type_of(command)) {
        case ObjectType::kGeneveTlvOption: {
            const auto option = options_.find(command.uid, id_of(command));
            if (!option) {
                return kNoSuchObject;
            }
            if (command.out_length < kObjectAt + DEVX_ST_SZ_BYTES(geneve_tlv_option)) {
                return kOutputTooShort;
            }
            void* const to = static_cast<char*>(command.out) + kObjectAt;
            DEVX_SET(geneve_tlv_option, to, option_class, option->option_class);
            DEVX_SET(geneve_tlv_option, to, option_type, option->option_type);
            DEVX_SET(geneve_tlv_option, to, option_data_length, option->data_words);
            return kDone;
        }
        case ObjectType::kFlowMeterAso: {
            const auto meters = meters_.find(command.uid, id_of(command));
            if (!meters) {
                return kNoSuchObject;
            }
            if (command.out_length < kObjectAt + DEVX_ST_SZ_BYTES(flow_meter_aso_obj)) {
                return kOutputTooShort;
            }
            memcpy(DEVX_ADDR_OF(flow_meter_aso_obj, static_cast<char*>(command.out) + kObjectAt,
                                flow_meter_parameters),
                   meters->front().data(), sizeof(Meter));
            return kDone;
        }
    }
    return kNotSupported;
}

Answer GeneralObjects::destroy(const Command& command) {
    Answer answer = kNotSupported;
    switch (type_of(command)) {
        case ObjectType::kGeneveTlvOption:
            answer = destroy_object(options_, command, id_of(command));
            break;
        case ObjectType::kFlowMeterAso:
            answer = destroy_object(meters_, command, id_of(command));
            break;
    }
    forget_option();
    return answer;
}

void GeneralObjects::release(uint16_t uid) {
    options_.erase_all(uid);
    meters_.erase_all(uid);
    forget_option();
}

void GeneralObjects::forget_option() {
    if (options_.used() == 0) {
        geneve_.reset();
    }
}

}  // namespace esw::sim
