// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.h"
#include "base/result.h"

namespace esw::sim {

/// The named points of the simulated kernel: where it can be held (gates), made to fail and made
/// slow (faults). Both may be limited to one devlink handle.
///
/// A point is passed in this order: gate, delay, error. Threads: the daemon's one.
class Points {
public:
    struct Known {
        std::string_view name;
        std::string_view meaning;
    };
    static const std::vector<Known>& known();
    /// Error that lists the names there are. Those of firmware commands are any opcode's:
    /// "firmware.0x939".
    static Status check_name(std::string_view name);

    explicit Points(EventLoop& loop) : loop_(loop) {}

    /// Passes point `name` for `handle`: calls `passed` at once, or when the gate opens and the
    /// delay is over, with success or with the fault's error.
    void pass(std::string_view name, const std::string& handle, std::function<void(Status)> passed);

    /// The same for several points, one behind the other.
    void pass_all(std::vector<std::string> names, const std::string& handle,
                  std::function<void(Status)> passed);
    /// Nothing is held or made to fail anywhere.
    bool idle() const { return gates_.empty() && faults_.empty(); }

    struct Gate {
        std::string name;
        std::string handle;  ///< empty: all
        size_t held = 0;     ///< passages that wait here now
    };
    Status close(const std::string& name, const std::string& handle);
    Status open(const std::string& name, const std::string& handle);
    void open_all();
    std::vector<Gate> gates() const;

    /// Calls `held` when at least one passage waits at this gate, now or later; `closed` of no such
    /// gate is an error. At most one call.
    Status when_held(const std::string& name, const std::string& handle,
                     std::function<void()> held);

    struct Fault {
        std::string point;
        std::string handle;  ///< empty: all
        int error = 0;       ///< errno value, 0: none
        uint32_t after = 0;  ///< passages to let through first
        uint32_t count = 1;  ///< how many to hit; 0: all
        uint32_t delay_ms = 0;
        uint32_t hit = 0;  ///< how many were hit
    };
    Status add_fault(Fault fault);
    void clear_faults() { faults_.clear(); }
    const std::list<Fault>& faults() const { return faults_; }

private:
    struct Waiter {
        std::string name;
        std::string handle;
        std::function<void(Status)> passed;
    };
    struct HeldWatch {
        std::string name;
        std::string handle;
        std::function<void()> held;
    };

    bool closed(std::string_view name, const std::string& handle) const;
    size_t held_at(const Gate& gate) const;
    void release();
    void apply_faults(const std::string& name, const std::string& handle,
                      const std::function<void(Status)>& passed);
    std::optional<Fault> take_fault(std::string_view name, const std::string& handle);

    EventLoop& loop_;
    std::vector<Gate> gates_;
    std::list<Waiter> waiting_;
    std::list<HeldWatch> watches_;
    std::list<Fault> faults_;
    std::map<uint64_t, std::unique_ptr<EventLoop::Handle>> timers_;
    uint64_t next_timer_ = 0;
};

}  // namespace esw::sim
