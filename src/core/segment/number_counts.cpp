#include "number_counts.h"

#include <algorithm>
#include <numeric>

#include "../interrupt.h"

namespace profiles {

std::size_t NumberIds::Hash::operator()(const Number &number) const noexcept
{
    constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15u;
    if (number.is_integer())
        return static_cast<std::size_t>(static_cast<std::uint64_t>(number.integer()) * kFactor);
    Decimal decimal = number.decimal();
    auto hash = static_cast<std::uint64_t>(decimal.coefficient) * kFactor;
    hash ^= static_cast<std::uint64_t>(decimal.coefficient >> 64) * kFactor;
    hash += static_cast<std::uint64_t>(decimal.exponent) << 1 | (decimal.negative ? 1 : 0);
    return static_cast<std::size_t>((hash ^ hash >> 32) * kFactor);
}

std::uint32_t NumberIds::id_of(const Number &number)
{
    auto [at, is_new] = ids_.try_emplace(number, static_cast<std::uint32_t>(numbers_.size()));
    if (is_new)
        numbers_.push_back(number);
    return at->second;
}

std::size_t NumberIds::bytes() const
{
    constexpr std::size_t kNode = sizeof(Number) + 32;
    return ids_.size() * kNode + ids_.bucket_count() * sizeof(void *) +
           numbers_.capacity() * sizeof(Number);
}

std::vector<std::uint32_t> NumberIds::sort()
{
    std::vector<std::uint32_t> order(numbers_.size());
    std::iota(order.begin(), order.end(), 0u);
    InterruptPoll poll;
    std::sort(order.begin(), order.end(), [&](std::uint32_t left, std::uint32_t right) {
        poll.step();
        return compare(numbers_[left], numbers_[right]) < 0;
    });
    std::vector<std::uint32_t> new_ids(order.size());
    std::vector<Number> sorted(order.size());
    for (std::uint32_t place = 0; place < order.size(); ++place) {
        new_ids[order[place]] = place;
        sorted[place] = numbers_[order[place]];
    }
    numbers_ = std::move(sorted);
    ids_.clear();
    return new_ids;
}

void NumberIds::clear()
{
    ids_.clear();
    numbers_.clear();
}

std::size_t NumberCounts::add(std::uint32_t id, std::uint64_t count)
{
    constexpr std::size_t kFew = 64;
    entries_.push_back({id, count});
    if (entries_.size() >= 2 * merged_ + kFew)
        merge();
    return 2 * sizeof(Entry);
}

void NumberCounts::merge()
{
    InterruptPoll poll;
    std::sort(entries_.begin(), entries_.end(), [&](const Entry &left, const Entry &right) {
        poll.step();
        return left.id < right.id;
    });
    std::size_t size = 0;
    for (const Entry &entry : entries_) {
        if (size > 0 && entries_[size - 1].id == entry.id)
            entries_[size - 1].count += entry.count;
        else
            entries_[size++] = entry;
    }
    entries_.resize(size);
    merged_ = size;
}

std::span<const NumberCounts::Entry> NumberCounts::merged()
{
    if (merged_ < entries_.size())
        merge();
    return entries_;
}

void NumberCounts::rename(std::span<const std::uint32_t> new_ids)
{
    for (Entry &entry : entries_)
        entry.id = new_ids[entry.id];
    merge();
}

Quantile find_quantile(std::span<const NumberCounts::Entry> entries, const NumberIds &ids,
                       std::uint32_t millionths)
{
    if (entries.empty())
        return {nullptr, nullptr, 0};
    std::uint64_t total = 0;
    for (const NumberCounts::Entry &entry : entries)
        total += entry.count;
    Coefficient place = static_cast<Coefficient>(total - 1) * millionths;
    auto before = static_cast<std::uint64_t>(place / kWholeInMillionths);
    auto part = static_cast<std::uint32_t>(place % kWholeInMillionths);
    std::size_t at = 0;
    std::uint64_t passed = entries[0].count;  // numbers up to and with this entry
    while (passed <= before && at + 1 < entries.size())
        passed += entries[++at].count;
    const Number *lower = &ids.number(entries[at].id);
    bool next = part > 0 && before + 1 == passed && at + 1 < entries.size();
    return {lower, next ? &ids.number(entries[at + 1].id) : lower, part};
}

}  // namespace profiles
