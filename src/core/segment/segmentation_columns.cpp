// Which bytes of a block a segmentation needs: whether it asks of columns only, and of which.
#include <algorithm>

#include "../events/block_quarters.h"
#include "segmentation.h"

namespace profiles {

using block::ColumnKind;

bool Segmentation::reads_columns() const
{
    constexpr std::size_t kMostBuckets = UINT16_MAX;
    auto in_column = [](const auto &part) {
        if constexpr (requires { part.reference; })
            // Near what: two columns.
            return part.predicate.op != PredicateKind::near && is_in_column(part.reference);
        else
            return is_in_column(part);
    };
    return buckets_.count() <= kMostBuckets &&
           std::all_of(filter_->leaves().begin(), filter_->leaves().end(), in_column) &&
           std::all_of(breakdown_.begin(), breakdown_.end(), in_column);
}

std::optional<std::uint32_t> Segmentation::bucket_of_block(const BlockDirectory &directory) const
{
    if (!holds_block(directory))
        return std::nullopt;
    std::optional<std::uint32_t> bucket = buckets_.find(directory.first_time());
    return bucket == buckets_.find(directory.last_time()) ? bucket : std::nullopt;
}

bool Segmentation::holds_block(const BlockDirectory &directory) const
{
    return is_in_period(directory.first_time()) && is_in_period(directory.last_time());
}

bool Segmentation::asks_only_quarters(const BlockDirectory &directory) const
{
    auto is_whole = [](const std::optional<std::int64_t> &time) {
        return !time || *time % block::kQuarter == 0;
    };
    return buckets_.are_of_quarters() &&
           (holds_block(directory) || (is_whole(from_) && is_whole(until_))) &&
           BlockQuarters::are_in(directory.get(ColumnKind::time));
}

ByteRange Segmentation::needed_times(const BlockDirectory &directory) const
{
    const BlockColumnInfo &times = directory.get(ColumnKind::time);
    return asks_only_quarters(directory) ? BlockQuarters::bytes(directory, times) : times.bytes();
}

std::vector<ByteRange> Segmentation::needed_bytes(const BlockDirectory &directory) const
{
    std::vector<ByteRange> ranges{directory.user_bytes()};
    auto add = [&](const BlockColumnInfo *column) {
        if (column && column->bytes().size > 0)
            ranges.push_back(column->bytes());
    };
    if (event_)
        add(&directory.get(ColumnKind::key));
    if (!bucket_of_block(directory))
        ranges.push_back(needed_times(directory));
    if (!cell_)
        for (ColumnKind kind : {ColumnKind::count, ColumnKind::sum, ColumnKind::duration})
            add(&directory.get(kind));
    for (const Leaf &leaf : filter_->leaves())
        add(find_column(directory, leaf.reference));
    for (const Reference &reference : breakdown_)
        add(find_column(directory, reference));
    return joined(std::move(ranges));
}

}  // namespace profiles
