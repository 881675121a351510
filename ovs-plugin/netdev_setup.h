// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/result.h"
#include "base/thread.h"
#include "netlink/kernel.h"

namespace esw {

/// What Open vSwitch wants of a network device.
struct LinkWish {
    bool up = true;
    bool promiscuous = false;
    std::optional<uint32_t> mtu;
    std::optional<netlink::MacAddress> mac;

    bool operator==(const LinkWish&) const = default;
};

/// Makes network devices fit for a port, changes them, reads what they are like and puts them back,
/// on a thread of its own: bringing up a representor takes firmware commands, and the kernel
/// answers nobody who asks about network devices while it makes or removes others. The switch's
/// main thread must not wait for either.
///
/// Threads: any, save that the take_...() belong to one. Requests are done in order.
class NetdevSetup {
public:
    struct Request {
        uint64_t port_id = 0;
        uint64_t attempt = 0;  ///< given back in the outcome
        uint32_t ifindex = 0;
        std::string port;  ///< for the log
        LinkWish wish;
    };

    struct LinkState {
        netlink::Link attributes;
        std::optional<netlink::LinkModes> modes;  ///< absent when the driver tells none
    };
    struct Device {
        LinkState link;
        netlink::LinkStats stats;
    };

    /// What was refused, of the wish.
    struct WishRefusals {
        Error shape;  ///< MTU or MAC
        Error flags;

        bool operator==(const WishRefusals&) const = default;
    };
    /// What was refused first, of features and qdisc, and of the wish. What comes after it was
    /// tried all the same, save that nothing is after an ENODEV of the former. That alone does not
    /// say that the device is gone: ethtool and changes are refused so while a driver that recovers
    /// has detached it.
    struct Refusals {
        Error setup;
        WishRefusals wish;

        bool operator==(const Refusals&) const = default;
    };

    struct Outcome {
        uint64_t port_id = 0;
        uint64_t attempt = 0;
        uint32_t ifindex = 0;
        Refusals refused;
        Result<Device> device;  ///< as it was after the steps, or why it could not be read
    };

    /// `wake` is called when there is something to take; on any thread, with no lock held.
    static Result<std::unique_ptr<NetdevSetup>> create(netlink::Kernel& kernel, LogSink& log,
                                                       std::function<void()> wake);
    ~NetdevSetup() { stop(); }

    /// Turns features off that are in the way (flow offload by tc, merging of received packets),
    /// removes the ingress qdisc that others left, sets MTU, MAC and promiscuity as wished and
    /// brings the device up or down. What was found is remembered.
    void prepare(Request request);

    /// What a device was like before it was changed; absent members were not changed.
    struct Found {
        std::optional<bool> up, promiscuous;
        std::optional<uint32_t> mtu;
        std::optional<netlink::MacAddress> mac;
        netlink::NetdevFeatures features;  ///< that were on, and are off now

        bool operator==(const Found&) const = default;
    };

    /// Which flags of a device are asked for; the others stay as they are.
    struct Flags {
        bool up = false;
        bool promiscuous = false;
    };

    /// Changes a device that was made ready before: MTU and MAC as wished, and those flags. What
    /// was found is remembered.
    struct Change {
        uint64_t port_id = 0;
        uint64_t number = 0;  ///< given back in the outcome
        uint32_t ifindex = 0;
        LinkWish wish;
        Flags flags;
    };
    void change(Change change);

    struct ChangeOutcome {
        uint64_t port_id = 0;
        uint64_t number = 0;
        WishRefusals refused;
    };

    /// The answer to read().
    struct Reading {
        uint64_t port_id = 0;
        uint32_t ifindex = 0;
        Result<LinkState> link;
    };

    /// Reads what the device is like now.
    void read(uint64_t port_id, uint32_t ifindex);

    /// Undoes all changes, as far as the device is still there.
    void put_back(uint32_t ifindex);

    /// From now on all devices stay as they are.
    void keep_all();

    std::deque<Outcome> take_outcomes() { return outcomes_.take_all(); }
    std::deque<Reading> take_readings() { return readings_.take_all(); }
    std::deque<ChangeOutcome> take_changes() { return changes_.take_all(); }

    /// Waits until what was asked for so far is done, but for no longer than `timeout`; returns
    /// whether it is.
    bool wait_until_done(std::chrono::milliseconds timeout);

    /// Does what was asked for so far, then ends the thread. Idempotent; owner only.
    void stop();

private:
    NetdevSetup(netlink::Kernel& kernel, LogSink& log, std::unique_ptr<EventLoop> loop,
                std::function<void()> wake)
        : kernel_(kernel),
          log_(log, "esw_plugin"),
          loop_(std::move(loop)),
          outcomes_(wake),
          readings_(wake),
          changes_(wake) {}

    void do_prepare(const Request& request);
    Refusals do_steps(const Request& request);
    void do_change(const Change& change);
    Result<Device> read_device(uint32_t ifindex);
    Result<LinkState> read_link(uint32_t ifindex);
    Status prepare_features(const Request& request, Found& found);
    Status prepare_qdisc(const Request& request, Found& found);
    WishRefusals prepare_link(const Request& request);
    WishRefusals fulfill(uint32_t ifindex, const LinkWish& wish, Flags flags);
    /// In a request for each of MTU, MAC and flags, as the kernel ends one at its first error: a
    /// device that refuses an MTU is brought up or down all the same. What is refused is taken out
    /// of `found`.
    WishRefusals change_link(const netlink::LinkChange& change, Found& found);
    void merge(uint32_t ifindex, const Found& before);
    void do_put_back(uint32_t ifindex);

    netlink::Kernel& kernel_;
    const Logger log_;
    const std::unique_ptr<EventLoop> loop_;
    Mailbox<Outcome> outcomes_;
    Mailbox<Reading> readings_;
    Mailbox<ChangeOutcome> changes_;
    // The loop's thread only.
    std::map<uint32_t, Found> found_;  // by ifindex
    bool keep_ = false;
    std::unique_ptr<Thread> thread_;
};

}  // namespace esw
