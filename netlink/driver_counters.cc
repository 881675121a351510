// SPDX-License-Identifier: Apache-2.0
#include "netlink/driver_counters.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace esw::netlink {
namespace {

constexpr uint32_t kMostCounters = 4096;

/// Heads of struct ethtool_sset_info, ethtool_gstrings and ethtool_stats, with room for what the
/// kernel writes behind them.
struct CountRequest {
    uint32_t command = ETHTOOL_GSSET_INFO;
    uint32_t reserved = 0;
    uint64_t sets = uint64_t{1} << ETH_SS_STATS;
    uint32_t count = 0;
};
/// The kernel writes as many as there are, not as many as it is asked for: there may be more by
/// now.
struct NamesRequest {
    uint32_t command = ETHTOOL_GSTRINGS;
    uint32_t set = ETH_SS_STATS;
    uint32_t count;
    char names[kMostCounters][ETH_GSTRING_LEN];
};
struct ValuesRequest {
    uint32_t command = ETHTOOL_GSTATS;
    uint32_t count;
    uint64_t values[kMostCounters];
};

static_assert(offsetof(CountRequest, count) == offsetof(ethtool_sset_info, data));
static_assert(offsetof(NamesRequest, names) == offsetof(ethtool_gstrings, data));
static_assert(offsetof(ValuesRequest, values) == offsetof(ethtool_stats, data));

class EthtoolSocket {
public:
    EthtoolSocket(UniqueFd fd, const char* name) : fd_(std::move(fd)), name_(name) {}

    template <class Request>
    Status ask(Request& request) const {
        ifreq ifr{};
        name_.copy(ifr.ifr_name, sizeof ifr.ifr_name - 1);
        ifr.ifr_data = reinterpret_cast<char*>(&request);
        if (ioctl(fd_.get(), SIOCETHTOOL, &ifr)) {
            return fail(errno, name_, "get driver counters");
        }
        return {};
    }

private:
    const UniqueFd fd_;
    const std::string name_;
};

Result<uint32_t> count_of(const EthtoolSocket& socket) {
    CountRequest request;
    if (const Status asked = socket.ask(request); !asked) {
        return fail(asked.error());
    }
    return request.sets && request.count <= kMostCounters ? request.count : 0;
}

Result<std::vector<DriverCounter>> read_counters(const EthtoolSocket& socket, uint32_t count) {
    const auto names = std::make_unique<NamesRequest>();
    const auto values = std::make_unique<ValuesRequest>();
    names->count = values->count = count;
    if (const Status asked = socket.ask(*names); !asked) {
        return fail(asked.error());
    }
    if (const Status asked = socket.ask(*values); !asked) {
        return fail(asked.error());
    }
    std::vector<DriverCounter> counters;
    if (names->count != count || values->count != count) {
        return counters;  // they change just now
    }
    for (uint32_t i = 0; i < count; ++i) {
        const char* name = names->names[i];
        counters.push_back({{name, strnlen(name, ETH_GSTRING_LEN)}, values->values[i]});
    }
    return counters;
}

}  // namespace

Result<std::vector<DriverCounter>> driver_counters(uint32_t ifindex) {
    const std::string object = "ifindex " + std::to_string(ifindex);
    char name[IF_NAMESIZE];
    if (!if_indextoname(ifindex, name)) {
        return fail(ENODEV, object, "get driver counters");
    }
    UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) {
        return fail(errno, object, "open an ethtool socket");
    }
    const EthtoolSocket socket(std::move(fd), name);
    const auto count = count_of(socket);
    if (!count) {
        return fail(count.error());
    }
    if (*count == 0) {
        return fail(EOPNOTSUPP, name, "get driver counters");
    }
    auto counters = read_counters(socket, *count);
    // The ioctl knows devices by name, and the name may have gone to another one meanwhile.
    if (counters && if_nametoindex(name) != ifindex) {
        return fail(ENODEV, object, "get driver counters");
    }
    return counters;
}

}  // namespace esw::netlink
