// How often each of many numbers occurred: what exact medians and percentiles need. The numbers themselves
// are kept once for all groups.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "../profile/number.h"

namespace profiles {

// A place for every distinct number, in the order in which they came, in the end in their own.
class NumberIds {
public:
    std::uint32_t id_of(const Number &number);
    const Number &number(std::uint32_t id) const { return numbers_[id]; }
    std::size_t size() const { return numbers_.size(); }
    std::size_t bytes() const;

    // Puts them into ascending order. The answer says which id each one has from now on.
    std::vector<std::uint32_t> sort();
    void clear();

private:
    struct Hash {
        std::size_t operator()(const Number &number) const noexcept;
    };

    std::unordered_map<Number, std::uint32_t, Hash> ids_;
    std::vector<Number> numbers_;
};

// Counts by id. New ones are put behind the others, and now and then all are put together.
class NumberCounts {
public:
    struct Entry {
        std::uint32_t id;
        std::uint64_t count;
    };

    // Says by how many bytes it may have grown.
    std::size_t add(std::uint32_t id, std::uint64_t count);
    // One entry for each id, ascending.
    std::span<const Entry> merged();
    void rename(std::span<const std::uint32_t> new_ids);
    std::size_t bytes() const { return entries_.capacity() * sizeof(Entry); }

private:
    void merge();

    std::vector<Entry> entries_;
    std::size_t merged_ = 0;  // so many at the front are
};

// Between which two of the numbers in ascending order a quantile lies: it is lower + (upper - lower) * part,
// where part and the quantile are millionths. All null when nothing was counted.
struct Quantile {
    const Number *lower, *upper;
    std::uint32_t part;
};

constexpr std::uint32_t kWholeInMillionths = 1'000'000;

// `entries` are one for each id, `ids` sorted.
Quantile find_quantile(std::span<const NumberCounts::Entry> entries, const NumberIds &ids,
                       std::uint32_t millionths);

}  // namespace profiles
