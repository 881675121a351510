// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim/uverbs/fixture.h"

namespace esw::sim {

namespace {

using Kind = EngineRecord::Kind;

class UverbsObjects : public UverbsTest {
protected:
    UverbsObjects() { EXPECT_EQ(open_context(), 0); }

    Ioctl register_mr(uint32_t pd, uint64_t start, uint64_t length, uint32_t access) {
        ib_uverbs_reg_mr command{};
        command.start = start;
        command.hca_va = start;
        command.length = length;
        command.pd_handle = pd;
        command.access_flags = access;
        return write(IB_USER_VERBS_CMD_REG_MR, command, sizeof(ib_uverbs_reg_mr_resp));
    }

    Ioctl allocate_dm(uint64_t type, uint64_t length, uint32_t log_alignment) {
        Ioctl alloc = ioctl(UVERBS_OBJECT_DM, UVERBS_METHOD_DM_ALLOC);
        alloc.handle(UVERBS_ATTR_ALLOC_DM_HANDLE, 0)
            .in(UVERBS_ATTR_ALLOC_DM_LENGTH, length)
            .in(UVERBS_ATTR_ALLOC_DM_ALIGNMENT, log_alignment)
            .constant(MLX5_IB_ATTR_ALLOC_DM_REQ_TYPE, type)
            .out<uint64_t>(MLX5_IB_ATTR_ALLOC_DM_RESP_START_OFFSET);
        return alloc;
    }

    Ioctl register_dm_mr(uint32_t pd, uint32_t dm, uint64_t offset, uint64_t length,
                         uint32_t access) {
        Ioctl reg = ioctl(UVERBS_OBJECT_MR, UVERBS_METHOD_DM_MR_REG);
        reg.handle(UVERBS_ATTR_REG_DM_MR_HANDLE, 0)
            .in(UVERBS_ATTR_REG_DM_MR_OFFSET, offset)
            .in(UVERBS_ATTR_REG_DM_MR_LENGTH, length)
            .handle(UVERBS_ATTR_REG_DM_MR_PD_HANDLE, pd)
            .in(UVERBS_ATTR_REG_DM_MR_ACCESS_FLAGS, access)
            .handle(UVERBS_ATTR_REG_DM_MR_DM_HANDLE, dm)
            .out<uint32_t>(UVERBS_ATTR_REG_DM_MR_RESP_LKEY)
            .out<uint32_t>(UVERBS_ATTR_REG_DM_MR_RESP_RKEY);
        return reg;
    }

    Ioctl create_cq(uint32_t entries, uint32_t entry_size) {
        mlx5_ib_create_cq part{};
        part.buf_addr = reinterpret_cast<uint64_t>(memory_.allocate(64 * 1024));
        part.db_addr = reinterpret_cast<uint64_t>(memory_.allocate(8));
        part.cqe_size = entry_size;
        part.flags = MLX5_IB_CREATE_CQ_FLAGS_UAR_PAGE_INDEX;
        Ioctl create = ioctl(UVERBS_OBJECT_CQ, UVERBS_METHOD_CQ_CREATE);
        create.handle(UVERBS_ATTR_CREATE_CQ_HANDLE, 0)
            .in(UVERBS_ATTR_CREATE_CQ_CQE, entries)
            .in(UVERBS_ATTR_CREATE_CQ_USER_HANDLE, uint64_t{7})
            .in(UVERBS_ATTR_CREATE_CQ_COMP_VECTOR, uint32_t{0})
            .out<uint32_t>(UVERBS_ATTR_CREATE_CQ_RESP_CQE)
            .in(UVERBS_ATTR_UHW_IN, part)
            .out<mlx5_ib_create_cq_resp>(UVERBS_ATTR_UHW_OUT);
        return create;
    }

