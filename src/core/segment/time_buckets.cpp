#include "time_buckets.h"

#include <algorithm>

namespace profiles {

TimeBuckets::TimeBuckets(std::span<const std::int64_t> starts)
    : starts_(starts.begin(), starts.end())
{
    if (starts_.empty())
        return;
    ends_.assign(starts_.begin() + 1, starts_.end());
    ends_.push_back(kForever);
    auto length = static_cast<std::uint64_t>(starts_.back() - starts_.front());
    constexpr std::size_t kSlices =
        1 << 13;  // or more, so that most have no start of a bucket inside
    while (length >> shift_ > std::max(kSlices, 4 * starts_.size()))
        ++shift_;
    std::uint32_t bucket = 0;
    for (std::uint64_t slice = 0; slice <= length >> shift_; ++slice) {
        std::int64_t time = starts_.front() + static_cast<std::int64_t>(slice << shift_);
        while (bucket + 1 < starts_.size() && starts_[bucket + 1] <= time)
            ++bucket;
        slices_.push_back(bucket);
    }
    number_quarters();
}

void TimeBuckets::number_quarters()
{
    constexpr std::int64_t kMost = 1 << 20;  // thirty years
    auto is_whole = [](std::int64_t start) { return start % block::kQuarter == 0; };
    first_quarter_ = starts_.front() / block::kQuarter;
    std::int64_t last = starts_.back() / block::kQuarter;
    if (last - first_quarter_ >= kMost || !std::all_of(starts_.begin(), starts_.end(), is_whole))
        return;
    quarters_.reserve(static_cast<std::size_t>(last - first_quarter_ + 1));
    std::uint32_t bucket = 0;
    for (std::int64_t quarter = first_quarter_; quarter <= last; ++quarter) {
        while (bucket + 1 < starts_.size() && starts_[bucket + 1] <= quarter * block::kQuarter)
            ++bucket;
        quarters_.push_back(bucket);
    }
}

}  // namespace profiles
