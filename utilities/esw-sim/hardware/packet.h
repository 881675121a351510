// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace esw::sim {

/// Reads big-endian numbers of a frame. What is beyond its end reads as 0; has() tells.
class FrameBytes {
public:
    explicit FrameBytes(std::span<const std::byte> bytes) : bytes_(bytes) {}

    size_t size() const { return bytes_.size(); }
    bool has(size_t at, size_t length) const {
        return at <= bytes_.size() && bytes_.size() - at >= length;
    }
    uint8_t u8(size_t at) const { return has(at, 1) ? std::to_integer<uint8_t>(bytes_[at]) : 0; }
    uint16_t u16(size_t at) const { return static_cast<uint16_t>(u8(at) << 8 | u8(at + 1)); }
    uint32_t u32(size_t at) const { return uint32_t{u16(at)} << 16 | u16(at + 2); }

private:
    std::span<const std::byte> bytes_;
};

struct VlanTag {
    uint16_t protocol = 0;  ///< 0x8100, 0x88a8
    uint16_t control = 0;   ///< priority, CFI, VLAN id
};

/// The headers of one nesting level: Ethernet, network and transport. What a packet does not have
/// is 0, as the card's parser leaves it.
struct Headers {
    enum class Transport { kNone, kTcp, kUdp, kIcmp, kIcmp6 };

    // Where they begin in the frame.
    std::optional<size_t> l2;
    std::optional<size_t> l3;
    std::optional<size_t> l4;  ///< also of a first fragment

    uint64_t dmac = 0, smac = 0;
    uint8_t vlans = 0;
    std::array<VlanTag, 2> vlan{};
    size_t ethertype_at = 0;
    uint16_t ethertype = 0;  ///< after the VLAN tags

    uint8_t ip_version = 0;  ///< 4, 6, or 0
    uint8_t ihl = 0;
    uint8_t dscp = 0, ecn = 0, ttl = 0;
    uint8_t protocol = 0;  ///< of IPv6: the one after the extension headers
    uint16_t identification = 0;
    uint16_t flags_and_offset = 0;
    uint16_t ip_length = 0;  ///< IPv4: total; IPv6: payload
    uint32_t flow_label = 0;
    bool fragment = false;
    bool first_fragment = false;
    std::array<uint32_t, 4> src{}, dst{};  ///< IPv4: the last

    Transport transport = Transport::kNone;  ///< of packets that are no fragments
    uint16_t sport = 0, dport = 0;
    uint16_t l4_length = 0, l4_checksum = 0;
    uint16_t tcp_flags = 0;  ///< 9 bits
    uint8_t tcp_data_offset = 0;
    uint16_t tcp_window = 0, tcp_urgent = 0;
    uint32_t tcp_seq = 0, tcp_ack = 0;
    uint8_t icmp_type = 0, icmp_code = 0;
    uint32_t icmp_header_data = 0, icmp_payload = 0;
};

struct Tunnel {
    enum class Kind { kNone, kVxlan, kVxlanGpe, kGeneve, kGre };
    Kind kind = Kind::kNone;
    std::array<uint32_t, 4> header{};  ///< as it is in the packet
    uint32_t vni = 0;
    uint32_t gre_key = 0;
    size_t options = 0;  ///< where Geneve options begin, and their length
    size_t options_length = 0;
};

/// What the card's parser finds in a frame.
struct Packet {
    Headers outer;
    Tunnel tunnel;
    Headers inner;
};

/// Parses at most two nesting levels: Ethernet, up to two VLAN tags, IPv4 with options, IPv6 with
/// extension headers, TCP, UDP, ICMP; VXLAN, Geneve and GRE. A header that is cut off or is none by
/// its own fields is not there, nor is anything behind it.
///
/// Fragments have no transport header to a ConnectX, not even the first (its completions report
/// l4_hdr_type none for them).
Packet parse_packet(std::span<const std::byte> frame);

}  // namespace esw::sim
