// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/flow/flow.h"

#include <algorithm>
#include <utility>

namespace esw {

namespace {

void add(mlx5::FdbCounter::Value& sum, const mlx5::FdbCounter::Value& value) {
    sum.packets += value.packets;
    sum.bytes += value.bytes;
}

}  // namespace

PackedFlowPtr Flow::wanted() const {
    MutexLock lock(mutex_);
    return wanted_;
}

void Flow::want(PackedFlowPtr flow) {
    MutexLock lock(mutex_);
    std::swap(wanted_, flow);
}

void Flow::rule_added(std::shared_ptr<const mlx5::FdbCounter> counter) {
    MutexLock lock(mutex_);
    ++rules_;
    counters_.push_back(std::move(counter));
    if (counters_.size() < fold_at_) {
        return;
    }
    // Those of rules that went before: how many there are does not grow with a flow's age.
    std::erase_if(counters_, [this](const Counter& other) ESW_REQUIRES(mutex_) {
        if (!other->is_final()) {
            return false;
        }
        add(ended_, other->value());
        return true;
    });
    fold_at_ = std::max<size_t>(4, 2 * counters_.size());
}

void Flow::rule_removed() {
    MutexLock lock(mutex_);
    --rules_;
}

bool Flow::is_offloaded() const {
    MutexLock lock(mutex_);
    return rules_ > 0;
}

Flow::Stats Flow::stats(TimePoint now) {
    MutexLock lock(mutex_);
    Stats stats;
    stats.counted = ended_;
    for (const Counter& counter : counters_) {
        add(stats.counted, counter->value());
    }
    if (stats.counted.packets > seen_.packets) {
        seen_ = stats.counted;
        hit_ = now;
        was_hit_ = true;
    }
    stats.idle_ms = was_hit_ ? to_ms(now - hit_) : -1;
    stats.offloaded = rules_ > 0;
    stats.refusal = stats.offloaded ? ESW_REFUSAL_NONE : refusal();
    return stats;
}

}  // namespace esw
