// A filter: a JSON question about a user or an event, read once and asked of
// many rows. It is a tree of "all of" and "any of" over leaves; negation is
// pushed down into the leaves, where it turns the answer about one value
// around. DESIGN: a missing property makes a comparison false and its negation
// true.
#pragma once

#include <deque>
#include <memory_resource>

#include "../profile/node.h"
#include "../profile/reference.h"
#include "pattern.h"
#include "predicate.h"

namespace profiles {

struct Leaf {
    Reference reference;
    std::string_view name;  // the canonical text of the reference
    Predicate predicate;
    std::size_t position = 0;  // in Filter::leaves()
};

// Plain data in the filter's memory. Children are sorted and distinct.
struct Condition {
    enum class Kind : std::uint8_t { all_of, any_of, leaf };
    Kind kind = Kind::all_of;  // "all of" nothing is true, "any of" nothing is false
    std::span<const Condition> children = {};
    const Leaf *leaf = nullptr;
};

class Filter {
public:
    // From a JSON object, which need not be sealed and may go afterwards. Throws
    // invalid_value for what is no filter, limit_exceeded for one that is too
    // deep or too large, unsupported.
    explicit Filter(const Node &root);
    Filter(const Filter &) = delete;
    Filter &operator=(const Filter &) = delete;

    const Condition &root() const { return root_; }
    const std::deque<Leaf> &leaves() const { return leaves_; }

    // The same filter as JSON, sealed. Equivalent usual spellings give the same,
    // and reading it again gives this filter.
    Node to_node(std::pmr::memory_resource *memory) const;

private:
    friend class FilterReader;

    std::pmr::monotonic_buffer_resource memory_;
    std::deque<Pattern> patterns_;
    std::deque<Leaf> leaves_;
    Condition root_;
};

// An arbitrary total order; equal conditions ask the same question.
int compare_conditions(const Condition &left, const Condition &right);

// The one text of a reference: our names, no alias.
std::string_view canonical_name(const Reference &reference, std::pmr::memory_resource *memory);

}  // namespace profiles
