// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "esw-manager/mlx5/fdb_actions.h"
#include "esw-manager/mlx5/fdb_counters.h"
#include "esw-manager/mlx5/fdb_domain.h"
#include "esw-manager/mlx5/fdb_masks.h"
#include "esw-manager/mlx5/fdb_rule.h"

namespace esw::mlx5 {

/// A port of the datapath: where its packets go first, and how packets get to it.
///
/// While it has rules it has a table, with a matcher for each mask, and a rule in the root table
/// that sends its packets there; that comes last and goes first, so no packet meets a table that is
/// being made or taken apart.
class FdbPort {
public:
    FdbPort(FdbDomain& domain, uint32_t number, const RdmaRep& rep);
    ~FdbPort();
    FdbPort(const FdbPort&) = delete;

    uint32_t number() const { return number_; }
    bool is_wire() const;

    /// The action that sends packets here, made when it is asked for first.
    Result<FdbPartPtr> destination();

    /// Rules of other ports that output to this one.
    uint32_t users = 0;

    FdbMasks& masks() { return masks_; }
    const FdbSource& source() const { return source_; }

    /// The table is there, from now on or already.
    Result<mlx5dv_dr_table*> open_table();
    /// Packets go to the table from now on.
    Status attach();
    /// They are software's from now on.
    void detach() { root_rule_.reset(); }
    /// The table goes, if no mask is left.
    void close_if_empty();

private:
    FdbDomain& domain_;
    const uint32_t number_;
    const RdmaRep rep_;
    const FdbSource source_;
    FdbPartPtr destination_;
    DrTable table_;
    DrAction jump_;
    FdbMasks masks_;
    DrRule root_rule_;
};

}  // namespace esw::mlx5
