// What $push, $addToSet, $pop and $pull do to an array. Elements are compared by value: 1 equals 1.0, "1"
// does not equal 1, objects compare without regard to key order. The old array's elements are copied
// in stretches, never one by one.
#pragma once

#include <optional>

#include "operators.h"

namespace profiles {

// The operand of $push and $addToSet: one value, an array that is spread, or {"$each": [...]} with
// $slice and $position ($push only). Throws for anything else.
struct ArrayOperand {
    ArrayOperand(const Operation &operation, std::string_view operator_name);

    std::span<const Node> elements;
    std::optional<std::int64_t> slice;     // n: keep the first n; -n: keep the last n
    std::optional<std::int64_t> position;  // where to insert; negative counts from the end

private:
    void read_each(const Operation &operation, std::string_view operator_name);
};

// What $pull removes: a value, each of a list of values, or what meets every one of the conditions
// $in $nin $eq $ne $gt $gte $lt $lte.
class PullCondition {
public:
    explicit PullCondition(const Operation &operation);
    bool matches(const Item &element) const;

private:
    enum class Kind { in, not_in, greater, greater_or_equal, less, less_or_equal };
    struct Test {
        Kind kind;
        std::pmr::vector<Item> operands;  // packed; sorted by bytes for the search
    };
    void add_test(Kind kind, std::span<const Node> operands, const Operation &operation);
    void add_conditions(const Operation &operation);
    static bool meets(const Test &test, const Item &element);

    std::pmr::vector<Test> tests_;
};

// Each returns the array after; an absent array is made only when there is something to put into it.
std::optional<Item> insert_elements(std::optional<Item> array, const ArrayOperand &operand,
                                    std::pmr::memory_resource *memory);
std::optional<Item> add_missing_elements(std::optional<Item> array, const ArrayOperand &operand,
                                         std::pmr::memory_resource *memory);
Item remove_elements(Item array, const PullCondition &condition, std::pmr::memory_resource *memory);
// Without its last or its first element.
Item remove_end(Item array, bool last, std::pmr::memory_resource *memory);
// The last `limit` elements.
Item keep_newest(Item array, std::uint32_t limit, std::pmr::memory_resource *memory);

}  // namespace profiles
