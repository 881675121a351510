// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "utilities/esw-sim/device_half.h"
#include "utilities/esw-sim/forwarding.h"
#include "utilities/esw-sim/model/adapter.h"
#include "utilities/esw-sim/netlink_server.h"

namespace esw::sim {

/// What `esw-sim status` prints. As JSON:
///
///     {"directory": ..., "pid": ..., "kernel": "6.1",
///      "devices": {"pci/0000:08:00.0": {"present": true, "mode": "legacy", "vfs": 4, "sfs": 0,
///                                       "rdma": "mlx5_0", "link": true}},
///      "ports": {"pci/0000:08:00.0/pf0vf0":
///                    {"index": 1, "vport": 1, "netdev": "pf0vf0" or null (no representor),
///                     "link": true, "handle": "pci/0000:08:00.2",
///                     "peer": {"kind": "vf", "netdev": "p0v0"}}}}
///
/// "peer" is the far side of the representor: the VF's or SF's own netdev, or the wire.
std::string report_status(const Adapter& adapter, const std::string& directory, bool json);

/// What `esw-sim ctl stats` prints.
std::string report_stats(const NetlinkServer& server, const DeviceHalf& device,
                         const Forwarder& forwarder, bool json);

}  // namespace esw::sim
