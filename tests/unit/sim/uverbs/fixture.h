// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_verbs.h>
#include <rdma/rdma_user_ioctl_cmds.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "utilities/esw-sim/firmware/firmware.h"
#include "utilities/esw-sim/uverbs/devx_commands.h"
#include "utilities/esw-sim/uverbs/uverbs_device.h"

namespace esw::sim {

/// The memory of a program: an arena, outside of which every address is bad.
class ProgramMemory : public UserMemory {
public:
    explicit ProgramMemory(size_t size = 1 << 22) : bytes_(size) {}

    bool read(uint64_t address, void* to, size_t length) override {
        if (!holds(address, length)) {
            return false;
        }
        if (length != 0) {
            std::memcpy(to, reinterpret_cast<const void*>(address), length);
        }
        return true;
    }
    bool write(uint64_t address, const void* from, size_t length) override {
        if (!holds(address, length)) {
            return false;
        }
        if (length != 0) {
            std::memcpy(reinterpret_cast<void*>(address), from, length);
        }
        return true;
    }
    pid_t process() override { return ::getpid(); }
    bool capable(int capability) override { return capabilities.count(capability) != 0; }
    UniqueFd descriptor(int number) override { return UniqueFd(::dup(number)); }

    /// Zeroed memory of the program's, page aligned.
    std::byte* allocate(size_t size) {
        used_ = (used_ + 4095) / 4096 * 4096;
        std::byte* const begin = bytes_.data() + used_;
        EXPECT_LE(used_ + size, bytes_.size());
        used_ += size;
        return begin;
    }
    void reset() { used_ = 0; }
    std::vector<std::byte>& bytes() { return bytes_; }

    std::set<int> capabilities = {CAP_NET_RAW, CAP_SYS_RAWIO};

private:
    bool holds(uint64_t address, size_t length) const {
        const auto begin = reinterpret_cast<uint64_t>(bytes_.data());
        return address >= begin && address - begin <= bytes_.size() &&
               length <= bytes_.size() - (address - begin);
    }

    std::vector<std::byte> bytes_;
    size_t used_ = 0;
};

/// An ioctl, built as libibverbs does.
class Ioctl {
public:
    Ioctl(ProgramMemory& memory, uint16_t object, uint16_t method) : memory_(memory) {
        header_.object_id = object;
        header_.method_id = method;
        header_.driver_id = RDMA_DRIVER_MLX5;
    }
    ib_uverbs_ioctl_hdr& header() { return header_; }
    ib_uverbs_attr& raw(uint16_t id, uint16_t length, uint64_t data) {
        attributes_.push_back({});
        attributes_.back().attr_id = id;
        attributes_.back().len = length;
        attributes_.back().flags = UVERBS_ATTR_F_MANDATORY;
        attributes_.back().data = data;
        return attributes_.back();
    }
    Ioctl& in(uint16_t id, const void* data, size_t size) {
        uint64_t value = 0;
        if (size <= sizeof value) {
            std::memcpy(&value, data, size);
        } else {
            std::byte* const copy = memory_.allocate(size);
            std::memcpy(copy, data, size);
            value = reinterpret_cast<uint64_t>(copy);
        }
        raw(id, static_cast<uint16_t>(size), value);
        return *this;
    }
    template <class T>
    Ioctl& in(uint16_t id, const T& value) {
        return in(id, &value, sizeof value);
    }
    Ioctl& constant(uint16_t id, uint64_t value) { return in(id, value); }
    Ioctl& handle(uint16_t id, uint64_t value) {
        raw(id, 0, value);
        return *this;
    }
    /// Room for an answer of `size` bytes; what is in it: out().
    Ioctl& out(uint16_t id, size_t size) {
        std::byte* const room = memory_.allocate(size);
        std::memset(room, 0xee, size);
        outputs_[id] = room;
        raw(id, static_cast<uint16_t>(size), reinterpret_cast<uint64_t>(room));
        return *this;
    }
    template <class T>
    Ioctl& out(uint16_t id) {
        return out(id, sizeof(T));
    }
    template <class T>
    T out_as(uint16_t id) const {
        T value;
        std::memcpy(&value, outputs_.at(id), sizeof value);
        return value;
    }
    std::vector<std::byte> out_bytes(uint16_t id, size_t size) const {
        const std::byte* const begin = outputs_.at(id);
        return {begin, begin + size};
    }
    /// The attribute as the kernel left it.
    ib_uverbs_attr result_of(uint16_t id) const {
        for (const ib_uverbs_attr& attribute : returned_) {
            if (attribute.attr_id == id) {
                return attribute;
            }
        }
        ADD_FAILURE() << "no attribute " << id;
        return {};
    }
    uint32_t handle_of(uint16_t id) const { return static_cast<uint32_t>(result_of(id).data); }

