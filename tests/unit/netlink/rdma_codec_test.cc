// SPDX-License-Identifier: Apache-2.0
#include "netlink/rdma_codec.h"

#include <gtest/gtest.h>

#include "tests/unit/netlink/messages.h"
#include "tests/unit/netlink/written_messages.h"

namespace esw::netlink {
namespace {

TEST(RdmaDecode, Device) {
    const Message message(written::kRdmaDevice);
    const auto device = rdma::decode_device(message.view());
    ASSERT_TRUE(device) << device.error().to_string();
    RdmaDevice expected;
    expected.index = 0;
    expected.name = "mlx5_0";
    expected.port_count = 7;
    expected.node_guid = 0xb8cef60300a5f7c2;
    expected.sys_image_guid = 0xb8cef60300a5f7c0;
    expected.fw_version = "22.36.1010";
    expected.protocol = "roce";
    EXPECT_EQ(*device, expected);
}

TEST(RdmaDecode, Port) {
    const Message message(written::kRdmaPort);
    const auto port = rdma::decode_port(message.view());
    ASSERT_TRUE(port) << port.error().to_string();
    EXPECT_EQ(*port, (RdmaPort{0, "mlx5_0", 2, uint8_t{4}, uint8_t{5}, 12, "pf0vf3"}));
}

TEST(RdmaDecode, PortWithoutNetdevAndBeyond255) {
    const Message message(written::kRdmaPortBare);
    const auto port = rdma::decode_port(message.view());
    ASSERT_TRUE(port);
    EXPECT_EQ(port->port, 300U);
    EXPECT_FALSE(port->ifindex);
    EXPECT_EQ(port->ifname, "");
}

TEST(RdmaDecode, WhetherThereIsAMonitor) {
    const Message older(written::kRdmaSystem);
    EXPECT_FALSE(*rdma::decode_monitor_mode(older.view()));
    const Message newer(written::kRdmaSystemMonitor);
    EXPECT_TRUE(*rdma::decode_monitor_mode(newer.view()));
}

TEST(RdmaDecode, Event) {
    const Message message(written::kRdmaAttach);
    const auto event = rdma::decode_event(message.view());
    ASSERT_TRUE(event && *event);
    EXPECT_EQ((*event)->kind, RdmaEvent::Kind::kNetdevAttach);
    EXPECT_EQ((*event)->device_index, 0U);
    EXPECT_EQ((*event)->device_name, "mlx5_0");
    EXPECT_EQ((*event)->port, 2U);
    EXPECT_EQ((*event)->ifindex, 12U);
    EXPECT_EQ((*event)->ifname, "pf0vf3");
}

TEST(RdmaDecode, AnEventOfAKindThatWeDoNotKnowIsStillAnEvent) {
    Bytes bytes = from_hex(written::kRdmaAttach);
    bytes[bytes.size() - 4] = std::byte{5};  // netdev rename
    const Message message(bytes);
    EXPECT_EQ((*rdma::decode_event(message.view()))->kind, RdmaEvent::Kind::kOther);
}

TEST(RdmaDecode, OtherMessagesAreNoEvents) {
    const Message message(written::kRdmaPort);
    const auto event = rdma::decode_event(message.view());
    ASSERT_TRUE(event);
    EXPECT_FALSE(*event);
}

TEST(RdmaEncode, Requests) {
    EXPECT_EQ(*rdma::encode_devices_dump(), from_hex("10000000011401030000000000000000"));
    EXPECT_EQ(*rdma::encode_ports_dump(7), from_hex("18000000051401030000000000000000"
                                                    "0800010007000000"));
    EXPECT_EQ(*rdma::encode_system_get(), from_hex("10000000061405000000000000000000"));
}

}  // namespace
}  // namespace esw::netlink
