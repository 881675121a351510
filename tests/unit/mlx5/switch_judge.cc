// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/mlx5/switch_judge.h"

#include <algorithm>
#include <cstring>

namespace esw::mlx5::test {

namespace {

bool is_tag(uint32_t type) {
    return type == 0x8100 || type == 0x88a8;
}

/// The headers behind the tags, whatever their number is.
struct Layers {
    size_t network = 0, transport = 0;
    uint16_t type = 0;
};

/// Key and places of a packet.
class Extractor {
public:
    Extractor(const Bytes& packet, uint8_t vlan_limit) : p_(packet), limit_(vlan_limit) {}

    esw_flow_key key{};
    Layers layers;

    void run() {
        std::memcpy(key.eth_dst, p_.data(), 6);
        std::memcpy(key.eth_src, p_.data() + 6, 6);
        size_t at = 12;
        for (size_t n = 0; n < limit_ && is_tag(get(p_, at, 2)); n++, at += 4) {
            key.vlans[n].tpid = static_cast<uint16_t>(get(p_, at, 2));
            key.vlans[n].tci = static_cast<uint16_t>(get(p_, at + 2, 2) | ESW_VLAN_PRESENT);
        }
        key.eth_type = layers.type = static_cast<uint16_t>(get(p_, at, 2));
        layers.network = at + 2;
        if (key.eth_type == 0x0800) {
            ip4(at + 2);
        } else if (key.eth_type == 0x86dd) {
            ip6(at + 2);
        }
    }

private:
    void ip4(size_t at) {
        std::memcpy(key.ip_src + 12, &p_[at + 12], 4);
        std::memcpy(key.ip_dst + 12, &p_[at + 16], 4);
        key.ip_tos = p_[at + 1];
        key.ip_ttl = p_[at + 8];
        key.ip_proto = p_[at + 9];
        const uint32_t fragment = get(p_, at + 6, 2);
        if ((fragment & 0x3fff) != 0) {
            key.ip_frag = ESW_FRAGMENT_ANY;
            if ((fragment & 0x1fff) != 0) {
                key.ip_frag |= ESW_FRAGMENT_LATER;
            }
        }
        transport(at + (p_[at] & 15u) * 4);
    }

    void ip6(size_t at) {
        std::memcpy(key.ip_src, &p_[at + 8], 16);
        std::memcpy(key.ip_dst, &p_[at + 24], 16);
        const uint32_t first = get(p_, at, 4);
        key.ip_tos = static_cast<uint8_t>(first >> 20);
        key.ipv6_label = first & 0xfffff;
        key.ip_ttl = p_[at + 7];
        key.ip_proto = p_[at + 6];
        at += 40;
        for (;;) {
            const uint8_t kind = key.ip_proto;
            if (kind == 44) {
                key.ip_proto = p_[at];
                const uint32_t offset = get(p_, at + 2, 2);
                at += 8;
                if (offset != 0) {
                    key.ip_frag = ESW_FRAGMENT_ANY;
                }
                if ((offset & 0xfff8) != 0) {
                    key.ip_frag |= ESW_FRAGMENT_LATER;
                    key.ip_proto = 44;
                    break;
                }
            } else if (kind == 0 || kind == 43 || kind == 60) {
                key.ip_proto = p_[at];
                at += (p_[at + 1] + 1u) * 8;
            } else if (kind == 51) {
                key.ip_proto = p_[at];
                at += (p_[at + 1] + 2u) * 4;
            } else {
                break;
            }
        }
        transport(at);
    }

    void transport(size_t at) {
        layers.transport = at;
        if ((key.ip_frag & ESW_FRAGMENT_LATER) != 0) {
            return;
        }
        if (key.ip_proto == 6 || key.ip_proto == 17 || key.ip_proto == 132) {
            key.l4_src = static_cast<uint16_t>(get(p_, at, 2));
            key.l4_dst = static_cast<uint16_t>(get(p_, at + 2, 2));
        } else if (key.ip_proto == 1 || key.ip_proto == 58) {
            key.l4_src = p_[at];
            key.l4_dst = p_[at + 1];
        }
        if (key.ip_proto == 6) {
            key.tcp_flags = get(p_, at + 12, 2) & 0xfff;
        }
    }

    const Bytes& p_;
    const uint8_t limit_;
};

/// RFC 1624 for one 16-bit word.
uint16_t update(uint16_t checksum, uint16_t from, uint16_t to) {
    uint32_t total = static_cast<uint16_t>(~checksum) + uint32_t{static_cast<uint16_t>(~from)} + to;
    total = (total & 0xffff) + (total >> 16);
    total = (total & 0xffff) + (total >> 16);
    return static_cast<uint16_t>(~total);
}

/// The packet while actions are done to it.
class Editor {
public:
    explicit Editor(Bytes packet) : p_(std::move(packet)) {
        Extractor extractor(p_, 2);
        extractor.run();
        key_ = extractor.key;
        layers_ = extractor.layers;
    }

