// SPDX-License-Identifier: Apache-2.0
#include "netlink/netlink_monitor.h"

#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <type_traits>
#include <utility>

#include "netlink/devlink_codec.h"
#include "netlink/genl_families.h"
#include "netlink/rdma_client.h"
#include "netlink/rdma_codec.h"
#include "netlink/rtnl_codec.h"
#include "netlink/uapi.h"
#include "netlink/uevent.h"

namespace esw::netlink {

namespace {

constexpr const char* kDevlink = "devlink";
constexpr const char* kDevlinkGroup = "config";  // DEVLINK_GENL_MCGRP_CONFIG_NAME

// The controller's group "notify" has the controller's own family number
// (net/netlink/genetlink.c, genl_validate_assign_mc_groups).
constexpr uint32_t kControllerGroup = GENL_ID_CTRL;

// The kernel's own events; group 2 has those that udev has handled (lib/kobject_uevent.c).
constexpr uint32_t kUeventGroup = 1;

// The few questions that the monitor asks run on the events thread; the kernel answers them at
// once.
constexpr Deadlines kMonitorDeadlines = {std::chrono::seconds(1), std::chrono::seconds(1),
                                         std::chrono::seconds(1)};

class NetlinkMonitor final : public KernelMonitor {
public:
    NetlinkMonitor(EventLoop& loop, LogSink& log, const Clock& clock, BackOff back_off,
                   const ChannelFactory& factory)
        : log_(log, "esw_netlink"),
          factory_(factory),
          generic_(NETLINK_GENERIC, factory, clock, log_),
          infiniband_(NETLINK_RDMA, factory, clock, log_),
          families_(generic_, kMonitorDeadlines),
          rdma_client_(infiniband_, kMonitorDeadlines),
          controller_(loop, log_, "nlctrl", back_off, controller_hooks()),
          devlink_(loop, log_, kDevlink, back_off, devlink_hooks()),
          route_(loop, log_, "rtnetlink", back_off, route_hooks()),
          rdma_(loop, log_, "rdma", back_off, rdma_hooks()),
          uevents_(loop, log_, "uevents", back_off, uevent_hooks()) {}

    Status start(std::function<void(KernelEvent)> receiver) override;
    void drain() override;
    bool has_devlink() const override { return devlink_.is_open(); }
    bool has_rdma() const override { return has_rdma_; }
    bool has_rdma_monitor() const override { return rdma_.is_open(); }

private:
    MonitorSource::Hooks controller_hooks();
    MonitorSource::Hooks devlink_hooks();
    MonitorSource::Hooks route_hooks();
    MonitorSource::Hooks rdma_hooks();
    MonitorSource::Hooks uevent_hooks();

    Result<std::unique_ptr<Channel>> open_group(int protocol, uint32_t group);
    Result<std::unique_ptr<Channel>> open_devlink();
    Result<std::unique_ptr<Channel>> open_rdma();
    Status open_sources();
    static Status unless_missing(const Status& opened);

    Status on_controller(const MessageView& message);
    Status on_devlink(const MessageView& message);
    Status on_route(const MessageView& message);
    Status on_rdma(const MessageView& message);
    Status on_uevent(ByteView datagram);
    void on_controller_overflow();
    void report_devlink_gone();
    void look_for_rdma();

    void report(KernelEvent event) {
        delivering_ = true;
        receiver_(std::move(event));
        delivering_ = false;
    }
    std::function<void()> report_overflow(Overflow::Source source) {
        return [this, source] { report(Overflow{source}); };
    }
    std::function<void(const Error&)> report_lost(Overflow::Source source) {
        return [this, source](const Error& error) { report(SourceLost{source, error}); };
    }

    const Logger log_;
    const ChannelFactory factory_;
    Requester generic_;
    Requester infiniband_;
    GenlFamilies families_;
    RdmaClient rdma_client_;
    std::function<void(KernelEvent)> receiver_;
    uint16_t devlink_family_ = 0;
    bool has_rdma_ = false;
    bool delivering_ = false;  // the receiver is being called

