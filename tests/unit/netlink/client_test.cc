// SPDX-License-Identifier: Apache-2.0
// The kernel's functions over the scripted kernel: what is asked, in which order, and what becomes
// of the answers.
#include <gtest/gtest.h>
#include <linux/devlink.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <vector>

#include "netlink/message_builder.h"
#include "netlink/netlink_kernel.h"
#include "tests/unit/netlink/answers.h"
#include "tests/unit/netlink/captured_route.h"
#include "tests/unit/netlink/fake_channel.h"
#include "tests/unit/netlink/messages.h"
#include "tests/unit/netlink/written_messages.h"

namespace esw::netlink {
namespace {

const DevlinkHandle kHandle{"pci", "0000:08:00.0"};

/// A kernel with devlink as family 0x15 and ethtool as 21; a test answers the rest.
class ClientTest : public testing::Test {
protected:
    using Script = std::function<void(FakePeer&, const Bytes&)>;

    ClientTest() {
        sockets_.on_request = [this](FakePeer& peer, const Bytes& request) {
            if (peer.protocol == NETLINK_GENERIC && type_of(request) == GENL_ID_CTRL) {
                answer_controller(peer, request);
                return;
            }
            if (peer.protocol == NETLINK_GENERIC) {
                commands_.push_back(command_of(request));
            }
            script_(peer, request);
        };
    }

    void answer_controller(FakePeer& peer, const Bytes& request) {
        const Bytes ethtool = from_hex("657468746f6f6c00");  // its name, with the NUL
        ++lookups_;
        if (std::search(request.begin(), request.end(), ethtool.begin(), ethtool.end()) !=
            request.end()) {
            peer.answer(reply(request, captured::kEthtoolFamily));
        } else if (devlink_id_ == 0) {
            peer.answer(acknowledge(request, ENOENT));
            return;
        } else {
            peer.answer(devlink_family(request, CTRL_CMD_NEWFAMILY, devlink_id_));
        }
        peer.answer(acknowledge(request));
    }

    /// Answers each request with a message and an acknowledgement.
    static Script with(std::string_view hex) {
        return [hex](FakePeer& peer, const Bytes& request) {
            peer.answer(together({reply(request, hex), acknowledge(request)}));
        };
    }
    static Script with_error(int code, std::string_view text = {}) {
        return [code, text](FakePeer& peer, const Bytes& request) {
            peer.answer(acknowledge(request, code, text));
        };
    }

