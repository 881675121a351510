// SPDX-License-Identifier: Apache-2.0
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_verbs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "utilities/esw-sim/uverbs/device_attributes.h"
#include "utilities/esw-sim/uverbs/devx_object.h"
#include "utilities/esw-sim/uverbs/methods.h"

namespace esw::sim::uverbs {

int run_destroy_command(Firmware& firmware, const std::vector<std::byte>& command) {
    std::vector<std::byte> out(devx::kHeader);
    const auto uid = static_cast<uint16_t>(devx::get(command, devx::kUid));
    return firmware.execute(uid, command, out) ? 0 : devx::errno_of_status(out);
}

std::optional<EventCapability> event_capability(Firmware& firmware) {
    constexpr uint16_t kQueryHcaCap = 0x100;
    constexpr uint32_t kGeneralNow = 0 << 1 | 1;
    constexpr uint32_t kEventsNow = 0x14 << 1 | 1;  // MLX5_CAP_DEV_EVENT
    constexpr size_t kCapability = 16;              // query_hca_cap_out.capability begins
    constexpr devx::NamedField kEventCap{"cmd_hca_cap", "event_cap", {0x90, 1}};
    // device_event_cap.user_affiliated_events and user_unaffiliated_events
    constexpr uint16_t kAffiliated = 0x0;
    constexpr uint16_t kUnaffiliated = 0x100;
    const auto query = [&](uint32_t group) {
        std::vector<std::byte> in(devx::kHeader);
        std::vector<std::byte> out(kCapability + 4096);
        devx::set(in, devx::kOpcode, kQueryHcaCap);
        devx::set(in, devx::kObjectType, group);
        const bool ok = firmware.execute(0, in, out);
        return ok ? std::vector(out.begin() + kCapability, out.end()) : std::vector<std::byte>{};
    };
    if (devx::get(query(kGeneralNow), kEventCap) == 0) {
        return std::nullopt;
    }
    const std::vector<std::byte> events = query(kEventsNow);
    const auto mask = [&](uint16_t begin, uint16_t index) {
        const auto bit = static_cast<uint16_t>(begin + index * 64);
        const uint64_t high = devx::get(events, {bit, 32});
        return high << 32 | devx::get(events, {static_cast<uint16_t>(bit + 32), 32});
    };
    EventCapability capability;
    for (uint16_t i = 0; i < capability.affiliated.size(); i++) {
        capability.affiliated[i] = mask(kAffiliated, i);
        capability.unaffiliated[i] = mask(kUnaffiliated, i);
    }
    return capability;
}

int DevxObject::release() {
    if (const int error = run_destroy_command(file().firmware(), destroy_)) {
        return error;
    }
    remove_queue();
    file().objects().for_each([this](const std::shared_ptr<Object>& object) {
        if (auto* const channel = dynamic_cast<DevxEventChannel*>(object.get())) {
            channel->forget(id_);
        }
    });
    return 0;
}

/// The engine works on a queue from the moment that a card would: ready to send.
void DevxObject::add_queue() {
    const std::optional<SendQueue> queue = file().firmware().send_queue(devx::plain_id(id_));
    if (!queue || has_queue_) {
        return;
    }
    has_queue_ = true;
    file().tell_engine({.kind = EngineRecord::Kind::kAddQueue,
                        .id = queue->qpn,
                        .cqn = queue->cqn,
                        .count = queue->wqe_count,
                        .buffer = queue->buffer,
                        .doorbell = queue->doorbell});
}

void DevxObject::remove_queue() {
    if (has_queue_) {
        has_queue_ = false;
        file().tell_engine({.kind = EngineRecord::Kind::kRemoveQueue, .id = devx::plain_id(id_)});
    }
}

void DevxObject::follow(uint16_t opcode) {
    switch (opcode) {
        case devx::kRtr2RtsQp:
            add_queue();
            break;
        case devx::k2ErrQp:
        case devx::k2RstQp:
            remove_queue();
            break;
        default:
            break;
    }
}

int DevxUmem::release() {
    return errno_of(file().firmware().deregister_umem(file().context().uid, id_));
}

namespace {

/// devx_get_uid()
int user_context(OpenFile& file, devx::ConstMailbox in, uint16_t& uid) {
    uid = file.context().uid;
    if (uid == 0 && devx::is_for_all(in)) {
        uid = file.shared_uid();
        return uid == 0 ? EOPNOTSUPP : 0;
    }
    return uid == 0 ? EINVAL : 0;
}

/// mlx5_cmd_do(): the answer goes to the program when the firmware has refused, too.
int execute(Request& request, uint16_t uid, devx::Mailbox in, uint16_t out_id,
            std::vector<std::byte>& out) {
    devx::set(in, devx::kUid, uid);
    out.assign(request.length(out_id), std::byte{0});
    return request.file().firmware().execute(uid, in, out) ? 0 : EREMOTEIO;
}

/// A command with an answer that is copied whatever it is.
int execute_and_reply(Request& request, uint16_t uid, devx::Mailbox in, uint16_t out_id) {
    std::vector<std::byte> out;
    const int error = execute(request, uid, in, out_id, out);
    const int copied = request.copy_to(out_id, out.data(), out.size());
    return copied != 0 ? copied : error;
}

int devx_other(Request& request) {
    if (const int error = request.context_error()) {
        return error;
    }
    const devx::Mailbox in = request.data(MLX5_IB_ATTR_DEVX_OTHER_CMD_IN);
    uint16_t uid = 0;
    if (const int error = user_context(request.file(), in, uid)) {
        return error;
    }
    return devx::is_general(in)
               ? execute_and_reply(request, uid, in, MLX5_IB_ATTR_DEVX_OTHER_CMD_OUT)
               : EINVAL;
}

int devx_create(Request& request) {
    const devx::Mailbox in = request.data(MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_IN);
    const uint16_t out_id = MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT;
    if (devx::get(in, devx::kVhcaTunnelId) != 0) {
        return EINVAL;
    }
    uint16_t uid = 0;
    if (const int error = user_context(request.file(), in, uid)) {
        return error;
    }
    if (!devx::creates(in)) {
        return EINVAL;
    }
    devx::mark_umems(in);
    std::vector<std::byte> out;
    if (const int error = execute(request, uid, in, out_id, out)) {
        const int copied = request.copy_to(out_id, out.data(), out.size());
        return copied != 0 ? copied : error;
    }
    const uint32_t bulk =
        devx::opcode(in) == devx::kAllocFlowCounter ? devx::counters_in_bulk(in) : 0;
    request.create(MLX5_IB_ATTR_DEVX_OBJ_CREATE_HANDLE,
                   std::make_shared<DevxObject>(request.file(), devx::created_by(in, out),
                                                devx::destroy_command(in, out), bulk));
    return request.copy_to(out_id, out.data(), out.size());
}

/// devx_is_valid_obj_id(): the command is about this object.
bool is_about(const Object& object, devx::ConstMailbox in) {
    const devx::ObjectId id = devx::object_of(in);
    if (id == 0) {
        return false;
    }
    if (const auto* const cq = dynamic_cast<const Cq*>(&object)) {
        return id == (devx::ObjectId{devx::kCreateCq} << 32 | cq->number());
    }
    const auto* const devx_object = dynamic_cast<const DevxObject*>(&object);
    if (!devx_object) {
        return false;
    }
    if (devx::opcode(in) == devx::kQueryFlowCounter && devx_object->counters() != 0) {
        return id >= devx_object->id() && id < devx_object->id() + devx_object->counters();
    }
    return id == devx_object->id();
}

/// What modify and query commands have in common.
int check_command(Request& request, uint16_t in_id, uint16_t handle_id,
                  bool (*allowed)(devx::ConstMailbox), uint16_t& uid) {
    const devx::Mailbox in = request.data(in_id);
    if (devx::get(in, devx::kVhcaTunnelId) != 0) {
        return EINVAL;
    }
    if (const int error = user_context(request.file(), in, uid)) {
        return error;
    }
    return allowed(in) && is_about(*request.object(handle_id), in) ? 0 : EINVAL;
}

int devx_modify(Request& request) {
    const uint16_t in_id = MLX5_IB_ATTR_DEVX_OBJ_MODIFY_CMD_IN;
    const uint16_t handle_id = MLX5_IB_ATTR_DEVX_OBJ_MODIFY_HANDLE;
    uint16_t uid = 0;
    if (const int error = check_command(request, in_id, handle_id, devx::modifies, uid)) {
        return error;
    }
    const devx::Mailbox in = request.data(in_id);
    devx::mark_umems(in);
    const int error = execute_and_reply(request, uid, in, MLX5_IB_ATTR_DEVX_OBJ_MODIFY_CMD_OUT);
    if (const auto object = request.object_as<DevxObject>(handle_id); error == 0 && object) {
        object->follow(devx::opcode(in));
    }
    return error;
}

int devx_query(Request& request) {
    const uint16_t in_id = MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_IN;
    uint16_t uid = 0;
    if (const int error =
            check_command(request, in_id, MLX5_IB_ATTR_DEVX_OBJ_QUERY_HANDLE, devx::queries, uid)) {
        return error;
    }
    return execute_and_reply(request, uid, request.data(in_id),
                             MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_OUT);
}

int devx_query_async(Request& request) {
    const uint16_t in_id = MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_CMD_IN;
    uint64_t length = 0;
    uint64_t work_id = 0;
    uint16_t uid = 0;
    if (const int error = check_command(request, in_id, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_HANDLE,
                                        devx::queries, uid)) {
        return error;
    }
    if (const int error = request.constant(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_OUT_LEN,
                                           std::numeric_limits<uint16_t>::max(), length)) {
        return error;
    }
    if (const int error = request.copy_from(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_WR_ID, work_id)) {
        return error;
    }
    const auto channel =
        request.object_as<DevxCommandChannel>(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_FD);
    if (!channel->has_room(length)) {
        return EAGAIN;
    }
    const devx::Mailbox in = request.data(in_id);
    devx::set(in, devx::kUid, uid);
    std::vector<std::byte> out(length);
    // A refusal is in the answer: mlx5_cmd_exec_cb() does not look at it.
    static_cast<void>(request.file().firmware().execute(uid, in, out));
    channel->answer(work_id, out);
    return 0;
}

int devx_query_eqn(Request& request) {
    uint32_t vector = 0;
    if (request.copy_from(MLX5_IB_ATTR_DEVX_QUERY_EQN_USER_VEC, vector) != 0) {
        return EFAULT;
    }
    if (const int error = request.context_error()) {
        return error;
    }
    // mlx5_vector2eqn() says ENOENT of a vector that has no queue.
    constexpr uint32_t kFirstCompletionQueue = 4;
    return vector >= kCompletionVectors ? ENOENT
                                        : request.copy_to(MLX5_IB_ATTR_DEVX_QUERY_EQN_DEV_EQN,
                                                          kFirstCompletionQueue + vector);
}

/// bfregn_to_uar_index() of registers that the context has not allocated by number.
int devx_query_uar(Request& request) {
    if (const int error = request.context_error()) {
        return error;
    }
    uint32_t index = 0;
    if (request.copy_from(MLX5_IB_ATTR_DEVX_QUERY_UAR_USER_IDX, index) != 0) {
        return EFAULT;
    }
    const Context& context = request.file().context();
    if (context.dynamic_uar || index >= context.static_bfregs) {
        return EINVAL;
    }
    return request.copy_to(MLX5_IB_ATTR_DEVX_QUERY_UAR_DEV_IDX, index / 2);
}

int register_umem(Request& request) {
    constexpr uint32_t kAccess = IB_UVERBS_ACCESS_LOCAL_WRITE | IB_UVERBS_ACCESS_REMOTE_WRITE |
                                 IB_UVERBS_ACCESS_REMOTE_READ | IB_UVERBS_ACCESS_RELAXED_ORDERING;
    OpenFile& file = request.file();
    const uint16_t uid = file.context().uid;
    if (uid == 0) {
        return EINVAL;
    }
    uint32_t access = 0;
    if (const int error = request.flags(MLX5_IB_ATTR_DEVX_UMEM_REG_ACCESS, kAccess, access)) {
        return error;
    }
    Umem umem;
    if (request.copy_from(MLX5_IB_ATTR_DEVX_UMEM_REG_ADDR, umem.address) != 0 ||
        request.copy_from(MLX5_IB_ATTR_DEVX_UMEM_REG_LEN, umem.length) != 0) {
        return EFAULT;
    }
    if (const int error = check_access(access)) {
        return error;
    }
    if (request.has(MLX5_IB_ATTR_DEVX_UMEM_REG_DMABUF_FD)) {
        return EOPNOTSUPP;
    }
    if (umem.length == 0 || umem.address + umem.length < umem.address) {
        return EINVAL;
    }
    if (!is_mapped(request, umem.address, umem.length)) {
        return EFAULT;
    }
    uint64_t pages = 0;
    if (const int error = request.constant(MLX5_IB_ATTR_DEVX_UMEM_REG_PGSZ_BITMAP, UINT64_MAX,
                                           pages, UINT64_MAX)) {
        return error;
    }
    constexpr uint64_t kUsablePages = ~uint64_t{4095};
    if ((pages & kUsablePages) == 0) {
        return EINVAL;
    }
    const Result<uint32_t> id = file.firmware().register_umem(uid, umem);
    if (!id) {
        return id.error().code;
    }
    request.create(MLX5_IB_ATTR_DEVX_UMEM_REG_HANDLE, std::make_shared<DevxUmem>(file, *id));
    return request.copy_to(MLX5_IB_ATTR_DEVX_UMEM_REG_OUT_ID, *id);
}

int allocate_command_channel(Request& request) {
    request.file().sweep_channels();
    auto channel = EventChannel::create<DevxCommandChannel>(MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD);
    if (!channel) {
        return EMFILE;
    }
    request.create_channel(MLX5_IB_ATTR_DEVX_ASYNC_CMD_FD_ALLOC_HANDLE, std::move(channel));
    return 0;
}

int allocate_event_channel(Request& request) {
    uint32_t flags = 0;
    if (const int error = request.flags(MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_FLAGS,
                                        MLX5_IB_UAPI_DEVX_CR_EV_CH_FLAGS_OMIT_DATA, flags)) {
        return error;
    }
    request.file().sweep_channels();
    auto channel = EventChannel::create<DevxEventChannel>(MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD);
    if (!channel) {
        return EMFILE;
    }
    channel->omit_data = (flags & MLX5_IB_UAPI_DEVX_CR_EV_CH_FLAGS_OMIT_DATA) != 0;
    request.create_channel(MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_HANDLE, std::move(channel));
    return 0;
}

/// The event types that a program wants, when it may have them all.
int wanted_events(Request& request, bool of_object, std::vector<uint16_t>& types) {
    constexpr size_t kMaxEvents = 16;
    const auto list = request.data(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST);
    if (list.size() % sizeof(uint16_t) != 0 || list.size() / sizeof(uint16_t) > kMaxEvents) {
        return EINVAL;
    }
    types.resize(list.size() / sizeof(uint16_t));
    std::memcpy(types.data(), list.data(), list.size());
    const auto capability = event_capability(request.file().firmware());
    const bool all = std::all_of(types.begin(), types.end(), [&](uint16_t type) {
        return may_subscribe(capability, type, of_object);
    });
    return all ? 0 : EINVAL;
}

int subscribe(Request& request) {
    if (request.file().context().uid == 0) {
        return EINVAL;
    }
    const auto object = request.object_as<DevxObject>(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_OBJ_HANDLE);
    DevxEventChannel::Subscription subscription;
    if (object) {
        subscription.object = object->id();
    }
    const bool redirect = request.has(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM);
    if (request.has(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_COOKIE)) {
        if (redirect) {
            return EINVAL;
        }
        if (const int error =
                request.copy_from(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_COOKIE, subscription.cookie)) {
            return error;
        }
    }
    std::vector<uint16_t> types;
    if (const int error = wanted_events(request, object != nullptr, types)) {
        return error;
    }
    if (redirect) {
        int number = -1;
        if (const int error = request.copy_from(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM, number)) {
            return error;
        }
        subscription.eventfd = std::make_shared<UniqueFd>(request.memory().descriptor(number));
        if (!*subscription.eventfd) {
            return EBADF;
        }
        if (!DevxEventChannel::is_eventfd(*subscription.eventfd)) {
            return EINVAL;
        }
    }
    const auto channel =
        request.object_as<DevxEventChannel>(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_HANDLE);
    for (const uint16_t type : types) {
        subscription.type = type;
        channel->subscribe(subscription);
    }
    return 0;
}

std::vector<AttributeSpec> command_attributes(AttributeSpec object, uint16_t in_id,
                                              uint16_t out_id) {
    using namespace attribute;
    return {object, in_at_least(in_id, devx::kHeader).copy(), out_at_least(out_id, devx::kHeader)};
}

std::vector<Method> object_methods() {
    using namespace attribute;
    constexpr uint16_t kType = MLX5_IB_OBJECT_DEVX_OBJ;
    return {
        {kType, MLX5_IB_METHOD_DEVX_OBJ_CREATE,
         command_attributes(object(MLX5_IB_ATTR_DEVX_OBJ_CREATE_HANDLE, kType, Access::kNew),
                            MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_IN,
                            MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT),
         devx_create, true},
        destroy_method(kType, MLX5_IB_METHOD_DEVX_OBJ_DESTROY, MLX5_IB_ATTR_DEVX_OBJ_DESTROY_HANDLE,
                       true),
        {kType, MLX5_IB_METHOD_DEVX_OBJ_MODIFY,
         command_attributes(object(MLX5_IB_ATTR_DEVX_OBJ_MODIFY_HANDLE, kAnyObject, Access::kRead),
                            MLX5_IB_ATTR_DEVX_OBJ_MODIFY_CMD_IN,
                            MLX5_IB_ATTR_DEVX_OBJ_MODIFY_CMD_OUT),
         devx_modify, true},
        {kType, MLX5_IB_METHOD_DEVX_OBJ_QUERY,
         command_attributes(object(MLX5_IB_ATTR_DEVX_OBJ_QUERY_HANDLE, kAnyObject, Access::kRead),
                            MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_IN,
                            MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_OUT),
         devx_query, true},
        {kType,
         MLX5_IB_METHOD_DEVX_OBJ_ASYNC_QUERY,
         {object(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_HANDLE, kAnyObject, Access::kRead),
          in_at_least(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_CMD_IN, devx::kHeader).copy(),
          constant(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_OUT_LEN),
          descriptor(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_FD, MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD,
                     Access::kRead),
          in(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_WR_ID, 8)},
         devx_query_async,
         true},
    };
}

std::vector<Method> device_methods() {
    using namespace attribute;
    constexpr uint16_t kType = MLX5_IB_OBJECT_DEVX;
    return {
        {kType,
         MLX5_IB_METHOD_DEVX_OTHER,
         {in_at_least(MLX5_IB_ATTR_DEVX_OTHER_CMD_IN, devx::kHeader).copy(),
          out_at_least(MLX5_IB_ATTR_DEVX_OTHER_CMD_OUT, devx::kHeader)},
         devx_other,
         true},
        {kType,
         MLX5_IB_METHOD_DEVX_QUERY_UAR,
         {in(MLX5_IB_ATTR_DEVX_QUERY_UAR_USER_IDX, 4), out(MLX5_IB_ATTR_DEVX_QUERY_UAR_DEV_IDX, 4)},
         devx_query_uar,
         true},
        {kType,
         MLX5_IB_METHOD_DEVX_QUERY_EQN,
         {in(MLX5_IB_ATTR_DEVX_QUERY_EQN_USER_VEC, 4), out(MLX5_IB_ATTR_DEVX_QUERY_EQN_DEV_EQN, 4)},
         devx_query_eqn,
         true},
        {kType,
         MLX5_IB_METHOD_DEVX_SUBSCRIBE_EVENT,
         {descriptor(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_HANDLE,
                     MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD, Access::kRead),
          object(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_OBJ_HANDLE, MLX5_IB_OBJECT_DEVX_OBJ,
                 Access::kRead)
              .optional(),
          in_at_least(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST, 2).copy(),
          in(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_COOKIE, 8).optional(),
          in(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM, 4).optional()},
         subscribe,
         true},
        {MLX5_IB_OBJECT_DEVX_UMEM,
         MLX5_IB_METHOD_DEVX_UMEM_REG,
         {object(MLX5_IB_ATTR_DEVX_UMEM_REG_HANDLE, MLX5_IB_OBJECT_DEVX_UMEM, Access::kNew),
          in(MLX5_IB_ATTR_DEVX_UMEM_REG_ADDR, 8), in(MLX5_IB_ATTR_DEVX_UMEM_REG_LEN, 8),
          raw_descriptor(MLX5_IB_ATTR_DEVX_UMEM_REG_DMABUF_FD),
          flags(MLX5_IB_ATTR_DEVX_UMEM_REG_ACCESS),
          constant(MLX5_IB_ATTR_DEVX_UMEM_REG_PGSZ_BITMAP).optional(),
          out(MLX5_IB_ATTR_DEVX_UMEM_REG_OUT_ID, 4)},
         register_umem,
         true},
        destroy_method(MLX5_IB_OBJECT_DEVX_UMEM, MLX5_IB_METHOD_DEVX_UMEM_DEREG,
                       MLX5_IB_ATTR_DEVX_UMEM_DEREG_HANDLE, true),
        {MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD,
         MLX5_IB_METHOD_DEVX_ASYNC_CMD_FD_ALLOC,
         {descriptor(MLX5_IB_ATTR_DEVX_ASYNC_CMD_FD_ALLOC_HANDLE, MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD,
                     Access::kNew)},
         allocate_command_channel,
         true},
        {MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD,
         MLX5_IB_METHOD_DEVX_ASYNC_EVENT_FD_ALLOC,
         {descriptor(MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_HANDLE,
                     MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD, Access::kNew),
          in(MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_FLAGS, 4, 8)},
         allocate_event_channel,
         true},
    };
}

}  // namespace

std::vector<Method> devx_methods() {
    std::vector<Method> methods = object_methods();
    std::vector<Method> others = device_methods();
    std::move(others.begin(), others.end(), std::back_inserter(methods));
    return methods;
}

}  // namespace esw::sim::uverbs
