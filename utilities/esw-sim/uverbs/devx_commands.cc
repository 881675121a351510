// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/uverbs/devx_commands.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace esw::sim::uverbs::devx {

namespace {

// Opcodes and places of fields: Linux 6.1, include/linux/mlx5/mlx5_ifc.h. Which is which:
// drivers/infiniband/hw/mlx5/devx.c.

/// A command that makes an object, and the one that undoes it.
struct Creator {
    uint16_t opcode;
    NamedField id;
    bool id_in_inbox;  ///< what the program asked for, instead of what the firmware answers
    uint16_t destroyer;
    NamedField destroyed_id;
    size_t destroy_length;
};
constexpr Creator kCreators[] = {
    {0xa00,
     {"general_obj_out_cmd_hdr", "obj_id", {0x40, 32}},
     false,
     0xa03,
     {"general_obj_in_cmd_hdr", "obj_id", {0x40, 32}},
     kHeader},
    {0x200,
     {"create_mkey_out", "mkey_index", {0x48, 24}},
     false,
     0x202,
     {"destroy_mkey_in", "mkey_index", {0x48, 24}},
     kHeader},
    {0x400,
     {"create_cq_out", "cqn", {0x48, 24}},
     false,
     0x401,
     {"destroy_cq_in", "cqn", {0x48, 24}},
     kHeader},
    {0x800,
     {"alloc_pd_out", "pd", {0x48, 24}},
     false,
     0x801,
     {"dealloc_pd_in", "pd", {0x48, 24}},
     kHeader},
    {0x816,
     {"alloc_transport_domain_out", "transport_domain", {0x48, 24}},
     false,
     0x817,
     {"dealloc_transport_domain_in", "transport_domain", {0x48, 24}},
     kHeader},
    {0x90c,
     {"create_rmp_out", "rmpn", {0x48, 24}},
     false,
     0x90e,
     {"destroy_rmp_in", "rmpn", {0x48, 24}},
     kHeader},
    {0x904,
     {"create_sq_out", "sqn", {0x48, 24}},
     false,
     0x906,
     {"destroy_sq_in", "sqn", {0x48, 24}},
     kHeader},
    {0x908,
     {"create_rq_out", "rqn", {0x48, 24}},
     false,
     0x90a,
     {"destroy_rq_in", "rqn", {0x48, 24}},
     kHeader},
    {0x916,
     {"create_rqt_out", "rqtn", {0x48, 24}},
     false,
     0x918,
     {"destroy_rqt_in", "rqtn", {0x48, 24}},
     kHeader},
    {0x900,
     {"create_tir_out", "tirn", {0x48, 24}},
     false,
     0x902,
     {"destroy_tir_in", "tirn", {0x48, 24}},
     kHeader},
    {0x912,
     {"create_tis_out", "tisn", {0x48, 24}},
     false,
     0x914,
     {"destroy_tis_in", "tisn", {0x48, 24}},
     kHeader},
    {0x771,
     {"alloc_q_counter_out", "counter_set_id", {0x58, 8}},
     false,
     0x772,
     {"dealloc_q_counter_in", "counter_set_id", {0x58, 8}},
     kHeader},
    {0x930,
     {"create_flow_table_out", "table_id", {0x48, 24}},
     false,
     0x931,
     {"destroy_flow_table_in", "table_id", {0xa8, 24}},
     64},
    {0x933,
     {"create_flow_group_out", "group_id", {0x48, 24}},
     false,
     0x934,
     {"destroy_flow_group_in", "group_id", {0xc0, 32}},
     64},
    {0x939,
     {"alloc_flow_counter_out", "flow_counter_id", {0x40, 32}},
     false,
     0x93a,
     {"dealloc_flow_counter_in", "flow_counter_id", {0x40, 32}},
     kHeader},
    {0x93d,
     {"alloc_packet_reformat_context_out", "packet_reformat_id", {0x40, 32}},
     false,
     0x93e,
     {"dealloc_packet_reformat_context_in", "packet_reformat_id", {0x40, 32}},
     kHeader},
    {0x940,
     {"alloc_modify_header_context_out", "modify_header_id", {0x40, 32}},
     false,
     0x941,
     {"dealloc_modify_header_context_in", "modify_header_id", {0x40, 32}},
     kHeader},
    {0x782,
     {"create_scheduling_element_out", "scheduling_element_id", {0x80, 32}},
     false,
     0x783,
     {"destroy_scheduling_element_in", "scheduling_element_id", {0x60, 32}},
     64},
    {0x827,
     {"add_vxlan_udp_dport_in", "vxlan_udp_port", {0x70, 16}},
     true,
     0x828,
     {"delete_vxlan_udp_dport_in", "vxlan_udp_port", {0x70, 16}},
     kHeader},
    {0x829,
     {"set_l2_table_entry_in", "table_index", {0xa8, 24}},
     true,
     0x82b,
     {"delete_l2_table_entry_in", "table_index", {0xa8, 24}},
     64},
    {0x500,
     {"create_qp_out", "qpn", {0x48, 24}},
     false,
     0x501,
     {"destroy_qp_in", "qpn", {0x48, 24}},
     kHeader},
    {0x700,
     {"create_srq_out", "srqn", {0x48, 24}},
     false,
     0x701,
     {"destroy_srq_in", "srqn", {0x48, 24}},
     kHeader},
    {0x705,
     {"create_xrc_srq_out", "xrc_srqn", {0x48, 24}},
     false,
     0x706,
     {"destroy_xrc_srq_in", "xrc_srqn", {0x48, 24}},
     kHeader},
    {0x710,
     {"create_dct_out", "dctn", {0x48, 24}},
     false,
     0x711,
     {"destroy_dct_in", "dctn", {0x48, 24}},
     kHeader},
    {0x717,
     {"create_xrq_out", "xrqn", {0x48, 24}},
     false,
     0x718,
     {"destroy_xrq_in", "xrqn", {0x48, 24}},
     kHeader},
    {0x806,
     {"attach_to_mcg_in", "qpn", {0x48, 24}},
     true,
     0x807,
     {"detach_from_mcg_in", "qpn", {0x48, 24}},
     32},
    {0x80e,
     {"alloc_xrcd_out", "xrcd", {0x48, 24}},
     false,
     0x80f,
     {"dealloc_xrcd_in", "xrcd", {0x48, 24}},
     kHeader},
    {0x936,
     {"set_fte_in", "flow_index", {0x100, 32}},
     true,
     0x938,
     {"delete_fte_in", "flow_index", {0x100, 32}},
     64},
    {0x600,
     {"create_psv_out", "psv0_index", {0x88, 24}},
     false,
     0x601,
     {"destroy_psv_in", "psvn", {0x48, 24}},
     kHeader},
};

/// Fields that the destroy command has from the create command, at the same place.
struct Carried {
    uint16_t opcode;
    NamedField field;
};
constexpr Carried kCarried[] = {
    {0xa00, {"general_obj_in_cmd_hdr", "obj_type", {0x30, 16}}},
    {0x930, {"create_flow_table_in", "other_vport", {0x40, 1}}},
    {0x930, {"create_flow_table_in", "vport_number", {0x50, 16}}},
    {0x930, {"create_flow_table_in", "table_type", {0x80, 8}}},
    {0x933, {"create_flow_group_in", "other_vport", {0x40, 1}}},
    {0x933, {"create_flow_group_in", "vport_number", {0x50, 16}}},
    {0x933, {"create_flow_group_in", "table_type", {0x80, 8}}},
    {0x933, {"create_flow_group_in", "table_id", {0xa8, 24}}},
    {0x936, {"set_fte_in", "other_vport", {0x40, 1}}},
    {0x936, {"set_fte_in", "vport_number", {0x50, 16}}},
    {0x936, {"set_fte_in", "table_type", {0x80, 8}}},
    {0x936, {"set_fte_in", "table_id", {0xa8, 24}}},
    {0x782, {"create_scheduling_element_in", "scheduling_hierarchy", {0x40, 8}}},
};

/// A command about an object that is there.
enum class Role { kModify, kQuery };
struct User {
    uint16_t opcode;
    Role role;
    uint16_t creator;
    NamedField id;
};
constexpr User kUsers[] = {
    {0xa01, Role::kModify, 0xa00, {"general_obj_in_cmd_hdr", "obj_id", {0x40, 32}}},
    {0xa02, Role::kQuery, 0xa00, {"general_obj_in_cmd_hdr", "obj_id", {0x40, 32}}},
    {0x201, Role::kQuery, 0x200, {"query_mkey_in", "mkey_index", {0x48, 24}}},
    {0x402, Role::kQuery, 0x400, {"query_cq_in", "cqn", {0x48, 24}}},
    {0x403, Role::kModify, 0x400, {"modify_cq_in", "cqn", {0x48, 24}}},
    {0x907, Role::kQuery, 0x904, {"query_sq_in", "sqn", {0x48, 24}}},
    {0x905, Role::kModify, 0x904, {"modify_sq_in", "sqn", {0x48, 24}}},
    {0x90b, Role::kQuery, 0x908, {"query_rq_in", "rqn", {0x48, 24}}},
    {0x909, Role::kModify, 0x908, {"modify_rq_in", "rqn", {0x48, 24}}},
    {0x90f, Role::kQuery, 0x90c, {"query_rmp_in", "rmpn", {0x48, 24}}},
    {0x90d, Role::kModify, 0x90c, {"modify_rmp_in", "rmpn", {0x48, 24}}},
    {0x919, Role::kQuery, 0x916, {"query_rqt_in", "rqtn", {0x48, 24}}},
    {0x917, Role::kModify, 0x916, {"modify_rqt_in", "rqtn", {0x48, 24}}},
    {0x903, Role::kQuery, 0x900, {"query_tir_in", "tirn", {0x48, 24}}},
    {0x901, Role::kModify, 0x900, {"modify_tir_in", "tirn", {0x48, 24}}},
    {0x915, Role::kQuery, 0x912, {"query_tis_in", "tisn", {0x48, 24}}},
    {0x913, Role::kModify, 0x912, {"modify_tis_in", "tisn", {0x48, 24}}},
    {0x932, Role::kQuery, 0x930, {"query_flow_table_in", "table_id", {0xa8, 24}}},
    {0x93c, Role::kModify, 0x930, {"modify_flow_table_in", "table_id", {0xa8, 24}}},
    {0x935, Role::kQuery, 0x933, {"query_flow_group_in", "group_id", {0xc0, 32}}},
    {0x937, Role::kQuery, 0x936, {"query_fte_in", "flow_index", {0x100, 32}}},
    {0x936, Role::kModify, 0x936, {"set_fte_in", "flow_index", {0x100, 32}}},
    {0x773, Role::kQuery, 0x771, {"query_q_counter_in", "counter_set_id", {0xf8, 8}}},
    {0x93b, Role::kQuery, 0x939, {"query_flow_counter_in", "flow_counter_id", {0xe0, 32}}},
    {0x942,
     Role::kQuery,
     0x940,
     {"query_modify_header_context_in", "modify_header_id", {0x40, 32}}},
    {0x784,
     Role::kQuery,
     0x782,
     {"query_scheduling_element_in", "scheduling_element_id", {0x60, 32}}},
    {0x785,
     Role::kModify,
     0x782,
     {"modify_scheduling_element_in", "scheduling_element_id", {0x60, 32}}},
    {0x827, Role::kModify, 0x827, {"add_vxlan_udp_dport_in", "vxlan_udp_port", {0x70, 16}}},
    {0x82a, Role::kQuery, 0x829, {"query_l2_table_entry_in", "table_index", {0xa8, 24}}},
    {0x829, Role::kModify, 0x829, {"set_l2_table_entry_in", "table_index", {0xa8, 24}}},
    {0x50b, Role::kQuery, 0x500, {"query_qp_in", "qpn", {0x48, 24}}},
    {0x502, Role::kModify, 0x500, {"rst2init_qp_in", "qpn", {0x48, 24}}},
    {0x50e, Role::kModify, 0x500, {"init2init_qp_in", "qpn", {0x48, 24}}},
    {0x503, Role::kModify, 0x500, {"init2rtr_qp_in", "qpn", {0x48, 24}}},
    {0x504, Role::kModify, 0x500, {"rtr2rts_qp_in", "qpn", {0x48, 24}}},
    {0x505, Role::kModify, 0x500, {"rts2rts_qp_in", "qpn", {0x48, 24}}},
    {0x506, Role::kModify, 0x500, {"sqerr2rts_qp_in", "qpn", {0x48, 24}}},
    {0x507, Role::kModify, 0x500, {"qp_2err_in", "qpn", {0x48, 24}}},
    {0x50a, Role::kModify, 0x500, {"qp_2rst_in", "qpn", {0x48, 24}}},
    {0x713, Role::kQuery, 0x710, {"query_dct_in", "dctn", {0x48, 24}}},
    {0x719, Role::kQuery, 0x717, {"query_xrq_in", "xrqn", {0x48, 24}}},
    {0x725, Role::kQuery, 0x717, {"query_xrq_in", "xrqn", {0x48, 24}}},
    {0x727, Role::kQuery, 0x717, {"query_xrq_in", "xrqn", {0x48, 24}}},
    {0x707, Role::kQuery, 0x705, {"query_xrc_srq_in", "xrc_srqn", {0x48, 24}}},
    {0x708, Role::kModify, 0x705, {"arm_xrc_srq_in", "xrc_srqn", {0x48, 24}}},
    {0x702, Role::kQuery, 0x700, {"query_srq_in", "srqn", {0x48, 24}}},
    {0x703, Role::kModify, 0x908, {"arm_rq_in", "srq_number", {0x48, 24}}},
    {0x714, Role::kModify, 0x710, {"drain_dct_in", "dctn", {0x48, 24}}},
    {0x71a, Role::kModify, 0x717, {"arm_xrq_in", "xrqn", {0x48, 24}}},
    {0x726, Role::kModify, 0x717, {"arm_xrq_in", "xrqn", {0x48, 24}}},
    {0x729, Role::kModify, 0x717, {"arm_xrq_in", "xrqn", {0x48, 24}}},
    {0x72a, Role::kModify, 0x717, {"arm_xrq_in", "xrqn", {0x48, 24}}},
    {0x93f,
     Role::kQuery,
     0x93d,
     {"query_packet_reformat_context_in", "packet_reformat_id", {0x40, 32}}},
};

/// Bits that say "this memory is named by a umem".
struct UmemBit {
    uint16_t opcode;
    NamedField field;
};
constexpr UmemBit kUmemBits[] = {
    {0x400, {"create_cq_in", "cq_umem_valid", {0x2e0, 1}}},
    {0x400, {"create_cq_in", "cq_context.dbr_umem_valid", {0x86, 1}}},
    {0x500, {"create_qp_in", "wq_umem_valid", {0x860, 1}}},
    {0x500, {"create_qp_in", "qpc.dbr_umem_valid", {0x743, 1}}},
    {0x908, {"create_rq_in", "ctx.wq.dbr_umem_valid", {0x3a0, 1}}},
    {0x908, {"create_rq_in", "ctx.wq.wq_umem_valid", {0x3a1, 1}}},
    {0x904, {"create_sq_in", "ctx.wq.dbr_umem_valid", {0x3a0, 1}}},
    {0x904, {"create_sq_in", "ctx.wq.wq_umem_valid", {0x3a1, 1}}},
    {0x403, {"modify_cq_in", "cq_umem_valid", {0x2e0, 1}}},
    {0x90c, {"create_rmp_in", "ctx.wq.dbr_umem_valid", {0x3a0, 1}}},
    {0x90c, {"create_rmp_in", "ctx.wq.wq_umem_valid", {0x3a1, 1}}},
    {0x717, {"create_xrq_in", "xrq_context.wq.dbr_umem_valid", {0x5a0, 1}}},
    {0x717, {"create_xrq_in", "xrq_context.wq.wq_umem_valid", {0x5a1, 1}}},
    {0x705, {"create_xrc_srq_in", "xrc_srq_umem_valid", {0x2e0, 1}}},
    {0x705, {"create_xrc_srq_in", "xrc_srq_context_entry.dbr_umem_valid", {0xc7, 1}}},
};
constexpr NamedField kMkeyUmemValid{"create_mkey_in", "mkey_umem_valid", {0x61, 1}};
constexpr NamedField kMkeyAccessLow{
    "create_mkey_in", "memory_key_mkey_entry.access_mode_1_0", {0x96, 2}};
constexpr NamedField kMkeyAccessHigh{
    "create_mkey_in", "memory_key_mkey_entry.access_mode_4_2", {0x83, 3}};

constexpr NamedField kBulk{"alloc_flow_counter_in", "flow_counter_bulk", {0x78, 8}};
constexpr NamedField kBulkLog{"alloc_flow_counter_in", "flow_counter_bulk_log_size", {0x73, 5}};
constexpr NamedField kPsvs{"create_psv_in", "num_psv", {0x40, 4}};

constexpr uint16_t kSetFlowTableEntry = 0x936;
constexpr uint16_t kCreatePsv = 0x600;
constexpr uint16_t kAttachToMcg = 0x806;
constexpr uint16_t kGeneralStart = 0xb00;
constexpr uint16_t kGeneralEnd = 0xd00;
constexpr uint16_t kGeneral[] = {0x100, 0x101, 0x10a, 0x740, 0x750, 0x752, 0x754, 0x760, 0x762,
                                 0x76f, 0x770, 0x80a, 0x80d, 0x822, 0x824, 0x826, 0x842};
constexpr uint16_t kForAll[] = {0x100, 0x740, 0x752, 0x762};

template <class Table>
auto* entry(const Table& table, uint16_t opcode) {
    const auto it = std::find_if(std::begin(table), std::end(table),
                                 [opcode](const auto& row) { return row.opcode == opcode; });
    return it == std::end(table) ? nullptr : &*it;
}

bool contains(std::span<const uint16_t> opcodes, uint16_t opcode) {
    return std::find(opcodes.begin(), opcodes.end(), opcode) != opcodes.end();
}

bool has_role(ConstMailbox in, Role role) {
    const User* const user = entry(kUsers, opcode(in));
    return user && user->role == role;
}

ObjectId encode(uint16_t creator, uint16_t type, uint32_t id) {
    return uint64_t{type} << 48 | uint64_t{creator} << 32 | id;
}

/// get_enc_obj_id() of general objects also tells their type.
uint16_t type_of(ConstMailbox in, uint16_t creator) {
    return creator == kCreateGeneralObject ? static_cast<uint16_t>(get(in, kObjectType)) : 0;
}

}  // namespace

