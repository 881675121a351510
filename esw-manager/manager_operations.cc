// SPDX-License-Identifier: Apache-2.0
// How operations come in, run on the executors, and are answered.
#include <fmt/format.h>

#include <cerrno>
#include <future>
#include <utility>

#include "esw-manager/manager_impl.h"
#include "esw-manager/watched_kernel.h"

namespace esw {

namespace {

constexpr std::string_view kSupersededBy = "superseded by ";

}  // namespace

Error ManagerImpl::no_eswitch(const DevlinkHandle& handle) {
    return {ENODEV, "", "", fmt::format("no such eswitch {}", handle.to_string())};
}

std::optional<std::string> ManagerImpl::superseded(const Eswitch& eswitch, uint64_t number) {
    const auto later = eswitch.superseding(number);
    return later ? std::optional(fmt::format("{}{}", kSupersededBy, netlink::to_string(*later)))
                 : std::nullopt;
}

std::shared_ptr<Executor> ManagerImpl::executor_of(const DevlinkHandle& handle) {
    const std::string adapter = adapter_of(handle);
    MutexLock lock(front_);
    if (phase_ == Phase::kStopped) {
        return nullptr;
    }
    auto& executor = executors_[adapter];
    if (!executor) {
        // "esw op 08:00": 15 characters are shown.
        executor = std::make_shared<Executor>(
            "esw op " + (adapter.size() > 8 ? adapter.substr(adapter.size() - 5) : adapter));
    }
    return executor;
}

void ManagerImpl::stop_executors() {
    std::map<std::string, std::shared_ptr<Executor>> executors;
    {
        MutexLock lock(front_);
        executors = std::exchange(executors_, {});
    }
    for (const auto& [adapter, executor] : executors) {
        executor->stop();
    }
}

Status ManagerImpl::catch_up() {
    auto promise = std::make_shared<std::promise<Status>>();
    const auto known = [promise](Status status) { promise->set_value(std::move(status)); };
    const bool posted = post([this, known] {
        if (stopping_) {
            known(fail(canceled()));
            return;
        }
        if (monitor_) {
            monitor_->drain();
        }
        if (scanning_) {
            catching_up_.push_back(known);
        } else {
            known({});
        }
    });
    return posted ? promise->get_future().get() : Status(fail(canceled()));
}

void ManagerImpl::submit(const DevlinkHandle& handle, std::string kind, std::string target,
                         std::chrono::milliseconds timeout, OperationDone done,
                         std::function<Work(Eswitch&)> prepare, Ended ended) {
    auto request = std::make_shared<Request>();
    request->handle = handle;
    request->kind = std::move(kind);
    request->target = std::move(target);
    request->begun = deps_.clock.now();
    request->done = std::move(done);
    request->ended = std::move(ended);
    const bool posted = post([this, request, timeout, prepare = std::move(prepare)] {
        const auto entry = eswitches_.find(request->handle);
        if (stopping_ || entry == eswitches_.end() || entry->second.closing) {
            request->done(fail(stopping_ ? canceled() : no_eswitch(request->handle)));
            return;
        }
        request->eswitch = entry->second.eswitch;
        start_operation(request, timeout, prepare(*request->eswitch));
    });
    if (!posted) {
        request->done(fail(canceled()));
    }
}

void ManagerImpl::start_operation(RequestPtr request, std::chrono::milliseconds timeout,
                                  Work work) {
    ++eswitches_.at(request->handle).operations;
    request->listed = std::make_unique<EswitchRecord::Operation>(record_of(request->handle),
                                                                 request->kind, request->target);
    if (request->done) {
        request->deadline = timer(timeout, [request] {
            if (request->done) {
                std::exchange(request->done, nullptr)(
                    fail(ETIMEDOUT, request->handle.to_string(), "",
                         fmt::format("timed out, but goes on: {}", request->eswitch->describe())));
            }
        });
    }
    const auto finish = [this, request](Result<std::string> result) {
        record_operation(*request, result);
        loop_->post([this, request, result = std::move(result)]() mutable {
            finish_operation(request, std::move(result));
        });
    };
    Executor::Job job;
    job.run = [this, request, work = std::move(work), finish] {
        request->begun = deps_.clock.now();
        request->listed->begin();
        WatchedKernel kernel(deps_.kernel, request->eswitch->record(),
                             [name = request->name()] { return name; });
        finish(work(*request->eswitch, {kernel, [this] { return catch_up(); }}));
    };
    job.refuse = [finish](Error error) { finish(fail(std::move(error))); };
    if (const auto executor = executor_of(request->handle)) {
        executor->push(std::move(job));
    } else {
        job.refuse(canceled());
    }
}

void ManagerImpl::record_operation(const Request& request, const Result<std::string>& result) {
    Event event;
    event.track = EventTrack::kOperations;
    event.kind = request.kind;
    event.target = request.target;
    event.begun = request.begun;
    event.duration = deps_.clock.now() - request.begun;
    if (!result) {
        event.result =
            result.error().code == ECANCELED ? EventResult::kCanceled : EventResult::kFailed;
        event.cause = result.error().detail;
    } else if (*result == kNoChange) {
        event.result = EventResult::kNoChange;
    } else if (result->starts_with(kSupersededBy)) {
        event.result = EventResult::kSuperseded;
        event.cause = *result;
    } else if (ModePolicy::is_held(*result)) {
        event.result = EventResult::kNoChange;
        event.cause = *result;
    }
    request.eswitch->record().record(std::move(event));
}

void ManagerImpl::finish_operation(const RequestPtr& request, Result<std::string> result) {
    const auto entry = eswitches_.find(request->handle);
    if (entry != eswitches_.end() && entry->second.eswitch == request->eswitch) {
        --entry->second.operations;
    }
    request->deadline.reset();
    request->listed.reset();
    if (!result && !request->logs_itself) {
        log_.warn("{}", result.error().to_string());
    }
    if (request->ended) {
        request->ended(result);
    }
    // Published first, so that who is answered sees what was done.
    eswitch_changed(request->handle);
    publish();
    check_waiters();
    if (request->done) {
        std::exchange(request->done, nullptr)(std::move(result));
    }
}

void ManagerImpl::set_mode(const DevlinkHandle& eswitch, netlink::EswitchMode mode,
                           std::chrono::milliseconds timeout, OperationDone done) {
    const auto by_hand = std::make_shared<uint64_t>();
    const auto prepare = [this, mode, by_hand](Eswitch& known) -> Work {
        const uint64_t number = known.request_mode(mode);
        // From now on, so that it is kept should this process end before the kernel is through.
        *by_hand = policy_.request_by_hand(known.handle(), mode);
        publish_soon();
        return [mode, number](Eswitch& target, const OperationTools& tools) {
            const auto later = superseded(target, number);
            return later ? *later : set_eswitch_mode(target, mode, tools);
        };
    };
    submit(eswitch, "set-mode", std::string(netlink::to_string(mode)), timeout, std::move(done),
           prepare, [this, eswitch, by_hand](const auto& result) {
               policy_.end_by_hand(eswitch, *by_hand, result.has_value());
           });
}

void ManagerImpl::reload(const DevlinkHandle& eswitch, std::chrono::milliseconds timeout,
                         OperationDone done) {
    submit(
        eswitch, "reload", "", timeout, std::move(done),
        [](Eswitch&) -> Work { return reload_eswitch; },
        [this, eswitch](const auto& result) {
            if (result) {
                policy_.reloaded(eswitch);
            }
        });
}

void ManagerImpl::add_subfunction(const DevlinkHandle& eswitch, uint32_t number,
                                  std::chrono::milliseconds timeout, OperationDone done) {
    submit(eswitch, "sf-add", std::to_string(number), timeout, std::move(done),
           [this, number](Eswitch& known) -> Work {
               // Uplinks first; the physical port of a PF has the PF's number.
               const auto reps = inventory_.reps(known.handle());
               const auto pf = static_cast<uint16_t>(reps.empty() ? 0 : reps.front().id.pf);
               return [pf, number](Eswitch& target, const OperationTools& tools) {
                   return esw::add_subfunction(target, pf, number, tools);
               };
           });
}

void ManagerImpl::delete_subfunction(const RepRef& rep, std::chrono::milliseconds timeout,
                                     OperationDone done) {
    submit(rep.handle, "sf-del", rep.rep.to_string(), timeout, std::move(done),
           [id = rep.rep](Eswitch&) -> Work {
               return [id](Eswitch& target, const OperationTools& tools) {
                   return esw::delete_subfunction(target, id, tools);
               };
           });
}

void ManagerImpl::retry(std::optional<DevlinkHandle> eswitch, std::optional<RepId> rep,
                        std::function<void(Status)> done) {
    auto shared = std::make_shared<std::function<void(Status)>>(std::move(done));
    const bool posted = post(
        [this, eswitch = std::move(eswitch), rep, shared] { retry_now(eswitch, rep, *shared); });
    if (!posted) {
        (*shared)(fail(canceled()));
    }
}

void ManagerImpl::retry_now(const std::optional<DevlinkHandle>& eswitch,
                            const std::optional<RepId>& rep,
                            const std::function<void(Status)>& done) {
    if (eswitch && !eswitches_.count(*eswitch)) {
        done(fail(no_eswitch(*eswitch)));
        return;
    }
    bool found = !rep;
    for (auto& [handle, entry] : eswitches_) {
        if ((!eswitch || *eswitch == handle) && entry.eswitch->retry_now(rep)) {
            found = true;
            eswitch_changed(handle);
        }
    }
    if (!rep) {
        policy_.retry_now(eswitch);
        publish_soon();
    }
    if (!found) {
        done(fail(ENODEV, "", "", fmt::format("no such representor {}", rep->to_string())));
        return;
    }
    done({});
}

}  // namespace esw
