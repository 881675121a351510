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

/// Size of the structure of a command that the daemon has a say in, else 0.
size_t command_size(const void* data) noexcept {
    uint32_t head[2];
    memcpy(head, data, sizeof head[0]);
    switch (head[0]) {
        case ETHTOOL_GDRVINFO:
            return sizeof(ethtool_drvinfo);
        case ETHTOOL_GFEATURES:
        case ETHTOOL_SFEATURES:
            break;
        default:
            return 0;
    }
    memcpy(head, data, sizeof head);
    if (head[1] > kMaxFeatureBlocks) {
        return 0;
    }
    return head[0] == ETHTOOL_GFEATURES
               ? sizeof(ethtool_gfeatures) + head[1] * sizeof(ethtool_get_features_block)
               : sizeof(ethtool_sfeatures) + head[1] * sizeof(ethtool_set_features_block);
}

/// Lets the daemon see and change `data`. False when the netdev is not the adapter's; `error` is an
/// errno value or 0.
bool ask_daemon(int fd, const ifreq& request, void* data, size_t size, int& error) noexcept {
    wire::EthtoolCall what{};
    memcpy(what.name, request.ifr_name, sizeof what.name);
    memcpy(&what.command, data, sizeof what.command);
    const iovec parts[2] = {{&what, sizeof what}, {data, size}};
    RemoteCall call{wire::Op::kEthtool};
    call.payload = parts;
    call.payload_parts = 2;
    call.pass_fd = fd;
    call.reply = data;
    call.reply_room = size;
    const bool answered = call.run();
    error = call.error;
    return answered && error != ENODEV;
}

int ethtool_ioctl(int fd, ifreq* request) noexcept {
    const size_t size = command_size(request->ifr_data);
    if (size == 0 || !is_tap(fd, *request)) {
        return ESW_NEXT(ioctl)(fd, SIOCETHTOOL, request);
    }
    uint32_t command;
    memcpy(&command, request->ifr_data, sizeof command);
    int error = 0;
    if (command != ETHTOOL_SFEATURES) {
        const int result = ESW_NEXT(ioctl)(fd, SIOCETHTOOL, request);
        if (result >= 0 && ask_daemon(fd, *request, request->ifr_data, size, error) && error != 0) {
            errno = error;
            return -1;
        }
        return result;
    }
    // What the adapter does itself is taken out of the change before the TAP gets it.
    void* change = alloca(size);
    memcpy(change, request->ifr_data, size);
    if (ask_daemon(fd, *request, change, size, error) && error != 0) {
        errno = error;
        return -1;
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
