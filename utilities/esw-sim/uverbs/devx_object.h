// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rdma/mlx5_user_ioctl_cmds.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "utilities/esw-sim/uverbs/devx_commands.h"
#include "utilities/esw-sim/uverbs/devx_events.h"
#include "utilities/esw-sim/uverbs/driver_objects.h"

namespace esw::sim::uverbs {

/// struct devx_obj: an object of the firmware that a program made by a command of its own.
class DevxObject : public DriverObject {
public:
    DevxObject(OpenFile& file, devx::ObjectId id, std::vector<std::byte> destroy, uint32_t counters)
        : DriverObject(MLX5_IB_OBJECT_DEVX_OBJ, file),
          id_(id),
          destroy_(std::move(destroy)),
          counters_(counters) {}

    devx::ObjectId id() const { return id_; }
    /// Flow counters in one object: flow_counter_bulk_size. 0: it is one, or none.
    uint32_t counters() const { return counters_; }
    /// A modify command was carried out.
    void follow(uint16_t opcode);

protected:
    int release() override;

private:
    void add_queue();
    void remove_queue();

    devx::ObjectId id_;
    std::vector<std::byte> destroy_;
    uint32_t counters_;
    bool has_queue_ = false;  ///< the engine has its send queue
};

/// struct devx_umem
class DevxUmem : public DriverObject {
public:
    DevxUmem(OpenFile& file, uint32_t id) : DriverObject(MLX5_IB_OBJECT_DEVX_UMEM, file), id_(id) {}

protected:
    int release() override;

private:
    uint32_t id_;
};

/// Sends a command that destroys something; the errno value of its status.
int run_destroy_command(Firmware& firmware, const std::vector<std::byte>& command);

/// device_event_cap of the firmware, nothing when it has none (event_cap).
std::optional<EventCapability> event_capability(Firmware& firmware);

}  // namespace esw::sim::uverbs
