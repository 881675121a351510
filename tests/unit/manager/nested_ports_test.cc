// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/nested_ports.h"

#include "tests/unit/manager/manager_fixture.h"

namespace esw {
namespace {

using netlink::DevlinkDeviceEvent;
using netlink::DevlinkPort;
using netlink::DevlinkPortEvent;
using netlink::KernelEvent;

const DevlinkHandle kPf{"pci", "0000:08:00.0"};
const DevlinkHandle kDriver{"auxiliary", "mlx5_core.eth.0"};

KernelEvent device(const DevlinkHandle& handle, bool removed = false) {
    return DevlinkDeviceEvent{{handle, false}, removed};
}

DevlinkPort port_on(const DevlinkHandle& handle) {
    DevlinkPort port;
    port.handle = handle;
    port.index = 0xffff;
    port.flavour = netlink::PortFlavour::kPhysical;
    port.port_number = 0;
    return port;
}

KernelEvent port(const DevlinkHandle& handle, bool removed = false) {
    return DevlinkPortEvent{port_on(handle), removed};
}

class NestedPortsTest : public testing::Test {
protected:
    /// What comes of an event, a word for each: "+pci/0000:08:00.0", "-pci/0000:08:00.0/65535".
    std::string words(KernelEvent event) {
        std::string text;
        for (const KernelEvent& own : nested_.apply(std::move(event))) {
            if (const auto* of_device = std::get_if<DevlinkDeviceEvent>(&own)) {
                text += word(of_device->removed, of_device->device.handle.to_string());
            } else if (const auto* of_port = std::get_if<DevlinkPortEvent>(&own)) {
                EXPECT_EQ(of_port->port.instance, kDriver);
                text += word(of_port->removed, of_port->port.handle.to_string() + "/" +
                                                   std::to_string(of_port->port.index));
            }
        }
        return text;
    }
    static std::string word(bool removed, const std::string& what) {
        return (removed ? " -" : " +") + what;
    }

