// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/binding_tracker.h"

#include <algorithm>
#include <chrono>

#include "base/back_off.h"

namespace esw {
namespace {

constexpr Duration kFirstRetry = std::chrono::milliseconds(250);
constexpr Duration kLastRetry = std::chrono::seconds(30);

/// Whether two states of an eswitch look the same in the status of its ports.
bool same_status(const EswitchPtr& a, const EswitchPtr& b) {
    if (a == b) {
        return true;
    }
    return a && b && a->handle == b->handle && a->mode == b->mode &&
           a->generation == b->generation && a->switch_id == b->switch_id;
}

EswitchPtr find_eswitch(const Snapshot& snapshot, const PortBindingPtr& binding) {
    if (!binding || !binding->rep) {
        return nullptr;
    }
    const auto found = snapshot.eswitches.find(binding->rep->handle);
    return found == snapshot.eswitches.end() ? nullptr : found->second;
}

uint64_t loads_of(const EswitchPtr& eswitch, const PortBindingPtr& binding) {
    if (!eswitch) {
        return 0;
    }
    const auto rep = eswitch->reps.find(binding->rep->rep);
    return rep == eswitch->reps.end() ? 0 : rep->second->loads;
}

}  // namespace

void BindingTracker::add(uint64_t id, const std::string& name) {
    ports_[id].name = name;
    ports_[id].port.id = id;
    by_name_[name] = id;
}

std::optional<uint32_t> BindingTracker::remove(uint64_t id) {
    const auto found = ports_.extract(id);
    if (found.empty()) {
        return std::nullopt;
    }
    const Entry& entry = found.mapped();
    if (has_name(id, entry)) {
        by_name_.erase(entry.name);
    }
    running_ -= entry.attempt != 0;
    if (!entry.target || is_taken(entry.target->ifindex)) {
        return std::nullopt;
    }
    return entry.target->ifindex;
}

bool BindingTracker::has_name(uint64_t id, const Entry& entry) const {
    const auto named = by_name_.find(entry.name);
    return named != by_name_.end() && named->second == id;
}

bool BindingTracker::is_taken(uint32_t ifindex) const {
    for (const auto& [id, entry] : ports_) {
        if (entry.target && entry.target->ifindex == ifindex) {
            return true;
        }
    }
    return false;
}

std::vector<BindingTracker::Step> BindingTracker::update(const Snapshot& snapshot) {
    std::vector<Step> steps;
    for (auto& [id, entry] : ports_) {
        if (has_name(id, entry)) {
            update_port(entry, snapshot, steps);
        }
    }
    return steps;
}

void BindingTracker::update_port(Entry& entry, const Snapshot& snapshot, std::vector<Step>& steps) {
    const auto found = snapshot.ports.find(entry.name);
    const PortBindingPtr binding = found == snapshot.ports.end() ? nullptr : found->second;
    const EswitchPtr eswitch = find_eswitch(snapshot, binding);
    // Other eswitches of the adapter have their part in it.
    const LagState lag = eswitch ? lag_of(snapshot, *eswitch) : LagState{};
    if (binding == entry.port.binding && eswitch == entry.port.eswitch && lag == entry.port.lag) {
        return;
    }
    const bool shows = binding != entry.port.binding || lag != entry.port.lag ||
                       !same_status(eswitch, entry.port.eswitch);
    entry.port.binding = binding;
    entry.port.eswitch = eswitch;
    entry.port.lag = lag;

    std::optional<Target> target;
    if (binding && binding->state == PortState::kLoaded && binding->ifindex) {
        target = Target{*binding->ifindex, loads_of(eswitch, binding)};
    }
    if (target == entry.target) {
        if (shows) {
            steps.push_back({Step::Kind::kStatus, entry.port.id, 0, 0});
        }
        return;
    }
    if (entry.target) {
        // What is being prepared is put back after that, in the order of the requests.
        running_ -= entry.attempt != 0;
        entry.attempt = 0;
        entry.port.attached = 0;
        entry.port.failure.reset();
        steps.push_back({Step::Kind::kDetach, entry.port.id, entry.target->ifindex, 0});
    } else if (shows) {
        steps.push_back({Step::Kind::kStatus, entry.port.id, 0, 0});
    }
    entry.target = target;
    if (target) {
        steps.push_back(begin_attempt(entry));
    }
}

BindingTracker::Step BindingTracker::begin_attempt(Entry& entry) {
    entry.attempt = ++last_attempt_;
    ++running_;
    return {Step::Kind::kPrepare, entry.port.id, entry.target->ifindex, entry.attempt};
}

bool BindingTracker::awaits(uint64_t id, uint64_t attempt) const {
    const auto found = ports_.find(id);
    return found != ports_.end() && attempt != 0 && found->second.attempt == attempt;
}

BindingTracker::Entry& BindingTracker::end_attempt(uint64_t id) {
    Entry& entry = ports_.at(id);
    entry.attempt = 0;
    --running_;
    return entry;
}

void BindingTracker::attached(uint64_t id, uint64_t attempt) {
    if (awaits(id, attempt)) {
        Entry& entry = end_attempt(id);
        entry.port.attached = entry.target->ifindex;
        entry.port.failure.reset();
    }
}

void BindingTracker::gone(uint64_t id, uint64_t attempt) {
    if (awaits(id, attempt)) {
        // The target stays, so that only another one is tried.
        end_attempt(id).port.failure.reset();
    }
}

void BindingTracker::failed(uint64_t id, uint64_t attempt, Error error, TimePoint now) {
    if (!awaits(id, attempt)) {
        return;
    }
    auto& failure = end_attempt(id).port.failure;
    if (!failure) {
        failure.emplace().state = RepState::kFailed;
    }
    failure->error = std::move(error);
    failure->retry_at = now + back_off(kFirstRetry, kLastRetry, failure->retries);
    ++failure->retries;
}

std::vector<BindingTracker::Step> BindingTracker::retry(TimePoint now) {
    std::vector<Step> steps;
    for (auto& [id, entry] : ports_) {
        const auto& failure = entry.port.failure;
        if (has_name(id, entry) && failure && failure->retry_at && *failure->retry_at <= now) {
            entry.port.failure->retry_at.reset();
            steps.push_back(begin_attempt(entry));
        }
    }
    return steps;
}

std::optional<TimePoint> BindingTracker::next_retry() const {
    std::optional<TimePoint> next;
    for (const auto& [id, entry] : ports_) {
        const auto& failure = entry.port.failure;
        if (has_name(id, entry) && failure && failure->retry_at) {
            next = std::min(next.value_or(*failure->retry_at), *failure->retry_at);
        }
    }
    return next;
}

std::map<std::string, ProviderStatus> BindingTracker::failures() const {
    std::map<std::string, ProviderStatus> failures;
    for (const auto& [id, entry] : ports_) {
        if (has_name(id, entry) && entry.port.failure) {
            failures[entry.name] = *entry.port.failure;
        }
    }
    return failures;
}

const BindingTracker::Port* BindingTracker::find(uint64_t id) const {
    const auto found = ports_.find(id);
    return found == ports_.end() ? nullptr : &found->second.port;
}

}  // namespace esw
