// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/devlink.h>

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "utilities/esw-sim/netlink_server.h"
#include "utilities/esw-sim/operation.h"
#include "utilities/esw-sim/topology.h"

/// The objects of the simulated adapter and of the simulated kernel's view of it. Plain data;
/// class Adapter changes it. All on the daemon's one thread.
namespace esw::sim {

using Mac = std::array<uint8_t, 6>;
Mac mac_of(uint64_t number);
std::string to_string(const Mac& mac);

constexpr uint16_t kUplinkVport = 0xffff;      ///< MLX5_VPORT_UPLINK
constexpr uint16_t kFirstSfVport = 0x8000;     ///< mlx5_sf_start_function_id() of a ConnectX-6 Dx
constexpr uint16_t kConnectX6Dx = 0x101d;      ///< device ids of the PCI ID repository
constexpr uint16_t kConnectXVirtual = 0x101e;  ///< "ConnectX Family mlx5Gen Virtual Function"
/// 22.36.1010, in 16 bits each.
constexpr uint64_t kFirmwareVersion = uint64_t{22} << 32 | 36 << 16 | 1010;
constexpr uint16_t kModeLegacy = 0;
constexpr uint16_t kModeSwitchdev = 1;
constexpr uint16_t kModeSwitchdevInactive = 2;  ///< from Linux 6.19's linux/devlink.h

struct Pf;
struct Vport;

/// What a vport has received from its eswitch and sent to it.
struct Traffic {
    uint64_t rx_packets = 0, rx_bytes = 0;
    uint64_t tx_packets = 0, tx_bytes = 0;
};

/// A netdev of the adapter: a TAP device of the real kernel with a face (netlink_server.h).
struct Netdev {
    enum class Role { kUplink, kRepresentor, kFunction, kWire };

    Role role = Role::kUplink;
    Pf* pf = nullptr;
    Vport* vport = nullptr;  ///< null for uplink and wire
    uint32_t ifindex = 0;
    std::string name;
    Mac mac{};
    bool in_namespace = true;  ///< of the adapter (devlink's); users may move it away
    NamespaceId away;          ///< where it is when it is in another; all zero: nowhere
    bool admin_up = false;     ///< IFF_UP
    uint32_t mtu = 1500;
    bool carrier = false;
    Traffic traffic;  ///< what the kernel got from it and sent on it
    NetdevFace face;
};

/// A rate object: a port's leaf, or a node.
struct Rate {
    std::optional<uint32_t> port_index;  ///< leaf
    std::string name;                    ///< node
    uint64_t tx_share = 0;               ///< bytes per second
    uint64_t tx_max = 0;
    std::string parent;  ///< name of a node, or empty
};

struct Port {
    uint32_t index = 0;
    uint16_t type = DEVLINK_PORT_TYPE_NOTSET;
    uint16_t flavour = DEVLINK_PORT_FLAVOUR_PHYSICAL;
    uint32_t number = 0;     ///< physical: port number; pcivf: VF; pcisf: SF
    uint16_t pf_number = 0;  ///< pcivf, pcisf
    Vport* vport = nullptr;  ///< pcivf, pcisf
    Netdev* netdev = nullptr;
};

using ParamValue = std::variant<bool, uint32_t, std::string>;

/// The devlink parameters of mlx5 (devlink.c); each has one configuration mode.
struct Param {
    std::string name;
    bool generic = false;
    uint8_t cmode = DEVLINK_PARAM_CMODE_RUNTIME;
    ParamValue value;
};

/// A devlink instance: of a PF, a VF or an SF, or of the Ethernet auxiliary device of one.
struct Instance {
    enum class Kind { kPf, kVf, kSf, kEthernet };

