// SPDX-License-Identifier: Apache-2.0
// Many rules, many packets: what comes out, and where, is compared with a model that knows nothing
// of tables in an adapter: a map for each mask, asked in the order of priorities.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "tests/sim/device/bench.h"
#include "tests/sim/device/knobs.h"

namespace {

using namespace device;
using Random = std::mt19937;

size_t number(const char* variable, size_t otherwise) {
    const char* value = std::getenv(variable);
    return value ? std::stoul(value) : otherwise;
}

/// The fields of a packet, as far as rules ask for them.
struct Packet {
    bool tagged = false;
    uint16_t vid = 0;
    uint8_t priority = 0;
    uint64_t dmac = 0, smac = 0;
    enum Kind : uint8_t { kTcp4, kUdp4, kUdp6, kOther } kind = kOther;
    uint32_t src = 0, dst = 0;
    uint8_t dscp = 0;
    uint16_t sport = 0, dport = 0;

    uint16_t ethertype() const { return kind == kOther ? 0x88b5 : kind == kUdp6 ? 0x86dd : 0x0800; }
    static Ip6Address ip6(uint32_t low) { return {0x20010db8, low >> 16, ~low, low}; }

    Bytes frame(uint32_t sequence) const {
        Frame headers = {
            Eth{dmac, smac, tagged || kind != kOther ? std::optional<uint16_t>{} : ethertype()}};
        if (tagged) {
            headers.push_back(Vlan{vid, priority});
        }
        if (kind == kUdp6) {
            headers.push_back(Ip6{ip6(src), ip6(dst), dscp});
        } else if (kind != kOther) {
            headers.push_back(Ip4{src, dst, dscp});
        }
        if (kind == kTcp4) {
            headers.push_back(Tcp{sport, dport});
        } else if (kind != kOther) {
            headers.push_back(Udp{sport, dport});
        }
        headers.push_back(payload(sequence, 16));
        return encode(headers);
    }
};

Packet random_packet(Random& random) {
    const auto below = [&random](uint32_t limit) {
        return static_cast<uint32_t>(random() % limit);
    };
    Packet packet;
    packet.tagged = below(3) == 0;
    packet.vid = static_cast<uint16_t>(packet.tagged ? 1 + below(64) : 0);
    packet.priority = static_cast<uint8_t>(packet.tagged ? below(8) : 0);
    packet.dmac = 0x020000000000 + below(256);
    packet.smac = 0x020000010000 + below(64);
    packet.kind = static_cast<Packet::Kind>(below(4));
    packet.src = 0x0a000000 + below(64);
    packet.dst = 0xc0000000 + (below(64) << 16) + below(16);
    packet.dscp = static_cast<uint8_t>(below(64));
    packet.sport = static_cast<uint16_t>(1000 + below(16));
    packet.dport = static_cast<uint16_t>(2000 + below(16));
    return packet;
}

// ---- masks ----

/// In the order of the matchers' priorities.
enum Mask : unsigned {
    kFiveTuple4Tcp,
    kFiveTuple4Udp,
    kFiveTuple6,
    kVlanAndDmac,
    kLayer2,
    kNet4,
    kMasks
};
using Key = std::array<uint64_t, 4>;

/// What a rule with the mask would have to be for the packet; nothing when no such rule matches it.
std::optional<Key> key_of(Mask mask, const Packet& packet) {
    const uint64_t ports = uint64_t{packet.sport} << 16 | packet.dport;
    const Key tuple = {packet.src, packet.dst, ports};
    const bool ip4 = packet.kind == Packet::kTcp4 || packet.kind == Packet::kUdp4;
    switch (mask) {
        case kFiveTuple4Tcp:
            return packet.kind == Packet::kTcp4 ? std::optional(tuple) : std::nullopt;
        case kFiveTuple4Udp:
            return packet.kind == Packet::kUdp4 ? std::optional(tuple) : std::nullopt;
        case kFiveTuple6:
            return packet.kind == Packet::kUdp6 ? std::optional(tuple) : std::nullopt;
        case kVlanAndDmac:
            return packet.tagged ? std::optional(Key{packet.vid, packet.priority, packet.dmac})
                                 : std::nullopt;
        case kLayer2:
            return Key{packet.dmac, packet.smac, packet.ethertype()};
        case kNet4:
            return ip4 ? std::optional(Key{packet.dst >> 16, packet.dscp}) : std::nullopt;
        case kMasks:
            break;
    }
    return std::nullopt;
}

/// The same, as a match of the adapter.
Match match_of(Mask mask, const Packet& packet, Match match) {
    const auto set_protocol = [&](uint64_t number, const Field& sport, const Field& dport) {
        match.set(FIELD(outer_headers.ip_protocol), number)
            .set(sport, packet.sport)
            .set(dport, packet.dport);
    };
    const auto set_mac = [&](const Field& high, const Field& low, uint64_t mac) {
        match.set(high, mac >> 16).set(low, mac & 0xffff);
    };
    switch (mask) {
        case kFiveTuple4Tcp:
        case kFiveTuple4Udp:
            match.set(FIELD(outer_headers.ip_version), 4, 4)
                .set(source_word(3), packet.src)
                .set(destination_word(3), packet.dst);
            if (mask == kFiveTuple4Tcp) {
                set_protocol(6, FIELD(outer_headers.tcp_sport), FIELD(outer_headers.tcp_dport));
            } else {
                set_protocol(17, FIELD(outer_headers.udp_sport), FIELD(outer_headers.udp_dport));
            }
            break;
        case kFiveTuple6:
            match.set(FIELD(outer_headers.ip_version), 6, 6);
            for (unsigned word = 0; word < 4; word++) {
                match.set(source_word(word), Packet::ip6(packet.src)[word])
                    .set(destination_word(word), Packet::ip6(packet.dst)[word]);
            }
            set_protocol(17, FIELD(outer_headers.udp_sport), FIELD(outer_headers.udp_dport));
            break;
        case kVlanAndDmac:
            match.set(FIELD(outer_headers.cvlan_tag), 1)
                .set(FIELD(outer_headers.first_vid), packet.vid)
                .set(FIELD(outer_headers.first_prio), packet.priority);
            set_mac(FIELD(outer_headers.dmac_47_16), FIELD(outer_headers.dmac_15_0), packet.dmac);
            break;
        case kLayer2:
            set_mac(FIELD(outer_headers.dmac_47_16), FIELD(outer_headers.dmac_15_0), packet.dmac);
            set_mac(FIELD(outer_headers.smac_47_16), FIELD(outer_headers.smac_15_0), packet.smac);
            match.set(FIELD(outer_headers.ethertype), packet.ethertype());
            break;
        case kNet4:
            match.set(FIELD(outer_headers.ip_version), 4, 4)
                .set(destination_word(3), packet.dst, 0xffff0000)
                .set(FIELD(outer_headers.ip_dscp), packet.dscp);
            break;
        case kMasks:
            break;
    }
    return match;
}

// ---- rules ----

struct RuleSpec {
    unsigned source = 0;  ///< 0: the wire, n: VF n - 1
    Mask mask = kLayer2;
    Packet packet = {};  ///< one that it matches
    enum Verdict : uint8_t { kForward, kDrop, kMiss } verdict = kForward;
    unsigned to = 0;  ///< kForward; numbers as of sources
    bool counted = false;
};

class Rules : public Bench {
protected:
    static unsigned sources() { return 1 + given().vfs; }
    static uint16_t vport_of(unsigned source) {
        return source == 0 ? kWireVport : vf_vport(source - 1);
    }
    static Netdevs::Id netdev_of(unsigned source) {
        return source == 0 ? netdevs().wire() : netdevs().vf(source - 1);
    }
    static unsigned counter_of(const RuleSpec& rule) { return rule.source * kMasks + rule.mask; }

