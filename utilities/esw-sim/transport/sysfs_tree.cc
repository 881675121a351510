// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/sysfs_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "base/unique_fd.h"
#include "utilities/esw-sim/network_namespace.h"

namespace esw::sim {

namespace fs = std::filesystem;

namespace {

/// Directories of the tree that also exist in the real /sys, with entries of others. Not class/net:
/// its listing is the kernel's own, where the adapter's netdevs are anyway (and only those of the
/// namespace that asks).
constexpr std::array kSharedDirectories = {
    "bus",
    "bus/pci",
    "bus/pci/devices",
    "bus/pci/drivers",
    "bus/auxiliary",
    "bus/auxiliary/devices",
    "class",
    "class/infiniband",
    "class/infiniband_verbs",
    "devices",
};

/// Where the preload library finds the netdevs of a network namespace: named as the kernel names
/// the namespace in /proc/PID/ns/net.
std::string network_path(uint64_t inode) {
    return fmt::format("netns/net:[{}]", inode);
}

}  // namespace

Result<std::unique_ptr<SysfsTree>> SysfsTree::create(const std::string& directory) {
    const std::string root = directory + "/sysfs";
    std::error_code error;
    fs::remove_all(root, error);
    if (!fs::create_directories(root, error)) {
        return fail(error.value(), root, "make sysfs view");
    }
    std::unique_ptr<SysfsTree> tree(new SysfsTree(root));
    if (const auto made = tree->make_shared_directories(); !made) {
        return fail(made.error());
    }
    return tree;
}

SysfsTree::~SysfsTree() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
}

Status SysfsTree::make_shared_directories() {
    for (const std::string path : kSharedDirectories) {
        if (const auto made = make_directory(path); !made) {
            return made;
        }
    }
    for (const std::string path : kSharedDirectories) {
        if (const auto linked = link_real_entries(path); !linked) {
            return linked;
        }
    }
    if (const auto made = make_directory("class/net"); !made) {
        return made;
    }
    if (const auto made = make_directory("netns"); !made) {
        return made;
    }
    const std::string own = network_path(own_network_namespace().inode);
    if (const auto linked = make_link(own, "../class/net"); !linked) {
        return linked;
    }
    return write_file("class/infiniband_verbs/abi_version", "6\n");
}

Status SysfsTree::link_real_entries(const std::string& path) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/sys/" + path, error)) {
        const std::string name = path + "/" + entry.path().filename().string();
        if (name == "class/net" || fs::exists(fs::symlink_status(root_ + "/" + name))) {
            continue;
        }
        if (const auto made = make_link(name, entry.path().string()); !made) {
            return made;
        }
    }
    return {};
}

// --- plain files ---

std::string SysfsTree::way_up(const std::string& path) {
    std::string up;
    for (const char c : path) {
        up += c == '/' ? "../" : "";
    }
    return up;
}

Status SysfsTree::make_directory(const std::string& path) {
    std::error_code error;
    fs::create_directories(root_ + "/" + path, error);
    return error ? Status(fail(error.value(), path, "make sysfs directory")) : Status();
}

Status SysfsTree::write_file(const std::string& path, std::string_view text, bool writable) {
    // Replaced as a whole, so that no reader sees half of it.
    const std::string target = root_ + "/" + path;
    const std::string temporary = target + ".new";
    const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0444));
    if (!fd || ::fchmod(fd.get(), writable ? 0644 : 0444) != 0 ||
        ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::rename(temporary.c_str(), target.c_str()) != 0) {
        return fail(errno, path, "write sysfs file");
    }
    return {};
}

Status SysfsTree::write_files(const std::string& directory,
                              const std::vector<std::pair<std::string, std::string>>& files) {
    for (const auto& [name, text] : files) {
        if (const auto written = write_file(directory + "/" + name, text); !written) {
            return written;
        }
    }
    return {};
}

Status SysfsTree::make_link(const std::string& path, const std::string& target) {
    const std::string link = root_ + "/" + path;
    ::unlink(link.c_str());
    if (::symlink(target.c_str(), link.c_str()) != 0) {
        return fail(errno, path, "make sysfs link");
    }
    return {};
}

