/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs-plugin/netdev_esw.h"

#include <errno.h>
#include <linux/ethtool.h>

#include "util.h"

/* Link speed and modes, as the kernel said last. */

struct link_mode {
    enum ethtool_link_mode_bit_indices bit;
    enum netdev_features feature;
};

static const struct link_mode link_modes[] = {
    { ETHTOOL_LINK_MODE_10baseT_Half_BIT, NETDEV_F_10MB_HD },
    { ETHTOOL_LINK_MODE_10baseT_Full_BIT, NETDEV_F_10MB_FD },
    { ETHTOOL_LINK_MODE_100baseT_Half_BIT, NETDEV_F_100MB_HD },
    { ETHTOOL_LINK_MODE_100baseT_Full_BIT, NETDEV_F_100MB_FD },
    { ETHTOOL_LINK_MODE_1000baseT_Half_BIT, NETDEV_F_1GB_HD },
    { ETHTOOL_LINK_MODE_1000baseT_Full_BIT, NETDEV_F_1GB_FD },
    { ETHTOOL_LINK_MODE_1000baseKX_Full_BIT, NETDEV_F_1GB_FD },
    { ETHTOOL_LINK_MODE_10000baseT_Full_BIT, NETDEV_F_10GB_FD },
    { ETHTOOL_LINK_MODE_10000baseKR_Full_BIT, NETDEV_F_10GB_FD },
    { ETHTOOL_LINK_MODE_10000baseCR_Full_BIT, NETDEV_F_10GB_FD },
    { ETHTOOL_LINK_MODE_10000baseSR_Full_BIT, NETDEV_F_10GB_FD },
    { ETHTOOL_LINK_MODE_10000baseLR_Full_BIT, NETDEV_F_10GB_FD },
    { ETHTOOL_LINK_MODE_40000baseKR4_Full_BIT, NETDEV_F_40GB_FD },
    { ETHTOOL_LINK_MODE_40000baseCR4_Full_BIT, NETDEV_F_40GB_FD },
    { ETHTOOL_LINK_MODE_40000baseSR4_Full_BIT, NETDEV_F_40GB_FD },
    { ETHTOOL_LINK_MODE_40000baseLR4_Full_BIT, NETDEV_F_40GB_FD },
    { ETHTOOL_LINK_MODE_100000baseKR4_Full_BIT, NETDEV_F_100GB_FD },
    { ETHTOOL_LINK_MODE_100000baseSR4_Full_BIT, NETDEV_F_100GB_FD },
    { ETHTOOL_LINK_MODE_100000baseCR4_Full_BIT, NETDEV_F_100GB_FD },
    { ETHTOOL_LINK_MODE_100000baseLR4_ER4_Full_BIT, NETDEV_F_100GB_FD },
    { ETHTOOL_LINK_MODE_TP_BIT, NETDEV_F_COPPER },
    { ETHTOOL_LINK_MODE_FIBRE_BIT, NETDEV_F_FIBER },
    { ETHTOOL_LINK_MODE_Autoneg_BIT, NETDEV_F_AUTONEG },
    { ETHTOOL_LINK_MODE_Pause_BIT, NETDEV_F_PAUSE },
    { ETHTOOL_LINK_MODE_Asym_Pause_BIT, NETDEV_F_PAUSE_ASYM },
};

static enum netdev_features
modes_to_features(uint64_t modes)
{
    enum netdev_features features = 0;

    for (size_t i = 0; i < ARRAY_SIZE(link_modes); i++) {
        if (modes & (UINT64_C(1) << link_modes[i].bit)) {
            features |= link_modes[i].feature;
        }
    }
    return features;
}

/* OpenFlow has bits for few speeds; the others are "other". */
static enum netdev_features
speed_to_feature(uint32_t mbps, bool full_duplex)
{
    switch (mbps) {
    case 10: return full_duplex ? NETDEV_F_10MB_FD : NETDEV_F_10MB_HD;
    case 100: return full_duplex ? NETDEV_F_100MB_FD : NETDEV_F_100MB_HD;
    case 1000: return full_duplex ? NETDEV_F_1GB_FD : NETDEV_F_1GB_HD;
    case 10000: return NETDEV_F_10GB_FD;
    case 40000: return NETDEV_F_40GB_FD;
    case 100000: return NETDEV_F_100GB_FD;
    case 1000000: return NETDEV_F_1TB_FD;
    case 0: return 0;
    default: return NETDEV_F_OTHER;
    }
}

int
netdev_esw_get_features(const struct netdev *netdev,
                        enum netdev_features *current,
                        enum netdev_features *advertised,
                        enum netdev_features *supported,
                        enum netdev_features *peer)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    struct esw_link_modes modes;
    bool has_modes;

    ovs_mutex_lock(&dev->mutex);
    has_modes = netdev_esw_ifindex(dev) && dev->link.has_modes;
    modes = dev->link.modes;
    ovs_mutex_unlock(&dev->mutex);
    if (!has_modes) {
        return EOPNOTSUPP;
    }

    *supported = modes_to_features(modes.supported);
    *advertised = modes_to_features(modes.advertised);
    *peer = 0;
    *current = speed_to_feature(modes.speed_mbps, modes.full_duplex);
    if (modes.port == PORT_TP) {
        *current |= NETDEV_F_COPPER;
    } else if (modes.port == PORT_FIBRE) {
        *current |= NETDEV_F_FIBER;
    }
    if (modes.autonegotiates) {
        *current |= NETDEV_F_AUTONEG;
    }
    return 0;
}
