// The distinct values of a column while a block is built: a hash table of items that lie elsewhere,
// each with a number in the order of arrival.
#pragma once

#include <cstdint>
#include <vector>

#include "../profile/value.h"

namespace profiles {

class ValueTable {
public:
    // The number of the value, a new one for a new value.
    std::uint32_t number_of(const Item &value);

    const std::vector<Item> &values() const { return values_; }
    // Of all payloads.
    std::size_t payload() const { return payload_; }
    // For each number its place in the order of compare_items.
    std::vector<std::uint32_t> ranks() const;

private:
    void grow();

    std::vector<Item> values_;
    std::vector<std::uint64_t> hashes_;  // of the values
    std::vector<std::uint32_t> slots_;   // number + 1, 0 is free; a power of two
    std::uint32_t last_ = 0;             // the number given last: equal values come together
    std::size_t payload_ = 0;
};

}  // namespace profiles
