// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <string>

#include "tests/unit/sim/firmware_flow_fixture.h"

namespace esw::sim {
namespace {

using prm::FlowTableType;
using prm::Opcode;

TEST_F(FirmwareFlow, CountsPackets) {
    const uint32_t one = counter(uid_);
    const uint32_t two = counter(uid_);
    ASSERT_NE(one, two);
    firmware_->count(one, 3, 300);
    firmware_->count(one, 1, 64);
    Reply reply = query_counters(uid_, one);
    EXPECT_EQ(traffic(reply).packets, 4U);
    EXPECT_EQ(traffic(reply).bytes, 364U);
    reply = query_counters(uid_, two);
    EXPECT_EQ(traffic(reply).packets, 0U);
    EXPECT_DONE(dealloc_counter(uid_, one));
    EXPECT_REFUSED(query_counters(uid_, one), kBadResource, kNoSuchObject);
    firmware_->count(one, 1, 1);
}

TEST_F(FirmwareFlow, CountsInBulks) {
    const uint32_t bulk = counter(uid_, 2);  // 256 counters
    EXPECT_EQ(bulk % 4, 0U);
    firmware_->count(bulk + 255, 1, 100);
    firmware_->count(bulk + 8, 2, 200);
    Reply all = query_counters(uid_, bulk, 256);
    EXPECT_EQ(traffic(all, 255).bytes, 100U);
    EXPECT_EQ(traffic(all, 8).packets, 2U);
    EXPECT_EQ(traffic(all, 9).packets, 0U);
    Reply from_the_middle = query_counters(uid_, bulk + 8, 4);
    EXPECT_EQ(traffic(from_the_middle, 0).packets, 2U);
    Reply one = query_counters(uid_, bulk + 255);
    EXPECT_EQ(traffic(one).packets, 1U);

    EXPECT_REFUSED(query_counters(uid_, bulk + 1, 4), kBadParameter, kBadValue);
    EXPECT_REFUSED(query_counters(uid_, bulk, 257), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(dealloc_counter(uid_, bulk + 1), kBadResource, kNoSuchObject);
    EXPECT_DONE(dealloc_counter(uid_, bulk));
    EXPECT_REFUSED(query_counters(uid_, bulk + 8), kBadResource, kNoSuchObject);
}

TEST_F(FirmwareFlow, ClearsCountersThatAreRead) {
    const uint32_t id = counter(uid_);
    firmware_->count(id, 3, 300);
    Reply reply = query_counters(uid_, id, 0, true);
    EXPECT_EQ(traffic(reply).packets, 3U);
    reply = query_counters(uid_, id);
    EXPECT_EQ(traffic(reply).packets, 0U);
}

TEST_F(FirmwareFlow, RefusesCountersThatCannotBe) {
    EXPECT_REFUSED(alloc_counters(uid_, 3), kBadParameter, kBadValue);
    EXPECT_REFUSED(alloc_counters(uid_, 1, 1), kBadParameter, kBadValue);
    EXPECT_REFUSED(alloc_counters(uid_, 0, 25), kBadParameter, kBadValue);
    const uint32_t id = counter(uid_, 1);
    Words in = ESW_INBOX(query_flow_counter_in, Opcode::kQueryFlowCounter);
    DEVX_SET(query_flow_counter_in, in.data(), flow_counter_id, id);
    DEVX_SET(query_flow_counter_in, in.data(), num_of_counters, 4);
    EXPECT_REFUSED(run(uid_, in, 16 + 3 * 16), kBadOutputLength, kOutputTooShort);
    EXPECT_DONE(run(uid_, in, 16 + 4 * 16));
    start({.log_counters_queried = 2});
    const uint32_t bulk = counter(uid_, 1);
    EXPECT_DONE(query_counters(uid_, bulk, 4));
    EXPECT_REFUSED(query_counters(uid_, bulk, 8), kBadParameter, kBadValue);
}

TEST_F(FirmwareFlow, RunsOutOfCounters) {
    start({.log_flow_counters = 8});
    const uint32_t bulk = counter(uid_, 1);
    const uint32_t half = counter(uid_, 0, 6);
    counter(uid_, 0, 6);
    EXPECT_REFUSED(alloc_counters(other_, 0), kLimit, kLimit);
    EXPECT_DONE(dealloc_counter(uid_, half));
    EXPECT_REFUSED(alloc_counters(other_, 1), kLimit, kLimit);
    EXPECT_DONE(alloc_counters(other_, 0, 6));
    EXPECT_DONE(dealloc_counter(uid_, bulk));
    EXPECT_DONE(alloc_counters(other_, 1));
}

TEST_F(FirmwareFlow, KeepsReformats) {
    Reply reply = alloc_reformat(uid_, prm::ReformatType::kL2ToL2Tunnel, 50, 'a');
    const uint32_t id =
        DEVX_GET(alloc_packet_reformat_context_out, reply.data(), packet_reformat_id);
    const Reformat* const kept = firmware_->reformat(id);
    ASSERT_NE(kept, nullptr);
    EXPECT_EQ(kept->type, 2);
    EXPECT_EQ(kept->data, std::vector<std::byte>(50, std::byte{'a'}));

    Words in = ESW_INBOX(query_packet_reformat_context_in, Opcode::kQueryPacketReformatContext);
    DEVX_SET(query_packet_reformat_context_in, in.data(), packet_reformat_id, id);
    constexpr size_t kBefore = DEVX_ST_SZ_BYTES(query_packet_reformat_context_out);
    EXPECT_REFUSED(run(uid_, in, kBefore + 52), kBadOutputLength, kOutputTooShort);
    Reply answer = run(uid_, in, kBefore + 56);
    void* const context = static_cast<char*>(answer.data()) + kBefore;
    EXPECT_EQ(DEVX_GET(packet_reformat_context_in, context, reformat_type), 2U);
    EXPECT_EQ(DEVX_GET(packet_reformat_context_in, context, reformat_data_size), 50U);
    EXPECT_EQ(memcmp(static_cast<char*>(context) + 6, std::string(50, 'a').data(), 50), 0);

    EXPECT_DONE(dealloc_reformat(uid_, id));
    EXPECT_EQ(firmware_->reformat(id), nullptr);
    EXPECT_REFUSED(dealloc_reformat(uid_, id), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(run(uid_, in, kBefore + 56), kBadResource, kNoSuchObject);
}

TEST_F(FirmwareFlow, RefusesReformatsThatCannotBe) {
    using prm::ReformatType;
    EXPECT_REFUSED(alloc_reformat(uid_, ReformatType::kL2ToL2Tunnel, 0), kBadParameter, kBadValue);
    EXPECT_DONE(alloc_reformat(uid_, ReformatType::kL2ToL3Tunnel, 128));
    EXPECT_REFUSED(alloc_reformat(uid_, ReformatType::kL2ToL3Tunnel, 129), kBadParameter,
                   kBadValue);
    EXPECT_DONE(alloc_reformat(uid_, ReformatType::kL3TunnelToL2, 14));
    EXPECT_DONE(alloc_reformat(uid_, ReformatType::kL3TunnelToL2, 18));
    EXPECT_REFUSED(alloc_reformat(uid_, ReformatType::kL3TunnelToL2, 15), kBadParameter, kBadValue);
    EXPECT_REFUSED(alloc_reformat(uid_, static_cast<ReformatType>(9), 50), kBadParameter,
                   kBadValue);
    // The mailbox ends before the data.
    Words in = ESW_INBOX(alloc_packet_reformat_context_in, Opcode::kAllocPacketReformatContext);
    DEVX_SET(alloc_packet_reformat_context_in, in.data(),
             packet_reformat_context.reformat_data_size, 3);
    EXPECT_REFUSED(ESW_RUN(uid_, in, alloc_packet_reformat_context_out), kBadInputLength,
                   kInputTooShort);
}

TEST_F(FirmwareFlow, RunsOutOfReformats) {
    start({.log_reformats = 1});
    const uint32_t id = reformat(uid_);
    reformat(other_);
    EXPECT_REFUSED(alloc_reformat(uid_, prm::ReformatType::kL2ToL2Tunnel, 50), kLimit, kLimit);
    EXPECT_DONE(dealloc_reformat(uid_, id));
    EXPECT_DONE(alloc_reformat(uid_, prm::ReformatType::kL2ToL2Tunnel, 50));
}

TEST_F(FirmwareFlow, KeepsHeaderRewrites) {
    const auto alloc = [&](uint32_t count, size_t room, prm::HeaderAction kind, uint32_t type) {
        constexpr size_t kBefore = DEVX_ST_SZ_BYTES(alloc_modify_header_context_in);
        Words in = inbox((kBefore + room * 8) / 4, Opcode::kAllocModifyHeaderContext);
        DEVX_SET(alloc_modify_header_context_in, in.data(), table_type, type);
        DEVX_SET(alloc_modify_header_context_in, in.data(), num_of_actions, count);
        for (size_t i = 0; i < room; i++) {
            DEVX_SET(set_action_in, reinterpret_cast<char*>(in.data()) + kBefore + i * 8,
                     action_type, static_cast<uint32_t>(kind));
        }
        return ESW_RUN(uid_, in, alloc_modify_header_context_out);
    };
    const auto dealloc = [&](uint16_t uid, uint32_t id) {
        Words in = ESW_INBOX(dealloc_modify_header_context_in, Opcode::kDeallocModifyHeaderContext);
        DEVX_SET(dealloc_modify_header_context_in, in.data(), modify_header_id, id);
        return ESW_RUN(uid, in, mbox_out);
    };
    constexpr auto kFdb = static_cast<uint32_t>(FlowTableType::kFdb);
    Reply reply = alloc(3, 3, prm::HeaderAction::kCopy, kFdb);
    EXPECT_DONE(reply);
    const uint32_t id = DEVX_GET(alloc_modify_header_context_out, reply.data(), modify_header_id);
    EXPECT_REFUSED(dealloc(other_, id), kBadResource, kNoSuchObject);
    EXPECT_DONE(dealloc(uid_, id));
    EXPECT_REFUSED(dealloc(uid_, id), kBadResource, kNoSuchObject);

    EXPECT_REFUSED(alloc(0, 0, prm::HeaderAction::kSet, kFdb), kBadParameter, kBadValue);
    EXPECT_REFUSED(alloc(33, 33, prm::HeaderAction::kSet, kFdb), kBadParameter, kBadValue);
    EXPECT_REFUSED(alloc(3, 2, prm::HeaderAction::kSet, kFdb), kBadInputLength, kInputTooShort);
    EXPECT_REFUSED(alloc(1, 1, static_cast<prm::HeaderAction>(5), kFdb), kBadParameter, kBadValue);
    EXPECT_REFUSED(alloc(1, 1, prm::HeaderAction::kSet, 9), kBadParameter, kBadValue);
    start({.log_modify_headers = 0});
    EXPECT_DONE(alloc(1, 1, prm::HeaderAction::kSet, kFdb));
    EXPECT_REFUSED(alloc(1, 1, prm::HeaderAction::kAdd, kFdb), kLimit, kLimit);
}

}  // namespace
}  // namespace esw::sim
