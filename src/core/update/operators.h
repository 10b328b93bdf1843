// The update operators: one table, one function each from the value before to the value after.
#pragma once

#include <array>
#include <optional>

#include "../profile/node.h"

namespace profiles {

// In the order in which several operators on one key are applied, whatever the order of the text.
enum class Operator {
    unset,
    set,
    set_once,
    multiply,
    increment,
    minimum,
    maximum,
    pull,
    add_to_set,
    push
};

// What an operator works on. Values are packed; an absent one is nullopt.
struct Operation {
    std::string_view key;               // for messages
    std::optional<Item> value;          // before
    const Node &operand;                // sealed, with packed numbers
    std::pmr::memory_resource *memory;  // for what it makes
};

struct OperatorRule {
    std::string_view name;  // as in an update document
    std::optional<Item> (*apply)(const Operation &operation);
};

// Indexed by Operator.
const std::array<OperatorRule, 10> &operator_rules();
std::optional<Operator> find_operator(std::string_view name);
inline std::string_view operator_name(Operator op)
{
    return operator_rules()[static_cast<std::size_t>(op)].name;
}

}  // namespace profiles
