// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/plugin.h"

#include <algorithm>
#include <cerrno>
#include <exception>

#include "ovs-plugin/port_status.h"

namespace esw {
namespace {

/// run() goes on in the next turn of the main loop then.
constexpr Duration kLongestTurn = std::chrono::milliseconds(3);

bool is_gone(const Error& error) {
    return error.code == ENODEV || error.code == ENXIO;
}

/// The device could not be asked, or did not answer: nothing is known of what it thinks.
bool did_not_get_through(const Error& error) {
    return error.code == EMFILE || error.code == ENFILE || error.code == ENOBUFS ||
           error.code == ENOMEM || error.code == ETIMEDOUT;
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
    auto manager = own.make_manager(*own.log, *own.clock, *own.kernel, notify);
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
      completions_([wake_fd = wake_.get()] { wake_fd->notify(); }),
      written_([wake_fd = wake_.get()] { wake_fd->notify(); }),
      closer_("esw close"),
      reports_("esw reports") {}

Plugin::~Plugin() {
    if (manager_) {
        stop([](void*, bool, const std::string&) {});
    }
}

void Plugin::run(const Changed& changed, const LinkRead& link_read) {
    wake_->clear();
    // Completions first: the snapshot that is taken after them has what they tell of.
    for (Completion& completion : completions_.take_all()) {
        completed_.push_back(std::move(completion));
    }

    {
        MutexLock lock(mutex_);
        if (stopped_) {
            return;
        }
        for (Change& change : collect_changes()) {
            changes_.push_back(std::move(change));
        }
    }
    for (const NetdevSetup::Reading& reading : setup_->take_readings()) {
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
}

void Plugin::read_link(uint64_t port_id, uint32_t ifindex) {
    ++reading_;
    setup_->read(port_id, ifindex);
}

void Plugin::make_change(const Change& change, const Changed& changed) {
    if (change.attempt) {
        attach(change, changed);
    } else {
        changed(change.port_id, change.binding);
    }
}

std::optional<Duration> Plugin::time_to_retry() const {
    if (!next_retry_) {
        return std::nullopt;
    }
    return std::max(Duration::zero(), *next_retry_ - parts_.clock->now());
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
            return {step.port_id, {true, 0, {}, {}}};
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
    const auto& [id, attempt, ifindex, step_error, device] = outcome;
    const auto port = ports_.find(id);
    if (port == ports_.end() || !tracker_.awaits(id, attempt)) {
        return std::nullopt;
    }
    if (prepared_again(id, ifindex, attempt)) {
        return std::nullopt;
    }
    port->second.setup_error.clear();
    if (!device && is_gone(device.error())) {
        tracker_.gone(id, attempt);
        return Change{id, {}};
    }
    if (!device || did_not_get_through(step_error) || is_gone(step_error)) {
        fail_attempt(id, attempt, device ? step_error : device.error());
        return Change{id, {}};
    }
    // What the device refuses does not keep it from the datapath.
    port->second.setup_error = step_error.code ? step_error.to_string() : "";
    return Change{id, {true, ifindex, device->link, device->stats}, attempt};
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
    const int error = changed(id, change.binding);
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

std::function<void(CommandEnd)> Plugin::completer(uint64_t command) {
    return [this, command](CommandEnd end) { completions_.put({command, std::move(end)}); };
}

void Plugin::command(const std::vector<std::string>& args, void* conn, const Reply& reply) {
    const uint64_t number = ++last_command_;
    const CommandContext context{*manager_, *parts_.clock, parts_.bridges,
                                 [this] { return failures(); }};
    const Answer answer = run_command(context, args, completer(number));
    if (const auto* result = std::get_if<CommandResult>(&answer)) {
        reply(conn, result->error, result->text);
        return;
    }
    waiting_[number] = conn;
    if (const auto* report = std::get_if<Report>(&answer)) {
        write(number, *report);
    }
}

void Plugin::write(uint64_t command, Report report) {
    reports_.push({[this, command, report = std::move(report)] {
                       CommandResult result;
                       try {
                           result = report();
                       } catch (const std::exception& e) {
                           // Nothing in here may end the switch.
                           result = {true, std::string("internal error: ") + e.what()};
                       }
                       written_.put({command, std::move(result)});
                   },
                   [this, command](const Error& error) {
                       written_.put({command, {true, error.to_string()}});
                   }});
}

void Plugin::answer(const std::function<bool()>& is_status_written, const Reply& reply) {
    reply_written(reply);
    const bool follows = static_cast<bool>(is_status_written);
    if (completed_.empty() || (follows && !(is_settled() && is_status_written()))) {
        return;
    }
    reply_completed(reply);
}

void Plugin::reply_written(const Reply& reply) {
    for (const auto& [command, result] : written_.take_all()) {
        reply_to(command, result, reply);
    }
}

void Plugin::reply_to(uint64_t command, const CommandResult& result, const Reply& reply) {
    const auto waiting = waiting_.extract(command);
    if (!waiting.empty()) {
        reply(waiting.mapped(), result.error, result.text);
    }
}

bool Plugin::is_settled() const {
    MutexLock lock(mutex_);
    return tracker_.settled() && changes_.empty() && reading_ == 0 && closing_ == 0;
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

void Plugin::reply_completed(const Reply& reply) {
    for (const Completion& completion : std::exchange(completed_, {})) {
        reply_to(completion.command, completion.end(), reply);
    }
}

void Plugin::stop(const Reply& reply) {
    {
        MutexLock lock(mutex_);
        if (std::exchange(stopped_, true)) {
            return;
        }
    }
    stop_threads();
    reply_written(reply);
    for (Completion& completion : completions_.take_all()) {
        completed_.push_back(std::move(completion));
    }
    reply_completed(reply);
    for (const auto& [number, conn] : std::exchange(waiting_, {})) {
        reply(conn, true, "the switch is going down");
    }
}

void Plugin::stop_threads() {
    const auto stop_all = [this] {
        reports_.stop();
        setup_->stop();
        manager_->stop();
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
    MutexLock lock(mutex_);
    const auto port = ports_.find(id);
    if (port == ports_.end()) {
        return;
    }
    const auto ifindex = tracker_.remove(id);
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

bool Plugin::set_wish(uint64_t id, const LinkWish& wish) {
    MutexLock lock(mutex_);
    return std::exchange(ports_.at(id).wish, wish) != wish;
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
