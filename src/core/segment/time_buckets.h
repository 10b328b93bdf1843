// Which bucket of time a moment falls into. Buckets may have any lengths; a table over equal slices of
// time says where to begin, so that finding one takes a step or two.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "../events/block_layout.h"

namespace profiles {

class TimeBuckets {
public:
    // Ascending; without any there is one bucket for all times. Milliseconds, as all times here.
    explicit TimeBuckets(std::span<const std::int64_t> starts = {});

    std::size_t count() const { return starts_.empty() ? 1 : starts_.size(); }
    // Nothing before the first one. The last one has no end.
    std::optional<std::uint32_t> find(std::int64_t time) const
    {
        if (starts_.empty())
            return 0;
        if (time < starts_.front())
            return std::nullopt;
        std::uint64_t slice =
            (static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(starts_.front())) >>
            shift_;
        std::uint32_t bucket = slices_[std::min<std::uint64_t>(slice, slices_.size() - 1)];
        while (ends_[bucket] <= std::min(time, kForever - 1))
            ++bucket;
        return bucket;
    }

    // True when no quarter of an hour, from the epoch on, is in two buckets.
    bool are_of_quarters() const { return starts_.empty() || !quarters_.empty(); }
    // The same for whole quarters.
    std::optional<std::uint32_t> find_quarter(std::int64_t quarter) const
    {
        if (starts_.empty())
            return 0;
        std::int64_t after = quarter - first_quarter_;
        if (after < 0)
            return std::nullopt;
        return quarters_[std::min(static_cast<std::size_t>(after), quarters_.size() - 1)];
    }

    // The buckets of the quarters from `first` on: that of first + offset is buckets[min(offset, last)]. Nothing
    // when some of these may be in none.
    struct Quarters {
        const std::uint32_t *buckets;
        std::size_t last;
    };
    std::optional<Quarters> quarters_from(std::int64_t first) const
    {
        if (quarters_.empty() || first < first_quarter_)
            return std::nullopt;
        std::size_t last = quarters_.size() - 1;
        std::size_t start = std::min(static_cast<std::size_t>(first - first_quarter_), last);
        return Quarters{quarters_.data() + start, last - start};
    }

private:
    static constexpr std::int64_t kForever = INT64_MAX;

    void number_quarters();

    std::vector<std::int64_t> starts_, ends_;
    std::vector<std::uint32_t> slices_;  // the bucket at the start of each slice
    unsigned shift_ = 0;                 // a slice is 2^shift_ milliseconds
    std::int64_t first_quarter_ = 0;
    std::vector<std::uint32_t> quarters_;  // the bucket of each, if no start is inside of one
};

}  // namespace profiles
