// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "utilities/esw-sim/model/types.h"

/// The uevents of RDMA devices as the kernel sends them to NETLINK_KOBJECT_UEVENT.
namespace esw::sim {

enum class UeventAction { kAdd, kRemove };

/// The datagram of one uevent, as kobject_uevent_env() (lib/kobject_uevent.c of Linux 6.1) puts it
/// together: "ACTION@DEVPATH", then variables, each with a NUL behind it.
class UeventText {
public:
    UeventText(UeventAction action, const std::string& path, std::string_view subsystem);

    UeventText& add(std::string_view key, std::string_view value);
    Bytes finish(uint64_t number) &&;

private:
    std::string text_;
};

/// Of infiniband/mlx5_N (ib_device_uevent() in drivers/infiniband/core/device.c) and of
/// infiniband_verbs/uverbsN (dev_uevent() in drivers/base/core.c). `parent`: the path of the
/// device below it, "devices/pci0000:00/0000:08:00.0".
UeventText rdma_uevent(UeventAction action, const IbDevice& device, const std::string& parent);
UeventText verbs_uevent(UeventAction action, const IbDevice& device, const std::string& parent);

}  // namespace esw::sim
