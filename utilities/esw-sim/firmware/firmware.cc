// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/firmware/firmware.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include "utilities/esw-sim/firmware/icm_address.h"

namespace esw::sim {

namespace {

using prm::Opcode;

/// A mailbox as the layouts' macros need it: aligned to 8 bytes, its last word whole.
class Mailbox {
public:
    explicit Mailbox(size_t length) : words_((length + 7) / 8) {}
    explicit Mailbox(std::span<const std::byte> from) : Mailbox(from.size()) {
        if (!from.empty()) {
            memcpy(words_.data(), from.data(), from.size());
        }
    }
    void* data() { return words_.data(); }

private:
    std::vector<uint64_t> words_;
};

/// Copies as much of an answer as the one who asks has room for.
void copy_out(std::span<std::byte> to, const void* from) {
    if (!to.empty()) {
        memcpy(to.data(), from, to.size());
    }
}

}  // namespace

Firmware::Firmware(FirmwareHost& host, std::unique_ptr<Icm> icm, FirmwareLimits limits)
    : host_(host),
      icm_(std::move(icm)),
      limits_(limits),
      capabilities_(host_, *icm_, limits_),
      vports_(host_),
      counters_(limits_),
      reformats_(limits_),
      tables_(host_, counters_, reformats_, limits_),
      queues_(limits_),
      objects_(limits_) {
    add_commands();
}

Firmware::~Firmware() = default;

void Firmware::add_commands() {
    capabilities_.add_commands(table_);
    vports_.add_commands(table_);
    counters_.add_commands(table_);
    reformats_.add_commands(table_);
    tables_.add_commands(table_);
    queues_.add_commands(table_);
    objects_.add_commands(table_);
    const auto nothing = [](const Command&) { return kDone; };
    table_[Opcode::kNop] = {kHeaderLength, kHeaderLength, nothing};
    // Entries are read from the memory itself, so that there is nothing to write back.
    table_[Opcode::kSyncSteering] = {DEVX_ST_SZ_BYTES(sync_steering_in), kHeaderLength, nothing};
    table_[Opcode::kCreateUctx] = {
        DEVX_ST_SZ_BYTES(create_uctx_in), DEVX_ST_SZ_BYTES(create_uctx_out),
        [this](const Command& command) {
            if (command.uid != 0) {
                return kNotPrivileged;
            }
            const size_t limit = size_t{1} << limits_.log_user_contexts;
            if (user_contexts_.size() >= limit) {
                return kLimitReached;
            }
            while (next_user_context_ == 0 || next_user_context_ >= kSharedUid ||
                   user_contexts_.count(next_user_context_)) {
                next_user_context_++;
            }
            user_contexts_.insert(next_user_context_);
            DEVX_SET(create_uctx_out, command.out, uid, next_user_context_++);
            return kDone;
        }};
    table_[Opcode::kDestroyUctx] = {
        DEVX_ST_SZ_BYTES(destroy_uctx_in), kHeaderLength, [this](const Command& command) {
            if (command.uid != 0) {
                return kNotPrivileged;
            }
            const auto uid = static_cast<uint16_t>(DEVX_GET(destroy_uctx_in, command.in, uid));
            if (user_contexts_.erase(uid) == 0) {
                return kNoSuchObject;
            }
            // Those that refer to others first.
            tables_.release(uid);
            reformats_.release(uid);
            counters_.release(uid);
            queues_.release(uid);
            objects_.release(uid);
            return kDone;
        }};
}

bool Firmware::execute(uint16_t uid, std::span<const std::byte> in, std::span<std::byte> out) {
    const auto opcode = static_cast<Opcode>(opcode_of(in));
    commands_[static_cast<uint16_t>(opcode)]++;
    const auto entry = table_.find(opcode);
    const CommandEntry* const known = entry == table_.end() ? nullptr : &entry->second;
    Mailbox inbox(in);
    Mailbox outbox(std::max(out.size(), known ? known->out_length : kHeaderLength));
    const Command command = {uid, inbox.data(), in.size(), outbox.data(), out.size()};
    const Answer answer = run(command, opcode, known);
    if (!answer.ok()) {
        refuse(out, answer.status, static_cast<uint32_t>(answer.syndrome));
        return false;
    }
    copy_out(out, outbox.data());
    return true;
}

Answer Firmware::run(const Command& command, Opcode opcode, const CommandEntry* entry) {
    if (command.in_length < sizeof(uint32_t) * 2) {
        return kInputTooShort;
    }
    if (!entry) {
        return {prm::Status::kBadOpcode, Syndrome::kUnknownOpcode};
    }
    if (command.in_length < entry->in_length) {
        return kInputTooShort;
    }
    if (command.out_length < entry->out_length) {
        return kOutputTooShort;
    }
    const bool known_user =
        command.uid == 0 || command.uid == kSharedUid || user_contexts_.count(command.uid) > 0;
    if (!known_user && opcode != Opcode::kDestroyUctx) {
        return kNoSuchObject;
    }
    return entry->run(command);
}

uint16_t Firmware::opcode_of(std::span<const std::byte> in) {
    return in.size() < 2 ? uint16_t{0}
                         : static_cast<uint16_t>(std::to_integer<uint16_t>(in[0]) << 8 |
                                                 std::to_integer<uint16_t>(in[1]));
}

void Firmware::refuse(std::span<std::byte> out, prm::Status status, uint32_t syndrome) {
    Mailbox mailbox(std::max(out.size(), kHeaderLength));
    DEVX_SET(mbox_out, mailbox.data(), status, static_cast<uint32_t>(status));
    DEVX_SET(mbox_out, mailbox.data(), syndrome, syndrome);
    copy_out(out, mailbox.data());
}

uint16_t Firmware::create_user_context() {
    uint32_t in[DEVX_ST_SZ_DW(create_uctx_in)] = {};
    uint32_t out[DEVX_ST_SZ_DW(create_uctx_out)] = {};
    DEVX_SET(create_uctx_in, in, opcode, static_cast<uint32_t>(Opcode::kCreateUctx));
    execute(0, std::as_bytes(std::span(in)), std::as_writable_bytes(std::span(out)));
    return static_cast<uint16_t>(DEVX_GET(create_uctx_out, out, uid));
}

void Firmware::destroy_user_context(uint16_t uid) {
    uint32_t in[DEVX_ST_SZ_DW(destroy_uctx_in)] = {};
    uint32_t out[DEVX_ST_SZ_DW(mbox_out)] = {};
    DEVX_SET(destroy_uctx_in, in, opcode, static_cast<uint32_t>(Opcode::kDestroyUctx));
    DEVX_SET(destroy_uctx_in, in, uid, uid);
    execute(0, std::as_bytes(std::span(in)), std::as_writable_bytes(std::span(out)));
}

Result<uint32_t> Firmware::register_umem(uint16_t uid, const Umem& umem) {
    commands_[static_cast<uint16_t>(Opcode::kCreateUmem)]++;
    const uint32_t id = queues_.create_umem(uid, umem);
    if (id == 0) {
        return fail(ENOMEM, "umem", "create");
    }
    return id;
}

Status Firmware::deregister_umem(uint16_t uid, uint32_t id) {
    commands_[static_cast<uint16_t>(Opcode::kDestroyUmem)]++;
    return released("umem", queues_.destroy_umem(uid, id));
}

uint32_t Firmware::allocate_pd(uint16_t uid) {
    uint32_t in[DEVX_ST_SZ_DW(mbox_in)] = {};
    uint32_t out[DEVX_ST_SZ_DW(alloc_pd_out)] = {};
    DEVX_SET(mbox_in, in, opcode, static_cast<uint32_t>(Opcode::kAllocPd));
    execute(uid, std::as_bytes(std::span(in)), std::as_writable_bytes(std::span(out)));
    return DEVX_GET(alloc_pd_out, out, pd);
}

uint32_t Firmware::allocate_cqn(uint16_t uid) {
    commands_[static_cast<uint16_t>(Opcode::kCreateCq)]++;
    return queues_.create_cq(uid);
}

uint32_t Firmware::allocate_mkey(uint16_t uid) {
    commands_[static_cast<uint16_t>(Opcode::kCreateMkey)]++;
    return queues_.create_mkey(uid);
}

Status Firmware::release_pd(uint16_t uid, uint32_t pdn) {
    uint32_t in[DEVX_ST_SZ_DW(dealloc_pd_in)] = {};
    uint32_t out[DEVX_ST_SZ_DW(mbox_out)] = {};
    DEVX_SET(dealloc_pd_in, in, opcode, static_cast<uint32_t>(Opcode::kDeallocPd));
    DEVX_SET(dealloc_pd_in, in, pd, pdn);
    execute(uid, std::as_bytes(std::span(in)), std::as_writable_bytes(std::span(out)));
    return released("pd", {static_cast<prm::Status>(DEVX_GET(mbox_out, out, status)), {}});
}

Status Firmware::release_cqn(uint16_t uid, uint32_t cqn) {
    commands_[static_cast<uint16_t>(Opcode::kDestroyCq)]++;
    return released("cq", queues_.destroy_cq(uid, cqn));
}

Status Firmware::release_mkey(uint16_t uid, uint32_t index) {
    commands_[static_cast<uint16_t>(Opcode::kDestroyMkey)]++;
    return released("mkey", queues_.destroy_mkey(uid, index));
}

/// Linux cmd.c, cmd_status_to_err().
Status Firmware::released(const char* what, const Answer& answer) const {
    if (!answer.ok()) {
        return fail(answer.status == prm::Status::kResourceBusy ? EBUSY : EINVAL, what, "destroy");
    }
    return {};
}

bool Firmware::read_line(uint64_t icm_address, Icm::Line& line) const {
    return icm_->read_line(icm_address, line);
}

Place Firmware::place(uint64_t icm_address) const {
    const auto address = IcmAddress::decode(icm_address);
    if (!address) {
        return {};
    }
    const bool own = address->owner == host_.vhca_id();
    const auto number = static_cast<uint16_t>(address->number);
    Place place;
    place.vport = {address->owner, 0};
    switch (address->kind) {
        case IcmAddress::Kind::kVport:
            // Where the vports of a peer are is the peer's to say.
            if (own && !host_.vport(number)) {
                return {};
            }
            place.kind = Place::Kind::kVport;
            place.vport.number = number;
            break;
        case IcmAddress::Kind::kUplink:
            place.kind = Place::Kind::kVport;
            place.vport.number = prm::kVportUplink;
            break;
        case IcmAddress::Kind::kManager:
            place.kind = Place::Kind::kManager;
            break;
        case IcmAddress::Kind::kDrop:
        case IcmAddress::Kind::kNicDrop:
            place.kind = Place::Kind::kDrop;
            break;
        case IcmAddress::Kind::kTable:
            if (!own || !tables_.flow_table(address->number)) {
                return {};
            }
            place.kind = Place::Kind::kFirmwareTable;
            place.table = address->number;
            break;
        case IcmAddress::Kind::kNicAllow:
            return {};
    }
    return place;
}

const FlowTable* Firmware::flow_table(uint32_t id) const {
    return tables_.flow_table(id);
}

const Reformat* Firmware::reformat(uint32_t id) const {
    return reformats_.reformat(id);
}

uint64_t Firmware::header_modify_base() const {
    return icm_->range(Icm::Kind::kHeaderModify).start;
}

void Firmware::count(uint32_t counter, uint64_t packets, uint64_t bytes) {
    counters_.count(counter, packets, bytes);
}

Firmware::VportIcm Firmware::vport_icm(uint16_t number) const {
    return {vports_.address(number, IcmAddress::Side::kRx).encode(),
            vports_.address(number, IcmAddress::Side::kTx).encode()};
}

}  // namespace esw::sim