uint32_t get(ConstMailbox mailbox, Field field) {
    const size_t word = field.bit / 32 * 4;
    if (word + 4 > mailbox.size()) {
        return 0;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        value = value << 8 | std::to_integer<uint32_t>(mailbox[word + i]);
    }
    value >>= 32 - field.bit % 32 - field.width;
    return field.width == 32 ? value : value & ((1U << field.width) - 1);
}

void set(Mailbox mailbox, Field field, uint32_t value) {
    const size_t word = field.bit / 32 * 4;
    if (word + 4 > mailbox.size()) {
        return;
    }
    const unsigned shift = 32 - field.bit % 32 - field.width;
    const uint32_t mask = (field.width == 32 ? ~0U : (1U << field.width) - 1) << shift;
    const uint32_t now = get(mailbox, {static_cast<uint16_t>(word * 8), 32});
    const uint32_t changed = (now & ~mask) | (value << shift & mask);
    for (size_t i = 0; i < 4; i++) {
        mailbox[word + i] = static_cast<std::byte>(changed >> (24 - 8 * i));
    }
}

bool is_general(ConstMailbox in) {
    const uint16_t op = opcode(in);
    return (op >= kGeneralStart && op < kGeneralEnd) || contains(kGeneral, op);
}

bool is_for_all(ConstMailbox in) {
    return contains(kForAll, opcode(in));
}

