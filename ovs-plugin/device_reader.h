// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "esw-manager/executor.h"

namespace esw {

/// How long all readings together may be waited for in one turn of the main loop: a switch has many
/// ports, and asks for the counters of all of them at once. Threads: any.
class Patience {
public:
    explicit Patience(Duration of_a_turn) : of_a_turn_(of_a_turn), left_(of_a_turn.count()) {}

    /// A turn begins.
    void renew() { left_ = of_a_turn_.count(); }
    void spend(Duration waited) { left_ -= waited.count(); }
    Duration left() const { return std::max(Duration::zero(), Duration(left_)); }

private:
    const Duration of_a_turn_;
    std::atomic<Duration::rep> left_;
};

/// Reads a T, such as counters, of the network devices that ports have, for callers that want it as
/// it is now and may not wait long for it: the kernel answers nobody who asks about network devices
/// while it makes or removes others. The readings are made on an executor's thread. Who asks waits
/// while there is patience left; then, or while earlier readings are overdue, it gets the last
/// reading, and the new one when it asks again.
///
/// Threads: any. It lives longer than what runs on the executor.
template <class T>
class DeviceReader {
public:
    struct Reading {
        uint64_t number = 0;  ///< from 1; greater than those of all that were begun before
        T value;
    };
    using Pointer = std::shared_ptr<const Reading>;
    using Read = std::function<Result<T>(uint32_t ifindex)>;

    /// `caught_up` is called with no lock held, mostly on the executor's thread, when those
    /// readings have ended for which somebody had no patience, with the time since the first of
    /// them.
    DeviceReader(Executor& executor, Read read, Patience& patience,
                 std::function<void(Duration)> caught_up)
        : executor_(executor),
          read_(std::move(read)),
          patience_(patience),
          caught_up_(std::move(caught_up)) {}

    /// Null when the device was not read since the port has it.
    Pointer read(uint64_t port_id, uint32_t ifindex) ESW_EXCLUDES(mutex_) {
        const std::shared_ptr<Device> device = find_or_add(port_id, ifindex);
        if (begin(*device)) {
            push(device);
        }
        return wait_for(*device);
    }

    /// The port has another device, or the same one again.
    void forget(uint64_t port_id) ESW_EXCLUDES(mutex_) {
        MutexLock lock(mutex_);
        devices_.erase(port_id);
    }

    bool is_overdue() const ESW_EXCLUDES(mutex_) {
        MutexLock lock(mutex_);
        return overdue_until_ != 0;
    }

private:
    struct Device {
        const uint32_t ifindex;
        uint64_t reading = 0;  ///< number of the one that is under way
        Pointer last;
    };

    std::shared_ptr<Device> find_or_add(uint64_t port_id, uint32_t ifindex) ESW_EXCLUDES(mutex_) {
        MutexLock lock(mutex_);
        std::shared_ptr<Device>& device = devices_[port_id];
        if (!device || device->ifindex != ifindex) {
            // A reading that is under way keeps the old one, which nobody asks for any more.
            device = std::make_shared<Device>(Device{ifindex, 0, nullptr});
        }
        return device;
    }

    bool begin(Device& device) ESW_EXCLUDES(mutex_) {
        MutexLock lock(mutex_);
        if (device.reading) {
            return false;
        }
        device.reading = ++last_number_;
        return true;
    }

    void push(const std::shared_ptr<Device>& device) {
        try {
            executor_.push({[this, device] { end(*device, read_now(device->ifindex)); },
                            [this, device](const Error& error) { end(*device, fail(error)); }});
        } catch (const std::exception& e) {
            end(*device, fail(ENOMEM, "", "begin a reading", e.what()));
        }
    }

    /// An exception would end the process.
    Result<T> read_now(uint32_t ifindex) const {
        try {
            return read_(ifindex);
        } catch (const std::exception& e) {
            return fail(ENOMEM, "ifindex " + std::to_string(ifindex), "read", e.what());
        }
    }

    void end(Device& device, Result<T> value) ESW_EXCLUDES(mutex_) {
        TimePoint since;
        {
            MutexLock lock(mutex_);
            const uint64_t number = std::exchange(device.reading, 0);
            if (value) {
                device.last = std::make_shared<const Reading>(Reading{number, std::move(*value)});
            }
            ended_.notify_all();
            // The executor keeps their order: those before it have ended, too.
            if (overdue_until_ == 0 || number < overdue_until_) {
                return;
            }
            overdue_until_ = 0;
            since = overdue_since_;
        }
        caught_up_(std::chrono::steady_clock::now() - since);
    }

    Pointer wait_for(const Device& device) ESW_EXCLUDES(mutex_) {
        const TimePoint begun = std::chrono::steady_clock::now();
        const TimePoint deadline = begun + patience_.left();
        MutexLock lock(mutex_);
        while (device.reading && overdue_until_ == 0) {
            if (!ended_.wait_until(mutex_, deadline) && device.reading && overdue_until_ == 0) {
                overdue_until_ = device.reading;
                overdue_since_ = begun;
            }
        }
        if (device.reading) {
            overdue_until_ = std::max(overdue_until_, device.reading);
        }
        patience_.spend(std::chrono::steady_clock::now() - begun);
        return device.last;
    }

    Executor& executor_;
    const Read read_;
    Patience& patience_;
    const std::function<void(Duration)> caught_up_;

    mutable Mutex mutex_{LockRank::kLeaf};
    CondVar ended_;
    /// By port. Of a device all but the ifindex is under the mutex.
    std::map<uint64_t, std::shared_ptr<Device>> devices_ ESW_GUARDED_BY(mutex_);
    uint64_t last_number_ ESW_GUARDED_BY(mutex_) = 0;
    /// The last reading for which somebody had no patience; 0: there is none, or it has ended.
    uint64_t overdue_until_ ESW_GUARDED_BY(mutex_) = 0;
    TimePoint overdue_since_ ESW_GUARDED_BY(mutex_);
};

}  // namespace esw
