// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/uverbs/root_table.h"

#include <algorithm>
#include <cerrno>
#include <tuple>

namespace esw::sim {

bool RootTable::ByMatch::operator()(const pipeline::RootRule* a,
                                    const pipeline::RootRule* b) const {
    return std::tie(a->priority, a->criteria, a->value, a->mask) <
           std::tie(b->priority, b->criteria, b->value, b->mask);
}

int RootTable::add(pipeline::RootRule rule, Id& id) {
    if (rule.priority > kLastPriority) {
        return ENOMEM;
    }
    const auto same = by_match_.find(&rule);
    if (same != by_match_.end() && (*same)->drop != rule.drop) {
        return EEXIST;
    }
    if (count_[rule.priority] >= kMaxRules) {
        return ENOSPC;
    }
    id = {rule.priority, next_++};
    count_[rule.priority]++;
    by_match_.insert(&rules_.emplace(id, std::move(rule)).first->second);
    return 0;
}

void RootTable::remove(Id id) {
    const auto it = rules_.find(id);
    if (it == rules_.end()) {
        return;
    }
    const auto [first, last] = by_match_.equal_range(&it->second);
    by_match_.erase(std::find(first, last, &it->second));
    count_[id.first]--;
    rules_.erase(it);
}

const pipeline::RootRule* RootTable::match(const pipeline::Source& source,
                                           const pipeline::Frame& frame) const {
    const auto it = std::find_if(rules_.begin(), rules_.end(), [&](const auto& rule) {
        return pipeline::matches(rule.second, source, frame);
    });
    return it == rules_.end() ? nullptr : &it->second;
}

}  // namespace esw::sim
