// What GROUP BY and its aggregates keep of events: of each group a tally for each aggregate, and its users.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "../segment/cell_users.h"
#include "../segment/exact_sum.h"
#include "../segment/user_set.h"
#include "aggregate_kind.h"

namespace profiles {

struct Tally {
    std::int64_t count = 0;  // of rows, or of those that have a value
    std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
    std::int64_t latest = std::numeric_limits<std::int64_t>::min();
    ExactSum sum;
    int digits = 0;  // behind the point, of the number that has most
};

// The values of a column in all rows of a block. Integers are coefficients of 10^-digits.
struct MeasuredColumn {
    std::span<const std::int64_t> integers;
    int digits = 0;
    // Instead of these the codes of all rows, and by code what is counted, or the numbers:
    std::span<const std::uint16_t> codes;
    std::span<const std::uint8_t> is_set;
    std::span<const Number> numbers;
};

// Rows of a block in their order, the cell of each, and the group of each cell.
struct GroupedRows {
    std::span<const std::uint16_t> rows;
    std::span<const std::uint32_t> cells;
    std::span<const std::uint32_t> groups;

    static constexpr std::uint32_t kNoGroup = UINT32_MAX;
};

class Groups {
public:
    explicit Groups(std::vector<AggregateKind> kinds) : kinds_(std::move(kinds)) {}

    // A new group, by its number, which goes up from 0.
    std::uint32_t add();
    std::size_t count() const { return users_.size(); }
    // About as many as are in use.
    std::size_t bytes() const { return bytes_; }

    // The values of one event, each by the number of its measure.
    void add_value(std::uint32_t group, std::size_t aggregate);
    void add_number(std::uint32_t group, std::size_t aggregate, const Number &number);
    void add_time(std::uint32_t group, std::size_t aggregate, std::int64_t time);
    void add_user(std::uint32_t group, std::int64_t uid);

    // Those of the rows of a block. Of rows and values that are never missing no column is needed.
    void add_rows(const GroupedRows &rows, std::size_t aggregate, const MeasuredColumn &column);
    void add_users(const GroupedRows &rows, const BlockParts &parts);

    const Tally &tally(std::uint32_t group, std::size_t aggregate) const
    {
        return tallies_[group * kinds_.size() + aggregate];
    }
    std::uint64_t user_count(std::uint32_t group) const { return users_[group].count(); }

private:
    Tally &tally_of(std::uint32_t group, std::size_t aggregate)
    {
        return tallies_[group * kinds_.size() + aggregate];
    }
    template <typename Use>
    void tally_cells(const GroupedRows &rows, std::size_t aggregate, Use &&use);
    void count_rows(const GroupedRows &rows, std::size_t aggregate, const MeasuredColumn &column);
    void add_integers(const GroupedRows &rows, std::size_t aggregate, const MeasuredColumn &column);
    void add_numbers(const GroupedRows &rows, std::size_t aggregate, const MeasuredColumn &column);
    void add_times(const GroupedRows &rows, std::size_t aggregate, const MeasuredColumn &column);

    // Of the rows of one cell.
    struct CellTally {
        std::int64_t count = 0;
        WideInteger sum = 0;
        int digits = 0;
        std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
        std::int64_t latest = std::numeric_limits<std::int64_t>::min();
    };

    std::vector<AggregateKind> kinds_;
    std::vector<Tally> tallies_;  // group by group
    std::vector<UserSet> users_;  // of each group
    std::size_t bytes_ = 0;
    std::vector<CellTally> cells_;
    CellUsers cell_users_;
};

}  // namespace profiles
