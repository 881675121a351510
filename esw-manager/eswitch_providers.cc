// SPDX-License-Identifier: Apache-2.0
// Providers of an eswitch: they come and go under its block alone.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "esw-manager/eswitch.h"

namespace esw {

Status Eswitch::register_provider(Provider& provider) {
    const BlockHolder holder(fmt::format("registration of {}", to_string(provider.type())));
    if (auto blocked = block_.acquire(holder, "register"); !blocked) {
        return blocked;
    }
    // Its owner outlives its registration.
    const Status status =
        install(provider.type(), std::shared_ptr<Provider>(std::shared_ptr<void>(), &provider));
    static_cast<void>(block_.release(holder));
    return status;
}

void Eswitch::unregister_provider(ProviderType type) {
    const BlockHolder holder(fmt::format("registration of {}", to_string(type)));
    static_cast<void>(block_.acquire_always(holder, "unregister"));
    remove(type);
    static_cast<void>(block_.release(holder));
}

void Eswitch::set_provider(ProviderType type, std::shared_ptr<Provider> provider) {
    std::optional<std::shared_ptr<Provider>> overtaken;  // outlives the lock
    MutexLock lock(mutex_);
    if (closed_) {
        return;
    }
    overtaken = std::exchange(wanted_providers_[slot_of(type)], std::move(provider));
    // Not by queue(): an operation that holds the block does it itself, or lets it wait.
    queue_.push(WorkKind::kProviders);
}

void Eswitch::sync_providers(const BlockHolder& holder) {
    if (!block_.acquire(holder, "sync providers")) {
        return;
    }
    for (const ProviderType type : kAllProviderTypes) {
        std::optional<std::shared_ptr<Provider>> wanted;
        {
            MutexLock lock(mutex_);
            wanted = std::exchange(wanted_providers_[slot_of(type)], std::nullopt);
            if (!wanted) {
                continue;
            }
            if (*wanted == providers_[slot_of(type)]) {
                evaluate_all();  // loads have let it alone since
                continue;
            }
        }
        remove(type);
        if (*wanted) {
            static_cast<void>(install(type, std::move(*wanted)));  // it is the only one
        }
    }
    static_cast<void>(block_.release(holder));
}

Status Eswitch::install(ProviderType type, std::shared_ptr<Provider> provider) {
    {
        MutexLock lock(mutex_);
        if (providers_[slot_of(type)]) {
            return fail(EBUSY, name_, fmt::format("register {} provider", to_string(type)),
                        "there is one");
        }
        providers_[slot_of(type)] = std::move(provider);
        evaluate_all();
    }
    callbacks_.changed();
    return {};
}

/// Unloads by each rep's own state, whatever the mode is.
void Eswitch::remove(ProviderType type) {
    unload_all(type);
    std::shared_ptr<Provider> removed;
    {
        MutexLock lock(mutex_);
        removed = std::exchange(providers_[slot_of(type)], nullptr);
        if (!removed) {
            return;
        }
        for (auto& [id, rep] : reps_) {
            rep.slots[slot_of(type)] = Slot{};
            dirty_.insert(id);
        }
        update_gate();
    }
    callbacks_.changed();
    end(std::move(removed));
}

void Eswitch::end(std::shared_ptr<Provider> provider) {
    if (!provider) {
        return;
    }
    const auto who = [this] {
        const auto owner = block_.state().owner;
        return owner ? owner->name : std::string();
    };
    const Watchdog::Wait wait(
        *record_, {WaitKind::kStep,
                   who,
                   fmt::format("the end of the {} provider", to_string(provider->type())),
                   {}});
    provider.reset();
}

void Eswitch::unload_all(ProviderType type) {
    std::vector<RepId> loaded;
    {
        MutexLock lock(mutex_);
        for (const auto& [id, rep] : reps_) {
            if (rep.slots[slot_of(type)].status.state == RepState::kLoaded) {
                loaded.push_back(id);
            }
        }
    }
    // The uplink last, as it came first.
    std::reverse(loaded.begin(), loaded.end());
    for (const RepId& id : loaded) {
        unload_type(id, type);
    }
    callbacks_.changed();
}

}  // namespace esw
