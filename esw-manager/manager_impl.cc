// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/manager_impl.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/back_off.h"

namespace esw {

namespace {

/// Events of one device within this time are a burst: its mode is read at once, and once more when
/// the burst is over.
constexpr Duration kBurst = std::chrono::milliseconds(100);
constexpr Duration kFirstRetry = std::chrono::milliseconds(500);
constexpr Duration kLastRetry = std::chrono::seconds(30);

Error no_devlink() {
    return {ENOTSUP, "", "", "kernel has no devlink"};
}

std::string source_names(const ScanWhat& what) {
    std::string names;
    const auto add = [&names](bool wanted, const char* name) {
        if (wanted) {
            names += names.empty() ? name : fmt::format(", {}", name);
        }
    };
    add(what.devlink, "devlink");
    add(what.links, "rtnetlink");
    add(what.rdma, "rdma");
    return names;
}

}  // namespace

Result<std::unique_ptr<Manager>> Manager::create(Dependencies dependencies) {
    auto loop = EventLoop::create();
    if (!loop) {
        return fail(loop.error());
    }
    return std::make_unique<ManagerImpl>(std::move(dependencies), std::move(*loop));
}

ManagerImpl::ManagerImpl(Dependencies dependencies, std::unique_ptr<EventLoop> loop)
    : deps_(std::move(dependencies)),
      log_(deps_.log, "esw_manager"),
      loop_(std::move(loop)),
      timers_(deps_.make_timers ? deps_.make_timers(*loop_) : std::make_unique<LoopTimers>(*loop_)),
      watchdog_(*loop_, *timers_, deps_.clock, deps_.log),
      eth_provider_(deps_.kernel),
      snapshot_(std::make_shared<Snapshot>()),
      nested_ports_([this](const DevlinkHandle& handle) {
          const auto device = deps_.kernel.auxiliary_parent(handle.device);
          if (device) {
              return std::optional(*device);
          }
          log_no_parent(handle, device.error());
          return std::optional<DevlinkHandle>();
      }),
      policy_(deps_.log),
      own_record_("eswitch manager", deps_.clock, watchdog_),
      scan_kernel_(deps_.kernel, own_record_, [] { return "reading all devices"; }),
      scanner_(scan_kernel_, [this](ScanResult result) {
          auto shared = std::make_shared<ScanResult>(std::move(result));
          loop_->post([this, shared] { scanned(*shared); });
      }) {}

void ManagerImpl::log_no_parent(const DevlinkHandle& handle, const Error& error) {
    if (!limiter_.allow(deps_.clock.now())) {
        return;
    }
    constexpr auto kText = "{}: what it is part of is not known, its ports are left out: {}";
    if (error.code == ENODEV) {  // most likely it went meanwhile, which its notification will tell
        log_.info(kText, handle.to_string(), error.to_string());
    } else {
        log_.warn(kText, handle.to_string(), error.to_string());
    }
}

ManagerImpl::~ManagerImpl() {
    stop();
}

bool ManagerImpl::post(std::function<void()> function) {
    MutexLock lock(front_);
    if (phase_ == Phase::kStopped) {
        return false;
    }
    loop_->post(std::move(function));
    return true;
}

Status ManagerImpl::start() {
    {
        MutexLock lock(front_);
        if (phase_ != Phase::kNew) {
            return fail(EBUSY, "eswitch manager", "start", "it was started before");
        }
        phase_ = Phase::kRunning;
    }
    if (auto scanner = scanner_.start(); !scanner) {
        return scanner;
    }
    loop_->post([this] { begin(); });
    auto thread = Thread::start("esw events", [this] { loop_->run(); });
    if (!thread) {
        return fail(thread.error());
    }
    thread_ = std::move(*thread);
    return {};
}

void ManagerImpl::stop() {
    {
        MutexLock lock(front_);
        if (std::exchange(phase_, Phase::kStopped) == Phase::kStopped) {
            return;
        }
    }
    // What was posted before is answered before.
    loop_->post([this] { shut_down(); });
    stop_executors();
    loop_->stop();
    if (thread_) {
        thread_.reset();
    } else {
        loop_->run();  // never started: still answer
    }
    scanner_.stop();
    // The events thread is gone; its state is this thread's now.
    eswitches_.clear();
}

void ManagerImpl::shut_down() {
    stopping_ = true;
    monitor_.reset();
    monitor_timer_.reset();
    scan_timer_.reset();
    profile_timer_.reset();
    for (Waiter& waiter : waiters_) {
        waiter.done(fail(canceled()));
    }
    waiters_.clear();
    for (auto* rescans : {&rescans_, &rescans_running_, &catching_up_}) {
        for (auto& done : std::exchange(*rescans, {})) {
            done(fail(canceled()));
        }
    }
    for (auto& [handle, entry] : eswitches_) {
        entry.retry_timer.reset();
        entry.inspect_timer.reset();
        entry.rdma.reset();  // as in close_eswitch()
        entry.eswitch->close();
    }
}

SnapshotPtr ManagerImpl::snapshot() const {
    MutexLock lock(snapshot_mutex_);
    return snapshot_;
}

Records ManagerImpl::records() const {
    MutexLock lock(snapshot_mutex_);
    return records_;
}

RecordPtr ManagerImpl::record_of(const DevlinkHandle& handle) {
    MutexLock lock(snapshot_mutex_);
    RecordPtr& record = records_[handle];
    if (!record) {
        record = std::make_shared<EswitchRecord>(handle.to_string(), deps_.clock, watchdog_);
    }
    return record;
}

void ManagerImpl::forget_record(const DevlinkHandle& handle) {
    MutexLock lock(snapshot_mutex_);
    records_.erase(handle);
}

void ManagerImpl::record_everywhere(Counter counter, const Event& event) {
    for (const auto& [handle, entry] : eswitches_) {
        const RecordPtr record = record_of(handle);
        record->count(counter);
        record->record(event);
    }
}

void ManagerImpl::claim_port(PortRequest request) {
    post([this, request = std::move(request)] {
        if (ports_.claim(request)) {
            publish_soon();
        }
    });
}

void ManagerImpl::release_port(const std::string& port) {
    post([this, port] {
        if (ports_.release(port)) {
            publish_soon();
        }
    });
}

ManagerImpl::TimerHandle ManagerImpl::timer(Duration delay, std::function<void()> callback) {
    auto handle = timers_->after(delay, std::move(callback));
    if (!handle) {
        log_.error("{}", handle.error().to_string());
        return nullptr;
    }
    return std::move(*handle);
}

void ManagerImpl::begin() {
    open_monitor();
}

void ManagerImpl::open_monitor() {
    auto monitor = deps_.make_monitor(*loop_);
    Status status;
    if (monitor) {
        monitor_ = std::move(*monitor);
        status = monitor_->start([this](netlink::KernelEvent event) { receive(std::move(event)); });
    } else {
        status = fail(monitor.error());
    }
    if (!status) {
        monitor_.reset();
        devlink_ = status.error();
        log_.error("{}", devlink_.to_string());
        monitor_timer_ = timer(back_off(kFirstRetry, kLastRetry, monitor_retries_++),
                               [this] { open_monitor(); });
        scanned_ = true;
        publish_soon();
        return;
    }
    devlink_ = {};
    if (!monitor_->has_devlink()) {
        devlink_ = no_devlink();
        // Nobody's fault, and the status of each port says so.
        log_.debug("kernel has no devlink: there are no eswitches to manage");
    }
    request_scan({true, true, monitor_->has_rdma()});
}

// --- events

void ManagerImpl::receive(netlink::KernelEvent event) {
    if (scanning_) {
        // A dump may be older or newer than any of these: applied after it, they end in what is.
        held_.push_back(std::move(event));
        return;
    }
    apply(event);
}

void ManagerImpl::apply(const netlink::KernelEvent& event) {
    using Source = netlink::Overflow::Source;
    if (const auto* overflow = std::get_if<netlink::Overflow>(&event)) {
        ScanWhat what;
        what.devlink = overflow->source == Source::kDevlink;
        what.links = overflow->source == Source::kRtnl;
        what.rdma = overflow->source == Source::kRdma;
        const std::string source = source_names(what);
        if (limiter_.allow(deps_.clock.now())) {
            log_.warn("notifications of {} were lost: asking for everything again", source);
        }
        record_everywhere(Counter::kOverflows, {EventTrack::kEvents, "overflow", source});
        request_scan(what);
        return;
    }
    if (const auto* lost = std::get_if<netlink::SourceLost>(&event)) {
        // What is known stays until the source is back; an overflow follows then.
        log_.error("{}", lost->error.to_string());
        return;
    }
    if (const auto* device = std::get_if<netlink::RdmaDeviceEvent>(&event)) {
        take_rdma(rdma_devices_.apply(*device));
    }
    for (const netlink::KernelEvent& own : nested_ports_.apply(event)) {
        take(inventory_.apply(own));
    }
}

void ManagerImpl::take(const Inventory::Changes& changes) {
    for (const DevlinkHandle& handle : changes.devices_removed) {
        plain_.erase(handle);
        close_eswitch(handle);
        policy_.look_again_at_held();  // it may have been a VF
        publish_soon();
    }
    for (const RepRef& ref : changes.reps_removed) {
        const auto entry = eswitches_.find(ref.handle);
        if (entry != eswitches_.end()) {
            entry->second.eswitch->remove_rep(ref.rep);
            eswitch_changed(ref.handle);
        }
    }
    for (const DevlinkHandle& handle : changes.active) {
        consider_device(handle);
        touch_mode(handle);
    }
    for (const auto& [ref, facts] : changes.reps) {
        const auto entry = eswitches_.find(ref.handle);
        if (entry != eswitches_.end()) {
            entry->second.eswitch->update_rep(facts);
            eswitch_changed(ref.handle);
        }
    }
}

// --- scans

void ManagerImpl::request_scan(ScanWhat what) {
    scan_wanted_.devlink |= what.devlink;
    scan_wanted_.links |= what.links;
    scan_wanted_.rdma |= what.rdma;
    if (!scanning_) {
        start_scan();
    }
}

void ManagerImpl::start_scan() {
    scanning_ = true;
    scan_begun_ = deps_.clock.now();
    scan_timer_.reset();
    rescans_running_ = std::exchange(rescans_, {});
    scanner_.scan(std::exchange(scan_wanted_, {}));
}

void ManagerImpl::scanned(const ScanResult& result) {
    if (stopping_) {
        return;
    }
    if (result.status) {
        if (result.what.links) {
            take(inventory_.resync_links(result.links));
        }
        if (result.what.rdma && !result.rdma_failed) {
            take(inventory_.resync_rdma(result.rdma_ports));
            take_rdma(rdma_devices_.resync(result.rdma_devices, [this](const std::string& parent) {
                return rdma_gone(parent);
            }));
        }
        if (result.what.devlink) {
            auto devices = result.devices;
            auto ports = result.ports;
            nested_ports_.resync(devices, ports);
            take(inventory_.resync_devlink(std::move(devices), std::move(ports)));
            for (const DevlinkHandle& handle : inventory_.devices()) {
                consider_device(handle);
            }
        }
    }
    finish_scan(result);
    if (!result.status || result.rdma_failed) {
        // Asked again: what was lost is still lost.
        const ScanWhat what = result.status ? ScanWhat{false, false, true} : result.what;
        scan_timer_ = timer(back_off(kFirstRetry, kLastRetry, scan_retries_++),
                            [this, what] { request_scan(what); });
    }
}

void ManagerImpl::record_resync(const ScanResult& result) {
    if (!scanned_) {
        return;  // the first reading of all makes up for nothing
    }
    record_everywhere(Counter::kResyncs,
                      {EventTrack::kEvents, "resync", source_names(result.what), 0,
                       result.status ? EventResult::kDone : EventResult::kFailed,
                       result.status ? std::string() : result.status.error().to_string(),
                       scan_begun_, deps_.clock.now() - scan_begun_});
}

void ManagerImpl::finish_scan(const ScanResult& result) {
    const Status& status = result.status;
    record_resync(result);
    scanned_ = true;
    if (status) {
        scan_retries_ = result.rdma_failed ? scan_retries_ : 0;
        if (result.what.devlink) {
            devlink_ = result.no_devlink ? no_devlink() : Error{};
        }
    } else {
        devlink_ = status.error();
        if (devlink_.code != ENOTSUP && limiter_.allow(deps_.clock.now())) {
            log_.error("{}", devlink_.to_string());
        }
    }
    for (auto& done : std::exchange(rescans_running_, {})) {
        done(status);
    }
    // Held events first: the next scan begins with what is known after them.
    auto held = std::exchange(held_, {});
    scanning_ = false;
    for (auto& event : held) {
        receive(std::move(event));
    }
    if (!scanning_) {
        for (auto& known : std::exchange(catching_up_, {})) {
            known({});
        }
    }
    if (!scanning_ && scan_wanted_.any()) {
        start_scan();
    }
    publish_soon();
}

void ManagerImpl::rescan(std::function<void(Status)> done) {
    auto shared = std::make_shared<std::function<void(Status)>>(std::move(done));
    const bool posted = post([this, shared] {
        rescans_.push_back(*shared);
        for (auto& [handle, entry] : eswitches_) {
            inspect_now(entry);
        }
        policy_.look_again_at_held();
        if (monitor_) {
            request_scan({true, true, monitor_->has_rdma()});
        } else {
            for (auto& waiting : std::exchange(rescans_, {})) {
                waiting(fail(devlink_));
            }
        }
    });
    if (!posted) {
        (*shared)(fail(canceled()));
    }
}

// --- eswitches

void ManagerImpl::consider_device(const DevlinkHandle& handle) {
    if (eswitches_.count(handle) || plain_.count(handle) || stopping_ ||
        !inventory_.may_have_eswitch(handle)) {
        return;
    }
    // A device that just appeared says by its ports whether it can have an eswitch.
    if (!scanned_ || !inventory_.reps(handle).empty() || scanning_) {
        open_eswitch(handle);
    }
}

void ManagerImpl::open_eswitch(const DevlinkHandle& handle) {
    Eswitch::Callbacks callbacks;
    callbacks.changed = [this, handle] {
        loop_->post([this, handle] { eswitch_changed(handle); });
    };
    callbacks.idle = callbacks.changed;
    callbacks.closed = [this, handle] { loop_->post([this, handle] { eswitch_closed(handle); }); };
    auto eswitch =
        std::make_shared<Eswitch>(handle, deps_.kernel, deps_.clock, deps_.log, record_of(handle),
                                  last_generation_[handle] + 1, std::move(callbacks));
    eswitch->start();
    Entry& entry = eswitches_[handle];
    entry.eswitch = std::move(eswitch);
    // What a scan finds was there before us, or came while nobody looked.
    policy_.appeared(handle, scanning_);
    for (const auto& [rep, user] : ports_.users_of(handle)) {
        entry.eswitch->set_user(rep, user);
    }
    inspect_now(entry);
    static_cast<void>(entry.eswitch->register_provider(eth_provider_));  // it is the first
    set_rdma_provider(handle, entry);
    for (const RepFacts& facts : inventory_.reps(handle)) {
        entry.eswitch->update_rep(facts);
    }
    publish_soon();
}

void ManagerImpl::take_rdma(const RdmaDevices::Changes& parents) {
    for (auto& [handle, entry] : eswitches_) {
        if (parents.count(handle.device)) {
            set_rdma_provider(handle, entry);
        }
    }
}

void ManagerImpl::set_rdma_provider(const DevlinkHandle& handle, Entry& entry) {
    const RdmaDevices::Device* device = rdma_devices_.find(handle);
    if (!deps_.make_rdma_provider || entry.closing || (!device && !entry.rdma)) {
        return;
    }
    entry.rdma = device ? deps_.make_rdma_provider(handle, device->generation) : nullptr;
    log_.info("{}: {}", handle.to_string(),
              device ? "RDMA device " + device->name : "its RDMA device is gone");
    entry.eswitch->set_provider(ProviderType::kRdma, entry.rdma);
    eswitch_changed(handle);
}

bool ManagerImpl::rdma_gone(const std::string& parent) const {
    return std::any_of(eswitches_.begin(), eswitches_.end(), [&](const auto& eswitch) {
        const auto& [handle, entry] = eswitch;
        return handle.device == parent && entry.rdma && entry.rdma->device_gone();
    });
}

void ManagerImpl::close_eswitch(const DevlinkHandle& handle) {
    const auto found = eswitches_.find(handle);
    if (found == eswitches_.end() || found->second.closing) {
        return;
    }
    Entry& entry = found->second;
    entry.closing = true;
    policy_.gone(handle);
    entry.rdma.reset();  // the eswitch closes the device, on its own thread
    entry.retry_timer.reset();
    entry.inspect_timer.reset();
    entry.eswitch->close();
}

void ManagerImpl::eswitch_closed(const DevlinkHandle& handle) {
    const auto found = eswitches_.find(handle);
    if (found == eswitches_.end() || stopping_) {
        return;
    }
    found->second.eswitch->join();
    last_generation_[handle] = found->second.eswitch->generation();
    eswitches_.erase(found);
    // The device may have come back while its old eswitch was torn down.
    consider_device(handle);
    publish_soon();
    check_waiters();
}

void ManagerImpl::eswitch_changed(const DevlinkHandle& handle) {
    const auto found = eswitches_.find(handle);
    if (found == eswitches_.end() || stopping_) {
        return;
    }
    Entry& entry = found->second;
    entry.dirty = true;
    collect(handle, entry);
    publish_soon();
}

void ManagerImpl::collect(const DevlinkHandle& handle, Entry& entry) {
    for (const Eswitch::PortRead& read : entry.eswitch->take_reads()) {
        take(inventory_.apply_read(read.rep, read.port, read.revision));
    }
    if (entry.eswitch->unsupported() && !entry.closing) {
        plain_.insert(handle);
        forget_record(handle);
        close_eswitch(handle);
        return;
    }
    arm_retry(handle, entry);
}

void ManagerImpl::touch_mode(const DevlinkHandle& handle) {
    const auto found = eswitches_.find(handle);
    if (found == eswitches_.end() || found->second.closing || found->second.inspect_timer) {
        return;
    }
    Entry& entry = found->second;
    const TimePoint now = deps_.clock.now();
    if (!entry.inspected_at || now - *entry.inspected_at >= kBurst) {
        inspect_now(entry);
        return;
    }
    entry.inspect_timer = timer(*entry.inspected_at + kBurst - now, [this, handle] {
        const auto it = eswitches_.find(handle);
        if (it != eswitches_.end()) {
            inspect_now(it->second);
        }
    });
}

void ManagerImpl::inspect_now(Entry& entry) {
    // The handle may be that of the timer that calls us.
    const TimerHandle own = std::exchange(entry.inspect_timer, nullptr);
    entry.inspected_at = deps_.clock.now();
    if (!entry.closing) {
        entry.eswitch->request_inspection();
    }
}

void ManagerImpl::arm_retry(const DevlinkHandle& handle, Entry& entry) {
    const auto next = entry.closing ? std::nullopt : entry.eswitch->next_retry();
    if (!next) {
        entry.retry_timer.reset();
        entry.retry_at.reset();
        return;
    }
    if (entry.retry_timer && entry.retry_at == next) {
        return;
    }
    entry.retry_at = next;
    entry.retry_timer =
        timer(std::max(Duration::zero(), *next - deps_.clock.now()), [this, handle] {
            const auto it = eswitches_.find(handle);
            if (it == eswitches_.end()) {
                return;
            }
            const TimerHandle own = std::exchange(it->second.retry_timer, nullptr);
            it->second.eswitch->retry(deps_.clock.now());
            arm_retry(handle, it->second);
        });
}

}  // namespace esw
