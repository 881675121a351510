// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rdma/rdma_user_ioctl_cmds.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "utilities/esw-sim/uverbs/attributes.h"
#include "utilities/esw-sim/uverbs/objects.h"
#include "utilities/esw-sim/uverbs/uverbs_file.h"

namespace esw::sim::uverbs {

class OpenFile;
class EventChannel;
class Request;

/// A method of an object: what it takes, and what it does.
struct Method {
    uint16_t object = 0;
    uint16_t id = 0;
    std::vector<AttributeSpec> attributes;
    int (*handler)(Request&) = nullptr;  ///< returns an errno value
    /// The handler is mlx5_ib's: gone, when the device is (uverbs_disassociate_api_pre()).
    bool driver = false;
};

/// Data of a legacy command or of the driver (ib_udata): an address in the program, and a length.
struct UserData {
    uint64_t address = 0;
    size_t length = 0;
};

/// One RDMA_VERBS_IOCTL (uverbs_attr_bundle): the attributes, checked against what the method
/// declares. Functions that return int return an errno value, that of the kernel.
class Request {
public:
    Request(OpenFile& file, UserMemory& memory, uint64_t attributes_at, const Method& method)
        : file_(file), memory_(memory), attributes_at_(attributes_at), method_(method) {}
    ~Request();

    OpenFile& file() { return file_; }
    UserMemory& memory() { return memory_; }

    /// Reads and checks `count` attributes (uverbs_set_attr()), and calls the handler.
    int run(uint16_t count);

    bool has(uint16_t id) const { return present_.count(id) != 0; }
    /// Length in bytes of the program's data or buffer; 0 when absent.
    size_t length(uint16_t id) const;
    /// Data of an attribute that was declared with copy().
    std::span<std::byte> data(uint16_t id);
    uint8_t enumerator(uint16_t id) const;

    /// uverbs_copy_from(): ENOENT when absent, EINVAL when it is longer than `size`.
    int copy_from(uint16_t id, void* to, size_t size);
    template <class T>
    int copy_from(uint16_t id, T& to) {
        static_assert(std::is_trivially_copyable_v<T>);
        return copy_from(id, &to, sizeof to);
    }
    /// uverbs_copy_to(): no more than the program has room for; ENOENT when absent.
    int copy_to(uint16_t id, const void* from, size_t size);
    template <class T>
    int copy_to(uint16_t id, const T& from) {
        static_assert(std::is_trivially_copyable_v<T>);
        return copy_to(id, &from, sizeof from);
    }
    /// uverbs_copy_to_struct_or_zero(): the rest of the program's room becomes zero.
    int copy_to_struct(uint16_t id, const void* from, size_t size);
    /// uverbs_get_const(): EINVAL when it is above `max`; `otherwise` when it is absent.
    int constant(uint16_t id, uint64_t max, uint64_t& value,
                 std::optional<uint64_t> otherwise = {});
    /// uverbs_get_flags32(): 0 when absent, EINVAL with bits that are not in `allowed`.
    int flags(uint16_t id, uint64_t allowed, uint32_t& value);
    /// ib_udata of UVERBS_ATTR_UHW_IN, UVERBS_ATTR_UHW_OUT and the like.
    UserData user_data(uint16_t id) const;
    /// Marks an output as written (uverbs_set_output()).
    int mark_output(uint16_t id);

    /// The object of an attribute; nullptr when absent.
    std::shared_ptr<Object> object(uint16_t id) const;
    template <class T>
    std::shared_ptr<T> object_as(uint16_t id) const {
        return std::dynamic_pointer_cast<T>(object(id));
    }
    const std::vector<std::shared_ptr<Object>>& objects(uint16_t id) const;
    /// Looks a handle of a legacy command up (uobj_get_read()).
    int find(uint16_t type, int64_t handle, std::shared_ptr<Object>& found) const;
    template <class T>
    int find_as(uint16_t type, int64_t handle, std::shared_ptr<T>& found) const {
        std::shared_ptr<Object> object;
        const int error = find(type, handle, object);
        found = std::dynamic_pointer_cast<T>(object);
        return error;
    }
    /// The same for the descriptor of an event channel.
    int find_channel(uint16_t type, int64_t number, std::shared_ptr<Object>& found);
    /// Destroys an object by its handle in a legacy command (uobj_perform_destroy()).
    int destroy(uint16_t type, int64_t handle);

    /// The new object of attribute `id`, whose handle was given out when the attributes were read.
    /// It is there for other calls when this one succeeds, and is destroyed when this one fails.
    void create(uint16_t id, std::shared_ptr<Object> object);
    /// The same for a new object of a legacy command; returns its handle.
    uint32_t create(std::shared_ptr<Object> object);
    /// EIO when the device is gone, EINVAL without a context (ib_uverbs_get_ucontext()).
    int context_error() const;
    /// A new event channel: its descriptor goes to the program with the answer of this call. The
    /// attribute `id` takes the number; or the member at `address`, of `size` bytes.
    void create_channel(uint16_t id, std::shared_ptr<EventChannel> channel);
    void create_channel(uint64_t address, uint32_t size, std::shared_ptr<EventChannel> channel);

    /// A legacy or driver structure from the program: what it gives less is zero, what it gives
    /// more must be (EOPNOTSUPP).
    int read(const UserData& from, void* to, size_t size);
    /// A structure to the program, cut or filled with zeros to its length.
    int write(const UserData& to, const void* from, size_t size);

private:
    struct Present {
        const AttributeSpec* spec = nullptr;
        size_t index = 0;
        ib_uverbs_attr raw{};
        std::vector<std::byte> copied;
        std::vector<std::shared_ptr<Object>> objects;
        std::optional<uint32_t> new_handle;  ///< taken, and no object made yet
    };

    int process(const ib_uverbs_attr& raw, size_t index);
    int process_data(const AttributeSpec& spec, const ib_uverbs_attr& raw, Present& present);
    int process_object(const AttributeSpec& spec, const ib_uverbs_attr& raw, Present& present);
    int process_objects(const AttributeSpec& spec, const ib_uverbs_attr& raw, Present& present);
    int look_up(uint16_t type, int64_t handle, bool destroy, std::shared_ptr<Object>& found) const;
    bool mandatory_missing() const;
    bool cleared(const ib_uverbs_attr& raw, size_t from);
    bool zero(uint64_t address, size_t length);
    bool clear(uint64_t address, size_t length);
    bool read_raw(const ib_uverbs_attr& raw, void* to, size_t size);
    uint64_t data_address(size_t index) const;
    int destroy_then_call_handler();
    void finish(bool commit);
    const Present* get(uint16_t id) const;

    OpenFile& file_;
    UserMemory& memory_;
    uint64_t attributes_at_;
    const Method& method_;
    std::map<uint16_t, Present> present_;
    std::shared_ptr<Object> to_destroy_;
    struct Created {
        std::shared_ptr<Object> object;
        std::optional<uint32_t> handle;  ///< none: it has a descriptor instead
    };
    std::vector<Created> created_;
};

}  // namespace esw::sim::uverbs
