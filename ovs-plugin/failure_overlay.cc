// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/failure_overlay.h"

namespace esw {
namespace {

/// Marks the representor of `eswitch` as failed; both were shared with other snapshots.
void fail_rep(EswitchPtr& eswitch, const RepId& id, const ProviderStatus& failure) {
    const auto found = eswitch->reps.find(id);
    if (found == eswitch->reps.end()) {
        return;
    }
    auto rep = std::make_shared<RepSnapshot>(*found->second);
    rep->providers[static_cast<size_t>(ProviderType::kEth)] = failure;
    rep->reason = failure.error.to_string();
    auto changed = std::make_shared<EswitchSnapshot>(*eswitch);
    changed->reps.set(id, std::move(rep));
    eswitch = std::move(changed);
}

}  // namespace

Snapshot with_failures(Snapshot snapshot, const PortFailures& failures) {
    for (const auto& [name, failure] : failures) {
        const auto port = snapshot.ports.find(name);
        if (port == snapshot.ports.end() || port->second->state != PortState::kLoaded) {
            continue;
        }
        auto binding = std::make_shared<PortBinding>(*port->second);
        binding->state = PortState::kFailed;
        binding->reason = failure.error.to_string();
        const auto eswitch = snapshot.eswitches.find(binding->rep->handle);
        if (eswitch != snapshot.eswitches.end()) {
            fail_rep(eswitch->second, binding->rep->rep, failure);
        }
        snapshot.ports.set(name, std::move(binding));
    }
    return snapshot;
}

}  // namespace esw
