// SPDX-License-Identifier: Apache-2.0
#include <sys/eventfd.h>

#include <algorithm>

#include "tests/unit/sim/uverbs/fixture.h"
#include "utilities/esw-sim/uverbs/devx_events.h"

namespace esw::sim {

namespace {

namespace devx = uverbs::devx;
using Bytes = std::vector<std::byte>;

Bytes command(uint16_t opcode, uint16_t modifier = 0, size_t size = 16) {
    Bytes in(size);
    devx::set(in, devx::kOpcode, opcode);
    devx::set(in, devx::kObjectType, modifier);
    return in;
}

/// Opcodes for which a predicate holds, of all that there are.
std::vector<uint16_t> all(bool (*allowed)(devx::ConstMailbox), uint16_t modifier) {
    std::vector<uint16_t> opcodes;
    for (uint32_t opcode = 0; opcode < 0xb00; opcode++) {
        if (allowed(command(static_cast<uint16_t>(opcode), modifier))) {
            opcodes.push_back(static_cast<uint16_t>(opcode));
        }
    }
    return opcodes;
}

TEST(UverbsDevxLists, GeneralCommandsAreThoseOfTheKernel) {
    // devx_is_general_cmd()
    EXPECT_EQ(all(devx::is_general, 0),
              std::vector<uint16_t>({0x100, 0x101, 0x10a, 0x740, 0x750, 0x752, 0x754, 0x760, 0x762,
                                     0x76f, 0x770, 0x80a, 0x80d, 0x822, 0x824, 0x826, 0x842}));
    EXPECT_TRUE(devx::is_general(command(0xb00)));
    EXPECT_TRUE(devx::is_general(command(0xcff)));
    EXPECT_FALSE(devx::is_general(command(0xd00)));
    // devx_is_whitelist_cmd()
    EXPECT_EQ(all(devx::is_for_all, 0), std::vector<uint16_t>({0x100, 0x740, 0x752, 0x762}));
}

TEST(UverbsDevxLists, CreateModifyAndQueryCommandsAreThoseOfTheKernel) {
    EXPECT_EQ(
        all(devx::creates, 0),
        std::vector<uint16_t>({0x200, 0x400, 0x500, 0x700, 0x705, 0x710, 0x717, 0x771, 0x782, 0x800,
                               0x806, 0x80e, 0x816, 0x827, 0x829, 0x900, 0x904, 0x908, 0x90c, 0x912,
                               0x916, 0x930, 0x933, 0x936, 0x939, 0x93d, 0x940, 0xa00}));
    EXPECT_FALSE(devx::creates(command(0x936, 1)));  // SET_FLOW_TABLE_ENTRY that modifies
    EXPECT_TRUE(devx::modifies(command(0x936, 1)));
    EXPECT_FALSE(devx::modifies(command(0x936, 0)));
    Bytes psv = command(0x600);
    EXPECT_FALSE(devx::creates(psv));
    devx::set(psv, {0x40, 4}, 1);
    EXPECT_TRUE(devx::creates(psv));
    EXPECT_EQ(
        all(devx::modifies, 0),
        std::vector<uint16_t>({0x403, 0x502, 0x503, 0x504, 0x505, 0x506, 0x507, 0x50a, 0x50e,
                               0x703, 0x708, 0x714, 0x71a, 0x726, 0x729, 0x72a, 0x785, 0x827,
                               0x829, 0x901, 0x905, 0x909, 0x90d, 0x913, 0x917, 0x93c, 0xa01}));
    EXPECT_EQ(all(devx::queries, 0),
              std::vector<uint16_t>({0x201, 0x402, 0x50b, 0x702, 0x707, 0x713, 0x719, 0x725, 0x727,
                                     0x773, 0x784, 0x82a, 0x903, 0x907, 0x90b, 0x90f, 0x915, 0x919,
                                     0x932, 0x935, 0x937, 0x93b, 0x93f, 0x942, 0xa02}));
}

TEST(UverbsDevxLists, ShortMailboxesHaveNoFields) {
    Bytes in(16);
    devx::set(in, {0x78, 8}, 0xab);
    EXPECT_EQ(devx::get(in, {0x60, 32}), 0xabu);
    devx::set(in, {0x80, 32}, 1);  // beyond the end: nothing happens
    EXPECT_EQ(devx::get(in, {0x80, 32}), 0u);
}

class UverbsDevx : public UverbsTest {
protected:
    static constexpr uint16_t kAllocCounter = 0x939;
    static constexpr uint16_t kQueryCounter = 0x93b;
    static constexpr devx::Field kStatus{0, 8};
    static constexpr devx::Field kCounterId{0xe0, 32};

