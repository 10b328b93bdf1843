// The quarters of an hour that the rows of a block fall into, without the rest of their times: two bytes a
// row, where a moment takes five.
#pragma once

#include "block_column.h"

namespace profiles {

class BlockQuarters {
public:
    // Whether the column of times has them apart.
    static bool are_in(const BlockColumnInfo &times)
    {
        const block::Entry &entry = times.entry;
        return entry.form == block::Form::split && entry.base % block::kQuarter == 0 &&
               entry.unit <= block::kQuarter && entry.unit * entry.step == block::kQuarter;
    }
    static ByteRange bytes(const ColumnDirectory &directory, const BlockColumnInfo &times)
    {
        return {times.codes.offset,
                static_cast<std::uint32_t>(directory.rows() * sizeof(std::uint16_t))};
    }

    BlockQuarters(const ColumnDirectory &directory, const BlockColumnInfo &times,
                  const BlockBytes &bytes)
        : first_(times.entry.base / block::kQuarter),
          offsets_(bytes.at(BlockQuarters::bytes(directory, times)).data())
    {
    }

    // Since the epoch.
    std::int64_t operator[](std::uint32_t row) const { return first_ + offset(row); }
    std::int64_t first() const { return first_; }
    // After the first one.
    std::uint16_t offset(std::uint32_t row) const
    {
        return layout::load<std::uint16_t>(offsets_ + std::size_t{row} * sizeof(std::uint16_t));
    }

private:
    std::int64_t first_;
    const char *offsets_;
};

}  // namespace profiles
