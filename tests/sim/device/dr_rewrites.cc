// SPDX-License-Identifier: Apache-2.0
// Header rewrite: every field that the adapter writes, whole and in part.
#include <functional>
#include <utility>

#include "tests/sim/device/action_bench.h"

namespace {

using namespace device;

// ---- header rewrite ----

struct RewriteCase {
    const char* name;
    uint16_t field;
    unsigned width;
    Frame frame;
    std::function<void(Frame&, uint32_t value, uint32_t mask)> apply;
};

uint32_t merge(uint64_t old, uint32_t value, uint32_t mask) {
    return (static_cast<uint32_t>(old) & ~mask) | (value & mask);
}

void merge_mac(uint64_t& mac, unsigned shift, uint32_t value, uint32_t mask) {
    const uint64_t part = uint64_t{merge(mac >> shift, value, mask)};
    const uint64_t ones = (shift ? uint64_t{0xffffffff} : uint64_t{0xffff}) << shift;
    mac = (mac & ~ones) | (part << shift & ones);
}

template <typename T, typename Member>
auto change(Member T::*member) {
    return [member](Frame& frame, uint32_t value, uint32_t mask) {
        Member& in = header<T>(frame).*member;
        in = static_cast<Member>(merge(in, value, mask));
    };
}

auto change_word(Ip6Address Ip6::*address, unsigned word) {
    return [address, word](Frame& frame, uint32_t value, uint32_t mask) {
        uint32_t& in = (header<Ip6>(frame).*address)[word];
        in = merge(in, value, mask);
    };
}

auto change_mac(uint64_t Eth::*address, unsigned shift) {
    return [address, shift](Frame& frame, uint32_t value, uint32_t mask) {
        merge_mac(header<Eth>(frame).*address, shift, value, mask);
    };
}

/// All that a ConnectX-6 Dx rewrites of a packet (dr_ste_v1_action_modify_field_arr of libmlx5).
std::vector<RewriteCase> rewrites() {
    const Frame tagged = with_tag(udp4(2), Vlan{0x9a5, 5, true});
    Frame no_checksum = udp4(2);
    header<Udp>(no_checksum).checksum = false;
    const Frame experimental = {Eth{0x020304050607, 0x02b1b2b3b4b5, 0x88b5}, payload(3)};
    return {
        {"Smac47_16", MLX5_ACTION_IN_FIELD_OUT_SMAC_47_16, 32, tcp4(1), change_mac(&Eth::src, 16)},
        {"Smac15_0", MLX5_ACTION_IN_FIELD_OUT_SMAC_15_0, 16, tcp4(1), change_mac(&Eth::src, 0)},
        {"Dmac47_16", MLX5_ACTION_IN_FIELD_OUT_DMAC_47_16, 32, tcp4(1), change_mac(&Eth::dst, 16)},
        {"Dmac15_0", MLX5_ACTION_IN_FIELD_OUT_DMAC_15_0, 16, tcp4(1), change_mac(&Eth::dst, 0)},
        {"Ethertype", MLX5_ACTION_IN_FIELD_OUT_ETHERTYPE, 16, experimental,
         [](Frame& frame, uint32_t value, uint32_t mask) {
             header<Eth>(frame).type =
                 static_cast<uint16_t>(merge(*header<Eth>(frame).type, value, mask));
         }},
        {"Vid", MLX5_ACTION_IN_FIELD_OUT_FIRST_VID, 12, tagged, change(&Vlan::vid)},
        {"Sip4", MLX5_ACTION_IN_FIELD_OUT_SIPV4, 32, tcp4(1), change(&Ip4::src)},
        {"Dip4", MLX5_ACTION_IN_FIELD_OUT_DIPV4, 32, udp4(1), change(&Ip4::dst)},
        {"Dip4NoChecksum", MLX5_ACTION_IN_FIELD_OUT_DIPV4, 32, no_checksum, change(&Ip4::dst)},
        {"Dip4Tagged", MLX5_ACTION_IN_FIELD_OUT_DIPV4, 32, tagged, change(&Ip4::dst)},
        {"Ttl", MLX5_ACTION_IN_FIELD_OUT_IP_TTL, 8, tcp4(1), change(&Ip4::ttl)},
        {"HopLimit", MLX5_ACTION_IN_FIELD_OUT_IPV6_HOPLIMIT, 8, tcp6(1), change(&Ip6::hop_limit)},
        {"Dscp4", MLX5_ACTION_IN_FIELD_OUT_IP_DSCP, 6, tcp4(1), change(&Ip4::dscp)},
        {"Dscp6", MLX5_ACTION_IN_FIELD_OUT_IP_DSCP, 6, tcp6(1), change(&Ip6::dscp)},
        {"Ecn4", MLX5_ACTION_IN_FIELD_OUT_IP_ECN, 2, tcp4(1), change(&Ip4::ecn)},
        {"Ecn6", MLX5_ACTION_IN_FIELD_OUT_IP_ECN, 2, tcp6(1), change(&Ip6::ecn)},
        {"TcpFlags", MLX5_ACTION_IN_FIELD_OUT_TCP_FLAGS, 9, tcp4(1), change(&Tcp::flags)},
        {"TcpSport4", MLX5_ACTION_IN_FIELD_OUT_TCP_SPORT, 16, tcp4(1), change(&Tcp::sport)},
        {"TcpDport6", MLX5_ACTION_IN_FIELD_OUT_TCP_DPORT, 16, tcp6(1), change(&Tcp::dport)},
        {"TcpSeq", MLX5_ACTION_IN_FIELD_OUT_TCP_SEQ_NUM, 32, tcp4(1), change(&Tcp::seq)},
        {"TcpAck", MLX5_ACTION_IN_FIELD_OUT_TCP_ACK_NUM, 32, tcp6(1), change(&Tcp::ack)},
        {"UdpSport6", MLX5_ACTION_IN_FIELD_OUT_UDP_SPORT, 16, udp6(1), change(&Udp::sport)},
        {"UdpDport4", MLX5_ACTION_IN_FIELD_OUT_UDP_DPORT, 16, udp4(1), change(&Udp::dport)},
        {"Sip6_127", MLX5_ACTION_IN_FIELD_OUT_SIPV6_127_96, 32, tcp6(1), change_word(&Ip6::src, 0)},
        {"Sip6_95", MLX5_ACTION_IN_FIELD_OUT_SIPV6_95_64, 32, udp6(1), change_word(&Ip6::src, 1)},
        {"Sip6_63", MLX5_ACTION_IN_FIELD_OUT_SIPV6_63_32, 32, tcp6(1), change_word(&Ip6::src, 2)},
        {"Sip6_31", MLX5_ACTION_IN_FIELD_OUT_SIPV6_31_0, 32, udp6(1), change_word(&Ip6::src, 3)},
        {"Dip6_127", MLX5_ACTION_IN_FIELD_OUT_DIPV6_127_96, 32, tcp6(1), change_word(&Ip6::dst, 0)},
        {"Dip6_95", MLX5_ACTION_IN_FIELD_OUT_DIPV6_95_64, 32, udp6(1), change_word(&Ip6::dst, 1)},
        {"Dip6_63", MLX5_ACTION_IN_FIELD_OUT_DIPV6_63_32, 32, tcp6(1), change_word(&Ip6::dst, 2)},
        {"Dip6_31", MLX5_ACTION_IN_FIELD_OUT_DIPV6_31_0, 32, udp6(1), change_word(&Ip6::dst, 3)},
    };
}

class Rewriting : public BothSides {
protected:
    static void expect(const RewriteCase& a_case, Rewrite list, uint32_t value, uint32_t mask) {
        const Action write = steering().rewrite(std::move(list));
        Frame out = a_case.frame;
        a_case.apply(out, value, mask);
        EXPECT_TRUE(gives({write.get()}, a_case.frame, out)) << a_case.name;
    }
};

ON_BOTH_SIDES(Rewriting);

TEST_P(Rewriting, WholeFields) {
    for (const RewriteCase& a_case : rewrites()) {
        const uint32_t ones = a_case.width == 32 ? ~0u : (1u << a_case.width) - 1;
        const uint32_t value = 0x5a96c3e7 & ones;
        expect(a_case, Rewrite().set(a_case.field, value, a_case.width % 32), value, ones);
    }
}

TEST_P(Rewriting, PartsOfFields) {
    for (const RewriteCase& a_case : rewrites()) {
        if (a_case.width < 4) {
            continue;
        }
        const unsigned offset = a_case.width / 4, length = a_case.width / 2;
        const uint32_t value = 0x69a5 & ((1u << length) - 1);
        expect(a_case, Rewrite().set(a_case.field, value, length, offset), value << offset,
               ((1u << length) - 1) << offset);
    }
}

/// Lists of two and more are in the adapter's memory, one alone is in the steering entry.
TEST_P(Rewriting, Lists) {
    const Frame in = tcp4(1);
    Frame out = in;
    Rewrite list;
    for (const RewriteCase& a_case : rewrites()) {
        if (encode(a_case.frame) != encode(in)) {
            continue;
        }
        const uint32_t ones = a_case.width == 32 ? ~0u : (1u << a_case.width) - 1;
        list.set(a_case.field, 0x13579bdf & ones, a_case.width % 32);
        a_case.apply(out, 0x13579bdf & ones, ones);
        const Action write = steering().rewrite(list);
        EXPECT_TRUE(gives({write.get()}, in, out)) << list.words.size() << " rewrites";
    }
    EXPECT_GT(list.words.size(), 8u);
}

/// The adapter runs two rewrites at once; those of one field are one after the other all the same.
TEST_P(Rewriting, SameFieldAgain) {
    Frame out = tcp4(1);
    header<Ip4>(out).ttl = 13;
    const Action write = steering().rewrite(Rewrite()
                                                .set(MLX5_ACTION_IN_FIELD_OUT_IP_TTL, 11, 8)
                                                .add(MLX5_ACTION_IN_FIELD_OUT_IP_TTL, 1)
                                                .add(MLX5_ACTION_IN_FIELD_OUT_IP_TTL, 1));
    EXPECT_TRUE(gives({write.get()}, tcp4(1), out));
}

TEST_P(Rewriting, Add) {
    const auto expect_add = [](uint16_t field, uint32_t value, const Frame& in, const Frame& out) {
        const Action add = steering().rewrite(Rewrite().add(field, value));
        EXPECT_TRUE(gives({add.get()}, in, out));
    };
    Frame out = tcp4(1);
    header<Ip4>(out).ttl--;
    expect_add(MLX5_ACTION_IN_FIELD_OUT_IP_TTL, 0xff, tcp4(1), out);
    out = udp6(1);
    header<Ip6>(out).hop_limit--;
    expect_add(MLX5_ACTION_IN_FIELD_OUT_IPV6_HOPLIMIT, 0xff, udp6(1), out);
    out = tcp4(1);
    header<Tcp>(out).seq += 0x12345678;
    expect_add(MLX5_ACTION_IN_FIELD_OUT_TCP_SEQ_NUM, 0x12345678, tcp4(1), out);
    out = tcp6(1);
    header<Tcp>(out).ack += 0xfffffff0;
    expect_add(MLX5_ACTION_IN_FIELD_OUT_TCP_ACK_NUM, 0xfffffff0, tcp6(1), out);
}

TEST_P(Rewriting, Copy) {
    Frame out = tcp4(1);
    header<Ip4>(out).dst = header<Ip4>(out).src;
    const Action whole = steering().rewrite(
        Rewrite().copy(MLX5_ACTION_IN_FIELD_OUT_DIPV4, MLX5_ACTION_IN_FIELD_OUT_SIPV4, 0));
    EXPECT_TRUE(gives({whole.get()}, tcp4(1), out));

    // Bits 11..4 of one port become bits 15..8 of the other one.
    out = tcp4(1);
    Tcp& tcp = header<Tcp>(out);
    tcp.dport = static_cast<uint16_t>((tcp.dport & 0x00ff) | (tcp.sport >> 4 & 0xff) << 8);
    const Action part = steering().rewrite(Rewrite().copy(
        MLX5_ACTION_IN_FIELD_OUT_TCP_DPORT, MLX5_ACTION_IN_FIELD_OUT_TCP_SPORT, 8, 8, 4));
    EXPECT_TRUE(gives({part.get()}, tcp4(1), out));

    // Both addresses, by way of registers.
    out = tcp4(1);
    std::swap(header<Ip4>(out).src, header<Ip4>(out).dst);
    const Action exchange = steering().rewrite(
        Rewrite()
            .copy(MLX5_ACTION_IN_FIELD_METADATA_REG_C_2, MLX5_ACTION_IN_FIELD_OUT_SIPV4, 0)
            .copy(MLX5_ACTION_IN_FIELD_OUT_SIPV4, MLX5_ACTION_IN_FIELD_OUT_DIPV4, 0)
            .copy(MLX5_ACTION_IN_FIELD_OUT_DIPV4, MLX5_ACTION_IN_FIELD_METADATA_REG_C_2, 0));
    EXPECT_TRUE(gives({exchange.get()}, tcp4(1), out));
}

}  // namespace
