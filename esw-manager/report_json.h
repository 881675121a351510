// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "esw-manager/json_values.h"
#include "esw-manager/report.h"

namespace esw {

using EswitchRows = std::vector<EswitchPtr>;
using RepRows = std::vector<std::pair<EswitchPtr, RepPtr>>;

struct RepCounts {
    size_t total = 0, loaded = 0, failed = 0, absent = 0;
};

/// Counts the reps of one eswitch; absent are those that only a port asks for.
RepCounts count_reps(const Snapshot& snapshot, const EswitchSnapshot& eswitch);

/// A block that nobody holds has no owner: null.
ordered_json block_to_json(const BlockState& block, TimePoint now);

std::string eswitches_to_json(const ReportContext& context, const EswitchRows& rows, bool more);
std::string reps_to_json(const ReportContext& context, const RepRows& rows, bool more);

}  // namespace esw
