// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "utilities/esw-sim/hardware/pipeline.h"

namespace esw::sim {

/// The rules that programs have put into the root of the FDB (mlx5_ib's flow_db->fdb): priority 0
/// first, and within a priority the order of insertion.
class RootTable {
public:
    /// MLX5_FS_MAX_ENTRIES of one priority.
    static constexpr size_t kMaxRules = 1 << 16;
    /// MLX5_IB_FLOW_LAST_PRIO
    static constexpr uint16_t kLastPriority = 15;

    using Id = std::pair<uint16_t, uint64_t>;  ///< priority, age
    using Rules = std::map<Id, pipeline::RootRule>;

    /// Puts `rule` in; returns an errno value: ENOMEM beyond the last priority, ENOSPC when the
    /// priority is full, EEXIST when the same match is there with the other kind of action
    /// (check_conflicting_ftes()).
    int add(pipeline::RootRule rule, Id& id);
    void remove(Id id);

    size_t size() const { return rules_.size(); }
    /// The first rule that matches; nullptr: a miss.
    const pipeline::RootRule* match(const pipeline::Source& source,
                                    const pipeline::Frame& frame) const;

    /// In the order in which they are tried.
    const Rules& rules() const { return rules_; }

private:
    struct ByMatch {
        bool operator()(const pipeline::RootRule* a, const pipeline::RootRule* b) const;
    };

    Rules rules_;
    std::multiset<const pipeline::RootRule*, ByMatch> by_match_;
    std::array<size_t, kLastPriority + 1> count_{};
    uint64_t next_ = 0;
};

}  // namespace esw::sim
