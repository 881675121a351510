// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace esw::sim::uverbs {

/// What a method of the uverbs ioctl takes, as the kernel declares it (DECLARE_UVERBS_NAMED_METHOD
/// of rdma/uverbs_ioctl.h).
struct AttributeSpec {
    enum class Kind {
        kIn,          ///< data from the program, or, up to 8 bytes, the data itself
        kOut,         ///< data to the program
        kEnum,        ///< data from the program, whose length depends on an enumerator
        kObject,      ///< handle of an object
        kObjects,     ///< array of handles
        kDescriptor,  ///< descriptor of an object (event channels)
        kRawDescriptor
    };
    enum class Access { kRead, kWrite, kNew, kDestroy };

    uint16_t id = 0;
    Kind kind = Kind::kIn;
    bool mandatory = true;
    uint16_t min = 0;  ///< length in bytes; kObjects: number of handles; kEnum: of enumerators
    uint16_t max = 0;
    bool zero_trailing = false;  ///< longer is fine when the rest is zero
    bool copied = false;         ///< UA_ALLOC_AND_COPY: read before the method runs
    Access access = Access::kRead;
    uint16_t object = 0;                   ///< type of the object
    std::vector<uint16_t> enum_lengths{};  ///< kEnum: bytes that each enumerator wants

    AttributeSpec optional() const {
        AttributeSpec spec = *this;
        spec.mandatory = false;
        return spec;
    }
    AttributeSpec copy() const {
        AttributeSpec spec = *this;
        spec.copied = true;
        return spec;
    }
};

namespace attribute {

constexpr uint16_t kAny = std::numeric_limits<uint16_t>::max();
/// UVERBS_IDR_ANY_OBJECT
constexpr uint16_t kAnyObject = 0xffff;

using Access = AttributeSpec::Access;
using Kind = AttributeSpec::Kind;

inline AttributeSpec in(uint16_t id, uint16_t min, uint16_t max) {
    return {.id = id, .kind = Kind::kIn, .min = min, .max = max};
}
inline AttributeSpec in(uint16_t id, uint16_t size) {
    return in(id, size, size);
}
inline AttributeSpec in_at_least(uint16_t id, uint16_t size) {
    return in(id, size, kAny);
}
/// UVERBS_ATTR_CONST_IN
inline AttributeSpec constant(uint16_t id) {
    return in(id, sizeof(uint64_t));
}
/// UVERBS_ATTR_FLAGS_IN
inline AttributeSpec flags(uint16_t id) {
    return in(id, sizeof(uint32_t), sizeof(uint64_t)).optional();
}
inline AttributeSpec out(uint16_t id, uint16_t size) {
    return {.id = id, .kind = Kind::kOut, .min = size, .max = size};
}
inline AttributeSpec out_at_least(uint16_t id, uint16_t size) {
    return {.id = id, .kind = Kind::kOut, .min = size, .max = kAny};
}
/// UVERBS_ATTR_STRUCT: `min` bytes of it have been there from the beginning.
inline AttributeSpec out_struct(uint16_t id, uint16_t min, uint16_t size) {
    return {.id = id, .kind = Kind::kOut, .min = min, .max = size, .zero_trailing = true};
}
inline AttributeSpec object(uint16_t id, uint16_t type, Access access) {
    return {.id = id, .kind = Kind::kObject, .access = access, .object = type};
}
inline AttributeSpec objects(uint16_t id, uint16_t type, uint16_t min, uint16_t max) {
    return {.id = id, .kind = Kind::kObjects, .min = min, .max = max, .object = type};
}
inline AttributeSpec descriptor(uint16_t id, uint16_t type, Access access) {
    return {.id = id, .kind = Kind::kDescriptor, .access = access, .object = type};
}
inline AttributeSpec raw_descriptor(uint16_t id) {
    return {.id = id, .kind = Kind::kRawDescriptor, .mandatory = false};
}
inline AttributeSpec enumerated(uint16_t id, std::vector<uint16_t> lengths) {
    return {.id = id, .kind = Kind::kEnum, .enum_lengths = std::move(lengths)};
}

}  // namespace attribute

}  // namespace esw::sim::uverbs