    /// Calls; returns the errno value.
    int call(UverbsFile& file) {
        const size_t size = sizeof header_ + attributes_.size() * sizeof(ib_uverbs_attr);
        if (header_.length == 0) {
            header_.length = static_cast<uint16_t>(size);
            header_.num_attrs = static_cast<uint16_t>(attributes_.size());
        }
        std::byte* const at = memory_.allocate(size);
        std::memcpy(at, &header_, sizeof header_);
        if (!attributes_.empty()) {
            std::memcpy(at + sizeof header_, attributes_.data(), size - sizeof header_);
        }
        bool done = false;
        const std::shared_ptr<UserMemory> memory(&memory_, [](UserMemory*) {});
        file.ioctl(memory, reinterpret_cast<uint64_t>(at), [&](IoctlResult answer) {
            result = std::move(answer);
            done = true;
        });
        EXPECT_TRUE(done);
        returned_ = attributes_;
        if (!returned_.empty()) {
            std::memcpy(returned_.data(), at + sizeof header_, size - sizeof header_);
        }
        return result.error;
    }

    IoctlResult result;

private:
    ProgramMemory& memory_;
    std::vector<ib_uverbs_attr> attributes_;
    std::vector<ib_uverbs_attr> returned_;
    std::map<uint16_t, std::byte*> outputs_;
    ib_uverbs_ioctl_hdr header_{};  // ends in an array without a length: last
};

/// A PF in switchdev mode with three ports: the wire, a VF, and one that nobody represents.
class FakeModel : public FirmwareHost, public UverbsHost {
public:
    static constexpr uint16_t kVhca = 0x11;
    static constexpr uint16_t kWire = 0xffff;

    // FirmwareHost
    uint16_t vhca_id() const override { return kVhca; }
    bool switchdev() const override { return switchdev_; }
    std::optional<Vport> vport(uint16_t number) const override {
        if (number == kWire || number <= 2) {
            return Vport{.number = number, .vhca_id = static_cast<uint16_t>(kVhca + number)};
        }
        return std::nullopt;
    }
    std::vector<uint16_t> vports() const override { return {0, 1, 2, kWire}; }
    uint16_t max_vfs() const override { return 2; }
    uint16_t num_vfs() const override { return 2; }
    FirmwareHost::Lag lag() const override { return {}; }

    // UverbsHost
    uint32_t port_count() const override { return 3; }
    Port port(uint32_t number) const override {
        switch (number) {
            case 1:
                return {.vport = VportId{kVhca, kWire},
                        .reg_c_0 = 0x10000,
                        .ifindex = 7,
                        .link_up = true};
            case 2:
                return {.vport = VportId{kVhca, 1},
                        .vhca_id = kVhca + 1,
                        .reg_c_0 = 0x20000,
                        .ifindex = 8};
            default:
                return {};
        }
    }
    uint64_t node_guid() const override { return 0x0c42a10300000100; }
    uint32_t vendor_part_id() const override { return 0x101d; }
    uint64_t firmware_version() const override { return uint64_t{22} << 32 | 36 << 16 | 1010; }
    void admit(const Call& call, std::function<void(int)> proceed) override {
        calls.push_back(call);
        if (hold) {
            held.push_back(std::move(proceed));
        } else {
            proceed(fault);
        }
    }

