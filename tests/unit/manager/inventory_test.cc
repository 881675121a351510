// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/inventory.h"

#include <gtest/gtest.h>

namespace esw {
namespace {

using netlink::DevlinkDeviceEvent;
using netlink::DevlinkPort;
using netlink::DevlinkPortEvent;
using netlink::PortType;

const DevlinkHandle kDevice{"netdevsim", "netdevsim1"};

class InventoryTest : public testing::Test {
protected:
    Inventory::Changes device(bool removed) {
        return inventory_.apply(DevlinkDeviceEvent{{kDevice, false}, removed});
    }
    Inventory::Changes port(uint32_t number, PortType type, bool removed = false) {
        DevlinkPort port;
        port.handle = kDevice;
        port.index = number;
        port.type = type;
        port.flavour = netlink::PortFlavour::kPhysical;
        port.port_number = number;
        if (type == PortType::kEth) {
            port.ifindex = 100 + number;
        }
        return inventory_.apply(DevlinkPortEvent{port, removed});
    }

    Inventory::Changes link(netlink::Link link, bool removed = false) {
        return inventory_.apply(netlink::LinkEvent{std::move(link), removed, {}});
    }
    std::optional<KernelBond> bond_of_rep() {
        const auto reps = inventory_.reps(kDevice);
        return reps.empty() ? std::nullopt : reps[0].bond;
    }

    Inventory inventory_;
};

netlink::Link netdev(uint32_t ifindex, const std::string& name) {
    netlink::Link link;
    link.ifindex = ifindex;
    link.name = name;
    return link;
}

netlink::Link bond(uint32_t ifindex, const std::string& name, uint8_t mode) {
    netlink::Link link = netdev(ifindex, name);
    link.kind = "bond";
    link.bond.emplace().mode = mode;
    return link;
}

netlink::Link slave(netlink::Link link, uint32_t master, uint8_t state) {
    link.master = master;
    link.slave_kind = "bond";
    link.bond_slave.emplace().state = state;
    return link;
}

TEST_F(InventoryTest, ABondOfTheKernelIsFollowed) {
    port(1, PortType::kEth);
    const netlink::Link uplink = netdev(101, "eth1");
    link(uplink);
    EXPECT_FALSE(bond_of_rep());
    link(bond(7, "bond0", 1));
    EXPECT_EQ(link(slave(uplink, 7, 0)).reps.size(), 1u);
    ASSERT_TRUE(bond_of_rep());
    EXPECT_EQ(bond_of_rep()->to_string(), "bond0, active-backup, active");
    // A failover, and what is said of the bond itself.
    link(slave(uplink, 7, 1));
    EXPECT_EQ(bond_of_rep()->to_string(), "bond0, active-backup, backup");
    EXPECT_EQ(link(bond(7, "uplinks", 4)).reps.size(), 1u);
    EXPECT_EQ(bond_of_rep()->to_string(), "uplinks, 802.3ad, backup");
    EXPECT_TRUE(link(bond(7, "uplinks", 4)).reps.empty()) << "nothing new";
    link(uplink);
    EXPECT_FALSE(bond_of_rep());
}

TEST_F(InventoryTest, ABondThatIsHeardOfAfterItsSlaveIsFound) {
    port(1, PortType::kEth);
    link(slave(netdev(101, "eth1"), 7, 0));
    EXPECT_FALSE(bond_of_rep());
    link(bond(7, "bond0", 1));
    EXPECT_TRUE(bond_of_rep());
    link(bond(7, "bond0", 1), true);
    EXPECT_FALSE(bond_of_rep());
    inventory_.resync_links({slave(netdev(101, "eth1"), 7, 0), bond(7, "bond0", 1)});
    EXPECT_TRUE(bond_of_rep());
}

TEST_F(InventoryTest, ABridgeIsNoBond) {
    port(1, PortType::kEth);
    netlink::Link bridge = netdev(7, "br0");
    bridge.kind = "bridge";
    link(bridge);
    netlink::Link uplink = netdev(101, "eth1");
    uplink.master = 7;
    link(uplink);
    EXPECT_FALSE(bond_of_rep());
}

// The order of Linux 6.1: devlink_ns_change_notify() comes before the driver's reload_down().
TEST_F(InventoryTest, ADeviceThatSaysItGoesBeforeItsPortsDoIsGoneAfterThem) {
    device(false);
    port(1, PortType::kEth);
    port(2, PortType::kEth);
    device(true);
    EXPECT_FALSE(inventory_.has_device(kDevice));
    // Each port loses its netdev before it goes.
    for (const uint32_t number : {1, 2}) {
        port(number, PortType::kNotSet);
        const Inventory::Changes changes = port(number, PortType::kNotSet, true);
        EXPECT_FALSE(inventory_.has_device(kDevice)) << "behind port " << number;
        EXPECT_EQ(changes.devices_removed.count(kDevice), 1u);
        EXPECT_EQ(changes.devices_added.count(kDevice), 0u);
    }
}

TEST_F(InventoryTest, ADeviceThatWasAnnouncedStaysWithoutPorts) {
    port(1, PortType::kNotSet);
    device(false);
    port(1, PortType::kNotSet, true);
    EXPECT_TRUE(inventory_.has_device(kDevice));
}

TEST_F(InventoryTest, ADeviceThatWasAskedForStaysWithoutPorts) {
    inventory_.resync_devlink({{kDevice, false}}, {});
    port(1, PortType::kEth);
    port(1, PortType::kNotSet, true);
    EXPECT_TRUE(inventory_.has_device(kDevice));
}

}  // namespace
}  // namespace esw
