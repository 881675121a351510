// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/eswitch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace esw {

using netlink::EswitchMode;
using netlink::PortType;

namespace {

/// Threads have 15 characters: "esw 08:00.0" says enough.
std::string thread_name(const DevlinkHandle& handle) {
    const std::string& device = handle.device;
    return "esw " + (device.size() > 11 ? device.substr(device.size() - 7) : device);
}

std::string hex(const std::vector<uint8_t>& bytes) {
    return fmt::format("{:02x}", fmt::join(bytes, ""));
}

/// mlx5 numbers its devlink ports (vhca_id << 16) | vport; see
/// mlx5_esw_devlink_port_index_to_vport_num() in drivers/net/ethernet/mellanox/mlx5/core/eswitch.h
/// of Linux. The uplink's vport is 0xffff. Other drivers' numbers say nothing.
std::optional<uint16_t> vport_of(const std::string& driver, uint32_t port_index) {
    if (driver != "mlx5_core") {
        return std::nullopt;
    }
    return static_cast<uint16_t>(port_index & 0xffff);
}

}  // namespace

Eswitch::Eswitch(DevlinkHandle handle, netlink::Kernel& kernel, const Clock& clock, LogSink& log,
                 RecordPtr record, uint64_t generation, Callbacks callbacks)
    : handle_(std::move(handle)),
      name_(handle_.to_string()),
      record_(std::move(record)),
      kernel_(kernel, *record_, [this] { return queue_.running(); }),
      clock_(clock),
      log_(log, "esw_eswitch"),
      callbacks_(std::move(callbacks)),
      control_(generation, record_.get()),
      block_(name_, clock, callbacks_.changed, record_.get()),
      worker_("queue"),
      queue_(
          control_, clock, [this](const WorkItem& item) { return handle_item(item); },
          callbacks_.idle, record_.get()) {
    record_->set_queue_source([this] { return queue_.list(); });
    record_->set_block_source([this] { return block_.state(); });
}

Eswitch::~Eswitch() {
    close();
    join();
}

void Eswitch::join() {
    queue_.stop();
    // Once: an operation may hold this one when the device is back and has its next.
    if (!std::exchange(joined_, true)) {
        record_->set_queue_source({});
        record_->set_block_source({});
    }
}

void Eswitch::start() {
    const auto started = queue_.start(thread_name(handle_));
    MutexLock lock(mutex_);
    started_ = started.has_value();
    if (!started) {
        error_ = {started.error().code, name_, "start its thread", started.error().detail};
        inspect_at_ = clock_.now() + std::chrono::seconds(5);
        log_.error("{}", error_.to_string());
    }
}

void Eswitch::update_rep(const RepFacts& facts) {
    MutexLock lock(mutex_);
    if (closed_) {
        return;
    }
    const auto [it, is_new] = reps_.try_emplace(facts.id);
    Representor& rep = it->second;
    const bool news = is_new || !rep.present || !rep.facts.same(facts);
    rep.facts = facts;
    rep.present = true;
    if (!news) {
        return;
    }
    for (Slot& slot : rep.slots) {
        // Something is different: what failed may work now.
        slot.status.retry_at.reset();
        slot.note.clear();
    }
    evaluate(facts.id, rep);
    if (facts.id.kind == RepId::Kind::kUplink) {
        update_gate();
    }
}

void Eswitch::remove_rep(const RepId& id) {
    MutexLock lock(mutex_);
    const auto rep = reps_.find(id);
    if (closed_ || rep == reps_.end()) {
        return;
    }
    rep->second.present = false;
    ++rep->second.removals;
    rep_gone_.notify_all();
    dirty_.insert(id);
    queue(WorkKind::kUnload, id);
    if (id.kind == RepId::Kind::kUplink) {
        update_gate();
    }
}

void Eswitch::request_inspection() {
    MutexLock lock(mutex_);
    if (started_) {
        inspect_at_.reset();
    }
    queue(WorkKind::kInspect);
}

void Eswitch::invalidate(const std::string& reason) {
    MutexLock lock(mutex_);
    if (closed_) {
        return;
    }
    const uint64_t generation = control_.raise_generation();
    log_.debug("{}: generation {}: {}", name_, generation, reason);
    record_->record(
        {EventTrack::kEvents, "invalidate", "", generation, EventResult::kDone, reason});
    queue(WorkKind::kInspect);
    evaluate_all();
}

void Eswitch::queue(WorkKind kind, std::optional<RepId> target) {
    if (!suspended_) {
        queue_.push(kind, std::move(target));
    }
}

