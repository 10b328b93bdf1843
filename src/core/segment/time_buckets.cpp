#include "time_buckets.h"

namespace profiles {

TimeBuckets::TimeBuckets(std::span<const std::int64_t> starts)
    : starts_(starts.begin(), starts.end())
{
    if (starts_.empty())
        return;
    auto length = static_cast<std::uint64_t>(starts_.back() - starts_.front());
    while (length >> shift_ > 4 * starts_.size())
        ++shift_;
    std::uint32_t bucket = 0;
    for (std::uint64_t slice = 0; slice <= length >> shift_; ++slice) {
        std::int64_t time = starts_.front() + static_cast<std::int64_t>(slice << shift_);
        while (bucket + 1 < starts_.size() && starts_[bucket + 1] <= time)
            ++bucket;
        slices_.push_back(bucket);
    }
}

}  // namespace profiles