    Kind kind = Kind::kPf;
    uint32_t devlink_index = 0;  ///< of devlink_alloc(): instances are dumped in this order
    std::string bus;             ///< "pci", "auxiliary"
    std::string device;          ///< "0000:08:00.0", "mlx5_core.sf.2", "mlx5_core.eth.0"
    std::string pci;             ///< the PCI device below it
    Pf* pf = nullptr;
    Vport* vport = nullptr;  ///< of a VF or SF
    uint16_t vhca_id = 0;
    std::shared_ptr<Instance> ethernet;  ///< of a function: kEthernet, nested in this one
    bool registered = false;             ///< devlink_register() was called: visible, and notifies
    bool up = false;                     ///< its firmware runs
    bool reload_failed = false;
    uint32_t reloads = 0;  ///< driver_reinit performed
    std::vector<std::unique_ptr<Port>> ports;
    std::list<Rate> rates;  ///< nodes are put first, leaves last (devlink_nl_cmd_rate_new_doit())
    std::vector<Param> params;
    KernelLock lock;  ///< devl_lock()

    std::string handle() const { return bus + "/" + device; }
    Port* port(uint32_t index);
    Rate* leaf(uint32_t port_index);
    Rate* node(const std::string& name);
    Param* param(std::string_view name);
};

/// A device number as the kernel shows it.
struct Chardev {
    uint32_t major = 0;
    uint32_t minor = 0;
};

struct IbDevice {
    uint32_t index = 0;  ///< of RDMA netlink; not used again before the numbers go round
    std::string name;
    uint32_t uverbs = 0;  ///< M of uverbsM, the lowest that was free (uverbs_ida)
    uint32_t port_count = 1;
    bool is_rep = false;
    uint64_t node_guid = 0;
    Instance* instance = nullptr;
    std::map<uint32_t, Netdev*> netdevs;  ///< by port, from 1

    Chardev chardev() const;
    std::string chardev_name() const;
    /// Of the PCI device below it, which an SF shares with its PF.
    uint16_t pci_device_id() const;
    /// Entries of each port's GID table. Representors' ports have none: they are raw packet only.
    uint32_t gid_table_length() const;
    /// The GID that a port's netdev has by its address alone: index 0 as RoCE v1, 1 as RoCE v2.
    static std::array<uint8_t, 16> default_gid(const Netdev& netdev);
};

/// One function of the adapter below a PF: a VF or an SF.
struct Vport {
    Pf* pf = nullptr;
    uint16_t number = 0;
    bool is_sf = false;
    uint32_t vf = 0;
    uint32_t sfnum = 0;
    Mac mac{};             ///< permanent, of the function
    Mac admin_mac{};       ///< set by the admin; zero: none
    bool enabled = false;  ///< the eswitch has it (mlx5_esw_vport_enable())
    bool link_forced_down = false;
    bool roce = true;  ///< function capabilities
    bool migratable = false;
    bool sf_active = false;    ///< devlink's function state
    bool sf_attached = false;  ///< opstate
    uint32_t adev = 0;         ///< number of its auxiliary devices (mlx5_adev_ida)
    uint16_t vhca_id = 0;
    Netdev* rep = nullptr;               ///< switchdev
    Netdev* function = nullptr;          ///< the function's own netdev
    std::shared_ptr<Instance> instance;  ///< while a driver is bound to the function
    IbDevice* ib = nullptr;              ///< the function's own
    Traffic traffic;

    /// Name of its representor: "pf0vf3", "pf0sf88".
    std::string rep_id() const;
};

struct Pf {
    uint32_t number = 0;
    uint32_t adev = 0;  ///< as in Vport
    PfTopology topology;
    Mac mac{};
    bool present = false;      ///< on the PCI bus
    bool leaving = false;      ///< its removal has begun (MLX5_PRIV_FLAGS_DISABLE_ALL_ADEV)
    bool rdma_loaded = true;   ///< the RDMA driver may have a device of this PF ...
    bool ib_disabled = false;  ///< ... and LAG allows it (MLX5_PRIV_FLAGS_DISABLE_IB_ADEV)
    bool multiport = false;    ///< in a multiport eswitch
    bool cable = true;         ///< the wire has a link
    uint16_t mode = kModeLegacy;
    uint8_t inline_mode = 0;
    uint8_t encap = 1;
    uint32_t num_vfs = 0;
    std::shared_ptr<Instance> instance;
    std::shared_ptr<KernelLock> device_lock = std::make_shared<KernelLock>();  ///< device_lock()
    Netdev* uplink = nullptr;  ///< p0: the PF's own netdev, in switchdev the uplink representor
    Netdev* wire = nullptr;
    IbDevice* ib = nullptr;
    std::map<uint16_t, std::unique_ptr<Vport>> vports;  ///< VFs and SFs there are, by number
    Traffic wire_traffic;                               ///< of the uplink's vport

