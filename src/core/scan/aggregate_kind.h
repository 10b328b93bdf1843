// The aggregates that a scan of events computes itself.
#pragma once

#include <cstdint>

namespace profiles {

enum class AggregateKind : std::uint8_t {
    rows,      // count(*)
    values,    // count(column)
    users,     // count(DISTINCT uid)
    sum,       // sum(column)
    average,   // avg(column)
    earliest,  // min(ts)
    latest,    // max(ts)
};

}  // namespace profiles
