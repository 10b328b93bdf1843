// Setting and removing members of a profile by path, and laying one profile over another.
#pragma once

#include "node.h"
#include "view.h"

namespace profiles {

// The container with the value at `path` set; null removes it. Objects on the way are made where they
// are missing; throws wrong_type where something else is in the way. Returns an unsealed node whose
// unchanged parts point into the old bytes.
Node set_path(const Item &object, std::span<const std::string_view> path, const Node &value,
              std::pmr::memory_resource *memory);

// Every property of `right` wins, the rest of `left` stays. A property is a member of the root or of
// the groups custom and campaign; values are replaced whole.
Node overlay(const Item &left, const Item &right, std::pmr::memory_resource *memory);

}  // namespace profiles
