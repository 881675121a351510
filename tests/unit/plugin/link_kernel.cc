// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/plugin/link_kernel.h"

#include <fmt/format.h>
#include <net/if.h>

#include <cerrno>

namespace esw::fakes {

Status LinkKernel::link_change(const netlink::LinkChange& change) {
    MutexLock lock(mutex_);
    const auto found = devices_.find(change.ifindex);
    if (found == devices_.end() || found->second.detached) {
        return gone(change.ifindex);
    }
    Device& device = found->second;
    if (device.link_change_error) {
        return fail(device.link_change_error, device.link.name, "change link");
    }
    if (change.mtu && *change.mtu > device.max_mtu) {
        return fail(EINVAL, device.link.name, "change link");
    }
    if (change.mtu) {
        device.link.mtu = change.mtu;
        changes_.push_back(fmt::format("{} mtu {}", change.ifindex, *change.mtu));
    }
    if (change.mac) {
        device.link.mac = change.mac;
        changes_.push_back(
            fmt::format("{} mac {}", change.ifindex, netlink::to_string(*change.mac)));
    }
    change_flag(device, IFF_PROMISC, change.promiscuous, "promisc", "no promisc");
    change_flag(device, IFF_UP, change.up, "up", "down");
    return {};
}

void LinkKernel::change_flag(Device& device, unsigned int bit, const std::optional<bool>& wanted,
                             const char* on, const char* off) {
    if (wanted) {
        device.link.flags = *wanted ? device.link.flags | bit : device.link.flags & ~bit;
        changes_.push_back(fmt::format("{} {}", device.link.ifindex, *wanted ? on : off));
    }
}

Status LinkKernel::set_feature(uint32_t ifindex, const std::string& feature, bool on) {
    MutexLock lock(mutex_);
    const auto found = devices_.find(ifindex);
    if (found == devices_.end()) {
        return gone(ifindex);
    }
    Device& device = found->second;
    if (feature == device.fixed_feature) {
        return fail(ENOTSUP, device.link.name, "set " + feature);
    }
    if (on) {
        device.features.insert(feature);
    } else {
        device.features.erase(feature);
    }
    changes_.push_back(fmt::format("{} {} {}", ifindex, feature, on ? "on" : "off"));
    return {};
}

}  // namespace esw::fakes
