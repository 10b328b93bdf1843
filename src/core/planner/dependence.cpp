#include "dependence.h"

#include <algorithm>
#include <cmath>

#include "../interrupt.h"

namespace profiles {

namespace {

using Items = std::span<const KnownItem>;

const KnownItem *find_position(Items sorted, float position)
{
    auto found = std::lower_bound(sorted.begin(), sorted.end(), position,
                                  [](const KnownItem &item, float sought) {
                                      return static_cast<float>(item.position) < sought;
                                  });
    bool same = found != sorted.end() && static_cast<float>(found->position) == position;
    return same ? &*found : nullptr;
}

// The items of one property, which lie side by side as items are sorted by their text.
Items items_of(Items sorted, std::uint32_t property)
{
    auto first = std::find_if(sorted.begin(), sorted.end(),
                              [&](const KnownItem &item) { return item.property == property; });
    auto end = std::find_if(first, sorted.end(),
                            [&](const KnownItem &item) { return item.property != property; });
    return {first, end};
}

}  // namespace

void sort_items(std::vector<KnownItem> &items)
{
    auto same = [](const KnownItem &left, const KnownItem &right) {
        return left.position == right.position;
    };
    std::sort(items.begin(), items.end(), [](const KnownItem &left, const KnownItem &right) {
        return left.position < right.position;
    });
    items.erase(std::unique(items.begin(), items.end(), same), items.end());
}

double Dependence::sum(Items items) const
{
    double sum = 0;
    for (const KnownItem &item : items)
        sum += frequency(item);
    return sum;
}

bool Dependence::is_array(std::uint32_t property) const
{
    if (property >= statistics_.properties.size())
        return false;
    const PropertyFigures &figures = statistics_.figures[property];
    return figures.several > 0.01f * figures.set;
}

// By how much the pairs that ANALYZE found add to independence.
double Dependence::from_pairs(Items left, Items right) const
{
    double more = 0;
    auto add = [&](Items firsts, Items seconds) {
        for (const KnownItem &first : firsts) {
            check_interrupt();
            auto position = static_cast<float>(first.position);
            auto pair = std::lower_bound(
                statistics_.pairs.begin(), statistics_.pairs.end(), position,
                [](const ItemPair &each, float sought) { return each.first < sought; });
            for (; pair != statistics_.pairs.end() && pair->first == position; ++pair)
                if (const KnownItem *second = find_position(seconds, pair->second))
                    more += pair->frequency - frequency(first) * frequency(*second);
        }
    };
    add(left, right);
    add(right, left);
    return more;
}

// By how much the nature of values adds to it: a value is there only where the property is set, is itself,
// and, unless in an array, no other value. No pair is kept of what follows from that.
double Dependence::from_property(Items left, Items right) const
{
    const KnownItem &one = left.front(), &other = right.front();
    if (one.role == KnownItem::Role::set && other.role == KnownItem::Role::set)
        return frequency(one) * (1 - frequency(one));
    if (one.role == KnownItem::Role::set)
        return sum(right) * (1 - frequency(one));
    if (other.role == KnownItem::Role::set)
        return sum(left) * (1 - frequency(other));
    if (one.role != other.role)
        return 0;
    double common = 0, by_chance = is_array(one.property) ? 0 : sum(left) * sum(right);
    for (const KnownItem &item : left) {
        check_interrupt();
        if (!find_position(right, static_cast<float>(item.position)))
            continue;
        common += frequency(item);
        if (is_array(one.property))
            by_chance += frequency(item) * frequency(item);
    }
    return common - by_chance;
}

double Dependence::from_properties(Items left, Items right) const
{
    double more = 0;
    for (std::size_t at = 0; at < left.size();) {
        Items mine = items_of(left.subspan(at), left[at].property);
        Items others = items_of(right, left[at].property);
        at += mine.size();
        if (!others.empty())
            more += from_property(mine, others);
    }
    return more;
}

double Dependence::item_ratio(Items left, double left_share, Items right, double right_share) const
{
    double left_sum = sum(left), right_sum = sum(right);
    if (!(left_sum > 0 && right_sum > 0 && left_share > 0 && right_share > 0))
        return 1;
    double independent = left_sum * right_sum;
    double together =
        std::max(0.0, independent + from_pairs(left, right) + from_properties(left, right));
    // What is true by values that are no items counts as independent.
    double known = std::min(1.0, left_sum / left_share) * std::min(1.0, right_sum / right_share);
    return 1 + known * (together / independent - 1);
}

double Dependence::ratio(const Share &left, const Share &right) const
{
    double a = left.negated ? 1 - left.value : left.value;
    double b = right.negated ? 1 - right.value : right.value;
    double both = a * b * item_ratio(left.items, a, right.items, b);
    both = std::min({both, a, b});
    if (left.negated && right.negated)
        both = 1 - a - b + both;
    else if (left.negated)
        both = b - both;
    else if (right.negated)
        both = a - both;
    double independent = left.value * right.value;
    double ratio = independent > 0 ? std::max(both, 0.0) / independent : 1;
    return std::isfinite(ratio) ? ratio : 1;  // frequencies can be set by hand
}

// The strongest dependence first; each condition takes part in one, so that nothing is counted twice.
double Dependence::conjunction(std::span<const Share> shares) const
{
    struct Pair {
        double ratio, strength;
        std::size_t first, second;
    };
    std::vector<Pair> found;
    double value = 1;
    constexpr std::size_t kCompared = 20;  // conditions; more are taken as independent
    for (std::size_t second = 0; second < shares.size(); ++second) {
        value *= shares[second].value;
        for (std::size_t first = 0; first < second && second < kCompared; ++first) {
            double both = ratio(shares[first], shares[second]);
            found.push_back({both, std::abs(std::log(std::max(both, 1e-9))), first, second});
        }
    }
    std::sort(found.begin(), found.end(),
              [](const Pair &left, const Pair &right) { return left.strength > right.strength; });
    std::vector<bool> taken(shares.size());
    for (const Pair &each : found) {
        if (taken[each.first] || taken[each.second])
            continue;
        value *= each.ratio;
        taken[each.first] = taken[each.second] = true;
    }
    for (const Share &share : shares)
        value = std::min(value, share.value);
    return value;
}

}  // namespace profiles
