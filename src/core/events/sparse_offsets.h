// The offsets of a sparse column of integers in place: added up without the rows that have none.
#pragma once

#include "block_column.h"
#include "stretch.h"

namespace profiles {

class SparseOffsets {
public:
    // False also where the offsets of all rows together could be more than 64 bits.
    static bool add_up_in(const BlockColumnInfo &column)
    {
        return column.entry.form == block::Form::sparse && column.entry.width <= 6;
    }

    SparseOffsets(const ColumnDirectory &directory, const BlockColumnInfo &column,
                  const BlockBytes &bytes);

    // A value is base() + unit() * offset.
    std::int64_t base() const { return base_; }
    std::uint64_t unit() const { return unit_; }
    // Adds the offset of each chosen row to the sum of its cell. `cells` has one for each chosen row.
    void add_up(std::span<const std::uint64_t> chosen, std::span<const std::uint32_t> cells,
                std::span<std::uint64_t> sums) const;
    // The same where whole stretches belong to a cell: `cells` has one for each stretch.
    void add_up(std::span<const std::uint64_t> chosen, std::span<const Stretch> stretches,
                std::span<const std::uint32_t> cells, std::span<std::uint64_t> sums) const;

private:
    bool has_any(std::span<const std::uint64_t> chosen) const;

    const char *bits_, *offsets_;
    std::uint32_t width_;
    std::int64_t base_;
    std::uint64_t unit_;
    std::vector<std::uint32_t> ranks_;  // how many offsets there are before each word of bits
};

}  // namespace profiles
