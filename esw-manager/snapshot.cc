// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/snapshot.h"

namespace esw {

std::string_view to_string(RepState state) {
    switch (state) {
        case RepState::kUnregistered:
            return "unregistered";
        case RepState::kRegistered:
            return "registered";
        case RepState::kLoading:
            return "loading";
        case RepState::kLoaded:
            return "loaded";
        case RepState::kFailed:
            return "failed";
    }
    return "unknown";
}

std::string_view to_string(ProviderType type) {
    return type == ProviderType::kEth ? "eth" : "rdma";
}

std::string_view to_string(PortState state) {
    switch (state) {
        case PortState::kAbsent:
            return "absent";
        case PortState::kRegistered:
            return "registered";
        case PortState::kLoading:
            return "loading";
        case PortState::kLoaded:
            return "loaded";
        case PortState::kFailed:
            return "failed";
    }
    return "unknown";
}

}  // namespace esw
