// Rows of a block that have the same codes in some columns make a cell. Cells are numbered in the order in which
// the rows come.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace profiles {

// The codes of all rows of a block, each below `count`.
struct RowCodes {
    std::span<const std::uint16_t> codes;
    std::uint32_t count;
};

class RowCells {
public:
    void find(std::span<const std::uint16_t> rows, std::span<const RowCodes> columns);

    std::size_t count() const { return first_rows_.size(); }
    // One for each of the rows.
    std::span<const std::uint32_t> cells() const { return cells_; }
    // A row of each cell.
    std::span<const std::uint16_t> first_rows() const { return first_rows_; }

private:
    void split(std::span<const std::uint16_t> rows, const RowCodes &column);

    std::vector<std::uint32_t> cells_;
    std::vector<std::uint16_t> first_rows_;
};

}  // namespace profiles
