// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "esw-manager/ids.h"
#include "netlink/kernel.h"

namespace esw {
class EventLoop;
}

namespace esw::fakes {

class FakeMonitor;

/// A kernel with mlx5-like adapters, in memory: devlink instances, ports, netdevs, RDMA ports, and
/// their notifications in the order in which Linux 6.1 sends them. What it is asked is counted;
/// calls can be made to fail, and to wait at a gate.
///
/// Threads: any. Events are queued before the call that causes them returns.
class FakeKernel final : public netlink::Kernel {
public:
    using Source = netlink::Overflow::Source;

    FakeKernel();
    ~FakeKernel() override;

    // --- the adapter, as the machine round it acts

    /// A PF in legacy mode with its uplink p<pf> and `vfs` VFs.
    void add_pf(const DevlinkHandle& handle, uint32_t pf, uint32_t vfs = 0);
    /// Its ports, netdevs and the device go away; the VFs are gone when it is added again.
    void remove_device(const DevlinkHandle& handle);
    /// A devlink instance without eswitch, as VFs and SFs have: one port of flavour virtual.
    void add_plain_device(const DevlinkHandle& handle);
    /// As writing sriov_numvfs.
    void set_num_vfs(const DevlinkHandle& handle, uint32_t vfs);
    /// From now on it is Linux 6.3: a PF's Ethernet driver has a devlink instance of its own, with
    /// the uplink's port, which is there before the PF's and goes after it.
    void nest_uplinks();
    /// The instance of the Ethernet driver of a PF.
    DevlinkHandle ethernet_driver(const DevlinkHandle& handle) const;
    /// That driver goes, with the uplink's netdev and port, and comes back.
    void remove_ethernet_driver(const DevlinkHandle& handle);
    void add_ethernet_driver(const DevlinkHandle& handle);
    /// The parameter flow_steering_mode, "dmfs" at first.
    std::string steering_mode(const DevlinkHandle& handle) const;
    /// As another program's "devlink dev eswitch set": not a call that is counted.
    void change_mode(const DevlinkHandle& handle, netlink::EswitchMode mode);

    // Single steps, for orders of events that the above do not give.
    void add_port(const RepRef& ref);       ///< PORT_NEW without a netdev
    void add_netdev(const RepRef& ref);     ///< NEWLINK, PORT_NEW with ifindex
    void remove_netdev(const RepRef& ref);  ///< DELLINK, PORT_NEW without
    void remove_port(const RepRef& ref);    ///< PORT_DEL

    void rename(const RepRef& ref, const std::string& name);  ///< rtnetlink tells, devlink not
    void leave_namespace(const RepRef& ref);                  ///< likewise
    void return_to_namespace(const RepRef& ref);
    void set_switch_id(const DevlinkHandle& handle, std::vector<uint8_t> switch_id);
    void repeat_port_event(const RepRef& ref);
    void add_rdma_port(const RepRef& ref, const std::string& device, uint32_t port);
    /// An RDMA device of a PF comes and goes.
    void add_rdma_device(const DevlinkHandle& parent, const std::string& name);
    void remove_rdma_device(const std::string& name);

    uint32_t ifindex(const RepRef& ref) const;
    uint32_t port_index(const RepRef& ref) const;

    /// Options that the driver refuses: port_function_set() and rate_set() take them and change
    /// nothing.
    void ignore_settings(bool ignore);

    // --- notifications

    /// Events of a source wait until they are released, in their order.
    void hold(Source source);
    void release(Source source);
    /// Events of a source are lost until found(), which says that some were.
    void lose(Source source);
    void found(Source source);
    void source_lost(Source source);
    void set_has_devlink(bool has);

    /// Of a monitor on `loop`.
    std::unique_ptr<netlink::KernelMonitor> monitor(EventLoop& loop);

    // --- calls. They go by the names of the members of Kernel.

    uint64_t calls(const std::string& call) const;
    uint64_t all_calls() const;
    void reset_calls();
    /// Makes the next `count` calls fail that are about `object` (a RepRef, handle or netdev name;
    /// empty: any).
    void fail_next(const std::string& call, const std::string& object, int error,
                   const std::string& detail = {}, uint32_t count = 1);
    void clear_faults();
    /// Calls wait from now on; ungate() lets those that wait and all later ones go on.
    void gate(const std::string& call);
    void ungate(const std::string& call);
    void ungate_all();
    /// Returns when `count` calls wait at the gate.
    void wait_for_blocked(const std::string& call, uint32_t count = 1);

    // --- netlink::Kernel

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
    friend class FakeMonitor;

    struct Port {
        netlink::DevlinkPort port;  // ifindex: of the netdev, in whatever namespace
        netlink::DevlinkRate rate;
    };
    struct Device {
        bool plain = false;
        uint32_t pf = 0;
        uint32_t vfs = 0;
        uint32_t vhca_id = 0;
        netlink::EswitchMode mode = netlink::EswitchMode::kLegacy;
        netlink::EncapMode encap_mode = netlink::EncapMode::kBasic;
        std::string steering_mode = "dmfs";
        std::vector<uint8_t> switch_id;
        std::map<uint32_t, Port> ports;
    };
    struct Netdev {
        netlink::Link link;
        bool here = true;
    };
    struct Fault {
        std::string call, object;
        Error error;
        uint32_t count = 0;
    };

