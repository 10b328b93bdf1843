#include "predicate.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <vector>

#include "../interrupt.h"
#include "../location/sphere.h"
#include "../profile/compare.h"
#include "../profile/view.h"
#include "pattern.h"

namespace profiles {

namespace {

bool is_listed(std::span<const Item> list, const Item &value)
{
    auto before = [](const Item &left, const Item &right) {
        return compare_items(left, right) < 0;
    };
    return std::binary_search(list.begin(), list.end(), value, before);
}

// Order exists within numbers and within texts; everything else compares false.
std::optional<std::strong_ordering> order(const Item &value, const Item &operand)
{
    if (value.is_number() && operand.is_number())
        return compare(number_of(value), number_of(operand));
    if (value.type == Type::text && operand.type == Type::text)
        return value.bytes.compare(operand.bytes) <=> 0;
    return std::nullopt;
}

bool compares(PredicateKind op, const Item &value, const Item &operand)
{
    std::optional<std::strong_ordering> found = order(value, operand);
    if (!found)
        return false;
    switch (op) {
    case PredicateKind::greater: return *found > 0;
    case PredicateKind::greater_equal: return *found >= 0;
    case PredicateKind::less: return *found < 0;
    default: return *found <= 0;
    }
}

// memmem rather than find(): its time stays linear for hostile texts.
bool contains_text(std::string_view text, std::string_view part)
{
    return memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

bool any_text(const Predicate &predicate, std::string_view text)
{
    for (const Item &wanted : predicate.list) {
        check_interrupt();
        if (predicate.op == PredicateKind::begins ? text.starts_with(wanted.bytes)
                                                  : contains_text(text, wanted.bytes))
            return true;
    }
    return false;
}

bool is_within(const Item &value, std::int64_t length, std::int64_t now)
{
    if (!value.is_number())
        return false;
    Number time = number_of(value);
    return compare(time, Number(now)) <= 0 && compare(time, Number(now - length)) >= 0;
}

// One value, seen as a whole.
bool matches_one(const Predicate &predicate, const Item &value, std::int64_t now)
{
    switch (predicate.op) {
    case PredicateKind::equal: return value == predicate.operand;
    case PredicateKind::in: return is_listed(predicate.list, value);
    case PredicateKind::greater:
    case PredicateKind::greater_equal:
    case PredicateKind::less:
    case PredicateKind::less_equal: return compares(predicate.op, value, predicate.operand);
    case PredicateKind::contains:
    case PredicateKind::begins: return value.type == Type::text && any_text(predicate, value.bytes);
    case PredicateKind::regex:
    case PredicateKind::contains_ignoring_case:
        return value.type == Type::text && predicate.pattern &&
               predicate.pattern->found_in(value.bytes);
    case PredicateKind::within: return is_within(value, predicate.number, now);
    default: return false;
    }
}

bool matches_any(const Predicate &predicate, const Item &value, std::int64_t now)
{
    if (matches_one(predicate, value, now))
        return true;
    if (value.type != Type::array)
        return false;
    View elements(value);
    for (Cursor cursor(elements); cursor.next();) {
        check_interrupt();
        if (matches_one(predicate, cursor.item(), now))
            return true;
    }
    return false;
}

// Every item of the list is the value or one of its elements. One pass over the
// elements marks what was found, because both may be long.
bool has_all(const Predicate &predicate, const Item &value)
{
    std::span<const Item> list = predicate.list;
    if (predicate.missing || list.empty())
        return false;
    if (value.type != Type::array)
        return list.size() == 1 && list.front() == value;
    std::vector<bool> found(list.size());
    std::size_t missing = list.size();
    auto mark = [&](const Item &item) {
        auto before = [](const Item &left, const Item &right) {
            return compare_items(left, right) < 0;
        };
        auto at = std::lower_bound(list.begin(), list.end(), item, before);
        auto position = static_cast<std::size_t>(at - list.begin());
        if (at == list.end() || !(*at == item) || found[position])
            return;
        found[position] = true;
        --missing;
    };
    mark(value);
    View elements(value);
    for (Cursor cursor(elements); missing > 0 && cursor.next();) {
        check_interrupt();
        mark(cursor.item());
    }
    return missing == 0;
}

bool matches_set(const Predicate &predicate, const Item &value, std::int64_t now)
{
    switch (predicate.op) {
    case PredicateKind::exists: return true;
    case PredicateKind::all: return has_all(predicate, value);
    case PredicateKind::size:
        return value.type == Type::array && View(value).count() == predicate.number;
    default: return matches_any(predicate, value, now);
    }
}

// What no value at all answers: null in a list stands for it.
bool matches_missing(const Predicate &predicate)
{
    if (predicate.op == PredicateKind::all)
        return predicate.missing && predicate.list.empty();
    return predicate.op == PredicateKind::in && predicate.missing;
}

}  // namespace

bool matches(const Predicate &predicate, const std::optional<Item> &value, std::int64_t now)
{
    bool set = value && value->type != Type::null;
    return (set ? matches_set(predicate, *value, now) : matches_missing(predicate)) !=
           predicate.negated;
}

bool is_near(const Predicate &predicate, const std::optional<location::Point> &point)
{
    return (point && location::distance_km(*point, predicate.centre) <= predicate.radius_km) !=
           predicate.negated;
}

int compare_predicates(const Predicate &left, const Predicate &right)
{
    auto scalars = [](const Predicate &predicate) {
        return std::tie(predicate.op, predicate.negated, predicate.missing, predicate.number,
                        predicate.options);
    };
    if (scalars(left) != scalars(right))
        return scalars(left) < scalars(right) ? -1 : 1;
    if (int order = compare_items(left.operand, right.operand))
        return order;
    if (left.list.size() != right.list.size())
        return left.list.size() < right.list.size() ? -1 : 1;
    for (std::size_t index = 0; index < left.list.size(); ++index) {
        check_interrupt();
        if (int order = compare_items(left.list[index], right.list[index]))
            return order;
    }
    return 0;
}

}  // namespace profiles
