// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim/uverbs/fixture.h"

namespace esw::sim {

namespace {

namespace devx = uverbs::devx;
using Bytes = std::vector<std::byte>;

class UverbsFlow : public UverbsTest {
protected:
    void SetUp() override { ASSERT_EQ(open_context(), 0); }

    Ioctl create_matcher(uint16_t priority, uint64_t table = MLX5_IB_UAPI_FLOW_TABLE_TYPE_FDB) {
        const Bytes mask(512, std::byte{0xff});
        Ioctl create = ioctl(MLX5_IB_OBJECT_FLOW_MATCHER, MLX5_IB_METHOD_FLOW_MATCHER_CREATE);
        create.handle(MLX5_IB_ATTR_FLOW_MATCHER_CREATE_HANDLE, 0)
            .in(MLX5_IB_ATTR_FLOW_MATCHER_MATCH_MASK, mask.data(), mask.size())
            .in(MLX5_IB_ATTR_FLOW_MATCHER_FLOW_TYPE, priority)
            .in(MLX5_IB_ATTR_FLOW_MATCHER_MATCH_CRITERIA, uint8_t{8})
            .constant(MLX5_IB_ATTR_FLOW_MATCHER_FT_TYPE, table);
        return create;
    }
    uint32_t matcher(uint16_t priority) {
        Ioctl create = create_matcher(priority);
        EXPECT_EQ(call(create), 0);
        return create.handle_of(MLX5_IB_ATTR_FLOW_MATCHER_CREATE_HANDLE);
    }
    std::pair<uint32_t, uint32_t> object(const Bytes& in, devx::Field id) {
        Ioctl create = ioctl(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_CREATE);
        create.handle(MLX5_IB_ATTR_DEVX_OBJ_CREATE_HANDLE, 0)
            .in(MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_IN, in.data(), in.size())
            .out(MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT, 16);
        EXPECT_EQ(call(create), 0);
        return {create.handle_of(MLX5_IB_ATTR_DEVX_OBJ_CREATE_HANDLE),
                devx::get(create.out_bytes(MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT, 16), id)};
    }
    /// A flow table of the FDB, level 1.
    std::pair<uint32_t, uint32_t> table() {
        Bytes in(64);
        devx::set(in, devx::kOpcode, devx::kCreateFlowTable);
        devx::set(in, {0x80, 8}, 4);
        devx::set(in, {0xc8, 8}, 1);
        return object(in, {0x48, 24});
    }
    std::pair<uint32_t, uint32_t> counter() {
        Bytes in(16);
        devx::set(in, devx::kOpcode, devx::kAllocFlowCounter);
        return object(in, {0x40, 32});
    }
    Ioctl create_flow(uint32_t matcher, uint8_t value) {
        const Bytes match(512, std::byte{value});
        Ioctl create = ioctl(UVERBS_OBJECT_FLOW, MLX5_IB_METHOD_CREATE_FLOW);
        create.handle(MLX5_IB_ATTR_CREATE_FLOW_HANDLE, 0)
            .in(MLX5_IB_ATTR_CREATE_FLOW_MATCH_VALUE, match.data(), match.size())
            .handle(MLX5_IB_ATTR_CREATE_FLOW_MATCHER, matcher);
        return create;
    }
    int drop_flow(uint32_t matcher, uint8_t value, uint32_t* handle = nullptr) {
        Ioctl create = create_flow(matcher, value);
        create.constant(MLX5_IB_ATTR_CREATE_FLOW_FLAGS, MLX5_IB_ATTR_CREATE_FLOW_FLAGS_DROP);
        const int error = call(create);
        if (handle) {
            *handle = create.handle_of(MLX5_IB_ATTR_CREATE_FLOW_HANDLE);
        }
        return error;
    }
    int destroy_matcher(uint32_t handle) {
        return destroy(MLX5_IB_OBJECT_FLOW_MATCHER, MLX5_IB_METHOD_FLOW_MATCHER_DESTROY,
                       MLX5_IB_ATTR_FLOW_MATCHER_DESTROY_HANDLE, handle);
    }
    int destroy_flow(uint32_t handle) {
        return destroy(UVERBS_OBJECT_FLOW, UVERBS_METHOD_FLOW_DESTROY,
                       UVERBS_ATTR_DESTROY_FLOW_HANDLE, handle);
    }
    std::vector<uint32_t> tables_in_order() const {
        std::vector<uint32_t> tables;
        for (const auto& [id, rule] : device_->root().rules()) {
            tables.push_back(rule.drop ? 0 : rule.table);
        }
        return tables;
    }
};

TEST_F(UverbsFlow, RulesInOrderOfPriorityThenOfAge) {
    const auto [first, first_id] = table();
    const auto [second, second_id] = table();
    const auto add = [&](uint16_t priority, uint8_t value, uint32_t table) {
        Ioctl create = create_flow(matcher(priority), value);
        create.handle(MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX, table);
        EXPECT_EQ(call(create), 0);
        return create.handle_of(MLX5_IB_ATTR_CREATE_FLOW_HANDLE);
    };
    add(8, 1, first);
    const uint32_t middle = add(8, 2, second);
    add(2, 1, second);
    EXPECT_EQ(tables_in_order(), std::vector<uint32_t>({second_id, first_id, second_id}));
    const pipeline::RootRule& rule = device_->root().rules().begin()->second;
    EXPECT_EQ(rule.priority, 2);
    EXPECT_EQ(rule.criteria, 8);
    EXPECT_EQ(rule.mask.size(), sizeof(mlx5_ib_match_params));
    EXPECT_EQ(rule.mask[511], std::byte{0xff});
    EXPECT_EQ(rule.mask[512], std::byte{0});
    EXPECT_EQ(rule.value[0], std::byte{1});
    EXPECT_EQ(rule.value.size(), rule.mask.size());
    EXPECT_EQ(destroy_flow(middle), 0);
    EXPECT_EQ(tables_in_order(), std::vector<uint32_t>({second_id, first_id}));
}

TEST_F(UverbsFlow, RulesHoldWhatTheyUse) {
    const auto [handle, id] = table();
    const uint32_t match = matcher(0);
    Ioctl create = create_flow(match, 1);
    create.handle(MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX, handle);
    ASSERT_EQ(call(create), 0);
    EXPECT_EQ(destroy_matcher(match), EBUSY);
    EXPECT_EQ(destroy(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_DESTROY,
                      MLX5_IB_ATTR_DEVX_OBJ_DESTROY_HANDLE, handle),
              EBUSY);
    EXPECT_EQ(destroy_flow(create.handle_of(MLX5_IB_ATTR_CREATE_FLOW_HANDLE)), 0);
    EXPECT_EQ(destroy_matcher(match), 0);
}

TEST_F(UverbsFlow, RulesNeedTheirCapability) {
    const uint32_t match = matcher(0);
    memory_.capabilities = {CAP_SYS_RAWIO};
    EXPECT_EQ(drop_flow(match, 1), EPERM);
    memory_.capabilities = {CAP_NET_RAW};
    EXPECT_EQ(drop_flow(match, 1), 0);
}

TEST_F(UverbsFlow, DestinationsThatTheRootOfTheFdbDoesNotTake) {
    const uint32_t match = matcher(0);
    Ioctl none = create_flow(match, 1);
    EXPECT_EQ(call(none), EINVAL);
    Ioctl miss = create_flow(match, 1);
    miss.constant(MLX5_IB_ATTR_CREATE_FLOW_FLAGS, MLX5_IB_ATTR_CREATE_FLOW_FLAGS_DEFAULT_MISS);
    EXPECT_EQ(call(miss), EINVAL);
    Ioctl both = create_flow(match, 1);
    both.constant(MLX5_IB_ATTR_CREATE_FLOW_FLAGS, MLX5_IB_ATTR_CREATE_FLOW_FLAGS_DEFAULT_MISS |
                                                      MLX5_IB_ATTR_CREATE_FLOW_FLAGS_DROP);
    EXPECT_EQ(call(both), EINVAL);
    Ioctl not_a_table = create_flow(match, 1);
    not_a_table.handle(MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX, counter().first);
    EXPECT_EQ(call(not_a_table), EINVAL);
    EXPECT_EQ(device_->root().size(), 0u);
}

TEST_F(UverbsFlow, PrioritiesEndAtFifteen) {
    EXPECT_EQ(drop_flow(matcher(15), 1), 0);
    EXPECT_EQ(drop_flow(matcher(16), 1), ENOMEM);
}

TEST_F(UverbsFlow, TheSameMatchCannotDropAndForward) {
    const uint32_t match = matcher(3);
    uint32_t flow = 0;
    ASSERT_EQ(drop_flow(match, 1, &flow), 0);
    EXPECT_EQ(drop_flow(match, 1), 0);
    Ioctl forward = create_flow(match, 1);
    forward.handle(MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX, table().first);
    EXPECT_EQ(call(forward), EEXIST);
    Ioctl elsewhere = create_flow(matcher(4), 1);
    elsewhere.handle(MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX, table().first);
    EXPECT_EQ(call(elsewhere), 0);
}

TEST_F(UverbsFlow, CountersOfRules) {
    const auto [handle, id] = counter();
    const uint32_t match = matcher(0);
    Ioctl create = create_flow(match, 1);
    create.constant(MLX5_IB_ATTR_CREATE_FLOW_FLAGS, MLX5_IB_ATTR_CREATE_FLOW_FLAGS_DROP)
        .in(MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX, handle);
    ASSERT_EQ(call(create), 0);
    EXPECT_EQ(device_->root().rules().begin()->second.counter, id);
    Ioctl beyond = create_flow(match, 2);
    beyond.constant(MLX5_IB_ATTR_CREATE_FLOW_FLAGS, MLX5_IB_ATTR_CREATE_FLOW_FLAGS_DROP)
        .in(MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX, handle)
        .in(MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX_OFFSET, uint32_t{1});
    EXPECT_EQ(call(beyond), EINVAL);
}

TEST_F(UverbsFlow, NoMatchersOfTheFdbInLegacyMode) {
    model_.switchdev_ = false;
    Ioctl fdb = create_matcher(0);
    EXPECT_EQ(call(fdb), EINVAL);
    Ioctl nic = create_matcher(0, MLX5_IB_UAPI_FLOW_TABLE_TYPE_NIC_RX);
    EXPECT_EQ(call(nic), 0);
    Ioctl unknown = create_matcher(0, 9);
    EXPECT_EQ(call(unknown), EINVAL);
}

TEST_F(UverbsFlow, OnlyTheFdbHasRules) {
    Ioctl nic = create_matcher(0, MLX5_IB_UAPI_FLOW_TABLE_TYPE_NIC_RX);
    ASSERT_EQ(call(nic), 0);
    EXPECT_EQ(drop_flow(nic.handle_of(MLX5_IB_ATTR_FLOW_MATCHER_CREATE_HANDLE), 1), EOPNOTSUPP);
}

TEST_F(UverbsFlow, RootRulesGoWithTheirProcess) {
    const auto [handle, id] = table();
    Ioctl create = create_flow(matcher(0), 1);
    create.handle(MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX, handle);
    ASSERT_EQ(call(create), 0);
    EXPECT_NE(firmware_->flow_table(id), nullptr);
    file_.reset();
    EXPECT_EQ(device_->root().size(), 0u);
    EXPECT_EQ(firmware_->flow_table(id), nullptr);
}

TEST_F(UverbsFlow, RootRulesGoWithTheDevice) {
    ASSERT_EQ(drop_flow(matcher(0), 1), 0);
    device_->disassociate();
    EXPECT_EQ(device_->root().size(), 0u);
}

TEST_F(UverbsFlow, AnchorsAreTablesOfTheKernel) {
    const auto anchor_at = [&](uint16_t priority) {
        Ioctl create = ioctl(MLX5_IB_OBJECT_STEERING_ANCHOR, MLX5_IB_METHOD_STEERING_ANCHOR_CREATE);
        create.handle(MLX5_IB_ATTR_STEERING_ANCHOR_CREATE_HANDLE, 0)
            .constant(MLX5_IB_ATTR_STEERING_ANCHOR_FT_TYPE, MLX5_IB_UAPI_FLOW_TABLE_TYPE_FDB)
            .in(MLX5_IB_ATTR_STEERING_ANCHOR_PRIORITY, priority)
            .out<uint32_t>(MLX5_IB_ATTR_STEERING_ANCHOR_FT_ID);
        return create;
    };
    Ioctl anchor = anchor_at(15);
    ASSERT_EQ(call(anchor), 0);
    const auto id = anchor.out_as<uint32_t>(MLX5_IB_ATTR_STEERING_ANCHOR_FT_ID);
    const FlowTable* const table = firmware_->flow_table(id);
    ASSERT_NE(table, nullptr);
    EXPECT_FALSE(table->software_owned);
    EXPECT_TRUE(table->destinations.empty());
    EXPECT_EQ(destroy(MLX5_IB_OBJECT_STEERING_ANCHOR, MLX5_IB_METHOD_STEERING_ANCHOR_DESTROY,
                      MLX5_IB_ATTR_STEERING_ANCHOR_DESTROY_HANDLE,
                      anchor.handle_of(MLX5_IB_ATTR_STEERING_ANCHOR_CREATE_HANDLE)),
              0);
    EXPECT_EQ(firmware_->flow_table(id), nullptr);
    Ioctl beyond = anchor_at(16);
    EXPECT_EQ(call(beyond), EINVAL);
    memory_.capabilities = {};
    Ioctl not_permitted = anchor_at(15);
    EXPECT_EQ(call(not_permitted), EPERM);
}

TEST(UverbsRootTable, APriorityHasItsLimit) {
    RootTable table;
    RootTable::Id id;
    pipeline::RootRule rule;
    rule.drop = true;
    for (uint32_t i = 0; i < RootTable::kMaxRules; i++) {
        rule.value = {static_cast<std::byte>(i), static_cast<std::byte>(i >> 8)};
        ASSERT_EQ(table.add(rule, id), 0);
    }
    EXPECT_EQ(table.add(rule, id), ENOSPC);
    rule.priority = 1;
    EXPECT_EQ(table.add(rule, id), 0);
    rule.priority = 0;
    table.remove({0, 17});
    EXPECT_EQ(table.add(rule, id), 0);
    EXPECT_EQ(table.size(), RootTable::kMaxRules + 1);
}

}  // namespace

}  // namespace esw::sim
