// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "esw-manager/ids.h"
#include "esw-manager/profile.h"

/// What the profile wants and what became of it; a part of each snapshot.
namespace esw {

enum class ProfileState : uint8_t {
    kNone,        ///< neither the profile nor anybody says which mode it shall have
    kAbsent,      ///< there is no such eswitch
    kPending,     ///< will be applied: its mode is not known yet
    kApplying,    ///< is queued or runs
    kApplied,     ///< was applied
    kHeld,        ///< is not applied: `reason`
    kFailed,      ///< will be applied again: `error`
    kOverridden,  ///< set by hand
};
std::string_view to_string(ProfileState state);

struct EswitchProfile {
    std::optional<ProfileRule> rule;                    ///< of the profile
    std::optional<netlink::EswitchMode> override_mode;  ///< that was set by hand
    ProfileState state = ProfileState::kNone;
    std::string reason;  ///< why it is held
    Error error;         ///< of the last application, when kFailed
    uint32_t retries = 0;
    std::optional<TimePoint> retry_at;

    /// The mode that it shall have, if anybody says.
    std::optional<netlink::EswitchMode> wanted() const;
};

struct ProfileStatus {
    std::string profile;             ///< that is in force, as written
    std::string refused;             ///< the one read last, if it is wrong
    std::string refusal;             ///< and why
    std::string overrides;           ///< as the database shall have them
    std::string overrides_refusal;   ///< why those in the database are not in force
    uint64_t overrides_reading = 0;  ///< the last one that was taken over
    std::map<DevlinkHandle, EswitchProfile> eswitches;  ///< also some that are not there
};

using ProfileStatusPtr = std::shared_ptr<const ProfileStatus>;

}  // namespace esw
