// The values of all columns while a block is built: which value stands where, by column.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "block_layout.h"
#include "value_table.h"

namespace profiles {

class ColumnSet {
public:
    // A value and where it stands: the number of a row, or of a snapshot that many rows share.
    struct Cell {
        std::uint32_t position, value;
    };
    struct Column {
        block::ColumnKind kind;
        std::string_view name;
        ValueTable values;
        std::vector<Cell> cells;
    };

    // Names and values must outlive this.
    void put(block::ColumnKind kind, std::string_view name, const Item &value,
             std::uint32_t position);
    void put_members(const Item &object, block::ColumnKind kind, std::uint32_t position);
    // Each property its own column, those of custom and campaign too. Throws corrupted.
    void put_profile(std::string_view profile, std::uint32_t position);

    const std::vector<Column> &columns() const { return columns_; }
    // Of values and names taken.
    std::size_t bytes() const { return bytes_; }

private:
    struct Name {
        block::ColumnKind kind;
        std::string_view text;
        bool operator==(const Name &) const = default;
    };
    struct NameHash {
        std::size_t operator()(const Name &name) const;
    };

    Column &column(block::ColumnKind kind, std::string_view name);

    std::vector<Column> columns_;
    std::unordered_map<Name, std::size_t, NameHash> names_;
    std::vector<std::size_t> guesses_;  // the column that followed each column last time
    std::size_t previous_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace profiles
