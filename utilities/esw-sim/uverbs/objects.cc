// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/uverbs/objects.h"

#include <cerrno>
#include <limits>

namespace esw::sim::uverbs {

const int Object::kBusy = EBUSY;

std::shared_ptr<Object> HandleTable::find(int64_t handle) const {
    if (handle < 0 || handle > std::numeric_limits<uint32_t>::max()) {
        return nullptr;
    }
    const auto it = handles_.find(static_cast<uint32_t>(handle));
    return it == handles_.end() ? nullptr : it->second;
}

uint32_t HandleTable::take_handle() {
    if (freed_.empty()) {
        return next_handle_++;
    }
    return freed_.extract(freed_.begin()).value();
}

void HandleTable::give_back(uint32_t handle) {
    freed_.insert(handle);
}

void HandleTable::add(std::shared_ptr<Object> object, uint32_t handle) {
    object->handle_ = handle;
    handles_[handle] = object;
    add_without_handle(std::move(object));
}

void HandleTable::add_without_handle(std::shared_ptr<Object> object) {
    object->age_ = created_++;
    living_[object->age_] = std::move(object);
}

void HandleTable::remove(const std::shared_ptr<Object>& object) {
    const auto it = handles_.find(object->handle());
    if (it != handles_.end() && it->second == object) {
        handles_.erase(it);
        give_back(object->handle());
    }
    living_.erase(object->age_);
}

void HandleTable::destroy_all() {
    for (bool progress = true; progress;) {
        progress = false;
        for (auto it = living_.end(); it != living_.begin();) {
            --it;
            if (it->second->destroy() == 0) {
                it = living_.erase(it);
                progress = true;
            }
        }
    }
    // RDMA_REMOVE_DRIVER_FAILURE: what the device does not let go ends with its user context.
    for (auto& [age, object] : living_) {
        object->dead_ = true;
    }
    living_.clear();
}

void HandleTable::for_each(const std::function<void(const std::shared_ptr<Object>&)>& visit) const {
    for (auto it = living_.rbegin(); it != living_.rend(); ++it) {
        visit(it->second);
    }
}

}  // namespace esw::sim::uverbs
