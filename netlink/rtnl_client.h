// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "netlink/genl_families.h"
#include "netlink/requester.h"
#include "netlink/rtnl_types.h"

namespace esw::netlink {

/// Requests about links: rtnetlink, and ethtool's generic netlink family for features and link
/// modes. The functions are those of Kernel (kernel.h). Threads: any.
class RtnlClient {
public:
    RtnlClient(Requester& route, GenlFamilies& families, Deadlines deadlines);

    Result<std::vector<Link>> links();
    Result<Link> link(uint32_t ifindex);
    Result<LinkStats> stats(uint32_t ifindex);
    Status change(const LinkChange& change);
    Result<LinkModes> link_modes(uint32_t ifindex);
    Result<NetdevFeatures> features(uint32_t ifindex);
    /// ENOTSUP when the driver does not let the feature be changed.
    Status set_feature(uint32_t ifindex, const std::string& feature, bool on);
    Result<bool> remove_ingress_qdisc(uint32_t ifindex);

private:
    template <class T>
    Result<T> get(const Call& call, Result<Bytes> request, const Decode<T>& decode);

    Requester& route_;
    GenlFamilies& families_;
    const Deadlines deadlines_;
};

}  // namespace esw::netlink
