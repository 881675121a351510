// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/firmware/queues.h"

#include <algorithm>

#include "utilities/esw-sim/uverbs/engine_record.h"

namespace esw::sim {

namespace {

using prm::Opcode;
using prm::QpState;

constexpr uint32_t kIds = 1U << 24;
constexpr uint64_t kWqeBytes = 64;
/// A doorbell record: receive counter, then send counter. rdma-core mlx5.h, MLX5_SND_DBR.
constexpr uint64_t kDoorbellBytes = 8;
constexpr uint64_t kSendDoorbell = 4;

constexpr size_t kIdOut = DEVX_ST_SZ_BYTES(mbox_out);

}  // namespace

Queues::Queues(const FirmwareLimits& limits)
    : limits_(limits),
      pds_(size_t{1} << limits.log_pds, 1, kIds),
      transport_domains_(size_t{1} << limits.log_transport_domains, 1, kIds),
      umems_(size_t{1} << limits.log_umems, 1, kIds),
      cqs_(size_t{1} << limits.log_cqs, 1, kMaxCqs),
      mkeys_(size_t{1} << limits.log_mkeys, 1, kMaxKeys),
      // The first numbers are special QPs'.
      qps_(size_t{1} << limits.log_qps, 0x40, kIds) {}

void Queues::add_commands(CommandTable& table) {
    table[Opcode::kAllocPd] = {kHeaderLength, DEVX_ST_SZ_BYTES(alloc_pd_out),
                               [this](const Command& command) {
                                   uint32_t id = 0;
                                   if (!pds_.create(command.uid, id)) {
                                       return kLimitReached;
                                   }
                                   DEVX_SET(alloc_pd_out, command.out, pd, id);
                                   return kDone;
                               }};
    table[Opcode::kDeallocPd] = {
        DEVX_ST_SZ_BYTES(dealloc_pd_in), kIdOut, [this](const Command& command) {
            return destroy_object(pds_, command, DEVX_GET(dealloc_pd_in, command.in, pd));
        }};
    table[Opcode::kAllocTransportDomain] = {
        kHeaderLength, DEVX_ST_SZ_BYTES(alloc_transport_domain_out),
        [this](const Command& command) {
            uint32_t id = 0;
            if (!transport_domains_.create(command.uid, id)) {
                return kLimitReached;
            }
            DEVX_SET(alloc_transport_domain_out, command.out, transport_domain, id);
            return kDone;
        }};
    table[Opcode::kDeallocTransportDomain] = {
        DEVX_ST_SZ_BYTES(dealloc_transport_domain_in), kIdOut, [this](const Command& command) {
            return destroy_object(
                transport_domains_, command,
                DEVX_GET(dealloc_transport_domain_in, command.in, transport_domain));
        }};
    table[Opcode::kCreateQp] = {DEVX_ST_SZ_BYTES(create_qp_in), DEVX_ST_SZ_BYTES(create_qp_out),
                                [this](const Command& command) { return create_qp(command); }};
    table[Opcode::kQueryQp] = {DEVX_ST_SZ_BYTES(query_qp_in), DEVX_ST_SZ_BYTES(query_qp_out),
                               [this](const Command& command) { return query_qp(command); }};
    table[Opcode::kDestroyQp] = {
        DEVX_ST_SZ_BYTES(destroy_qp_in), kIdOut, [this](const Command& command) {
            return destroy_object(qps_, command, DEVX_GET(destroy_qp_in, command.in, qpn));
        }};

    // The number is at the same place in all of them (tests/check/prm looks at each).
    const auto transition = [&](Opcode opcode, size_t in_length,
                                std::initializer_list<QpState> from, QpState to) {
        table[opcode] = {in_length, kIdOut,
                         [this, from = std::vector<QpState>(from), to](const Command& command) {
                             return change_state(command, from, to);
                         }};
    };
    transition(Opcode::kRst2InitQp, DEVX_ST_SZ_BYTES(rst2init_qp_in), {QpState::kReset},
               QpState::kInit);
    transition(Opcode::kInit2InitQp, DEVX_ST_SZ_BYTES(init2init_qp_in), {QpState::kInit},
               QpState::kInit);
    transition(Opcode::kInit2RtrQp, DEVX_ST_SZ_BYTES(init2rtr_qp_in), {QpState::kInit},
               QpState::kRtr);
    transition(Opcode::kRtr2RtsQp, DEVX_ST_SZ_BYTES(rtr2rts_qp_in), {QpState::kRtr}, QpState::kRts);
    transition(Opcode::kRts2RtsQp, DEVX_ST_SZ_BYTES(rts2rts_qp_in), {QpState::kRts}, QpState::kRts);
    transition(Opcode::kQpToErr, DEVX_ST_SZ_BYTES(qp_2err_in),
               {QpState::kInit, QpState::kRtr, QpState::kRts, QpState::kError}, QpState::kError);
    transition(Opcode::kQpToReset, DEVX_ST_SZ_BYTES(qp_2rst_in),
               {QpState::kReset, QpState::kInit, QpState::kRtr, QpState::kRts, QpState::kError},
               QpState::kReset);
}

Answer Queues::create_qp(const Command& command) {
    const void* const qpc = DEVX_ADDR_OF(create_qp_in, command.in, qpc);
    auto pd = pds_.refer(command.uid, DEVX_GET(qpc, qpc, pd));
    auto send_cq = cqs_.refer(command.uid, DEVX_GET(qpc, qpc, cqn_snd));
    auto receive_cq = cqs_.refer(command.uid, DEVX_GET(qpc, qpc, cqn_rcv));
    if (!pd || !send_cq || !receive_cq) {
        return kNoSuchObject;
    }
    if (DEVX_GET(qpc, qpc, st) > static_cast<uint32_t>(prm::QpService::kUd) ||
        DEVX_GET(qpc, qpc, log_sq_size) > limits_.log_qp_size ||
        DEVX_GET(qpc, qpc, log_rq_size) > limits_.log_qp_size) {
        return kBadValue;
    }
    // Queues that are not in registered memory are the driver's own way (by physical addresses).
    if (!DEVX_GET(create_qp_in, command.in, wq_umem_valid) || !DEVX_GET(qpc, qpc, dbr_umem_valid)) {
        return kNotSupported;
    }
    auto buffer = umems_.find(command.uid, DEVX_GET(create_qp_in, command.in, wq_umem_id));
    auto doorbell = umems_.find(command.uid, DEVX_GET(qpc, qpc, dbr_umem_id));
    if (!buffer || !doorbell) {
        return kNoSuchObject;
    }
    // The receive queue comes first; a WQE of it has 16 << log_rq_stride bytes.
    const uint64_t receive_bytes = uint64_t{16} << DEVX_GET(qpc, qpc, log_rq_stride)
                                                << DEVX_GET(qpc, qpc, log_rq_size);
    const uint32_t wqe_count =
        DEVX_GET(qpc, qpc, no_sq) ? 0 : 1U << DEVX_GET(qpc, qpc, log_sq_size);
    const uint64_t doorbell_at = DEVX_GET64(qpc, qpc, dbr_addr);
    if (receive_bytes + wqe_count * kWqeBytes > buffer->length ||
        doorbell->length < kDoorbellBytes || doorbell_at > doorbell->length - kDoorbellBytes) {
        return {prm::Status::kBadParameter, Syndrome::kOutsideUmem};
    }
    uint32_t qpn = 0;
    const auto qp = qps_.create(command.uid, qpn);
    if (!qp) {
        return kLimitReached;
    }
    *qp = {.state = QpState::kReset,
           .queue = {.qpn = qpn,
                     .buffer = buffer->address + receive_bytes,
                     .wqe_count = wqe_count,
                     .doorbell = doorbell->address + doorbell_at + kSendDoorbell,
                     .cqn = DEVX_GET(qpc, qpc, cqn_snd)},
           .pdn = DEVX_GET(qpc, qpc, pd),
           .pd = std::move(pd),
           .send_cq = std::move(send_cq),
           .receive_cq = std::move(receive_cq),
           .buffer = std::move(buffer),
           .doorbell = std::move(doorbell)};
    DEVX_SET(create_qp_out, command.out, qpn, qpn);
    return kDone;
}

Answer Queues::query_qp(const Command& command) const {
    const auto qp = qps_.find(command.uid, DEVX_GET(query_qp_in, command.in, qpn));
    if (!qp) {
        return kNoSuchObject;
    }
    void* const qpc = DEVX_ADDR_OF(query_qp_out, command.out, qpc);
    DEVX_SET(qpc, qpc, state, static_cast<uint32_t>(qp->state));
    DEVX_SET(qpc, qpc, pd, qp->pdn);
    DEVX_SET(qpc, qpc, cqn_snd, qp->queue.cqn);
    return kDone;
}

Answer Queues::change_state(const Command& command, const std::vector<QpState>& from, QpState to) {
    const auto qp = qps_.find(command.uid, DEVX_GET(rst2init_qp_in, command.in, qpn));
    if (!qp) {
        return kNoSuchObject;
    }
    if (std::find(from.begin(), from.end(), qp->state) == from.end()) {
        return {prm::Status::kBadQpState, Syndrome::kBadState};
    }
    qp->state = to;
    return kDone;
}

uint32_t Queues::create_umem(uint16_t uid, const Umem& umem) {
    uint32_t id = 0;
    const auto object = umems_.create(uid, id);
    if (object) {
        *object = umem;
    }
    return id;
}

uint32_t Queues::create_cq(uint16_t uid) {
    uint32_t id = 0;
    cqs_.create(uid, id);
    return id;
}

uint32_t Queues::create_mkey(uint16_t uid) {
    uint32_t id = 0;
    mkeys_.create(uid, id);
    return id;
}

Answer Queues::destroy_umem(uint16_t uid, uint32_t id) {
    return destroy_object(umems_, {.uid = uid}, id);
}

Answer Queues::destroy_cq(uint16_t uid, uint32_t id) {
    return destroy_object(cqs_, {.uid = uid}, id);
}

Answer Queues::destroy_mkey(uint16_t uid, uint32_t id) {
    return destroy_object(mkeys_, {.uid = uid}, id);
}

std::optional<SendQueue> Queues::send_queue(uint32_t qpn) const {
    const auto [qp, offset] = qps_.find_any(qpn);
    if (!qp || qp->queue.wqe_count == 0) {
        return std::nullopt;
    }
    return qp->queue;
}

void Queues::release(uint16_t uid) {
    // Those that refer to others first.
    qps_.erase_all(uid);
    mkeys_.erase_all(uid);
    cqs_.erase_all(uid);
    umems_.erase_all(uid);
    transport_domains_.erase_all(uid);
    pds_.erase_all(uid);
}

}  // namespace esw::sim
