// SPDX-License-Identifier: Apache-2.0
#include "netlink/netlink_kernel.h"

#include <linux/netlink.h>

#include <utility>

#include "netlink/devlink_client.h"
#include "netlink/driver_counters.h"
#include "netlink/genl_families.h"
#include "netlink/rdma_client.h"
#include "netlink/rtnl_client.h"
#include "netlink/sysfs.h"

namespace esw::netlink {

namespace {

class NetlinkKernel final : public Kernel {
public:
    NetlinkKernel(LogSink& log, const Clock& clock, Deadlines deadlines,
                  const ChannelFactory& factory)
        : generic_(NETLINK_GENERIC, factory, clock, Logger(log, "esw_netlink")),
          route_(NETLINK_ROUTE, factory, clock, Logger(log, "esw_netlink")),
          infiniband_(NETLINK_RDMA, factory, clock, Logger(log, "esw_netlink")),
          families_(generic_, deadlines),
          devlink_(families_, deadlines),
          rtnl_(route_, families_, deadlines),
          rdma_(infiniband_, deadlines) {}

    Result<std::vector<DevlinkDevice>> devlink_devices() override { return devlink_.devices(); }
    Result<DevlinkInfo> devlink_info(const DevlinkHandle& handle) override {
        return devlink_.info(handle);
    }
    Result<Eswitch> eswitch_get(const DevlinkHandle& handle) override {
        return devlink_.eswitch_get(handle);
    }
    Status eswitch_set(const DevlinkHandle& handle, const Eswitch& wanted) override {
        return devlink_.eswitch_set(handle, wanted);
    }
    Status devlink_reload(const DevlinkHandle& handle) override { return devlink_.reload(handle); }
    Result<uint32_t> num_vfs(const DevlinkHandle& handle) override {
        return netlink::num_vfs("/sys", handle);
    }

    Result<std::vector<DevlinkPort>> devlink_ports() override { return devlink_.ports(); }
    Result<DevlinkPort> devlink_port(const DevlinkHandle& handle, uint32_t index) override {
        return devlink_.port(handle, index);
    }
    Result<DevlinkPort> port_new(const NewPort& port) override { return devlink_.port_new(port); }
    Status port_del(const DevlinkHandle& handle, uint32_t index) override {
        return devlink_.port_del(handle, index);
    }
    Status port_function_set(const DevlinkHandle& handle, uint32_t index,
                             const PortFunction& wanted) override {
        return devlink_.port_function_set(handle, index, wanted);
    }

    Result<DevlinkParam> param_get(const DevlinkHandle& handle, const std::string& name) override {
        return devlink_.param_get(handle, name);
    }
    Status param_set(const DevlinkHandle& handle, const std::string& name, uint8_t type,
                     ParamCmode cmode, const ParamValue& value) override {
        return devlink_.param_set(handle, name, type, cmode, value);
    }

    Result<std::vector<DevlinkRate>> rates() override { return devlink_.rates(); }
    Result<DevlinkRate> rate_get(const DevlinkRate& which) override {
        return devlink_.rate_get(which);
    }
    Status rate_set(const DevlinkRate& wanted) override { return devlink_.rate_set(wanted); }
    Status rate_new(const DevlinkRate& wanted) override { return devlink_.rate_new(wanted); }
    Status rate_del(const DevlinkHandle& handle, const std::string& node_name) override {
        return devlink_.rate_del(handle, node_name);
    }

    Result<std::vector<Link>> links() override { return rtnl_.links(); }
    Result<Link> link(uint32_t ifindex) override { return rtnl_.link(ifindex); }
    Result<LinkStats> link_stats(uint32_t ifindex) override { return rtnl_.stats(ifindex); }
    Result<std::vector<DriverCounter>> driver_counters(uint32_t ifindex) override {
        return netlink::driver_counters(ifindex);
    }
    Status link_change(const LinkChange& change) override { return rtnl_.change(change); }
    Result<LinkModes> link_modes(uint32_t ifindex) override { return rtnl_.link_modes(ifindex); }
    Result<NetdevFeatures> features(uint32_t ifindex) override { return rtnl_.features(ifindex); }
    Status set_feature(uint32_t ifindex, const std::string& feature, bool on) override {
        return rtnl_.set_feature(ifindex, feature, on);
    }
    Result<bool> remove_ingress_qdisc(uint32_t ifindex) override {
        return rtnl_.remove_ingress_qdisc(ifindex);
    }

    Result<std::vector<RdmaDevice>> rdma_devices() override { return rdma_.devices(); }
    Result<std::vector<RdmaPort>> rdma_ports(uint32_t device_index) override {
        return rdma_.ports(device_index);
    }
    Result<DevlinkHandle> rdma_parent(const std::string& device) override {
        return infiniband_parent("/sys", device);
    }
    Result<DevlinkHandle> auxiliary_parent(const std::string& device) override {
        return netlink::auxiliary_parent("/sys", device);
    }

private:
    Requester generic_;
    Requester route_;
    Requester infiniband_;
    GenlFamilies families_;
    DevlinkClient devlink_;
    RtnlClient rtnl_;
    RdmaClient rdma_;
};

}  // namespace

std::unique_ptr<Kernel> make_netlink_kernel(LogSink& log, const Clock& clock, Deadlines deadlines,
                                            ChannelFactory factory) {
    return std::make_unique<NetlinkKernel>(log, clock, deadlines, factory);
}

}  // namespace esw::netlink
