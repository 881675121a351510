// SPDX-License-Identifier: Apache-2.0
#include <linux/devlink.h>

#include "netlink/devlink_codec.h"
#include "netlink/uapi.h"

namespace esw::netlink::devlink {

namespace {

using enum AttributeKind;

constexpr AttributeSpec kPortFunction[] = {
    {DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR, kBinary, "HW_ADDR"},
    {DEVLINK_PORT_FN_ATTR_STATE, kU8, "STATE"},
    {DEVLINK_PORT_FN_ATTR_OPSTATE, kU8, "OPSTATE"},
    // struct nla_bitfield32: value, selector
    {uapi::kDevlinkPortFnAttrCaps, kBinary, "CAPS", {}, 8},
    {uapi::kDevlinkPortFnAttrMaxIoEqs, kU32, "MAX_IO_EQS"},
};

constexpr AttributeSpec kInfoVersion[] = {
    {DEVLINK_ATTR_INFO_VERSION_NAME, kString, "INFO_VERSION_NAME"},
    {DEVLINK_ATTR_INFO_VERSION_VALUE, kString, "INFO_VERSION_VALUE"},
};

constexpr AttributeSpec kParamValue[] = {
    {DEVLINK_ATTR_PARAM_VALUE_CMODE, kU8, "PARAM_VALUE_CMODE"},
    // Its kind is that of the parameter.
    {DEVLINK_ATTR_PARAM_VALUE_DATA, kBinary, "PARAM_VALUE_DATA"},
};

constexpr AttributeSpec kParamValuesList[] = {
    {DEVLINK_ATTR_PARAM_VALUE, kNested, "PARAM_VALUE", kParamValue},
};

constexpr AttributeSpec kParam[] = {
    {DEVLINK_ATTR_PARAM_NAME, kString, "PARAM_NAME"},
    {DEVLINK_ATTR_PARAM_GENERIC, kFlag, "PARAM_GENERIC"},
    {DEVLINK_ATTR_PARAM_TYPE, kU8, "PARAM_TYPE"},
    {DEVLINK_ATTR_PARAM_VALUES_LIST, kNested, "PARAM_VALUES_LIST", kParamValuesList},
};

// Those that are in a nest in what the kernel sends, and plain in what it takes, are in both.
constexpr AttributeSpec kTop[] = {
    {DEVLINK_ATTR_BUS_NAME, kString, "BUS_NAME"},
    {DEVLINK_ATTR_DEV_NAME, kString, "DEV_NAME"},
    {DEVLINK_ATTR_PORT_INDEX, kU32, "PORT_INDEX"},
    {DEVLINK_ATTR_PORT_TYPE, kU16, "PORT_TYPE"},
    {DEVLINK_ATTR_PORT_NETDEV_IFINDEX, kU32, "PORT_NETDEV_IFINDEX"},
    {DEVLINK_ATTR_PORT_NETDEV_NAME, kString, "PORT_NETDEV_NAME"},
    {DEVLINK_ATTR_PORT_IBDEV_NAME, kString, "PORT_IBDEV_NAME"},
    {DEVLINK_ATTR_ESWITCH_MODE, kU16, "ESWITCH_MODE"},
    {DEVLINK_ATTR_ESWITCH_INLINE_MODE, kU8, "ESWITCH_INLINE_MODE"},
    {DEVLINK_ATTR_ESWITCH_ENCAP_MODE, kU8, "ESWITCH_ENCAP_MODE"},
    {DEVLINK_ATTR_PORT_FLAVOUR, kU16, "PORT_FLAVOUR"},
    {DEVLINK_ATTR_PORT_NUMBER, kU32, "PORT_NUMBER"},
    {DEVLINK_ATTR_PARAM, kNested, "PARAM", kParam},
    {DEVLINK_ATTR_PARAM_NAME, kString, "PARAM_NAME"},
    {DEVLINK_ATTR_PARAM_TYPE, kU8, "PARAM_TYPE"},
    {DEVLINK_ATTR_PARAM_VALUE_DATA, kBinary, "PARAM_VALUE_DATA"},
    {DEVLINK_ATTR_PARAM_VALUE_CMODE, kU8, "PARAM_VALUE_CMODE"},
    {DEVLINK_ATTR_INFO_DRIVER_NAME, kString, "INFO_DRIVER_NAME"},
    {DEVLINK_ATTR_INFO_SERIAL_NUMBER, kString, "INFO_SERIAL_NUMBER"},
    {DEVLINK_ATTR_INFO_BOARD_SERIAL_NUMBER, kString, "INFO_BOARD_SERIAL_NUMBER"},
    {DEVLINK_ATTR_INFO_VERSION_FIXED, kNested, "INFO_VERSION_FIXED", kInfoVersion},
    {DEVLINK_ATTR_INFO_VERSION_RUNNING, kNested, "INFO_VERSION_RUNNING", kInfoVersion},
    {DEVLINK_ATTR_INFO_VERSION_STORED, kNested, "INFO_VERSION_STORED", kInfoVersion},
    {DEVLINK_ATTR_PORT_PCI_PF_NUMBER, kU16, "PORT_PCI_PF_NUMBER"},
    {DEVLINK_ATTR_PORT_PCI_VF_NUMBER, kU16, "PORT_PCI_VF_NUMBER"},
    {DEVLINK_ATTR_RELOAD_FAILED, kU8, "RELOAD_FAILED"},
    {DEVLINK_ATTR_PORT_FUNCTION, kNested, "PORT_FUNCTION", kPortFunction},
    {DEVLINK_ATTR_PORT_EXTERNAL, kU8, "PORT_EXTERNAL"},
    {DEVLINK_ATTR_PORT_CONTROLLER_NUMBER, kU32, "PORT_CONTROLLER_NUMBER"},
    {DEVLINK_ATTR_RELOAD_ACTION, kU8, "RELOAD_ACTION"},
    {DEVLINK_ATTR_PORT_PCI_SF_NUMBER, kU32, "PORT_PCI_SF_NUMBER"},
    {DEVLINK_ATTR_RATE_TYPE, kU16, "RATE_TYPE"},
    {DEVLINK_ATTR_RATE_TX_SHARE, kU64, "RATE_TX_SHARE"},
    {DEVLINK_ATTR_RATE_TX_MAX, kU64, "RATE_TX_MAX"},
    {DEVLINK_ATTR_RATE_NODE_NAME, kString, "RATE_NODE_NAME"},
    {DEVLINK_ATTR_RATE_PARENT_NODE_NAME, kString, "RATE_PARENT_NODE_NAME"},
    {uapi::kDevlinkAttrRateTxPriority, kU32, "RATE_TX_PRIORITY"},
    {uapi::kDevlinkAttrRateTxWeight, kU32, "RATE_TX_WEIGHT"},
};

}  // namespace

AttributeTable attributes() {
    return kTop;
}

std::string_view command_name(uint8_t command) {
    switch (command) {
        case DEVLINK_CMD_GET:
            return "GET";
        case DEVLINK_CMD_NEW:
            return "NEW";
        case DEVLINK_CMD_DEL:
            return "DEL";
        case DEVLINK_CMD_PORT_GET:
            return "PORT_GET";
        case DEVLINK_CMD_PORT_SET:
            return "PORT_SET";
        case DEVLINK_CMD_PORT_NEW:
            return "PORT_NEW";
        case DEVLINK_CMD_PORT_DEL:
            return "PORT_DEL";
        case DEVLINK_CMD_ESWITCH_GET:
            return "ESWITCH_GET";
        case DEVLINK_CMD_ESWITCH_SET:
            return "ESWITCH_SET";
        case DEVLINK_CMD_RELOAD:
            return "RELOAD";
        case DEVLINK_CMD_PARAM_GET:
            return "PARAM_GET";
        case DEVLINK_CMD_PARAM_SET:
            return "PARAM_SET";
        case DEVLINK_CMD_PARAM_NEW:
            return "PARAM_NEW";
        case DEVLINK_CMD_PARAM_DEL:
            return "PARAM_DEL";
        case DEVLINK_CMD_INFO_GET:
            return "INFO_GET";
        case DEVLINK_CMD_RATE_GET:
            return "RATE_GET";
        case DEVLINK_CMD_RATE_SET:
            return "RATE_SET";
        case DEVLINK_CMD_RATE_NEW:
            return "RATE_NEW";
        case DEVLINK_CMD_RATE_DEL:
            return "RATE_DEL";
        default:
            return "unknown command";
    }
}

}  // namespace esw::netlink::devlink
