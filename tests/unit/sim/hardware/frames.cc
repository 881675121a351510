// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim/hardware/frames.h"

namespace esw::sim {

namespace {

uint32_t at16(const FrameWriter::Bytes& bytes, size_t at) {
    return std::to_integer<uint32_t>(bytes[at]) << 8 | std::to_integer<uint32_t>(bytes[at + 1]);
}

void put16(FrameWriter::Bytes& bytes, size_t at, size_t value) {
    bytes[at] = static_cast<std::byte>(value >> 8);
    bytes[at + 1] = static_cast<std::byte>(value);
}

uint32_t sum(const FrameWriter::Bytes& bytes, size_t from, size_t to, uint32_t start = 0) {
    for (; from + 1 < to; from += 2) {
        start += at16(bytes, from);
    }
    if (from < to) {
        start += std::to_integer<uint32_t>(bytes[from]) << 8;
    }
    return start;
}

uint16_t fold(uint32_t sum) {
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<uint16_t>(sum);
}

/// Of the pseudo header of the IP header at `ip`.
uint32_t pseudo_sum(const FrameWriter::Bytes& bytes, size_t ip, uint32_t protocol, size_t length) {
    const bool ip4 = std::to_integer<int>(bytes[ip]) >> 4 == 4;
    return sum(bytes, ip + (ip4 ? 12 : 8), ip + (ip4 ? 20 : 40), protocol) +
           static_cast<uint32_t>(length);
}

}  // namespace

FrameWriter& FrameWriter::u8(uint32_t value) {
    bytes_.push_back(static_cast<std::byte>(value));
    return *this;
}
FrameWriter& FrameWriter::u16(uint32_t value) {
    return u8(value >> 8).u8(value);
}
FrameWriter& FrameWriter::u32(uint32_t value) {
    return u16(value >> 16).u16(value);
}
FrameWriter& FrameWriter::mac(uint64_t value) {
    return u16(static_cast<uint32_t>(value >> 32)).u32(static_cast<uint32_t>(value));
}
FrameWriter& FrameWriter::bytes(const Bytes& bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
}
FrameWriter& FrameWriter::text(std::string_view text) {
    for (const char c : text) {
        u8(static_cast<uint8_t>(c));
    }
    return *this;
}

FrameWriter& FrameWriter::ethernet(uint64_t dst, uint64_t src, uint16_t type) {
    return mac(dst).mac(src).u16(type);
}

FrameWriter& FrameWriter::vlan(uint16_t control, uint16_t type) {
    return u16(control).u16(type);
}

FrameWriter& FrameWriter::ip4(uint32_t src, uint32_t dst, uint8_t protocol, uint8_t ttl,
                              uint8_t tos, uint16_t fragment, size_t options) {
    marks_.push_back({Mark::Kind::kIp4, bytes_.size()});
    u8(static_cast<uint32_t>(0x45 + options / 4)).u8(tos).u16(0);
    u16(0x1234).u16(fragment).u8(ttl).u8(protocol).u16(0).u32(src).u32(dst);
    bytes_.resize(bytes_.size() + options, std::byte{1});
    return *this;
}

FrameWriter& FrameWriter::ip6(uint32_t src, uint32_t dst, uint8_t next, uint8_t hop_limit,
                              uint32_t class_and_label) {
    marks_.push_back({Mark::Kind::kIp6, bytes_.size()});
    u32(0x60000000 | class_and_label).u16(0).u8(next).u8(hop_limit);
    u32(0x20010db8).u32(1).u32(2).u32(src);
    return u32(0x20010db8).u32(3).u32(4).u32(dst);
}

FrameWriter& FrameWriter::tcp(uint16_t src, uint16_t dst, uint32_t seq, uint32_t ack,
                              uint16_t flags) {
    marks_.push_back({Mark::Kind::kTcp, bytes_.size()});
    return u16(src).u16(dst).u32(seq).u32(ack).u16(0x5000u | flags).u16(1000).u16(0).u16(0);
}

FrameWriter& FrameWriter::udp(uint16_t src, uint16_t dst, bool checksum) {
    marks_.push_back({checksum ? Mark::Kind::kUdp : Mark::Kind::kUdpWithout, bytes_.size()});
    return u16(src).u16(dst).u16(0).u16(0);
}

FrameWriter::Bytes FrameWriter::finish() const {
    Bytes frame = bytes_;
    for (const Mark& mark : marks_) {
        const size_t rest = frame.size() - mark.at;
        if (mark.kind == Mark::Kind::kIp4) {
            put16(frame, mark.at + 2, rest);
        } else if (mark.kind == Mark::Kind::kIp6) {
            put16(frame, mark.at + 4, rest - 40);
        } else if (mark.kind != Mark::Kind::kTcp) {
            put16(frame, mark.at + 4, rest);
        }
    }
    // From the inside out: the sum of an outer header covers the inner ones.
    for (size_t i = marks_.size(); i-- > 0;) {
        const size_t at = marks_[i].at;
        switch (marks_[i].kind) {
            case Mark::Kind::kIp4: {
                const size_t length = (std::to_integer<size_t>(frame[at]) & 0xf) * 4;
                put16(frame, at + 10, static_cast<uint16_t>(~fold(sum(frame, at, at + length))));
                break;
            }
            case Mark::Kind::kTcp:
            case Mark::Kind::kUdp: {
                const bool tcp = marks_[i].kind == Mark::Kind::kTcp;
                const uint32_t pseudo =
                    pseudo_sum(frame, marks_[i - 1].at, tcp ? 6 : 17, frame.size() - at);
                const uint16_t value = ~fold(sum(frame, at, frame.size(), pseudo));
                put16(frame, at + (tcp ? 16 : 6), !tcp && value == 0 ? 0xffff : value);
                break;
            }
            case Mark::Kind::kIp6:
            case Mark::Kind::kUdpWithout:
                break;
        }
    }
    return frame;
}

std::string_view checksum_error(const FrameWriter::Bytes& frame, size_t ethernet_at) {
    size_t at = ethernet_at + 12;
    while (at16(frame, at) == 0x8100 || at16(frame, at) == 0x88a8) {
        at += 4;
    }
    const uint32_t type = at16(frame, at);
    const size_t ip = at + 2;
    size_t l4 = ip + 40;
    size_t end = frame.size();
    uint32_t protocol = 0;
    if (type == 0x0800) {
        l4 = ip + (std::to_integer<size_t>(frame[ip]) & 0xf) * 4;
        protocol = std::to_integer<uint32_t>(frame[ip + 9]);
        end = ip + at16(frame, ip + 2);
        if (fold(sum(frame, ip, l4)) != 0xffff) {
            return "IPv4 header checksum";
        }
    } else if (type == 0x86dd) {
        protocol = std::to_integer<uint32_t>(frame[ip + 6]);
        end = l4 + at16(frame, ip + 4);
    } else {
        return "";
    }
    if (end != frame.size()) {
        return "IP length";
    }
    if (protocol == 17 && at16(frame, l4 + 4) != end - l4) {
        return "UDP length";
    }
    const bool none = protocol == 17 && at16(frame, l4 + 6) == 0;
    if ((protocol == 6 || protocol == 17) && !none &&
        fold(sum(frame, l4, end, pseudo_sum(frame, ip, protocol, end - l4))) != 0xffff) {
        return protocol == 6 ? "TCP checksum" : "UDP checksum";
    }
    if (protocol == 17 && at16(frame, l4 + 2) == 4789) {
        return checksum_error(frame, l4 + 16);
    }
    return "";
}

}  // namespace esw::sim