bool Eswitch::idle() const {
    MutexLock lock(mutex_);
    return activity_.empty() && queue_.idle();
}

std::string Eswitch::describe() const {
    MutexLock lock(mutex_);
    return activity_.empty() ? queue_.describe() : activity_;
}

bool Eswitch::settled(const EswitchSnapshot& published) const {
    MutexLock lock(mutex_);
    const QueueTotals totals = queue_.totals();
    return activity_.empty() && totals.pending == 0 && totals == published.queue &&
           published.state == "idle";
}

void Eswitch::set_user(const RepId& id, std::optional<RepUser> user) {
    MutexLock lock(mutex_);
    const auto old = users_.find(id);
    if (user ? old != users_.end() && old->second == *user : old == users_.end()) {
        return;
    }
    const auto rep = reps_.find(id);
    if (rep != reps_.end()) {
        rep->second.option_error.clear();
        // The same options for another port need not be set again.
        if (!user || old == users_.end() || !(old->second.options == user->options)) {
            rep->second.applied.reset();
        }
        dirty_.insert(id);
    }
    if (user) {
        users_[id] = std::move(*user);
    } else {
        users_.erase(id);
    }
    if (rep != reps_.end()) {
        want_configured(id, rep->second);
    }
}

void Eswitch::want_configured(const RepId& id, Representor& rep) {
    const auto user = users_.find(id);
    if (user != users_.end() && !user->second.options.empty() &&
        is_loaded(rep, ProviderType::kEth) && rep.applied != user->second.options) {
        queue(WorkKind::kConfigure, id);
    }
}

void Eswitch::retry(TimePoint now) {
    bool start_again;
    {
        MutexLock lock(mutex_);
        start_again = !closed_ && !started_ && inspect_at_ && *inspect_at_ <= now;
    }
    if (start_again) {
        start();
    }
    MutexLock lock(mutex_);
    if (closed_) {
        return;
    }
    if (inspect_at_ && *inspect_at_ <= now) {
        inspect_at_.reset();
        queue(WorkKind::kInspect);
    }
    for (auto due = next_due(); due != due_.end() && due->at <= now; due = next_due()) {
        const RepId id = due->rep;
        reps_.at(id).slots[slot_of(due->type)].status.retry_at.reset();
        record_->count(Counter::kRetries);
        queue(WorkKind::kLoad, id);
    }
}

/// The earliest retry; what was given up meanwhile, or has another time, is dropped on the way.
std::set<Eswitch::Due>::const_iterator Eswitch::next_due() {
    while (!due_.empty()) {
        const auto first = due_.begin();
        const auto rep = reps_.find(first->rep);
        if (rep != reps_.end() &&
            rep->second.slots[slot_of(first->type)].status.retry_at == first->at) {
            return first;
        }
        due_.erase(first);
    }
    return due_.end();
}

std::optional<TimePoint> Eswitch::next_retry() {
    MutexLock lock(mutex_);
    std::optional<TimePoint> next = inspect_at_;
    const auto due = next_due();
    if (due != due_.end() && (!next || due->at < *next)) {
        next = due->at;
    }
    return next;
}

bool Eswitch::unsupported() const {
    MutexLock lock(mutex_);
    return unsupported_;
}

std::vector<Eswitch::PortRead> Eswitch::take_reads() {
    MutexLock lock(mutex_);
    return std::exchange(reads_, {});
}

std::string Eswitch::option_error(const RepId& id) const {
    MutexLock lock(mutex_);
    const auto rep = reps_.find(id);
    return rep == reps_.end() ? std::string() : rep->second.option_error;
}

void Eswitch::close() {
    bool started;
    {
        MutexLock lock(mutex_);
        if (std::exchange(closed_, true)) {
            return;
        }
        started = started_;
        rep_gone_.notify_all();
    }
    // In this order: once nothing more comes in, make stale what came, then tear down.
    control_.shut_down();
    block_.shut_down();
    control_.raise_generation();
    queue_.close();
    if (!started) {
        callbacks_.closed();
    }
}

bool Eswitch::registered(const Representor& rep, ProviderType type) const {
    const auto& provider = providers_[slot_of(type)];
    return provider && provider->eligible(rep.facts.id);
}

RepState Eswitch::base_state(const Representor& rep, ProviderType type) const {
    const bool switchdev = mode_ && *mode_ != EswitchMode::kLegacy;
    return rep.present && switchdev && registered(rep, type) ? RepState::kRegistered
                                                             : RepState::kUnregistered;
}

