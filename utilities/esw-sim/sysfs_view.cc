// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/sysfs_view.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "utilities/esw-sim/instance_dir.h"

namespace esw::sim {

namespace {

constexpr uint16_t kSubsystem = 0x0058;  // MCX623106AN-CDAT

// "b8ce:f603:0000:0000"
std::string guid_text(uint64_t guid) {
    return fmt::format("{:04x}:{:04x}:{:04x}:{:04x}", guid >> 48, guid >> 32 & 0xffff,
                       guid >> 16 & 0xffff, guid & 0xffff);
}

// "fe80:0000:..." (%pI6)
std::string gid_text(const std::array<uint8_t, 16>& gid) {
    std::string text;
    for (size_t i = 0; i < gid.size(); i += 2) {
        text += fmt::format("{}{:02x}{:02x}", i ? ":" : "", gid[i], gid[i + 1]);
    }
    return text;
}

// translate_eth_ext_proto_oper() (mlx5_ib's main.c) with the widest link of each speed, as
// rate_show() (core/sysfs.c) writes it.
std::string rate_text(uint32_t speed_mbps) {
    static constexpr std::pair<uint32_t, const char*> kRates[] = {
        {400000, "400 Gb/sec (4X NDR)"}, {200000, "200 Gb/sec (4X HDR)"},
        {100000, "100 Gb/sec (4X EDR)"}, {50000, "50 Gb/sec (2X EDR)"},
        {40000, "40 Gb/sec (4X QDR)"},   {25000, "25 Gb/sec (1X EDR)"},
        {10000, "10 Gb/sec (1X QDR)"},   {0, "2.5 Gb/sec (1X SDR)"}};
    for (const auto& [least, text] : kRates) {
        if (speed_mbps >= least) {
            return text;
        }
    }
    return "";
}

}  // namespace

// Thousands of small files: where the instance's directory is on a disk, a tmpfs is many times
// faster. DIR/sysfs is then a link to it.
Result<std::string> SysfsView::choose_place(const std::string& directory) {
    struct statfs here;
    struct statfs memory;
    const bool on_tmpfs = ::statfs(directory.c_str(), &here) == 0 && here.f_type == TMPFS_MAGIC;
    if (on_tmpfs || ::statfs(InstanceDir::kMemory, &memory) != 0 || memory.f_type != TMPFS_MAGIC) {
        return directory;
    }
    std::string place = std::string(InstanceDir::kMemory) + "/esw-sim.XXXXXX";
    const std::string link = directory + "/sysfs";
    std::error_code error;
    std::filesystem::remove_all(link, error);
    if (!::mkdtemp(place.data()) || ::chmod(place.c_str(), 0755) != 0 ||
        ::symlink((place + "/sysfs").c_str(), link.c_str()) != 0) {
        return fail(errno, place, "make sysfs view");
    }
    return place;
}

SysfsView::~SysfsView() {
    tree_.reset();
    InstanceDir(directory_).remove_sysfs();
}

Result<std::unique_ptr<SysfsView>> SysfsView::create(EventLoop& loop, LogSink& log,
                                                     const std::string& directory,
                                                     const Adapter& adapter) {
    std::unique_ptr<SysfsView> view(new SysfsView(loop, log, directory, adapter));
    InstanceDir(directory).remove_sysfs();
    const auto place = choose_place(directory);
    if (!place) {
        return fail(place.error());
    }
    auto tree = SysfsTree::create(*place);
    if (!tree) {
        return fail(tree.error());
    }
    view->tree_ = std::move(*tree);
    return view;
}

void SysfsView::check(const Status& status) const {
    if (!status) {
        log_.warn("{}", status.error().to_string());
    }
}

// The device of a PF, or of its VF or SF `vport`.
void SysfsView::ensure_device(const std::string& name, const Pf& pf, const Vport* vport) {
    if (!devices_.insert(name).second) {
        return;
    }
    if (vport && vport->is_sf) {
        check(tree_->add_subfunction(name, pf.instance->pci, vport->sfnum));
        return;
    }
    SysfsTree::PciDevice device;
    device.address = name;
    device.subsystem_device = kSubsystem;
    if (vport) {
        device.device = kConnectXVirtual;
        device.physical_function = pf.instance->pci;
        device.vf_number = vport->vf;
    } else {
        device.device = kConnectX6Dx;
        device.vf_device = kConnectXVirtual;
        device.total_vfs = pf.topology.max_vfs;
    }
    check(tree_->add_device(device));
}

void SysfsView::drop_device(const std::string& name) {
    if (devices_.erase(name)) {
        tree_->remove_device(name);
    }
}

void SysfsView::netdev_made(const Netdev& netdev) {
    if (netdev.role != Netdev::Role::kWire) {
        ensure_device(netdev.face.parent_device, *netdev.pf,
                      netdev.role == Netdev::Role::kFunction ? netdev.vport : nullptr);
        set(netdev);
    }
}

void SysfsView::set(const Netdev& netdev) {
    SysfsTree::Netdev entry;
    entry.name = netdev.name;
    entry.device = netdev.face.parent_device;
    entry.phys_port_name = netdev.face.phys_port_name;
    for (const uint8_t byte : netdev.face.switch_id) {
        entry.switch_id += fmt::format("{:02x}", byte);
    }
    entry.has_link_settings = netdev.face.link_speed_mbps != 0;
    entry.away = netdev.away.inode;
    check(tree_->set_netdev(entry));
    names_[&netdev] = {entry.name, entry.away};
}

void SysfsView::forget(const Netdev& netdev) {
    const auto entry = names_.extract(&netdev);
    if (!entry.empty()) {
        tree_->remove_netdev(entry.mapped().name, entry.mapped().away);
    }
}

void SysfsView::netdev_gone(const Netdev& netdev) {
    forget(netdev);
    const bool function = netdev.role == Netdev::Role::kFunction;
    const bool removed_pf =
        netdev.role == Netdev::Role::kUplink && !netdev.pf->instance->registered;
    const auto& instance = function ? netdev.vport->instance : netdev.pf->instance;
    if ((function || removed_pf) && !(instance && instance->ethernet)) {
        drop_device(netdev.face.parent_device);
    }
}

void SysfsView::netdev_changed(const Netdev& netdev) {
    forget(netdev);
    const bool somewhere = netdev.in_namespace || netdev.away != NamespaceId{};
    if (somewhere && netdev.role != Netdev::Role::kWire) {
        set(netdev);
    }
}

// That of an Ethernet auxiliary device is there before the netdev.
void SysfsView::instance_made(const Instance& instance) {
    if (instance.kind == Instance::Kind::kEthernet && !devices_.count(instance.device)) {
        const Instance& parent =
            instance.vport ? *instance.vport->instance : *instance.pf->instance;
        ensure_device(parent.device, *instance.pf, instance.vport);
        devices_.insert(instance.device);
        check(tree_->add_auxiliary(instance.device, parent.device));
    }
}

// The devlink instance of a PF goes before its netdev in old kernels, and after it in new ones;
// that of an Ethernet auxiliary device goes after the netdev, and the last takes the function's
// device.
void SysfsView::instance_gone(const Instance& instance) {
    if (instance.kind == Instance::Kind::kPf && !instance.pf->uplink) {
        drop_device(instance.device);
    }
    if (instance.kind != Instance::Kind::kEthernet) {
        return;
    }
    drop_device(instance.device);
    const Instance& parent = instance.vport ? *instance.vport->instance : *instance.pf->instance;
    if (instance.vport || !parent.registered) {
        drop_device(parent.device);
    }
}

void SysfsView::num_vfs_changed(const Pf& pf) {
    if (devices_.count(pf.instance->pci)) {
        check(tree_->set_num_vfs(pf.instance->pci, pf.num_vfs));
    }
}

void SysfsView::infiniband_made(const IbDevice& device) {
    write_infiniband(device);
}

void SysfsView::infiniband_gone(const IbDevice& device) {
    const auto entry = infiniband_.extract(device.index);
    if (!entry.empty()) {
        tree_->remove_infiniband(entry.mapped().name, entry.mapped().uverbs);
    }
}

void SysfsView::rdma_changed() {
    if (rdma_dirty_) {
        return;
    }
    rdma_dirty_ = true;
    loop_.post([this, alive = std::weak_ptr<int>(alive_)] {
        if (!alive.expired()) {
            flush();
        }
    });
}

void SysfsView::flush() {
    if (!rdma_dirty_) {
        return;
    }
    rdma_dirty_ = false;
    for (const auto& [index, device] : adapter_.ib_devices()) {
        write_infiniband(*device);
    }
}

SysfsTree::Infiniband SysfsView::describe(const IbDevice& device) const {
    SysfsTree::Infiniband entry;
    entry.name = device.name;
    entry.device = device.instance->device;
    entry.node_guid = guid_text(device.node_guid);
    entry.system_image_guid = guid_text(adapter_.system_image_guid());
    entry.firmware_version = adapter_.firmware_version();
    entry.board_id = adapter_.board_id();
    entry.hca_type = fmt::format("MT{}", device.pci_device_id());
    entry.node_description = entry.hca_type + " ConnectX-6 Dx Mellanox Technologies";
    entry.rate = rate_text(device.instance->pf->topology.speed_mbps);
    entry.gid_table_length = device.gid_table_length();
    entry.uverbs = device.uverbs;
    entry.major = device.chardev().major;
    entry.minor = device.chardev().minor;
    for (uint32_t number = 1; number <= device.port_count; number++) {
        SysfsTree::InfinibandPort port;
        port.number = number;
        const auto netdev = device.netdevs.find(number);
        if (netdev != device.netdevs.end() && netdev->second->in_namespace) {
            port.netdev = netdev->second->name;
            port.active = netdev->second->admin_up && netdev->second->carrier;
            if (entry.gid_table_length > 0) {
                port.gid = gid_text(IbDevice::default_gid(*netdev->second));
            }
        }
        entry.ports.push_back(std::move(port));
    }
    return entry;
}

void SysfsView::write_infiniband(const IbDevice& device) {
    if (!devices_.count(device.instance->device)) {
        infiniband_.erase(device.index);
        return;
    }
    SysfsTree::Infiniband wanted = describe(device);
    const auto entry = infiniband_.find(device.index);
    if (entry == infiniband_.end() || entry->second.name != wanted.name ||
        entry->second.ports.size() != wanted.ports.size()) {
        check(tree_->set_infiniband(wanted));
    } else {
        for (size_t i = 0; i < wanted.ports.size(); i++) {
            if (entry->second.ports[i] != wanted.ports[i]) {
                check(tree_->set_infiniband_port(wanted, wanted.ports[i]));
            }
        }
    }
    infiniband_[device.index] = std::move(wanted);
}

}  // namespace esw::sim
