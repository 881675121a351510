// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "base/result.h"
#include "esw-manager/rdma_rep.h"

namespace esw::mlx5 {

/// Which port of an RDMA device is which vport. The kernel says it port by port only, and says
/// nothing of a port that has no representor yet; so a vport's port is guessed from those that are
/// known and verified with the question that has to be asked anyway. All ports are asked only when
/// there is nothing to go by (the first of the SFs): n vports cost n questions and a few such
/// searches.
///
/// Ports are in the order of the vports: PF, VFs, SFs, uplink, each of them in a row
/// (mlx5_esw_vports_init() in mlx5/core/eswitch.c of Linux; a port's number is its place, from 1:
/// mlx5_ib_vport_rep_load() in mlx5_ib's ib_rep.c). They do not change while the device lives.
///
/// Threads: none of its own, not for several at once.
class PortMap {
public:
    /// A vport, and the PF that has its eswitch (its vhca_id): with LAG there are several.
    struct Key {
        uint16_t owner = 0;
        uint16_t vport = 0;
        auto operator<=>(const Key&) const = default;
    };
    using Query = std::function<Result<RdmaRep>(uint32_t port)>;

    explicit PortMap(uint32_t port_count) : count_(port_count) {}

    /// What the kernel says now of the vport's port. EAGAIN: no port has the vport now. Other
    /// errors are the query's.
    Result<RdmaRep> find(const Key& key, const Query& query);

private:
    using Answer = Result<std::optional<RdmaRep>>;

    struct Guess {
        uint32_t port = 0;
        bool sure = false;  ///< from what is known of this owner's ports
    };
    std::optional<Guess> guess(const Key& key) const;
    /// Asks for one port and keeps whose it is; nothing when that is not `key`.
    Answer ask(uint32_t port, const Key& key, const Query& query);
    Result<RdmaRep> search(const Key& key, const Query& query);

    const uint32_t count_;
    std::map<Key, uint32_t> port_of_;
};

}  // namespace esw::mlx5
