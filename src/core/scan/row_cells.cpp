#include "row_cells.h"

#include "../interrupt.h"
#include "../segment/cell_numbers.h"

namespace profiles {

void RowCells::find(std::span<const std::uint16_t> rows, std::span<const RowCodes> columns)
{
    cells_.assign(rows.size(), 0);
    first_rows_.assign(rows.empty() ? 0 : 1, rows.empty() ? std::uint16_t{0} : rows[0]);
    for (const RowCodes &column : columns) {
        check_interrupt();
        split(rows, column);
    }
}

// A block has 65,536 rows at most, so that a cell and a code fit 32 bits.
void RowCells::split(std::span<const std::uint16_t> rows, const RowCodes &column)
{
    CellNumbers numbers;
    numbers.reset(std::uint64_t{column.count} * first_rows_.size());
    first_rows_.clear();
    for (std::size_t index = 0; index < rows.size(); ++index) {
        std::uint32_t &number = numbers.number_of(std::uint64_t{cells_[index]} * column.count +
                                                  column.codes[rows[index]]);
        if (number == CellNumbers::kNone) {
            number = static_cast<std::uint32_t>(first_rows_.size());
            first_rows_.push_back(rows[index]);
        }
        cells_[index] = number;
    }
}

}  // namespace profiles
