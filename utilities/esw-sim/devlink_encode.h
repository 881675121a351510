// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utilities/esw-sim/message_writer.h"
#include "utilities/esw-sim/model/adapter.h"

/// Devlink messages as the kernel fills them: same attributes, same order (net/devlink/leftover.c
/// of Linux 6.1, function named at each).
namespace esw::sim {

/// What a message shows beyond the object.
struct DevlinkView {
    uint16_t family = 0;
    const Adapter* adapter = nullptr;
    bool same_namespace = true;  ///< the reader is in devlink's namespace
};

Bytes encode_device(const DevlinkView& view, uint8_t command, const Instance& instance);
Bytes encode_port(const DevlinkView& view, uint8_t command, const Instance& instance,
                  const Port& port);
Bytes encode_rate(const DevlinkView& view, uint8_t command, const Instance& instance,
                  const Rate& rate);
Bytes encode_param(const DevlinkView& view, uint8_t command, const Instance& instance,
                   const Param& param);
Bytes encode_eswitch(const DevlinkView& view, const Instance& instance);
Bytes encode_info(const DevlinkView& view, const Instance& instance);
Bytes encode_reload(const DevlinkView& view, const Instance& instance, uint32_t performed);

}  // namespace esw::sim