bool creates(ConstMailbox in) {
    const uint16_t op = opcode(in);
    if (op == kSetFlowTableEntry) {
        return get(in, kObjectType) == 0;
    }
    if (op == kCreatePsv) {
        return get(in, kPsvs) == 1;
    }
    return entry(kCreators, op) != nullptr;
}

bool modifies(ConstMailbox in) {
    if (opcode(in) == kSetFlowTableEntry) {
        return get(in, kObjectType) == 1;
    }
    return has_role(in, Role::kModify);
}

bool queries(ConstMailbox in) {
    return has_role(in, Role::kQuery);
}

ObjectId object_of(ConstMailbox in) {
    const User* const user = entry(kUsers, opcode(in));
    return user ? encode(user->creator, type_of(in, user->creator), get(in, user->id)) : 0;
}

ObjectId created_by(ConstMailbox in, ConstMailbox out) {
    const uint16_t op = opcode(in);
    const Creator* const creator = entry(kCreators, op);
    if (!creator) {
        return 0;
    }
    return encode(op, type_of(in, op), get(creator->id_in_inbox ? in : out, creator->id));
}

std::vector<std::byte> destroy_command(ConstMailbox in, ConstMailbox out) {
    const Creator* const creator = entry(kCreators, opcode(in));
    if (!creator) {
        return {};
    }
    std::vector<std::byte> command(creator->destroy_length);
    set(command, kOpcode, creator->destroyer);
    set(command, kUid, get(in, kUid));
    for (const Carried& carried : kCarried) {
        if (carried.opcode == creator->opcode) {
            set(command, carried.field, get(in, carried.field));
        }
    }
    if (creator->opcode == kAttachToMcg) {
        for (const uint16_t word : {0x80, 0xa0, 0xc0, 0xe0}) {  // attach_to_mcg_in.multicast_gid
            set(command, {word, 32}, get(in, {word, 32}));
        }
    }
    set(command, creator->destroyed_id, plain_id(created_by(in, out)));
    return command;
}

