// The leaf of a filter: a question about one value, which may be missing. It
// knows nothing of where the value comes from, so that it can be asked once per
// row or once per distinct value of a column.
#pragma once

#include <optional>
#include <span>

#include "../location/place.h"
#include "../profile/value.h"

namespace profiles {

class Pattern;

enum class PredicateKind : std::uint8_t {
    exists,
    equal,
    in,
    greater,
    greater_equal,
    less,
    less_equal,
    all,
    size,
    regex,
    contains,
    begins,
    contains_ignoring_case,
    within,
    near,  // of the whole location, not of one value: see is_near()
};

// Plain data: what it points to belongs to the filter.
struct Predicate {
    PredicateKind op = PredicateKind::exists;
    bool negated = false;              // true of exactly the values it is otherwise false of
    Item operand;                      // equal, comparisons, regex
    std::span<const Item> list = {};   // in, all, contains ...: sorted by compare_items, distinct;
                                       // near: latitude, longitude, kilometres
    bool missing = false;              // in, all: null is in the list
    std::int64_t number = 0;           // size: elements; within: milliseconds
    const Pattern *pattern = nullptr;  // regex, contains_ignoring_case
    std::string_view options = {};     // regex: sorted, distinct
    location::Point centre = {};       // near
    double radius_km = 0;
};

// A null value is a missing one. Where the value is an array, it matches if it
// does as a whole or if any element does. `now` (milliseconds since the epoch)
// matters to `within` alone.
bool matches(const Predicate &predicate, const std::optional<Item> &value, std::int64_t now);

// The answer of `near`: no point is near nothing.
bool is_near(const Predicate &predicate, const std::optional<location::Point> &point);

// An arbitrary total order; equal predicates ask the same question.
int compare_predicates(const Predicate &left, const Predicate &right);

}  // namespace profiles
