// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/device_calls.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

#include "utilities/esw-sim/transport/process_memory.h"

namespace esw::sim {

namespace {

/// Gives a queue of events the name by which the client knows it (wire.h).
void name_event_queue(int fd) {
    uint64_t id = 0;
    if (::getrandom(&id, sizeof id, 0) != sizeof id) {
        return;
    }
    const std::string text = fmt::format("{}{:016x}", wire::kEventPrefix, id);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    text.copy(name.sun_path + 1, sizeof name.sun_path - 1);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
    // Without a name only its end looks different.
    static_cast<void>(::bind(fd, reinterpret_cast<const sockaddr*>(&name), length));
}

void answer_ioctl(Call& call, IoctlResult result) {
    wire::DeviceAnswer answer{};
    const size_t count = std::min(result.records.size(), std::size(answer.records));
    std::copy_n(result.records.begin(), count, answer.records);
    answer.record_count = static_cast<uint32_t>(count);
    answer.descriptor_at = result.descriptor_at;
    answer.descriptor_size = result.descriptor_size;
    if (result.descriptor) {
        name_event_queue(result.descriptor.get());
    }
    call.answer(result.error, 0, std::as_bytes(std::span(&answer, 1)), result.descriptor.get());
}

}  // namespace

void DeviceCalls::reap_closed() {
    for (auto it = files_.begin(); it != files_.end();) {
        pollfd state{it->second.connection.get(), POLLIN, 0};
        const bool closed = ::poll(&state, 1, 0) > 0;
        it = closed ? files_.erase(it) : std::next(it);
    }
}

void DeviceCalls::open(Call& call) {
    reap_closed();
    const auto& arg = call.header().arg;
    const uint64_t id = call.header().socket;
    if (id == 0 || files_.count(id) != 0 || !open_) {
        call.answer(EPROTO);
        return;
    }
    auto opened = open_(static_cast<uint32_t>(arg[0]), call.caller());
    if (!opened) {
        call.answer(opened.error().code);
        return;
    }
    File file;
    file.uverbs = std::move(opened->file);
    file.connection = call.take_connection();
    const int fd = file.connection.get();
    auto watch = loop_.watch(fd, EventLoop::Interest::kRead, [this, id] { files_.erase(id); });
    if (!watch) {
        send_answer(fd, watch.error().code);
        return;
    }
    file.watch = std::move(*watch);
    if (send_answer(fd, 0, 0, {}, opened->memory)) {
        files_.emplace(id, std::move(file));
    }
}

DeviceCalls::File* DeviceCalls::find(const Call& call) {
    const auto found = files_.find(call.header().socket);
    return found == files_.end() ? nullptr : &found->second;
}

void DeviceCalls::ioctl(const std::shared_ptr<Call>& call) {
    File* const file = find(*call);
    const auto header = read_front<uint64_t>(call->payload());
    if (!file || !header) {
        call->answer(file ? EPROTO : EIO);
        return;
    }
    file->uverbs->ioctl(std::make_shared<ProcessMemory>(call->caller()), *header,
                        [call](IoctlResult result) { answer_ioctl(*call, std::move(result)); });
}

void DeviceCalls::map(Call& call) {
    File* const file = find(call);
    const auto request = read_front<std::array<uint64_t, 3>>(call.payload());
    if (!file || !request) {
        call.answer(file ? EPROTO : EIO);
        return;
    }
    call.answer(file->uverbs->mmap((*request)[0], (*request)[1], static_cast<int>((*request)[2])));
}

}  // namespace esw::sim
