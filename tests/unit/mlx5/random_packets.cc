// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/mlx5/random_packets.h"

#include "tests/sim/device/frames.h"

namespace esw::mlx5::test {

namespace {

using device::Frame;
using Network = PacketPlan::Network;
using Transport = PacketPlan::Transport;
using Fragment = PacketPlan::Fragment;

// What change() and random() choose anew.
constexpr uint32_t kChoices = 14;

PacketPlan::Tag random_tag(Random& random) {
    const auto tpid = random.one_of<uint16_t>({0x8100, 0x8100, 0x8100, 0x88a8});
    const auto vid = random.one_of<uint16_t>({1, 100, 101, 0x801});
    return {tpid, static_cast<uint16_t>(vid | random.one_of<uint16_t>({0, 0, 0x6000, 0x1000}))};
}

void choose_network(PacketPlan& plan, Random& random) {
    const uint32_t kind = random.below(100);
    plan.network = kind < 47   ? Network::kIp4
                   : kind < 90 ? Network::kIp6
                   : kind < 95 ? Network::kArp
                               : Network::kOther;
}

void choose_transport(PacketPlan& plan, Random& random) {
    const uint32_t kind = random.below(100);
    plan.transport = kind < 38   ? Transport::kTcp
                     : kind < 76 ? Transport::kUdp
                     : kind < 94 ? Transport::kIcmp
                                 : Transport::kOther;
}

void choose_fragment(PacketPlan& plan, Random& random) {
    const uint32_t kind = random.below(100);
    plan.fragment = kind < 91   ? Fragment::kNone
                    : kind < 94 ? Fragment::kFirst
                    : kind < 97 ? Fragment::kLater
                                : Fragment::kAtomic;
}

void choose(PacketPlan& plan, uint32_t what, Random& random) {
    switch (what) {
        case 0:
            plan.eth_dst = 0x020000000000 + random.one_of<uint64_t>({1, 2, 0x100000000});
            break;
        case 1:
            plan.eth_src = 0x060000000000 + random.one_of<uint64_t>({1, 2, 0x100000000});
            break;
        case 2:
            plan.tags.clear();
            for (uint32_t n = random.below(100); n < 40 && plan.tags.size() < (n < 12 ? 2 : 1);) {
                plan.tags.push_back(random_tag(random));
            }
            break;
        case 3:
            choose_network(plan, random);
            break;
        case 4:
            plan.src = 0x0a000000 + random.one_of({1u, 2u, 0x10001u});
            break;
        case 5:
            plan.dst = 0x0a000000 + random.one_of({3u, 4u, 0x10003u});
            break;
        case 6:
            plan.tos = random.one_of<uint8_t>({0, 0xb8, 0x02, 0xb9});
            break;
        case 7:
            plan.ttl = random.one_of<uint8_t>({1, 64, 255});
            break;
        case 8:
            plan.label = random.one_of({0u, 0x12345u, 0x12300u});
            break;
        case 9:
            plan.options = random.percent(8);
            break;
        case 10:
            choose_fragment(plan, random);
            break;
        case 11:
            choose_transport(plan, random);
            break;
        case 12:
            plan.sport = random.one_of<uint16_t>({0, 8, 128, 1000});
            plan.tcp_flags = random.one_of<uint16_t>({0x002, 0x010, 0x110, 0x018});
            break;
        default:
            plan.dport = random.one_of<uint16_t>({0, 80, 443, 0x1050});
            plan.udp_checksum = random.percent(70);
            break;
    }
}

uint8_t protocol_of(const PacketPlan& plan) {
    switch (plan.transport) {
        case Transport::kTcp:
            return 6;
        case Transport::kUdp:
            return 17;
        case Transport::kIcmp:
            return plan.network == Network::kIp6 ? 58 : 1;
        default:
            return 132;
    }
}

void add_transport(const PacketPlan& plan, Frame& frame) {
    switch (plan.transport) {
        case Transport::kTcp:
            frame.push_back(device::Tcp{plan.sport, plan.dport, 7, 9, plan.tcp_flags});
            break;
        case Transport::kUdp:
            frame.push_back(device::Udp{plan.sport, plan.dport, plan.udp_checksum});
            break;
        case Transport::kIcmp:
            frame.push_back(device::Icmp{static_cast<uint8_t>(plan.sport),
                                         static_cast<uint8_t>(plan.dport), 5});
            break;
        case Transport::kOther:
            // SCTP's ports
            frame.push_back(device::Payload{
                {static_cast<uint8_t>(plan.sport >> 8), static_cast<uint8_t>(plan.sport), 0, 80}});
            break;
    }
    frame.push_back(device::payload(3));
}

void add_ip4(const PacketPlan& plan, Frame& frame) {
    device::Ip4 ip{plan.src, plan.dst, static_cast<uint8_t>(plan.tos >> 2),
                   static_cast<uint8_t>(plan.tos & 3), plan.ttl};
    ip.protocol = protocol_of(plan);
    if (plan.options) {
        ip.options = {1, 1, 1, 0};
    }
    if (plan.fragment == Fragment::kFirst) {
        ip.fragment = 0x2000;
    } else if (plan.fragment == Fragment::kLater) {
        ip.fragment = 0x0010;
    } else {
        ip.fragment = 0x4000;
    }
    frame.push_back(ip);
}

void add_ip6(const PacketPlan& plan, Frame& frame) {
    device::Ip6 ip{{0xfd000000 | (plan.src >> 16 & 1), 0, 0, plan.src},
                   {0xfd000000 | (plan.dst >> 16 & 1), 0, 0, plan.dst},
                   static_cast<uint8_t>(plan.tos >> 2),
                   static_cast<uint8_t>(plan.tos & 3),
                   plan.label,
                   plan.ttl};
    const bool fragment = plan.fragment != Fragment::kNone;
    const uint8_t protocol = protocol_of(plan);
    ip.next = plan.options ? 60 : fragment ? 44 : protocol;
    frame.push_back(ip);
    if (plan.options) {
        frame.push_back(device::Ip6Extension{60, {1, 4, 0, 0, 0, 0}, fragment ? 44 : protocol});
    }
    if (fragment) {
        const uint8_t low = plan.fragment == Fragment::kFirst ? 1 : 0;
        const uint8_t high = plan.fragment == Fragment::kLater ? 1 : 0;
        frame.push_back(device::Ip6Extension{44, {high, low, 0, 0, 0, 5}, protocol});
    }
}

Frame frame_of(const PacketPlan& plan) {
    Frame frame;
    device::Eth eth{plan.eth_dst, plan.eth_src};
    frame.push_back(eth);
    for (const PacketPlan::Tag& tag : plan.tags) {
        frame.push_back(device::Vlan{static_cast<uint16_t>(tag.control & 0xfff),
                                     static_cast<uint8_t>(tag.control >> 13),
                                     (tag.control & 0x1000) != 0, tag.tpid});
    }
    if (plan.is_ip()) {
        plan.network == Network::kIp4 ? add_ip4(plan, frame) : add_ip6(plan, frame);
        if (plan.fragment == Fragment::kLater) {
            frame.push_back(device::payload(4));
        } else {
            add_transport(plan, frame);
        }
    } else {
        frame.push_back(device::payload(5));
    }
    return frame;
}

/// The frames' own rule for what is no IP is 0x88b5.
void set_arp(const PacketPlan& plan, Bytes& bytes, size_t at) {
    if (plan.network == Network::kArp) {
        put(bytes, at + 12 + 4 * plan.tags.size(), 2, 0x0806);
    }
}

}  // namespace

PacketPlan PacketPlan::random(Random& random) {
    PacketPlan plan;
    for (uint32_t what = 0; what < kChoices; what++) {
        choose(plan, what, random);
    }
    return plan;
}

void PacketPlan::change(Random& random) {
    choose(*this, random.below(kChoices), random);
}

Bytes PacketPlan::encode() const {
    Bytes bytes = device::encode(frame_of(*this));
    set_arp(*this, bytes, 0);
    return bytes;
}

TunnelPlan TunnelPlan::random(Random& random, bool geneve) {
    TunnelPlan plan;
    do {
        plan.outer = PacketPlan::random(random);
    } while (!plan.outer.is_ip());
    plan.outer.tags.clear();
    plan.outer.options = false;
    plan.outer.fragment = Fragment::kNone;
    plan.outer.transport = Transport::kUdp;
    plan.outer.dport = geneve ? device::kGenevePort : device::kVxlanPort;
    plan.geneve = geneve;
    plan.vni = random.one_of({0u, 77u, 78u, 0x800077u});
    plan.option_words = random.one_of<uint8_t>({0, 0, 2});
    plan.inner = PacketPlan::random(random);
    return plan;
}

void TunnelPlan::change(Random& random) {
    switch (random.below(5)) {
        case 0:
            vni = random.one_of({0u, 77u, 78u, 0x800077u});
            break;
        case 1:
            oam = random.percent(50);
            option_words = random.one_of<uint8_t>({0, 2, 3});
            break;
        case 2: {
            const PacketPlan before = outer;
            outer.change(random);
            if (!outer.is_ip() || outer.transport != Transport::kUdp) {
                outer = before;
            }
            break;
        }
        default:
            inner.change(random);
    }
}

Bytes TunnelPlan::encode() const {
    Frame frame = frame_of(outer);
    const bool later = outer.fragment == Fragment::kLater;
    frame.pop_back();  // its payload
    if (geneve) {
        frame.push_back(device::Geneve{vni, oam, {}, device::Bytes(option_words * size_t{4}, 0)});
    } else {
        frame.push_back(device::Vxlan{vni});
    }
    Frame inside = frame_of(inner);
    if (later || inner.network == Network::kArp) {
        inside = {device::Eth{inner.eth_dst, inner.eth_src, 0x0806}, device::payload(5)};
    }
    return device::encode(frame + inside);
}

}  // namespace esw::mlx5::test
