#include "group_table.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"

namespace profiles {

namespace {

constexpr std::size_t kMaxGroups = 1'000'000;
// With its place among the numbers, and the room that a vector keeps.
constexpr std::size_t kBytesOfGroup = 2 * sizeof(Group) + 128;

bool precedes(const Group &left, const Group &right)
{
    check_interrupt();
    if (left.bucket != right.bucket)
        return left.bucket < right.bucket;
    if (left.other != right.other)
        return right.other;
    if (left.times != right.times)
        return left.times > right.times;
    for (std::size_t index = 0; index < left.segment.size(); ++index)
        if (int order = compare_values(left.segment[index], right.segment[index]))
            return order < 0;
    return false;
}

}  // namespace

int compare_values(const ValueIds::Value &left, const ValueIds::Value &right)
{
    if (!left || !right)
        return left ? -1 : right ? 1 : 0;
    return left->compare(*right);
}

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

std::size_t Group::bytes() const
{
    constexpr std::size_t kInside = 15;  // as many bytes of a string need no memory of their own
    std::size_t bytes =
        segment.capacity() * sizeof segment[0] + users.bytes() + sum.bytes() + duration.bytes();
    for (const std::optional<std::string> &value : segment)
        bytes += value && value->capacity() > kInside ? value->capacity() : 0;
    if (amounts)
        bytes += sizeof *amounts + amounts->sum.bytes() + amounts->duration.bytes();
    return bytes;
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
    if (latest_number_ < groups_.size() && key == latest_)
        return groups_[latest_number_];
    auto [at, is_new] = numbers_.try_emplace(key, groups_.size());
    latest_ = key;
    latest_number_ = at->second;
    if (!is_new)
        return groups_[at->second];
    if (groups_.size() >= kMaxGroups)
        throw Error(ErrorCode::limit_exceeded, "too many groups",
                    "At most " + std::to_string(kMaxGroups) +
                        " combinations of buckets and values are counted.",
                    "Choose fewer breakdowns, a longer bucket, or a filter.");
    Group &made = groups_.emplace_back();
    made.bucket = key.bucket;
    made.other = key.is_other();
    if (!made.other) {
        made.segment.reserve(values_.size());
        for (std::size_t index = 0; index < values_.size(); ++index)
            made.segment.push_back(values_[index].value_of(key.ids[index]));
    }
    grow(kBytesOfGroup + made.bytes());
    return made;
}

std::uint32_t GroupTable::id_of(std::size_t breakdown, std::optional<std::string_view> value)
{
    ValueIds &values = values_[breakdown];
    std::size_t before = values.bytes();
    std::uint32_t id = values.id_of(value);
    grow(values.bytes() - before);
    return id;
}

void GroupTable::add_amount(Group &group, NumberCounts Group::Amounts::*amounts,
                            const Number &number, std::uint64_t count)
{
    if (!group.amounts)
        group.amounts = std::make_unique<Group::Amounts>();
    std::size_t before = amounts_.size();
    std::uint32_t id = amounts_.id_of(number);
    grow((group.amounts.get()->*amounts).add(id, count) +
         (amounts_.size() - before) * 4 * sizeof(Number));
}

std::size_t GroupTable::bytes() const
{
    constexpr std::size_t kNode = sizeof(GroupKey) + sizeof(std::size_t) + 24;
    std::size_t bytes = groups_.capacity() * sizeof(Group) + numbers_.size() * kNode +
                        numbers_.bucket_count() * sizeof(void *) + amounts_.bytes();
    for (const ValueIds &values : values_)
        bytes += values.bytes();
    for (const Group &group : groups_)
        bytes += group.bytes();
    return bytes;
}

void GroupTable::check_memory()
{
    check_interrupt();
    grown_ = 0;
    std::size_t bytes = this->bytes();
    if (bytes > memory_limit_)
        throw Error(ErrorCode::limit_exceeded, "segmentation needs too much memory",
                    "It has reached " + std::to_string(bytes / 1024) + " kB; the limit is " +
                        std::to_string(memory_limit_ / 1024) + " kB.",
                    "Choose fewer breakdowns, a longer bucket, or a filter, or raise "
                    "profiles.segmentation_memory.");
}

void GroupTable::sort()
{
    numbers_.clear();
    latest_number_ = kNone;
    std::sort(groups_.begin(), groups_.end(), precedes);
    std::vector<std::uint32_t> new_ids = amounts_.sort();
    for (Group &group : groups_)
        if (group.amounts) {
            check_interrupt();
            group.amounts->sum.rename(new_ids);
            group.amounts->duration.rename(new_ids);
        }
}

void GroupTable::clear()
{
    numbers_.clear();
    latest_number_ = kNone;
    groups_.clear();
    amounts_.clear();
    grown_ = 0;
    for (ValueIds &values : values_)
        if (!values.is_closed())
            values = ValueIds();
}

}  // namespace profiles
