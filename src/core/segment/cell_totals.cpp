#include "cell_totals.h"

#include <bit>

namespace profiles {

namespace {

// Calls visit(cell, row) for each chosen row.
template <typename Visit>
void for_each_row(std::span<const Stretch> stretches, std::span<const std::uint32_t> cells,
                  std::span<const std::uint64_t> chosen, Visit &&visit)
{
    for (std::size_t index = 0; index < stretches.size(); ++index)
        stretches[index].for_each_word([&](std::uint32_t number, std::uint64_t mask) {
            for (std::uint64_t word = chosen[number] & mask; word != 0; word &= word - 1)
                visit(cells[index],
                      static_cast<std::uint16_t>(
                          number * 64 + static_cast<std::uint32_t>(std::countr_zero(word))));
        });
}

}  // namespace

void CellTotals::begin_cells(const RowSet &chosen, std::span<const std::uint32_t> cells,
                             std::span<const std::uint64_t> counts)
{
    chosen_ = chosen.words();
    cells_ = cells;
    counts_ = counts;
}

void CellTotals::begin(const RowSet &chosen, std::span<const std::uint16_t> rows,
                       std::span<const std::uint32_t> cells, std::span<const std::uint64_t> counts)
{
    begin_cells(chosen, cells, counts);
    rows_ = rows;
    stretches_ = {};
}

void CellTotals::begin(const RowSet &chosen, std::span<const Stretch> stretches,
                       std::span<const std::uint32_t> cells, std::span<const std::uint64_t> counts)
{
    begin_cells(chosen, cells, counts);
    rows_ = {};
    stretches_ = stretches;
}

template <typename OffsetOf>
void CellTotals::add_stretches(OffsetOf offset_of)
{
    for_each_row(stretches_, cells_, chosen_,
                 [&](std::uint32_t cell, std::uint16_t row) { sums_[cell] += offset_of(row); });
}

// Where sums of offsets could be more than 64 bits.
void CellTotals::add_one_by_one(const IntegerColumn &column)
{
    for (std::size_t index = 0; index < rows_.size(); ++index)
        totals_[cells_[index]] += column[rows_[index]];
    for_each_row(stretches_, cells_, chosen_,
                 [&](std::uint32_t cell, std::uint16_t row) { totals_[cell] += column[row]; });
}

void CellTotals::set_totals(std::int64_t base, std::uint64_t unit)
{
    for (std::size_t cell = 0; cell < counts_.size(); ++cell)
        totals_[cell] = WideInteger{base} * counts_[cell] + WideInteger{unit} * sums_[cell];
}

std::span<const WideInteger> CellTotals::add_up(const IntegerColumn &column)
{
    totals_.assign(counts_.size(), 0);
    sums_.assign(counts_.size(), 0);
    if (!column.adds_up()) {
        add_one_by_one(column);
        return totals_;
    }
    if (!column.is_constant())
        column.with_offsets([&](auto offset_of) {
            if (stretches_.empty())
                add_by_turns(
                    cells_, counts_.size(),
                    [&](std::size_t index) { return offset_of(rows_[index]); }, sums_);
            else
                add_stretches(offset_of);
        });
    set_totals(column.base(), column.unit());
    return totals_;
}

std::span<const WideInteger> CellTotals::add_up(const SparseOffsets &column)
{
    totals_.assign(counts_.size(), 0);
    sums_.assign(counts_.size(), 0);
    if (stretches_.empty())
        column.add_up(chosen_, cells_, sums_);
    else
        column.add_up(chosen_, stretches_, cells_, sums_);
    set_totals(column.base(), column.unit());
    return totals_;
}

}  // namespace profiles
