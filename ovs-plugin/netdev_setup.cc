// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/netdev_setup.h"

#include <net/if.h>

#include <cerrno>
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

void NetdevSetup::remember(uint32_t ifindex, Found before) {
    loop_->post([this, ifindex, before] { merge(ifindex, before); });
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

void NetdevSetup::stop() {
    if (thread_) {
        loop_->stop();
        thread_->join();
        thread_.reset();
    }
}

void NetdevSetup::do_prepare(const Request& request) {
    const Error error = do_steps(request);
    Result<Device> device = read_device(request.ifindex);
    if (!device && is_gone(device.error())) {
        found_.erase(request.ifindex);
    }
    outcomes_.put({request.port_id, request.attempt, request.ifindex, error, std::move(device)});
}

Error NetdevSetup::do_steps(const Request& request) {
    Error first;
    for (const auto step : {&NetdevSetup::prepare_features, &NetdevSetup::prepare_qdisc,
                            &NetdevSetup::prepare_link}) {
        Found before;
        const Status status = (this->*step)(request, before);
        merge(request.ifindex, before);
        if (status) {
            continue;
        }
        if (is_gone(status.error())) {
            return status.error();
        }
        if (first.code == 0) {
            first = status.error();
        }
        log_.warn("{}: {}", request.port, status.error().to_string());
    }
    return first;
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

Status NetdevSetup::prepare_link(const Request& request, Found& found) {
    const auto link = kernel_.link(request.ifindex);
    if (!link) {
        return fail(link.error());
    }
    const bool was_up = link->flags & IFF_UP;
    const bool was_promiscuous = link->flags & IFF_PROMISC;
    const LinkWish& wish = request.wish;

    netlink::LinkChange change;
    change.ifindex = request.ifindex;
    if (wish.up != was_up) {
        change.up = wish.up;
        found.up = was_up;
    }
    if (wish.promiscuous && !was_promiscuous) {
        change.promiscuous = true;
        found.promiscuous = false;
    }
    if (wish.mtu && wish.mtu != link->mtu) {
        change.mtu = wish.mtu;
        found.mtu = link->mtu;
    }
    if (wish.mac && wish.mac != link->mac) {
        change.mac = wish.mac;
        found.mac = link->mac;
    }
    return change_link(change);
}

Status NetdevSetup::change_link(const netlink::LinkChange& change) {
    netlink::LinkChange shape = change, flags = change;
    shape.up = shape.promiscuous = std::nullopt;
    flags.mtu = std::nullopt;
    flags.mac = std::nullopt;

    Status status;
    if (shape.mtu || shape.mac) {
        status = kernel_.link_change(shape);
        if (!status && is_gone(status.error())) {
            return status;
        }
    }
    if (flags.up || flags.promiscuous) {
        Status flagged = kernel_.link_change(flags);
        if (!flagged && (status || is_gone(flagged.error()))) {
            return flagged;
        }
    }
    return status;
}

void NetdevSetup::merge(uint32_t ifindex, const Found& before) {
    // What was found first counts: later changes were changes of ours.
    const auto keep_first = [](auto& first, const auto& now) {
        if (!first) {
            first = now;
        }
    };
    if (keep_) {
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
    const Found& found = node.mapped();
    if (found.up || found.promiscuous || found.mtu || found.mac) {
        const Status status =
            change_link({ifindex, found.up, found.promiscuous, found.mtu, found.mac, {}, {}});
        if (!status && !is_gone(status.error())) {
            log_.warn("ifindex {}: could not be put back as it was found: {}", ifindex,
                      status.error().to_string());
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
