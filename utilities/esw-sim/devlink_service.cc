// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/devlink_service.h"

#include <linux/devlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace esw::sim {

namespace {

using Rule = RequestAttributes::Rule;
using Kind = RequestAttributes::Kind;

// devlink_nl_policy, as far as the commands that are played read it.
std::vector<Rule> rules_for(const KernelVersion& kernel) {
    const uint16_t last_mode =
        kernel.has_switchdev_inactive() ? kModeSwitchdevInactive : kModeSwitchdev;
    return {
        {DEVLINK_ATTR_BUS_NAME, Kind::kText},
        {DEVLINK_ATTR_DEV_NAME, Kind::kText},
        {DEVLINK_ATTR_PORT_INDEX, Kind::kU32},
        {DEVLINK_ATTR_PORT_TYPE, Kind::kU16, {{DEVLINK_PORT_TYPE_AUTO, DEVLINK_PORT_TYPE_IB}}},
        {DEVLINK_ATTR_PORT_SPLIT_COUNT, Kind::kU32},
        {DEVLINK_ATTR_ESWITCH_MODE, Kind::kU16, {{DEVLINK_ESWITCH_MODE_LEGACY, last_mode}}},
        {DEVLINK_ATTR_ESWITCH_INLINE_MODE, Kind::kU8},
        {DEVLINK_ATTR_ESWITCH_ENCAP_MODE, Kind::kU8},
        {DEVLINK_ATTR_PARAM_NAME, Kind::kText},
        {DEVLINK_ATTR_PARAM_TYPE, Kind::kU8},
        {DEVLINK_ATTR_PARAM_VALUE_CMODE, Kind::kU8},
        {DEVLINK_ATTR_NETNS_PID, Kind::kU32},
        {DEVLINK_ATTR_NETNS_FD, Kind::kU32},
        {DEVLINK_ATTR_NETNS_ID, Kind::kU32},
        {DEVLINK_ATTR_PORT_FUNCTION, Kind::kNested},
        {DEVLINK_ATTR_RELOAD_ACTION,
         Kind::kU8,
         {{DEVLINK_RELOAD_ACTION_DRIVER_REINIT, DEVLINK_RELOAD_ACTION_MAX}}},
        {DEVLINK_ATTR_RELOAD_LIMITS, Kind::kU64},
        {DEVLINK_ATTR_PORT_FLAVOUR, Kind::kU16},
        {DEVLINK_ATTR_PORT_PCI_PF_NUMBER, Kind::kU16},
        {DEVLINK_ATTR_PORT_PCI_SF_NUMBER, Kind::kU32},
        {DEVLINK_ATTR_PORT_CONTROLLER_NUMBER, Kind::kU32},
        {DEVLINK_ATTR_RATE_TYPE, Kind::kU16},
        {DEVLINK_ATTR_RATE_TX_SHARE, Kind::kU64},
        {DEVLINK_ATTR_RATE_TX_MAX, Kind::kU64},
        {DEVLINK_ATTR_RATE_NODE_NAME, Kind::kText},
        {DEVLINK_ATTR_RATE_PARENT_NODE_NAME, Kind::kText},
    };
}

}  // namespace

void DevlinkService::Call::finish(int error, std::string text) {
    const auto unlock = std::exchange(release, nullptr);
    request->finish(error, std::move(text));
    if (unlock) {
        unlock();
    }
}

void DevlinkService::Call::finish(const Status& status) {
    if (status) {
        finish(0);
    } else {
        finish(status.error().code, status.error().detail);
    }
}

