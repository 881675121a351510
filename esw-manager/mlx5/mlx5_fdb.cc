// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/mlx5_fdb.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <unordered_map>
#include <utility>

#include "esw-manager/mlx5/fdb_actions.h"
#include "esw-manager/mlx5/fdb_counters.h"
#include "esw-manager/mlx5/fdb_domain.h"
#include "esw-manager/mlx5/fdb_port.h"
#include "esw-manager/mlx5/fdb_rule.h"

namespace esw::mlx5 {

namespace {

/// Firmware that has no room for an object says "limit" or "no resources", of which libmlx5 makes
/// ENOMEM and EAGAIN (mlx5_cmd_status_to_err() of rdma-core).
esw_refusal reason_of(const Error& error) {
    switch (error.code) {
        case ENOMEM:
        case EAGAIN:
        case ENOSPC:
            return ESW_REFUSAL_NO_MEMORY;
        default:
            return ESW_REFUSAL_DEVICE;
    }
}

class Mlx5Fdb final : public Fdb {
public:
    Mlx5Fdb(std::unique_ptr<FdbDomain> domain, FdbLimits limits)
        : limits_(limits),
          domain_(std::move(domain)),
          counters_(*domain_),
          actions_(*domain_, [this](uint32_t number) { return find_port(number); }) {}
    ~Mlx5Fdb() override;

    Status prepare_counters() { return counters_.prepare(); }

    Status add_port(uint32_t port, const RdmaRep& rep) override;
    Status remove_port(uint32_t port) override;
    tl::expected<Inserted, Refused> insert(const FdbFlow& flow) override {
        return make(flow, nullptr);
    }
    tl::expected<Inserted, Refused> replace(RuleId old, const FdbFlow& flow) override {
        return make(flow, rules_.find(old));
    }
    void remove(RuleId rule) override;
    Status read_counters() override { return counters_.read(); }

private:
    /// A rule that is being made. What was made for it goes again if it does not come about.
    struct Attempt {
        Attempt() = default;
        Attempt(const Attempt&) = delete;
        ~Attempt();

        FdbPort* port = nullptr;
        FdbMaskGroup* group = nullptr;
        FdbMaskGroup* evicted = nullptr;  ///< what makes room for `group` afterwards
        FdbCounters::Use counter;         ///< none if an older rule's goes on
        FdbActionCache::Use actions;
        DrRule rule;
    };

    FdbPort* find_port(uint32_t number) const;
    tl::unexpected<Refused> refuse(int code, const char* detail) const;

    tl::expected<Inserted, Refused> make(const FdbFlow& flow, FdbRule* old);
    tl::expected<void, Refused> prepare(Attempt& attempt, const FdbFlow& flow, const FdbRule* old);
    tl::expected<void, Refused> find_group(Attempt& attempt, const FdbMatch& match,
                                           const FdbRule* old);
    bool may_have_another_mask(Attempt& attempt, const FdbRule* old) const;
    Status create(Attempt& attempt, const FdbMatch& match, mlx5dv_dr_action* counter);
    void keep(Attempt& attempt, FdbRule& rule, FdbRule* old);
    std::vector<RuleId> end_all(FdbMaskGroup& group);
    void end(FdbRule& rule);

