// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "esw-manager/eswitch.h"
#include "esw-manager/manager.h"
#include "esw-manager/snapshot.h"

namespace esw {

/// The OVS ports that want representors, which representor each one means, and who has it.
///
/// A port that names device and representor means that one, there or not. One that leaves the
/// device out is looked up: by its name among the netdevs, then by its representor among all
/// devices. Once found it keeps that representor, whatever is renamed or appears later: traffic
/// must not jump to another adapter. Of several ports for one representor the first has it.
///
/// What a snapshot costs is what it changed: the ports whose representor is new, gone or another,
/// and those that wait for one on an eswitch that changed. Only while a port that left out the
/// device finds no representor are all of them looked through each time.
///
/// Threads: one (the manager's events thread).
class PortTable {
public:
    using DeviceKnown = std::function<bool(const DevlinkHandle&)>;
    using UserChange = std::pair<RepRef, std::optional<RepUser>>;

    /// False when the same was claimed already.
    bool claim(PortRequest request);
    bool release(const std::string& port);

    /// Looks up the ports that have no representor yet. Returns the representors that have another
    /// user, or other options, than at the last call.
    std::vector<UserChange> resolve(const Snapshot& snapshot);

    /// Users of the reps of one eswitch, for one that is new.
    std::vector<std::pair<RepId, RepUser>> users_of(const DevlinkHandle& handle) const;

    /// Brings `next.ports`, which is that of the last call, up to date with the rest of `next`.
    /// `known` tells which devices there are; those that are not in `next` have no eswitch.
    void bind(Snapshot& next, const DeviceKnown& known);

private:
    struct Claim {
        PortRequest request;
        uint64_t serial = 0;
        std::optional<RepRef> target;
        std::string unresolved;  // why there is no target
    };
    using NetdevIndex = std::map<std::string, std::vector<RepRef>>;

    /// Ports that wait for a representor of one device to appear.
    struct Absent {
        std::set<std::string> ports;
        bool device_known = false;
    };
    /// What bind() looks up but once.
    class Absences;

    const Claim* owner_of(const RepRef& target) const;
    /// The ports of `target` have another owner, or its owner other options.
    void touch(const RepRef& target);
    void find_target(Claim& claim, const Snapshot& snapshot, NetdevIndex& netdevs) const;
    PortBinding binding_of(const Claim& claim, const Snapshot& snapshot, Absences& absences) const;
    void mark_ports_of(const RepRef& target);
    void mark_eswitch(const DevlinkHandle& handle, const EswitchPtr& before, const EswitchPtr& now);
    /// Marks the ports that `next` may have something new for.
    void mark_changes(const Snapshot& next, const DeviceKnown& known);
    void note_absence(const Claim& claim, bool absent);

    std::map<std::string, Claim> claims_;  // by port
    std::set<std::string> unresolved_;     // those without a target
    uint64_t next_serial_ = 0;
    std::map<RepRef, std::map<uint64_t, std::string>> waiting_;  // ports by serial number
    std::map<RepRef, RepUser> users_;                            // as resolve() told last
    std::set<RepRef> touched_;                                   // since resolve()
    std::set<std::string> marked_;                               // to be bound by bind()
    std::map<DevlinkHandle, Absent> absent_;                     // after bind()
    // What bind() had.
    std::map<DevlinkHandle, EswitchPtr> eswitches_;
    std::string blindness_;
};

}  // namespace esw
