// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/fdb_masks.h"

#include <algorithm>

#include "esw-manager/mlx5/fdb_hash.h"

namespace esw::mlx5 {

namespace {

/// Of all matchers of a table: megaflows do not overlap, so their order is of no account.
constexpr uint16_t kPriority = 100;

}  // namespace

void FdbMaskGroup::add(FdbRule& rule) {
    rule.before = nullptr;
    rule.next = first;
    if (first) {
        first->before = &rule;
    }
    first = &rule;
    rules++;
}

void FdbMaskGroup::remove(FdbRule& rule) {
    (rule.before ? rule.before->next : first) = rule.next;
    if (rule.next) {
        rule.next->before = rule.before;
    }
    rules--;
}

size_t FdbMasks::Hash::hash(const std::bitset<FdbMatch::kWords>& present,
                            const std::vector<uint32_t>& words) {
    FdbHash hash;
    hash.add(std::hash<std::bitset<FdbMatch::kWords>>()(present));
    for (const uint32_t word : words) {
        hash.add(word);
    }
    return hash.value();
}

FdbMaskGroup* FdbMasks::find(const FdbMatch& match) {
    const auto found = groups_.find(match);
    return found != groups_.end() ? &found->second : nullptr;
}

Result<FdbMaskGroup*> FdbMasks::make(mlx5dv_dr_table* table, const FdbMatch& match) {
    if (match.present[source_.word] || match.mask.size() != match.present.count()) {
        return fail(EINVAL, domain_.device(), "make matcher", "it is no mask of packets");
    }
    MatchBuffer mask;
    FdbMaskGroup group;
    for (unsigned word = 0; word < FdbMatch::kWords; word++) {
        if (match.present[word]) {
            mask.words[word] = match.mask[group.words.size()];
            group.words.push_back(static_cast<uint8_t>(word));
        }
    }
    // Rules that name their source are written to one of the FDB's two sides only.
    mask.words[source_.word] = source_.mask;
    auto present = match.present;
    present.set(source_.word);
    auto matcher = domain_.make<DrMatcher>("make matcher", [&] {
        return mlx5dv_dr_matcher_create(table, kPriority, criteria_of(present), mask.parameters());
    });
    if (!matcher) {
        return fail(std::move(matcher.error()));
    }
    group.matcher = *std::move(matcher);
    return &groups_.emplace(Mask{match.present, match.mask}, std::move(group)).first->second;
}

void FdbMasks::remove(const FdbMaskGroup& group) {
    const auto found = std::find_if(groups_.begin(), groups_.end(),
                                    [&](const auto& entry) { return &entry.second == &group; });
    groups_.erase(found);
}

FdbMaskGroup* FdbMasks::find_idle(const FdbCounters& counters, uint32_t readings) {
    FdbMaskGroup* best = nullptr;
    for (auto& [mask, group] : groups_) {
        if ((!best || group.rules < best->rules) && counters.idle(group.activity, readings)) {
            best = &group;
        }
    }
    return best;
}

}  // namespace esw::mlx5
