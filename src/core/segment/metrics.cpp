#include "metrics.h"

#include "../error.h"

namespace profiles {

namespace {

constexpr std::size_t kMaxMetrics = 100;
constexpr std::uint32_t kPercent = 10'000;  // in millionths

[[noreturn]] void raise_bad_metric(std::string_view text, std::string detail)
{
    throw Error(
        ErrorCode::invalid_value, "invalid metric: " + quoted(text), std::move(detail),
        "Metrics are times/users, sum/users, dur/users, and avg, min, max, median and percentiles "
        "of sum and dur, such as avg(sum), median(dur), p95(sum).");
}

// "95", "99.9", at most four digits behind the point.
std::uint32_t read_percentile(std::string_view digits, std::string_view metric)
{
    std::uint32_t whole = 0, scale = kPercent;
    bool in_fraction = false, has_digit = false;
    for (char byte : digits) {
        if (byte == '.' && !in_fraction && has_digit) {
            in_fraction = true;
            has_digit = false;
            continue;
        }
        if (byte < '0' || byte > '9')
            raise_bad_metric(metric, "A percentile is p and a number.");
        has_digit = true;
        auto digit = static_cast<std::uint32_t>(byte - '0');
        scale = in_fraction ? scale / 10 : scale;
        if (scale == 0)
            raise_bad_metric(metric, "A percentile has at most 4 digits behind the point.");
        whole = in_fraction ? whole + digit * scale : whole * 10 + digit * kPercent;
        if (whole > 100 * kPercent)
            raise_bad_metric(metric, "A percentile is between 0 and 100.");
    }
    if (!has_digit)
        raise_bad_metric(metric, "A percentile is p and a number.");
    return whole;
}

Measure read_amount(std::string_view name, std::string_view metric)
{
    if (name == "sum")
        return Measure::sum;
    if (name == "dur")
        return Measure::duration;
    raise_bad_metric(metric, "It is of sum or dur.");
}

}  // namespace

Metric read_metric(std::string_view text)
{
    if (text == "times/users")
        return {Metric::Kind::per_user, Measure::times, 0};
    if (text == "sum/users")
        return {Metric::Kind::per_user, Measure::sum, 0};
    if (text == "dur/users")
        return {Metric::Kind::per_user, Measure::duration, 0};
    std::size_t open = text.find('(');
    if (open == std::string_view::npos || open == 0 || text.back() != ')')
        raise_bad_metric(text, "There is no metric of that name.");
    std::string_view name = text.substr(0, open);
    Measure measure = read_amount(text.substr(open + 1, text.size() - open - 2), text);
    if (name == "avg")
        return {Metric::Kind::average, measure, 0};
    if (name == "min")
        return {Metric::Kind::quantile, measure, 0};
    if (name == "max")
        return {Metric::Kind::quantile, measure, 100 * kPercent};
    if (name == "median")
        return {Metric::Kind::quantile, measure, 50 * kPercent};
    if (name.front() != 'p')
        raise_bad_metric(text, "There is no metric of that name.");
    return {Metric::Kind::quantile, measure, read_percentile(name.substr(1), text)};
}

std::vector<Metric> read_metrics(std::span<const std::string_view> texts)
{
    if (texts.size() > kMaxMetrics)
        throw Error(ErrorCode::limit_exceeded, "too many metrics", {},
                    "At most " + std::to_string(kMaxMetrics) + " can be asked for at once.");
    std::vector<Metric> metrics;
    for (std::string_view text : texts)
        metrics.push_back(read_metric(text));
    return metrics;
}

}  // namespace profiles