    void make_specs(size_t count, Random& random);
    void make_actions();
    void make_matchers();
    double on_threads(const std::function<void(size_t)>& work, size_t count);
    void insert();
    void remove_half(Random& random);
    std::vector<Netdevs::Arrival> outcome(unsigned source, const Packet& packet,
                                          const Bytes& frame);
    size_t wrong_packets(size_t count, Random& random);

    // Not more than CPUs: libmlx5 guards a domain with spin locks, and a thread that loses its CPU
    // with one of them in hand lets the others spin.
    const unsigned threads_ = std::clamp(std::thread::hardware_concurrency(), 2u, 4u);

    std::vector<RuleSpec> specs_;
    std::vector<std::map<Key, size_t>> model_;  ///< by source and mask: the rule that is there
    std::vector<Counters::Value> counted_;
    std::unique_ptr<Counters> counters_;
    std::vector<Action> forwards_, counts_;
    Action drop_, miss_;
    std::vector<Matcher> matchers_;  ///< by source and mask
    std::vector<Rule> rules_;
};

void Rules::make_specs(size_t count, Random& random) {
    std::set<std::tuple<unsigned, Mask, Key>> seen;
    while (specs_.size() < count) {
        RuleSpec spec;
        spec.source = static_cast<unsigned>(random() % sources());
        spec.mask = static_cast<Mask>(random() % kMasks);
        spec.packet = random_packet(random);
        const auto key = key_of(spec.mask, spec.packet);
        if (!key || !seen.emplace(spec.source, spec.mask, *key).second) {
            continue;
        }
        const size_t lot = random() % 10;
        spec.verdict = lot == 0 ? RuleSpec::kDrop : lot == 1 ? RuleSpec::kMiss : RuleSpec::kForward;
        spec.to = static_cast<unsigned>((spec.source + 1 + random() % (sources() - 1)) % sources());
        spec.counted = random() % 4 == 0;
        specs_.push_back(spec);
    }
}

void Rules::make_actions() {
    counters_ = std::make_unique<Counters>(steering().context(), 1);
    counted_.resize(128);
    ASSERT_LE(sources() * kMasks, counted_.size());
    for (unsigned source = 0; source < sources(); source++) {
        forwards_.push_back(steering().to_vport(vport_of(source)));
    }
    for (unsigned i = 0; i < sources() * kMasks; i++) {
        counts_.push_back(counters_->action(i));
    }
    drop_.reset(check(mlx5dv_dr_action_create_drop(), "drop"));
    miss_.reset(check(mlx5dv_dr_action_create_default_miss(), "miss"));
}

void Rules::make_matchers() {
    model_.resize(sources() * kMasks);
    for (unsigned source = 0; source < sources(); source++) {
        mlx5dv_dr_table* const table = steering().take_over(vport_of(source));
        for (unsigned mask = 0; mask < kMasks; mask++) {
            Match match = match_of(Mask(mask), Packet(), steering().from(vport_of(source)));
            matchers_.push_back(steering().matcher(table, static_cast<uint16_t>(mask), match));
        }
    }
}

/// Seconds that it took.
double Rules::on_threads(const std::function<void(size_t)>& work, size_t count) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (unsigned n = 0; n < threads_; n++) {
        threads.emplace_back([this, &work, n, count] {
            for (size_t i = n; i < count; i += threads_) {
                work(i);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void Rules::insert() {
    rules_.resize(specs_.size());
    std::vector<Match> matches;
    for (const RuleSpec& spec : specs_) {
        matches.push_back(match_of(spec.mask, spec.packet, steering().from(vport_of(spec.source))));
    }
    const double seconds = on_threads(
        [&](size_t i) {
            const RuleSpec& spec = specs_[i];
            std::vector<mlx5dv_dr_action*> actions;
            if (spec.counted) {
                actions.push_back(counts_[counter_of(spec)].get());
            }
            actions.push_back(spec.verdict == RuleSpec::kDrop   ? drop_.get()
                              : spec.verdict == RuleSpec::kMiss ? miss_.get()
                                                                : forwards_[spec.to].get());
            rules_[i].reset(mlx5dv_dr_rule_create(matchers_[spec.source * kMasks + spec.mask].get(),
                                                  matches[i].value(), actions.size(),
                                                  actions.data()));
        },
        specs_.size());
    for (size_t i = 0; i < specs_.size(); i++) {
        ASSERT_TRUE(rules_[i]) << "rule " << i;
        model_[specs_[i].source * kMasks + specs_[i].mask]
              [*key_of(specs_[i].mask, specs_[i].packet)] = i;
    }
    std::printf("# %zu rules inserted by %u threads: %.0f a second\n", specs_.size(), threads_,
                static_cast<double>(specs_.size()) / seconds);
}

void Rules::remove_half(Random& random) {
    std::vector<size_t> victims(specs_.size());
    for (size_t i = 0; i < victims.size(); i++) {
        victims[i] = i;
    }
    std::shuffle(victims.begin(), victims.end(), random);
    victims.resize(victims.size() / 2);
    const double seconds =
        on_threads([&](size_t i) { rules_[victims[i]].reset(); }, victims.size());
    for (const size_t i : victims) {
        model_[specs_[i].source * kMasks + specs_[i].mask].erase(
            *key_of(specs_[i].mask, specs_[i].packet));
    }
    std::printf("# %zu rules removed: %.0f a second\n", victims.size(),
                static_cast<double>(victims.size()) / seconds);
}

/// Where the model says that the packet comes out; counts it.
std::vector<Netdevs::Arrival> Rules::outcome(unsigned source, const Packet& packet,
                                             const Bytes& frame) {
    for (unsigned mask = 0; mask < kMasks; mask++) {
        const auto key = key_of(Mask(mask), packet);
        const auto& rules = model_[source * kMasks + mask];
        const auto found = key ? rules.find(*key) : rules.end();
        if (found == rules.end()) {
            continue;
        }
        const RuleSpec& rule = specs_[found->second];
        if (rule.counted) {
            counted_[counter_of(rule)].packets++;
            counted_[counter_of(rule)].bytes += frame.size();
        }
        if (rule.verdict == RuleSpec::kDrop) {
            return {};
        }
        if (rule.verdict == RuleSpec::kForward) {
            return {{netdev_of(rule.to), frame}};
        }
        break;
    }
    return {{Netdevs::peer(netdev_of(source)), frame}};
}

/// Two of three packets are made for a rule, which may have been removed; others match by chance.
size_t Rules::wrong_packets(size_t count, Random& random) {
    size_t wrong = 0;
    std::vector<std::vector<size_t>> of_source(sources());
    for (size_t i = 0; i < specs_.size(); i++) {
        of_source[specs_[i].source].push_back(i);
    }
    uint32_t sequence = 0;
    while (sequence < count) {
        const auto source = static_cast<unsigned>(random() % sources());
        std::vector<Bytes> frames;
        std::vector<Netdevs::Arrival> wanted;
        for (; frames.size() < Netdevs::kBatch && sequence < count; sequence++) {
            const auto& near = of_source[source];
            const Packet packet =
                random() % 3 ? specs_[near[random() % near.size()]].packet : random_packet(random);
            frames.push_back(packet.frame(sequence));
            const auto arrivals = outcome(source, packet, frames.back());
            wanted.insert(wanted.end(), arrivals.begin(), arrivals.end());
        }
        const auto by_netdev = [](const auto& a, const auto& b) { return a.at < b.at; };
        std::stable_sort(wanted.begin(), wanted.end(), by_netdev);
        const auto got = netdevs().exchange(netdev_of(source), frames);
        if (got != wanted) {
            const size_t common = static_cast<size_t>(
                std::mismatch(got.begin(), got.end(), wanted.begin(), wanted.end()).first -
                got.begin());
            const auto from = [common](const auto& list) {
                const auto first = list.begin() + static_cast<long>(common);
                return std::vector<Netdevs::Arrival>(first, std::min(first + 1, list.end()));
            };
            ADD_FAILURE() << "from " << netdevs().name(netdev_of(source)) << ": " << got.size()
                          << " packets came out of " << wanted.size()
                          << "; first difference: wanted " << describe(from(wanted)) << "\ngot "
                          << describe(from(got));
            if (++wrong == 3) {
                break;
            }
        }
    }
    return wrong;
}

TEST_F(Rules, PacketsGoWhereAModelSays) {
    Random random(20260101);
    make_specs(number("ESW_TEST_RULES", 100000), random);
    make_actions();
    make_matchers();
    insert();
    ASSERT_FALSE(HasFailure());
    const size_t packets = number("ESW_TEST_PACKETS", 200000);
    ASSERT_EQ(wrong_packets(packets / 10, random), 0u);
    remove_half(random);
    const auto start = std::chrono::steady_clock::now();
    ASSERT_EQ(wrong_packets(packets, random), 0u);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("# %zu packets, none of them wrong: %.0f a second\n", packets,
                static_cast<double>(packets) / seconds);
    EXPECT_EQ(counters_->read(), counted_);
}

}  // namespace
