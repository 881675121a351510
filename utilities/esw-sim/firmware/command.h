// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>

#include "esw-manager/mlx5/prm.h"

namespace esw::sim {

/// The syndromes of this firmware: why it refused. Those of a card are not published, so the values
/// are chosen; what is like a card is that there is one for each reason.
enum class Syndrome : uint32_t {
    kNone = 0,
    kUnknownOpcode = 0x0d0001,
    kUnknownModifier,
    kInputTooShort,
    kOutputTooShort,
    kNotSupported,   ///< the capabilities say that the device does not have it
    kNotPrivileged,  ///< for the driver only, which is user context 0
    kNoSuchVport,
    kNoSuchObject,  ///< or it belongs to another user context
    kStillReferred,
    kLimit,
    kBadValue,
    kBadState,
    kOutsideUmem
};

/// How a command ended.
struct Answer {
    prm::Status status = prm::Status::kOk;
    Syndrome syndrome = Syndrome::kNone;
    bool ok() const { return status == prm::Status::kOk; }
};

constexpr Answer kDone{};
constexpr Answer kBadValue{prm::Status::kBadParameter, Syndrome::kBadValue};
constexpr Answer kNotSupported{prm::Status::kBadParameter, Syndrome::kNotSupported};
constexpr Answer kUnknownModifier{prm::Status::kBadParameter, Syndrome::kUnknownModifier};
constexpr Answer kNotPrivileged{prm::Status::kBadOpcode, Syndrome::kNotPrivileged};
constexpr Answer kNoSuchVport{prm::Status::kBadParameter, Syndrome::kNoSuchVport};
constexpr Answer kNoSuchObject{prm::Status::kBadResource, Syndrome::kNoSuchObject};
constexpr Answer kStillReferred{prm::Status::kBadResourceState, Syndrome::kStillReferred};
constexpr Answer kLimitReached{prm::Status::kLimit, Syndrome::kLimit};
constexpr Answer kInputTooShort{prm::Status::kBadInputLength, Syndrome::kInputTooShort};
constexpr Answer kOutputTooShort{prm::Status::kBadOutputLength, Syndrome::kOutputTooShort};

/// A command on its way: both mailboxes are at least as long as its entry in the command table
/// says, and aligned for DEVX_GET64() and DEVX_SET64(). `out` is zero at first.
struct Command {
    uint16_t uid = 0;
    const void* in = nullptr;
    size_t in_length = 0;
    void* out = nullptr;
    size_t out_length = 0;
    uint16_t modifier() const { return DEVX_GET(mbox_in, in, op_mod); }
};

/// A command that the firmware knows, and the shortest mailboxes that it takes.
struct CommandEntry {
    size_t in_length = 0;
    size_t out_length = 0;
    std::function<Answer(const Command&)> run;
};
using CommandTable = std::map<prm::Opcode, CommandEntry>;

/// For the commands that have nothing but a header in the mailbox.
constexpr size_t kHeaderLength = DEVX_ST_SZ_BYTES(mbox_in);

/// Destroys the object `id` of the command's user context, when nobody refers to it.
template <class Table>
Answer destroy_object(Table& table, const Command& command, uint32_t id) {
    const auto object = table.find(command.uid, id);
    if (!object) {
        return kNoSuchObject;
    }
    if (Table::busy(object)) {
        return kStillReferred;
    }
    table.erase(id);
    return kDone;
}

}  // namespace esw::sim
