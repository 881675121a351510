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

    Inventory inventory_;
};

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
