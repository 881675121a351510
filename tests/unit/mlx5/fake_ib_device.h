// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <map>
#include <string>

#include "esw-manager/mlx5/ib_device.h"

namespace esw::mlx5::test {

/// The RDMA device of one or two PFs in memory: its ports as the kernel numbers them, of which
/// those answer that have a representor. What is asked is counted.
class FakeIbDevice final : public IbDevice {
public:
    static constexpr uint16_t kUplink = 0xffff;

    FakeIbDevice(uint32_t vfs, uint32_t sfs) : vfs_(vfs), sfs_(sfs) {}

    /// Its representor comes or goes.
    void attach(uint16_t vport, uint16_t owner = 0) {
        reps_[port_of(vport, owner)] = {owner, vport};
    }
    void detach(uint16_t vport, uint16_t owner = 0) { reps_.erase(port_of(vport, owner)); }
    void die() { dead_ = true; }
    /// Also IBV_EVENT_DEVICE_FATAL was lost on its way.
    void die_unheard() { dead_ = unheard_ = true; }

    const std::string& name() const override { return name_; }
    /// PF, VFs, SFs, uplink: of both PFs, one behind the other.
    uint32_t port_count() const override { return 2 * per_pf(); }
    uint32_t port_of(uint16_t vport, uint16_t owner = 0) const {
        const uint32_t place = vport == kUplink    ? per_pf()
                               : vport >= kFirstSf ? 2 + vfs_ + vport - kFirstSf
                                                   : 1u + vport;
        return owner * per_pf() + place;
    }
    Result<RdmaRep> query_port(uint32_t port) override {
        ++queries[port];
        if (dead_) {
            return fail(EIO, name_, "query port");
        }
        const auto rep = reps_.find(port);
        if (rep == reps_.end()) {
            return fail(EOPNOTSUPP, name_, "query port");
        }
        RdmaRep out;
        out.device = name_;
        out.port = port;
        out.owner_vhca_id = rep->second.first;
        out.vport = rep->second.second;
        out.metadata = {port << 16, 0xffff0000};
        return out;
    }
    bool gone() override { return dead_ && !unheard_; }
    ibv_context* context() override { return nullptr; }

    uint32_t all_queries() const {
        uint32_t sum = 0;
        for (const auto& [port, count] : queries) {
            sum += count;
        }
        return sum;
    }

    static constexpr uint16_t kFirstSf = 0x8000;
    std::map<uint32_t, uint32_t> queries;  ///< by port

private:
    uint32_t per_pf() const { return 2 + vfs_ + sfs_; }

    const std::string name_ = "mlx5_0";
    const uint32_t vfs_, sfs_;
    std::map<uint32_t, std::pair<uint16_t, uint16_t>> reps_;  // owner and vport by port
    bool dead_ = false, unheard_ = false;
};

}  // namespace esw::mlx5::test
