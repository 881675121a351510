// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "tests/unit/sim/firmware_fixture.h"

namespace esw::sim {
namespace {

using prm::Opcode;

class FirmwareCommand : public FirmwareTest {};

struct Lengths {
    Opcode opcode;
    size_t in;
    size_t out;
};

#define ESW_LENGTHS(opcode, in, out) \
    { Opcode::opcode, DEVX_ST_SZ_BYTES(in), DEVX_ST_SZ_BYTES(out) }

const Lengths kCommands[] = {
    ESW_LENGTHS(kQueryHcaCap, query_hca_cap_in, query_hca_cap_out),
    ESW_LENGTHS(kQueryAdapter, mbox_in, query_adapter_out),
    ESW_LENGTHS(kQueryIssi, mbox_in, query_issi_out),
    ESW_LENGTHS(kCreateQp, create_qp_in, create_qp_out),
    ESW_LENGTHS(kDestroyQp, destroy_qp_in, mbox_out),
    ESW_LENGTHS(kRst2InitQp, rst2init_qp_in, mbox_out),
    ESW_LENGTHS(kInit2InitQp, init2init_qp_in, mbox_out),
    ESW_LENGTHS(kInit2RtrQp, init2rtr_qp_in, mbox_out),
    ESW_LENGTHS(kRtr2RtsQp, rtr2rts_qp_in, mbox_out),
    ESW_LENGTHS(kRts2RtsQp, rts2rts_qp_in, mbox_out),
    ESW_LENGTHS(kQpToErr, qp_2err_in, mbox_out),
    ESW_LENGTHS(kQpToReset, qp_2rst_in, mbox_out),
    ESW_LENGTHS(kQueryQp, query_qp_in, query_qp_out),
    ESW_LENGTHS(kQueryEswFunctions, query_esw_functions_in, query_esw_functions_out),
    ESW_LENGTHS(kQueryVportState, query_vport_state_in, query_vport_state_out),
    ESW_LENGTHS(kQueryEswVportContext, query_esw_vport_context_in, query_esw_vport_context_out),
    ESW_LENGTHS(kQueryNicVportContext, query_nic_vport_context_in, query_nic_vport_context_out),
    ESW_LENGTHS(kQueryRoceAddress, query_roce_address_in, query_roce_address_out),
    ESW_LENGTHS(kQueryVnicEnv, query_vnic_env_in, query_vnic_env_out),
    ESW_LENGTHS(kQueryVportCounter, query_vport_counter_in, query_vport_counter_out),
    ESW_LENGTHS(kAllocPd, mbox_in, alloc_pd_out),
    ESW_LENGTHS(kDeallocPd, dealloc_pd_in, mbox_out),
    ESW_LENGTHS(kNop, mbox_in, mbox_out),
    ESW_LENGTHS(kAllocTransportDomain, mbox_in, alloc_transport_domain_out),
    ESW_LENGTHS(kDeallocTransportDomain, dealloc_transport_domain_in, mbox_out),
    ESW_LENGTHS(kQueryLag, query_lag_in, query_lag_out),
    ESW_LENGTHS(kCreateFlowTable, create_flow_table_in, create_flow_table_out),
    ESW_LENGTHS(kDestroyFlowTable, destroy_flow_table_in, mbox_out),
    ESW_LENGTHS(kQueryFlowTable, query_flow_table_in, query_flow_table_out),
    ESW_LENGTHS(kCreateFlowGroup, create_flow_group_in, create_flow_group_out),
    ESW_LENGTHS(kDestroyFlowGroup, destroy_flow_group_in, mbox_out),
    ESW_LENGTHS(kQueryFlowGroup, query_flow_group_in, query_flow_group_out),
    ESW_LENGTHS(kSetFlowTableEntry, set_fte_in, mbox_out),
    ESW_LENGTHS(kQueryFlowTableEntry, query_fte_in, query_fte_out),
    ESW_LENGTHS(kDeleteFlowTableEntry, delete_fte_in, mbox_out),
    ESW_LENGTHS(kAllocFlowCounter, alloc_flow_counter_in, alloc_flow_counter_out),
    ESW_LENGTHS(kDeallocFlowCounter, dealloc_flow_counter_in, mbox_out),
    {Opcode::kQueryFlowCounter, DEVX_ST_SZ_BYTES(query_flow_counter_in),
     DEVX_ST_SZ_BYTES(query_flow_counter_out) + DEVX_ST_SZ_BYTES(traffic_counter)},
    ESW_LENGTHS(kModifyFlowTable, modify_flow_table_in, mbox_out),
    ESW_LENGTHS(kAllocPacketReformatContext, alloc_packet_reformat_context_in,
                alloc_packet_reformat_context_out),
    ESW_LENGTHS(kDeallocPacketReformatContext, dealloc_packet_reformat_context_in, mbox_out),
    ESW_LENGTHS(kQueryPacketReformatContext, query_packet_reformat_context_in,
                query_packet_reformat_context_out),
    ESW_LENGTHS(kAllocModifyHeaderContext, alloc_modify_header_context_in,
                alloc_modify_header_context_out),
    ESW_LENGTHS(kDeallocModifyHeaderContext, dealloc_modify_header_context_in, mbox_out),
    ESW_LENGTHS(kCreateGeneralObject, general_obj_in_cmd_hdr, general_obj_out_cmd_hdr),
    ESW_LENGTHS(kModifyGeneralObject, general_obj_in_cmd_hdr, general_obj_out_cmd_hdr),
    ESW_LENGTHS(kQueryGeneralObject, general_obj_in_cmd_hdr, general_obj_out_cmd_hdr),
    ESW_LENGTHS(kDestroyGeneralObject, general_obj_in_cmd_hdr, general_obj_out_cmd_hdr),
    ESW_LENGTHS(kCreateUctx, create_uctx_in, create_uctx_out),
    ESW_LENGTHS(kDestroyUctx, destroy_uctx_in, mbox_out),
    ESW_LENGTHS(kSyncSteering, sync_steering_in, mbox_out)};

TEST_F(FirmwareCommand, RefusesMailboxesThatAreTooShort) {
    for (const Lengths& command : kCommands) {
        SCOPED_TRACE(static_cast<int>(command.opcode));
        Words in = inbox(command.in / 4, command.opcode);
        // The driver, since two are only for it.
        const Reply whole = run(0, in, command.out);
        EXPECT_NE(whole.status, prm::Status::kBadInputLength);
        EXPECT_NE(whole.status, prm::Status::kBadOutputLength);
        EXPECT_NE(whole.status, prm::Status::kBadOpcode);
        EXPECT_REFUSED(run(0, in, command.out - 4), kBadOutputLength, kOutputTooShort);
        in.pop_back();
        EXPECT_REFUSED(run(0, in, command.out), kBadInputLength, kInputTooShort);
    }
}

TEST_F(FirmwareCommand, RefusesOpcodesThatItDoesNotKnow) {
    Words in = inbox(4, static_cast<Opcode>(0xfff));
    EXPECT_REFUSED(run(uid_, in, 16), kBadOpcode, kUnknownOpcode);
    EXPECT_REFUSED(run(uid_, {}, 16), kBadInputLength, kInputTooShort);
}

TEST_F(FirmwareCommand, RefusesUserContextsThatAreNotThere) {
    const Words in = inbox(4, Opcode::kNop);
    EXPECT_DONE(run(uid_, in, 16));
    EXPECT_REFUSED(run(77, in, 16), kBadResource, kNoSuchObject);
    firmware_->destroy_user_context(uid_);
    EXPECT_REFUSED(run(uid_, in, 16), kBadResource, kNoSuchObject);
}

TEST_F(FirmwareCommand, LeavesUserContextsToTheDriver) {
    Words in = ESW_INBOX(create_uctx_in, Opcode::kCreateUctx);
    EXPECT_REFUSED(ESW_RUN(uid_, in, create_uctx_out), kBadOpcode, kNotPrivileged);
    in = ESW_INBOX(destroy_uctx_in, Opcode::kDestroyUctx);
    DEVX_SET(destroy_uctx_in, in.data(), uid, other_);
    EXPECT_REFUSED(ESW_RUN(uid_, in, mbox_out), kBadOpcode, kNotPrivileged);
    EXPECT_DONE(ESW_RUN(0, in, mbox_out));
    EXPECT_REFUSED(ESW_RUN(0, in, mbox_out), kBadResource, kNoSuchObject);
}

TEST_F(FirmwareCommand, RunsOutOfUserContexts) {
    start({.log_user_contexts = 2});
    const uint16_t third = firmware_->create_user_context();
    EXPECT_NE(third, 0);
    EXPECT_NE(firmware_->create_user_context(), 0);
    EXPECT_EQ(firmware_->create_user_context(), 0);
    firmware_->destroy_user_context(third);
    EXPECT_NE(firmware_->create_user_context(), 0);
}

TEST_F(FirmwareCommand, CountsCommandsByOpcode) {
    const auto before = firmware_->commands();
    run(uid_, inbox(4, Opcode::kNop), 16);
    run(uid_, inbox(4, Opcode::kNop), 16);
    run(uid_, inbox(4, static_cast<Opcode>(0xfff)), 16);
    auto expected = before;
    expected[0x80d] += 2;
    expected[0xfff] += 1;
    EXPECT_EQ(firmware_->commands(), expected);
}

TEST_F(FirmwareCommand, TellsTheOpcodeAndRefusesForOthers) {
    const Words in = inbox(4, Opcode::kNop);
    EXPECT_EQ(Firmware::opcode_of(std::as_bytes(std::span(in))), 0x80d);
    EXPECT_EQ(Firmware::opcode_of({}), 0);
    Words out(4, 0xffffffff);
    Firmware::refuse(std::as_writable_bytes(std::span(out)), prm::Status::kNoResources, 0x1234);
    EXPECT_EQ(DEVX_GET(mbox_out, out.data(), status), 0xfU);
    EXPECT_EQ(DEVX_GET(mbox_out, out.data(), syndrome), 0x1234U);
    EXPECT_EQ(out[2] | out[3], 0U);
}

TEST_F(FirmwareCommand, TakesAnyBytes) {
    start({.log_flow_tables = 4, .log_reformats = 4, .log_flow_counters = 10});
    std::mt19937 random(20261121);
    std::vector<std::byte> in;
    std::vector<std::byte> out;
    const auto fill = [&](size_t length) {
        in.resize(length);
        const unsigned density = random() % 4;
        for (std::byte& byte : in) {
            // Mostly zeros, or small numbers, come further than noise.
            byte = static_cast<std::byte>(density == 0         ? random()
                                          : density == 1       ? random() % 4
                                          : random() % 16 == 0 ? random() % 8
                                                               : 0);
        }
    };
    uint64_t done = 0;
    const auto execute = [&] {
        out.assign(random() % 2 ? random() % 600 : 5000, std::byte{0xee});
        if (firmware_->execute(random() % 2 ? uid_ : other_, in, out)) {
            done++;
        }
    };
    for (unsigned length = 0; length <= 512; length++) {
        for (const Lengths& command : kCommands) {
            fill(length);
            if (length >= 2) {
                in[0] = static_cast<std::byte>(static_cast<uint16_t>(command.opcode) >> 8);
                in[1] = static_cast<std::byte>(command.opcode);
            }
            execute();
        }
    }
    for (unsigned opcode = 0; opcode <= 0xffff; opcode++) {
        fill(random() % 513);
        if (in.size() >= 2) {
            in[0] = static_cast<std::byte>(opcode >> 8);
            in[1] = static_cast<std::byte>(opcode);
        }
        execute();
    }
    // It must have come past the first checks to be worth anything.
    EXPECT_GT(done, 1000U);
    firmware_->destroy_user_context(uid_);
    firmware_->destroy_user_context(other_);
}

}  // namespace
}  // namespace esw::sim
