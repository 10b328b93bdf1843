// What an index can say about a question: the terms to look for, and a tree that tells from the terms a
// profile has whether it matches, does not, or must be looked at. A wrong "no" is impossible: what the
// terms cannot decide is "maybe".
#pragma once

#include <span>
#include <vector>

#include "../segment/filter.h"
#include "term.h"

namespace profiles {

// The numbers are those of PostgreSQL's GinTernaryValue.
enum class Certainty : std::uint8_t { no = 0, yes = 1, maybe = 2 };

// How well terms answer a condition, best first. In an "all of" only the best are looked up, because
// reading a long stretch of an index costs more than looking at the few rows the others leave.
enum class TermRank : std::uint8_t {
    equality,   // one term, or one for each value of a list
    bounded,    // a range with two ends, or texts that begin alike
    half_open,  // a range with one end
    pattern,    // a stretch of texts, each of which is tried
    existence,  // everything at or below a path
    unindexed,  // no term tells anything
};

// One lookup: a single term, or a stretch of terms from `low` on.
struct QueryTerm {
    Bytes low;
    bool partial = false;
    Bytes prefix;  // what the terms of the stretch begin with
    bool without_low = false;
    bool bounded = false;
    Bytes high;  // the greatest, when bounded
    bool without_high = false;
    const Predicate *predicate = nullptr;  // tried on texts of the stretch

    // As GIN's comparePartial: 0 when the term belongs to the lookup, less when a later one may, more
    // when no later one does. `term` is not before `low`.
    int compare(std::string_view term) const;
};

class IndexQuery {
public:
    enum class Kind : std::uint8_t { all_of, any_of, terms, unknown };

    // Part of the question: how it is answered. Children and terms are ranges of positions.
    struct Part {
        Kind kind = Kind::unknown;
        bool every = false;  // terms: every one must be there, not any
        bool exact = false;  // terms: when they are there, the condition is true
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };

    // `filter` must outlive this, `declared` need not; null declares all properties.
    static IndexQuery of_filter(const Filter &filter, const DeclaredProperties *declared);
    // Does the profile contain `part`.
    static IndexQuery of_containment(const View &part, const DeclaredProperties *declared);
    // Are all, or any, of these properties set; a null value counts as set.
    static IndexQuery of_properties(std::span<const std::string_view> references, bool all,
                                    const DeclaredProperties *declared);

    std::span<const QueryTerm> terms() const { return terms_; }
    // True when the terms leave open that a profile without any of them matches.
    bool needs_full_scan() const { return root_answer() != Certainty::no; }
    // `found`: for each term whether a profile has it, as Certainty's numbers.
    Certainty answer(const char *found) const { return answer(parts_[root_], found); }

private:
    friend class IndexQueryBuilder;

    IndexQuery() = default;
    Certainty root_answer() const;
    Certainty answer(const Part &part, const char *found) const;
    Certainty answer_terms(const Part &part, const char *found) const;

    std::vector<QueryTerm> terms_;
    std::vector<Part> parts_;
    std::vector<std::uint32_t> children_;  // positions in parts_
    std::uint32_t root_ = 0;
};

// What a condition on the location looks up.
inline constexpr std::string_view kCoordinates[] = {"latitude", "longitude"};

// Conditions of an "all of" that are looked up together: one, or the two ends of a range.
struct QueryUnit {
    const Condition *condition = nullptr;
    const Leaf *low = nullptr;  // a range: no condition but these two
    const Leaf *high = nullptr;
    TermRank rank = TermRank::unindexed;
};

// Children of an "all of" as units, and which of them are looked up.
std::vector<QueryUnit> query_units(std::span<const Condition> conditions,
                                   const DeclaredProperties *declared);
bool is_looked_up(const QueryUnit &unit, std::span<const QueryUnit> units);

// How terms answer a condition, were it alone.
TermRank term_rank(const Condition &condition, const DeclaredProperties *declared);
// True when the terms of a leaf leave nothing to check on the row.
bool is_exact(const Leaf &leaf);

}  // namespace profiles
