// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/ids.h"

#include <gtest/gtest.h>

#include "esw-manager/snapshot.h"

namespace esw {
namespace {

TEST(RepId, ReadsWhatItWrites) {
    for (const char* text :
         {"p0", "p1", "pf0vf3", "pf1vf126", "pf0sf88", "c1pf0vf2", "c1pf0sf7", "c1pf0", "pf0"}) {
        const auto id = RepId::parse(text);
        ASSERT_TRUE(id) << text;
        EXPECT_EQ(id->to_string(), text);
    }
}

TEST(RepId, RefusesWhatIsNotOneSpellingOfARepresentor) {
    for (const char* text : {"", "p", "pf", "eth0", "pf0vf", "pf0vf3x", "pf0vf3 ", "pf00vf1", "p01",
                             "c1", "c1p0", "pf-1vf0", "pf0vf4294967296", "vf3", "PF0VF3"}) {
        const auto id = RepId::parse(text);
        ASSERT_FALSE(id) << text;
        EXPECT_EQ(id.error().object, text);
    }
}

TEST(RepId, UplinksComeFirst) {
    EXPECT_LT(RepId::parse("p1").value(), RepId::parse("pf0vf0").value());
    EXPECT_LT(RepId::parse("pf0vf2").value(), RepId::parse("pf0vf10").value());
    EXPECT_LT(RepId::parse("pf0vf9").value(), RepId::parse("pf0sf1").value());
}

TEST(RepId, OfAPort) {
    netlink::DevlinkPort port;
    EXPECT_FALSE(RepId::of_port(port));
    port.flavour = netlink::PortFlavour::kPciVf;
    port.pf = 0;
    EXPECT_FALSE(RepId::of_port(port)) << "no VF number";
    port.vf = 3;
    EXPECT_EQ(RepId::of_port(port)->to_string(), "pf0vf3");
    port.controller = 1;
    EXPECT_EQ(RepId::of_port(port)->to_string(), "c1pf0vf3");
    port.flavour = netlink::PortFlavour::kVirtual;
    EXPECT_FALSE(RepId::of_port(port));
}

TEST(DescribeMissing, NamesTheFirstPartThatDoesNotExist) {
    EswitchSnapshot eswitch;
    eswitch.handle = {"pci", "0000:08:00.0"};
    for (const char* text : {"p0", "pf0vf0", "pf0vf1", "pf0vf3", "pf0sf88"}) {
        eswitch.reps.set(RepId::parse(text).value(), std::make_shared<RepSnapshot>());
    }
    const auto missing = [&](const char* text) {
        return RepCensus(eswitch).describe_missing(RepId::parse(text).value());
    };
    EXPECT_EQ(missing("pf0vf9"), "no such representor pf0vf9 on pci/0000:08:00.0 (has vf 0-1, 3)");
    EXPECT_EQ(missing("pf0sf7"), "no such representor pf0sf7 on pci/0000:08:00.0 (has sf 88)");
    EXPECT_EQ(missing("pf1vf0"), "no such representor pf1vf0 on pci/0000:08:00.0 (has pf 0)");
    EXPECT_EQ(missing("p1"), "no such representor p1 on pci/0000:08:00.0 (has p0)");
    EXPECT_EQ(missing("c3pf0vf0"), "no controller 3 on pci/0000:08:00.0 (has 0)");
    eswitch.reps.clear();
    EXPECT_EQ(missing("pf0vf0"), "no such representor pf0vf0 on pci/0000:08:00.0 (has no vfs)");
    EXPECT_EQ(missing("p0"), "no such representor p0 on pci/0000:08:00.0 (has no uplink)");
}

}  // namespace
}  // namespace esw
