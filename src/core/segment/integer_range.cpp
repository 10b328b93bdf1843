#include "integer_range.h"

namespace profiles {

namespace {

constexpr IntegerRange kNone{1, 0};

}  // namespace

std::optional<IntegerRange> integer_range(const Predicate &predicate, std::int64_t now)
{
    if (predicate.op == PredicateKind::within)
        return IntegerRange{now - predicate.number, now};
    bool compares =
        predicate.op == PredicateKind::equal ||
        (predicate.op >= PredicateKind::greater && predicate.op <= PredicateKind::less_equal);
    if (!compares)
        return std::nullopt;
    if (!predicate.operand.is_number())
        return kNone;
    Number operand = number_of(predicate.operand);
    if (!operand.is_integer())
        return std::nullopt;
    std::int64_t limit = operand.integer();
    switch (predicate.op) {
    case PredicateKind::greater:
        return limit == INT64_MAX ? kNone : IntegerRange{limit + 1, INT64_MAX};
    case PredicateKind::greater_equal: return IntegerRange{limit, INT64_MAX};
    case PredicateKind::less:
        return limit == INT64_MIN ? kNone : IntegerRange{INT64_MIN, limit - 1};
    case PredicateKind::less_equal: return IntegerRange{INT64_MIN, limit};
    default: return IntegerRange{limit, limit};
    }
}

}  // namespace profiles
