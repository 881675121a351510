// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <dlfcn.h>

#include <atomic>

/// The rules of this directory. The code runs inside programs that know nothing of it, so it needs
/// no C++ run time, makes no thread, allocates nothing, takes no lock, keeps errno, and does in a
/// signal handler what the replaced function may do there. What it does on its own account goes
/// through syscall(), past every library's wrappers.

/// A function that replaces the C library's.
#define ESW_REPLACES extern "C" __attribute__((visibility("default")))

/// The function of that name that would have been called without this library.
#define ESW_NEXT(function)                                                       \
    ([]() noexcept {                                                             \
        static std::atomic<void*> cache;                                         \
        return esw::sim::next_function<decltype(&::function)>(cache, #function); \
    }())

namespace esw::sim {

template <class Function>
Function next_function(std::atomic<void*>& cache, const char* name) noexcept {
    void* found = cache.load(std::memory_order_acquire);
    if (!found) {
        found = dlsym(RTLD_NEXT, name);
        cache.store(found, std::memory_order_release);
    }
    return reinterpret_cast<Function>(found);
}

}  // namespace esw::sim
