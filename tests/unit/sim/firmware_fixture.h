// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "utilities/esw-sim/firmware/firmware.h"

namespace esw::sim {

/// An eswitch with the PF's vport, the wire and what a test adds.
class FakeHost : public FirmwareHost {
public:
    FakeHost() {
        vports_[0] = {.number = 0, .vhca_id = kVhca, .mac = 0x0c42a1000100};
        vports_[prm::kVportUplink] = {.number = prm::kVportUplink, .link_up = true};
        for (uint16_t number = 1; number <= 2; number++) {
            vports_[number] = {.number = number, .vhca_id = static_cast<uint16_t>(0x20 + number)};
        }
    }
    uint16_t vhca_id() const override { return kVhca; }
    bool switchdev() const override { return true; }
    std::optional<Vport> vport(uint16_t number) const override {
        const auto it = vports_.find(number);
        return it == vports_.end() ? std::nullopt : std::optional(it->second);
    }
    std::vector<uint16_t> vports() const override {
        std::vector<uint16_t> numbers;
        for (const auto& [number, vport] : vports_) {
            numbers.push_back(number);
        }
        return numbers;
    }
    uint16_t max_vfs() const override { return 8; }
    uint16_t num_vfs() const override { return 2; }
    uint16_t max_sfs() const override { return max_sfs_; }
    Lag lag() const override { return lag_; }

    static constexpr uint16_t kVhca = 3;
    std::map<uint16_t, Vport> vports_;
    uint16_t max_sfs_ = 0;
    Lag lag_;
};

/// A mailbox: words as the layouts' macros take them.
using Words = std::vector<uint32_t>;

/// What came back of a command.
struct Reply {
    prm::Status status = prm::Status::kOk;
    Syndrome syndrome = Syndrome::kNone;
    Words out;
    void* data() { return out.data(); }
};

constexpr Icm::Range kSteeringIcm = {0x1000000000, uint64_t{1} << 20};
constexpr Icm::Range kModifyIcm = {0x2000000000, uint64_t{1} << 18};

/// Mailbox of `type` (a layout's name without mlx5_ifc_ and _bits) for `opcode`.
#define ESW_INBOX(type, opcode) ::esw::sim::inbox(DEVX_ST_SZ_DW(type), opcode)
/// Runs `in` of user context `uid` with room for an answer of layout `type`.
#define ESW_RUN(uid, in, type) run(uid, in, DEVX_ST_SZ_BYTES(type))

inline Words inbox(size_t words, prm::Opcode opcode) {
    Words in(words);
    DEVX_SET(mbox_in, in.data(), opcode, static_cast<uint32_t>(opcode));
    return in;
}

class FirmwareTest : public testing::Test {
protected:
    FirmwareTest() { start({}); }

    /// A firmware with these limits instead, and its first two user contexts.
    void start(const FirmwareLimits& limits) {
        firmware_ =
            std::make_unique<Firmware>(host_, *Icm::create(kSteeringIcm, kModifyIcm), limits);
        uid_ = firmware_->create_user_context();
        other_ = firmware_->create_user_context();
    }

    Reply run(uint16_t uid, const Words& in, size_t out_bytes) {
        Reply reply;
        reply.out.resize((out_bytes + 3) / 4);
        const bool ok = firmware_->execute(uid, std::as_bytes(std::span(in)),
                                           std::as_writable_bytes(std::span(reply.out)));
        if (reply.out.size() >= 2) {
            reply.status = static_cast<prm::Status>(DEVX_GET(mbox_out, reply.data(), status));
            reply.syndrome = static_cast<Syndrome>(DEVX_GET(mbox_out, reply.data(), syndrome));
            EXPECT_EQ(ok, reply.status == prm::Status::kOk);
            EXPECT_EQ(ok, reply.syndrome == Syndrome::kNone);
        }
        return reply;
    }

    FakeHost host_;
    std::unique_ptr<Firmware> firmware_;
    uint16_t uid_ = 0;
    uint16_t other_ = 0;
};

#define EXPECT_REFUSED(reply, expected_status, expected_syndrome)       \
    do {                                                                \
        const ::esw::sim::Reply refused_reply = (reply);                \
        EXPECT_EQ(refused_reply.status, prm::Status::expected_status);  \
        EXPECT_EQ(refused_reply.syndrome, Syndrome::expected_syndrome); \
    } while (false)
#define EXPECT_DONE(reply) EXPECT_REFUSED(reply, kOk, kNone)

}  // namespace esw::sim
