// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "esw-manager/mlx5/fdb.h"
#include "esw-manager/mlx5/fdb_domain.h"

namespace esw::mlx5 {

/// The adapter's counters that rules count with. They come in bulks, each of which is one object of
/// the firmware and is read with one command; the next bulk is made when all are in use, and one
/// that nobody uses is kept.
///
/// A counter is never set to 0. One that was given back has an unknown value until it was read, so
/// the next rule gets it only after a reading that began later, and starts from what that found.
/// That reading is also the last for the rule before.
///
/// Threads: read() may be called by one other thread than the rest. The mutex is taken for a few
/// instructions, in read() for some hundred counters at a time; never while the firmware works.
class FdbCounters {
public:
    /// Of rules that have a mask in common: when they were last seen to be of use.
    struct Activity {
        uint64_t reading = 0;  ///< in which one had counted, or after which one was added
    };

    /// What a rule counts with, given back at the end.
    class Use;

    explicit FdbCounters(const FdbDomain& domain) : domain_(domain) {}
    /// Nothing is in use any more.
    ~FdbCounters();
    FdbCounters(const FdbCounters&) = delete;

    /// Asks the device how large a bulk may be.
    Status prepare();

    /// `activity` is told of what is counted, for as long as the counter is in use.
    Result<Use> take(Activity& activity) ESW_EXCLUDES(mutex_);

    /// Whether nothing was counted during the last so many readings.
    bool idle(const Activity& activity, uint32_t readings) const ESW_EXCLUDES(mutex_);

    Status read() ESW_EXCLUDES(mutex_);

private:
    class Value;
    struct Bulk;

    /// One counter of the adapter. All but `bulk` and `action` are guarded by mutex_.
    struct Slot {
        Bulk* bulk = nullptr;
        DrAction action;  ///< made when it is used first
        std::shared_ptr<Value>
            value;  ///< of the rule that has it, or had it until the last reading
        Activity* activity = nullptr;  ///< of the rule that has it; null: none
        FdbCounter::Value found = {};  ///< by the last reading
        uint64_t freed = 0;            ///< the last reading that had begun then
        bool waits = false;            ///< for a reading, until it may be used again
    };
    /// All but `object`, `id` and the number of slots are guarded by mutex_.
    struct Bulk {
        DevxObject object;
        uint32_t id = 0;
        std::vector<Slot> slots;
        std::vector<Slot*> available;
        uint32_t used = 0;
        uint32_t waiting = 0;
        size_t place = 0;       ///< in bulks_
        size_t open_place = 0;  ///< in open_, if something is available
    };

    Slot* take_available(Activity& activity, const std::shared_ptr<Value>& value)
        ESW_EXCLUDES(mutex_);
    void make_available(Slot& slot) ESW_REQUIRES(mutex_);
    void close(Bulk& bulk) ESW_REQUIRES(mutex_);
    Status add_bulk() ESW_EXCLUDES(mutex_);
    Result<std::shared_ptr<Bulk>> make_bulk(unsigned log_units) const;
    Status ensure_action(Slot& slot) const;
    void give_back(Slot& slot) ESW_EXCLUDES(mutex_);
    std::shared_ptr<Bulk> one_spare_too_many(Bulk& empty) ESW_REQUIRES(mutex_);
    void move(Slot& slot, Activity& activity) ESW_EXCLUDES(mutex_);

    std::vector<std::shared_ptr<Bulk>> to_read() const ESW_REQUIRES(mutex_);
    Status query(const Bulk& bulk);
    void note(Bulk& bulk, uint64_t reading) ESW_EXCLUDES(mutex_);
    void note(Slot& slot, uint64_t reading, FdbCounter::Value found) ESW_REQUIRES(mutex_);

    const FdbDomain& domain_;
    unsigned sizes_ = 1;  ///< bit n: there are bulks of 128 << n
    unsigned next_log_units_ = 0;

    mutable Mutex mutex_{LockRank::kLeaf};
    std::vector<std::shared_ptr<Bulk>> bulks_ ESW_GUARDED_BY(mutex_);
    std::vector<Bulk*> open_ ESW_GUARDED_BY(mutex_);  ///< those that have some available
    Bulk* spare_ ESW_GUARDED_BY(mutex_) = nullptr;    ///< that nobody uses
    uint64_t begun_ ESW_GUARDED_BY(mutex_) = 0;       ///< readings
    uint64_t ended_ ESW_GUARDED_BY(mutex_) = 0;       ///< the last that read everything

    std::vector<uint8_t> answer_;  ///< of the reading thread
};

class FdbCounters::Use {
public:
    Use() = default;
    Use(Use&& other) noexcept
        : counters_(std::exchange(other.counters_, nullptr)),
          slot_(std::exchange(other.slot_, nullptr)),
          value_(std::move(other.value_)) {}
    Use& operator=(Use&& other) noexcept {
        std::swap(counters_, other.counters_);
        std::swap(slot_, other.slot_);
        std::swap(value_, other.value_);
        return *this;
    }
    ~Use() {
        if (slot_) {
            counters_->give_back(*slot_);
        }
    }

    mlx5dv_dr_action* action() const { return slot_->action.get(); }
    std::shared_ptr<const FdbCounter> value() const;
    /// From now on it is other rules that it counts for; what it counted stays.
    void move_to(Activity& activity) { counters_->move(*slot_, activity); }

private:
    friend class FdbCounters;
    Use(FdbCounters& counters, Slot& slot, std::shared_ptr<Value> value)
        : counters_(&counters), slot_(&slot), value_(std::move(value)) {}

    FdbCounters* counters_ = nullptr;
    Slot* slot_ = nullptr;
    std::shared_ptr<Value> value_;
};

}  // namespace esw::mlx5
