// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim/uverbs/fixture.h"

namespace esw::sim {

namespace {

using UverbsRequest = UverbsTest;

TEST_F(UverbsRequest, ChecksTheHeader) {
    Ioctl wrong_length = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_CONTEXT);
    wrong_length.header().length = 40;
    EXPECT_EQ(call(wrong_length), EINVAL);

    Ioctl reserved = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_CONTEXT);
    reserved.header().reserved1 = 1;
    EXPECT_EQ(call(reserved), EPROTONOSUPPORT);

    Ioctl driver = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_CONTEXT);
    driver.header().driver_id = RDMA_DRIVER_MLX4;
    EXPECT_EQ(call(driver), EINVAL);

    Ioctl unknown = ioctl(UVERBS_OBJECT_DEVICE, 99);
    EXPECT_EQ(call(unknown), EPROTONOSUPPORT);

    bool done = false;
    file_->ioctl(std::make_shared<ProgramMemory>(), 8, [&](IoctlResult result) {
        EXPECT_EQ(result.error, EFAULT);
        done = true;
    });
    EXPECT_TRUE(done);
}

TEST_F(UverbsRequest, RefusesAttributesThatItDoesNotKnow) {
    ASSERT_EQ(open_context(), 0);
    Ioctl mandatory = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_PORT);
    mandatory.constant(UVERBS_ATTR_QUERY_PORT_PORT_NUM, 1)
        .out<ib_uverbs_query_port_resp_ex>(UVERBS_ATTR_QUERY_PORT_RESP);
    mandatory.raw(0x777, 8, 0);
    EXPECT_EQ(call(mandatory), EPROTONOSUPPORT);

    Ioctl optional = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_PORT);
    optional.constant(UVERBS_ATTR_QUERY_PORT_PORT_NUM, 1)
        .out<ib_uverbs_query_port_resp_ex>(UVERBS_ATTR_QUERY_PORT_RESP);
    optional.raw(0x777, 8, 0).flags = 0;
    EXPECT_EQ(call(optional), 0);
}

TEST_F(UverbsRequest, RefusesWhatIsMissingOrThereTwiceOrOfTheWrongSize) {
    ASSERT_EQ(open_context(), 0);
    Ioctl missing = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_PORT);
    missing.constant(UVERBS_ATTR_QUERY_PORT_PORT_NUM, 1);
    EXPECT_EQ(call(missing), EINVAL);

    Ioctl twice = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_PORT);
    twice.constant(UVERBS_ATTR_QUERY_PORT_PORT_NUM, 1)
        .constant(UVERBS_ATTR_QUERY_PORT_PORT_NUM, 1)
        .out<ib_uverbs_query_port_resp_ex>(UVERBS_ATTR_QUERY_PORT_RESP);
    EXPECT_EQ(call(twice), EINVAL);

    Ioctl small = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_PORT);
    small.in(UVERBS_ATTR_QUERY_PORT_PORT_NUM, uint32_t{1})
        .out<ib_uverbs_query_port_resp_ex>(UVERBS_ATTR_QUERY_PORT_RESP);
    EXPECT_EQ(call(small), EINVAL);

    Ioctl reserved = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_PORT);
    reserved.raw(UVERBS_ATTR_QUERY_PORT_PORT_NUM, 8, 1).attr_data.reserved = 1;
    reserved.out<ib_uverbs_query_port_resp_ex>(UVERBS_ATTR_QUERY_PORT_RESP);
    EXPECT_EQ(call(reserved), EINVAL);
}

TEST_F(UverbsRequest, MarksOutputsAndZeroesWhatIsLonger) {
    ASSERT_EQ(open_context(), 0);
    constexpr size_t kRoom = sizeof(ib_uverbs_query_port_resp_ex) + 8;
    Ioctl query = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_PORT);
    query.constant(UVERBS_ATTR_QUERY_PORT_PORT_NUM, 1).out(UVERBS_ATTR_QUERY_PORT_RESP, kRoom);
    ASSERT_EQ(call(query), 0);
    EXPECT_NE(query.result_of(UVERBS_ATTR_QUERY_PORT_RESP).flags & UVERBS_ATTR_F_VALID_OUTPUT, 0);
    EXPECT_EQ(query.result_of(UVERBS_ATTR_QUERY_PORT_PORT_NUM).flags & UVERBS_ATTR_F_VALID_OUTPUT,
              0);
    const auto bytes = query.out_bytes(UVERBS_ATTR_QUERY_PORT_RESP, kRoom);
    EXPECT_EQ(bytes[kRoom - 8], std::byte{0});
    EXPECT_EQ(bytes[kRoom - 1], std::byte{0});
}

