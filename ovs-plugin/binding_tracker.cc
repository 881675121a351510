// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/binding_tracker.h"

#include <algorithm>
#include <chrono>

#include "base/back_off.h"

namespace esw {
namespace {

constexpr Duration kFirstRetry = std::chrono::milliseconds(250);
constexpr Duration kLastRetry = std::chrono::seconds(30);

}  // namespace

void BindingTracker::add(uint64_t id, const std::string& name) {
    ports_[id].name = name;
    ports_[id].port.id = id;
    by_name_[name] = id;
    unseen_.insert(id);
}

std::optional<uint32_t> BindingTracker::remove(uint64_t id) {
    const auto found = ports_.find(id);
    if (found == ports_.end()) {
        return std::nullopt;
    }
    Entry& entry = found->second;
    if (has_name(id, entry)) {
        by_name_.erase(entry.name);
    }
    running_ -= entry.attempt != 0;
    unseen_.erase(id);
    set_failure(entry, std::nullopt);
    set_binding(entry, nullptr);
    const auto target = entry.target;
    set_target(entry, std::nullopt);
    ports_.erase(found);
    if (!target || targets_.count(target->ifindex)) {
        return std::nullopt;
    }
    return target->ifindex;
}

bool BindingTracker::has_name(uint64_t id, const Entry& entry) const {
    const auto named = by_name_.find(entry.name);
    return named != by_name_.end() && named->second == id;
}

void BindingTracker::set_failure(Entry& entry, std::optional<ProviderStatus> failure) {
    entry.port.failure = std::move(failure);
    if (entry.port.failure) {
        failing_.insert(entry.port.id);
    } else {
        failing_.erase(entry.port.id);
    }
}

void BindingTracker::set_target(Entry& entry, std::optional<Target> target) {
    if (entry.target) {
        const auto users = targets_.find(entry.target->ifindex);
        if (--users->second == 0) {
            targets_.erase(users);
        }
    }
    entry.target = target;
    if (target) {
        ++targets_[target->ifindex];
    }
}

void BindingTracker::set_binding(Entry& entry, PortBindingPtr binding) {
    if (entry.port.binding && entry.port.binding->rep) {
        const auto ports = by_eswitch_.find(entry.port.binding->rep->handle);
        ports->second.erase(entry.port.id);
        if (ports->second.empty()) {
            by_eswitch_.erase(ports);
        }
    }
    entry.port.binding = std::move(binding);
    if (entry.port.binding && entry.port.binding->rep) {
        by_eswitch_[entry.port.binding->rep->handle].insert(entry.port.id);
    }
}

BindingTracker::EswitchStatuses BindingTracker::statuses(const Snapshot& snapshot) {
    EswitchStatuses statuses;
    for (const auto& [handle, eswitch] : snapshot.eswitches) {
        // Other eswitches of the adapter have their part in the LAG.
        statuses[handle] = {eswitch->mode, eswitch->generation, eswitch->switch_id,
                            lag_of(snapshot, *eswitch)};
    }
    return statuses;
}

void BindingTracker::add_ports_of(const DevlinkHandle& eswitch, Ids& ids) const {
    const auto ports = by_eswitch_.find(eswitch);
    if (ports != by_eswitch_.end()) {
        ids.insert(ports->second.begin(), ports->second.end());
    }
}

BindingTracker::Ids BindingTracker::ports_of_changed(const EswitchStatuses& statuses) const {
    Ids ids;
    for (const auto& [handle, status] : statuses) {
        const auto before = eswitches_.find(handle);
        if (before == eswitches_.end() || !(before->second == status)) {
            add_ports_of(handle, ids);
        }
    }
    for (const auto& [handle, status] : eswitches_) {
        if (!statuses.count(handle)) {
            add_ports_of(handle, ids);
        }
    }
    return ids;
}

std::vector<BindingTracker::Step> BindingTracker::update(const Snapshot& snapshot) {
    EswitchStatuses statuses = BindingTracker::statuses(snapshot);
    const Ids shows = ports_of_changed(statuses);
    eswitches_ = std::move(statuses);
    Ids changed = shows;
    changed.merge(unseen_);
    unseen_.clear();
    SharedMap<std::string, PortBindingPtr>::for_each_difference(
        bindings_, snapshot.ports, [&](const std::string& name, const auto&, const auto&) {
            const auto named = by_name_.find(name);
            if (named != by_name_.end()) {
                changed.insert(named->second);
            }
        });
    bindings_ = snapshot.ports;

    std::vector<Step> steps;
    for (const uint64_t id : changed) {
        Entry& entry = ports_.at(id);
        if (has_name(id, entry)) {
            update_port(entry, shows.count(id) != 0, steps);
        }
    }
    return steps;
}

void BindingTracker::update_port(Entry& entry, bool shows, std::vector<Step>& steps) {
    const auto found = bindings_.find(entry.name);
    const PortBindingPtr binding = found == bindings_.end() ? nullptr : found->second;
    shows |= binding != entry.port.binding;
    set_binding(entry, binding);

    std::optional<Target> target;
    if (binding && binding->state == PortState::kLoaded && binding->ifindex) {
        target = Target{*binding->ifindex, binding->life};
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
        set_failure(entry, std::nullopt);
        steps.push_back({Step::Kind::kDetach, entry.port.id, entry.target->ifindex, 0});
    } else if (shows) {
        steps.push_back({Step::Kind::kStatus, entry.port.id, 0, 0});
    }
    set_target(entry, target);
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
        set_failure(entry, std::nullopt);
    }
}

