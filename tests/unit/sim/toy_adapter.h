// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "utilities/esw-sim/netlink_server.h"

namespace esw::sim::test {

/// A devlink and an RDMA family as small as can be, for tests of the transport. Devlink commands:
/// kEcho replies with the payload; kMany is a dump of `many` messages; kFail fails with EBUSY and
/// a text; kHold notifies and then stays open until kRelease; kNotify sends the payload to the
/// "config" group, kNotifyMany as often as a 32-bit number behind the header says; kLoseNext is
/// overflow_next(); kAdminOnly needs CAP_NET_ADMIN; anything else is EOPNOTSUPP. RDMA: every
/// request is echoed.
class ToyAdapter final : public Service, public NetdevDirectory {
public:
    enum Command : uint8_t {
        kEcho = 1,
        kMany,
        kFail,
        kHold,
        kNotify,
        kNotifyMany,
        kLoseNext,
        kRelease,
        kAdminOnly
    };

    void handle(std::shared_ptr<Request> request) override;

    void sync() override {}
    const NetdevFace* find(const NamespaceId& network, uint32_t ifindex) const override;
    const NetdevFace* find_former(const NamespaceId&, uint32_t) const override { return nullptr; }
    std::vector<NetdevCounter> counters(const NamespaceId&, uint32_t) override {
        return {{"rx_packets", 1}, {"vport_rx_packets", uint64_t{1} << 40}};
    }
    void set_hw_tc_offload(const NamespaceId& network, uint32_t ifindex, bool on) override;
    NamespaceId network_of(int) const override { return {}; }

    /// Ends the requests that are held.
    void release();

    NetlinkServer* server = nullptr;
    std::map<uint32_t, NetdevFace> faces;  ///< in `home`
    const NamespaceId home = own_network_namespace();
    size_t many = 3;
    std::vector<std::shared_ptr<Request>> held;

private:
    void notify_many(const Request& request);
    void handle_devlink(const std::shared_ptr<Request>& request, uint8_t command);
};

}  // namespace esw::sim::test
