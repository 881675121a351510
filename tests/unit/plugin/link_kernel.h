// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "netlink/kernel.h"

namespace esw::fakes {

/// A kernel that has network devices and nothing else. What is changed on them is recorded.
class LinkKernel : public netlink::Kernel {
public:
    struct Device {
        netlink::Link link;
        netlink::LinkStats stats;
        std::vector<netlink::DriverCounter> driver_counters;
        std::optional<netlink::LinkModes> modes;
        netlink::NetdevFeatures features;  ///< that are on
        std::string fixed_feature;         ///< that cannot be changed
        bool ingress_qdisc = false;
        int link_change_error = 0;
        bool detached = false;     ///< by its driver: there, but ethtool and changes get ENODEV
        uint32_t max_mtu = 65535;  ///< more is EINVAL
    };

    void add(uint32_t ifindex, Device device) {
        MutexLock lock(mutex_);
        device.link.ifindex = ifindex;
        devices_[ifindex] = std::move(device);
    }
    void remove(uint32_t ifindex) {
        MutexLock lock(mutex_);
        devices_.erase(ifindex);
    }
    Device device(uint32_t ifindex) {
        MutexLock lock(mutex_);
        return devices_.at(ifindex);
    }
    /// What was changed, in order: "12 up", "12 mtu 9000", "12 hw-tc-offload off" ...
    std::vector<std::string> changes() {
        MutexLock lock(mutex_);
        return changes_;
    }

    /// How often devices were read on this thread.
    size_t reads_on(std::thread::id thread) {
        MutexLock lock(mutex_);
        return static_cast<size_t>(std::count(readers_.begin(), readers_.end(), thread));
    }

    /// Until devices have been read that often.
    void wait_for_reads(size_t count) {
        MutexLock lock(mutex_);
        while (readers_.size() < count) {
            changed_.wait(mutex_);
        }
    }

    /// While they are held, link() does not answer.
    void hold_links(bool hold) {
        MutexLock lock(mutex_);
        hold_links_ = hold;
        changed_.notify_all();
    }

    /// While they are held, link_stats() does not answer.
    void hold_counters(bool hold) {
        MutexLock lock(mutex_);
        hold_counters_ = hold;
        changed_.notify_all();
    }

    /// From now on link() fails with that error; 0: it does not.
    void fail_links(int error) { fail_links_after(0, error); }
    /// The same, after it has answered `good` times more.
    void fail_links_after(int good, int error) {
        MutexLock lock(mutex_);
        good_links_ = good;
        link_error_ = error;
    }

    Result<netlink::Link> link(uint32_t ifindex) override {
        MutexLock lock(mutex_);
        while (hold_links_) {
            changed_.wait(mutex_);
        }
        count_read();
        if (link_error_ && good_links_-- <= 0) {
            return fail(link_error_, "ifindex " + std::to_string(ifindex), "get link");
        }
        const auto found = devices_.find(ifindex);
        if (found == devices_.end()) {
            return gone(ifindex);
        }
        return found->second.link;
    }
    Result<netlink::LinkStats> link_stats(uint32_t ifindex) override {
        MutexLock lock(mutex_);
        while (hold_counters_) {
            changed_.wait(mutex_);
        }
        count_read();
        const auto found = devices_.find(ifindex);
        if (found == devices_.end()) {
            return gone(ifindex);
        }
        return found->second.stats;
    }
    Result<std::vector<netlink::DriverCounter>> driver_counters(uint32_t ifindex) override {
        MutexLock lock(mutex_);
        count_read();
        const auto found = devices_.find(ifindex);
        if (found == devices_.end()) {
            return gone(ifindex);
        }
        return found->second.driver_counters;
    }
    Result<netlink::LinkModes> link_modes(uint32_t ifindex) override {
        MutexLock lock(mutex_);
        count_read();
        const auto found = devices_.find(ifindex);
        if (found == devices_.end() || found->second.detached) {
            return gone(ifindex);
        }
        if (!found->second.modes) {
            return fail(EOPNOTSUPP, found->second.link.name, "get link modes");
        }
        return *found->second.modes;
    }
    Status link_change(const netlink::LinkChange& change) override;
    Result<netlink::NetdevFeatures> features(uint32_t ifindex) override {
        MutexLock lock(mutex_);
        const auto found = devices_.find(ifindex);
        if (found == devices_.end() || found->second.detached) {
            return gone(ifindex);
        }
        return found->second.features;
    }
    Status set_feature(uint32_t ifindex, const std::string& feature, bool on) override;
    Result<bool> remove_ingress_qdisc(uint32_t ifindex) override {
        MutexLock lock(mutex_);
        const auto found = devices_.find(ifindex);
        if (found == devices_.end()) {
            return gone(ifindex);
        }
        return std::exchange(found->second.ingress_qdisc, false);
    }

