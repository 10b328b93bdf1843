// Adds up the integers of a column by cell: of rows that each belong to a cell, in one pass for each column.
// A value is base + unit * offset, so that only offsets are added, and nothing where all rows have the same.
#pragma once

#include <span>
#include <vector>

#include "../events/block_column.h"
#include "../events/sparse_offsets.h"
#include "exact_sum.h"
#include "row_set.h"

namespace profiles {

class CellTotals {
public:
    // How many rows each cell has; the function gives those of the unit that the cell stands for.
    template <typename RowsOf>
    void count(std::span<const std::uint32_t> cells, std::size_t cell_count, RowsOf rows_of,
               std::vector<std::uint64_t> &counts);

    // The chosen rows, ascending, the cell of each of them, and how many rows each cell has.
    void begin(const RowSet &chosen, std::span<const std::uint16_t> rows,
               std::span<const std::uint32_t> cells, std::span<const std::uint64_t> counts);
    // The same for stretches of rows that belong to a cell each.
    void begin(const RowSet &chosen, std::span<const Stretch> stretches,
               std::span<const std::uint32_t> cells, std::span<const std::uint64_t> counts);

    // The total of each cell, until it is called again.
    std::span<const WideInteger> add_up(const IntegerColumn &column);
    std::span<const WideInteger> add_up(const SparseOffsets &column);

private:
    // Rows that come one after the other are mostly of one cell, and each addition would wait for the one
    // before it: so each cell has as many sums as this, by turns.
    static constexpr std::size_t kLanes = 4;
    // More cells would not fit into the processor's first cache several times.
    static constexpr std::size_t kMostCellsInLanes = 512;

    void begin_cells(const RowSet &chosen, std::span<const std::uint32_t> cells,
                     std::span<const std::uint64_t> counts);
    template <typename ValueOf>
    static void add_by_turns(std::span<const std::uint32_t> cells, std::size_t cell_count,
                             ValueOf value_of, std::vector<std::uint64_t> &sums);
    template <typename OffsetOf>
    void add_stretches(OffsetOf offset_of);
    void add_one_by_one(const IntegerColumn &column);
    // From sums of offsets.
    void set_totals(std::int64_t base, std::uint64_t unit);

    std::span<const std::uint64_t> chosen_;
    std::span<const std::uint16_t> rows_;
    std::span<const Stretch> stretches_;  // instead of rows
    std::span<const std::uint32_t> cells_;
    std::span<const std::uint64_t> counts_;
    std::vector<std::uint64_t> sums_;  // of the lanes; in the first one all of them at last
    std::vector<WideInteger> totals_;
};

// In the first places of `sums` all of them at last.
template <typename ValueOf>
void CellTotals::add_by_turns(std::span<const std::uint32_t> cells, std::size_t cell_count,
                              ValueOf value_of, std::vector<std::uint64_t> &sums)
{
    std::size_t lanes = cell_count <= kMostCellsInLanes ? kLanes : 1;
    sums.assign(lanes * cell_count, 0);
    std::uint64_t *lane[kLanes];
    for (std::size_t index = 0; index < kLanes; ++index)
        lane[index] = sums.data() + index % lanes * cell_count;
    std::size_t index = 0;
    for (; index + kLanes <= cells.size(); index += kLanes)
        for (std::size_t turn = 0; turn < kLanes; ++turn)
            lane[turn][cells[index + turn]] += value_of(index + turn);
    for (; index < cells.size(); ++index)
        lane[0][cells[index]] += value_of(index);
    for (std::size_t other = 1; other < lanes; ++other)
        for (std::size_t each = 0; each < cell_count; ++each)
            lane[0][each] += lane[other][each];
}

template <typename RowsOf>
void CellTotals::count(std::span<const std::uint32_t> cells, std::size_t cell_count, RowsOf rows_of,
                       std::vector<std::uint64_t> &counts)
{
    add_by_turns(cells, cell_count, rows_of, counts);
    counts.resize(cell_count);
}

}  // namespace profiles
