#include "group_table.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"

namespace profiles {

namespace {

constexpr std::size_t kMaxGroups = 1'000'000;

int compare_values(const std::optional<std::string> &left, const std::optional<std::string> &right)
{
    if (!left || !right)
        return left ? -1 : right ? 1 : 0;
    return left->compare(*right);
}

bool precedes(const Group &left, const Group &right)
{
    check_interrupt();
    if (left.bucket != right.bucket)
        return left.bucket < right.bucket;
    if (left.times != right.times)
        return left.times > right.times;
    for (std::size_t index = 0; index < left.segment.size(); ++index)
        if (int order = compare_values(left.segment[index], right.segment[index]))
            return order < 0;
    return false;
}

}  // namespace

void raise_too_many_times()
{
    throw Error(ErrorCode::out_of_range, "number of events out of range",
                "The counts of the events add up to more than a bigint can hold.");
}

void Group::add_times(std::int64_t more)
{
    if (__builtin_add_overflow(times, more, &times))
        raise_too_many_times();
}

std::size_t GroupTable::Hash::operator()(const GroupKey &key) const noexcept
{
    std::uint64_t hash = key.bucket;
    for (std::uint32_t id : key.ids)
        hash = (hash ^ id) * 0x9e3779b97f4a7c15u;
    return static_cast<std::size_t>(hash ^ hash >> 32);
}

Group &GroupTable::group(const GroupKey &key)
{
    auto [at, is_new] = numbers_.try_emplace(key, groups_.size());
    if (!is_new)
        return groups_[at->second];
    if (groups_.size() >= kMaxGroups)
        throw Error(ErrorCode::limit_exceeded, "too many groups",
                    "At most " + std::to_string(kMaxGroups) +
                        " combinations of buckets and values are counted.",
                    "Choose fewer breakdowns, a longer bucket, or a filter.");
    Group &made = groups_.emplace_back();
    made.bucket = key.bucket;
    for (std::size_t index = 0; index < values_.size(); ++index)
        made.segment.push_back(values_[index].value_of(key.ids[index]));
    return made;
}

void GroupTable::sort()
{
    numbers_.clear();
    std::sort(groups_.begin(), groups_.end(), precedes);
}

void GroupTable::clear()
{
    numbers_.clear();
    groups_.clear();
    for (ValueIds &values : values_)
        if (!values.is_closed())
            values = ValueIds();
}

}  // namespace profiles
