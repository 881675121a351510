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

void NestedPorts::add_ports(const Instance& instance, Events& events) const {
    if (instance.device && devices_.count(*instance.device)) {
        for (const auto& [index, port] : instance.ports) {
            events.emplace_back(DevlinkPortEvent{as_port_of(*instance.device, port), false});
        }
    }
}

void NestedPorts::add_device(const DevlinkHandle& handle, Events& events) {
    if (!devices_.insert(handle).second) {
        return;
    }
    for (const auto& [own, instance] : instances_) {
        if (instance.device == handle) {
            add_ports(instance, events);
        }
    }
}

NestedPorts::Instance& NestedPorts::add_instance(const DevlinkHandle& handle, Events& events) {
    Instance& instance = instances_[handle];
    if (!instance.device) {
        instance.device = parent_(handle);
        add_ports(instance, events);
    }
    return instance;
}

void NestedPorts::remove_instance(const DevlinkHandle& handle, Events& events) {
    const auto removed = instances_.extract(handle);
    if (removed.empty() || !removed.mapped().device) {
        return;
    }
    for (const auto& [index, port] : removed.mapped().ports) {
        events.emplace_back(DevlinkPortEvent{as_port_of(*removed.mapped().device, port), true});
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
    if (!is_ethernet_driver(handle)) {
        events.emplace_back(event);
        if (event.removed) {
            devices_.erase(handle);
        } else {
            add_device(handle, events);
        }
    } else if (event.removed) {
        remove_instance(handle, events);
    } else {
        add_instance(handle, events);
    }
    return events;
}

NestedPorts::Events NestedPorts::apply_port(DevlinkPortEvent event) {
    const DevlinkHandle handle = event.port.handle;
    Events events;
    if (!is_ethernet_driver(handle)) {
        events.emplace_back(std::move(event));
        if (!event.removed) {
            add_device(handle, events);  // a port that is heard of first brings its device along
        }
        return events;
    }
    Instance& instance = add_instance(handle, events);
    if (event.removed) {
        instance.ports.erase(event.port.index);
    } else {
        instance.ports[event.port.index] = event.port;
    }
    if (instance.device && devices_.count(*instance.device)) {
        events.emplace_back(
            DevlinkPortEvent{as_port_of(*instance.device, std::move(event.port)), event.removed});
    }
    return events;
}

void NestedPorts::resync(std::vector<netlink::DevlinkDevice>& devices,
                         std::vector<DevlinkPort>& ports) {
    instances_.clear();
    devices_.clear();
    Events none;  // comes of instances while no device is known
    std::erase_if(devices, [&](const netlink::DevlinkDevice& device) {
        if (is_ethernet_driver(device.handle)) {
            add_instance(device.handle, none);
            return true;
        }
        return false;
    });
    std::erase_if(ports, [&](DevlinkPort& port) {
        if (is_ethernet_driver(port.handle)) {
            add_instance(port.handle, none).ports.insert_or_assign(port.index, port);
            return true;
        }
        devices_.insert(port.handle);
        return false;
    });
    for (const netlink::DevlinkDevice& device : devices) {
        devices_.insert(device.handle);
    }
    // Now it is known which devices are there, by ports behind their drivers' too.
    for (const auto& [handle, instance] : instances_) {
        for (const auto& [index, port] : instance.ports) {
            if (instance.device && devices_.count(*instance.device)) {
                ports.push_back(as_port_of(*instance.device, port));
            }
        }
    }
}

}  // namespace esw
