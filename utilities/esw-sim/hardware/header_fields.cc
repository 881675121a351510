// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/hardware/header_fields.h"

#include <netinet/in.h>

#include <array>
#include <optional>
#include <span>

namespace esw::sim {

namespace {

enum Field : uint8_t {
    kL2Dst0 = 0x00,
    kL2Dst1 = 0x01,
    kL2Vlan = 0x02,
    kL2Src0 = 0x08,
    kL2Src1 = 0x09,
    kL3 = 0x0e,
    kL4Ports = 0x18,
    kL4Flags = 0x19,
    kIp4Src = 0x40,
    kIp4Dst = 0x41,
    kIp6Dst0 = 0x44,
    kIp6Dst3 = 0x47,
    kIp6Src0 = 0x4c,
    kIp6Src3 = 0x4f,
    kTcpSeq = 0x5e,
    kTcpAck = 0x5f,
    kRegB = 0x7b,
    kRegA = 0x7c,
    kRegC4 = 0x8c,
    kRegC5 = 0x8d,
    kRegC2 = 0x8e,
    kRegC3 = 0x8f,
    kRegC0 = 0x90,
    kRegC1 = 0x91
};

/// Which checksums cover a piece.
enum Cover : uint8_t { kNothing = 0, kIpHeader = 1, kTransport = 2 };

/// Some bits of a field, and where in the frame they are.
struct Piece {
    size_t at = 0;
    uint8_t bytes = 0;  ///< 0: the packet does not have it
    uint8_t width = 0;  ///< in bits
    uint8_t field_shift = 0;
    uint8_t frame_shift = 0;
    uint8_t cover = kNothing;
};
using Pieces = std::array<Piece, 2>;

Piece whole(size_t at, uint8_t bytes, uint8_t field_shift = 0, uint8_t cover = kNothing) {
    return {at, bytes, static_cast<uint8_t>(bytes * 8), field_shift, 0, cover};
}

Pieces l2_pieces(const Headers& h, uint8_t field) {
    if (!h.l2) {
        return {};
    }
    switch (field) {
        case kL2Dst0:
            return {whole(*h.l2, 4)};
        case kL2Dst1:
            return {whole(*h.l2 + 4, 2, 16), whole(h.ethertype_at, 2)};
        case kL2Src0:
            return {whole(*h.l2 + 6, 4)};
        case kL2Src1:
            return {whole(*h.l2 + 10, 2, 16)};
        default:  // kL2Vlan: the control information of the first tag
            return h.vlans > 0 ? Pieces{whole(*h.l2 + 14, 2)} : Pieces{};
    }
}

/// Type of service or traffic class in bits 16 to 23, time to live or hop limit in 8 to 15.
Pieces l3_pieces(const Headers& h) {
    if (h.ip_version == 4) {
        return {whole(*h.l3 + 1, 1, 16, kIpHeader), whole(*h.l3 + 8, 1, 8, kIpHeader)};
    }
    if (h.ip_version == 6) {
        return {Piece{*h.l3, 2, 8, 16, 4, kNothing}, whole(*h.l3 + 7, 1, 8)};
    }
    return {};
}

Pieces address_pieces(const Headers& h, uint8_t field) {
    const bool ip4 = field == kIp4Src || field == kIp4Dst;
    if (h.ip_version != (ip4 ? 4 : 6)) {
        return {};
    }
    if (ip4) {
        const size_t at = *h.l3 + (field == kIp4Src ? 12 : 16);
        return {whole(at, 4, 0, kIpHeader | kTransport)};
    }
    const size_t word = field >= kIp6Src0 ? 2u + field - kIp6Src0 : 6u + field - kIp6Dst0;
    return {whole(*h.l3 + 4 * word, 4, 0, kTransport)};
}

Pieces l4_pieces(const Headers& h, uint8_t field) {
    const bool tcp = h.transport == Headers::Transport::kTcp;
    if (!tcp && h.transport != Headers::Transport::kUdp) {
        return {};
    }
    switch (field) {
        case kL4Ports:
            return {whole(*h.l4, 4, 0, kTransport)};
        case kL4Flags:
            return tcp ? Pieces{Piece{*h.l4 + 12, 2, 9, 16, 0, kTransport}} : Pieces{};
        case kTcpSeq:
            return tcp ? Pieces{whole(*h.l4 + 4, 4, 0, kTransport)} : Pieces{};
        default:  // kTcpAck
            return tcp ? Pieces{whole(*h.l4 + 8, 4, 0, kTransport)} : Pieces{};
    }
}

/// Nothing when there is no such field in packets.
std::optional<Pieces> pieces_of(const Headers& h, uint8_t field) {
    switch (field) {
        case kL2Dst0:
        case kL2Dst1:
        case kL2Vlan:
        case kL2Src0:
        case kL2Src1:
            return l2_pieces(h, field);
        case kL3:
            return l3_pieces(h);
        case kL4Ports:
        case kL4Flags:
        case kTcpSeq:
        case kTcpAck:
            return l4_pieces(h, field);
        case kIp4Src:
        case kIp4Dst:
            return address_pieces(h, field);
        default:
            if ((field >= kIp6Dst0 && field <= kIp6Dst3) ||
                (field >= kIp6Src0 && field <= kIp6Src3)) {
                return address_pieces(h, field);
            }
            return std::nullopt;
    }
}

/// The register of a field, or nullptr.
template <class P>
auto register_of(P& packet, uint8_t field) -> decltype(&packet.reg_a) {
    switch (field) {
        case kRegA:
            return &packet.reg_a;
        case kRegB:
            return &packet.reg_b;
        case kRegC0:
            return &packet.reg_c[0];
        case kRegC1:
            return &packet.reg_c[1];
        case kRegC2:
            return &packet.reg_c[2];
        case kRegC3:
            return &packet.reg_c[3];
        case kRegC4:
            return &packet.reg_c[4];
        case kRegC5:
            return &packet.reg_c[5];
        default:
            return nullptr;
    }
}

uint32_t mask_of(uint8_t width) {
    return width >= 32 ? ~0u : (1u << width) - 1;
}

uint32_t load(std::span<const std::byte> frame, size_t at, size_t bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | std::to_integer<uint32_t>(frame[at + i]);
    }
    return value;
}

void store(std::span<std::byte> frame, size_t at, size_t bytes, uint32_t value) {
    for (size_t i = bytes; i-- > 0; value >>= 8) {
        frame[at + i] = static_cast<std::byte>(value);
    }
}

/// Sum of the 16-bit words, counted from `base`, that the bytes lie in.
uint32_t word_sum(std::span<const std::byte> frame, size_t base, size_t at, size_t bytes) {
    uint32_t sum = 0;
    const size_t end = at + bytes;
    for (at -= (at - base) % 2; at < end; at += 2) {
        sum += load(frame, at, 2);
    }
    return sum;
}

/// RFC 1624: HC' = ~(~HC + ~m + m'). `before` and `after` are sums of the words that changed.
void adjust(std::span<std::byte> frame, size_t checksum_at, uint32_t before, uint32_t after) {
    uint64_t sum = (~load(frame, checksum_at, 2) & 0xffff) + uint64_t{after};
    // ~before in ones' complement, of as many words as it may hold
    uint32_t folded = before;
    while (folded >> 16 != 0) {
        folded = (folded & 0xffff) + (folded >> 16);
    }
    sum += ~folded & 0xffff;
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    store(frame, checksum_at, 2, ~static_cast<uint32_t>(sum) & 0xffff);
}

/// Hardware keeps the checksums of TCP and UDP only: mlx5's driver refuses to rewrite IP headers
/// of other protocols with one (modify_header_match_supported() of en_tc.c).
void adjust_transport(std::span<std::byte> frame, const Headers& h, uint32_t before,
                      uint32_t after) {
    if (!h.l4) {
        return;
    }
    if (h.protocol == IPPROTO_TCP) {
        adjust(frame, *h.l4 + 16, before, after);
    } else if (h.protocol == IPPROTO_UDP && load(frame, *h.l4 + 6, 2) != 0) {
        adjust(frame, *h.l4 + 6, before, after);
        // 0 would say that there is none (RFC 768).
        if (load(frame, *h.l4 + 6, 2) == 0) {
            store(frame, *h.l4 + 6, 2, 0xffff);
        }
    }
}

void write_piece(std::span<std::byte> frame, const Headers& h, const Piece& piece, uint32_t bits,
                 uint32_t mask) {
    const size_t base = piece.cover == kTransport && h.l4 && piece.at >= *h.l4 ? *h.l4
                        : h.l3                                                 ? *h.l3
                                                                               : 0;
    const uint32_t before =
        piece.cover != kNothing ? word_sum(frame, base, piece.at, piece.bytes) : 0;
    const uint32_t old = load(frame, piece.at, piece.bytes);
    mask <<= piece.frame_shift;
    store(frame, piece.at, piece.bytes, (old & ~mask) | (bits << piece.frame_shift & mask));
    if (piece.cover == kNothing) {
        return;
    }
    const uint32_t after = word_sum(frame, base, piece.at, piece.bytes);
    if ((piece.cover & kIpHeader) != 0) {
        adjust(frame, *h.l3 + 10, before, after);
    }
    if ((piece.cover & kTransport) != 0) {
        adjust_transport(frame, h, before, after);
    }
}

}  // namespace

