// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "esw-manager/profile.h"
#include "esw-manager/profile_status.h"

namespace esw {

/// Which mode each eswitch shall have, by the profile and by hand, and when the profile is to be
/// applied: when an eswitch appears, after each reload, when its rule changes, and when another
/// program has changed its mode; never while somebody has set the mode by hand.
///
/// It knows neither the kernel nor the database: it is told what they say, and next() says what to
/// do. Threads: one.
class ModePolicy {
public:
    explicit ModePolicy(LogSink& log) : log_(log, "esw_profile") {}

    /// A rule to apply. Its end is told to ended() with the same number.
    struct Application {
        uint64_t number = 0;
        ProfileRule rule;
        bool unless_vfs = false;  ///< the mode is not to be changed while there are VFs
    };

    // What the database says. Nothing is applied before both were read; a text that is wrong
    // changes nothing but the status.
    void read_profile(const std::string& text);
    /// `reading` is told by the status when it is taken over.
    void read_overrides(const std::string& text, uint64_t reading);
    /// The profile was read, and with the overrides it may be applied.
    bool waits_for_overrides() const { return profile_read_ && !overrides_read_; }

    // What becomes of the eswitches.
    /// `at_start`: it was there before the daemon.
    void appeared(const DevlinkHandle& handle, bool at_start);
    void gone(const DevlinkHandle& handle);
    void saw_mode(const DevlinkHandle& handle, netlink::EswitchMode mode, TimePoint now);
    void reloaded(const DevlinkHandle& handle);
    /// VFs may have gone.
    void look_again_at_held();

    // By hand: it counts from the request on, and for good when that succeeds.
    bool is_overridden(const DevlinkHandle& handle) const { return by_hand(handle).has_value(); }
    uint64_t request_by_hand(const DevlinkHandle& handle, netlink::EswitchMode mode);
    void end_by_hand(const DevlinkHandle& handle, uint64_t number, bool success);
    /// The eswitch is the profile's again. Returns what is to be applied, whatever its mode is;
    /// nothing when the profile does not name it.
    std::optional<Application> give_back(const DevlinkHandle& handle);

    /// What is to be applied now to this eswitch.
    std::optional<Application> next(const DevlinkHandle& handle, TimePoint now);
    void ended(const DevlinkHandle& handle, uint64_t number, const Result<std::string>& result,
               TimePoint now);
    std::optional<TimePoint> next_retry() const;
    /// What failed is due now: of one eswitch, or all.
    void retry_now(const std::optional<DevlinkHandle>& handle);

    /// What ended() takes for an application that was not made because of VFs.
    static std::string held(uint32_t vfs);
    static bool is_held(const std::string& result);

    /// The same object while nothing has changed. Never null.
    ProfileStatusPtr status();

private:
    struct ByHand {
        std::optional<netlink::EswitchMode> mode;  // that was set
        std::optional<std::pair<uint64_t, netlink::EswitchMode>> request;
    };
    struct State {
        bool at_start = false;
        bool due = true;
        std::optional<netlink::EswitchMode> mode;  // as read last
        std::optional<ProfileRule> rule;
        uint64_t running = 0;  // the application's number
        std::string held;      // why it was not applied
        bool applied = false;
        std::optional<TimePoint> applied_at;
        Error error;
        uint32_t retries = 0;
        std::optional<TimePoint> retry_at;
        uint32_t contests = 0;  // with another program
    };

    std::optional<netlink::EswitchMode> by_hand(const DevlinkHandle& handle) const;
    void change_rule(const DevlinkHandle& handle, State& state, bool first);
    void set_overrides(const Overrides& overrides);
    Application begin(State& state);
    static void forget_failure(State& state);
    void changed() { status_ = nullptr; }
    EswitchProfile status_of(const DevlinkHandle& handle, const State* state) const;

    const Logger log_;
    Profile profile_;
    bool profile_read_ = false, overrides_read_ = false;
    std::string refused_, refusal_;  // the last profile, if it was wrong, and why
    std::string overrides_refused_, overrides_refusal_;
    uint64_t reading_ = 0;
    uint64_t last_number_ = 0;
    std::map<DevlinkHandle, State> states_;
    std::map<DevlinkHandle, ByHand> by_hand_;
    ProfileStatusPtr status_;
};

}  // namespace esw
