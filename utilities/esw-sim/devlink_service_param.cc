// SPDX-License-Identifier: Apache-2.0
// Parameters: devlink_nl_cmd_param_*() (net/devlink), the validate functions of mlx5's devlink.c.
#include <linux/devlink.h>

#include <bit>
#include <cerrno>

#include "utilities/esw-sim/devlink_service.h"

namespace esw::sim {

namespace {

// devlink_param_type_get_from_info() and devlink_param_value_get_from_info(): the value, when it
// has the type of `param`.
std::optional<ParamValue> read_value(const RequestAttributes& attributes, const Param& param) {
    constexpr uint8_t kU32 = 3, kString = 5, kFlag = 6;  // NLA_*, as on the wire
    constexpr size_t kMaxString = 32;                    // __DEVLINK_PARAM_MAX_STRING_VALUE
    const auto type = attributes.number<uint8_t>(DEVLINK_ATTR_PARAM_TYPE);
    const bool has = attributes.has(DEVLINK_ATTR_PARAM_VALUE_DATA);
    const auto data = attributes.data(DEVLINK_ATTR_PARAM_VALUE_DATA);
    if (std::holds_alternative<bool>(param.value)) {
        return type == kFlag && data.empty() ? std::optional<ParamValue>(has) : std::nullopt;
    }
    if (std::holds_alternative<uint32_t>(param.value)) {
        return type == kU32 && data.size() == sizeof(uint32_t)
                   ? std::optional<ParamValue>(
                         attributes.number<uint32_t>(DEVLINK_ATTR_PARAM_VALUE_DATA))
                   : std::nullopt;
    }
    const std::string text = attributes.text(DEVLINK_ATTR_PARAM_VALUE_DATA);
    return type == kString && has && text.size() < data.size() && text.size() < kMaxString
               ? std::optional<ParamValue>(text)
               : std::nullopt;
}

}  // namespace

void DevlinkService::param_get(const CallPtr& call) {
    const Param* const param =
        call->instance->param(call->attributes.text(DEVLINK_ATTR_PARAM_NAME));
    if (!param) {
        call->finish(EINVAL);
        return;
    }
    call->request->reply(
        encode_param(view(*call->request), DEVLINK_CMD_PARAM_GET, *call->instance, *param));
    call->finish(0);
}

void DevlinkService::param_dump(const CallPtr& call, const Instance& instance) {
    for (const Param& param : instance.params) {
        call->request->reply(
            encode_param(view(*call->request), DEVLINK_CMD_PARAM_GET, instance, param));
    }
}

void DevlinkService::param_set(const CallPtr& call) {
    Param* const param = call->instance->param(call->attributes.text(DEVLINK_ATTR_PARAM_NAME));
    if (!param) {
        call->finish(EINVAL);
        return;
    }
    const auto value = read_value(call->attributes, *param);
    if (!value) {
        call->finish(EINVAL);
        return;
    }
    points_.pass(
        "devlink.param_set", call->instance->handle(), [this, call, param, value](Status status) {
            if (status) {
                status = param_validate(*call->instance, *param, *value);
            }
            if (status && !call->attributes.has(DEVLINK_ATTR_PARAM_VALUE_CMODE)) {
                status = fail(EINVAL, "", "");
            } else if (status && call->attributes.number<uint8_t>(DEVLINK_ATTR_PARAM_VALUE_CMODE) !=
                                     param->cmode) {
                status = fail(EOPNOTSUPP, "", "");
            }
            if (status && param->name == "esw_multiport") {
                multiport_set(call, *param, std::get<bool>(*value));
                return;
            }
            if (status) {
                param->value = *value;
                notify_param(DEVLINK_CMD_PARAM_NEW, *call->instance, *param);
            }
            call->finish(status);
        });
}

// mlx5_devlink_esw_multiport_set(); what it reads back may be another value.
void DevlinkService::multiport_set(const CallPtr& call, const Param& param, bool on) {
    adapter_.multiport_set(on, [this, call, &param](const Status& status) {
        if (status) {
            notify_param(DEVLINK_CMD_PARAM_NEW, *call->instance, param);
        }
        call->finish(status);
    });
}

Status DevlinkService::param_validate(const Instance& instance, const Param& param,
                                      const ParamValue& value) {
    const auto refuse = [](int error, const char* text) {
        return fail(error, "", "", text ? std::string("mlx5_core: ") + text : "");
    };
    const bool switchdev = instance.kind == Instance::Kind::kPf && instance.pf->switchdev();
    const uint32_t* const number = std::get_if<uint32_t>(&value);
    if (param.name == "flow_steering_mode") {  // mlx5_devlink_fs_mode_validate()
        const std::string& mode = std::get<std::string>(value);
        if (mode == "smfs" && switchdev) {
            return refuse(EOPNOTSUPP,
                          "Software managed steering is not supported when eswitch "
                          "offloads enabled.");
        }
        if (mode != "smfs" && mode != "dmfs") {
            return refuse(EINVAL, "Bad parameter: supported values are [\"dmfs\", \"smfs\"]");
        }
    } else if (param.name == "fdb_large_groups" && (*number < 1 || *number > 1024)) {
        return refuse(EOPNOTSUPP, "Unsupported group number, supported range is 1-1024");
    } else if (param.name == "esw_port_metadata" && switchdev) {
        return refuse(EBUSY, "E-Switch must either disabled or non switchdev mode");
    } else if ((param.name == "io_eq_size" || param.name == "event_eq_size") &&
               (*number < 64 || *number > 4096)) {
        return refuse(EINVAL, nullptr);
    } else if (param.name == "max_macs" && *number == 0) {
        return refuse(EINVAL, "max_macs value must be greater than 0");
    } else if (param.name == "max_macs" && !std::has_single_bit(*number)) {
        return refuse(EINVAL, "Only power of 2 values are supported for max_macs");
    } else if (param.name == "max_macs" && *number > 128) {
        return refuse(EINVAL, "max_macs value is out of the supported range");
    }
    return {};
}

void DevlinkService::port_param(const CallPtr& call) {
    call->finish(EINVAL, core_text("Port params are not supported"));
}

}  // namespace esw::sim
