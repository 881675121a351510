// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "utilities/esw-sim/firmware/command.h"
#include "utilities/esw-sim/firmware/limits.h"
#include "utilities/esw-sim/firmware/object_table.h"

namespace esw::sim {

/// Memory of a client that the device may reach: MLX5_IB_METHOD_DEVX_UMEM_REG.
struct Umem {
    uint64_t address = 0;  ///< in the client
    uint64_t length = 0;
};

/// A send queue, as the client's work-queue engine must know it.
struct SendQueue {
    uint32_t qpn = 0;
    uint64_t buffer = 0;     ///< address in the client of the first WQE
    uint32_t wqe_count = 0;  ///< of 64 bytes, a power of two
    uint64_t doorbell = 0;   ///< address in the client of the send counter
    uint32_t cqn = 0;
};

/// Queue pairs, and the protection domains, completion queues, memory and keys that they refer to.
class Queues {
public:
    explicit Queues(const FirmwareLimits& limits);

    void add_commands(CommandTable& table);

    // Made by the driver, with commands whose mailboxes nobody looks at. 0: the limit is reached.
    uint32_t create_umem(uint16_t uid, const Umem& umem);
    uint32_t create_cq(uint16_t uid);
    uint32_t create_mkey(uint16_t uid);
    Answer destroy_umem(uint16_t uid, uint32_t id);
    Answer destroy_cq(uint16_t uid, uint32_t id);
    Answer destroy_mkey(uint16_t uid, uint32_t id);

    std::optional<SendQueue> send_queue(uint32_t qpn) const;
    void release(uint16_t uid);

private:
    struct Domain {};
    struct Cq {};
    struct Mkey {};
    struct Qp {
        prm::QpState state = prm::QpState::kReset;
        SendQueue queue;
        uint32_t pdn = 0;
        std::shared_ptr<Domain> pd;
        std::shared_ptr<Cq> send_cq;
        std::shared_ptr<Cq> receive_cq;
        std::shared_ptr<Umem> buffer;
        std::shared_ptr<Umem> doorbell;
    };

    Answer create_qp(const Command& command);
    Answer query_qp(const Command& command) const;
    Answer change_state(const Command& command, const std::vector<prm::QpState>& from,
                        prm::QpState to);

    const FirmwareLimits& limits_;
    ObjectTable<Domain> pds_;
    ObjectTable<Domain> transport_domains_;
    ObjectTable<Umem> umems_;
    ObjectTable<Cq> cqs_;
    ObjectTable<Mkey> mkeys_;
    ObjectTable<Qp> qps_;
};

}  // namespace esw::sim
