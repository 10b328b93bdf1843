// Adds up the integers of a column by cell: of rows that each belong to a cell, in one pass for each column.
// A value is base + unit * offset, so that only offsets are added, and nothing where all rows have the same.
#pragma once

#include <span>
#include <vector>

#include "../events/block_column.h"
#include "exact_sum.h"

namespace profiles {

class CellTotals {
public:
    // The chosen rows, ascending, and the cell of each of them.
    void begin(std::span<const std::uint16_t> rows, std::span<const std::uint32_t> cell_of_row,
               std::size_t cells);

    // How many rows a cell has.
    std::uint64_t rows(std::uint32_t cell) const { return counts_[cell]; }
    // The total of each cell, until it is called again.
    std::span<const WideInteger> add_up(const IntegerColumn &column);

private:
    // Rows that come one after the other are mostly of one cell, and each addition would wait for the one
    // before it: so each cell has as many sums as this, by turns.
    static constexpr std::size_t kLanes = 4;
    // More cells would not fit into the processor's first cache several times.
    static constexpr std::size_t kMostCellsInLanes = 512;

    template <typename OffsetOf>
    void add_offsets(OffsetOf offset_of, std::vector<std::uint64_t> &sums);

    std::span<const std::uint16_t> rows_;
    std::span<const std::uint32_t> cell_of_row_;
    std::size_t cells_ = 0;
    std::vector<std::uint64_t> counts_,
        sums_;  // of the lanes; in the first one all of them at last
    std::vector<WideInteger> totals_;
};

}  // namespace profiles