    int free_dm(uint32_t dm) {
        return destroy(UVERBS_OBJECT_DM, UVERBS_METHOD_DM_FREE, UVERBS_ATTR_FREE_DM_HANDLE, dm);
    }
    int free_mr(uint32_t mr) {
        return destroy(UVERBS_OBJECT_MR, UVERBS_METHOD_MR_DESTROY, UVERBS_ATTR_DESTROY_MR_HANDLE,
                       mr);
    }
    size_t count(UverbsResource::Kind kind) {
        size_t count = 0;
        for (const UverbsResource& resource : device_->resources()) {
            count += resource.kind == kind ? 1 : 0;
        }
        return count;
    }
};

constexpr uint32_t kIcmAccess = IB_UVERBS_ACCESS_ZERO_BASED | IB_UVERBS_ACCESS_LOCAL_WRITE |
                                IB_UVERBS_ACCESS_REMOTE_WRITE | IB_UVERBS_ACCESS_REMOTE_READ;

TEST_F(UverbsObjects, HandlesAreTheLowestThatAreFree) {
    EXPECT_EQ(allocate_pd(), 0u);
    EXPECT_EQ(allocate_pd(), 1u);
    EXPECT_EQ(allocate_pd(), 2u);
    EXPECT_EQ(destroy_pd(1), 0);
    EXPECT_EQ(allocate_pd(), 1u);
}

TEST_F(UverbsObjects, AHandleOfACallThatFailsIsFreeAgain) {
    Ioctl refused = allocate_dm(MLX5_IB_UAPI_DM_TYPE_MEMIC, 64, 6);
    EXPECT_EQ(call(refused), EOPNOTSUPP);
    EXPECT_EQ(allocate_pd(), 0u);
}

TEST_F(UverbsObjects, MemoryRegionsHoldTheirDomain) {
    const uint32_t pd = allocate_pd();
    const auto start = reinterpret_cast<uint64_t>(memory_.allocate(8192)) + 16;
    Ioctl reg = register_mr(pd, start, 4000, IB_UVERBS_ACCESS_LOCAL_WRITE);
    ASSERT_EQ(call(reg), 0);
    const auto response = reg.out_as<ib_uverbs_reg_mr_resp>(UVERBS_ATTR_CORE_OUT);
    EXPECT_EQ(response.lkey, response.rkey);
    ASSERT_EQ(reg.result.records.size(), 1u);
    const EngineRecord& key = reg.result.records[0];
    EXPECT_EQ(key.kind, Kind::kAddKey);
    EXPECT_EQ(key.id, response.lkey);
    EXPECT_EQ(key.start, start);
    EXPECT_EQ(key.target, start);
    EXPECT_EQ(key.length, 4000u);
    EXPECT_EQ(key.in_icm, 0u);

    EXPECT_EQ(destroy_pd(pd), EBUSY);
    Ioctl dereg = write(IB_USER_VERBS_CMD_DEREG_MR, ib_uverbs_dereg_mr{response.mr_handle}, 0);
    EXPECT_EQ(call(dereg), 0);
    ASSERT_EQ(dereg.result.records.size(), 1u);
    EXPECT_EQ(dereg.result.records[0].kind, Kind::kRemoveKey);
    EXPECT_EQ(dereg.result.records[0].id, response.lkey);
    EXPECT_EQ(destroy_pd(pd), 0);
}

TEST_F(UverbsObjects, MemoryRegionsThatAreRefused) {
    const uint32_t pd = allocate_pd();
    const auto start = reinterpret_cast<uint64_t>(memory_.allocate(4096));
    Ioctl remote = register_mr(pd, start, 64, IB_UVERBS_ACCESS_REMOTE_WRITE);
    EXPECT_EQ(call(remote), EINVAL);
    Ioctl odp = register_mr(pd, start, 64, IB_UVERBS_ACCESS_ON_DEMAND);
    EXPECT_EQ(call(odp), EINVAL);
    Ioctl empty = register_mr(pd, start, 0, 0);
    EXPECT_EQ(call(empty), EINVAL);
    Ioctl bad = register_mr(pd, 0x1000, 64, 0);
    EXPECT_EQ(call(bad), EFAULT);
    Ioctl beyond = register_mr(pd, start, uint64_t{1} << 40, 0);
    EXPECT_EQ(call(beyond), EFAULT);
    Ioctl none = register_mr(pd + 1, start, 64, 0);
    EXPECT_EQ(call(none), ENOENT);
    EXPECT_EQ(count(UverbsResource::Kind::kMr), 0u);
    EXPECT_EQ(destroy_pd(pd), 0);
}

TEST_F(UverbsObjects, CompletionQueues) {
    Ioctl create = create_cq(100, 64);
    ASSERT_EQ(call(create), 0);
    EXPECT_EQ(create.out_as<uint32_t>(UVERBS_ATTR_CREATE_CQ_RESP_CQE), 127u);
    const uint32_t number = create.out_as<mlx5_ib_create_cq_resp>(UVERBS_ATTR_UHW_OUT).cqn;
    ASSERT_EQ(create.result.records.size(), 1u);
    EXPECT_EQ(create.result.records[0].kind, Kind::kAddCq);
    EXPECT_EQ(create.result.records[0].id, number);
    EXPECT_EQ(create.result.records[0].count, 128u);
    EXPECT_EQ(create.result.records[0].entry_size, 64u);

    Ioctl destroy = ioctl(UVERBS_OBJECT_CQ, UVERBS_METHOD_CQ_DESTROY);
    destroy.handle(UVERBS_ATTR_DESTROY_CQ_HANDLE, create.handle_of(UVERBS_ATTR_CREATE_CQ_HANDLE))
        .out<ib_uverbs_destroy_cq_resp>(UVERBS_ATTR_DESTROY_CQ_RESP);
    EXPECT_EQ(call(destroy), 0);
    ASSERT_EQ(destroy.result.records.size(), 1u);
    EXPECT_EQ(destroy.result.records[0].kind, Kind::kRemoveCq);

    Ioctl odd = create_cq(100, 32);
    EXPECT_EQ(call(odd), EINVAL);
    Ioctl huge = create_cq(1U << 22, 64);
    EXPECT_EQ(call(huge), EINVAL);
}

TEST_F(UverbsObjects, SteeringMemoryNeedsBothCapabilities) {
    for (const int capability : {CAP_SYS_RAWIO, CAP_NET_RAW}) {
        memory_.capabilities = {CAP_SYS_RAWIO, CAP_NET_RAW};
        memory_.capabilities.erase(capability);
        Ioctl alloc = allocate_dm(MLX5_IB_UAPI_DM_TYPE_STEERING_SW_ICM, 4096, 12);
        EXPECT_EQ(call(alloc), EPERM);
    }
}

TEST_F(UverbsObjects, SteeringMemoryIsAlignedAndRunsOut) {
    const auto icm = [&](uint64_t length) {
        Ioctl alloc = allocate_dm(MLX5_IB_UAPI_DM_TYPE_STEERING_SW_ICM, length, 19);
        const int error = call(alloc);
        if (error == 0) {
            EXPECT_EQ(alloc.out_as<uint64_t>(MLX5_IB_ATTR_ALLOC_DM_RESP_START_OFFSET) % (1 << 19),
                      0u);
        }
        return std::pair(error, error == 0 ? alloc.handle_of(UVERBS_ATTR_ALLOC_DM_HANDLE) : 0);
    };
    const auto [first_error, first] = icm(1 << 19);
    EXPECT_EQ(first_error, 0);
    EXPECT_EQ(icm(1 << 19).first, 0);
    EXPECT_EQ(icm(64).first, ENOMEM);
    EXPECT_EQ(free_dm(first), 0);
    EXPECT_EQ(icm(1 << 19).first, 0);
    EXPECT_EQ(icm(uint64_t{1} << 63).first, ENOMEM);
    EXPECT_EQ(icm(0).first, EINVAL);
    Ioctl pattern = allocate_dm(MLX5_IB_UAPI_DM_TYPE_HEADER_MODIFY_PATTERN_SW_ICM, 64, 6);
    EXPECT_EQ(call(pattern), EOPNOTSUPP);
}

TEST_F(UverbsObjects, KeysOfSteeringMemory) {
    const uint32_t pd = allocate_pd();
    Ioctl alloc = allocate_dm(MLX5_IB_UAPI_DM_TYPE_HEADER_MODIFY_SW_ICM, 1024, 10);
    ASSERT_EQ(call(alloc), 0);
    const auto address = alloc.out_as<uint64_t>(MLX5_IB_ATTR_ALLOC_DM_RESP_START_OFFSET);
    const uint32_t dm = alloc.handle_of(UVERBS_ATTR_ALLOC_DM_HANDLE);

    Ioctl reg = register_dm_mr(pd, dm, 128, 512, kIcmAccess);
    ASSERT_EQ(call(reg), 0);
    ASSERT_EQ(reg.result.records.size(), 1u);
    const EngineRecord& key = reg.result.records[0];
    EXPECT_EQ(key.in_icm, 1u);
    EXPECT_EQ(key.start, 0u);
    EXPECT_EQ(key.length, 512u);
    uint64_t offset = 0;
    ASSERT_TRUE(firmware_->icm().offset_of(address + 128, offset));
    EXPECT_EQ(key.target, offset);
    EXPECT_EQ(key.id, reg.out_as<uint32_t>(UVERBS_ATTR_REG_DM_MR_RESP_LKEY));

    EXPECT_EQ(free_dm(dm), EBUSY);
    EXPECT_EQ(free_mr(reg.handle_of(UVERBS_ATTR_REG_DM_MR_HANDLE)), 0);
    EXPECT_EQ(free_dm(dm), 0);
}

TEST_F(UverbsObjects, KeysOfSteeringMemoryThatAreRefused) {
    const uint32_t pd = allocate_pd();
    Ioctl alloc = allocate_dm(MLX5_IB_UAPI_DM_TYPE_STEERING_SW_ICM, 1024, 10);
    ASSERT_EQ(call(alloc), 0);
    const uint32_t dm = alloc.handle_of(UVERBS_ATTR_ALLOC_DM_HANDLE);
    Ioctl beyond = register_dm_mr(pd, dm, 1000, 64, kIcmAccess);
    EXPECT_EQ(call(beyond), EINVAL);
    Ioctl based = register_dm_mr(pd, dm, 0, 64, IB_UVERBS_ACCESS_LOCAL_WRITE);
    EXPECT_EQ(call(based), EINVAL);
    Ioctl atomic = register_dm_mr(pd, dm, 0, 64, kIcmAccess | IB_UVERBS_ACCESS_REMOTE_ATOMIC);
    EXPECT_EQ(call(atomic), EINVAL);
    EXPECT_EQ(free_dm(dm), 0);
}

TEST_F(UverbsObjects, DoorbellPagesAreMappedByTheirOffset) {
    Ioctl alloc = ioctl(MLX5_IB_OBJECT_UAR, MLX5_IB_METHOD_UAR_OBJ_ALLOC);
    alloc.handle(MLX5_IB_ATTR_UAR_OBJ_ALLOC_HANDLE, 0)
        .constant(MLX5_IB_ATTR_UAR_OBJ_ALLOC_TYPE, MLX5_IB_UAPI_UAR_ALLOC_TYPE_NC)
        .out<uint32_t>(MLX5_IB_ATTR_UAR_OBJ_ALLOC_PAGE_ID)
        .out<uint32_t>(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_LENGTH)
        .out<uint64_t>(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_OFFSET);
    ASSERT_EQ(call(alloc), 0);
    const auto offset = alloc.out_as<uint64_t>(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_OFFSET);
    EXPECT_EQ(alloc.out_as<uint32_t>(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_LENGTH), 4096u);
    EXPECT_EQ(file_->mmap(offset, 4096, 0), 0);
    EXPECT_EQ(file_->mmap(offset, 8192, 0), EINVAL);
    EXPECT_EQ(file_->mmap(offset + 4096, 4096, 0), EINVAL);
    EXPECT_EQ(destroy(MLX5_IB_OBJECT_UAR, MLX5_IB_METHOD_UAR_OBJ_DESTROY,
                      MLX5_IB_ATTR_UAR_OBJ_DESTROY_HANDLE,
                      alloc.handle_of(MLX5_IB_ATTR_UAR_OBJ_ALLOC_HANDLE)),
              0);
    EXPECT_EQ(file_->mmap(offset, 4096, 0), EINVAL);
}

TEST_F(UverbsObjects, ResourcesOfEachProcess) {
    const uint32_t pd = allocate_pd();
    const auto start = reinterpret_cast<uint64_t>(memory_.allocate(4096));
    Ioctl reg = register_mr(pd, start, 64, 0);
    ASSERT_EQ(call(reg), 0);
    Ioctl cq = create_cq(10, 128);
    ASSERT_EQ(call(cq), 0);
    using K = UverbsResource::Kind;
    EXPECT_EQ(count(K::kContext), 1u);
    EXPECT_EQ(count(K::kPd), 1u);
    EXPECT_EQ(count(K::kCq), 1u);
    EXPECT_EQ(count(K::kMr), 1u);
    for (const UverbsResource& resource : device_->resources()) {
        EXPECT_EQ(resource.process, ::getpid());
        if (resource.kind == K::kPd) {
            EXPECT_EQ(resource.id, pdn_);
            EXPECT_EQ(resource.users, 1u);
        }
        if (resource.kind == K::kMr) {
            EXPECT_EQ(resource.pd, pdn_);
            EXPECT_EQ(resource.length, 64u);
        }
    }
}

TEST_F(UverbsObjects, EverythingEndsWithTheFile) {
    const uint32_t pd = allocate_pd();
    Ioctl alloc = allocate_dm(MLX5_IB_UAPI_DM_TYPE_STEERING_SW_ICM, 1 << 20, 20);
    ASSERT_EQ(call(alloc), 0);
    Ioctl reg = register_dm_mr(pd, alloc.handle_of(UVERBS_ATTR_ALLOC_DM_HANDLE), 0, 64, kIcmAccess);
    ASSERT_EQ(call(reg), 0);
    file_.reset();
    EXPECT_EQ(device_->open_files(), 0u);
    EXPECT_TRUE(device_->resources().empty());

    // All of the steering memory is free again.
    file_ = device_->open(::getpid());
    ASSERT_EQ(open_context(), 0);
    Ioctl again = allocate_dm(MLX5_IB_UAPI_DM_TYPE_STEERING_SW_ICM, 1 << 20, 20);
    EXPECT_EQ(call(again), 0);
}

TEST_F(UverbsObjects, HandlesOfAnObjectType) {
    const uint32_t pd = allocate_pd();
    const uint32_t other = allocate_pd();
    Ioctl info = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_INFO_HANDLES);
    info.constant(UVERBS_ATTR_INFO_OBJECT_ID, UVERBS_OBJECT_PD)
        .out<uint32_t>(UVERBS_ATTR_INFO_TOTAL_HANDLES)
        .out(UVERBS_ATTR_INFO_HANDLES_LIST, 12);
    ASSERT_EQ(call(info), 0);
    EXPECT_EQ(info.out_as<uint32_t>(UVERBS_ATTR_INFO_TOTAL_HANDLES), 2u);
    EXPECT_EQ(info.out_as<uint32_t>(UVERBS_ATTR_INFO_HANDLES_LIST), other);
    EXPECT_EQ(pd, 0u);
}

TEST_F(UverbsObjects, ADeviceThatGoesTakesObjectsAndLeavesHandles) {
    const uint32_t pd = allocate_pd();
    const auto start = reinterpret_cast<uint64_t>(memory_.allocate(4096));
    Ioctl reg = register_mr(pd, start, 64, 0);
    ASSERT_EQ(call(reg), 0);
    Ioctl dm = allocate_dm(MLX5_IB_UAPI_DM_TYPE_STEERING_SW_ICM, 64, 6);
    ASSERT_EQ(call(dm), 0);
    device_.reset();
    firmware_.reset();

    Ioctl query = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_PORT);
    query.constant(UVERBS_ATTR_QUERY_PORT_PORT_NUM, 1)
        .out<ib_uverbs_query_port_resp_ex>(UVERBS_ATTR_QUERY_PORT_RESP);
    EXPECT_EQ(call(query), EIO);
    Ioctl again = register_mr(pd, start, 64, 0);
    EXPECT_EQ(call(again), EIO);
    Ioctl context = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_GET_CONTEXT);
    EXPECT_EQ(call(context), EIO);
    EXPECT_EQ(file_->mmap(0, 4096, 0), EIO);

    // Core destroy methods succeed once; those of the driver are gone.
    EXPECT_EQ(destroy_pd(pd), 0);
    EXPECT_EQ(destroy_pd(pd), ENOENT);
    EXPECT_EQ(free_dm(dm.handle_of(UVERBS_ATTR_ALLOC_DM_HANDLE)), 0);
    EXPECT_EQ(destroy(MLX5_IB_OBJECT_UAR, MLX5_IB_METHOD_UAR_OBJ_DESTROY,
                      MLX5_IB_ATTR_UAR_OBJ_DESTROY_HANDLE, 0),
              EIO);
}

