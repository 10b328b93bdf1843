// What a user bought: of the events that the app lists in the setting `purchase_events`.
#pragma once

#include "../app/settings.h"
#include "../update/update.h"
#include "user.h"

namespace profiles {

// Adds the purchases among `events`, which are sealed. True when there was one. A sum that cannot be
// added exactly is reported.
bool add_purchases(std::span<const Node> events, const Settings &settings, Purchases &purchases,
                   SkipList &skips, std::pmr::memory_resource *memory);

// Both users' in one.
Purchases merge_purchases(const Purchases &left, const Purchases &right,
                          std::pmr::memory_resource *memory);

}  // namespace profiles
