// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace esw::sim {

/// What the firmware asks of the model of the adapter: one PF's eswitch, or a VF or SF.
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
    /// A PF, which has an eswitch; a VF or SF has only its own vport, 0.
    virtual bool eswitch_manager() const { return true; }
    virtual bool switchdev() const = 0;
    virtual std::optional<Vport> vport(uint16_t number) const = 0;
    virtual std::vector<uint16_t> vports() const = 0;
    virtual uint16_t max_vfs() const = 0;
    virtual uint16_t num_vfs() const = 0;
    /// SFs that the eswitch can have, and the vport number of the first.
    virtual uint16_t max_sfs() const { return 0; }
    virtual uint16_t first_sf() const { return 0x8000; }
    struct Lag {
        bool active = false;
        uint8_t state = 0, port_select_mode = 0, fdb_selection_mode = 0, affinity_1 = 0,
                affinity_2 = 0;
    };
    virtual Lag lag() const = 0;
};

}  // namespace esw::sim
