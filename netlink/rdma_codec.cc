// SPDX-License-Identifier: Apache-2.0
#include "netlink/rdma_codec.h"

#include <rdma/rdma_netlink.h>

#include <utility>

#include "netlink/message_builder.h"
#include "netlink/uapi.h"

namespace esw::netlink::rdma {

namespace {

using enum AttributeKind;

constexpr AttributeSpec kTop[] = {
    {RDMA_NLDEV_ATTR_DEV_INDEX, kU32, "DEV_INDEX"},
    {RDMA_NLDEV_ATTR_DEV_NAME, kString, "DEV_NAME"},
    {RDMA_NLDEV_ATTR_PORT_INDEX, kU32, "PORT_INDEX"},
    {RDMA_NLDEV_ATTR_FW_VERSION, kString, "FW_VERSION"},
    {RDMA_NLDEV_ATTR_NODE_GUID, kU64, "NODE_GUID"},
    {RDMA_NLDEV_ATTR_SYS_IMAGE_GUID, kU64, "SYS_IMAGE_GUID"},
    {RDMA_NLDEV_ATTR_PORT_STATE, kU8, "PORT_STATE"},
    {RDMA_NLDEV_ATTR_PORT_PHYS_STATE, kU8, "PORT_PHYS_STATE"},
    {RDMA_NLDEV_ATTR_NDEV_INDEX, kU32, "NDEV_INDEX"},
    {RDMA_NLDEV_ATTR_NDEV_NAME, kString, "NDEV_NAME"},
    {RDMA_NLDEV_ATTR_DEV_PROTOCOL, kString, "DEV_PROTOCOL"},
    {uapi::kRdmaNldevAttrEventType, kU8, "EVENT_TYPE"},
    {uapi::kRdmaNldevSysAttrMonitorMode, kU8, "MONITOR_MODE"},
};

constexpr uint16_t nldev_type(uint16_t command) {
    return static_cast<uint16_t>(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, command));
}

Result<Attributes> parse(const MessageView& message, std::string_view what) {
    return Attributes::parse(message.payload, kTop, {"rdma", what});
}

RdmaEvent::Kind kind_of(uint8_t type) {
    switch (type) {
        case uapi::kRdmaRegisterEvent:
            return RdmaEvent::Kind::kRegister;
        case uapi::kRdmaUnregisterEvent:
            return RdmaEvent::Kind::kUnregister;
        case uapi::kRdmaNetdevAttachEvent:
            return RdmaEvent::Kind::kNetdevAttach;
        case uapi::kRdmaNetdevDetachEvent:
            return RdmaEvent::Kind::kNetdevDetach;
        default:
            return RdmaEvent::Kind::kOther;
    }
}

}  // namespace

AttributeTable attributes() {
    return kTop;
}

Result<Bytes> encode_devices_dump() {
    return MessageBuilder(nldev_type(RDMA_NLDEV_CMD_GET), NLM_F_REQUEST | NLM_F_DUMP).finish();
}

Result<Bytes> encode_ports_dump(uint32_t device_index) {
    return MessageBuilder(nldev_type(RDMA_NLDEV_CMD_PORT_GET), NLM_F_REQUEST | NLM_F_DUMP)
        .put_u32(RDMA_NLDEV_ATTR_DEV_INDEX, device_index)
        .finish();
}

Result<Bytes> encode_system_get() {
    return MessageBuilder(nldev_type(RDMA_NLDEV_CMD_SYS_GET), NLM_F_REQUEST | NLM_F_ACK).finish();
}

Result<RdmaDevice> decode_device(const MessageView& message) {
    const auto in = parse(message, "GET");
    if (!in) {
        return fail(in.error());
    }
    const auto index = in->require_u32(RDMA_NLDEV_ATTR_DEV_INDEX);
    if (!index) {
        return fail(index.error());
    }
    auto name = in->require_string(RDMA_NLDEV_ATTR_DEV_NAME);
    if (!name) {
        return fail(name.error());
    }
    RdmaDevice out;
    out.index = *index;
    out.name = *std::move(name);
    // Of a device, "port index" is the number of its ports (rdma/rdma_netlink.h).
    out.port_count = in->u32(RDMA_NLDEV_ATTR_PORT_INDEX).value_or(0);
    out.node_guid = in->u64(RDMA_NLDEV_ATTR_NODE_GUID);
    out.sys_image_guid = in->u64(RDMA_NLDEV_ATTR_SYS_IMAGE_GUID);
    out.fw_version = in->string(RDMA_NLDEV_ATTR_FW_VERSION).value_or("");
    out.protocol = in->string(RDMA_NLDEV_ATTR_DEV_PROTOCOL).value_or("");
    return out;
}

Result<RdmaPort> decode_port(const MessageView& message) {
    const auto in = parse(message, "PORT_GET");
    if (!in) {
        return fail(in.error());
    }
    const auto index = in->require_u32(RDMA_NLDEV_ATTR_DEV_INDEX);
    if (!index) {
        return fail(index.error());
    }
    const auto port = in->require_u32(RDMA_NLDEV_ATTR_PORT_INDEX);
    if (!port) {
        return fail(port.error());
    }
    RdmaPort out;
    out.device_index = *index;
    out.device_name = in->string(RDMA_NLDEV_ATTR_DEV_NAME).value_or("");
    out.port = *port;
    out.state = in->u8(RDMA_NLDEV_ATTR_PORT_STATE);
    out.phys_state = in->u8(RDMA_NLDEV_ATTR_PORT_PHYS_STATE);
    out.ifindex = in->u32(RDMA_NLDEV_ATTR_NDEV_INDEX);
    out.ifname = in->string(RDMA_NLDEV_ATTR_NDEV_NAME).value_or("");
    return out;
}

Result<bool> decode_monitor_mode(const MessageView& message) {
    const auto in = parse(message, "SYS_GET");
    if (!in) {
        return fail(in.error());
    }
    return in->u8(uapi::kRdmaNldevSysAttrMonitorMode).value_or(0) != 0;
}

Result<std::optional<RdmaEvent>> decode_event(const MessageView& message) {
    if (message.header.nlmsg_type != nldev_type(uapi::kRdmaNldevCmdMonitor)) {
        return std::optional<RdmaEvent>{};
    }
    const auto in = parse(message, "MONITOR");
    if (!in) {
        return fail(in.error());
    }
    const auto type = in->u8(uapi::kRdmaNldevAttrEventType);
    if (!type) {
        return in->malformed(uapi::kRdmaNldevAttrEventType, "missing");
    }
    RdmaEvent out;
    out.kind = kind_of(*type);
    out.device_index = in->u32(RDMA_NLDEV_ATTR_DEV_INDEX);
    out.device_name = in->string(RDMA_NLDEV_ATTR_DEV_NAME).value_or("");
    out.port = in->u32(RDMA_NLDEV_ATTR_PORT_INDEX);
    out.ifindex = in->u32(RDMA_NLDEV_ATTR_NDEV_INDEX);
    out.ifname = in->string(RDMA_NLDEV_ATTR_NDEV_NAME).value_or("");
    return std::optional(out);
}

}  // namespace esw::netlink::rdma
