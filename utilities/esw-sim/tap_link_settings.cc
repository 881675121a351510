// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/tap_link_settings.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "base/unique_fd.h"

namespace esw::sim {

namespace {

/// Words of a mask of link modes. The kernel wants to be asked with as many as it uses.
constexpr size_t kMaxWords = 32;

struct LinkMode {
    uint32_t mbps;
    int bit;
};

// ptys2ext_ethtool_table of mlx5's en_ethtool.c, of the speeds with lanes of up to 50 Gb/s. That
// ConnectX-6 Dx has all of them is from its data sheet; what a module in the cage takes away is not
// played.
constexpr std::array kModes = {
    LinkMode{1000, ETHTOOL_LINK_MODE_1000baseT_Full_BIT},
    LinkMode{1000, ETHTOOL_LINK_MODE_1000baseKX_Full_BIT},
    LinkMode{1000, ETHTOOL_LINK_MODE_1000baseX_Full_BIT},
    LinkMode{10000, ETHTOOL_LINK_MODE_10000baseT_Full_BIT},
    LinkMode{10000, ETHTOOL_LINK_MODE_10000baseKR_Full_BIT},
    LinkMode{10000, ETHTOOL_LINK_MODE_10000baseR_FEC_BIT},
    LinkMode{10000, ETHTOOL_LINK_MODE_10000baseCR_Full_BIT},
    LinkMode{10000, ETHTOOL_LINK_MODE_10000baseSR_Full_BIT},
    LinkMode{10000, ETHTOOL_LINK_MODE_10000baseLR_Full_BIT},
    LinkMode{10000, ETHTOOL_LINK_MODE_10000baseER_Full_BIT},
    LinkMode{25000, ETHTOOL_LINK_MODE_25000baseCR_Full_BIT},
    LinkMode{25000, ETHTOOL_LINK_MODE_25000baseKR_Full_BIT},
    LinkMode{25000, ETHTOOL_LINK_MODE_25000baseSR_Full_BIT},
    LinkMode{40000, ETHTOOL_LINK_MODE_40000baseKR4_Full_BIT},
    LinkMode{40000, ETHTOOL_LINK_MODE_40000baseCR4_Full_BIT},
    LinkMode{40000, ETHTOOL_LINK_MODE_40000baseSR4_Full_BIT},
    LinkMode{40000, ETHTOOL_LINK_MODE_40000baseLR4_Full_BIT},
    LinkMode{50000, ETHTOOL_LINK_MODE_50000baseCR2_Full_BIT},
    LinkMode{50000, ETHTOOL_LINK_MODE_50000baseKR2_Full_BIT},
    LinkMode{50000, ETHTOOL_LINK_MODE_50000baseSR2_Full_BIT},
    LinkMode{50000, ETHTOOL_LINK_MODE_50000baseKR_Full_BIT},
    LinkMode{50000, ETHTOOL_LINK_MODE_50000baseSR_Full_BIT},
    LinkMode{50000, ETHTOOL_LINK_MODE_50000baseCR_Full_BIT},
    LinkMode{50000, ETHTOOL_LINK_MODE_50000baseLR_ER_FR_Full_BIT},
    LinkMode{50000, ETHTOOL_LINK_MODE_50000baseDR_Full_BIT},
    LinkMode{100000, ETHTOOL_LINK_MODE_100000baseKR4_Full_BIT},
    LinkMode{100000, ETHTOOL_LINK_MODE_100000baseSR4_Full_BIT},
    LinkMode{100000, ETHTOOL_LINK_MODE_100000baseCR4_Full_BIT},
    LinkMode{100000, ETHTOOL_LINK_MODE_100000baseLR4_ER4_Full_BIT},
    LinkMode{100000, ETHTOOL_LINK_MODE_100000baseKR2_Full_BIT},
    LinkMode{100000, ETHTOOL_LINK_MODE_100000baseSR2_Full_BIT},
    LinkMode{100000, ETHTOOL_LINK_MODE_100000baseCR2_Full_BIT},
    LinkMode{100000, ETHTOOL_LINK_MODE_100000baseLR2_ER2_FR2_Full_BIT},
    LinkMode{100000, ETHTOOL_LINK_MODE_100000baseDR2_Full_BIT},
    LinkMode{200000, ETHTOOL_LINK_MODE_200000baseKR4_Full_BIT},
    LinkMode{200000, ETHTOOL_LINK_MODE_200000baseSR4_Full_BIT},
    LinkMode{200000, ETHTOOL_LINK_MODE_200000baseLR4_ER4_FR4_Full_BIT},
    LinkMode{200000, ETHTOOL_LINK_MODE_200000baseDR4_Full_BIT},
    LinkMode{200000, ETHTOOL_LINK_MODE_200000baseCR4_Full_BIT},
    // mlx5e_ethtool_get_link_ksettings(), with a direct attach cable.
    LinkMode{0, ETHTOOL_LINK_MODE_Autoneg_BIT},
    LinkMode{0, ETHTOOL_LINK_MODE_Pause_BIT},
    LinkMode{0, ETHTOOL_LINK_MODE_Backplane_BIT},
};

/// A command with its three masks: supported, advertised, and advertised by the peer.
class Request {
public:
    explicit Request(uint32_t command) { settings_.cmd = command; }

