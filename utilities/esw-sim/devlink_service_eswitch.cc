// SPDX-License-Identifier: Apache-2.0
// Eswitch mode and reload: devlink_nl_cmd_eswitch_*() and devlink_nl_cmd_reload() (net/devlink),
// mlx5_devlink_eswitch_*() (eswitch_offloads.c).
#include <linux/devlink.h>

#include <algorithm>
#include <cerrno>

#include "utilities/esw-sim/devlink_service.h"

namespace esw::sim {

void DevlinkService::eswitch_get(const CallPtr& call) {
    points_.pass("devlink.eswitch_get", call->instance->handle(), [this, call](Status status) {
        // mlx5_eswitch_check(): only PFs manage an eswitch.
        if (status && call->instance->kind != Instance::Kind::kPf) {
            status = fail(EOPNOTSUPP, "", "");
        }
        if (status) {
            call->request->reply(encode_eswitch(view(*call->request), *call->instance));
        }
        call->finish(status);
    });
}

void DevlinkService::eswitch_set(const CallPtr& call) {
    Instance& instance = *call->instance;
    if (!call->attributes.has(DEVLINK_ATTR_ESWITCH_MODE)) {
        call->finish(eswitch_set_rest(*call));
        return;
    }
    const bool nodes = std::any_of(instance.rates.begin(), instance.rates.end(),
                                   [](const Rate& rate) { return !rate.port_index; });
    if (nodes) {  // devlink_rate_nodes_check()
        call->finish(EBUSY, core_text("Rate node(s) exists."));
        return;
    }
    if (instance.kind != Instance::Kind::kPf) {
        call->finish(EOPNOTSUPP);
        return;
    }
    const auto mode = call->attributes.number<uint16_t>(DEVLINK_ATTR_ESWITCH_MODE);
    const bool to_legacy = mode == kModeLegacy;
    const auto operation =
        adapter_.mode_set(instance, mode, [this, call, to_legacy](Status status) {
            if (status) {
                call->finish(eswitch_set_rest(*call));
                return;
            }
            std::string text = status.error().detail;
            if (text.empty() && status.error().code == EBUSY) {
                // mlx5_esw_try_lock()
                text = "mlx5_core: Can't change mode, E-Switch is busy";
            } else if (text.empty()) {
                text = to_legacy ? "mlx5_core: Failed setting eswitch to legacy"
                                 : "mlx5_core: Failed setting eswitch to offloads";
            }
            call->finish(status.error().code, text);
        });
    operation->run();
}

Status DevlinkService::eswitch_set_rest(const Call& call) {
    const bool is_pf = call.instance->kind == Instance::Kind::kPf;
    const bool sets_inline = call.attributes.has(DEVLINK_ATTR_ESWITCH_INLINE_MODE);
    const bool sets_encap = call.attributes.has(DEVLINK_ATTR_ESWITCH_ENCAP_MODE);
    if (!is_pf && (sets_inline || sets_encap)) {
        return fail(EOPNOTSUPP, "", "");
    }
    // A ConnectX-6 Dx needs no inline headers: MLX5_CAP_INLINE_MODE_NOT_REQUIRED in
    // mlx5_devlink_eswitch_inline_mode_set().
    if (sets_inline && call.attributes.number<uint8_t>(DEVLINK_ATTR_ESWITCH_INLINE_MODE) !=
                           DEVLINK_ESWITCH_INLINE_MODE_NONE) {
        return fail(EOPNOTSUPP, "", "", "mlx5_core: Inline mode can't be set");
    }
    if (sets_encap) {
        const auto encap = call.attributes.number<uint8_t>(DEVLINK_ATTR_ESWITCH_ENCAP_MODE);
        if (encap > DEVLINK_ESWITCH_ENCAP_MODE_BASIC) {
            return fail(EOPNOTSUPP, "", "");
        }
        call.instance->pf->encap = encap;
    }
    return {};
}

std::optional<std::pair<int, std::string>> DevlinkService::check_reload(const Call& call,
                                                                        bool* wants_reply) {
    const RequestAttributes& attributes = call.attributes;
    if (call.instance->kind == Instance::Kind::kEthernet) {
        return {{EOPNOTSUPP, core_text("Requested reload action is not supported by the driver")}};
    }
    uint8_t action = DEVLINK_RELOAD_ACTION_DRIVER_REINIT;
    if (attributes.has(DEVLINK_ATTR_RELOAD_ACTION)) {
        action = attributes.number<uint8_t>(DEVLINK_ATTR_RELOAD_ACTION);
        *wants_reply = true;
    }
    bool no_reset = false;
    if (attributes.has(DEVLINK_ATTR_RELOAD_LIMITS)) {
        *wants_reply = true;
        const auto limits = attributes.number<nla_bitfield32>(DEVLINK_ATTR_RELOAD_LIMITS);
        if ((limits.value & limits.selector) == 0) {
            return {{EINVAL, core_text("Invalid limit selected")}};
        }
        if ((limits.value & limits.selector) != 1u << DEVLINK_RELOAD_LIMIT_NO_RESET) {
            return {{EOPNOTSUPP, core_text("Requested limit is not supported by the driver")}};
        }
        no_reset = true;
        if (action == DEVLINK_RELOAD_ACTION_DRIVER_REINIT) {
            return {{EINVAL, core_text("Requested limit is invalid for this action")}};
        }
    }
    if (action == DEVLINK_RELOAD_ACTION_FW_ACTIVATE) {
        // No other firmware is stored: mlx5_devlink_trigger_fw_live_patch() and
        // mlx5_devlink_reload_fw_activate().
        return {{EINVAL, no_reset ? "mlx5_core: FW upgrade to the stored FW can't be done by FW "
                                    "live patching"
                                  : "mlx5_core: FW activate requires reboot"}};
    }
    return {};
}

void DevlinkService::reload(const CallPtr& call) {
    bool wants_reply = false;
    if (auto refusal = check_reload(*call, &wants_reply)) {
        call->finish(refusal->first, refusal->second);
        return;
    }
    for (const uint16_t type :
         {DEVLINK_ATTR_NETNS_PID, DEVLINK_ATTR_NETNS_FD, DEVLINK_ATTR_NETNS_ID}) {
        if (call->attributes.has(type)) {
            call->finish(EOPNOTSUPP, "esw-sim: another network namespace is not simulated");
            return;
        }
    }
    if (call->instance->kind != Instance::Kind::kPf) {
        call->finish(EOPNOTSUPP, "esw-sim: reload of a VF or SF is not simulated");
        return;
    }
    const auto warning = std::make_shared<std::string>();
    const auto operation =
        adapter_.reload(*call->instance, [this, call, wants_reply, warning](const Status& status) {
            if (!status) {
                call->finish(status);
                return;
            }
            if (wants_reply) {
                call->request->reply(encode_reload(view(*call->request), *call->instance,
                                                   1u << DEVLINK_RELOAD_ACTION_DRIVER_REINIT));
            }
            call->finish(0, *warning);
        });
    operation->on_warning([warning](const std::string& text) { *warning = text; });
    operation->run();
}

}  // namespace esw::sim
