// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "esw-manager/mlx5/dr_objects.h"
#include "esw-manager/mlx5/fdb.h"
#include "esw-manager/mlx5/fdb_actions.h"
#include "esw-manager/mlx5/fdb_counters.h"

namespace esw::mlx5 {

class FdbPort;
struct FdbMaskGroup;

/// A rule and what it holds. Its members end in the order that libmlx5 wants: the rule first.
struct FdbRule {
    Fdb::RuleId id = 0;  ///< 0: none
    FdbPort* port = nullptr;
    FdbMaskGroup* group = nullptr;
    FdbRule* next = nullptr;  ///< of the group's
    FdbRule* before = nullptr;
    FdbCounters::Use counter;
    FdbActionCache::Use actions;
    DrRule rule;
};

/// Rules by their id, which has the place of the rule and how often that was used.
class FdbRuleTable {
public:
    static constexpr unsigned kPlaceBits = 24;

    /// A rule that has an id and nothing else; null: there are too many.
    FdbRule* make();
    FdbRule* find(Fdb::RuleId id);
    /// What it held has ended.
    void end(FdbRule& rule);

private:
    static size_t place_of(Fdb::RuleId id) { return id & ((size_t{1} << kPlaceBits) - 1); }

    std::deque<FdbRule> rules_;
    std::vector<uint64_t> ended_;  ///< the next id of each free place
};

}  // namespace esw::mlx5