    Status enter(const std::string& call, const std::string& object);
    Port* find_port(const DevlinkHandle& handle, uint32_t index) ESW_REQUIRES(mutex_);
    static DevlinkHandle ethernet_driver_of(const Device& device);
    /// The PF of an Ethernet driver's instance; another handle itself.
    DevlinkHandle pf_of(const DevlinkHandle& handle) const ESW_REQUIRES(mutex_);
    void make_ethernet(const DevlinkHandle& handle, Device& device) ESW_REQUIRES(mutex_);
    void drop_ethernet(const DevlinkHandle& handle, const Device& device) ESW_REQUIRES(mutex_);
    Port& port_of(const RepRef& ref) ESW_REQUIRES(mutex_);
    /// As a dump or notification has it: without ifindex when the netdev is elsewhere.
    netlink::DevlinkPort seen(const Port& port) const ESW_REQUIRES(mutex_);
    std::string name_of(const DevlinkHandle& handle, uint32_t index) const;
    std::string name_of(uint32_t ifindex) const;

    void make_port(Device& device, const RepRef& ref) ESW_REQUIRES(mutex_);
    void make_netdev(Device& device, const RepRef& ref) ESW_REQUIRES(mutex_);
    void drop_netdev(const RepRef& ref) ESW_REQUIRES(mutex_);
    void drop_port(const RepRef& ref) ESW_REQUIRES(mutex_);
    void make_vfs(const DevlinkHandle& handle, Device& device) ESW_REQUIRES(mutex_);
    /// mlx5_sf_table_disable(): the way to legacy mode deletes them.
    void drop_sfs(const DevlinkHandle& handle, const Device& device) ESW_REQUIRES(mutex_);
    void drop_vfs(const DevlinkHandle& handle, Device& device) ESW_REQUIRES(mutex_);
    void set_mode(const DevlinkHandle& handle, netlink::EswitchMode mode) ESW_REQUIRES(mutex_);
    void mark_uplink(const DevlinkHandle& handle, Device& device) ESW_REQUIRES(mutex_);

    void emit(Source source, netlink::KernelEvent event) ESW_REQUIRES(mutex_);
    void emit_port(const Port& port, bool removed = false) ESW_REQUIRES(mutex_);
    void emit_link(const Netdev& netdev, bool removed = false) ESW_REQUIRES(mutex_);
    void deliver(netlink::KernelEvent event) ESW_REQUIRES(mutex_);
    void subscribe(FakeMonitor* monitor);
    void unsubscribe(FakeMonitor* monitor);

    // Before the mailboxes that events go to.
    mutable Mutex mutex_{LockRank::kSnapshot};
    CondVar changed_;
    std::map<DevlinkHandle, Device> devices_ ESW_GUARDED_BY(mutex_);
    std::map<uint32_t, Netdev> netdevs_ ESW_GUARDED_BY(mutex_);
    std::vector<netlink::RdmaDevice> rdma_devices_ ESW_GUARDED_BY(mutex_);
    std::vector<netlink::RdmaPort> rdma_ports_ ESW_GUARDED_BY(mutex_);
    std::map<std::string, DevlinkHandle> rdma_parents_ ESW_GUARDED_BY(mutex_);
    uint32_t next_rdma_index_ ESW_GUARDED_BY(mutex_) = 100;
    uint32_t next_ifindex_ ESW_GUARDED_BY(mutex_) = 10;
    uint32_t next_vhca_id_ ESW_GUARDED_BY(mutex_) = 1;
    bool has_devlink_ ESW_GUARDED_BY(mutex_) = true;
    bool nested_uplinks_ ESW_GUARDED_BY(mutex_) = false;
    bool ignore_settings_ ESW_GUARDED_BY(mutex_) = false;

    std::set<FakeMonitor*> monitors_ ESW_GUARDED_BY(mutex_);
    std::map<Source, std::deque<netlink::KernelEvent>> held_ ESW_GUARDED_BY(mutex_);
    std::set<Source> lost_ ESW_GUARDED_BY(mutex_);

    std::map<std::string, uint64_t> calls_ ESW_GUARDED_BY(mutex_);
    std::vector<Fault> faults_ ESW_GUARDED_BY(mutex_);
    std::set<std::string> gates_ ESW_GUARDED_BY(mutex_);
    std::map<std::string, uint32_t> blocked_ ESW_GUARDED_BY(mutex_);
};

/// The notifications of a FakeKernel, on an event loop.
class FakeMonitor final : public netlink::KernelMonitor {
public:
    FakeMonitor(FakeKernel& kernel, EventLoop& loop);
    ~FakeMonitor() override;
    Status start(std::function<void(netlink::KernelEvent)> receiver) override;
    void drain() override;
    bool has_devlink() const override;
    bool has_rdma() const override { return true; }
    bool has_rdma_monitor() const override { return true; }

private:
    friend class FakeKernel;
    struct Inbox;
    static std::shared_ptr<Inbox> make_inbox(EventLoop& loop);

    FakeKernel& kernel_;
    std::function<void(netlink::KernelEvent)> receiver_;
    const std::shared_ptr<Inbox> inbox_;
};

}  // namespace esw::fakes
