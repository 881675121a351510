// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "utilities/esw-sim/model/types.h"
#include "utilities/esw-sim/uverbs/uverbs_device.h"

namespace esw::sim {

using UverbsResources = std::vector<UverbsResource>;

/// RDMA_NLDEV_CMD_RES_GET: how many of each there are (fill_res_info()), with the driver's own.
Bytes encode_resource_summary(const IbDevice& device, const UverbsResources& resources);

/// `command` asks for a list of resources (RDMA_NLDEV_CMD_RES_PD_GET ...).
bool is_resource_list(uint16_t command);

/// The messages of such a list (res_get_common_dumpit()): what programs have. The driver's own are
/// in the summary only. `admin`: the asker may see keys.
std::vector<Bytes> encode_resource_list(const IbDevice& device, uint16_t command,
                                        const UverbsResources& resources, bool admin);

}  // namespace esw::sim
