// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/hardware/packet.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include <algorithm>

namespace esw::sim {

namespace {

constexpr uint16_t kVxlanPort = 4789;
constexpr uint16_t kVxlanGpePort = 4790;
constexpr uint16_t kGenevePort = 6081;

constexpr size_t kEthernet = 14;
constexpr size_t kVlanTag = 4;
constexpr size_t kIp6 = 40;
constexpr size_t kUdp = 8;

/// One level, from the header at hand to the next.
class LevelParser {
public:
    LevelParser(const FrameBytes& bytes, Headers& headers)
        : bytes_(bytes), h_(headers), end_(bytes.size()) {}

    void ethernet(size_t at) {
        if (!bytes_.has(at, kEthernet)) {
            return;
        }
        h_.l2 = at;
        h_.dmac = uint64_t{bytes_.u32(at)} << 16 | bytes_.u16(at + 4);
        h_.smac = uint64_t{bytes_.u32(at + 6)} << 16 | bytes_.u16(at + 10);
        at += kEthernet - 2;
        uint16_t type = bytes_.u16(at);
        while (h_.vlans < h_.vlan.size() && (type == ETH_P_8021Q || type == ETH_P_8021AD) &&
               bytes_.has(at, kVlanTag + 2)) {
            h_.vlan[h_.vlans++] = {type, bytes_.u16(at + 2)};
            at += kVlanTag;
            type = bytes_.u16(at);
        }
        h_.ethertype = type;
        h_.ethertype_at = at;
        network(type, at + 2);
    }

    void network(uint16_t ethertype, size_t at) {
        if (ethertype == ETH_P_IP) {
            ip4(at);
        } else if (ethertype == ETH_P_IPV6) {
            ip6(at);
        }
    }

private:
    void ip4(size_t at) {
        const uint8_t ihl = bytes_.u8(at) & 0xf;
        const size_t length = size_t{ihl} * 4;
        if (bytes_.u8(at) >> 4 != 4 || ihl < 5 || !bytes_.has(at, length)) {
            return;
        }
        h_.l3 = at;
        h_.ip_version = 4;
        h_.ihl = ihl;
        h_.dscp = bytes_.u8(at + 1) >> 2;
        h_.ecn = bytes_.u8(at + 1) & 3;
        h_.ip_length = bytes_.u16(at + 2);
        h_.identification = bytes_.u16(at + 4);
        h_.flags_and_offset = bytes_.u16(at + 6);
        h_.ttl = bytes_.u8(at + 8);
        h_.protocol = bytes_.u8(at + 9);
        h_.src[3] = bytes_.u32(at + 12);
        h_.dst[3] = bytes_.u32(at + 16);
        const uint16_t offset = h_.flags_and_offset & 0x1fff;
        h_.fragment = offset != 0 || (h_.flags_and_offset & 0x2000) != 0;
        h_.first_fragment = h_.fragment && offset == 0;
        end_ = std::min(end_, at + h_.ip_length);
        if (offset == 0) {
            transport(at + length);
        }
    }

    void ip6(size_t at) {
        if (bytes_.u8(at) >> 4 != 6 || !bytes_.has(at, kIp6)) {
            return;
        }
        h_.l3 = at;
        h_.ip_version = 6;
        const uint32_t first = bytes_.u32(at);
        h_.dscp = first >> 22 & 0x3f;
        h_.ecn = first >> 20 & 3;
        h_.flow_label = first & 0xfffff;
        h_.ip_length = bytes_.u16(at + 4);
        h_.protocol = bytes_.u8(at + 6);
        h_.ttl = bytes_.u8(at + 7);
        for (size_t i = 0; i < 4; i++) {
            h_.src[i] = bytes_.u32(at + 8 + 4 * i);
            h_.dst[i] = bytes_.u32(at + 24 + 4 * i);
        }
        // A length of 0 is a jumbogram's (RFC 2675).
        if (h_.ip_length != 0) {
            end_ = std::min(end_, at + kIp6 + h_.ip_length);
        }
        if (skip_extensions(at += kIp6)) {
            transport(at);
        }
    }

    /// RFC 8200, 4. False when there is no transport header: a later fragment, or cut off.
    bool skip_extensions(size_t& at) {
        for (;;) {
            size_t length = 0;
            switch (h_.protocol) {
                case IPPROTO_HOPOPTS:
                case IPPROTO_ROUTING:
                case IPPROTO_DSTOPTS:
                    length = (size_t{bytes_.u8(at + 1)} + 1) * 8;
                    break;
                case IPPROTO_FRAGMENT:
                    length = 8;
                    break;
                default:
                    return true;
            }
            if (at + length > end_) {
                return false;
            }
            if (h_.protocol == IPPROTO_FRAGMENT) {
                const uint16_t offset = bytes_.u16(at + 2);
                h_.fragment = true;
                h_.first_fragment = offset >> 3 == 0;
            }
            h_.protocol = bytes_.u8(at);
            at += length;
            if (h_.fragment && !h_.first_fragment) {
                return false;
            }
        }
    }

    void transport(size_t at) {
        const size_t room = at <= end_ ? end_ - at : 0;
        switch (h_.protocol) {
            case IPPROTO_TCP:
                if (room >= 20) {
                    h_.l4 = at;
                    tcp(at);
                }
                break;
            case IPPROTO_UDP:
                if (room >= kUdp) {
                    h_.l4 = at;
                    udp(at);
                }
                break;
            case IPPROTO_ICMP:
            case IPPROTO_ICMPV6:
                if (room >= 4) {
                    h_.l4 = at;
                    icmp(at);
                }
                break;
            case IPPROTO_GRE:
                if (room >= 4) {
                    h_.l4 = at;
                }
                break;
            default:
                break;
        }
    }

