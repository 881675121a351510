// SPDX-License-Identifier: Apache-2.0
#include <linux/devlink.h>
#include <linux/genetlink.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "netlink/devlink_codec.h"
#include "netlink/uapi.h"

namespace esw::netlink::devlink {

namespace {

struct Opened {
    uint8_t command;
    Attributes attributes;
};

Result<Opened> open(const MessageView& message) {
    const auto header = message.fixed_header<genlmsghdr>({"devlink", "message"});
    if (!header) {
        return fail(header.error());
    }
    auto parsed = Attributes::parse(message.behind(sizeof *header), attributes(),
                                    {"devlink", command_name(header->cmd)});
    if (!parsed) {
        return fail(parsed.error());
    }
    return Opened{header->cmd, *std::move(parsed)};
}

Result<DevlinkHandle> handle_of(const Attributes& attributes) {
    auto bus = attributes.require_string(DEVLINK_ATTR_BUS_NAME);
    if (!bus) {
        return fail(bus.error());
    }
    auto device = attributes.require_string(DEVLINK_ATTR_DEV_NAME);
    if (!device) {
        return fail(device.error());
    }
    return DevlinkHandle{*std::move(bus), *std::move(device)};
}

template <class Enum, class Number>
std::optional<Enum> as_enum(std::optional<Number> number) {
    return number ? std::optional(static_cast<Enum>(*number)) : std::nullopt;
}

Result<std::optional<PortFunction>> function_of(const Attributes& port) {
    const auto nest = port.nested(DEVLINK_ATTR_PORT_FUNCTION);
    if (!nest) {
        return fail(nest.error());
    }
    if (!*nest) {
        return std::optional<PortFunction>{};
    }
    const Attributes& in = **nest;
    PortFunction out;
    out.hw_addr = in.mac(DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR);
    out.state = as_enum<FunctionState>(in.u8(DEVLINK_PORT_FN_ATTR_STATE));
    out.opstate = as_enum<FunctionOpstate>(in.u8(DEVLINK_PORT_FN_ATTR_OPSTATE));
    out.max_io_eqs = in.u32(uapi::kDevlinkPortFnAttrMaxIoEqs);
    if (const auto caps = in.binary(uapi::kDevlinkPortFnAttrCaps)) {
        nla_bitfield32 field;
        std::memcpy(&field, caps->data(), sizeof field);  // the table has checked the size
        out.caps = field.value;
        out.caps_selector = field.selector;
    }
    return std::optional(out);
}

Result<DevlinkDevice> device_of(const Attributes& in) {
    auto handle = handle_of(in);
    if (!handle) {
        return fail(handle.error());
    }
    return DevlinkDevice{*std::move(handle), in.u8(DEVLINK_ATTR_RELOAD_FAILED).value_or(0) != 0};
}

Result<DevlinkPort> port_of(const Attributes& in) {
    auto handle = handle_of(in);
    if (!handle) {
        return fail(handle.error());
    }
    const auto index = in.require_u32(DEVLINK_ATTR_PORT_INDEX);
    if (!index) {
        return fail(index.error());
    }
    auto function = function_of(in);
    if (!function) {
        return fail(function.error());
    }
    DevlinkPort out;
    out.handle = *std::move(handle);
    out.index = *index;
    out.type = as_enum<PortType>(in.u16(DEVLINK_ATTR_PORT_TYPE)).value_or(PortType::kNotSet);
    out.flavour = as_enum<PortFlavour>(in.u16(DEVLINK_ATTR_PORT_FLAVOUR));
    out.controller = in.u32(DEVLINK_ATTR_PORT_CONTROLLER_NUMBER);
    out.pf = in.u16(DEVLINK_ATTR_PORT_PCI_PF_NUMBER);
    out.vf = in.u16(DEVLINK_ATTR_PORT_PCI_VF_NUMBER);
    out.sf = in.u32(DEVLINK_ATTR_PORT_PCI_SF_NUMBER);
    out.port_number = in.u32(DEVLINK_ATTR_PORT_NUMBER);
    out.external = in.u8(DEVLINK_ATTR_PORT_EXTERNAL).value_or(0) != 0;
    out.ifindex = in.u32(DEVLINK_ATTR_PORT_NETDEV_IFINDEX);
    out.ifname = in.string(DEVLINK_ATTR_PORT_NETDEV_NAME).value_or("");
    out.ibdev = in.string(DEVLINK_ATTR_PORT_IBDEV_NAME);
    out.function = *std::move(function);
    return out;
}

template <class T>
uint32_t number_in(ByteView data) {
    T number;
    std::memcpy(&number, data.data(), sizeof number);
    return number;
}

/// Bytes of a numeric type; 0 for others.
size_t number_size(uint8_t type) {
    switch (type) {
        case kParamU8:
            return 1;
        case kParamU16:
            return 2;
        case kParamU32:
            return 4;
        default:
            return 0;
    }
}

/// Adds the value of one configuration mode; nothing when the parameter's type is one that we do
/// not know (a newer kernel's).
Status add_value(const Attributes& in, ParamCmode cmode, DevlinkParam& out) {
    constexpr uint16_t kData = DEVLINK_ATTR_PARAM_VALUE_DATA;
    const auto data = in.binary(kData);
    if (out.type == kParamFlag) {
        out.values.emplace_back(cmode, data.has_value());
        return {};
    }
    const size_t size = number_size(out.type);
    if (size == 0 && out.type != kParamString) {
        return {};
    }
    if (!data) {
        return in.malformed(kData, "missing");
    }
    if (out.type == kParamString) {
        const auto nul = std::find(data->begin(), data->end(), std::byte{0});
        if (nul == data->end() || nul + 1 != data->end()) {
            return in.malformed(kData, "string that its NUL does not end");
        }
        out.values.emplace_back(cmode, std::string(reinterpret_cast<const char*>(data->data())));
        return {};
    }
    if (data->size() != size) {
        return in.malformed(kData, "size does not fit the parameter's type");
    }
    out.values.emplace_back(cmode, size == 1   ? number_in<uint8_t>(*data)
                                   : size == 2 ? number_in<uint16_t>(*data)
                                               : number_in<uint32_t>(*data));
    return {};
}

Status values_of(const Attributes& param, DevlinkParam& out) {
    const auto list = param.nested(DEVLINK_ATTR_PARAM_VALUES_LIST);
    if (!list) {
        return fail(list.error());
    }
    if (!*list) {
        return {};
    }
    const auto values = (*list)->all_nested(DEVLINK_ATTR_PARAM_VALUE);
    if (!values) {
        return fail(values.error());
    }
    for (const Attributes& one : *values) {
        const auto cmode = one.u8(DEVLINK_ATTR_PARAM_VALUE_CMODE);
        if (!cmode) {
            return one.malformed(DEVLINK_ATTR_PARAM_VALUE_CMODE, "missing");
        }
        if (auto added = add_value(one, static_cast<ParamCmode>(*cmode), out); !added) {
            return added;
        }
    }
    return {};
}

Result<DevlinkParam> param_of(const Attributes& in) {
    auto handle = handle_of(in);
    if (!handle) {
        return fail(handle.error());
    }
    const auto nest = in.nested(DEVLINK_ATTR_PARAM);
    if (!nest) {
        return fail(nest.error());
    }
    if (!*nest) {
        return in.malformed(DEVLINK_ATTR_PARAM, "missing");
    }
    const Attributes& param = **nest;
    auto name = param.require_string(DEVLINK_ATTR_PARAM_NAME);
    if (!name) {
        return fail(name.error());
    }
    const auto type = param.u8(DEVLINK_ATTR_PARAM_TYPE);
    if (!type) {
        return param.malformed(DEVLINK_ATTR_PARAM_TYPE, "missing");
    }
    DevlinkParam out;
    out.handle = *std::move(handle);
    out.name = *std::move(name);
    out.generic = param.has(DEVLINK_ATTR_PARAM_GENERIC);
    out.type = *type;
    if (auto values = values_of(param, out); !values) {
        return fail(values.error());
    }
    return out;
}

Result<DevlinkRate> rate_of(const Attributes& in) {
    auto handle = handle_of(in);
    if (!handle) {
        return fail(handle.error());
    }
    DevlinkRate out;
    out.handle = *std::move(handle);
    out.port_index = in.u32(DEVLINK_ATTR_PORT_INDEX);
    out.node_name = in.string(DEVLINK_ATTR_RATE_NODE_NAME);
    if (!out.port_index && !out.node_name) {
        return in.malformed(DEVLINK_ATTR_RATE_NODE_NAME, "missing, and PORT_INDEX too");
    }
    out.tx_share_bytes = in.u64(DEVLINK_ATTR_RATE_TX_SHARE);
    out.tx_max_bytes = in.u64(DEVLINK_ATTR_RATE_TX_MAX);
    out.tx_priority = in.u32(uapi::kDevlinkAttrRateTxPriority);
    out.tx_weight = in.u32(uapi::kDevlinkAttrRateTxWeight);
    out.parent = in.string(DEVLINK_ATTR_RATE_PARENT_NODE_NAME);
    return out;
}

Status versions_of(const Attributes& in, uint16_t type, DevlinkInfo::Version::Kind kind,
                   DevlinkInfo& out) {
    const auto versions = in.all_nested(type);
    if (!versions) {
        return fail(versions.error());
    }
    for (const Attributes& version : *versions) {
        auto name = version.require_string(DEVLINK_ATTR_INFO_VERSION_NAME);
        if (!name) {
            return fail(name.error());
        }
        auto value = version.require_string(DEVLINK_ATTR_INFO_VERSION_VALUE);
        if (!value) {
            return fail(value.error());
        }
        out.versions.push_back({kind, *std::move(name), *std::move(value)});
    }
    return {};
}

template <class T>
Result<T> decode_with(const MessageView& message, Result<T> (*convert)(const Attributes&)) {
    const auto opened = open(message);
    if (!opened) {
        return fail(opened.error());
    }
    return convert(opened->attributes);
}

template <class EventType, class T>
Result<Event> as_event(Result<T> value, bool removed) {
    if (!value) {
        return fail(value.error());
    }
    return Event(EventType{*std::move(value), removed});
}

}  // namespace

Result<DevlinkDevice> decode_device(const MessageView& message) {
    return decode_with(message, device_of);
}

Result<DevlinkPort> decode_port(const MessageView& message) {
    return decode_with(message, port_of);
}

Result<DevlinkParam> decode_param(const MessageView& message) {
    return decode_with(message, param_of);
}

Result<DevlinkRate> decode_rate(const MessageView& message) {
    return decode_with(message, rate_of);
}

Result<DevlinkInfo> decode_info(const MessageView& message) {
    using Kind = DevlinkInfo::Version::Kind;
    const auto opened = open(message);
    if (!opened) {
        return fail(opened.error());
    }
    const Attributes& in = opened->attributes;
    DevlinkInfo out;
    out.driver = in.string(DEVLINK_ATTR_INFO_DRIVER_NAME).value_or("");
    out.serial_number = in.string(DEVLINK_ATTR_INFO_SERIAL_NUMBER).value_or("");
    out.board_serial_number = in.string(DEVLINK_ATTR_INFO_BOARD_SERIAL_NUMBER).value_or("");
    for (const auto& [type, kind] : {std::pair(DEVLINK_ATTR_INFO_VERSION_FIXED, Kind::kFixed),
                                     std::pair(DEVLINK_ATTR_INFO_VERSION_RUNNING, Kind::kRunning),
                                     std::pair(DEVLINK_ATTR_INFO_VERSION_STORED, Kind::kStored)}) {
        if (auto added = versions_of(in, type, kind, out); !added) {
            return fail(added.error());
        }
    }
    return out;
}

Result<Eswitch> decode_eswitch(const MessageView& message) {
    const auto opened = open(message);
    if (!opened) {
        return fail(opened.error());
    }
    const Attributes& in = opened->attributes;
    Eswitch out;
    out.mode = as_enum<EswitchMode>(in.u16(DEVLINK_ATTR_ESWITCH_MODE));
    out.inline_mode = as_enum<InlineMode>(in.u8(DEVLINK_ATTR_ESWITCH_INLINE_MODE));
    out.encap_mode = as_enum<EncapMode>(in.u8(DEVLINK_ATTR_ESWITCH_ENCAP_MODE));
    return out;
}

Result<Event> decode_event(const MessageView& message) {
    const auto header = message.fixed_header<genlmsghdr>({"devlink", "notification"});
    if (!header) {
        return fail(header.error());
    }
    switch (header->cmd) {
        case DEVLINK_CMD_NEW:
        case DEVLINK_CMD_DEL:
            return as_event<DevlinkDeviceEvent>(decode_device(message),
                                                header->cmd == DEVLINK_CMD_DEL);
        case DEVLINK_CMD_PORT_NEW:
        case DEVLINK_CMD_PORT_DEL:
            return as_event<DevlinkPortEvent>(decode_port(message),
                                              header->cmd == DEVLINK_CMD_PORT_DEL);
        case DEVLINK_CMD_PARAM_NEW:
        case DEVLINK_CMD_PARAM_DEL:
            return as_event<DevlinkParamEvent>(decode_param(message),
                                               header->cmd == DEVLINK_CMD_PARAM_DEL);
        case DEVLINK_CMD_RATE_NEW:
        case DEVLINK_CMD_RATE_DEL:
            return as_event<DevlinkRateEvent>(decode_rate(message),
                                              header->cmd == DEVLINK_CMD_RATE_DEL);
        default:
            return Event{};
    }
}

}  // namespace esw::netlink::devlink
