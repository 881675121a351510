// SPDX-License-Identifier: Apache-2.0
// Frames as lists of headers, and the bytes of them. Written from the RFCs, for the judges only:
// the simulator has its own parser and its own checksums, and neither knows of the other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace device {

using Bytes = std::vector<uint8_t>;
using Ip6Address = std::array<uint32_t, 4>;

/// A type, protocol or next header that is not given follows from the next header.
struct Eth {
    uint64_t dst = 0;
    uint64_t src = 0;
    std::optional<uint16_t> type = {};
};

struct Vlan {
    uint16_t vid = 0;
    uint8_t priority = 0;
    bool cfi = false;
    uint16_t tpid = 0x8100;
};

struct Ip4 {
    uint32_t src = 0;
    uint32_t dst = 0;
    uint8_t dscp = 0;
    uint8_t ecn = 0;
    uint8_t ttl = 64;
    std::optional<uint8_t> protocol = {};
    uint16_t fragment = 0;  ///< flags and offset
    uint16_t id = 0x1234;
    Bytes options = {};  ///< a multiple of 4 bytes
};

struct Ip6 {
    Ip6Address src = {};
    Ip6Address dst = {};
    uint8_t dscp = 0;
    uint8_t ecn = 0;
    uint32_t flow_label = 0;
    uint8_t hop_limit = 64;
    std::optional<uint8_t> next = {};
};

/// An IPv6 extension header: hop-by-hop options (0), destination options (60), fragment (44).
struct Ip6Extension {
    uint8_t kind = 0;
    Bytes body = {};  ///< behind its next header and length; 6 bytes, or 8 more
    std::optional<uint8_t> next = {};
};

struct Tcp {
    uint16_t sport = 0;
    uint16_t dport = 0;
    uint32_t seq = 1;
    uint32_t ack = 2;
    uint16_t flags = 0x10;  ///< 9 bits, NS the highest
};

struct Udp {
    uint16_t sport = 0;
    uint16_t dport = 0;
    bool checksum = true;
};

/// ICMP, or ICMPv6 behind an Ip6.
struct Icmp {
    uint8_t type = 8;
    uint8_t code = 0;
    uint32_t rest = 0;
};

struct Gre {
    std::optional<uint16_t> protocol = {};
    bool checksum = false;
    std::optional<uint32_t> key = {};
    std::optional<uint32_t> sequence = {};
};

struct Vxlan {
    uint32_t vni = 0;
};

struct Geneve {
    uint32_t vni = 0;
    bool oam = false;
    std::optional<uint16_t> protocol = {};
    Bytes options = {};  ///< a multiple of 4 bytes
};

struct Payload {
    Bytes bytes = {};
};

using Header =
    std::variant<Eth, Vlan, Ip4, Ip6, Ip6Extension, Tcp, Udp, Icmp, Gre, Vxlan, Geneve, Payload>;
using Frame = std::vector<Header>;

constexpr uint16_t kVxlanPort = 4789;
constexpr uint16_t kGenevePort = 6081;

/// The bytes, with all lengths and checksums.
Bytes encode(const Frame& frame);

/// Some bytes that no two seeds have in common.
Payload payload(uint32_t seed, size_t length = 40);

/// The n-th header of the type (the outermost is 0), which the frame has.
template <typename T>
T& header(Frame& frame, unsigned n = 0) {
    for (Header& candidate : frame) {
        if (T* found = std::get_if<T>(&candidate); found && n-- == 0) {
            return *found;
        }
    }
    std::abort();
}

Frame operator+(Frame outer, const Frame& inner);

/// For messages: hexadecimal, in groups of the headers' usual sizes.
std::string to_text(const Bytes& bytes);

}  // namespace device
