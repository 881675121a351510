// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "utilities/esw-sim/devlink_encode.h"
#include "utilities/esw-sim/message_writer.h"
#include "utilities/esw-sim/model/adapter.h"
#include "utilities/esw-sim/netlink_server.h"

namespace esw::sim {

/// The devlink generic netlink family of the simulated kernel (net/devlink of Linux, with what the
/// mlx5 driver answers), and the sender of its notifications.
///
/// A request holds its instance's lock, as devlink_nl_pre_doit() does: requests to one device are
/// served one after the other, and one that is held at a gate holds the ones behind it.
class DevlinkService final : public Service {
public:
    DevlinkService(Adapter& adapter, Points& points) : adapter_(adapter), points_(points) {}

    void handle(std::shared_ptr<Request> request) override;

    /// Where notifications go; none are sent before.
    void set_server(NetlinkServer* server) { server_ = server; }

    void notify_device(int command, const Instance& instance);
    void notify_port(int command, const Instance& instance, const Port& port);
    void notify_rate(int command, const Instance& instance, const Rate& rate);
    void notify_param(int command, const Instance& instance, const Param& param);

private:
    /// One request on its way. Ends with finish(); the lock is given back then.
    struct Call {
        std::shared_ptr<Request> request;
        RequestAttributes attributes;
        std::shared_ptr<Instance> instance;
        Port* port = nullptr;  ///< for commands that need one
        KernelLock::Release release;

        void finish(int error, std::string text = {});
        void finish(const Status& status);
    };
    using CallPtr = std::shared_ptr<Call>;
    using Handler = void (DevlinkService::*)(const CallPtr&);
    using Dumper = void (DevlinkService::*)(const CallPtr&, const Instance&);
    struct Command {
        uint8_t number;
        Handler handler;  ///< null: not for one object
        Dumper dumper;    ///< null: no dump
        bool admin;       ///< GENL_ADMIN_PERM
        bool needs_port;  ///< DEVLINK_NL_FLAG_NEED_PORT
        bool strict;      ///< no GENL_DONT_VALIDATE_STRICT
    };
    static const std::vector<Command>& commands();
    static const Command* find_command(uint8_t number);

    bool parse(const std::shared_ptr<Request>& request, const Command& command, Call& call) const;
    void lock_and_start(const CallPtr& call, const Command& command);
    void start(const CallPtr& call, const Command& command);
    void dump_from(const CallPtr& call, Dumper dumper, std::vector<std::shared_ptr<Instance>> rest);
    DevlinkView view(const Request& request) const;
    DevlinkView notification_view() const;
    std::string core_text(std::string_view text) const;

    // devlink_service.cc
    void device_get(const CallPtr& call);
    void device_dump(const CallPtr& call, const Instance& instance);
    void info_get(const CallPtr& call);
    void info_dump(const CallPtr& call, const Instance& instance);
    void nothing_dump(const CallPtr& call, const Instance& instance);
    void not_supported(const CallPtr& call);
    // devlink_service_eswitch.cc
    void eswitch_get(const CallPtr& call);
    void eswitch_set(const CallPtr& call);
    Status eswitch_set_rest(const Call& call);
    void reload(const CallPtr& call);
    std::optional<std::pair<int, std::string>> check_reload(const Call& call, bool* wants_reply);
    // devlink_service_port.cc
    void port_get(const CallPtr& call);
    void port_dump(const CallPtr& call, const Instance& instance);
    void port_set(const CallPtr& call);
    Status function_set(const Call& call);
    Status function_set_address(Port& port, std::span<const std::byte> address);
    Status function_set_state(Port& port, uint8_t state);
    Status function_set_caps(Port& port, uint32_t value, uint32_t selector);
    void port_new(const CallPtr& call);
    void port_del(const CallPtr& call);
    // devlink_service_param.cc
    void param_get(const CallPtr& call);
    void param_dump(const CallPtr& call, const Instance& instance);
    void multiport_set(const CallPtr& call, const Param& param, bool on);
    void param_set(const CallPtr& call);
    Status param_validate(const Instance& instance, const Param& param, const ParamValue& value);
    void port_param(const CallPtr& call);
    // devlink_service_rate.cc
    void rate_get(const CallPtr& call);
    void rate_dump(const CallPtr& call, const Instance& instance);
    void rate_set(const CallPtr& call);
    void rate_new(const CallPtr& call);
    void rate_del(const CallPtr& call);
    Rate* find_rate(const Call& call, int* error);
    Status rate_apply(const Call& call, Rate& rate);
    Status rate_check_speed(const Instance& instance, uint64_t rate) const;
    Status rate_set_parent(const Call& call, Rate& rate);

    Adapter& adapter_;
    Points& points_;
    NetlinkServer* server_ = nullptr;
};

}  // namespace esw::sim