    const Bytes& bytes() const { return p_; }

    void push(const esw_vlan& tag) {
        p_.insert(p_.begin() + 12, 4, 0);
        put(p_, 12, 2, tag.tpid);
        put(p_, 14, 2, tag.tci & 0xefffu);
        move(4);
    }

    void pop() {
        if (is_tag(get(p_, 12, 2))) {
            p_.erase(p_.begin() + 12, p_.begin() + 16);
            move(-4);
        }
    }

    void set(const esw_set_action& action) {
        const size_t network = layers_.network, transport = layers_.transport;
        switch (action.field) {
            case ESW_FIELD_ETH_DST:
                copy_masked(p_.data(), action.value, action.mask, 6);
                break;
            case ESW_FIELD_ETH_SRC:
                copy_masked(p_.data() + 6, action.value, action.mask, 6);
                break;
            case ESW_FIELD_IPV4_SRC:
                write(network + 12, 4, action, true, true);
                break;
            case ESW_FIELD_IPV4_DST:
                write(network + 16, 4, action, true, true);
                break;
            case ESW_FIELD_IPV4_TOS:
                write(network + 1, 1, action, true, false);
                break;
            case ESW_FIELD_IPV4_TTL:
                write(network + 8, 1, action, true, false);
                break;
            case ESW_FIELD_IPV6_SRC:
                write(network + 8, 16, action, false, true);
                break;
            case ESW_FIELD_IPV6_DST:
                write(network + 24, 16, action, false, true);
                break;
            case ESW_FIELD_IPV6_HOP_LIMIT:
                write(network + 7, 1, action, false, false);
                break;
            case ESW_FIELD_IPV6_TRAFFIC_CLASS: {
                const uint32_t first = get(p_, network, 4);
                const uint32_t mask = uint32_t{action.mask[0]} << 20;
                put(p_, network, 4, (first & ~mask) | (uint32_t{action.value[0]} << 20 & mask));
                break;
            }
            case ESW_FIELD_IPV6_LABEL: {
                Bytes value(action.value, action.value + 4), mask(action.mask, action.mask + 4);
                const uint32_t first = get(p_, network, 4), bits = get(mask, 0, 4) & 0xfffff;
                put(p_, network, 4, (first & ~bits) | (get(value, 0, 4) & bits));
                break;
            }
            case ESW_FIELD_TCP_SRC:
            case ESW_FIELD_UDP_SRC:
                write(transport, 2, action, false, true);
                break;
            case ESW_FIELD_TCP_DST:
            case ESW_FIELD_UDP_DST:
                write(transport + 2, 2, action, false, true);
                break;
        }
    }

    void encapsulate(const esw_tunnel_push_action& push) {
        Bytes out(push.header, push.header + push.header_length);
        const bool ip6 = get(out, 12, 2) == 0x86dd;
        const size_t ip = 14, udp = ip6 ? 54 : 34;
        const size_t total = out.size() + p_.size();
        put(out, udp + 4, 2, static_cast<uint32_t>(total - udp));
        if (ip6) {
            put(out, ip + 4, 2, static_cast<uint32_t>(total - udp));
        } else {
            put(out, ip + 2, 2, static_cast<uint32_t>(total - ip));
            put(out, ip + 10, 2, 0);
            put(out, ip + 10, 2, ~sum(out, ip, udp));
        }
        out.insert(out.end(), p_.begin(), p_.end());
        p_ = std::move(out);
    }

private:
    void move(int by) {
        layers_.network += static_cast<size_t>(by);
        layers_.transport += static_cast<size_t>(by);
    }

    /// With the checksums that Open vSwitch keeps: IPv4's, and those of TCP, UDP and ICMPv6.
    void write(size_t at, size_t count, const esw_set_action& action, bool in_ip4, bool covered) {
        const size_t even = at & ~size_t{1};
        const size_t end = (at + count + 1) & ~size_t{1};
        const Bytes before(p_.begin() + static_cast<ptrdiff_t>(even),
                           p_.begin() + static_cast<ptrdiff_t>(end));
        copy_masked(&p_[at], action.value, action.mask, count);
        for (size_t i = 0; i < before.size(); i += 2) {
            const auto from = static_cast<uint16_t>(get(before, i, 2));
            const auto to = static_cast<uint16_t>(get(p_, even + i, 2));
            if (in_ip4) {
                change(layers_.network + 10, from, to);
            }
            if (covered) {
                change_transport(from, to);
            }
        }
    }

    void change(size_t at, uint16_t from, uint16_t to) {
        if (from != to) {
            put(p_, at, 2, update(static_cast<uint16_t>(get(p_, at, 2)), from, to));
        }
    }

    void change_transport(uint16_t from, uint16_t to) {
        if (key_.ip_proto == 6) {
            change(layers_.transport + 16, from, to);
        } else if (key_.ip_proto == 58 && layers_.type == 0x86dd) {
            change(layers_.transport + 2, from, to);
        } else if (key_.ip_proto == 17 && get(p_, layers_.transport + 6, 2) != 0) {
            change(layers_.transport + 6, from, to);
            if (get(p_, layers_.transport + 6, 2) == 0) {
                put(p_, layers_.transport + 6, 2, 0xffff);
            }
        }
    }

