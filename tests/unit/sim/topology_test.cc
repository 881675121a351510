// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace esw::sim {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view json) {
    const auto topology = Topology::parse(json, "t.json");
    return topology ? "accepted" : topology.error().to_string();
}

TEST(Topology, FillsInDefaults) {
    const auto topology = Topology::parse(R"({"pfs": [{}, {"vfs": 100}]})", "t.json");
    ASSERT_TRUE(topology);
    EXPECT_EQ(topology->kernel.to_string(), "6.1");
    ASSERT_EQ(topology->pfs.size(), 2u);
    EXPECT_EQ(topology->pfs[0].vfs, 4u);
    EXPECT_EQ(topology->pfs[0].max_vfs, 8u);
    EXPECT_EQ(topology->pfs[1].max_vfs, 100u);
    EXPECT_NE(topology->pfs[0].mac, topology->pfs[1].mac);
}

TEST(Topology, ReadsWhatIsSaid) {
    const auto topology = Topology::parse(
        R"({"kernel": "6.19", "prefix": "x", "pci": "0001:3b:00", "bind_vfs": false,
            "pfs": [{"vfs": 2, "max_vfs": 4, "sfs": 0, "mode": "switchdev_inactive",
                     "speed_mbps": 25000, "mac": "b8:ce:f6:01:20:00"}]})",
        "t.json");
    ASSERT_TRUE(topology);
    EXPECT_EQ(topology->pci, "0001:3b:00");
    EXPECT_FALSE(topology->bind_vfs);
    EXPECT_EQ(topology->pfs[0].mode, 2);
    EXPECT_EQ(topology->pfs[0].mac, 0xb8cef6012000u);
}

TEST(Topology, NamesTheLineOfASyntaxError) {
    EXPECT_THAT(error_of("{\n  \"pfs\": [,]\n}"), HasSubstr("t.json: line 2"));
}

TEST(Topology, RefusesUnknownAndDoubleKeys) {
    EXPECT_THAT(error_of(R"({"pfs": [{}], "vfs": 3})"), HasSubstr("unknown key \"vfs\""));
    EXPECT_THAT(error_of(R"({"pfs": [{"vsf": 3}]})"),
                HasSubstr("t.json: pfs[0]: unknown key \"vsf\""));
    EXPECT_THAT(error_of(R"({"pfs": [{"vfs": 1, "vfs": 2}]})"),
                HasSubstr("key \"vfs\" is there twice"));
}

TEST(Topology, RefusesValuesOutOfRange) {
    EXPECT_THAT(error_of(R"({"pfs": []})"), HasSubstr("1 to 8 PFs"));
    EXPECT_THAT(error_of(R"({"pfs": [{},{},{},{},{},{},{},{},{}]})"), HasSubstr("1 to 8 PFs"));
    EXPECT_THAT(error_of(R"({"pfs": [{"vfs": 513}]})"),
                HasSubstr("pfs[0]: vfs: 513 is not a number from 0 to 512"));
    EXPECT_THAT(error_of(R"({"pfs": [{"vfs": -1}]})"), HasSubstr("-1 is not a number"));
    EXPECT_THAT(error_of(R"({"pfs": [{"vfs": "4"}]})"), HasSubstr("\"4\" is not a number"));
    EXPECT_THAT(error_of(R"({"kernel": "5.15", "pfs": [{}]})"), HasSubstr("oldest kernel"));
    EXPECT_THAT(error_of(R"({"kernel": "new", "pfs": [{}]})"), HasSubstr("MAJOR.MINOR"));
    EXPECT_THAT(error_of(R"({"prefix": "a/b", "pfs": [{}]})"), HasSubstr("prefix \"a/b\""));
    EXPECT_THAT(error_of(R"({"pci": "08:00", "pfs": [{}]})"), HasSubstr("DOMAIN:BUS:SLOT"));
    EXPECT_THAT(error_of(R"({"pfs": [{"mac": "01:00:00:00:00:00"}]})"), HasSubstr("multicast"));
}

TEST(Topology, RefusesContradictions) {
    EXPECT_THAT(error_of(R"({"pfs": [{"vfs": 9, "max_vfs": 8}]})"),
                HasSubstr("pfs[0]: vfs: 9 is more than max_vfs, which is 8"));
    EXPECT_THAT(error_of(R"({"kernel": "6.12", "pfs": [{"mode": "switchdev_inactive"}]})"),
                HasSubstr("kernel 6.12 has no switchdev_inactive"));
    EXPECT_THAT(error_of(R"({"pfs": [{"mac": "b8:ce:f6:00:10:00"}, {}]})"),
                HasSubstr("pfs[1]: mac: its block of 4096 addresses meets that of pfs[0]"));
}

TEST(KernelVersion, ComparesNumbersNotText) {
    EXPECT_LT(*KernelVersion::parse("6.2"), *KernelVersion::parse("6.12"));
    EXPECT_TRUE(KernelVersion::parse("6.19")->has_switchdev_inactive());
    EXPECT_FALSE(KernelVersion::parse("6.12")->has_switchdev_inactive());
    EXPECT_EQ(KernelVersion::parse("6.1")->core_prefix(), "leftover: ");
    EXPECT_EQ(KernelVersion::parse("6.12")->core_prefix(), "");
}

}  // namespace
}  // namespace esw::sim
