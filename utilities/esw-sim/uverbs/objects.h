// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace esw::sim::uverbs {

/// An object of a context (ib_uobject): a protection domain, a memory region, a DEVX object...
class Object {
public:
    explicit Object(uint16_t type) : type_(type) {}
    virtual ~Object() = default;
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;

    uint16_t type() const { return type_; }
    uint32_t handle() const { return handle_; }
    /// Not 0: the kernel answers EBUSY to its destruction.
    int users() const { return users_; }
    /// What there was of it in the device is gone; the handle stays until the program destroys it.
    bool dead() const { return dead_; }

    /// Destroys it, unless it has users (EBUSY). Returns an errno value.
    int destroy() {
        if (dead_) {
            return 0;
        }
        if (const int error = users_ != 0 ? kBusy : release()) {
            return error;
        }
        dead_ = true;
        return 0;
    }

protected:
    /// Frees what the device has of it, and what it uses. Returns an errno value; when that is not
    /// 0, the object stays.
    virtual int release() = 0;

private:
    friend class HandleTable;
    friend class Use;
    static const int kBusy;

    uint16_t type_;
    uint32_t handle_ = 0;
    uint64_t age_ = 0;
    int users_ = 0;
    bool dead_ = false;
};

/// Holds an object of which another one makes use (atomic_inc(&pd->usecnt)).
class Use {
public:
    Use() = default;
    explicit Use(std::shared_ptr<Object> object) : object_(std::move(object)) { object_->users_++; }
    Use(Use&& other) noexcept : object_(std::move(other.object_)) { other.object_.reset(); }
    Use& operator=(Use&& other) noexcept {
        reset();
        object_ = std::exchange(other.object_, nullptr);
        return *this;
    }
    ~Use() { reset(); }
    void reset() {
        if (object_) {
            object_->users_--;
            object_.reset();
        }
    }

private:
    std::shared_ptr<Object> object_;
};

/// The handles of one open device file. Objects that have a descriptor instead of a handle (event
/// channels) are in the list only.
class HandleTable {
public:
    /// The object with this handle, of any type; nullptr when there is none.
    std::shared_ptr<Object> find(int64_t handle) const;
    /// Takes the lowest handle that is free (xa_alloc()).
    uint32_t take_handle();
    void give_back(uint32_t handle);
    void add(std::shared_ptr<Object> object, uint32_t handle);
    void add_without_handle(std::shared_ptr<Object> object);
    void remove(const std::shared_ptr<Object>& object);

    /// uverbs_destroy_ufile_hw(): the newest first, and again while that lets others go that had
    /// users. Handles stay.
    void destroy_all();

    /// Living objects in the kernel's order: the newest first.
    void for_each(const std::function<void(const std::shared_ptr<Object>&)>& visit) const;

private:
    std::map<uint32_t, std::shared_ptr<Object>> handles_;
    uint32_t next_handle_ = 0;
    std::set<uint32_t> freed_;  ///< handles below next_handle_ that are free
    std::map<uint64_t, std::shared_ptr<Object>> living_;  ///< by age
    uint64_t created_ = 0;
};

}  // namespace esw::sim::uverbs
