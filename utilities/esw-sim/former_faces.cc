// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/former_faces.h"

namespace esw::sim {

void FormerFaces::add(const LinkPlace& place, const NetdevFace& face) {
    faces_.insert_or_assign(place, face);
    order_.push_back(place);
    if (order_.size() > kMax) {
        faces_.erase(order_.front());
        order_.pop_front();
    }
}

const NetdevFace* FormerFaces::find(const LinkPlace& place) const {
    const auto found = faces_.find(place);
    return found == faces_.end() ? nullptr : &found->second;
}

}  // namespace esw::sim
