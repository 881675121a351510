// SPDX-License-Identifier: Apache-2.0
// Rate objects: devlink_nl_cmd_rate_*() (net/devlink), mlx5_esw_devlink_rate_*() (esw/qos.c).
#include <linux/devlink.h>

#include <algorithm>
#include <cerrno>

#include "utilities/esw-sim/devlink_service.h"

namespace esw::sim {

namespace {

// devlink_rate_node_get_from_attrs(): "Name cannot be empty or decimal number".
bool valid_node_name(const std::string& name) {
    return name.find_first_not_of("0123456789") != std::string::npos;
}

}  // namespace

// devlink_rate_get_from_info()
Rate* DevlinkService::find_rate(const Call& call, int* error) {
    Rate* rate = nullptr;
    *error = ENODEV;
    if (call.attributes.has(DEVLINK_ATTR_PORT_INDEX)) {
        rate = call.instance->leaf(call.attributes.number<uint32_t>(DEVLINK_ATTR_PORT_INDEX));
    } else if (const std::string name = call.attributes.text(DEVLINK_ATTR_RATE_NODE_NAME);
               valid_node_name(name)) {
        rate = call.instance->node(name);
    } else {
        *error = EINVAL;
    }
    return rate;
}

void DevlinkService::rate_get(const CallPtr& call) {
    int error;
    const Rate* const rate = find_rate(*call, &error);
    if (!rate) {
        call->finish(error);
        return;
    }
    call->request->reply(
        encode_rate(view(*call->request), DEVLINK_CMD_RATE_NEW, *call->instance, *rate));
    call->finish(0);
}

void DevlinkService::rate_dump(const CallPtr& call, const Instance& instance) {
    for (const Rate& rate : instance.rates) {
        call->request->reply(
            encode_rate(view(*call->request), DEVLINK_CMD_RATE_NEW, instance, rate));
    }
}

void DevlinkService::rate_set(const CallPtr& call) {
    points_.pass("devlink.rate_set", call->instance->handle(), [this, call](Status status) {
        int error;
        Rate* const rate = find_rate(*call, &error);
        if (status && !rate) {
            status = fail(error, "", "");
        }
        if (status && !rate->port_index &&
            call->attributes.has(DEVLINK_ATTR_RATE_PARENT_NODE_NAME)) {
            // devlink_rate_set_ops_supported(): mlx5 has no rate_node_parent_set.
            status =
                fail(EOPNOTSUPP, "", "", core_text("Parent set isn't supported for the nodes"));
        }
        if (status) {
            status = rate_apply(*call, *rate);
        }
        if (status) {
            notify_rate(DEVLINK_CMD_RATE_NEW, *call->instance, *rate);
        }
        call->finish(status);
    });
}

// devlink_nl_rate_set(): what was set before an error stays.
Status DevlinkService::rate_apply(const Call& call, Rate& rate) {
    for (const auto& [type, member] : {std::pair(DEVLINK_ATTR_RATE_TX_SHARE, &Rate::tx_share),
                                       std::pair(DEVLINK_ATTR_RATE_TX_MAX, &Rate::tx_max)}) {
        if (!call.attributes.has(static_cast<uint16_t>(type))) {
            continue;
        }
        const auto value = call.attributes.number<uint64_t>(static_cast<uint16_t>(type));
        if (Status status = rate_check_speed(*call.instance, value); !status) {
            return status;
        }
        rate.*member = value;
    }
    return call.attributes.has(DEVLINK_ATTR_RATE_PARENT_NODE_NAME) ? rate_set_parent(call, rate)
                                                                   : Status{};
}

// esw_qos_devlink_rate_to_mbps()
Status DevlinkService::rate_check_speed(const Instance& instance, uint64_t rate) const {
    constexpr uint64_t kMbps = 125000;  // MLX5_LINKSPEED_UNIT, bytes per second
    if (rate % kMbps != 0) {
        return fail(EINVAL, "", "", "mlx5_core: TX rate value not in link speed units of 1Mbps");
    }
    if (rate / kMbps > instance.pf->topology.speed_mbps) {
        return fail(EINVAL, "", "", "mlx5_core: TX rate value exceed link maximum speed");
    }
    return {};
}

// devlink_nl_rate_parent_node_set()
Status DevlinkService::rate_set_parent(const Call& call, Rate& rate) {
    const std::string parent = call.attributes.text(DEVLINK_ATTR_RATE_PARENT_NODE_NAME);
    if (!rate.parent.empty() && !parent.empty()) {
        return fail(EBUSY, "", "", core_text("Rate object already has parent."));
    }
    if (!parent.empty() && !call.instance->node(parent)) {
        return fail(ENODEV, "", "");
    }
    rate.parent = parent;
    return {};
}

void DevlinkService::rate_new(const CallPtr& call) {
    points_.pass("devlink.rate_set", call->instance->handle(), [this, call](Status status) {
        Instance& instance = *call->instance;
        const std::string name = call->attributes.text(DEVLINK_ATTR_RATE_NODE_NAME);
        if (status && call->attributes.has(DEVLINK_ATTR_RATE_PARENT_NODE_NAME)) {
            status =
                fail(EOPNOTSUPP, "", "", core_text("Parent set isn't supported for the nodes"));
        } else if (status && instance.node(name)) {
            status = fail(EEXIST, "", "");
        } else if (status && !valid_node_name(name)) {
            status = fail(EINVAL, "", "");
        } else if (status && instance.kind != Instance::Kind::kPf) {
            status = fail(EOPNOTSUPP, "", "");
        } else if (status && !instance.pf->switchdev()) {
            status = fail(EOPNOTSUPP, "", "",
                          "mlx5_core: Rate node creation supported only in switchdev mode");
        }
        Rate node;
        node.name = name;
        if (status) {
            status = rate_apply(*call, node);
        }
        if (status) {
            instance.rates.push_front(node);
            notify_rate(DEVLINK_CMD_RATE_NEW, instance, node);
        }
        call->finish(status);
    });
}

void DevlinkService::rate_del(const CallPtr& call) {
    points_.pass("devlink.rate_set", call->instance->handle(), [this, call](Status status) {
        Instance& instance = *call->instance;
        const std::string name = call->attributes.text(DEVLINK_ATTR_RATE_NODE_NAME);
        Rate* const node = instance.node(name);
        const bool used =
            std::any_of(instance.rates.begin(), instance.rates.end(),
                        [&](const Rate& rate) { return node && rate.parent == node->name; });
        if (status && !node) {
            status = fail(valid_node_name(name) ? ENODEV : EINVAL, "", "");
        } else if (status && used) {
            status = fail(EBUSY, "", "", core_text("Node has children. Cannot delete node."));
        }
        if (status) {
            notify_rate(DEVLINK_CMD_RATE_DEL, instance, *node);
            instance.rates.remove_if([&](const Rate& rate) { return &rate == node; });
        }
        call->finish(status);
    });
}

}  // namespace esw::sim
