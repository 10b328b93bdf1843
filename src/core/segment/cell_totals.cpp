#include "cell_totals.h"

namespace profiles {

template <typename OffsetOf>
void CellTotals::add_offsets(OffsetOf offset_of, std::vector<std::uint64_t> &sums)
{
    std::size_t lanes = cells_ <= kMostCellsInLanes ? kLanes : 1;
    sums.assign(lanes * cells_, 0);
    std::uint64_t *lane[kLanes];
    for (std::size_t index = 0; index < kLanes; ++index)
        lane[index] = sums.data() + index % lanes * cells_;
    const std::uint16_t *row = rows_.data();
    const std::uint32_t *cell = cell_of_row_.data();
    std::size_t index = 0;
    for (; index + kLanes <= rows_.size(); index += kLanes)
        for (std::size_t turn = 0; turn < kLanes; ++turn)
            lane[turn][cell[index + turn]] += offset_of(row[index + turn]);
    for (; index < rows_.size(); ++index)
        lane[0][cell[index]] += offset_of(row[index]);
    for (std::size_t other = 1; other < lanes; ++other)
        for (std::size_t each = 0; each < cells_; ++each)
            lane[0][each] += lane[other][each];
}

void CellTotals::begin(std::span<const std::uint16_t> rows,
                       std::span<const std::uint32_t> cell_of_row, std::size_t cells)
{
    rows_ = rows;
    cell_of_row_ = cell_of_row;
    cells_ = cells;
    add_offsets([](std::uint16_t) { return std::uint64_t{1}; }, counts_);
}

std::span<const WideInteger> CellTotals::add_up(const IntegerColumn &column)
{
    totals_.assign(cells_, 0);
    if (column.adds_up())
        column.with_offsets([&](auto offset_of) { add_offsets(offset_of, sums_); });
    else
        for (std::size_t index = 0; index < rows_.size(); ++index)
            totals_[cell_of_row_[index]] += column[rows_[index]];
    if (column.adds_up())
        for (std::size_t cell = 0; cell < cells_; ++cell)
            totals_[cell] = WideInteger{column.base()} * counts_[cell] +
                            WideInteger{column.unit()} * sums_[cell];
    return totals_;
}

}  // namespace profiles