    NullSink sink_;
    FakeClock clock_;
    FakeSockets sockets_{clock_};
    std::unique_ptr<Kernel> kernel_ =
        make_netlink_kernel(sink_, clock_, Deadlines{}, sockets_.factory());
    Script script_ = with_error(0);
    uint16_t devlink_id_ = 0x15;
    int lookups_ = 0;
    std::vector<uint8_t> commands_;
};

TEST_F(ClientTest, TheFamilyIsLookedUpOnce) {
    script_ = with(written::kEswitch);
    ASSERT_TRUE(kernel_->eswitch_get(kHandle));
    ASSERT_TRUE(kernel_->eswitch_get(kHandle));
    EXPECT_EQ(lookups_, 1);
}

TEST_F(ClientTest, WithoutDevlinkEveryCallSaysSo) {
    devlink_id_ = 0;
    const auto eswitch = kernel_->eswitch_get(kHandle);
    ASSERT_FALSE(eswitch);
    EXPECT_EQ(eswitch.error().code, ENOTSUP);
    EXPECT_EQ(eswitch.error().object, "pci/0000:08:00.0");
    EXPECT_EQ(eswitch.error().detail, "kernel without devlink");
    EXPECT_EQ(kernel_->devlink_devices().error().code, ENOTSUP);
    EXPECT_EQ(kernel_->rates().error().code, ENOTSUP);
}

TEST_F(ClientTest, DevlinkThatAppearsLaterIsFound) {
    devlink_id_ = 0;
    ASSERT_FALSE(kernel_->eswitch_get(kHandle));
    devlink_id_ = 0x15;
    script_ = with(written::kEswitch);
    EXPECT_TRUE(kernel_->eswitch_get(kHandle));
}

TEST_F(ClientTest, AFamilyThatCameBackWithAnotherNumberIsFound) {
    script_ = with(written::kEswitch);
    ASSERT_TRUE(kernel_->eswitch_get(kHandle));
    devlink_id_ = 0x20;
    script_ = [](FakePeer& peer, const Bytes& request) {
        if (type_of(request) != 0x20) {
            peer.answer(acknowledge(request, ENOENT));
            return;
        }
        with(written::kEswitch)(peer, request);
    };
    EXPECT_TRUE(kernel_->eswitch_get(kHandle));
}

TEST_F(ClientTest, AFamilysOwnEnoentIsNotAskedAgain) {
    script_ = with_error(ENOENT);
    EXPECT_EQ(kernel_->eswitch_get(kHandle).error().code, ENOENT);
    EXPECT_EQ(commands_.size(), 1U);
}

TEST_F(ClientTest, ARefusedModeHasTheKernelsWords) {
    script_ = with_error(EBUSY, "Rate node(s) exists.");
    const auto status = kernel_->eswitch_set(kHandle, {EswitchMode::kLegacy, {}, {}});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().to_string(),
              "pci/0000:08:00.0: set eswitch: Rate node(s) exists. (Device or resource busy)");
}

TEST_F(ClientTest, AModeThatAnOldKernelDoesNotKnowIsExplained) {
    script_ = with_error(ERANGE, "integer out of range");
    const auto status = kernel_->eswitch_set(kHandle, {EswitchMode::kSwitchdevInactive, {}, {}});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().detail,
              "integer out of range; this kernel may not know the mode switchdev_inactive");
}

TEST_F(ClientTest, AFunctionAttributeThatAnOldKernelDoesNotKnowIsExplained) {
    script_ = with_error(EINVAL, "Unknown attribute type");
    PortFunction wanted;
    wanted.max_io_eqs = 8;
    const auto status = kernel_->port_function_set(kHandle, 7, wanted);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().detail,
              "Unknown attribute type; this kernel may not know the port function's max_io_eqs");
}

TEST_F(ClientTest, SettingTheModeMayTakeLong) {
    script_ = [](FakePeer&, const Bytes&) {};
    TimePoint before = clock_.now();
    EXPECT_EQ(kernel_->eswitch_get(kHandle).error().code, ETIMEDOUT);
    EXPECT_EQ(clock_.now() - before, Deadlines{}.query);
    before = clock_.now();
    EXPECT_EQ(kernel_->eswitch_set(kHandle, {EswitchMode::kLegacy, {}, {}}).error().code,
              ETIMEDOUT);
    EXPECT_EQ(clock_.now() - before, Deadlines{}.transition);
}

TEST_F(ClientTest, ANewPortIsTheOneOfTheReply) {
    script_ = with(written::kSfPortReply);
    NewPort wanted;
    wanted.handle = kHandle;
    wanted.sf = 88;
    const auto port = kernel_->port_new(wanted);
    ASSERT_TRUE(port) << port.error().to_string();
    EXPECT_EQ(port->index, 32768U);
    EXPECT_EQ(port->sf, 88U);
}

TEST_F(ClientTest, AnUndecodablePortMakesTheDumpAnErrorThatNamesTheAttribute) {
    script_ = [](FakePeer& peer, const Bytes& request) {
        peer.answer(reply(request, written::kDevice, NLM_F_MULTI));
        peer.answer(done(request));
    };
    const auto ports = kernel_->devlink_ports();
    ASSERT_FALSE(ports);
    EXPECT_EQ(ports.error().to_string(),
              "devlink: list ports: devlink NEW: attribute PORT_INDEX: missing (Bad message)");
}

