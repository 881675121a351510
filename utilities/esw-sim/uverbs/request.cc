// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/uverbs/request.h"

#include <rdma/ib_user_ioctl_cmds.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "utilities/esw-sim/uverbs/events.h"
#include "utilities/esw-sim/uverbs/open_file.h"

namespace esw::sim::uverbs {

using Access = AttributeSpec::Access;
using Kind = AttributeSpec::Kind;

namespace {

/// Data of up to so many bytes is in the attribute itself.
constexpr size_t kInline = sizeof(ib_uverbs_attr::data);

const AttributeSpec* spec_of(const Method& method, uint16_t id) {
    const auto it = std::find_if(method.attributes.begin(), method.attributes.end(),
                                 [id](const AttributeSpec& spec) { return spec.id == id; });
    return it == method.attributes.end() ? nullptr : &*it;
}

}  // namespace

Request::~Request() {
    finish(false);
}

uint64_t Request::data_address(size_t index) const {
    return attributes_at_ + index * sizeof(ib_uverbs_attr) + offsetof(ib_uverbs_attr, data);
}

bool Request::read_raw(const ib_uverbs_attr& raw, void* to, size_t size) {
    if (raw.len <= kInline) {
        std::memcpy(to, &raw.data, size);
        return true;
    }
    return memory_.read(raw.data, to, size);
}

bool Request::zero(uint64_t address, size_t length) {
    std::byte buffer[256];
    while (length > 0) {
        const size_t part = std::min(length, sizeof buffer);
        if (!memory_.read(address, buffer, part) ||
            std::any_of(buffer, buffer + part, [](std::byte b) { return b != std::byte{0}; })) {
            return false;
        }
        address += part;
        length -= part;
    }
    return true;
}

bool Request::clear(uint64_t address, size_t length) {
    static constexpr std::byte kZeros[256] = {};
    while (length > 0) {
        const size_t part = std::min(length, sizeof kZeros);
        if (!memory_.write(address, kZeros, part)) {
            return false;
        }
        address += part;
        length -= part;
    }
    return true;
}

bool Request::cleared(const ib_uverbs_attr& raw, size_t from) {
    if (raw.len > kInline) {
        return zero(raw.data + from, raw.len - from);
    }
    const auto* const bytes = reinterpret_cast<const char*>(&raw.data);
    return std::all_of(bytes + from, bytes + raw.len, [](char c) { return c == 0; });
}

// Order of the checks: ib_uverbs_run_method() and uverbs_process_attr() of Linux 6.1.

int Request::run(uint16_t count) {
    std::vector<ib_uverbs_attr> attributes(count);
    if (!memory_.read(attributes_at_, attributes.data(), count * sizeof(ib_uverbs_attr))) {
        return EFAULT;
    }
    for (size_t i = 0; i < count; i++) {
        if (const int error = process(attributes[i], i)) {
            return error;
        }
    }
    if (mandatory_missing()) {
        return EINVAL;
    }
    const int error = destroy_then_call_handler();
    if (error == 0) {
        finish(true);
    }
    return error;
}

int Request::process(const ib_uverbs_attr& raw, size_t index) {
    const AttributeSpec* const spec = spec_of(method_, raw.attr_id);
    if (!spec) {
        return (raw.flags & UVERBS_ATTR_F_MANDATORY) != 0 ? EPROTONOSUPPORT : 0;
    }
    if (has(raw.attr_id)) {
        return EINVAL;
    }
    Present present;
    present.spec = spec;
    present.index = index;
    present.raw = raw;
    int error = 0;
    switch (spec->kind) {
        case Kind::kIn:
        case Kind::kOut:
        case Kind::kEnum:
            error = process_data(*spec, raw, present);
            break;
        case Kind::kObject:
        case Kind::kDescriptor:
            error = process_object(*spec, raw, present);
            break;
        case Kind::kObjects:
            error = process_objects(*spec, raw, present);
            break;
        case Kind::kRawDescriptor:
            error = raw.attr_data.reserved != 0 || raw.len != 0 || raw.data_s64 < INT_MIN ||
                            raw.data_s64 > INT_MAX
                        ? EINVAL
                        : 0;
            break;
    }
    present_.emplace(raw.attr_id, std::move(present));
    return error;
}

int Request::process_data(const AttributeSpec& spec, const ib_uverbs_attr& raw, Present& present) {
    uint16_t min = spec.min;
    uint16_t max = spec.max;
    if (spec.kind == Kind::kEnum) {
        if (raw.attr_data.enum_data.elem_id >= spec.enum_lengths.size()) {
            return EOPNOTSUPP;
        }
        if (raw.attr_data.enum_data.reserved != 0) {
            return EINVAL;
        }
        min = max = spec.enum_lengths[raw.attr_data.enum_data.elem_id];
    }
    if (spec.kind == Kind::kIn && spec.zero_trailing && raw.len > max && !cleared(raw, max)) {
        return EOPNOTSUPP;
    }
    if (raw.len < min || (!spec.zero_trailing && raw.len > max)) {
        return EINVAL;
    }
    if (spec.kind != Kind::kEnum && raw.attr_data.reserved != 0) {
        return EINVAL;
    }
    if (spec.copied) {
        present.copied.resize(raw.len);
        if (!read_raw(raw, present.copied.data(), raw.len)) {
            return EFAULT;
        }
    }
    return 0;
}

int Request::process_object(const AttributeSpec& spec, const ib_uverbs_attr& raw,
                            Present& present) {
    if (raw.attr_data.reserved != 0 || raw.len != 0) {
        return EINVAL;
    }
    if (spec.access == Access::kNew) {
        if (const int error = context_error()) {
            return error;
        }
        if (spec.kind == Kind::kDescriptor) {
            return 0;
        }
        present.new_handle = file_.objects().take_handle();
        const int64_t handle = *present.new_handle;
        return memory_.write(data_address(present.index), &handle, sizeof handle) ? 0 : EFAULT;
    }
    std::shared_ptr<Object> object;
    if (spec.kind == Kind::kDescriptor) {
        if (const int error = find_channel(spec.object, raw.data_s64, object)) {
            return error;
        }
    } else {
        const bool destroy = spec.access == Access::kDestroy;
        if (const int error = look_up(spec.object, raw.data_s64, destroy, object)) {
            return error;
        }
        if (destroy) {
            to_destroy_ = object;
        }
    }
    present.objects.push_back(std::move(object));
    return 0;
}

int Request::process_objects(const AttributeSpec& spec, const ib_uverbs_attr& raw,
                             Present& present) {
    if (raw.attr_data.reserved != 0 || raw.len % sizeof(uint32_t) != 0) {
        return EINVAL;
    }
    std::vector<uint32_t> handles(raw.len / sizeof(uint32_t));
    if (handles.size() < spec.min || handles.size() > spec.max) {
        return EINVAL;
    }
    if (!read_raw(raw, handles.data(), raw.len)) {
        return EFAULT;
    }
    for (const uint32_t handle : handles) {
        std::shared_ptr<Object> object;
        if (const int error = look_up(spec.object, handle, false, object)) {
            return error;
        }
        present.objects.push_back(std::move(object));
    }
    return 0;
}

/// rdma_lookup_get_uobject()
int Request::look_up(uint16_t type, int64_t handle, bool destroy,
                     std::shared_ptr<Object>& found) const {
    if (handle < 0) {
        return EINVAL;
    }
    found = file_.objects().find(handle);
    if (!found) {
        return ENOENT;
    }
    if (type != attribute::kAnyObject && found->type() != type) {
        return EINVAL;
    }
    return !destroy && file_.disassociated() ? EIO : 0;
}

/// lookup_get_fd_uobject(): by the descriptor's file, which is one end of the channel's socket
/// pair.
int Request::find_channel(uint16_t type, int64_t number, std::shared_ptr<Object>& found) {
    if (number != static_cast<int>(number)) {
        return EINVAL;
    }
    const UniqueFd descriptor = memory_.descriptor(static_cast<int>(number));
    struct stat status {};
    if (!descriptor || ::fstat(descriptor.get(), &status) != 0) {
        return EBADF;
    }
    file_.objects().for_each([&](const std::shared_ptr<Object>& object) {
        const auto* const channel = dynamic_cast<const EventChannel*>(object.get());
        if (channel && channel->type() == type && channel->is_other_end(status)) {
            found = object;
        }
    });
    if (!found) {
        return EBADF;
    }
    return file_.disassociated() ? EIO : 0;
}

bool Request::mandatory_missing() const {
    return std::any_of(
        method_.attributes.begin(), method_.attributes.end(),
        [this](const AttributeSpec& spec) { return spec.mandatory && !has(spec.id); });
}

int Request::destroy_then_call_handler() {
    if (to_destroy_) {
        if (const int error = to_destroy_->destroy()) {
            return error;
        }
        file_.objects().remove(to_destroy_);
    }
    int error = method_.handler ? method_.handler(*this) : 0;
    const bool driver_data = spec_of(method_, UVERBS_ATTR_UHW_OUT) != nullptr;
    if (error == 0 && driver_data && has(UVERBS_ATTR_UHW_OUT)) {
        error = mark_output(UVERBS_ATTR_UHW_OUT);
    }
    return error;
}

/// Makes the new objects known to other calls, or takes everything back.
void Request::finish(bool commit) {
    for (auto& [id, present] : present_) {
        if (present.new_handle) {
            file_.objects().give_back(*present.new_handle);
            present.new_handle.reset();
        }
    }
    for (const Created& created : created_) {
        if (commit && created.handle) {
            file_.objects().add(created.object, *created.handle);
        } else if (commit) {
            file_.objects().add_without_handle(created.object);
        } else {
            created.object->destroy();
            if (created.handle) {
                file_.objects().give_back(*created.handle);
            }
        }
    }
    created_.clear();
    present_.clear();
}

const Request::Present* Request::get(uint16_t id) const {
    const auto it = present_.find(id);
    return it == present_.end() ? nullptr : &it->second;
}

size_t Request::length(uint16_t id) const {
    const Present* const present = get(id);
    return present ? present->raw.len : 0;
}

std::span<std::byte> Request::data(uint16_t id) {
    const auto it = present_.find(id);
    return it == present_.end() ? std::span<std::byte>{} : std::span(it->second.copied);
}

uint8_t Request::enumerator(uint16_t id) const {
    const Present* const present = get(id);
    return present ? present->raw.attr_data.enum_data.elem_id : 0;
}

int Request::copy_from(uint16_t id, void* to, size_t size) {
    const Present* const present = get(id);
    if (!present) {
        return ENOENT;
    }
    if (present->raw.len > size) {
        return EINVAL;
    }
    return read_raw(present->raw, to, present->raw.len) ? 0 : EFAULT;
}

int Request::mark_output(uint16_t id) {
    const Present& present = *get(id);
    const uint16_t flags = present.raw.flags | UVERBS_ATTR_F_VALID_OUTPUT;
    const uint64_t address =
        attributes_at_ + present.index * sizeof(ib_uverbs_attr) + offsetof(ib_uverbs_attr, flags);
    return memory_.write(address, &flags, sizeof flags) ? 0 : EFAULT;
}

int Request::copy_to(uint16_t id, const void* from, size_t size) {
    const Present* const present = get(id);
    if (!present) {
        return ENOENT;
    }
    if (!memory_.write(present->raw.data, from, std::min<size_t>(present->raw.len, size))) {
        return EFAULT;
    }
    return mark_output(id);
}

int Request::copy_to_struct(uint16_t id, const void* from, size_t size) {
    const Present* const present = get(id);
    if (!present) {
        return ENOENT;
    }
    if (present->raw.len > size && !clear(present->raw.data + size, present->raw.len - size)) {
        return EFAULT;
    }
    return copy_to(id, from, size);
}

int Request::constant(uint16_t id, uint64_t max, uint64_t& value,
                      std::optional<uint64_t> otherwise) {
    const Present* const present = get(id);
    if (!present) {
        value = otherwise.value_or(0);
        return otherwise ? 0 : ENOENT;
    }
    value = present->raw.data;
    return value > max ? EINVAL : 0;
}

int Request::flags(uint16_t id, uint64_t allowed, uint32_t& value) {
    value = 0;
    const Present* const present = get(id);
    if (!present) {
        return 0;
    }
    uint64_t flags = present->raw.data;
    if (present->raw.len == sizeof(uint32_t)) {
        flags &= std::numeric_limits<uint32_t>::max();
    } else if (present->raw.len != sizeof(uint64_t)) {
        return EINVAL;
    }
    if ((flags & ~allowed) != 0 || flags > std::numeric_limits<uint32_t>::max()) {
        return EINVAL;
    }
    value = static_cast<uint32_t>(flags);
    return 0;
}

UserData Request::user_data(uint16_t id) const {
    const Present* const present = get(id);
    if (!present) {
        return {};
    }
    const bool is_inline = present->spec->kind == Kind::kIn && present->raw.len <= kInline;
    return {is_inline ? data_address(present->index) : present->raw.data, present->raw.len};
}

std::shared_ptr<Object> Request::object(uint16_t id) const {
    const Present* const present = get(id);
    return present && !present->objects.empty() ? present->objects.front() : nullptr;
}

const std::vector<std::shared_ptr<Object>>& Request::objects(uint16_t id) const {
    static const std::vector<std::shared_ptr<Object>> kNone;
    const Present* const present = get(id);
    return present ? present->objects : kNone;
}

int Request::find(uint16_t type, int64_t handle, std::shared_ptr<Object>& found) const {
    return look_up(type, handle, false, found);
}

int Request::destroy(uint16_t type, int64_t handle) {
    std::shared_ptr<Object> object;
    if (const int error = look_up(type, handle, true, object)) {
        return error;
    }
    if (const int error = object->destroy()) {
        return error;
    }
    file_.objects().remove(object);
    return 0;
}

void Request::create(uint16_t id, std::shared_ptr<Object> object) {
    std::optional<uint32_t>& handle = present_.at(id).new_handle;
    created_.push_back({std::move(object), handle});
    handle.reset();
}

uint32_t Request::create(std::shared_ptr<Object> object) {
    const uint32_t handle = file_.objects().take_handle();
    created_.push_back({std::move(object), handle});
    return handle;
}

int Request::context_error() const {
    if (file_.disassociated()) {
        return EIO;
    }
    return file_.has_context() ? 0 : EINVAL;
}

void Request::create_channel(uint16_t id, std::shared_ptr<EventChannel> channel) {
    create_channel(data_address(present_.at(id).index), sizeof(int64_t), std::move(channel));
}

void Request::create_channel(uint64_t address, uint32_t size,
                             std::shared_ptr<EventChannel> channel) {
    file_.answer_with_descriptor(channel->take_other_end(), address, size);
    created_.push_back({std::move(channel), std::nullopt});
}

int Request::read(const UserData& from, void* to, size_t size) {
    std::memset(to, 0, size);
    if (!memory_.read(from.address, to, std::min(from.length, size))) {
        return EFAULT;
    }
    if (from.length > size && !zero(from.address + size, from.length - size)) {
        return EOPNOTSUPP;
    }
    return 0;
}

int Request::write(const UserData& to, const void* from, size_t size) {
    if (!memory_.write(to.address, from, std::min(to.length, size))) {
        return EFAULT;
    }
    if (to.length > size && !clear(to.address + size, to.length - size)) {
        return EFAULT;
    }
    return 0;
}

}  // namespace esw::sim::uverbs