void SysfsTree::remove(const std::string& path) {
    std::error_code ignored;
    fs::remove_all(root_ + "/" + path, ignored);
}

std::string SysfsTree::canonical(const std::string& path) const {
    std::error_code error;
    const fs::path target = fs::canonical(root_ + "/" + path, error);
    return error ? path : target.lexically_relative(fs::canonical(root_, error)).string();
}

Status SysfsTree::link_from_class(const std::string& class_path, const std::string& path) {
    return make_link(class_path, way_up(class_path) + path);
}

std::string SysfsTree::device_path(const std::string& name) const {
    std::error_code error;
    if (name.empty()) {
        return {};
    }
    for (const char* bus : {"bus/pci/devices/", "bus/auxiliary/devices/"}) {
        const fs::path target = fs::canonical(root_ + "/" + bus + name, error);
        if (!error) {
            return fs::relative(target, fs::canonical(root_)).string();
        }
    }
    return {};
}

// --- netdevs ---

Status SysfsTree::set_netdev(const Netdev& netdev) {
    const std::string device = device_path(netdev.device);
    if (device.empty()) {
        return fail(ENODEV, netdev.name, "sysfs", "no device " + netdev.device);
    }
    remove_netdev(netdev.name, netdev.away);
    if (netdev.away != 0) {
        return fill_netdev(network_path(netdev.away) + "/" + netdev.name, device, netdev);
    }
    const std::string path = device + "/net/" + netdev.name;
    if (const auto filled = fill_netdev(path, device, netdev); !filled) {
        return filled;
    }
    return link_from_class("class/net/" + netdev.name, path);
}

// What the kernel has of any netdev is linked by its full name, so that the program's own /sys is
// meant, which is that of its namespace.
Status SysfsTree::fill_netdev(const std::string& path, const std::string& device,
                              const Netdev& netdev) {
    if (const auto made = make_directory(path); !made) {
        return made;
    }
    const std::string real = "/sys/class/net/";
    std::error_code error;
    // One that is away cannot be seen from here; "lo" has what all have.
    for (const auto& entry :
         fs::directory_iterator(real + (netdev.away ? "lo" : netdev.name), error)) {
        const std::string name = entry.path().filename().string();
        // What tells a TAP, and what a physical device has of its own below.
        if (name != "tun_flags" && name != "owner" && name != "group" && name != "subsystem") {
            const auto made = make_link(path + "/" + name, real + netdev.name + "/" + name);
            if (!made) {
                return made;
            }
        }
    }
    for (const char* name : {"speed", "duplex"}) {
        // Reading them is EINVAL without link settings, as of "lo".
        const std::string of = netdev.has_link_settings ? netdev.name : "lo";
        if (const auto made = make_link(path + "/" + name, real + of + "/" + name); !made) {
            return made;
        }
    }
    std::vector<std::pair<std::string, std::string>> files = {
        {"dev_port", fmt::format("{}\n", netdev.dev_port)}};
    if (!netdev.switch_id.empty()) {
        files.emplace_back("phys_switch_id", netdev.switch_id + "\n");
    }
    if (!netdev.phys_port_name.empty()) {
        files.emplace_back("phys_port_name", netdev.phys_port_name + "\n");
    }
    if (const auto written = write_files(path, files); !written) {
        return written;
    }
    if (const auto made = make_link(path + "/device", way_up(path + "/x") + device); !made) {
        return made;
    }
    return make_link(path + "/subsystem", way_up(path + "/x") + "class/net");
}

void SysfsTree::remove_netdev(const std::string& name, uint64_t away) {
    if (away != 0) {
        remove(network_path(away) + "/" + name);
        ::rmdir((root_ + "/" + network_path(away)).c_str());  // when it was the last there
        return;
    }
    const std::string link = root_ + "/class/net/" + name;
    std::error_code error;
    const fs::path target = fs::canonical(link, error);
    if (!error) {
        fs::remove_all(target, error);
    }
    ::unlink(link.c_str());
}

}  // namespace esw::sim
