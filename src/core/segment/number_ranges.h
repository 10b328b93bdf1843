// Ranges of numbers that a breakdown puts values into: "custom.age:0-17,18-34,35-". A range includes both
// of its ends; an open one leaves an end out. Where ranges touch, the first one that fits holds the number.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../profile/number.h"
#include "../profile/view.h"

namespace profiles {

class NumberRanges {
public:
    // "0-17", "-10--1.5", "35-" (from 35), "-17" (up to 17), several of them with commas between. Throws
    // invalid_value, limit_exceeded.
    void add(std::string_view text);

    bool empty() const { return ranges_.empty(); }
    // The name of the range that holds the value, as it was written; nothing for any other number, and for
    // what is no number.
    std::optional<std::string> find(const Item &value) const;

private:
    struct Range {
        std::optional<Number> low, high;
        std::string name;
    };

    void add_one(std::string_view text);

    std::vector<Range> ranges_;
};

// A breakdown as it is written: the reference of a property, perhaps with ranges.
struct BreakdownText {
    std::string_view property;
    NumberRanges ranges;
};

// Ranges begin behind the last colon, with a digit or a minus sign; other colons belong to the name of the
// property. A text that is nothing but ranges goes on with those of the text before: so
// '{custom.age:0-17,18-34,35-}' needs no quotes. Throws what NumberRanges does.
std::vector<BreakdownText> read_breakdown(std::span<const std::string_view> texts);

}  // namespace profiles