TEST_F(UverbsRequest, BadAddressesAreEfault) {
    ASSERT_EQ(open_context(), 0);
    Ioctl out = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_PORT);
    out.constant(UVERBS_ATTR_QUERY_PORT_PORT_NUM, 1);
    out.raw(UVERBS_ATTR_QUERY_PORT_RESP, sizeof(ib_uverbs_query_port_resp_ex), 0x1000);
    EXPECT_EQ(call(out), EFAULT);

    Ioctl in = ioctl(MLX5_IB_OBJECT_DEVX, MLX5_IB_METHOD_DEVX_OTHER);
    in.raw(MLX5_IB_ATTR_DEVX_OTHER_CMD_IN, 16, 0x1000);
    in.out(MLX5_IB_ATTR_DEVX_OTHER_CMD_OUT, 16);
    EXPECT_EQ(call(in), EFAULT);
}

TEST_F(UverbsRequest, HandlesOfNothingOrOfOtherObjects) {
    ASSERT_EQ(open_context(), 0);
    EXPECT_EQ(destroy_pd(5), ENOENT);
    EXPECT_EQ(destroy_pd(0), ENOENT);
    const uint32_t pd = allocate_pd();
    EXPECT_EQ(
        destroy(UVERBS_OBJECT_MR, UVERBS_METHOD_MR_DESTROY, UVERBS_ATTR_DESTROY_MR_HANDLE, pd),
        EINVAL);
    Ioctl negative = ioctl(UVERBS_OBJECT_PD, UVERBS_METHOD_PD_DESTROY);
    negative.handle(UVERBS_ATTR_DESTROY_PD_HANDLE, ~uint64_t{0});
    EXPECT_EQ(call(negative), EINVAL);
    EXPECT_EQ(destroy_pd(pd), 0);
    EXPECT_EQ(destroy_pd(pd), ENOENT);
}

TEST_F(UverbsRequest, NothingWithoutAContext) {
    Ioctl query = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_PORT);
    query.constant(UVERBS_ATTR_QUERY_PORT_PORT_NUM, 1)
        .out<ib_uverbs_query_port_resp_ex>(UVERBS_ATTR_QUERY_PORT_RESP);
    EXPECT_EQ(call(query), EINVAL);
    Ioctl uar = ioctl(MLX5_IB_OBJECT_UAR, MLX5_IB_METHOD_UAR_OBJ_ALLOC);
    uar.handle(MLX5_IB_ATTR_UAR_OBJ_ALLOC_HANDLE, 0)
        .constant(MLX5_IB_ATTR_UAR_OBJ_ALLOC_TYPE, MLX5_IB_UAPI_UAR_ALLOC_TYPE_NC)
        .out<uint32_t>(MLX5_IB_ATTR_UAR_OBJ_ALLOC_PAGE_ID)
        .out<uint32_t>(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_LENGTH)
        .out<uint64_t>(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_OFFSET);
    EXPECT_EQ(call(uar), EINVAL);
    EXPECT_EQ(file_->mmap(0, 4096, 0), EINVAL);
}

TEST_F(UverbsRequest, OneContextForEachOpenFile) {
    EXPECT_EQ(open_context(), 0);
    EXPECT_EQ(open_context(), EINVAL);
    EXPECT_EQ(context_.num_ports, 3);
    EXPECT_EQ(context_.tot_bfregs, 0u);
    EXPECT_EQ(context_.cqe_version, 1);
    EXPECT_EQ(context_.response_length, sizeof context_);
}

TEST_F(UverbsRequest, AContextWithFlagsThatNobodyKnows) {
    EXPECT_EQ(open_context(MLX5_IB_ALLOC_UCTX_DEVX | 0x100), EOPNOTSUPP);
}

TEST_F(UverbsRequest, ShortWriteCommandsAreEnospc) {
    ASSERT_EQ(open_context(), 0);
    // has_ioctl_write() of libibverbs: no input and no output at all.
    Ioctl probe = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_INVOKE_WRITE);
    probe.constant(UVERBS_ATTR_WRITE_CMD, IB_USER_VERBS_CMD_ALLOC_PD);
    EXPECT_EQ(call(probe), ENOSPC);
    Ioctl unknown = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_INVOKE_WRITE);
    unknown.constant(UVERBS_ATTR_WRITE_CMD, 0x40);
    EXPECT_EQ(call(unknown), EOPNOTSUPP);
    Ioctl bad = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_INVOKE_WRITE);
    bad.constant(UVERBS_ATTR_WRITE_CMD, 0x100);
    EXPECT_EQ(call(bad), EINVAL);
}