std::string Eswitch::obstacle(const Representor& rep, ProviderType type) const {
    if (!rep.present) {
        return "its devlink port is gone";
    }
    if (!mode_) {
        return error_.code ? "the eswitch mode could not be read: " + error_.to_string()
                           : "the eswitch mode is not known yet";
    }
    if (*mode_ == EswitchMode::kLegacy) {
        return "eswitch is in legacy mode";
    }
    if (type != ProviderType::kEth) {
        return {};
    }
    if (rep.facts.port.type == PortType::kIb) {
        return "its port is an InfiniBand port";
    }
    if (rep.facts.port.type != PortType::kEth) {
        return "it has no netdev yet";
    }
    if (!rep.facts.port.ifindex) {
        return "its netdev is not in this network namespace";
    }
    return {};
}

bool Eswitch::is_elsewhere(const Representor& rep, ProviderType type) const {
    const Slot& slot = rep.slots[slot_of(type)];
    if (type == ProviderType::kEth) {
        return rep.facts.port.ifindex != slot.ifindex;
    }
    return rep.facts.port.index != slot.port_index || rep.removals != slot.removals;
}

bool Eswitch::is_loaded(const Representor& rep, ProviderType type) const {
    return rep.slots[slot_of(type)].status.state == RepState::kLoaded &&
           obstacle(rep, type).empty() && !is_elsewhere(rep, type);
}

bool Eswitch::has_loaded(const Representor& rep) {
    return std::any_of(rep.slots.begin(), rep.slots.end(),
                       [](const Slot& slot) { return slot.status.state == RepState::kLoaded; });
}

void Eswitch::evaluate(const RepId& id, Representor& rep) {
    dirty_.insert(id);
    bool load = false, unload = !rep.present;
    for (const ProviderType type : kAllProviderTypes) {
        const bool loadable = obstacle(rep, type).empty();
        Slot& slot = rep.slots[slot_of(type)];
        switch (slot.status.state) {
            case RepState::kUnregistered:
            case RepState::kRegistered:
                slot.status.state = base_state(rep, type);
                load |= loadable && slot.status.state == RepState::kRegistered;
                break;
            case RepState::kLoading:
                break;  // looks again when it ends
            case RepState::kLoaded:
                unload |= !loadable;
                load |= loadable && is_elsewhere(rep, type);
                break;
            case RepState::kFailed:
                unload |= !loadable;
                load |= loadable && !slot.status.retry_at;
                break;
        }
    }
    if (unload) {
        queue(WorkKind::kUnload, id);
    }
    if (load) {
        queue(WorkKind::kLoad, id);
    }
    want_configured(id, rep);
}

void Eswitch::evaluate_all() {
    gates_ = find_gates();
    for (auto& [id, rep] : reps_) {
        evaluate(id, rep);
    }
}

std::string Eswitch::find_gate(ProviderType type) const {
    for (const auto& [id, rep] : reps_) {
        if (id.kind != RepId::Kind::kUplink) {
            break;  // uplinks are the first
        }
        const ProviderStatus& status = rep.slots[slot_of(type)].status;
        if (!rep.present || !registered(rep, type) || is_loaded(rep, type)) {
            continue;
        }
        if (status.state == RepState::kFailed) {
            return fmt::format("its uplink {} failed: {}", id.to_string(),
                               status.error.to_string());
        }
        // An uplink whose netdev was moved away works: it is only out of our sight.
        const std::string why = obstacle(rep, type);
        if (why.empty()) {
            return fmt::format("its uplink {} is not loaded yet", id.to_string());
        }
        if (type != ProviderType::kEth || rep.facts.port.type != PortType::kEth) {
            return fmt::format("its uplink {} is not loaded: {}", id.to_string(), why);
        }
    }
    return {};
}

/// Without the uplink's netdev nothing else is loaded. Without its RDMA port no other RDMA port is:
/// it is the one that they are known from. Netdevs work without any, and do not wait for it: an
/// RDMA device that cannot be opened must not take away the ports of a switch.
Eswitch::Gates Eswitch::find_gates() const {
    std::string eth = find_gate(ProviderType::kEth);
    std::string rdma = eth.empty() ? find_gate(ProviderType::kRdma) : eth;
    return {std::move(eth), std::move(rdma)};
}

