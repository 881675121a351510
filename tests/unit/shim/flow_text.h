// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "esw-manager/flow/refusal.h"

namespace esw {

// Bytes of flows as text, for expectations.

inline std::string Hex(const uint8_t* bytes, size_t n, const char* between = "") {
    std::string text;
    for (size_t i = 0; i < n; i++) {
        text += fmt::format("{}{:02x}", i ? between : "", bytes[i]);
    }
    return text;
}

inline std::string Mac(const uint8_t (&bytes)[6]) {
    return Hex(bytes, 6, ":");
}

inline std::string Ip(const uint8_t (&bytes)[16]) {
    char text[INET6_ADDRSTRLEN];
    return inet_ntop(AF_INET6, bytes, text, sizeof text);
}

inline const char* RefusalName(esw_refusal refusal) {
    switch (refusal) {
#define ESW_NAME(NAME, name, text) \
    case ESW_REFUSAL_##NAME:       \
        return name;
        ESW_REFUSALS(ESW_NAME)
#undef ESW_NAME
        default:
            return "none";
    }
}

}  // namespace esw