    // The plugin leaves these to the manager.
    using Handle = netlink::DevlinkHandle;
    MOCK_METHOD(Result<std::vector<netlink::DevlinkDevice>>, devlink_devices, (), (override));
    MOCK_METHOD(Result<netlink::DevlinkInfo>, devlink_info, (const Handle&), (override));
    MOCK_METHOD(Result<netlink::Eswitch>, eswitch_get, (const Handle&), (override));
    MOCK_METHOD(Status, eswitch_set, (const Handle&, const netlink::Eswitch&), (override));
    MOCK_METHOD(Status, devlink_reload, (const Handle&), (override));
    MOCK_METHOD(Result<uint32_t>, num_vfs, (const Handle&), (override));
    MOCK_METHOD(Result<std::vector<netlink::DevlinkPort>>, devlink_ports, (), (override));
    MOCK_METHOD(Result<netlink::DevlinkPort>, devlink_port, (const Handle&, uint32_t), (override));
    MOCK_METHOD(Result<netlink::DevlinkPort>, port_new, (const netlink::NewPort&), (override));
    MOCK_METHOD(Status, port_del, (const Handle&, uint32_t), (override));
    MOCK_METHOD(Status, port_function_set, (const Handle&, uint32_t, const netlink::PortFunction&),
                (override));
    MOCK_METHOD(Result<netlink::DevlinkParam>, param_get, (const Handle&, const std::string&),
                (override));
    MOCK_METHOD(Status, param_set,
                (const Handle&, const std::string&, uint8_t, netlink::ParamCmode,
                 const netlink::ParamValue&),
                (override));
    MOCK_METHOD(Result<std::vector<netlink::DevlinkRate>>, rates, (), (override));
    MOCK_METHOD(Result<netlink::DevlinkRate>, rate_get, (const netlink::DevlinkRate&), (override));
    MOCK_METHOD(Status, rate_set, (const netlink::DevlinkRate&), (override));
    MOCK_METHOD(Status, rate_new, (const netlink::DevlinkRate&), (override));
    MOCK_METHOD(Status, rate_del, (const Handle&, const std::string&), (override));
    MOCK_METHOD(Result<std::vector<netlink::Link>>, links, (), (override));
    MOCK_METHOD(Result<std::vector<netlink::RdmaDevice>>, rdma_devices, (), (override));
    MOCK_METHOD(Result<std::vector<netlink::RdmaPort>>, rdma_ports, (uint32_t), (override));
    MOCK_METHOD(Result<netlink::DevlinkHandle>, rdma_parent, (const std::string&), (override));
    MOCK_METHOD(Result<netlink::DevlinkHandle>, auxiliary_parent, (const std::string&), (override));

private:
    static tl::unexpected<Error> gone(uint32_t ifindex) {
        return fail(ENODEV, "ifindex " + std::to_string(ifindex), "get link");
    }

    void count_read() ESW_REQUIRES(mutex_) {
        readers_.push_back(std::this_thread::get_id());
        changed_.notify_all();
    }
    void change_flag(Device& device, unsigned int bit, const std::optional<bool>& wanted,
                     const char* on, const char* off) ESW_REQUIRES(mutex_);

    Mutex mutex_{LockRank::kLeaf};
    CondVar changed_;
    bool hold_links_ ESW_GUARDED_BY(mutex_) = false;
    bool hold_counters_ ESW_GUARDED_BY(mutex_) = false;
    std::map<uint32_t, Device> devices_ ESW_GUARDED_BY(mutex_);
    std::vector<std::string> changes_ ESW_GUARDED_BY(mutex_);
    std::vector<std::thread::id> readers_ ESW_GUARDED_BY(mutex_);
    int link_error_ ESW_GUARDED_BY(mutex_) = 0;
    int good_links_ ESW_GUARDED_BY(mutex_) = 0;
};

}  // namespace esw::fakes
