// Which cells of a segmentation get rows: those with the most times, and all of them in every bucket.
#include <algorithm>
#include <unordered_set>

#include "../interrupt.h"
#include "group_table.h"

namespace profiles {

namespace {

GroupKey in_bucket(const GroupKey &cell, std::uint32_t bucket)
{
    GroupKey key = cell;
    key.bucket = bucket;
    return key;
}

}  // namespace

int GroupTable::compare_cells(const GroupKey &left, const GroupKey &right) const
{
    for (std::size_t index = 0; index < values_.size(); ++index)
        if (int order = compare_values(values_[index].value_of(left.ids[index]),
                                       values_[index].value_of(right.ids[index])))
            return order;
    return 0;
}

std::vector<GroupKey> GroupTable::top_cells(std::size_t limit, std::uint32_t ranked_from) const
{
    struct Cell {
        GroupKey key;
        WideInteger times;
    };
    std::unordered_map<GroupKey, WideInteger, Hash> times;
    for (const auto &[key, number] : numbers_)
        times[in_bucket(key, 0)] += key.bucket >= ranked_from ? groups_[number].times : 0;
    std::vector<Cell> cells;
    cells.reserve(times.size());
    for (const auto &[key, total] : times)
        cells.push_back({key, total});
    auto precedes = [&](const Cell &left, const Cell &right) {
        check_interrupt();
        return left.times != right.times ? left.times > right.times
                                         : compare_cells(left.key, right.key) < 0;
    };
    limit = std::min(limit, cells.size());
    auto end = cells.begin() + static_cast<std::ptrdiff_t>(limit);
    std::partial_sort(cells.begin(), end, cells.end(), precedes);
    std::vector<GroupKey> top;
    for (auto cell = cells.begin(); cell != end; ++cell)
        top.push_back(cell->key);
    return top;
}

void GroupTable::merge(const GroupKey &key, Group &&from)
{
    Group &to = group(key);
    to.add_times(from.times);
    grow(to.users.add(from.users) + to.sum.add(from.sum) + to.duration.add(from.duration));
    if (!from.amounts)
        return;
    if (!to.amounts)
        to.amounts = std::make_unique<Group::Amounts>();
    for (auto amounts : {&Group::Amounts::sum, &Group::Amounts::duration})
        for (const NumberCounts::Entry &entry : (from.amounts.get()->*amounts).merged())
            grow((to.amounts.get()->*amounts).add(entry.id, entry.count));
    from.amounts.reset();
}

void GroupTable::keep_top(std::size_t limit, std::uint32_t ranked_from)
{
    std::vector<GroupKey> top = top_cells(limit, ranked_from);
    std::unordered_set<GroupKey, Hash> kept(top.begin(), top.end());
    Numbers before;
    std::vector<Group> all;
    std::swap(before, numbers_);
    latest_number_ = kNone;
    std::swap(all, groups_);
    for (const auto &[key, number] : before) {
        check_interrupt();
        if (kept.contains(in_bucket(key, 0)))
            group(key) = std::move(all[number]);
        else
            merge({key.bucket, GroupKey::kOther}, std::move(all[number]));
    }
}

void GroupTable::fill(std::uint32_t buckets)
{
    std::unordered_set<GroupKey, Hash> cells;
    if (values_.empty())
        cells.insert(GroupKey());  // the one cell is there without any event
    for (const auto &[key, number] : numbers_)
        cells.insert(in_bucket(key, 0));
    for (const GroupKey &cell : cells)
        for (std::uint32_t bucket = 0; bucket < buckets; ++bucket) {
            check_interrupt();
            group(in_bucket(cell, bucket));
        }
}

}  // namespace profiles
