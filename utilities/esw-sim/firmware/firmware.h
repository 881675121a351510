// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>

#include "base/result.h"
#include "utilities/esw-sim/firmware/capabilities.h"
#include "utilities/esw-sim/firmware/command.h"
#include "utilities/esw-sim/firmware/firmware_host.h"
#include "utilities/esw-sim/firmware/flow_counters.h"
#include "utilities/esw-sim/firmware/flow_tables.h"
#include "utilities/esw-sim/firmware/general_objects.h"
#include "utilities/esw-sim/firmware/limits.h"
#include "utilities/esw-sim/firmware/queues.h"
#include "utilities/esw-sim/firmware/reformats.h"
#include "utilities/esw-sim/firmware/vport_commands.h"
#include "utilities/esw-sim/hardware/icm.h"
#include "utilities/esw-sim/hardware/resources.h"

namespace esw::sim {

/// The firmware of one PF, from its probe to its removal: mailbox commands, and the objects that
/// they make. Objects belong to the user context (uid) that made them, and end with it; uid 0 is
/// the driver.
///
/// execute() is the only way in for commands: whoever wants to hold or to fail some of them looks
/// at opcode_of() first and answers with refuse().
class Firmware : public SteeringResources {
public:
    Firmware(FirmwareHost& host, std::unique_ptr<Icm> icm, FirmwareLimits limits = {});
    ~Firmware() override;
    Firmware(const Firmware&) = delete;
    Firmware& operator=(const Firmware&) = delete;

    Icm& icm() { return *icm_; }

    /// What mlx5_ib does at GET_CONTEXT with DEVX (CREATE_UCTX) and at its end (DESTROY_UCTX).
    /// 0: there is none left.
    uint16_t create_user_context();
    void destroy_user_context(uint16_t uid);

    /// Executes a command. `out` is filled whole: status and syndrome first. Returns true when
    /// the status is OK.
    bool execute(uint16_t uid, std::span<const std::byte> in, std::span<std::byte> out);

    /// The opcode of a mailbox; 0 when it is too short for one.
    static uint16_t opcode_of(std::span<const std::byte> in);
    /// Fills `out` as a command that failed does.
    static void refuse(std::span<std::byte> out, prm::Status status, uint32_t syndrome);

    // Objects that the kernel makes for a context by commands of its own. A number that is made is
    // never 0; 0 and an error mean that the limit is reached. One that is released while others
    // refer to it stays (EBUSY).
    Result<uint32_t> register_umem(uint16_t uid, const Umem& umem);
    Status deregister_umem(uint16_t uid, uint32_t id);
    uint32_t allocate_pd(uint16_t uid);
    uint32_t allocate_cqn(uint16_t uid);
    /// Index of a memory key, which itself is index << 8 and 8 bits of the driver's.
    uint32_t allocate_mkey(uint16_t uid);
    Status release_pd(uint16_t uid, uint32_t pdn);
    Status release_cqn(uint16_t uid, uint32_t cqn);
    Status release_mkey(uint16_t uid, uint32_t index);

    /// The send queue of a QP; nothing when it is none or has none.
    std::optional<SendQueue> send_queue(uint32_t qpn) const { return queues_.send_queue(qpn); }

    // SteeringResources
    bool read_line(uint64_t icm_address, Icm::Line& line) const override;
    Place place(uint64_t icm_address) const override;
    const FlowTable* flow_table(uint32_t id) const override;
    const Reformat* reformat(uint32_t id) const override;
    uint64_t header_modify_base() const override;
    std::optional<GeneveOption> geneve_option() const override { return objects_.geneve_option(); }
    void count(uint32_t counter, uint64_t packets, uint64_t bytes) override;

    /// ICM addresses of a vport (fill_switchdev_info() of mlx5_ib asks for them).
    struct VportIcm {
        uint64_t rx = 0, tx = 0;
    };
    VportIcm vport_icm(uint16_t number) const;

    /// Commands so far, by opcode (`esw-sim ctl stats`).
    const std::map<uint16_t, uint64_t>& commands() const { return commands_; }

private:
    Answer run(const Command& command, prm::Opcode opcode, const CommandEntry* entry);
    Status released(const char* what, const Answer& answer) const;
    void add_commands();

    FirmwareHost& host_;
    std::unique_ptr<Icm> icm_;
    FirmwareLimits limits_;
    Capabilities capabilities_;
    VportCommands vports_;
    FlowCounters counters_;
    Reformats reformats_;
    FlowTables tables_;
    Queues queues_;
    GeneralObjects objects_;
    std::set<uint16_t> user_contexts_;
    uint16_t next_user_context_ = 1;
    CommandTable table_;
    std::map<uint16_t, uint64_t> commands_;
};

}  // namespace esw::sim
