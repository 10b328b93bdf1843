// What share of the profiles matches: the planner's question, answered from the statistics of a column.
#pragma once

#include "property_estimate.h"

namespace profiles {

class Estimate {
public:
    explicit Estimate(const StatisticsView &statistics)
        : statistics_(statistics), dependence_(statistics)
    {
    }

    // `now` in milliseconds, for "$within".
    double filter(const Filter &filter, std::int64_t now) const;
    double containment(const View &part) const;
    double properties(std::span<const std::string_view> references, bool all) const;

private:
    Share of_condition(const Condition &condition, std::int64_t now) const;
    Share of_all(std::span<const Condition> conditions, std::int64_t now) const;
    Share of_any(std::span<const Condition> conditions, std::int64_t now) const;
    Share of_member(const std::string &path, const Item &value) const;
    void add_members(const View &object, std::string &path, std::vector<Share> &shares,
                     int depth) const;

    const StatisticsView &statistics_;
    Dependence dependence_;
};

}  // namespace profiles
