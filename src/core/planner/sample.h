// Makes the statistics of a column from a sample of its profiles, in two passes: the first counts items by
// their hashes, the second looks at those that turned out to be common. Memory grows with the
// number of different items in the sample, up to a bound.
#pragma once

#include <unordered_map>
#include <vector>

#include "number_sample.h"
#include "statistics.h"

namespace profiles {

// The parts of StatisticsView with memory of their own.
struct Statistics {
    std::vector<std::string> items;
    std::vector<float> frequencies;
    std::vector<std::string> properties;
    std::vector<PropertyFigures> figures;
    std::vector<std::string> numeric;
    std::vector<float> bounds;
    std::size_t bounds_each = 0;
    std::vector<ItemPair> pairs;
};

constexpr std::size_t kItemsPerTarget = 20;  // and as many properties
constexpr std::size_t kMaxNumeric = 200;     // properties with bounds

class ProfileSample {
public:
    // `target` is the column's statistics target.
    explicit ProfileSample(std::size_t target) : target_(target) {}

    void count(const View &profile);
    // Between the passes: how many profiles the table has.
    void choose(double table_rows);
    void observe(const View &profile);
    Statistics finish();

private:
    using Hash = std::uint64_t;

    struct Property {
        std::string path;
        std::uint32_t set = 0;
        std::uint32_t last_row = 0;
        // Of its values: occurrences (once a profile), different ones, and those seen once.
        double occurrences = 0, different = 0, once = 0;
        double distinct = 0;
        std::uint32_t common = 0;  // values that became items
        std::uint32_t rest = 0, last_rest = 0;
        std::uint32_t numeric_rest = 0, last_numeric_rest = 0;
        std::uint32_t several = 0, values_of_row = 0;
        NumberSample numbers{2'000};       // from which the buckets are cut
        NumberSample rest_numbers{5'000};  // those that are no items

        void count(std::uint32_t row, bool is_value);
        std::vector<float> bucket_ends = {};
        std::uint32_t first_bucket = 0;  // position in chosen_
    };

    struct Tally {
        std::uint32_t count = 0;
        std::uint32_t last_row = 0;
        std::uint32_t property = 0;
        std::uint32_t chosen = 0;  // 1 + position in chosen_
        bool is_value = false;
    };

    struct Chosen {
        std::string text;
        std::uint32_t count = 0;
        std::uint32_t property = 0;
        bool is_value = false;        // neither the property itself nor a bucket
        std::uint32_t candidate = 0;  // 1 + row of the matrix of pairs
        std::uint32_t last_row = 0;   // of a bucket
    };

    // Null when there are too many properties already.
    Property *property_of(const std::string &path);
    void count_item(std::uint32_t property, const ItemText &text, const Item *value);
    void estimate_distinct(double table_rows);
    void choose_items();
    void choose_buckets();
    void choose_candidates();
    void observe_value(Property &property, const Item &value, bool is_item,
                       std::vector<std::uint32_t> &candidates);
    void observe_bucket(const Property &property, float number,
                        std::vector<std::uint32_t> &candidates);
    void count_pairs(std::vector<std::uint32_t> &candidates);
    void finish_items(Statistics &made, std::vector<std::uint32_t> &positions) const;
    void finish_properties(Statistics &made);
    void finish_pairs(Statistics &made, const std::vector<std::uint32_t> &positions) const;

    std::size_t target_;
    std::uint32_t rows_ = 0;
    bool complete_ = false;  // the sample is the table
    std::unordered_map<std::string, std::uint32_t> property_ids_;
    std::vector<Property> properties_;
    std::unordered_map<Hash, Tally> tallies_;
    std::vector<Chosen> chosen_;
    std::vector<std::uint32_t> candidates_;  // positions in chosen_
    std::vector<std::uint32_t> matrix_;
    std::uint32_t row_ = 0;  // of the pass
};

}  // namespace profiles