    std::string handle() const { return instance->handle(); }
    bool switchdev() const { return mode != kModeLegacy; }
    /// PF, VFs, SFs and the uplink (mlx5_esw_vports_init(), eswitch.c): the ports of its IB device
    /// in switchdev mode.
    uint32_t total_vports() const { return 2 + topology.max_vfs + topology.max_sfs; }
    uint32_t vport_index(uint16_t vport) const;
    uint32_t ib_port(const Vport& vport) const;
    uint32_t ib_uplink_port() const { return total_vports(); }
    /// Of a VF or SF that there can be, whether it is there or not.
    bool has_vport(uint16_t vport) const;
    /// What the driver writes into the upper half of reg_c_0 of packets from vport `vport`; 0: it
    /// does not (esw_port_metadata).
    uint32_t reg_c_0(uint16_t vport) const;
    std::string uplink_id() const;
};

/// LAG of all PFs of the adapter (struct mlx5_lag).
struct Lag {
    enum class Mode { kNone, kRoce, kSriov, kMultiport };

    Mode mode = Mode::kNone;
    bool shared_fdb = false;  ///< the eswitches are one: the RDMA device has the ports of all PFs
    bool bonded = false;      ///< all uplinks, and nothing else, are in one bond
    uint32_t changes_in_progress = 0;  ///< mode changes: no LAG meanwhile
    KernelLock lock;

    bool active() const { return mode != Mode::kNone; }
    /// "none", "roce", "sriov", "multiport_eswitch"
    const char* name() const;
};

/// What happens in the model, in the order in which the kernel says it. Called only for what is
/// visible: a registered devlink instance.
class Observer {
public:
    virtual ~Observer() = default;
    /// `command`: DEVLINK_CMD_NEW or _DEL, PORT_NEW or _DEL, ...
    virtual void device(int command, const Instance& instance) = 0;
    virtual void port(int command, const Instance& instance, const Port& port) = 0;
    virtual void rate(int command, const Instance& instance, const Rate& rate) = 0;
    virtual void param(int command, const Instance& instance, const Param& param) = 0;

    enum class RdmaEvent { kRegister, kUnregister, kNetdevAttach, kNetdevDetach };
    virtual void rdma(RdmaEvent event, const IbDevice& device, uint32_t port,
                      const Netdev* netdev) = 0;

    /// ib_uverbs_add_one(): the device can be opened from now on. Before kRegister.
    virtual void uverbs_added(const IbDevice& device) = 0;
    /// ib_uverbs_remove_one(): it cannot any more, and those who have it open lose it. The device
    /// is in no list now; kUnregister comes behind.
    virtual void uverbs_removed(const IbDevice& device) = 0;

    /// mlx5_function_setup() and mlx5_function_teardown(): the firmware of a PF, or of a VF or SF
    /// that mlx5_core drives, starts and stops. Before and behind all else of the function.
    virtual void function_up(const Instance& instance) = 0;
    virtual void function_down(const Instance& instance) = 0;
};

/// Makes and removes netdevs. The real one has TAP devices (netdevs.h), unit tests have one that
/// only keeps a list.
class NetdevBackend {
public:
    virtual ~NetdevBackend() = default;
    /// Owned by the backend until destroy().
    virtual Result<Netdev*> create(Netdev wanted) = 0;
    virtual void destroy(Netdev* netdev) = 0;
    virtual void set_carrier(Netdev* netdev, bool carrier) = 0;
    virtual void set_mac(Netdev* netdev, const Mac& mac) = 0;
    /// Whether the name can be given to a new netdev.
    virtual bool name_is_free(const std::string& name) const = 0;
    /// Hands on the real kernel's notifications so far (NetlinkServer::pump_route()), so that
    /// clients see a netdev before the devlink message that names it.
    virtual void pump() = 0;
};

}  // namespace esw::sim
