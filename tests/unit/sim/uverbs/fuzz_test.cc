// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>

#include "tests/unit/sim/uverbs/fixture.h"
#include "utilities/esw-sim/uverbs/methods.h"

namespace esw::sim {

namespace {

using uverbs::AttributeSpec;
using uverbs::Method;

std::vector<const Method*> all_methods() {
    std::vector<const Method*> methods;
    for (const uint16_t space : {0, 0x1000}) {
        for (uint16_t object = 0; object < 0x20; object++) {
            for (const uint16_t method_space : {0, 0x1000}) {
                for (uint16_t id = 0; id < 0x10; id++) {
                    if (const Method* const method =
                            uverbs::find_method(static_cast<uint16_t>(space | object),
                                                static_cast<uint16_t>(method_space | id))) {
                        methods.push_back(method);
                    }
                }
            }
        }
    }
    return methods;
}

/// A program that knows which methods there are, and hardly more. Whatever it asks, the kernel
/// answers, stays within its memory, and has nothing left of it in the end.
class UverbsFuzz : public UverbsTest {
protected:
    static constexpr size_t kMemory = 1 << 18;

    UverbsFuzz() { memory_.bytes().resize(kMemory); }

    uint32_t number(uint32_t below) {
        return std::uniform_int_distribution<uint32_t>(0, below - 1)(random_);
    }
    bool once_in(uint32_t times) { return number(times) == 0; }

    uint64_t address() {
        const auto begin = reinterpret_cast<uint64_t>(memory_.bytes().data());
        return once_in(8) ? uint64_t{1} << number(64)
                          : begin + 16 * number(static_cast<uint32_t>(kMemory / 16) + 4);
    }

    void add_attribute(Ioctl& ioctl, const AttributeSpec& spec) {
        uint16_t length = spec.min;
        uint64_t data = address();
        switch (spec.kind) {
            case AttributeSpec::Kind::kObject:
            case AttributeSpec::Kind::kRawDescriptor:
                data = number(12);
                break;
            case AttributeSpec::Kind::kDescriptor:
                data = number(64);
                break;
            case AttributeSpec::Kind::kObjects:
                length = static_cast<uint16_t>(spec.min * sizeof(uint32_t));
                data = number(12);
                break;
            case AttributeSpec::Kind::kIn:
                if (length <= sizeof data && once_in(2)) {
                    data = number(70);
                }
                break;
            default:
                break;
        }
        if (once_in(6)) {
            length = static_cast<uint16_t>(once_in(4) ? number(65536) : number(300));
        }
        ib_uverbs_attr& raw = ioctl.raw(spec.id, length, data);
        raw.flags = static_cast<uint16_t>(number(3));
        if (spec.kind == AttributeSpec::Kind::kEnum || once_in(30)) {
            raw.attr_data.reserved = static_cast<uint16_t>(number(5));
        }
    }

    /// Bytes that are now and then an opcode of the firmware.
    void scramble_memory() {
        constexpr uint16_t kOpcodes[] = {0x100, 0x500, 0x502, 0x503, 0x504, 0x752,
                                         0x800, 0x930, 0x932, 0x933, 0x936, 0x939,
                                         0x93b, 0x93d, 0x940, 0xa00, 0xb00};
        auto& bytes = memory_.bytes();
        for (size_t at = 0; at + 16 <= bytes.size(); at += 16) {
            const uint16_t opcode = kOpcodes[number(std::size(kOpcodes))];
            for (size_t i = 0; i < 16; i++) {
                bytes[at + i] = static_cast<std::byte>(once_in(3) ? number(256) : 0);
            }
            bytes[at] = static_cast<std::byte>(opcode >> 8);
            bytes[at + 1] = static_cast<std::byte>(opcode);
        }
    }

    std::mt19937 random_{20231};
};

TEST_F(UverbsFuzz, RandomCallsOfAllMethods) {
    const std::vector<const Method*> methods = all_methods();
    ASSERT_GT(methods.size(), 40u);
    std::map<int, size_t> errors;
    std::vector<UniqueFd> descriptors;
    for (int round = 0; round < 10; round++) {
        file_ = device_->open(::getpid());
        ASSERT_EQ(open_context(), 0);
        scramble_memory();
        for (int i = 0; i < 2000; i++) {
            const Method& method = *methods[number(static_cast<uint32_t>(methods.size()))];
            memory_.reset();
            Ioctl ioctl(memory_, method.object, method.id);
            for (const AttributeSpec& spec : method.attributes) {
                if (!once_in(spec.mandatory ? 30 : 2)) {
                    add_attribute(ioctl, spec);
                }
            }
            if (once_in(40)) {
                ioctl.header().length = static_cast<uint16_t>(number(65536));
                ioctl.header().num_attrs = static_cast<uint16_t>(number(200));
            }
            errors[call(ioctl)]++;
            if (ioctl.result.descriptor && descriptors.size() < 40) {
                descriptors.push_back(std::move(ioctl.result.descriptor));
            }
        }
        if (round % 2 == 0) {
            file_->disassociate();
        }
        file_.reset();
        descriptors.clear();
        EXPECT_TRUE(device_->resources().empty());
        EXPECT_EQ(device_->root().size(), 0u);
    }
    // It got somewhere: calls that succeed, and refusals of several kinds.
    for (const int error : {0, EINVAL, ENOENT, EFAULT, EREMOTEIO}) {
        EXPECT_GT(errors[error], 10u) << error;
    }
    for (const auto& [error, count] : errors) {
        EXPECT_GE(error, 0);
        EXPECT_LT(error, 200);
    }
}

}  // namespace

}  // namespace esw::sim
