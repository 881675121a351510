// SPDX-License-Identifier: Apache-2.0
// ioctl(), replaced for device files, and for ethtool's requests about netdevs of the adapter.
#undef _FORTIFY_SOURCE  // or the headers define these functions themselves
#include <alloca.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <rdma/rdma_user_ioctl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstring>

#include "utilities/esw-sim/preload/device_file.h"
#include "utilities/esw-sim/preload/instance.h"
#include "utilities/esw-sim/preload/next.h"
#include "utilities/esw-sim/preload/remote.h"

namespace {

using esw::sim::RemoteCall;
namespace wire = esw::sim::wire;

/// Features of netdevs come in blocks of 32; no kernel has more than these.
constexpr uint32_t kMaxFeatureBlocks = 64;
/// No driver has more statistics.
constexpr uint32_t kMaxCounters = 4096;

int next_ioctl(int fd, const ifreq& request, void* command) noexcept {
    ifreq copy = request;
    copy.ifr_data = static_cast<char*>(command);
    return ESW_NEXT(ioctl)(fd, SIOCETHTOOL, &copy);
}

/// Only a TUN/TAP device can be one of the adapter's.
bool is_tap(int fd, const ifreq& request) noexcept {
    const int saved = errno;
    ethtool_drvinfo info{};
    info.cmd = ETHTOOL_GDRVINFO;
    const bool tap = next_ioctl(fd, request, &info) == 0 && strcmp(info.driver, "tun") == 0;
    errno = saved;
    return tap;
}

/// How a command is answered that the daemon has a say in.
enum class Way {
    kKernel,   ///< it has none
    kAllow,    ///< the kernel, when the daemon does not refuse it
    kCorrect,  ///< the daemon corrects what the kernel has answered
    kChange,   ///< the daemon takes its part out before the kernel gets the change
    kReplace   ///< the daemon knows, the kernel does not
};

struct Command {
    Way way = Way::kKernel;
    size_t size = 0;  ///< of what the program gives
    size_t room = 0;  ///< for the answer
};

/// `count` blocks behind a head.
Command with_blocks(Way way, size_t head, size_t count, size_t block) noexcept {
    const size_t size = head + count * block;
    return count > kMaxFeatureBlocks ? Command{} : Command{way, size, size};
}

/// The driver's statistics: a list for which the program has room for `count` entries.
Command statistics(size_t head, size_t count, size_t entry) noexcept {
    return count > kMaxCounters ? Command{} : Command{Way::kReplace, head, head + count * entry};
}

/// The 32-bit word `i` of a structure.
uint32_t word(const void* data, size_t i) noexcept {
    uint32_t value;
    memcpy(&value, static_cast<const char*>(data) + i * sizeof value, sizeof value);
    return value;
}

/// Of one set of names alone: a program that asks for several gets the kernel's answer.
bool asks_for_statistics(const void* data) noexcept {
    uint64_t mask;
    memcpy(&mask, static_cast<const char*>(data) + offsetof(ethtool_sset_info, sset_mask),
           sizeof mask);
    return mask == uint64_t{1} << ETH_SS_STATS;
}

Command parse(const void* data) noexcept {
    switch (word(data, 0)) {
        case ETHTOOL_GDRVINFO:
            return {Way::kCorrect, sizeof(ethtool_drvinfo), sizeof(ethtool_drvinfo)};
        case ETHTOOL_GSET:
        case ETHTOOL_GLINKSETTINGS:
            return {Way::kAllow, sizeof(uint32_t), sizeof(uint32_t)};
        case ETHTOOL_GFEATURES:
            return with_blocks(Way::kCorrect, sizeof(ethtool_gfeatures), word(data, 1),
                               sizeof(ethtool_get_features_block));
        case ETHTOOL_SFEATURES:
            return with_blocks(Way::kChange, sizeof(ethtool_sfeatures), word(data, 1),
                               sizeof(ethtool_set_features_block));
        case ETHTOOL_GSSET_INFO:
            return asks_for_statistics(data)
                       ? statistics(sizeof(ethtool_sset_info), 1, sizeof(uint32_t))
                       : Command{};
        case ETHTOOL_GSTRINGS:
            return word(data, 1) == ETH_SS_STATS
                       ? statistics(sizeof(ethtool_gstrings), word(data, 2), ETH_GSTRING_LEN)
                       : Command{};
        case ETHTOOL_GSTATS:
            return statistics(sizeof(ethtool_stats), word(data, 1), sizeof(uint64_t));
        default:
            return {};
    }
}

/// Lets the daemon see and change `data`. False when the netdev is not the adapter's; `error` is an
/// errno value or 0.
bool ask_daemon(int fd, const ifreq& request, void* data, const Command& command,
                int& error) noexcept {
    wire::EthtoolCall what{};
    memcpy(what.name, request.ifr_name, sizeof what.name);
    memcpy(&what.command, data, sizeof what.command);
    const iovec parts[2] = {{&what, sizeof what}, {data, command.size}};
    RemoteCall call{wire::Op::kEthtool};
    call.payload = parts;
    call.payload_parts = 2;
    call.pass_fd = fd;
    call.reply = data;
    call.reply_room = command.room;
    const bool answered = call.run();
    error = call.error;
    return answered && error != ENODEV;
}

int result_of(int error) noexcept {
    if (error != 0) {
        errno = error;
    }
    return error == 0 ? 0 : -1;
}

int ethtool_ioctl(int fd, ifreq* request) noexcept {
    const Command command = parse(request->ifr_data);
    if (command.way == Way::kKernel || !is_tap(fd, *request)) {
        return ESW_NEXT(ioctl)(fd, SIOCETHTOOL, request);
    }
    int error = 0;
    if (command.way == Way::kReplace) {
        return ask_daemon(fd, *request, request->ifr_data, command, error)
                   ? result_of(error)
                   : ESW_NEXT(ioctl)(fd, SIOCETHTOOL, request);
    }
    if (command.way == Way::kAllow) {
        return ask_daemon(fd, *request, request->ifr_data, command, error) && error != 0
                   ? result_of(error)
                   : ESW_NEXT(ioctl)(fd, SIOCETHTOOL, request);
    }
    if (command.way == Way::kCorrect) {
        const int result = ESW_NEXT(ioctl)(fd, SIOCETHTOOL, request);
        return result >= 0 && ask_daemon(fd, *request, request->ifr_data, command, error) &&
                       error != 0
                   ? result_of(error)
                   : result;
    }
    // What the adapter does itself is taken out of the change before the TAP gets it.
    void* change = alloca(command.size);
    memcpy(change, request->ifr_data, command.size);
    if (ask_daemon(fd, *request, change, command, error) && error != 0) {
        return result_of(error);
    }
    return next_ioctl(fd, *request, change);
}

}  // namespace

ESW_REPLACES int ioctl(int fd, unsigned long request, ...) noexcept {
    va_list arguments;
    va_start(arguments, request);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);
    esw::sim::DeviceFile file;
    if (request == RDMA_VERBS_IOCTL && esw::sim::DeviceFile::find(fd, file)) {
        return file.ioctl(argument);
    }
    auto* interface = static_cast<ifreq*>(argument);
    if (request == SIOCETHTOOL && esw::sim::instance_directory() && interface &&
        interface->ifr_data) {
        return ethtool_ioctl(fd, interface);
    }
    return ESW_NEXT(ioctl)(fd, request, argument);
}
