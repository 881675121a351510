// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/plugin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/back_off.h"
#include "ovs-plugin/port_status.h"

namespace esw {
namespace {

/// run() goes on in the next turn of the main loop then.
constexpr Duration kLongestTurn = std::chrono::milliseconds(3);
/// Of a change that did not get through.
constexpr Duration kFirstRetry = std::chrono::milliseconds(250);
constexpr Duration kLastRetry = std::chrono::seconds(30);
/// From here on counters that came late are worth a line in the log.
constexpr Duration kNotableDelay = std::chrono::seconds(1);

bool is_gone(const Error& error) {
    return error.code == ENODEV || error.code == ENXIO;
}

/// The device could not be asked, or did not answer: nothing is known of what it thinks.
bool did_not_get_through(const Error& error) {
    return error.code == EMFILE || error.code == ENFILE || error.code == ENOBUFS ||
           error.code == ENOMEM || error.code == ETIMEDOUT;
}

bool is_worth_another_try(const Error& error) {
    return did_not_get_through(error) || is_gone(error);
}

std::string text_of(const Error& error) {
    return error.code ? error.to_string() : "";
}

std::string text_of(const NetdevSetup::WishRefusals& refused) {
    const std::string shape = text_of(refused.shape), flags = text_of(refused.flags);
    if (shape.empty() || shape == flags) {
        return flags;
    }
    return flags.empty() ? shape : shape + "; " + flags;
}

/// Of a driver's many counters those of the vport go to the database: with flows in hardware they
/// count what the device's own do not see. (mlx5_core calls them "vport_..." for a representor.)
Result<Plugin::DriverCounters> vport_counters_of(netlink::Kernel& kernel, uint32_t ifindex) {
    auto counters = kernel.driver_counters(ifindex);
    if (counters) {
        std::erase_if(*counters, [](const netlink::DriverCounter& counter) {
            return !counter.name.starts_with("vport_");
        });
    }
    return counters;
}

/// Null when there is none.
const EswitchSnapshot* find_eswitch(const Snapshot* snapshot, const PortBindingPtr& binding) {
    if (!snapshot || !binding || !binding->rep) {
        return nullptr;
    }
    const auto found = snapshot->eswitches.find(binding->rep->handle);
    return found == snapshot->eswitches.end() ? nullptr : found->second.get();
}

}  // namespace

Result<std::unique_ptr<Plugin>> Plugin::create(Parts parts) {
    auto wake = WakeFd::create();
    if (!wake) {
        return fail(wake.error());
    }
    std::unique_ptr<Plugin> plugin(new Plugin(std::move(parts), std::move(*wake)));
    const Parts& own = plugin->parts_;
    const auto notify = [wake_fd = plugin->wake_.get()] { wake_fd->notify(); };

    auto setup = NetdevSetup::create(*own.kernel, *own.log, notify);
    if (!setup) {
        return fail(setup.error());
    }
    plugin->setup_ = std::move(*setup);
    auto manager = own.make_manager(*own.log, *own.clock, *own.kernel, plugin->flows_, notify);
    if (!manager) {
        return fail(manager.error());
    }
    plugin->manager_ = std::move(*manager);
    if (const Status started = plugin->manager_->start(); !started) {
        return fail(started.error());
    }
    return plugin;
}

Plugin::Plugin(Parts parts, std::unique_ptr<WakeFd> wake)
    : parts_(std::move(parts)),
      log_(*parts_.log, "esw_plugin"),
      wake_(std::move(wake)),
      flows_(std::make_shared<FlowOffload>(
          FlowWorker::Options{.open_fdb = parts_.open_fdb,
                              .progress = [wake_fd = wake_.get()] { wake_fd->notify(); }},
          *parts_.clock, *parts_.log)),
      commands_(*parts_.clock, [wake_fd = wake_.get()] { wake_fd->notify(); }),
      patience_(parts_.patience),
      link_stats_(
          counters_, [this](uint32_t ifindex) { return parts_.kernel->link_stats(ifindex); },
          patience_, [this](Duration late) { caught_up("counters", late); }),
      vport_counters_(
          counters_,
          [this](uint32_t ifindex) { return vport_counters_of(*parts_.kernel, ifindex); },
          patience_, [this](Duration late) { caught_up("counters of vports", late); }),
      closer_("esw close"),
      counters_("esw counters") {}

Plugin::~Plugin() {
    if (manager_) {
        stop([](void*, bool, const std::string&) {});
    }
}

void Plugin::run(const Changed& changed, const LinkRead& link_read) {
    patience_.renew();
    wake_->clear();
    // First: the snapshot that is taken after it has what the completed commands tell of.
    const bool completed = commands_.take_completed();

    {
        MutexLock lock(mutex_);
        if (stopped_) {
            return;
        }
        for (Change& change : collect_changes()) {
            changes_.push_back(std::move(change));
        }
    }
    if (completed) {
        // What they bring about is in what was asked for by now; more flows come all the time.
        flow_mark_ = flows_->mark();
    }
    const auto readings = setup_->take_readings();
    take_changes();
    for (const NetdevSetup::Reading& reading : readings) {
        --reading_;
        link_read(reading);
    }
    const TimePoint begun = parts_.clock->now();
    while (!changes_.empty()) {
        const Change change = std::move(changes_.front());
        changes_.pop_front();
        make_change(change, changed);
        if (!changes_.empty() && parts_.clock->now() - begun >= kLongestTurn) {
            wake_->notify();
            break;
        }
    }
    MutexLock lock(mutex_);
    next_retry_ = tracker_.next_retry();
    for (const auto& [id, at] : change_retries_) {
        next_retry_ = std::min(next_retry_.value_or(at), at);
    }
}

/// After the readings were taken and before they are told: of a device that was read after a
/// change, it is known here what came of that.
void Plugin::take_changes() {
    MutexLock lock(mutex_);
    for (const NetdevSetup::ChangeOutcome& outcome : setup_->take_changes()) {
        if (auto change = take_change(outcome)) {
            changes_.push_back(std::move(*change));
        }
    }
    retry_changes();
}

void Plugin::read_link(uint64_t port_id, uint32_t ifindex) {
    ++reading_;
    setup_->read(port_id, ifindex);
}

void Plugin::make_change(const Change& change, const Changed& changed) {
    if (change.attempt) {
        attach(change, changed);
    } else {
        tell(change, changed);
    }
}

int Plugin::tell(const Change& change, const Changed& changed) {
    if (change.binding.rebound) {
        link_stats_.forget(change.port_id);
        vport_counters_.forget(change.port_id);
    }
    return changed(change.port_id, change.binding);
}

void Plugin::caught_up(const char* what, Duration late) {
    if (late >= kNotableDelay) {
        log_.info("the kernel told {} {} ms late; those of before were shown", what, to_ms(late));
    }
    wake_->notify();  // who waits for that
}

std::optional<Duration> Plugin::time_to_next() const {
    std::optional<Duration> next = commands_.time_to_overdue();
    if (next_retry_) {
        const Duration retry = std::max(Duration::zero(), *next_retry_ - parts_.clock->now());
        next = std::min(next.value_or(retry), retry);
    }
    return next;
}

std::vector<Plugin::Change> Plugin::collect_changes() {
    std::vector<Change> changes;
    for (const NetdevSetup::Outcome& outcome : setup_->take_outcomes()) {
        if (auto change = take_outcome(outcome)) {
            changes.push_back(std::move(*change));
        }
    }
    for (const auto& step : tracker_.retry(parts_.clock->now())) {
        changes.push_back(act(step));
    }
    const SnapshotPtr snapshot = manager_->snapshot();
    if (snapshot != applied_) {
        applied_ = snapshot;
        for (const auto& step : tracker_.update(*snapshot)) {
            tell_flows(step.port_id, ports_.at(step.port_id));
            changes.push_back(act(step));
        }
    }
    return changes;
}

Plugin::Change Plugin::act(const BindingTracker::Step& step) {
    using Kind = BindingTracker::Step::Kind;
    switch (step.kind) {
        case Kind::kPrepare:
            prepare(step.port_id, step.ifindex, step.attempt);
            break;
        case Kind::kDetach:
            log_.debug("{}: ifindex {} is taken away", ports_[step.port_id].name, step.ifindex);
            setup_->put_back(step.ifindex);
            forget_device(ports_[step.port_id]);
            return {step.port_id, {true, 0, false, {}, {}}};
        case Kind::kStatus:
            break;
    }
    // What the status says has changed.
    return {step.port_id, {}};
}

void Plugin::prepare(uint64_t id, uint32_t ifindex, uint64_t attempt) {
    Port& port = ports_[id];
    port.prepared = port.wish;
    setup_->prepare({id, attempt, ifindex, port.name, port.wish});
}

bool Plugin::prepared_again(uint64_t id, uint32_t ifindex, uint64_t attempt) {
    const Port& port = ports_.at(id);
    if (port.wish == port.prepared) {
        return false;
    }
    prepare(id, ifindex, attempt);
    return true;
}

std::optional<Plugin::Change> Plugin::take_outcome(const NetdevSetup::Outcome& outcome) {
    const auto& [id, attempt, ifindex, refused, device] = outcome;
    const auto port = ports_.find(id);
    if (port == ports_.end() || !tracker_.awaits(id, attempt)) {
        return std::nullopt;
    }
    if (prepared_again(id, ifindex, attempt)) {
        return std::nullopt;
    }
    forget_device(port->second);
    if (!device && is_gone(device.error())) {
        tracker_.gone(id, attempt);
        return Change{id, {}};
    }
    if (!device) {
        fail_attempt(id, attempt, device.error());
        return Change{id, {}};
    }
    for (const Error& error : {refused.setup, refused.wish.shape, refused.wish.flags}) {
        if (is_worth_another_try(error)) {
            fail_attempt(id, attempt, error);
            return Change{id, {}};
        }
    }
    // What the device refuses does not keep it from the datapath.
    port->second.setup_error = text_of(refused.setup);
    port->second.wish_error = text_of(refused.wish);
    return Change{id, {true, ifindex, false, device->link, device->stats}, attempt};
}

void Plugin::forget_device(Port& port) {
    port.setup_error.clear();
    port.wish_error.clear();
    port.change = {};
}

void Plugin::post_change(uint64_t id, Port& port, uint32_t ifindex) {
    port.change.number = ++last_change_;
    port.change.flags_open = true;
    change_retries_.erase(id);
    setup_->change({id, port.change.number, ifindex, port.wish, port.change.flags});
}

std::optional<Plugin::Change> Plugin::take_change(const NetdevSetup::ChangeOutcome& outcome) {
    const auto& [id, number, refused] = outcome;
    const auto found = ports_.find(id);
    if (found == ports_.end() || found->second.change.number != number) {
        return std::nullopt;  // the port has another device, or a later change says more
    }
    Port& port = found->second;
    port.change.flags_open = is_worth_another_try(refused.flags);
    if (refused.flags.code == 0) {
        port.change.flags = {};
    }
    if (port.change.flags_open || is_worth_another_try(refused.shape)) {
        change_retries_[id] =
            parts_.clock->now() + back_off(kFirstRetry, kLastRetry, port.change.retries++);
    } else {
        port.change.retries = 0;
    }
    const std::string text = text_of(refused);
    if (text == port.wish_error) {
        return std::nullopt;
    }
    if (!text.empty() && !is_gone(refused.shape) && !is_gone(refused.flags)) {
        log_.warn("{}: {}", port.name, text);
    }
    port.wish_error = text;
    return Change{id, {}};
}

void Plugin::retry_changes() {
    const TimePoint now = parts_.clock->now();
    for (auto retry = change_retries_.begin(); retry != change_retries_.end();) {
        const auto [id, at] = *retry++;
        if (at > now) {
            continue;
        }
        change_retries_.erase(id);
        const auto port = ports_.find(id);
        const BindingTracker::Port* bound = tracker_.find(id);
        if (port != ports_.end() && port->second.change.number && bound && bound->attached) {
            post_change(id, port->second, bound->attached);
            Binding changing;
            changing.is_changing = true;
            changes_.push_back({id, changing});
        }
    }
}

void Plugin::attach(const Change& change, const Changed& changed) {
    const uint64_t id = change.port_id;
    {
        MutexLock lock(mutex_);
        if (!tracker_.awaits(id, change.attempt) ||  // the snapshot since says otherwise
            prepared_again(id, change.binding.ifindex, change.attempt)) {
            return;
        }
    }
    const int error = tell(change, changed);
    {
        MutexLock lock(mutex_);
        if (!error) {
            log_.debug("port {}: bound to ifindex {}", id, change.binding.ifindex);
            tracker_.attached(id, change.attempt);
            return;
        }
        const Error why{error, change.binding.link.attributes.name, "open packet sockets", {}};
        if (is_gone(why)) {
            tracker_.gone(id, change.attempt);
        } else {
            fail_attempt(id, change.attempt, why);
        }
    }
    changed(id, {});
}

void Plugin::fail_attempt(uint64_t id, uint64_t attempt, const Error& error) {
    const auto* port = tracker_.find(id);
    // Said once, however often it is tried.
    if (port && (!port->failure || port->failure->error.code != error.code)) {
        log_.warn("{}: cannot use its network device yet: {}", ports_[id].name, error.to_string());
    }
    tracker_.failed(id, attempt, error, parts_.clock->now());
}

PortFailures Plugin::failures() const {
    MutexLock lock(mutex_);
    return tracker_.failures();
}

void Plugin::command(const std::vector<std::string>& args, void* conn, const Reply& reply) {
    const uint64_t number = commands_.begin();
    const CommandContext context{*manager_, *parts_.clock, parts_.bridges,
                                 [this] { return failures(); }, *flows_};
    const Answer answer = run_command(context, args, commands_.completer(number));
    if (const auto* result = std::get_if<CommandResult>(&answer)) {
        reply(conn, result->error, result->text);
        return;
    }
    if (const auto* report = std::get_if<Report>(&answer)) {
        commands_.write(number, conn, *report);
    } else {
        commands_.add(number, conn, std::get<AnsweredLater>(answer).timeout);
    }
}

void Plugin::answer(const std::function<bool()>& is_status_written, const Reply& reply) {
    commands_.reply_written(reply);
    if (!commands_.has_completed()) {
        return;
    }
    const bool follows = static_cast<bool>(is_status_written);
    if (!follows || (is_settled() && is_status_written())) {
        commands_.reply_completed(reply);
    } else {
        commands_.reply_overdue([this] { return unsettled(); }, reply);
    }
}

bool Plugin::is_settled() const {
    MutexLock lock(mutex_);
    return flows_->is_past(flow_mark_) && tracker_.settled() && changes_.empty() && reading_ == 0 &&
           closing_ == 0 && !link_stats_.is_overdue() && !vport_counters_.is_overdue();
}

/// What is_settled(), or the writing of the status, waits for.
std::string Plugin::unsettled() const {
    std::vector<std::string> waits;
    {
        MutexLock lock(mutex_);
        const auto ports = tracker_.unsettled();
        constexpr size_t kMost = 3;
        for (size_t i = 0; i < std::min(ports.size(), kMost); ++i) {
            waits.push_back("the network device of " + ports[i] + " to be made ready");
        }
        if (ports.size() > kMost) {
            waits.push_back(fmt::format("those of {} more ports", ports.size() - kMost));
        }
    }
    if (!changes_.empty()) {
        waits.push_back(fmt::format("changes of ports ({})", changes_.size()));
    }
    if (reading_) {
        waits.push_back(fmt::format("readings of network devices ({})", reading_));
    }
    if (link_stats_.is_overdue() || vport_counters_.is_overdue()) {
        waits.push_back("counters of network devices");
    }
    if (!flows_->is_past(flow_mark_)) {
        waits.push_back("flows on their way into an adapter or out of it");
    }
    if (closing_) {
        waits.push_back(fmt::format("packet sockets that close ({})", closing_.load()));
    }
    if (waits.empty()) {
        waits.push_back("the database to have the status of the ports");
    }
    return fmt::format("{}", fmt::join(waits, ", "));
}

void Plugin::close(UniqueFd socket) {
    const auto shared = std::make_shared<UniqueFd>(std::move(socket));
    const auto end = [this, shared] {
        shared->reset();
        if (--closing_ == 0) {
            wake_->notify();  // who waits for that
        }
    };
    ++closing_;
    closer_.push({end, [end](const Error&) { end(); }});
}

void Plugin::stop(const Reply& reply) {
    {
        MutexLock lock(mutex_);
        if (std::exchange(stopped_, true)) {
            return;
        }
    }
    stop_threads();
    commands_.stop(reply);
}

void Plugin::stop_threads() {
    const auto stop_all = [this] {
        commands_.stop_writing();
        counters_.stop();
        setup_->stop();
        manager_->stop();
        flows_->stop();
    };
    auto stopper = Thread::start("esw stop", stop_all);
    if (!stopper) {
        stop_all();
        return;
    }
    stopper_ = std::move(*stopper);
    if (!stopper_->join_for(parts_.stop_deadline)) {
        log_.warn(
            "the kernel has not done within {} ms what it was asked for: the daemon ends "
            "without waiting any longer",
            parts_.stop_deadline.count());
    }
}

void Plugin::set_profile(const std::string& text) {
    if (profile_ != text) {
        profile_ = text;
        manager_->set_profile(text);
    }
}

std::string Plugin::sync_overrides(const std::string& found) {
    if (found_overrides_ != found) {
        const bool own = found_overrides_ && found == wanted_overrides_;
        found_overrides_ = found;
        if (!own) {
            // Somebody else wrote it, or it is the first time.
            manager_->set_overrides(found, ++overrides_reading_);
        }
    }
    const ProfileStatusPtr status = manager_->snapshot()->profile;
    wanted_overrides_ = status->overrides_reading == overrides_reading_ ? status->overrides : found;
    return wanted_overrides_;
}

uint64_t Plugin::add_port(const std::string& name) {
    MutexLock lock(mutex_);
    const uint64_t id = ++last_port_id_;
    ports_[id].name = name;
    return id;
}

bool Plugin::owns_name(uint64_t id, const Port& port) const {
    // A netdev that was removed may outlive the next one of its name by a little.
    const auto owner = owners_.find(port.name);
    return owner != owners_.end() && owner->second == id;
}

void Plugin::remove_port(uint64_t id) {
    link_stats_.forget(id);
    vport_counters_.forget(id);
    MutexLock lock(mutex_);
    const auto port = ports_.find(id);
    if (port == ports_.end()) {
        return;
    }
    const auto ifindex = tracker_.remove(id);
    give_number_back(id, port->second);
    const bool owner = owns_name(id, port->second);
    const std::string name = port->second.name;
    ports_.erase(port);
    if (owner) {
        owners_.erase(name);
    }
    if (stopped_) {
        return;
    }
    // First put back: whoever gets the representor next prepares it after that.
    if (ifindex) {
        setup_->put_back(*ifindex);
    }
    if (owner) {
        manager_->release_port(name);
    }
}

Result<bool> Plugin::configure_port(uint64_t id, const OptionMap& options) {
    MutexLock lock(mutex_);
    Port& port = ports_.at(id);
    if (port.request && port.options == options) {
        return !std::exchange(port.option_error, {}).empty();
    }
    auto request = parse_port_options(port.name, options);
    if (!request) {
        if (!port.request) {
            return fail(request.error());
        }
        // Said once: Open vSwitch comes with the same options on each of its reconfigurations.
        if (port.option_error == request.error().detail) {
            return false;
        }
        port.option_error = request.error().detail;
        log_.warn("{}: {}; the options before stay in force", port.name, port.option_error);
        return true;
    }
    port.options = options;
    bool changed = !std::exchange(port.option_error, {}).empty();
    if (port.request == *request) {
        return changed;
    }
    if (!owns_name(id, port)) {
        owners_[port.name] = id;
        tracker_.add(id, port.name);
    }
    port.request = *request;
    if (!stopped_) {
        manager_->claim_port(std::move(*request));
    }
    return true;
}

void Plugin::set_number(uint64_t id, std::optional<uint32_t> number) {
    MutexLock lock(mutex_);
    Port& port = ports_.at(id);
    if (port.number == number) {
        return;
    }
    give_number_back(id, port);
    port.number = number;
    if (number) {
        numbers_[*number] = id;
        tell_flows(id, port);
    }
}

/// Another port may have got the number before this one was told that it has lost it.
void Plugin::give_number_back(uint64_t id, Port& port) {
    const auto owner = port.number ? numbers_.find(*port.number) : numbers_.end();
    if (owner != numbers_.end() && owner->second == id) {
        numbers_.erase(owner);
        flows_->set_port(*port.number, std::nullopt);
    }
    port.number.reset();
}

/// Which representor rules name for the port: the one that is bound to it.
void Plugin::tell_flows(uint64_t id, const Port& port) {
    const auto owner = port.number ? numbers_.find(*port.number) : numbers_.end();
    if (owner == numbers_.end() || owner->second != id) {
        return;
    }
    FlowSwitch::Port known;
    const BindingTracker::Port* bound = tracker_.find(id);
    if (bound && bound->binding && bound->binding->state == PortState::kLoaded) {
        known.rep = bound->binding->rep;
    }
    flows_->set_port(*port.number, std::move(known));
}

std::array<uint64_t, ESW_N_REFUSALS> Plugin::take_refusals() {
    const auto all = flows_->totals().refusals;
    auto since = all;
    for (size_t i = 0; i < since.size(); ++i) {
        since[i] -= told_refusals_[i];
    }
    told_refusals_ = all;
    return since;
}

bool Plugin::set_wish(uint64_t id, const LinkWish& wish) {
    MutexLock lock(mutex_);
    return std::exchange(ports_.at(id).wish, wish) != wish;
}

void Plugin::change_link(uint64_t id, uint32_t ifindex, NetdevSetup::Flags flags) {
    MutexLock lock(mutex_);
    const BindingTracker::Port* bound = tracker_.find(id);
    if (stopped_ || !bound || bound->attached != ifindex) {
        return;  // it is on its way from the port; the next one is made ready as wished
    }
    Port& port = ports_.at(id);
    port.change.flags.up |= flags.up;
    port.change.flags.promiscuous |= flags.promiscuous;
    post_change(id, port, ifindex);
}

bool Plugin::finish_changes(std::chrono::milliseconds timeout) {
    {
        MutexLock lock(mutex_);
        if (stopped_) {
            return true;
        }
    }
    return setup_->wait_until_done(timeout);
}

bool Plugin::is_changing(uint64_t id) const {
    MutexLock lock(mutex_);
    const auto port = ports_.find(id);
    return port != ports_.end() && port->second.change.flags_open;
}

OptionMap Plugin::port_config(uint64_t id) const {
    MutexLock lock(mutex_);
    return ports_.at(id).options;
}

std::vector<std::pair<std::string, std::string>> Plugin::port_status(uint64_t id) const {
    MutexLock lock(mutex_);
    const Port& port = ports_.at(id);
    PortView view;
    view.request = port.request ? &*port.request : nullptr;
    view.option_error = port.option_error;
    view.setup_error = port.setup_error;
    view.wish_error = port.wish_error;
    if (const BindingTracker::Port* state = tracker_.find(id)) {
        view.binding = state->binding.get();
        view.eswitch = find_eswitch(applied_.get(), state->binding);
        if (view.eswitch) {
            view.lag = lag_of(*applied_, *view.eswitch);
        }
        view.attached = state->attached;
        view.failure = state->failure ? &*state->failure : nullptr;
    }
    return esw::port_status(view);
}

}  // namespace esw
