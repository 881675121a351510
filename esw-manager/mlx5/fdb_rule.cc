// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/fdb_rule.h"

namespace esw::mlx5 {

FdbRule* FdbRuleTable::make() {
    constexpr size_t kPlaces = size_t{1} << kPlaceBits;
    if (!ended_.empty()) {
        FdbRule& rule = rules_[place_of(ended_.back())];
        rule.id = ended_.back();
        ended_.pop_back();
        return &rule;
    }
    if (rules_.size() == kPlaces) {
        return nullptr;
    }
    FdbRule& rule = rules_.emplace_back();
    rule.id = kPlaces | (rules_.size() - 1);
    return &rule;
}

FdbRule* FdbRuleTable::find(Fdb::RuleId id) {
    const size_t place = place_of(id);
    return place < rules_.size() && id != 0 && rules_[place].id == id ? &rules_[place] : nullptr;
}

void FdbRuleTable::end(FdbRule& rule) {
    const Fdb::RuleId next = rule.id + (Fdb::RuleId{1} << kPlaceBits);
    rule.rule.reset();
    rule.actions = {};
    rule.counter = {};
    rule.id = 0;
    ended_.push_back(next);
}

}  // namespace esw::mlx5
