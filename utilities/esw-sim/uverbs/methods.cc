// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/uverbs/methods.h"

#include <map>
#include <utility>

namespace esw::sim::uverbs {

namespace {

using Methods = std::map<std::pair<uint16_t, uint16_t>, Method>;

Methods all_methods() {
    Methods all;
    for (auto* const subject : {context_methods, write_methods, memory_methods, queue_methods,
                                devx_methods, flow_methods}) {
        for (Method& method : subject()) {
            all.emplace(std::pair(method.object, method.id), std::move(method));
        }
    }
    return all;
}

}  // namespace

const Method* find_method(uint16_t object, uint16_t id) {
    static const Methods kAll = all_methods();
    const auto it = kAll.find({object, id});
    return it == kAll.end() ? nullptr : &it->second;
}

}  // namespace esw::sim::uverbs
