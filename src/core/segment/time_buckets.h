// Which bucket of time a moment falls into. Buckets may have any lengths; a table over equal slices of
// time says where to begin, so that finding one takes a step or two.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

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

private:
    static constexpr std::int64_t kForever = INT64_MAX;

    std::vector<std::int64_t> starts_, ends_;
    std::vector<std::uint32_t> slices_;  // the bucket at the start of each slice
    unsigned shift_ = 0;                 // a slice is 2^shift_ milliseconds
};

}  // namespace profiles
