// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "utilities/esw-sim/model/adapter.h"

namespace esw::sim::test {

/// Netdevs without a kernel: a list, and a log of what came and went.
class FakeNetdevs final : public NetdevBackend {
public:
    explicit FakeNetdevs(std::vector<std::string>& log) : log_(log) {}

    Result<Netdev*> create(Netdev wanted) override {
        if (!name_is_free(wanted.name)) {
            return fail(EEXIST, wanted.name, "create netdev");
        }
        wanted.ifindex = next_++;
        auto owned = std::make_unique<Netdev>(std::move(wanted));
        Netdev* const raw = owned.get();
        netdevs_[raw] = std::move(owned);
        log_.push_back("netdev + " + raw->name);
        return raw;
    }
    void destroy(Netdev* netdev) override {
        log_.push_back("netdev - " + netdev->name);
        netdevs_.erase(netdev);
    }
    void set_carrier(Netdev* netdev, bool carrier) override { netdev->carrier = carrier; }
    void set_mac(Netdev* netdev, const Mac& mac) override { netdev->mac = mac; }
    bool name_is_free(const std::string& name) const override { return !find(name); }
    void pump() override {}

    Netdev* find(const std::string& name) const {
        for (const auto& [raw, owned] : netdevs_) {
            if (owned->name == name) {
                return owned.get();
            }
        }
        return nullptr;
    }

private:
    std::vector<std::string>& log_;
    std::map<const Netdev*, std::unique_ptr<Netdev>> netdevs_;
    uint32_t next_ = 100;
};

/// Writes each notification down as one line: "PORT_NEW 1 eth pf0vf0"; of the instance of an
/// Ethernet auxiliary device "PORT_NEW mlx5_core.eth.0/65535 eth p0".
class Recorder final : public Observer {
public:
    std::vector<std::string> log;

    void device(int command, const Instance& instance) override {
        log.push_back(fmt::format("{} {}", command == DEVLINK_CMD_NEW ? "DEV_NEW" : "DEV_DEL",
                                  instance.device));
    }
    void port(int command, const Instance& instance, const Port& port) override {
        const bool ethernet = instance.kind == Instance::Kind::kEthernet;
        log.push_back(fmt::format("{} {}{} {}{}",
                                  command == DEVLINK_CMD_PORT_NEW ? "PORT_NEW" : "PORT_DEL",
                                  ethernet ? instance.device + "/" : "", port.index,
                                  port.type == DEVLINK_PORT_TYPE_ETH ? "eth" : "notset",
                                  port.netdev ? " " + port.netdev->name : ""));
    }
    void rate(int command, const Instance&, const Rate& rate) override {
        log.push_back(fmt::format("{} {}",
                                  command == DEVLINK_CMD_RATE_NEW ? "RATE_NEW" : "RATE_DEL",
                                  rate.port_index ? std::to_string(*rate.port_index) : rate.name));
    }
    void param(int, const Instance&, const Param&) override {}
    void rdma(RdmaEvent event, const IbDevice& device, uint32_t port, const Netdev*) override {
        static const char* const kNames[] = {"RDMA +", "RDMA -", "RDMA attach", "RDMA detach"};
        log.push_back(fmt::format("{} {}{}", kNames[static_cast<int>(event)], device.name,
                                  port ? fmt::format("/{}", port) : ""));
    }
    void uverbs_added(const IbDevice& device) override {
        log.push_back("uverbs + " + device.chardev_name());
    }
    void uverbs_removed(const IbDevice& device) override {
        log.push_back("uverbs - " + device.chardev_name());
    }
    void function_up(const Instance& instance) override { functions[instance.device]++; }
    void function_down(const Instance& instance) override { functions[instance.device]--; }
    std::map<std::string, int> functions;  ///< 1: up
};

/// An adapter on fake netdevs, brought up; the log starts behind that.
struct FakeAdapter {
    std::unique_ptr<EventLoop> loop = std::move(*EventLoop::create());
    Points points{*loop};
    Recorder recorder;
    FakeNetdevs netdevs{recorder.log};
    std::unique_ptr<Adapter> adapter;

    FakeAdapter(KernelVersion kernel, uint32_t vfs, bool bind_vfs = false) {
        Topology topology = *Topology::simple(1, vfs, "");
        topology.kernel = kernel;
        topology.bind_vfs = bind_vfs;
        topology.pfs[0].max_sfs = 2;
        start(topology);
    }
    explicit FakeAdapter(const Topology& topology) { start(topology); }

    void start(const Topology& topology) {
        adapter = std::make_unique<Adapter>(topology, netdevs, recorder, points);
        if (Status status = adapter->bring_up(); !status) {
            throw std::runtime_error(status.error().to_string());
        }
        recorder.log.clear();
    }

    Pf& pf(size_t number = 0) { return *adapter->pfs()[number]; }

    Status add_fault(const std::string& point, int error, const std::string& handle = "") {
        Points::Fault fault;
        fault.point = point;
        fault.error = error;
        fault.handle = handle;
        return points.add_fault(fault);
    }

    /// The result, or "waits" when it is held.
    std::string mode_set(uint16_t mode, size_t number = 0) {
        const auto outcome = std::make_shared<std::string>("waits");
        adapter->mode_set(*pf(number).instance, mode, store(outcome))->run();
        return *outcome;
    }
    std::string num_vfs(uint32_t count, size_t number = 0) {
        const auto outcome = std::make_shared<std::string>("waits");
        adapter->set_num_vfs(pf(number), count, store(outcome));
        return *outcome;
    }
    std::string pci_remove(size_t number = 0) {
        const auto outcome = std::make_shared<std::string>("waits");
        adapter->pci_remove(pf(number), store(outcome));
        return *outcome;
    }
    std::string pci_add(size_t number = 0) {
        const auto outcome = std::make_shared<std::string>("waits");
        adapter->pci_add(pf(number), false, store(outcome));
        return *outcome;
    }
    /// As a request: with the instance's lock.
    std::string reload(size_t number = 0) {
        const auto outcome = std::make_shared<std::string>("waits");
        pf(number).instance->lock.acquire(
            [this, outcome, number](const KernelLock::Release& release) {
                adapter
                    ->reload(*pf(number).instance,
                             [outcome, release](const Status& status) {
                                 store(outcome)(status);
                                 release();
                             })
                    ->run();
            });
        return *outcome;
    }
    static Adapter::Done store(const std::shared_ptr<std::string>& outcome) {
        return [outcome](const Status& status) {
            *outcome = status ? "done" : errno_name(status.error().code);
        };
    }
};

}  // namespace esw::sim::test
