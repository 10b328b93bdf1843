// The groups of a segmentation: found by numbers of buckets and values, written to bytes by whoever counted
// a part and added up by whoever has the other parts.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exact_sum.h"
#include "user_set.h"
#include "value_ids.h"

namespace profiles {

constexpr std::size_t kMaxBreakdowns = 3;

[[noreturn]] void raise_too_many_times();

// One row of the answer. Without buckets `bucket` is 0.
struct Group {
    std::size_t bucket = 0;
    std::vector<std::optional<std::string>> segment;
    UserSet users;
    std::int64_t times = 0;
    ExactSum sum, duration;

    // Throws out_of_range.
    void add_times(std::int64_t more);
};

// Which group: its bucket, and the number of the value of each breakdown.
struct GroupKey {
    std::uint32_t bucket = 0;
    std::array<std::uint32_t, kMaxBreakdowns> ids{};

    bool operator==(const GroupKey &) const = default;
};

class GroupTable {
public:
    explicit GroupTable(std::size_t breakdowns) : values_(breakdowns) {}

    std::size_t breakdowns() const { return values_.size(); }
    ValueIds &values(std::size_t breakdown) { return values_[breakdown]; }
    const std::vector<Group> &groups() const { return groups_; }

    // Made when there is none. Throws limit_exceeded.
    Group &group(const GroupKey &key);
    // By bucket, most times first, then by segment, missing last. Ends the counting.
    void sort();

    // The groups as bytes, and those of another table with as many breakdowns into this one. Throws
    // corrupted.
    std::string write() const;
    void add(std::string_view written);
    // Begins anew.
    void clear();

private:
    struct Hash {
        std::size_t operator()(const GroupKey &key) const noexcept;
    };

    std::vector<ValueIds> values_;  // by breakdown
    std::vector<Group> groups_;
    std::unordered_map<GroupKey, std::size_t, Hash> numbers_;
};

}  // namespace profiles
