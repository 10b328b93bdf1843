#include "property_statistics.h"

#include <algorithm>

namespace profiles {

namespace {

// Where a text is, or would be.
std::size_t position_of(std::span<const std::string_view> sorted, std::string_view text)
{
    return static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), text) -
                                    sorted.begin());
}

bool stands_at(std::span<const std::string_view> sorted, std::size_t position,
               std::string_view text)
{
    return position < sorted.size() && sorted[position] == text;
}

}  // namespace

PropertyStatistics::PropertyStatistics(const StatisticsView &statistics, std::string path)
    : statistics_(statistics), path_(std::move(path))
{
    std::size_t at = position_of(statistics.properties, path_);
    property_ = static_cast<std::uint32_t>(at);
    if (stands_at(statistics.properties, at, path_))
        figures_ = statistics.figures[at];
    first_ = static_cast<std::uint32_t>(position_of(statistics.items, path_ + '='));
    end_ = static_cast<std::uint32_t>(
        position_of(statistics.items, path_ + static_cast<char>('=' + 1)));
}

std::string_view PropertyStatistics::value_of(std::uint32_t item) const
{
    return statistics_.items[item].substr(path_.size() + 1);
}

std::optional<std::uint32_t> PropertyStatistics::find_item(std::string_view text) const
{
    std::size_t at = position_of(statistics_.items, text);
    if (!stands_at(statistics_.items, at, text))
        return std::nullopt;
    return static_cast<std::uint32_t>(at);
}

std::optional<KnownItem> PropertyStatistics::find_set() const
{
    std::optional<std::uint32_t> item = find_item(path_);
    if (!item)
        return std::nullopt;
    return KnownItem{*item, property_, KnownItem::Role::set};
}

std::optional<KnownItem> PropertyStatistics::find_value(const Item &scalar) const
{
    std::string text = path_;
    append_item_value(text, scalar);
    std::optional<std::uint32_t> item = find_item(text);
    if (!item)
        return std::nullopt;
    return value_item(*item);
}

// A bound that stands several times is a value with as many times the share of one step.
double PropertyStatistics::share_below(double bound, bool inclusive) const
{
    std::size_t at = position_of(statistics_.numeric, path_), count = statistics_.bounds_each;
    if (!stands_at(statistics_.numeric, at, path_) || count < 2)
        return 0.5;
    std::span<const float> bounds(statistics_.bounds + count * at, count);
    auto above = inclusive ? std::upper_bound(bounds.begin(), bounds.end(), bound)
                           : std::lower_bound(bounds.begin(), bounds.end(), bound);
    if (above == bounds.begin())
        return 0;
    if (above == bounds.end())
        return 1;
    double low = above[-1], high = *above;
    double within = high > low ? (bound - low) / (high - low) : 0;
    return (static_cast<double>(above - bounds.begin()) - 1 + within) /
           static_cast<double>(count - 1);
}

double PropertyStatistics::share_in(const NumberRange &range) const
{
    return std::max(0.0, share_below(range.high, range.with_high) -
                             share_below(range.low, !range.with_low));
}

// Those whose middle lies in the range, or else the one in which the range lies.
std::vector<KnownItem> PropertyStatistics::buckets_in(const NumberRange &range) const
{
    std::string prefix = bucket_prefix(path_);
    std::vector<KnownItem> found, around;
    for (std::size_t at = position_of(statistics_.items, prefix);
         at < statistics_.items.size() && statistics_.items[at].starts_with(prefix); ++at) {
        Bucket bucket = read_bucket(statistics_.items[at].substr(prefix.size()));
        double middle = bucket.low / 2.0 + bucket.high / 2.0;
        KnownItem item{static_cast<std::uint32_t>(at), property_, KnownItem::Role::bucket};
        if (middle >= range.low && middle <= range.high)
            found.push_back(item);
        else if (range.low <= bucket.high && range.high >= bucket.low)
            around = {item};
    }
    return found.empty() ? around : found;
}

}  // namespace profiles
