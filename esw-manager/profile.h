// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "esw-manager/ids.h"
#include "netlink/devlink_types.h"

/// The auto-switchdev profile, other_config:esw-profile of the Open_vSwitch table: which mode each
/// eswitch shall have, and what must be set before.
///
///     SELECTOR=MODE[;KEY=VALUE]...,...
///     pci/0000:08:00.0=switchdev;flow_steering_mode=smfs,*=legacy
///
/// A selector is a devlink handle or "*", for all that no handle of the profile names.
namespace esw {

struct ProfileRule {
    std::string selector;  ///< as written
    netlink::EswitchMode mode = netlink::EswitchMode::kLegacy;
    // Set before the mode; nothing: left as they are.
    std::optional<std::string> flow_steering_mode;  ///< of the devlink parameter of that name
    std::optional<netlink::InlineMode> inline_mode;
    std::optional<netlink::EncapMode> encap_mode;
    bool force = false;  ///< also an eswitch that has VFs when the daemon starts

    bool has_settings() const { return flow_steering_mode || inline_mode || encap_mode; }
    bool operator==(const ProfileRule&) const = default;
};

/// Immutable. A profile of which a part is wrong is none at all.
class Profile {
public:
    /// Empty text is a profile without rules. Errors name the part that is wrong.
    static Result<Profile> parse(std::string_view text);

    /// The rule for an eswitch, or null.
    const ProfileRule* rule_for(const DevlinkHandle& handle) const;
    /// The handles that it names.
    std::vector<DevlinkHandle> handles() const;
    const std::string& text() const { return text_; }

private:
    std::string text_;
    std::map<DevlinkHandle, ProfileRule> exact_;
    std::optional<ProfileRule> any_;
};

/// The settings of a rule as they are written: "flow_steering_mode=smfs;force=true", or empty.
std::string settings_of(const ProfileRule& rule);

/// Modes that were set by hand, external_ids:esw-override: "HANDLE=MODE,...".
using Overrides = std::map<DevlinkHandle, netlink::EswitchMode>;
Result<Overrides> parse_overrides(std::string_view text);
std::string to_string(const Overrides& overrides);

}  // namespace esw
