// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ovs-plugin/call_watch.h"
#include "ovs-plugin/host_log.h"
#include "ovs-plugin/plugin.h"
#include "ovs-plugin/plugin_abi.h"

// What is behind the handles of plugin_abi.h, and how its functions keep what is thrown to
// themselves.

struct esw_plugin {
    std::unique_ptr<esw::Plugin> plugin;
    std::unique_ptr<esw::HostLog> log;  ///< for what goes wrong on the way in and out
    esw::SystemClock clock;
    std::unique_ptr<esw::CallWatch> watch;
    std::vector<esw_command> commands;
    std::string overrides;  ///< what esw_plugin_sync_overrides() said last
};

struct esw_port {
    esw_plugin* owner;
    uint64_t id;
};

namespace esw {

/// Runs `body`; what it throws is a bug, which is logged and answered with `otherwise`: nothing in
/// here may end the switch.
template <class T, class Body>
T caught(const esw_plugin* plugin, T otherwise, Body body) noexcept {
    try {
        return body();
    } catch (const std::exception& e) {
        plugin->log->write(LogLevel::kError, "esw_plugin", e.what());
    } catch (...) {
        plugin->log->write(LogLevel::kError, "esw_plugin", "unknown exception");
    }
    return otherwise;
}

/// The same of what may not hold the switch either. `call` is how the log names it.
template <class T, class Body>
T guarded(const esw_plugin* plugin, const char* call, T otherwise, Body body) noexcept {
    const CallWatch::Call watched(*plugin->watch, call);
    return caught(plugin, otherwise, body);
}

template <class Body>
void guarded(const esw_plugin* plugin, const char* call, Body body) noexcept {
    guarded(plugin, call, 0, [&] {
        body();
        return 0;
    });
}

}  // namespace esw
