// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/plugin_abi.h"

#include <net/if.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "esw-manager/manager.h"
#include "esw-manager/mlx5/mlx5_fdb.h"
#include "esw-manager/mlx5/rdma_provider.h"
#include "netlink/netlink_kernel.h"
#include "netlink/netlink_monitor.h"
#include "ovs-plugin/commands.h"
#include "ovs-plugin/host_log.h"
#include "ovs-plugin/plugin.h"
#include "ovs-plugin/plugin_object.h"

using namespace esw;

namespace {

Plugin::Reply to_reply(esw_reply_func* reply) {
    return [reply](void* conn, bool error, const std::string& text) {
        reply(conn, error, text.c_str());
    };
}

Result<std::unique_ptr<Plugin>> make_plugin(const esw_host& host) {
    Plugin::Parts parts;
    parts.log = std::make_unique<HostLog>(host);
    parts.clock = std::make_unique<SystemClock>();
    parts.kernel = netlink::make_netlink_kernel(*parts.log, *parts.clock);
    parts.bridges = [list_ports = host.list_ports] {
        std::map<std::string, std::string> bridges;
        list_ports(
            [](const char* port, const char* bridge, void* aux) {
                try {
                    static_cast<std::map<std::string, std::string>*>(aux)->emplace(port, bridge);
                } catch (const std::bad_alloc&) {
                    // It may not leave through the host's frames; a row less, then.
                }
            },
            &bridges);
        return bridges;
    };
    parts.open_fdb = [](const std::shared_ptr<mlx5::IbDevice>& device) {
        return mlx5::make_fdb(device, {});
    };
    parts.make_manager = [](LogSink& log, const Clock& clock, netlink::Kernel& kernel,
                            const std::shared_ptr<FlowOffload>& flows,
                            std::function<void()> changed) {
        auto make_monitor =
            [&log, &clock](EventLoop& loop) -> Result<std::unique_ptr<netlink::KernelMonitor>> {
            return netlink::make_netlink_monitor(loop, log, clock);
        };
        const auto make_rdma_provider = [flows](const DevlinkHandle& eswitch, uint64_t generation) {
            return std::make_shared<mlx5::RdmaProvider>(eswitch, generation, mlx5::open_ib_device,
                                                        flows);
        };
        return Manager::create(
            {kernel, make_monitor, clock, log, std::move(changed), {}, make_rdma_provider});
    };
    return Plugin::create(std::move(parts));
}

esw_link_modes to_c(const netlink::LinkModes& modes) {
    return {modes.supported,   modes.advertised,     modes.speed_mbps.value_or(0),
            modes.full_duplex, modes.autonegotiates, modes.port};
}

esw_link to_c(const NetdevSetup::LinkState& state) {
    const netlink::Link& link = state.attributes;
    esw_link c_link{};
    link.name.copy(c_link.name, sizeof c_link.name - 1);
    c_link.flags = link.flags;
    c_link.mtu = link.mtu.value_or(0);
    c_link.has_mac = link.mac.has_value();
    if (link.mac) {
        std::memcpy(c_link.mac, link.mac->data(), sizeof c_link.mac);
    }
    c_link.has_modes = state.modes.has_value();
    if (state.modes) {
        c_link.modes = to_c(*state.modes);
    }
    return c_link;
}

esw_link_stats to_c(const netlink::LinkStats& s) {
    return {s.rx_packets,        s.tx_packets,        s.rx_bytes,         s.tx_bytes,
            s.rx_errors,         s.tx_errors,         s.rx_dropped,       s.tx_dropped,
            s.multicast,         s.collisions,        s.rx_length_errors, s.rx_over_errors,
            s.rx_crc_errors,     s.rx_frame_errors,   s.rx_fifo_errors,   s.rx_missed_errors,
            s.tx_aborted_errors, s.tx_carrier_errors, s.tx_fifo_errors,   s.tx_heartbeat_errors,
            s.tx_window_errors};
}

}  // namespace

