// Further figures of a group: how much there is for each user, averages, and what lies at a percentile.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace profiles {

enum class Measure : std::uint8_t { times, sum, duration };

struct Metric {
    enum class Kind : std::uint8_t {
        per_user,  // what was measured, divided by the users
        average,   // divided by the times
        quantile,  // of the amounts of single events
    };
    Kind kind;
    Measure measure;
    std::uint32_t millionths;  // of a quantile

    bool needs_amounts(Measure of) const { return kind == Kind::quantile && measure == of; }
};

// "times/users", "sum/users", "dur/users", and of sum and dur: "avg(sum)", "min(sum)", "max(sum)",
// "median(sum)", "p95(sum)", "p99.9(dur)". Throws invalid_value.
Metric read_metric(std::string_view text);
std::vector<Metric> read_metrics(std::span<const std::string_view> texts);

}  // namespace profiles
