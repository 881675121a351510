// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "utilities/esw-sim/transport/nl_bytes.h"

namespace esw::sim {

/// The generic netlink families of the kernel that is really there, and the place in its numbering
/// of the devlink that the simulated adapter answers.
class GenlFamilies {
public:
    /// Asks the kernel, in the network namespace of this process.
    static Result<GenlFamilies> discover();

    uint16_t devlink() const { return devlink_; }
    uint32_t devlink_config_group() const { return devlink_group_; }
    /// The kernel has a devlink of its own: ours has its numbers, and the kernel can describe it.
    bool kernel_has_devlink() const { return kernel_has_devlink_; }
    uint16_t ethtool() const { return ethtool_; }  ///< 0: none
    uint32_t group_count() const { return group_count_; }

    /// The controller's request is about devlink, and the kernel does not know that.
    bool asks_for_devlink(const MessageView& request) const;
    /// CTRL_CMD_NEWFAMILY of devlink, in answer to `request`.
    Bytes describe_devlink(const MessageView& request, uint32_t port_id, uint16_t flags) const;

private:
    void read_family(ByteSpan attributes);
    void choose_numbers();

    std::vector<bool> used_ids_;
    uint16_t devlink_ = 0;
    uint32_t devlink_group_ = 0;
    uint32_t group_count_ = 0;
    uint16_t ethtool_ = 0;
    bool kernel_has_devlink_ = false;
};

}  // namespace esw::sim
