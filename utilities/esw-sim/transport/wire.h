// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

#include "utilities/esw-sim/uverbs/engine_record.h"

/// What the preload library and the daemon say to each other, over DIR/netlink.sock (AF_UNIX,
/// SOCK_SEQPACKET). Both are built together and run on one machine, so integers are in host order.
///
/// A connection is one of two kinds, told by its first packet:
///
/// * kOpen: it is a program's "netlink socket" from then on. The daemon answers once and later
///   sends packets, each a PacketHeader and the netlink datagram. The program sends nothing on it.
///   Before it connects, the library binds it to an abstract name that says all that must be known
///   after dup, fork, exec and SCM_RIGHTS, when only the descriptor is left: "esw-sim/" +
///   16 hexadecimal digits of the id + "/" + 2 of the protocol + "/" + 1 of the socket type.
/// * kDeviceOpen: it is a program's /dev/infiniband/uverbsN. Nothing more is sent on it; its end is
///   the file's release. Its name is kDevicePrefix + 16 digits of the id + "/" + 4 of the minor.
/// * any other: one call (send, bind, ...) on the socket named in the header, or one that belongs
///   to no socket. The daemon answers once, when the call is complete; then both sides close.
namespace esw::sim::wire {

constexpr uint32_t kMagic = 0x6d697377;
constexpr uint16_t kVersion = 1;

constexpr char kSocketFile[] = "netlink.sock";
constexpr char kNamePrefix[] = "esw-sim/";  ///< behind the NUL byte of an abstract name
constexpr char kDevicePrefix[] = "esw-sim-device/";
constexpr char kEventPrefix[] = "esw-sim-event/";  ///< a queue of a device's events

constexpr unsigned kUverbsMajor = 231;  ///< IB_UVERBS_MAJOR
constexpr unsigned kUverbsFirstMinor = 192;

enum class Op : uint16_t {
    kOpen = 1,        ///< arg: protocol, socket type. SCM_RIGHTS: the real netlink socket, or none
    kSend,            ///< arg: has address, nl_pid, nl_groups. Payload: the datagram
    kBind,            ///< arg: nl_pid, nl_groups
    kConnect,         ///< arg: family, nl_pid, nl_groups
    kSocketName,      ///< answer: NameAnswer
    kPeerName,        ///< answer: NameAnswer
    kSetOption,       ///< arg: level, name. Payload: the value
    kGetOption,       ///< arg: level, name, room. Answer: value is the length, payload the value
    kEthtool,         ///< payload: EthtoolCall and the command. Answer: the command as changed
    kAttributeWrite,  ///< payload: path below the sysfs root, NUL, the bytes written
    kDeviceOpen,      ///< arg: N, open flags. Answer: the client's number, and the ICM (SCM_RIGHTS)
    kDeviceIoctl,  ///< payload: uint64_t, address of the header in the caller. Answer: DeviceAnswer
    kDeviceMap,    ///< payload: 3 x uint64_t: offset, length, protection
    kSync          ///< the files below /sys are as the kernel's netdevs when this is answered
};

struct RequestHeader {
    uint32_t magic;
    uint16_t version;
    Op op;
    uint64_t socket;  ///< 0 when the call belongs to no socket
    int32_t arg[4];
};

struct AnswerHeader {
    uint32_t magic;
    int32_t error;  ///< errno value, or 0
    int32_t value;
};

struct NameAnswer {
    uint32_t nl_pid;
    uint32_t nl_groups;
};

enum class PacketKind : uint32_t {
    kData = 1,
    kError  ///< the next receive call fails with `error`; no data follows
};

/// Control messages that the receiver asked for by socket options.
constexpr uint32_t kWantsPktinfo = 1;
constexpr uint32_t kWantsNsid = 2;
constexpr uint32_t kWantsCredentials = 4;

struct PacketHeader {
    uint32_t magic;
    PacketKind kind;
    int32_t error;
    uint32_t sender_pid;
    uint32_t group;  ///< number of the multicast group, 0: unicast
    uint32_t flags;
    int32_t nsid;
};

/// The socket of the ioctl goes along by SCM_RIGHTS, to say which namespace the name is of.
struct EthtoolCall {
    char name[16];
    uint32_t command;
};

/// A new descriptor, if any, goes along by SCM_RIGHTS; its number is to be stored in the caller.
struct DeviceAnswer {
    uint32_t record_count;
    uint32_t descriptor_size;
    uint64_t descriptor_at;
    EngineRecord records[16];
};

constexpr size_t kMaxOption = 1024;
constexpr size_t kMaxEthtool = 65536;

}  // namespace esw::sim::wire
