// The result of a sample: what was counted becomes shares, sorted as they are looked up.
#include "sample.h"

#include <algorithm>
#include <cmath>

#include "../interrupt.h"

namespace profiles {

namespace {

constexpr std::size_t kPairsPerTarget = 50;
constexpr std::size_t kMaxBounds = 101;

}  // namespace

void ProfileSample::finish_items(Statistics &made, std::vector<std::uint32_t> &positions) const
{
    std::vector<std::uint32_t> order;
    for (std::uint32_t index = 0; index < chosen_.size(); ++index)
        if (!chosen_[index].text.empty() && chosen_[index].count > 0)
            order.push_back(index);
    std::sort(order.begin(), order.end(), [&](std::uint32_t left, std::uint32_t right) {
        return chosen_[left].text < chosen_[right].text;
    });
    positions.assign(chosen_.size(), 0);
    for (std::uint32_t index : order) {
        positions[index] = static_cast<std::uint32_t>(made.items.size());
        made.items.push_back(chosen_[index].text);
        made.frequencies.push_back(static_cast<float>(chosen_[index].count) /
                                   static_cast<float>(rows_));
    }
}

void ProfileSample::finish_properties(Statistics &made)
{
    std::size_t kept = std::min(properties_.size(), kItemsPerTarget * target_);
    auto end = properties_.begin() + static_cast<std::ptrdiff_t>(kept);
    std::nth_element(
        properties_.begin(), end, properties_.end(),
        [](const Property &left, const Property &right) { return left.set > right.set; });
    std::sort(properties_.begin(), end,
              [](const Property &left, const Property &right) { return left.path < right.path; });
    auto share = [&](std::uint32_t count) {
        return static_cast<float>(count) / static_cast<float>(rows_);
    };
    made.bounds_each = std::clamp<std::size_t>(target_ + 1, 2, kMaxBounds);
    for (Property &property : std::span(properties_).first(kept)) {
        check_interrupt();
        double distinct = std::max(1.0, property.distinct - property.common);
        made.properties.push_back(property.path);
        made.figures.push_back({share(property.set), share(property.rest),
                                static_cast<float>(distinct), share(property.numeric_rest),
                                share(property.several)});
        std::vector<float> &numbers = property.rest_numbers.kept();
        if (numbers.size() < 2 || made.numeric.size() >= kMaxNumeric)
            continue;
        std::sort(numbers.begin(), numbers.end());
        made.numeric.push_back(property.path);
        for (std::size_t bound = 0; bound < made.bounds_each; ++bound)
            made.bounds.push_back(numbers[bound * (numbers.size() - 1) / (made.bounds_each - 1)]);
    }
}

namespace {

// More sightings than expected make an estimate larger, so they have to be surer than fewer.
bool is_chance(double together, double expected)
{
    if (together < 1.5 * expected && together > expected / 1.5)
        return true;
    if (together < expected)
        return expected - together < 2 * std::sqrt(expected) + 2;
    return together - expected < 3 * std::sqrt(expected) + 3;
}

}  // namespace

void ProfileSample::finish_pairs(Statistics &made,
                                 const std::vector<std::uint32_t> &positions) const
{
    struct Found {
        ItemPair pair;
        double deviation;
    };
    std::vector<Found> found;
    for (std::size_t first = 0; first < candidates_.size(); ++first) {
        check_interrupt();
        const Chosen &left = chosen_[candidates_[first]];
        for (std::size_t second = first + 1; second < candidates_.size(); ++second) {
            const Chosen &right = chosen_[candidates_[second]];
            double together = matrix_[first * candidates_.size() + second];
            double expected = static_cast<double>(left.count) * right.count / rows_;
            double deviation = std::abs(together - expected);
            // Of one property only the elements of arrays tell something of each other.
            bool known = left.property == right.property &&
                         (together == 0 || !left.is_value || !right.is_value);
            if (known || left.text.empty() || right.text.empty() || expected == 0 ||
                is_chance(together, expected))
                continue;
            auto [low, high] =
                std::minmax(positions[candidates_[first]], positions[candidates_[second]]);
            float frequency = static_cast<float>(std::max(together, 0.5) / rows_);
            found.push_back(
                {{static_cast<float>(low), static_cast<float>(high), frequency}, deviation});
        }
    }
    std::size_t kept = std::min(found.size(), kPairsPerTarget * target_);
    std::nth_element(
        found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept), found.end(),
        [](const Found &left, const Found &right) { return left.deviation > right.deviation; });
    for (const Found &each : std::span(found).first(kept))
        made.pairs.push_back(each.pair);
    std::sort(made.pairs.begin(), made.pairs.end(),
              [](const ItemPair &left, const ItemPair &right) {
                  return std::pair(left.first, left.second) < std::pair(right.first, right.second);
              });
}

Statistics ProfileSample::finish()
{
    Statistics made;
    std::vector<std::uint32_t> positions;
    if (rows_ == 0)
        return made;
    finish_items(made, positions);
    finish_pairs(made, positions);
    finish_properties(made);
    return made;
}

}  // namespace profiles
