// SPDX-License-Identifier: Apache-2.0
// What operations do with an eswitch.
#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "esw-manager/eswitch.h"

namespace esw {

Status Eswitch::take_control(const BlockHolder& operation) {
    const auto waits = [&](const std::string& holder) {
        set_activity(fmt::format("{}, waits for {}", operation.name(), holder));
    };
    if (control_.acquire_first(operation.name(), waits) != ControlLock::Outcome::kAcquired) {
        return fail(ECANCELED, name_, operation.name(), "the eswitch went away");
    }
    set_activity(operation.name());
    return {};
}

void Eswitch::release_control() {
    control_.release();
}

Status Eswitch::take_block(const BlockHolder& operation) {
    const Status taken = block_.acquire(operation, "reconfigure");
    callbacks_.changed();
    return taken;
}

void Eswitch::release_block(const BlockHolder& operation) {
    static_cast<void>(block_.release(operation));
    callbacks_.changed();
}

void Eswitch::suspend() {
    {
        MutexLock lock(mutex_);
        suspended_ = true;
    }
    // In this order: what is queued in between would carry the new generation and run.
    control_.raise_generation();
    queue_.drain();
    callbacks_.changed();
}

void Eswitch::resume() {
    {
        MutexLock lock(mutex_);
        suspended_ = false;
        if (!closed_) {
            queue(WorkKind::kInspect);
            evaluate_all();
        }
    }
    callbacks_.changed();
}

void Eswitch::unload_rep(const RepId& id) {
    {
        MutexLock lock(mutex_);
        if (!reps_.count(id)) {
            return;
        }
    }
    unload_type(id, ProviderType::kRdma);
    unload_type(id, ProviderType::kEth);
    callbacks_.changed();
}

void Eswitch::keep_mode(netlink::EswitchMode mode) {
    MutexLock lock(mutex_);
    mode_was_read();
    if (mode_ != mode) {
        change_mode(mode);  // queues nothing while suspended
    }
}

std::optional<uint32_t> Eswitch::port_index(const RepId& id) const {
    MutexLock lock(mutex_);
    const auto rep = reps_.find(id);
    if (rep == reps_.end() || !rep->second.present) {
        return std::nullopt;
    }
    return rep->second.facts.port.index;
}

bool Eswitch::wait_until_gone(const RepId& id, TimePoint deadline) {
    MutexLock lock(mutex_);
    const auto gone = [&]() ESW_REQUIRES(mutex_) {
        const auto rep = reps_.find(id);
        return closed_ || rep == reps_.end() || !rep->second.present;
    };
    while (!gone()) {
        if (!rep_gone_.wait_until(mutex_, deadline)) {
            return gone();
        }
    }
    return true;
}

uint64_t Eswitch::request_mode(netlink::EswitchMode mode) {
    MutexLock lock(mutex_);
    wanted_mode_ = mode;
    return ++mode_requests_;
}

std::optional<netlink::EswitchMode> Eswitch::superseding(uint64_t request) const {
    MutexLock lock(mutex_);
    return request == mode_requests_ ? std::nullopt : wanted_mode_;
}

bool Eswitch::retry_now(const std::optional<RepId>& id) {
    MutexLock lock(mutex_);
    if (id && !reps_.count(*id)) {
        return false;
    }
    for (auto& [known, rep] : reps_) {
        if (!id || *id == known) {
            for (Slot& slot : rep.slots) {
                slot.status.retry_at.reset();
            }
            evaluate(known, rep);
        }
    }
    return true;
}

void Eswitch::set_activity(std::string activity) {
    {
        MutexLock lock(mutex_);
        activity_ = std::move(activity);
    }
    callbacks_.changed();
}

}  // namespace esw
