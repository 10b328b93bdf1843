#include "value_table.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "../interrupt.h"
#include "../profile/compare.h"

namespace profiles {

namespace {

std::uint64_t hash_of(const Item &value)
{
    std::uint64_t hash = std::hash<std::string_view>()(value.bytes);
    return (hash ^ static_cast<std::uint64_t>(value.type)) * 0x9E3779B97F4A7C15;
}

}  // namespace

std::uint32_t ValueTable::number_of(const Item &value)
{
    if (!values_.empty() && values_[last_] == value)
        return last_;
    if (values_.size() * 2 >= slots_.size())
        grow();
    std::uint64_t hash = hash_of(value);
    std::size_t slot = hash >> 32 & (slots_.size() - 1);
    for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
        last_ = slots_[slot] - 1;
        if (hashes_[last_] == hash && values_[last_] == value)
            return last_;
    }
    last_ = static_cast<std::uint32_t>(values_.size());
    slots_[slot] = last_ + 1;
    values_.push_back(value);
    hashes_.push_back(hash);
    payload_ += value.bytes.size();
    return last_;
}

void ValueTable::grow()
{
    slots_.assign(std::max<std::size_t>(8, slots_.size() * 2), 0);
    for (std::uint32_t number = 0; number < hashes_.size(); ++number) {
        std::size_t slot = hashes_[number] >> 32 & (slots_.size() - 1);
        while (slots_[slot] != 0)
            slot = (slot + 1) & (slots_.size() - 1);
        slots_[slot] = number + 1;
    }
}

std::vector<std::uint32_t> ValueTable::ranks() const
{
    std::vector<std::uint32_t> order(values_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::size_t comparisons = 0;
    std::sort(order.begin(), order.end(), [&](std::uint32_t left, std::uint32_t right) {
        if (++comparisons % 4096 == 0)
            check_interrupt();
        return compare_items(values_[left], values_[right]) < 0;
    });
    std::vector<std::uint32_t> ranks(order.size());
    for (std::uint32_t place = 0; place < order.size(); ++place)
        ranks[order[place]] = place;
    return ranks;
}

}  // namespace profiles
