// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "utilities/esw-sim/hardware/resources.h"

namespace esw::sim {

class Firmware;

/// What the uverbs device asks of the model: the RDMA device that it belongs to, and its ports.
class UverbsHost {
public:
    struct Gid {
        uint32_t index = 0;
        uint32_t type = 0;  ///< enum ib_uverbs_gid_type
        std::array<std::byte, 16> raw{};
    };
    /// A port of the RDMA device. In switchdev mode each port stands for one vport of an eswitch
    /// (mlx5_ib_set_vport_rep()), and is there whether that has a representor or not.
    struct Port {
        /// What the representor on this port represents; nothing: there is none now.
        std::optional<VportId> vport;
        uint16_t vhca_id = 0;     ///< of the vport's function; of no meaning for the wire
        uint32_t reg_c_0 = 0;     ///< source metadata, in the upper half; 0: esw_port_metadata off
        uint32_t ifindex = 0;     ///< netdev of the port; 0: none
        bool link_up = false;     ///< the netdev is up and has a carrier
        uint32_t mtu = 1500;      ///< of the netdev
        uint32_t gid_length = 0;  ///< gid_tbl_len; 0 on representors
        std::vector<Gid> gids{};  ///< those of the table that are in use
        /// The firmware of the eswitch that the vport belongs to, when it is not the device's own
        /// (shared FDB).
        Firmware* firmware = nullptr;
    };
    /// A system call that is about to be carried out, for gates and faults.
    struct Call {
        uint16_t object = 0;
        uint16_t method = 0;
        uint16_t opcode = 0;  ///< of the firmware command of a DEVX method; 0: none
    };

    virtual ~UverbsHost() = default;
    virtual uint32_t port_count() const = 0;
    virtual Port port(uint32_t number) const = 0;  ///< 1 to port_count()
    virtual bool switchdev() const = 0;
    virtual uint64_t node_guid() const = 0;  ///< in the byte order of the CPU
    virtual uint32_t vendor_part_id() const = 0;
    /// As fw_ver has it (fw_rev_maj() and the like): 16 bits each of major, minor and subminor.
    virtual uint64_t firmware_version() const = 0;
    /// Calls `proceed` with 0 to let the call go on, or with the errno value that it shall fail
    /// with; at once, or when a gate opens.
    virtual void admit(const Call& call, std::function<void(int)> proceed) {
        (void)call;
        proceed(0);
    }
};

}  // namespace esw::sim
