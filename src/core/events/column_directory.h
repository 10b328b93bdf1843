// Which columns a block has and where their bytes are. Whatever the bytes of a directory say, no range
// leads out of the block.
#pragma once

#include <string_view>
#include <vector>

#include "block_layout.h"

namespace profiles {

struct ByteRange {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
};

// Ranges close to each other as one: fetching some bytes too many is cheaper than fetching twice.
std::vector<ByteRange> joined(std::vector<ByteRange> ranges);

struct BlockColumnInfo {
    block::Entry entry;
    std::string_view name;
    ByteRange dictionary, codes;

    block::ColumnKind kind() const { return entry.kind; }
    bool holds_integers() const { return entry.form >= block::Form::integers; }
    // How many different codes there may be.
    std::uint32_t code_count() const { return entry.values + entry.has_missing; }
    // Dictionary and codes lie side by side.
    ByteRange bytes() const { return {dictionary.offset, dictionary.size + codes.size}; }
};

class ColumnDirectory {
public:
    std::uint32_t rows() const { return rows_; }
    const std::vector<BlockColumnInfo> &columns() const { return columns_; }
    // Null where the block has no such column.
    const BlockColumnInfo *find(block::ColumnKind kind, std::string_view name = {}) const;
    // Throws corrupted instead.
    const BlockColumnInfo &get(block::ColumnKind kind, std::string_view name = {}) const;

protected:
    // What a header says of its columns.
    struct Extent {
        std::uint32_t rows, columns;
        std::uint32_t entries;  // where they begin
        std::uint32_t first;    // where the first column begins
        std::uint32_t size;     // of the block
    };
    // `directory` ends with the names. Throws corrupted.
    void read_columns(std::string_view directory, const Extent &extent);

private:
    std::uint32_t rows_ = 0;
    std::vector<BlockColumnInfo> columns_;
};

[[noreturn]] void raise_corrupted_block();

inline void require_block(bool condition)
{
    if (!condition)
        raise_corrupted_block();
}

}  // namespace profiles