// Commands of the kernel that are not here (health, resources, regions, flash, traps ...): see
// esw-sim(8), what is not simulated.
const std::vector<DevlinkService::Command>& DevlinkService::commands() {
    using S = DevlinkService;
    static const std::vector<Command> kCommands = {
        {DEVLINK_CMD_GET, &S::device_get, &S::device_dump, false, false, false},
        {DEVLINK_CMD_PORT_GET, &S::port_get, &S::port_dump, false, true, false},
        {DEVLINK_CMD_PORT_SET, &S::port_set, nullptr, true, true, false},
        {DEVLINK_CMD_PORT_NEW, &S::port_new, nullptr, true, false, true},
        {DEVLINK_CMD_PORT_DEL, &S::port_del, nullptr, true, false, true},
        {DEVLINK_CMD_PORT_SPLIT, &S::not_supported, nullptr, true, true, false},
        {DEVLINK_CMD_PORT_UNSPLIT, &S::not_supported, nullptr, true, true, false},
        {DEVLINK_CMD_ESWITCH_GET, &S::eswitch_get, nullptr, true, false, false},
        {DEVLINK_CMD_ESWITCH_SET, &S::eswitch_set, nullptr, true, false, false},
        {DEVLINK_CMD_RELOAD, &S::reload, nullptr, true, false, false},
        {DEVLINK_CMD_PARAM_GET, &S::param_get, &S::param_dump, false, false, false},
        {DEVLINK_CMD_PARAM_SET, &S::param_set, nullptr, true, false, false},
        {DEVLINK_CMD_PORT_PARAM_GET, &S::port_param, &S::nothing_dump, false, true, false},
        {DEVLINK_CMD_PORT_PARAM_SET, &S::port_param, nullptr, true, true, false},
        {DEVLINK_CMD_RATE_GET, &S::rate_get, &S::rate_dump, false, false, true},
        {DEVLINK_CMD_RATE_SET, &S::rate_set, nullptr, true, false, true},
        {DEVLINK_CMD_RATE_NEW, &S::rate_new, nullptr, true, false, true},
        {DEVLINK_CMD_RATE_DEL, &S::rate_del, nullptr, true, false, true},
        {DEVLINK_CMD_INFO_GET, &S::info_get, &S::info_dump, false, false, false},
        {DEVLINK_CMD_SB_GET, &S::not_supported, &S::nothing_dump, false, false, false},
        {DEVLINK_CMD_REGION_GET, &S::not_supported, &S::nothing_dump, true, false, false},
        {DEVLINK_CMD_HEALTH_REPORTER_GET, &S::not_supported, &S::nothing_dump, false, false, false},
        {DEVLINK_CMD_TRAP_GET, &S::not_supported, &S::nothing_dump, false, false, true},
        {DEVLINK_CMD_TRAP_GROUP_GET, &S::not_supported, &S::nothing_dump, false, false, true},
        {DEVLINK_CMD_TRAP_POLICER_GET, &S::not_supported, &S::nothing_dump, false, false, true},
        {DEVLINK_CMD_LINECARD_GET, &S::not_supported, &S::nothing_dump, false, false, true},
        {DEVLINK_CMD_RESOURCE_DUMP, &S::not_supported, nullptr, false, false, false},
    };
    return kCommands;
}

const DevlinkService::Command* DevlinkService::find_command(uint8_t number) {
    const auto& all = commands();
    const auto found = std::find_if(
        all.begin(), all.end(), [&](const Command& command) { return command.number == number; });
    return found == all.end() ? nullptr : &*found;
}

// genl_family_rcv_msg() and devlink_nl_pre_doit().
void DevlinkService::handle(std::shared_ptr<Request> request) {
    const auto payload = request->payload();
    if (payload.size() < GENL_HDRLEN) {
        request->finish(EINVAL);
        return;
    }
    const Command* const command = find_command(static_cast<uint8_t>(payload[0]));
    if (!command || (request->is_dump() ? !command->dumper : !command->handler)) {
        request->finish(EOPNOTSUPP);
        return;
    }
    if (command->admin && !request->net_admin()) {
        request->finish(EPERM);
        return;
    }
    auto call = std::make_shared<Call>();
    call->request = request;
    if (!parse(request, *command, *call)) {
        return;
    }
    if (request->is_dump()) {
        auto instances = request->same_namespace() ? adapter_.instances()
                                                   : std::vector<std::shared_ptr<Instance>>{};
        std::reverse(instances.begin(), instances.end());
        dump_from(call, command->dumper, std::move(instances));
        return;
    }
    if (!call->attributes.has(DEVLINK_ATTR_BUS_NAME) ||
        !call->attributes.has(DEVLINK_ATTR_DEV_NAME)) {
        request->finish(EINVAL);
        return;
    }
    call->instance = adapter_.find_instance(call->attributes.text(DEVLINK_ATTR_BUS_NAME),
                                            call->attributes.text(DEVLINK_ATTR_DEV_NAME));
    if (!call->instance || !request->same_namespace()) {
        request->finish(ENODEV);
        return;
    }
    points_.pass("devlink.request", call->instance->handle(),
                 [this, call, command](const Status& status) {
                     if (status) {
                         lock_and_start(call, *command);
                     } else {
                         call->finish(status);
                     }
                 });
}

