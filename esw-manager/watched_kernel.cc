// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/watched_kernel.h"

namespace esw {

using namespace netlink;

Result<std::vector<DevlinkDevice>> WatchedKernel::devlink_devices() {
    return watch("the kernel (devlink dev show)", [&] { return kernel_.devlink_devices(); });
}

Result<DevlinkInfo> WatchedKernel::devlink_info(const DevlinkHandle& handle) {
    return watch("the kernel (devlink dev info)", [&] { return kernel_.devlink_info(handle); });
}

Result<netlink::Eswitch> WatchedKernel::eswitch_get(const DevlinkHandle& handle) {
    return watch("the kernel (devlink eswitch show)", [&] { return kernel_.eswitch_get(handle); });
}

Status WatchedKernel::eswitch_set(const DevlinkHandle& handle, const netlink::Eswitch& wanted) {
    return watch("the kernel (devlink eswitch set)",
                 [&] { return kernel_.eswitch_set(handle, wanted); });
}

Status WatchedKernel::devlink_reload(const DevlinkHandle& handle) {
    return watch("the kernel (devlink dev reload)", [&] { return kernel_.devlink_reload(handle); });
}

Result<uint32_t> WatchedKernel::num_vfs(const DevlinkHandle& handle) {
    return watch("the kernel (sriov_numvfs)", [&] { return kernel_.num_vfs(handle); });
}

Result<std::vector<DevlinkPort>> WatchedKernel::devlink_ports() {
    return watch("the kernel (devlink port show)", [&] { return kernel_.devlink_ports(); });
}

Result<DevlinkPort> WatchedKernel::devlink_port(const DevlinkHandle& handle, uint32_t index) {
    return watch("the kernel (devlink port show)",
                 [&] { return kernel_.devlink_port(handle, index); });
}

Result<DevlinkPort> WatchedKernel::port_new(const NewPort& port) {
    return watch("the kernel (devlink port add)", [&] { return kernel_.port_new(port); });
}

Status WatchedKernel::port_del(const DevlinkHandle& handle, uint32_t index) {
    return watch("the kernel (devlink port del)", [&] { return kernel_.port_del(handle, index); });
}

Status WatchedKernel::port_function_set(const DevlinkHandle& handle, uint32_t index,
                                        const PortFunction& wanted) {
    return watch("the kernel (devlink port function set)",
                 [&] { return kernel_.port_function_set(handle, index, wanted); });
}

Result<DevlinkParam> WatchedKernel::param_get(const DevlinkHandle& handle,
                                              const std::string& name) {
    return watch("the kernel (devlink param show)",
                 [&] { return kernel_.param_get(handle, name); });
}

Status WatchedKernel::param_set(const DevlinkHandle& handle, const std::string& name, uint8_t type,
                                ParamCmode cmode, const ParamValue& value) {
    return watch("the kernel (devlink param set)",
                 [&] { return kernel_.param_set(handle, name, type, cmode, value); });
}

Result<std::vector<DevlinkRate>> WatchedKernel::rates() {
    return watch("the kernel (devlink rate show)", [&] { return kernel_.rates(); });
}

Result<DevlinkRate> WatchedKernel::rate_get(const DevlinkRate& which) {
    return watch("the kernel (devlink rate show)", [&] { return kernel_.rate_get(which); });
}

Status WatchedKernel::rate_set(const DevlinkRate& wanted) {
    return watch("the kernel (devlink rate set)", [&] { return kernel_.rate_set(wanted); });
}

Status WatchedKernel::rate_new(const DevlinkRate& wanted) {
    return watch("the kernel (devlink rate add)", [&] { return kernel_.rate_new(wanted); });
}

Status WatchedKernel::rate_del(const DevlinkHandle& handle, const std::string& node_name) {
    return watch("the kernel (devlink rate del)",
                 [&] { return kernel_.rate_del(handle, node_name); });
}

Result<std::vector<Link>> WatchedKernel::links() {
    return watch("the kernel (ip link show)", [&] { return kernel_.links(); });
}

Result<Link> WatchedKernel::link(uint32_t ifindex) {
    return watch("the kernel (ip link show)", [&] { return kernel_.link(ifindex); });
}

Result<LinkStats> WatchedKernel::link_stats(uint32_t ifindex) {
    return watch("the kernel (ip -s link show)", [&] { return kernel_.link_stats(ifindex); });
}

Result<std::vector<DriverCounter>> WatchedKernel::driver_counters(uint32_t ifindex) {
    return watch("the kernel (ethtool -S)", [&] { return kernel_.driver_counters(ifindex); });
}

Status WatchedKernel::link_change(const LinkChange& change) {
    return watch("the kernel (ip link set)", [&] { return kernel_.link_change(change); });
}

Result<LinkModes> WatchedKernel::link_modes(uint32_t ifindex) {
    return watch("the kernel (ethtool)", [&] { return kernel_.link_modes(ifindex); });
}

Result<NetdevFeatures> WatchedKernel::features(uint32_t ifindex) {
    return watch("the kernel (ethtool -k)", [&] { return kernel_.features(ifindex); });
}

Status WatchedKernel::set_feature(uint32_t ifindex, const std::string& feature, bool on) {
    return watch("the kernel (ethtool -K)",
                 [&] { return kernel_.set_feature(ifindex, feature, on); });
}

Result<bool> WatchedKernel::remove_ingress_qdisc(uint32_t ifindex) {
    return watch("the kernel (tc qdisc del)",
                 [&] { return kernel_.remove_ingress_qdisc(ifindex); });
}

Result<std::vector<RdmaDevice>> WatchedKernel::rdma_devices() {
    return watch("the kernel (rdma dev show)", [&] { return kernel_.rdma_devices(); });
}

Result<std::vector<RdmaPort>> WatchedKernel::rdma_ports(uint32_t device_index) {
    return watch("the kernel (rdma link show)", [&] { return kernel_.rdma_ports(device_index); });
}

Result<DevlinkHandle> WatchedKernel::rdma_parent(const std::string& device) {
    return watch("the kernel (sysfs)", [&] { return kernel_.rdma_parent(device); });
}

Result<DevlinkHandle> WatchedKernel::auxiliary_parent(const std::string& device) {
    return watch("the kernel (sysfs)", [&] { return kernel_.auxiliary_parent(device); });
}

}  // namespace esw
