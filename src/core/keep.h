// A vector's elements as an array that lives as long as the memory it is taken from, for results that are plain
// data.
#pragma once

#include <memory>
#include <memory_resource>
#include <span>
#include <vector>

namespace profiles {

template <typename Element>
std::span<Element> keep(const std::pmr::vector<Element> &elements,
                        std::pmr::memory_resource *memory)
{
    auto *kept = static_cast<Element *>(
        memory->allocate(elements.size() * sizeof(Element) + 1, alignof(Element)));
    std::uninitialized_copy(elements.begin(), elements.end(), kept);
    return {kept, elements.size()};
}

}  // namespace profiles