void DevlinkService::lock_and_start(const CallPtr& call, const Command& command) {
    call->instance->lock.acquire([this, call, &command](const KernelLock::Release& release) {
        call->release = release;
        start(call, command);
    });
}

bool DevlinkService::parse(const std::shared_ptr<Request>& request, const Command& command,
                           Call& call) const {
    static const size_t kHeaders = NLMSG_HDRLEN + GENL_HDRLEN;
    const auto rules = rules_for(adapter_.topology().kernel);
    const auto refusal = call.attributes.parse(request->payload().subspan(GENL_HDRLEN), kHeaders,
                                               rules, command.strict);
    if (refusal) {
        request->finish(refusal->error, refusal->text,
                        refusal->offset ? std::optional<uint32_t>(refusal->offset) : std::nullopt);
        return false;
    }
    return true;
}

void DevlinkService::start(const CallPtr& call, const Command& command) {
    if (!call->instance->registered) {
        call->finish(ENODEV);
        return;
    }
    if (command.needs_port) {
        if (!call->attributes.has(DEVLINK_ATTR_PORT_INDEX)) {
            call->finish(EINVAL);
            return;
        }
        call->port =
            call->instance->port(call->attributes.number<uint32_t>(DEVLINK_ATTR_PORT_INDEX));
        if (!call->port) {
            call->finish(ENODEV);
            return;
        }
    }
    (this->*command.handler)(call);
}

// devlinks_xa_for_each_registered_get(): each instance is locked while it is dumped.
void DevlinkService::dump_from(const CallPtr& call, Dumper dumper,
                               std::vector<std::shared_ptr<Instance>> rest) {
    while (!rest.empty()) {
        const std::shared_ptr<Instance> instance = std::move(rest.back());
        rest.pop_back();
        if (!instance->lock.held()) {
            if (instance->registered) {
                (this->*dumper)(call, *instance);
            }
            continue;
        }
        instance->lock.acquire(
            [this, call, dumper, instance, rest](const KernelLock::Release& release) {
                if (instance->registered) {
                    (this->*dumper)(call, *instance);
                }
                release();
                dump_from(call, dumper, rest);
            });
        return;
    }
    call->finish(0);
}

DevlinkView DevlinkService::view(const Request& request) const {
    DevlinkView view;
    view.family = request.header().nlmsg_type;
    view.adapter = &adapter_;
    return view;
}

DevlinkView DevlinkService::notification_view() const {
    DevlinkView view;
    view.family = server_->devlink_family();
    view.adapter = &adapter_;
    return view;
}

std::string DevlinkService::core_text(std::string_view text) const {
    return adapter_.topology().kernel.core_prefix() + std::string(text);
}

void DevlinkService::device_get(const CallPtr& call) {
    call->request->reply(encode_device(view(*call->request), DEVLINK_CMD_NEW, *call->instance));
    call->finish(0);
}

void DevlinkService::device_dump(const CallPtr& call, const Instance& instance) {
    call->request->reply(encode_device(view(*call->request), DEVLINK_CMD_NEW, instance));
}

void DevlinkService::info_get(const CallPtr& call) {
    call->request->reply(encode_info(view(*call->request), *call->instance));
    call->finish(0);
}

void DevlinkService::info_dump(const CallPtr& call, const Instance& instance) {
    call->request->reply(encode_info(view(*call->request), instance));
}

void DevlinkService::nothing_dump(const CallPtr&, const Instance&) {}

void DevlinkService::not_supported(const CallPtr& call) {
    call->finish(EOPNOTSUPP);
}

void DevlinkService::notify_device(int command, const Instance& instance) {
    if (server_) {
        server_->notify_devlink(
            encode_device(notification_view(), static_cast<uint8_t>(command), instance));
    }
}

void DevlinkService::notify_port(int command, const Instance& instance, const Port& port) {
    if (server_) {
        server_->notify_devlink(
            encode_port(notification_view(), static_cast<uint8_t>(command), instance, port));
    }
}

void DevlinkService::notify_rate(int command, const Instance& instance, const Rate& rate) {
    if (server_) {
        server_->notify_devlink(
            encode_rate(notification_view(), static_cast<uint8_t>(command), instance, rate));
    }
}

void DevlinkService::notify_param(int command, const Instance& instance, const Param& param) {
    if (server_) {
        server_->notify_devlink(
            encode_param(notification_view(), static_cast<uint8_t>(command), instance, param));
    }
}

}  // namespace esw::sim
