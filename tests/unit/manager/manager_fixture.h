// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "esw-manager/manager.h"
#include "esw-manager/provider.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/fakes/memory_sink.h"

namespace esw {

/// How long a test that hangs takes to fail. Nothing waits for it otherwise.
inline constexpr std::chrono::seconds kHang{60};

inline RepId rep(const char* text) {
    return RepId::parse(text).value();
}

/// A manager over a fake kernel and a clock that stands still.
class ManagerTest : public testing::Test {
protected:
    using Mode = netlink::EswitchMode;
    using Source = fakes::FakeKernel::Source;

    const DevlinkHandle pf0{"pci", "0000:08:00.0"};
    const DevlinkHandle pf1{"pci", "0000:08:00.1"};

    ManagerTest() {
        manager =
            Manager::create(
                {kernel,
                 [this](EventLoop& loop) -> Result<std::unique_ptr<netlink::KernelMonitor>> {
                     return kernel.monitor(loop);
                 },
                 clock, log,
                 [this] {
                     MutexLock lock(mutex);
                     ++publications;
                     published.notify_all();
                 },
                 [this](EventLoop& loop) { return clock.timers(loop); },
                 [this](const DevlinkHandle& handle, uint64_t generation) {
                     return make_rdma_provider ? make_rdma_provider(handle, generation) : nullptr;
                 }})
                .value();
    }
    ~ManagerTest() override {
        kernel.ungate_all();  // a test that failed may have left some closed
        manager->stop();
    }

    void start() { ASSERT_TRUE(manager->start()); }

    RepRef ref(const char* text) const { return {pf0, rep(text)}; }

    /// An adapter in switchdev mode with `vfs` VFs, and the manager through with it.
    void start_switchdev(uint32_t vfs) {
        kernel.add_pf(pf0, 0, vfs);
        kernel.change_mode(pf0, Mode::kSwitchdev);
        start();
        ASSERT_TRUE(wait());
    }

    std::future<Result<WaitReport>> wait_async(
        std::optional<DevlinkHandle> eswitch = {}, bool strict = false,
        std::chrono::milliseconds timeout = std::chrono::hours(1)) {
        auto promise = std::make_shared<std::promise<Result<WaitReport>>>();
        auto future = promise->get_future();
        manager->wait(eswitch, strict, timeout, [promise](Result<WaitReport> result) {
            promise->set_value(std::move(result));
        });
        return future;
    }

    template <class T>
    T get(std::future<T> future) {
        if (future.wait_for(kHang) != std::future_status::ready) {
            throw std::runtime_error("no answer");
        }
        return future.get();
    }

    using Answer = std::future<Result<std::string>>;
    static constexpr std::chrono::milliseconds kLong = std::chrono::hours(1);

    /// Asks for an operation by one of the manager's members.
    template <class Ask>
    Answer ask(Ask operation) {
        auto promise = std::make_shared<std::promise<Result<std::string>>>();
        auto future = promise->get_future();
        operation([promise](Result<std::string> result) { promise->set_value(std::move(result)); });
        return future;
    }

    Result<WaitReport> wait(std::optional<DevlinkHandle> eswitch = {}, bool strict = false) {
        return get(wait_async(std::move(eswitch), strict));
    }

    std::future<Status> rescan_async() {
        auto promise = std::make_shared<std::promise<Status>>();
        auto future = promise->get_future();
        manager->rescan([promise](Status status) { promise->set_value(std::move(status)); });
        return future;
    }

    /// Returns the first snapshot for which `condition` holds.
    template <class Condition>
    SnapshotPtr until(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + kHang;
        for (;;) {
            uint64_t seen;
            {
                MutexLock lock(mutex);
                seen = publications;
            }
            SnapshotPtr snapshot = manager->snapshot();
            if (condition(*snapshot)) {
                return snapshot;
            }
            MutexLock lock(mutex);
            while (publications == seen) {
                if (!published.wait_until(mutex, deadline)) {
                    throw std::runtime_error("the condition did not come true");
                }
            }
        }
    }

    EswitchPtr eswitch() const {
        const auto snapshot = manager->snapshot();
        const auto it = snapshot->eswitches.find(pf0);
        return it == snapshot->eswitches.end() ? nullptr : it->second;
    }

    /// "loaded", ... or "none" when there is no such rep.
    static std::string state_of(const Snapshot& snapshot, const RepRef& ref) {
        const auto eswitch = snapshot.eswitches.find(ref.handle);
        if (eswitch == snapshot.eswitches.end()) {
            return "none";
        }
        const auto known = eswitch->second->reps.find(ref.rep);
        return known == eswitch->second->reps.end()
                   ? "none"
                   : std::string(to_string(known->second->eth().state));
    }
    std::string state_of(const RepRef& ref) const { return state_of(*manager->snapshot(), ref); }

    RepPtr rep_of(const RepRef& ref) const {
        return manager->snapshot()->eswitches.at(ref.handle)->reps.at(ref.rep);
    }

    size_t loaded() const {
        size_t count = 0;
        const SnapshotPtr snapshot = manager->snapshot();  // outlives the loop
        for (const auto& [handle, eswitch] : snapshot->eswitches) {
            for (const auto& [id, known] : eswitch->reps) {
                count += known->eth().state == RepState::kLoaded;
            }
        }
        return count;
    }

    void claim(const std::string& port, std::optional<DevlinkHandle> device,
               const char* representor) {
        PortRequest request;
        request.port = port;
        request.device = std::move(device);
        if (representor) {
            request.rep = rep(representor);
        }
        manager->claim_port(request);
    }

    PortBinding binding(const std::string& port) const {
        const auto snapshot = manager->snapshot();
        const auto it = snapshot->ports.find(port);
        return it == snapshot->ports.end() ? PortBinding{} : *it->second;
    }

    /// Of RDMA devices; empty: they are left alone. Set before start().
    std::function<std::shared_ptr<Provider>(const DevlinkHandle&, uint64_t)> make_rdma_provider;
    fakes::FakeKernel kernel;
    fakes::FakeClock clock;
    fakes::MemorySink log;
    mutable Mutex mutex{LockRank::kLeaf};
    CondVar published;
    uint64_t publications = 0;
    std::unique_ptr<Manager> manager;
};

}  // namespace esw
