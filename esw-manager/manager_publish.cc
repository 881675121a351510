// SPDX-License-Identifier: Apache-2.0
// What the manager tells: snapshots, and the answers of wait().
#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "esw-manager/manager_impl.h"

namespace esw {

void ManagerImpl::publish_soon() {
    if (stopping_ || std::exchange(publish_pending_, true)) {
        return;
    }
    // Behind what was posted or received together with the cause.
    loop_->post([this] {
        publish();
        check_waiters();
    });
}

void ManagerImpl::refresh_eswitches(Snapshot& next) {
    for (auto it = next.eswitches.begin(); it != next.eswitches.end();) {
        const auto entry = eswitches_.find(it->first);
        const bool there = entry != eswitches_.end() && !entry->second.closing;
        it = there ? std::next(it) : next.eswitches.erase(it);
    }
    for (auto& [handle, entry] : eswitches_) {
        if (!entry.closing && std::exchange(entry.dirty, false)) {
            entry.published = entry.eswitch->snapshot(entry.published);
            next.eswitches[handle] = entry.published;
        }
    }
}

void ManagerImpl::publish() {
    if (stopping_) {
        return;
    }
    publish_pending_ = false;
    auto next = std::make_shared<Snapshot>(*snapshot());
    ++next->serial;
    next->devlink = devlink_;
    next->scanned = scanned_;
    refresh_eswitches(*next);
    for (auto& [ref, user] : ports_.resolve(*next)) {
        const auto entry = eswitches_.find(ref.handle);
        if (entry != eswitches_.end()) {
            entry->second.eswitch->set_user(ref.rep, std::move(user));
            entry->second.dirty = true;
        }
    }
    refresh_eswitches(*next);
    apply_profile();
    next->profile = policy_.status();
    ports_.bind(*next, [this](const DevlinkHandle& handle) {
        return inventory_.has_device(handle) && !eswitches_.count(handle);
    });
    {
        MutexLock lock(snapshot_mutex_);
        snapshot_ = std::move(next);
    }
    if (deps_.changed) {
        deps_.changed();
    }
}

// --- wait

void ManagerImpl::wait(std::optional<DevlinkHandle> eswitch, bool strict,
                       std::chrono::milliseconds timeout,
                       std::function<void(Result<WaitReport>)> done) {
    auto waiter = std::make_shared<Waiter>();
    waiter->eswitch = std::move(eswitch);
    waiter->strict = strict;
    waiter->done = std::move(done);
    const bool posted = post([this, waiter, timeout] { start_wait(std::move(*waiter), timeout); });
    if (!posted) {
        waiter->done(fail(canceled()));
    }
}

void ManagerImpl::start_wait(Waiter waiter, std::chrono::milliseconds timeout) {
    if (monitor_) {
        monitor_->drain();
    }
    waiters_.push_back(std::move(waiter));
    const auto it = std::prev(waiters_.end());
    it->deadline = timer(timeout, [this, it] {
        Waiter late = std::move(*it);
        waiters_.erase(it);
        late.done(fail(ETIMEDOUT, late.eswitch ? late.eswitch->to_string() : "", "wait",
                       "timed out: " + busy_state(late)));
    });
    // Published first, so that who is answered sees what was waited for.
    publish_soon();
}

void ManagerImpl::inspect_for(Waiter& waiter) {
    waiter.inspected = true;
    for (auto& [handle, entry] : eswitches_) {
        if (!waiter.eswitch || *waiter.eswitch == handle) {
            // The kernel does not announce mode changes: ask.
            inspect_now(entry);
        }
    }
}

bool ManagerImpl::settled(const Waiter& waiter) {
    if (scanning_ || !scanned_ || publish_pending_ || policy_.waits_for_overrides()) {
        return false;
    }
    for (auto& [handle, entry] : eswitches_) {
        if (waiter.eswitch && *waiter.eswitch != handle) {
            continue;
        }
        // Idle first: what the work left behind was left before.
        if (entry.closing || entry.operations || !entry.eswitch->idle()) {
            return false;
        }
        collect(handle, entry);
        if (entry.dirty || publish_pending_ || entry.closing) {
            return false;
        }
        if (!entry.eswitch->settled(*entry.published)) {
            entry.dirty = true;  // its last callback is still on the way
            publish_soon();
            return false;
        }
    }
    return true;
}

void ManagerImpl::check_waiters() {
    for (auto it = waiters_.begin(); it != waiters_.end();) {
        if (scanned_ && !scanning_ && !it->inspected) {
            inspect_for(*it);
        }
        const bool gone = it->eswitch && scanned_ && !scanning_ && !eswitches_.count(*it->eswitch);
        if (!gone && settled(*it) && monitor_) {
            monitor_->drain();  // what the work itself made the kernel say
        }
        if (!gone && !settled(*it)) {
            ++it;
            continue;
        }
        Waiter ready = std::move(*it);
        it = waiters_.erase(it);
        ready.done(report(ready));
    }
}

Result<WaitReport> ManagerImpl::report(const Waiter& waiter) const {
    const SnapshotPtr now = snapshot();
    if (waiter.eswitch && !now->eswitches.count(*waiter.eswitch)) {
        return fail(ENODEV, "", "", fmt::format("no such eswitch {}", waiter.eswitch->to_string()));
    }
    WaitReport report;
    std::string first;
    for (const auto& [handle, eswitch] : now->eswitches) {
        if (waiter.eswitch && *waiter.eswitch != handle) {
            continue;
        }
        for (const auto& [id, rep] : eswitch->reps) {
            for (const ProviderStatus& status : rep->providers) {
                if (status.state == RepState::kFailed) {
                    first = first.empty() ? status.error.to_string() : first;
                    ++report.failed;
                    break;
                }
            }
        }
    }
    if (waiter.strict && report.failed) {
        return fail(EIO, "", "", fmt::format("{} failed: {}", report.failed, first));
    }
    return report;
}

std::string ManagerImpl::busy_state(const Waiter& waiter) const {
    if (scanning_ || !scanned_) {
        return "devices are being read";
    }
    if (policy_.waits_for_overrides()) {
        return "external_ids:esw-override is being read from the database";
    }
    std::string text;
    for (const auto& [handle, entry] : eswitches_) {
        const std::string state = entry.eswitch->describe();
        if (waiter.eswitch && *waiter.eswitch == handle) {
            return state;  // the error names the eswitch
        }
        if (!waiter.eswitch && state != "idle") {
            text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", handle.to_string(), state);
        }
    }
    return text.empty() ? "idle" : text;
}

}  // namespace esw
