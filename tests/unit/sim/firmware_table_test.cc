// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim/firmware_flow_fixture.h"

namespace esw::sim {
namespace {

using prm::FlowDestinationType;
using prm::FlowTableType;
using prm::Opcode;

TEST_F(FirmwareTables, KeepsRootsOfSoftwaresTables) {
    const uint32_t id = table(uid_, {.level = 63, .software_owned = true});
    EXPECT_TRUE(shown(id).software_owned);
    EXPECT_EQ(shown(id).level, 63);
    EXPECT_EQ(shown(id).icm_root_rx, kSteeringIcm.start);
    EXPECT_EQ(shown(id).icm_root_tx, kSteeringIcm.start + 64);
    Reply reply = query_table(uid_, id);
    EXPECT_EQ(
        DEVX_GET64(query_flow_table_out, reply.data(), flow_table_context.sw_owner_icm_root_0),
        kSteeringIcm.start);
    EXPECT_REFUSED(query_table(uid_, id, FlowTableType::kNicReceive), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(create_group(uid_, id), kBadResource, kNoSuchObject);
    EXPECT_DONE(destroy_table(uid_, id));
    EXPECT_EQ(firmware_->flow_table(id), nullptr);
    EXPECT_REFUSED(destroy_table(uid_, id), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(query_table(uid_, id), kBadResource, kNoSuchObject);
}

TEST_F(FirmwareTables, GivesItsOwnTablesAPlace) {
    const uint32_t id = table(uid_, {});
    Reply reply = query_table(uid_, id);
    const uint64_t rx =
        DEVX_GET64(query_flow_table_out, reply.data(), flow_table_context.sw_owner_icm_root_0);
    const uint64_t tx =
        DEVX_GET64(query_flow_table_out, reply.data(), flow_table_context.sw_owner_icm_root_1);
    EXPECT_NE(rx, tx);
    for (const uint64_t address : {rx, tx}) {
        EXPECT_EQ(firmware_->place(address).kind, Place::Kind::kFirmwareTable);
        EXPECT_EQ(firmware_->place(address).table, id);
    }
    EXPECT_TRUE(shown(id).destinations.empty());
    EXPECT_DONE(destroy_table(uid_, id));
    EXPECT_EQ(firmware_->place(rx).kind, Place::Kind::kNone);
}

TEST_F(FirmwareTables, SendsToSeveralPlaces) {
    const uint32_t next = table(uid_, {.level = 2, .software_owned = true});
    const uint32_t encap = reformat(uid_);
    const uint32_t bulk = counter(uid_, 1);
    const uint32_t id = table(uid_, {.level = 63, .reformat = true});
    const uint32_t in_group = group(id);
    EXPECT_DONE(set_entry(uid_, id,
                          {.group = in_group,
                           .to = {{.id = 2},
                                  {.id = 0xffff, .reformat = encap},
                                  {.type = FlowDestinationType::kTable, .id = next},
                                  {.id = 5, .owner = 1},
                                  {.type = FlowDestinationType::kUplink}},
                           .counters = {bulk + 7}}));
    const auto& to = shown(id).destinations;
    ASSERT_EQ(to.size(), 5U);
    EXPECT_EQ(to[0].kind, FlowDestination::Kind::kVport);
    EXPECT_EQ(to[0].vport, (VportId{FakeHost::kVhca, 2}));
    EXPECT_FALSE(to[0].reformat);
    EXPECT_EQ(to[1].vport, (VportId{FakeHost::kVhca, 0xffff}));
    EXPECT_EQ(to[1].reformat, encap);
    EXPECT_EQ(to[2].kind, FlowDestination::Kind::kTable);
    EXPECT_EQ(to[2].table, next);
    EXPECT_EQ(to[3].vport, (VportId{1, 5}));
    EXPECT_EQ(to[4].vport, (VportId{FakeHost::kVhca, 0xffff}));
    EXPECT_EQ(shown(id).counters, std::vector<uint32_t>{bulk + 7});

    // All that it names stays.
    EXPECT_REFUSED(destroy_table(uid_, next), kBadResourceState, kStillReferred);
    EXPECT_REFUSED(dealloc_reformat(uid_, encap), kBadResourceState, kStillReferred);
    EXPECT_REFUSED(dealloc_counter(uid_, bulk), kBadResourceState, kStillReferred);
    EXPECT_REFUSED(destroy_table(uid_, id), kBadResourceState, kStillReferred);
    EXPECT_REFUSED(destroy_group(id, in_group), kBadResourceState, kStillReferred);

    Reply reply = query_entry(id, 0, 6 * DEVX_ST_SZ_BYTES(extended_dest_format));
    EXPECT_EQ(DEVX_GET(query_fte_out, reply.data(), flow_context.destination_list_size), 5U);
    const void* const first = static_cast<char*>(reply.data()) + DEVX_ST_SZ_BYTES(query_fte_out);
    EXPECT_EQ(DEVX_GET(dest_format_struct, first, destination_id), 2U);
    EXPECT_REFUSED(query_entry(id, 0), kBadOutputLength, kOutputTooShort);

    EXPECT_DONE(delete_entry(id));
    EXPECT_TRUE(shown(id).destinations.empty());
    EXPECT_TRUE(shown(id).counters.empty());
    EXPECT_DONE(destroy_group(id, in_group));
    EXPECT_DONE(destroy_table(uid_, id));
    EXPECT_DONE(destroy_table(uid_, next));
    EXPECT_DONE(dealloc_reformat(uid_, encap));
    EXPECT_DONE(dealloc_counter(uid_, bulk));
}

TEST_F(FirmwareTables, AppliesTheFirstEntry) {
    const uint32_t id = table(uid_, {.log_size = 3});
    const uint32_t low = group(id, 0, 3);
    const uint32_t high = group(id, 4, 7);
    EXPECT_DONE(set_entry(uid_, id, {.index = 5, .group = high, .to = {{.id = 2}}}));
    EXPECT_EQ(shown(id).destinations.at(0).vport.number, 2);
    EXPECT_DONE(set_entry(
        uid_, id, {.index = 1, .group = low, .actions = prm::kFlowActionDrop, .extended = false}));
    EXPECT_EQ(shown(id).destinations.at(0).kind, FlowDestination::Kind::kDrop);
    EXPECT_DONE(set_entry(uid_, id, {.index = 1, .group = low, .to = {{.id = 1}}, .change = true}));
    EXPECT_EQ(shown(id).destinations.at(0).vport.number, 1);
    EXPECT_DONE(delete_entry(id, 1));
    EXPECT_EQ(shown(id).destinations.at(0).vport.number, 2);

    Reply reply = query_group(id, high);
    EXPECT_EQ(DEVX_GET(query_flow_group_out, reply.data(), start_flow_index), 4U);
    EXPECT_EQ(DEVX_GET(query_flow_group_out, reply.data(), end_flow_index), 7U);
}

TEST_F(FirmwareTables, GoesToTheMissTable) {
    const uint32_t next = table(uid_, {.level = 2});
    const uint32_t id = table(uid_, {.miss = next});
    ASSERT_EQ(shown(id).destinations.size(), 1U);
    EXPECT_EQ(shown(id).destinations[0].table, next);
    EXPECT_REFUSED(destroy_table(uid_, next), kBadResourceState, kStillReferred);
    EXPECT_REFUSED(create_table(uid_, {.miss = 999}), kBadResource, kNoSuchObject);

    Words in = ESW_INBOX(modify_flow_table_in, Opcode::kModifyFlowTable);
    DEVX_SET(modify_flow_table_in, in.data(), table_type, 4);
    DEVX_SET(modify_flow_table_in, in.data(), table_id, id);
    EXPECT_REFUSED(ESW_RUN(uid_, in, mbox_out), kBadParameter, kNotSupported);
    DEVX_SET(modify_flow_table_in, in.data(), modify_field_select, 1);
    DEVX_SET(modify_flow_table_in, in.data(), flow_table_context.table_miss_action, 2);
    EXPECT_REFUSED(ESW_RUN(uid_, in, mbox_out), kBadParameter, kNotSupported);
    DEVX_SET(modify_flow_table_in, in.data(), flow_table_context.table_miss_action, 1);
    DEVX_SET(modify_flow_table_in, in.data(), flow_table_context.table_miss_id, id);
    EXPECT_REFUSED(ESW_RUN(uid_, in, mbox_out), kBadResource, kNoSuchObject);
    DEVX_SET(modify_flow_table_in, in.data(), flow_table_context.table_miss_action, 0);
    EXPECT_DONE(ESW_RUN(uid_, in, mbox_out));
    EXPECT_TRUE(shown(id).destinations.empty());
    EXPECT_DONE(destroy_table(uid_, next));
    EXPECT_REFUSED(ESW_RUN(other_, in, mbox_out), kBadResource, kNoSuchObject);
}

TEST_F(FirmwareTables, RefusesTablesThatCannotBe) {
    EXPECT_REFUSED(create_table(uid_, {.type = static_cast<FlowTableType>(9)}), kBadParameter,
                   kBadValue);
    EXPECT_REFUSED(create_table(uid_, {.level = 65}), kBadParameter, kBadValue);
    EXPECT_REFUSED(create_table(uid_, {.log_size = 25}), kBadParameter, kBadValue);
    start({.log_flow_tables = 1});
    table(uid_, {});
    table(other_, {});
    EXPECT_REFUSED(create_table(uid_, {}), kLimit, kLimit);
}

TEST_F(FirmwareTables, RefusesGroupsThatCannotBe) {
    const uint32_t id = table(uid_, {.log_size = 2});
    EXPECT_REFUSED(create_group(uid_, id, 0, 4), kBadParameter, kBadValue);
    EXPECT_REFUSED(create_group(uid_, id, 2, 1), kBadParameter, kBadValue);
    EXPECT_REFUSED(create_group(uid_, id, 0, 0, 1), kBadParameter, kNotSupported);
    const uint32_t first = group(id, 0, 1);
    EXPECT_REFUSED(create_group(uid_, id, 1, 2), kBadParameter, kBadValue);
    EXPECT_DONE(create_group(uid_, id, 2, 3));
    EXPECT_REFUSED(create_group(other_, id, 2, 3), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(query_group(id, 99), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(query_group(id + 1, first), kBadResource, kNoSuchObject);
    EXPECT_DONE(destroy_group(id, first));
    EXPECT_REFUSED(destroy_group(id, first), kBadResource, kNoSuchObject);
}

TEST_F(FirmwareTables, RefusesEntriesThatCannotBe) {
    const uint32_t encap = reformat(uid_);
    const uint32_t nic = table(uid_, {.type = FlowTableType::kNicReceive});
    const uint32_t id = table(uid_, {.log_size = 1, .reformat = true});
    const uint32_t in_group = group(id, 0, 0);
    const auto refused = [&](const EntryOptions& options, prm::Status status, Syndrome syndrome) {
        const Reply reply = set_entry(uid_, id, options);
        EXPECT_EQ(reply.status, status);
        EXPECT_EQ(reply.syndrome, syndrome);
        EXPECT_TRUE(shown(id).destinations.empty());
    };
    using prm::Status;
    const std::vector<To> somewhere = {{.id = 1}};
    refused({.index = 1, .group = in_group, .to = somewhere}, Status::kBadParameter,
            Syndrome::kBadValue);
    refused({.group = in_group + 1, .to = somewhere}, Status::kBadResource,
            Syndrome::kNoSuchObject);
    refused({.group = in_group}, Status::kBadParameter, Syndrome::kBadValue);
    refused({.group = in_group, .to = somewhere, .actions = prm::kFlowActionDrop},
            Status::kBadParameter, Syndrome::kBadValue);
    refused({.group = in_group, .to = somewhere, .actions = prm::kFlowActionCount},
            Status::kBadParameter, Syndrome::kBadValue);
    refused({.group = in_group, .to = somewhere, .actions = prm::kFlowActionDecap},
            Status::kBadParameter, Syndrome::kNotSupported);
    refused({.group = in_group, .to = std::vector<To>(33, {.id = 1})}, Status::kBadParameter,
            Syndrome::kBadValue);
    refused({.group = in_group, .to = somewhere, .missing_bytes = 4}, Status::kBadInputLength,
            Syndrome::kInputTooShort);
    refused({.group = in_group, .to = somewhere, .change = true}, Status::kBadResource,
            Syndrome::kNoSuchObject);
    refused({.group = in_group, .to = {{.id = 3}}}, Status::kBadParameter, Syndrome::kNoSuchVport);
    refused({.group = in_group, .to = {{.type = FlowDestinationType::kTir}}}, Status::kBadParameter,
            Syndrome::kNotSupported);
    for (const uint32_t table : {id, nic, 999U}) {
        refused({.group = in_group, .to = {{.type = FlowDestinationType::kTable, .id = table}}},
                Status::kBadResource, Syndrome::kNoSuchObject);
    }
    refused({.group = in_group, .to = {{.id = 1, .reformat = encap}}, .extended = false},
            Status::kBadParameter, Syndrome::kBadValue);
    refused({.group = in_group, .to = {{.id = 1, .reformat = encap + 1}}}, Status::kBadResource,
            Syndrome::kNoSuchObject);
    refused({.group = in_group, .to = somewhere, .counters = {999}}, Status::kBadResource,
            Syndrome::kNoSuchObject);

    const uint32_t plain = table(uid_, {});
    const uint32_t plain_group = group(plain);
    EXPECT_REFUSED(
        set_entry(uid_, plain, {.group = plain_group, .to = {{.id = 1, .reformat = encap}}}),
        kBadParameter, kBadValue);

    EXPECT_DONE(set_entry(uid_, id, {.group = in_group, .to = somewhere}));
    EXPECT_REFUSED(set_entry(uid_, id, {.group = in_group, .to = somewhere}), kBadResourceState,
                   kBadState);
    EXPECT_REFUSED(set_entry(other_, id, {.group = in_group, .to = somewhere}), kBadResource,
                   kNoSuchObject);
    EXPECT_REFUSED(query_entry(id, 1), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(query_entry(id + 99, 0), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(delete_entry(id, 1), kBadResource, kNoSuchObject);
    // What was refused kept nothing.
    EXPECT_DONE(dealloc_reformat(uid_, encap));
}

TEST_F(FirmwareTables, RefersOnlyToWhatIsOwnOrShared) {
    const uint32_t id = table(uid_, {.reformat = true});
    const uint32_t in_group = group(id);
    const uint32_t foreign_table = table(other_, {});
    const uint32_t foreign_counter = counter(other_);
    const uint32_t foreign_reformat = reformat(other_);
    EXPECT_REFUSED(set_entry(uid_, id,
                             {.group = in_group,
                              .to = {{.type = FlowDestinationType::kTable, .id = foreign_table}}}),
                   kBadResource, kNoSuchObject);
    EXPECT_REFUSED(
        set_entry(uid_, id, {.group = in_group, .to = {{.id = 1}}, .counters = {foreign_counter}}),
        kBadResource, kNoSuchObject);
    EXPECT_REFUSED(
        set_entry(uid_, id, {.group = in_group, .to = {{.id = 1, .reformat = foreign_reformat}}}),
        kBadResource, kNoSuchObject);
    EXPECT_REFUSED(query_counters(uid_, foreign_counter), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(dealloc_counter(uid_, foreign_counter), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(dealloc_reformat(uid_, foreign_reformat), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(query_table(uid_, foreign_table), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(destroy_table(uid_, foreign_table), kBadResource, kNoSuchObject);

    // Steering anchors of mlx5_ib are such tables.
    const uint32_t anchor = table(kSharedUid, {});
    EXPECT_DONE(set_entry(
        uid_, id,
        {.group = in_group, .to = {{.type = FlowDestinationType::kTable, .id = anchor}}}));
    EXPECT_REFUSED(destroy_table(uid_, anchor), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(destroy_table(kSharedUid, anchor), kBadResourceState, kStillReferred);
    firmware_->destroy_user_context(uid_);
    EXPECT_DONE(destroy_table(kSharedUid, anchor));
}

TEST_F(FirmwareTables, FreesAllOfAUserContext) {
    start({.log_flow_tables = 1,
           .log_reformats = 0,
           .log_modify_headers = 0,
           .log_flow_counters = 7});
    // Two tables that refer to each other, as programs with ignore_flow_level can make them.
    const uint32_t one = table(uid_, {.reformat = true});
    const uint32_t two = table(uid_, {});
    EXPECT_DONE(set_entry(uid_, one,
                          {.group = group(one),
                           .to = {{.type = FlowDestinationType::kTable, .id = two},
                                  {.id = 1, .reformat = reformat(uid_)}},
                           .counters = {counter(uid_, 1)}}));
    EXPECT_DONE(
        set_entry(uid_, two,
                  {.group = group(two), .to = {{.type = FlowDestinationType::kTable, .id = one}}}));
    EXPECT_REFUSED(create_table(other_, {}), kLimit, kLimit);
    firmware_->destroy_user_context(uid_);
    EXPECT_EQ(firmware_->flow_table(one), nullptr);
    table(other_, {});
    table(other_, {});
    reformat(other_);
    counter(other_, 1);
}

}  // namespace
}  // namespace esw::sim
