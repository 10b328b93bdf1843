// What share of the profiles matches: the planner's question, answered from the statistics of a column.
#pragma once

#include <limits>
#include <vector>

#include "../segment/filter.h"
#include "statistics.h"

namespace profiles {

class Estimate {
public:
    explicit Estimate(const StatisticsView &statistics) : statistics_(statistics) {}

    // `now` in milliseconds, for "$within".
    double filter(const Filter &filter, std::int64_t now) const;
    double containment(const View &part) const;
    double properties(std::span<const std::string_view> references, bool all) const;

private:
    // One condition: its share, and the items that make it true, by which it is compared with others.
    struct Share {
        double value = 0;
        std::vector<std::uint32_t> items = {};
        bool negated = false;  // the items make it false
    };

    struct NumberRange {
        double low = -std::numeric_limits<double>::infinity();
        double high = std::numeric_limits<double>::infinity();
        bool with_low = true;
        bool with_high = true;

        void cut(const Predicate &predicate);
    };

    // The items of one property that have a value: a stretch of statistics_.items.
    struct Stretch {
        std::uint32_t first = 0;
        std::uint32_t end = 0;
    };

    Share of_condition(const Condition &condition, std::int64_t now) const;
    Share of_any(std::span<const Condition> conditions, std::int64_t now) const;
    Share of_all(std::span<const Condition> conditions, std::int64_t now) const;
    Share of_leaf(const Leaf &leaf, std::int64_t now) const;
    template <typename Test>
    Share of_range(const std::string &path, Test &&test, const NumberRange &range) const;
    Share of_comparison(const std::string &path, const Predicate &predicate) const;
    Share of_both_ends(const std::string &path, const Predicate &low, const Predicate &high) const;
    Share of_value(const std::string &path, const Item &scalar) const;
    Share of_list(const std::string &path, std::span<const Item> list) const;
    Share of_every(const std::string &path, std::span<const Item> list) const;
    Share of_set(const std::string &path) const;
    Share of_array(const std::string &path, const Item &value) const;
    template <typename Test>
    Share of_items(const std::string &path, Test &&test, double of_rest) const;

    // All of them, taking into account which items go together.
    double conjunction(std::span<const Share> shares) const;
    double dependence(const Share &left, const Share &right) const;
    double item_dependence(std::span<const std::uint32_t> left, double left_share,
                           std::span<const std::uint32_t> right, double right_share) const;
    double pair_ratio(std::uint32_t left, std::uint32_t right) const;

    PropertyFigures figures_of(std::string_view path) const;
    Stretch values_of(std::string_view path) const;
    // Of the numbers of a property that are no items, those below the bound.
    double numbers_below(std::string_view path, double bound, bool inclusive) const;
    // The share of profiles with a number in the range that is no item.
    double rest_in(std::string_view path, const NumberRange &range) const;
    // The buckets that stand for a range.
    std::vector<std::uint32_t> buckets_in(std::string_view path, const NumberRange &range) const;
    std::optional<std::uint32_t> find_item(std::string_view text) const;
    void add_members(const View &object, std::string &path, std::vector<Share> &shares,
                     int depth) const;

    const StatisticsView &statistics_;
};

}  // namespace profiles
