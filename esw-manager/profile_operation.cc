// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/profile_operation.h"

#include <cerrno>
#include <utility>

#include "esw-manager/mode_policy.h"

namespace esw {

namespace {

using netlink::ParamCmode;
using netlink::ParamValue;

const std::string kSteeringMode = "flow_steering_mode";

/// Whether it was another one.
Result<bool> set_steering_mode(const DevlinkHandle& handle, const std::string& mode,
                               netlink::Kernel& kernel) {
    const auto param = kernel.param_get(handle, kSteeringMode);
    if (!param) {
        return fail(param.error());
    }
    for (const auto& [cmode, value] : param->values) {
        if (cmode == ParamCmode::kRuntime && value == ParamValue(mode)) {
            return false;
        }
    }
    const Status set =
        kernel.param_set(handle, kSteeringMode, param->type, ParamCmode::kRuntime, mode);
    return set ? Result<bool>(true) : fail(set.error());
}

/// Whether one of them was different.
Result<bool> set_attributes(const DevlinkHandle& handle, const ProfileRule& rule,
                            netlink::Kernel& kernel) {
    const auto now = kernel.eswitch_get(handle);
    if (!now) {
        return fail(now.error());
    }
    netlink::Eswitch wanted;
    if (rule.inline_mode && rule.inline_mode != now->inline_mode) {
        wanted.inline_mode = rule.inline_mode;
    }
    if (rule.encap_mode && rule.encap_mode != now->encap_mode) {
        wanted.encap_mode = rule.encap_mode;
    }
    if (wanted == netlink::Eswitch{}) {
        return false;
    }
    const Status set = kernel.eswitch_set(handle, wanted);
    return set ? Result<bool>(true) : fail(set.error());
}

Result<bool> set_before(const DevlinkHandle& handle, const ProfileRule& rule,
                        netlink::Kernel& kernel) {
    bool different = false;
    if (rule.flow_steering_mode) {
        const auto set = set_steering_mode(handle, *rule.flow_steering_mode, kernel);
        if (!set) {
            return set;
        }
        different = *set;
    }
    const auto set = set_attributes(handle, rule, kernel);
    return set ? Result<bool>(different || *set) : set;
}

/// What must be set before the mode, under the control lock. Nothing that is loaded changes.
Result<bool> apply_settings(Eswitch& eswitch, const ProfileRule& rule,
                            const OperationTools& tools) {
    if (!rule.has_settings()) {
        return false;
    }
    const BlockHolder operation("profile settings");
    if (const Status control = eswitch.take_control(operation); !control) {
        eswitch.set_activity({});
        return fail(control.error());
    }
    const auto set = set_before(eswitch.handle(), rule, tools.kernel);
    eswitch.release_control();
    eswitch.set_activity({});
    return set;
}

/// VFs under which the mode would be changed.
Result<uint32_t> vfs_in_the_way(Eswitch& eswitch, const ProfileRule& rule,
                                const OperationTools& tools) {
    const auto now = tools.kernel.eswitch_get(eswitch.handle());
    if (!now) {
        return fail(now.error());
    }
    return now->mode == rule.mode ? Result<uint32_t>(0) : tools.kernel.num_vfs(eswitch.handle());
}

}  // namespace

Result<std::string> apply_rule(Eswitch& eswitch, const ProfileRule& rule, bool unless_vfs,
                               const OperationTools& tools) {
    if (unless_vfs) {
        const auto vfs = vfs_in_the_way(eswitch, rule, tools);
        if (!vfs) {
            return fail(vfs.error());
        }
        if (*vfs > 0) {
            return ModePolicy::held(*vfs);
        }
    }
    const auto different = apply_settings(eswitch, rule, tools);
    if (!different) {
        return fail(different.error());
    }
    auto result = set_eswitch_mode(eswitch, rule.mode, tools);
    return result && *result == kNoChange && *different ? Result<std::string>("done") : result;
}

}  // namespace esw