    MonitorSource controller_;
    MonitorSource devlink_;
    MonitorSource route_;
    MonitorSource rdma_;
    MonitorSource uevents_;
};

MonitorSource::Hooks NetlinkMonitor::controller_hooks() {
    return {[this] { return open_group(NETLINK_GENERIC, kControllerGroup); },
            [this](const MessageView& message) { return on_controller(message); },
            [this] { on_controller_overflow(); },
            // Nothing that the manager knows comes from here.
            [](const Error&) {}};
}

MonitorSource::Hooks NetlinkMonitor::devlink_hooks() {
    return {[this] { return open_devlink(); },
            [this](const MessageView& message) { return on_devlink(message); },
            report_overflow(Overflow::Source::kDevlink), report_lost(Overflow::Source::kDevlink)};
}

MonitorSource::Hooks NetlinkMonitor::route_hooks() {
    return {[this] { return open_group(NETLINK_ROUTE, RTNLGRP_LINK); },
            [this](const MessageView& message) { return on_route(message); },
            report_overflow(Overflow::Source::kRtnl), report_lost(Overflow::Source::kRtnl)};
}

MonitorSource::Hooks NetlinkMonitor::rdma_hooks() {
    return {[this] { return open_rdma(); },
            [this](const MessageView& message) { return on_rdma(message); },
            report_overflow(Overflow::Source::kRdma), report_lost(Overflow::Source::kRdma)};
}

MonitorSource::Hooks NetlinkMonitor::uevent_hooks() {
    return {[this] { return open_group(NETLINK_KOBJECT_UEVENT, kUeventGroup); },
            [](const MessageView&) { return Status{}; }, report_overflow(Overflow::Source::kRdma),
            // Ports and the devices that are there can still be asked for.
            [](const Error&) {}, [this](ByteView datagram) { return on_uevent(datagram); }};
}

Status NetlinkMonitor::start(std::function<void(KernelEvent)> receiver) {
    if (receiver_) {
        return fail(EALREADY, "kernel monitor", "start");
    }
    receiver_ = std::move(receiver);
    auto opened = open_sources();
    if (!opened) {
        for (MonitorSource* source : {&controller_, &devlink_, &route_, &rdma_, &uevents_}) {
            source->close();
        }
        receiver_ = nullptr;
        Error error = opened.error();
        error.object = "kernel monitor";
        return fail(error);
    }
    return {};
}

Status NetlinkMonitor::open_sources() {
    if (auto opened = route_.open(); !opened) {
        return opened;
    }
    // Before devlink itself, so that its appearance in between is not missed.
    if (auto opened = unless_missing(controller_.open()); !opened) {
        return opened;
    }
    if (auto opened = unless_missing(devlink_.open()); !opened) {
        return opened;
    }
    if (auto opened = unless_missing(rdma_.open()); !opened) {
        return opened;
    }
    return unless_missing(uevents_.open());
}

Status NetlinkMonitor::unless_missing(const Status& opened) {
    return !opened && opened.error().code == ENOTSUP ? Status{} : opened;
}

void NetlinkMonitor::drain() {
    if (delivering_) {
        return;
    }
    for (MonitorSource* source : {&controller_, &devlink_, &route_, &rdma_, &uevents_}) {
        source->drain();
    }
}

Result<std::unique_ptr<Channel>> NetlinkMonitor::open_group(int protocol, uint32_t group) {
    auto channel = factory_(protocol, ChannelUse::kNotifications);
    if (!channel) {
        return channel;
    }
    if (auto joined = (*channel)->join(group); !joined) {
        return fail(joined.error());
    }
    return channel;
}

Result<std::unique_ptr<Channel>> NetlinkMonitor::open_devlink() {
    families_.forget(kDevlink);
    const auto family = families_.find(kDevlink);
    if (!family) {
        return fail(family.error());
    }
    const auto group = family->group(kDevlinkGroup);
    if (!group) {
        return fail(EBADMSG, kDevlink, "subscribe", "the family has no group \"config\"");
    }
    devlink_family_ = family->id;
    return open_group(NETLINK_GENERIC, *group);
}

Result<std::unique_ptr<Channel>> NetlinkMonitor::open_rdma() {
    const auto monitor = rdma_client_.has_monitor();
    // Linux before 4.19 does not know the question; it has RDMA netlink all the same.
    has_rdma_ = monitor || monitor.error().code != ENOTSUP;
    if (!monitor || !*monitor) {
        return fail(ENOTSUP, "rdma", "subscribe", "kernel without RDMA monitor");
    }
    return open_group(NETLINK_RDMA, uapi::kRdmaGroupNotify);
}

Status NetlinkMonitor::on_controller(const MessageView& message) {
    const auto event = genl::decode_event(message);
    if (!event) {
        return fail(event.error());
    }
    if (!*event || (*event)->family.name != kDevlink) {
        return {};
    }
    if ((*event)->removed) {
        log_.info("devlink has left the kernel");
        devlink_.close();
        families_.forget(kDevlink);
        report_devlink_gone();
        return {};
    }
    log_.info("the kernel has devlink now");
    devlink_.restart();
    return {};
}

void NetlinkMonitor::on_controller_overflow() {
    // The family may have come or gone unheard.
    const bool had_devlink = devlink_.is_open();
    devlink_.restart();
    if (had_devlink && !devlink_.is_open()) {
        report_devlink_gone();
    }
}

void NetlinkMonitor::report_devlink_gone() {
    report(SourceLost{Overflow::Source::kDevlink,
                      Error{ENOTSUP, kDevlink, "receive notifications", "it left the kernel"}});
}

Status NetlinkMonitor::on_devlink(const MessageView& message) {
    if (message.header.nlmsg_type != devlink_family_) {
        return {};
    }
    auto event = devlink::decode_event(message);
    if (!event) {
        return fail(event.error());
    }
    if (const auto* device = std::get_if<DevlinkDeviceEvent>(&*event); device && !device->removed) {
        look_for_rdma();
    }
    std::visit(
        [this]<class T>(T&& value) {
            if constexpr (!std::is_same_v<std::decay_t<T>, std::monostate>) {
                report(std::forward<T>(value));
            }
        },
        *std::move(event));
    return {};
}

Status NetlinkMonitor::on_route(const MessageView& message) {
    const uint16_t type = message.header.nlmsg_type;
    if (type != RTM_NEWLINK && type != RTM_DELLINK) {
        return {};
    }
    auto event = rtnl::decode_link(message);
    if (!event) {
        return fail(event.error());
    }
    if (*event) {
        report(**std::move(event));
    }
    return {};
}

Status NetlinkMonitor::on_rdma(const MessageView& message) {
    auto event = rdma::decode_event(message);
    if (!event) {
        return fail(event.error());
    }
    if (*event) {
        report(**std::move(event));
    }
    return {};
}

Status NetlinkMonitor::on_uevent(ByteView datagram) {
    auto event = uevent::decode(datagram);
    if (!event) {
        return fail(event.error());
    }
    if (*event) {
        report(**std::move(event));
    }
    return {};
}

void NetlinkMonitor::look_for_rdma() {
    if (has_rdma_) {
        return;
    }
    if (const auto opened = rdma_.open(); !opened && opened.error().code != ENOTSUP) {
        log_.warn("rdma: no notifications: {}", opened.error().to_string());
    }
    if (has_rdma_) {
        log_.info("the kernel has RDMA netlink now");
        report(Overflow{Overflow::Source::kRdma});
    }
}

}  // namespace

std::unique_ptr<KernelMonitor> make_netlink_monitor(EventLoop& loop, LogSink& log,
                                                    const Clock& clock, BackOff back_off,
                                                    ChannelFactory factory) {
    return std::make_unique<NetlinkMonitor>(loop, log, clock, back_off, factory);
}

}  // namespace esw::netlink
