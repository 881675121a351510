// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "esw-manager/snapshot.h"

namespace esw {

/// Follows how the ports of Open vSwitch stand to network devices: what the manager says (a
/// snapshot), what is being made ready, and what the datapath uses. It decides; others act on the
/// steps that it returns, in their order.
///
/// Threads: none of its own; its owner guards it.
class BindingTracker {
public:
    struct Step {
        enum class Kind {
            kPrepare,  ///< begin `attempt` to make `ifindex` ready and let the datapath use it
            kDetach,   ///< the datapath must no longer use `ifindex`; put it back
            kStatus,   ///< something that the status shows has changed
        };
        Kind kind;
        uint64_t port_id;
        uint32_t ifindex = 0;
        uint64_t attempt = 0;
        bool operator==(const Step&) const = default;
    };

    /// A port as it is now.
    struct Port {
        uint64_t id = 0;
        PortBindingPtr binding;  ///< null until the manager has said something
        uint32_t attached = 0;   ///< ifindex that the datapath uses, or 0
        /// Of the last attempt at its device, while it is tried again; nothing when there is none.
        std::optional<ProviderStatus> failure;
    };

    /// From now on the port of that name is this one.
    void add(uint64_t id, const std::string& name);

    /// Forgets the port. Returns the device that it had or was about to get, for putting back,
    /// unless the next port of its name has got it already.
    std::optional<uint32_t> remove(uint64_t id);

    /// Takes a new snapshot. Only what is different in it costs anything.
    std::vector<Step> update(const Snapshot& snapshot);

    /// Whether the device of the step with that `attempt` is still wanted. The ends of others
    /// are of no consequence.
    bool awaits(uint64_t id, uint64_t attempt) const;

    // How an attempt ends:
    /// The datapath uses the device.
    void attached(uint64_t id, uint64_t attempt);
    /// There is no such device any more. The manager will say so too, and what comes next.
    void gone(uint64_t id, uint64_t attempt);
    /// It is tried again with back-off, from `now` on.
    void failed(uint64_t id, uint64_t attempt, Error error, TimePoint now);

    /// Begins the attempts that are due.
    std::vector<Step> retry(TimePoint now);
    /// When the next attempt is due; nothing when there is none.
    std::optional<TimePoint> next_retry() const;

    /// The ports whose device is tried again, by name.
    std::map<std::string, ProviderStatus> failures() const;

    /// Null when the port is unknown.
    const Port* find(uint64_t id) const;

    /// No attempt runs.
    bool settled() const { return running_ == 0; }
    /// The ports of which one does, by name.
    std::vector<std::string> unsettled() const;

private:
    struct EswitchStatus;
    using Ids = std::set<uint64_t>;
    using EswitchStatuses = std::map<DevlinkHandle, EswitchStatus>;

    /// A device in one of its lives: a representor that went and came may have the old ifindex.
    struct Target {
        uint32_t ifindex = 0;
        uint64_t life = 0;
        bool operator==(const Target&) const = default;
    };
    /// What the status of a port shows of its eswitch.
    struct EswitchStatus {
        std::optional<netlink::EswitchMode> mode;
        uint64_t generation = 0;
        std::string switch_id;
        LagState lag;
        bool operator==(const EswitchStatus&) const = default;
    };
    struct Entry {
        std::string name;
        Port port;
        std::optional<Target> target;  ///< being prepared, tried again or attached
        uint64_t attempt = 0;          ///< that runs, or 0
    };

    /// Not so of a port that another of its name has replaced: it is on its way out and gets no
    /// more.
    bool has_name(uint64_t id, const Entry& entry) const;
    static EswitchStatuses statuses(const Snapshot& snapshot);
    /// Ports on eswitches that have another status now.
    Ids ports_of_changed(const EswitchStatuses& statuses) const;
    void add_ports_of(const DevlinkHandle& eswitch, Ids& ids) const;
    /// `shows`: something of its eswitch has changed that its status shows.
    void update_port(Entry& entry, bool shows, std::vector<Step>& steps);
    void set_binding(Entry& entry, PortBindingPtr binding);
    void set_target(Entry& entry, std::optional<Target> target);
    Step begin_attempt(Entry& entry);
    Entry& end_attempt(uint64_t id);
    void set_failure(Entry& entry, std::optional<ProviderStatus> failure);

    std::map<uint64_t, Entry> ports_;
    std::map<std::string, uint64_t> by_name_;
    std::map<DevlinkHandle, Ids> by_eswitch_;  // of their binding's representor
    std::map<uint32_t, size_t> targets_;       // how many ports have this ifindex
    Ids failing_;                              // ports with a failure
    Ids unseen_;                               // added since the last snapshot
    // Of the last snapshot.
    SharedMap<std::string, PortBindingPtr> bindings_;
    EswitchStatuses eswitches_;
    uint64_t last_attempt_ = 0;
    size_t running_ = 0;  // attempts
};

}  // namespace esw
