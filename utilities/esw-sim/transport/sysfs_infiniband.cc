// SPDX-License-Identifier: Apache-2.0
// The part of SysfsTree that shows RDMA devices, after drivers/infiniband/core/sysfs.c,
// core/uverbs_main.c and mlx5_ib's main.c.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "utilities/esw-sim/transport/sysfs_tree.h"

namespace esw::sim {

namespace fs = std::filesystem;

namespace {

constexpr char kNoGid[] = "0000:0000:0000:0000:0000:0000:0000:0000\n";

std::string last_component(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

// The entries that hold nothing are one file with many names. Their netdev and type, which the
// kernel refuses to read, are not there.
Status SysfsTree::make_gid_table(const std::string& path, unsigned length) {
    for (const char* below : {"/gids", "/gid_attrs/ndevs", "/gid_attrs/types"}) {
        if (const auto made = make_directory(path + below); !made) {
            return made;
        }
    }
    if (length == 0) {
        return {};
    }
    const std::string first = path + "/gids/0";
    Status written = write_file(first, kNoGid);
    for (unsigned index = 1; written && index < length; index++) {
        const std::string entry = fmt::format("{}/gids/{}", path, index);
        if (::link((root_ + "/" + first).c_str(), (root_ + "/" + entry).c_str()) != 0) {
            written = fail(errno, entry, "write sysfs file");
        }
    }
    return written;
}

// The default GID of the port's netdev, as both types (add_default_gids() of
// core/roce_gid_mgmt.c).
Status SysfsTree::write_gids(const std::string& path, const InfinibandPort& port) {
    const char* const types[] = {"IB/RoCE v1\n", "RoCE v2\n"};
    Status written;
    for (int index = 0; written && index < 2; index++) {
        const std::string netdev = fmt::format("{}/gid_attrs/ndevs/{}", path, index);
        const std::string type = fmt::format("{}/gid_attrs/types/{}", path, index);
        const std::string gid = port.gid.empty() ? kNoGid : port.gid + "\n";
        written = write_file(fmt::format("{}/gids/{}", path, index), gid);
        if (port.gid.empty()) {
            remove(netdev);
            remove(type);
            continue;
        }
        written = written ? write_file(netdev, port.netdev + "\n") : written;
        written = written ? write_file(type, types[index]) : written;
    }
    return written;
}

Status SysfsTree::write_port_state(const std::string& path, const InfinibandPort& port,
                                   bool has_gids) {
    auto written =
        write_files(path, {{"state", port.active ? "4: ACTIVE\n" : "1: DOWN\n"},
                           {"phys_state", port.active ? "5: LinkUp\n" : "3: Disabled\n"}});
    return written && has_gids ? write_gids(path, port) : written;
}

Status SysfsTree::make_port(const std::string& path, const Infiniband& infiniband,
                            const InfinibandPort& port) {
    const bool has_gids = infiniband.gid_table_length > 0;
    auto written = make_directory(path + "/pkeys");
    written = written ? make_gid_table(path, infiniband.gid_table_length) : written;
    written = written ? write_files(path, {{"rate", infiniband.rate + "\n"},
                                           {"link_layer", "Ethernet\n"},
                                           {"lid", "0x0\n"},
                                           {"lid_mask_count", "0\n"},
                                           {"sm_lid", "0x0\n"},
                                           {"sm_sl", "0\n"},
                                           // IB_PORT_CM_SUP with RoCE
                                           {"cap_mask", has_gids ? "0x00010000\n" : "0x00000000\n"},
                                           {"pkeys/0", "0xffff\n"}})
                      : written;
    return written ? write_port_state(path, port, has_gids) : written;
}

// A class device below its parent, and its link in /sys/class.
Status SysfsTree::make_class_device(const std::string& device, const std::string& device_class,
                                    const std::string& name) {
    const std::string path = fmt::format("{}/{}/{}", device, device_class, name);
    auto made = make_directory(path);
    made = made ? make_link(path + "/device", "../../../" + last_component(device)) : made;
    made =
        made ? make_link(path + "/subsystem", way_up(path + "/x") + "class/" + device_class) : made;
    return made;
}

Status SysfsTree::set_infiniband(const Infiniband& infiniband) {
    const std::string device = device_path(infiniband.device);
    if (device.empty()) {
        return fail(ENODEV, infiniband.name, "sysfs", "no device " + infiniband.device);
    }
    remove_infiniband(infiniband.name, infiniband.uverbs);
    const std::string path = device + "/infiniband/" + infiniband.name;
    const std::string number = fmt::format("uverbs{}", infiniband.uverbs);
    const std::string verbs = device + "/infiniband_verbs/" + number;
    auto written = make_class_device(device, "infiniband", infiniband.name);
    written = written ? make_class_device(device, "infiniband_verbs", number) : written;
    for (const InfinibandPort& port : infiniband.ports) {
        if (written) {
            written = make_port(fmt::format("{}/ports/{}", path, port.number), infiniband, port);
        }
    }
    written = written ? write_files(path, {{"node_guid", infiniband.node_guid + "\n"},
                                           {"sys_image_guid", infiniband.system_image_guid + "\n"},
                                           {"fw_ver", infiniband.firmware_version + "\n"},
                                           {"board_id", infiniband.board_id + "\n"},
                                           {"hca_type", infiniband.hca_type + "\n"},
                                           {"hw_rev", "0\n"},
                                           {"node_type", "1: CA\n"},
                                           {"node_desc", infiniband.node_description + "\n"}})
                      : written;
    written = written
                  ? write_files(
                        verbs, {{"abi_version", "1\n"},
                                {"dev", fmt::format("{}:{}\n", infiniband.major, infiniband.minor)},
                                {"ibdev", infiniband.name + "\n"}})
                  : written;
    written = written ? link_from_class("class/infiniband/" + infiniband.name, path) : written;
    return written ? link_from_class("class/infiniband_verbs/" + number, verbs) : written;
}

Status SysfsTree::set_infiniband_port(const Infiniband& infiniband, const InfinibandPort& port) {
    const std::string device = device_path(infiniband.device);
    if (device.empty()) {
        return fail(ENODEV, infiniband.name, "sysfs", "no device " + infiniband.device);
    }
    return write_port_state(
        fmt::format("{}/infiniband/{}/ports/{}", device, infiniband.name, port.number), port,
        infiniband.gid_table_length > 0);
}

void SysfsTree::remove_infiniband(const std::string& name, unsigned uverbs) {
    for (const std::string& link :
         {"class/infiniband/" + name, fmt::format("class/infiniband_verbs/uverbs{}", uverbs)}) {
        std::error_code error;
        const fs::path target = fs::canonical(root_ + "/" + link, error);
        if (!error) {
            fs::remove_all(target, error);
        }
        ::unlink((root_ + "/" + link).c_str());
    }
}

}  // namespace esw::sim
