// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/flow/flow_offload.h"

#include <utility>

namespace esw {

void FlowOffload::enable(bool enabled) {
    MutexLock lock(mutex_);
    if (std::exchange(enabled_, enabled) != enabled) {
        for (const auto& [handle, worker] : workers_) {
            worker->enable(enabled);
        }
    }
}

FlowWorker& FlowOffload::worker_for(const DevlinkHandle& eswitch) {
    WorkerPtr& worker = workers_[eswitch];
    if (!worker) {
        worker = std::make_shared<FlowWorker>(eswitch, options_, log_);
        worker->enable(enabled_);
        for (const auto& [number, port] : ports_) {
            worker->set_port(number, port);
        }
    }
    return *worker;
}

FlowWorker* FlowOffload::worker_of(const PackedFlow& flow) const {
    const auto port = ports_.find(flow.physical_port());
    if (port == ports_.end() || !port->second.rep) {
        return nullptr;
    }
    return workers_.at(port->second.rep->handle).get();
}

void FlowOffload::set_port(uint32_t number, std::optional<FlowSwitch::Port> port) {
    MutexLock lock(mutex_);
    if (stopped_) {
        return;
    }
    const auto known = ports_.find(number);
    if (known == ports_.end() ? !port : port && port->rep == known->second.rep) {
        return;
    }
    for (const auto& [handle, worker] : workers_) {
        worker->set_port(number, port);
    }
    if (!port) {
        ports_.erase(number);
        return;
    }
    ports_[number] = *port;
    if (!port->rep) {
        return;
    }
    FlowWorker& worker = worker_for(port->rep->handle);
    const auto flows = flows_of_.find(number);
    if (flows == flows_of_.end()) {
        return;
    }
    std::vector<FlowPtr> come_in_by_it;
    for (const FlowPtr& flow : flows->second) {
        if (flow->wanted()->physical_port() == number) {
            come_in_by_it.push_back(flow);
        }
    }
    worker.look(std::move(come_in_by_it));
}

void FlowOffload::put(const esw_ufid& ufid, const esw_flow_match& match,
                      std::span<const esw_flow_action> actions) {
    auto packed = std::make_shared<const PackedFlow>(match, actions);
    MutexLock lock(mutex_);
    if (stopped_) {
        return;
    }
    auto known = flows_.find(ufid);
    if (known != flows_.end()) {
        const auto before = known->second->wanted();
        if (before->in_port() != packed->in_port() ||
            before->physical_port() != packed->physical_port()) {
            // Of another eswitch, it may be: it leaves that as any flow that is removed.
            forget(known->second);
            flows_.erase(known);
            known = flows_.end();
        }
    }
    if (known == flows_.end()) {
        known = flows_.emplace(ufid, std::make_shared<Flow>(ufid)).first;
        known->second->want(packed);
        index(known->second, *packed);
    }
    const FlowPtr flow = known->second;
    flow->want(packed);
    queue(flow, *packed);
}

bool FlowOffload::remove(const esw_ufid& ufid) {
    MutexLock lock(mutex_);
    const auto flow = flows_.find(ufid);
    if (flow == flows_.end()) {
        return false;
    }
    forget(flow->second);
    flows_.erase(flow);
    return true;
}

void FlowOffload::flush(uint32_t number) {
    MutexLock lock(mutex_);
    const auto found = flows_of_.find(number);
    if (found == flows_of_.end()) {
        return;
    }
    const auto flows = found->second;  // forget() changes it
    for (const FlowPtr& flow : flows) {
        if (flow->wanted()->in_port() == number) {
            flows_.erase(flow->ufid());
            forget(flow);
        }
    }
}

void FlowOffload::forget(const FlowPtr& flow) {
    const PackedFlowPtr packed = flow->wanted();
    unindex(flow, *packed);
    flow->want(nullptr);
    queue(flow, *packed);
}

void FlowOffload::queue(const FlowPtr& flow, const PackedFlow& packed) {
    FlowWorker* worker = worker_of(packed);
    if (worker && flow->queue_look()) {
        worker->look(flow);
    }
}

void FlowOffload::index(const FlowPtr& flow, const PackedFlow& packed) {
    flows_of_[packed.in_port()].insert(flow);
    flows_of_[packed.physical_port()].insert(flow);
}

void FlowOffload::unindex(const FlowPtr& flow, const PackedFlow& packed) {
    for (const uint32_t number : {packed.in_port(), packed.physical_port()}) {
        const auto flows = flows_of_.find(number);
        if (flows != flows_of_.end() && flows->second.erase(flow) && flows->second.empty()) {
            flows_of_.erase(flows);
        }
    }
}

std::optional<Flow::Stats> FlowOffload::stats(const esw_ufid& ufid) {
    FlowPtr flow;
    {
        MutexLock lock(mutex_);
        const auto found = flows_.find(ufid);
        if (found == flows_.end()) {
            return std::nullopt;
        }
        flow = found->second;
    }
    return flow->stats(clock_.now());
}

std::vector<FlowPtr> FlowOffload::flows() const {
    MutexLock lock(mutex_);
    std::vector<FlowPtr> flows;
    flows.reserve(flows_.size());
    for (const auto& [ufid, flow] : flows_) {
        flows.push_back(flow);
    }
    return flows;
}

std::vector<FlowOffload::WorkerPtr> FlowOffload::workers() const {
    MutexLock lock(mutex_);
    std::vector<WorkerPtr> workers;
    for (const auto& [handle, worker] : workers_) {
        workers.push_back(worker);
    }
    return workers;
}

FlowOffload::Totals FlowOffload::totals() const {
    Totals totals;
    for (const WorkerPtr& worker : workers()) {
        const FlowWorker::Totals of_one = worker->totals();
        totals.rules += of_one.rules;
        for (size_t i = 0; i < totals.refusals.size(); ++i) {
            totals.refusals[i] += of_one.refusals[i];
        }
    }
    MutexLock lock(mutex_);
    totals.flows = flows_.size();
    return totals;
}

FlowOffload::PortTotals FlowOffload::totals_of(uint32_t number) const {
    PortTotals totals;
    MutexLock lock(mutex_);
    const auto flows = flows_of_.find(number);
    if (flows == flows_of_.end()) {
        return totals;
    }
    for (const FlowPtr& flow : flows->second) {
        if (flow->wanted()->in_port() == number) {
            ++totals.flows;
            totals.offloaded += flow->is_offloaded();
        }
    }
    return totals;
}

std::map<DevlinkHandle, uint64_t> FlowOffload::rules() const {
    std::map<DevlinkHandle, uint64_t> rules;
    MutexLock lock(mutex_);
    for (const auto& [handle, worker] : workers_) {
        rules[handle] = worker->totals().rules;
    }
    return rules;
}

std::optional<RepRef> FlowOffload::rep_of(uint32_t number) const {
    MutexLock lock(mutex_);
    const auto port = ports_.find(number);
    return port == ports_.end() ? std::nullopt : port->second.rep;
}

FlowOffload::Mark FlowOffload::mark() {
    MutexLock lock(mutex_);
    Mark mark;
    for (const auto& [handle, worker] : workers_) {
        mark[handle] = worker->mark();
    }
    return mark;
}

bool FlowOffload::is_past(const Mark& mark) const {
    MutexLock lock(mutex_);
    for (const auto& [handle, of_one] : mark) {
        if (!workers_.at(handle)->is_past(of_one)) {
            return false;
        }
    }
    return true;
}

void FlowOffload::rep_loaded(const RepRef& ref, const RdmaRepPtr& rep,
                             const std::shared_ptr<mlx5::IbDevice>& device) {
    MutexLock lock(mutex_);
    if (!stopped_) {
        worker_for(ref.handle).load(ref.rep, rep, device);
    }
}

void FlowOffload::rep_unloaded(const RepRef& ref) {
    WorkerPtr worker;
    {
        MutexLock lock(mutex_);
        const auto found = workers_.find(ref.handle);
        if (found == workers_.end()) {
            return;
        }
        worker = found->second;
    }
    worker->unload(ref.rep);
}

void FlowOffload::stop() {
    {
        MutexLock lock(mutex_);
        stopped_ = true;
    }
    for (const WorkerPtr& worker : workers()) {
        worker->stop();
    }
}

}  // namespace esw
