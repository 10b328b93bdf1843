// Laying one profile over another.
#pragma once

#include "node.h"
#include "view.h"

namespace profiles {

// Every property of `right` wins, the rest of `left` stays. A property is a member of the root or of
// the groups custom and campaign; values are replaced whole.
Node overlay(const Item &left, const Item &right, std::pmr::memory_resource *memory);

}  // namespace profiles
