// SPDX-License-Identifier: Apache-2.0
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "utilities/esw-sim/uverbs/device_attributes.h"
#include "utilities/esw-sim/uverbs/driver_objects.h"
#include "utilities/esw-sim/uverbs/methods.h"

namespace esw::sim::uverbs {

int Cq::release() {
    if (const int error = errno_of(file().firmware().release_cqn(file().context().uid, number_))) {
        return error;
    }
    file().tell_engine({.kind = EngineRecord::Kind::kRemoveCq, .id = number_});
    return 0;
}

namespace {

/// create_cq_user(): what the driver's library gives for a completion queue.
int read_driver_part(Request& request, mlx5_ib_create_cq& part) {
    constexpr uint16_t kFlags = MLX5_IB_CREATE_CQ_FLAGS_CQE_128B_PAD |
                                MLX5_IB_CREATE_CQ_FLAGS_UAR_PAGE_INDEX |
                                MLX5_IB_CREATE_CQ_FLAGS_REAL_TIME_TS;
    const UserData data = request.user_data(UVERBS_ATTR_UHW_IN);
    if (data.length < offsetof(mlx5_ib_create_cq, flags)) {
        return EINVAL;
    }
    if (!request.memory().read(data.address, &part, std::min(data.length, sizeof part))) {
        return EFAULT;
    }
    if ((part.flags & ~kFlags) != 0 || (part.cqe_size != 64 && part.cqe_size != 128) ||
        part.reserved0 != 0 || part.reserved1 != 0) {
        return EINVAL;
    }
    if ((part.flags & MLX5_IB_CREATE_CQ_FLAGS_UAR_PAGE_INDEX) == 0 &&
        request.file().context().dynamic_uar) {
        return EINVAL;
    }
    // Compressed and padded entries are not among the device's abilities.
    return part.cqe_comp_en == 1 || (part.flags & MLX5_IB_CREATE_CQ_FLAGS_CQE_128B_PAD) != 0
               ? EOPNOTSUPP
               : 0;
}

}  // namespace

int create_cq(Request& request, const CqToCreate& wanted, std::shared_ptr<Cq>& cq) {
    constexpr uint32_t kFlags =
        IB_UVERBS_CQ_FLAGS_TIMESTAMP_COMPLETION | IB_UVERBS_CQ_FLAGS_IGNORE_OVERRUN;
    if (wanted.vector >= kCompletionVectors || wanted.entries >= kMaxCqEntries) {
        return EINVAL;
    }
    if ((wanted.flags & ~kFlags) != 0) {
        return EOPNOTSUPP;
    }
    mlx5_ib_create_cq part{};
    if (const int error = read_driver_part(request, part)) {
        return error;
    }
    const uint32_t entries = std::bit_ceil(wanted.entries + 1);
    if (!is_mapped(request, part.buf_addr, uint64_t{entries} * part.cqe_size) ||
        !is_mapped(request, part.db_addr, sizeof(uint64_t))) {
        return EFAULT;
    }
    OpenFile& file = request.file();
    const uint32_t number = file.firmware().allocate_cqn(file.context().uid);
    if (number == 0) {
        return ENOMEM;
    }
    cq = std::make_shared<Cq>(file, number, entries - 1);
    file.tell_engine({.kind = EngineRecord::Kind::kAddCq,
                      .id = number,
                      .count = entries,
                      .entry_size = part.cqe_size,
                      .buffer = part.buf_addr});
    const UserData out = request.user_data(UVERBS_ATTR_UHW_OUT);
    if (request.memory().write(out.address, &number, std::min(out.length, sizeof number))) {
        return 0;
    }
    cq->destroy();
    return EFAULT;
}

namespace {

int create_cq_method(Request& request) {
    CqToCreate wanted;
    uint64_t user_handle = 0;
    if (const int error = request.copy_from(UVERBS_ATTR_CREATE_CQ_COMP_VECTOR, wanted.vector)) {
        return error;
    }
    if (const int error = request.copy_from(UVERBS_ATTR_CREATE_CQ_CQE, wanted.entries)) {
        return error;
    }
    if (const int error = request.copy_from(UVERBS_ATTR_CREATE_CQ_USER_HANDLE, user_handle)) {
        return error;
    }
    constexpr uint32_t kFlags =
        IB_UVERBS_CQ_FLAGS_TIMESTAMP_COMPLETION | IB_UVERBS_CQ_FLAGS_IGNORE_OVERRUN;
    if (const int error = request.flags(UVERBS_ATTR_CREATE_CQ_FLAGS, kFlags, wanted.flags)) {
        return error;
    }
    std::shared_ptr<Cq> cq;
    if (const int error = create_cq(request, wanted, cq)) {
        return error;
    }
    request.create(UVERBS_ATTR_CREATE_CQ_HANDLE, cq);
    return request.copy_to(UVERBS_ATTR_CREATE_CQ_RESP_CQE, cq->entries());
}

int destroy_cq_method(Request& request) {
    const ib_uverbs_destroy_cq_resp response{};
    return request.copy_to(UVERBS_ATTR_DESTROY_CQ_RESP, response);
}

int allocate_async_channel(Request& request) {
    request.file().sweep_channels();
    auto channel = EventChannel::create(UVERBS_OBJECT_ASYNC_EVENT);
    if (!channel) {
        return EMFILE;
    }
    request.create_channel(UVERBS_ATTR_ASYNC_EVENT_ALLOC_FD_HANDLE, std::move(channel));
    return 0;
}

}  // namespace

std::vector<Method> queue_methods() {
    using namespace attribute;
    return {
        {UVERBS_OBJECT_CQ, UVERBS_METHOD_CQ_CREATE,
         with_driver_data(
             {object(UVERBS_ATTR_CREATE_CQ_HANDLE, UVERBS_OBJECT_CQ, Access::kNew),
              in(UVERBS_ATTR_CREATE_CQ_CQE, 4), in(UVERBS_ATTR_CREATE_CQ_USER_HANDLE, 8),
              descriptor(UVERBS_ATTR_CREATE_CQ_COMP_CHANNEL, UVERBS_OBJECT_COMP_CHANNEL,
                         Access::kRead)
                  .optional(),
              in(UVERBS_ATTR_CREATE_CQ_COMP_VECTOR, 4), flags(UVERBS_ATTR_CREATE_CQ_FLAGS),
              out(UVERBS_ATTR_CREATE_CQ_RESP_CQE, 4),
              descriptor(UVERBS_ATTR_CREATE_CQ_EVENT_FD, UVERBS_OBJECT_ASYNC_EVENT, Access::kRead)
                  .optional()}),
         create_cq_method},
        {UVERBS_OBJECT_CQ,
         UVERBS_METHOD_CQ_DESTROY,
         {object(UVERBS_ATTR_DESTROY_CQ_HANDLE, UVERBS_OBJECT_CQ, Access::kDestroy),
          out(UVERBS_ATTR_DESTROY_CQ_RESP, sizeof(ib_uverbs_destroy_cq_resp))},
         destroy_cq_method},
        {UVERBS_OBJECT_ASYNC_EVENT,
         UVERBS_METHOD_ASYNC_EVENT_ALLOC,
         {descriptor(UVERBS_ATTR_ASYNC_EVENT_ALLOC_FD_HANDLE, UVERBS_OBJECT_ASYNC_EVENT,
                     Access::kNew)},
         allocate_async_channel},
    };
}

}  // namespace esw::sim::uverbs
