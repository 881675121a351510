// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "utilities/esw-sim/model/types.h"
#include "utilities/esw-sim/points.h"

namespace esw::sim {

/// The simulated adapter with its PFs, eswitches and functions, and what the mlx5 driver does with
/// them. Each operation is made of the steps of the kernel functions that its comment names, in
/// their order; it calls `done` when it is over, at once or later (points.h).
///
/// Errors carry the errno and, as detail, the text that the kernel puts into the extended
/// acknowledgement. Operations that take an Instance want its lock held by the caller; those that
/// take a Pf, the ones of the machine round the adapter, take it themselves.
class Adapter {
public:
    using Done = Operation::Done;

    Adapter(Topology topology, NetdevBackend& netdevs, Observer& observer, Points& points);
    ~Adapter();

    /// Brings everything to the state of the topology. Not held at any point.
    Status bring_up();

    const Topology& topology() const { return topology_; }
    const std::vector<std::unique_ptr<Pf>>& pfs() const { return pfs_; }
    /// Registered devlink instances in the order of their allocation.
    const std::vector<std::shared_ptr<Instance>>& instances() const { return instances_; }
    std::shared_ptr<Instance> find_instance(const std::string& bus,
                                            const std::string& device) const;
    const std::map<uint32_t, std::unique_ptr<IbDevice>>& ib_devices() const { return ib_devices_; }

    /// "pci/0000:08:00.0"; the error lists what there is.
    Result<Pf*> find_pf(const std::string& handle) const;
    /// "pci/0000:08:00.0/pf0vf3" or ".../p0": the PF, and the vport or null for the uplink.
    struct Target {
        Pf* pf = nullptr;
        Vport* vport = nullptr;
        std::string id() const;
    };
    Result<Target> find_target(const std::string& handle_and_rep) const;

    /// Of a VF or SF that there can be.
    uint16_t function_vhca_id(const Pf& pf, uint16_t vport) const;
    uint64_t system_image_guid() const { return system_image_guid_; }
    std::string firmware_version() const;
    std::string board_id() const { return "MT_0000000359"; }

    // devlink, the instance's lock held. Each of them passes its point first.
    using OperationPtr = std::shared_ptr<Operation>;
    OperationPtr mode_set(Instance& instance, uint16_t mode, Done done);
    struct NewSf {
        uint32_t sfnum = 0;
        uint32_t* index = nullptr;  ///< set before `done`
    };
    OperationPtr sf_new(Instance& instance, NewSf wanted, Done done);
    OperationPtr sf_del(Instance& instance, uint32_t port_index, Done done);
    OperationPtr reload(Instance& instance, Done done);
    /// Activates or deactivates an SF. The function's driver comes or goes after the request's end
    /// (mlx5_sf_vhca_event() runs on its own), see settle_sf().
    Status sf_state_set(Vport& vport, bool active);
    /// Binds or unbinds the driver of an SF as its state says; waits for the PF's lock.
    void settle_sf(Pf& pf, uint16_t number);
    /// An operation of `instance` with nothing in it.
    OperationPtr operation(const Instance& instance, Done done);

    /// devlink's esw_multiport of any PF: it is all PFs'.
    void multiport_set(bool on, Done done);

    const Lag& lag() const { return *lag_; }
    /// Where the representor of `vport` (null: of the uplink) is on an RDMA device; no device when
    /// it is on none.
    struct IbPort {
        IbDevice* device = nullptr;
        uint32_t number = 0;
    };
    IbPort ib_port(const Pf& pf, const Vport* vport) const;
    /// The RDMA device whose FDB is that of the PF's eswitch; null: there is none.
    IbDevice* eswitch_ib(const Pf& pf) const;

    // The machine round the adapter (esw-sim ctl).
    /// A bond of all uplinks came or went, and the driver has taken note (mlx5_do_bond()). It makes
    /// a LAG when it can; lag() tells.
    void bond(bool on, Done done);
    void set_num_vfs(Pf& pf, uint32_t count, Done done);
    void rdma_unload(Pf& pf, Done done);
    void rdma_load(Pf& pf, Done done);
    void pci_remove(Pf& pf, Done done);
    /// `restore`: as at start-up of a system that is set up so, the VFs and the eswitch mode of
    /// before the removal come back after the probe.
    void pci_add(Pf& pf, bool restore, Done done);
    Status set_link(const Target& target, bool up);

    // What the real kernel says about the netdevs.
    void netdev_admin_changed(Netdev& netdev);
    void netdev_moved_or_renamed(Netdev& netdev);

    /// The statistics that the netdev's driver has of it.
    std::vector<NetdevCounter> counters(const Netdev& netdev) const;

    /// Carriers of all netdevs of the PF.
    void update_links(Pf& pf);

private:
    // adapter.cc: objects
    void make_pf(uint32_t number);
    std::string function_pci(const Pf& pf, const Vport& vport) const;
    NetdevFace face_for(const Instance& instance, const std::string& port_name) const;
    Result<Netdev*> make_netdev(Netdev wanted);
    void drop_netdev(Netdev*& netdev);
    uint32_t take_adev();
    uint32_t first_function(const Pf& pf) const;
    uint32_t first_sf_vhca_id(const Pf& pf) const;
    uint32_t port_index(const Pf& pf, uint16_t vport) const;
    /// mlx5_esw_vport_to_devlink_port_index()
    static uint32_t port_index(const Instance& function, uint16_t vport);
    std::vector<Param> default_params(bool pf) const;

