// The groups of a segmentation: found by numbers of buckets and values, written to bytes by whoever counted
// a part and added up by whoever has the other parts.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exact_sum.h"
#include "number_counts.h"
#include "user_set.h"
#include "value_ids.h"

namespace profiles {

constexpr std::size_t kMaxBreakdowns = 3;

[[noreturn]] void raise_too_many_times();

// One row of the answer. Without buckets `bucket` is 0.
struct Group {
    // The amounts of the single events.
    struct Amounts {
        NumberCounts sum, duration;
    };

    std::size_t bucket = 0;
    std::vector<std::optional<std::string>> segment;
    bool other = false;  // of all cells that have no row of their own
    UserSet users;
    std::int64_t times = 0;
    ExactSum sum, duration;
    std::unique_ptr<Amounts> amounts;  // none where nobody asked

    // Throws out_of_range.
    void add_times(std::int64_t more);
    std::size_t bytes() const;
};

// Which group: its bucket, and the number of the value of each breakdown.
struct GroupKey {
    std::uint32_t bucket = 0;
    std::array<std::uint32_t, kMaxBreakdowns> ids{};

    bool operator==(const GroupKey &) const = default;
    bool is_other() const { return ids == kOther; }

    static constexpr std::array<std::uint32_t, kMaxBreakdowns> kOther{
        ValueIds::kUnknown, ValueIds::kUnknown, ValueIds::kUnknown};
};

class GroupTable {
public:
    // Without a limit of its memory, in bytes, for 0.
    explicit GroupTable(std::size_t breakdowns, std::size_t memory_limit = 0)
        : values_(breakdowns), memory_limit_(memory_limit)
    {
    }

    std::size_t breakdowns() const { return values_.size(); }
    ValueIds &values(std::size_t breakdown) { return values_[breakdown]; }
    std::uint32_t id_of(std::size_t breakdown, std::optional<std::string_view> value);
    const NumberIds &amounts() const { return amounts_; }
    std::vector<Group> &groups() { return groups_; }
    const std::vector<Group> &groups() const { return groups_; }

    // Made when there is none. Throws limit_exceeded.
    Group &group(const GroupKey &key);
    // `count` events of the group have this amount.
    void add_amount(Group &group, NumberCounts Group::Amounts::*amounts, const Number &number,
                    std::uint64_t count = 1);
    // To be told whatever makes groups larger: an estimate, which may be too large but not too small.
    // Throws limit_exceeded.
    void grow(std::size_t bytes)
    {
        grown_ += bytes;
        if (memory_limit_ > 0 && grown_ > memory_limit_ / kChecks)
            check_memory();
    }

    // Leaves a row in each bucket to the `limit` cells that have the most times in the buckets from
    // `ranked_from` on, and one to all others together.
    void keep_top(std::size_t limit, std::uint32_t ranked_from = 0);
    // Gives each cell a row in every bucket.
    void fill(std::uint32_t buckets);
    // By bucket, most times first, then by segment, missing last, then the others. Ends the counting.
    void sort();

    // The groups as bytes, and those of another table with as many breakdowns into this one. Throws
    // corrupted.
    std::string write() const;
    void add(std::string_view written);
    // How many the table had that was written. Throws corrupted.
    static std::size_t breakdowns_of(std::string_view written);
    // Begins anew.
    void clear();

private:
    struct Hash {
        std::size_t operator()(const GroupKey &key) const noexcept;
    };
    using Numbers = std::unordered_map<GroupKey, std::size_t, Hash>;

    static constexpr std::size_t kNone = SIZE_MAX;
    // What is grown is estimated cheaply and measured as often as this while it grows to its limit.
    static constexpr std::size_t kChecks = 8;

    std::size_t bytes() const;
    void check_memory();
    void merge(const GroupKey &key, Group &&from);
    std::vector<GroupKey> top_cells(std::size_t limit, std::uint32_t ranked_from) const;
    int compare_cells(const GroupKey &left, const GroupKey &right) const;

    std::vector<ValueIds> values_;  // by breakdown
    std::vector<Group> groups_;
    Numbers numbers_;
    NumberIds amounts_;
    GroupKey latest_;  // of the group that was asked for last: often the next one's, too
    std::size_t latest_number_ = kNone;
    std::size_t memory_limit_;
    std::size_t grown_ = 0;  // since it was measured
};

// Missing last.
int compare_values(const ValueIds::Value &left, const ValueIds::Value &right);

}  // namespace profiles