TEST_F(UverbsObjects, AsynchronousEventsEndWithDeviceFatal) {
    Ioctl alloc = ioctl(UVERBS_OBJECT_ASYNC_EVENT, UVERBS_METHOD_ASYNC_EVENT_ALLOC);
    alloc.handle(UVERBS_ATTR_ASYNC_EVENT_ALLOC_FD_HANDLE, 0);
    ASSERT_EQ(call(alloc), 0);
    ASSERT_TRUE(alloc.result.descriptor);
    EXPECT_EQ(alloc.result.descriptor_size, 8u);
    const int fd = alloc.result.descriptor.get();

    device_->port_event(2, true);
    ib_uverbs_async_event_desc event{};
    ASSERT_EQ(::recv(fd, &event, sizeof event, MSG_DONTWAIT), static_cast<ssize_t>(sizeof event));
    EXPECT_EQ(event.event_type, 9u);  // IB_EVENT_PORT_ACTIVE
    EXPECT_EQ(event.element, 2u);

    device_->disassociate();
    ASSERT_EQ(::recv(fd, &event, sizeof event, MSG_DONTWAIT), static_cast<ssize_t>(sizeof event));
    EXPECT_EQ(event.event_type, 8u);  // IB_EVENT_DEVICE_FATAL
    // Silent after that, as the kernel's is; end of file only when the device file is closed.
    EXPECT_EQ(::recv(fd, &event, sizeof event, MSG_DONTWAIT), -1);
    EXPECT_EQ(errno, EAGAIN);
    file_.reset();
    EXPECT_EQ(::recv(fd, &event, sizeof event, MSG_DONTWAIT), 0);
}

TEST_F(UverbsObjects, CompletionChannelsByWriteCommand) {
    Ioctl create = write(IB_USER_VERBS_CMD_CREATE_COMP_CHANNEL, ib_uverbs_create_comp_channel{},
                         sizeof(ib_uverbs_create_comp_channel_resp));
    ASSERT_EQ(call(create), 0);
    ASSERT_TRUE(create.result.descriptor);
    EXPECT_EQ(create.result.descriptor_size, 4u);
    EXPECT_EQ(create.result.descriptor_at, create.result_of(UVERBS_ATTR_CORE_OUT).data);
}

}  // namespace

}  // namespace esw::sim
