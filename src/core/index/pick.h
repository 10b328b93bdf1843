// The part of a profile that an index, or a column of its own, is about.
#pragma once

#include "../profile/node.h"
#include "term.h"

namespace profiles {

// The declared properties of a profile, sealed. What is not set is left out, and so are objects of which
// nothing is left; so profiles that agree in these properties give the same bytes.
Node pick_properties(const View &profile, const DeclaredProperties &declared,
                     std::pmr::memory_resource *memory);

// "country, custom.plan" or a list, as DeclaredProperties takes them. Throws invalid_value for what names no
// property of a profile or names nothing at all.
Bytes read_declared(std::string_view list, std::pmr::memory_resource *memory);
Bytes read_declared(std::span<const std::string_view> references,
                    std::pmr::memory_resource *memory);

}  // namespace profiles
