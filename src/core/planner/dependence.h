// Conditions together: properties depend on each other, so what is known of their values in pairs counts.
#pragma once

#include <vector>

#include "property_statistics.h"

namespace profiles {

// A condition: its share of the profiles, and the items that make it true, by which it is compared with
// others.
struct Share {
    double value = 0;
    std::vector<KnownItem> items = {};
    bool negated = false;  // the items make it false
};

// By position, each once: as Dependence needs them.
void sort_items(std::vector<KnownItem> &items);

class Dependence {
public:
    explicit Dependence(const StatisticsView &statistics) : statistics_(statistics) {}

    // The share of profiles for which all are true.
    double conjunction(std::span<const Share> shares) const;
    // How much more often both are true than if they had nothing to do with each other.
    double ratio(const Share &left, const Share &right) const;

private:
    double item_ratio(std::span<const KnownItem> left, double left_share,
                      std::span<const KnownItem> right, double right_share) const;
    double from_pairs(std::span<const KnownItem> left, std::span<const KnownItem> right) const;
    double from_property(std::span<const KnownItem> left, std::span<const KnownItem> right) const;
    double from_properties(std::span<const KnownItem> left, std::span<const KnownItem> right) const;
    double frequency(const KnownItem &item) const { return statistics_.frequencies[item.position]; }
    double sum(std::span<const KnownItem> items) const;
    bool is_array(std::uint32_t property) const;

    const StatisticsView &statistics_;
};

}  // namespace profiles
