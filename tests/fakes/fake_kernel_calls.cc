// SPDX-License-Identifier: Apache-2.0
// What the fake kernel is asked: the members of netlink::Kernel, their counts, faults and gates.
#include <cerrno>
#include <utility>

#include "tests/fakes/fake_kernel.h"

namespace esw::fakes {

using netlink::DevlinkPort;
using netlink::DevlinkRate;
using netlink::EswitchMode;
using netlink::PortType;

namespace {

const std::string kSteeringMode = "flow_steering_mode";
constexpr uint8_t kStringType = 5;  // NLA_STRING of the kernel's netlink.h

}  // namespace

uint64_t FakeKernel::calls(const std::string& call) const {
    MutexLock lock(mutex_);
    const auto count = calls_.find(call);
    return count == calls_.end() ? 0 : count->second;
}

uint64_t FakeKernel::all_calls() const {
    MutexLock lock(mutex_);
    uint64_t sum = 0;
    for (const auto& [call, count] : calls_) {
        sum += count;
    }
    return sum;
}

void FakeKernel::reset_calls() {
    MutexLock lock(mutex_);
    calls_.clear();
}

void FakeKernel::fail_next(const std::string& call, const std::string& object, int error,
                           const std::string& detail, uint32_t count) {
    MutexLock lock(mutex_);
    faults_.push_back({call, object, {error, object, call, detail}, count});
}

void FakeKernel::clear_faults() {
    MutexLock lock(mutex_);
    faults_.clear();
}

void FakeKernel::gate(const std::string& call) {
    MutexLock lock(mutex_);
    gates_.insert(call);
}

void FakeKernel::ungate(const std::string& call) {
    MutexLock lock(mutex_);
    gates_.erase(call);
    changed_.notify_all();
}

void FakeKernel::ungate_all() {
    MutexLock lock(mutex_);
    gates_.clear();
    changed_.notify_all();
}

void FakeKernel::wait_for_blocked(const std::string& call, uint32_t count) {
    MutexLock lock(mutex_);
    while (blocked_[call] < count) {
        changed_.wait(mutex_);
    }
}

Status FakeKernel::enter(const std::string& call, const std::string& object) {
    MutexLock lock(mutex_);
    ++calls_[call];
    if (gates_.count(call)) {
        ++blocked_[call];
        changed_.notify_all();
        while (gates_.count(call)) {
            changed_.wait(mutex_);
        }
        --blocked_[call];
    }
    for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
        if (fault->call == call && (fault->object.empty() || fault->object == object)) {
            const Error error = fault->error;
            if (--fault->count == 0) {
                faults_.erase(fault);
            }
            return fail(error);
        }
    }
    return {};
}

std::string FakeKernel::name_of(const DevlinkHandle& handle, uint32_t index) const {
    MutexLock lock(mutex_);
    const DevlinkHandle pf = pf_of(handle);
    const auto device = devices_.find(pf);
    if (device != devices_.end()) {
        const auto port = device->second.ports.find(index);
        const auto rep =
            port == device->second.ports.end() ? std::nullopt : RepId::of_port(port->second.port);
        if (rep) {
            return RepRef{pf, *rep}.to_string();
        }
    }
    return handle.to_string() + "/" + std::to_string(index);
}

std::string FakeKernel::name_of(uint32_t ifindex) const {
    MutexLock lock(mutex_);
    const auto netdev = netdevs_.find(ifindex);
    return netdev == netdevs_.end() ? std::to_string(ifindex) : netdev->second.link.name;
}

