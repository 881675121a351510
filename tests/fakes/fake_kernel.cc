// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/fake_kernel.h"

#include <cerrno>
#include <stdexcept>
#include <utility>

#include "base/event_loop.h"
#include "base/mailbox.h"

namespace esw::fakes {

using netlink::DevlinkPort;
using netlink::EswitchMode;
using netlink::KernelEvent;
using netlink::PortFlavour;
using netlink::PortType;

namespace {

constexpr uint32_t kUplinkVport = 0xffff;
/// SFs come after any number of VFs.
constexpr uint32_t kFirstSfVport = 0x8000;

uint32_t vport_of(const RepId& rep) {
    switch (rep.kind) {
        case RepId::Kind::kUplink:
            return kUplinkVport;
        case RepId::Kind::kPf:
            return 0;
        case RepId::Kind::kVf:
            return rep.number + 1;
        case RepId::Kind::kSf:
            return kFirstSfVport + rep.number;
    }
    return 0;
}

DevlinkPort new_port(const RepRef& ref, uint32_t index) {
    DevlinkPort port;
    port.handle = ref.handle;
    port.index = index;
    const RepId& rep = ref.rep;
    if (rep.kind == RepId::Kind::kUplink) {
        port.flavour = PortFlavour::kPhysical;
        port.port_number = rep.pf;
        return port;
    }
    port.controller = rep.controller;
    port.pf = static_cast<uint16_t>(rep.pf);
    port.external = rep.controller != 0;
    port.function = netlink::PortFunction{};
    port.function->hw_addr = netlink::MacAddress{};
    switch (rep.kind) {
        case RepId::Kind::kVf:
            port.flavour = PortFlavour::kPciVf;
            port.vf = static_cast<uint16_t>(rep.number);
            break;
        case RepId::Kind::kSf:
            port.flavour = PortFlavour::kPciSf;
            port.sf = rep.number;
            port.function->state = netlink::FunctionState::kInactive;
            break;
        default:
            port.flavour = PortFlavour::kPciPf;
            break;
    }
    return port;
}

}  // namespace

FakeKernel::FakeKernel() = default;
FakeKernel::~FakeKernel() = default;

// --- the adapter

void FakeKernel::add_pf(const DevlinkHandle& handle, uint32_t pf, uint32_t vfs) {
    MutexLock lock(mutex_);
    Device& device = devices_[handle];
    device.pf = pf;
    device.vfs = vfs;
    device.vhca_id = next_vhca_id_++;
    device.switch_id = {0x6c, 0x5b, 0x0a, 0x00, 0x03, 0x00, 0x8a, static_cast<uint8_t>(pf)};
    if (nested_uplinks_) {
        make_ethernet(handle, device);
    }
    emit(Source::kDevlink, netlink::DevlinkDeviceEvent{{handle, false}, false});
    if (!nested_uplinks_) {
        make_ethernet(handle, device);
    }
}

DevlinkHandle FakeKernel::ethernet_driver_of(const Device& device) {
    return {"auxiliary", "mlx5_core.eth." + std::to_string(device.vhca_id)};
}

DevlinkHandle FakeKernel::ethernet_driver(const DevlinkHandle& handle) const {
    MutexLock lock(mutex_);
    return ethernet_driver_of(devices_.at(handle));
}

DevlinkHandle FakeKernel::pf_of(const DevlinkHandle& handle) const {
    for (const auto& [pf, device] : devices_) {
        if (nested_uplinks_ && ethernet_driver_of(device) == handle) {
            return pf;
        }
    }
    return handle;
}

void FakeKernel::nest_uplinks() {
    MutexLock lock(mutex_);
    nested_uplinks_ = true;
}

void FakeKernel::remove_ethernet_driver(const DevlinkHandle& handle) {
    MutexLock lock(mutex_);
    drop_ethernet(handle, devices_.at(handle));
}

void FakeKernel::add_ethernet_driver(const DevlinkHandle& handle) {
    MutexLock lock(mutex_);
    make_ethernet(handle, devices_.at(handle));
}

void FakeKernel::make_ethernet(const DevlinkHandle& handle, Device& device) {
    const DevlinkHandle driver = ethernet_driver_of(device);
    if (nested_uplinks_) {
        emit(Source::kDevlink, netlink::DevlinkDeviceEvent{{driver, false}, false});
    }
    const RepRef uplink{handle, {RepId::Kind::kUplink, 0, device.pf, 0}};
    make_port(device, uplink);
    make_netdev(device, uplink);
}

void FakeKernel::drop_ethernet(const DevlinkHandle& handle, const Device& device) {
    const DevlinkHandle driver = ethernet_driver_of(device);
    const RepRef uplink{handle, {RepId::Kind::kUplink, 0, device.pf, 0}};
    drop_netdev(uplink);
    drop_port(uplink);
    if (nested_uplinks_) {
        emit(Source::kDevlink, netlink::DevlinkDeviceEvent{{driver, false}, true});
    }
}

void FakeKernel::remove_device(const DevlinkHandle& handle) {
    MutexLock lock(mutex_);
    Device& device = devices_.at(handle);
    drop_vfs(handle, device);
    if (nested_uplinks_ && !device.plain) {
        emit(Source::kDevlink, netlink::DevlinkDeviceEvent{{handle, false}, true});
        drop_ethernet(handle, device);
        devices_.erase(handle);
        return;
    }
    while (!device.ports.empty()) {
        const Port& last = device.ports.rbegin()->second;
        const auto rep = RepId::of_port(last.port);
        if (rep) {
            drop_netdev({handle, *rep});
            drop_port({handle, *rep});
        } else {
            emit_port(last, true);
            device.ports.erase(std::prev(device.ports.end()));
        }
    }
    devices_.erase(handle);
    emit(Source::kDevlink, netlink::DevlinkDeviceEvent{{handle, false}, true});
}

void FakeKernel::add_plain_device(const DevlinkHandle& handle) {
    MutexLock lock(mutex_);
    Device& device = devices_[handle];
    device.plain = true;
    emit(Source::kDevlink, netlink::DevlinkDeviceEvent{{handle, false}, false});
    Port& port = device.ports[next_vhca_id_++ << 16];
    port.port.handle = handle;
    port.port.flavour = PortFlavour::kVirtual;
    emit_port(port);
}

void FakeKernel::set_num_vfs(const DevlinkHandle& handle, uint32_t vfs) {
    MutexLock lock(mutex_);
    Device& device = devices_.at(handle);
    if (vfs == 0) {
        drop_vfs(handle, device);
        return;
    }
    if (device.vfs != 0) {
        throw std::logic_error("from n to m VFs goes by 0");
    }
    device.vfs = vfs;
    if (device.mode != EswitchMode::kLegacy) {
        make_vfs(handle, device);
    }
}

std::string FakeKernel::steering_mode(const DevlinkHandle& handle) const {
    MutexLock lock(mutex_);
    return devices_.at(handle).steering_mode;
}

void FakeKernel::change_mode(const DevlinkHandle& handle, EswitchMode mode) {
    MutexLock lock(mutex_);
    set_mode(handle, mode);
}

void FakeKernel::set_mode(const DevlinkHandle& handle, EswitchMode mode) {
    Device& device = devices_.at(handle);
    const bool was_legacy = device.mode == EswitchMode::kLegacy;
    device.mode = mode;
    if (was_legacy == (mode == EswitchMode::kLegacy)) {
        return;
    }
    mark_uplink(handle, device);
    if (was_legacy) {
        make_vfs(handle, device);
    } else {
        const uint32_t vfs = device.vfs;
        drop_sfs(handle, device);
        drop_vfs(handle, device);
        device.vfs = vfs;
    }
}

/// mlx5 has a switch id in switchdev mode only. The uplink keeps its netdev.
void FakeKernel::mark_uplink(const DevlinkHandle& handle, Device& device) {
    const auto netdev = netdevs_.find(
        port_of({handle, {RepId::Kind::kUplink, 0, device.pf, 0}}).port.ifindex.value_or(0));
    if (netdev == netdevs_.end()) {
        return;
    }
    netdev->second.link.switch_id =
        device.mode == EswitchMode::kLegacy ? std::vector<uint8_t>() : device.switch_id;
    emit_link(netdev->second);
}

void FakeKernel::make_vfs(const DevlinkHandle& handle, Device& device) {
    for (uint32_t vf = 0; vf < device.vfs; ++vf) {
        const RepRef ref{handle, {RepId::Kind::kVf, 0, device.pf, vf}};
        make_port(device, ref);
        make_netdev(device, ref);
    }
}

void FakeKernel::drop_vfs(const DevlinkHandle& handle, Device& device) {
    for (uint32_t vf = device.vfs; vf-- > 0;) {
        const RepRef ref{handle, {RepId::Kind::kVf, 0, device.pf, vf}};
        if (find_port(handle, (device.vhca_id << 16) | vport_of(ref.rep))) {
            drop_netdev(ref);
            drop_port(ref);
        }
    }
    device.vfs = 0;
}

void FakeKernel::drop_sfs(const DevlinkHandle& handle, const Device& device) {
    std::vector<RepRef> sfs;
    for (const auto& [index, port] : device.ports) {
        const auto id = RepId::of_port(port.port);
        if (id && id->kind == RepId::Kind::kSf) {
            sfs.push_back({handle, *id});
        }
    }
    for (const RepRef& sf : sfs) {
        drop_netdev(sf);
        drop_port(sf);
    }
}

void FakeKernel::make_port(Device& device, const RepRef& ref) {
    const uint32_t index = (device.vhca_id << 16) | vport_of(ref.rep);
    Port& port = device.ports[index];
    port.port = new_port(ref, index);
    port.rate.handle = ref.handle;
    port.rate.port_index = index;
    emit_port(port);
}

void FakeKernel::make_netdev(Device& device, const RepRef& ref) {
    Port& port = port_of(ref);
    Netdev netdev;
    netdev.link.ifindex = next_ifindex_++;
    netdev.link.name = "eth" + std::to_string(netdev.link.ifindex);
    netdev.link.phys_port_name = ref.rep.to_string();
    netdev.link.parent_bus = ref.handle.bus;
    netdev.link.parent_device = ref.handle.device;
    if (device.mode != EswitchMode::kLegacy) {
        netdev.link.switch_id = device.switch_id;
    }
    netdevs_[netdev.link.ifindex] = netdev;
    port.port.type = PortType::kEth;
    port.port.ifindex = netdev.link.ifindex;
    emit_link(netdev);
    emit_port(port);
}

void FakeKernel::drop_netdev(const RepRef& ref) {
    Port& port = port_of(ref);
    port.port.type = PortType::kNotSet;
    const auto netdev = netdevs_.find(port.port.ifindex.value_or(0));
    port.port.ifindex.reset();
    if (netdev == netdevs_.end()) {
        return;
    }
    if (netdev->second.here) {
        emit_link(netdev->second, true);
    }
    netdevs_.erase(netdev);
    emit_port(port);
}

void FakeKernel::drop_port(const RepRef& ref) {
    const Port gone = port_of(ref);
    devices_.at(ref.handle).ports.erase(gone.port.index);
    emit_port(gone, true);
}

void FakeKernel::add_port(const RepRef& ref) {
    MutexLock lock(mutex_);
    make_port(devices_.at(ref.handle), ref);
}

void FakeKernel::add_netdev(const RepRef& ref) {
    MutexLock lock(mutex_);
    make_netdev(devices_.at(ref.handle), ref);
}

void FakeKernel::remove_netdev(const RepRef& ref) {
    MutexLock lock(mutex_);
    drop_netdev(ref);
}

void FakeKernel::remove_port(const RepRef& ref) {
    MutexLock lock(mutex_);
    drop_port(ref);
}

void FakeKernel::rename(const RepRef& ref, const std::string& name) {
    MutexLock lock(mutex_);
    Netdev& netdev = netdevs_.at(port_of(ref).port.ifindex.value());
    netdev.link.name = name;
    emit_link(netdev);
}

void FakeKernel::leave_namespace(const RepRef& ref) {
    MutexLock lock(mutex_);
    Netdev& netdev = netdevs_.at(port_of(ref).port.ifindex.value());
    netdev.here = false;
    emit_link(netdev, true);
}

void FakeKernel::return_to_namespace(const RepRef& ref) {
    MutexLock lock(mutex_);
    Netdev& netdev = netdevs_.at(port_of(ref).port.ifindex.value());
    netdev.here = true;
    emit_link(netdev);
}

void FakeKernel::set_switch_id(const DevlinkHandle& handle, std::vector<uint8_t> switch_id) {
    MutexLock lock(mutex_);
    Device& device = devices_.at(handle);
    device.switch_id = std::move(switch_id);
    for (auto& [index, port] : device.ports) {
        Netdev& netdev = netdevs_.at(port.port.ifindex.value());
        netdev.link.switch_id = device.switch_id;
        emit_link(netdev);
    }
}

void FakeKernel::repeat_port_event(const RepRef& ref) {
    MutexLock lock(mutex_);
    emit_port(port_of(ref));
}

void FakeKernel::add_rdma_port(const RepRef& ref, const std::string& device, uint32_t port) {
    MutexLock lock(mutex_);
    netlink::RdmaPort out;
    for (const auto& known : rdma_devices_) {
        if (known.name == device) {
            out.device_index = known.index;
        }
    }
    if (!out.device_index) {
        out.device_index = static_cast<uint32_t>(rdma_devices_.size()) + 1;
        netlink::RdmaDevice added;
        added.index = out.device_index;
        added.name = device;
        rdma_devices_.push_back(added);
    }
    out.device_name = device;
    out.port = port;
    out.ifindex = port_of(ref).port.ifindex;
    rdma_ports_.push_back(out);
    emit(Source::kRdma, netlink::RdmaEvent{netlink::RdmaEvent::Kind::kNetdevAttach,
                                           out.device_index, device, port, out.ifindex, ""});
}

void FakeKernel::add_rdma_device(const DevlinkHandle& parent, const std::string& name) {
    MutexLock lock(mutex_);
    netlink::RdmaDevice added;
    added.index = next_rdma_index_++;
    added.name = name;
    rdma_devices_.push_back(added);
    rdma_parents_[name] = parent;
    emit(Source::kRdma,
         netlink::RdmaDeviceEvent{netlink::RdmaDeviceEvent::Kind::kCame, name, "", parent.device});
}

void FakeKernel::remove_rdma_device(const std::string& name) {
    MutexLock lock(mutex_);
    std::erase_if(rdma_devices_, [&](const auto& device) { return device.name == name; });
    const DevlinkHandle parent = rdma_parents_.at(name);
    rdma_parents_.erase(name);
    emit(Source::kRdma,
         netlink::RdmaDeviceEvent{netlink::RdmaDeviceEvent::Kind::kWent, name, "", parent.device});
}

uint32_t FakeKernel::ifindex(const RepRef& ref) const {
    MutexLock lock(mutex_);
    return const_cast<FakeKernel*>(this)->port_of(ref).port.ifindex.value();
}

uint32_t FakeKernel::port_index(const RepRef& ref) const {
    MutexLock lock(mutex_);
    return const_cast<FakeKernel*>(this)->port_of(ref).port.index;
}

void FakeKernel::ignore_settings(bool ignore) {
    MutexLock lock(mutex_);
    ignore_settings_ = ignore;
}

FakeKernel::Port* FakeKernel::find_port(const DevlinkHandle& handle, uint32_t index) {
    const auto device = devices_.find(handle);
    if (device == devices_.end()) {
        return nullptr;
    }
    const auto port = device->second.ports.find(index);
    return port == device->second.ports.end() ? nullptr : &port->second;
}

FakeKernel::Port& FakeKernel::port_of(const RepRef& ref) {
    Device& device = devices_.at(ref.handle);
    return device.ports.at((device.vhca_id << 16) | vport_of(ref.rep));
}

DevlinkPort FakeKernel::seen(const Port& port) const {
    DevlinkPort out = port.port;
    const auto netdev = netdevs_.find(out.ifindex.value_or(0));
    if (netdev == netdevs_.end() || !netdev->second.here) {
        out.ifindex.reset();
        out.ifname.clear();
    } else {
        out.ifname = netdev->second.link.name;
    }
    if (nested_uplinks_ && out.flavour == PortFlavour::kPhysical) {
        out.handle = ethernet_driver_of(devices_.at(out.handle));
    }
    return out;
}

// --- notifications

struct FakeMonitor::Inbox {
    explicit Inbox(std::function<void()> wake) : events(std::move(wake)) {}
    Mailbox<KernelEvent> events;
    FakeMonitor* owner = nullptr;  // loop's thread; null when the monitor is gone
};

FakeMonitor::FakeMonitor(FakeKernel& kernel, EventLoop& loop)
    : kernel_(kernel), inbox_(make_inbox(loop)) {
    inbox_->owner = this;
}

FakeMonitor::~FakeMonitor() {
    kernel_.unsubscribe(this);
    inbox_->owner = nullptr;
}

std::shared_ptr<FakeMonitor::Inbox> FakeMonitor::make_inbox(EventLoop& loop) {
    const auto self = std::make_shared<std::weak_ptr<Inbox>>();
    auto inbox = std::make_shared<Inbox>([&loop, self] {
        loop.post([inbox = self->lock()] {
            if (inbox->owner) {
                inbox->owner->drain();
            }
        });
    });
    *self = inbox;
    return inbox;
}

Status FakeMonitor::start(std::function<void(KernelEvent)> receiver) {
    receiver_ = std::move(receiver);
    kernel_.subscribe(this);
    return {};
}

void FakeMonitor::drain() {
    for (auto events = inbox_->events.take_all(); !events.empty();
         events = inbox_->events.take_all()) {
        for (auto& event : events) {
            receiver_(std::move(event));
        }
    }
}

bool FakeMonitor::has_devlink() const {
    MutexLock lock(kernel_.mutex_);
    return kernel_.has_devlink_;
}

std::unique_ptr<netlink::KernelMonitor> FakeKernel::monitor(EventLoop& loop) {
    return std::make_unique<FakeMonitor>(*this, loop);
}

void FakeKernel::subscribe(FakeMonitor* monitor) {
    MutexLock lock(mutex_);
    monitors_.insert(monitor);
}

void FakeKernel::unsubscribe(FakeMonitor* monitor) {
    MutexLock lock(mutex_);
    monitors_.erase(monitor);
}

void FakeKernel::deliver(KernelEvent event) {
    for (FakeMonitor* monitor : monitors_) {
        monitor->inbox_->events.put(event);
    }
}

void FakeKernel::emit(Source source, KernelEvent event) {
    if (lost_.count(source)) {
        return;
    }
    const auto held = held_.find(source);
    if (held != held_.end()) {
        held->second.push_back(std::move(event));
    } else {
        deliver(std::move(event));
    }
}

void FakeKernel::emit_port(const Port& port, bool removed) {
    emit(Source::kDevlink, netlink::DevlinkPortEvent{seen(port), removed});
}

void FakeKernel::emit_link(const Netdev& netdev, bool removed) {
    emit(Source::kRtnl, netlink::LinkEvent{netdev.link, removed, std::nullopt});
}

void FakeKernel::hold(Source source) {
    MutexLock lock(mutex_);
    held_[source];
}

void FakeKernel::release(Source source) {
    MutexLock lock(mutex_);
    const auto held = held_.find(source);
    for (auto& event : held->second) {
        deliver(std::move(event));
    }
    held_.erase(held);
}

void FakeKernel::lose(Source source) {
    MutexLock lock(mutex_);
    lost_.insert(source);
}

void FakeKernel::found(Source source) {
    MutexLock lock(mutex_);
    lost_.erase(source);
    deliver(netlink::Overflow{source});
}

void FakeKernel::source_lost(Source source) {
    MutexLock lock(mutex_);
    lost_.insert(source);
    deliver(netlink::SourceLost{source, {ENOBUFS, "socket", "receive", ""}});
}

void FakeKernel::set_has_devlink(bool has) {
    MutexLock lock(mutex_);
    has_devlink_ = has;
}

}  // namespace esw::fakes
