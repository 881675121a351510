// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/event_loop.h"
#include "base/log.h"
#include "utilities/esw-sim/model/adapter.h"
#include "utilities/esw-sim/transport/sysfs_tree.h"

namespace esw::sim {

/// Keeps the tree that programs see below /sys as the model is.
class SysfsView {
public:
    static Result<std::unique_ptr<SysfsView>> create(EventLoop& loop, LogSink& log,
                                                     const std::string& directory,
                                                     const Adapter& adapter);

    ~SysfsView();

    void netdev_made(const Netdev& netdev);
    void netdev_gone(const Netdev& netdev);
    /// Renamed, moved to another namespace or back.
    void netdev_changed(const Netdev& netdev);
    void instance_made(const Instance& instance);
    void instance_gone(const Instance& instance);
    void num_vfs_changed(const Pf& pf);

    /// See SysfsTree.
    std::string canonical(const std::string& path) const { return tree_->canonical(path); }
    std::string device_path(const std::string& name) const { return tree_->device_path(name); }

    /// RDMA devices are there before anybody is told of them. They have many ports, which come one
    /// by one: those are written once, when the loop comes to it or at flush().
    void infiniband_made(const IbDevice& device);
    void infiniband_gone(const IbDevice& device);
    void rdma_changed();
    void flush();

private:
    SysfsView(EventLoop& loop, LogSink& log, std::string directory, const Adapter& adapter)
        : loop_(loop), log_(log, "sysfs"), directory_(std::move(directory)), adapter_(adapter) {}
    static Result<std::string> choose_place(const std::string& directory);
    void check(const Status& status) const;
    void ensure_device(const std::string& name, const Pf& pf, const Vport* vport);
    void drop_device(const std::string& name);
    void set(const Netdev& netdev);
    void forget(const Netdev& netdev);
    SysfsTree::Infiniband describe(const IbDevice& device) const;
    /// Writes what is not in the tree yet as it is: a device has hundreds of ports.
    void write_infiniband(const IbDevice& device);

    EventLoop& loop_;
    Logger log_;
    const std::string directory_;
    const Adapter& adapter_;
    std::unique_ptr<SysfsTree> tree_;
    std::set<std::string> devices_;  ///< PCI and auxiliary ones in the tree
    struct Name {
        std::string name;
        uint64_t away = 0;
    };
    std::map<const Netdev*, Name> names_;                   ///< of the netdevs in the tree
    std::map<uint32_t, SysfsTree::Infiniband> infiniband_;  ///< in the tree, by index
    bool rdma_dirty_ = false;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace esw::sim
