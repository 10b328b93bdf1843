// The actions of a Composition: how a change becomes one, how two become one, what one does to a value
// that is known.
#pragma once

#include "compose.h"

namespace profiles {

// Nothing for a change that never does anything.
std::optional<Action> make_action(const Change &change, std::pmr::memory_resource *memory);

// Makes `first` do what both do. False when no one operator does that for every value, or when the numbers
// together are out of range; then nothing is changed.
bool join_actions(Action &first, const Action &next, std::pmr::memory_resource *memory);

inline bool is_assignment(const Action &action)
{
    return action.op == Operator::set || action.op == Operator::unset;
}

// The value after. Throws what the operator throws.
std::optional<Item> perform(const Action &action, const std::optional<Item> &value,
                            std::pmr::memory_resource *scratch);

// The operand as it stands in a document.
void write_operand(const Action &action, TextBuffer &out, std::pmr::memory_resource *scratch);

}  // namespace profiles
