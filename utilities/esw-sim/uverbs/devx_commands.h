// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace esw::sim::uverbs::devx {

// Which firmware commands mlx5_ib lets programs send, and what it knows of them: devx.c of
// Linux 6.1. It does not know the commands' layouts beyond where the object's id is.

/// general_obj_in_cmd_hdr and general_obj_out_cmd_hdr, bytes.
constexpr size_t kHeader = 16;

using Mailbox = std::span<std::byte>;
using ConstMailbox = std::span<const std::byte>;

/// Where a field is: bits from the beginning, most significant first; at most 32, in one word.
struct Field {
    uint16_t bit = 0;
    uint8_t width = 0;
};
/// The same with its names in mlx5_ifc.h, by which utilities/check-prm compares it with Linux's.
struct NamedField {
    const char* layout = nullptr;
    const char* name = nullptr;
    Field field;
    constexpr operator Field() const { return field; }  // NOLINT: one stands for the other
};
/// 0 when the mailbox is too short for it.
uint32_t get(ConstMailbox mailbox, Field field);
void set(Mailbox mailbox, Field field, uint32_t value);

constexpr NamedField kOpcode{"general_obj_in_cmd_hdr", "opcode", {0x0, 16}};
constexpr NamedField kUid{"general_obj_in_cmd_hdr", "uid", {0x10, 16}};
constexpr NamedField kVhcaTunnelId{"general_obj_in_cmd_hdr", "vhca_tunnel_id", {0x20, 16}};
/// Of general objects; op_mod of others.
constexpr NamedField kObjectType{"general_obj_in_cmd_hdr", "obj_type", {0x30, 16}};

inline uint16_t opcode(ConstMailbox in) {
    return static_cast<uint16_t>(get(in, kOpcode));
}

/// devx_is_general_cmd(): allowed without an object.
bool is_general(ConstMailbox in);
/// devx_is_whitelist_cmd(): allowed also in a context that was opened without DEVX.
bool is_for_all(ConstMailbox in);
/// devx_is_obj_create_cmd(), devx_is_obj_modify_cmd(), devx_is_obj_query_cmd()
bool creates(ConstMailbox in);
bool modifies(ConstMailbox in);
bool queries(ConstMailbox in);

/// get_enc_obj_id(): ids of objects are unique only with the command that made them.
using ObjectId = uint64_t;
/// Id of the object that a modify or query command is about; 0: the command has none.
ObjectId object_of(ConstMailbox in);
/// Id of the object that a create command has made.
ObjectId created_by(ConstMailbox in, ConstMailbox out);
/// The id as the firmware has it.
inline uint32_t plain_id(ObjectId id) {
    return static_cast<uint32_t>(id);
}
inline uint16_t creator(ObjectId id) {
    return static_cast<uint16_t>(id >> 32);
}

/// devx_obj_build_destroy_cmd(): the command that undoes a create command.
std::vector<std::byte> destroy_command(ConstMailbox in, ConstMailbox out);

/// devx_set_umem_valid(): the kernel says that memory in a command is by umem, whatever the program
/// says.
void mark_umems(Mailbox in);

/// How many counters ALLOC_FLOW_COUNTER has asked for in one object; 0: one.
uint32_t counters_in_bulk(ConstMailbox in);

/// cmd_status_to_err() of mlx5_core: what a command that the kernel sends itself fails with.
int errno_of_status(ConstMailbox out);

constexpr uint16_t kCreateMkey = 0x200;
constexpr uint16_t kCreateCq = 0x400;
constexpr uint16_t kCreateQp = 0x500;
constexpr uint16_t kRtr2RtsQp = 0x504;
constexpr uint16_t k2ErrQp = 0x507;
constexpr uint16_t k2RstQp = 0x50a;
constexpr uint16_t kCreateTir = 0x900;
constexpr uint16_t kCreateFlowTable = 0x930;
constexpr uint16_t kAllocFlowCounter = 0x939;
constexpr uint16_t kQueryFlowCounter = 0x93b;
constexpr uint16_t kCreateGeneralObject = 0xa00;

}  // namespace esw::sim::uverbs::devx