    bool switchdev_ = true;
    std::vector<Call> calls;
    bool hold = false;
    int fault = 0;
    std::vector<std::function<void(int)>> held;
};

/// A device with one open file, of which the tests make a context.
class UverbsTest : public testing::Test {
protected:
    static constexpr Icm::Range kSteering = {0x1000000000, uint64_t{1} << 20};
    static constexpr Icm::Range kModify = {0x2000000000, uint64_t{1} << 16};

    UverbsTest()
        : firmware_(std::make_unique<Firmware>(model_, *Icm::create(kSteering, kModify))),
          device_(std::make_unique<UverbsDevice>(model_, *firmware_, 0)),
          file_(device_->open(::getpid())) {}

    Ioctl ioctl(uint16_t object, uint16_t method) { return Ioctl(memory_, object, method); }
    int call(Ioctl& ioctl) { return ioctl.call(*file_); }

    int open_context(uint32_t flags = MLX5_IB_ALLOC_UCTX_DEVX) {
        mlx5_ib_alloc_ucontext_req_v2 request{};
        request.total_num_bfregs = 16;
        request.num_low_latency_bfregs = 4;
        request.flags = flags;
        request.max_cqe_version = 1;
        request.lib_caps = MLX5_LIB_CAP_4K_UAR | MLX5_LIB_CAP_DYN_UAR;
        Ioctl get = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_GET_CONTEXT);
        get.out<uint32_t>(UVERBS_ATTR_GET_CONTEXT_NUM_COMP_VECTORS)
            .out<uint64_t>(UVERBS_ATTR_GET_CONTEXT_CORE_SUPPORT)
            .in(UVERBS_ATTR_UHW_IN, request)
            .out<mlx5_ib_alloc_ucontext_resp>(UVERBS_ATTR_UHW_OUT);
        const int error = call(get);
        if (error == 0) {
            context_ = get.out_as<mlx5_ib_alloc_ucontext_resp>(UVERBS_ATTR_UHW_OUT);
        }
        return error;
    }

    /// A write command in the ioctl.
    template <class Command>
    Ioctl write(uint32_t number, const Command& command, size_t response) {
        Ioctl invoke = ioctl(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_INVOKE_WRITE);
        invoke.constant(UVERBS_ATTR_WRITE_CMD, number)
            .in(UVERBS_ATTR_CORE_IN, command)
            .out(UVERBS_ATTR_CORE_OUT, response);
        return invoke;
    }

    uint32_t allocate_pd() {
        Ioctl alloc = write(IB_USER_VERBS_CMD_ALLOC_PD, ib_uverbs_alloc_pd{},
                            sizeof(ib_uverbs_alloc_pd_resp));
        alloc.out<mlx5_ib_alloc_pd_resp>(UVERBS_ATTR_UHW_OUT);
        EXPECT_EQ(call(alloc), 0);
        pdn_ = alloc.out_as<mlx5_ib_alloc_pd_resp>(UVERBS_ATTR_UHW_OUT).pdn;
        return alloc.out_as<ib_uverbs_alloc_pd_resp>(UVERBS_ATTR_CORE_OUT).pd_handle;
    }

    /// Destroys by a method that takes nothing but a handle.
    int destroy(uint16_t object, uint16_t method, uint16_t attribute, uint32_t handle) {
        Ioctl destroy = ioctl(object, method);
        destroy.handle(attribute, handle);
        return call(destroy);
    }
    int destroy_pd(uint32_t handle) {
        return destroy(UVERBS_OBJECT_PD, UVERBS_METHOD_PD_DESTROY, UVERBS_ATTR_DESTROY_PD_HANDLE,
                       handle);
    }

    ProgramMemory memory_;
    FakeModel model_;
    std::unique_ptr<Firmware> firmware_;
    std::unique_ptr<UverbsDevice> device_;
    std::unique_ptr<UverbsFile> file_;
    mlx5_ib_alloc_ucontext_resp context_{};
    uint32_t pdn_ = 0;
};

}  // namespace esw::sim
