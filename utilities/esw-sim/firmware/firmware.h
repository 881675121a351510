// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "utilities/esw-sim/hardware/icm.h"
#include "utilities/esw-sim/hardware/resources.h"

namespace esw::sim {

/// What the firmware asks of the model of the adapter: one PF's eswitch. Implemented on class Pf.
class FirmwareHost {
public:
    struct Vport {
        uint16_t number = 0;
        uint16_t vhca_id = 0;
        uint32_t reg_c_0 = 0;  ///< metadata in the upper half; 0: none
        bool admin_up = false;
        bool link_up = false;
        uint64_t mac = 0;
        uint64_t rx_packets = 0, rx_bytes = 0, tx_packets = 0, tx_bytes = 0;  ///< of the vport
    };
    virtual ~FirmwareHost() = default;
    virtual uint16_t vhca_id() const = 0;
    virtual bool switchdev() const = 0;
    virtual std::optional<Vport> vport(uint16_t number) const = 0;
    virtual std::vector<uint16_t> vports() const = 0;
    virtual uint16_t max_vfs() const = 0;
    virtual uint16_t num_vfs() const = 0;
    struct Lag {
        bool active = false;
        uint8_t state = 0, port_select_mode = 0, fdb_selection_mode = 0, affinity_1 = 0,
                affinity_2 = 0;
    };
    virtual Lag lag() const = 0;
};

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

/// The firmware of one PF, from its probe to its removal: mailbox commands, and the objects that
/// they make. Objects belong to the user context (uid) that made them, and end with it.
class Firmware : public SteeringResources {
public:
    Firmware(FirmwareHost& host, std::unique_ptr<Icm> icm);
    ~Firmware() override;

    Icm& icm() { return *icm_; }

    /// What mlx5_ib does at GET_CONTEXT with DEVX (CREATE_UCTX) and at its end (DESTROY_UCTX).
    uint16_t create_user_context();
    void destroy_user_context(uint16_t uid);

    /// Executes a command. `out` is filled whole: status and syndrome first. Returns true when
    /// the status is OK.
    bool execute(uint16_t uid, std::span<const std::byte> in, std::span<std::byte> out);

    // Objects that the kernel makes for a context by commands of its own.
    Result<uint32_t> register_umem(uint16_t uid, const Umem& umem);
    void deregister_umem(uint32_t id);
    uint32_t allocate_pd(uint16_t uid);
    uint32_t allocate_cqn(uint16_t uid);
    uint32_t allocate_mkey(uint16_t uid);
    void release(uint32_t id);

    /// The send queue of a QP; nothing when it is none or has none.
    std::optional<SendQueue> send_queue(uint32_t qpn) const;

    // SteeringResources
    bool read_line(uint64_t icm_address, Icm::Line& line) const override;
    Place place(uint64_t icm_address) const override;
    const FlowTable* flow_table(uint32_t id) const override;
    const Reformat* reformat(uint32_t id) const override;
    uint64_t header_modify_base() const override;
    void count(uint32_t counter, uint64_t packets, uint64_t bytes) override;

    /// ICM addresses of a vport (fill_switchdev_info() of mlx5_ib asks for them).
    struct VportIcm {
        uint64_t rx = 0, tx = 0;
    };
    VportIcm vport_icm(uint16_t number) const;

    /// Commands so far, by opcode (`esw-sim ctl stats`).
    const std::map<uint16_t, uint64_t>& commands() const;

private:
    FirmwareHost& host_;
    std::unique_ptr<Icm> icm_;
};

}  // namespace esw::sim
