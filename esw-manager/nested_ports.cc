// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/nested_ports.h"

namespace esw {

using netlink::DevlinkDeviceEvent;
using netlink::DevlinkPort;
using netlink::DevlinkPortEvent;

namespace {

/// Auxiliary devices are MODULE.NAME.NUMBER; those of Ethernet drivers are "eth" (MLX5_ADEV_NAME
/// and mlx5e_id_table in Linux).
bool is_ethernet_driver(const netlink::DevlinkHandle& handle) {
    return handle.bus == "auxiliary" && handle.device.find(".eth.") != std::string::npos;
}

}  // namespace

DevlinkPort as_port_of(const netlink::DevlinkHandle& device, DevlinkPort port) {
    if (port.handle != device) {
        port.instance = std::exchange(port.handle, device);
    }
    return port;
}

NestedPorts::Instance* NestedPorts::instance_of(const DevlinkHandle& handle) {
    const auto known = instances_.find(handle);
    if (known != instances_.end()) {
        return &known->second;
    }
    if (!is_ethernet_driver(handle) || devices_.count(handle)) {
        return nullptr;
    }
    const auto device = parent_(handle);
    return device ? &instances_.emplace(handle, Instance{*device, {}}).first->second : nullptr;
}

void NestedPorts::add_device(const DevlinkHandle& handle, Events& events) {
    if (!devices_.insert(handle).second) {
        return;
    }
    for (const auto& [own, instance] : instances_) {
        for (const auto& [index, port] : instance.ports) {
            if (instance.device == handle) {
                events.emplace_back(DevlinkPortEvent{as_port_of(handle, port), false});
            }
        }
    }
}

NestedPorts::Events NestedPorts::apply(netlink::KernelEvent event) {
    if (auto* device = std::get_if<DevlinkDeviceEvent>(&event)) {
        return apply_device(std::move(*device));
    }
    if (auto* port = std::get_if<DevlinkPortEvent>(&event)) {
        return apply_port(std::move(*port));
    }
    Events events;
    events.push_back(std::move(event));
    return events;
}

NestedPorts::Events NestedPorts::apply_device(DevlinkDeviceEvent event) {
    const DevlinkHandle handle = event.device.handle;
    Events events;
    const bool known = instances_.count(handle) != 0;
    Instance* const instance = event.removed && !known ? nullptr : instance_of(handle);
    if (!instance) {
        events.emplace_back(event);
        if (event.removed) {
            devices_.erase(handle);
        } else {
            add_device(handle, events);
        }
        return events;
    }
    if (event.removed) {
        for (const auto& [index, port] : instance->ports) {
            events.emplace_back(DevlinkPortEvent{as_port_of(instance->device, port), true});
        }
        instances_.erase(handle);
    }
    return events;
}

NestedPorts::Events NestedPorts::apply_port(DevlinkPortEvent event) {
    const DevlinkHandle handle = event.port.handle;
    Events events;
    Instance* const instance = instance_of(handle);
    if (!instance) {
        events.emplace_back(std::move(event));
        if (!event.removed) {
            add_device(handle, events);  // a port that is heard of first brings its device along
        }
        return events;
    }
    if (event.removed) {
        instance->ports.erase(event.port.index);
    } else {
        instance->ports[event.port.index] = event.port;
    }
    if (devices_.count(instance->device)) {
        events.emplace_back(
            DevlinkPortEvent{as_port_of(instance->device, std::move(event.port)), event.removed});
    }
    return events;
}

void NestedPorts::resync(std::vector<netlink::DevlinkDevice>& devices,
                         std::vector<DevlinkPort>& ports) {
    instances_.clear();
    devices_.clear();
    std::erase_if(devices, [this](const netlink::DevlinkDevice& device) {
        const bool nested = instance_of(device.handle) != nullptr;
        if (!nested) {
            devices_.insert(device.handle);
        }
        return nested;
    });
    std::vector<DevlinkPort> own;
    for (DevlinkPort& port : ports) {
        if (Instance* const instance = instance_of(port.handle)) {
            instance->ports.insert_or_assign(port.index, std::move(port));
        } else {
            devices_.insert(port.handle);
            own.push_back(std::move(port));
        }
    }
    // Now it is known which devices are there, by ports behind their drivers' too.
    for (const auto& [handle, instance] : instances_) {
        for (const auto& [index, port] : instance.ports) {
            if (devices_.count(instance.device)) {
                own.push_back(as_port_of(instance.device, port));
            }
        }
    }
    ports = std::move(own);
}

}  // namespace esw
