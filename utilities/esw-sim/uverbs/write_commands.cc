// SPDX-License-Identifier: Apache-2.0
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <limits>
#include <map>

#include "utilities/esw-sim/uverbs/device_attributes.h"
#include "utilities/esw-sim/uverbs/driver_objects.h"
#include "utilities/esw-sim/uverbs/methods.h"

namespace esw::sim::uverbs {

namespace {

// UVERBS_METHOD_INVOKE_WRITE: the commands of write(2), carried by the ioctl (core/uverbs_cmd.c).

constexpr uint64_t kPage = 4096;

UserData input(const Request& request) {
    return request.user_data(UVERBS_ATTR_CORE_IN);
}

UserData output(const Request& request) {
    return request.user_data(UVERBS_ATTR_CORE_OUT);
}

/// uverbs_request()
template <class T>
int read_command(Request& request, T& command) {
    return request.read(input(request), &command, sizeof command);
}

/// uverbs_response()
template <class T>
int respond(Request& request, const T& response) {
    if (const int error = request.write(output(request), &response, sizeof response)) {
        return error;
    }
    return request.has(UVERBS_ATTR_CORE_OUT) ? request.mark_output(UVERBS_ATTR_CORE_OUT) : 0;
}

int query_device(Request& request) {
    if (const int error = request.context_error()) {
        return error;
    }
    return respond(request, device_attributes(request.file().host()));
}

int query_device_ex(Request& request) {
    if (const int error = request.context_error()) {
        return error;
    }
    ib_uverbs_ex_query_device command{};
    if (const int error = read_command(request, command)) {
        return error;
    }
    if (command.comp_mask != 0 || command.reserved != 0) {
        return EINVAL;
    }
    const UserData driver = request.user_data(UVERBS_ATTR_UHW_OUT);
    if (driver.length != 0) {
        const auto part = driver_device_attributes(driver.length);
        if (driver.length < sizeof part.comp_mask + sizeof part.response_length) {
            return EINVAL;
        }
        if (!request.memory().write(driver.address, &part,
                                    std::min<size_t>(part.response_length, sizeof part))) {
            return EFAULT;
        }
    }
    ib_uverbs_ex_query_device_resp response{};
    response.base = device_attributes(request.file().host());
    response.response_length =
        static_cast<uint32_t>(std::min(output(request).length, sizeof response));
    response.device_cap_flags_ex = response.base.device_cap_flags;
    return respond(request, response);
}

int query_port(Request& request) {
    if (const int error = request.context_error()) {
        return error;
    }
    ib_uverbs_query_port command{};
    if (const int error = read_command(request, command)) {
        return error;
    }
    const UverbsHost& host = request.file().host();
    if (command.port_num == 0 || command.port_num > host.port_count()) {
        return EINVAL;
    }
    return respond(request, port_attributes(host.port(command.port_num)));
}

int alloc_pd(Request& request) {
    if (const int error = request.context_error()) {
        return error;
    }
    std::shared_ptr<Pd> pd;
    if (const int error = allocate_pd(request, pd)) {
        return error;
    }
    const ib_uverbs_alloc_pd_resp response{.pd_handle = request.create(pd)};
    return respond(request, response);
}

int dealloc_pd(Request& request) {
    ib_uverbs_dealloc_pd command{};
    const int error = read_command(request, command);
    return error != 0 ? error : request.destroy(UVERBS_OBJECT_PD, command.pd_handle);
}

int reg_mr(Request& request) {
    ib_uverbs_reg_mr command{};
    if (const int error = read_command(request, command)) {
        return error;
    }
    if (command.start % kPage != command.hca_va % kPage) {
        return EINVAL;
    }
    if (const int error = request.context_error()) {
        return error;
    }
    if (const int error = check_access(command.access_flags)) {
        return error;
    }
    std::shared_ptr<Pd> pd;
    if (const int error = request.find_as(UVERBS_OBJECT_PD, command.pd_handle, pd)) {
        return error;
    }
    std::shared_ptr<Mr> mr;
    const MemoryToRegister memory{command.start, command.length, command.hca_va,
                                  command.access_flags};
    if (const int error = register_memory(request, pd, memory, mr)) {
        return error;
    }
    const ib_uverbs_reg_mr_resp response{
        .mr_handle = request.create(mr), .lkey = mr->key(), .rkey = mr->key()};
    return respond(request, response);
}

int dereg_mr(Request& request) {
    ib_uverbs_dereg_mr command{};
    const int error = read_command(request, command);
    return error != 0 ? error : request.destroy(UVERBS_OBJECT_MR, command.mr_handle);
}

int create_comp_channel(Request& request) {
    if (const int error = request.context_error()) {
        return error;
    }
    ib_uverbs_create_comp_channel command{};
    if (const int error = read_command(request, command)) {
        return error;
    }
    request.file().sweep_channels();
    auto channel = EventChannel::create(UVERBS_OBJECT_COMP_CHANNEL);
    if (!channel) {
        return EMFILE;
    }
    const UserData out = output(request);
    request.create_channel(out.address + offsetof(ib_uverbs_create_comp_channel_resp, fd),
                           sizeof(uint32_t), std::move(channel));
    return respond(request, ib_uverbs_create_comp_channel_resp{});
}

/// create_cq() of uverbs_cmd.c
int create_cq_from(Request& request, const ib_uverbs_ex_create_cq& command,
                   ib_uverbs_ex_create_cq_resp& response) {
    if (command.comp_vector >= kCompletionVectors) {
        return EINVAL;
    }
    if (const int error = request.context_error()) {
        return error;
    }
    if (command.comp_channel >= 0) {
        std::shared_ptr<Object> channel;
        if (const int error =
                request.find_channel(UVERBS_OBJECT_COMP_CHANNEL, command.comp_channel, channel)) {
            return error;
        }
    }
    std::shared_ptr<Cq> cq;
    if (const int error =
            create_cq(request, {command.cqe, command.comp_vector, command.flags}, cq)) {
        return error;
    }
    response.base.cq_handle = request.create(cq);
    response.base.cqe = cq->entries();
    response.response_length =
        static_cast<uint32_t>(std::min(output(request).length, sizeof response));
    return 0;
}

int create_cq_legacy(Request& request) {
    ib_uverbs_create_cq command{};
    if (const int error = read_command(request, command)) {
        return error;
    }
    ib_uverbs_ex_create_cq extended{};
    extended.user_handle = command.user_handle;
    extended.cqe = command.cqe;
    extended.comp_vector = command.comp_vector;
    extended.comp_channel = command.comp_channel;
    ib_uverbs_ex_create_cq_resp response{};
    const int error = create_cq_from(request, extended, response);
    return error != 0 ? error : respond(request, response);
}

int create_cq_ex(Request& request) {
    ib_uverbs_ex_create_cq command{};
    if (const int error = read_command(request, command)) {
        return error;
    }
    if (command.comp_mask != 0 || command.reserved != 0) {
        return EINVAL;
    }
    ib_uverbs_ex_create_cq_resp response{};
    const int error = create_cq_from(request, command, response);
    return error != 0 ? error : respond(request, response);
}

int destroy_cq(Request& request) {
    ib_uverbs_destroy_cq command{};
    if (const int error = read_command(request, command)) {
        return error;
    }
    if (const int error = request.destroy(UVERBS_OBJECT_CQ, command.cq_handle)) {
        return error;
    }
    return respond(request, ib_uverbs_destroy_cq_resp{});
}

/// What the kernel has and this one does not: queue pairs and the like by verbs. The driver of a
/// function without the ability says so too.
int not_supported(Request&) {
    return EOPNOTSUPP;
}

struct WriteCommand {
    size_t request = 0;  ///< least bytes; fewer is ENOSPC, by which libraries probe
    size_t response = 0;
    int (*run)(Request&) = nullptr;
};

constexpr uint32_t kEx = IB_USER_VERBS_CMD_FLAG_EXTENDED;

const std::map<uint32_t, WriteCommand>& write_commands() {
    static const std::map<uint32_t, WriteCommand> kCommands = {
        {IB_USER_VERBS_CMD_QUERY_DEVICE,
         {sizeof(ib_uverbs_query_device), sizeof(ib_uverbs_query_device_resp), query_device}},
        {kEx | IB_USER_VERBS_EX_CMD_QUERY_DEVICE,
         {sizeof(ib_uverbs_ex_query_device), offsetof(ib_uverbs_ex_query_device_resp, odp_caps),
          query_device_ex}},
        {IB_USER_VERBS_CMD_QUERY_PORT,
         {sizeof(ib_uverbs_query_port), sizeof(ib_uverbs_query_port_resp), query_port}},
        {IB_USER_VERBS_CMD_ALLOC_PD,
         {sizeof(ib_uverbs_alloc_pd), sizeof(ib_uverbs_alloc_pd_resp), alloc_pd}},
        {IB_USER_VERBS_CMD_DEALLOC_PD, {sizeof(ib_uverbs_dealloc_pd), 0, dealloc_pd}},
        {IB_USER_VERBS_CMD_REG_MR,
         {sizeof(ib_uverbs_reg_mr), sizeof(ib_uverbs_reg_mr_resp), reg_mr}},
        {IB_USER_VERBS_CMD_DEREG_MR, {sizeof(ib_uverbs_dereg_mr), 0, dereg_mr}},
        {IB_USER_VERBS_CMD_CREATE_COMP_CHANNEL,
         {sizeof(ib_uverbs_create_comp_channel), sizeof(ib_uverbs_create_comp_channel_resp),
          create_comp_channel}},
        {IB_USER_VERBS_CMD_CREATE_CQ,
         {sizeof(ib_uverbs_create_cq), sizeof(ib_uverbs_create_cq_resp), create_cq_legacy}},
        {kEx | IB_USER_VERBS_EX_CMD_CREATE_CQ,
         {sizeof(ib_uverbs_ex_create_cq), sizeof(ib_uverbs_ex_create_cq_resp), create_cq_ex}},
        {IB_USER_VERBS_CMD_DESTROY_CQ,
         {sizeof(ib_uverbs_destroy_cq), sizeof(ib_uverbs_destroy_cq_resp), destroy_cq}},
        {IB_USER_VERBS_CMD_REREG_MR,
         {sizeof(ib_uverbs_rereg_mr), sizeof(ib_uverbs_rereg_mr_resp), not_supported}},
        {IB_USER_VERBS_CMD_ALLOC_MW,
         {sizeof(ib_uverbs_alloc_mw), sizeof(ib_uverbs_alloc_mw_resp), not_supported}},
        {IB_USER_VERBS_CMD_RESIZE_CQ,
         {sizeof(ib_uverbs_resize_cq), sizeof(ib_uverbs_resize_cq_resp), not_supported}},
        {IB_USER_VERBS_CMD_CREATE_QP,
         {sizeof(ib_uverbs_create_qp), sizeof(ib_uverbs_create_qp_resp), not_supported}},
        {kEx | IB_USER_VERBS_EX_CMD_CREATE_QP,
         {offsetof(ib_uverbs_ex_create_qp, create_flags), sizeof(ib_uverbs_ex_create_qp_resp),
          not_supported}},
        {IB_USER_VERBS_CMD_CREATE_SRQ,
         {sizeof(ib_uverbs_create_srq), sizeof(ib_uverbs_create_srq_resp), not_supported}},
        {IB_USER_VERBS_CMD_CREATE_XSRQ,
         {sizeof(ib_uverbs_create_xsrq), sizeof(ib_uverbs_create_srq_resp), not_supported}},
        {IB_USER_VERBS_CMD_CREATE_AH,
         {sizeof(ib_uverbs_create_ah), sizeof(ib_uverbs_create_ah_resp), not_supported}},
        {IB_USER_VERBS_CMD_OPEN_XRCD,
         {sizeof(ib_uverbs_open_xrcd), sizeof(ib_uverbs_open_xrcd_resp), not_supported}},
        {kEx | IB_USER_VERBS_EX_CMD_CREATE_FLOW,
         {sizeof(ib_uverbs_create_flow), sizeof(ib_uverbs_create_flow_resp), not_supported}},
        {kEx | IB_USER_VERBS_EX_CMD_CREATE_WQ,
         {offsetof(ib_uverbs_ex_create_wq, create_flags), sizeof(ib_uverbs_ex_create_wq_resp),
          not_supported}},
        {kEx | IB_USER_VERBS_EX_CMD_CREATE_RWQ_IND_TBL,
         {sizeof(ib_uverbs_ex_create_rwq_ind_table), sizeof(ib_uverbs_ex_create_rwq_ind_table_resp),
          not_supported}},
        {kEx | IB_USER_VERBS_EX_CMD_MODIFY_CQ, {sizeof(ib_uverbs_ex_modify_cq), 0, not_supported}},
    };
    return kCommands;
}

int invoke_write(Request& request) {
    uint64_t number = 0;
    if (const int error =
            request.constant(UVERBS_ATTR_WRITE_CMD, std::numeric_limits<uint32_t>::max(), number)) {
        return error;
    }
    if ((number & ~uint64_t{kEx | IB_USER_VERBS_CMD_COMMAND_MASK}) != 0) {
        return EINVAL;
    }
    const auto command = write_commands().find(static_cast<uint32_t>(number));
    if (command == write_commands().end()) {
        return EOPNOTSUPP;
    }
    if (!request.file().disassociated()) {
        request.file().count_write_command(command->first);
    }
    if (input(request).length < command->second.request ||
        output(request).length < command->second.response) {
        return ENOSPC;
    }
    return command->second.run(request);
}

}  // namespace

std::vector<Method> write_methods() {
    using namespace attribute;
    return {{UVERBS_OBJECT_DEVICE, UVERBS_METHOD_INVOKE_WRITE,
             with_driver_data({constant(UVERBS_ATTR_WRITE_CMD),
                               in_at_least(UVERBS_ATTR_CORE_IN, 4).optional(),
                               out_at_least(UVERBS_ATTR_CORE_OUT, 0).optional()}),
             invoke_write}};
}

}  // namespace esw::sim::uverbs
