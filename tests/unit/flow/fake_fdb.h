// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "esw-manager/mlx5/fdb.h"

namespace esw {

/// An FDB in memory, which takes what the real one takes: ports before rules, rules before the
/// ports that they send to go.
class FakeFdb final : public mlx5::Fdb {
public:
    class Counter final : public mlx5::FdbCounter {
    public:
        Value value() const override { return {packets, 64 * packets}; }
        bool is_final() const override { return final_; }
        std::atomic<uint64_t> packets = 0;
        std::atomic<bool> final_ = false;
    };
    struct Rule {
        mlx5::FdbFlow flow;
        std::shared_ptr<Counter> counter;
    };

    ~FakeFdb() override {
        for (auto& [id, rule] : rules) {
            rule.counter->final_ = true;
        }
    }

    Status add_port(uint32_t port, const RdmaRep& rep) override {
        if (!ports.emplace(port, rep).second) {
            return fail(EEXIST, "", "add port");
        }
        return {};
    }

    Status remove_port(uint32_t port) override {
        for (const auto& [id, rule] : rules) {
            if (rule.flow.in_port != port && sends_to(rule.flow, port)) {
                ADD_FAILURE() << "rule " << id << " sends to port " << port;
                return fail(EBUSY, "", "remove port");
            }
        }
        std::erase_if(rules, [port](const auto& rule) { return rule.second.flow.in_port == port; });
        return ports.erase(port) ? Status() : Status(fail(ENOENT, "", "remove port"));
    }

    tl::expected<Inserted, Refused> insert(const mlx5::FdbFlow& flow) override {
        return put(flow, std::make_shared<Counter>());
    }

    tl::expected<Inserted, Refused> replace(RuleId old, const mlx5::FdbFlow& flow) override {
        auto done = put(flow, rules.at(old).counter);
        if (done) {
            rules.erase(old);
            ++replaced;
        }
        return done;
    }

    void remove(RuleId rule) override {
        if (rules.erase(rule)) {
            ++removed;
        }
    }

    Status read_counters() override {
        ++readings;
        if (on_reading) {
            on_reading();
        }
        return {};
    }

    std::map<uint32_t, RdmaRep> ports;
    std::map<RuleId, Rule> rules;
    size_t room = SIZE_MAX;  ///< for how many rules
    int error = 0;           ///< of all insertions
    std::function<void()> on_insert, on_reading;
    std::vector<RuleId> to_evict;  ///< by the next insertion
    uint64_t replaced = 0, removed = 0, attempts = 0;
    std::atomic<uint64_t> readings = 0;

private:
    static bool sends_to(const mlx5::FdbFlow& flow, uint32_t port) {
        for (const auto& output : flow.actions.outputs) {
            if (output.port == port) {
                return true;
            }
        }
        return false;
    }

    tl::expected<Inserted, Refused> put(const mlx5::FdbFlow& flow,
                                        std::shared_ptr<Counter> counter) {
        ++attempts;
        if (on_insert) {
            on_insert();
        }
        const auto refuse = [](esw_refusal reason, int code) {
            return tl::unexpected<Refused>(Refused{reason, {code, "fake", "insert", ""}});
        };
        if (error) {
            return refuse(ESW_REFUSAL_DEVICE, error);
        }
        bool knows_ports = ports.contains(flow.in_port);
        for (const auto& output : flow.actions.outputs) {
            knows_ports &= ports.contains(output.port);
        }
        if (!knows_ports) {
            ADD_FAILURE() << "a rule for ports that are not there";
            return refuse(ESW_REFUSAL_DEVICE, ENOENT);
        }
        const std::vector<RuleId> evicted = std::exchange(to_evict, {});
        for (const RuleId id : evicted) {
            rules.erase(id);
        }
        if (rules.size() >= room) {
            return refuse(ESW_REFUSAL_NO_MEMORY, ENOMEM);
        }
        const RuleId id = ++last_;
        rules[id] = {flow, counter};
        return Inserted{id, counter, evicted};
    }

    RuleId last_ = 0;
};

}  // namespace esw
