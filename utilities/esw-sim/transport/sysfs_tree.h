// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace esw::sim {

/// DIR/sysfs: what programs under the preload library find below /sys, where it is not as the real
/// kernel has it. A path that exists in the tree is taken from there, any other from the real
/// /sys; directories that the adapter shares with other devices hold links to those.
///
/// A regular file that its owner may write is an attribute: a program's write() to it goes to
/// NetlinkServer::Config::write_attribute, and the file changes only when the model changes it.
///
/// Paths in this class are relative to /sys. Calls are synchronous and for one thread.
class SysfsTree {
public:
    /// Makes the tree anew in DIR/sysfs.
    static Result<std::unique_ptr<SysfsTree>> create(const std::string& directory);
    /// Removes it.
    ~SysfsTree();

    const std::string& root() const { return root_; }

    struct PciDevice {
        std::string address;  ///< "0000:08:00.0"
        std::string driver = "mlx5_core";
        uint16_t vendor = 0x15b3, device = 0;
        uint16_t subsystem_vendor = 0x15b3, subsystem_device = 0;
        uint32_t class_code = 0x020000;
        uint8_t revision = 0;
        std::optional<unsigned> total_vfs;  ///< of a PF with SR-IOV
        uint16_t vf_device = 0;             ///< its VFs' device id
        std::string physical_function;      ///< address of a VF's PF
        unsigned vf_number = 0;             ///< of a VF
    };
    Status add_device(const PciDevice& device);
    /// An auxiliary device, such as "mlx5_core.eth.0", below a PCI or auxiliary device.
    Status add_auxiliary(const std::string& name, const std::string& parent);
    /// A subfunction's, such as "mlx5_core.sf.2".
    Status add_subfunction(const std::string& name, const std::string& parent_address,
                           uint32_t sfnum);
    /// Removes a PCI or auxiliary device with all that is below it.
    void remove_device(const std::string& name);
    Status set_num_vfs(const std::string& address, unsigned count);

    struct Netdev {
        std::string name;
        std::string device;          ///< PCI address or auxiliary device, added before
        std::string switch_id;       ///< hexadecimal; empty: none
        std::string phys_port_name;  ///< empty: none
        unsigned dev_port = 0;
        bool has_link_settings = true;
        uint64_t away = 0;  ///< inode of the network namespace that it is in; 0: the adapter's
    };
    /// Adds or changes one. A rename or a move is a removal and an addition. The netdev itself must
    /// exist. One that is away is there for programs in its namespace, below class/net; the `net`
    /// directories of devices list those of the adapter's namespace.
    Status set_netdev(const Netdev& netdev);
    void remove_netdev(const std::string& name, uint64_t away = 0);

    struct InfinibandPort {
        unsigned number = 1;
        bool active = false;
        std::string netdev;  ///< empty: none
        std::string gid;     ///< "fe80:0000:...": of the netdev; empty: none
        bool operator==(const InfinibandPort&) const = default;
    };
    struct Infiniband {
        std::string name;                          ///< "mlx5_0"
        std::string device;                        ///< as in Netdev
        std::string node_guid, system_image_guid;  ///< "0c42:a103:0065:1b2c"
        std::string firmware_version;
        std::string board_id;  ///< "MT_0000000359"
        std::string hca_type;  ///< "MT4125"
        std::string node_description;
        std::string rate = "100 Gb/sec (4X EDR)";
        unsigned gid_table_length = 0;      ///< of each port; 0: ports of representors
        unsigned uverbs = 0;                ///< number of the character device
        unsigned major = 231, minor = 192;  ///< its device number
        std::vector<InfinibandPort> ports;
        bool operator==(const Infiniband&) const = default;
    };
    Status set_infiniband(const Infiniband& infiniband);
    /// Changes a port of a device that is there.
    Status set_infiniband_port(const Infiniband& infiniband, const InfinibandPort& port);
    void remove_infiniband(const std::string& name, unsigned uverbs);

    /// What the functions above are made of, for what they do not cover.
    Status write_file(const std::string& path, std::string_view text, bool writable = false);
    Status make_link(const std::string& path, const std::string& target);
    Status make_directory(const std::string& path);
    void remove(const std::string& path);

    /// The path without links: one device has many names. As it is when there is no such file.
    std::string canonical(const std::string& path) const;
    /// Path of a device's directory; empty when there is none.
    std::string device_path(const std::string& name) const;

private:
    explicit SysfsTree(std::string root) : root_(std::move(root)) {}
    Status make_shared_directories();
    Status link_real_entries(const std::string& path);
    Status fill_netdev(const std::string& path, const std::string& device, const Netdev& netdev);
    Status link_from_class(const std::string& class_path, const std::string& path);
    Status write_files(const std::string& directory,
                       const std::vector<std::pair<std::string, std::string>>& files);
    Status make_driver(const std::string& path);
    Status write_sriov(const std::string& path, const PciDevice& device);
    Status make_class_device(const std::string& device, const std::string& device_class,
                             const std::string& name);
    Status make_gid_table(const std::string& path, unsigned length);
    Status make_port(const std::string& path, const Infiniband& infiniband,
                     const InfinibandPort& port);
    Status write_port_state(const std::string& path, const InfinibandPort& port, bool has_gids);
    Status write_gids(const std::string& path, const InfinibandPort& port);
    /// The way from the directory of a link to the root of the tree: "../../".
    static std::string way_up(const std::string& path);

    const std::string root_;
};

}  // namespace esw::sim
