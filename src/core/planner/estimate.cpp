#include "estimate.h"

#include <algorithm>
#include <cmath>

#include "../interrupt.h"
#include "../profile/json_reader.h"

namespace profiles {

namespace {

// Shares of the values of a property where nothing better is known.
constexpr double kTextRange = 1.0 / 3;
constexpr double kSize = 0.1;
constexpr double kContainer = 0.01;
constexpr double kPattern = 0.02;

std::string path_of(const Reference &reference)
{
    std::string path;
    for (std::string_view step : reference.path)
        append_item_step(path, step);
    return path;
}

bool is_low(const Predicate &predicate)
{
    return predicate.op == PredicateKind::greater || predicate.op == PredicateKind::greater_equal;
}

bool is_high(const Predicate &predicate)
{
    return predicate.op == PredicateKind::less || predicate.op == PredicateKind::less_equal;
}

bool is_range(const Leaf &leaf)
{
    return !leaf.predicate.negated && leaf.predicate.operand.is_number() &&
           (is_low(leaf.predicate) || is_high(leaf.predicate));
}

// Answers that exclude one another for a property that is no array.
bool is_listing(const Leaf &leaf)
{
    return !leaf.predicate.negated &&
           (leaf.predicate.op == PredicateKind::equal || leaf.predicate.op == PredicateKind::in);
}

// Statistics can be set by hand: whatever they say, this is between 0 and 1.
double as_share(double value) { return value > 0 ? std::min(value, 1.0) : 0; }

double share_of_texts(PredicateKind op)
{
    return op == PredicateKind::begins ? kPattern / 4 : kPattern;
}

}  // namespace

// --- what is known

PropertyFigures Estimate::figures_of(std::string_view path) const
{
    auto found =
        std::lower_bound(statistics_.properties.begin(), statistics_.properties.end(), path);
    if (found == statistics_.properties.end() || *found != path)
        return {};
    return statistics_.figures[found - statistics_.properties.begin()];
}

Estimate::Stretch Estimate::values_of(std::string_view path) const
{
    std::string begin(path);
    begin.push_back('=');
    std::string end(path);
    end.push_back('=' + 1);
    auto items = statistics_.items;
    auto first = std::lower_bound(items.begin(), items.end(), std::string_view(begin));
    auto last = std::lower_bound(first, items.end(), std::string_view(end));
    return {static_cast<std::uint32_t>(first - items.begin()),
            static_cast<std::uint32_t>(last - items.begin())};
}

// A bound that stands several times is a value with as many times the share of one step.
double Estimate::numbers_below(std::string_view path, double bound, bool inclusive) const
{
    auto found = std::lower_bound(statistics_.numeric.begin(), statistics_.numeric.end(), path);
    std::size_t count = statistics_.bounds_each;
    if (found == statistics_.numeric.end() || *found != path || count < 2)
        return 0.5;
    std::span<const float> bounds(
        statistics_.bounds + count * static_cast<std::size_t>(found - statistics_.numeric.begin()),
        count);
    auto above = inclusive ? std::upper_bound(bounds.begin(), bounds.end(), bound)
                           : std::lower_bound(bounds.begin(), bounds.end(), bound);
    if (above == bounds.begin())
        return 0;
    if (above == bounds.end())
        return 1;
    double low = above[-1], high = *above;
    double within = high > low ? (bound - low) / (high - low) : 0;
    return (static_cast<double>(above - bounds.begin()) - 1 + within) /
           static_cast<double>(count - 1);
}

std::optional<std::uint32_t> Estimate::find_item(std::string_view text) const
{
    auto found = std::lower_bound(statistics_.items.begin(), statistics_.items.end(), text);
    if (found == statistics_.items.end() || *found != text)
        return std::nullopt;
    return static_cast<std::uint32_t>(found - statistics_.items.begin());
}

void Estimate::NumberRange::cut(const Predicate &predicate)
{
    double bound = number_of(predicate.operand).approximate();
    if (is_low(predicate)) {
        low = bound;
        with_low = predicate.op == PredicateKind::greater_equal;
    } else {
        high = bound;
        with_high = predicate.op == PredicateKind::less_equal;
    }
}

double Estimate::rest_in(std::string_view path, const NumberRange &range) const
{
    double share = numbers_below(path, range.high, range.with_high) -
                   numbers_below(path, range.low, !range.with_low);
    return figures_of(path).numeric_rest * std::max(0.0, share);
}

// Those whose middle lies in the range, or else the one in which the range lies.
std::vector<std::uint32_t> Estimate::buckets_in(std::string_view path,
                                                const NumberRange &range) const
{
    std::string prefix = bucket_prefix(path);
    std::vector<std::uint32_t> found;
    std::optional<std::uint32_t> around;
    auto items = statistics_.items;
    auto at = std::lower_bound(items.begin(), items.end(), std::string_view(prefix));
    for (; at != items.end() && at->starts_with(prefix); ++at) {
        Bucket bucket = read_bucket(at->substr(prefix.size()));
        double middle = bucket.low / 2.0 + bucket.high / 2.0;
        auto position = static_cast<std::uint32_t>(at - items.begin());
        if (middle >= range.low && middle <= range.high)
            found.push_back(position);
        else if (range.low <= bucket.high && range.high >= bucket.low)
            around = position;
    }
    if (found.empty() && around)
        found.push_back(*around);
    return found;
}

// --- one condition

// Every item of the property is tried; `of_rest` is the share of profiles that match by another value.
template <typename Test>
Estimate::Share Estimate::of_items(const std::string &path, Test &&test, double of_rest) const
{
    Share share{of_rest};
    Stretch values = values_of(path);
    std::pmr::monotonic_buffer_resource memory;
    for (std::uint32_t at = values.first; at < values.end; ++at) {
        check_interrupt();
        Node value =
            read_json(statistics_.items[at].substr(path.size() + 1), &memory, "statistics");
        pack_numbers(value, &memory);
        if (!value.packed || !test(value.item()))
            continue;
        share.value += statistics_.frequencies[at];
        share.items.push_back(at);
    }
    share.value = std::min<double>(share.value, figures_of(path).set);
    return share;
}

Estimate::Share Estimate::of_set(const std::string &path) const
{
    Share share{figures_of(path).set};
    if (std::optional<std::uint32_t> item = find_item(path))
        share.items.push_back(*item);
    return share;
}

Estimate::Share Estimate::of_value(const std::string &path, const Item &scalar) const
{
    PropertyFigures figures = figures_of(path);
    if (scalar.is_container())
        return {figures.set * kContainer};
    std::string text = path;
    append_item_value(text, scalar);
    std::optional<std::uint32_t> at = find_item(text);
    if (!at)
        return {figures.distinct_rest > 0 ? figures.rest / figures.distinct_rest : 0};
    return {statistics_.frequencies[*at], {*at}};
}

Estimate::Share Estimate::of_list(const std::string &path, std::span<const Item> list) const
{
    Share share;
    for (const Item &value : list) {
        check_interrupt();
        Share one = of_value(path, value);
        share.value += one.value;
        share.items.insert(share.items.end(), one.items.begin(), one.items.end());
    }
    share.value = std::min<double>(share.value, figures_of(path).set);
    return share;
}

// Elements of one array. Where no dependence is known, the middle between elements that come independently
// of each other and ones that do so among the profiles that have the array at all.
Estimate::Share Estimate::of_every(const std::string &path, std::span<const Item> list) const
{
    double set = figures_of(path).set, among = list.empty() ? 0 : set;
    std::vector<Share> values;
    for (const Item &value : list) {
        check_interrupt();
        values.push_back(of_value(path, value));
        among *= set > 0 ? values.back().value / set : 0;
    }
    double overall = values.empty() ? 0 : conjunction(values);
    bool known = values.size() == 2 && dependence(values[0], values[1]) != 1;
    return {known ? overall : std::sqrt(overall * among)};
}

// Numbers in a range that also pass the test.
template <typename Test>
Estimate::Share Estimate::of_range(const std::string &path, Test &&test,
                                   const NumberRange &range) const
{
    Share share = of_items(path, test, rest_in(path, range));
    std::vector<std::uint32_t> buckets = buckets_in(path, range);
    if (!buckets.empty())
        share.items = std::move(buckets);
    return share;
}

Estimate::Share Estimate::of_comparison(const std::string &path, const Predicate &predicate) const
{
    auto test = [&](const Item &value) { return profiles::matches(predicate, value, 0); };
    PropertyFigures figures = figures_of(path);
    if (predicate.operand.type == Type::text)
        return of_items(path, test,
                        std::max(0.0f, figures.rest - figures.numeric_rest) * kTextRange);
    NumberRange range;
    range.cut(predicate);
    return of_range(path, test, range);
}

Estimate::Share Estimate::of_both_ends(const std::string &path, const Predicate &low,
                                       const Predicate &high) const
{
    auto test = [&](const Item &value) {
        return profiles::matches(low, value, 0) && profiles::matches(high, value, 0);
    };
    NumberRange range;
    range.cut(low);
    range.cut(high);
    return of_range(path, test, range);
}

Estimate::Share Estimate::of_leaf(const Leaf &leaf, std::int64_t now) const
{
    if (leaf.reference.scope != Scope::profile)
        return {kContainer};
    const Predicate &predicate = leaf.predicate;
    std::string path = path_of(leaf.reference);
    PropertyFigures figures = figures_of(path);
    auto test = [&](const Item &value) { return profiles::matches(predicate, value, now); };
    switch (predicate.op) {
    case PredicateKind::exists: return of_set(path);
    case PredicateKind::equal: return of_value(path, predicate.operand);
    case PredicateKind::in: {
        Share share = of_list(path, predicate.list);
        share.value += predicate.missing ? 1 - figures.set : 0;
        return share;
    }
    case PredicateKind::all: return predicate.missing ? Share{} : of_every(path, predicate.list);
    case PredicateKind::size: return {figures.set * kSize};
    case PredicateKind::greater:
    case PredicateKind::greater_equal:
    case PredicateKind::less:
    case PredicateKind::less_equal: return of_comparison(path, predicate);
    case PredicateKind::within: {
        auto end = static_cast<double>(now);
        return of_range(path, test, {end - static_cast<double>(predicate.number), end});
    }
    default: return of_items(path, test, figures.rest * share_of_texts(predicate.op));
    }
}

// --- several conditions

double Estimate::pair_ratio(std::uint32_t left, std::uint32_t right) const
{
    auto [low, high] = std::minmax(left, right);
    auto key = std::pair(static_cast<float>(low), static_cast<float>(high));
    auto found = std::lower_bound(statistics_.pairs.begin(), statistics_.pairs.end(), key,
                                  [](const ItemPair &pair, const std::pair<float, float> &sought) {
                                      return std::pair(pair.first, pair.second) < sought;
                                  });
    if (found == statistics_.pairs.end() || std::pair(found->first, found->second) != key)
        return 1;
    return found->frequency / (statistics_.frequencies[left] * statistics_.frequencies[right]);
}

// How much more often both are true than if they had nothing to do with each other. What is true by
// values that are no items counts as independent.
double Estimate::dependence(const Share &left, const Share &right) const
{
    double a = left.negated ? 1 - left.value : left.value;
    double b = right.negated ? 1 - right.value : right.value;
    double ratio = item_dependence(left.items, a, right.items, b);
    double both = a * b * ratio;
    if (left.negated && right.negated)
        both = 1 - a - b + both;
    else if (left.negated)
        both = b - both;
    else if (right.negated)
        both = a - both;
    double independent = left.value * right.value;
    return independent > 0 ? std::max(both, 0.0) / independent : 1;
}

double Estimate::item_dependence(std::span<const std::uint32_t> left, double left_share,
                                 std::span<const std::uint32_t> right, double right_share) const
{
    double independent = 0, together = 0, left_sum = 0, right_sum = 0;
    for (std::uint32_t item : left)
        left_sum += statistics_.frequencies[item];
    for (std::uint32_t item : right)
        right_sum += statistics_.frequencies[item];
    if (left_sum <= 0 || right_sum <= 0 || left_share <= 0 || right_share <= 0)
        return 1;
    for (std::uint32_t first : left)
        for (std::uint32_t second : right) {
            check_interrupt();
            double chance = statistics_.frequencies[first] * statistics_.frequencies[second];
            independent += chance;
            together += first == second ? statistics_.frequencies[first]
                                        : chance * pair_ratio(first, second);
        }
    double known = std::min(1.0, left_sum / left_share) * std::min(1.0, right_sum / right_share);
    return 1 + known * (together / independent - 1);
}

// The strongest dependence first; each condition takes part in one, so that nothing is counted twice.
double Estimate::conjunction(std::span<const Share> shares) const
{
    struct Dependence {
        double ratio;
        std::size_t first, second;
    };
    std::vector<Dependence> found;
    double value = 1;
    constexpr std::size_t kCompared = 20;  // conditions; more are taken as independent
    for (std::size_t second = 0; second < shares.size(); ++second) {
        value *= shares[second].value;
        for (std::size_t first = 0; first < second && second < kCompared; ++first)
            found.push_back({dependence(shares[first], shares[second]), first, second});
    }
    std::sort(found.begin(), found.end(), [](const Dependence &left, const Dependence &right) {
        return std::abs(std::log(std::max(left.ratio, 1e-9))) >
               std::abs(std::log(std::max(right.ratio, 1e-9)));
    });
    std::vector<bool> taken(shares.size());
    for (const Dependence &each : found) {
        if (taken[each.first] || taken[each.second])
            continue;
        value *= each.ratio;
        taken[each.first] = taken[each.second] = true;
    }
    for (const Share &share : shares)
        value = std::min(value, share.value);
    return value;
}

Estimate::Share Estimate::of_all(std::span<const Condition> conditions, std::int64_t now) const
{
    std::vector<Share> shares;
    std::vector<const Leaf *> lows, highs;
    for (const Condition &condition : conditions) {
        if (condition.kind != Condition::Kind::leaf || !is_range(*condition.leaf))
            shares.push_back(of_condition(condition, now));
        else
            (is_low(condition.leaf->predicate) ? lows : highs).push_back(condition.leaf);
    }
    for (const Leaf *low : lows) {
        auto same = [&](const Leaf *high) { return high && high->name == low->name; };
        auto high = std::find_if(highs.begin(), highs.end(), same);
        if (high == highs.end()) {
            shares.push_back(of_leaf(*low, now));
            continue;
        }
        shares.push_back(of_both_ends(path_of(low->reference), low->predicate, (*high)->predicate));
        *high = nullptr;
    }
    for (const Leaf *high : highs)
        if (high)
            shares.push_back(of_leaf(*high, now));
    if (shares.size() == 1)
        return shares.front();
    return {conjunction(shares)};
}

Estimate::Share Estimate::of_any(std::span<const Condition> conditions, std::int64_t now) const
{
    double none = 1, sum = 0;
    bool exclusive = true;
    Share result;
    for (const Condition &condition : conditions) {
        Share share = of_condition(condition, now);
        none *= 1 - share.value;
        sum += share.value;
        exclusive = exclusive && !share.negated && condition.kind == Condition::Kind::leaf &&
                    is_listing(*condition.leaf) &&
                    condition.leaf->name == conditions.front().leaf->name;
        result.items.insert(result.items.end(), share.items.begin(), share.items.end());
    }
    result.value = exclusive ? std::min(1.0, sum) : 1 - none;
    if (!exclusive)
        result.items.clear();
    return result;
}

Estimate::Share Estimate::of_condition(const Condition &condition, std::int64_t now) const
{
    check_interrupt();
    if (condition.kind == Condition::Kind::all_of)
        return of_all(condition.children, now);
    if (condition.kind == Condition::Kind::any_of)
        return of_any(condition.children, now);
    Share share = of_leaf(*condition.leaf, now);
    share.value = std::clamp(share.value, 0.0, 1.0);
    share.negated = condition.leaf->predicate.negated;
    if (share.negated)
        share.value = 1 - share.value;
    return share;
}

double Estimate::filter(const Filter &filter, std::int64_t now) const
{
    return as_share(of_condition(filter.root(), now).value);
}

// --- the other operators

// A container that is looked for: an array by its elements, anything else by being there.
Estimate::Share Estimate::of_array(const std::string &path, const Item &value) const
{
    std::vector<Item> elements;
    if (value.type == Type::array) {
        View array(value);
        for (Cursor cursor(array); cursor.next();)
            if (!cursor.item().is_container() && cursor.item().type != Type::null)
                elements.push_back(cursor.item());
    }
    return elements.empty()       ? of_set(path)
           : elements.size() == 1 ? of_value(path, elements[0])
                                  : of_every(path, elements);
}

void Estimate::add_members(const View &object, std::string &path, std::vector<Share> &shares,
                           int depth) const
{
    if (depth > layout::kMaxDepth)
        raise_corrupted_profile();
    std::size_t parent = path.size();
    for (Cursor cursor(object); cursor.next();) {
        check_interrupt();
        const Item &value = cursor.item();
        append_item_step(path, cursor.key());
        if (value.type == Type::object && View(value).count() > 0)
            add_members(View(value), path, shares, depth + 1);
        else if (!value.is_container() && value.type != Type::null)
            shares.push_back(of_value(path, value));
        else
            shares.push_back(of_array(path, value));
        path.resize(parent);
    }
}

double Estimate::containment(const View &part) const
{
    std::vector<Share> shares;
    std::string path;
    add_members(part, path, shares, 0);
    return as_share(conjunction(shares));
}

double Estimate::properties(std::span<const std::string_view> references, bool all) const
{
    std::vector<Share> shares;
    double none = 1;
    for (std::string_view text : references) {
        check_interrupt();
        std::pmr::monotonic_buffer_resource memory(256);
        Reference reference(&memory);
        if (text.find('.') == std::string_view::npos)
            reference.path.push_back(text);  // as find_property() takes it
        else
            reference = parse_reference(text, &memory);
        shares.push_back(reference.scope == Scope::profile ? of_set(path_of(reference)) : Share{});
        none *= 1 - shares.back().value;
    }
    return as_share(all ? conjunction(shares) : 1 - none);
}

}  // namespace profiles
