// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "esw-manager/ids.h"
#include "netlink/rdma_types.h"

namespace esw {

/// An RDMA device and the one that it is made of, as a scan found them.
struct FoundRdmaDevice {
    std::string name;
    uint32_t index = 0;
    DevlinkHandle parent;
};

/// Which PCI device has an RDMA device, and how often it was made anew. An eswitch has at most one.
///
/// Knows what it was told and asks nobody. Threads: one (the manager's events thread).
class RdmaDevices {
public:
    struct Device {
        std::string name;
        uint64_t generation = 0;  ///< grows with each device that this parent gets
    };
    /// Names of parents on their bus ("0000:08:00.0") that have another device now, or none.
    using Changes = std::set<std::string>;

    Changes apply(const netlink::RdmaDeviceEvent& event);

    /// All devices, asked anew. What was heard of none in between may still be another device by
    /// the same name: its index tells, where it is known, and `gone`, which says whether the
    /// parent's device was seen to end.
    Changes resync(const std::vector<FoundRdmaDevice>& found,
                   const std::function<bool(const std::string& parent)>& gone);

    /// Null: it has none.
    const Device* find(const DevlinkHandle& parent) const;

private:
    struct Entry {
        Device device;
        std::optional<uint32_t> index;  // uevents do not say it
    };
    void add(const std::string& parent, const std::string& name, std::optional<uint32_t> index);

    std::map<std::string, Entry> devices_;  // by parent
    std::map<std::string, uint64_t> generations_;
};

}  // namespace esw
