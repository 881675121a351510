// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mode_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/back_off.h"

namespace esw {

namespace {

constexpr Duration kFirstRetry = std::chrono::seconds(1);
constexpr Duration kLastRetry = std::chrono::seconds(60);
/// Who changes a mode again within this time after it was applied is in earnest: applying it at
/// once, again and again, would help nobody.
constexpr Duration kStands = std::chrono::seconds(60);

constexpr std::string_view kHeld = "held: ";

}  // namespace

std::string_view to_string(ProfileState state) {
    switch (state) {
        case ProfileState::kNone:
            return "none";
        case ProfileState::kAbsent:
            return "absent";
        case ProfileState::kPending:
            return "pending";
        case ProfileState::kApplying:
            return "applying";
        case ProfileState::kApplied:
            return "applied";
        case ProfileState::kHeld:
            return "held";
        case ProfileState::kFailed:
            return "failed";
        case ProfileState::kOverridden:
            return "overridden";
    }
    return "unknown";
}

std::optional<netlink::EswitchMode> EswitchProfile::wanted() const {
    if (override_mode) {
        return override_mode;
    }
    return rule ? std::optional(rule->mode) : std::nullopt;
}

std::string ModePolicy::held(uint32_t vfs) {
    return fmt::format("{}it has {} VFs: not changed at start without force=true", kHeld, vfs);
}

bool ModePolicy::is_held(const std::string& result) {
    return result.starts_with(kHeld);
}

// --- the database

void ModePolicy::read_profile(const std::string& text) {
    const bool first = !std::exchange(profile_read_, true);
    auto profile = Profile::parse(text);
    changed();
    if (!profile) {
        refused_ = text;
        refusal_ = profile.error().to_string();
        log_.error("esw-profile is refused as a whole: {}", refusal_);
        return;
    }
    refused_.clear();
    refusal_.clear();
    if (profile->text() != profile_.text()) {
        log_.info("esw-profile: {}", profile->text().empty() ? "none" : profile->text());
    }
    profile_ = std::move(*profile);
    for (auto& [handle, state] : states_) {
        change_rule(handle, state, first);
    }
}

void ModePolicy::change_rule(const DevlinkHandle& handle, State& state, bool first) {
    const ProfileRule* const rule = profile_.rule_for(handle);
    if (rule ? state.rule == *rule : !state.rule) {
        return;
    }
    state.rule = rule ? std::optional(*rule) : std::nullopt;
    state.due = true;
    state.applied = false;
    state.contests = 0;
    forget_failure(state);
    if (!first) {
        // Somebody has just said what it shall be.
        state.at_start = false;
    }
}

void ModePolicy::forget_failure(State& state) {
    state.held.clear();
    state.error = {};
    state.retries = 0;
    state.retry_at.reset();
}

void ModePolicy::read_overrides(const std::string& text, uint64_t reading) {
    overrides_read_ = true;
    reading_ = reading;
    changed();
    const auto overrides = parse_overrides(text);
    overrides_refused_.clear();
    overrides_refusal_.clear();
    if (!overrides) {
        overrides_refused_ = text;
        overrides_refusal_ = overrides.error().to_string();
        log_.error("esw-override is refused as a whole: {}", overrides_refusal_);
        return;
    }
    set_overrides(*overrides);
}

void ModePolicy::set_overrides(const Overrides& overrides) {
    std::map<DevlinkHandle, ByHand> before = std::exchange(by_hand_, {});
    for (const auto& [handle, mode] : overrides) {
        by_hand_[handle].mode = mode;
    }
    for (auto& [handle, by_hand] : before) {
        if (by_hand.request) {
            by_hand_[handle].request = by_hand.request;
        } else if (!overrides.count(handle)) {
            const auto state = states_.find(handle);
            if (state != states_.end()) {
                state->second.due = true;
            }
        }
    }
}

// --- the eswitches

void ModePolicy::appeared(const DevlinkHandle& handle, bool at_start) {
    State& state = states_[handle];
    state = {};
    state.at_start = at_start;
    const ProfileRule* const rule = profile_.rule_for(handle);
    state.rule = rule ? std::optional(*rule) : std::nullopt;
    changed();
}

void ModePolicy::gone(const DevlinkHandle& handle) {
    states_.erase(handle);
    // What was asked for of the one that went is over with it.
    const auto by_hand = by_hand_.find(handle);
    if (by_hand != by_hand_.end()) {
        by_hand->second.request.reset();
        if (!by_hand->second.mode) {
            by_hand_.erase(by_hand);
        }
    }
    changed();
}

void ModePolicy::saw_mode(const DevlinkHandle& handle, netlink::EswitchMode mode, TimePoint now) {
    const auto found = states_.find(handle);
    if (found == states_.end() || found->second.mode == mode) {
        return;
    }
    State& state = found->second;
    const bool known = state.mode.has_value();
    state.mode = mode;
    changed();
    if (state.rule && state.rule->mode == mode) {
        state.retry_at.reset();
    }
    if (!state.held.empty()) {
        state.due = true;
    }
    if (!known || !state.rule || state.rule->mode == mode || !state.applied || state.running ||
        by_hand(handle)) {
        return;
    }
    state.due = true;
    state.applied = false;
    if (now - *state.applied_at >= kStands) {
        state.contests = 0;
    }
    if (state.contests > 0) {
        state.error = {
            EBUSY, handle.to_string(), "",
            fmt::format("another program has set it to {} again", netlink::to_string(mode))};
        state.retries = state.contests;
        state.retry_at = now + back_off(kFirstRetry, kLastRetry, state.contests - 1);
    }
    ++state.contests;
    log_.info("{}: is {} now, and {} by the profile", handle.to_string(), netlink::to_string(mode),
              netlink::to_string(state.rule->mode));
}

void ModePolicy::reloaded(const DevlinkHandle& handle) {
    const auto state = states_.find(handle);
    if (state == states_.end()) {
        return;
    }
    state->second.at_start = false;  // it is not as it was found
    state->second.applied = false;
    state->second.contests = 0;
    forget_failure(state->second);
    // What was asked for when the mode was seen to go is behind the reload.
    state->second.due = !state->second.running;
    changed();
}

void ModePolicy::look_again_at_held() {
    for (auto& [handle, state] : states_) {
        if (!state.held.empty()) {
            state.due = true;
        }
    }
}

// --- by hand

std::optional<netlink::EswitchMode> ModePolicy::by_hand(const DevlinkHandle& handle) const {
    const auto found = by_hand_.find(handle);
    if (found == by_hand_.end()) {
        return std::nullopt;
    }
    const ByHand& by_hand = found->second;
    return by_hand.request ? by_hand.request->second : by_hand.mode;
}

uint64_t ModePolicy::request_by_hand(const DevlinkHandle& handle, netlink::EswitchMode mode) {
    by_hand_[handle].request = {++last_number_, mode};
    // What is in the database is written anew.
    overrides_refused_.clear();
    overrides_refusal_.clear();
    changed();
    return last_number_;
}

void ModePolicy::end_by_hand(const DevlinkHandle& handle, uint64_t number, bool success) {
    const auto found = by_hand_.find(handle);
    if (found == by_hand_.end() || !found->second.request ||
        found->second.request->first != number) {
        return;  // there was a later one
    }
    ByHand& by_hand = found->second;
    const netlink::EswitchMode mode = std::exchange(by_hand.request, {})->second;
    if (success) {
        by_hand.mode = mode;
    } else if (!by_hand.mode) {
        by_hand_.erase(found);
        const auto state = states_.find(handle);
        if (state != states_.end()) {
            state->second.due = true;  // what the request has overtaken
        }
    }
    changed();
}

std::optional<ModePolicy::Application> ModePolicy::give_back(const DevlinkHandle& handle) {
    by_hand_.erase(handle);
    changed();
    const auto found = states_.find(handle);
    if (found == states_.end() || !found->second.rule) {
        return std::nullopt;
    }
    State& state = found->second;
    state.at_start = false;
    state.contests = 0;
    forget_failure(state);
    return begin(state);
}

// --- what is to be applied

ModePolicy::Application ModePolicy::begin(State& state) {
    state.due = false;
    state.held.clear();
    state.retry_at.reset();
    state.running = ++last_number_;
    changed();
    return {state.running, *state.rule, state.at_start && !state.rule->force};
}

std::optional<ModePolicy::Application> ModePolicy::next(const DevlinkHandle& handle,
                                                        TimePoint now) {
    const auto found = states_.find(handle);
    if (!profile_read_ || !overrides_read_ || found == states_.end() || by_hand(handle)) {
        return std::nullopt;
    }
    State& state = found->second;
    if (!state.due || !state.rule || !state.mode || (state.retry_at && *state.retry_at > now)) {
        return std::nullopt;
    }
    if (!state.running && !state.rule->has_settings() && state.mode == state.rule->mode) {
        state.due = false;
        state.at_start = false;
        state.applied = true;
        state.applied_at = now;
        forget_failure(state);
        changed();
        return std::nullopt;
    }
    return begin(state);
}

void ModePolicy::ended(const DevlinkHandle& handle, uint64_t number,
                       const Result<std::string>& result, TimePoint now) {
    const auto found = states_.find(handle);
    if (found == states_.end() || found->second.running != number) {
        return;  // it went away, or there was a later one
    }
    State& state = found->second;
    state.running = 0;
    changed();
    if (!result) {
        // Said once, however often it is tried.
        if (result.error().code != ECANCELED &&
            state.error.to_string() != result.error().to_string()) {
            log_.warn("{}: the profile could not be applied: {}", handle.to_string(),
                      result.error().to_string());
        }
        state.applied = false;
        state.due = true;
        state.error = result.error();
        state.retry_at = now + back_off(kFirstRetry, kLastRetry, state.retries++);
        return;
    }
    forget_failure(state);
    if (is_held(*result)) {
        state.held = result->substr(kHeld.size());
        log_.warn("{}: the profile is not applied: {}", handle.to_string(), state.held);
        return;
    }
    if (by_hand(handle)) {
        return;  // superseded, or about to be
    }
    state.at_start = false;
    state.applied = true;
    state.applied_at = now;
    state.mode = state.rule ? state.rule->mode : state.mode;
}

std::optional<TimePoint> ModePolicy::next_retry() const {
    std::optional<TimePoint> next;
    for (const auto& [handle, state] : states_) {
        if (state.retry_at && state.rule && !by_hand(handle)) {
            next = next ? std::min(*next, *state.retry_at) : *state.retry_at;
        }
    }
    return next;
}

void ModePolicy::retry_now(const std::optional<DevlinkHandle>& handle) {
    for (auto& [known, state] : states_) {
        if (!handle || *handle == known) {
            state.retry_at.reset();
        }
    }
    changed();
}

// --- status

EswitchProfile ModePolicy::status_of(const DevlinkHandle& handle, const State* state) const {
    EswitchProfile status;
    const ProfileRule* const rule = profile_.rule_for(handle);
    status.rule = rule ? std::optional(*rule) : std::nullopt;
    status.override_mode = by_hand(handle);
    if (!state) {
        status.state = ProfileState::kAbsent;
        return status;
    }
    if (status.override_mode) {
        status.state = ProfileState::kOverridden;
        return status;
    }
    if (!rule) {
        return status;
    }
    status.reason = state->held;
    status.error = state->error;
    status.retries = state->retries;
    status.retry_at = state->retry_at;
    if (state->running) {
        status.state = ProfileState::kApplying;
    } else if (state->error.code) {
        status.state = ProfileState::kFailed;
    } else if (!state->held.empty()) {
        status.state = ProfileState::kHeld;
    } else {
        status.state = state->applied ? ProfileState::kApplied : ProfileState::kPending;
    }
    return status;
}

ProfileStatusPtr ModePolicy::status() {
    if (status_) {
        return status_;
    }
    auto status = std::make_shared<ProfileStatus>();
    status->profile = profile_.text();
    status->refused = refused_;
    status->refusal = refusal_;
    status->overrides_refusal = overrides_refusal_;
    status->overrides_reading = reading_;
    Overrides overrides;
    for (const auto& [handle, by_hand_state] : by_hand_) {
        overrides.emplace(handle, *by_hand(handle));
    }
    status->overrides = overrides_refused_.empty() ? to_string(overrides) : overrides_refused_;
    for (const auto& [handle, state] : states_) {
        status->eswitches[handle] = status_of(handle, &state);
    }
    const auto add_absent = [&](const DevlinkHandle& handle) {
        if (!states_.count(handle)) {
            status->eswitches[handle] = status_of(handle, nullptr);
        }
    };
    for (const DevlinkHandle& handle : profile_.handles()) {
        add_absent(handle);
    }
    for (const auto& [handle, mode] : overrides) {
        add_absent(handle);
    }
    status_ = std::move(status);
    return status_;
}

}  // namespace esw
