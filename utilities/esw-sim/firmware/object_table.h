// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

namespace esw::sim {

/// User context of what all others may refer to. Linux mlx5_ifc.h, MLX5_SHARED_RESOURCE_UID.
constexpr uint16_t kSharedUid = 0xffff;

/// Objects of one kind by id. Each belongs to the user context (uid) that made it, and only that
/// one reaches it. Whoever refers to an object holds its shared_ptr, which makes it busy.
template <class T>
class ObjectTable {
public:
    using Pointer = std::shared_ptr<T>;

    /// At most `limit` ids in use, of `first` to, not including, `end`.
    ObjectTable(size_t limit, uint32_t first, uint32_t end)
        : limit_(limit), first_(first), end_(end), next_(first) {}

    /// A new object, or nothing when the limit is reached. It takes `count` ids in a row, the first
    /// a multiple of `alignment`.
    Pointer create(uint16_t uid, uint32_t& id, uint32_t count = 1, uint32_t alignment = 1) {
        if (used_ + count > limit_ || !find_room(count, alignment)) {
            return nullptr;
        }
        id = next_;
        next_ += count;
        used_ += count;
        auto& object = objects_[id];
        object = {uid, count, std::make_shared<T>()};
        return object.pointer;
    }

    /// For destroying, changing and asking: the object that begins at `id`, of this user context.
    Pointer find(uint16_t uid, uint32_t id) const {
        const auto it = objects_.find(id);
        return it == objects_.end() || it->second.uid != uid ? nullptr : it->second.pointer;
    }
    /// For referring to it: also one that is shared by all.
    Pointer refer(uint16_t uid, uint32_t id) const {
        const Pointer own = find(uid, id);
        return own ? own : find(kSharedUid, id);
    }
    /// The object that has `id` among its ids, of this user context.
    Pointer find_containing(uint16_t uid, uint32_t id) const {
        const auto it = containing(id);
        return it == objects_.end() || it->second.uid != uid ? nullptr : it->second.pointer;
    }
    /// The same of any user context, and which of its ids it is.
    std::pair<T*, uint32_t> find_any(uint32_t id) const {
        const auto it = containing(id);
        return it == objects_.end() ? std::pair<T*, uint32_t>{nullptr, 0}
                                    : std::pair{it->second.pointer.get(), id - it->first};
    }

    /// Nobody but the table has the object: the caller's pointer is the second.
    static bool busy(const Pointer& object) { return object.use_count() > 2; }
    void erase(uint32_t id) {
        const auto it = objects_.find(id);
        used_ -= it->second.count;
        objects_.erase(it);
    }
    void erase_all(uint16_t uid) {
        for (auto it = objects_.begin(); it != objects_.end();) {
            const auto here = it++;
            if (here->second.uid == uid) {
                erase(here->first);
            }
        }
    }
    template <class Visit>
    void for_each(uint16_t uid, Visit visit) {
        for (auto& [id, object] : objects_) {
            if (object.uid == uid) {
                visit(*object.pointer);
            }
        }
    }
    /// Ids in use.
    size_t used() const { return used_; }

private:
    struct Object {
        uint16_t uid = 0;
        uint32_t count = 1;
        Pointer pointer;
    };

    typename std::map<uint32_t, Object>::const_iterator containing(uint32_t id) const {
        auto it = objects_.upper_bound(id);
        if (it == objects_.begin() || id - std::prev(it)->first >= std::prev(it)->second.count) {
            return objects_.end();
        }
        return std::prev(it);
    }

    /// Moves next_ to `count` free ids. They are given out in turn, so that one that was destroyed
    /// does not come back at once.
    bool find_room(uint32_t count, uint32_t alignment) {
        for (int round = 0; round < 2; round++) {
            auto it = objects_.upper_bound(next_);
            if (it != objects_.begin()) {
                const auto before = std::prev(it);
                next_ = std::max(next_, before->first + before->second.count);
            }
            next_ = align(next_, alignment);
            while (it != objects_.end() && (it->first < next_ || it->first - next_ < count)) {
                next_ = align(it->first + it->second.count, alignment);
                ++it;
            }
            if (next_ <= end_ && end_ - next_ >= count) {
                return true;
            }
            next_ = first_;
        }
        return false;
    }

    static uint32_t align(uint32_t id, uint32_t alignment) {
        return (id + alignment - 1) / alignment * alignment;
    }

    size_t limit_;
    size_t used_ = 0;
    uint32_t first_;
    uint32_t end_;
    uint32_t next_;
    std::map<uint32_t, Object> objects_;
};

}  // namespace esw::sim
