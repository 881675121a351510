// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/fdb_counters.h"

#include <algorithm>
#include <optional>

#include "esw-manager/mlx5/prm.h"
#include "esw-manager/mlx5/prm_flow.h"
#include "esw-manager/mlx5/prm_hca.h"

namespace esw::mlx5 {

namespace {

/// The unit of flow_counter_bulk and of flow_counter_bulk_alloc's bits: Linux mlx5_ifc.h,
/// enum mlx5_fc_bulk_alloc_bitmask.
constexpr uint32_t kUnit = 128;
/// 2048: the answer to a query of all must be less than 64 KiB, as the length of an attribute of
/// uverbs ioctls has 16 bits (struct ib_uverbs_attr).
constexpr unsigned kMaxLogUnits = 4;
/// Counters of which values are taken over in one go.
constexpr size_t kNotedAtOnce = 256;

uint16_t opcode(prm::Opcode code) {
    return static_cast<uint16_t>(code);
}

}  // namespace

/// What a rule has counted. One thread writes; the packets of a value are never without their
/// bytes, as bytes are written first and read last.
class FdbCounters::Value final : public FdbCounter {
public:
    FdbCounter::Value value() const override {
        FdbCounter::Value result;
        result.packets = packets_.load(std::memory_order_acquire);
        result.bytes = bytes_.load(std::memory_order_acquire);
        return result;
    }
    bool is_final() const override { return final_.load(std::memory_order_acquire); }
    void begin(FdbCounter::Value base) { base_ = base; }
    void end() { final_.store(true, std::memory_order_release); }
    void store(FdbCounter::Value found) {
        bytes_.store(found.bytes - base_.bytes, std::memory_order_release);
        packets_.store(found.packets - base_.packets, std::memory_order_release);
    }

private:
    FdbCounter::Value base_;  ///< of the adapter's counter when the rule got it; by the mutex
    std::atomic<uint64_t> packets_ = 0;
    std::atomic<uint64_t> bytes_ = 0;
    std::atomic<bool> final_ = false;
};

FdbCounters::~FdbCounters() {
    for (const std::shared_ptr<Bulk>& bulk : bulks_) {
        for (Slot& slot : bulk->slots) {
            if (slot.value) {
                slot.value->end();
            }
        }
    }
}

std::shared_ptr<const FdbCounter> FdbCounters::Use::value() const {
    return value_;
}

Status FdbCounters::prepare() {
    uint32_t in[DEVX_ST_SZ_DW(query_hca_cap_in)] = {};
    uint32_t out[DEVX_ST_SZ_DW(query_hca_cap_out)] = {};
    DEVX_SET(query_hca_cap_in, in, opcode, opcode(prm::Opcode::kQueryHcaCap));
    DEVX_SET(query_hca_cap_in, in, op_mod,
             static_cast<uint16_t>(prm::CapabilityGroup::kGeneral) << 1 |
                 static_cast<uint16_t>(prm::CapabilityMode::kCurrent));
    if (const int error =
            mlx5dv_devx_general_cmd(domain_.context(), in, sizeof in, out, sizeof out)) {
        return fail(domain_.explain(error, "query counters' capabilities"));
    }
    // Bit 0 is of bulks of 128, which every adapter with any has.
    sizes_ = 1u | DEVX_GET(query_hca_cap_out, out, capability.cmd_hca_cap.flow_counter_bulk_alloc);
    const unsigned log_queried =
        DEVX_GET(query_hca_cap_out, out, capability.cmd_hca_cap.log_max_flow_counter_bulk);
    for (unsigned log = 1; log <= 7; log++) {
        if (log > kMaxLogUnits || kUnit << log > uint32_t{1} << std::min(log_queried, 31u)) {
            sizes_ &= ~(1u << log);
        }
    }
    return {};
}

Result<FdbCounters::Use> FdbCounters::take(Activity& activity) {
    auto value = std::make_shared<Value>();
    Slot* slot = take_available(activity, value);
    if (!slot) {
        if (const Status added = add_bulk(); !added) {
            return fail(added.error());
        }
        slot = take_available(activity, value);
    }
    Use use(*this, *slot, std::move(value));
    if (const Status made = ensure_action(*slot); !made) {
        return fail(made.error());
    }
    return use;
}

FdbCounters::Slot* FdbCounters::take_available(Activity& activity,
                                               const std::shared_ptr<Value>& value) {
    MutexLock lock(mutex_);
    if (open_.empty()) {
        return nullptr;
    }
    Bulk& bulk = *open_.back();
    Slot& slot = *bulk.available.back();
    bulk.available.pop_back();
    if (bulk.available.empty()) {
        close(bulk);
    }
    if (spare_ == &bulk) {
        spare_ = nullptr;
    }
    bulk.used++;
    activity.reading = begun_;
    slot.activity = &activity;
    slot.value = value;
    value->begin(slot.found);
    return &slot;
}

void FdbCounters::make_available(Slot& slot) {
    Bulk& bulk = *slot.bulk;
    if (bulk.available.empty()) {
        bulk.open_place = open_.size();
        open_.push_back(&bulk);
    }
    bulk.available.push_back(&slot);
}

void FdbCounters::close(Bulk& bulk) {
    open_[bulk.open_place] = open_.back();
    open_[bulk.open_place]->open_place = bulk.open_place;
    open_.pop_back();
}

Status FdbCounters::add_bulk() {
    auto bulk = make_bulk(next_log_units_);
    if (!bulk && next_log_units_ > 0 && !domain_.gone()) {
        bulk = make_bulk(0);
    }
    if (!bulk) {
        return fail(std::move(bulk.error()));
    }
    if (sizes_ >> (next_log_units_ + 1) & 1) {
        next_log_units_++;
    }
    MutexLock lock(mutex_);
    (*bulk)->place = bulks_.size();
    bulks_.push_back(*bulk);
    auto& slots = (*bulk)->slots;
    for (auto slot = slots.rbegin(); slot != slots.rend(); ++slot) {
        make_available(*slot);
    }
    return {};
}

Result<std::shared_ptr<FdbCounters::Bulk>> FdbCounters::make_bulk(unsigned log_units) const {
    uint32_t in[DEVX_ST_SZ_DW(alloc_flow_counter_in)] = {};
    uint32_t out[DEVX_ST_SZ_DW(alloc_flow_counter_out)] = {};
    DEVX_SET(alloc_flow_counter_in, in, opcode, opcode(prm::Opcode::kAllocFlowCounter));
    DEVX_SET(alloc_flow_counter_in, in, flow_counter_bulk, 1u << log_units);
    auto object = domain_.make<DevxObject>("make counters", [&] {
        return mlx5dv_devx_obj_create(domain_.context(), in, sizeof in, out, sizeof out);
    });
    if (!object) {
        return fail(std::move(object.error()));
    }
    auto bulk = std::make_shared<Bulk>();
    bulk->object = *std::move(object);
    bulk->id = DEVX_GET(alloc_flow_counter_out, out, flow_counter_id);
    bulk->slots.resize(size_t{kUnit} << log_units);
    bulk->available.reserve(bulk->slots.size());
    for (Slot& slot : bulk->slots) {
        slot.bulk = bulk.get();
    }
    return bulk;
}

Status FdbCounters::ensure_action(Slot& slot) const {
    if (slot.action) {
        return {};
    }
    const auto offset = static_cast<uint32_t>(&slot - slot.bulk->slots.data());
    auto action = domain_.make<DrAction>("count", [&] {
        return mlx5dv_dr_action_create_flow_counter(slot.bulk->object.get(), offset);
    });
    if (!action) {
        return fail(std::move(action.error()));
    }
    slot.action = *std::move(action);
    return {};
}

void FdbCounters::give_back(Slot& slot) {
    MutexLock lock(mutex_);
    slot.activity = nullptr;
    slot.freed = begun_;
    slot.waits = true;
    slot.bulk->waiting++;
    slot.bulk->used--;
}

/// The smaller of two goes.
std::shared_ptr<FdbCounters::Bulk> FdbCounters::one_spare_too_many(Bulk& empty) {
    Bulk* other = std::exchange(spare_, &empty);
    if (!other) {
        return nullptr;
    }
    if (other->slots.size() > empty.slots.size()) {
        std::swap(other, spare_);
    }
    if (!other->available.empty()) {
        close(*other);
    }
    auto bulk = std::move(bulks_[other->place]);
    if (bulk->place + 1 != bulks_.size()) {
        bulks_[bulk->place] = std::move(bulks_.back());
        bulks_[bulk->place]->place = bulk->place;
    }
    bulks_.pop_back();
    return bulk;
}

void FdbCounters::move(Slot& slot, Activity& activity) {
    MutexLock lock(mutex_);
    activity.reading = begun_;
    slot.activity = &activity;
}

bool FdbCounters::idle(const Activity& activity, uint32_t readings) const {
    MutexLock lock(mutex_);
    return ended_ >= activity.reading + readings;
}

std::vector<std::shared_ptr<FdbCounters::Bulk>> FdbCounters::to_read() const {
    std::vector<std::shared_ptr<Bulk>> result;
    for (const std::shared_ptr<Bulk>& bulk : bulks_) {
        if (bulk->used + bulk->waiting > 0) {
            result.push_back(bulk);
        }
    }
    return result;
}

Status FdbCounters::read() {
    uint64_t reading = 0;
    std::vector<std::shared_ptr<Bulk>> bulks;
    {
        MutexLock lock(mutex_);
        reading = ++begun_;
        bulks = to_read();
    }
    Status result;
    for (const std::shared_ptr<Bulk>& bulk : bulks) {
        if (Status done = query(*bulk); done) {
            note(*bulk, reading);
        } else {
            result = std::move(done);
        }
        if (domain_.gone()) {
            break;
        }
    }
    if (result) {
        MutexLock lock(mutex_);
        ended_ = reading;
    }
    return result;
}

Status FdbCounters::query(const Bulk& bulk) {
    uint32_t in[DEVX_ST_SZ_DW(query_flow_counter_in)] = {};
    DEVX_SET(query_flow_counter_in, in, opcode, opcode(prm::Opcode::kQueryFlowCounter));
    DEVX_SET(query_flow_counter_in, in, flow_counter_id, bulk.id);
    DEVX_SET(query_flow_counter_in, in, num_of_counters, static_cast<uint32_t>(bulk.slots.size()));
    answer_.resize(DEVX_ST_SZ_BYTES(query_flow_counter_out) +
                   bulk.slots.size() * DEVX_ST_SZ_BYTES(traffic_counter));
    if (const int error = mlx5dv_devx_obj_query(bulk.object.get(), in, sizeof in, answer_.data(),
                                                answer_.size())) {
        return fail(domain_.explain(error, "read counters"));
    }
    return {};
}

void FdbCounters::note(Bulk& bulk, uint64_t reading) {
    const uint8_t* at = answer_.data() + DEVX_ST_SZ_BYTES(query_flow_counter_out);
    for (size_t begin = 0; begin < bulk.slots.size(); begin += kNotedAtOnce) {
        const size_t end = std::min(begin + kNotedAtOnce, bulk.slots.size());
        MutexLock lock(mutex_);
        for (size_t i = begin; i < end; i++, at += DEVX_ST_SZ_BYTES(traffic_counter)) {
            note(bulk.slots[i], reading,
                 {DEVX_GET64(traffic_counter, at, packets),
                  DEVX_GET64(traffic_counter, at, octets)});
        }
    }
    std::shared_ptr<Bulk> too_many;  // ends without the mutex
    MutexLock lock(mutex_);
    if (bulk.used + bulk.waiting == 0 && spare_ != &bulk) {
        too_many = one_spare_too_many(bulk);
    }
}

void FdbCounters::note(Slot& slot, uint64_t reading, FdbCounter::Value found) {
    if (slot.value && slot.found != found) {
        slot.value->store(found);
        if (slot.activity) {
            slot.activity->reading = reading;
        }
    }
    slot.found = found;
    if (slot.waits && slot.freed < reading) {
        slot.waits = false;
        slot.value->end();
        slot.value.reset();
        slot.bulk->waiting--;
        make_available(slot);
    }
}

}  // namespace esw::mlx5
