// SPDX-License-Identifier: Apache-2.0
#include <linux/capability.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_verbs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "utilities/esw-sim/uverbs/device_attributes.h"
#include "utilities/esw-sim/uverbs/methods.h"
#include "utilities/esw-sim/uverbs/open_file.h"

namespace esw::sim::uverbs {

namespace {

constexpr uint64_t kCoreSupport = IB_UVERBS_CORE_SUPPORT_OPTIONAL_MR_ACCESS;
constexpr uint32_t kVportMetadataMask = 0xffff0000;

/// ENOENT is no error for outputs that the program need not ask for (IS_UVERBS_COPY_ERR()).
int optional(int error) {
    return error == ENOENT ? 0 : error;
}

/// calc_total_bfregs(): pages that a library without MLX5_LIB_CAP_DYN_UAR maps by command and
/// index. One page has one UAR, of two registers.
int allocate_static_uars(const mlx5_ib_alloc_ucontext_req_v2& request, Context& context) {
    constexpr uint32_t kPerPage = 2;
    constexpr uint32_t kMaxBfregs = 1024;
    constexpr uint32_t kPage = 4096;
    enum Command { kRegularPage = 0, kWcPage = 2, kNcPage = 3 };  // enum mlx5_ib_mmap_cmd
    if (request.total_num_bfregs == 0) {
        return EINVAL;
    }
    if (request.total_num_bfregs > kMaxBfregs) {
        return ENOMEM;
    }
    context.static_bfregs = (request.total_num_bfregs + kPerPage - 1) / kPerPage * kPerPage;
    context.dynamic_bfregs = kMaxBfregs;
    for (uint64_t index = 0; index < context.static_bfregs / kPerPage; index++) {
        for (const uint64_t command : {kRegularPage, kWcPage, kNcPage}) {
            context.pages[command << 8 | index] = kPage;
        }
    }
    return 0;
}

/// mlx5_ib_alloc_ucontext()
int allocate_context(Request& request) {
    constexpr uint32_t kFlags = MLX5_IB_ALLOC_UCTX_DEVX;
    OpenFile& file = request.file();
    const UserData data = request.user_data(UVERBS_ATTR_UHW_IN);
    mlx5_ib_alloc_ucontext_req_v2 wanted{};
    if (data.length != sizeof(mlx5_ib_alloc_ucontext_req) &&
        data.length < offsetof(mlx5_ib_alloc_ucontext_req_v2, max_cqe_version)) {
        return EINVAL;
    }
    if (!request.memory().read(data.address, &wanted, std::min(data.length, sizeof wanted))) {
        return EFAULT;
    }
    if ((wanted.flags & ~kFlags) != 0 || wanted.comp_mask != 0 || wanted.reserved0 != 0 ||
        wanted.reserved1 != 0 || wanted.reserved2 != 0) {
        return EOPNOTSUPP;
    }
    const uint32_t registers = (wanted.total_num_bfregs + 1) / 2 * 2;
    if (wanted.num_low_latency_bfregs > registers - 1) {
        return EINVAL;
    }
    Context context;
    context.number = file.next_context_number();
    context.cqe_version = std::min<uint8_t>(1, wanted.max_cqe_version);
    context.dynamic_uar = (wanted.lib_caps & MLX5_LIB_CAP_DYN_UAR) != 0;
    if (!context.dynamic_uar) {
        if (const int error = allocate_static_uars(wanted, context)) {
            return error;
        }
    }
    if ((wanted.flags & MLX5_IB_ALLOC_UCTX_DEVX) != 0) {
        context.uid = file.firmware().create_user_context();
        if (context.uid == 0) {
            return ENOMEM;
        }
    }
    file.set_context(context);
    const UserData out = request.user_data(UVERBS_ATTR_UHW_OUT);
    const auto response = context_attributes(file, out.length);
    if (!request.memory().write(out.address, &response, response.response_length)) {
        file.drop_context();
        return EFAULT;
    }
    return 0;
}

int get_context(Request& request) {
    const uint32_t vectors = kCompletionVectors;
    if (const int error =
            optional(request.copy_to(UVERBS_ATTR_GET_CONTEXT_NUM_COMP_VECTORS, vectors))) {
        return error;
    }
    if (const int error =
            optional(request.copy_to(UVERBS_ATTR_GET_CONTEXT_CORE_SUPPORT, kCoreSupport))) {
        return error;
    }
    if (request.file().disassociated()) {
        return EIO;
    }
    return request.file().has_context() ? EINVAL : allocate_context(request);
}

int query_context(Request& request) {
    if (const int error = request.context_error()) {
        return error;
    }
    const uint32_t vectors = kCompletionVectors;
    if (const int error =
            optional(request.copy_to(UVERBS_ATTR_QUERY_CONTEXT_NUM_COMP_VECTORS, vectors))) {
        return error;
    }
    if (const int error =
            optional(request.copy_to(UVERBS_ATTR_QUERY_CONTEXT_CORE_SUPPORT, kCoreSupport))) {
        return error;
    }
    const uint16_t id = MLX5_IB_ATTR_QUERY_CONTEXT_RESP_UCTX;
    const auto response = context_attributes(request.file(), request.length(id));
    return request.copy_to_struct(id, &response, sizeof response);
}

int info_handles(Request& request) {
    const size_t room = request.length(UVERBS_ATTR_INFO_HANDLES_LIST);
    if (room == 0 || room % sizeof(uint32_t) != 0) {
        return EINVAL;
    }
    uint64_t type = 0;
    if (const int error = request.constant(UVERBS_ATTR_INFO_OBJECT_ID,
                                           std::numeric_limits<uint16_t>::max(), type)) {
        return error;
    }
    std::vector<uint32_t> handles;
    request.file().objects().for_each([&](const std::shared_ptr<Object>& object) {
        if (object->type() == type && handles.size() < room / sizeof(uint32_t)) {
            handles.push_back(object->handle());
        }
    });
    if (const int error = request.copy_to(UVERBS_ATTR_INFO_HANDLES_LIST, handles.data(),
                                          handles.size() * sizeof(uint32_t))) {
        return error;
    }
    const uint64_t total = handles.size();
    return request.copy_to(UVERBS_ATTR_INFO_TOTAL_HANDLES, total);
}

bool port_exists(Request& request, uint64_t number) {
    return number >= 1 && number <= request.file().host().port_count();
}

int query_port(Request& request) {
    if (const int error = request.context_error()) {
        return error;
    }
    uint64_t number = 0;
    if (const int error = request.constant(UVERBS_ATTR_QUERY_PORT_PORT_NUM, UINT8_MAX, number)) {
        return error;
    }
    if (!port_exists(request, number)) {
        return EINVAL;
    }
    ib_uverbs_query_port_resp_ex response{};
    response.legacy_resp =
        port_attributes(request.file().host().port(static_cast<uint32_t>(number)));
    return request.copy_to_struct(UVERBS_ATTR_QUERY_PORT_RESP, &response, sizeof response);
}

ib_uverbs_gid_entry gid_entry(uint32_t number, const UverbsHost::Port& port,
                              const UverbsHost::Gid& gid) {
    ib_uverbs_gid_entry entry{};
    std::memcpy(entry.gid, gid.raw.data(), sizeof entry.gid);
    entry.gid_index = gid.index;
    entry.port_num = number;
    entry.gid_type = gid.type;
    entry.netdev_ifindex = port.ifindex;
    return entry;
}

/// rdma_query_gid_table(): of all ports. More than there is room for is EINVAL.
int query_gid_table(Request& request) {
    uint32_t flags = 0;
    uint64_t size = 0;
    if (const int error = request.flags(UVERBS_ATTR_QUERY_GID_TABLE_FLAGS, 0, flags)) {
        return error;
    }
    if (const int error =
            request.constant(UVERBS_ATTR_QUERY_GID_TABLE_ENTRY_SIZE, UINT64_MAX, size)) {
        return error;
    }
    const size_t room = request.length(UVERBS_ATTR_QUERY_GID_TABLE_RESP_ENTRIES);
    if (size == 0 || room % size != 0 || room / size == 0) {
        return EINVAL;
    }
    if (const int error = request.context_error()) {
        return error;
    }
    const UverbsHost& host = request.file().host();
    std::vector<std::byte> entries;
    uint64_t count = 0;
    for (uint32_t number = 1; number <= host.port_count(); number++) {
        const UverbsHost::Port port = host.port(number);
        for (const UverbsHost::Gid& gid : port.gids) {
            if (++count > room / size) {
                return EINVAL;
            }
            const ib_uverbs_gid_entry entry = gid_entry(number, port, gid);
            entries.resize(count * size);
            std::memcpy(entries.data() + (count - 1) * size, &entry, std::min(size, sizeof entry));
        }
    }
    if (const int error = request.copy_to(UVERBS_ATTR_QUERY_GID_TABLE_RESP_ENTRIES, entries.data(),
                                          entries.size())) {
        return error;
    }
    return request.copy_to(UVERBS_ATTR_QUERY_GID_TABLE_RESP_NUM_ENTRIES, count);
}

int query_gid_entry(Request& request) {
    uint32_t flags = 0;
    uint64_t number = 0;
    uint64_t index = 0;
    if (const int error = request.flags(UVERBS_ATTR_QUERY_GID_ENTRY_FLAGS, 0, flags)) {
        return error;
    }
    if (const int error = request.constant(UVERBS_ATTR_QUERY_GID_ENTRY_PORT, UINT32_MAX, number)) {
        return error;
    }
    if (const int error =
            request.constant(UVERBS_ATTR_QUERY_GID_ENTRY_GID_INDEX, UINT32_MAX, index)) {
        return error;
    }
    if (const int error = request.context_error()) {
        return error;
    }
    if (!port_exists(request, number)) {
        return EINVAL;
    }
    const UverbsHost::Port port = request.file().host().port(static_cast<uint32_t>(number));
    const auto gid = std::find_if(port.gids.begin(), port.gids.end(),
                                  [index](const auto& entry) { return entry.index == index; });
    if (gid == port.gids.end()) {
        return index < port.gid_length ? ENODATA : EINVAL;
    }
    const ib_uverbs_gid_entry entry = gid_entry(static_cast<uint32_t>(number), port, *gid);
    return request.copy_to_struct(UVERBS_ATTR_QUERY_GID_ENTRY_RESP_ENTRY, &entry, sizeof entry);
}

/// fill_switchdev_info()
int fill_switchdev(Request& request, const UverbsHost::Port& port, mlx5_ib_uapi_query_port& info) {
    if (!port.vport) {
        return EOPNOTSUPP;
    }
    constexpr uint16_t kUplink = 0xffff;
    const VportId vport = *port.vport;
    info.vport = vport.number;
    info.esw_owner_vhca_id = vport.owner_vhca_id;
    info.flags = MLX5_IB_UAPI_QUERY_PORT_VPORT | MLX5_IB_UAPI_QUERY_PORT_ESW_OWNER_VHCA_ID;
    if (vport.number != kUplink) {
        info.vport_vhca_id = port.vhca_id;
        info.flags |= MLX5_IB_UAPI_QUERY_PORT_VPORT_VHCA_ID;
    }
    const Firmware& firmware = port.firmware ? *port.firmware : request.file().firmware();
    const Firmware::VportIcm icm = firmware.vport_icm(vport.number);
    if (icm.rx != 0) {
        info.vport_steering_icm_rx = icm.rx;
        info.flags |= MLX5_IB_UAPI_QUERY_PORT_VPORT_STEERING_ICM_RX;
    }
    if (icm.tx != 0) {
        info.vport_steering_icm_tx = icm.tx;
        info.flags |= MLX5_IB_UAPI_QUERY_PORT_VPORT_STEERING_ICM_TX;
    }
    if (port.reg_c_0 != 0) {
        info.reg_c0 = {.value = port.reg_c_0, .mask = kVportMetadataMask};
        info.flags |= MLX5_IB_UAPI_QUERY_PORT_VPORT_REG_C0;
    }
    return 0;
}

int mlx5_query_port(Request& request) {
    uint32_t number = 0;
    if (request.copy_from(MLX5_IB_ATTR_QUERY_PORT_PORT_NUM, number) != 0) {
        return EFAULT;
    }
    if (const int error = request.context_error()) {
        return error;
    }
    if (!port_exists(request, number)) {
        return EINVAL;
    }
    mlx5_ib_uapi_query_port info{};
    UverbsHost& host = request.file().host();
    if (host.switchdev()) {
        if (const int error = fill_switchdev(request, host.port(number), info)) {
            return error;
        }
    }
    return request.copy_to_struct(MLX5_IB_ATTR_QUERY_PORT, &info, sizeof info);
}

}  // namespace

std::vector<Method> context_methods() {
    using namespace attribute;
    constexpr uint16_t kDevice = UVERBS_OBJECT_DEVICE;
    return {
        {kDevice, UVERBS_METHOD_GET_CONTEXT,
         with_driver_data({out(UVERBS_ATTR_GET_CONTEXT_NUM_COMP_VECTORS, 4).optional(),
                           out(UVERBS_ATTR_GET_CONTEXT_CORE_SUPPORT, 8).optional()}),
         get_context},
        {kDevice,
         UVERBS_METHOD_QUERY_CONTEXT,
         {out(UVERBS_ATTR_QUERY_CONTEXT_NUM_COMP_VECTORS, 4).optional(),
          out(UVERBS_ATTR_QUERY_CONTEXT_CORE_SUPPORT, 8).optional(),
          out_struct(MLX5_IB_ATTR_QUERY_CONTEXT_RESP_UCTX, sizeof(mlx5_ib_alloc_ucontext_resp),
                     sizeof(mlx5_ib_alloc_ucontext_resp))},
         query_context},
        {kDevice,
         UVERBS_METHOD_INFO_HANDLES,
         {constant(UVERBS_ATTR_INFO_OBJECT_ID), out(UVERBS_ATTR_INFO_TOTAL_HANDLES, 4).optional(),
          out_at_least(UVERBS_ATTR_INFO_HANDLES_LIST, 4).optional()},
         info_handles},
        {kDevice,
         UVERBS_METHOD_QUERY_PORT,
         {constant(UVERBS_ATTR_QUERY_PORT_PORT_NUM),
          out_struct(UVERBS_ATTR_QUERY_PORT_RESP, sizeof(ib_uverbs_query_port_resp_ex),
                     sizeof(ib_uverbs_query_port_resp_ex))},
         query_port},
        {kDevice,
         UVERBS_METHOD_QUERY_GID_TABLE,
         {constant(UVERBS_ATTR_QUERY_GID_TABLE_ENTRY_SIZE),
          flags(UVERBS_ATTR_QUERY_GID_TABLE_FLAGS),
          out_at_least(UVERBS_ATTR_QUERY_GID_TABLE_RESP_ENTRIES, 0),
          out(UVERBS_ATTR_QUERY_GID_TABLE_RESP_NUM_ENTRIES, 8)},
         query_gid_table},
        {kDevice,
         UVERBS_METHOD_QUERY_GID_ENTRY,
         {constant(UVERBS_ATTR_QUERY_GID_ENTRY_PORT),
          constant(UVERBS_ATTR_QUERY_GID_ENTRY_GID_INDEX), flags(UVERBS_ATTR_QUERY_GID_ENTRY_FLAGS),
          out_struct(UVERBS_ATTR_QUERY_GID_ENTRY_RESP_ENTRY, sizeof(ib_uverbs_gid_entry),
                     sizeof(ib_uverbs_gid_entry))},
         query_gid_entry},
        {kDevice,
         MLX5_IB_METHOD_QUERY_PORT,
         {in(MLX5_IB_ATTR_QUERY_PORT_PORT_NUM, 4),
          out_struct(MLX5_IB_ATTR_QUERY_PORT, sizeof(mlx5_ib_uapi_query_port),
                     sizeof(mlx5_ib_uapi_query_port))},
         mlx5_query_port,
         true},
    };
}

}  // namespace esw::sim::uverbs
