// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/port_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "ovs-plugin/option_parser.h"
#include "tests/unit/plugin/fake_manager.h"

namespace esw {
namespace {

using testing::Contains;
using testing::Key;
using testing::Not;
using testing::Pair;
using Status = std::map<std::string, std::string>;

Status status_of(const PortView& view) {
    const auto rows = port_status(view);
    return {rows.begin(), rows.end()};
}

class PortStatusTest : public testing::Test {
protected:
    PortStatusTest() {
        fakes::add_eswitch(snapshot_, fakes::kPf0, {{3, 12}});
        view_.request = &request_;
        view_.eswitch = snapshot_.eswitches[fakes::kPf0].get();
        view_.lag = lag_of(snapshot_, *view_.eswitch);
    }

    Snapshot snapshot_;
    const PortRequest request_ = *parse_port_options("pf0vf3", {{"device", "pci/0000:08:00.0"}});
    PortView view_;
};

TEST_F(PortStatusTest, OfALoadedPort) {
    const auto binding = fakes::loaded_binding("pf0vf3", 3, 12);
    view_.binding = binding.get();
    view_.attached = 12;
    EXPECT_EQ(status_of(view_), (Status{{"driver_name", "esw"},
                                        {"esw", "pci/0000:08:00.0"},
                                        {"rep-id", "pf0vf3"},
                                        {"rep-state", "loaded"},
                                        {"netdev", "eth5"},
                                        {"vport", "4"},
                                        {"switch-id", "6c5b0a0003008a50"},
                                        {"esw-mode", "switchdev"},
                                        {"esw-generation", "3"},
                                        {"lag", "none"},
                                        {"offload", "ready"}}));
}

TEST_F(PortStatusTest, SaysWhyThereIsNoOffload) {
    PortBinding binding = *fakes::loaded_binding("pf0vf3", 3, 12);
    binding.no_offload = "no rdma device";
    view_.binding = &binding;
    EXPECT_EQ(status_of(view_).at("offload"), "no rdma device");
    view_.binding = nullptr;
    EXPECT_EQ(status_of(view_).at("offload"), "no representor");
}

TEST_F(PortStatusTest, LoadedIsSaidOnlyWhenPacketsCanPass) {
    const auto binding = fakes::loaded_binding("pf0vf3", 3, 12);
    view_.binding = binding.get();
    const Status status = status_of(view_);
    EXPECT_EQ(status.at("rep-state"), "loading");
    EXPECT_EQ(status.at("rep-reason"), "its network device is being made ready");
}

TEST_F(PortStatusTest, OfAPortWhoseDeviceTheDatapathCannotUse) {
    const auto binding = fakes::loaded_binding("pf0vf3", 3, 12);
    const ProviderStatus failure{
        RepState::kFailed, {EMFILE, "eth5", "open packet sockets", ""}, 1, {}};
    view_.binding = binding.get();
    view_.failure = &failure;
    const Status status = status_of(view_);
    EXPECT_EQ(status.at("rep-state"), "failed");
    EXPECT_EQ(status.at("rep-reason"), "eth5: open packet sockets (Too many open files)");
}

TEST_F(PortStatusTest, LagIsUnknownWhereNobodyHasLooked) {
    fakes::add_eswitch(snapshot_, {"pci", "0000:08:00.1"}, {});
    view_.lag = lag_of(snapshot_, *view_.eswitch);
    EXPECT_EQ(status_of(view_).at("lag"), "unknown");
}

TEST_F(PortStatusTest, OfAnAbsentPortSaysWhatIsMeantAndWhyItIsNotThere) {
    const auto binding = fakes::absent_binding("pf0vf3", "eswitch is in legacy mode");
    view_.binding = binding.get();
    view_.eswitch = nullptr;
    EXPECT_EQ(status_of(view_), (Status{{"driver_name", "esw"},
                                        {"esw", "pci/0000:08:00.0"},
                                        {"rep-id", "pf0vf3"},
                                        {"rep-state", "absent"},
                                        {"rep-reason", "eswitch is in legacy mode"},
                                        {"offload", "no representor"}}));
}

TEST_F(PortStatusTest, BeforeTheManagerHasLooked) {
    view_.eswitch = nullptr;
    const Status status = status_of(view_);
    EXPECT_EQ(status.at("rep-state"), "absent");
    EXPECT_THAT(status, Contains(Key("rep-reason")));
}

TEST_F(PortStatusTest, OptionErrorsOfTheParserComeBeforeThoseOfTheManager) {
    auto binding = *fakes::loaded_binding("pf0vf3", 3, 12);
    binding.option_error = "tx-max: not supported";
    view_.binding = &binding;
    EXPECT_THAT(status_of(view_), Contains(Pair("option-error", "tx-max: not supported")));
    view_.option_error = "option 'x' is not known";
    EXPECT_THAT(status_of(view_), Contains(Pair("option-error", "option 'x' is not known")));
}

TEST_F(PortStatusTest, TellsWhatDidNotWorkOnTheDevice) {
    EXPECT_THAT(status_of(view_), Not(Contains(Key("netdev-error"))));
    view_.wish_error = "eth5: set MTU: Invalid argument";
    EXPECT_THAT(status_of(view_),
                Contains(Pair("netdev-error", "eth5: set MTU: Invalid argument")));
    view_.setup_error = "eth5: set rx-gro: Operation not supported";
    EXPECT_THAT(status_of(view_), Contains(Pair("netdev-error",
                                                "eth5: set rx-gro: Operation not supported; "
                                                "eth5: set MTU: Invalid argument")));
}

}  // namespace
}  // namespace esw
