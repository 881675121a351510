// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/devlink.h>

#include <cerrno>
#include <limits>

#include "netlink/devlink_codec.h"
#include "netlink/message_builder.h"
#include "netlink/uapi.h"

namespace esw::netlink::devlink {

namespace {

constexpr uint8_t kVersion = DEVLINK_GENL_VERSION;

MessageBuilder request(uint16_t family, uint8_t command, uint16_t flags) {
    return MessageBuilder::generic(family, command, kVersion,
                                   static_cast<uint16_t>(NLM_F_REQUEST | flags));
}

MessageBuilder request_for(uint16_t family, uint8_t command, const DevlinkHandle& handle) {
    MessageBuilder builder = request(family, command, NLM_F_ACK);
    builder.put_string(DEVLINK_ATTR_BUS_NAME, handle.bus);
    builder.put_string(DEVLINK_ATTR_DEV_NAME, handle.device);
    return builder;
}

/// Which rate object is meant: the node when it has a name, else the leaf of a port.
MessageBuilder request_for_rate(uint16_t family, uint8_t command, const DevlinkRate& rate) {
    MessageBuilder builder = request_for(family, command, rate.handle);
    if (rate.node_name) {
        builder.put_string(DEVLINK_ATTR_RATE_NODE_NAME, *rate.node_name);
    } else if (rate.port_index) {
        builder.put_u32(DEVLINK_ATTR_PORT_INDEX, *rate.port_index);
    }
    return builder;
}

Result<Bytes> encode_rate_values(MessageBuilder builder, const DevlinkRate& wanted) {
    if (wanted.tx_share_bytes) {
        builder.put_u64(DEVLINK_ATTR_RATE_TX_SHARE, *wanted.tx_share_bytes);
    }
    if (wanted.tx_max_bytes) {
        builder.put_u64(DEVLINK_ATTR_RATE_TX_MAX, *wanted.tx_max_bytes);
    }
    if (wanted.tx_priority) {
        builder.put_u32(uapi::kDevlinkAttrRateTxPriority, *wanted.tx_priority);
    }
    if (wanted.tx_weight) {
        builder.put_u32(uapi::kDevlinkAttrRateTxWeight, *wanted.tx_weight);
    }
    if (wanted.parent) {
        builder.put_string(DEVLINK_ATTR_RATE_PARENT_NODE_NAME, *wanted.parent);
    }
    return builder.finish();
}

void put_function(MessageBuilder& nest, const PortFunction& wanted) {
    if (wanted.hw_addr) {
        nest.put_mac(DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR, *wanted.hw_addr);
    }
    if (wanted.state) {
        nest.put_u8(DEVLINK_PORT_FN_ATTR_STATE, static_cast<uint8_t>(*wanted.state));
    }
    if (wanted.caps) {
        nla_bitfield32 field;
        field.value = static_cast<uint32_t>(*wanted.caps);
        field.selector = static_cast<uint32_t>(wanted.caps_selector.value_or(*wanted.caps));
        nest.put_bytes(uapi::kDevlinkPortFnAttrCaps, std::as_bytes(std::span(&field, 1)));
    }
    if (wanted.max_io_eqs) {
        nest.put_u32(uapi::kDevlinkPortFnAttrMaxIoEqs, *wanted.max_io_eqs);
    }
}

/// False when the value is not one of the type.
bool put_value(MessageBuilder& builder, uint8_t type, const ParamValue& value) {
    constexpr uint16_t kData = DEVLINK_ATTR_PARAM_VALUE_DATA;
    if (const bool* flag = std::get_if<bool>(&value)) {
        if (*flag) {
            builder.put_flag(kData);  // off is said by leaving it out
        }
        return type == kParamFlag;
    }
    if (const std::string* text = std::get_if<std::string>(&value)) {
        builder.put_string(kData, *text);
        return type == kParamString;
    }
    const uint32_t number = std::get<uint32_t>(value);
    switch (type) {
        case kParamU8:
            builder.put_u8(kData, static_cast<uint8_t>(number));
            return number <= std::numeric_limits<uint8_t>::max();
        case kParamU16:
            builder.put_u16(kData, static_cast<uint16_t>(number));
            return number <= std::numeric_limits<uint16_t>::max();
        case kParamU32:
            builder.put_u32(kData, number);
            return true;
        default:
            return false;
    }
}

}  // namespace

Result<Bytes> encode_devices_dump(uint16_t family) {
    return request(family, DEVLINK_CMD_GET, NLM_F_DUMP).finish();
}

Result<Bytes> encode_info_get(uint16_t family, const DevlinkHandle& handle) {
    return request_for(family, DEVLINK_CMD_INFO_GET, handle).finish();
}

Result<Bytes> encode_eswitch_get(uint16_t family, const DevlinkHandle& handle) {
    return request_for(family, DEVLINK_CMD_ESWITCH_GET, handle).finish();
}

Result<Bytes> encode_eswitch_set(uint16_t family, const DevlinkHandle& handle,
                                 const Eswitch& wanted) {
    MessageBuilder builder = request_for(family, DEVLINK_CMD_ESWITCH_SET, handle);
    if (wanted.mode) {
        builder.put_u16(DEVLINK_ATTR_ESWITCH_MODE, static_cast<uint16_t>(*wanted.mode));
    }
    if (wanted.inline_mode) {
        builder.put_u8(DEVLINK_ATTR_ESWITCH_INLINE_MODE, static_cast<uint8_t>(*wanted.inline_mode));
    }
    if (wanted.encap_mode) {
        builder.put_u8(DEVLINK_ATTR_ESWITCH_ENCAP_MODE, static_cast<uint8_t>(*wanted.encap_mode));
    }
    return builder.finish();
}

Result<Bytes> encode_reload(uint16_t family, const DevlinkHandle& handle) {
    return request_for(family, DEVLINK_CMD_RELOAD, handle).finish();
}

Result<Bytes> encode_ports_dump(uint16_t family) {
    return request(family, DEVLINK_CMD_PORT_GET, NLM_F_DUMP).finish();
}

Result<Bytes> encode_port_get(uint16_t family, const DevlinkHandle& handle, uint32_t index) {
    return request_for(family, DEVLINK_CMD_PORT_GET, handle)
        .put_u32(DEVLINK_ATTR_PORT_INDEX, index)
        .finish();
}

Result<Bytes> encode_port_new(uint16_t family, const NewPort& port) {
    MessageBuilder builder = request_for(family, DEVLINK_CMD_PORT_NEW, port.handle);
    builder.put_u16(DEVLINK_ATTR_PORT_FLAVOUR, static_cast<uint16_t>(port.flavour));
    builder.put_u16(DEVLINK_ATTR_PORT_PCI_PF_NUMBER, port.pf);
    if (port.sf) {
        builder.put_u32(DEVLINK_ATTR_PORT_PCI_SF_NUMBER, *port.sf);
    }
    if (port.controller) {
        builder.put_u32(DEVLINK_ATTR_PORT_CONTROLLER_NUMBER, *port.controller);
    }
    if (port.index) {
        builder.put_u32(DEVLINK_ATTR_PORT_INDEX, *port.index);
    }
    return builder.finish();
}

Result<Bytes> encode_port_del(uint16_t family, const DevlinkHandle& handle, uint32_t index) {
    return request_for(family, DEVLINK_CMD_PORT_DEL, handle)
        .put_u32(DEVLINK_ATTR_PORT_INDEX, index)
        .finish();
}

Result<Bytes> encode_port_function_set(uint16_t family, const DevlinkHandle& handle, uint32_t index,
                                       const PortFunction& wanted) {
    return request_for(family, DEVLINK_CMD_PORT_SET, handle)
        .put_u32(DEVLINK_ATTR_PORT_INDEX, index)
        .put_nested(DEVLINK_ATTR_PORT_FUNCTION,
                    [&wanted](MessageBuilder& nest) { put_function(nest, wanted); })
        .finish();
}

Result<Bytes> encode_param_get(uint16_t family, const DevlinkHandle& handle,
                               const std::string& name) {
    return request_for(family, DEVLINK_CMD_PARAM_GET, handle)
        .put_string(DEVLINK_ATTR_PARAM_NAME, name)
        .finish();
}

Result<Bytes> encode_param_set(uint16_t family, const DevlinkHandle& handle,
                               const std::string& name, uint8_t type, ParamCmode cmode,
                               const ParamValue& value) {
    MessageBuilder builder = request_for(family, DEVLINK_CMD_PARAM_SET, handle);
    builder.put_string(DEVLINK_ATTR_PARAM_NAME, name);
    builder.put_u8(DEVLINK_ATTR_PARAM_TYPE, type);
    builder.put_u8(DEVLINK_ATTR_PARAM_VALUE_CMODE, static_cast<uint8_t>(cmode));
    if (!put_value(builder, type, value)) {
        return fail(EINVAL, "", "",
                    fmt::format("parameter {}: the value does not fit the type {}", name, type));
    }
    return builder.finish();
}

Result<Bytes> encode_rates_dump(uint16_t family) {
    return request(family, DEVLINK_CMD_RATE_GET, NLM_F_DUMP).finish();
}

Result<Bytes> encode_rate_get(uint16_t family, const DevlinkRate& which) {
    return request_for_rate(family, DEVLINK_CMD_RATE_GET, which).finish();
}

Result<Bytes> encode_rate_set(uint16_t family, const DevlinkRate& wanted) {
    return encode_rate_values(request_for_rate(family, DEVLINK_CMD_RATE_SET, wanted), wanted);
}

Result<Bytes> encode_rate_new(uint16_t family, const DevlinkRate& wanted) {
    return encode_rate_values(request_for_rate(family, DEVLINK_CMD_RATE_NEW, wanted), wanted);
}

Result<Bytes> encode_rate_del(uint16_t family, const DevlinkHandle& handle,
                              const std::string& node_name) {
    return request_for(family, DEVLINK_CMD_RATE_DEL, handle)
        .put_string(DEVLINK_ATTR_RATE_NODE_NAME, node_name)
        .finish();
}

}  // namespace esw::netlink::devlink
