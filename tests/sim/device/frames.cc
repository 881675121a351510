// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/device/frames.h"

#include <cstdio>

namespace device {

namespace {

void put(Bytes& to, uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;) {
        to.push_back(static_cast<uint8_t>(value >> (8 * i)));
    }
}

void put(Bytes& to, const Bytes& bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

void store16(Bytes& in, size_t at, uint16_t value) {
    in[at] = static_cast<uint8_t>(value >> 8);
    in[at + 1] = static_cast<uint8_t>(value);
}

/// Sum of 16-bit words (RFC 1071).
uint64_t sum(const Bytes& bytes, uint64_t start = 0) {
    for (size_t i = 0; i < bytes.size(); i++) {
        start += i % 2 ? bytes[i] : bytes[i] << 8;
    }
    return start;
}

uint16_t checksum(const Bytes& bytes, uint64_t start = 0) {
    uint64_t total = sum(bytes, start);
    while (total >> 16) {
        total = (total & 0xffff) + (total >> 16);
    }
    return static_cast<uint16_t>(~total);
}

void put(Bytes& to, const Ip6Address& address) {
    for (const uint32_t word : address) {
        put(to, word, 4);
    }
}

/// Writes a frame from its end to its start: what a header holds of what follows is known then.
class Encoder {
public:
    explicit Encoder(const Frame& frame) : frame_(frame) {}

    Bytes run() {
        for (at_ = frame_.size(); at_-- > 0;) {
            std::visit([this](const auto& header) { add(header); }, frame_[at_]);
        }
        return bytes_;
    }

private:
    template <typename T>
    const T* next() const {
        return at_ + 1 < frame_.size() ? std::get_if<T>(&frame_[at_ + 1]) : nullptr;
    }

    uint16_t next_ethertype() const {
        if (const Vlan* vlan = next<Vlan>()) {
            return vlan->tpid;
        }
        return next<Ip4>() ? 0x0800 : next<Ip6>() ? 0x86dd : next<Eth>() ? 0x6558 : 0x88b5;
    }

    uint8_t next_protocol() const {
        if (const Ip6Extension* extension = next<Ip6Extension>()) {
            return extension->kind;
        }
        const bool ip6 = !std::holds_alternative<Ip4>(frame_[ip_header(at_ + 1)]);
        return next<Tcp>()    ? 6
               : next<Udp>()  ? 17
               : next<Icmp>() ? (ip6 ? 58 : 1)
               : next<Gre>()  ? 47
               : next<Ip4>()  ? 4
               : next<Ip6>()  ? 41
                              : 253;  // RFC 3692: for experiments
    }

    /// Index of the IP header that a header belongs to.
    size_t ip_header(size_t before) const {
        while (before-- > 0) {
            if (std::holds_alternative<Ip4>(frame_[before]) ||
                std::holds_alternative<Ip6>(frame_[before])) {
                return before;
            }
        }
        std::abort();
    }

    uint64_t pseudo_header(uint8_t protocol, size_t length) const {
        Bytes bytes;
        const Header& ip = frame_[ip_header(at_)];
        if (const Ip4* ip4 = std::get_if<Ip4>(&ip)) {
            put(bytes, ip4->src, 4);
            put(bytes, ip4->dst, 4);
        } else {
            put(bytes, std::get<Ip6>(ip).src);
            put(bytes, std::get<Ip6>(ip).dst);
        }
        put(bytes, protocol, 2);
        put(bytes, length, 2);
        return sum(bytes);
    }

    void prepend(Bytes header) {
        put(header, bytes_);
        bytes_ = std::move(header);
    }

    void add(const Payload& payload) { prepend(payload.bytes); }

    void add(const Eth& eth) {
        Bytes out;
        put(out, eth.dst, 6);
        put(out, eth.src, 6);
        put(out, eth.type.value_or(next_ethertype()), 2);
        prepend(out);
    }

    void add(const Vlan& vlan) {
        Bytes out;
        put(out, vlan.priority << 13 | vlan.cfi << 12 | vlan.vid, 2);
        put(out, next_ethertype(), 2);
        prepend(out);
    }

    void add(const Ip4& ip) {
        Bytes out;
        put(out, 0x45 + ip.options.size() / 4, 1);
        put(out, ip.dscp << 2 | ip.ecn, 1);
        put(out, 20 + ip.options.size() + bytes_.size(), 2);
        put(out, ip.id, 2);
        put(out, ip.fragment, 2);
        put(out, ip.ttl, 1);
        put(out, ip.protocol.value_or(next_protocol()), 1);
        put(out, 0, 2);
        put(out, ip.src, 4);
        put(out, ip.dst, 4);
        put(out, ip.options);
        store16(out, 10, checksum(out));
        prepend(out);
    }

    void add(const Ip6& ip) {
        Bytes out;
        put(out, 6u << 28 | ip.dscp << 22 | ip.ecn << 20 | ip.flow_label, 4);
        put(out, bytes_.size(), 2);
        put(out, ip.next.value_or(next_protocol()), 1);
        put(out, ip.hop_limit, 1);
        put(out, ip.src);
        put(out, ip.dst);
        prepend(out);
    }

    void add(const Ip6Extension& extension) {
        Bytes out;
        put(out, extension.next.value_or(next_protocol()), 1);
        put(out, extension.kind == 44 ? 0 : (extension.body.size() + 2) / 8 - 1, 1);
        put(out, extension.body);
        prepend(out);
    }

    void add(const Tcp& tcp) {
        Bytes out;
        put(out, tcp.sport, 2);
        put(out, tcp.dport, 2);
        put(out, tcp.seq, 4);
        put(out, tcp.ack, 4);
        put(out, 5 << 12 | tcp.flags, 2);
        put(out, 0x2000, 2);  // window
        put(out, 0, 4);       // checksum, urgent pointer
        prepend(out);
        store16(bytes_, 16, checksum(bytes_, pseudo_header(6, bytes_.size())));
    }

    void add(const Udp& udp) {
        Bytes out;
        put(out, udp.sport, 2);
        put(out, udp.dport, 2);
        put(out, 8 + bytes_.size(), 2);
        put(out, 0, 2);
        prepend(out);
        if (udp.checksum) {
            const uint16_t value = checksum(bytes_, pseudo_header(17, bytes_.size()));
            store16(bytes_, 6, value ? value : 0xffff);
        }
    }

    void add(const Icmp& icmp) {
        Bytes out;
        put(out, icmp.type, 1);
        put(out, icmp.code, 1);
        put(out, 0, 2);
        put(out, icmp.rest, 4);
        prepend(out);
        const bool ip4 = std::holds_alternative<Ip4>(frame_[ip_header(at_)]);
        store16(bytes_, 2, checksum(bytes_, ip4 ? 0 : pseudo_header(58, bytes_.size())));
    }

    void add(const Gre& gre) {
        Bytes out;
        put(out, gre.checksum << 15 | gre.key.has_value() << 13 | gre.sequence.has_value() << 12,
            2);
        put(out, gre.protocol.value_or(next_ethertype()), 2);
        if (gre.checksum) {
            put(out, 0, 4);
        }
        for (const auto& word : {gre.key, gre.sequence}) {
            if (word) {
                put(out, *word, 4);
            }
        }
        prepend(out);
        if (gre.checksum) {
            store16(bytes_, 4, checksum(bytes_));
        }
    }

    void add(const Vxlan& vxlan) {
        Bytes out;
        put(out, 0x08000000, 4);
        put(out, vxlan.vni << 8, 4);
        prepend(out);
    }

    void add(const Geneve& geneve) {
        Bytes out;
        put(out, geneve.options.size() / 4, 1);
        put(out, geneve.oam << 7, 1);
        put(out, geneve.protocol.value_or(next_ethertype()), 2);
        put(out, geneve.vni << 8, 4);
        put(out, geneve.options);
        prepend(out);
    }

    const Frame& frame_;
    size_t at_ = 0;
    Bytes bytes_;
};

}  // namespace

Bytes encode(const Frame& frame) {
    return Encoder(frame).run();
}

Payload payload(uint32_t seed, size_t length) {
    Payload result;
    put(result.bytes, 0xfeedf00d, 4);
    put(result.bytes, seed, 4);
    while (result.bytes.size() < length) {
        result.bytes.push_back(static_cast<uint8_t>(seed + result.bytes.size()));
    }
    return result;
}

Frame operator+(Frame outer, const Frame& inner) {
    outer.insert(outer.end(), inner.begin(), inner.end());
    return outer;
}

std::string to_text(const Bytes& bytes) {
    std::string text;
    for (size_t i = 0; i < bytes.size(); i++) {
        char digits[4];
        std::snprintf(digits, sizeof digits, i % 2 || i == 0 ? "%02x" : " %02x", bytes[i]);
        text += digits;
    }
    return text;
}

}  // namespace device
