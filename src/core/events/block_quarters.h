// The quarters of an hour that the rows of a block fall into, without the rest of their times: at most two bytes a
// row, where a moment takes five.
#pragma once

#include "block_column.h"
#include "first_parts.h"

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
                static_cast<std::uint32_t>(FirstParts::size(times.entry, directory.rows()))};
    }

    BlockQuarters(const ColumnDirectory &directory, const BlockColumnInfo &times,
                  const BlockBytes &bytes)
        : first_(times.entry.base / block::kQuarter),
          offsets_(times.entry, directory.rows(),
                   bytes.at(BlockQuarters::bytes(directory, times)).data())
    {
    }

    // Since the epoch; the offsets are those after it.
    std::int64_t first() const { return first_; }
    const FirstParts &offsets() const { return offsets_; }

private:
    std::int64_t first_;
    FirstParts offsets_;
};

}  // namespace profiles