    ethtool_link_settings& settings() { return settings_; }
    void add(const LinkMode& mode, size_t mask, size_t words) {
        const auto word = static_cast<size_t>(mode.bit / 32);
        if (word < words) {
            masks_[mask * words + word] |= 1U << mode.bit % 32;
        }
    }

    bool run(int socket, const std::string& name) {
        std::array<std::byte, sizeof settings_ + sizeof masks_> bytes;
        std::memcpy(bytes.data(), &settings_, sizeof settings_);
        std::memcpy(bytes.data() + sizeof settings_, masks_.data(), sizeof masks_);
        ifreq request{};
        name.copy(request.ifr_name, sizeof request.ifr_name - 1);
        request.ifr_data = reinterpret_cast<char*>(bytes.data());
        const bool done = ::ioctl(socket, SIOCETHTOOL, &request) == 0;
        std::memcpy(&settings_, bytes.data(), sizeof settings_);
        return done;
    }

private:
    std::array<uint32_t, 3 * kMaxWords> masks_{};
    ethtool_link_settings settings_{};  // ends in an array without a length
};

Status set_here(const std::string& name, uint32_t max_mbps, bool link) {
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    Request query(ETHTOOL_GLINKSETTINGS);
    if (!socket || !query.run(socket.get(), name)) {
        return fail(errno, name, "ask link settings");
    }
    const int words = -query.settings().link_mode_masks_nwords;
    if (words <= 0 || words > static_cast<int>(kMaxWords)) {
        return fail(EOPNOTSUPP, name, "ask link settings");
    }
    Request change(ETHTOOL_SLINKSETTINGS);
    change.settings().link_mode_masks_nwords = static_cast<int8_t>(words);
    change.settings().speed = link ? max_mbps : static_cast<uint32_t>(SPEED_UNKNOWN);
    change.settings().duplex = link ? DUPLEX_FULL : DUPLEX_UNKNOWN;
    change.settings().port = PORT_DA;
    change.settings().autoneg = AUTONEG_ENABLE;
    for (const LinkMode& mode : kModes) {
        for (const size_t mask : {0, 1}) {
            if (mode.mbps <= max_mbps) {
                change.add(mode, mask, static_cast<size_t>(words));
            }
        }
    }
    return change.run(socket.get(), name) ? Status()
                                          : Status(fail(errno, name, "set link settings"));
}

}  // namespace

// A TAP's own descriptor does not take this request, and a socket's namespace is that of the thread
// that makes it. So one is made that goes there and ends.
Status set_link_settings(const std::string& name, int namespace_file, uint32_t max_mbps,
                         bool link) {
    if (namespace_file < 0) {
        return set_here(name, max_mbps, link);
    }
    Status status;
    std::thread([&] {
        status = ::setns(namespace_file, CLONE_NEWNET) == 0
                     ? set_here(name, max_mbps, link)
                     : Status(fail(errno, name, "enter its network namespace"));
    }).join();
    return status;
}

}  // namespace esw::sim