    void SetUp() override { ASSERT_EQ(open_context(), 0); }

    Ioctl create(const Bytes& in, size_t out_size = 16) {
        Ioctl create = ioctl(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_CREATE);
        create.handle(MLX5_IB_ATTR_DEVX_OBJ_CREATE_HANDLE, 0)
            .in(MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_IN, in.data(), in.size())
            .out(MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT, out_size);
        return create;
    }
    /// Creates and returns handle and id.
    std::pair<uint32_t, uint32_t> created(const Bytes& in, devx::Field id) {
        Ioctl object = create(in);
        EXPECT_EQ(call(object), 0);
        return {object.handle_of(MLX5_IB_ATTR_DEVX_OBJ_CREATE_HANDLE),
                devx::get(object.out_bytes(MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT, 16), id)};
    }
    std::pair<uint32_t, uint32_t> counter(uint32_t bulk) {
        Bytes in = command(kAllocCounter);
        devx::set(in, {0x78, 8}, bulk);
        return created(in, {0x40, 32});
    }
    Ioctl query(uint32_t handle, const Bytes& in, size_t out_size) {
        Ioctl query = ioctl(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_QUERY);
        query.handle(MLX5_IB_ATTR_DEVX_OBJ_QUERY_HANDLE, handle)
            .in(MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_IN, in.data(), in.size())
            .out(MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_OUT, out_size);
        return query;
    }
    int query_counter(uint32_t handle, uint32_t id) {
        Bytes in = command(kQueryCounter, 0, 32);
        devx::set(in, kCounterId, id);
        Ioctl ioctl = query(handle, in, 32);
        return call(ioctl);
    }
    int other(const Bytes& in, size_t out_size = 16) {
        Ioctl other = ioctl(MLX5_IB_OBJECT_DEVX, MLX5_IB_METHOD_DEVX_OTHER);
        other.in(MLX5_IB_ATTR_DEVX_OTHER_CMD_IN, in.data(), in.size())
            .out(MLX5_IB_ATTR_DEVX_OTHER_CMD_OUT, out_size);
        const int error = call(other);
        status_ = devx::get(other.out_bytes(MLX5_IB_ATTR_DEVX_OTHER_CMD_OUT, 16), kStatus);
        return error;
    }
    int destroy_object(uint32_t handle) {
        return destroy(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_DESTROY,
                       MLX5_IB_ATTR_DEVX_OBJ_DESTROY_HANDLE, handle);
    }
    UniqueFd channel(uint16_t object, uint16_t method, uint16_t attribute, bool flags) {
        Ioctl alloc = ioctl(object, method);
        alloc.handle(attribute, 0);
        if (flags) {
            alloc.constant(MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_FLAGS, event_flags_);
        }
        EXPECT_EQ(call(alloc), 0);
        return std::move(alloc.result.descriptor);
    }
    UniqueFd event_channel() {
        return channel(MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD, MLX5_IB_METHOD_DEVX_ASYNC_EVENT_FD_ALLOC,
                       MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_HANDLE, true);
    }
    UniqueFd command_channel() {
        return channel(MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD, MLX5_IB_METHOD_DEVX_ASYNC_CMD_FD_ALLOC,
                       MLX5_IB_ATTR_DEVX_ASYNC_CMD_FD_ALLOC_HANDLE, false);
    }
    Ioctl subscribe(int channel, std::vector<uint16_t> types) {
        Ioctl subscribe = ioctl(MLX5_IB_OBJECT_DEVX, MLX5_IB_METHOD_DEVX_SUBSCRIBE_EVENT);
        subscribe
            .handle(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_HANDLE, static_cast<uint64_t>(channel))
            .in(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST, types.data(), types.size() * 2);
        return subscribe;
    }
    static std::vector<std::byte> receive(int fd) {
        Bytes message(4096);
        const ssize_t size = ::recv(fd, message.data(), message.size(), MSG_DONTWAIT);
        message.resize(size > 0 ? static_cast<size_t>(size) : 0);
        return message;
    }

