// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/rdma_devices.h"

#include <utility>

namespace esw {

void RdmaDevices::add(const std::string& parent, const std::string& name,
                      std::optional<uint32_t> index) {
    devices_[parent] = {{name, ++generations_[parent]}, index};
}

RdmaDevices::Changes RdmaDevices::apply(const netlink::RdmaDeviceEvent& event) {
    using Kind = netlink::RdmaDeviceEvent::Kind;
    const auto known = devices_.find(event.parent);
    const bool has = known != devices_.end();
    switch (event.kind) {
        case Kind::kCame:
            if (has && known->second.device.name == event.name) {
                return {};  // a scan found it first
            }
            add(event.parent, event.name, std::nullopt);
            return {event.parent};
        case Kind::kWent:
            if (!has || known->second.device.name != event.name) {
                return {};
            }
            devices_.erase(known);
            return {event.parent};
        case Kind::kRenamed:
            // It is the same device: who has it open keeps it.
            if (has && known->second.device.name == event.old_name) {
                known->second.device.name = event.name;
            }
            return {};
    }
    return {};
}

RdmaDevices::Changes RdmaDevices::resync(
    const std::vector<FoundRdmaDevice>& found,
    const std::function<bool(const std::string& parent)>& gone) {
    Changes changes;
    std::set<std::string> there;
    for (const FoundRdmaDevice& device : found) {
        const std::string& parent = device.parent.device;
        there.insert(parent);
        const auto known = devices_.find(parent);
        const bool same =
            known != devices_.end() && known->second.device.name == device.name &&
            (known->second.index ? known->second.index == device.index : !gone(parent));
        if (same) {
            known->second.index = device.index;
        } else {
            add(parent, device.name, device.index);
            changes.insert(parent);
        }
    }
    for (auto it = devices_.begin(); it != devices_.end();) {
        if (there.count(it->first)) {
            ++it;
        } else {
            changes.insert(it->first);
            it = devices_.erase(it);
        }
    }
    return changes;
}

const RdmaDevices::Device* RdmaDevices::find(const DevlinkHandle& parent) const {
    const auto known = devices_.find(parent.device);
    return known == devices_.end() ? nullptr : &known->second.device;
}

}  // namespace esw