void Eswitch::update_gate() {
    Gates gates = find_gates();
    if (gates == gates_) {
        return;
    }
    bool opened = false;
    for (const ProviderType type : kAllProviderTypes) {
        opened |= gates[slot_of(type)].empty() && !gates_[slot_of(type)].empty();
    }
    gates_ = std::move(gates);
    for (auto& [id, rep] : reps_) {
        if (id.kind != RepId::Kind::kUplink) {
            if (opened) {
                evaluate(id, rep);
            } else {
                dirty_.insert(id);
            }
        }
    }
}

std::string Eswitch::reason(const RepId& id, const Representor& rep, ProviderType type) const {
    if (is_loaded(rep, type)) {
        return {};
    }
    const Slot& slot = rep.slots[slot_of(type)];
    std::string why = obstacle(rep, type);
    if (!why.empty()) {
        return why;
    }
    if (!providers_[slot_of(type)]) {
        return type == ProviderType::kRdma ? "no rdma device" : "no provider";
    }
    if (slot.status.state == RepState::kFailed) {
        return slot.status.error.to_string();
    }
    if (!slot.note.empty()) {
        return slot.note;
    }
    if (id.kind != RepId::Kind::kUplink && !gates_[slot_of(type)].empty()) {
        return gates_[slot_of(type)];
    }
    return slot.status.state == RepState::kLoading ? "being loaded" : "waits to be loaded";
}

RepPtr Eswitch::snapshot_rep(const RepId& id, const Representor& rep) const {
    auto out = std::make_shared<RepSnapshot>();
    out->id = id;
    out->port_index = rep.facts.port.index;
    out->vport = vport_of(driver_.value_or(""), rep.facts.port.index);
    out->netdev = rep.facts.netdev;
    out->ifindex = rep.facts.port.ifindex;
    out->reason = reason(id, rep, ProviderType::kEth);
    out->rdma_reason = reason(id, rep, ProviderType::kRdma);
    out->rdma_device = rep.facts.rdma_device;
    out->rdma_port = rep.facts.rdma_port;
    out->bond = rep.facts.bond;
    if (is_loaded(rep, ProviderType::kRdma) && rep.slots[slot_of(ProviderType::kRdma)].rdma) {
        out->rdma = rep.slots[slot_of(ProviderType::kRdma)].rdma;
        out->rdma_device = out->rdma->device;
        out->rdma_port = out->rdma->port;
    }
    for (const ProviderType type : kAllProviderTypes) {
        ProviderStatus& status = out->providers[slot_of(type)];
        status = rep.slots[slot_of(type)].status;
        // What was loaded is not there any more; the unload is queued.
        if (status.state == RepState::kLoaded && !is_loaded(rep, type)) {
            status.state = base_state(rep, type);
        }
    }
    out->function = rep.facts.port.function;
    const auto user = users_.find(id);
    if (user != users_.end()) {
        out->port = user->second.port;
    }
    out->option_error = rep.option_error;
    out->loads = rep.loads;
    out->unloads = rep.unloads;
    out->load_time = rep.load_time;
    return out;
}

EswitchPtr Eswitch::snapshot(const EswitchPtr& previous) {
    auto out = std::make_shared<EswitchSnapshot>();
    out->handle = handle_;
    out->adapter = adapter_of(handle_);
    out->state = describe();
    out->block = block_.state();
    out->queue = queue_.totals();
    out->generation = control_.generation();
    MutexLock lock(mutex_);
    out->mode = mode_;
    out->wanted = wanted_mode_;
    out->mode_read_at = mode_read_at_;
    out->error = error_;
    if (previous) {
        out->reps = previous->reps;
    } else {
        for (const auto& [id, rep] : reps_) {
            dirty_.insert(id);
        }
    }
    for (const RepId& id : dirty_) {
        const auto rep = reps_.find(id);
        if (rep == reps_.end() || !rep->second.present) {
            out->reps.erase(id);
        } else {
            out->reps.set(id, snapshot_rep(id, rep->second));
        }
    }
    dirty_.clear();
    const bool switchdev = mode_ && *mode_ != EswitchMode::kLegacy;
    for (const auto& [id, rep] : reps_) {
        if (out->uplink.empty() && rep.present && id.kind == RepId::Kind::kUplink) {
            out->uplink = id.to_string();
        }
        // Some drivers have a switch id in legacy mode too.
        if (switchdev && rep.present && !rep.facts.switch_id.empty()) {
            out->switch_id = hex(rep.facts.switch_id);
            break;
        }
    }
    return out;
}

}  // namespace esw
