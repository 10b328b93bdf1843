// The operators of the filter language by name: what operand each takes, and
// how a predicate is written back in the one form that equal predicates share.
#pragma once

#include <deque>
#include <memory_resource>
#include <optional>

#include "../profile/node.h"
#include "pattern.h"
#include "predicate.h"

namespace profiles {

// Where a predicate's operands and patterns are kept.
struct PredicateStore {
    std::pmr::memory_resource *memory;
    std::deque<Pattern> *patterns;
};

// True for names that cannot be a member of a plain value: they start with $ or
// are one of rgx...
bool is_operator_name(std::string_view name);

// {"<name>": operand} as a predicate. Throws invalid_value for an unknown
// operator or an operand that it does not take, unsupported for one that has a
// name but no meaning yet.
Predicate read_predicate(std::string_view name, Node operand, const PredicateStore &store);
// {"$regex": expression, "$options": options}
Predicate read_regex(Node expression, const Node *options, const PredicateStore &store);
// {"$near": [latitude, longitude], "$km": radius}; `radius` may be missing, which is an error.
Predicate read_near(Node centre, const Node *radius, const PredicateStore &store);
// Equality with a bare value.
Predicate read_equality(Node operand, const PredicateStore &store);

// Raises the error for an operator that does not exist or stands in the wrong
// place.
[[noreturn]] void raise_unknown_operator(std::string_view name);
[[noreturn]] void raise_operand(std::string_view name, const char *needed, const Node &operand);

// The shortest form of a predicate: a bare value, or an object of operators.
// Not sealed.
Node write_predicate(const Predicate &predicate, std::pmr::memory_resource *memory);

}  // namespace profiles
