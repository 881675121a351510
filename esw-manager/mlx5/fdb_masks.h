// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "esw-manager/mlx5/fdb_counters.h"
#include "esw-manager/mlx5/fdb_domain.h"
#include "esw-manager/mlx5/fdb_flow.h"
#include "esw-manager/mlx5/fdb_rule.h"

namespace esw::mlx5 {

/// The rules of a port that have a mask in common, and their matcher.
struct FdbMaskGroup {
    DrMatcher matcher;
    std::vector<uint8_t> words;  ///< of fte_match_param that rules have a value for, in order
    FdbRule* first = nullptr;
    uint32_t rules = 0;
    FdbCounters::Activity activity;

    void add(FdbRule& rule);
    void remove(FdbRule& rule);
};

/// The masks of a port's rules.
class FdbMasks {
public:
    FdbMasks(const FdbDomain& domain, const FdbSource& source) : domain_(domain), source_(source) {}
    FdbMasks(const FdbMasks&) = delete;

    bool empty() const { return groups_.empty(); }
    size_t size() const { return groups_.size(); }

    /// Null: there is none of this mask.
    FdbMaskGroup* find(const FdbMatch& match);
    /// Makes that.
    Result<FdbMaskGroup*> make(mlx5dv_dr_table* table, const FdbMatch& match);
    /// It has no rule.
    void remove(const FdbMaskGroup& group);

    /// The one that is needed least: see FdbLimits::idle_readings. Null: all are needed.
    FdbMaskGroup* find_idle(const FdbCounters& counters, uint32_t readings);

    /// Null: there is none.
    FdbMaskGroup* any() { return empty() ? nullptr : &groups_.begin()->second; }

private:
    struct Mask {
        std::bitset<FdbMatch::kWords> present;
        std::vector<uint32_t> words;
    };
    /// Masks can be looked up as the matches that they are part of.
    struct Hash {
        using is_transparent = void;
        size_t operator()(const Mask& mask) const { return hash(mask.present, mask.words); }
        size_t operator()(const FdbMatch& match) const { return hash(match.present, match.mask); }
        static size_t hash(const std::bitset<FdbMatch::kWords>& present,
                           const std::vector<uint32_t>& words);
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(const Mask& a, const Mask& b) const {
            return a.present == b.present && a.words == b.words;
        }
        bool operator()(const FdbMatch& a, const Mask& b) const {
            return a.present == b.present && a.mask == b.words;
        }
        bool operator()(const Mask& a, const FdbMatch& b) const { return (*this)(b, a); }
    };

    const FdbDomain& domain_;
    const FdbSource& source_;
    std::unordered_map<Mask, FdbMaskGroup, Hash, Equal> groups_;
};

}  // namespace esw::mlx5
