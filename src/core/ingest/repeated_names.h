// Names that several segments of an event have: of such the last one stays, and the answer says so.
#pragma once

#include <algorithm>
#include <memory_resource>
#include <span>
#include <vector>

#include "../profile/node.h"

namespace profiles {

// Each as often as it is there once more.
inline std::pmr::vector<std::string_view> repeated_names(std::span<const Node> segments,
                                                         std::pmr::memory_resource *memory)
{
    std::pmr::vector<std::string_view> names(memory), repeated(memory);
    for (const Node &segment : segments)
        names.push_back(segment.key);
    std::sort(names.begin(), names.end());
    for (std::size_t index = 1; index < names.size(); ++index)
        if (names[index] == names[index - 1])
            repeated.push_back(names[index]);
    return repeated;
}

}  // namespace profiles
