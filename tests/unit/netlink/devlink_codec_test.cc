// SPDX-License-Identifier: Apache-2.0
#include "netlink/devlink_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "tests/unit/netlink/messages.h"
#include "tests/unit/netlink/written_messages.h"

namespace esw::netlink {
namespace {

constexpr uint16_t kFamily = 0x15;
const DevlinkHandle kHandle{"pci", "0000:08:00.0"};

/// What every request about kHandle begins with, behind nlmsghdr: genlmsghdr, BUS_NAME, DEV_NAME.
std::string request(std::string_view command, std::string_view attributes) {
    return std::string(command) +
           "010000"
           "0800010070636900"
           "11000200303030303a30383a30302e3000000000" +
           std::string(attributes);
}

void expect_request(const Result<Bytes>& message, const std::string& hex, uint16_t flags) {
    ASSERT_TRUE(message) << message.error().to_string();
    const Message sent(*message);
    EXPECT_EQ(sent.view().header.nlmsg_type, kFamily);
    EXPECT_EQ(sent.view().header.nlmsg_flags, flags);
    EXPECT_EQ(Bytes(sent.view().payload.begin(), sent.view().payload.end()), from_hex(hex));
}

constexpr uint16_t kDo = NLM_F_REQUEST | NLM_F_ACK;
constexpr uint16_t kDump = NLM_F_REQUEST | NLM_F_DUMP;

TEST(DevlinkDecode, Device) {
    const Message message(written::kDevice);
    const auto device = devlink::decode_device(message.view());
    ASSERT_TRUE(device) << device.error().to_string();
    EXPECT_EQ(*device, (DevlinkDevice{kHandle, false}));
    const Message failed(written::kDeviceRemoved);
    EXPECT_TRUE(devlink::decode_device(failed.view())->reload_failed);
}

TEST(DevlinkDecode, Eswitch) {
    const Message message(written::kEswitch);
    const auto eswitch = devlink::decode_eswitch(message.view());
    ASSERT_TRUE(eswitch) << eswitch.error().to_string();
    EXPECT_EQ(*eswitch,
              (Eswitch{EswitchMode::kSwitchdev, InlineMode::kTransport, EncapMode::kBasic}));
}

TEST(DevlinkDecode, EswitchOfADriverWithLess) {
    const Message message(written::kEswitchInactive);
    const auto eswitch = devlink::decode_eswitch(message.view());
    ASSERT_TRUE(eswitch);
    EXPECT_EQ(*eswitch, (Eswitch{EswitchMode::kSwitchdevInactive, {}, {}}));
}

TEST(DevlinkDecode, VfPort) {
    const Message message(written::kVfPort);
    const auto port = devlink::decode_port(message.view());
    ASSERT_TRUE(port) << port.error().to_string();
    DevlinkPort expected;
    expected.handle = kHandle;
    expected.index = 131;
    expected.type = PortType::kEth;
    expected.flavour = PortFlavour::kPciVf;
    expected.controller = 0;
    expected.pf = 0;
    expected.vf = 3;
    expected.ifindex = 12;
    expected.ifname = "pf0vf3";
    expected.function = PortFunction{MacAddress{0x02, 0, 0, 0, 0, 0x03}, {}, {}, {}};
    EXPECT_EQ(*port, expected);
}

TEST(DevlinkDecode, PortWithoutNetdev) {
    const Message message(written::kVfPortNotSet);
    const auto port = devlink::decode_port(message.view());
    ASSERT_TRUE(port);
    EXPECT_EQ(port->type, PortType::kNotSet);
    EXPECT_FALSE(port->ifindex);
    EXPECT_EQ(port->ifname, "");
    EXPECT_FALSE(port->function);
    EXPECT_EQ(port->vf, 3);
}

TEST(DevlinkDecode, UplinkPort) {
    const Message message(written::kUplinkPort);
    const auto port = devlink::decode_port(message.view());
    ASSERT_TRUE(port);
    EXPECT_EQ(port->flavour, PortFlavour::kPhysical);
    EXPECT_EQ(port->port_number, 0U);
    EXPECT_FALSE(port->pf);
    EXPECT_FALSE(port->controller);
}

TEST(DevlinkDecode, InfinibandPort) {
    const Message message(written::kIbPort);
    const auto port = devlink::decode_port(message.view());
    ASSERT_TRUE(port);
    EXPECT_EQ(port->type, PortType::kIb);
    EXPECT_EQ(port->ibdev, "mlx5_0");
    EXPECT_FALSE(port->flavour);
}

TEST(DevlinkDecode, PortInAReplyThatNamesTheDeviceCommand) {
    const Message message(written::kSfPortReply);
    const auto port = devlink::decode_port(message.view());
    ASSERT_TRUE(port) << port.error().to_string();
    EXPECT_EQ(port->index, 32768U);
    EXPECT_EQ(port->flavour, PortFlavour::kPciSf);
    EXPECT_EQ(port->controller, 1U);
    EXPECT_EQ(port->sf, 88U);
    EXPECT_TRUE(port->external);
    ASSERT_TRUE(port->function);
    EXPECT_EQ(port->function->state, FunctionState::kActive);
    EXPECT_EQ(port->function->opstate, FunctionOpstate::kAttached);
    EXPECT_EQ(port->function->caps, 1U);
    EXPECT_EQ(port->function->caps_selector, 3U);
    EXPECT_EQ(port->function->max_io_eqs, 24U);
}

TEST(DevlinkDecode, FlagParameterIsOffWithoutData) {
    const Message on(written::kFlagParamOn);
    const auto roce = devlink::decode_param(on.view());
    ASSERT_TRUE(roce) << roce.error().to_string();
    EXPECT_EQ(roce->name, "enable_roce");
    EXPECT_TRUE(roce->generic);
    EXPECT_EQ(roce->type, devlink::kParamFlag);
    ASSERT_EQ(roce->values.size(), 1U);
    EXPECT_EQ(roce->values[0].first, ParamCmode::kDriverinit);
    EXPECT_EQ(roce->values[0].second, ParamValue(true));

    const Message off(written::kFlagParamOff);
    const auto multiport = devlink::decode_param(off.view());
    ASSERT_TRUE(multiport);
    EXPECT_FALSE(multiport->generic);
    ASSERT_EQ(multiport->values.size(), 1U);
    EXPECT_EQ(multiport->values[0].second, ParamValue(false));
}

TEST(DevlinkDecode, StringAndNumberParameters) {
    const Message text(written::kStringParam);
    const auto steering = devlink::decode_param(text.view());
    ASSERT_TRUE(steering);
    EXPECT_EQ(steering->values[0].second, ParamValue(std::string("smfs")));

    const Message number(written::kNumberParam);
    const auto size = devlink::decode_param(number.view());
    ASSERT_TRUE(size);
    ASSERT_EQ(size->values.size(), 2U);
    EXPECT_EQ(size->values[0].second, ParamValue(uint32_t{1024}));
    EXPECT_EQ(size->values[1].first, ParamCmode::kPermanent);
    EXPECT_EQ(size->values[1].second, ParamValue(uint32_t{64}));
}

TEST(DevlinkDecode, ParameterWhoseDataDoesNotFitItsType) {
    Bytes bytes = from_hex(written::kNumberParam);
    // PARAM_TYPE: u32 becomes u16.
    const Bytes type = from_hex("05005300");
    const auto at = std::search(bytes.begin(), bytes.end(), type.begin(), type.end());
    ASSERT_NE(at, bytes.end());
    at[4] = std::byte{devlink::kParamU16};
    const Message message(bytes);
    const auto param = devlink::decode_param(message.view());
    ASSERT_FALSE(param);
    EXPECT_EQ(param.error().detail,
              "devlink PARAM_GET: attribute PARAM.PARAM_VALUES_LIST.PARAM_VALUE.PARAM_VALUE_DATA: "
              "size does not fit the parameter's type");
}

TEST(DevlinkDecode, ParameterOfATypeThatWeDoNotKnowHasNoValues) {
    Bytes bytes = from_hex(written::kNumberParam);
    const Bytes type = from_hex("05005300");
    const auto at = std::search(bytes.begin(), bytes.end(), type.begin(), type.end());
    at[4] = std::byte{4};  // u64, of Linux 6.19
    const Message message(bytes);
    const auto param = devlink::decode_param(message.view());
    ASSERT_TRUE(param);
    EXPECT_EQ(param->type, 4);
    EXPECT_TRUE(param->values.empty());
}

TEST(DevlinkDecode, RatesWithAndWithoutPadding) {
    const Message leaf(written::kRateLeaf);
    const auto rate = devlink::decode_rate(leaf.view());
    ASSERT_TRUE(rate) << rate.error().to_string();
    DevlinkRate expected;
    expected.handle = kHandle;
    expected.port_index = 131;
    expected.tx_share_bytes = 125000000;
    expected.tx_max_bytes = 1250000000;
    expected.parent = "group1";
    EXPECT_EQ(*rate, expected);

    const Message node(written::kRateNode);
    const auto group = devlink::decode_rate(node.view());
    ASSERT_TRUE(group);
    EXPECT_EQ(group->node_name, "group1");
    EXPECT_FALSE(group->port_index);
    EXPECT_EQ(group->tx_max_bytes, 2500000000U);
    EXPECT_EQ(group->tx_priority, 3U);
    EXPECT_EQ(group->tx_weight, 7U);
}

TEST(DevlinkDecode, InfoKeepsRepeatedVersions) {
    using Version = DevlinkInfo::Version;
    const Message message(written::kInfo);
    const auto info = devlink::decode_info(message.view());
    ASSERT_TRUE(info) << info.error().to_string();
    EXPECT_EQ(info->driver, "mlx5_core");
    EXPECT_EQ(info->serial_number, "MT2042X00001");
    EXPECT_EQ(info->board_serial_number, "");
    EXPECT_EQ(info->versions,
              (std::vector<Version>{{Version::Kind::kFixed, "fw.psid", "MT_0000000359"},
                                    {Version::Kind::kRunning, "fw.version", "22.36.1010"},
                                    {Version::Kind::kRunning, "fw", "22.36.1010"},
                                    {Version::Kind::kStored, "fw", "22.38.1002"}}));
}

TEST(DevlinkDecode, Events) {
    const Message added(written::kDevice);
    const auto device = devlink::decode_event(added.view());
    ASSERT_TRUE(device && std::holds_alternative<DevlinkDeviceEvent>(*device));
    EXPECT_FALSE(std::get<DevlinkDeviceEvent>(*device).removed);

    const Message removed(written::kPortRemoved);
    const auto port = devlink::decode_event(removed.view());
    ASSERT_TRUE(port && std::holds_alternative<DevlinkPortEvent>(*port));
    EXPECT_TRUE(std::get<DevlinkPortEvent>(*port).removed);
    EXPECT_EQ(std::get<DevlinkPortEvent>(*port).port.index, 131U);

    const Message param(written::kFlagParamOn);
    EXPECT_TRUE(std::holds_alternative<DevlinkParamEvent>(*devlink::decode_event(param.view())));
    const Message rate(written::kRateNode);
    EXPECT_TRUE(std::holds_alternative<DevlinkRateEvent>(*devlink::decode_event(rate.view())));
    const Message other(written::kTrapPolicer);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(*devlink::decode_event(other.view())));
}

TEST(DevlinkDecode, NamesTheMissingAttribute) {
    const Message message(written::kDevice);
    const auto port = devlink::decode_port(message.view());
    ASSERT_FALSE(port);
    EXPECT_EQ(port.error().code, EBADMSG);
    EXPECT_EQ(port.error().detail, "devlink NEW: attribute PORT_INDEX: missing");
}

TEST(DevlinkEncode, Dumps) {
    expect_request(devlink::encode_devices_dump(kFamily), "01010000", kDump);
    expect_request(devlink::encode_ports_dump(kFamily), "05010000", kDump);
    expect_request(devlink::encode_rates_dump(kFamily), "4a010000", kDump);
}

TEST(DevlinkEncode, Gets) {
    expect_request(devlink::encode_info_get(kFamily, kHandle), request("33", ""), kDo);
    expect_request(devlink::encode_eswitch_get(kFamily, kHandle), request("1d", ""), kDo);
    expect_request(devlink::encode_port_get(kFamily, kHandle, 131),
                   request("05", "0800030083000000"), kDo);
    expect_request(devlink::encode_param_get(kFamily, kHandle, "abc"),
                   request("26", "0800510061626300"), kDo);
    expect_request(devlink::encode_reload(kFamily, kHandle), request("25", ""), kDo);
}

TEST(DevlinkEncode, EswitchSetHasOnlyWhatIsWanted) {
    Eswitch wanted;
    wanted.mode = EswitchMode::kSwitchdevInactive;
    expect_request(devlink::encode_eswitch_set(kFamily, kHandle, wanted),
                   request("1e", "0600190002000000"), kDo);
    wanted = {{}, InlineMode::kNetwork, EncapMode::kNone};
    expect_request(devlink::encode_eswitch_set(kFamily, kHandle, wanted),
                   request("1e",
                           "05001a0002000000"
                           "05003e0000000000"),
                   kDo);
}

TEST(DevlinkEncode, PortNewAndDelete) {
    NewPort port;
    port.handle = kHandle;
    port.pf = 1;
    expect_request(devlink::encode_port_new(kFamily, port),
                   request("07",
                           "06004d0007000000"
                           "06007f0001000000"),
                   kDo);
    port.sf = 88;
    port.controller = 1;
    port.index = 7;
    expect_request(devlink::encode_port_new(kFamily, port),
                   request("07",
                           "06004d0007000000"
                           "06007f0001000000"
                           "0800a40058000000"
                           "0800960001000000"
                           "0800030007000000"),
                   kDo);
    expect_request(devlink::encode_port_del(kFamily, kHandle, 7), request("08", "0800030007000000"),
                   kDo);
}

TEST(DevlinkEncode, PortFunctionIsAFlaggedNest) {
    PortFunction wanted;
    wanted.hw_addr = MacAddress{0x02, 0, 0, 0, 0, 0x05};
    wanted.state = FunctionState::kActive;
    expect_request(devlink::encode_port_function_set(kFamily, kHandle, 7, wanted),
                   request("06",
                           "0800030007000000"
                           "18009180"
                           "0a0001000200000000050000"
                           "0500020001000000"),
                   kDo);
}

TEST(DevlinkEncode, PortFunctionCapabilitiesSayWhichBitsToChange) {
    PortFunction wanted;
    wanted.caps = 1;
    wanted.caps_selector = 3;
    wanted.max_io_eqs = 24;
    expect_request(devlink::encode_port_function_set(kFamily, kHandle, 7, wanted),
                   request("06",
                           "0800030007000000"
                           "18009180"
                           "0c0004000100000003000000"
                           "0800060018000000"),
                   kDo);
}

TEST(DevlinkEncode, ParameterValues) {
    const auto set = [](uint8_t type, const ParamValue& value) {
        return devlink::encode_param_set(kFamily, kHandle, "abc", type, ParamCmode::kRuntime,
                                         value);
    };
    const auto expected = [](const char* type, const char* data) {
        return request("27", std::string("0800510061626300") + "05005300" + type +
                                 "0000000500570000000000" + data);
    };
    expect_request(set(devlink::kParamFlag, true), expected("06", "04005600"), kDo);
    expect_request(set(devlink::kParamFlag, false), expected("06", ""), kDo);
    expect_request(set(devlink::kParamU8, uint32_t{255}), expected("01", "05005600ff000000"), kDo);
    expect_request(set(devlink::kParamU16, uint32_t{256}), expected("02", "0600560000010000"), kDo);
    expect_request(set(devlink::kParamU32, uint32_t{65536}), expected("03", "0800560000000100"),
                   kDo);
    expect_request(set(devlink::kParamString, std::string("smfs")),
                   expected("05", "09005600736d667300000000"), kDo);
}

TEST(DevlinkEncode, ParameterValueThatDoesNotFitItsType) {
    const auto set = [](uint8_t type, const ParamValue& value) {
        return devlink::encode_param_set(kFamily, kHandle, "abc", type, ParamCmode::kRuntime,
                                         value);
    };
    for (const auto& message :
         {set(devlink::kParamU8, uint32_t{256}), set(devlink::kParamU16, uint32_t{65536}),
          set(devlink::kParamFlag, uint32_t{1}), set(devlink::kParamString, true),
          set(devlink::kParamU32, std::string("1")), set(4, uint32_t{1})}) {
        ASSERT_FALSE(message);
        EXPECT_EQ(message.error().code, EINVAL);
    }
}

TEST(DevlinkEncode, Rates) {
    DevlinkRate rate;
    rate.handle = kHandle;
    rate.port_index = 131;
    expect_request(devlink::encode_rate_get(kFamily, rate), request("4a", "0800030083000000"), kDo);
    rate.tx_max_bytes = 125000000;
    rate.parent = "";
    expect_request(devlink::encode_rate_set(kFamily, rate),
                   request("4b",
                           "0800030083000000"
                           "0c00a7004059730700000000"
                           "0500a90000000000"),
                   kDo);
    DevlinkRate node;
    node.handle = kHandle;
    node.node_name = "abc";
    node.tx_share_bytes = 1;
    node.tx_priority = 2;
    node.tx_weight = 3;
    expect_request(devlink::encode_rate_new(kFamily, node),
                   request("4c",
                           "0800a80061626300"
                           "0c00a6000100000000000000"
                           "0800b10002000000"
                           "0800b20003000000"),
                   kDo);
    expect_request(devlink::encode_rate_del(kFamily, kHandle, "abc"),
                   request("4d", "0800a80061626300"), kDo);
}

}  // namespace
}  // namespace esw::netlink