TEST_F(ClientTest, PriorityIsNotSetWhereTheKernelWouldIgnoreIt) {
    script_ = with(written::kRateLeaf);  // a kernel before 6.4: neither priority nor weight
    DevlinkRate wanted;
    wanted.handle = kHandle;
    wanted.port_index = 131;
    wanted.tx_priority = 1;
    const auto status = kernel_->rate_set(wanted);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ENOTSUP);
    EXPECT_EQ(commands_, std::vector<uint8_t>{DEVLINK_CMD_RATE_GET});
}

TEST_F(ClientTest, PriorityIsSetWhereTheKernelKnowsIt) {
    script_ = with(written::kRateNode);
    DevlinkRate wanted;
    wanted.handle = kHandle;
    wanted.node_name = "group1";
    wanted.tx_priority = 1;
    EXPECT_TRUE(kernel_->rate_set(wanted));
    EXPECT_EQ(commands_, (std::vector<uint8_t>{DEVLINK_CMD_RATE_GET, DEVLINK_CMD_RATE_SET}));
}

TEST_F(ClientTest, ANodeWhosePriorityWasIgnoredIsTakenBack) {
    script_ = with(written::kRateLeaf);
    DevlinkRate wanted;
    wanted.handle = kHandle;
    wanted.node_name = "group1";
    wanted.tx_weight = 1;
    EXPECT_EQ(kernel_->rate_new(wanted).error().code, ENOTSUP);
    EXPECT_EQ(commands_, (std::vector<uint8_t>{DEVLINK_CMD_RATE_NEW, DEVLINK_CMD_RATE_GET,
                                               DEVLINK_CMD_RATE_DEL}));
}

TEST_F(ClientTest, AFeatureThatIsAsWantedIsNotSet) {
    script_ = with(captured::kFeatures);
    EXPECT_TRUE(kernel_->set_feature(3, "hw-tc-offload", false));
    EXPECT_EQ(commands_, std::vector<uint8_t>{ETHTOOL_MSG_FEATURES_GET});
}

TEST_F(ClientTest, AFeatureThatTheDriverDoesNotChangeIsAnError) {
    script_ = with(captured::kFeatures);
    const auto status = kernel_->set_feature(3, "hw-tc-offload", true);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ENOTSUP);
    EXPECT_EQ(status.error().detail, "the driver keeps it off");
    EXPECT_EQ(commands_, (std::vector<uint8_t>{ETHTOOL_MSG_FEATURES_GET, ETHTOOL_MSG_FEATURES_SET,
                                               ETHTOOL_MSG_FEATURES_GET}));
}

TEST_F(ClientTest, NoIngressQdiscIsNoError) {
    script_ = with_error(ENOENT);
    const auto removed = kernel_->remove_ingress_qdisc(3);
    ASSERT_TRUE(removed);
    EXPECT_FALSE(*removed);
    script_ = with_error(EPERM);
    EXPECT_EQ(kernel_->remove_ingress_qdisc(3).error().code, EPERM);
}

TEST_F(ClientTest, RdmaDevicesAndPorts) {
    script_ = [](FakePeer& peer, const Bytes& request) {
        const bool devices = request.size() == NLMSG_HDRLEN;
        peer.answer(
            reply(request, devices ? written::kRdmaDevice : written::kRdmaPort, NLM_F_MULTI));
        peer.answer(done(request));
    };
    const auto devices = kernel_->rdma_devices();
    ASSERT_TRUE(devices) << devices.error().to_string();
    ASSERT_EQ(devices->size(), 1U);
    const auto ports = kernel_->rdma_ports(devices->front().index);
    ASSERT_TRUE(ports);
    EXPECT_EQ(ports->front().ifname, "pf0vf3");
}

TEST_F(ClientTest, WithoutRdmaEveryCallSaysSo) {
    sockets_.on_open = [](FakePeer&) -> Status {
        return fail(ENOTSUP, "", "open netlink socket", "no such protocol");
    };
    const auto devices = kernel_->rdma_devices();
    ASSERT_FALSE(devices);
    EXPECT_EQ(devices.error().code, ENOTSUP);
    EXPECT_EQ(devices.error().detail, "kernel without RDMA netlink");
}

}  // namespace
}  // namespace esw::netlink
