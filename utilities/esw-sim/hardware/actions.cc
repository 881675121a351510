// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/hardware/actions.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "esw-manager/mlx5/prm_ste.h"
#include "utilities/esw-sim/hardware/header_fields.h"
#include "utilities/esw-sim/hardware/reformat.h"

namespace esw::sim {

namespace {

/// What a program that is wrong may make of one packet at most.
constexpr size_t kMaxActions = 4096;

constexpr size_t kSingle = 4;
constexpr size_t kDouble = 8;

/// enum dr_ste_v1_action_id of rdma-core 44's dr_ste_v1.c.
enum ActionId : uint8_t {
    kNop = 0x00,
    kCopy = 0x05,
    kSet = 0x06,
    kAdd = 0x07,
    kRemoveBySize = 0x08,
    kRemoveHeaderToHeader = 0x09,
    kInsertInline = 0x0a,
    kInsertPointer = 0x0b,
    kFlowTag = 0x0c,
    kAcceleratedList = 0x0e,
    kModifyList = 0x0f,
    kAso = 0x12,
    kTrailer = 0x13
};

/// enum dr_ste_v1_action_insert_ptr_attr.
enum InsertAttribute : uint32_t { kPlain = 0, kEncapsulation = 1 };

/// enum dr_ste_v1_header_anchors.
enum Anchor : uint32_t {
    kStart = 0x00,
    kFirstVlan = 0x02,
    kIp = 0x07,
    kInnerMac = 0x13,
    kInnerIp = 0x19
};

size_t size_of(uint8_t id) {
    switch (id) {
        case kCopy:
        case kSet:
        case kAdd:
        case kInsertInline:
        case kInsertPointer:
        case kAcceleratedList:
        case kAso:
        case kTrailer:
            return kDouble;
        default:
            return kSingle;
    }
}

std::optional<size_t> anchor_at(const Packet& layout, uint32_t anchor) {
    switch (anchor) {
        case kStart:
            return 0;
        case kFirstVlan:
            return layout.outer.vlans > 0 ? std::optional(*layout.outer.l2 + 12) : std::nullopt;
        case kIp:
            return layout.outer.l3;
        case kInnerMac:
            return layout.inner.l2;
        case kInnerIp:
            return layout.inner.l3;
        default:
            return std::nullopt;
    }
}

/// The bits of a field that `length` bits from `shifter` are. Shifters count in quadwords whose
/// upper half is the field's (MLX5_MODIFY_HEADER_V1_QW_OFFSET).
uint32_t shift_of(uint32_t shifter) {
    return shifter & 0x1f;
}
uint32_t mask_of(uint32_t length) {
    return length >= 32 ? ~0u : (1u << length) - 1;
}

constexpr const char* kNoHeader = "an edit at a header that the packet does not have";
constexpr const char* kNoField = "a header rewrite of an unknown field";

const char* write(SteeredPacket& packet, const Packet& layout, uint8_t field, uint32_t value,
                  uint32_t mask) {
    return write_field(packet, layout, field, value, mask) ? nullptr : kNoField;
}

const char* set(const void* action, const Packet& layout, SteeredPacket& packet, bool add) {
    const uint8_t field = DEVX_GET(ste_double_action_set_v1, action, destination_dw_offset);
    const uint32_t shift =
        shift_of(DEVX_GET(ste_double_action_set_v1, action, destination_left_shifter));
    const uint32_t mask = mask_of(DEVX_GET(ste_double_action_set_v1, action, destination_length));
    uint32_t value = DEVX_GET(ste_double_action_set_v1, action, inline_data);
    if (add) {
        value += read_field(packet, layout, field).value_or(0) >> shift;
    }
    return write(packet, layout, field, (value & mask) << shift, mask << shift);
}

const char* copy(const void* action, const Packet& layout, SteeredPacket& packet) {
    const uint8_t to = DEVX_GET(ste_double_action_copy_v1, action, destination_dw_offset);
    const uint8_t from = DEVX_GET(ste_double_action_copy_v1, action, source_dw_offset);
    const uint32_t to_shift =
        shift_of(DEVX_GET(ste_double_action_copy_v1, action, destination_left_shifter));
    const uint32_t from_shift =
        shift_of(DEVX_GET(ste_double_action_copy_v1, action, source_right_shifter));
    const uint32_t mask = mask_of(DEVX_GET(ste_double_action_copy_v1, action, destination_length));
    const auto value = read_field(packet, layout, from);
    if (!value) {
        return kNoField;
    }
    return write(packet, layout, to, (*value >> from_shift & mask) << to_shift, mask << to_shift);
}

const char* remove_by_size(const void* action, const Packet& layout, SteeredPacket& packet) {
    const auto anchor =
        anchor_at(layout, DEVX_GET(ste_single_action_remove_header_size_v1, action, start_anchor));
    if (!anchor) {
        return kNoHeader;
    }
    // Offset and size count words of 2 bytes.
    const size_t from =
        *anchor + 2 * DEVX_GET(ste_single_action_remove_header_size_v1, action, start_offset);
    const size_t size = 2 * DEVX_GET(ste_single_action_remove_header_size_v1, action, remove_size);
    return remove_bytes(packet.frame, from, from + size);
}

const char* remove_header(const void* action, const Packet& layout, SteeredPacket& packet) {
    const auto from =
        anchor_at(layout, DEVX_GET(ste_single_action_remove_header_v1, action, start_anchor));
    const auto to =
        anchor_at(layout, DEVX_GET(ste_single_action_remove_header_v1, action, end_anchor));
    return from && to ? remove_bytes(packet.frame, *from, *to) : kNoHeader;
}

const char* insert_inline(std::span<const std::byte> action, const Packet& layout,
                          SteeredPacket& packet) {
    const void* const a = action.data();
    const auto anchor =
        anchor_at(layout, DEVX_GET(ste_double_action_insert_with_inline_v1, a, start_anchor));
    if (!anchor) {
        return kNoHeader;
    }
    const size_t offset = 2 * DEVX_GET(ste_double_action_insert_with_inline_v1, a, start_offset);
    return insert_bytes(packet.frame, *anchor + offset, action.subspan(kSingle, kSingle));
}

const char* insert_pointer(const void* action, const Packet& layout, const Reformat* object,
                           SteeredPacket& packet) {
    const auto anchor =
        anchor_at(layout, DEVX_GET(ste_double_action_insert_with_ptr_v1, action, start_anchor));
    const size_t offset = 2 * DEVX_GET(ste_double_action_insert_with_ptr_v1, action, start_offset);
    if (object == nullptr) {
        return "no such packet reformat object";
    }
    if (!anchor) {
        return kNoHeader;
    }
    switch (DEVX_GET(ste_double_action_insert_with_ptr_v1, action, attributes)) {
        case kPlain:
            return insert_bytes(packet.frame, *anchor + offset, object->data);
        case kEncapsulation:
            return *anchor + offset == 0
                       ? encapsulate(packet.frame, object->data)
                       : "encapsulation that does not begin at the packet's start";
        default:
            return "insertion of a kind that is not simulated";
    }
}

}  // namespace

const char* ActionEngine::execute(std::span<const std::byte> actions, SteeredPacket& packet) {
    while (actions.size() >= kSingle) {
        const size_t size = size_of(std::to_integer<uint8_t>(actions[0]));
        if (size > actions.size()) {
            return "an action that is cut off";
        }
        if (const char* const reason = single(actions.first(size), packet)) {
            return reason;
        }
        actions = actions.subspan(size);
    }
    return nullptr;
}

/// One action. Positions are those of the packet as the actions before have left it.
const char* ActionEngine::single(std::span<const std::byte> action, SteeredPacket& packet) {
    const auto id = std::to_integer<uint8_t>(action[0]);
    if (id == kNop || id == kFlowTag) {
        return nullptr;  // Flow tags are for completions.
    }
    if (++done_ > kMaxActions) {
        return "too many actions";
    }
    alignas(8) std::array<std::byte, kDouble> words{};
    std::copy(action.begin(), action.end(), words.begin());
    const void* const a = words.data();
    if (id == kModifyList) {
        return list(words, packet);
    }
    const Packet layout = parse_packet(packet.frame);
    switch (id) {
        case kSet:
        case kAdd:
            return set(a, layout, packet, id == kAdd);
        case kCopy:
            return copy(a, layout, packet);
        case kRemoveBySize:
            return remove_by_size(a, layout, packet);
        case kRemoveHeaderToHeader:
            return remove_header(a, layout, packet);
        case kInsertInline:
            return insert_inline(words, layout, packet);
        case kInsertPointer: {
            const uint32_t pointer = DEVX_GET(ste_double_action_insert_with_ptr_v1, a, pointer);
            return insert_pointer(a, layout, resources_.reformat(pointer), packet);
        }
        case kAso:
            return "an action on an ASO object, which is not simulated";
        case kAcceleratedList:
            return "an accelerated list of actions, which this adapter has not";
        default:
            return "an unknown action";
    }
}

/// A list of actions of 8 bytes each, in lines of header-modify ICM.
const char* ActionEngine::list(std::span<const std::byte> action, SteeredPacket& packet) {
    const void* const a = action.data();
    const uint32_t count = DEVX_GET(ste_single_action_modify_list_v1, a, num_of_modify_actions);
    const uint64_t index = DEVX_GET(ste_single_action_modify_list_v1, a, modify_actions_ptr);
    const uint64_t start = resources_.header_modify_base() + index * sizeof(Icm::Line);
    constexpr size_t kPerLine = sizeof(Icm::Line) / kDouble;
    Icm::Line line{};
    for (uint32_t i = 0; i < count; i++) {
        if (i % kPerLine == 0 && !resources_.read_line(start + i * kDouble, line)) {
            return "a list of actions in no memory";
        }
        const auto entry = std::span(line).subspan(i % kPerLine * kDouble, kDouble);
        if (std::to_integer<uint8_t>(entry[0]) == kModifyList) {
            return "a list of actions in a list of actions";
        }
        if (const char* const reason = single(entry, packet)) {
            return reason;
        }
    }
    return nullptr;
}

}  // namespace esw::sim
