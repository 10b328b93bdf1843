// The update operators: one table, one function each from the value before to the value after.
#pragma once

#include <array>
#include <optional>

#include "../profile/node.h"
#include "../profile/view.h"

namespace profiles {

// In the order in which several operators on one key are applied, whatever the order of the text.
enum class Operator {
    rename,
    arrive,  // the other end of a rename: the operand names the property whose value comes here
    unset,
    set,
    literal,
    set_once,
    multiply,
    increment,
    minimum,
    maximum,
    pop,
    pull,
    add_to_set,
    push
};

// What an operator works on. Values are packed; an absent one is nullopt.
struct Operation {
    std::string_view key;               // for messages
    const std::optional<Item> &value;   // before
    const Node &operand;                // sealed, with packed numbers
    std::pmr::memory_resource *memory;  // for what it makes
    const View *members = nullptr;      // the group before the update; null when there is none
};

struct OperatorRule {
    std::string_view name;  // as in an update document
    std::optional<Item> (*apply)(const Operation &operation);
};

// Indexed by Operator.
const std::array<OperatorRule, 14> &operator_rules();
std::optional<Operator> find_operator(std::string_view name);
// Whether the SDKs send it; the others are for documents of one's own.
bool is_sdk_operator(Operator op);
inline std::string_view operator_name(Operator op)
{
    return operator_rules()[static_cast<std::size_t>(op)].name;
}

}  // namespace profiles
