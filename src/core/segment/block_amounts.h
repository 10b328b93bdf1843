// The sums or the durations of the events of a block, in the form that their column has.
#pragma once

#include <optional>
#include <vector>

#include "block_filter.h"
#include "cell_totals.h"

namespace profiles {

// Coefficients of one power of ten, or any numbers.
class BlockAmounts {
public:
    // `singly` when they are asked for row by row.
    void read(const BlockParts &parts, block::ColumnKind kind, bool singly)
    {
        const BlockColumnInfo &info = parts.directory().get(kind);
        exponent_ = -static_cast<int>(info.entry.exponent);
        numbers_.clear();
        coefficients_ = {};
        sparse_.reset();
        is_zero_ = info.holds_integers() && info.entry.width == 0 && info.entry.base == 0;
        if (!info.holds_integers())
            numbers_ = read_numbers(parts.directory(), info, parts.bytes());
        else if (!singly && SparseOffsets::add_up_in(info))
            sparse_.emplace(parts.directory(), info, parts.bytes());
        else
            coefficients_ = IntegerColumn(parts.directory(), info, parts.bytes());
    }

    // Of all rows alike, and nothing.
    bool is_zero() const { return is_zero_; }
    bool is_odd() const { return !numbers_.empty(); }
    std::span<const WideInteger> add_up(CellTotals &totals) const
    {
        return sparse_ ? totals.add_up(*sparse_) : totals.add_up(coefficients_);
    }
    std::int64_t coefficient(std::uint32_t row) const { return coefficients_[row]; }
    const Number &number(std::uint32_t row) const { return numbers_[row]; }
    Number scaled(std::int64_t coefficient) const
    {
        return scaled_number(coefficient, static_cast<std::uint16_t>(-exponent_));
    }
    void add_total(const WideInteger &sum, ExactSum &total) const
    {
        if (sum != 0)
            total.add(sum, exponent_);
    }

private:
    int exponent_ = 0;
    bool is_zero_ = true;
    IntegerColumn coefficients_;
    std::optional<SparseOffsets> sparse_;  // instead of these
    std::vector<Number> numbers_;
};

}  // namespace profiles
