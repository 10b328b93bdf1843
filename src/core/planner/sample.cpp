#include "sample.h"

#include <algorithm>

#include "../interrupt.h"

namespace profiles {

namespace {

constexpr std::size_t kMaxProperties = 10'000;
constexpr std::size_t kMaxTallies = 3'000'000;
constexpr std::size_t kMaxCandidates = 512;
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

void ProfileSample::Property::count(std::uint32_t row, bool is_value)
{
    if (last_row != row) {
        last_row = row;
        values_of_row = 0;
        ++set;
    }
    if (is_value && ++values_of_row == 2)
        ++several;
}

void ProfileSample::count_item(std::uint32_t property, const ItemText &text, const Item *value)
{
    Hash hash = hash_text(text);
    if (value && value->is_number())
        properties_[property].numbers.add(number_as_float(*value));
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

void ProfileSample::count(const View &profile)
{
    check_interrupt();
    row_ = ++rows_;
    ItemText text;
    auto visit = [&](const ItemText &path, const Item *value) {
        check_interrupt();
        Property *property = property_of(path);
        if (!property)
            return;
        property->count(row_, value != nullptr);
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
        std::vector<float> &numbers = property.numbers.kept();
        if (property.different <= 2 * kBuckets || numbers.size() < kBuckets)
            continue;
        ++made;
        std::sort(numbers.begin(), numbers.end());
        property.first_bucket = static_cast<std::uint32_t>(chosen_.size());
        auto expected = static_cast<std::uint32_t>(property.numbers.seen() / kBuckets);
        for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
            float low = numbers[bucket * numbers.size() / kBuckets];
            float high =
                numbers[std::min((bucket + 1) * numbers.size() / kBuckets, numbers.size() - 1)];
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
        check_interrupt();
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
    property.rest_numbers.add(number);
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

}  // namespace profiles
