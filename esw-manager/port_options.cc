// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/port_options.h"

#include <fmt/format.h>

#include <vector>

namespace esw {

namespace {

using netlink::DevlinkHandle;
using netlink::DevlinkRate;
using netlink::Kernel;
using netlink::PortFunction;

std::string cause(const Error& error) {
    return error.detail.empty() ? errno_text(error.code) : error.detail;
}

std::string show(const netlink::MacAddress& mac) {
    return netlink::to_string(mac);
}
std::string show(netlink::FunctionState state) {
    return state == netlink::FunctionState::kActive ? "active" : "inactive";
}
std::string show(uint64_t number) {
    return std::to_string(number);
}
std::string show(uint32_t number) {
    return std::to_string(number);
}

/// Compares what was asked for with what the kernel says now.
template <class T>
void check(const char* option, const std::optional<T>& wanted, const std::optional<T>& actual,
           std::vector<std::string>& errors) {
    if (wanted && wanted != actual) {
        errors.push_back(fmt::format("{}: is {} after setting {}", option,
                                     actual ? show(*actual) : std::string("unset"), show(*wanted)));
    }
}

/// One request per attribute: the kernel applies them one after the other and stops at the first
/// that it refuses, without saying which.
void apply_function(Kernel& kernel, const DevlinkHandle& handle, uint32_t port_index,
                    const PortOptions& options, std::vector<std::string>& errors) {
    PortFunction taken;
    if (options.hw_addr) {
        PortFunction wanted;
        wanted.hw_addr = options.hw_addr;
        if (const auto done = kernel.port_function_set(handle, port_index, wanted)) {
            taken.hw_addr = options.hw_addr;
        } else {
            errors.push_back("hw-addr: " + cause(done.error()));
        }
    }
    if (options.state) {
        PortFunction wanted;
        wanted.state = options.state;
        if (const auto done = kernel.port_function_set(handle, port_index, wanted)) {
            taken.state = options.state;
        } else {
            errors.push_back("state: " + cause(done.error()));
        }
    }
    if (taken == PortFunction{}) {
        return;
    }
    const auto port = kernel.devlink_port(handle, port_index);
    if (!port) {
        errors.push_back("port function: cannot be read back: " + cause(port.error()));
        return;
    }
    const PortFunction actual = port->function.value_or(PortFunction{});
    check("hw-addr", taken.hw_addr, actual.hw_addr, errors);
    check("state", taken.state, actual.state, errors);
}

void apply_rate(Kernel& kernel, const DevlinkHandle& handle, uint32_t port_index,
                const PortOptions& options, std::vector<std::string>& errors) {
    DevlinkRate leaf;
    leaf.handle = handle;
    leaf.port_index = port_index;
    DevlinkRate taken = leaf;
    const auto set = [&](const char* option, auto member, const auto& value) {
        if (!value) {
            return;
        }
        DevlinkRate wanted = leaf;
        wanted.*member = value;
        if (const auto done = kernel.rate_set(wanted)) {
            taken.*member = value;
        } else {
            errors.push_back(fmt::format("{}: {}", option, cause(done.error())));
        }
    };
    set("tx-max", &DevlinkRate::tx_max_bytes, options.tx_max_bytes);
    set("tx-share", &DevlinkRate::tx_share_bytes, options.tx_share_bytes);
    set("tx-priority", &DevlinkRate::tx_priority, options.tx_priority);
    set("tx-weight", &DevlinkRate::tx_weight, options.tx_weight);
    if (taken == leaf) {
        return;
    }
    const auto actual = kernel.rate_get(leaf);
    if (!actual) {
        errors.push_back("rate: cannot be read back: " + cause(actual.error()));
        return;
    }
    check("tx-max", taken.tx_max_bytes, actual->tx_max_bytes, errors);
    check("tx-share", taken.tx_share_bytes, actual->tx_share_bytes, errors);
    check("tx-priority", taken.tx_priority, actual->tx_priority, errors);
    check("tx-weight", taken.tx_weight, actual->tx_weight, errors);
}

}  // namespace

std::string apply_port_options(Kernel& kernel, const DevlinkHandle& handle, uint32_t port_index,
                               const PortOptions& options) {
    std::vector<std::string> errors;
    apply_function(kernel, handle, port_index, options, errors);
    apply_rate(kernel, handle, port_index, options, errors);
    return fmt::format("{}", fmt::join(errors, "; "));
}

}  // namespace esw
