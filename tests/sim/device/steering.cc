// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/device/steering.h"

#include <endian.h>
#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace device {

void throw_errno(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

namespace {

using esw::prm::HeaderAction;
using esw::prm::Opcode;

constexpr unsigned kSectionBits = 512;
constexpr uint16_t kRootPriority = 8;

uint16_t opcode(Opcode code) {
    return static_cast<uint16_t>(code);
}

void set_bits(uint8_t* bytes, const Field& field, uint64_t value) {
    for (unsigned i = 0; i < field.width; i++) {
        const unsigned bit = field.offset + field.width - 1 - i;
        const auto in_byte = static_cast<uint8_t>(0x80 >> bit % 8);
        bytes[bit / 8] = static_cast<uint8_t>(value >> i & 1 ? bytes[bit / 8] | in_byte
                                                             : bytes[bit / 8] & ~in_byte);
    }
}

}  // namespace

std::vector<uint64_t> Match::Parameters::make() {
    std::vector<uint64_t> words(sizeof(mlx5dv_flow_match_parameters) / sizeof(uint64_t) +
                                kSize / sizeof(uint64_t));
    reinterpret_cast<mlx5dv_flow_match_parameters*>(words.data())->match_sz = kSize;
    return words;
}

Match& Match::set(const Field& field, uint64_t value, uint64_t mask) {
    set_bits(mask_.bytes(), field, mask & field.ones());
    set_bits(value_.bytes(), field, value & mask & field.ones());
    return *this;
}

uint8_t Match::criteria() const {
    uint8_t result = 0;
    for (unsigned byte = 0; byte < kSize; byte++) {
        if (mask_.bytes()[byte]) {
            result = static_cast<uint8_t>(result | 1 << byte * 8 / kSectionBits);
        }
    }
    return result;
}

Rewrite& Rewrite::set(uint16_t field, uint32_t value, unsigned length, unsigned offset) {
    uint64_t word = 0;
    DEVX_SET(set_action_in, &word, action_type, static_cast<uint8_t>(HeaderAction::kSet));
    DEVX_SET(set_action_in, &word, field, field);
    DEVX_SET(set_action_in, &word, offset, offset);
    DEVX_SET(set_action_in, &word, length, length);
    DEVX_SET(set_action_in, &word, data, value);
    words.push_back(word);
    return *this;
}

Rewrite& Rewrite::add(uint16_t field, uint32_t value) {
    uint64_t word = 0;
    DEVX_SET(set_action_in, &word, action_type, static_cast<uint8_t>(HeaderAction::kAdd));
    DEVX_SET(set_action_in, &word, field, field);
    DEVX_SET(set_action_in, &word, data, value);
    words.push_back(word);
    return *this;
}

Rewrite& Rewrite::copy(uint16_t to, uint16_t from, unsigned length, unsigned to_offset,
                       unsigned from_offset) {
    uint64_t word = 0;
    DEVX_SET(copy_action_in, &word, action_type, static_cast<uint8_t>(HeaderAction::kCopy));
    DEVX_SET(copy_action_in, &word, src_field, from);
    DEVX_SET(copy_action_in, &word, src_offset, from_offset);
    DEVX_SET(copy_action_in, &word, length, length);
    DEVX_SET(copy_action_in, &word, dst_field, to);
    DEVX_SET(copy_action_in, &word, dst_offset, to_offset);
    words.push_back(word);
    return *this;
}

ibv_device* find_device(ibv_device** list, const std::string& pci) {
    for (; *list; list++) {
        char target[PATH_MAX];
        const std::string link = std::string((*list)->ibdev_path) + "/device";
        const ssize_t length = ::readlink(link.c_str(), target, sizeof target);
        const std::string path(target, length > 0 ? static_cast<size_t>(length) : 0);
        if (path.substr(path.rfind('/') + 1) == pci && mlx5dv_is_supported(*list)) {
            return *list;
        }
    }
    errno = ENODEV;
    return nullptr;
}

Device open_device(const std::string& pci) {
    const std::unique_ptr<ibv_device*, EndWith<ibv_free_device_list>> list(
        check(ibv_get_device_list(nullptr), "ibv_get_device_list"));
    mlx5dv_context_attr attributes{};
    attributes.flags = MLX5DV_CONTEXT_FLAGS_DEVX;
    return Device(
        check(mlx5dv_open_device(check(find_device(list.get(), pci), pci.c_str()), &attributes),
              "mlx5dv_open_device"));
}

Steering::Steering(const std::string& pci)
    : device_(open_device(pci)),
      domain_(check(mlx5dv_dr_domain_create(device_.get(), MLX5DV_DR_DOMAIN_TYPE_FDB), "domain")),
      root_(table(0)) {
    ibv_device_attr_ex attributes{};
    if (ibv_query_device_ex(device_.get(), nullptr, &attributes) != 0) {
        throw_errno("ibv_query_device_ex");
    }
    for (uint32_t number = 1; number <= attributes.phys_port_cnt_ex; number++) {
        mlx5dv_port port{};
        if (mlx5dv_query_port(device_.get(), number, &port) == 0 &&
            port.flags & MLX5DV_QUERY_PORT_VPORT) {
            ports_[port.vport] = port;
        }
    }
    Match any = from(kWireVport);
    root_matcher_ = matcher(root_.get(), kRootPriority, any);
}

Match Steering::from(uint16_t vport) const {
    const mlx5dv_port& source = ports_.at(vport);
    Match match;
    match.set(FIELD(misc_parameters_2.metadata_reg_c_0), source.reg_c0.value, source.reg_c0.mask);
    return match;
}

mlx5dv_dr_table* Steering::take_over(uint16_t vport) {
    Source& source = sources_[vport];
    if (!source.rule) {
        Match match = from(vport);
        source.table = table(1);
        source.jump = to_table(source.table);
        source.rule = rule(root_matcher_, match, {source.jump.get()});
    }
    return source.table.get();
}

Table Steering::table(unsigned level) const {
    return Table(check(mlx5dv_dr_table_create(domain_.get(), level), "table"));
}

Matcher Steering::matcher(mlx5dv_dr_table* table, uint16_t priority, Match& match) const {
    return Matcher(check(mlx5dv_dr_matcher_create(table, priority, match.criteria(), match.mask()),
                         "matcher"));
}

Rule Steering::rule(const Matcher& matcher, Match& match, std::vector<mlx5dv_dr_action*> actions) {
    return Rule(
        check(mlx5dv_dr_rule_create(matcher.get(), match.value(), actions.size(), actions.data()),
              "rule"));
}

Action Steering::to_vport(uint16_t vport) const {
    return Action(check(mlx5dv_dr_action_create_dest_vport(domain_.get(), vport), "to vport"));
}

Action Steering::to_table(const Table& table) const {
    return Action(check(mlx5dv_dr_action_create_dest_table(table.get()), "to table"));
}

Action Steering::rewrite(Rewrite rewrite) const {
    return Action(check(
        mlx5dv_dr_action_create_modify_header(domain_.get(), 0, rewrite.words.size() * 8,
                                              reinterpret_cast<__be64*>(rewrite.words.data())),
        "rewrite"));
}

Action Steering::encapsulate(Bytes header) const {
    return Action(
        check(mlx5dv_dr_action_create_packet_reformat(
                  domain_.get(), 0, MLX5DV_FLOW_ACTION_PACKET_REFORMAT_TYPE_L2_TO_L2_TUNNEL,
                  header.size(), header.data()),
              "encapsulate"));
}

Action Steering::decapsulate() const {
    return Action(check(
        mlx5dv_dr_action_create_packet_reformat(
            domain_.get(), 0, MLX5DV_FLOW_ACTION_PACKET_REFORMAT_TYPE_L2_TUNNEL_TO_L2, 0, nullptr),
        "decapsulate"));
}

Action Steering::push_vlan(uint16_t tpid, uint16_t tci) const {
    const __be32 tag = htobe32(uint32_t{tpid} << 16 | tci);
    return Action(check(mlx5dv_dr_action_create_push_vlan(domain_.get(), tag), "push VLAN"));
}

Counters::Counters(ibv_context* context, uint8_t bulk)
    : count_(static_cast<uint16_t>(bulk ? 128 * bulk : 1)) {
    uint32_t in[DEVX_ST_SZ_DW(alloc_flow_counter_in)] = {};
    uint32_t out[DEVX_ST_SZ_DW(alloc_flow_counter_out)] = {};
    DEVX_SET(alloc_flow_counter_in, in, opcode, opcode(Opcode::kAllocFlowCounter));
    DEVX_SET(alloc_flow_counter_in, in, flow_counter_bulk, bulk);
    object_.reset(
        check(mlx5dv_devx_obj_create(context, in, sizeof in, out, sizeof out), "counters"));
    id_ = DEVX_GET(alloc_flow_counter_out, out, flow_counter_id);
}

std::vector<Counters::Value> Counters::read() const {
    uint32_t in[DEVX_ST_SZ_DW(query_flow_counter_in)] = {};
    std::vector<uint8_t> out(DEVX_ST_SZ_BYTES(query_flow_counter_out) +
                             count_ * DEVX_ST_SZ_BYTES(traffic_counter));
    DEVX_SET(query_flow_counter_in, in, opcode, opcode(Opcode::kQueryFlowCounter));
    DEVX_SET(query_flow_counter_in, in, flow_counter_id, id_);
    // One counter is asked for with 0.
    DEVX_SET(query_flow_counter_in, in, num_of_counters, count_ == 1 ? 0 : count_);
    if (const int error =
            mlx5dv_devx_obj_query(object_.get(), in, sizeof in, out.data(), out.size())) {
        errno = error;
        throw_errno("read counters");
    }
    std::vector<Value> values(count_);
    const uint8_t* at = out.data() + DEVX_ST_SZ_BYTES(query_flow_counter_out);
    for (Value& value : values) {
        value = {DEVX_GET64(traffic_counter, at, packets), DEVX_GET64(traffic_counter, at, octets)};
        at += DEVX_ST_SZ_BYTES(traffic_counter);
    }
    return values;
}

Action Counters::action(unsigned index) const {
    return Action(check(mlx5dv_dr_action_create_flow_counter(object_.get(), index), "count"));
}

}  // namespace device
