// SPDX-License-Identifier: Apache-2.0
// The cost of an event and of a representor's load, by the number of representors: each is to cost
// the same whether there are 16 or 4096. The kernel is in memory, so what is measured is ours; the
// bare calls that a load makes to that kernel are measured beside.
#include <benchmark/benchmark.h>

#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "esw-manager/manager.h"
#include "esw-manager/provider.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/fakes/memory_sink.h"

namespace esw {
namespace {

using netlink::EswitchMode;

const DevlinkHandle kPf{"pci", "0000:08:00.0"};

/// An RDMA side that costs nothing.
class NullRdma final : public Provider {
public:
    ProviderType type() const override { return ProviderType::kRdma; }
    bool eligible(const RepId&) const override { return true; }
    Result<LoadResult> load(const LoadTarget&) override { return LoadResult(); }
    void unload(const RepRef&) override {}
};

/// A PF with VFs, and a manager that is through with it.
class Adapter {
public:
    Adapter(uint32_t vfs, EswitchMode mode) {
        kernel_.add_pf(kPf, 0, vfs);
        kernel_.change_mode(kPf, mode);
        Manager::Dependencies dependencies{
            kernel_,
            [this](EventLoop& loop) -> Result<std::unique_ptr<netlink::KernelMonitor>> {
                return kernel_.monitor(loop);
            },
            clock_,
            log_,
            [] {},
            [this](EventLoop& loop) { return clock_.timers(loop); },
            [](const DevlinkHandle&, uint64_t) { return std::make_shared<NullRdma>(); }};
        manager_ = Manager::create(std::move(dependencies)).value();
        static_cast<void>(manager_->start());
        wait();
    }
    ~Adapter() { manager_->stop(); }

    fakes::FakeKernel& kernel() { return kernel_; }

    /// Returns when everything that the kernel has said is done.
    void wait() {
        std::promise<Result<WaitReport>> done;
        manager_->wait(kPf, true, std::chrono::hours(1),
                       [&](Result<WaitReport> report) { done.set_value(std::move(report)); });
        require(done.get_future().get());
    }
    /// An OVS port for each VF.
    void claim_ports(uint32_t vfs) {
        for (uint32_t vf = 0; vf < vfs; ++vf) {
            PortRequest request;
            request.port = "vm" + std::to_string(vf);
            request.device = kPf;
            request.rep = RepId{RepId::Kind::kVf, 0, 0, vf};
            manager_->claim_port(std::move(request));
        }
        wait();
    }
    void set_mode(EswitchMode mode) {
        std::promise<Result<std::string>> done;
        manager_->set_mode(kPf, mode, std::chrono::hours(1),
                           [&](Result<std::string> result) { done.set_value(std::move(result)); });
        require(done.get_future().get());
        wait();
    }

private:
    template <class T>
    static void require(const Result<T>& result) {
        if (!result) {
            throw std::runtime_error(result.error().to_string());
        }
    }

    fakes::FakeKernel kernel_;
    fakes::FakeClock clock_;
    fakes::MemorySink log_;
    std::unique_ptr<Manager> manager_;
};

uint32_t vfs_of(const benchmark::State& state) {
    return static_cast<uint32_t>(state.range(0));
}

/// Time for each of `count` things in an iteration.
benchmark::Counter each(int64_t count) {
    return benchmark::Counter(
        static_cast<double>(count),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

/// From legacy to all representors loaded, each used by an OVS port.
void load_all(benchmark::State& state) {
    Adapter adapter(vfs_of(state), EswitchMode::kLegacy);
    adapter.claim_ports(vfs_of(state));
    adapter.kernel().reset_calls();
    for (auto _ : state) {
        adapter.set_mode(EswitchMode::kSwitchdev);
        state.PauseTiming();
        adapter.set_mode(EswitchMode::kLegacy);
        state.ResumeTiming();
    }
    const auto per_iteration = [&](uint64_t count) {
        return static_cast<double>(count) / static_cast<double>(state.iterations());
    };
    state.counters["per_rep"] = each(state.range(0));
    state.counters["calls_per_rep"] =
        per_iteration(adapter.kernel().all_calls()) / static_cast<double>(state.range(0));
    state.counters["dumps"] =
        per_iteration(adapter.kernel().calls("devlink_ports") + adapter.kernel().calls("links"));
}

/// What a load asks the kernel, without us.
void bare_calls(benchmark::State& state) {
    Adapter adapter(vfs_of(state), EswitchMode::kSwitchdev);
    std::vector<std::pair<uint32_t, uint32_t>> reps;
    for (uint32_t vf = 0; vf < vfs_of(state); ++vf) {
        const RepRef ref{kPf, {RepId::Kind::kVf, 0, 0, vf}};
        reps.emplace_back(adapter.kernel().port_index(ref), adapter.kernel().ifindex(ref));
    }
    for (auto _ : state) {
        for (const auto& [port_index, ifindex] : reps) {
            benchmark::DoNotOptimize(adapter.kernel().devlink_port(kPf, port_index));
            benchmark::DoNotOptimize(adapter.kernel().link(ifindex));
        }
    }
    state.counters["per_rep"] = each(state.range(0));
}

/// From the registration of a provider, of a device that comes late, to all loaded.
void register_provider(benchmark::State& state) {
    Adapter adapter(vfs_of(state), EswitchMode::kSwitchdev);
    for (auto _ : state) {
        adapter.kernel().add_rdma_device(kPf, "mlx5_0");
        adapter.wait();
        state.PauseTiming();
        adapter.kernel().remove_rdma_device("mlx5_0");
        adapter.wait();
        state.ResumeTiming();
    }
    state.counters["per_rep"] = each(state.range(0));
}

/// One netdev, which an OVS port uses, goes and comes back; of many.
void event(benchmark::State& state) {
    Adapter adapter(vfs_of(state), EswitchMode::kSwitchdev);
    adapter.claim_ports(vfs_of(state));
    const RepRef last{kPf, {RepId::Kind::kVf, 0, 0, vfs_of(state) - 1}};
    adapter.kernel().reset_calls();
    for (auto _ : state) {
        adapter.kernel().remove_netdev(last);
        adapter.kernel().add_netdev(last);
        adapter.wait();
    }
    state.counters["calls"] =
        static_cast<double>(adapter.kernel().all_calls()) / static_cast<double>(state.iterations());
}

BENCHMARK(load_all)->RangeMultiplier(4)->Range(16, 4096)->UseRealTime();
BENCHMARK(bare_calls)->RangeMultiplier(4)->Range(16, 4096)->UseRealTime();
BENCHMARK(register_provider)->RangeMultiplier(4)->Range(16, 4096)->UseRealTime();
BENCHMARK(event)->RangeMultiplier(4)->Range(16, 4096)->UseRealTime();

}  // namespace
}  // namespace esw

BENCHMARK_MAIN();