    uint32_t status_ = 0;
    uint64_t event_flags_ = 0;
};

TEST_F(UverbsDevx, GeneralCommandsOutsideTheListNeverReachTheFirmware) {
    const auto commands = firmware_->commands();
    EXPECT_EQ(other(command(0x753)), EINVAL);  // MODIFY_ESW_VPORT_CONTEXT
    EXPECT_EQ(other(command(0x840)), EINVAL);  // CREATE_LAG
    EXPECT_EQ(other(command(0x113)), EINVAL);  // ALLOC_SF
    EXPECT_EQ(other(command(0x939)), EINVAL);  // needs an object
    EXPECT_EQ(firmware_->commands(), commands);
}

TEST_F(UverbsDevx, ARefusalOfTheFirmwareIsEremoteioWithItsStatus) {
    EXPECT_EQ(other(command(0x100, 1), 16 + 4096), 0);
    EXPECT_EQ(status_, 0u);
    EXPECT_EQ(other(command(0x100, 0x7ff), 16 + 4096), EREMOTEIO);
    EXPECT_NE(status_, 0u);
}

TEST_F(UverbsDevx, WithoutDevxOnlyWhatIsForAll) {
    file_ = device_->open(::getpid());
    ASSERT_EQ(open_context(0), 0);
    EXPECT_EQ(other(command(0x100, 1), 16 + 4096), 0);
    EXPECT_EQ(other(command(0x750, 1), 64), EINVAL);
    Ioctl object = create(command(kAllocCounter));
    EXPECT_EQ(call(object), EINVAL);
}

TEST_F(UverbsDevx, ObjectsAreDestroyedByTheirOwnCommand) {
    const auto [handle, id] = counter(0);
    EXPECT_EQ(query_counter(handle, id), 0);
    EXPECT_EQ(destroy_object(handle), 0);
    EXPECT_EQ(firmware_->commands().at(0x93a), 1u);  // DEALLOC_FLOW_COUNTER
    EXPECT_EQ(destroy_object(handle), ENOENT);
}

TEST_F(UverbsDevx, CommandsMustBeAboutTheirObject) {
    const auto [handle, id] = counter(0);
    const auto [other_handle, other_id] = counter(0);
    EXPECT_EQ(query_counter(handle, other_id), EINVAL);
    EXPECT_EQ(query_counter(other_handle, other_id), 0);
    Bytes as_query = command(0x50b);  // QUERY_QP
    devx::set(as_query, {0x48, 24}, id);
    Ioctl query_qp = query(handle, as_query, 64);
    EXPECT_EQ(call(query_qp), EINVAL);
    Ioctl create_by_query = query(handle, command(kAllocCounter), 16);
    EXPECT_EQ(call(create_by_query), EINVAL);
    Bytes tunnel = command(kAllocCounter);
    devx::set(tunnel, devx::kVhcaTunnelId, 1);
    Ioctl tunnelled = create(tunnel);
    EXPECT_EQ(call(tunnelled), EINVAL);
}

TEST_F(UverbsDevx, ABulkHasAllItsCounters) {
    const auto [handle, id] = counter(1);
    EXPECT_EQ(query_counter(handle, id), 0);
    EXPECT_EQ(query_counter(handle, id + 127), 0);
    EXPECT_EQ(query_counter(handle, id + 128), EINVAL);
}

TEST_F(UverbsDevx, ObjectsOfAFileThatIsClosedAreGone) {
    counter(0);
    counter(1);
    file_.reset();
    EXPECT_EQ(firmware_->commands().at(0x93a), 2u);
}

TEST_F(UverbsDevx, MemoryForTheDevice) {
    const auto address = reinterpret_cast<uint64_t>(memory_.allocate(8192));
    const auto reg = [&](uint64_t start, uint64_t length, uint32_t access) {
        Ioctl registration = ioctl(MLX5_IB_OBJECT_DEVX_UMEM, MLX5_IB_METHOD_DEVX_UMEM_REG);
        registration.handle(MLX5_IB_ATTR_DEVX_UMEM_REG_HANDLE, 0)
            .in(MLX5_IB_ATTR_DEVX_UMEM_REG_ADDR, start)
            .in(MLX5_IB_ATTR_DEVX_UMEM_REG_LEN, length)
            .in(MLX5_IB_ATTR_DEVX_UMEM_REG_ACCESS, access)
            .out<uint32_t>(MLX5_IB_ATTR_DEVX_UMEM_REG_OUT_ID);
        const int error = call(registration);
        return std::pair(error, registration.out_as<uint32_t>(MLX5_IB_ATTR_DEVX_UMEM_REG_OUT_ID));
    };
    const auto [done, id] = reg(address, 8192, IB_UVERBS_ACCESS_LOCAL_WRITE);
    EXPECT_EQ(done, 0);
    EXPECT_NE(id, 0u);
    EXPECT_EQ(reg(0x1000, 8192, 0).first, EFAULT);
    EXPECT_EQ(reg(address, 0, 0).first, EINVAL);
    EXPECT_EQ(reg(address, 64, IB_UVERBS_ACCESS_REMOTE_ATOMIC).first, EINVAL);
    EXPECT_EQ(reg(address, 64, IB_UVERBS_ACCESS_REMOTE_WRITE).first, EINVAL);
}

TEST_F(UverbsDevx, AnswersThatAreNotWaitedFor) {
    const UniqueFd fd = command_channel();
    const auto [handle, id] = counter(0);
    Bytes in = command(kQueryCounter, 0, 32);
    devx::set(in, kCounterId, id);
    Ioctl query = ioctl(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_ASYNC_QUERY);
    query.handle(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_HANDLE, handle)
        .in(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_CMD_IN, in.data(), in.size())
        .constant(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_OUT_LEN, 32)
        .handle(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_FD, static_cast<uint64_t>(fd.get()))
        .in(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_WR_ID, uint64_t{0x1234});
    ASSERT_EQ(call(query), 0);
    const Bytes answer = receive(fd.get());
    ASSERT_EQ(answer.size(), 8u + 32u);
    uint64_t work_id = 0;
    std::memcpy(&work_id, answer.data(), sizeof work_id);
    EXPECT_EQ(work_id, 0x1234u);
    EXPECT_EQ(devx::get(std::span(answer).subspan(8), kStatus), 0u);

    Ioctl wrong = ioctl(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_ASYNC_QUERY);
    const UniqueFd unrelated(::dup(0));
    wrong.handle(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_HANDLE, handle)
        .in(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_CMD_IN, in.data(), in.size())
        .constant(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_OUT_LEN, 32)
        .handle(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_FD, static_cast<uint64_t>(unrelated.get()))
        .in(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_WR_ID, uint64_t{1});
    EXPECT_EQ(call(wrong), EBADF);
}

TEST_F(UverbsDevx, EventsOfTheDevice) {
    const UniqueFd fd = event_channel();
    Ioctl ok = subscribe(fd.get(), {0x09});
    ok.in(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_COOKIE, uint64_t{77});
    ASSERT_EQ(call(ok), 0);
    // Without event_cap PORT_CHANGE is the only one (is_legacy_unaffiliated_event_num()).
    Ioctl functions = subscribe(fd.get(), {0x09, 0x0e});
    EXPECT_EQ(call(functions), EINVAL);
    Ioctl many = subscribe(fd.get(), std::vector<uint16_t>(17, 0x09));
    EXPECT_EQ(call(many), EINVAL);

    const Bytes eqe(64, std::byte{0x5a});
    device_->firmware_event(0x09, eqe);
    const Bytes event = receive(fd.get());
    ASSERT_EQ(event.size(), 8u + 64u);
    uint64_t cookie = 0;
    std::memcpy(&cookie, event.data(), sizeof cookie);
    EXPECT_EQ(cookie, 77u);
    EXPECT_TRUE(std::equal(eqe.begin(), eqe.end(), event.begin() + 8));
    device_->firmware_event(0x0e, eqe);
    EXPECT_TRUE(receive(fd.get()).empty());

    device_->disassociate();
    char byte;
    EXPECT_EQ(::recv(fd.get(), &byte, 1, MSG_DONTWAIT), 0);
}

TEST_F(UverbsDevx, EventsWithoutData) {
    event_flags_ = MLX5_IB_UAPI_DEVX_CR_EV_CH_FLAGS_OMIT_DATA;
    const UniqueFd fd = event_channel();
    Ioctl ok = subscribe(fd.get(), {0x09});
    ok.in(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_COOKIE, uint64_t{5});
    ASSERT_EQ(call(ok), 0);
    device_->firmware_event(0x09, Bytes(64));
    EXPECT_EQ(receive(fd.get()).size(), 8u);
}

TEST_F(UverbsDevx, EventsBySignal) {
    const UniqueFd fd = event_channel();
    const UniqueFd signal(::eventfd(0, EFD_NONBLOCK));
    Ioctl ok = subscribe(fd.get(), {0x09});
    ok.in(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM, signal.get());
    ASSERT_EQ(call(ok), 0);
    device_->firmware_event(0x09, Bytes(64));
    uint64_t count = 0;
    EXPECT_EQ(::read(signal.get(), &count, sizeof count), static_cast<ssize_t>(sizeof count));
    EXPECT_EQ(count, 1u);
    EXPECT_TRUE(receive(fd.get()).empty());
    Ioctl not_an_eventfd = subscribe(fd.get(), {0x09});
    not_an_eventfd.in(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM, fd.get());
    EXPECT_EQ(call(not_an_eventfd), EINVAL);
    Ioctl both = subscribe(fd.get(), {0x09});
    both.in(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM, signal.get())
        .in(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_COOKIE, uint64_t{5});
    EXPECT_EQ(call(both), EINVAL);
}

TEST_F(UverbsDevx, EventsThatAreNotReadAreLostAndSaidSo) {
    const UniqueFd fd = event_channel();
    Ioctl ok = subscribe(fd.get(), {0x09});
    ASSERT_EQ(call(ok), 0);
    for (int i = 0; i < 1000; i++) {
        device_->firmware_event(0x09, Bytes(64));
    }
    size_t events = 0;
    size_t overflows = 0;
    for (Bytes message = receive(fd.get()); !message.empty(); message = receive(fd.get())) {
        if (message.size() == sizeof(int32_t)) {
            int32_t error = 0;
            std::memcpy(&error, message.data(), sizeof error);
            EXPECT_EQ(error, EOVERFLOW);
            overflows++;
        } else {
            events++;
        }
    }
    EXPECT_EQ(overflows, 1u);
    EXPECT_GT(events, 0u);
    EXPECT_LT(events, 1000u);
    device_->firmware_event(0x09, Bytes(64));
    EXPECT_EQ(receive(fd.get()).size(), 8u + 64u);
}

TEST_F(UverbsDevx, WhatAProgramMaySubscribeTo) {
    uverbs::EventCapability capability;
    capability.unaffiliated[0] = 1 << 0x0e;
    capability.affiliated[0] = 1 << 0x03;
    EXPECT_TRUE(uverbs::may_subscribe(capability, 0x0e, false));
    EXPECT_FALSE(uverbs::may_subscribe(capability, 0x09, false));
    EXPECT_TRUE(uverbs::may_subscribe(capability, 0x03, true));
    EXPECT_TRUE(uverbs::may_subscribe(capability, 0x00, true));
    EXPECT_FALSE(uverbs::may_subscribe(capability, 0x00, false));
    EXPECT_FALSE(uverbs::may_subscribe(capability, 256, false));
    EXPECT_TRUE(uverbs::may_subscribe({}, 0x13, true));
    EXPECT_FALSE(uverbs::may_subscribe({}, 0x27, true));
}

TEST_F(UverbsDevx, AChannelThatItsProgramClosedIsForgotten) {
    for (int i = 0; i < 3; i++) {
        const UniqueFd fd = event_channel();
        Ioctl ok = subscribe(fd.get(), {0x09});
        EXPECT_EQ(call(ok), 0);
    }
    const UniqueFd fd = event_channel();
    device_->firmware_event(0x09, Bytes(64));
    EXPECT_TRUE(receive(fd.get()).empty());
}

}  // namespace

}  // namespace esw::sim
