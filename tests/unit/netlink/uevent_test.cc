// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "netlink/uevent.h"

namespace esw::netlink {
namespace {

using Kind = RdmaDeviceEvent::Kind;

/// The datagram of an event: `text` with a NUL for each blank, and one at its end.
Bytes datagram(std::string_view text) {
    Bytes bytes;
    for (const char c : text) {
        bytes.push_back(static_cast<std::byte>(c == ' ' ? '\0' : c));
    }
    bytes.push_back(std::byte{0});
    return bytes;
}

// As kobject_uevent_env() of Linux 6.1 puts them together, with ib_device_uevent() of core/device.c
// for an RDMA device.
constexpr std::string_view kAdd =
    "add@/devices/pci0000:00/0000:00:03.0/0000:08:00.0/infiniband/mlx5_0 ACTION=add "
    "DEVPATH=/devices/pci0000:00/0000:00:03.0/0000:08:00.0/infiniband/mlx5_0 SUBSYSTEM=infiniband "
    "NAME=mlx5_0 SEQNUM=4711";
constexpr std::string_view kMove =
    "move@/devices/pci0000:00/0000:08:00.0/infiniband/rocep8s0f0 ACTION=move "
    "DEVPATH=/devices/pci0000:00/0000:08:00.0/infiniband/rocep8s0f0 SUBSYSTEM=infiniband "
    "DEVPATH_OLD=/devices/pci0000:00/0000:08:00.0/infiniband/mlx5_0 NAME=rocep8s0f0 SEQNUM=4713";

RdmaDeviceEvent decoded(std::string_view text) {
    const auto event = uevent::decode(datagram(text));
    return event && *event ? **event : RdmaDeviceEvent{};
}

std::string replaced(std::string_view text, const std::string& from, const std::string& to) {
    std::string out(text);
    for (size_t at = 0; (at = out.find(from, at)) != std::string::npos; at += to.size()) {
        out.replace(at, from.size(), to);
    }
    return out;
}

TEST(Uevent, AnRdmaDeviceThatCame) {
    EXPECT_EQ(decoded(kAdd), (RdmaDeviceEvent{Kind::kCame, "mlx5_0", "", "0000:08:00.0"}));
}

TEST(Uevent, AnRdmaDeviceThatWent) {
    EXPECT_EQ(decoded(replaced(kAdd, "add", "remove")),
              (RdmaDeviceEvent{Kind::kWent, "mlx5_0", "", "0000:08:00.0"}));
}

TEST(Uevent, AnRdmaDeviceWithAnotherName) {
    EXPECT_EQ(decoded(kMove),
              (RdmaDeviceEvent{Kind::kRenamed, "rocep8s0f0", "mlx5_0", "0000:08:00.0"}));
}

TEST(Uevent, AnSfsDeviceIsThatOfItsAuxiliaryDevice) {
    EXPECT_EQ(decoded(replaced(kAdd, "/infiniband/", "/mlx5_core.sf.2/infiniband/")).parent,
              "mlx5_core.sf.2");
}

TEST(Uevent, OthersAreNothing) {
    for (const std::string& text :
         {replaced(kAdd, "infiniband", "infiniband_verbs"), replaced(kAdd, "add", "change"),
          std::string("add@/devices/virtual/net/tap0 ACTION=add DEVPATH=/devices/virtual/net/tap0 "
                      "SUBSYSTEM=net INTERFACE=tap0 IFINDEX=7 SEQNUM=1"),
          std::string("remove@/module/x ACTION=remove SEQNUM=2"),
          std::string("add@/x SUBSYSTEM= = =x not-a-variable")}) {
        const auto event = uevent::decode(datagram(text));
        ASSERT_TRUE(event) << text;
        EXPECT_FALSE(*event) << text;
    }
}

TEST(Uevent, WhatCannotBeOneIsRefused) {
    const auto refused = [](std::string_view text) {
        const auto event = uevent::decode(datagram(text));
        return !event && event.error().code == EBADMSG;
    };
    EXPECT_TRUE(refused(""));
    EXPECT_TRUE(refused("libudev ACTION=add"));
    EXPECT_TRUE(refused("add@/x SUBSYSTEM=infiniband ACTION=add"));
    EXPECT_TRUE(refused(replaced(kAdd, "=/devices", "=devices")));
    EXPECT_TRUE(refused(replaced(kAdd, "/infiniband/mlx5_0", "/infiniband/mlx5_0/ports")));
    EXPECT_TRUE(refused(replaced(kAdd, "/infiniband/mlx5_0", "/infiniband/")));
    EXPECT_TRUE(refused(replaced(kAdd, "/infiniband/mlx5_0", "/net/eth0")));
    EXPECT_FALSE(uevent::decode(Bytes{}));
}

TEST(Uevent, ADatagramThatWasCutIsRefusedOrSaysNothing) {
    const Bytes whole = datagram(kAdd);
    const std::string_view before_subsystem = kAdd.substr(0, kAdd.find(" SUBSYSTEM"));
    for (size_t size = 0; size < whole.size(); ++size) {
        const auto event = uevent::decode(ByteView(whole).first(size));
        if (size > 0 && whole[size - 1] == std::byte{0}) {
            // Cut between variables. What is needed comes in a fixed order: all of it, or nothing.
            EXPECT_EQ(size > before_subsystem.size() + 1, event && *event) << size;
        } else {
            EXPECT_FALSE(event) << size;
        }
    }
}

TEST(Uevent, AByteThatWasChangedHarmsNothing) {
    for (const std::string_view text : {kAdd, kMove}) {
        Bytes bytes = datagram(text);
        for (std::byte& byte : bytes) {
            const std::byte was = byte;
            for (const unsigned change : {0x00U, 0x20U, 0x2fU, 0x3dU, 0x40U, 0xffU}) {
                byte = static_cast<std::byte>(change);
                static_cast<void>(uevent::decode(bytes));
            }
            byte = was;
        }
    }
}

}  // namespace
}  // namespace esw::netlink