    bool known_ = true;
    NestedPorts nested_{[this](const DevlinkHandle& handle) {
        return known_ && handle == kDriver ? std::optional(kPf) : std::nullopt;
    }};
};

TEST_F(NestedPortsTest, APortThatIsThereBeforeItsDeviceComesWithIt) {
    EXPECT_EQ(words(device(kDriver)), "");
    EXPECT_EQ(words(port(kDriver)), "");
    EXPECT_EQ(words(device(kPf)), " +pci/0000:08:00.0 +pci/0000:08:00.0/65535");
    EXPECT_EQ(words(device(kPf)), " +pci/0000:08:00.0") << "said again";
}

TEST_F(NestedPortsTest, TheDriverComesAndGoesAlone) {
    words(device(kPf));
    EXPECT_EQ(words(device(kDriver)), "");
    EXPECT_EQ(words(port(kDriver)), " +pci/0000:08:00.0/65535");
    EXPECT_EQ(words(port(kDriver, true)), " -pci/0000:08:00.0/65535");
    EXPECT_EQ(words(port(kDriver)), " +pci/0000:08:00.0/65535");
    EXPECT_EQ(words(device(kDriver, true)), " -pci/0000:08:00.0/65535");
    EXPECT_EQ(words(device(kDriver, true)), "") << "said again";
}

TEST_F(NestedPortsTest, TheDriverGoesAfterTheDevice) {
    words(device(kPf));
    words(port(kDriver));
    EXPECT_EQ(words(device(kPf, true)), " -pci/0000:08:00.0");
    EXPECT_EQ(words(port(kDriver, true)), "");
    EXPECT_EQ(words(device(kDriver, true)), "");
    EXPECT_EQ(words(device(kPf)), " +pci/0000:08:00.0") << "without what went";
}

TEST_F(NestedPortsTest, PortsOfADriverOfAnUnknownDeviceAreLeftOutUntilItIsKnown) {
    words(device(kPf));
    known_ = false;
    EXPECT_EQ(words(device(kDriver)), "");
    EXPECT_EQ(words(port(kDriver)), "");
    known_ = true;
    EXPECT_EQ(words(device(kDriver)), " +pci/0000:08:00.0/65535") << "asked for again";
    EXPECT_EQ(words(device(kDriver, true)), " -pci/0000:08:00.0/65535");
}

TEST_F(NestedPortsTest, ADriverOfAnUnknownDeviceGoesSilently) {
    known_ = false;
    words(port(kDriver));
    EXPECT_EQ(words(device(kDriver, true)), "");
    known_ = true;
    EXPECT_EQ(words(device(kPf)), " +pci/0000:08:00.0");
}

TEST_F(NestedPortsTest, ADumpIsTranslatedAndWhatFollowsGoesOnFromIt) {
    std::vector<netlink::DevlinkDevice> devices{{kDriver, false}, {kPf, false}};
    std::vector<DevlinkPort> ports{port_on(kDriver)};
    nested_.resync(devices, ports);
    ASSERT_EQ(devices.size(), 1u);
    EXPECT_EQ(devices[0].handle, kPf);
    ASSERT_EQ(ports.size(), 1u);
    EXPECT_EQ(ports[0].handle, kPf);
    EXPECT_EQ(ports[0].instance, kDriver);
    EXPECT_EQ(words(port(kDriver, true)), " -pci/0000:08:00.0/65535");
}

/// A dump of ports may know of a device that the dump of devices before it did not have.
TEST_F(NestedPortsTest, ADumpMayHaveTheNestedPortBeforeTheFirstOfItsDevice) {
    DevlinkPort vf = port_on(kPf);
    vf.index = 1;
    vf.flavour = netlink::PortFlavour::kPciVf;
    std::vector<netlink::DevlinkDevice> devices;
    std::vector<DevlinkPort> ports{port_on(kDriver), vf};
    nested_.resync(devices, ports);
    ASSERT_EQ(ports.size(), 2u);
    EXPECT_TRUE(ports[0] == vf);
    EXPECT_EQ(ports[1].handle, kPf);
    EXPECT_EQ(ports[1].instance, kDriver);
    EXPECT_EQ(words(device(kPf)), " +pci/0000:08:00.0") << "its port is there already";
}

TEST_F(NestedPortsTest, ANestedPortOfADeviceThatADumpDoesNotHaveComesWithIt) {
    std::vector<netlink::DevlinkDevice> devices{{kDriver, false}};
    std::vector<DevlinkPort> ports{port_on(kDriver)};
    nested_.resync(devices, ports);
    EXPECT_TRUE(devices.empty());
    EXPECT_TRUE(ports.empty());
    EXPECT_EQ(words(device(kPf)), " +pci/0000:08:00.0 +pci/0000:08:00.0/65535");
}

/// The manager on a kernel from 6.3 on.
class NestedUplinkTest : public ManagerTest {
protected:
    NestedUplinkTest() { kernel.nest_uplinks(); }
};

TEST_F(NestedUplinkTest, TheUplinkIsThatOfTheEswitch) {
    start_switchdev(2);
    EXPECT_EQ(eswitch()->uplink, "p0");
    EXPECT_EQ(loaded(), 3u);
    EXPECT_EQ(rep_of(ref("p0"))->netdev, "eth" + std::to_string(kernel.ifindex(ref("p0"))));
    EXPECT_EQ(rep_of(ref("p0"))->vport, 0xffff);
    EXPECT_EQ(manager->snapshot()->eswitches.size(), 1u) << "the driver's instance has none";
}

TEST_F(NestedUplinkTest, ADriverOfAnUnknownDeviceIsLoggedAndAskedForAgain) {
    kernel.fail_next("auxiliary_parent", "", EACCES);
    start_switchdev(1);
    EXPECT_EQ(log.count("warning|esw_manager|" + kernel.ethernet_driver(pf0).to_string() +
                        ": what it is part of is not known, its ports are left out: "
                        "auxiliary_parent (Permission denied)"),
              1u)
        << testing::PrintToString(log.lines());
    EXPECT_EQ(kernel.calls("auxiliary_parent"), 2u);
    EXPECT_EQ(eswitch()->uplink, "p0");
    EXPECT_EQ(manager->snapshot()->eswitches.size(), 1u);
}

TEST_F(NestedUplinkTest, ADriverThatWentMeanwhileIsNoWarning) {
    kernel.fail_next("auxiliary_parent", "", ENODEV);
    start_switchdev(1);
    EXPECT_EQ(log.count("info|esw_manager|" + kernel.ethernet_driver(pf0).to_string() +
                        ": what it is part of is not known, its ports are left out: "
                        "auxiliary_parent (No such device)"),
              1u);
    EXPECT_EQ(log.count("warning|esw_manager|"), 0u);
}

TEST_F(NestedUplinkTest, TheEthernetDriverGoesAndComes) {
    start_switchdev(1);
    kernel.remove_ethernet_driver(pf0);
    ASSERT_TRUE(wait());
    EXPECT_EQ(eswitch()->reps.count(rep("p0")), 0u);
    EXPECT_EQ(eswitch()->uplink, "");
    kernel.add_ethernet_driver(pf0);
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 2u);
}

TEST_F(NestedUplinkTest, ThePfGoesAndComes) {
    start_switchdev(1);
    kernel.remove_device(pf0);
    ASSERT_TRUE(wait());
    EXPECT_EQ(manager->snapshot()->eswitches.size(), 0u);
    kernel.add_pf(pf0, 0, 1);
    kernel.change_mode(pf0, Mode::kSwitchdev);
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 2u);
    EXPECT_EQ(eswitch()->uplink, "p0");
}

}  // namespace
}  // namespace esw
