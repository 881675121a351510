// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/unique_fd.h"
#include "utilities/esw-sim/uverbs/devx_commands.h"
#include "utilities/esw-sim/uverbs/events.h"

namespace esw::sim::uverbs {

/// MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD: answers of commands that a program did not wait for.
class DevxCommandChannel : public EventChannel {
public:
    using EventChannel::EventChannel;
    /// The kernel allows a megabyte of answers (MAX_ASYNC_BYTES_IN_USE); a socket counts what it
    /// needs to hold them, which for small ones is a multiple.
    static constexpr size_t kMaxUnread = 16 * 1024 * 1024;

    /// The program has read enough to get another answer of this length.
    bool has_room(size_t length) const { return unread() + length <= kMaxUnread; }
    void answer(uint64_t work_id, std::span<const std::byte> out);
};

/// MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD: events of the device and of DEVX objects.
class DevxEventChannel : public EventChannel {
public:
    using EventChannel::EventChannel;
    /// Events that wait for the program. The kernel's limit is its memory; when that runs out, it
    /// reports EOVERFLOW as this does.
    static constexpr size_t kMaxUnread = 64 * 1024;

    /// One subscription to an event of an object, or of the device (nothing).
    struct Subscription {
        uint16_t type = 0;
        std::optional<devx::ObjectId> object;
        uint64_t cookie = 0;
        std::shared_ptr<UniqueFd> eventfd;  ///< signalled instead (MLX5_IB_ATTR_..._FD_NUM)
    };
    void subscribe(Subscription subscription) { subscriptions_.push_back(std::move(subscription)); }
    /// eventfd_ctx_fdget(): false when the descriptor is not an eventfd.
    static bool is_eventfd(const UniqueFd& descriptor);
    /// The object is gone, and events of it with it.
    void forget(devx::ObjectId object);

    /// An event queue entry of the device, by which the program may have asked to be told.
    void deliver(uint16_t type, std::span<const std::byte> eqe) { deliver(type, {}, eqe); }
    void deliver(uint16_t type, std::optional<devx::ObjectId> object,
                 std::span<const std::byte> eqe);

    /// MLX5_IB_UAPI_DEVX_CR_EV_CH_FLAGS_OMIT_DATA: an event is the cookie alone.
    bool omit_data = false;

protected:
    int release() override;

private:
    void send_event(const Subscription& subscription, std::span<const std::byte> eqe);

    std::vector<Subscription> subscriptions_;
    bool overflow_ = false;  ///< reported, and not read yet
};

/// device_event_cap of the firmware: a bit for each event type, by 64 of them, the lowest first.
struct EventCapability {
    std::array<uint64_t, 4> affiliated{};  ///< with an object
    std::array<uint64_t, 4> unaffiliated{};
};
/// is_valid_events(): may a program subscribe to events of this type? Nothing: the firmware has no
/// such capability.
bool may_subscribe(const std::optional<EventCapability>& capability, uint16_t type, bool of_object);

}  // namespace esw::sim::uverbs
