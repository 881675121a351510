// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/netlink_server.h"

#include <linux/genetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "utilities/esw-sim/transport/client_request.h"
#include "utilities/esw-sim/transport/device_calls.h"
#include "utilities/esw-sim/transport/ethtool_calls.h"
#include "utilities/esw-sim/transport/ethtool_features.h"
#include "utilities/esw-sim/transport/ethtool_links.h"
#include "utilities/esw-sim/transport/genl_families.h"
#include "utilities/esw-sim/transport/link_rewriter.h"
#include "utilities/esw-sim/transport/listener.h"
#include "utilities/esw-sim/transport/netdev_requests.h"
#include "utilities/esw-sim/transport/send_job.h"

namespace esw::sim {

namespace {

constexpr char kModule[] = "esw_sim_netlink";
constexpr uint32_t kMaxRdmaGroup = 4;  ///< RDMA_NL_GROUP_NOTIFY, the highest there is
constexpr uint32_t kUeventGroup = 1;   ///< the kernel's own; udev's are others
/// A datagram that grew beyond this by rewriting goes out in parts.
constexpr size_t kMaxPart = 4096;

bool is_netlink(const UniqueFd& fd, int protocol) {
    int domain = 0, actual = 0;
    socklen_t length = sizeof domain;
    return fd && ::getsockopt(fd.get(), SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
           ::getsockopt(fd.get(), SOL_SOCKET, SO_PROTOCOL, &actual, &length) == 0 &&
           domain == AF_NETLINK && actual == protocol;
}

class Server final : public NetlinkServer, public ClientSocket::Owner, public SendJob::Router {
public:
    Server(EventLoop& loop, LogSink& log, Config config, GenlFamilies families)
        : loop_(loop),
          log_(log, kModule),
          config_(std::move(config)),
          families_(std::move(families)),
          links_(*config_.netdevs),
          network_(own_network_namespace()),
          ethtool_(*config_.netdevs),
          ethtool_links_(*config_.netdevs, families_.ethtool()),
          features_(*config_.netdevs, families_.ethtool(), ethtool_.features().count,
                    ethtool_.features().tc_offload),
          devices_(loop, config_.open_device) {}

    Status listen();

    // NetlinkServer
    uint16_t devlink_family() const override { return families_.devlink(); }
    void notify_devlink(const Bytes& message) override;
    void notify_rdma(uint32_t group, const Bytes& message) override;
    void notify_uevent(const Bytes& datagram) override;
    void overflow_next() override;
    void pump_route() override;
    NetlinkStats stats() const override { return statistics_->total(); }
    std::vector<std::pair<int, NetlinkStats>> stats_by_process() const override {
        return statistics_->by_process();
    }

    // ClientSocket::Owner
    void closed(ClientSocket& socket) override;
    std::vector<Bytes> from_kernel(ClientSocket& socket, Bytes datagram, bool multicast,
                                   int nsid) override;
    void count_overflow(const ClientSocket& socket) override;
    bool is_simulated_group(int protocol, uint32_t group) const override;
    uint32_t group_count(int protocol) const override;
    Result<uint32_t> claim_port_id(const ClientSocket& socket, uint32_t wanted) override;

    // SendJob::Router
    bool is_held(const ClientSocket& socket, const MessageView& message) override;
    void pass_gate(const std::shared_ptr<ClientSocket>& socket, pid_t caller,
                   const MessageView& message, std::function<void(bool)> passed) override;
    bool is_simulated(const ClientSocket& socket, const MessageView& message) override;
    void serve(const std::shared_ptr<ClientSocket>& socket, pid_t caller,
               const MessageView& message, std::function<void()> finished) override;
    void passing(const ClientSocket& socket, pid_t caller, const MessageView& message) override;

private:
    void on_call(const std::shared_ptr<Call>& call);
    void open_socket(Call& call);
    void call_socket(const std::shared_ptr<Call>& call);
    void send(const std::shared_ptr<Call>& call, const std::shared_ptr<ClientSocket>& socket);
    int bind(ClientSocket& socket, uint32_t port_id, uint32_t groups);
    bool reap_closed();
    void get_option(Call& call, ClientSocket& socket);
    void write_attribute(const std::shared_ptr<Call>& call);
    void ethtool(const std::shared_ptr<Call>& call);
    const NetdevFace* gated_netdev(const ClientSocket& socket, const MessageView& message) const;
    void describe_devlink(const std::shared_ptr<ClientSocket>& socket, const MessageView& message);
    void notify(int protocol, uint32_t group, Statistics::Family family, const Bytes& message);
    void complete_family_dump(const ClientSocket& socket, ByteSpan datagram,
                              std::vector<Bytes>& parts);
    NamespaceId network_of(const ClientSocket& socket, int nsid) const;
    Statistics::Family family_of(const ClientSocket& socket, uint16_t type) const;

    EventLoop& loop_;
    const Logger log_;
    const Config config_;
    const GenlFamilies families_;
    const LinkRewriter links_;
    const NamespaceId network_;
    EthtoolCalls ethtool_;
    const EthtoolLinks ethtool_links_;
    EthtoolFeatures features_;
    DeviceCalls devices_;
    const std::shared_ptr<Statistics> statistics_ = std::make_shared<Statistics>();
    std::unique_ptr<Listener> listener_;
    std::map<uint64_t, std::shared_ptr<ClientSocket>> sockets_;
    /// Dumps of generic netlink's families that the kernel is at: socket and sequence number.
    std::set<std::pair<uint64_t, uint32_t>> family_dumps_;
};

Status Server::listen() {
    auto listener = Listener::create(loop_, config_.directory,
                                     [this](std::shared_ptr<Call> call) { on_call(call); });
    if (!listener) {
        return fail(listener.error());
    }
    listener_ = std::move(*listener);
    return {};
}

// --- calls ---

void Server::on_call(const std::shared_ptr<Call>& call) {
    config_.netdevs->sync();
    switch (call->header().op) {
        case wire::Op::kOpen:
            open_socket(*call);
            break;
        case wire::Op::kEthtool:
            ethtool(call);
            break;
        case wire::Op::kAttributeWrite:
            write_attribute(call);
            break;
        case wire::Op::kSync:
            call->answer(0);
            break;
        case wire::Op::kDeviceOpen:
            devices_.open(*call);
            break;
        case wire::Op::kDeviceIoctl:
            devices_.ioctl(call);
            break;
        case wire::Op::kDeviceMap:
            devices_.map(*call);
            break;
        default:
            call_socket(call);
    }
}

void Server::open_socket(Call& call) {
    const auto& arg = call.header().arg;
    const uint64_t id = call.header().socket;
    UniqueFd kernel = call.take_passed();
    const int protocol = arg[0];
    const bool known = protocol == NETLINK_ROUTE || protocol == NETLINK_GENERIC ||
                       protocol == NETLINK_RDMA || protocol == NETLINK_KOBJECT_UEVENT;
    if (!known || id == 0 || (protocol != NETLINK_RDMA && !is_netlink(kernel, protocol))) {
        call.answer(EPROTO);
        return;
    }
    if (sockets_.count(id) != 0) {
        call.answer(EEXIST);
        return;
    }
    if (protocol == NETLINK_RDMA) {
        kernel.reset();
    }
    const pid_t pid = call.caller();
    UniqueFd connection = call.take_connection();
    const NamespaceId network = socket_network_namespace(connection.get(), pid);
    if (!send_answer(connection.get(), 0)) {
        return;
    }
    auto socket = std::make_shared<ClientSocket>(
        loop_, *this,
        ClientSocket::Identity{id, protocol, arg[1], pid, network, network == network_,
                               has_net_admin(pid)},
        std::move(connection), std::move(kernel));
    if (const auto started = socket->start(); !started) {
        log_.error("process {}: {}", pid, started.error().to_string());
        return;
    }
    sockets_.emplace(id, std::move(socket));
}

void Server::call_socket(const std::shared_ptr<Call>& call) {
    const auto found = sockets_.find(call->header().socket);
    if (found == sockets_.end()) {
        call->answer(EBADF);
        return;
    }
    const auto socket = found->second;
    const auto& arg = call->header().arg;
    const auto number = [&](int i) { return static_cast<uint32_t>(arg[i]); };
    switch (call->header().op) {
        case wire::Op::kSend:
            send(call, socket);
            break;
        case wire::Op::kBind:
            call->answer(bind(*socket, number(0), number(1)));
            break;
        case wire::Op::kConnect:
            call->answer(socket->connect(arg[0], number(1), number(2)));
            break;
        case wire::Op::kSocketName:
            call->answer_with(socket->name());
            break;
        case wire::Op::kPeerName:
            call->answer_with(socket->peer_name());
            break;
        case wire::Op::kSetOption:
            call->answer(socket->set_option(arg[0], arg[1], call->payload(), call->caller()));
            break;
        case wire::Op::kGetOption:
            get_option(*call, *socket);
            break;
        default:
            call->answer(EPROTO);
    }
}

int Server::bind(ClientSocket& socket, uint32_t port_id, uint32_t groups) {
    const int error = socket.bind(port_id, groups);
    // The program may have closed the socket that had the number before it asked for it again.
    return error == EADDRINUSE && reap_closed() ? socket.bind(port_id, groups) : error;
}

/// Takes notice of sockets that were closed and that the loop has not told of yet.
bool Server::reap_closed() {
    const size_t before = sockets_.size();
    for (auto it = sockets_.begin(); it != sockets_.end();) {
        const auto socket = (it++)->second;
        if (socket->peer_is_gone()) {
            closed(*socket);
        }
    }
    return sockets_.size() != before;
}

void Server::get_option(Call& call, ClientSocket& socket) {
    const auto& arg = call.header().arg;
    const size_t room = std::clamp<int>(arg[2], 0, wire::kMaxOption);
    Bytes value;
    int length = 0;
    const int error = socket.get_option(arg[0], arg[1], room, value, length);
    call.answer(error, length, value);
}

void Server::send(const std::shared_ptr<Call>& call, const std::shared_ptr<ClientSocket>& socket) {
    const auto& arg = call->header().arg;
    std::optional<wire::NameAnswer> destination;
    if (arg[0] != 0) {
        destination = {static_cast<uint32_t>(arg[1]), static_cast<uint32_t>(arg[2])};
    }
    const int error = call->payload().empty() ? ENODATA : socket->autobind();
    if (error != 0) {
        call->answer(error);
        return;
    }
    const auto job = std::make_shared<SendJob>(
        *this, socket, call->caller(), Bytes(call->payload().begin(), call->payload().end()),
        destination, [call](int result) { call->answer(result); });
    job->run();
}

void Server::write_attribute(const std::shared_ptr<Call>& call) {
    const std::string text(reinterpret_cast<const char*>(call->payload().data()),
                           call->payload().size());
    const size_t length = text.find('\0');
    if (length == std::string::npos || !config_.write_attribute) {
        call->answer(EINVAL);
        return;
    }
    if (!has_net_admin(call->caller())) {
        call->answer(EACCES);
        return;
    }
    config_.write_attribute(text.substr(0, length), text.substr(length + 1),
                            [call](int error) { call->answer(error); });
}

void Server::ethtool(const std::shared_ptr<Call>& call) {
    const NetdevFace* const netdev = ethtool_.netdev_of(*call);
    if (netdev && config_.gate && !config_.gate->is_open()) {
        config_.gate->pass(*netdev, [this, call](int error) {
            config_.netdevs->sync();
            error ? call->answer(error) : ethtool_.answer(*call);
        });
    } else {
        ethtool_.answer(*call);
    }
}

// --- requests ---

Statistics::Family Server::family_of(const ClientSocket& socket, uint16_t type) const {
    switch (socket.identity().protocol) {
        case NETLINK_RDMA:
            return Statistics::Family::kRdma;
        case NETLINK_ROUTE:
            return Statistics::Family::kRoute;
        case NETLINK_KOBJECT_UEVENT:
            return Statistics::Family::kUevent;
        default:
            return type == families_.devlink() ? Statistics::Family::kDevlink
                                               : Statistics::Family::kGeneric;
    }
}

bool Server::is_simulated(const ClientSocket& socket, const MessageView& message) {
    switch (socket.identity().protocol) {
        case NETLINK_RDMA:
            return true;
        case NETLINK_GENERIC:
            return message.header.nlmsg_type == families_.devlink() ||
                   families_.asks_for_devlink(message) ||
                   ethtool_links_.is_refused(message, socket.view()) ||
                   features_.is_change(message, socket.view());
        default:
            return false;
    }
}

void Server::passing(const ClientSocket& socket, pid_t caller, const MessageView& message) {
    const bool dump = (message.header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    auto& counters = statistics_->of(caller, family_of(socket, message.header.nlmsg_type));
    counters.requests++;
    counters.dumps += dump ? 1 : 0;
    if (dump && socket.identity().protocol == NETLINK_GENERIC &&
        message.header.nlmsg_type == GENL_ID_CTRL && !families_.kernel_has_devlink()) {
        family_dumps_.emplace(socket.identity().id, message.header.nlmsg_seq);
    }
}

/// The netdev that a request is about which has to pass the gate; null: none.
const NetdevFace* Server::gated_netdev(const ClientSocket& socket,
                                       const MessageView& message) const {
    if (!config_.gate || config_.gate->is_open()) {
        return nullptr;
    }
    const uint32_t ifindex =
        requested_ifindex(socket.identity().protocol, families_.ethtool(), message, socket.view());
    return ifindex ? config_.netdevs->find(socket.view().network, ifindex) : nullptr;
}

bool Server::is_held(const ClientSocket& socket, const MessageView& message) {
    return gated_netdev(socket, message) != nullptr;
}

/// `passed` keeps the message alive.
void Server::pass_gate(const std::shared_ptr<ClientSocket>& socket, pid_t caller,
                       const MessageView& message, std::function<void(bool)> passed) {
    const std::weak_ptr<ClientSocket> kept = socket;
    config_.gate->pass(*gated_netdev(*socket, message), [this, kept, caller, message,
                                                         passed = std::move(passed)](int error) {
        config_.netdevs->sync();
        const auto asking = kept.lock();
        if (!asking || !error) {
            passed(true);
            return;
        }
        const auto family = family_of(*asking, message.header.nlmsg_type);
        const auto request = std::make_shared<ClientRequest>(kept, statistics_, family, caller,
                                                             message, [passed] { passed(false); });
        request->finish(error, {}, {});
    });
}

void Server::serve(const std::shared_ptr<ClientSocket>& socket, pid_t caller,
                   const MessageView& message, std::function<void()> finished) {
    const auto family = family_of(*socket, message.header.nlmsg_type);
    const auto request = std::make_shared<ClientRequest>(socket, statistics_, family, caller,
                                                         message, std::move(finished));
    const size_t least = family == Statistics::Family::kRdma ? 0 : GENL_HDRLEN;
    if (family == Statistics::Family::kRdma) {
        devices_.reap_closed();
    }
    if (message.header.nlmsg_type < NLMSG_MIN_TYPE ||
        !(message.header.nlmsg_flags & NLM_F_REQUEST)) {
        request->finish(0, {}, {});
    } else if (message.payload().size() < least) {
        request->finish(EINVAL, {}, {});
    } else if (family == Statistics::Family::kDevlink) {
        config_.devlink->handle(request);
    } else if (family == Statistics::Family::kRdma) {
        config_.rdma->handle(request);
    } else if (message.header.nlmsg_type == GENL_ID_CTRL) {
        request->reply(families_.describe_devlink(message, socket->port_id(), 0));
        request->finish(0, {}, {});
    } else if (ethtool_links_.is_refused(message, socket->view())) {
        EthtoolLinks::refuse(*request);
    } else {
        features_.change(*request, socket->view());
    }
}

// --- towards the programs ---

void Server::closed(ClientSocket& socket) {
    const uint64_t id = socket.identity().id;
    family_dumps_.erase(family_dumps_.lower_bound({id, 0}),
                        family_dumps_.upper_bound({id, UINT32_MAX}));
    sockets_.erase(id);
}

std::vector<Bytes> Server::from_kernel(ClientSocket& socket, Bytes datagram, bool multicast,
                                       int nsid) {
    const bool route = socket.identity().protocol == NETLINK_ROUTE;
    const auto header = read_front<nlmsghdr>(datagram);
    const auto family = family_of(socket, header ? header->nlmsg_type : uint16_t{0});
    auto& counters = statistics_->of(socket.identity().pid, family);
    (multicast ? counters.notifications : counters.replies)++;

    std::vector<Bytes> parts;
    if (family == Statistics::Family::kUevent) {
        parts.push_back(std::move(datagram));  // text
        return parts;
    }
    if (!multicast && !route) {
        complete_family_dump(socket, datagram, parts);
    }
    // Where a netdev has come from was told to us before the program was told where it is.
    config_.netdevs->sync();
    const size_t size = datagram.size();
    const bool grown = route && links_.rewrite(datagram, network_of(socket, nsid)) &&
                       size <= kMaxPart && datagram.size() > kMaxPart;
    if (!route && nsid < 0) {
        features_.correct(datagram, socket.view());
        ethtool_links_.correct(datagram, socket.view());
    }
    if (!grown) {
        if (!datagram.empty()) {
            parts.push_back(std::move(datagram));
        }
        return parts;
    }
    ByteSpan rest(datagram);
    while (const auto message = next_message(rest)) {
        if (parts.empty() || parts.back().size() + message->whole.size() > kMaxPart) {
            parts.emplace_back();
        }
        append_padded(parts.back(), message->whole);
    }
    return parts;
}

/// What `nsid` means to the program. Only that of programs in the adapter's namespace is known.
NamespaceId Server::network_of(const ClientSocket& socket, int nsid) const {
    const auto& identity = socket.identity();
    if (nsid < 0) {
        return identity.network;
    }
    return identity.same_namespace ? config_.netdevs->network_of(nsid) : NamespaceId{};
}

/// Before the end of the kernel's list of families goes ours.
void Server::complete_family_dump(const ClientSocket& socket, ByteSpan datagram,
                                  std::vector<Bytes>& parts) {
    while (const auto message = next_message(datagram)) {
        const auto dump = family_dumps_.find({socket.identity().id, message->header.nlmsg_seq});
        const bool ends =
            message->header.nlmsg_type == NLMSG_DONE || message->header.nlmsg_type == NLMSG_ERROR;
        if (ends && dump != family_dumps_.end()) {
            family_dumps_.erase(dump);
            if (message->header.nlmsg_type == NLMSG_DONE) {
                parts.push_back(
                    families_.describe_devlink(*message, socket.port_id(), NLM_F_MULTI));
            }
        }
    }
}

void Server::count_overflow(const ClientSocket& socket) {
    const uint16_t type = socket.is_member(families_.devlink_config_group()) ? devlink_family() : 0;
    statistics_->of(socket.identity().pid, family_of(socket, type)).overflows++;
}

void Server::notify(int protocol, uint32_t group, Statistics::Family family, const Bytes& message) {
    for (const auto& [id, socket] : sockets_) {
        const auto& identity = socket->identity();
        if (identity.protocol == protocol && identity.same_namespace && socket->is_member(group)) {
            statistics_->of(identity.pid, family).notifications++;
            socket->notify(group, message);
        }
    }
}

void Server::notify_devlink(const Bytes& message) {
    notify(NETLINK_GENERIC, families_.devlink_config_group(), Statistics::Family::kDevlink,
           message);
}

void Server::notify_rdma(uint32_t group, const Bytes& message) {
    notify(NETLINK_RDMA, group, Statistics::Family::kRdma, message);
}

// uevent_net_broadcast() (lib/kobject_uevent.c) sends to all namespaces. An RDMA device that is
// shared has a twin in each, whose uevents stay there (add_one_compat_dev() of core/device.c); they
// differ in nothing.
void Server::notify_uevent(const Bytes& datagram) {
    for (const auto& [id, socket] : sockets_) {
        const auto& identity = socket->identity();
        if (identity.protocol == NETLINK_KOBJECT_UEVENT && socket->is_member(kUeventGroup)) {
            statistics_->of(identity.pid, Statistics::Family::kUevent).notifications++;
            socket->notify(kUeventGroup, datagram);
        }
    }
}

void Server::overflow_next() {
    for (const auto& [id, socket] : sockets_) {
        if (socket->has_groups()) {
            socket->lose_next();
        }
    }
}

void Server::pump_route() {
    for (const auto& [id, socket] : sockets_) {
        if (socket->identity().protocol == NETLINK_ROUTE) {
            socket->pump_kernel();
        }
    }
}

// --- numbers ---

bool Server::is_simulated_group(int protocol, uint32_t group) const {
    switch (protocol) {
        case NETLINK_RDMA:
            return group >= 1 && group <= kMaxRdmaGroup;
        case NETLINK_GENERIC:
            return group == families_.devlink_config_group();
        default:
            return false;
    }
}

uint32_t Server::group_count(int protocol) const {
    switch (protocol) {
        case NETLINK_RDMA:
            return kMaxRdmaGroup;
        case NETLINK_GENERIC:
            return families_.group_count();
        case NETLINK_KOBJECT_UEVENT:
            return 32;
        default:
            return 64;  // RTNLGRP_MAX, in words
    }
}

Result<uint32_t> Server::claim_port_id(const ClientSocket& socket, uint32_t wanted) {
    const auto& claimer = socket.identity();
    const auto taken = [&](uint32_t port_id) {
        return std::any_of(sockets_.begin(), sockets_.end(), [&](const auto& entry) {
            const auto& identity = entry.second->identity();
            return identity.protocol == claimer.protocol && identity.network == claimer.network &&
                   entry.second->port_id() == port_id;
        });
    };
    if (wanted != 0) {
        return taken(wanted) ? Result<uint32_t>(fail(EADDRINUSE, "netlink socket", "bind"))
                             : Result<uint32_t>(wanted);
    }
    // netlink_autobind(): the process first, then numbers that no process has.
    auto port_id = static_cast<uint32_t>(claimer.pid);
    for (uint32_t next = 0xffffefff; taken(port_id); next--) {
        port_id = next;
    }
    return port_id;
}

}  // namespace

Result<std::unique_ptr<NetlinkServer>> NetlinkServer::create(EventLoop& loop, LogSink& log,
                                                             Config config) {
    auto families = GenlFamilies::discover();
    if (!families) {
        return fail(families.error());
    }
    auto server = std::make_unique<Server>(loop, log, std::move(config), std::move(*families));
    if (const auto listening = server->listen(); !listening) {
        return fail(listening.error());
    }
    return server;
}

}  // namespace esw::sim
