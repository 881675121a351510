// SPDX-License-Identifier: Apache-2.0
#include <linux/capability.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_verbs.h>

#include <cerrno>
#include <cstring>

#include "utilities/esw-sim/uverbs/devx_object.h"
#include "utilities/esw-sim/uverbs/methods.h"

namespace esw::sim::uverbs {

namespace {

// Rules in root tables: drivers/infiniband/hw/mlx5/fs.c of Linux 6.1. Only the FDB's have packets
// here: rules in a function's own tables are refused.

constexpr uint64_t kLastTableType = MLX5_IB_UAPI_FLOW_TABLE_TYPE_RDMA_TX;

/// struct mlx5_ib_flow_matcher
class Matcher : public Object {
public:
    Matcher() : Object(MLX5_IB_OBJECT_FLOW_MATCHER) {}
    uint64_t table_type = MLX5_IB_UAPI_FLOW_TABLE_TYPE_NIC_RX;
    uint8_t flow_type = MLX5_IB_FLOW_TYPE_NORMAL;
    uint16_t priority = 0;
    uint8_t criteria = 0;
    std::vector<std::byte> mask;

protected:
    int release() override { return 0; }
};

/// struct mlx5_ib_flow_handler: a rule in the FDB's root.
class Flow : public DriverObject {
public:
    Flow(OpenFile& file, RootTable::Id rule, std::vector<Use> uses)
        : DriverObject(UVERBS_OBJECT_FLOW, file), rule_(rule), uses_(std::move(uses)) {}

protected:
    int release() override {
        file().root().remove(rule_);
        uses_.clear();
        return 0;
    }

private:
    RootTable::Id rule_;
    std::vector<Use> uses_;  ///< the matcher, the table and the counter
};

/// struct mlx5_ib_steering_anchor: a table of the kernel's from which packets go on through the
/// rest of the FDB.
class Anchor : public DriverObject {
public:
    Anchor(OpenFile& file, std::vector<std::byte> destroy)
        : DriverObject(MLX5_IB_OBJECT_STEERING_ANCHOR, file), destroy_(std::move(destroy)) {}

protected:
    int release() override { return run_destroy_command(file().firmware(), destroy_); }

private:
    std::vector<std::byte> destroy_;
};

/// mlx5_ib_matcher_ns()
int table_type(Request& request, uint64_t& type) {
    constexpr uint32_t kEgress = 1 << 3;  // IB_FLOW_ATTR_FLAGS_EGRESS
    type = MLX5_IB_UAPI_FLOW_TABLE_TYPE_NIC_RX;
    const bool by_type = request.has(MLX5_IB_ATTR_FLOW_MATCHER_FT_TYPE);
    if (by_type && request.has(MLX5_IB_ATTR_FLOW_MATCHER_FLOW_FLAGS)) {
        return EINVAL;
    }
    if (by_type) {
        return request.constant(MLX5_IB_ATTR_FLOW_MATCHER_FT_TYPE, kLastTableType, type);
    }
    uint32_t flags = 0;
    if (const int error = request.flags(MLX5_IB_ATTR_FLOW_MATCHER_FLOW_FLAGS, kEgress, flags)) {
        return error;
    }
    if (flags != 0) {
        type = MLX5_IB_UAPI_FLOW_TABLE_TYPE_NIC_TX;
    }
    return 0;
}

int create_matcher(Request& request) {
    const auto matcher = std::make_shared<Matcher>();
    const uint16_t mask_id = MLX5_IB_ATTR_FLOW_MATCHER_MATCH_MASK;
    matcher->mask.resize(sizeof(mlx5_ib_match_params));
    if (const int error = request.copy_from(mask_id, matcher->mask.data(), matcher->mask.size())) {
        return error;
    }
    const uint16_t type_id = MLX5_IB_ATTR_FLOW_MATCHER_FLOW_TYPE;
    matcher->flow_type = request.enumerator(type_id);
    if (matcher->flow_type == MLX5_IB_FLOW_TYPE_NORMAL) {
        if (const int error = request.copy_from(type_id, matcher->priority)) {
            return error;
        }
    }
    if (const int error =
            request.copy_from(MLX5_IB_ATTR_FLOW_MATCHER_MATCH_CRITERIA, matcher->criteria)) {
        return error;
    }
    if (const int error = table_type(request, matcher->table_type)) {
        return error;
    }
    if (matcher->table_type == MLX5_IB_UAPI_FLOW_TABLE_TYPE_FDB &&
        !request.file().host().switchdev()) {
        return EINVAL;
    }
    request.create(MLX5_IB_ATTR_FLOW_MATCHER_CREATE_HANDLE, matcher);
    return 0;
}

/// get_dests(), for the FDB: a flow table that a program made, or drop.
int destination(Request& request, pipeline::RootRule& rule, std::vector<Use>& uses) {
    constexpr uint32_t kDrop = MLX5_IB_ATTR_CREATE_FLOW_FLAGS_DROP;
    constexpr uint32_t kDefaultMiss = MLX5_IB_ATTR_CREATE_FLOW_FLAGS_DEFAULT_MISS;
    uint32_t flags = 0;
    if (request.flags(MLX5_IB_ATTR_CREATE_FLOW_FLAGS, kDrop | kDefaultMiss, flags) != 0) {
        return EINVAL;
    }
    const auto table = request.object_as<DevxObject>(MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX);
    if ((flags & kDefaultMiss) != 0 || (table != nullptr) == (flags == kDrop)) {
        return EINVAL;
    }
    rule.drop = flags == kDrop;
    if (table) {
        if (devx::creator(table->id()) != devx::kCreateFlowTable) {
            return EINVAL;
        }
        rule.table = devx::plain_id(table->id());
        uses.emplace_back(table);
    }
    return 0;
}

/// is_flow_counter() of MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX
int counter(Request& request, pipeline::RootRule& rule, std::vector<Use>& uses) {
    const auto& counters = request.objects(MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX);
    if (counters.empty()) {
        return 0;
    }
    uint32_t offset = 0;
    const uint16_t offset_id = MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX_OFFSET;
    if (request.has(offset_id)) {
        const auto offsets = request.data(offset_id);
        if (offsets.size() != sizeof offset) {
            return EINVAL;
        }
        std::memcpy(&offset, offsets.data(), sizeof offset);
    }
    const auto object = std::static_pointer_cast<DevxObject>(counters.front());
    if (devx::creator(object->id()) != devx::kAllocFlowCounter ||
        (offset != 0 && offset >= object->counters())) {
        return EINVAL;
    }
    rule.counter = devx::plain_id(object->id()) + offset;
    uses.emplace_back(object);
    return 0;
}

int create_flow(Request& request) {
    constexpr uint32_t kMaxTag = 1 << 24;
    if (!request.memory().capable(CAP_NET_RAW)) {
        return EPERM;
    }
    const auto matcher = request.object_as<Matcher>(MLX5_IB_ATTR_CREATE_FLOW_MATCHER);
    if (matcher->table_type != MLX5_IB_UAPI_FLOW_TABLE_TYPE_FDB) {
        return EOPNOTSUPP;
    }
    pipeline::RootRule rule;
    std::vector<Use> uses;
    if (const int error = destination(request, rule, uses)) {
        return error;
    }
    if (const int error = counter(request, rule, uses)) {
        return error;
    }
    uint32_t tag = 0;
    if (request.copy_from(MLX5_IB_ATTR_CREATE_FLOW_TAG, tag) == 0 && tag >= kMaxTag) {
        return EINVAL;
    }
    if (matcher->flow_type != MLX5_IB_FLOW_TYPE_NORMAL) {
        return EOPNOTSUPP;
    }
    rule.priority = matcher->priority;
    rule.criteria = matcher->criteria;
    rule.mask = matcher->mask;
    const auto value = request.data(MLX5_IB_ATTR_CREATE_FLOW_MATCH_VALUE);
    rule.value.assign(value.begin(), value.end());
    rule.value.resize(rule.mask.size());
    RootTable::Id id;
    if (const int error = request.file().root().add(std::move(rule), id)) {
        return error;
    }
    uses.emplace_back(matcher);
    request.create(MLX5_IB_ATTR_CREATE_FLOW_HANDLE,
                   std::make_shared<Flow>(request.file(), id, std::move(uses)));
    return 0;
}

/// steering_anchor_create_ft(). The table has no rules here: what comes to it misses, and so
/// reaches what is behind the root.
int create_anchor_table(Firmware& firmware, std::vector<std::byte>& destroy, uint32_t& id) {
    constexpr uint16_t kSharedUser = 0xffff;  // MLX5_SHARED_RESOURCE_UID
    constexpr uint8_t kFdb = 4;               // FS_FT_FDB
    constexpr devx::NamedField kTableType{"create_flow_table_in", "table_type", {0x80, 8}};
    constexpr devx::NamedField kLevel{
        "create_flow_table_in", "flow_table_context.level", {0xc8, 8}};
    constexpr devx::NamedField kLogSize{
        "create_flow_table_in", "flow_table_context.log_size", {0xd8, 8}};
    std::vector<std::byte> in(64);
    std::vector<std::byte> out(devx::kHeader);
    devx::set(in, devx::kOpcode, devx::kCreateFlowTable);
    devx::set(in, devx::kUid, kSharedUser);
    devx::set(in, kTableType, kFdb);
    devx::set(in, kLevel, 1);
    devx::set(in, kLogSize, 1);
    if (!firmware.execute(kSharedUser, in, out)) {
        return devx::errno_of_status(out);
    }
    destroy = devx::destroy_command(in, out);
    id = devx::plain_id(devx::created_by(in, out));
    return 0;
}

int create_anchor(Request& request) {
    uint64_t type = 0;
    uint16_t priority = 0;
    if (!request.memory().capable(CAP_NET_RAW)) {
        return EPERM;
    }
    if (const int error =
            request.constant(MLX5_IB_ATTR_STEERING_ANCHOR_FT_TYPE, kLastTableType, type)) {
        return error;
    }
    if (const int error = request.copy_from(MLX5_IB_ATTR_STEERING_ANCHOR_PRIORITY, priority)) {
        return error;
    }
    OpenFile& file = request.file();
    if (type != MLX5_IB_UAPI_FLOW_TABLE_TYPE_FDB || !file.host().switchdev()) {
        return EOPNOTSUPP;
    }
    if (priority > RootTable::kLastPriority) {
        return EINVAL;
    }
    std::vector<std::byte> destroy;
    uint32_t id = 0;
    if (const int error = create_anchor_table(file.firmware(), destroy, id)) {
        return error;
    }
    request.create(MLX5_IB_ATTR_STEERING_ANCHOR_CREATE_HANDLE,
                   std::make_shared<Anchor>(file, std::move(destroy)));
    return request.copy_to(MLX5_IB_ATTR_STEERING_ANCHOR_FT_ID, id);
}

/// Actions of root rules are the firmware's to carry out, and are not simulated: the answer is that
/// of a device whose capabilities are without them.
int create_action(Request&) {
    return EOPNOTSUPP;
}

Method create_flow_method() {
    using namespace attribute;
    constexpr uint16_t kMaxActions = 2;
    return {UVERBS_OBJECT_FLOW,
            MLX5_IB_METHOD_CREATE_FLOW,
            {object(MLX5_IB_ATTR_CREATE_FLOW_HANDLE, UVERBS_OBJECT_FLOW, Access::kNew),
             in(MLX5_IB_ATTR_CREATE_FLOW_MATCH_VALUE, 1, sizeof(mlx5_ib_match_params)).copy(),
             object(MLX5_IB_ATTR_CREATE_FLOW_MATCHER, MLX5_IB_OBJECT_FLOW_MATCHER, Access::kRead),
             object(MLX5_IB_ATTR_CREATE_FLOW_DEST_QP, UVERBS_OBJECT_QP, Access::kRead).optional(),
             object(MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX, MLX5_IB_OBJECT_DEVX_OBJ, Access::kRead)
                 .optional(),
             objects(MLX5_IB_ATTR_CREATE_FLOW_ARR_FLOW_ACTIONS, UVERBS_OBJECT_FLOW_ACTION, 1,
                     kMaxActions)
                 .optional(),
             in(MLX5_IB_ATTR_CREATE_FLOW_TAG, 4).optional(),
             objects(MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX, MLX5_IB_OBJECT_DEVX_OBJ, 1, 1)
                 .optional(),
             in_at_least(MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX_OFFSET, 4).copy().optional(),
             flags(MLX5_IB_ATTR_CREATE_FLOW_FLAGS)},
            create_flow,
            true};
}

}  // namespace

std::vector<Method> flow_methods() {
    using namespace attribute;
    return {
        create_flow_method(),
        destroy_method(UVERBS_OBJECT_FLOW, UVERBS_METHOD_FLOW_DESTROY,
                       UVERBS_ATTR_DESTROY_FLOW_HANDLE, false),
        destroy_method(UVERBS_OBJECT_FLOW, MLX5_IB_METHOD_DESTROY_FLOW,
                       MLX5_IB_ATTR_DESTROY_FLOW_HANDLE, true),
        {MLX5_IB_OBJECT_FLOW_MATCHER,
         MLX5_IB_METHOD_FLOW_MATCHER_CREATE,
         {object(MLX5_IB_ATTR_FLOW_MATCHER_CREATE_HANDLE, MLX5_IB_OBJECT_FLOW_MATCHER,
                 Access::kNew),
          in(MLX5_IB_ATTR_FLOW_MATCHER_MATCH_MASK, 1, sizeof(mlx5_ib_match_params)),
          enumerated(MLX5_IB_ATTR_FLOW_MATCHER_FLOW_TYPE, {sizeof(uint16_t), 0, 0, 0}),
          in(MLX5_IB_ATTR_FLOW_MATCHER_MATCH_CRITERIA, 1),
          flags(MLX5_IB_ATTR_FLOW_MATCHER_FLOW_FLAGS),
          constant(MLX5_IB_ATTR_FLOW_MATCHER_FT_TYPE).optional()},
         create_matcher,
         true},
        destroy_method(MLX5_IB_OBJECT_FLOW_MATCHER, MLX5_IB_METHOD_FLOW_MATCHER_DESTROY,
                       MLX5_IB_ATTR_FLOW_MATCHER_DESTROY_HANDLE, true),
        {MLX5_IB_OBJECT_STEERING_ANCHOR,
         MLX5_IB_METHOD_STEERING_ANCHOR_CREATE,
         {object(MLX5_IB_ATTR_STEERING_ANCHOR_CREATE_HANDLE, MLX5_IB_OBJECT_STEERING_ANCHOR,
                 Access::kNew),
          constant(MLX5_IB_ATTR_STEERING_ANCHOR_FT_TYPE),
          in(MLX5_IB_ATTR_STEERING_ANCHOR_PRIORITY, 2),
          // The kernel declares it as input, and writes to the address all the same.
          in(MLX5_IB_ATTR_STEERING_ANCHOR_FT_ID, 4)},
         create_anchor,
         true},
        destroy_method(MLX5_IB_OBJECT_STEERING_ANCHOR, MLX5_IB_METHOD_STEERING_ANCHOR_DESTROY,
                       MLX5_IB_ATTR_STEERING_ANCHOR_DESTROY_HANDLE, true),
        {UVERBS_OBJECT_FLOW_ACTION,
         MLX5_IB_METHOD_FLOW_ACTION_CREATE_MODIFY_HEADER,
         {object(MLX5_IB_ATTR_CREATE_MODIFY_HEADER_HANDLE, UVERBS_OBJECT_FLOW_ACTION, Access::kNew),
          in_at_least(MLX5_IB_ATTR_CREATE_MODIFY_HEADER_ACTIONS_PRM, 8).copy(),
          constant(MLX5_IB_ATTR_CREATE_MODIFY_HEADER_FT_TYPE)},
         create_action,
         true},
        {UVERBS_OBJECT_FLOW_ACTION,
         MLX5_IB_METHOD_FLOW_ACTION_CREATE_PACKET_REFORMAT,
         {object(MLX5_IB_ATTR_CREATE_PACKET_REFORMAT_HANDLE, UVERBS_OBJECT_FLOW_ACTION,
                 Access::kNew),
          in_at_least(MLX5_IB_ATTR_CREATE_PACKET_REFORMAT_DATA_BUF, 1).copy().optional(),
          constant(MLX5_IB_ATTR_CREATE_PACKET_REFORMAT_TYPE),
          constant(MLX5_IB_ATTR_CREATE_PACKET_REFORMAT_FT_TYPE)},
         create_action,
         true},
    };
}

}  // namespace esw::sim::uverbs
