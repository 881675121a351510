// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/plugin.h"

#include <cerrno>

#include "ovs-plugin/port_status.h"

namespace esw {

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
      completions_([wake_fd = wake_.get()] { wake_fd->notify(); }) {}

Plugin::~Plugin() {
    if (manager_) {
        stop([](void*, bool, const std::string&) {});
    }
}

void Plugin::run(const std::function<void(uint64_t, const Binding&)>& changed) {
    wake_->clear();
    // Completions first: the snapshot that is taken after them has what they tell of.
    for (Completion& completion : completions_.take_all()) {
        completed_.push_back(std::move(completion));
    }

    std::vector<Change> changes;
    {
        MutexLock lock(mutex_);
        if (stopped_) {
            return;
        }
        changes = act(collect_steps());
    }
    for (Change& change : changes) {
        if (change.binding.rebound && change.binding.ifindex) {
            // Gone already: the manager will say so; until then it is a device that is down.
            change.binding.link =
                parts_.kernel->link(change.binding.ifindex).value_or(netlink::Link{});
        }
        changed(change.port_id, change.binding);
    }
}

std::vector<Plugin::Change> Plugin::act(const std::vector<BindingTracker::Step>& steps) {
    using Kind = BindingTracker::Step::Kind;
    std::vector<Change> changes;
    for (const BindingTracker::Step& step : steps) {
        const std::string& name = ports_[step.port_id].name;
        switch (step.kind) {
            case Kind::kPrepare:
                prepare(step.port_id, step.ifindex, step.attempt);
                // What the status says has changed as well.
                changes.push_back({step.port_id, {false, 0, {}}});
                break;
            case Kind::kDetach:
                log_.debug("{}: ifindex {} is taken away", name, step.ifindex);
                setup_->put_back(step.ifindex);
                changes.push_back({step.port_id, {true, 0, {}}});
                break;
            case Kind::kAttach:
                log_.debug("{}: bound to ifindex {}", name, step.ifindex);
                changes.push_back({step.port_id, {true, step.ifindex, {}}});
                break;
            case Kind::kStatus:
                changes.push_back({step.port_id, {false, 0, {}}});
                break;
        }
    }
    return changes;
}

void Plugin::prepare(uint64_t id, uint32_t ifindex, uint64_t attempt) {
    Port& port = ports_[id];
    port.prepared = port.wish;
    setup_->prepare({id, attempt, ifindex, port.name, port.wish});
}

std::vector<BindingTracker::Step> Plugin::collect_steps() {
    std::vector<BindingTracker::Step> steps;
    for (const NetdevSetup::Outcome& outcome : setup_->take_outcomes()) {
        take_outcome(outcome, steps);
    }
    const SnapshotPtr snapshot = manager_->snapshot();
    if (snapshot == applied_) {
        return steps;
    }
    applied_ = snapshot;
    const auto more = tracker_.update(*snapshot);
    steps.insert(steps.end(), more.begin(), more.end());
    return steps;
}

void Plugin::take_outcome(const NetdevSetup::Outcome& outcome,
                          std::vector<BindingTracker::Step>& steps) {
    const auto port = ports_.find(outcome.port_id);
    if (port == ports_.end()) {
        return;
    }
    if (!tracker_.awaits(outcome.port_id, outcome.attempt)) {
        return;
    }
    if (port->second.wish != port->second.prepared) {
        // Open vSwitch has changed its mind meanwhile.
        prepare(outcome.port_id, outcome.ifindex, outcome.attempt);
        return;
    }
    const bool gone = outcome.error.code == ENODEV || outcome.error.code == ENXIO;
    const auto more = tracker_.prepared(outcome.port_id, outcome.attempt, gone);
    port->second.setup_error = outcome.error.code ? outcome.error.to_string() : "";
    steps.insert(steps.end(), more.begin(), more.end());
}

std::function<void(CommandResult)> Plugin::completer(uint64_t command) {
    return [this, command](CommandResult result) {
        completions_.put({command, result.error, std::move(result.text)});
    };
}

void Plugin::command(const std::vector<std::string>& args, void* conn, const Reply& reply) {
    const uint64_t number = ++last_command_;
    const CommandContext context{*manager_, *parts_.clock, parts_.bridges};
    if (const auto result = run_command(context, args, completer(number))) {
        reply(conn, result->error, result->text);
        return;
    }
    waiting_[number] = conn;
}

void Plugin::answer(const std::function<bool()>& is_status_written, const Reply& reply) {
    if (completed_.empty() || !is_settled() || !is_status_written()) {
        return;
    }
    reply_completed(reply);
}

bool Plugin::is_settled() const {
    MutexLock lock(mutex_);
    return tracker_.settled();
}

void Plugin::reply_completed(const Reply& reply) {
    for (const Completion& completion : std::exchange(completed_, {})) {
        const auto waiting = waiting_.extract(completion.command);
        if (!waiting.empty()) {
            reply(waiting.mapped(), completion.error, completion.text);
        }
    }
}

void Plugin::stop(const Reply& reply) {
    {
        MutexLock lock(mutex_);
        if (std::exchange(stopped_, true)) {
            return;
        }
    }
    manager_->stop();
    setup_->stop();
    for (Completion& completion : completions_.take_all()) {
        completed_.push_back(std::move(completion));
    }
    reply_completed(reply);
    for (const auto& [number, conn] : std::exchange(waiting_, {})) {
        reply(conn, true, "the switch is going down");
    }
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
        view.eswitch = state->eswitch.get();
        view.attached = state->attached;
    }
    return esw::port_status(view);
}

}  // namespace esw
