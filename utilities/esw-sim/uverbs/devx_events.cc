// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/uverbs/devx_events.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

namespace esw::sim::uverbs {

namespace {

/// sizeof(struct mlx5_eqe)
constexpr size_t kEqe = 64;

std::vector<std::byte> with_header(uint64_t header, std::span<const std::byte> data) {
    std::vector<std::byte> message(sizeof header + data.size());
    std::memcpy(message.data(), &header, sizeof header);
    std::copy(data.begin(), data.end(), message.begin() + sizeof header);
    return message;
}

/// is_legacy_obj_event_num(); numbers: enum mlx5_event of linux/mlx5/device.h
bool is_legacy_object_event(uint16_t type) {
    constexpr uint16_t kTypes[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x07, 0x10,
                                   0x11, 0x12, 0x13, 0x14, 0x18, 0x1c, 0x1d};
    return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

constexpr uint16_t kPortChange = 0x09;

/// eventfd_signal(): a counter at its end stays there. (It may be one that blocks.)
void signal(const UniqueFd& eventfd) {
    const uint64_t one = 1;
    pollfd writable{eventfd.get(), POLLOUT, 0};
    if (::poll(&writable, 1, 0) == 1 && (writable.revents & POLLOUT) != 0) {
        static_cast<void>(!::write(eventfd.get(), &one, sizeof one));
    }
}

}  // namespace

void DevxCommandChannel::answer(uint64_t work_id, std::span<const std::byte> out) {
    send(with_header(work_id, out));
}

bool DevxEventChannel::is_eventfd(const UniqueFd& descriptor) {
    const std::string link = fmt::format("/proc/self/fd/{}", descriptor.get());
    char target[64];
    const ssize_t length = ::readlink(link.c_str(), target, sizeof target);
    return std::string_view(target, length > 0 ? static_cast<size_t>(length) : 0) ==
           "anon_inode:[eventfd]";
}

void DevxEventChannel::forget(devx::ObjectId object) {
    std::erase_if(subscriptions_, [object](const auto& s) { return s.object == object; });
}

void DevxEventChannel::deliver(uint16_t type, std::optional<devx::ObjectId> object,
                               std::span<const std::byte> eqe) {
    for (const Subscription& subscription : subscriptions_) {
        if (subscription.type != type || subscription.object != object) {
            continue;
        }
        if (subscription.eventfd) {
            signal(*subscription.eventfd);
        } else {
            send_event(subscription, eqe);
        }
    }
}

void DevxEventChannel::send_event(const Subscription& subscription,
                                  std::span<const std::byte> eqe) {
    if (unread() > kMaxUnread) {
        if (!overflow_) {
            const int32_t error = EOVERFLOW;
            overflow_ = send(std::as_bytes(std::span(&error, 1)));
        }
        return;
    }
    overflow_ = false;
    std::array<std::byte, kEqe> data{};
    std::copy_n(eqe.begin(), std::min(eqe.size(), data.size()), data.begin());
    send(with_header(subscription.cookie, omit_data ? std::span<const std::byte>{} : data));
}

int DevxEventChannel::release() {
    subscriptions_.clear();
    return EventChannel::release();
}

bool may_subscribe(const std::optional<EventCapability>& capability, uint16_t type,
                   bool of_object) {
    if (!capability) {
        return of_object ? is_legacy_object_event(type) : type == kPortChange;
    }
    const auto& types = of_object ? capability->affiliated : capability->unaffiliated;
    if (type >= types.size() * 64) {
        return false;
    }
    constexpr uint16_t kCompletion = 0;
    return (of_object && type == kCompletion) || (types[type / 64] >> type % 64 & 1) != 0;
}

}  // namespace esw::sim::uverbs
