// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/devlink_encode.h"

#include <linux/devlink.h>

namespace esw::sim {

namespace {

// Of kernels newer than Debian 12's linux/devlink.h.
constexpr uint16_t kPortFnAttrCaps = 4;        // DEVLINK_PORT_FN_ATTR_CAPS, 6.2
constexpr uint16_t kAttrRateTxPriority = 177;  // DEVLINK_ATTR_RATE_TX_PRIORITY, 6.2
constexpr uint16_t kAttrRateTxWeight = 178;    // DEVLINK_ATTR_RATE_TX_WEIGHT
constexpr uint32_t kCapRoce = 1, kCapMigratable = 2;

MessageWriter start(const DevlinkView& view, uint8_t command, const Instance& instance) {
    MessageWriter message = MessageWriter::generic(view.family, command);
    message.text(DEVLINK_ATTR_BUS_NAME, instance.bus);
    message.text(DEVLINK_ATTR_DEV_NAME, instance.device);
    return message;
}

void reload_stat(MessageWriter& message, uint8_t limit, uint32_t value) {
    const size_t entry = message.flagged_nest(DEVLINK_ATTR_RELOAD_STATS_ENTRY);
    message.u8(DEVLINK_ATTR_RELOAD_STATS_LIMIT, limit);
    message.u32(DEVLINK_ATTR_RELOAD_STATS_VALUE, value);
    message.end(entry);
}

// devlink_reload_stats_put(): for driver_reinit with the limit "no reset" there is no entry. Local
// ones only of supported actions, remote ones of all.
void reload_stats(MessageWriter& message, uint16_t type, uint32_t reinits, bool empty) {
    const size_t stats = message.flagged_nest(type);
    if (empty) {
        message.end(stats);
        return;
    }
    for (const uint8_t action :
         {DEVLINK_RELOAD_ACTION_DRIVER_REINIT, DEVLINK_RELOAD_ACTION_FW_ACTIVATE}) {
        const bool reinit = action == DEVLINK_RELOAD_ACTION_DRIVER_REINIT;
        const size_t info = message.flagged_nest(DEVLINK_ATTR_RELOAD_ACTION_INFO);
        message.u8(DEVLINK_ATTR_RELOAD_ACTION, action);
        const size_t entries = message.flagged_nest(DEVLINK_ATTR_RELOAD_ACTION_STATS);
        reload_stat(message, DEVLINK_RELOAD_LIMIT_UNSPEC, reinit ? reinits : 0);
        if (!reinit) {
            reload_stat(message, DEVLINK_RELOAD_LIMIT_NO_RESET, 0);
        }
        message.end(entries);
        message.end(info);
    }
    message.end(stats);
}

// devlink_nl_port_attrs_put()
void port_attributes(MessageWriter& message, const Port& port) {
    message.u8(DEVLINK_ATTR_PORT_SPLITTABLE, 0);
    message.u16(DEVLINK_ATTR_PORT_FLAVOUR, port.flavour);
    switch (port.flavour) {
        case DEVLINK_PORT_FLAVOUR_PCI_VF:
            message.u32(DEVLINK_ATTR_PORT_CONTROLLER_NUMBER, 0);
            message.u16(DEVLINK_ATTR_PORT_PCI_PF_NUMBER, port.pf_number);
            message.u16(DEVLINK_ATTR_PORT_PCI_VF_NUMBER, static_cast<uint16_t>(port.number));
            message.u8(DEVLINK_ATTR_PORT_EXTERNAL, 0);
            break;
        case DEVLINK_PORT_FLAVOUR_PCI_SF:
            message.u32(DEVLINK_ATTR_PORT_CONTROLLER_NUMBER, 0);
            message.u16(DEVLINK_ATTR_PORT_PCI_PF_NUMBER, port.pf_number);
            message.u32(DEVLINK_ATTR_PORT_PCI_SF_NUMBER, port.number);
            break;
        case DEVLINK_PORT_FLAVOUR_PHYSICAL:
            message.u32(DEVLINK_ATTR_PORT_NUMBER, port.number);
            break;
        default:
            break;
    }
}

// devlink_nl_port_function_attrs_put(); mlx5_devlink_port_function_hw_addr_get() gives the address
// that the admin set, zero when none.
void function_attributes(MessageWriter& message, const KernelVersion& kernel, const Port& port) {
    if (!port.vport) {
        return;
    }
    const Vport& vport = *port.vport;
    const size_t function = message.nest(DEVLINK_ATTR_PORT_FUNCTION);
    message.bytes(DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR, vport.admin_mac);
    const auto caps = [&] {
        if (kernel.has_function_caps()) {
            const uint32_t value =
                (vport.roce ? kCapRoce : 0) | (vport.migratable ? kCapMigratable : 0);
            const uint32_t selector = vport.is_sf ? kCapRoce : kCapRoce | kCapMigratable;
            const nla_bitfield32 field{value & selector, selector};
            message.bytes(kPortFnAttrCaps,
                          {reinterpret_cast<const uint8_t*>(&field), sizeof field});
        }
    };
    caps();
    if (vport.is_sf) {
        message.u8(DEVLINK_PORT_FN_ATTR_STATE,
                   vport.sf_active ? DEVLINK_PORT_FN_STATE_ACTIVE : DEVLINK_PORT_FN_STATE_INACTIVE);
        message.u8(DEVLINK_PORT_FN_ATTR_OPSTATE, vport.sf_attached
                                                     ? DEVLINK_PORT_FN_OPSTATE_ATTACHED
                                                     : DEVLINK_PORT_FN_OPSTATE_DETACHED);
    }
    message.end(function);
}

// Type and value of a parameter as devlink_nl_param_value_fill_one() puts them.
struct ParamTypeNumber {
    uint8_t operator()(bool) const { return 6; }                // NLA_FLAG
    uint8_t operator()(uint32_t) const { return 3; }            // NLA_U32
    uint8_t operator()(const std::string&) const { return 5; }  // NLA_STRING
};

// devlink_nl_nested_fill(), devlink_nl_put_nested_handle()
void nested_instance(MessageWriter& message, const KernelVersion& kernel,
                     const Instance& instance) {
    if (!kernel.has_nested_instances() || !instance.ethernet) {
        return;
    }
    const size_t nest = message.flagged_nest(DEVLINK_ATTR_NESTED_DEVLINK);
    message.text(DEVLINK_ATTR_BUS_NAME, instance.ethernet->bus);
    message.text(DEVLINK_ATTR_DEV_NAME, instance.ethernet->device);
    message.end(nest);
}

// Of an auxiliary device it is "MODULE.NAME" (__auxiliary_driver_register()).
const char* driver_name(const Instance& instance) {
    return instance.kind == Instance::Kind::kEthernet ? "mlx5_core.eth"
           : instance.kind == Instance::Kind::kSf     ? "mlx5_core.sf"
                                                      : "mlx5_core";
}

void version(MessageWriter& message, uint16_t type, const std::string& name,
             const std::string& value) {
    const size_t nest = message.nest(type);
    message.text(DEVLINK_ATTR_INFO_VERSION_NAME, name);
    message.text(DEVLINK_ATTR_INFO_VERSION_VALUE, value);
    message.end(nest);
}

void versions(MessageWriter& message, const Adapter& adapter) {
    const std::string firmware = adapter.firmware_version();
    version(message, DEVLINK_ATTR_INFO_VERSION_FIXED, "fw.psid", adapter.board_id());
    version(message, DEVLINK_ATTR_INFO_VERSION_RUNNING, "fw.version", firmware);
    version(message, DEVLINK_ATTR_INFO_VERSION_RUNNING, "fw", firmware);
    version(message, DEVLINK_ATTR_INFO_VERSION_STORED, "fw.version", firmware);
    version(message, DEVLINK_ATTR_INFO_VERSION_STORED, "fw", firmware);
}

}  // namespace

// devlink_nl_fill()
Bytes encode_device(const DevlinkView& view, uint8_t command, const Instance& instance) {
    MessageWriter message = start(view, command, instance);
    message.u8(DEVLINK_ATTR_RELOAD_FAILED, instance.reload_failed ? 1 : 0);
    const size_t stats = message.flagged_nest(DEVLINK_ATTR_DEV_STATS);
    const bool reloads = instance.kind != Instance::Kind::kEthernet;
    reload_stats(message, DEVLINK_ATTR_RELOAD_STATS, instance.reloads, !reloads);
    reload_stats(message, DEVLINK_ATTR_REMOTE_RELOAD_STATS, 0, false);
    message.end(stats);
    nested_instance(message, view.adapter->topology().kernel, instance);
    return message.finish();
}

// devlink_nl_port_fill()
Bytes encode_port(const DevlinkView& view, uint8_t command, const Instance& instance,
                  const Port& port) {
    MessageWriter message = start(view, command, instance);
    message.u32(DEVLINK_ATTR_PORT_INDEX, port.index);
    message.u16(DEVLINK_ATTR_PORT_TYPE, port.type);
    if (port.type == DEVLINK_PORT_TYPE_ETH && port.netdev && port.netdev->in_namespace) {
        message.u32(DEVLINK_ATTR_PORT_NETDEV_IFINDEX, port.netdev->ifindex);
        message.text(DEVLINK_ATTR_PORT_NETDEV_NAME, port.netdev->name);
    }
    port_attributes(message, port);
    function_attributes(message, view.adapter->topology().kernel, port);
    return message.finish();
}

// devlink_nl_rate_fill()
Bytes encode_rate(const DevlinkView& view, uint8_t command, const Instance& instance,
                  const Rate& rate) {
    MessageWriter message = start(view, command, instance);
    message.u16(DEVLINK_ATTR_RATE_TYPE,
                rate.port_index ? DEVLINK_RATE_TYPE_LEAF : DEVLINK_RATE_TYPE_NODE);
    if (rate.port_index) {
        message.u32(DEVLINK_ATTR_PORT_INDEX, *rate.port_index);
    } else {
        message.text(DEVLINK_ATTR_RATE_NODE_NAME, rate.name);
    }
    message.u64(DEVLINK_ATTR_RATE_TX_SHARE, rate.tx_share);
    message.u64(DEVLINK_ATTR_RATE_TX_MAX, rate.tx_max);
    if (view.adapter->topology().kernel.has_rate_priority()) {
        message.u32(kAttrRateTxPriority, 0);
        message.u32(kAttrRateTxWeight, 0);
    }
    if (!rate.parent.empty()) {
        message.text(DEVLINK_ATTR_RATE_PARENT_NODE_NAME, rate.parent);
    }
    return message.finish();
}

// devlink_nl_param_fill()
Bytes encode_param(const DevlinkView& view, uint8_t command, const Instance& instance,
                   const Param& param) {
    MessageWriter message = start(view, command, instance);
    const size_t nest = message.nest(DEVLINK_ATTR_PARAM);
    message.text(DEVLINK_ATTR_PARAM_NAME, param.name);
    if (param.generic) {
        message.flag(DEVLINK_ATTR_PARAM_GENERIC);
    }
    message.u8(DEVLINK_ATTR_PARAM_TYPE, std::visit(ParamTypeNumber{}, param.value));
    const size_t values = message.nest(DEVLINK_ATTR_PARAM_VALUES_LIST);
    const size_t value = message.nest(DEVLINK_ATTR_PARAM_VALUE);
    message.u8(DEVLINK_ATTR_PARAM_VALUE_CMODE, param.cmode);
    if (const bool* flag = std::get_if<bool>(&param.value)) {
        if (*flag) {
            message.flag(DEVLINK_ATTR_PARAM_VALUE_DATA);
        }
    } else if (const uint32_t* number = std::get_if<uint32_t>(&param.value)) {
        message.u32(DEVLINK_ATTR_PARAM_VALUE_DATA, *number);
    } else {
        message.text(DEVLINK_ATTR_PARAM_VALUE_DATA, std::get<std::string>(param.value));
    }
    message.end(value);
    message.end(values);
    message.end(nest);
    return message.finish();
}

// devlink_nl_eswitch_fill()
Bytes encode_eswitch(const DevlinkView& view, const Instance& instance) {
    MessageWriter message = start(view, DEVLINK_CMD_ESWITCH_GET, instance);
    message.u16(DEVLINK_ATTR_ESWITCH_MODE, instance.pf->mode);
    message.u8(DEVLINK_ATTR_ESWITCH_INLINE_MODE, instance.pf->inline_mode);
    message.u8(DEVLINK_ATTR_ESWITCH_ENCAP_MODE, instance.pf->encap);
    return message.finish();
}

// devlink_nl_info_fill(), mlx5_devlink_info_get(). mlx5e_devlink_ops has nothing.
Bytes encode_info(const DevlinkView& view, const Instance& instance) {
    MessageWriter message = start(view, DEVLINK_CMD_INFO_GET, instance);
    if (view.adapter->topology().kernel.core_names_driver()) {
        if (instance.kind != Instance::Kind::kEthernet) {
            versions(message, *view.adapter);
        }
        message.text(DEVLINK_ATTR_INFO_DRIVER_NAME, driver_name(instance));
    } else {
        message.text(DEVLINK_ATTR_INFO_DRIVER_NAME, "mlx5_core");
        versions(message, *view.adapter);
    }
    return message.finish();
}

// devlink_nl_reload_actions_performed_snd()
Bytes encode_reload(const DevlinkView& view, const Instance& instance, uint32_t performed) {
    MessageWriter message = start(view, DEVLINK_CMD_RELOAD, instance);
    const nla_bitfield32 field{performed, performed};
    message.bytes(DEVLINK_ATTR_RELOAD_ACTIONS_PERFORMED,
                  {reinterpret_cast<const uint8_t*>(&field), sizeof field});
    return message.finish();
}

}  // namespace esw::sim
