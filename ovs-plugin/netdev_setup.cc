// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/netdev_setup.h"

#include <net/if.h>

#include <cerrno>
#include <future>
#include <utility>

namespace esw {
namespace {

/// Flows of tc would take packets away before the switch sees them. Packets that the kernel or the
/// adapter has merged are longer than the MTU, and their lengths and checksums are no longer what
/// was sent. (Names: netdev_features_strings in the kernel's net/ethtool/common.c.)
constexpr const char* kUnwantedFeatures[] = {"hw-tc-offload", "rx-gro", "rx-gro-hw", "rx-lro"};

bool is_gone(const Error& error) {
    return error.code == ENODEV || error.code == ENXIO;
}

}  // namespace

Result<std::unique_ptr<NetdevSetup>> NetdevSetup::create(netlink::Kernel& kernel, LogSink& log,
                                                         std::function<void()> wake) {
    auto loop = EventLoop::create();
    if (!loop) {
        return fail(loop.error());
    }
    std::unique_ptr<NetdevSetup> setup(
        new NetdevSetup(kernel, log, std::move(*loop), std::move(wake)));
    auto thread = Thread::start("esw-netdev", [loop = setup->loop_.get()] { loop->run(); });
    if (!thread) {
        return fail(thread.error());
    }
    setup->thread_ = std::move(*thread);
    return setup;
}

void NetdevSetup::prepare(Request request) {
    loop_->post([this, request = std::move(request)] { do_prepare(request); });
}

void NetdevSetup::change(Change change) {
    loop_->post([this, change = std::move(change)] { do_change(change); });
}

void NetdevSetup::read(uint64_t port_id, uint32_t ifindex) {
    loop_->post([this, port_id, ifindex] {
        readings_.put({port_id, ifindex, read_link(ifindex)});
    });
}

void NetdevSetup::put_back(uint32_t ifindex) {
    loop_->post([this, ifindex] { do_put_back(ifindex); });
}

void NetdevSetup::keep_all() {
    loop_->post([this] {
        keep_ = true;
        found_.clear();
    });
}

bool NetdevSetup::wait_until_done(std::chrono::milliseconds timeout) {
    const auto done = std::make_shared<std::promise<void>>();
    loop_->post([done] { done->set_value(); });
    return done->get_future().wait_for(timeout) == std::future_status::ready;
}

void NetdevSetup::stop() {
    if (thread_) {
        loop_->stop();
        thread_->join();
        thread_.reset();
    }
}

void NetdevSetup::do_prepare(const Request& request) {
    Refusals refused = do_steps(request);
    Result<Device> device = read_device(request.ifindex);
    if (!device && is_gone(device.error())) {
        found_.erase(request.ifindex);
    }
    outcomes_.put(
        {request.port_id, request.attempt, request.ifindex, std::move(refused), std::move(device)});
}

NetdevSetup::Refusals NetdevSetup::do_steps(const Request& request) {
    Refusals refused;
    for (const auto step : {&NetdevSetup::prepare_features, &NetdevSetup::prepare_qdisc}) {
        Found before;
        const Status status = (this->*step)(request, before);
        merge(request.ifindex, before);
        if (status) {
            continue;
        }
        const bool gone = is_gone(status.error());
        if (refused.setup.code == 0 || gone) {
            refused.setup = status.error();
        }
        if (gone) {
            return refused;
        }
        log_.warn("{}: {}", request.port, status.error().to_string());
    }
    refused.wish = prepare_link(request);
    for (const Error& error : {refused.wish.shape, refused.wish.flags}) {
        if (error.code && !is_gone(error)) {
            log_.warn("{}: {}", request.port, error.to_string());
        }
    }
    return refused;
}

void NetdevSetup::do_change(const Change& change) {
    changes_.put(
        {change.port_id, change.number, fulfill(change.ifindex, change.wish, change.flags)});
}

Result<NetdevSetup::LinkState> NetdevSetup::read_link(uint32_t ifindex) {
    auto link = kernel_.link(ifindex);
    if (!link) {
        return fail(link.error());
    }
    LinkState state{std::move(*link), {}};
    if (const auto modes = kernel_.link_modes(ifindex)) {
        state.modes = *modes;
    } else if (modes.error().code != EOPNOTSUPP) {
        log_.debug("{}: no link modes: {}", state.attributes.name, modes.error().to_string());
    }
    return state;
}

Result<NetdevSetup::Device> NetdevSetup::read_device(uint32_t ifindex) {
    auto link = read_link(ifindex);
    if (!link) {
        return fail(link.error());
    }
    const auto stats = kernel_.link_stats(ifindex);
    if (!stats) {
        return fail(stats.error());
    }
    return Device{std::move(*link), *stats};
}

Status NetdevSetup::prepare_features(const Request& request, Found& found) {
    const auto on = kernel_.features(request.ifindex);
    if (!on) {
        return fail(on.error());
    }
    Status status;
    for (const char* feature : kUnwantedFeatures) {
        if (!on->count(feature)) {
            continue;
        }
        Status off = kernel_.set_feature(request.ifindex, feature, false);
        if (off) {
            found.features.insert(feature);
        } else if (is_gone(off.error())) {
            return off;
        } else if (status) {
            status = std::move(off);
        }
    }
    return status;
}

Status NetdevSetup::prepare_qdisc(const Request& request, Found&) {
    const auto removed = kernel_.remove_ingress_qdisc(request.ifindex);
    if (!removed) {
        return fail(removed.error());
    }
    if (*removed) {
        log_.info("{}: removed an ingress qdisc that was left on its network device", request.port);
    }
    return {};
}

NetdevSetup::WishRefusals NetdevSetup::prepare_link(const Request& request) {
    // Somebody else may want it promiscuous.
    return fulfill(request.ifindex, request.wish, {true, request.wish.promiscuous});
}

NetdevSetup::WishRefusals NetdevSetup::fulfill(uint32_t ifindex, const LinkWish& wish,
                                               Flags flags) {
    const auto link = kernel_.link(ifindex);
    if (!link) {
        return {link.error(), link.error()};
    }
    Found found;
    const bool was_up = link->flags & IFF_UP;
    const bool was_promiscuous = link->flags & IFF_PROMISC;

    netlink::LinkChange change;
    change.ifindex = ifindex;
    if (flags.up && wish.up != was_up) {
        change.up = wish.up;
        found.up = was_up;
    }
    if (flags.promiscuous && wish.promiscuous != was_promiscuous) {
        change.promiscuous = wish.promiscuous;
        found.promiscuous = was_promiscuous;
    }
    if (wish.mtu && wish.mtu != link->mtu) {
        change.mtu = wish.mtu;
        found.mtu = link->mtu;
    }
    if (wish.mac && wish.mac != link->mac) {
        change.mac = wish.mac;
        found.mac = link->mac;
    }
    WishRefusals refused = change_link(change, found);
    merge(ifindex, found);
    return refused;
}

NetdevSetup::WishRefusals NetdevSetup::change_link(const netlink::LinkChange& change,
                                                   Found& found) {
    // The first error counts.
    const auto ask = [&](netlink::LinkChange part, Error& refused, auto&... before) {
        part.ifindex = change.ifindex;
        const Status done = kernel_.link_change(part);
        if (!done) {
            (before.reset(), ...);
            refused = refused.code ? refused : done.error();
        }
    };
    netlink::LinkChange mtu, mac, flags;
    mtu.mtu = change.mtu;
    mac.mac = change.mac;
    flags.up = change.up;
    flags.promiscuous = change.promiscuous;
    WishRefusals refused;
    if (mtu.mtu) {
        ask(mtu, refused.shape, found.mtu);
    }
    if (mac.mac) {
        ask(mac, refused.shape, found.mac);
    }
    if (flags.up || flags.promiscuous) {
        ask(flags, refused.flags, found.up, found.promiscuous);
    }
    return refused;
}

void NetdevSetup::merge(uint32_t ifindex, const Found& before) {
    // What was found first counts: later changes were changes of ours.
    const auto keep_first = [](auto& first, const auto& now) {
        if (!first) {
            first = now;
        }
    };
    if (keep_ || before == Found()) {
        return;
    }
    Found& found = found_[ifindex];
    keep_first(found.up, before.up);
    keep_first(found.promiscuous, before.promiscuous);
    keep_first(found.mtu, before.mtu);
    keep_first(found.mac, before.mac);
    found.features.insert(before.features.begin(), before.features.end());
}

void NetdevSetup::do_put_back(uint32_t ifindex) {
    const auto node = found_.extract(ifindex);
    if (node.empty()) {
        return;
    }
    Found& found = node.mapped();
    const auto refused =
        change_link({ifindex, found.up, found.promiscuous, found.mtu, found.mac, {}, {}}, found);
    for (const Error& error : {refused.shape, refused.flags}) {
        if (error.code && !is_gone(error)) {
            log_.warn("ifindex {}: could not be put back as it was found: {}", ifindex,
                      error.to_string());
        }
    }
    for (const std::string& feature : found.features) {
        const Status status = kernel_.set_feature(ifindex, feature, true);
        if (!status && !is_gone(status.error())) {
            log_.warn("ifindex {}: {} could not be turned on again: {}", ifindex, feature,
                      status.error().to_string());
        }
    }
}

}  // namespace esw