    void tcp(size_t at) {
        if (h_.fragment) {
            return;
        }
        h_.transport = Headers::Transport::kTcp;
        h_.sport = bytes_.u16(at);
        h_.dport = bytes_.u16(at + 2);
        h_.tcp_seq = bytes_.u32(at + 4);
        h_.tcp_ack = bytes_.u32(at + 8);
        h_.tcp_data_offset = bytes_.u8(at + 12) >> 4;
        h_.tcp_flags = bytes_.u16(at + 12) & 0x1ff;
        h_.tcp_window = bytes_.u16(at + 14);
        h_.l4_checksum = bytes_.u16(at + 16);
        h_.tcp_urgent = bytes_.u16(at + 18);
    }

    void udp(size_t at) {
        if (h_.fragment) {
            return;
        }
        h_.transport = Headers::Transport::kUdp;
        h_.sport = bytes_.u16(at);
        h_.dport = bytes_.u16(at + 2);
        h_.l4_length = bytes_.u16(at + 4);
        h_.l4_checksum = bytes_.u16(at + 6);
    }

    void icmp(size_t at) {
        if (h_.fragment) {
            return;
        }
        h_.transport =
            h_.protocol == IPPROTO_ICMP ? Headers::Transport::kIcmp : Headers::Transport::kIcmp6;
        h_.icmp_type = bytes_.u8(at);
        h_.icmp_code = bytes_.u8(at + 1);
        h_.l4_checksum = bytes_.u16(at + 2);
        h_.icmp_header_data = bytes_.u32(at + 4);
        h_.icmp_payload = bytes_.u32(at + 8);
    }

    const FrameBytes& bytes_;
    Headers& h_;
    size_t end_;  ///< of the network layer's payload
};

void parse_inner(const FrameBytes& bytes, uint16_t ethertype, size_t at, Packet& packet) {
    LevelParser inner(bytes, packet.inner);
    if (ethertype == ETH_P_TEB) {
        inner.ethernet(at);
    } else {
        inner.network(ethertype, at);
    }
}

void copy_header(const FrameBytes& bytes, size_t at, Tunnel& tunnel) {
    for (size_t i = 0; i < tunnel.header.size(); i++) {
        tunnel.header[i] = bytes.u32(at + 4 * i);
    }
    tunnel.vni = tunnel.header[1] >> 8;
}

/// RFC 7348; draft-ietf-nvo3-vxlan-gpe.
void parse_vxlan(const FrameBytes& bytes, size_t at, bool gpe, Packet& packet) {
    if (!bytes.has(at, 8)) {
        return;
    }
    packet.tunnel.kind = gpe ? Tunnel::Kind::kVxlanGpe : Tunnel::Kind::kVxlan;
    copy_header(bytes, at, packet.tunnel);
    uint16_t ethertype = ETH_P_TEB;
    if (gpe) {
        constexpr uint16_t by_next_protocol[] = {0, ETH_P_IP, ETH_P_IPV6, ETH_P_TEB};
        const uint8_t next = bytes.u8(at + 3);
        ethertype = next < std::size(by_next_protocol) ? by_next_protocol[next] : 0;
    }
    parse_inner(bytes, ethertype, at + 8, packet);
}

/// RFC 8926.
void parse_geneve(const FrameBytes& bytes, size_t at, Packet& packet) {
    const size_t options = size_t{bytes.u8(at) & 0x3fu} * 4;
    if (bytes.u8(at) >> 6 != 0 || !bytes.has(at, 8 + options)) {
        return;
    }
    packet.tunnel.kind = Tunnel::Kind::kGeneve;
    copy_header(bytes, at, packet.tunnel);
    packet.tunnel.options = at + 8;
    packet.tunnel.options_length = options;
    parse_inner(bytes, bytes.u16(at + 2), at + 8 + options, packet);
}

/// RFC 2784, RFC 2890.
void parse_gre(const FrameBytes& bytes, size_t at, Packet& packet) {
    const uint16_t flags = bytes.u16(at);
    const size_t key_at = at + 4 + ((flags & 0x8000) != 0 ? 4 : 0);
    const bool has_key = (flags & 0x2000) != 0;
    const size_t end = key_at + (has_key ? 4 : 0) + ((flags & 0x1000) != 0 ? 4 : 0);
    if ((flags & 7) != 0 || !bytes.has(at, end - at)) {
        return;
    }
    packet.tunnel.kind = Tunnel::Kind::kGre;
    packet.tunnel.header[0] = bytes.u32(at);
    packet.tunnel.gre_key = has_key ? bytes.u32(key_at) : 0;
    parse_inner(bytes, bytes.u16(at + 2), end, packet);
}

}  // namespace

Packet parse_packet(std::span<const std::byte> frame) {
    const FrameBytes bytes(frame);
    Packet packet;
    const Headers& outer = packet.outer;
    LevelParser(bytes, packet.outer).ethernet(0);
    if (outer.transport == Headers::Transport::kUdp) {
        const size_t payload = *outer.l4 + kUdp;
        if (outer.dport == kVxlanPort || outer.dport == kVxlanGpePort) {
            parse_vxlan(bytes, payload, outer.dport == kVxlanGpePort, packet);
        } else if (outer.dport == kGenevePort) {
            parse_geneve(bytes, payload, packet);
        }
    } else if (outer.protocol == IPPROTO_GRE && outer.l4 && !outer.fragment) {
        parse_gre(bytes, *outer.l4, packet);
    }
    return packet;
}

}  // namespace esw::sim
