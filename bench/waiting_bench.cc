// SPDX-License-Identifier: Apache-2.0
// What waiting costs: how long after the release the waiter has it, and how much processor time it
// took to wait. Beside ours, in the same run, the two forms that the guard of representors in Linux
// has had (the series "net/mlx5: Improve representor lifecycle and fix work queue deadlock"): an
// atomic that waiters spin on, with a try-lock loop in the work queue; and a mutex that the work
// queue looks at every 60 ms.
#include <benchmark/benchmark.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <semaphore>
#include <thread>

#include "esw-manager/control_lock.h"
#include "esw-manager/rep_block.h"
#include "tests/fakes/fake_clock.h"

namespace esw {
namespace {

using Clock = std::chrono::steady_clock;

/// How long it is held while somebody waits.
constexpr std::chrono::milliseconds kHeld(5);

class OurBlock {
public:
    void hold() { static_cast<void>(block_.acquire(holder_, "reconfigure")); }
    void release() { static_cast<void>(block_.release(holder_)); }
    void wait() { static_cast<void>(block_.acquire(waiter_, "load")); }
    void leave() { static_cast<void>(block_.release(waiter_)); }

private:
    fakes::FakeClock clock_;
    RepBlock block_{"pci/0000:08:00.0", clock_};
    const BlockHolder holder_{"set-mode switchdev"}, waiter_{"load pf0vf0"};
};

class OurControlLock {
public:
    void hold() { static_cast<void>(lock_.acquire("set-mode switchdev")); }
    void release() { lock_.release(); }
    void wait() { static_cast<void>(lock_.acquire(1, "load pf0vf0")); }
    void leave() { lock_.release(); }

private:
    ControlLock lock_{1};
};

/// while (atomic_cmpxchg(&block, UNBLOCKED, BLOCKED) != UNBLOCKED) cond_resched();
class CompareAndSwapSpin {
public:
    void hold() { blocked_ = true; }
    void release() { blocked_ = false; }
    void wait() {
        for (bool free = false; !blocked_.compare_exchange_weak(free, true); free = false) {
            std::this_thread::yield();
        }
    }
    void leave() { blocked_ = false; }

private:
    std::atomic<bool> blocked_{false};
};

/// while (!devl_trylock(devlink)) cond_resched();
class TryLockLoop {
public:
    void hold() { mutex_.lock(); }
    void release() { mutex_.unlock(); }
    void wait() {
        while (!mutex_.try_lock()) {
            std::this_thread::yield();
        }
    }
    void leave() { mutex_.unlock(); }

private:
    std::mutex mutex_;
};

/// if (!devl_trylock(devlink)) queue_delayed_work(..., msecs_to_jiffies(60));
class PollEvery60Ms {
public:
    void hold() { mutex_.lock(); }
    void release() { mutex_.unlock(); }
    void wait() {
        while (!mutex_.try_lock()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(60));
        }
    }
    void leave() { mutex_.unlock(); }

private:
    std::mutex mutex_;
};

double thread_time_us() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

/// The time of an iteration is from the release to the waiter's having it.
template <class Lock>
void wake_up(benchmark::State& state) {
    Lock lock;
    std::binary_semaphore held(0), left(0);
    std::atomic<Clock::rep> released{0};
    double waited_us = 0;
    bool over = false;
    std::thread holder([&] {
        for (;;) {
            left.acquire();
            if (over) {
                return;
            }
            lock.hold();
            held.release();
            std::this_thread::sleep_for(kHeld);
            released = Clock::now().time_since_epoch().count();
            lock.release();
        }
    });
    for (auto _ : state) {
        left.release();
        held.acquire();
        const double before = thread_time_us();
        lock.wait();
        const Clock::duration late =
            Clock::now().time_since_epoch() - Clock::duration(released.load());
        waited_us += thread_time_us() - before;
        lock.leave();
        state.SetIterationTime(std::chrono::duration<double>(late).count());
    }
    over = true;
    left.release();
    holder.join();
    state.counters["cpu_us"] = waited_us / static_cast<double>(state.iterations());
}

BENCHMARK(wake_up<OurBlock>)->Iterations(200)->UseManualTime();
BENCHMARK(wake_up<OurControlLock>)->Iterations(200)->UseManualTime();
BENCHMARK(wake_up<CompareAndSwapSpin>)->Iterations(200)->UseManualTime();
BENCHMARK(wake_up<TryLockLoop>)->Iterations(200)->UseManualTime();
BENCHMARK(wake_up<PollEvery60Ms>)->Iterations(200)->UseManualTime();

}  // namespace
}  // namespace esw

BENCHMARK_MAIN();