    const FdbLimits limits_;
    const std::unique_ptr<FdbDomain> domain_;
    FdbCounters counters_;
    FdbActionCache actions_;
    std::unordered_map<uint32_t, std::unique_ptr<FdbPort>> ports_;
    FdbRuleTable rules_;
    MatchBuffer value_;  ///< all 0 between two rules
};

Mlx5Fdb::Attempt::~Attempt() {
    rule.reset();
    actions = {};
    counter = {};
    if (group && group->rules == 0) {
        port->masks().remove(*group);
    }
    if (port) {
        port->close_if_empty();
    }
}

Mlx5Fdb::~Mlx5Fdb() {
    for (const auto& [number, port] : ports_) {
        port->detach();
    }
}

FdbPort* Mlx5Fdb::find_port(uint32_t number) const {
    const auto found = ports_.find(number);
    return found != ports_.end() ? found->second.get() : nullptr;
}

tl::unexpected<Fdb::Refused> Mlx5Fdb::refuse(int code, const char* detail) const {
    return tl::unexpected(
        Refused{ESW_REFUSAL_DEVICE, {code, domain_->device(), "make rule", detail}});
}

Status Mlx5Fdb::add_port(uint32_t port, const RdmaRep& rep) {
    if (!ports_.try_emplace(port, std::make_unique<FdbPort>(*domain_, port, rep)).second) {
        return fail(EEXIST, domain_->device(), "add port");
    }
    return {};
}

Status Mlx5Fdb::remove_port(uint32_t number) {
    const auto found = ports_.find(number);
    if (found == ports_.end()) {
        return fail(ENOENT, domain_->device(), "remove port");
    }
    FdbPort& port = *found->second;
    if (port.users > 0) {
        return fail(EBUSY, domain_->device(), "remove port", "rules of other ports send to it");
    }
    port.detach();
    while (FdbMaskGroup* group = port.masks().any()) {
        end_all(*group);
    }
    // Of what is taken out the adapter is told by writes of which nobody waits for the end.
    domain_->settle();
    ports_.erase(found);
    return {};
}

void Mlx5Fdb::remove(RuleId id) {
    if (FdbRule* rule = rules_.find(id)) {
        end(*rule);
    }
}

tl::expected<Fdb::Inserted, Fdb::Refused> Mlx5Fdb::make(const FdbFlow& flow, FdbRule* old) {
    Attempt attempt;
    if (auto prepared = prepare(attempt, flow, old); !prepared) {
        return tl::unexpected(std::move(prepared.error()));
    }
    auto* counter = old ? old->counter.action() : attempt.counter.action();
    if (auto created = create(attempt, flow.match, counter); !created) {
        return tl::unexpected(Refused{reason_of(created.error()), std::move(created.error())});
    }
    FdbRule* rule = rules_.make();
    if (!rule) {
        return tl::unexpected(
            Refused{ESW_REFUSAL_NO_MEMORY, {ENOSPC, domain_->device(), "make rule", {}}});
    }
    keep(attempt, *rule, old);
    Inserted result{rule->id, rule->counter.value(), {}};
    if (attempt.evicted && attempt.port->masks().size() > limits_.masks_per_port) {
        result.evicted = end_all(*attempt.evicted);
    }
    return result;
}

tl::expected<void, Fdb::Refused> Mlx5Fdb::prepare(Attempt& attempt, const FdbFlow& flow,
                                                  const FdbRule* old) {
    if (domain_->gone()) {
        return refuse(EIO, "");
    }
    FdbPort* port = find_port(flow.in_port);
    if (!port) {
        return refuse(ENOENT, "its port is not there");
    }
    auto actions = actions_.get(flow.actions);
    if (!actions) {
        return tl::unexpected(Refused{reason_of(actions.error()), std::move(actions.error())});
    }
    attempt.actions = *std::move(actions);
    // libmlx5 would make one that drops: "silently drop" of dr_actions_build_ste_arr().
    if (port->is_wire() && attempt.actions->to_wire) {
        return refuse(EINVAL, "from the wire to the wire");
    }
    attempt.port = port;
    if (auto found = find_group(attempt, flow.match, old); !found) {
        return found;
    }
    if (flow.match.value.size() != attempt.group->words.size()) {
        return refuse(EINVAL, "a value for other words than the mask's");
    }
    if (!old) {
        auto counter = counters_.take(attempt.group->activity);
        if (!counter) {
            const bool gone = counter.error().code == EIO;
            return tl::unexpected(Refused{gone ? ESW_REFUSAL_DEVICE : ESW_REFUSAL_NO_COUNTER,
                                          std::move(counter.error())});
        }
        attempt.counter = *std::move(counter);
    }
    return {};
}

tl::expected<void, Fdb::Refused> Mlx5Fdb::find_group(Attempt& attempt, const FdbMatch& match,
                                                     const FdbRule* old) {
    FdbMasks& masks = attempt.port->masks();
    attempt.group = masks.find(match);
    if (attempt.group) {
        return {};
    }
    if (!may_have_another_mask(attempt, old)) {
        return tl::unexpected(
            Refused{ESW_REFUSAL_TOO_MANY_MASKS, {ENOSPC, domain_->device(), "make matcher", {}}});
    }
    const auto table = attempt.port->open_table();
    if (!table) {
        return tl::unexpected(Refused{reason_of(table.error()), table.error()});
    }
    const auto group = masks.make(*table, match);
    if (!group) {
        return tl::unexpected(Refused{reason_of(group.error()), group.error()});
    }
    attempt.group = *group;
    return {};
}

/// Says in `attempt` which one has to go for it.
bool Mlx5Fdb::may_have_another_mask(Attempt& attempt, const FdbRule* old) const {
    FdbMasks& masks = attempt.port->masks();
    const bool old_makes_room = old && old->port == attempt.port && old->group->rules == 1;
    if (masks.size() < limits_.masks_per_port || old_makes_room) {
        return true;
    }
    attempt.evicted = masks.find_idle(counters_, limits_.idle_readings);
    return attempt.evicted != nullptr;
}

Status Mlx5Fdb::create(Attempt& attempt, const FdbMatch& match, mlx5dv_dr_action* counter) {
    const FdbSharedActions& shared = *attempt.actions;
    std::array<mlx5dv_dr_action*, 1 + FdbSharedActions::kMax> actions;
    actions[0] = counter;
    std::copy_n(shared.list.begin(), shared.count, actions.begin() + 1);

    const FdbSource& source = attempt.port->source();
    const auto& words = attempt.group->words;
    for (size_t i = 0; i < words.size(); i++) {
        value_.words[words[i]] = match.value[i];
    }
    value_.words[source.word] = source.value;
    auto rule = domain_->make<DrRule>("make rule", [&] {
        return mlx5dv_dr_rule_create(attempt.group->matcher.get(), value_.parameters(),
                                     1u + shared.count, actions.data());
    });
    for (const uint8_t word : words) {
        value_.words[word] = 0;
    }
    value_.words[source.word] = 0;
    if (!rule) {
        return fail(std::move(rule.error()));
    }
    attempt.rule = *std::move(rule);
    return attempt.port->attach();
}

void Mlx5Fdb::keep(Attempt& attempt, FdbRule& rule, FdbRule* old) {
    rule.port = attempt.port;
    rule.group = attempt.group;
    rule.actions = std::move(attempt.actions);
    rule.rule = std::move(attempt.rule);
    rule.group->add(rule);
    for (FdbPort* output : rule.actions->outputs) {
        output->users += output != rule.port;
    }
    if (old) {
        // A packet may have passed the one's matcher before, and would come to the other's after.
        if (old->group != rule.group) {
            domain_->settle();
        }
        rule.counter = std::move(old->counter);
        rule.counter.move_to(rule.group->activity);
        end(*old);
    } else {
        rule.counter = std::move(attempt.counter);
    }
}

std::vector<Fdb::RuleId> Mlx5Fdb::end_all(FdbMaskGroup& group) {
    std::vector<RuleId> ended;
    for (uint32_t count = group.rules; count > 0; count--) {
        ended.push_back(group.first->id);
        end(*group.first);  // and the group, with its last one
    }
    return ended;
}

void Mlx5Fdb::end(FdbRule& rule) {
    FdbPort& port = *rule.port;
    FdbMaskGroup& group = *rule.group;
    for (FdbPort* output : rule.actions->outputs) {
        output->users -= output != &port;
    }
    group.remove(rule);
    if (group.rules == 0 && port.masks().size() == 1) {
        port.detach();
    }
    rules_.end(rule);
    if (group.rules == 0) {
        port.masks().remove(group);
        port.close_if_empty();
    }
}

}  // namespace

Result<std::unique_ptr<Fdb>> make_fdb(std::shared_ptr<IbDevice> device, FdbLimits limits) {
    auto domain = FdbDomain::open(std::move(device));
    if (!domain) {
        return fail(std::move(domain.error()));
    }
    auto fdb = std::make_unique<Mlx5Fdb>(*std::move(domain), limits);
    if (const Status prepared = fdb->prepare_counters(); !prepared) {
        return fail(prepared.error());
    }
    return fdb;
}

}  // namespace esw::mlx5
