#include "sample.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "../interrupt.h"
#include "../profile/json_writer.h"

namespace profiles {

namespace {

constexpr std::size_t kMaxProperties = 10'000;
constexpr std::size_t kMaxTallies = 3'000'000;
constexpr std::size_t kItemsPerTarget = 20;
constexpr std::size_t kPairsPerTarget = 50;
constexpr std::size_t kMaxCandidates = 512;
constexpr std::size_t kMaxBounds = 101;
constexpr std::size_t kMaxEarly = 2'000;
constexpr std::uint64_t kMaxEarlyStep = 1 << 20;
constexpr std::size_t kMaxNumeric = 200;  // properties with bounds
constexpr std::size_t kMaxPathLength = 512;
constexpr std::size_t kMaxItemLength = 768;  // longer values are counted, but never an item
constexpr std::uint32_t kLeastSeen =
    5;  // fewer sightings in a mere sample say nothing of one value

std::uint64_t hash_text(std::string_view text) { return std::hash<std::string_view>()(text); }

// As the statistics keep numbers: what is out of range is as far as they go.
float number_as_float(const Item &value)
{
    constexpr double kGreatest = 3e38;
    return static_cast<float>(std::clamp(number_of(value).approximate(), -kGreatest, kGreatest));
}

}  // namespace

ItemText bucket_prefix(std::string_view path) { return std::string(path) + " ["; }

ItemText bucket_item(std::string_view path, const Bucket &bucket)
{
    ItemText text = bucket_prefix(path);
    char number[32];
    text.append(number, std::to_chars(number, number + sizeof number, bucket.low).ptr);
    text.append(", ");
    text.append(number, std::to_chars(number, number + sizeof number, bucket.high).ptr);
    return text + ']';
}

Bucket read_bucket(std::string_view text)
{
    Bucket bucket;
    const char *end = text.data() + text.size();
    const char *at = std::from_chars(text.data(), end, bucket.low).ptr;
    if (end - at > 2)
        std::from_chars(at + 2, end, bucket.high);
    return bucket;
}

void append_item_value(ItemText &path, const Item &scalar)
{
    std::pmr::monotonic_buffer_resource memory(256);
    TextBuffer text(&memory);
    write_json(scalar, text);
    path.push_back('=');
    path.append(text.view());
}

// --- the first pass

ProfileSample::Property *ProfileSample::property_of(const std::string &path)
{
    auto found = property_ids_.find(path);
    if (found != property_ids_.end())
        return &properties_[found->second];
    if (properties_.size() >= kMaxProperties || path.size() > kMaxPathLength)
        return nullptr;
    property_ids_.emplace(path, static_cast<std::uint32_t>(properties_.size()));
    Property &property = properties_.emplace_back();
    property.path = path;
    return &property;
}

void ProfileSample::count_item(std::uint32_t property, const ItemText &text, const Item *value)
{
    Hash hash = hash_text(text);
    if (value && value->is_number())
        keep_early(properties_[property], *value, hash);
    if (tallies_.size() >= kMaxTallies && !tallies_.contains(hash))
        return;
    Tally &tally = tallies_[hash];
    if (tally.last_row == row_)
        return;
    tally.last_row = row_;
    tally.property = property;
    tally.is_value = value != nullptr;
    ++tally.count;
}

// Numbers from the whole sample, but not all of them: whenever the list is full, half of the values go,
// and only half as many come from then on.
void ProfileSample::keep_early(Property &property, const Item &number, Hash hash)
{
    property.numbers_seen += 1;
    auto &early = property.early;
    if (hash % property.early_step != 0)
        return;
    early.emplace_back(number_as_float(number), hash);
    if (early.size() < kMaxEarly || property.early_step > kMaxEarlyStep)
        return;
    property.early_step *= 2;
    std::erase_if(early, [&](const auto &kept) { return kept.second % property.early_step != 0; });
}

void ProfileSample::count(const View &profile)
{
    check_interrupt();
    row_ = ++rows_;
    ItemText text;
    auto visit = [&](const ItemText &path, const Item *value) {
        Property *property = property_of(path);
        if (!property)
            return;
        if (!value && property->last_row != row_) {
            property->last_row = row_;
            ++property->set;
        }
        text = path;
        if (value)
            append_item_value(text, *value);
        count_item(static_cast<std::uint32_t>(property - properties_.data()), text, value);
    };
    ItemWalk(visit).walk(profile);
}

// --- between the passes

// The estimator of Haas and Stokes that PostgreSQL uses for columns.
void ProfileSample::estimate_distinct(double table_rows)
{
    for (auto &[hash, tally] : tallies_) {
        if (!tally.is_value)
            continue;
        Property &property = properties_[tally.property];
        property.occurrences += tally.count;
        property.different += 1;
        property.once += tally.count == 1;
    }
    for (Property &property : properties_) {
        if (property.occurrences == 0)
            continue;
        double n = property.occurrences, all = n * std::max(1.0, table_rows / rows_);
        double estimate = n * property.different / (n - property.once + property.once * n / all);
        property.distinct = std::clamp(estimate, property.different, all);
        if (complete_)
            property.distinct = property.different;
    }
}

void ProfileSample::choose(double table_rows)
{
    complete_ = table_rows <= rows_;
    estimate_distinct(table_rows);
    choose_items();
    choose_buckets();
    choose_candidates();
    for (Chosen &item : chosen_)
        if (!item.text.empty())
            item.count = 0;  // what was expected of a bucket, which is yet to be counted
    row_ = 0;
}

void ProfileSample::choose_items()
{
    std::vector<Tally *> common;
    for (auto &[hash, tally] : tallies_)
        if (tally.count >= (complete_ ? 2 : kLeastSeen))
            common.push_back(&tally);
    std::size_t count = std::min(common.size(), kItemsPerTarget * target_);
    auto more = [](const Tally *left, const Tally *right) { return left->count > right->count; };
    std::nth_element(common.begin(), common.begin() + static_cast<std::ptrdiff_t>(count),
                     common.end(), more);
    common.resize(count);
    for (Tally *tally : common) {
        chosen_.push_back({{}, tally->count, tally->property, tally->is_value});
        tally->chosen = static_cast<std::uint32_t>(chosen_.size());
    }
}

void ProfileSample::choose_buckets()
{
    std::size_t made = 0;
    for (std::uint32_t id = 0; id < properties_.size() && made < kMaxNumeric; ++id) {
        Property &property = properties_[id];
        auto &early = property.early;
        if (property.different <= 2 * kBuckets || early.size() < kBuckets)
            continue;
        ++made;
        std::sort(early.begin(), early.end());
        property.first_bucket = static_cast<std::uint32_t>(chosen_.size());
        auto expected = static_cast<std::uint32_t>(property.numbers_seen / kBuckets);
        for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
            float low = early[bucket * early.size() / kBuckets].first;
            float high =
                early[std::min((bucket + 1) * early.size() / kBuckets, early.size() - 1)].first;
            if (bucket > 0)
                property.bucket_ends.push_back(low);
            chosen_.push_back({bucket_item(property.path, {low, high}), expected, id});
        }
    }
}

