// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "esw-manager/manager.h"

namespace esw::fakes {

/// A manager that says what a test tells it to. One thread.
class FakeManager final : public Manager {
public:
    explicit FakeManager(std::function<void()> changed) : changed_(std::move(changed)) {}

    Status start() override { return {}; }
    void stop() override {
        if (stop_waits_for) {
            stop_waits_for->get_future().wait();
        }
        for (auto& done : std::exchange(waits, {})) {
            done(fail(ECANCELED, "", "wait", "the manager stops"));
        }
    }
    SnapshotPtr snapshot() const override { return snapshot_; }
    Records records() const override { return records_; }
    Duration wait_deadline() const override { return wait_deadline_; }
    void set_wait_deadline(Duration deadline) override { wait_deadline_ = deadline; }
    void claim_port(PortRequest request) override {
        log.push_back("claim " + request.port);
        claims[request.port] = std::move(request);
    }
    void release_port(const std::string& port) override {
        log.push_back("release " + port);
        claims.erase(port);
    }
    void rescan(std::function<void(Status)> done) override { rescans.push_back(std::move(done)); }
    void wait(std::optional<DevlinkHandle>, bool, std::chrono::milliseconds timeout,
              std::function<void(Result<WaitReport>)> done) override {
        last_timeout = timeout;
        waits.push_back(std::move(done));
    }

    void set_mode(const DevlinkHandle& eswitch, netlink::EswitchMode mode,
                  std::chrono::milliseconds timeout, OperationDone done) override {
        add_operation("set " + eswitch.to_string() + " " + netlink::to_string(mode), timeout,
                      std::move(done));
    }
    void reload(const DevlinkHandle& eswitch, std::chrono::milliseconds timeout,
                OperationDone done) override {
        add_operation("reload " + eswitch.to_string(), timeout, std::move(done));
    }
    void add_subfunction(const DevlinkHandle& eswitch, uint32_t number,
                         std::chrono::milliseconds timeout, OperationDone done) override {
        add_operation("add " + eswitch.to_string() + " " + std::to_string(number), timeout,
                      std::move(done));
    }
    void delete_subfunction(const RepRef& rep, std::chrono::milliseconds timeout,
                            OperationDone done) override {
        add_operation("delete " + rep.to_string(), timeout, std::move(done));
    }
    void set_profile(const std::string& text) override { log.push_back("profile " + text); }
    void set_overrides(const std::string& text, uint64_t reading) override {
        log.push_back("overrides " + text + " reading " + std::to_string(reading));
    }
    void set_mode_by_profile(const DevlinkHandle& eswitch, std::chrono::milliseconds timeout,
                             OperationDone done) override {
        add_operation("profile of " + eswitch.to_string(), timeout, std::move(done));
    }
    void retry(std::optional<DevlinkHandle> eswitch, std::optional<RepId> rep,
               std::function<void(Status)> done) override {
        log.push_back("retry " + (eswitch ? eswitch->to_string() : std::string("all")) +
                      (rep ? "/" + rep->to_string() : ""));
        done({});
    }

    /// Publishes a snapshot that differs from the last one as `change` says.
    void publish(const std::function<void(Snapshot&)>& change) {
        auto next = std::make_shared<Snapshot>(*snapshot_);
        ++next->serial;
        change(*next);
        snapshot_ = std::move(next);
        changed_();
    }

    std::map<std::string, PortRequest> claims;
    std::vector<std::string> log;  ///< claims and releases, in their order
    std::vector<std::function<void(Status)>> rescans;
    std::vector<std::function<void(Result<WaitReport>)>> waits;
    std::promise<void>* stop_waits_for = nullptr;
    std::vector<OperationDone> operations;  ///< what was asked for is in `log`
    std::chrono::milliseconds last_timeout{};
    Records records_;
    Duration wait_deadline_ = Watchdog::kDefaultDeadline;

private:
    void add_operation(std::string text, std::chrono::milliseconds timeout, OperationDone done) {
        log.push_back(std::move(text));
        last_timeout = timeout;
        operations.push_back(std::move(done));
    }

    const std::function<void()> changed_;
    SnapshotPtr snapshot_ = std::make_shared<Snapshot>();
};

inline const DevlinkHandle kPf0{"pci", "0000:08:00.0"};

/// Puts an eswitch in switchdev mode with one loaded representor per VF number into `snapshot`.
inline void add_eswitch(Snapshot& snapshot, const DevlinkHandle& handle,
                        const std::map<uint32_t, uint32_t>& ifindex_of_vf) {
    auto eswitch = std::make_shared<EswitchSnapshot>();
    eswitch->handle = handle;
    eswitch->adapter = handle.device.substr(0, handle.device.rfind('.'));
    eswitch->mode = netlink::EswitchMode::kSwitchdev;
    eswitch->generation = 3;
    eswitch->switch_id = "6c5b0a0003008a50";
    for (const auto& [vf, ifindex] : ifindex_of_vf) {
        auto rep = std::make_shared<RepSnapshot>();
        rep->id = {RepId::Kind::kVf, 0, 0, vf};
        rep->ifindex = ifindex;
        rep->loads = 1;
        rep->providers[0].state = RepState::kLoaded;
        const RepId id = rep->id;
        eswitch->reps.set(id, std::move(rep));
    }
    snapshot.eswitches[handle] = std::move(eswitch);
}

/// Says in the representor's own row that `port` uses it.
inline void set_port(Snapshot& snapshot, const std::string& port, uint32_t vf) {
    auto eswitch = std::make_shared<EswitchSnapshot>(*snapshot.eswitches.at(kPf0));
    auto rep = std::make_shared<RepSnapshot>(*eswitch->reps.at({RepId::Kind::kVf, 0, 0, vf}));
    rep->port = port;
    eswitch->reps.set(rep->id, rep);
    snapshot.eswitches[kPf0] = std::move(eswitch);
}

inline PortBindingPtr loaded_binding(const std::string& port, uint32_t vf, uint32_t ifindex,
                                     const std::string& netdev = "eth5") {
    auto binding = std::make_shared<PortBinding>();
    binding->port = port;
    binding->state = PortState::kLoaded;
    binding->rep = RepRef{kPf0, {RepId::Kind::kVf, 0, 0, vf}};
    binding->ifindex = ifindex;
    binding->life = 1;
    binding->netdev = netdev;
    binding->vport = static_cast<uint16_t>(vf + 1);
    return binding;
}

inline PortBindingPtr absent_binding(const std::string& port, const std::string& reason) {
    auto binding = std::make_shared<PortBinding>();
    binding->port = port;
    binding->reason = reason;
    binding->no_offload = "no representor";
    return binding;
}

}  // namespace esw::fakes
