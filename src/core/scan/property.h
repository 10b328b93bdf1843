// What -> of a profile follows, as a reference.
#pragma once

#include "../profile/reference.h"

namespace profiles {

// A name without a dot means the property of that very name, and no alias. A reference that is not of the profile
// leads -> to nothing. Throws what parse_reference() throws.
Reference parse_property(std::string_view text, std::pmr::memory_resource *memory);

}  // namespace profiles
