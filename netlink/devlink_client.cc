// SPDX-License-Identifier: Apache-2.0
#include "netlink/devlink_client.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "netlink/devlink_codec.h"

namespace esw::netlink {

namespace {

constexpr const char* kFamily = "devlink";

std::string port_name(const DevlinkHandle& handle, uint32_t index) {
    return fmt::format("{}/{}", handle.to_string(), index);
}

std::string rate_name(const DevlinkRate& rate) {
    return rate.node_name    ? fmt::format("{}/{}", rate.handle.to_string(), *rate.node_name)
           : rate.port_index ? port_name(rate.handle, *rate.port_index)
                             : rate.handle.to_string();
}

/// The kernel's policy refuses a mode that it does not know with nothing but the range of an
/// integer (ERANGE in Linux 6.1, EINVAL before).
Error explain_mode(Error error, EswitchMode mode) {
    const bool unknown = error.code == ERANGE || error.code == EINVAL;
    if (unknown && mode != EswitchMode::kLegacy && mode != EswitchMode::kSwitchdev) {
        error.detail += fmt::format("{}this kernel may not know the mode {}",
                                    error.detail.empty() ? "" : "; ", to_string(mode));
    }
    return error;
}

/// The kernel parses port functions strictly and says "Unknown attribute type" for new attributes.
Error explain_function(Error error, const PortFunction& wanted) {
    if (error.code == EINVAL && (wanted.caps || wanted.max_io_eqs)) {
        error.detail += fmt::format("{}this kernel may not know the port function's {}",
                                    error.detail.empty() ? "" : "; ",
                                    wanted.caps ? "capabilities" : "max_io_eqs");
    }
    return error;
}

}  // namespace

DevlinkClient::DevlinkClient(GenlFamilies& families, Deadlines deadlines)
    : families_(families), deadlines_(deadlines) {}

template <class T>
Result<T> DevlinkClient::get(Call call, const Encode& encode,
                             Result<T> (*decode)(const MessageView&)) {
    call.attributes = devlink::attributes();
    return families_.get<T>(kFamily, std::move(call), encode, decode);
}

template <class T>
Result<std::vector<T>> DevlinkClient::dump(const char* stage, const Encode& encode,
                                           Result<T> (*decode)(const MessageView&)) {
    const Call call{kFamily, stage, deadlines_.query, devlink::attributes()};
    return families_.dump<T>(kFamily, call, encode, decode);
}

Status DevlinkClient::change(Call call, const Encode& encode) {
    call.attributes = devlink::attributes();
    // Some commands also answer with a message; the acknowledgement says all that is asked here.
    return families_.transact(kFamily, std::move(call), encode,
                              [](const MessageView&) { return Status{}; });
}

Result<std::vector<DevlinkDevice>> DevlinkClient::devices() {
    return dump("list devices", devlink::encode_devices_dump, devlink::decode_device);
}

Result<DevlinkInfo> DevlinkClient::info(const DevlinkHandle& handle) {
    return get(
        {handle.to_string(), "get device information", deadlines_.query},
        [&](uint16_t family) { return devlink::encode_info_get(family, handle); },
        devlink::decode_info);
}

Result<Eswitch> DevlinkClient::eswitch_get(const DevlinkHandle& handle) {
    return get(
        {handle.to_string(), "get eswitch", deadlines_.query},
        [&](uint16_t family) { return devlink::encode_eswitch_get(family, handle); },
        devlink::decode_eswitch);
}

Status DevlinkClient::eswitch_set(const DevlinkHandle& handle, const Eswitch& wanted) {
    const Call call{handle.to_string(), "set eswitch",
                    wanted.mode ? deadlines_.transition : deadlines_.change};
    auto status = change(
        call, [&](uint16_t family) { return devlink::encode_eswitch_set(family, handle, wanted); });
    if (!status && wanted.mode) {
        return fail(explain_mode(status.error(), *wanted.mode));
    }
    return status;
}

Status DevlinkClient::reload(const DevlinkHandle& handle) {
    return change({handle.to_string(), "reload", deadlines_.transition},
                  [&](uint16_t family) { return devlink::encode_reload(family, handle); });
}

Result<std::vector<DevlinkPort>> DevlinkClient::ports() {
    return dump("list ports", devlink::encode_ports_dump, devlink::decode_port);
}

Result<DevlinkPort> DevlinkClient::port(const DevlinkHandle& handle, uint32_t index) {
    return get(
        {port_name(handle, index), "get port", deadlines_.query},
        [&](uint16_t family) { return devlink::encode_port_get(family, handle, index); },
        devlink::decode_port);
}

Result<DevlinkPort> DevlinkClient::port_new(const NewPort& port) {
    return get(
        {port.handle.to_string(), "add port", deadlines_.change},
        [&](uint16_t family) { return devlink::encode_port_new(family, port); },
        devlink::decode_port);
}

Status DevlinkClient::port_del(const DevlinkHandle& handle, uint32_t index) {
    return change({port_name(handle, index), "delete port", deadlines_.change},
                  [&](uint16_t family) { return devlink::encode_port_del(family, handle, index); });
}

Status DevlinkClient::port_function_set(const DevlinkHandle& handle, uint32_t index,
                                        const PortFunction& wanted) {
    auto status = change(
        {port_name(handle, index), "set port function", deadlines_.change}, [&](uint16_t family) {
            return devlink::encode_port_function_set(family, handle, index, wanted);
        });
    if (!status) {
        return fail(explain_function(status.error(), wanted));
    }
    return status;
}

Result<DevlinkParam> DevlinkClient::param_get(const DevlinkHandle& handle,
                                              const std::string& name) {
    return get(
        {handle.to_string(), "get parameter " + name, deadlines_.query},
        [&](uint16_t family) { return devlink::encode_param_get(family, handle, name); },
        devlink::decode_param);
}

Status DevlinkClient::param_set(const DevlinkHandle& handle, const std::string& name, uint8_t type,
                                ParamCmode cmode, const ParamValue& value) {
    // esw_multiport and flow_steering_mode rebuild what hangs on the eswitch.
    return change({handle.to_string(), "set parameter " + name, deadlines_.transition},
                  [&](uint16_t family) {
                      return devlink::encode_param_set(family, handle, name, type, cmode, value);
                  });
}

Result<std::vector<DevlinkRate>> DevlinkClient::rates() {
    return dump("list rates", devlink::encode_rates_dump, devlink::decode_rate);
}

Result<DevlinkRate> DevlinkClient::rate_get(const DevlinkRate& which) {
    return get(
        {rate_name(which), "get rate", deadlines_.query},
        [&](uint16_t family) { return devlink::encode_rate_get(family, which); },
        devlink::decode_rate);
}

Status DevlinkClient::check_rate_attributes(const DevlinkRate& wanted, const std::string& stage) {
    if (!wanted.tx_priority && !wanted.tx_weight) {
        return {};
    }
    const auto now = rate_get(wanted);
    if (!now) {
        return fail(now.error());
    }
    // A kernel that knows them always sends both.
    if (!now->tx_priority || !now->tx_weight) {
        return fail(ENOTSUP, rate_name(wanted), stage,
                    "this kernel does not know tx_priority and tx_weight");
    }
    return {};
}

Status DevlinkClient::rate_set(const DevlinkRate& wanted) {
    const Call call{rate_name(wanted), "set rate", deadlines_.change};
    if (auto known = check_rate_attributes(wanted, call.stage); !known) {
        return known;
    }
    return change(call, [&](uint16_t family) { return devlink::encode_rate_set(family, wanted); });
}

Status DevlinkClient::rate_new(const DevlinkRate& wanted) {
    const Call call{rate_name(wanted), "add rate node", deadlines_.change};
    if (!wanted.node_name) {
        return fail(EINVAL, call.object, call.stage, "only nodes can be added, by their name");
    }
    auto added =
        change(call, [&](uint16_t family) { return devlink::encode_rate_new(family, wanted); });
    if (!added) {
        return added;
    }
    // There is no rate object of this name to look at before.
    if (auto known = check_rate_attributes(wanted, call.stage); !known) {
        if (auto removed = rate_del(wanted.handle, *wanted.node_name); !removed) {
            return removed;
        }
        return known;
    }
    return {};
}

Status DevlinkClient::rate_del(const DevlinkHandle& handle, const std::string& node_name) {
    return change(
        {fmt::format("{}/{}", handle.to_string(), node_name), "delete rate node",
         deadlines_.change},
        [&](uint16_t family) { return devlink::encode_rate_del(family, handle, node_name); });
}

}  // namespace esw::netlink