void mark_umems(Mailbox in) {
    const uint16_t op = opcode(in);
    for (const UmemBit& bit : kUmemBits) {
        if (bit.opcode == op) {
            set(in, bit.field, 1);
        }
    }
    // devx_handle_mkey_create(): keys of other keys have no memory of their own.
    constexpr uint32_t kKlms = 2;
    constexpr uint32_t kKsm = 3;
    const uint32_t mode = get(in, kMkeyAccessHigh) << 2 | get(in, kMkeyAccessLow);
    if (op == kCreateMkey && mode != kKlms && mode != kKsm) {
        set(in, kMkeyUmemValid, 1);
    }
}

uint32_t counters_in_bulk(ConstMailbox in) {
    const uint32_t log = get(in, kBulkLog);
    return log != 0 ? 1U << log : 128 * get(in, kBulk);
}

int errno_of_status(ConstMailbox out) {
    constexpr NamedField kStatus{"general_obj_out_cmd_hdr", "status", {0x0, 8}};
    switch (get(out, kStatus)) {
        case 0x0:  // MLX5_CMD_STAT_OK
            return 0;
        case 0x6:  // RES_BUSY
            return EBUSY;
        case 0x8:  // LIM_ERR
            return ENOMEM;
        case 0xf:  // NO_RES_ERR
            return EAGAIN;
        case 0x1:   // INT_ERR
        case 0x4:   // BAD_SYS_STATE_ERR
        case 0x50:  // BAD_INP_LEN_ERR
        case 0x51:  // BAD_OUTP_LEN_ERR
            return EIO;
        default:  // BAD_OP_ERR, BAD_PARAM_ERR, BAD_RES_ERR, BAD_RES_STATE_ERR ...
            return EINVAL;
    }
}

}  // namespace esw::sim::uverbs::devx
