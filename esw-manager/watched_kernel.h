// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "esw-manager/eswitch_record.h"
#include "netlink/kernel.h"

namespace esw {

/// A kernel whose answers are waited for under the eyes of the watchdog, on behalf of one eswitch.
///
/// Threads: those of `kernel`; `who`, which tells what the calls are for, is called by any.
class WatchedKernel final : public netlink::Kernel {
public:
    WatchedKernel(netlink::Kernel& kernel, EswitchRecord& record, Watchdog::Text who)
        : kernel_(kernel), record_(record), who_(std::move(who)) {}

    Result<std::vector<netlink::DevlinkDevice>> devlink_devices() override;
    Result<netlink::DevlinkInfo> devlink_info(const DevlinkHandle& handle) override;
    Result<netlink::Eswitch> eswitch_get(const DevlinkHandle& handle) override;
    Status eswitch_set(const DevlinkHandle& handle, const netlink::Eswitch& wanted) override;
    Status devlink_reload(const DevlinkHandle& handle) override;
    Result<uint32_t> num_vfs(const DevlinkHandle& handle) override;
    Result<std::vector<netlink::DevlinkPort>> devlink_ports() override;
    Result<netlink::DevlinkPort> devlink_port(const DevlinkHandle& handle, uint32_t index) override;
    Result<netlink::DevlinkPort> port_new(const netlink::NewPort& port) override;
    Status port_del(const DevlinkHandle& handle, uint32_t index) override;
    Status port_function_set(const DevlinkHandle& handle, uint32_t index,
                             const netlink::PortFunction& wanted) override;
    Result<netlink::DevlinkParam> param_get(const DevlinkHandle& handle,
                                            const std::string& name) override;
    Status param_set(const DevlinkHandle& handle, const std::string& name, uint8_t type,
                     netlink::ParamCmode cmode, const netlink::ParamValue& value) override;
    Result<std::vector<netlink::DevlinkRate>> rates() override;
    Result<netlink::DevlinkRate> rate_get(const netlink::DevlinkRate& which) override;
    Status rate_set(const netlink::DevlinkRate& wanted) override;
    Status rate_new(const netlink::DevlinkRate& wanted) override;
    Status rate_del(const DevlinkHandle& handle, const std::string& node_name) override;
    Result<std::vector<netlink::Link>> links() override;
    Result<netlink::Link> link(uint32_t ifindex) override;
    Result<netlink::LinkStats> link_stats(uint32_t ifindex) override;
    Result<std::vector<netlink::DriverCounter>> driver_counters(uint32_t ifindex) override;
    Status link_change(const netlink::LinkChange& change) override;
    Result<netlink::LinkModes> link_modes(uint32_t ifindex) override;
    Result<netlink::NetdevFeatures> features(uint32_t ifindex) override;
    Status set_feature(uint32_t ifindex, const std::string& feature, bool on) override;
    Result<bool> remove_ingress_qdisc(uint32_t ifindex) override;
    Result<std::vector<netlink::RdmaDevice>> rdma_devices() override;
    Result<std::vector<netlink::RdmaPort>> rdma_ports(uint32_t device_index) override;
    Result<DevlinkHandle> rdma_parent(const std::string& device) override;
    Result<DevlinkHandle> auxiliary_parent(const std::string& device) override;

private:
    /// `request` is in devlink(8)'s and ip(8)'s words.
    template <class Call>
    auto watch(const char* request, Call call) {
        const Watchdog::Wait wait(record_, {WaitKind::kKernel, who_, request, {}});
        return call();
    }

    netlink::Kernel& kernel_;
    EswitchRecord& record_;
    const Watchdog::Text who_;
};

}  // namespace esw
