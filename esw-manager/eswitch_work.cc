// SPDX-License-Identifier: Apache-2.0
// What runs on an eswitch's own thread, under its control lock.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/back_off.h"
#include "esw-manager/eswitch.h"
#include "esw-manager/nested_ports.h"

namespace esw {

namespace {

constexpr Duration kFirstRetry = std::chrono::milliseconds(250);
constexpr Duration kLastRetry = std::chrono::seconds(30);

std::string describe_no_netdev(const netlink::DevlinkPort& port) {
    return port.type == netlink::PortType::kEth ? "its netdev is not in this network namespace"
                                                : "it has no netdev yet";
}

}  // namespace

BlockHolder Eswitch::working() const {
    return worker_.named(queue_.running());
}

WorkQueue::Result Eswitch::handle_item(const WorkItem& item) {
    switch (item.kind) {
        case WorkKind::kInspect:
            return inspect();
        case WorkKind::kLoad:
            return load(item.target.value());
        case WorkKind::kUnload:
            return unload(item.target.value());
        case WorkKind::kConfigure:
            return configure(item.target.value());
        case WorkKind::kProviders:
            sync_providers(working());
            break;
        case WorkKind::kTearDown:
            tear_down();
            break;
    }
    return WorkQueue::Result::kDone;
}

void Eswitch::read_info() {
    {
        MutexLock lock(mutex_);
        if (driver_) {
            return;
        }
    }
    const auto info = kernel_.devlink_info(handle_);
    MutexLock lock(mutex_);
    driver_ = info ? info->driver : std::string();
}

void Eswitch::mode_was_read() {
    error_ = {};
    inspect_retries_ = 0;
    mode_read_at_ = clock_.now();
}

void Eswitch::change_mode(netlink::EswitchMode mode) {
    const uint64_t generation = control_.generation();
    log_.info("{}: mode {}, generation {}", name_, netlink::to_string(mode), generation);
    record_->count(Counter::kModeChanges);
    record_->record({EventTrack::kEvents, "mode", netlink::to_string(mode), generation,
                     EventResult::kDone,
                     mode_ ? "was " + netlink::to_string(*mode_) : "first reading"});
    mode_ = mode;
    evaluate_all();
}

WorkQueue::Result Eswitch::inspect() {
    const auto eswitch = kernel_.eswitch_get(handle_);
    record_->count(Counter::kInspections);
    if (eswitch && eswitch->mode) {
        read_info();
    }
    WorkQueue::Result result = WorkQueue::Result::kDone;
    if (!block_.acquire(working(), "inspect")) {
        return result;  // it goes away
    }
    {
        MutexLock lock(mutex_);
        const TimePoint now = clock_.now();
        if (eswitch && eswitch->mode) {
            mode_was_read();
            if (mode_ != eswitch->mode && !closed_) {
                // What was queued for the old mode must not run in the new one.
                control_.raise_generation();
                change_mode(*eswitch->mode);
            }
        } else if (!eswitch && eswitch.error().code == EOPNOTSUPP) {
            unsupported_ = true;
        } else {
            const Error cause = eswitch ? Error{ENODATA, name_, "", ""} : eswitch.error();
            const bool repeated = error_.code == cause.code;
            error_ = {cause.code, name_, "read eswitch mode", cause.detail};
            queue_.explain(error_.to_string());
            if (!repeated && limiter_.allow(now)) {
                log_.warn("{}", error_.to_string());
            }
            inspect_at_ = now + back_off(kFirstRetry, kLastRetry, inspect_retries_++);
            if (!mode_) {
                evaluate_all();
            }
            result = WorkQueue::Result::kFailed;
        }
    }
    static_cast<void>(block_.release(worker_));
    callbacks_.changed();
    return result;
}

std::optional<Eswitch::Attempt> Eswitch::begin_load(const RepId& id) {
    MutexLock lock(mutex_);
    const auto it = reps_.find(id);
    if (closed_ || it == reps_.end()) {
        return std::nullopt;
    }
    Representor& rep = it->second;
    const netlink::DevlinkPort& port = rep.facts.port;
    Attempt attempt{
        port.instance.value_or(handle_), port.index, rep.facts.revision, rep.removals, {}};
    for (const ProviderType type : kAllProviderTypes) {
        ProviderStatus& status = rep.slots[slot_of(type)].status;
        const bool elsewhere = status.state == RepState::kLoaded && is_elsewhere(rep, type);
        const bool due = status.state == RepState::kFailed && !status.retry_at;
        if (!registered(rep, type) || !obstacle(rep, type).empty()) {
            continue;
        }
        if (wanted_providers_[slot_of(type)]) {
            continue;  // its provider goes; is queued again when the next one is registered
        }
        if (id.kind != RepId::Kind::kUplink && !gates_[slot_of(type)].empty()) {
            continue;  // is queued again when the uplink is there
        }
        if (status.state == RepState::kRegistered || due) {
            status.state = RepState::kLoading;
            attempt.types.push_back(type);
        } else if (elsewhere) {
            attempt.types.push_back(type);
        }
    }
    if (attempt.types.empty()) {
        return std::nullopt;
    }
    dirty_.insert(id);
    return attempt;
}

Result<LoadResult> Eswitch::read_port(const RepId& id, const Attempt& attempt,
                                      netlink::DevlinkPort& port) {
    auto answer = kernel_.devlink_port(attempt.instance, attempt.port_index);
    if (!answer) {
        if (answer.error().code == ENODEV) {
            return LoadResult{true, "its devlink port went away", {}};
        }
        return fail(answer.error().code, RepRef{handle_, id}.to_string(), "read devlink port",
                    answer.error().detail);
    }
    port = as_port_of(handle_, std::move(*answer));
    if (RepId::of_port(port) != id) {
        return LoadResult{true, "its devlink port is another's now", {}};
    }
    MutexLock lock(mutex_);
    reads_.push_back({id, port, attempt.revision});
    Representor& rep = reps_.at(id);
    if (rep.facts.revision == attempt.revision) {
        // No event since: this is the last word.
        const bool moved = rep.facts.port.ifindex != port.ifindex;
        rep.facts.port = port;
        if (moved || rep.facts.netdev.empty()) {
            rep.facts.netdev = port.ifname;
        }
    }
    return LoadResult{};
}

WorkQueue::Result Eswitch::load(const RepId& id) {
    const auto attempt = begin_load(id);
    if (!attempt) {
        return WorkQueue::Result::kDone;
    }
    callbacks_.changed();
    netlink::DevlinkPort port;
    const TimePoint begun = clock_.now();
    const auto found = read_port(id, *attempt, port);
    bool good = true;
    if (block_.acquire(working(), "load")) {
        for (const ProviderType type : attempt->types) {
            good &= load_type(id, *attempt, type, found, port, begun);
        }
        static_cast<void>(block_.release(worker_));
    }
    {
        MutexLock lock(mutex_);
        Representor& rep = reps_.at(id);
        if (rep.facts.revision != attempt->revision) {
            evaluate(id, rep);  // something came while it was loaded
        }
        if (id.kind == RepId::Kind::kUplink) {
            update_gate();
        }
        want_configured(id, rep);
        dirty_.insert(id);
    }
    callbacks_.changed();
    return good ? WorkQueue::Result::kDone : WorkQueue::Result::kFailed;
}

bool Eswitch::load_type(const RepId& id, const Attempt& attempt, ProviderType type,
                        const Result<LoadResult>& found, const netlink::DevlinkPort& port,
                        TimePoint begun) {
    unload_type(id, type);  // what was loaded from another netdev
    std::shared_ptr<Provider> provider;
    {
        MutexLock lock(mutex_);
        ProviderStatus& status = reps_.at(id).slots[slot_of(type)].status;
        if (status.state == RepState::kRegistered) {
            status.state = RepState::kLoading;
        }
        if (status.state != RepState::kLoading) {
            return true;  // unregistered meanwhile
        }
        provider = providers_[slot_of(type)];
    }
    Result<LoadResult> outcome = found;
    if (found && !found->absent) {
        if (type == ProviderType::kEth && !port.ifindex) {
            outcome = LoadResult{true, describe_no_netdev(port), {}};
        } else {
            const Watchdog::Wait wait(*record_, {WaitKind::kStep,
                                                 [this] { return queue_.running(); },
                                                 fmt::format("the {} provider", to_string(type)),
                                                 {}});
            outcome = provider->load({{handle_, id}, port});
        }
    }
    MutexLock lock(mutex_);
    const bool good = finish_load(id, attempt, type, outcome, begun);
    if (good && !outcome->absent) {
        Slot& slot = reps_.at(id).slots[slot_of(type)];
        slot.ifindex = port.ifindex.value_or(0);
        slot.port_index = port.index;
        slot.removals = attempt.removals;
        slot.rdma = outcome->rdma;
    }
    return good;
}

bool Eswitch::finish_load(const RepId& id, const Attempt& attempt, ProviderType type,
                          const Result<LoadResult>& outcome, TimePoint begun) {
    Representor& rep = reps_.at(id);
    Slot& slot = rep.slots[slot_of(type)];
    const TimePoint now = clock_.now();
    dirty_.insert(id);
    if (!outcome) {
        set_failed(id, type, outcome.error());
        record_->count(Counter::kLoadFailures);
        queue_.explain(outcome.error().to_string());
        if (limiter_.allow(now)) {
            log_.warn("{}/{}: {} load failed (attempt {}): {}", name_, id.to_string(),
                      to_string(type), slot.status.retries + 1, outcome.error().to_string());
        }
        return false;
    }
    slot.status.error = {};
    slot.status.retry_at.reset();
    slot.status.retries = 0;
    if (outcome->absent) {
        slot.status.state = base_state(rep, type);
        slot.note = outcome->reason;
        return true;
    }
    slot.status.state = RepState::kLoaded;
    slot.note.clear();
    record_->count(Counter::kLoads);
    if (type == ProviderType::kRdma) {
        log_.debug("{}/{}: rdma loaded", name_, id.to_string());
        return true;
    }
    ++rep.loads;
    rep.load_time = now - begun;
    rep.applied.reset();
    if (outcome->link && rep.facts.revision == attempt.revision) {
        if (rep.facts.netdev.empty()) {
            rep.facts.netdev = outcome->link->name;
        }
        if (rep.facts.switch_id.empty()) {
            rep.facts.switch_id = outcome->link->switch_id;
        }
    }
    log_.debug("{}/{}: eth loaded, netdev {}", name_, id.to_string(), rep.facts.netdev);
    return true;
}

void Eswitch::set_failed(const RepId& id, ProviderType type, Error error) {
    Slot& slot = reps_.at(id).slots[slot_of(type)];
    slot.status.state = RepState::kFailed;
    slot.status.error = std::move(error);
    slot.status.retry_at = clock_.now() + back_off(kFirstRetry, kLastRetry, slot.status.retries);
    due_.insert({*slot.status.retry_at, id, type});
    ++slot.status.retries;
    slot.note.clear();
}

void Eswitch::unload_type(const RepId& id, ProviderType type) {
    std::shared_ptr<Provider> provider;
    {
        MutexLock lock(mutex_);
        const Representor& rep = reps_.at(id);
        if (rep.slots[slot_of(type)].status.state != RepState::kLoaded) {
            return;
        }
        provider = providers_[slot_of(type)];
    }
    provider->unload({handle_, id});
    MutexLock lock(mutex_);
    Representor& rep = reps_.at(id);
    Slot& slot = rep.slots[slot_of(type)];
    slot.status.state = base_state(rep, type);
    slot.ifindex = 0;
    slot.rdma.reset();
    dirty_.insert(id);
    record_->count(Counter::kUnloads);
    if (type == ProviderType::kEth) {
        ++rep.unloads;
        rep.option_error.clear();
    }
}

WorkQueue::Result Eswitch::unload(const RepId& id) {
    if (!block_.acquire(working(), "unload")) {
        return WorkQueue::Result::kDone;  // the tear-down unloads
    }
    for (const ProviderType type : {ProviderType::kRdma, ProviderType::kEth}) {
        if (begin_unload(id, type)) {
            unload_type(id, type);
        }
    }
    static_cast<void>(block_.release(worker_));
    {
        MutexLock lock(mutex_);
        const auto it = reps_.find(id);
        if (it == reps_.end()) {
            return WorkQueue::Result::kDone;
        }
        dirty_.insert(id);
        // It may have gone after a provider was asked what to unload: that is unloaded first.
        if (!it->second.present && !has_loaded(it->second)) {
            reps_.erase(it);
        } else {
            evaluate(id, it->second);
        }
        if (id.kind == RepId::Kind::kUplink) {
            update_gate();
        }
    }
    callbacks_.changed();
    return WorkQueue::Result::kDone;
}

/// Whether this provider has something to unload that is not there any more. A failure of what is
/// not there is over.
bool Eswitch::begin_unload(const RepId& id, ProviderType type) {
    MutexLock lock(mutex_);
    const auto it = reps_.find(id);
    if (it == reps_.end()) {
        return false;
    }
    Representor& rep = it->second;
    ProviderStatus& status = rep.slots[slot_of(type)].status;
    if (status.state == RepState::kFailed && !obstacle(rep, type).empty()) {
        status = {};
        status.state = base_state(rep, type);
    }
    return status.state == RepState::kLoaded && !is_loaded(rep, type);
}

WorkQueue::Result Eswitch::configure(const RepId& id) {
    PortOptions options;
    DevlinkHandle instance;
    uint32_t port_index;
    std::string port;
    {
        MutexLock lock(mutex_);
        const auto rep = reps_.find(id);
        const auto user = users_.find(id);
        if (rep == reps_.end() || user == users_.end() ||
            !is_loaded(rep->second, ProviderType::kEth) ||
            rep->second.applied == user->second.options) {
            return WorkQueue::Result::kDone;
        }
        options = user->second.options;
        port = user->second.port;
        instance = rep->second.facts.port.instance.value_or(handle_);
        port_index = rep->second.facts.port.index;
        // Once per load and set of options, whatever comes of it: an option that the driver refuses
        // today it refuses tomorrow.
        rep->second.applied = options;
    }
    const std::string errors = apply_port_options(kernel_, instance, port_index, options);
    record_->count(Counter::kConfigurations);
    queue_.explain(errors);
    {
        MutexLock lock(mutex_);
        const auto rep = reps_.find(id);
        const auto user = users_.find(id);
        if (rep == reps_.end() || user == users_.end() || !(user->second.options == options)) {
            return WorkQueue::Result::kDone;
        }
        rep->second.option_error = errors;
        dirty_.insert(id);
        if (!errors.empty() && limiter_.allow(clock_.now())) {
            log_.warn("{}/{}: options of port {} not taken: {}", name_, id.to_string(), port,
                      errors);
        }
    }
    callbacks_.changed();
    return errors.empty() ? WorkQueue::Result::kDone : WorkQueue::Result::kFailed;
}

void Eswitch::tear_down() {
    static_cast<void>(block_.acquire_always(working(), "tear down"));
    unload_all(ProviderType::kRdma);
    unload_all(ProviderType::kEth);
    decltype(providers_) removed;
    decltype(wanted_providers_) wanted;  // outlive the lock
    {
        MutexLock lock(mutex_);
        reps_.clear();
        wanted = std::exchange(wanted_providers_, {});
        removed = std::exchange(providers_, {});
    }
    for (auto& provider : removed) {
        end(std::move(provider));
    }
    wanted = {};
    static_cast<void>(block_.release(worker_));
    callbacks_.closed();
}

}  // namespace esw
