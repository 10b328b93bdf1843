// What makes an object a profile: standard properties at the top, custom ones under `custom`, campaign
// ones under `campaign`. null is absent, an empty group is no group, and property names hold no
// dot and no dollar sign, so that `custom.plan` always means one thing.
#pragma once

#include "node.h"

namespace profiles {

inline constexpr std::string_view kCustom = "custom";
inline constexpr std::string_view kCampaign = "campaign";

// Turns a JSON object into a sealed profile. Throws invalid_value for what is no profile, and what
// seal() throws.
void normalise_profile(Node &root);

// Throws invalid_value for a name that cannot be a property's.
void check_property_name(std::string_view name);

// Throws corrupted when bytes that passed check_container() are no profile.
void check_profile(std::string_view bytes);

}  // namespace profiles