esw_plugin* esw_plugin_create(const esw_host* host) {
    std::unique_ptr<esw_plugin> made;
    try {
        made = std::make_unique<esw_plugin>();
        made->log = std::make_unique<HostLog>(*host);
        made->watch = std::make_unique<CallWatch>(*made->log, made->clock);
        auto plugin = make_plugin(*host);
        if (!plugin) {
            made->log->write(LogLevel::kError, "esw_plugin",
                             "could not start: " + plugin.error().to_string());
            return nullptr;
        }
        made->plugin = std::move(*plugin);
        for (const CommandInfo& command : list_commands()) {
            made->commands.push_back({command.name, command.usage});
        }
        made->commands.push_back({});
        return made.release();
    } catch (const std::exception& e) {
        host->log(ESW_LOG_ERR, "esw_plugin", e.what());
        return nullptr;
    }
}

void esw_plugin_keep_devices(esw_plugin* plugin) {
    guarded(plugin, __func__, [&] { plugin->plugin->setup().keep_all(); });
}

void esw_plugin_stop(esw_plugin* plugin, esw_reply_func* reply) {
    caught(plugin, 0, [&] {
        plugin->plugin->stop(to_reply(reply));
        return 0;
    });
}

int esw_plugin_fd(const esw_plugin* plugin) {
    return plugin->plugin->fd();
}

void esw_plugin_run(esw_plugin* plugin, esw_binding_func* changed, esw_link_func* link_read) {
    const auto on_changed = [changed](uint64_t port_id, const Plugin::Binding& binding) {
        const esw_binding c_binding{binding.rebound, binding.ifindex, binding.is_changing,
                                    to_c(binding.link), to_c(binding.stats)};
        return changed(port_id, &c_binding);
    };
    const auto on_link_read = [link_read](const NetdevSetup::Reading& reading) {
        const esw_link link = reading.link ? to_c(*reading.link) : esw_link{};
        const int error = reading.link ? 0 : reading.link.error().code;
        link_read(reading.port_id, reading.ifindex, error, &link);
    };
    guarded(plugin, __func__, [&] { plugin->plugin->run(on_changed, on_link_read); });
}

int64_t esw_plugin_next_ms(const esw_plugin* plugin) {
    return guarded<int64_t>(plugin, __func__, -1, [&]() -> int64_t {
        const auto delay = plugin->plugin->time_to_next();
        // Not before the time: the switch would be woken for nothing.
        return delay ? std::chrono::ceil<std::chrono::milliseconds>(*delay).count() : -1;
    });
}

void esw_plugin_answer(esw_plugin* plugin, bool (*is_status_written)(void), esw_reply_func* reply) {
    guarded(plugin, __func__, [&] { plugin->plugin->answer(is_status_written, to_reply(reply)); });
}

void esw_plugin_set_profile(esw_plugin* plugin, const char* profile) {
    guarded(plugin, __func__, [&] { plugin->plugin->set_profile(profile); });
}

const char* esw_plugin_sync_overrides(esw_plugin* plugin, const char* found) {
    return guarded<const char*>(plugin, __func__, found, [&] {
        plugin->overrides = plugin->plugin->sync_overrides(found);
        return plugin->overrides.c_str();
    });
}

esw_port* esw_port_create(esw_plugin* plugin, const char* name) {
    return guarded<esw_port*>(plugin, __func__, nullptr, [&] {
        return new esw_port{plugin, plugin->plugin->add_port(name)};
    });
}

void esw_port_destroy(esw_port* port) {
    guarded(port->owner, __func__, [&] { port->owner->plugin->remove_port(port->id); });
    delete port;
}

uint64_t esw_port_id(const esw_port* port) {
    return port->id;
}

int esw_port_configure(esw_port* port, const esw_setting* settings, size_t n_settings,
                       bool* status_changed, char** errp) {
    return guarded<int>(port->owner, __func__, EINVAL, [&] {
        OptionMap options;
        for (size_t i = 0; i < n_settings; ++i) {
            options[settings[i].key] = settings[i].value;
        }
        const auto changed = port->owner->plugin->configure_port(port->id, options);
        if (!changed) {
            const Error& error = changed.error();
            *errp = strdup((error.object + ": " + error.detail).c_str());
            return error.code;
        }
        *status_changed = *changed;
        return 0;
    });
}

