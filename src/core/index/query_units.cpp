// Which conditions of a filter an index looks up, and how well its terms answer them.
#include <algorithm>
#include <map>

#include "../interrupt.h"
#include "../profile/compare.h"
#include "index_query.h"

namespace profiles {

namespace {

using Kind = Condition::Kind;

bool is_long(const Item &item)
{
    return item.type == Type::text && item.bytes.size() > kTermTextPrefix;
}

bool any_container(std::span<const Item> items)
{
    return std::any_of(items.begin(), items.end(),
                       [](const Item &item) { return item.is_container(); });
}

bool all_containers(std::span<const Item> items)
{
    return std::all_of(items.begin(), items.end(),
                       [](const Item &item) { return item.is_container(); });
}

bool is_lower_bound(const Predicate &predicate)
{
    return predicate.op == PredicateKind::greater || predicate.op == PredicateKind::greater_equal;
}

bool is_upper_bound(const Predicate &predicate)
{
    return predicate.op == PredicateKind::less || predicate.op == PredicateKind::less_equal;
}

TermRank rank_of(const Predicate &predicate)
{
    switch (predicate.op) {
    case PredicateKind::equal:
        return predicate.operand.is_container() ? TermRank::existence : TermRank::equality;
    case PredicateKind::in:
        if (predicate.missing)
            return TermRank::unindexed;
        return any_container(predicate.list) ? TermRank::existence : TermRank::equality;
    case PredicateKind::all:
        if (predicate.missing || predicate.list.empty())
            return TermRank::equality;  // true of nothing
        return all_containers(predicate.list) ? TermRank::existence : TermRank::equality;
    case PredicateKind::greater:
    case PredicateKind::greater_equal:
    case PredicateKind::less:
    case PredicateKind::less_equal: return TermRank::half_open;
    case PredicateKind::begins: {
        auto is_empty = [](const Item &text) { return text.bytes.empty(); };
        bool everything = std::any_of(predicate.list.begin(), predicate.list.end(), is_empty);
        return everything ? TermRank::pattern : TermRank::bounded;
    }
    case PredicateKind::regex:
    case PredicateKind::contains:
    case PredicateKind::contains_ignoring_case: return TermRank::pattern;
    case PredicateKind::exists:
    case PredicateKind::size: return TermRank::existence;
    case PredicateKind::near: return TermRank::bounded;
    case PredicateKind::within: return TermRank::unindexed;
    }
    return TermRank::unindexed;
}

bool covers(const DeclaredProperties &declared, std::span<const std::string_view> path)
{
    bool exact = true;
    std::pmr::monotonic_buffer_resource memory(256);
    return declared.cover(encode_term_path(path, &memory, &exact)) ==
           DeclaredProperties::Cover::all;
}

TermRank rank_of(const Leaf &leaf, const DeclaredProperties *declared)
{
    if (leaf.predicate.negated || leaf.reference.scope != Scope::profile)
        return TermRank::unindexed;
    if (declared && leaf.predicate.op == PredicateKind::near) {
        for (std::string_view coordinate : kCoordinates)
            if (!covers(*declared, {&coordinate, 1}))
                return TermRank::unindexed;
    } else if (declared && !covers(*declared, leaf.reference.path)) {
        return TermRank::unindexed;
    }
    return rank_of(leaf.predicate);
}

// The ends of ranges by property and by what is compared.
class RangeEnds {
public:
    // True when the leaf is an end of a range and is kept here.
    bool add(const Leaf &leaf)
    {
        bool low = is_lower_bound(leaf.predicate);
        if (leaf.predicate.negated || (!low && !is_upper_bound(leaf.predicate)))
            return false;
        Ends &ends = ends_[{leaf.name, leaf.predicate.operand.type == Type::text}];
        const Leaf *&end = low ? ends.low : ends.high;
        if (!end || is_tighter(leaf.predicate, end->predicate))
            end = &leaf;
        return true;
    }

    // The range that the leaf is an end of, when it has both.
    const QueryUnit *find(const Leaf &leaf)
    {
        auto found = ends_.find({leaf.name, leaf.predicate.operand.type == Type::text});
        if (found == ends_.end() || !found->second.low || !found->second.high)
            return nullptr;
        Ends &ends = found->second;
        ends.unit = {nullptr, ends.low, ends.high, TermRank::bounded};
        return ends.taken ? &kNone : (ends.taken = true, &ends.unit);
    }

private:
    struct Ends {
        const Leaf *low = nullptr;
        const Leaf *high = nullptr;
        QueryUnit unit;
        bool taken = false;
    };

    static bool is_tighter(const Predicate &left, const Predicate &right)
    {
        int order = compare_items(left.operand, right.operand);
        if (order == 0)
            return left.op == PredicateKind::greater || left.op == PredicateKind::less;
        return is_lower_bound(left) ? order > 0 : order < 0;
    }

    static inline const QueryUnit kNone = {};
    std::map<std::pair<std::string_view, bool>, Ends> ends_;
};

}  // namespace

std::vector<QueryUnit> query_units(std::span<const Condition> conditions,
                                   const DeclaredProperties *declared)
{
    RangeEnds ranges;
    for (const Condition &condition : conditions)
        if (condition.kind == Kind::leaf &&
            rank_of(*condition.leaf, declared) != TermRank::unindexed)
            ranges.add(*condition.leaf);
    std::vector<QueryUnit> units;
    for (const Condition &condition : conditions) {
        check_interrupt();
        TermRank rank = term_rank(condition, declared);
        bool end = rank == TermRank::half_open && condition.kind == Kind::leaf;
        const QueryUnit *range = end ? ranges.find(*condition.leaf) : nullptr;
        if (!range)
            units.push_back({&condition, nullptr, nullptr, rank});
        else if (range->low)
            units.push_back(*range);
    }
    return units;
}

bool is_looked_up(const QueryUnit &unit, std::span<const QueryUnit> units)
{
    TermRank best = TermRank::unindexed;
    for (const QueryUnit &other : units)
        best = std::min(best, other.rank);
    return unit.rank != TermRank::unindexed && unit.rank <= std::max(best, TermRank::bounded);
}

TermRank term_rank(const Condition &condition, const DeclaredProperties *declared)
{
    if (condition.kind == Kind::leaf)
        return rank_of(*condition.leaf, declared);
    TermRank rank = TermRank::equality;
    if (condition.kind == Kind::any_of) {
        for (const Condition &child : condition.children)
            rank = std::max(rank, term_rank(child, declared));
        return rank;
    }
    if (condition.children.empty())
        return rank;  // true of everything, which needs no term
    rank = TermRank::unindexed;
    for (const QueryUnit &unit : query_units(condition.children, declared))
        rank = std::min(rank, unit.rank);
    return rank;
}

bool is_exact(const Leaf &leaf)
{
    const Predicate &predicate = leaf.predicate;
    for (std::string_view step : leaf.reference.path) {
        Bytes unused;
        if (!append_term_step(unused, step))
            return false;
    }
    switch (predicate.op) {
    case PredicateKind::exists: return true;
    case PredicateKind::equal:
    case PredicateKind::greater:
    case PredicateKind::greater_equal:
    case PredicateKind::less:
    case PredicateKind::less_equal:
        return !predicate.operand.is_container() && !is_long(predicate.operand);
    case PredicateKind::in:
    case PredicateKind::all:
    case PredicateKind::begins:
        return !any_container(predicate.list) &&
               std::none_of(predicate.list.begin(), predicate.list.end(), is_long);
    default: return false;
    }
}

}  // namespace profiles
