// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/shared_map.h"
#include "esw-manager/ids.h"
#include "esw-manager/kernel_bond.h"
#include "esw-manager/profile_status.h"
#include "esw-manager/rdma_rep.h"
#include "esw-manager/rep_block.h"
#include "netlink/devlink_types.h"

/// What the manager knows at one moment, immutable. Readers of any thread take one by shared_ptr
/// and look at it as long as they like.
namespace esw {

enum class RepState : uint8_t { kUnregistered, kRegistered, kLoading, kLoaded, kFailed };
std::string_view to_string(RepState state);

/// What can load representors of one type.
enum class ProviderType : uint8_t { kEth = 0, kRdma = 1 };
inline constexpr size_t kProviderTypes = 2;
inline constexpr std::array kAllProviderTypes{ProviderType::kEth, ProviderType::kRdma};
/// Its place in arrays of kProviderTypes.
constexpr size_t slot_of(ProviderType type) {
    return static_cast<size_t>(type);
}
std::string_view to_string(ProviderType type);  ///< "eth", "rdma"

struct ProviderStatus {
    RepState state = RepState::kUnregistered;
    Error error;  ///< of the last attempt, when kFailed
    uint32_t retries = 0;
    std::optional<TimePoint> retry_at;  ///< when kFailed and a retry is due
};

struct RepSnapshot {
    RepId id;
    uint32_t port_index = 0;  ///< devlink port index
    std::optional<uint16_t> vport;
    std::string netdev;  ///< empty while there is none
    std::optional<uint32_t> ifindex;
    std::string reason;              ///< why it is not loaded, one line; empty when loaded
    std::string rdma_reason;         ///< the same of the rdma provider
    RdmaRepPtr rdma;                 ///< what the rdma provider has loaded, or null
    std::string rdma_device;         ///< RDMA device that has the rep as a port; empty: none known
    uint32_t rdma_port = 0;          ///< and its port number there, from 1
    std::optional<KernelBond> bond;  ///< that its netdev is a slave of
    std::array<ProviderStatus, kProviderTypes> providers;
    std::optional<netlink::PortFunction> function;
    std::string port;          ///< OVS port that uses it, or empty
    std::string option_error;  ///< that port's options that were not taken, or empty
    uint64_t loads = 0, unloads = 0;
    std::optional<Duration> load_time;  ///< of the last load that succeeded

    const ProviderStatus& eth() const { return providers[0]; }
    const ProviderStatus& rdma_status() const { return providers[1]; }
};

using RepPtr = std::shared_ptr<const RepSnapshot>;

struct QueueTotals {
    uint64_t pending = 0, run = 0, stale = 0, requeued = 0, failed = 0;
    bool operator==(const QueueTotals&) const = default;
};

struct EswitchSnapshot {
    DevlinkHandle handle;
    std::string adapter;                       ///< "0000:08:00": the handle without its function
    std::optional<netlink::EswitchMode> mode;  ///< nothing while it could not be read
    std::optional<TimePoint> mode_read_at;
    std::optional<netlink::EswitchMode> wanted;  ///< nothing when nobody asked for one
    std::string state;                           ///< "idle", or what is being done
    uint64_t generation = 0;
    std::string switch_id;          ///< hexadecimal, or empty
    std::string uplink;             ///< rep id of the uplink, or empty
    SharedMap<RepId, RepPtr> reps;  ///< shared with other snapshots while unchanged; never null
    QueueTotals queue;
    BlockState block;
    Error error;  ///< of the last failed inspection; code 0: none
};

/// Which representors an eswitch has, for telling about many of them why they are not there.
class RepCensus {
public:
    explicit RepCensus(const EswitchSnapshot& eswitch);

    /// Why there is no `rep`, naming the first part of its identity that does not exist: "no
    /// controller 3 on pci/0000:08:00.0 (has 0)", "no such representor pf0vf9 on ... (has vf 0-3)".
    std::string describe_missing(const RepId& rep) const;

private:
    std::string has(const RepId& rep) const;

    std::string handle_;
    std::string uplinks_, controllers_;                  // "0-3, 7"; empty: none
    std::map<uint32_t, std::string> pfs_;                // by controller
    std::map<RepId, std::string> numbers_;               // by rep with number 0
    std::set<std::pair<uint32_t, uint32_t>> functions_;  // controller, PF
};

using EswitchPtr = std::shared_ptr<const EswitchSnapshot>;

/// The state of a port as in the status column `rep-state`: kAbsent while there is no such rep.
enum class PortState : uint8_t { kAbsent, kRegistered, kLoading, kLoaded, kFailed };
std::string_view to_string(PortState state);

/// How an OVS port stands to its representor.
struct PortBinding {
    std::string port;  ///< OVS port name
    PortState state = PortState::kAbsent;
    std::string reason;               ///< why not loaded, one line; empty when loaded
    std::optional<RepRef> rep;        ///< nothing while it is not known which rep is meant
    std::optional<uint32_t> ifindex;  ///< set just when state is kLoaded
    uint64_t life = 0;                ///< of that netdev: another one may get its ifindex
    std::string netdev;               ///< its present name, when ifindex is set
    std::optional<uint16_t> vport;
    std::string option_error;  ///< port function or rate options that were not taken, or empty
    std::string no_offload;    ///< why rules cannot name the rep; empty: they can

    bool operator==(const PortBinding&) const = default;
};

using PortBindingPtr = std::shared_ptr<const PortBinding>;

struct Snapshot {
    uint64_t serial = 0;  ///< grows with each snapshot that is published
    // Parts that did not change are the same objects in the next snapshot: comparing the pointers
    // tells what is new. Never null.
    std::map<DevlinkHandle, EswitchPtr> eswitches;
    SharedMap<std::string, PortBindingPtr> ports;                  ///< by OVS port name
    ProfileStatusPtr profile = std::make_shared<ProfileStatus>();  ///< never null
    Error devlink;         ///< why there is no devlink; code 0: there is
    bool scanned = false;  ///< the first inspection of everything is over
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

/// What is known of the LAG of an eswitch's adapter.
struct LagState {
    std::string kind;    ///< "none"; empty: unknown
    std::string reason;  ///< why it is not active, or not known
    bool operator==(const LagState&) const = default;
};
LagState lag_of(const Snapshot& snapshot, const EswitchSnapshot& eswitch);

/// Why rules cannot be put into an eswitch, which is to say that its uplink has no RDMA port, or
/// cannot name one of its representors; empty: they can.
std::string offload_obstacle(const EswitchSnapshot& eswitch);
std::string offload_obstacle(const RepSnapshot& rep);

}  // namespace esw
