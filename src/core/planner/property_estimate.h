// What share of the profiles answers conditions on one property: its values are looked at one by one, and
// what lies between them is estimated.
#pragma once

#include "../segment/filter.h"
#include "dependence.h"

namespace profiles {

class PropertyEstimate {
public:
    // `now` in milliseconds, for "$within".
    PropertyEstimate(const StatisticsView &statistics, std::string path, std::int64_t now)
        : statistics_(statistics), known_(statistics, std::move(path)), now_(now)
    {
    }

    // All of the conditions, in as few shares as possible.
    void add_all_of(std::span<const Leaf *const> leaves, std::vector<Share> &shares) const;
    // Any of them.
    Share any_of(std::span<const Leaf *const> leaves) const;

    Share set() const;
    Share value(const Item &scalar) const;
    // An array with all of these elements.
    Share elements(std::span<const Item> values) const;

private:
    // Of profiles with a value that is no item: the share that matches, by the kind of the value.
    struct RestShare {
        double numbers = 0;
        double others = 0;
    };
    enum class Junction { all, any };

    Share one(const Predicate &predicate) const;
    Share of_whole(const Predicate &predicate) const;
    Share of_values(std::span<const Predicate *const> predicates, Junction junction) const;
    void add_items(std::span<const Predicate *const> predicates, Junction junction,
                   Share &share) const;
    bool matches(std::span<const Predicate *const> predicates, Junction junction,
                 const std::optional<Item> &value) const;
    bool matches_object(std::span<const Predicate *const> predicates, Junction junction) const;
    RestShare rest(std::span<const Predicate *const> predicates, Junction junction) const;
    RestShare rest_of(const Predicate &predicate) const;
    RestShare rest_listed(std::span<const Item> values) const;
    double without_value() const;
    Share array_elements(std::span<const Predicate *const> predicates) const;

    const StatisticsView &statistics_;
    PropertyStatistics known_;
    std::int64_t now_;
};

}  // namespace profiles
