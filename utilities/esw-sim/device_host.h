// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "utilities/esw-sim/firmware/firmware_host.h"
#include "utilities/esw-sim/model/adapter.h"
#include "utilities/esw-sim/points.h"
#include "utilities/esw-sim/uverbs/uverbs_host.h"

namespace esw::sim {

/// What the firmware of a function sees of the model: of a PF its eswitch, of a VF or SF itself.
/// From Observer::function_up() to function_down(). Vports are there that there can be; one without
/// a function has no link.
class FunctionHost final : public FirmwareHost {
public:
    FunctionHost(const Adapter& adapter, const Instance& instance)
        : adapter_(adapter), instance_(instance) {}

    uint16_t vhca_id() const override { return instance_.vhca_id; }
    bool eswitch_manager() const override { return instance_.kind == Instance::Kind::kPf; }
    bool switchdev() const override { return eswitch_manager() && instance_.pf->switchdev(); }
    std::optional<Vport> vport(uint16_t number) const override;
    std::vector<uint16_t> vports() const override;
    uint16_t max_vfs() const override;
    uint16_t num_vfs() const override;
    uint16_t max_sfs() const override;
    uint16_t first_sf() const override { return kFirstSfVport; }
    Lag lag() const override;

private:
    Vport own() const;
    Vport uplink() const;
    Vport function(uint16_t number) const;

    const Adapter& adapter_;
    const Instance& instance_;
};

/// What ib_uverbs and mlx5_ib see of the model: one RDMA device and its ports. From
/// Observer::uverbs_added() to uverbs_removed().
class DeviceHost final : public UverbsHost {
public:
    /// The firmware of a function that is up (Observer::function_up()).
    using FirmwareOf = std::function<Firmware*(const Instance&)>;

    DeviceHost(const IbDevice& device, Points& points, FirmwareOf firmware_of)
        : device_(device), points_(points), firmware_of_(std::move(firmware_of)) {}

    uint32_t port_count() const override { return device_.port_count; }
    Port port(uint32_t number) const override;
    bool switchdev() const override { return device_.is_rep; }
    uint64_t node_guid() const override { return device_.node_guid; }
    uint32_t vendor_part_id() const override { return device_.pci_device_id(); }
    uint64_t firmware_version() const override { return kFirmwareVersion; }
    /// Passes the points uverbs.ioctl, firmware.command and firmware.0xOPCODE.
    void admit(const Call& call, std::function<void(int)> proceed) override;

private:
    const IbDevice& device_;
    Points& points_;
    FirmwareOf firmware_of_;
};

}  // namespace esw::sim
