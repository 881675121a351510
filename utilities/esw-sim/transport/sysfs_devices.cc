// SPDX-License-Identifier: Apache-2.0
// The part of SysfsTree that shows PCI and auxiliary devices, after drivers/pci/pci-sysfs.c and
// drivers/pci/iov.c.
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "utilities/esw-sim/transport/sysfs_tree.h"

namespace esw::sim {

namespace fs = std::filesystem;

namespace {

struct Address {
    unsigned domain, bus, slot, function;
};

std::optional<Address> parse_address(const std::string& text) {
    Address a{};
    char more;
    if (std::sscanf(text.c_str(), "%4x:%2x:%2x.%1x%c", &a.domain, &a.bus, &a.slot, &a.function,
                    &more) != 4) {
        return std::nullopt;
    }
    return a;
}

/// A device on bus n is shown behind a port on bus n - 1, which is a root of its own.
std::string pci_path(const Address& address, const std::string& name) {
    if (address.bus == 0) {
        return fmt::format("devices/pci{:04x}:00/{}", address.domain, name);
    }
    return fmt::format("devices/pci{0:04x}:{1:02x}/{0:04x}:{1:02x}:00.0/{2}", address.domain,
                       address.bus - 1, name);
}

/// The header of the configuration space, for programs that read it from there (lspci).
std::string configuration_space(const SysfsTree::PciDevice& device) {
    std::string bytes(256, '\0');
    const auto put16 = [&](size_t at, unsigned value) {
        bytes[at] = static_cast<char>(value);
        bytes[at + 1] = static_cast<char>(value >> 8);
    };
    put16(0x00, device.vendor);
    put16(0x02, device.device);
    put16(0x04, 0x0546);  // memory space, bus master, parity and SERR reporting, INTx off
    put16(0x06, 0x0010);  // capability list
    bytes[0x08] = static_cast<char>(device.revision);
    put16(0x09, device.class_code & 0xffff);
    bytes[0x0b] = static_cast<char>(device.class_code >> 16);
    put16(0x2c, device.subsystem_vendor);
    put16(0x2e, device.subsystem_device);
    return bytes;
}

std::string modalias(const SysfsTree::PciDevice& device) {
    return fmt::format("pci:v{:08X}d{:08X}sv{:08X}sd{:08X}bc{:02X}sc{:02X}i{:02X}", device.vendor,
                       device.device, device.subsystem_vendor, device.subsystem_device,
                       device.class_code >> 16, device.class_code >> 8 & 0xff,
                       device.class_code & 0xff);
}

std::string uevent(const SysfsTree::PciDevice& device) {
    return fmt::format(
        "DRIVER={}\nPCI_CLASS={:X}\nPCI_ID={:04X}:{:04X}\nPCI_SUBSYS_ID={:04X}:{:04X}\n"
        "PCI_SLOT_NAME={}\nMODALIAS={}\n",
        device.driver, device.class_code, device.vendor, device.device, device.subsystem_vendor,
        device.subsystem_device, device.address, modalias(device));
}

std::string no_resources() {
    std::string text;
    for (int i = 0; i < 13; i++) {
        text += "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";
    }
    return text;
}

}  // namespace

Status SysfsTree::add_device(const PciDevice& device) {
    const auto address = parse_address(device.address);
    if (!address) {
        return fail(EINVAL, device.address, "sysfs", "not a PCI address");
    }
    const std::string path = pci_path(*address, device.address);
    if (const auto made = make_directory(path); !made) {
        return made;
    }
    auto written =
        write_files(path, {{"vendor", fmt::format("0x{:04x}\n", device.vendor)},
                           {"device", fmt::format("0x{:04x}\n", device.device)},
                           {"subsystem_vendor", fmt::format("0x{:04x}\n", device.subsystem_vendor)},
                           {"subsystem_device", fmt::format("0x{:04x}\n", device.subsystem_device)},
                           {"class", fmt::format("0x{:06x}\n", device.class_code)},
                           {"revision", fmt::format("0x{:02x}\n", device.revision)},
                           {"modalias", modalias(device) + "\n"},
                           {"uevent", uevent(device)},
                           {"config", configuration_space(device)},
                           {"resource", no_resources()},
                           {"irq", "0\n"},
                           {"enable", "1\n"},
                           {"numa_node", "-1\n"},
                           {"ari_enabled", "1\n"}});
    if (written) {
        written = write_sriov(path, device);
    }
    const std::string driver = "bus/pci/drivers/" + device.driver;
    if (written) {
        written = make_driver(driver);
    }
    const std::string up = "../../../";
    const std::string below = address->bus == 0 ? up : up + "../";
    const std::array<std::pair<std::string, std::string>, 4> links = {{
        {path + "/driver", below + driver},
        {path + "/subsystem", below + "bus/pci"},
        {"bus/pci/devices/" + device.address, up + path},
        {driver + "/" + device.address, "../../../../" + path},
    }};
    for (const auto& [link, target] : links) {
        if (written) {
            written = make_link(link, target);
        }
    }
    return written;
}

/// The real kernel may have the driver, too, for real devices.
Status SysfsTree::make_driver(const std::string& path) {
    std::error_code error;
    const bool real = fs::is_symlink(root_ + "/" + path, error);
    if (real) {
        fs::remove(root_ + "/" + path, error);
    }
    const auto made = make_directory(path);
    return made && real ? link_real_entries(path) : made;
}

Status SysfsTree::write_sriov(const std::string& path, const PciDevice& device) {
    if (!device.physical_function.empty()) {
        const std::string parent = device_path(device.physical_function);
        if (parent.empty()) {
            return fail(ENODEV, device.address, "sysfs", "no device " + device.physical_function);
        }
        const auto up = [](const std::string& of, const std::string& to) {
            return fs::path(to).lexically_relative(fs::path(of)).string();
        };
        const auto made = make_link(path + "/physfn", up(path, parent));
        return made ? make_link(fmt::format("{}/virtfn{}", parent, device.vf_number),
                                up(parent, path))
                    : made;
    }
    if (!device.total_vfs) {
        return {};
    }
    auto written =
        write_files(path, {{"sriov_totalvfs", fmt::format("{}\n", *device.total_vfs)},
                           {"sriov_offset", "2\n"},
                           {"sriov_stride", "1\n"},
                           {"sriov_vf_device", fmt::format("{:x}\n", device.vf_device)}});
    if (written) {
        written = write_file(path + "/sriov_drivers_autoprobe", "1\n", true);
    }
    return written ? write_file(path + "/sriov_numvfs", "0\n", true) : written;
}

Status SysfsTree::set_num_vfs(const std::string& address, unsigned count) {
    const std::string path = device_path(address);
    if (path.empty()) {
        return fail(ENODEV, address, "sysfs", "no such device");
    }
    return write_file(path + "/sriov_numvfs", fmt::format("{}\n", count), true);
}

Status SysfsTree::add_auxiliary(const std::string& name, const std::string& parent) {
    const std::string above = device_path(parent);
    if (above.empty()) {
        return fail(ENODEV, name, "sysfs", "no device " + parent);
    }
    const std::string path = above + "/" + name;
    const auto made = make_directory(path);
    return made ? make_link("bus/auxiliary/devices/" + name, "../../../" + path) : made;
}

Status SysfsTree::add_subfunction(const std::string& name, const std::string& parent_address,
                                  uint32_t sfnum) {
    const auto added = add_auxiliary(name, parent_address);
    return added ? write_file(device_path(name) + "/sfnum", fmt::format("{}\n", sfnum)) : added;
}

void SysfsTree::remove_device(const std::string& name) {
    const std::string path = device_path(name);
    if (path.empty()) {
        return;
    }
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root_ + "/" + path + "/net", error)) {
        remove("class/net/" + entry.path().filename().string());
    }
    for (const char* kind : {"infiniband", "infiniband_verbs"}) {
        for (const auto& entry : fs::directory_iterator(root_ + "/" + path + "/" + kind, error)) {
            remove(fmt::format("class/{}/{}", kind, entry.path().filename().string()));
        }
    }
    const std::string parent =
        device_path(fs::read_symlink(root_ + "/" + path + "/physfn", error).filename().string());
    for (const auto& entry : fs::directory_iterator(root_ + "/" + parent, error)) {
        const std::string link = entry.path().filename().string();
        if (link.rfind("virtfn", 0) == 0 &&
            fs::read_symlink(entry.path(), error).filename() == name) {
            remove(parent + "/" + link);
        }
    }
    for (const char* place : {"bus/pci/devices/", "bus/auxiliary/devices/"}) {
        remove(place + name);
    }
    for (const auto& driver : fs::directory_iterator(root_ + "/bus/pci/drivers", error)) {
        if (!driver.is_symlink()) {
            remove("bus/pci/drivers/" + driver.path().filename().string() + "/" + name);
        }
    }
    remove(path);
}

}  // namespace esw::sim