TEST_F(UverbsRequest, LongerCommandsMustEndInZeros) {
    ASSERT_EQ(open_context(), 0);
    struct {
        ib_uverbs_ex_query_device command;
        uint64_t more;
    } longer{};
    constexpr uint32_t kNumber =
        IB_USER_VERBS_EX_CMD_QUERY_DEVICE | IB_USER_VERBS_CMD_FLAG_EXTENDED;
    Ioctl zeros = write(kNumber, longer, sizeof(ib_uverbs_ex_query_device_resp));
    ASSERT_EQ(call(zeros), 0);
    const auto response = zeros.out_as<ib_uverbs_ex_query_device_resp>(UVERBS_ATTR_CORE_OUT);
    EXPECT_EQ(response.response_length, sizeof response);
    EXPECT_EQ(response.base.phys_port_cnt, 3);
    EXPECT_EQ(response.base.vendor_part_id, 0x101du);
    longer.more = 1;
    Ioctl more = write(kNumber, longer, sizeof(ib_uverbs_ex_query_device_resp));
    EXPECT_EQ(call(more), EOPNOTSUPP);
}

TEST_F(UverbsRequest, CallsAreCountedAndMayBeHeldOrFail) {
    ASSERT_EQ(open_context(), 0);
    model_.fault = ENOMEM;
    EXPECT_EQ(destroy_pd(0), ENOMEM);
    model_.fault = 0;
    const auto& calls = device_->ioctls();
    EXPECT_EQ(calls.at({UVERBS_OBJECT_DEVICE, UVERBS_METHOD_GET_CONTEXT}), 1u);
    EXPECT_EQ(calls.count({UVERBS_OBJECT_PD, UVERBS_METHOD_PD_DESTROY}), 0u);

    model_.hold = true;
    std::vector<int> errors;
    const std::shared_ptr<UserMemory> memory(&memory_, [](UserMemory*) {});
    std::byte* const header = memory_.allocate(sizeof(ib_uverbs_ioctl_hdr));
    const auto done = [&](IoctlResult result) { errors.push_back(result.error); };
    file_->ioctl(memory, reinterpret_cast<uint64_t>(header), done);
    file_->ioctl(memory, reinterpret_cast<uint64_t>(header), done);
    EXPECT_TRUE(errors.empty());
    model_.held[0](0);
    EXPECT_EQ(errors, std::vector<int>({EINVAL}));  // a header of zeros
    file_.reset();
    model_.held[1](0);
    EXPECT_EQ(errors, std::vector<int>({EINVAL, EIO}));
}

TEST_F(UverbsRequest, PortsOfTheEswitch) {
    ASSERT_EQ(open_context(), 0);
    const auto query = [&](uint32_t port) {
        Ioctl request = ioctl(UVERBS_OBJECT_DEVICE, MLX5_IB_METHOD_QUERY_PORT);
        request.in(MLX5_IB_ATTR_QUERY_PORT_PORT_NUM, port)
            .out<mlx5_ib_uapi_query_port>(MLX5_IB_ATTR_QUERY_PORT);
        const int result = call(request);
        return std::pair(result, request.out_as<mlx5_ib_uapi_query_port>(MLX5_IB_ATTR_QUERY_PORT));
    };
    const auto [error, wire] = query(1);
    ASSERT_EQ(error, 0);
    EXPECT_EQ(wire.vport, FakeModel::kWire);
    EXPECT_EQ(wire.flags & MLX5_IB_UAPI_QUERY_PORT_VPORT_VHCA_ID, 0u);
    EXPECT_EQ(wire.reg_c0.value, 0x10000u);
    EXPECT_EQ(wire.reg_c0.mask, 0xffff0000u);
    EXPECT_EQ(wire.vport_steering_icm_tx, firmware_->vport_icm(FakeModel::kWire).tx);
    const auto [vf_error, vf] = query(2);
    ASSERT_EQ(vf_error, 0);
    EXPECT_EQ(vf.vport, 1);
    EXPECT_EQ(vf.vport_vhca_id, FakeModel::kVhca + 1);
    EXPECT_EQ(vf.esw_owner_vhca_id, FakeModel::kVhca);
    EXPECT_EQ(query(3).first, EOPNOTSUPP);
    EXPECT_EQ(query(0).first, EINVAL);
    EXPECT_EQ(query(4).first, EINVAL);
    model_.switchdev_ = false;
    EXPECT_EQ(query(2).first, 0);
    EXPECT_EQ(query(2).second.flags, 0u);
}

}  // namespace

}  // namespace esw::sim
