// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/daemon.h"

#include <fmt/format.h>
#include <linux/devlink.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <charconv>

#include "utilities/esw-sim/ctl_commands.h"

namespace esw::sim {

namespace {

// A descriptor for each netdev (three per VF) and each client's socket.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_max = std::max<rlim_t>(limit.rlim_max, 65536);
        limit.rlim_cur = limit.rlim_max;
        if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            ::getrlimit(RLIMIT_NOFILE, &limit);
            limit.rlim_cur = limit.rlim_max;
            ::setrlimit(RLIMIT_NOFILE, &limit);
        }
    }
}

}  // namespace

Daemon::Daemon(LogSink& log, const InstanceDir& directory, std::unique_ptr<EventLoop> loop)
    : log_(log),
      directory_(directory.path()),
      control_socket_(directory.control_socket()),
      loop_(std::move(loop)),
      points_(*loop_) {}

Daemon::~Daemon() {
    if (netdevs_) {
        netdevs_->set_callbacks({});
    }
}

Result<std::unique_ptr<Daemon>> Daemon::create(LogSink& log, Topology topology,
                                               const InstanceDir& directory) {
    raise_descriptor_limit();
    auto loop = EventLoop::create();
    if (!loop) {
        return fail(loop.error());
    }
    std::unique_ptr<Daemon> daemon(new Daemon(log, directory, std::move(*loop)));
    if (Status status = daemon->start(std::move(topology)); !status) {
        return fail(status.error());
    }
    return daemon;
}

Status Daemon::start(Topology topology) {
    auto netdevs = TapNetdevs::create(*loop_, log_);
    if (!netdevs) {
        return fail(netdevs.error());
    }
    netdevs_ = std::move(*netdevs);
    adapter_ = std::make_unique<Adapter>(std::move(topology), *netdevs_, *this, points_);
    device_half_ = std::make_unique<DeviceHalf>(log_, *adapter_, points_, directory_);
    forwarder_ = std::make_unique<Forwarder>(
        [this](Netdev& to, Forwarder::Frame frame) { return netdevs_->send(to, frame); },
        [this](Pf& pf, uint16_t vport, Forwarder::Frame frame) {
            return device_half_->steer(pf, vport, frame);
        },
        [this](uint16_t vhca_id) { return find_pf(vhca_id); });
    auto sysfs = SysfsView::create(*loop_, log_, directory_, *adapter_);
    if (!sysfs) {
        return fail(sysfs.error());
    }
    sysfs_ = std::move(*sysfs);
    netdevs_->set_callbacks(callbacks());
    devlink_ = std::make_unique<DevlinkService>(*adapter_, points_);
    rdma_ = std::make_unique<RdmaService>(
        *adapter_, [this](const IbDevice& device) { return device_half_->resources(device); });
    if (Status status = adapter_->bring_up(); !status) {
        return status;
    }
    for (const auto& pf : adapter_->pfs()) {
        sysfs_->num_vfs_changed(*pf);
    }
    sysfs_->flush();
    netdevs_->sync();
    NetlinkServer::Config config;
    config.directory = directory_;
    config.devlink = devlink_.get();
    config.rdma = rdma_.get();
    config.netdevs = netdevs_.get();
    config.gate = &netdev_point_;
    config.write_attribute = [this](const std::string& path, const std::string& value,
                                    const std::function<void(int)>& done) {
        write_attribute(path, value, done);
    };
    config.open_device = [this](uint32_t number, pid_t process) {
        return device_half_->open(number, process);
    };
    auto server = NetlinkServer::create(*loop_, log_, std::move(config));
    if (!server) {
        return fail(server.error());
    }
    server_ = std::move(*server);
    devlink_->set_server(server_.get());
    rdma_->set_server(server_.get());
    commands_ = std::make_unique<CtlCommands>(*this);
    auto ctl = CtlServer::create(*loop_, control_socket_,
                                 [this](const std::string& request, CtlServer::Answer answer) {
                                     commands_->handle(request, std::move(answer));
                                 });
    if (!ctl) {
        return fail(ctl.error());
    }
    ctl_ = std::move(*ctl);
    return watch_signals();
}

Pf* Daemon::find_pf(uint16_t vhca_id) const {
    for (const auto& pf : adapter_->pfs()) {
        if (pf->instance->vhca_id == vhca_id) {
            return pf.get();
        }
    }
    return nullptr;
}

