// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rdma/ib_user_ioctl_cmds.h>

#include <cstdint>
#include <vector>

#include "utilities/esw-sim/uverbs/request.h"

namespace esw::sim::uverbs {

/// A method by the numbers of the ioctl's header; nullptr: not supported.
const Method* find_method(uint16_t object, uint16_t id);

// The methods by subject. Those of an object's destruction have no handler: the object's
// attribute says it all.
std::vector<Method> context_methods();  ///< context_methods.cc: contexts, queries of the device
std::vector<Method> write_methods();    ///< write_commands.cc: legacy commands
std::vector<Method> memory_methods();   ///< memory_methods.cc: PD, MR, DM, UAR
std::vector<Method> queue_methods();    ///< queue_methods.cc: CQ, event channels
std::vector<Method> devx_methods();     ///< devx_methods.cc
std::vector<Method> flow_methods();     ///< flow_methods.cc: matchers, root rules, anchors

/// A destroy method: DECLARE_UVERBS_NAMED_METHOD_DESTROY.
inline Method destroy_method(uint16_t object, uint16_t id, uint16_t attribute_id, bool driver) {
    return {.object = object,
            .id = id,
            .attributes = {attribute::object(attribute_id, object, attribute::Access::kDestroy)},
            .driver = driver};
}

/// UVERBS_ATTR_UHW
inline std::vector<AttributeSpec> with_driver_data(std::vector<AttributeSpec> attributes) {
    attributes.push_back(attribute::in_at_least(UVERBS_ATTR_UHW_IN, 0).optional());
    attributes.push_back(attribute::out_at_least(UVERBS_ATTR_UHW_OUT, 0).optional());
    return attributes;
}

}  // namespace esw::sim::uverbs
