// SPDX-License-Identifier: Apache-2.0
// How the profile is applied: what ModePolicy decides becomes operations.
#include <algorithm>
#include <utility>

#include "esw-manager/manager_impl.h"
#include "esw-manager/profile_operation.h"

namespace esw {

namespace {

/// For operations that nobody waits for.
constexpr std::chrono::milliseconds kNobodyWaits{0};

}  // namespace

void ManagerImpl::set_profile(const std::string& text) {
    post([this, text] {
        policy_.read_profile(text);
        publish_soon();
    });
}

void ManagerImpl::set_overrides(const std::string& text, uint64_t reading) {
    post([this, text, reading] {
        policy_.read_overrides(text, reading);
        publish_soon();
    });
}

void ManagerImpl::set_mode_by_profile(const DevlinkHandle& eswitch,
                                      std::chrono::milliseconds timeout, OperationDone done) {
    auto shared = std::make_shared<OperationDone>(std::move(done));
    const bool posted = post([this, eswitch, timeout, shared] {
        const auto entry = eswitches_.find(eswitch);
        const bool there = entry != eswitches_.end() && !entry->second.closing;
        if (stopping_ || !(there || policy_.is_overridden(eswitch))) {
            (*shared)(fail(stopping_ ? canceled() : no_eswitch(eswitch)));
            return;
        }
        if (const auto application = policy_.give_back(eswitch)) {
            start_application(eswitch, *application, timeout, std::move(*shared));
            publish_soon();
            return;
        }
        publish();
        (*shared)(std::string(kNoChange));
    });
    if (!posted) {
        (*shared)(fail(canceled()));
    }
}

void ManagerImpl::start_application(const DevlinkHandle& handle,
                                    const ModePolicy::Application& application,
                                    std::chrono::milliseconds timeout, OperationDone done) {
    auto request = std::make_shared<Request>();
    request->handle = handle;
    request->kind = "profile";
    request->target = netlink::to_string(application.rule.mode);
    request->eswitch = eswitches_.at(handle).eswitch;
    request->begun = deps_.clock.now();
    request->done = std::move(done);
    request->ended = [this, handle, number = application.number](const auto& result) {
        policy_.ended(handle, number, result, deps_.clock.now());
    };
    request->logs_itself = true;
    const uint64_t number = request->eswitch->request_mode(application.rule.mode);
    start_operation(
        request, timeout, [application, number](Eswitch& target, const OperationTools& tools) {
            const auto later = superseded(target, number);
            return later ? *later
                         : apply_rule(target, application.rule, application.unless_vfs, tools);
        });
}

void ManagerImpl::apply_profile() {
    const TimePoint now = deps_.clock.now();
    for (auto& [handle, entry] : eswitches_) {
        if (entry.closing || !entry.published) {
            continue;
        }
        if (entry.published->mode) {
            policy_.saw_mode(handle, *entry.published->mode, now);
        }
        if (const auto application = policy_.next(handle, now)) {
            start_application(handle, *application, kNobodyWaits, nullptr);
        }
    }
    const auto next = policy_.next_retry();
    if (next == profile_retry_at_) {
        return;
    }
    profile_retry_at_ = next;
    profile_timer_.reset();
    if (next) {
        profile_timer_ = timer(std::max(Duration::zero(), *next - now), [this] {
            const TimerHandle own = std::move(profile_timer_);
            profile_retry_at_.reset();
            publish_soon();
        });
    }
}

}  // namespace esw