std::optional<uint32_t> read_field(const SteeredPacket& packet, const Packet& layout,
                                   uint8_t field) {
    if (const uint32_t* const reg = register_of(packet, field)) {
        return *reg;
    }
    const auto pieces = pieces_of(layout.outer, field);
    if (!pieces) {
        return std::nullopt;
    }
    uint32_t value = 0;
    for (const Piece& piece : *pieces) {
        if (piece.bytes != 0) {
            const uint32_t bits = load(packet.frame, piece.at, piece.bytes) >> piece.frame_shift;
            value |= (bits & mask_of(piece.width)) << piece.field_shift;
        }
    }
    return value;
}

bool write_field(SteeredPacket& packet, const Packet& layout, uint8_t field, uint32_t value,
                 uint32_t mask) {
    if (uint32_t* const reg = register_of(packet, field)) {
        *reg = (*reg & ~mask) | (value & mask);
        return true;
    }
    const auto pieces = pieces_of(layout.outer, field);
    if (!pieces) {
        return false;
    }
    for (const Piece& piece : *pieces) {
        const uint32_t piece_mask = mask >> piece.field_shift & mask_of(piece.width);
        if (piece.bytes != 0 && piece_mask != 0) {
            write_piece(packet.frame, layout.outer, piece, value >> piece.field_shift, piece_mask);
        }
    }
    return true;
}

}  // namespace esw::sim
