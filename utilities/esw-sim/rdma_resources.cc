// SPDX-License-Identifier: Apache-2.0
// Resource tracking of RDMA netlink: drivers/infiniband/core/nldev.c and restrack.c.
#include "utilities/esw-sim/rdma_resources.h"

#include <rdma/rdma_netlink.h>

#include <algorithm>
#include <iterator>

#include "utilities/esw-sim/message_writer.h"

namespace esw::sim {

namespace {

using Kind = UverbsResource::Kind;

/// struct nldev_fill_res_entry: what a list is made of.
struct List {
    uint16_t command;
    uint16_t table;
    uint16_t entry;
    bool ours;  ///< programs can have such resources here
    Kind kind;
};

/// So that a message stays below a page.
constexpr size_t kEntriesInMessage = 50;

constexpr List kLists[] = {
    {RDMA_NLDEV_CMD_RES_QP_GET, RDMA_NLDEV_ATTR_RES_QP, RDMA_NLDEV_ATTR_RES_QP_ENTRY, false, {}},
    {RDMA_NLDEV_CMD_RES_CM_ID_GET,
     RDMA_NLDEV_ATTR_RES_CM_ID,
     RDMA_NLDEV_ATTR_RES_CM_ID_ENTRY,
     false,
     {}},
    {RDMA_NLDEV_CMD_RES_SRQ_GET, RDMA_NLDEV_ATTR_RES_SRQ, RDMA_NLDEV_ATTR_RES_SRQ_ENTRY, false, {}},
    {RDMA_NLDEV_CMD_RES_CQ_GET, RDMA_NLDEV_ATTR_RES_CQ, RDMA_NLDEV_ATTR_RES_CQ_ENTRY, true,
     Kind::kCq},
    {RDMA_NLDEV_CMD_RES_MR_GET, RDMA_NLDEV_ATTR_RES_MR, RDMA_NLDEV_ATTR_RES_MR_ENTRY, true,
     Kind::kMr},
    {RDMA_NLDEV_CMD_RES_PD_GET, RDMA_NLDEV_ATTR_RES_PD, RDMA_NLDEV_ATTR_RES_PD_ENTRY, true,
     Kind::kPd},
    {RDMA_NLDEV_CMD_RES_CTX_GET, RDMA_NLDEV_ATTR_RES_CTX, RDMA_NLDEV_ATTR_RES_CTX_ENTRY, true,
     Kind::kContext},
};

const List* find_list(uint16_t command) {
    const auto found = std::find_if(std::begin(kLists), std::end(kLists),
                                    [&](const List& list) { return list.command == command; });
    return found == std::end(kLists) ? nullptr : found;
}

// fill_res_cq_entry(), fill_res_mr_entry(), fill_res_pd_entry(), fill_res_ctx_entry()
void put_resource(MessageWriter& message, const UverbsResource& resource, bool admin) {
    switch (resource.kind) {
        case Kind::kCq:
            message.u32(RDMA_NLDEV_ATTR_RES_CQE, resource.entries);
            message.u64(RDMA_NLDEV_ATTR_RES_USECNT, resource.users);
            message.u32(RDMA_NLDEV_ATTR_RES_CQN, resource.id);
            break;
        case Kind::kMr:
            if (admin) {
                message.u32(RDMA_NLDEV_ATTR_RES_RKEY, resource.key);
                message.u32(RDMA_NLDEV_ATTR_RES_LKEY, resource.key);
            }
            message.u64(RDMA_NLDEV_ATTR_RES_MRLEN, resource.length);
            message.u32(RDMA_NLDEV_ATTR_RES_MRN, resource.id);
            message.u32(RDMA_NLDEV_ATTR_RES_PDN, resource.pd);
            break;
        case Kind::kPd:
            if (admin) {
                message.u32(RDMA_NLDEV_ATTR_RES_LOCAL_DMA_LKEY, 0);
            }
            message.u64(RDMA_NLDEV_ATTR_RES_USECNT, resource.users);
            message.u32(RDMA_NLDEV_ATTR_RES_PDN, resource.id);
            break;
        case Kind::kContext:
            break;
    }
    if (resource.kind != Kind::kMr) {
        message.u32(RDMA_NLDEV_ATTR_RES_CTXN,
                    resource.kind == Kind::kContext ? resource.id : resource.context);
    }
    message.u32(RDMA_NLDEV_ATTR_RES_PID, static_cast<uint32_t>(resource.process));
}

uint64_t count(const UverbsResources& resources, Kind kind) {
    return static_cast<uint64_t>(
        std::count_if(resources.begin(), resources.end(),
                      [&](const UverbsResource& resource) { return resource.kind == kind; }));
}

void put_device(MessageWriter& message, const IbDevice& device) {
    message.u32(RDMA_NLDEV_ATTR_DEV_INDEX, device.index);
    message.text(RDMA_NLDEV_ATTR_DEV_NAME, device.name);
}

}  // namespace

Bytes encode_resource_summary(const IbDevice& device, const UverbsResources& resources) {
    MessageWriter message(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_RES_GET));
    put_device(message, device);
    const size_t table = message.nest(RDMA_NLDEV_ATTR_RES_SUMMARY);
    // The driver's own: mlx5_ib_dev_res_init() and the GSI queue pair.
    const std::pair<const char*, uint64_t> counts[] = {{"pd", 1 + count(resources, Kind::kPd)},
                                                       {"cq", 2 + count(resources, Kind::kCq)},
                                                       {"qp", 1},
                                                       {"cm_id", 0},
                                                       {"mr", count(resources, Kind::kMr)},
                                                       {"ctx", count(resources, Kind::kContext)},
                                                       {"srq", 2}};
    for (const auto& [name, number] : counts) {
        const size_t entry = message.nest(RDMA_NLDEV_ATTR_RES_SUMMARY_ENTRY);
        message.text(RDMA_NLDEV_ATTR_RES_SUMMARY_ENTRY_NAME, name);
        message.u64(RDMA_NLDEV_ATTR_RES_SUMMARY_ENTRY_CURR, number);
        message.end(entry);
    }
    message.end(table);
    return message.finish();
}

bool is_resource_list(uint16_t command) {
    return find_list(command) != nullptr;
}

std::vector<Bytes> encode_resource_list(const IbDevice& device, uint16_t command,
                                        const UverbsResources& resources, bool admin) {
    const List& list = *find_list(command);
    std::vector<const UverbsResource*> wanted;
    for (const UverbsResource& resource : resources) {
        if (list.ours && resource.kind == list.kind) {
            wanted.push_back(&resource);
        }
    }
    std::vector<Bytes> messages;
    size_t next = 0;
    do {
        MessageWriter message(static_cast<uint16_t>(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, command)));
        put_device(message, device);
        const size_t table = message.nest(list.table);
        for (size_t i = 0; i < kEntriesInMessage && next < wanted.size(); i++, next++) {
            const size_t entry = message.nest(list.entry);
            put_resource(message, *wanted[next], admin);
            message.end(entry);
        }
        message.end(table);
        messages.push_back(message.finish());
    } while (next < wanted.size());
    return messages;
}

}  // namespace esw::sim
