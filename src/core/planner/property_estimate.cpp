#include "property_estimate.h"

#include <algorithm>
#include <cmath>

#include "../interrupt.h"
#include "../profile/assembly.h"
#include "../profile/compare.h"
#include "../profile/json_reader.h"

namespace profiles {

namespace {

// Shares of the values of a property where nothing better is known.
constexpr double kTextRange = 1.0 / 3;
constexpr double kContainer = 0.01;
constexpr double kPattern = 0.02;
constexpr double kBeginning = 0.005;
// Of the arrays with several elements, those with one number of them; of all others.
constexpr double kSize = 0.3;
constexpr double kSmallSize = 0.1;

using Predicates = std::span<const Predicate *const>;

bool is_low(const Predicate &predicate)
{
    return predicate.op == PredicateKind::greater || predicate.op == PredicateKind::greater_equal;
}

bool is_comparison(const Predicate &predicate)
{
    return is_low(predicate) || predicate.op == PredicateKind::less ||
           predicate.op == PredicateKind::less_equal;
}

bool is_range(const Predicate &predicate)
{
    return predicate.op == PredicateKind::within ||
           (is_comparison(predicate) && predicate.operand.is_number());
}

// What is asked of an array or object as a whole, about which its elements say nothing.
bool is_of_whole(const Predicate &predicate)
{
    return predicate.op == PredicateKind::size ||
           (predicate.op == PredicateKind::equal && predicate.operand.is_container());
}

// Several of them are, of an array, asked of several elements.
bool is_of_element(const Predicate &predicate)
{
    return !predicate.negated &&
           (predicate.op == PredicateKind::equal ||
            (predicate.op == PredicateKind::all && !predicate.missing && !predicate.list.empty()));
}

void cut(NumberRange &range, const Predicate &predicate, std::int64_t now)
{
    auto raise = [&](double bound, bool with) {
        if (bound < range.low)
            return;
        range.with_low = with && (range.with_low || bound > range.low);
        range.low = bound;
    };
    auto lower = [&](double bound, bool with) {
        if (bound > range.high)
            return;
        range.with_high = with && (range.with_high || bound < range.high);
        range.high = bound;
    };
    if (predicate.op == PredicateKind::within) {
        raise(static_cast<double>(now - predicate.number), true);
        return lower(static_cast<double>(now), true);
    }
    double bound = number_of(predicate.operand).approximate();
    if (is_low(predicate))
        raise(bound, predicate.op == PredicateKind::greater_equal);
    else
        lower(bound, predicate.op == PredicateKind::less_equal);
}

// All ranges that are asked for, as one; nothing when there are none.
std::optional<NumberRange> range_of(Predicates predicates, std::int64_t now)
{
    std::optional<NumberRange> range;
    for (const Predicate *predicate : predicates) {
        if (predicate->negated || !is_range(*predicate))
            continue;
        if (!range)
            range.emplace();
        cut(*range, *predicate, now);
    }
    return range;
}

std::vector<const Predicate *> predicates_of(std::span<const Leaf *const> leaves)
{
    std::vector<const Predicate *> predicates;
    for (const Leaf *leaf : leaves)
        predicates.push_back(&leaf->predicate);
    return predicates;
}

}  // namespace

// --- values that are no items

// As many as the others have of their own, on average.
PropertyEstimate::RestShare PropertyEstimate::rest_listed(std::span<const Item> values) const
{
    double count = 0;
    for (const Item &value : values) {
        check_interrupt();
        count += !value.is_container() && !known_.find_value(value);
    }
    double distinct = known_.figures().distinct_rest;
    double share = distinct > 0 ? std::min(1.0, count / distinct) : 0;
    return {share, share};
}

PropertyEstimate::RestShare PropertyEstimate::rest_of(const Predicate &predicate) const
{
    RestShare share;
    if (is_range(predicate)) {
        NumberRange range;
        cut(range, predicate, now_);
        share = {known_.share_in(range), 0};
    } else {
        switch (predicate.op) {
        case PredicateKind::exists: share = {1, 1}; break;
        case PredicateKind::equal: share = rest_listed({&predicate.operand, 1}); break;
        case PredicateKind::in: share = rest_listed(predicate.list); break;
        case PredicateKind::all:
            if (predicate.list.size() == 1 && !predicate.missing)
                share = rest_listed(predicate.list);
            break;
        case PredicateKind::begins: share = {0, kBeginning}; break;
        default: share = {0, is_comparison(predicate) ? kTextRange : kPattern};
        }
    }
    if (predicate.negated)
        share = {1 - share.numbers, 1 - share.others};
    return share;
}

PropertyEstimate::RestShare PropertyEstimate::rest(Predicates predicates, Junction junction) const
{
    bool all = junction == Junction::all;
    RestShare none{1, 1};  // or, for any, that do not match
    std::optional<NumberRange> range;
    if (all)
        range = range_of(predicates, now_);
    for (const Predicate *predicate : predicates) {
        RestShare share = rest_of(*predicate);
        if (range && !predicate->negated && is_range(*predicate))
            share.numbers = 1;
        none.numbers *= all ? share.numbers : 1 - share.numbers;
        none.others *= all ? share.others : 1 - share.others;
    }
    if (range)
        none.numbers *= known_.share_in(*range);
    return all ? none : RestShare{1 - none.numbers, 1 - none.others};
}

// Profiles in which it is set, but to nothing that has an item: an object, an array without scalars.
double PropertyEstimate::without_value() const
{
    double share = known_.figures().set - known_.figures().rest;
    for (std::uint32_t item = known_.first_value(); item < known_.end_value(); ++item)
        share -= known_.frequency_of(item);
    return std::max(0.0, share);
}

// --- values

bool PropertyEstimate::matches(Predicates predicates, Junction junction,
                               const std::optional<Item> &value) const
{
    bool all = junction == Junction::all;
    for (const Predicate *predicate : predicates)
        if (profiles::matches(*predicate, value, now_) != all)
            return !all;
    return all;
}

// An object or an empty array is set, and that is all that can be said of it.
bool PropertyEstimate::matches_object(Predicates predicates, Junction junction) const
{
    std::pmr::monotonic_buffer_resource memory(64);
    Node object = make_container(Type::object, {});
    seal(object);
    return matches(predicates, junction, Item{Type::object, pack(object, &memory)});
}

void PropertyEstimate::add_items(Predicates predicates, Junction junction, Share &share) const
{
    std::pmr::monotonic_buffer_resource memory;
    for (std::uint32_t at = known_.first_value(); at < known_.end_value(); ++at) {
        check_interrupt();
        Node value = read_json(known_.value_of(at), &memory, "statistics");
        pack_numbers(value, &memory);
        if (!value.packed || !matches(predicates, junction, value.item()))
            continue;
        share.value += known_.frequency_of(at);
        share.items.push_back(known_.value_item(at));
    }
}

Share PropertyEstimate::of_values(Predicates predicates, Junction junction) const
{
    Share share;
    add_items(predicates, junction, share);
    const PropertyFigures &figures = known_.figures();
    RestShare matching = rest(predicates, junction);
    share.value += figures.numeric_rest * matching.numbers +
                   std::max(0.0f, figures.rest - figures.numeric_rest) * matching.others;
    if (matches_object(predicates, junction))
        share.value += without_value();
    share.value = std::min<double>(share.value, figures.set);
    if (matches(predicates, junction, std::nullopt))
        share.value += 1 - figures.set;
    std::optional<NumberRange> range;
    if (junction == Junction::all)
        range = range_of(predicates, now_);
    if (range)
        if (std::vector<KnownItem> buckets = known_.buckets_in(*range); !buckets.empty())
            share.items = std::move(buckets);
    return share;
}

Share PropertyEstimate::of_whole(const Predicate &predicate) const
{
    double set = known_.figures().set;
    if (predicate.op != PredicateKind::size)
        return {set * kContainer};
    return {predicate.number < 2 ? set * kSmallSize : known_.figures().several * kSize};
}

Share PropertyEstimate::one(const Predicate &predicate) const
{
    if (is_of_whole(predicate))
        return of_whole(predicate);
    if (predicate.op == PredicateKind::exists)
        return set();
    if (predicate.op == PredicateKind::equal)
        return value(predicate.operand);
    if (predicate.op == PredicateKind::all && predicate.list.size() > 1)
        return predicate.missing ? Share{} : elements(predicate.list);
    const Predicate *predicates[] = {&predicate};
    return of_values(predicates, Junction::all);
}

// --- what is asked for

Share PropertyEstimate::set() const
{
    Share share{known_.figures().set};
    if (std::optional<KnownItem> item = known_.find_set())
        share.items.push_back(*item);
    return share;
}

Share PropertyEstimate::value(const Item &scalar) const
{
    const PropertyFigures &figures = known_.figures();
    if (scalar.is_container())
        return {figures.set * kContainer};
    if (std::optional<KnownItem> item = known_.find_value(scalar))
        return {known_.frequency_of(item->position), {*item}};
    return {figures.distinct_rest > 0 ? figures.rest / figures.distinct_rest : 0};
}

// Where no dependence is known, the middle between elements that come independently of each other and ones
// that do so among the profiles that have the array at all.
Share PropertyEstimate::elements(std::span<const Item> values) const
{
    double set = known_.figures().set, among = values.empty() ? 0 : set;
    std::vector<Share> shares;
    for (const Item &element : values) {
        check_interrupt();
        shares.push_back(value(element));
        among *= set > 0 ? shares.back().value / set : 0;
    }
    if (shares.size() == 1)
        return shares.front();
    Dependence dependence(statistics_);
    double overall = shares.empty() ? 0 : dependence.conjunction(shares);
    bool known = shares.size() == 2 && dependence.ratio(shares[0], shares[1]) != 1;
    Share together{known ? overall : std::sqrt(overall * among)};
    for (const Share &each : shares)
        together.items.insert(together.items.end(), each.items.begin(), each.items.end());
    sort_items(together.items);
    return together;
}

// What several conditions ask of an array's elements, each element once.
Share PropertyEstimate::array_elements(Predicates predicates) const
{
    std::vector<Item> values;
    for (const Predicate *predicate : predicates)
        if (predicate->op == PredicateKind::equal)
            values.push_back(predicate->operand);
        else
            values.insert(values.end(), predicate->list.begin(), predicate->list.end());
    auto before = [](const Item &left, const Item &right) {
        return compare_items(left, right) < 0;
    };
    std::sort(values.begin(), values.end(), before);
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return elements(values);
}

void PropertyEstimate::add_all_of(std::span<const Leaf *const> leaves,
                                  std::vector<Share> &shares) const
{
    auto add_one = [&](const Predicate &predicate) {
        Predicate plain = predicate;
        plain.negated = false;
        Share share = one(plain);
        share.value = std::clamp(share.value, 0.0, 1.0);
        share.negated = predicate.negated;
        if (share.negated)
            share.value = 1 - share.value;
        shares.push_back(std::move(share));
    };
    std::vector<const Predicate *> together, elements;
    for (const Leaf *leaf : leaves) {
        const Predicate &predicate = leaf->predicate;
        bool range = !predicate.negated && is_range(predicate);
        if (leaves.size() == 1 || is_of_whole(predicate))
            add_one(predicate);
        else if (!known_.is_array() || range)
            together.push_back(&predicate);
        else if (is_of_element(predicate))
            elements.push_back(&predicate);
        else
            add_one(predicate);
    }
    if (together.size() == 1)
        add_one(*together[0]);
    else if (!together.empty())
        shares.push_back(of_values(together, Junction::all));
    if (!elements.empty())
        shares.push_back(array_elements(elements));
}

Share PropertyEstimate::any_of(std::span<const Leaf *const> leaves) const
{
    std::vector<const Predicate *> predicates = predicates_of(leaves);
    Share share;
    if (!known_.is_array() && std::none_of(predicates.begin(), predicates.end(),
                                           [](auto *each) { return is_of_whole(*each); })) {
        share = of_values(predicates, Junction::any);
    } else {
        double none = 1;
        for (const Leaf *leaf : leaves) {
            std::vector<Share> one;
            add_all_of({&leaf, 1}, one);
            none *= 1 - one.front().value;
            if (!one.front().negated)
                share.items.insert(share.items.end(), one.front().items.begin(),
                                   one.front().items.end());
        }
        share.value = 1 - none;
    }
    sort_items(share.items);
    return share;
}

}  // namespace profiles
