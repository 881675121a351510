// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "tests/unit/mlx5/packet_bytes.h"

namespace esw::mlx5::test {

/// Numbers from a seed.
class Random {
public:
    explicit Random(uint32_t seed) : engine_(seed) {}

    uint32_t below(uint32_t end) { return static_cast<uint32_t>(engine_() % end); }
    bool percent(uint32_t chance) { return below(100) < chance; }
    uint32_t bits() { return static_cast<uint32_t>(engine_()); }
    template <class T>
    T one_of(std::initializer_list<T> values) {
        return *(values.begin() + below(static_cast<uint32_t>(values.size())));
    }

private:
    std::mt19937 engine_;
};

/// What a packet is made of. Values are from small sets, so that packets often have some in common.
struct PacketPlan {
    enum class Network { kIp4, kIp6, kArp, kOther };
    enum class Transport { kTcp, kUdp, kIcmp, kOther };
    enum class Fragment { kNone, kFirst, kLater, kAtomic };
    struct Tag {
        uint16_t tpid, control;
    };

    uint64_t eth_dst = 0, eth_src = 0;
    std::vector<Tag> tags;
    Network network = Network::kOther;
    uint32_t src = 0, dst = 0;  ///< of IPv6: the first and the last word
    uint8_t tos = 0, ttl = 0;
    uint32_t label = 0;
    bool options = false;  ///< of IPv4, or an extension header of IPv6
    Fragment fragment = Fragment::kNone;
    Transport transport = Transport::kOther;
    uint16_t sport = 0, dport = 0, tcp_flags = 0;  ///< type and code of ICMP
    bool udp_checksum = true;

    static PacketPlan random(Random& random);
    /// Another value of one thing.
    void change(Random& random);

    Bytes encode() const;

    bool is_ip() const { return network == Network::kIp4 || network == Network::kIp6; }
};

/// A packet in a tunnel.
struct TunnelPlan {
    PacketPlan outer;  ///< of UDP over IP
    bool geneve = false;
    uint32_t vni = 0;
    bool oam = false;
    uint8_t option_words = 0;
    PacketPlan inner;

    static TunnelPlan random(Random& random, bool geneve);
    void change(Random& random);

    Bytes encode() const;
};

}  // namespace esw::mlx5::test
