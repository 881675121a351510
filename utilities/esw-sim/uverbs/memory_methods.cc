// SPDX-License-Identifier: Apache-2.0
#include <linux/capability.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/mlx5-abi.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_verbs.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "utilities/esw-sim/uverbs/driver_objects.h"
#include "utilities/esw-sim/uverbs/methods.h"

namespace esw::sim::uverbs {

namespace {

constexpr uint64_t kPage = 4096;

// enum ib_access_flags of rdma/ib_verbs.h, the numbers of ib_uverbs_access_flags.
constexpr uint32_t kAccessSupported =
    (IB_UVERBS_ACCESS_HUGETLB << 1) - 1 + IB_UVERBS_ACCESS_OPTIONAL_RANGE;
/// MLX5_IB_DM_SW_ICM_ALLOWED_ACCESS
constexpr uint32_t kIcmAccess = IB_UVERBS_ACCESS_LOCAL_WRITE | IB_UVERBS_ACCESS_REMOTE_WRITE |
                                IB_UVERBS_ACCESS_REMOTE_READ | IB_UVERBS_ACCESS_ZERO_BASED;

/// MLX5_SW_ICM_BLOCK_SIZE of a card whose log_sw_icm_alloc_granularity is 6.
constexpr uint64_t kIcmBlock = 64;

/// Where mmap() finds a page that an object stands for (MLX5_IB_MMAP_OFFSET_START).
constexpr uint64_t kFirstPage = 9 << 16;
constexpr uint64_t kLastPage = (255 << 16) + 0xffff;

/// mlx5_entry_to_mmap_offset(), in pages: the upper half of a page's number is a command, which
/// goes into bits 8 to 15; the rest goes round it.
uint64_t page_offset(uint64_t page) {
    const uint64_t command = page >> 16;
    const uint64_t index = page & 0xffff;
    return (index >> 8) << 16 | command << 8 | (index & 0xff);
}

}  // namespace

// Memory regions, by both kinds of call.

int check_access(uint32_t access) {
    constexpr uint32_t kRemoteChange =
        IB_UVERBS_ACCESS_REMOTE_ATOMIC | IB_UVERBS_ACCESS_REMOTE_WRITE;
    if ((access & kRemoteChange) != 0 && (access & IB_UVERBS_ACCESS_LOCAL_WRITE) == 0) {
        return EINVAL;
    }
    // On-demand paging is not among the device's abilities.
    return (access & ~kAccessSupported) != 0 || (access & IB_UVERBS_ACCESS_ON_DEMAND) != 0 ? EINVAL
                                                                                           : 0;
}

bool is_mapped(Request& request, uint64_t start, uint64_t length) {
    char byte;
    return request.memory().read(start, &byte, 1) &&
           request.memory().read(start + length - 1, &byte, 1);
}

int Pd::release() {
    return errno_of(file().firmware().release_pd(file().context().uid, number_));
}

int allocate_pd(Request& request, std::shared_ptr<Pd>& pd) {
    OpenFile& file = request.file();
    const uint32_t number = file.firmware().allocate_pd(file.context().uid);
    if (number == 0) {
        return ENOMEM;
    }
    pd = std::make_shared<Pd>(file, number);
    const UserData out = request.user_data(UVERBS_ATTR_UHW_OUT);
    const mlx5_ib_alloc_pd_resp response{.pdn = number};
    if (request.memory().write(out.address, &response, std::min(out.length, sizeof response))) {
        return 0;
    }
    pd->destroy();
    return EFAULT;
}

Mr::Mr(OpenFile& file, std::shared_ptr<Pd> pd, std::shared_ptr<Dm> dm, const EngineRecord& key)
    : DriverObject(UVERBS_OBJECT_MR, file), key_(key), pd_number_(pd->number()), pd_(pd) {
    if (dm) {
        dm_ = Use(dm);
    }
    file.tell_engine(key_);
}

int Mr::release() {
    if (const int error =
            errno_of(file().firmware().release_mkey(file().context().uid, key_.id >> 8))) {
        return error;
    }
    file().tell_engine({.kind = EngineRecord::Kind::kRemoveKey, .id = key_.id});
    pd_.reset();
    dm_.reset();
    return 0;
}

namespace {

/// mlx5_idx_to_mkey(): the lowest 8 bits of a key are the owner's.
int make_mr(OpenFile& file, std::shared_ptr<Pd> pd, std::shared_ptr<Dm> dm, EngineRecord key,
            std::shared_ptr<Mr>& mr) {
    const uint32_t index = file.firmware().allocate_mkey(file.context().uid);
    if (index == 0) {
        return ENOMEM;
    }
    key.kind = EngineRecord::Kind::kAddKey;
    key.id = index << 8;
    mr = std::make_shared<Mr>(file, std::move(pd), std::move(dm), key);
    return 0;
}

}  // namespace

int register_memory(Request& request, std::shared_ptr<Pd> pd, const MemoryToRegister& memory,
                    std::shared_ptr<Mr>& mr) {
    if (memory.length == 0 || memory.start + memory.length < memory.start) {
        return EINVAL;
    }
    if (!is_mapped(request, memory.start, memory.length)) {
        return EFAULT;
    }
    const EngineRecord key{
        .start = memory.io_address, .length = memory.length, .target = memory.start};
    return make_mr(request.file(), std::move(pd), nullptr, key, mr);
}

namespace {

int reply_keys(Request& request, uint16_t lkey_id, uint16_t rkey_id, uint32_t key) {
    if (const int error = request.copy_to(lkey_id, key)) {
        return error;
    }
    return request.copy_to(rkey_id, key);
}

/// UVERBS_METHOD_DM_MR_REG and mlx5_ib_reg_dm_mr()
int register_dm_mr(Request& request) {
    uint64_t offset = 0;
    uint64_t length = 0;
    uint32_t access = 0;
    if (const int error = request.copy_from(UVERBS_ATTR_REG_DM_MR_OFFSET, offset)) {
        return error;
    }
    if (const int error = request.copy_from(UVERBS_ATTR_REG_DM_MR_LENGTH, length)) {
        return error;
    }
    if (const int error =
            request.flags(UVERBS_ATTR_REG_DM_MR_ACCESS_FLAGS, kAccessSupported, access)) {
        return error;
    }
    const auto pd = request.object_as<Pd>(UVERBS_ATTR_REG_DM_MR_PD_HANDLE);
    const auto dm = request.object_as<Dm>(UVERBS_ATTR_REG_DM_MR_DM_HANDLE);
    if ((access & IB_UVERBS_ACCESS_ZERO_BASED) == 0 || check_access(access) != 0 ||
        offset > dm->length() || length > dm->length() - offset || (access & ~kIcmAccess) != 0) {
        return EINVAL;
    }
    uint64_t target = 0;
    if (!request.file().firmware().icm().offset_of(dm->address() + offset, target)) {
        return EINVAL;
    }
    std::shared_ptr<Mr> mr;
    const EngineRecord key{.in_icm = 1, .length = length, .target = target};
    if (const int error = make_mr(request.file(), pd, dm, key, mr)) {
        return error;
    }
    request.create(UVERBS_ATTR_REG_DM_MR_HANDLE, mr);
    return reply_keys(request, UVERBS_ATTR_REG_DM_MR_RESP_LKEY, UVERBS_ATTR_REG_DM_MR_RESP_RKEY,
                      mr->key());
}

int query_mr(Request& request) {
    const auto mr = request.object_as<Mr>(UVERBS_ATTR_QUERY_MR_HANDLE);
    if (const int error = reply_keys(request, UVERBS_ATTR_QUERY_MR_RESP_LKEY,
                                     UVERBS_ATTR_QUERY_MR_RESP_RKEY, mr->key())) {
        return error;
    }
    if (const int error = request.copy_to(UVERBS_ATTR_QUERY_MR_RESP_LENGTH, mr->length())) {
        return error;
    }
    const int error = request.copy_to(UVERBS_ATTR_QUERY_MR_RESP_IOVA, mr->start());
    return error == ENOENT ? 0 : error;
}

/// Refused by a device of which no memory is exported: there are no dma-bufs here to import.
int register_dmabuf(Request&) {
    return EOPNOTSUPP;
}

}  // namespace

// Device memory.

int Dm::release() {
    file().firmware().icm().release(address_);
    return 0;
}

namespace {

/// handle_alloc_dm_sw_icm() and mlx5_dm_sw_icm_alloc()
int allocate_icm(Request& request, uint64_t type, uint64_t length, uint32_t log_alignment) {
    if (!request.memory().capable(CAP_SYS_RAWIO) || !request.memory().capable(CAP_NET_RAW)) {
        return EPERM;
    }
    if (type != MLX5_IB_UAPI_DM_TYPE_STEERING_SW_ICM &&
        type != MLX5_IB_UAPI_DM_TYPE_HEADER_MODIFY_SW_ICM) {
        return EOPNOTSUPP;  // header modify patterns: sw_owner_v2, ConnectX-7
    }
    constexpr uint64_t kLargest = 1ULL << 62;
    if (length == 0 || length > kLargest) {
        return length == 0 ? EINVAL : ENOMEM;
    }
    const uint64_t size = std::bit_ceil((length + kIcmBlock - 1) / kIcmBlock * kIcmBlock);
    const uint64_t alignment = std::max(kIcmBlock, uint64_t{1} << std::min(log_alignment, 62U));
    const auto kind = type == MLX5_IB_UAPI_DM_TYPE_STEERING_SW_ICM ? Icm::Kind::kSteering
                                                                   : Icm::Kind::kHeaderModify;
    const Result<uint64_t> address =
        request.file().firmware().icm().allocate(kind, size, alignment);
    if (!address) {
        return address.error().code;
    }
    request.create(UVERBS_ATTR_ALLOC_DM_HANDLE,
                   std::make_shared<Dm>(request.file(), *address, length));
    return request.copy_to(MLX5_IB_ATTR_ALLOC_DM_RESP_START_OFFSET, *address);
}

int allocate_dm(Request& request) {
    uint64_t length = 0;
    uint32_t alignment = 0;
    uint64_t type = 0;
    if (const int error = request.copy_from(UVERBS_ATTR_ALLOC_DM_LENGTH, length)) {
        return error;
    }
    if (const int error = request.copy_from(UVERBS_ATTR_ALLOC_DM_ALIGNMENT, alignment)) {
        return error;
    }
    if (const int error = request.constant(MLX5_IB_ATTR_ALLOC_DM_REQ_TYPE, UINT32_MAX, type,
                                           MLX5_IB_UAPI_DM_TYPE_MEMIC)) {
        return error;
    }
    if (type == MLX5_IB_UAPI_DM_TYPE_MEMIC) {
        return EOPNOTSUPP;  // handle_alloc_dm_memic() of a device without MEMIC
    }
    return allocate_icm(request, type, length, alignment);
}

int query_dm(Request&) {
    return EOPNOTSUPP;  // of MEMIC only
}

}  // namespace

// Doorbell pages.

int Uar::release() {
    file().context().pages.erase(page_offset(page_));
    return 0;
}

namespace {

int allocate_uar(Request& request) {
    OpenFile& file = request.file();
    uint64_t type = 0;
    if (const int error = request.constant(MLX5_IB_ATTR_UAR_OBJ_ALLOC_TYPE, UINT32_MAX, type)) {
        return error;
    }
    if (type != MLX5_IB_UAPI_UAR_ALLOC_TYPE_BF && type != MLX5_IB_UAPI_UAR_ALLOC_TYPE_NC) {
        return EOPNOTSUPP;
    }
    auto& pages = file.context().pages;
    uint64_t page = kFirstPage;
    while (page <= kLastPage && pages.count(page_offset(page)) != 0) {
        page++;
    }
    if (page > kLastPage) {
        return ENOMEM;
    }
    const uint64_t offset = page_offset(page);
    const uint32_t length = kPage;
    pages[offset] = length;
    const auto uar =
        std::make_shared<Uar>(file, static_cast<uint32_t>(page - kFirstPage + 1), page);
    request.create(MLX5_IB_ATTR_UAR_OBJ_ALLOC_HANDLE, uar);
    if (const int error = request.copy_to(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_OFFSET, offset * kPage)) {
        return error;
    }
    if (const int error = request.copy_to(MLX5_IB_ATTR_UAR_OBJ_ALLOC_PAGE_ID, uar->index())) {
        return error;
    }
    return request.copy_to(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_LENGTH, length);
}

int query_pd(Request& request) {
    const uint32_t number = request.object_as<Pd>(MLX5_IB_ATTR_QUERY_PD_HANDLE)->number();
    return request.copy_to(MLX5_IB_ATTR_QUERY_PD_RESP_PDN, number);
}

std::vector<AttributeSpec> dmabuf_attributes() {
    using namespace attribute;
    return {object(UVERBS_ATTR_REG_DMABUF_MR_HANDLE, UVERBS_OBJECT_MR, Access::kNew),
            object(UVERBS_ATTR_REG_DMABUF_MR_PD_HANDLE, UVERBS_OBJECT_PD, Access::kRead),
            in(UVERBS_ATTR_REG_DMABUF_MR_OFFSET, 8),
            in(UVERBS_ATTR_REG_DMABUF_MR_LENGTH, 8),
            in(UVERBS_ATTR_REG_DMABUF_MR_IOVA, 8),
            in(UVERBS_ATTR_REG_DMABUF_MR_FD, 4),
            flags(UVERBS_ATTR_REG_DMABUF_MR_ACCESS_FLAGS),
            out(UVERBS_ATTR_REG_DMABUF_MR_RESP_LKEY, 4),
            out(UVERBS_ATTR_REG_DMABUF_MR_RESP_RKEY, 4)};
}

}  // namespace

std::vector<Method> memory_methods() {
    using namespace attribute;
    return {
        destroy_method(UVERBS_OBJECT_PD, UVERBS_METHOD_PD_DESTROY, UVERBS_ATTR_DESTROY_PD_HANDLE,
                       false),
        {UVERBS_OBJECT_PD,
         MLX5_IB_METHOD_PD_QUERY,
         {object(MLX5_IB_ATTR_QUERY_PD_HANDLE, UVERBS_OBJECT_PD, Access::kRead),
          out(MLX5_IB_ATTR_QUERY_PD_RESP_PDN, 4)},
         query_pd,
         true},
        destroy_method(UVERBS_OBJECT_MR, UVERBS_METHOD_MR_DESTROY, UVERBS_ATTR_DESTROY_MR_HANDLE,
                       false),
        {UVERBS_OBJECT_MR,
         UVERBS_METHOD_QUERY_MR,
         {object(UVERBS_ATTR_QUERY_MR_HANDLE, UVERBS_OBJECT_MR, Access::kRead),
          out(UVERBS_ATTR_QUERY_MR_RESP_RKEY, 4), out(UVERBS_ATTR_QUERY_MR_RESP_LKEY, 4),
          out(UVERBS_ATTR_QUERY_MR_RESP_LENGTH, 8),
          out(UVERBS_ATTR_QUERY_MR_RESP_IOVA, 8).optional()},
         query_mr},
        {UVERBS_OBJECT_MR,
         UVERBS_METHOD_DM_MR_REG,
         {object(UVERBS_ATTR_REG_DM_MR_HANDLE, UVERBS_OBJECT_MR, Access::kNew),
          in(UVERBS_ATTR_REG_DM_MR_OFFSET, 8), in(UVERBS_ATTR_REG_DM_MR_LENGTH, 8),
          object(UVERBS_ATTR_REG_DM_MR_PD_HANDLE, UVERBS_OBJECT_PD, Access::kRead),
          flags(UVERBS_ATTR_REG_DM_MR_ACCESS_FLAGS),
          object(UVERBS_ATTR_REG_DM_MR_DM_HANDLE, UVERBS_OBJECT_DM, Access::kRead),
          out(UVERBS_ATTR_REG_DM_MR_RESP_LKEY, 4), out(UVERBS_ATTR_REG_DM_MR_RESP_RKEY, 4)},
         register_dm_mr},
        {UVERBS_OBJECT_MR, UVERBS_METHOD_REG_DMABUF_MR, dmabuf_attributes(), register_dmabuf},
        {UVERBS_OBJECT_DM,
         UVERBS_METHOD_DM_ALLOC,
         {object(UVERBS_ATTR_ALLOC_DM_HANDLE, UVERBS_OBJECT_DM, Access::kNew),
          in(UVERBS_ATTR_ALLOC_DM_LENGTH, 8), in(UVERBS_ATTR_ALLOC_DM_ALIGNMENT, 4),
          out(MLX5_IB_ATTR_ALLOC_DM_RESP_START_OFFSET, 8),
          out(MLX5_IB_ATTR_ALLOC_DM_RESP_PAGE_INDEX, 2).optional(),
          constant(MLX5_IB_ATTR_ALLOC_DM_REQ_TYPE).optional()},
         allocate_dm},
        destroy_method(UVERBS_OBJECT_DM, UVERBS_METHOD_DM_FREE, UVERBS_ATTR_FREE_DM_HANDLE, false),
        {UVERBS_OBJECT_DM,
         MLX5_IB_METHOD_DM_QUERY,
         {object(MLX5_IB_ATTR_QUERY_DM_REQ_HANDLE, UVERBS_OBJECT_DM, Access::kRead),
          out(MLX5_IB_ATTR_QUERY_DM_RESP_START_OFFSET, 8),
          out(MLX5_IB_ATTR_QUERY_DM_RESP_PAGE_INDEX, 2), out(MLX5_IB_ATTR_QUERY_DM_RESP_LENGTH, 8)},
         query_dm,
         true},
        {MLX5_IB_OBJECT_UAR,
         MLX5_IB_METHOD_UAR_OBJ_ALLOC,
         {object(MLX5_IB_ATTR_UAR_OBJ_ALLOC_HANDLE, MLX5_IB_OBJECT_UAR, Access::kNew),
          constant(MLX5_IB_ATTR_UAR_OBJ_ALLOC_TYPE), out(MLX5_IB_ATTR_UAR_OBJ_ALLOC_PAGE_ID, 4),
          out(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_LENGTH, 4),
          out(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_OFFSET, 8)},
         allocate_uar,
         true},
        destroy_method(MLX5_IB_OBJECT_UAR, MLX5_IB_METHOD_UAR_OBJ_DESTROY,
                       MLX5_IB_ATTR_UAR_OBJ_DESTROY_HANDLE, true),
    };
}

}  // namespace esw::sim::uverbs
