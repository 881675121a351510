// SPDX-License-Identifier: Apache-2.0
// Ports and port functions: devlink_nl_cmd_port_*() (net/devlink), mlx5_devlink_port_function_*()
// (eswitch_offloads.c), sf/devlink.c.
#include <linux/devlink.h>

#include <cerrno>
#include <cstring>

#include "utilities/esw-sim/devlink_service.h"

namespace esw::sim {

namespace {

// Of kernels newer than Debian 12's linux/devlink.h.
constexpr uint16_t kPortFnAttrCaps = 4;  // DEVLINK_PORT_FN_ATTR_CAPS, 6.2
constexpr uint32_t kCapRoce = 1, kCapMigratable = 2;

}  // namespace

void DevlinkService::port_get(const CallPtr& call) {
    points_.pass("devlink.port_get", call->instance->handle(), [this, call](const Status& status) {
        if (status) {
            call->request->reply(encode_port(view(*call->request), DEVLINK_CMD_PORT_NEW,
                                             *call->instance, *call->port));
        }
        call->finish(status);
    });
}

// The dump says DEVLINK_CMD_NEW instead of PORT_NEW, a mistake that Linux keeps
// (devlink_nl_cmd_port_get_dumpit(); Documentation/netlink/specs/devlink.yaml).
void DevlinkService::port_dump(const CallPtr& call, const Instance& instance) {
    for (const auto& port : instance.ports) {
        call->request->reply(encode_port(view(*call->request), DEVLINK_CMD_NEW, instance, *port));
    }
}

void DevlinkService::port_set(const CallPtr& call) {
    points_.pass("devlink.port_set", call->instance->handle(), [this, call](Status status) {
        if (status && call->attributes.has(DEVLINK_ATTR_PORT_TYPE)) {
            status = fail(EOPNOTSUPP, "", "");  // mlx5 has no port_type_set
        }
        if (!status || !call->attributes.has(DEVLINK_ATTR_PORT_FUNCTION)) {
            call->finish(status);
            return;
        }
        status = function_set(*call);
        if (status) {
            notify_port(DEVLINK_CMD_PORT_NEW, *call->instance, *call->port);
        }
        Pf& pf = *call->instance->pf;
        const Vport* const vport = call->port->vport;
        const bool settle = vport && vport->is_sf && vport->sf_active != vport->sf_attached;
        const uint16_t number = vport ? vport->number : 0;
        call->finish(status);
        if (settle) {
            adapter_.settle_sf(pf, number);
        }
    });
}

// devlink_port_function_set()
Status DevlinkService::function_set(const Call& call) {
    using Kind = RequestAttributes::Kind;
    std::vector<RequestAttributes::Rule> rules{
        {DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR, Kind::kBinary},
        {DEVLINK_PORT_FN_ATTR_STATE,
         Kind::kU8,
         {{DEVLINK_PORT_FN_STATE_INACTIVE, DEVLINK_PORT_FN_STATE_ACTIVE}}}};
    const bool has_caps = adapter_.topology().kernel.has_function_caps();
    if (has_caps) {
        rules.push_back({kPortFnAttrCaps, Kind::kU64});
    }
    RequestAttributes function;
    if (const auto refusal =
            function.parse(call.attributes.data(DEVLINK_ATTR_PORT_FUNCTION), 0, rules, true)) {
        return fail(refusal->error, "", "", core_text("Fail to parse port function attributes"));
    }
    if (call.instance->kind == Instance::Kind::kEthernet) {  // devlink_port_function_validate()
        return fail(EOPNOTSUPP, "", "", "Port doesn't support function attributes");
    }
    Port& port = *call.port;
    if (function.has(DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR)) {
        if (Status status =
                function_set_address(port, function.data(DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR));
            !status) {
            return status;
        }
    }
    if (has_caps && function.has(kPortFnAttrCaps)) {
        const auto caps = function.number<nla_bitfield32>(kPortFnAttrCaps);
        if (Status status = function_set_caps(port, caps.value, caps.selector); !status) {
            return status;
        }
    }
    if (function.has(DEVLINK_PORT_FN_ATTR_STATE)) {
        return function_set_state(port, function.number<uint8_t>(DEVLINK_PORT_FN_ATTR_STATE));
    }
    return {};
}

// devlink_port_function_hw_addr_set(), mlx5_devlink_port_function_hw_addr_set()
Status DevlinkService::function_set_address(Port& port, std::span<const std::byte> address) {
    if (port.type == DEVLINK_PORT_TYPE_ETH) {
        if (address.size() != Mac{}.size()) {
            return fail(EINVAL, "", "", core_text("Address must be 6 bytes for Ethernet device"));
        }
        Mac mac;
        std::memcpy(mac.data(), address.data(), mac.size());
        if ((mac[0] & 1) != 0 || mac == Mac{}) {  // is_valid_ether_addr() less the zero test
            if ((mac[0] & 1) != 0) {
                return fail(EINVAL, "", "", core_text("Non-unicast hardware address unsupported"));
            }
        }
        if (!port.vport) {
            return port.flavour == DEVLINK_PORT_FLAVOUR_PHYSICAL
                       ? fail(EINVAL, "", "", "mlx5_core: Port doesn't support set hw_addr")
                       : fail(EOPNOTSUPP, "", "", "mlx5_core: Eswitch doesn't support set hw_addr");
        }
        port.vport->admin_mac = mac;
        return {};
    }
    return fail(EINVAL, "", "", "mlx5_core: Port doesn't support set hw_addr");
}

// devlink_port_fn_state_set(), mlx5_devlink_sf_port_fn_state_set()
Status DevlinkService::function_set_state(Port& port, uint8_t state) {
    if (!port.vport && port.flavour != DEVLINK_PORT_FLAVOUR_PHYSICAL) {
        return fail(EOPNOTSUPP, "", "",
                    "mlx5_core: Port state set is only supported in eswitch switchdev mode or SF "
                    "ports are disabled.");
    }
    if (!port.vport || !port.vport->is_sf) {
        const bool legacy = !port.vport;
        return legacy ? fail(EOPNOTSUPP, "", "",
                             "mlx5_core: Port state set is only supported in eswitch switchdev "
                             "mode or SF ports are disabled.")
                      : fail(ENODEV, "", "");
    }
    return adapter_.sf_state_set(*port.vport, state == DEVLINK_PORT_FN_STATE_ACTIVE);
}

// devlink_port_function_validate() and mlx5_devlink_port_fn_{roce,migratable}_set() of 6.2.
Status DevlinkService::function_set_caps(Port& port, uint32_t value, uint32_t selector) {
    if (!port.vport) {
        return fail(EOPNOTSUPP, "", "", "Port doesn't support RoCE function attribute");
    }
    if ((selector & kCapMigratable) != 0 && port.vport->is_sf) {
        return fail(EOPNOTSUPP, "", "", "migratable function attribute supported for VFs only");
    }
    if ((selector & kCapRoce) != 0) {
        port.vport->roce = (value & kCapRoce) != 0;
    }
    if ((selector & kCapMigratable) != 0) {
        port.vport->migratable = (value & kCapMigratable) != 0;
    }
    return {};
}

// devlink_nl_cmd_port_new_doit(), mlx5_sf_new_check_attr(), mlx5_devlink_sf_port_new()
void DevlinkService::port_new(const CallPtr& call) {
    const RequestAttributes& attributes = call->attributes;
    Instance& instance = *call->instance;
    if (instance.kind == Instance::Kind::kEthernet) {
        call->finish(EOPNOTSUPP);
        return;
    }
    if (!attributes.has(DEVLINK_ATTR_PORT_FLAVOUR) ||
        !attributes.has(DEVLINK_ATTR_PORT_PCI_PF_NUMBER)) {
        call->finish(EINVAL, core_text("Port flavour or PCI PF are not specified"));
        return;
    }
    const char* refusal = nullptr;
    if (attributes.number<uint16_t>(DEVLINK_ATTR_PORT_FLAVOUR) != DEVLINK_PORT_FLAVOUR_PCI_SF) {
        refusal = "Driver supports only SF port addition";
    } else if (attributes.has(DEVLINK_ATTR_PORT_INDEX)) {
        refusal = "Driver does not support user defined port index assignment";
    } else if (!attributes.has(DEVLINK_ATTR_PORT_PCI_SF_NUMBER)) {
        refusal = "User must provide unique sfnum. Driver does not support auto assignment";
    } else if (attributes.number<uint32_t>(DEVLINK_ATTR_PORT_CONTROLLER_NUMBER) != 0) {
        refusal = "External controller is unsupported";
    } else if (attributes.number<uint16_t>(DEVLINK_ATTR_PORT_PCI_PF_NUMBER) !=
               instance.pf->number) {
        refusal = "Invalid pfnum supplied";
    } else if (instance.kind != Instance::Kind::kPf || !instance.pf->switchdev()) {
        refusal = "Port add is only supported in eswitch switchdev mode or SF ports are disabled.";
    }
    if (refusal) {
        call->finish(EOPNOTSUPP, std::string("mlx5_core: ") + refusal);
        return;
    }
    const auto index = std::make_shared<uint32_t>();
    const Adapter::NewSf wanted{attributes.number<uint32_t>(DEVLINK_ATTR_PORT_PCI_SF_NUMBER),
                                index.get()};
    adapter_
        .sf_new(
            instance, wanted,
            [this, call, index](const Status& status) {
                if (status) {
                    const uint8_t command = adapter_.topology().kernel.port_new_reply_is_port_new()
                                                ? DEVLINK_CMD_PORT_NEW
                                                : DEVLINK_CMD_NEW;
                    call->request->reply(encode_port(view(*call->request), command, *call->instance,
                                                     *call->instance->port(*index)));
                }
                call->finish(status);
            })
        ->run();
}

// devlink_nl_cmd_port_del_doit(), mlx5_devlink_sf_port_del()
void DevlinkService::port_del(const CallPtr& call) {
    if (call->instance->kind == Instance::Kind::kEthernet) {
        call->finish(EOPNOTSUPP);
        return;
    }
    if (!call->attributes.has(DEVLINK_ATTR_PORT_INDEX)) {
        call->finish(EINVAL, core_text("Port index is not specified"));
        return;
    }
    Instance& instance = *call->instance;
    if (instance.kind != Instance::Kind::kPf || !instance.pf->switchdev()) {
        call->finish(EOPNOTSUPP,
                     "mlx5_core: Port del is only supported in eswitch switchdev mode or SF ports "
                     "are disabled.");
        return;
    }
    adapter_
        .sf_del(instance, call->attributes.number<uint32_t>(DEVLINK_ATTR_PORT_INDEX),
                [call](const Status& status) { call->finish(status); })
        ->run();
}

}  // namespace esw::sim