TapNetdevs::Callbacks Daemon::callbacks() {
    TapNetdevs::Callbacks callbacks;
    callbacks.frame = [this](Netdev& netdev, TapNetdevs::Frame frame) {
        forwarder_->from_netdev(netdev, frame);
    };
    callbacks.made = [this](Netdev& netdev) { sysfs_->netdev_made(netdev); };
    callbacks.gone = [this](Netdev& netdev) { sysfs_->netdev_gone(netdev); };
    callbacks.admin_changed = [this](Netdev& netdev) {
        adapter_->netdev_admin_changed(netdev);
        sysfs_->rdma_changed();
    };
    callbacks.carrier_changed = [this](Netdev& netdev) {
        if (device_half_) {
            device_half_->carrier_changed(netdev);
        }
    };
    callbacks.counters = [this](const Netdev& netdev) { return adapter_->counters(netdev); };
    callbacks.identity_changed = [this](Netdev& netdev, bool was_here) {
        sysfs_->netdev_changed(netdev);
        sysfs_->rdma_changed();
        if (was_here || netdev.in_namespace) {
            adapter_->netdev_moved_or_renamed(netdev);
        }
    };
    callbacks.pump = [this] {
        if (server_) {
            server_->pump_route();
        }
    };
    return callbacks;
}

Status Daemon::watch_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) {
        return fail(errno, "signals", "signalfd");
    }
    auto watch = loop_->watch(signals_.get(), EventLoop::Interest::kRead, [this] {
        signalfd_siginfo info;
        [[maybe_unused]] const ssize_t size = ::read(signals_.get(), &info, sizeof info);
        loop_->stop();
    });
    if (!watch) {
        return fail(watch.error());
    }
    signal_watch_ = std::move(*watch);
    return {};
}

// "bus/pci/devices/0000:08:00.0/sriov_numvfs" and the same under any other name of the device.
void Daemon::write_attribute(const std::string& name, const std::string& value,
                             const std::function<void(int)>& done) {
    const std::string path = sysfs_->canonical(name);
    const std::string wanted = "/sriov_numvfs";
    for (const auto& pf : adapter_->pfs()) {
        const std::string end = pf->instance->device + wanted;
        if (path.size() < end.size() || path.compare(path.size() - end.size(), end.size(), end)) {
            continue;
        }
        unsigned count = 0;
        const char* const last = value.data() + value.size();
        const auto parsed = std::from_chars(value.data(), last, count);  // kstrtou16()
        if (parsed.ec != std::errc() || (parsed.ptr != last && *parsed.ptr != '\n')) {
            done(EINVAL);
            return;
        }
        adapter_->set_num_vfs(*pf, count, [this, done, &pf = *pf](const Status& status) {
            sysfs_->num_vfs_changed(pf);
            sysfs_->flush();
            done(status ? 0 : status.error().code);
        });
        return;
    }
    done(EACCES);
}

std::string Daemon::summary() const {
    std::string text;
    for (const auto& pf : adapter_->pfs()) {
        text += fmt::format("{}: {} VFs, netdev {}, wire {}", pf->handle(), pf->num_vfs,
                            pf->uplink->name, pf->wire->name);
        const auto first = pf->vports.begin();
        if (first != pf->vports.end()) {
            text += fmt::format(", VF netdevs {} ...", first->second->function->name);
        }
        text += "\n";
    }
    return text;
}

void Daemon::device(int command, const Instance& instance) {
    if (command == DEVLINK_CMD_NEW) {
        sysfs_->instance_made(instance);
    }
    devlink_->notify_device(command, instance);
    if (command == DEVLINK_CMD_DEL) {
        sysfs_->instance_gone(instance);
    }
}

void Daemon::port(int command, const Instance& instance, const Port& port) {
    devlink_->notify_port(command, instance, port);
}

void Daemon::rate(int command, const Instance& instance, const Rate& rate) {
    devlink_->notify_rate(command, instance, rate);
}

void Daemon::param(int command, const Instance& instance, const Param& param) {
    devlink_->notify_param(command, instance, param);
}

void Daemon::rdma(RdmaEvent event, const IbDevice& device, uint32_t port, const Netdev* netdev) {
    // ib_register_device() and __ib_unregister_device() of 6.12's core/device.c: the uevent is the
    // first word of a device and the last.
    if (event == RdmaEvent::kRegister) {
        send_uevent(rdma_uevent(UeventAction::kAdd, device, device_path(device)));
    }
    rdma_->notify(event, device, port, netdev);
    sysfs_->rdma_changed();
    if (event == RdmaEvent::kUnregister) {
        send_uevent(rdma_uevent(UeventAction::kRemove, device, device_path(device)));
    }
}

std::string Daemon::device_path(const IbDevice& device) const {
    return sysfs_->device_path(device.instance->device);
}

void Daemon::send_uevent(UeventText text) {
    if (server_) {
        server_->notify_uevent(std::move(text).finish(++uevent_number_));
    }
}

void Daemon::uverbs_added(const IbDevice& device) {
    device_half_->uverbs_added(device);
    sysfs_->infiniband_made(device);
    send_uevent(verbs_uevent(UeventAction::kAdd, device, device_path(device)));
}

void Daemon::uverbs_removed(const IbDevice& device) {
    device_half_->uverbs_removed(device);
    sysfs_->infiniband_gone(device);
    send_uevent(verbs_uevent(UeventAction::kRemove, device, device_path(device)));
}

void Daemon::function_up(const Instance& instance) {
    device_half_->function_up(instance);
}

void Daemon::function_down(const Instance& instance) {
    device_half_->function_down(instance);
}

}  // namespace esw::sim