void BindingTracker::gone(uint64_t id, uint64_t attempt) {
    if (awaits(id, attempt)) {
        // The target stays, so that only another one is tried.
        set_failure(end_attempt(id), std::nullopt);
    }
}

void BindingTracker::failed(uint64_t id, uint64_t attempt, Error error, TimePoint now) {
    if (!awaits(id, attempt)) {
        return;
    }
    Entry& entry = end_attempt(id);
    ProviderStatus failure = entry.port.failure.value_or(ProviderStatus());
    failure.state = RepState::kFailed;
    failure.error = std::move(error);
    failure.retry_at = now + back_off(kFirstRetry, kLastRetry, failure.retries);
    ++failure.retries;
    set_failure(entry, std::move(failure));
}

std::vector<BindingTracker::Step> BindingTracker::retry(TimePoint now) {
    std::vector<Step> steps;
    for (const uint64_t id : failing_) {
        Entry& entry = ports_.at(id);
        auto& retry_at = entry.port.failure->retry_at;
        if (has_name(id, entry) && retry_at && *retry_at <= now) {
            retry_at.reset();
            steps.push_back(begin_attempt(entry));
        }
    }
    return steps;
}

std::optional<TimePoint> BindingTracker::next_retry() const {
    std::optional<TimePoint> next;
    for (const uint64_t id : failing_) {
        const Entry& entry = ports_.at(id);
        const auto& retry_at = entry.port.failure->retry_at;
        if (has_name(id, entry) && retry_at) {
            next = std::min(next.value_or(*retry_at), *retry_at);
        }
    }
    return next;
}

std::map<std::string, ProviderStatus> BindingTracker::failures() const {
    std::map<std::string, ProviderStatus> failures;
    for (const uint64_t id : failing_) {
        const Entry& entry = ports_.at(id);
        if (has_name(id, entry)) {
            failures[entry.name] = *entry.port.failure;
        }
    }
    return failures;
}

std::vector<std::string> BindingTracker::unsettled() const {
    std::vector<std::string> names;
    for (const auto& [id, entry] : ports_) {
        if (entry.attempt != 0) {
            names.push_back(entry.name);
        }
    }
    return names;
}

const BindingTracker::Port* BindingTracker::find(uint64_t id) const {
    const auto found = ports_.find(id);
    return found == ports_.end() ? nullptr : &found->second.port;
}

}  // namespace esw