    Bytes p_;
    esw_flow_key key_;
    Layers layers_;
};

}  // namespace

esw_flow_key extract(const Bytes& packet, uint8_t vlan_limit) {
    Extractor extractor(packet, vlan_limit);
    extractor.run();
    return extractor.key;
}

bool matches(const esw_flow_match& match, const esw_flow_key& key) {
    const auto same = [](const auto& have, const auto& want, const auto& mask) {
        const auto* const a = reinterpret_cast<const uint8_t*>(&have);
        const auto* const b = reinterpret_cast<const uint8_t*>(&want);
        const auto* const m = reinterpret_cast<const uint8_t*>(&mask);
        for (size_t i = 0; i < sizeof have; i++) {
            if (((a[i] ^ b[i]) & m[i]) != 0) {
                return false;
            }
        }
        return true;
    };
#define SAME(field) same(key.field, match.key.field, match.mask.field)
    return SAME(eth_dst) && SAME(eth_src) && SAME(eth_type) && SAME(tcp_flags) && SAME(vlans) &&
           SAME(ip_src) && SAME(ip_dst) && SAME(ipv6_label) && SAME(ip_proto) && SAME(ip_tos) &&
           SAME(ip_ttl) && SAME(ip_frag) && SAME(l4_src) && SAME(l4_dst) && SAME(tunnel.src) &&
           SAME(tunnel.dst) && SAME(tunnel.id) && SAME(tunnel.flags) && SAME(tunnel.udp_src) &&
           SAME(tunnel.udp_dst) && SAME(tunnel.tos) && SAME(tunnel.ttl) &&
           key.tunnel.is_ipv6 == match.key.tunnel.is_ipv6 && SAME(tunnel.options_length) &&
           SAME(tunnel.options);
#undef SAME
}

std::vector<Sent> execute(const Actions& actions, Bytes packet) {
    std::vector<Sent> sent;
    Editor editor(std::move(packet));
    for (const esw_flow_action& action : actions) {
        switch (action.type) {
            case ESW_ACTION_OUTPUT:
                sent.push_back({action.port, editor.bytes()});
                break;
            case ESW_ACTION_SET:
                editor.set(action.set);
                break;
            case ESW_ACTION_PUSH_VLAN:
                editor.push(action.vlan);
                break;
            case ESW_ACTION_POP_VLAN:
                editor.pop();
                break;
            case ESW_ACTION_TUNNEL_PUSH:
                editor.encapsulate(action.push);
                break;
            default:
                return sent;
        }
    }
    return sent;
}

std::optional<Unpacked> unpack_tunnel(const Bytes& packet, esw_tunnel_type type,
                                      uint8_t vlan_limit) {
    Extractor outer(packet, vlan_limit);
    outer.run();
    const size_t ip = outer.layers.network, udp = outer.layers.transport, header = udp + 8;
    if (ip != 14 || outer.key.ip_proto != 17 || outer.key.ip_frag != 0) {
        return std::nullopt;
    }
    const bool is_ip6 = outer.layers.type == 0x86dd;
    if (!is_ip6 && packet[ip] != 0x45) {
        return std::nullopt;
    }
    size_t length = 8;
    esw_tunnel_key tunnel{};
    if (type == ESW_TUNNEL_GENEVE) {
        tunnel.options_length = static_cast<uint16_t>((packet[header] & 0x3fu) * 4);
        if (get(packet, header + 2, 2) != 0x6558) {
            return std::nullopt;
        }
        std::memcpy(tunnel.options, &packet[header + 8], tunnel.options_length);
        length += tunnel.options_length;
        tunnel.flags = packet[header + 1] >> 7;
    } else if (get(packet, header, 4) != 0x08000000) {
        return std::nullopt;
    }
    tunnel.flags |= 8;
    if (get(packet, udp + 6, 2) != 0) {
        tunnel.flags |= 4;
    }
    tunnel.id = get(packet, header + 4, 4) >> 8;
    tunnel.is_ipv6 = is_ip6;
    std::memcpy(tunnel.src, outer.key.ip_src, 16);
    std::memcpy(tunnel.dst, outer.key.ip_dst, 16);
    tunnel.tos = outer.key.ip_tos;
    tunnel.ttl = outer.key.ip_ttl;
    tunnel.udp_src = outer.key.l4_src;
    tunnel.udp_dst = outer.key.l4_dst;

    Unpacked unpacked;
    unpacked.packet.assign(packet.begin() + static_cast<ptrdiff_t>(header + length), packet.end());
    unpacked.key = extract(unpacked.packet, vlan_limit);
    unpacked.key.tunnel = tunnel;
    return unpacked;
}

}  // namespace esw::mlx5::test
