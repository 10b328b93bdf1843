// What the statistics of a column say of one property.
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "statistics.h"

namespace profiles {

struct NumberRange {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool with_low = true;
    bool with_high = true;
};

// An item as conditions are compared by it.
struct KnownItem {
    enum class Role : std::uint8_t { value, set, bucket };

    std::uint32_t position = 0;  // in StatisticsView::items
    std::uint32_t property = 0;  // in StatisticsView::properties
    Role role = Role::value;
};

class PropertyStatistics {
public:
    PropertyStatistics(const StatisticsView &statistics, std::string path);

    const std::string &path() const { return path_; }
    const PropertyFigures &figures() const { return figures_; }
    // False when hardly any profile has several values of it: then its values exclude one another.
    bool is_array() const { return figures_.several > 0.01f * figures_.set; }

    // The items of its values: positions [first, end).
    std::uint32_t first_value() const { return first_; }
    std::uint32_t end_value() const { return end_; }
    // The value of an item, as JSON.
    std::string_view value_of(std::uint32_t item) const;
    float frequency_of(std::uint32_t item) const { return statistics_.frequencies[item]; }

    std::optional<KnownItem> find_set() const;
    std::optional<KnownItem> find_value(const Item &scalar) const;
    KnownItem value_item(std::uint32_t item) const
    {
        return {item, property_, KnownItem::Role::value};
    }

    // Of the numbers that are no items, those in the range.
    double share_in(const NumberRange &range) const;
    // The buckets that stand for a range; none when there are no buckets.
    std::vector<KnownItem> buckets_in(const NumberRange &range) const;

private:
    double share_below(double bound, bool inclusive) const;
    std::optional<std::uint32_t> find_item(std::string_view text) const;

    const StatisticsView &statistics_;
    std::string path_;
    PropertyFigures figures_;
    std::uint32_t property_ = 0;
    std::uint32_t first_ = 0, end_ = 0;
};

}  // namespace profiles
