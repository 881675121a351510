// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "esw-manager/mlx5/fdb_flow.h"
#include "esw-manager/mlx5/prm_match.h"

namespace esw::mlx5 {

/// A field of fte_match_param. None crosses a 32-bit word.
struct MatchField {
    uint8_t word = 0;
    uint8_t shift = 0;  ///< of its lowest bit in the word
    uint8_t width = 0;
};

consteval MatchField match_field(size_t offset, size_t width) {
    return {static_cast<uint8_t>(offset / 32), static_cast<uint8_t>(32 - offset % 32 - width),
            static_cast<uint8_t>(width)};
}
/// By its name in fte_match_param.
#define ESW_MATCH_FIELD(path)                                                      \
    ::esw::mlx5::match_field(offsetof(struct mlx5_ifc_fte_match_param_bits, path), \
                             sizeof(static_cast<mlx5_ifc_fte_match_param_bits*>(nullptr)->path))
/// The first word of an address.
#define ESW_MATCH_WORD(path) \
    static_cast<uint8_t>(offsetof(struct mlx5_ifc_fte_match_param_bits, path) / 32)

/// The fields of one nesting level: the headers as they come, or those in a tunnel.
struct LayerFields {
    MatchField smac_47_16, smac_15_0, dmac_47_16, dmac_15_0, ethertype;
    /// Of both tags.
    struct Tag {
        MatchField prio, vid, cvlan, svlan;
    };
    std::array<Tag, 2> tags;
    MatchField ip_version, ip_protocol, ip_dscp, ip_ecn, frag, ttl, ipv4_ihl, ipv6_label;
    uint8_t src, dst;  ///< words, 4 each; IPv4 is in the last
    MatchField tcp_flags, tcp_sport, tcp_dport, udp_sport, udp_dport;
};

#define ESW_LAYER_FIELDS(headers, which)                                                          \
    {                                                                                             \
        ESW_MATCH_FIELD(headers.smac_47_16), ESW_MATCH_FIELD(headers.smac_15_0),                  \
            ESW_MATCH_FIELD(headers.dmac_47_16), ESW_MATCH_FIELD(headers.dmac_15_0),              \
            ESW_MATCH_FIELD(headers.ethertype),                                                   \
            {{{ESW_MATCH_FIELD(headers.first_prio), ESW_MATCH_FIELD(headers.first_vid),           \
               ESW_MATCH_FIELD(headers.cvlan_tag), ESW_MATCH_FIELD(headers.svlan_tag)},           \
              {ESW_MATCH_FIELD(misc_parameters.which##_second_prio),                              \
               ESW_MATCH_FIELD(misc_parameters.which##_second_vid),                               \
               ESW_MATCH_FIELD(misc_parameters.which##_second_cvlan_tag),                         \
               ESW_MATCH_FIELD(misc_parameters.which##_second_svlan_tag)}}},                      \
            ESW_MATCH_FIELD(headers.ip_version), ESW_MATCH_FIELD(headers.ip_protocol),            \
            ESW_MATCH_FIELD(headers.ip_dscp), ESW_MATCH_FIELD(headers.ip_ecn),                    \
            ESW_MATCH_FIELD(headers.frag), ESW_MATCH_FIELD(headers.ttl_hoplimit),                 \
            ESW_MATCH_FIELD(headers.ipv4_ihl),                                                    \
            ESW_MATCH_FIELD(misc_parameters.which##_ipv6_flow_label),                             \
            ESW_MATCH_WORD(headers.src_ipv4_src_ipv6), ESW_MATCH_WORD(headers.dst_ipv4_dst_ipv6), \
            ESW_MATCH_FIELD(headers.tcp_flags), ESW_MATCH_FIELD(headers.tcp_sport),               \
            ESW_MATCH_FIELD(headers.tcp_dport), ESW_MATCH_FIELD(headers.udp_sport),               \
            ESW_MATCH_FIELD(headers.udp_dport)                                                    \
    }
inline constexpr LayerFields kOuterFields = ESW_LAYER_FIELDS(outer_headers, outer);
inline constexpr LayerFields kInnerFields = ESW_LAYER_FIELDS(inner_headers, inner);

/// A match in the making, on the stack.
class MatchBuilder {
public:
    /// The packet's field must be as `value` where `mask` has ones.
    void add(MatchField field, uint32_t value, uint32_t mask) {
        const uint32_t ones = field.width == 32 ? ~0u : (1u << field.width) - 1;
        add_word(field.word, (value & ones) << field.shift, (mask & ones) << field.shift);
    }
    void add_exactly(MatchField field, uint32_t value) { add(field, value, ~0u); }
    void add_word(uint8_t word, uint32_t value, uint32_t mask) {
        contradictory_ |= (mask & mask_[word] & (value ^ value_[word])) != 0;
        used_[word / 64] |= uint64_t{mask != 0} << word % 64;
        mask_[word] |= mask;
        value_[word] |= value & mask;
    }

    /// Two calls wanted different values of one bit.
    bool contradictory() const { return contradictory_; }
    FdbMatch build() const;

private:
    // In host byte order.
    std::array<uint32_t, FdbMatch::kWords> mask_{};
    std::array<uint32_t, FdbMatch::kWords> value_{};
    std::array<uint64_t, 2> used_{};  ///< a bit for each word that the mask has something in
    bool contradictory_ = false;
};

}  // namespace esw::mlx5