Result<std::vector<netlink::DevlinkDevice>> FakeKernel::devlink_devices() {
    if (auto entered = enter("devlink_devices", ""); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    if (!has_devlink_) {
        return fail(ENOTSUP, "devlink", "read devices");
    }
    std::vector<netlink::DevlinkDevice> devices;
    for (const auto& [handle, device] : devices_) {
        devices.push_back({handle, false});
        if (nested_uplinks_ && !device.plain) {
            devices.push_back({ethernet_driver_of(device), false});
        }
    }
    return devices;
}

Result<netlink::DevlinkInfo> FakeKernel::devlink_info(const DevlinkHandle& handle) {
    if (auto entered = enter("devlink_info", handle.to_string()); !entered) {
        return fail(entered.error());
    }
    netlink::DevlinkInfo info;
    info.driver = "mlx5_core";
    return info;
}

Result<netlink::Eswitch> FakeKernel::eswitch_get(const DevlinkHandle& handle) {
    if (auto entered = enter("eswitch_get", handle.to_string()); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    const auto device = devices_.find(handle);
    if (device == devices_.end()) {
        return fail(ENODEV, handle.to_string(), "get eswitch");
    }
    if (device->second.plain) {
        return fail(EOPNOTSUPP, handle.to_string(), "get eswitch");
    }
    netlink::Eswitch eswitch;
    eswitch.mode = device->second.mode;
    eswitch.encap_mode = device->second.encap_mode;
    return eswitch;
}

Status FakeKernel::eswitch_set(const DevlinkHandle& handle, const netlink::Eswitch& wanted) {
    if (auto entered = enter("eswitch_set", handle.to_string()); !entered) {
        return entered;
    }
    MutexLock lock(mutex_);
    if (!devices_.count(handle)) {
        return fail(ENODEV, handle.to_string(), "set eswitch");
    }
    if (wanted.encap_mode) {
        devices_.at(handle).encap_mode = *wanted.encap_mode;
    }
    if (wanted.mode) {
        set_mode(handle, *wanted.mode);
    }
    return {};
}

Status FakeKernel::devlink_reload(const DevlinkHandle& handle) {
    if (auto entered = enter("devlink_reload", handle.to_string()); !entered) {
        return entered;
    }
    MutexLock lock(mutex_);
    const auto device = devices_.find(handle);
    if (device == devices_.end()) {
        return fail(ENODEV, handle.to_string(), "reload");
    }
    set_mode(handle, EswitchMode::kLegacy);
    if (nested_uplinks_) {
        drop_ethernet(handle, device->second);
        make_ethernet(handle, device->second);
    }
    return {};
}

Result<uint32_t> FakeKernel::num_vfs(const DevlinkHandle& handle) {
    if (auto entered = enter("num_vfs", handle.to_string()); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    const auto device = devices_.find(handle);
    return device == devices_.end() ? 0 : device->second.vfs;
}

Result<std::vector<DevlinkPort>> FakeKernel::devlink_ports() {
    if (auto entered = enter("devlink_ports", ""); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    std::vector<DevlinkPort> ports;
    for (const auto& [handle, device] : devices_) {
        for (const auto& [index, port] : device.ports) {
            ports.push_back(seen(port));
        }
    }
    return ports;
}

Result<DevlinkPort> FakeKernel::devlink_port(const DevlinkHandle& handle, uint32_t index) {
    if (auto entered = enter("devlink_port", name_of(handle, index)); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    const Port* port = find_port(pf_of(handle), index);
    if (!port || seen(*port).handle != handle) {
        return fail(ENODEV, handle.to_string(), "get port");
    }
    return seen(*port);
}

Result<DevlinkPort> FakeKernel::port_new(const netlink::NewPort& wanted) {
    if (auto entered = enter("port_new", wanted.handle.to_string()); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    const auto device = devices_.find(wanted.handle);
    if (device == devices_.end()) {
        return fail(ENODEV, wanted.handle.to_string(), "add port");
    }
    if (device->second.mode == EswitchMode::kLegacy) {
        return fail(EOPNOTSUPP, wanted.handle.to_string(), "add port",
                    "SF ports are only supported in eswitch switchdev mode");
    }
    const RepRef ref{
        wanted.handle,
        {RepId::Kind::kSf, wanted.controller.value_or(0), wanted.pf, wanted.sf.value_or(0)}};
    for (const auto& [index, port] : device->second.ports) {
        if (RepId::of_port(port.port) == ref.rep) {
            return fail(EEXIST, wanted.handle.to_string(), "add port",
                        "SF already exist. Choose different sfnum");
        }
    }
    make_port(device->second, ref);
    make_netdev(device->second, ref);
    return seen(port_of(ref));
}

Status FakeKernel::port_del(const DevlinkHandle& handle, uint32_t index) {
    if (auto entered = enter("port_del", name_of(handle, index)); !entered) {
        return entered;
    }
    MutexLock lock(mutex_);
    const Port* port = find_port(handle, index);
    if (!port) {
        return fail(ENODEV, handle.to_string(), "delete port");
    }
    const RepRef ref{handle, RepId::of_port(port->port).value()};
    drop_netdev(ref);
    drop_port(ref);
    return {};
}

Status FakeKernel::port_function_set(const DevlinkHandle& handle, uint32_t index,
                                     const netlink::PortFunction& wanted) {
    if (auto entered = enter("port_function_set", name_of(handle, index)); !entered) {
        return entered;
    }
    MutexLock lock(mutex_);
    Port* port = find_port(handle, index);
    if (!port) {
        return fail(ENODEV, handle.to_string(), "set port function");
    }
    if (!port->port.function || (wanted.state && !port->port.function->state)) {
        return fail(EOPNOTSUPP, handle.to_string(), "set port function",
                    "Function does not support state setting");
    }
    if (ignore_settings_) {
        return {};
    }
    if (wanted.hw_addr) {
        port->port.function->hw_addr = wanted.hw_addr;
    }
    if (wanted.state) {
        port->port.function->state = wanted.state;
    }
    emit_port(*port);
    return {};
}

Result<netlink::DevlinkParam> FakeKernel::param_get(const DevlinkHandle& handle,
                                                    const std::string& name) {
    if (auto entered = enter("param_get", handle.to_string()); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    if (name != kSteeringMode || !devices_.count(handle)) {
        return fail(EINVAL, handle.to_string(), "get parameter " + name);
    }
    netlink::DevlinkParam param;
    param.handle = handle;
    param.name = name;
    param.type = kStringType;
    param.values = {{netlink::ParamCmode::kRuntime, devices_.at(handle).steering_mode}};
    return param;
}

/// As mlx5: software steering cannot be chosen in switchdev mode.
Status FakeKernel::param_set(const DevlinkHandle& handle, const std::string& name, uint8_t type,
                             netlink::ParamCmode, const netlink::ParamValue& value) {
    if (auto entered = enter("param_set", handle.to_string()); !entered) {
        return entered;
    }
    MutexLock lock(mutex_);
    const auto* text = std::get_if<std::string>(&value);
    if (name != kSteeringMode || type != kStringType || !text || !devices_.count(handle)) {
        return fail(EINVAL, handle.to_string(), "set parameter " + name);
    }
    Device& device = devices_.at(handle);
    if (*text == "smfs" && device.mode != EswitchMode::kLegacy) {
        return fail(EOPNOTSUPP, handle.to_string(), "set parameter " + name,
                    "mlx5_core: Software managed steering is not supported when eswitch offloads "
                    "enabled.");
    }
    device.steering_mode = *text;
    return {};
}

Result<std::vector<DevlinkRate>> FakeKernel::rates() {
    if (auto entered = enter("rates", ""); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    std::vector<DevlinkRate> rates;
    for (const auto& [handle, device] : devices_) {
        for (const auto& [index, port] : device.ports) {
            rates.push_back(port.rate);
        }
    }
    return rates;
}

Result<DevlinkRate> FakeKernel::rate_get(const DevlinkRate& which) {
    const uint32_t index = which.port_index.value_or(0);
    if (auto entered = enter("rate_get", name_of(which.handle, index)); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    const Port* port = find_port(which.handle, index);
    if (!port) {
        return fail(ENODEV, which.handle.to_string(), "get rate");
    }
    return port->rate;
}

Status FakeKernel::rate_set(const DevlinkRate& wanted) {
    const uint32_t index = wanted.port_index.value_or(0);
    if (auto entered = enter("rate_set", name_of(wanted.handle, index)); !entered) {
        return entered;
    }
    MutexLock lock(mutex_);
    Port* port = find_port(wanted.handle, index);
    if (!port) {
        return fail(ENODEV, wanted.handle.to_string(), "set rate");
    }
    const bool taken = !ignore_settings_;
    const auto set = [&](auto member) {
        if (wanted.*member && taken) {
            port->rate.*member = wanted.*member;
        }
    };
    set(&DevlinkRate::tx_share_bytes);
    set(&DevlinkRate::tx_max_bytes);
    set(&DevlinkRate::tx_priority);
    set(&DevlinkRate::tx_weight);
    emit(Source::kDevlink, netlink::DevlinkRateEvent{port->rate, false});
    return {};
}

Status FakeKernel::rate_new(const DevlinkRate& wanted) {
    return enter("rate_new", wanted.handle.to_string());
}

Status FakeKernel::rate_del(const DevlinkHandle& handle, const std::string&) {
    return enter("rate_del", handle.to_string());
}

Result<std::vector<netlink::Link>> FakeKernel::links() {
    if (auto entered = enter("links", ""); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    std::vector<netlink::Link> links;
    for (const auto& [ifindex, netdev] : netdevs_) {
        if (netdev.here) {
            links.push_back(netdev.link);
        }
    }
    return links;
}

Result<netlink::Link> FakeKernel::link(uint32_t ifindex) {
    if (auto entered = enter("link", name_of(ifindex)); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    const auto netdev = netdevs_.find(ifindex);
    if (netdev == netdevs_.end() || !netdev->second.here) {
        return fail(ENODEV, std::to_string(ifindex), "get link");
    }
    return netdev->second.link;
}

Result<netlink::LinkStats> FakeKernel::link_stats(uint32_t ifindex) {
    if (auto entered = enter("link_stats", name_of(ifindex)); !entered) {
        return fail(entered.error());
    }
    return netlink::LinkStats{};
}

Result<std::vector<netlink::DriverCounter>> FakeKernel::driver_counters(uint32_t ifindex) {
    if (auto entered = enter("driver_counters", name_of(ifindex)); !entered) {
        return fail(entered.error());
    }
    return std::vector<netlink::DriverCounter>{};
}

Status FakeKernel::link_change(const netlink::LinkChange& change) {
    if (auto entered = enter("link_change", name_of(change.ifindex)); !entered) {
        return entered;
    }
    MutexLock lock(mutex_);
    const auto netdev = netdevs_.find(change.ifindex);
    if (netdev == netdevs_.end()) {
        return fail(ENODEV, std::to_string(change.ifindex), "change link");
    }
    if (change.name) {
        netdev->second.link.name = *change.name;
    }
    if (change.mtu) {
        netdev->second.link.mtu = change.mtu;
    }
    emit_link(netdev->second);
    return {};
}

Result<netlink::LinkModes> FakeKernel::link_modes(uint32_t ifindex) {
    if (auto entered = enter("link_modes", name_of(ifindex)); !entered) {
        return fail(entered.error());
    }
    return netlink::LinkModes{};
}

Result<netlink::NetdevFeatures> FakeKernel::features(uint32_t ifindex) {
    if (auto entered = enter("features", name_of(ifindex)); !entered) {
        return fail(entered.error());
    }
    return netlink::NetdevFeatures{};
}

Status FakeKernel::set_feature(uint32_t ifindex, const std::string&, bool) {
    return enter("set_feature", name_of(ifindex));
}

Result<bool> FakeKernel::remove_ingress_qdisc(uint32_t ifindex) {
    if (auto entered = enter("remove_ingress_qdisc", name_of(ifindex)); !entered) {
        return fail(entered.error());
    }
    return false;
}

Result<std::vector<netlink::RdmaDevice>> FakeKernel::rdma_devices() {
    if (auto entered = enter("rdma_devices", ""); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    return rdma_devices_;
}

Result<std::vector<netlink::RdmaPort>> FakeKernel::rdma_ports(uint32_t device_index) {
    if (auto entered = enter("rdma_ports", std::to_string(device_index)); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    std::vector<netlink::RdmaPort> ports;
    for (const auto& port : rdma_ports_) {
        if (port.device_index == device_index) {
            ports.push_back(port);
        }
    }
    return ports;
}

Result<DevlinkHandle> FakeKernel::auxiliary_parent(const std::string& device) {
    if (auto entered = enter("auxiliary_parent", device); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    const DevlinkHandle handle{"auxiliary", device};
    const DevlinkHandle pf = pf_of(handle);
    return pf == handle ? Result<DevlinkHandle>(fail(ENODEV, device, "look up its device"))
                        : Result<DevlinkHandle>(pf);
}

Result<DevlinkHandle> FakeKernel::rdma_parent(const std::string& device) {
    if (auto entered = enter("rdma_parent", device); !entered) {
        return fail(entered.error());
    }
    MutexLock lock(mutex_);
    const auto parent = rdma_parents_.find(device);
    return parent == rdma_parents_.end()
               ? Result<DevlinkHandle>(fail(ENODEV, device, "look up its device"))
               : Result<DevlinkHandle>(parent->second);
}

}  // namespace esw::fakes
