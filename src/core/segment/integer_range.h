// What a predicate says of integers: many of them answer it with two comparisons each.
#pragma once

#include "predicate.h"

namespace profiles {

// Empty when `least` > `greatest`.
struct IntegerRange {
    std::int64_t least, greatest;

    bool contains(std::int64_t integer) const { return least <= integer && integer <= greatest; }
};

// The integers that the predicate is true of before it is negated; nothing when they are no such range.
std::optional<IntegerRange> integer_range(const Predicate &predicate, std::int64_t now);

}  // namespace profiles
