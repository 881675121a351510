// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/option_parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <tuple>

namespace esw {
namespace {

TEST(ParseRate, ReadsUnitsAsIproute2Does) {
    const std::tuple<const char*, uint64_t> cases[] = {
        {"8", 1},
        {"8bit", 1},
        {"1Kbit", 125},
        {"1Kibit", 128},
        {"10Gbit", 1'250'000'000},
        {"10gbit", 1'250'000'000},
        {"1.5Mbit", 187'500},
        {"1Tibit", 137'438'953'472},
        {"1Bps", 1},
        {"1KBps", 1000},
        {"1KiBps", 1024},
        {"3GBps", 3'000'000'000},
        {"0", 0},
        {"7bit", 0},
    };
    for (const auto& [text, bytes] : cases) {
        const auto rate = parse_rate(text);
        ASSERT_TRUE(rate) << text;
        EXPECT_EQ(*rate, bytes) << text;
    }
}

TEST(ParseRate, RefusesWhatIsNoRate) {
    for (const char* text :
         {"", "bit", "Gbit", "-1Gbit", "-0", "10 Gbit", "10Gbits", "1furlong", "nan", "inf",
          "1e3Gbit", "0x10", "1K", "1i", "1Kib", "200000000Tbit", "1.2.3", "+5"}) {
        EXPECT_FALSE(parse_rate(text)) << text;
    }
}

TEST(ParseRate, PropertyWholeMegabytesPerSecondAreRead) {
    rc::check([](uint32_t megabytes) {
        const auto rate = parse_rate(fmt::format("{}MBps", megabytes));
        RC_ASSERT(rate.has_value());
        RC_ASSERT(*rate == uint64_t{megabytes} * 1'000'000);
    });
}

TEST(ParseRate, PropertyAnyTextIsReadOrRefused) {
    rc::check([](const std::string& text) {
        const auto rate = parse_rate(text);
        // In parentheses: the macro takes an || apart, and with it its order.
        RC_ASSERT((rate || rate.error().code == EINVAL));
    });
}

TEST(PortOptions, TakesTheRepFromThePortsName) {
    const auto request = parse_port_options("pf0vf3", {});
    ASSERT_TRUE(request);
    EXPECT_EQ(request->rep, (RepId{RepId::Kind::kVf, 0, 0, 3}));
    EXPECT_EQ(request->device, std::nullopt);
}

TEST(PortOptions, LeavesTheRepOpenWhenTheNameIsFree) {
    const auto request = parse_port_options("web", {});
    ASSERT_TRUE(request);
    EXPECT_EQ(request->rep, std::nullopt);
    EXPECT_EQ(request->port, "web");
}

TEST(PortOptions, TheOptionBeatsTheName) {
    const auto request = parse_port_options("pf0vf3", {{"representor", "p0"}});
    ASSERT_TRUE(request);
    EXPECT_EQ(request->rep->kind, RepId::Kind::kUplink);
}

TEST(PortOptions, ReadsAllOfThem) {
    const auto request = parse_port_options("web", {{"device", "pci/0000:08:00.0"},
                                                    {"representor", "c1pf0vf2"},
                                                    {"tx-share", "1Gbit"},
                                                    {"tx-max", "10Gbit"},
                                                    {"tx-priority", "2"},
                                                    {"tx-weight", "5"},
                                                    {"hw-addr", "02:00:00:00:00:05"},
                                                    {"state", "active"}});
    ASSERT_TRUE(request) << request.error().to_string();
    EXPECT_EQ(request->device->to_string(), "pci/0000:08:00.0");
    EXPECT_EQ(request->rep->to_string(), "c1pf0vf2");
    EXPECT_EQ(request->tx_share_bytes, 125'000'000u);
    EXPECT_EQ(request->tx_max_bytes, 1'250'000'000u);
    EXPECT_EQ(request->tx_priority, 2u);
    EXPECT_EQ(request->tx_weight, 5u);
    EXPECT_EQ(request->hw_addr, (netlink::MacAddress{2, 0, 0, 0, 0, 5}));
    EXPECT_EQ(request->state, netlink::FunctionState::kActive);
}

void expect_refused(const OptionMap& options, const std::string& detail) {
    const auto request = parse_port_options("web", options);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code, EINVAL);
    EXPECT_EQ(request.error().object, "web");
    EXPECT_EQ(request.error().detail, detail);
}

TEST(PortOptions, GuessesWhatAMistypedOptionMeant) {
    expect_refused({{"representer", "pf0vf3"}},
                   "option 'representer' is not known (did you mean 'representor'?)");
    expect_refused({{"txmax", "1Gbit"}}, "option 'txmax' is not known (did you mean 'tx-max'?)");
}

TEST(PortOptions, ListsTheOptionsWhenNoneIsNear) {
    expect_refused({{"n_rxq", "2"}},
                   "option 'n_rxq' is not known; expected device, hw-addr, representor, state, "
                   "tx-max, tx-priority, tx-share, tx-weight");
}

TEST(PortOptions, SaysWhatAValueShouldBe) {
    expect_refused({{"device", "0000:08:00.0"}},
                   "option 'device': '0000:08:00.0' is not a devlink handle such as "
                   "pci/0000:08:00.0");
    expect_refused({{"state", "up"}}, "option 'state': 'up' is not active or inactive");
    expect_refused({{"tx-weight", "-1"}},
                   "option 'tx-weight': '-1' is not a number from 0 to 4294967295");
    expect_refused({{"tx-max", "fast"}},
                   "option 'tx-max': 'fast' is not a rate such as 10Gbit, 500Mbit or 1GBps");
}

TEST(PortOptions, RefusesMulticastAndZeroAddresses) {
    EXPECT_FALSE(parse_port_options("web", {{"hw-addr", "01:00:5e:00:00:01"}}));
    EXPECT_FALSE(parse_port_options("web", {{"hw-addr", "00:00:00:00:00:00"}}));
    EXPECT_FALSE(parse_port_options("web", {{"hw-addr", "02:00:00:00:00"}}));
}

TEST(PortOptions, RefusesAShareAboveTheMaximum) {
    expect_refused({{"tx-share", "2Gbit"}, {"tx-max", "1Gbit"}},
                   "option 'tx-share': '2Gbit' is more than tx-max, '1Gbit'");
    // 0 is no limit.
    EXPECT_TRUE(parse_port_options("web", {{"tx-share", "2Gbit"}, {"tx-max", "0"}}));
}

TEST(PortOptions, PropertyAnyOptionsAreReadOrRefusedNamingThePort) {
    rc::check([](const std::map<std::string, std::string>& options) {
        const auto request = parse_port_options("web", options);
        RC_ASSERT(request.has_value() == options.empty());
        RC_ASSERT((request || request.error().object == "web"));
    });
}

}  // namespace
}  // namespace esw