    // eswitch.cc
    void load_rep(const OperationPtr& op, Vport& vport);
    void unload_rep(const OperationPtr& op, Vport& vport);
    Status register_port(Vport& vport);
    Status make_rep(Vport& vport);
    void unregister_port(Vport& vport);
    void change_mode(const OperationPtr& op, Pf& pf, uint16_t mode);
    void to_switchdev(const OperationPtr& op, Pf& pf);
    void to_legacy(const OperationPtr& op, Pf& pf);
    void eswitch_disable(const OperationPtr& op, Pf& pf);
    Vport& add_vf(Pf& pf, uint32_t vf);
    std::vector<Vport*> vports(Pf& pf, bool sfs) const;
    void remove_sf(const OperationPtr& op, Pf& pf, uint16_t number);

    // function.cc
    void port_gets_netdev(Instance& instance, Port& port, Netdev* netdev);
    void port_loses_netdev(Instance& instance, Port& port, Netdev*& netdev);
    void register_instance(const std::shared_ptr<Instance>& instance);
    void unregister_instance(const std::shared_ptr<Instance>& instance);
    void announce(const Instance& instance);
    void withdraw(const Instance& instance);
    void start_function(Instance& instance);
    void stop_function(Instance& instance);
    void probe_function(const OperationPtr& op, Vport& vport);
    void remove_function(const OperationPtr& op, Vport& vport);
    void probe_pf(const OperationPtr& op, Pf& pf);
    void remove_pf(const OperationPtr& op, Pf& pf);
    Status make_pf_port(Pf& pf);
    Instance& make_ethernet_instance(Instance& function);
    void drop_ethernet_instance(const std::shared_ptr<Instance>& function);
    Status make_ethernet(const std::shared_ptr<Instance>& function, Port wanted_port, Netdev wanted,
                         Netdev*& netdev);
    void remove_ethernet(const OperationPtr& op, const std::shared_ptr<Instance>& function,
                         Netdev*& netdev);
    void nested_changed(const std::shared_ptr<Instance>& instance);
    void enable_vfs(const OperationPtr& op, Pf& pf, uint32_t count);
    void initial_vfs(const OperationPtr& op, Pf& pf);
    void initial_mode(const OperationPtr& op, Pf& pf);
    void restore_mode(const OperationPtr& op, Pf& pf, uint16_t mode);
    void remove_vf_functions(const OperationPtr& op, Pf& pf);
    void disable_vfs(const OperationPtr& op, Pf& pf);

    // lag.cc
    Pf& lag_master() const { return *pfs_.front(); }
    bool lag_possible() const;
    bool lag_prerequisites() const;
    bool roce_lag() const;
    bool shared_fdb_supported() const;
    uint32_t ib_port_count(const Pf& pf) const;
    void lag_remove_devices(const OperationPtr& op);
    void lag_add_devices(const OperationPtr& op);
    void lag_add_device(const OperationPtr& op, Pf& pf);
    void set_lag_mode(Lag::Mode mode, bool shared_fdb);
    void enter_lag(const OperationPtr& op, Lag::Mode mode, bool shared_fdb);
    void leave_lag(const OperationPtr& op);
    void run_lag_operation(const std::function<Status(const OperationPtr&)>& fill, Done done);
    void lag_disable_change(const OperationPtr& op);
    void settle_bond(Done done);

    // rdma.cc
    void attach_reps(const Pf& pf);
    void add_ib(const OperationPtr& op, Pf& pf);
    void remove_ib(const OperationPtr& op, Pf& pf);
    IbDevice* make_ib(Instance& instance, uint32_t ports, bool is_rep, uint64_t guid);
    void drop_ib(IbDevice*& device);
    void ib_attach(IbDevice& device, uint32_t port, Netdev* netdev);
    void ib_detach(IbDevice& device, uint32_t port);

    // notifications: only of what is visible
    void notify(int command, const Instance& instance);
    void notify(int command, const Instance& instance, const Port& port);
    void notify(int command, const Instance& instance, const Rate& rate);
    void notify(int command, const Instance& instance, const Param& param);

    const Topology topology_;
    NetdevBackend& netdevs_;
    Observer& observer_;
    Points& points_;
    uint64_t system_image_guid_;
    std::vector<std::unique_ptr<Pf>> pfs_;
    std::vector<std::shared_ptr<Instance>> instances_;
    uint32_t next_instance_ = 0;
    std::map<uint32_t, std::unique_ptr<IbDevice>> ib_devices_;
    uint32_t next_ib_index_ = 0;
    std::set<uint32_t> uverbs_;  ///< numbers of character devices in use (uverbs_ida)
    std::set<uint32_t> adevs_;   ///< numbers of auxiliary devices in use (mlx5_adev_ida)
    std::shared_ptr<Lag> lag_ = std::make_shared<Lag>();
    struct Removed {
        uint32_t vfs = 0;
        uint16_t mode = kModeLegacy;
    };
    std::map<uint32_t, Removed> removed_;  ///< by PF number: what pci_add() restores
};

}  // namespace esw::sim
