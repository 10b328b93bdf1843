// Which properties differ between two profiles, as references: "country", "custom.plan".
#pragma once

#include "../profile/node.h"

namespace profiles {

// Texts, in the order of the profile. At most `limit` of them.
NodeList changed_properties(std::string_view before, std::string_view after, std::size_t limit,
                            std::pmr::memory_resource *memory);

}  // namespace profiles
