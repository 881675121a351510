// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

/// Values of the devlink generic netlink family. Numbers are those of linux/devlink.h; a number
/// that this header does not name (a newer kernel's) is carried as it is, so every enum may hold
/// others.
namespace esw::netlink {

using MacAddress = std::array<uint8_t, 6>;

std::string to_string(const MacAddress& mac);
Result<MacAddress> parse_mac(std::string_view text);

/// Names one devlink instance: "pci/0000:08:00.0".
struct DevlinkHandle {
    std::string bus;
    std::string device;

    std::string to_string() const { return bus + "/" + device; }
    static Result<DevlinkHandle> parse(std::string_view text);
    auto operator<=>(const DevlinkHandle&) const = default;
};

enum class EswitchMode : uint16_t { kLegacy = 0, kSwitchdev = 1, kSwitchdevInactive = 2 };
std::string to_string(EswitchMode mode);  ///< "legacy", ..., "mode 7" for an unknown one
Result<EswitchMode> parse_eswitch_mode(std::string_view text);

enum class InlineMode : uint8_t { kNone = 0, kLink = 1, kNetwork = 2, kTransport = 3 };
enum class EncapMode : uint8_t { kNone = 0, kBasic = 1 };

struct Eswitch {
    std::optional<EswitchMode> mode;
    std::optional<InlineMode> inline_mode;
    std::optional<EncapMode> encap_mode;
    bool operator==(const Eswitch&) const = default;
};

enum class PortType : uint16_t { kNotSet = 0, kAuto = 1, kEth = 2, kIb = 3 };

enum class PortFlavour : uint16_t {
    kPhysical = 0,
    kCpu = 1,
    kDsa = 2,
    kPciPf = 3,
    kPciVf = 4,
    kVirtual = 5,
    kUnused = 6,
    kPciSf = 7,
};
std::string to_string(PortFlavour flavour);

enum class FunctionState : uint8_t { kInactive = 0, kActive = 1 };
enum class FunctionOpstate : uint8_t { kDetached = 0, kAttached = 1 };

/// Attributes of the function behind a port; absent ones are not offered by the driver.
struct PortFunction {
    std::optional<MacAddress> hw_addr;
    std::optional<FunctionState> state;
    std::optional<FunctionOpstate> opstate;
    std::optional<uint64_t> caps;  ///< DEVLINK_PORT_FN_CAP_* bits that are set
    /// Bits that the driver offers; in a set, the ones to change (absent: those set in `caps`).
    std::optional<uint64_t> caps_selector = {};
    std::optional<uint32_t> max_io_eqs = {};
    bool operator==(const PortFunction&) const = default;
};

struct DevlinkPort {
    DevlinkHandle handle;
    /// The instance that the kernel has the port in, and is asked there, when `handle` says whose
    /// it is: see NestedPorts.
    std::optional<DevlinkHandle> instance = {};
    uint32_t index = 0;
    PortType type = PortType::kNotSet;
    std::optional<PortFlavour> flavour;
    std::optional<uint32_t> controller;   ///< controller number, for pcipf, pcivf, pcisf
    std::optional<uint16_t> pf;           ///< PCI PF number
    std::optional<uint16_t> vf;           ///< PCI VF number
    std::optional<uint32_t> sf;           ///< PCI SF number
    std::optional<uint32_t> port_number;  ///< physical port, flavour physical
    bool external = false;                ///< the function belongs to another host
    std::optional<uint32_t> ifindex;      ///< absent while the port has no netdev in our namespace
    std::string ifname;                   ///< empty when ifindex is absent
    std::optional<std::string> ibdev;     ///< name of the RDMA device, type ib
    std::optional<PortFunction> function;
    bool operator==(const DevlinkPort&) const = default;
};

struct DevlinkDevice {
    DevlinkHandle handle;
    bool reload_failed = false;
    bool operator==(const DevlinkDevice&) const = default;
};

/// Answer of "devlink dev info".
struct DevlinkInfo {
    std::string driver;
    std::string serial_number;
    std::string board_serial_number;
    struct Version {
        enum class Kind { kFixed, kRunning, kStored };
        Kind kind;
        std::string name;
        std::string value;
        bool operator==(const Version&) const = default;
    };
    std::vector<Version> versions;
};

enum class ParamCmode : uint8_t { kRuntime = 0, kDriverinit = 1, kPermanent = 2 };

/// Value of a parameter: flag, integer (u8, u16 or u32 on the wire) or string.
using ParamValue = std::variant<bool, uint32_t, std::string>;

struct DevlinkParam {
    DevlinkHandle handle;
    std::string name;
    bool generic = false;
    uint8_t type =
        0;  ///< NLA type number as the kernel gives it: 1 u8, 2 u16, 3 u32, 5 string, 6 flag
    std::vector<std::pair<ParamCmode, ParamValue>> values;
};

/// A rate object: the leaf of a port, or a node named by the admin. Rates are bytes per second.
struct DevlinkRate {
    DevlinkHandle handle;
    std::optional<uint32_t> port_index;    ///< leaf
    std::optional<std::string> node_name;  ///< node
    std::optional<uint64_t> tx_share_bytes;
    std::optional<uint64_t> tx_max_bytes;
    std::optional<uint32_t> tx_priority;
    std::optional<uint32_t> tx_weight;
    std::optional<std::string> parent;  ///< empty string: take out of its parent (set only)
    bool operator==(const DevlinkRate&) const = default;
};

/// What to create with "devlink port add"; pcisf only, as in the kernel.
struct NewPort {
    DevlinkHandle handle;
    PortFlavour flavour = PortFlavour::kPciSf;
    uint16_t pf = 0;
    std::optional<uint32_t> sf;
    std::optional<uint32_t> controller;
    std::optional<uint32_t> index;
};

/// What the devlink monitor says. Events may repeat and say nothing new; receivers keep the last.
struct DevlinkDeviceEvent {
    DevlinkDevice device;
    bool removed = false;
};
struct DevlinkPortEvent {
    DevlinkPort port;
    bool removed = false;
};
struct DevlinkParamEvent {
    DevlinkParam param;
    bool removed = false;
};
struct DevlinkRateEvent {
    DevlinkRate rate;
    bool removed = false;
};

}  // namespace esw::netlink