// Which items are looked at in pairs. What nearly every profile has tells nothing of the others.
void ProfileSample::choose_candidates()
{
    for (std::uint32_t index = 0; index < chosen_.size(); ++index)
        if (chosen_[index].count < 0.98 * rows_)
            candidates_.push_back(index);
    auto more = [&](std::uint32_t left, std::uint32_t right) {
        return chosen_[left].count > chosen_[right].count;
    };
    std::sort(candidates_.begin(), candidates_.end(), more);
    candidates_.resize(std::min(candidates_.size(), kMaxCandidates));
    for (std::uint32_t row = 0; row < candidates_.size(); ++row)
        chosen_[candidates_[row]].candidate = row + 1;
    matrix_.assign(candidates_.size() * candidates_.size(), 0);
}

// --- the second pass

void ProfileSample::observe(const View &profile)
{
    check_interrupt();
    ++row_;
    ItemText text;
    std::vector<std::uint32_t> candidates;
    auto visit = [&](const ItemText &path, const Item *value) {
        auto id = property_ids_.find(path);
        if (id == property_ids_.end())
            return;
        Property &property = properties_[id->second];
        text = path;
        if (value)
            append_item_value(text, *value);
        auto tally = tallies_.find(hash_text(text));
        bool chosen =
            tally != tallies_.end() && tally->second.chosen && text.size() <= kMaxItemLength;
        if (value)
            observe_value(property, *value, chosen, candidates);
        if (!chosen)
            return;
        Chosen &item = chosen_[tally->second.chosen - 1];
        if (item.text.empty()) {
            item.text = text;
            property.common += value != nullptr;
        }
        if (item.candidate)
            candidates.push_back(item.candidate - 1);
    };
    ItemWalk(visit).walk(profile);
    count_pairs(candidates);
}

void ProfileSample::observe_value(Property &property, const Item &value, bool is_item,
                                  std::vector<std::uint32_t> &candidates)
{
    float number = value.is_number() ? number_as_float(value) : 0;
    if (value.is_number())
        observe_bucket(property, number, candidates);
    if (is_item)
        return;
    if (property.last_rest != row_) {
        property.last_rest = row_;
        ++property.rest;
    }
    if (!value.is_number())
        return;
    property.numbers.push_back(number);
    if (property.last_numeric_rest != row_) {
        property.last_numeric_rest = row_;
        ++property.numeric_rest;
    }
}

void ProfileSample::observe_bucket(const Property &property, float number,
                                   std::vector<std::uint32_t> &candidates)
{
    if (property.bucket_ends.empty())
        return;
    auto end = std::upper_bound(property.bucket_ends.begin(), property.bucket_ends.end(), number);
    auto bucket = static_cast<std::uint32_t>(end - property.bucket_ends.begin());
    Chosen &item = chosen_[property.first_bucket + bucket];
    if (item.last_row == row_)
        return;
    item.last_row = row_;
    ++item.count;
    if (item.candidate)
        candidates.push_back(item.candidate - 1);
}

void ProfileSample::count_pairs(std::vector<std::uint32_t> &candidates)
{
    std::sort(candidates.begin(), candidates.end());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    for (std::size_t first = 0; first < candidates.size(); ++first)
        for (std::size_t second = first + 1; second < candidates.size(); ++second)
            ++matrix_[candidates[first] * candidates_.size() + candidates[second]];
}

// --- the result

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
    std::sort(properties_.begin(), properties_.end(),
              [](const Property &left, const Property &right) { return left.path < right.path; });
    auto share = [&](std::uint32_t count) {
        return static_cast<float>(count) / static_cast<float>(rows_);
    };
    made.bounds_each = std::clamp<std::size_t>(target_ + 1, 2, kMaxBounds);
    std::size_t kept = std::min(properties_.size(), kItemsPerTarget * target_);
    for (Property &property : std::span(properties_).first(kept)) {
        check_interrupt();
        double distinct = std::max(1.0, property.distinct - property.common);
        made.properties.push_back(property.path);
        made.figures.push_back({share(property.set), share(property.rest),
                                static_cast<float>(distinct), share(property.numeric_rest)});
        std::vector<float> &numbers = property.numbers;
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
