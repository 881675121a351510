// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "utilities/esw-sim/kernel_version.h"

namespace esw::sim {

/// What to simulate. The JSON form (`esw-sim start --topology FILE`, esw-sim(8)):
///
///     {"kernel": "6.12",                 // default 6.1
///      "prefix": "",                     // of the names of the netdevs, up to 7 characters
///      "pci": "0000:08:00",              // domain:bus:slot of the adapter
///      "bind_vfs": true,                 // mlx5_core drives the VFs (sriov_drivers_autoprobe)
///      "pfs": [{"vfs": 4,                // VFs there are at start
///               "max_vfs": 8,            // sriov_totalvfs; default: at least 8 and at least vfs
///               "sfs": 16,               // how many SFs can be added; default 16
///               "mode": "legacy",        // eswitch mode at start
///               "speed_mbps": 100000,
///               "mac": "b8:ce:f6:00:00:00"}, ...]}
struct PfTopology {
    uint32_t vfs = 4;
    uint32_t max_vfs = 8;
    uint32_t max_sfs = 16;
    uint16_t mode = 0;  ///< DEVLINK_ESWITCH_MODE_*
    uint32_t speed_mbps = 100000;
    uint64_t mac = 0;  ///< of the PF, the low 48 bits; those of its VFs follow
};

struct Topology {
    KernelVersion kernel;
    std::string prefix;
    std::string pci = "0000:08:00";
    bool bind_vfs = true;
    std::vector<PfTopology> pfs;

    static constexpr uint32_t kMaxPfs = 8;
    static constexpr uint32_t kMaxVfs = 512;
    static constexpr uint32_t kMaxSfs = 512;
    static constexpr size_t kMaxPrefix = 7;  ///< leaves room for "pf7vf511" in IFNAMSIZ

    /// `pfs` PFs of `vfs` VFs each.
    static Result<Topology> simple(uint32_t pfs, uint32_t vfs, std::string_view prefix);

    /// Parses the JSON form. The error names `name` (of the file) and the key; unknown keys,
    /// values out of range and contradictions refuse the whole.
    static Result<Topology> parse(std::string_view json, const std::string& name);
    static Result<Topology> read_file(const std::string& path);
};

/// Whether `prefix` can start the name of a netdev and leaves room for the rest.
Status check_prefix(std::string_view prefix);

}  // namespace esw::sim
