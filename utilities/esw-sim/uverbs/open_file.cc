// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/uverbs/open_file.h"

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5_user_ioctl_cmds.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "utilities/esw-sim/uverbs/devx_commands.h"
#include "utilities/esw-sim/uverbs/devx_events.h"
#include "utilities/esw-sim/uverbs/driver_objects.h"
#include "utilities/esw-sim/uverbs/methods.h"

namespace esw::sim::uverbs {

namespace {

constexpr uint64_t kPage = 4096;
/// Most bytes of a header and its attributes (ib_uverbs_ioctl()).
constexpr size_t kMaxLength = kPage;

// enum ib_event_type of rdma/ib_verbs.h; the same numbers as ibv_event_type's.
constexpr uint32_t kDeviceFatal = 8;
constexpr uint32_t kPortActive = 9;
constexpr uint32_t kPortError = 10;

bool is_devx_command(uint16_t object) {
    return object == MLX5_IB_OBJECT_DEVX || object == MLX5_IB_OBJECT_DEVX_OBJ;
}

/// Opcode of the firmware command that a DEVX method carries, for gates; 0: none.
uint16_t peek_opcode(UserMemory& memory, uint64_t at, const ib_uverbs_ioctl_hdr& header) {
    if (!is_devx_command(header.object_id)) {
        return 0;
    }
    const Method* const method = find_method(header.object_id, header.method_id);
    for (size_t i = 0; method && i < header.num_attrs; i++) {
        ib_uverbs_attr raw{};
        if (!memory.read(at + sizeof header + i * sizeof raw, &raw, sizeof raw)) {
            return 0;
        }
        const auto spec =
            std::find_if(method->attributes.begin(), method->attributes.end(),
                         [&](const AttributeSpec& one) { return one.id == raw.attr_id; });
        std::byte begin[devx::kHeader]{};
        if (spec != method->attributes.end() && spec->copied &&
            spec->kind == AttributeSpec::Kind::kIn && spec->min >= devx::kHeader &&
            memory.read(raw.data, begin, sizeof begin)) {
            return devx::opcode(begin);
        }
    }
    return 0;
}

}  // namespace

OpenFile::OpenFile(UverbsDevice& device, pid_t process) : device_(&device), process_(process) {
    device.files_.insert(this);
}

OpenFile::~OpenFile() {
    if (device_) {
        objects_.destroy_all();
        drop_context();
        device_->files_.erase(this);
    }
}

void OpenFile::drop_context() {
    if (context_ && context_->uid != 0) {
        firmware().destroy_user_context(context_->uid);
    }
    context_.reset();
}

void OpenFile::ioctl(std::shared_ptr<UserMemory> memory, uint64_t header, Done done) {
    ib_uverbs_ioctl_hdr head{};
    if (disassociated() || !memory->read(header, &head, sizeof head)) {
        result_ = {};
        result_.error = run(*memory, header);
        done(std::exchange(result_, {}));
        return;
    }
    const UverbsHost::Call call{head.object_id, head.method_id, peek_opcode(*memory, header, head)};
    host().admit(call, [this, alive = std::weak_ptr<bool>(alive_), memory, header,
                        done = std::move(done)](int error) {
        if (alive.expired()) {
            IoctlResult gone;
            gone.error = EIO;
            done(std::move(gone));
            return;
        }
        result_ = {};
        result_.error = error != 0 ? error : run(*memory, header);
        if (result_.error != 0) {
            result_.descriptor.reset();
        }
        done(std::exchange(result_, {}));
    });
}

/// ib_uverbs_ioctl() and ib_uverbs_cmd_verbs()
int OpenFile::run(UserMemory& memory, uint64_t header) {
    ib_uverbs_ioctl_hdr head{};
    if (!memory.read(header, &head, sizeof head)) {
        return EFAULT;
    }
    if (head.length > kMaxLength ||
        head.length != sizeof head + head.num_attrs * sizeof(ib_uverbs_attr)) {
        return EINVAL;
    }
    if (head.reserved1 != 0 || head.reserved2 != 0) {
        return EPROTONOSUPPORT;
    }
    if (head.driver_id != RDMA_DRIVER_MLX5) {
        return EINVAL;
    }
    const Method* const method = find_method(head.object_id, head.method_id);
    if (!method) {
        return EPROTONOSUPPORT;
    }
    if (disassociated() && method->driver) {
        return EIO;
    }
    if (!disassociated()) {
        device_->ioctls_[{head.object_id, head.method_id}]++;
    }
    Request request(*this, memory, header + sizeof head, *method);
    return request.run(head.num_attrs);
}

/// mlx5_ib_mmap() and mlx5_ib_mmap_offset(). The page offset has a command in bits 8 to 15, and an
/// index in the bits above and below.
int OpenFile::mmap(uint64_t offset, uint64_t length, int protection) {
    if (disassociated()) {
        return EIO;
    }
    if (!has_context()) {
        return EINVAL;
    }
    const auto page = context_->pages.find(offset / kPage);
    if (page == context_->pages.end() || length != page->second) {
        return EINVAL;
    }
    static_cast<void>(protection);
    return 0;
}

void OpenFile::disassociate() {
    if (!device_) {
        return;
    }
    send_async_event(kDeviceFatal, 0);
    objects_.for_each([this](const std::shared_ptr<Object>& object) {
        if (object->type() == UVERBS_OBJECT_ASYNC_EVENT) {
            silent_.push_back(std::static_pointer_cast<EventChannel>(object));
        }
    });
    for (const auto& channel : silent_) {
        objects_.remove(channel);
    }
    objects_.destroy_all();
    drop_context();
    device_->files_.erase(this);
    device_ = nullptr;
    result_.records.clear();
}

void OpenFile::answer_with_descriptor(UniqueFd descriptor, uint64_t at, uint32_t size) {
    result_.descriptor = std::move(descriptor);
    result_.descriptor_at = at;
    result_.descriptor_size = size;
}

void OpenFile::sweep_channels() {
    std::vector<std::shared_ptr<Object>> closed;
    objects_.for_each([&](const std::shared_ptr<Object>& object) {
        const auto* const channel = dynamic_cast<const EventChannel*>(object.get());
        if (channel && channel->closed()) {
            closed.push_back(object);
        }
    });
    for (const auto& object : closed) {
        object->destroy();
        objects_.remove(object);
    }
}

void OpenFile::send_async_event(uint32_t type, uint64_t element) {
    const ib_uverbs_async_event_desc event{.element = element, .event_type = type, .reserved = 0};
    objects_.for_each([&](const std::shared_ptr<Object>& object) {
        if (object->type() == UVERBS_OBJECT_ASYNC_EVENT) {
            std::static_pointer_cast<EventChannel>(object)->send(
                std::as_bytes(std::span(&event, 1)));
        }
    });
}

void OpenFile::port_event(uint32_t port, bool active) {
    send_async_event(active ? kPortActive : kPortError, port);
}

void OpenFile::list_resources(std::vector<UverbsResource>& resources) const {
    if (!context_) {
        return;
    }
    const uint32_t context = context_->number;
    using Kind = UverbsResource::Kind;
    resources.push_back({.kind = Kind::kContext, .id = context, .process = process_});
    objects_.for_each([&](const std::shared_ptr<Object>& object) {
        UverbsResource resource{.process = process_, .context = context};
        resource.users = static_cast<uint32_t>(object->users());
        if (const auto* const pd = dynamic_cast<const Pd*>(object.get())) {
            resource.kind = Kind::kPd;
            resource.id = pd->number();
        } else if (const auto* const cq = dynamic_cast<const Cq*>(object.get())) {
            resource.kind = Kind::kCq;
            resource.id = cq->number();
            resource.entries = cq->entries();
        } else if (const auto* const mr = dynamic_cast<const Mr*>(object.get())) {
            resource.kind = Kind::kMr;
            resource.id = mr->key() >> 8;
            resource.pd = mr->pd_number();
            resource.key = mr->key();
            resource.length = mr->length();
        } else {
            return;
        }
        resources.push_back(resource);
    });
}

void OpenFile::firmware_event(uint8_t type, std::span<const std::byte> eqe) {
    objects_.for_each([&](const std::shared_ptr<Object>& object) {
        if (auto* const channel = dynamic_cast<DevxEventChannel*>(object.get())) {
            channel->deliver(type, eqe);
        }
    });
}

}  // namespace esw::sim::uverbs
