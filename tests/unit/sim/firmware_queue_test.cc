// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim/firmware_fixture.h"

namespace esw::sim {
namespace {

using prm::Opcode;
using prm::QpState;

class FirmwareQueue : public FirmwareTest {
protected:
    struct Parts {
        uint32_t pd = 0;
        uint32_t cq = 0;
        uint32_t buffer = 0;
        uint32_t doorbell = 0;
    };
    static constexpr uint64_t kBuffer = 0x7f0000010000;
    static constexpr uint64_t kDoorbell = 0x7f0000020040;

    Parts parts(uint16_t uid, uint64_t buffer_length = 0x10000, uint64_t doorbell_length = 8) {
        return {firmware_->allocate_pd(uid), firmware_->allocate_cqn(uid),
                *firmware_->register_umem(uid, {kBuffer, buffer_length}),
                *firmware_->register_umem(uid, {kDoorbell, doorbell_length})};
    }
    /// As dr_create_rc_qp() of libmlx5: 256 WQEs to send, one to receive.
    Words create_qp_in(const Parts& parts) {
        Words in = ESW_INBOX(create_qp_in, Opcode::kCreateQp);
        void* const qpc = DEVX_ADDR_OF(create_qp_in, in.data(), qpc);
        DEVX_SET(qpc, qpc, pd, parts.pd);
        DEVX_SET(qpc, qpc, cqn_snd, parts.cq);
        DEVX_SET(qpc, qpc, cqn_rcv, parts.cq);
        DEVX_SET(qpc, qpc, log_sq_size, 8);
        DEVX_SET(qpc, qpc, log_rq_stride, 2);
        DEVX_SET(qpc, qpc, log_rq_size, 0);
        DEVX_SET(qpc, qpc, dbr_umem_id, parts.doorbell);
        DEVX_SET(qpc, qpc, dbr_umem_valid, 1);
        DEVX_SET(create_qp_in, in.data(), wq_umem_id, parts.buffer);
        DEVX_SET(create_qp_in, in.data(), wq_umem_valid, 1);
        return in;
    }
    uint32_t create_qp(uint16_t uid, const Parts& parts) {
        Reply reply = ESW_RUN(uid, create_qp_in(parts), create_qp_out);
        EXPECT_DONE(reply);
        return DEVX_GET(create_qp_out, reply.data(), qpn);
    }
    Reply change(uint16_t uid, Opcode opcode, uint32_t qpn) {
        const bool empty = opcode == Opcode::kQpToErr || opcode == Opcode::kQpToReset;
        Words in = inbox(empty ? DEVX_ST_SZ_DW(qp_2err_in) : DEVX_ST_SZ_DW(rst2init_qp_in), opcode);
        DEVX_SET(rst2init_qp_in, in.data(), qpn, qpn);
        return ESW_RUN(uid, in, mbox_out);
    }
    Reply query(uint16_t uid, uint32_t qpn) {
        Words in = ESW_INBOX(query_qp_in, Opcode::kQueryQp);
        DEVX_SET(query_qp_in, in.data(), qpn, qpn);
        return ESW_RUN(uid, in, query_qp_out);
    }
    QpState state(uint32_t qpn) {
        Reply reply = query(uid_, qpn);
        return static_cast<QpState>(DEVX_GET(query_qp_out, reply.data(), qpc.state));
    }
    Reply destroy(uint16_t uid, uint32_t qpn) {
        Words in = ESW_INBOX(destroy_qp_in, Opcode::kDestroyQp);
        DEVX_SET(destroy_qp_in, in.data(), qpn, qpn);
        return ESW_RUN(uid, in, mbox_out);
    }
};

TEST_F(FirmwareQueue, TellsTheEngineOfTheSendQueue) {
    const Parts with = parts(uid_);
    const uint32_t qpn = create_qp(uid_, with);
    const auto queue = firmware_->send_queue(qpn);
    ASSERT_TRUE(queue);
    EXPECT_EQ(queue->qpn, qpn);
    EXPECT_EQ(queue->buffer, kBuffer + 64);  // behind the receive queue
    EXPECT_EQ(queue->wqe_count, 256U);
    EXPECT_EQ(queue->doorbell, kDoorbell + 4);
    EXPECT_EQ(queue->cqn, with.cq);
    EXPECT_FALSE(firmware_->send_queue(qpn + 1));
    EXPECT_DONE(destroy(uid_, qpn));
    EXPECT_FALSE(firmware_->send_queue(qpn));
    EXPECT_REFUSED(destroy(uid_, qpn), kBadResource, kNoSuchObject);
}

TEST_F(FirmwareQueue, HasNoSendQueueWhenAskedForNone) {
    Words in = create_qp_in(parts(uid_));
    DEVX_SET(create_qp_in, in.data(), qpc.no_sq, 1);
    Reply reply = ESW_RUN(uid_, in, create_qp_out);
    EXPECT_DONE(reply);
    EXPECT_FALSE(firmware_->send_queue(DEVX_GET(create_qp_out, reply.data(), qpn)));
}

TEST_F(FirmwareQueue, GoesThroughItsStates) {
    const uint32_t qpn = create_qp(uid_, parts(uid_));
    EXPECT_EQ(state(qpn), QpState::kReset);
    EXPECT_REFUSED(change(uid_, Opcode::kInit2RtrQp, qpn), kBadQpState, kBadState);
    EXPECT_DONE(change(uid_, Opcode::kRst2InitQp, qpn));
    EXPECT_EQ(state(qpn), QpState::kInit);
    EXPECT_REFUSED(change(uid_, Opcode::kRst2InitQp, qpn), kBadQpState, kBadState);
    EXPECT_DONE(change(uid_, Opcode::kInit2InitQp, qpn));
    EXPECT_REFUSED(change(uid_, Opcode::kRtr2RtsQp, qpn), kBadQpState, kBadState);
    EXPECT_DONE(change(uid_, Opcode::kInit2RtrQp, qpn));
    EXPECT_EQ(state(qpn), QpState::kRtr);
    EXPECT_REFUSED(change(uid_, Opcode::kRts2RtsQp, qpn), kBadQpState, kBadState);
    EXPECT_DONE(change(uid_, Opcode::kRtr2RtsQp, qpn));
    EXPECT_EQ(state(qpn), QpState::kRts);
    EXPECT_DONE(change(uid_, Opcode::kRts2RtsQp, qpn));
    EXPECT_DONE(change(uid_, Opcode::kQpToErr, qpn));
    EXPECT_EQ(state(qpn), QpState::kError);
    EXPECT_REFUSED(change(uid_, Opcode::kRts2RtsQp, qpn), kBadQpState, kBadState);
    EXPECT_DONE(change(uid_, Opcode::kQpToReset, qpn));
    EXPECT_EQ(state(qpn), QpState::kReset);
    EXPECT_REFUSED(change(uid_, Opcode::kQpToErr, qpn), kBadQpState, kBadState);
    EXPECT_REFUSED(change(other_, Opcode::kRst2InitQp, qpn), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(query(other_, qpn), kBadResource, kNoSuchObject);
    EXPECT_REFUSED(destroy(other_, qpn), kBadResource, kNoSuchObject);
}

TEST_F(FirmwareQueue, RefusesWhatItCannotBeMadeOf) {
    const Parts own = parts(uid_);
    const Parts foreign = parts(other_);
    for (uint32_t Parts::*part : {&Parts::pd, &Parts::cq, &Parts::buffer, &Parts::doorbell}) {
        for (const uint32_t wrong : {foreign.*part, 0U, 0xffffU}) {
            Parts with = own;
            with.*part = wrong;
            EXPECT_REFUSED(ESW_RUN(uid_, create_qp_in(with), create_qp_out), kBadResource,
                           kNoSuchObject);
        }
    }
    Words in = create_qp_in(own);
    DEVX_SET(create_qp_in, in.data(), wq_umem_valid, 0);
    EXPECT_REFUSED(ESW_RUN(uid_, in, create_qp_out), kBadParameter, kNotSupported);
    in = create_qp_in(own);
    DEVX_SET(create_qp_in, in.data(), qpc.dbr_umem_valid, 0);
    EXPECT_REFUSED(ESW_RUN(uid_, in, create_qp_out), kBadParameter, kNotSupported);
    in = create_qp_in(own);
    DEVX_SET(create_qp_in, in.data(), qpc.st, 9);
    EXPECT_REFUSED(ESW_RUN(uid_, in, create_qp_out), kBadParameter, kBadValue);
    start({.log_qp_size = 7});
    EXPECT_REFUSED(ESW_RUN(uid_, create_qp_in(parts(uid_)), create_qp_out), kBadParameter,
                   kBadValue);
}

TEST_F(FirmwareQueue, RefusesQueuesOutsideTheirMemory) {
    EXPECT_DONE(ESW_RUN(uid_, create_qp_in(parts(uid_, 64 + 256 * 64)), create_qp_out));
    EXPECT_REFUSED(ESW_RUN(uid_, create_qp_in(parts(uid_, 64 + 256 * 64 - 1)), create_qp_out),
                   kBadParameter, kOutsideUmem);
    EXPECT_REFUSED(ESW_RUN(uid_, create_qp_in(parts(uid_, 0x10000, 7)), create_qp_out),
                   kBadParameter, kOutsideUmem);
    Words in = create_qp_in(parts(uid_, 0x10000, 16));
    DEVX_SET64(create_qp_in, in.data(), qpc.dbr_addr, 8);
    Reply reply = ESW_RUN(uid_, in, create_qp_out);
    EXPECT_EQ(firmware_->send_queue(DEVX_GET(create_qp_out, reply.data(), qpn))->doorbell,
              kDoorbell + 12);
    DEVX_SET64(create_qp_in, in.data(), qpc.dbr_addr, 9);
    EXPECT_REFUSED(ESW_RUN(uid_, in, create_qp_out), kBadParameter, kOutsideUmem);
}

TEST_F(FirmwareQueue, KeepsWhatAQueuePairRefersTo) {
    const Parts with = parts(uid_);
    const uint32_t qpn = create_qp(uid_, with);
    EXPECT_FALSE(firmware_->release_pd(uid_, with.pd));
    EXPECT_FALSE(firmware_->release_cqn(uid_, with.cq));
    EXPECT_FALSE(firmware_->deregister_umem(uid_, with.buffer));
    EXPECT_FALSE(firmware_->deregister_umem(uid_, with.doorbell));
    EXPECT_DONE(destroy(uid_, qpn));
    EXPECT_FALSE(firmware_->release_pd(other_, with.pd));
    EXPECT_TRUE(firmware_->release_pd(uid_, with.pd));
    EXPECT_TRUE(firmware_->release_cqn(uid_, with.cq));
    EXPECT_TRUE(firmware_->deregister_umem(uid_, with.buffer));
    EXPECT_TRUE(firmware_->deregister_umem(uid_, with.doorbell));
    EXPECT_FALSE(firmware_->deregister_umem(uid_, with.doorbell));
    const uint32_t key = firmware_->allocate_mkey(uid_);
    EXPECT_NE(key, 0U);
    EXPECT_TRUE(firmware_->release_mkey(uid_, key));
    EXPECT_FALSE(firmware_->release_mkey(uid_, key));
}

TEST_F(FirmwareQueue, RunsOutOfEachKind) {
    start({.log_umems = 1,
           .log_pds = 0,
           .log_transport_domains = 0,
           .log_cqs = 0,
           .log_qps = 0,
           .log_mkeys = 0});
    const Parts with = parts(uid_);
    EXPECT_EQ(firmware_->allocate_pd(uid_), 0U);
    EXPECT_EQ(firmware_->allocate_cqn(uid_), 0U);
    EXPECT_EQ(firmware_->register_umem(uid_, {}).error().code, ENOMEM);
    EXPECT_NE(firmware_->allocate_mkey(uid_), 0U);
    EXPECT_EQ(firmware_->allocate_mkey(uid_), 0U);
    create_qp(uid_, with);
    EXPECT_REFUSED(ESW_RUN(uid_, create_qp_in(with), create_qp_out), kLimit, kLimit);
    const Words domain = inbox(4, Opcode::kAllocTransportDomain);
    EXPECT_DONE(ESW_RUN(uid_, domain, alloc_transport_domain_out));
    EXPECT_REFUSED(ESW_RUN(uid_, domain, alloc_transport_domain_out), kLimit, kLimit);

    // And all of it is there again when the user context ends.
    firmware_->destroy_user_context(uid_);
    create_qp(other_, parts(other_));
    EXPECT_NE(firmware_->allocate_mkey(other_), 0U);
    EXPECT_DONE(ESW_RUN(other_, domain, alloc_transport_domain_out));
}

TEST_F(FirmwareQueue, FreesTransportDomains) {
    Reply reply =
        ESW_RUN(uid_, inbox(4, Opcode::kAllocTransportDomain), alloc_transport_domain_out);
    Words in = ESW_INBOX(dealloc_transport_domain_in, Opcode::kDeallocTransportDomain);
    DEVX_SET(dealloc_transport_domain_in, in.data(), transport_domain,
             DEVX_GET(alloc_transport_domain_out, reply.data(), transport_domain));
    EXPECT_REFUSED(ESW_RUN(other_, in, mbox_out), kBadResource, kNoSuchObject);
    EXPECT_DONE(ESW_RUN(uid_, in, mbox_out));
    EXPECT_REFUSED(ESW_RUN(uid_, in, mbox_out), kBadResource, kNoSuchObject);
}

class FirmwareObject : public FirmwareTest {
protected:
    Reply create_option(uint16_t uid, uint32_t words = 1) {
        Words in = ESW_INBOX(create_geneve_tlv_option_in, Opcode::kCreateGeneralObject);
        DEVX_SET(general_obj_in_cmd_hdr, in.data(), obj_type,
                 static_cast<uint32_t>(prm::ObjectType::kGeneveTlvOption));
        DEVX_SET(create_geneve_tlv_option_in, in.data(), geneve_tlv_opt.option_class, 0x102);
        DEVX_SET(create_geneve_tlv_option_in, in.data(), geneve_tlv_opt.option_type, 0x80);
        DEVX_SET(create_geneve_tlv_option_in, in.data(), geneve_tlv_opt.option_data_length, words);
        return ESW_RUN(uid, in, general_obj_out_cmd_hdr);
    }
    Reply create_meters(uint16_t uid, uint32_t log = 0) {
        Words in = ESW_INBOX(create_flow_meter_aso_obj_in, Opcode::kCreateGeneralObject);
        DEVX_SET(general_obj_in_cmd_hdr, in.data(), obj_type,
                 static_cast<uint32_t>(prm::ObjectType::kFlowMeterAso));
        DEVX_SET(general_obj_in_cmd_hdr, in.data(), log_obj_range, log);
        void* const second = DEVX_ADDR_OF(create_flow_meter_aso_obj_in, in.data(),
                                          flow_meter_aso_obj.flow_meter_parameters[1]);
        DEVX_SET(flow_meter_parameters, second, cir_mantissa, 77);
        return ESW_RUN(uid, in, general_obj_out_cmd_hdr);
    }
    static uint32_t id(Reply reply) {
        EXPECT_DONE(reply);
        return DEVX_GET(general_obj_out_cmd_hdr, reply.data(), obj_id);
    }
    Reply about(uint16_t uid, Opcode opcode, prm::ObjectType type, uint32_t object,
                size_t out = DEVX_ST_SZ_BYTES(general_obj_out_cmd_hdr)) {
        Words in = ESW_INBOX(general_obj_in_cmd_hdr, opcode);
        DEVX_SET(general_obj_in_cmd_hdr, in.data(), obj_type, static_cast<uint32_t>(type));
        DEVX_SET(general_obj_in_cmd_hdr, in.data(), obj_id, object);
        return run(uid, in, out);
    }
};

TEST_F(FirmwareObject, SetsTheParserToAnOptionOfGeneve) {
    constexpr auto kType = prm::ObjectType::kGeneveTlvOption;
    EXPECT_FALSE(firmware_->geneve_option());
    const uint32_t option = id(create_option(uid_));
    ASSERT_TRUE(firmware_->geneve_option());
    EXPECT_EQ(firmware_->geneve_option()->option_class, 0x102);
    EXPECT_EQ(firmware_->geneve_option()->option_type, 0x80);
    EXPECT_EQ(firmware_->geneve_option()->data_words, 1);
    EXPECT_REFUSED(create_option(other_), kLimit, kLimit);

    constexpr size_t kHeader = DEVX_ST_SZ_BYTES(general_obj_out_cmd_hdr);
    Reply reply = about(uid_, Opcode::kQueryGeneralObject, kType, option,
                        kHeader + DEVX_ST_SZ_BYTES(geneve_tlv_option));
    const void* const shown = static_cast<char*>(reply.data()) + kHeader;
    EXPECT_EQ(DEVX_GET(geneve_tlv_option, shown, option_class), 0x102U);
    EXPECT_REFUSED(about(uid_, Opcode::kQueryGeneralObject, kType, option), kBadOutputLength,
                   kOutputTooShort);
    EXPECT_REFUSED(about(other_, Opcode::kQueryGeneralObject, kType, option), kBadResource,
                   kNoSuchObject);
    EXPECT_REFUSED(about(uid_, Opcode::kModifyGeneralObject, kType, option), kBadParameter,
                   kNotSupported);
    EXPECT_REFUSED(about(uid_, Opcode::kModifyGeneralObject, kType, option + 1), kBadResource,
                   kNoSuchObject);
    EXPECT_REFUSED(about(other_, Opcode::kDestroyGeneralObject, kType, option), kBadResource,
                   kNoSuchObject);
    EXPECT_DONE(about(uid_, Opcode::kDestroyGeneralObject, kType, option));
    EXPECT_FALSE(firmware_->geneve_option());

    id(create_option(uid_));
    firmware_->destroy_user_context(uid_);
    EXPECT_FALSE(firmware_->geneve_option());
}

TEST_F(FirmwareObject, RefusesOptionsThatCannotBe) {
    EXPECT_REFUSED(create_option(uid_, 0), kBadParameter, kBadValue);
    EXPECT_REFUSED(create_option(uid_, 2), kBadParameter, kBadValue);
    EXPECT_REFUSED(about(uid_, Opcode::kCreateGeneralObject, prm::ObjectType::kGeneveTlvOption, 0),
                   kBadInputLength, kInputTooShort);
}

TEST_F(FirmwareObject, KeepsMeters) {
    constexpr auto kType = prm::ObjectType::kFlowMeterAso;
    start({.log_meters = 2});
    const uint32_t meters = id(create_meters(uid_, 1));
    EXPECT_EQ(meters % 2, 0U);
    constexpr size_t kHeader = DEVX_ST_SZ_BYTES(general_obj_out_cmd_hdr);
    Reply reply = about(uid_, Opcode::kQueryGeneralObject, kType, meters,
                        kHeader + DEVX_ST_SZ_BYTES(flow_meter_aso_obj));
    EXPECT_EQ(DEVX_GET(flow_meter_aso_obj, static_cast<char*>(reply.data()) + kHeader,
                       flow_meter_parameters[1].cir_mantissa),
              77U);
    EXPECT_REFUSED(about(uid_, Opcode::kQueryGeneralObject, kType, meters), kBadOutputLength,
                   kOutputTooShort);
    EXPECT_REFUSED(about(uid_, Opcode::kQueryGeneralObject, kType, meters + 1), kBadResource,
                   kNoSuchObject);
    EXPECT_REFUSED(about(uid_, Opcode::kModifyGeneralObject, kType, meters), kBadParameter,
                   kNotSupported);
    EXPECT_REFUSED(create_meters(uid_, 3), kBadParameter, kBadValue);
    EXPECT_DONE(create_meters(other_, 1));
    EXPECT_REFUSED(create_meters(other_), kLimit, kLimit);
    EXPECT_DONE(about(uid_, Opcode::kDestroyGeneralObject, kType, meters));
    EXPECT_DONE(create_meters(other_));
    EXPECT_REFUSED(about(uid_, Opcode::kCreateGeneralObject, kType, 0), kBadInputLength,
                   kInputTooShort);
}

TEST_F(FirmwareObject, RefusesTypesThatItDoesNotHave) {
    const auto sampler = static_cast<prm::ObjectType>(0x20);
    for (const Opcode opcode : {Opcode::kCreateGeneralObject, Opcode::kQueryGeneralObject,
                                Opcode::kDestroyGeneralObject}) {
        EXPECT_REFUSED(about(uid_, opcode, sampler, 0), kBadParameter, kNotSupported);
    }
    EXPECT_REFUSED(about(uid_, Opcode::kModifyGeneralObject, sampler, 0), kBadResource,
                   kNoSuchObject);
}

}  // namespace
}  // namespace esw::sim
