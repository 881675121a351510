// SPDX-License-Identifier: Apache-2.0
// What libmlx5, the kernel or the firmware refuse, with the error of a card.
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <utility>
#include <vector>

#include "tests/sim/device/action_bench.h"

namespace {

using namespace device;

/// The object is refused with this errno.
#define EXPECT_REFUSED(error, object)                       \
    do {                                                    \
        errno = 0;                                          \
        const bool refused = (object) == nullptr;           \
        const int got = errno;                              \
        EXPECT_TRUE(refused) << #object " was not refused"; \
        EXPECT_EQ(got, error) << #object;                   \
    } while (0)

class Refusals : public ActionBench {
protected:
    static mlx5dv_dr_matcher* matcher(mlx5dv_dr_table* table, Match match, uint16_t priority = 1) {
        return mlx5dv_dr_matcher_create(table, priority, match.criteria(), match.mask());
    }
    static mlx5dv_dr_rule* rule(const Matcher& matcher, Match match,
                                std::vector<mlx5dv_dr_action*> actions) {
        return mlx5dv_dr_rule_create(matcher.get(), match.value(), actions.size(), actions.data());
    }
    /// A rule for packets of the source.
    static mlx5dv_dr_rule* rule_from(From source, std::vector<mlx5dv_dr_action*> actions) {
        Match match = steering().from(vport(source));
        const Table table = steering().table(3);
        const Matcher of_source = steering().matcher(table.get(), 1, match);
        return rule(of_source, match, std::move(actions));
    }
    static mlx5dv_dr_action* rewrite(Rewrite list) {
        return mlx5dv_dr_action_create_modify_header(steering().domain(), 0, list.words.size() * 8,
                                                     reinterpret_cast<__be64*>(list.words.data()));
    }
    static Match ip4() {
        Match match = steering().from(vf_vport(0));
        match.set(FIELD(outer_headers.ip_version), 4, 4);
        return match;
    }
};

// ---- matches ----

TEST_F(Refusals, FieldsOfIpWithoutItsVersion) {
    const Table table = steering().table(1);
    for (const Field& field : {FIELD(outer_headers.ip_dscp), FIELD(outer_headers.ip_ecn),
                               FIELD(outer_headers.ttl_hoplimit), FIELD(outer_headers.ip_protocol),
                               FIELD(outer_headers.tcp_dport)}) {
        Match match;
        match.set(field, 0);
        SCOPED_TRACE(field.name);
        EXPECT_REFUSED(EINVAL, matcher(table.get(), match));
    }
}

TEST_F(Refusals, IpVersionOfAnotherMask) {
    const Table table = steering().table(1);
    Match match;
    match.set(FIELD(outer_headers.ip_version), 4, 0xf);
    EXPECT_REFUSED(EOPNOTSUPP, matcher(table.get(), match));
}

TEST_F(Refusals, ValueOutsideTheMask) {
    const Table table = steering().table(1);
    Match match = ip4(), outside = match;
    const Matcher good = steering().matcher(table.get(), 1, match);
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    outside.set(FIELD(outer_headers.dmac_15_0), 1);
    EXPECT_REFUSED(EINVAL, rule(good, outside, {to_vf1.get()}));
}

TEST_F(Refusals, MatchThatIsTooLarge) {
    const Table table = steering().table(1);
    std::vector<uint64_t> words(2 + Match::kSize / sizeof(uint64_t));
    auto* const large = reinterpret_cast<mlx5dv_flow_match_parameters*>(words.data());
    large->match_sz = Match::kSize + sizeof(uint64_t);
    EXPECT_REFUSED(EINVAL, mlx5dv_dr_matcher_create(table.get(), 1, 1, large));
}

TEST_F(Refusals, UnknownCriteria) {
    const Table table = steering().table(1);
    Match match = ip4();
    EXPECT_REFUSED(EINVAL, mlx5dv_dr_matcher_create(table.get(), 1, 0x80, match.mask()));
}

TEST_F(Refusals, SourcePortInPart) {
    const Table table = steering().table(1);
    Match match;
    match.set(FIELD(misc_parameters.source_port), 1, 0xff);
    EXPECT_REFUSED(ENOTSUP, matcher(table.get(), match));
}

TEST_F(Refusals, SameRuleAgain) {
    const Table table = steering().table(1);
    Match match = ip4();
    const Matcher good = steering().matcher(table.get(), 1, match);
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    const Rule first = Steering::rule(good, match, {to_vf1.get()});
    const Rule allowed = Steering::rule(good, match, {to_vf1.get()});
    mlx5dv_dr_domain_allow_duplicate_rules(steering().domain(), false);
    EXPECT_REFUSED(EEXIST, rule(good, match, {to_vf1.get()}));
    mlx5dv_dr_domain_allow_duplicate_rules(steering().domain(), true);
}

// ---- actions ----

/// The firmware knows no such vport: its status is an EREMOTEIO.
TEST_F(Refusals, VportThatDoesNotExist) {
    EXPECT_REFUSED(EREMOTEIO, mlx5dv_dr_action_create_dest_vport(steering().domain(), 0x7777));
}

TEST_F(Refusals, TwoDestinations) {
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    const Action to_vf2 = steering().to_vport(vf_vport(2));
    EXPECT_REFUSED(EINVAL, rule_from(From::kVf, {to_vf1.get(), to_vf2.get()}));
    EXPECT_REFUSED(EINVAL, rule_from(From::kWire, {to_vf1.get(), to_vf2.get()}));
    const Action dropped = drop();
    EXPECT_REFUSED(EOPNOTSUPP, rule_from(From::kVf, {to_vf1.get(), dropped.get()}));
}

TEST_F(Refusals, ArrayOfOneDestination) {
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    mlx5dv_dr_action_dest_attr one{};
    one.type = MLX5DV_DR_ACTION_DEST;
    one.dest = to_vf1.get();
    mlx5dv_dr_action_dest_attr* list[] = {&one};
    EXPECT_REFUSED(EINVAL, mlx5dv_dr_action_create_dest_array(steering().domain(), 1, list));
}

TEST_F(Refusals, TableThatIsNotBehind) {
    const Table same = steering().table(3), before = steering().table(2);
    const Action to_same = steering().to_table(same), to_before = steering().to_table(before);
    EXPECT_REFUSED(EINVAL, rule_from(From::kVf, {to_same.get()}));
    EXPECT_REFUSED(EINVAL, rule_from(From::kVf, {to_before.get()}));
}

TEST_F(Refusals, DecapsulationOfAVfsPackets) {
    const Action decap = steering().decapsulate(), to_vf1 = steering().to_vport(vf_vport(1));
    EXPECT_REFUSED(EOPNOTSUPP, rule_from(From::kVf, {decap.get(), to_vf1.get()}));
}

TEST_F(Refusals, WrongOrder) {
    const Action push = steering().push_vlan(0x8100, 1), pop = pop_vlan();
    const Action write = steering().rewrite(Rewrite().set(MLX5_ACTION_IN_FIELD_OUT_IP_TTL, 1, 8));
    const Action encap = steering().encapsulate(encode(vxlan4_tunnel()));
    const Action decap = steering().decapsulate(), to_vf1 = steering().to_vport(vf_vport(1));
    for (const auto& [first, second] : {std::pair{push.get(), write.get()},
                                        {push.get(), pop.get()},
                                        {write.get(), pop.get()},
                                        {encap.get(), push.get()},
                                        {encap.get(), write.get()}}) {
        EXPECT_REFUSED(EOPNOTSUPP, rule_from(From::kVf, {first, second, to_vf1.get()}));
        EXPECT_REFUSED(EOPNOTSUPP, rule_from(From::kWire, {first, second, to_vf1.get()}));
    }
    EXPECT_REFUSED(EOPNOTSUPP, rule_from(From::kWire, {pop.get(), decap.get(), to_vf1.get()}));
    EXPECT_REFUSED(EOPNOTSUPP, rule_from(From::kWire, {pop.get(), push.get(), to_vf1.get()}));
}

TEST_F(Refusals, ThreeTags) {
    const Action push = steering().push_vlan(0x8100, 1), pop = pop_vlan();
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    EXPECT_REFUSED(ENOTSUP,
                   rule_from(From::kVf, {push.get(), push.get(), push.get(), to_vf1.get()}));
    EXPECT_REFUSED(EINVAL, rule_from(From::kVf, {pop.get(), pop.get(), pop.get(), to_vf1.get()}));
}

TEST_F(Refusals, Rewrites) {
    EXPECT_REFUSED(EINVAL, rewrite(Rewrite().add(MLX5_ACTION_IN_FIELD_OUT_SIPV4, 1)));
    EXPECT_REFUSED(EINVAL, rewrite(Rewrite().set(MLX5_ACTION_IN_FIELD_OUT_IP_TTL, 1, 9)));
    EXPECT_REFUSED(EINVAL, rewrite(Rewrite().set(MLX5_ACTION_IN_FIELD_OUT_IP_TTL, 1, 8, 1)));
    EXPECT_REFUSED(EINVAL, rewrite(Rewrite().set(0x3ff, 1, 8)));
    EXPECT_REFUSED(ENOTSUP, rewrite(Rewrite()
                                        .set(MLX5_ACTION_IN_FIELD_OUT_SIPV4, 1, 0)
                                        .set(MLX5_ACTION_IN_FIELD_OUT_SIPV6_31_0, 1, 0)));
    EXPECT_REFUSED(EINVAL, rewrite(Rewrite()
                                       .set(MLX5_ACTION_IN_FIELD_OUT_TCP_SPORT, 1, 16)
                                       .set(MLX5_ACTION_IN_FIELD_OUT_UDP_SPORT, 1, 16)));
    EXPECT_REFUSED(EINVAL, rewrite(Rewrite()));
}

// ---- objects in use ----

TEST_F(Refusals, ObjectsInUse) {
    const Table table = steering().table(1);
    Match match = ip4();
    const Matcher used = steering().matcher(table.get(), 1, match);
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    const Rule user = Steering::rule(used, match, {to_vf1.get()});
    EXPECT_EQ(mlx5dv_dr_matcher_destroy(used.get()), EBUSY);
    EXPECT_EQ(mlx5dv_dr_table_destroy(table.get()), EBUSY);
    EXPECT_EQ(mlx5dv_dr_action_destroy(to_vf1.get()), EBUSY);
    EXPECT_EQ(mlx5dv_dr_domain_destroy(steering().domain()), EBUSY);
}

// ---- the kernel's root table ----

/// get_dests() of mlx5_ib takes a table or a drop in the FDB.
TEST_F(Refusals, RootDestinations) {
    Match match = steering().from(vf_vport(0));
    const Matcher root = steering().matcher(steering().root(), 1, match);
    const Action to_vf1 = steering().to_vport(vf_vport(1)), missed = miss();
    EXPECT_REFUSED(EINVAL, rule(root, match, {missed.get()}));
    EXPECT_REFUSED(EINVAL, rule(root, match, {}));
    // libmlx5 itself has no way to say this one.
    EXPECT_REFUSED(ENOTSUP, rule(root, match, {to_vf1.get()}));
}

/// MLX5_IB_FLOW_LAST_PRIO is 15.
TEST_F(Refusals, RootPriority) {
    Match match = steering().from(vf_vport(0));
    const Action dropped = drop();
    const Matcher last = steering().matcher(steering().root(), 15, match);
    const Matcher beyond = steering().matcher(steering().root(), 16, match);
    EXPECT_TRUE(Rule(rule(last, match, {dropped.get()})));
    EXPECT_REFUSED(ENOMEM, rule(beyond, match, {dropped.get()}));
}

/// The second PF is in legacy mode.
TEST_F(Refusals, FdbInLegacyMode) {
    const Device legacy = open_device("0000:08:00.1");
    Match match;
    match.set(FIELD(outer_headers.dmac_15_0), 1);
    mlx5dv_flow_matcher_attr attributes{};
    attributes.type = IBV_FLOW_ATTR_NORMAL;
    attributes.match_criteria_enable = match.criteria();
    attributes.match_mask = match.mask();
    attributes.comp_mask = MLX5DV_FLOW_MATCHER_MASK_FT_TYPE;
    attributes.ft_type = MLX5_IB_UAPI_FLOW_TABLE_TYPE_FDB;
    EXPECT_REFUSED(EINVAL, mlx5dv_create_flow_matcher(legacy.get(), &attributes));
    mlx5dv_flow_matcher* const in_switchdev =
        mlx5dv_create_flow_matcher(steering().context(), &attributes);
    EXPECT_NE(in_switchdev, nullptr);
    EXPECT_EQ(mlx5dv_destroy_flow_matcher(in_switchdev), 0);
}

// ---- commands ----

/// devx_is_general_cmd() of mlx5_ib: what only the kernel may do is not for programs.
TEST_F(Refusals, CommandsOfTheKernel) {
    constexpr uint16_t kCreateLag = 0x840, kModifyEswVportContext = 0x753,
                       kModifyVportState = 0x751, kAllocSf = 0x113;
    for (const uint16_t opcode :
         {kCreateLag, kModifyEswVportContext, kModifyVportState, kAllocSf}) {
        uint32_t in[16] = {}, out[16] = {};
        DEVX_SET(mbox_in, in, opcode, opcode);
        EXPECT_EQ(mlx5dv_devx_general_cmd(steering().context(), in, sizeof in, out, sizeof out),
                  EINVAL)
            << std::hex << opcode;
    }
}

/// The firmware answers with status and syndrome, the kernel with EREMOTEIO.
TEST_F(Refusals, FirmwareStatus) {
    uint32_t in[DEVX_ST_SZ_DW(query_esw_vport_context_in)] = {}, out[128] = {};
    DEVX_SET(query_esw_vport_context_in, in, opcode,
             static_cast<uint16_t>(esw::prm::Opcode::kQueryEswVportContext));
    DEVX_SET(query_esw_vport_context_in, in, other_vport, 1);
    DEVX_SET(query_esw_vport_context_in, in, vport_number, 0x7777);
    EXPECT_EQ(mlx5dv_devx_general_cmd(steering().context(), in, sizeof in, out, sizeof out),
              EREMOTEIO);
    EXPECT_NE(DEVX_GET(mbox_out, out, status), 0u);
    EXPECT_NE(DEVX_GET(mbox_out, out, syndrome), 0u);
}

// ---- capabilities of the process ----

/// Without some of the process's effective capabilities while it lives.
class Without {
public:
    explicit Without(std::initializer_list<unsigned> capabilities) {
        std::array<__user_cap_data_struct, 2> fewer = data_ = get();
        for (const unsigned capability : capabilities) {
            fewer[CAP_TO_INDEX(capability)].effective &= ~CAP_TO_MASK(capability);
        }
        set(fewer);
    }
    ~Without() { set(data_); }
    Without(const Without&) = delete;

private:
    using Data = std::array<__user_cap_data_struct, 2>;
    static Data get() {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        Data data{};
        EXPECT_EQ(::syscall(SYS_capget, &header, data.data()), 0);
        return data;
    }
    static void set(const Data& data) {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        EXPECT_EQ(::syscall(SYS_capset, &header, data.data()), 0);
    }
    Data data_{};
};

TEST_F(Refusals, RootRuleWithoutNetRaw) {
    Match match = steering().from(vf_vport(0));
    const Matcher root = steering().matcher(steering().root(), 1, match);
    const Action dropped = drop();
    {
        const Without lost{CAP_NET_RAW};
        EXPECT_REFUSED(EPERM, rule(root, match, {dropped.get()}));
    }
    EXPECT_TRUE(Rule(rule(root, match, {dropped.get()})));
}

/// Memory for steering entries (handle_alloc_dm_sw_icm() of mlx5_ib): no tables, but a root.
TEST_F(Refusals, TablesWithoutRawIo) {
    for (const unsigned capability : {CAP_SYS_RAWIO, CAP_NET_RAW}) {
        const Without lost{capability};
        Steering other(given().pci);
        EXPECT_REFUSED(EPERM, mlx5dv_dr_table_create(other.domain(), 1));
    }
    Steering other(given().pci);
    EXPECT_TRUE(other.table(1));
}

}  // namespace