void esw_port_get_config(const esw_port* port, esw_setting_func* set, void* aux) {
    guarded(port->owner, __func__, [&] {
        for (const auto& [key, value] : port->owner->plugin->port_config(port->id)) {
            set(key.c_str(), value.c_str(), aux);
        }
    });
}

void esw_port_get_status(const esw_port* port, esw_setting_func* set, void* aux) {
    guarded(port->owner, __func__, [&] {
        for (const auto& [key, value] : port->owner->plugin->port_status(port->id)) {
            set(key.c_str(), value.c_str(), aux);
        }
    });
}

bool esw_port_set_wish(esw_port* port, const esw_link_wish* wish) {
    return guarded(port->owner, __func__, false, [&] {
        LinkWish w{wish->up, wish->promiscuous, {}, {}};
        if (wish->mtu) {
            w.mtu = wish->mtu;
        }
        if (wish->has_mac) {
            std::memcpy(w.mac.emplace().data(), wish->mac, sizeof wish->mac);
        }
        return port->owner->plugin->set_wish(port->id, w);
    });
}

void esw_link_read(esw_plugin* plugin, uint64_t port_id, uint32_t ifindex) {
    guarded(plugin, __func__, [&] { plugin->plugin->read_link(port_id, ifindex); });
}

void esw_port_change_link(esw_port* port, uint32_t ifindex, unsigned int flags) {
    guarded(port->owner, __func__, [&] {
        const NetdevSetup::Flags asked{(flags & IFF_UP) != 0, (flags & IFF_PROMISC) != 0};
        port->owner->plugin->change_link(port->id, ifindex, asked);
    });
}

bool esw_port_is_changing(const esw_port* port) {
    return guarded(port->owner, __func__, false,
                   [&] { return port->owner->plugin->is_changing(port->id); });
}

void esw_plugin_finish_changes(esw_plugin* plugin) {
    caught(plugin, false, [&] { return plugin->plugin->finish_changes(std::chrono::seconds(1)); });
}

uint64_t esw_port_read_stats(esw_port* port, uint32_t ifindex, esw_link_stats* stats) {
    return guarded<uint64_t>(port->owner, __func__, 0, [&]() -> uint64_t {
        const auto read = port->owner->plugin->read_link_stats(port->id, ifindex);
        if (!read) {
            return 0;
        }
        *stats = to_c(read->value);
        return read->number;
    });
}

void esw_port_read_vport_counters(esw_port* port, uint32_t ifindex, esw_counter_func* add,
                                  void* aux) {
    guarded(port->owner, __func__, [&] {
        const auto read = port->owner->plugin->read_vport_counters(port->id, ifindex);
        for (size_t i = 0; read && i < read->value.size(); ++i) {
            add(read->value[i].name.c_str(), read->value[i].value, aux);
        }
    });
}

void esw_plugin_close(esw_plugin* plugin, int fd) {
    guarded(plugin, __func__, [&] { plugin->plugin->close(UniqueFd(fd)); });
}

const esw_command* esw_plugin_commands(const esw_plugin* plugin) {
    return plugin->commands.data();
}

void esw_plugin_command(esw_plugin* plugin, int argc, const char* argv[], void* conn,
                        esw_reply_func* reply) {
    bool answered = false;
    const auto reply_once = [&](void* c, bool error, const std::string& text) {
        answered = true;
        reply(c, error, text.c_str());
    };
    const bool accepted = guarded(plugin, argc > 0 ? argv[0] : __func__, false, [&] {
        plugin->plugin->command({argv, argv + argc}, conn, reply_once);
        return true;
    });
    if (!accepted && !answered) {
        reply(conn, true, "internal error; the log says more");
    }
}
