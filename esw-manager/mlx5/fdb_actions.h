// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "esw-manager/mlx5/fdb_domain.h"
#include "esw-manager/mlx5/fdb_flow.h"

namespace esw::mlx5 {

class FdbPort;

/// An action of libmlx5 that several rules have in common, or several actions.
struct FdbPart {
    std::vector<std::shared_ptr<const FdbPart>> uses;  ///< end after it
    DrAction action;
};
using FdbPartPtr = std::shared_ptr<const FdbPart>;

/// What rules with the same FdbActions do, made once.
struct FdbSharedActions {
    /// Decapsulation, two tags off, header rewrite, two tags on, encapsulation, destination.
    static constexpr size_t kMax = 8;

    std::array<mlx5dv_dr_action*, kMax> list = {};  ///< in the order that libmlx5 wants
    uint8_t count = 0;
    bool to_wire = false;
    std::vector<FdbPort*> outputs;  ///< each once
    std::vector<FdbPartPtr> parts;
    uint32_t uses = 0;
};

/// The actions of all rules, by content: with those of another rule a new one asks the firmware for
/// nothing, nor do parts of them (a header, a list of rewrites, a set of outputs) that others have.
/// What no rule has is not kept.
class FdbActionCache {
public:
    /// The port of a number, if there is one.
    using FindPort = std::function<FdbPort*(uint32_t)>;

    /// Rules' hold on actions; ends before the cache.
    class Use;

    FdbActionCache(const FdbDomain& domain, FindPort find_port)
        : domain_(domain), find_port_(std::move(find_port)) {}
    FdbActionCache(const FdbActionCache&) = delete;

    /// ENOENT: it outputs to a port that is not there.
    Result<Use> get(const FdbActions& actions);

private:
    struct Hash {
        size_t operator()(const FdbActions& actions) const;
    };
    using Sets = std::unordered_map<FdbActions, FdbSharedActions, Hash>;

    Status compose(const FdbActions& actions, FdbSharedActions& to);
    Status add_rewrites(const FdbActions& actions, FdbSharedActions& to);
    Status add_destination(const FdbActions& actions, FdbSharedActions& to);
    Status find_outputs(const FdbActions& actions, FdbSharedActions& to) const;
    Result<FdbPartPtr> several(const std::vector<FdbOutput>& outputs);
    Result<FdbPartPtr> reformat(const std::string& header);
    Result<FdbPartPtr> rewrite(const std::vector<uint64_t>& words);
    Result<FdbPartPtr> push_vlan(uint32_t tag);
    Result<FdbPartPtr> destination(uint32_t port);
    void release(Sets::value_type& set);

    /// The part of that name, made by `create` if no rule has it.
    template <class Create>
    Result<FdbPartPtr> part(std::string name, const char* stage, std::vector<FdbPartPtr> uses,
                            const Create& create);

    const FdbDomain& domain_;
    const FindPort find_port_;
    std::unordered_map<std::string, std::weak_ptr<const FdbPart>> parts_;  ///< by kind and content
    Sets sets_;
};

class FdbActionCache::Use {
public:
    Use() = default;
    Use(Use&& other) noexcept
        : cache_(std::exchange(other.cache_, nullptr)), set_(std::exchange(other.set_, nullptr)) {}
    Use& operator=(Use&& other) noexcept {
        std::swap(cache_, other.cache_);
        std::swap(set_, other.set_);
        return *this;
    }
    ~Use() {
        if (set_) {
            cache_->release(*set_);
        }
    }
    const FdbSharedActions& operator*() const { return set_->second; }
    const FdbSharedActions* operator->() const { return &set_->second; }

private:
    friend class FdbActionCache;
    Use(FdbActionCache& cache, Sets::value_type& set) : cache_(&cache), set_(&set) {
        set.second.uses++;
    }

    FdbActionCache* cache_ = nullptr;
    Sets::value_type* set_ = nullptr;
};

}  // namespace esw::mlx5
