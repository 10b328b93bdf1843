// The columns of a block, written one by one in any order and laid out in the order of a directory.
#pragma once

#include <string>

#include "column_writer.h"

namespace profiles {

class ColumnOutput {
public:
    struct Part {
        block::Entry entry;
        std::string_view name;
        std::string bytes;
    };

    // The part of a column, to be filled; good until the next call.
    Part &add(block::ColumnKind kind, std::string_view name = {});
    // Of values: codes as write_column() takes them.
    void add_values(block::ColumnKind kind, std::string_view name, const ValueTable &values,
                    std::span<std::uint32_t> codes);

    // Puts the parts into order and fills what a header says of them; `other` bytes are neither header
    // nor directory nor columns. Throws limit_exceeded.
    template <typename Header>
    void seal(Header &header, std::size_t other);
    void append_directory(std::string &out) const;
    // Gives the bytes away.
    void append_columns(std::string &out);

private:
    void sort();
    std::size_t directory_size() const;
    std::size_t columns_size() const;
    static void check_size(std::size_t size);

    std::vector<Part> parts_;
};

template <typename Header>
void ColumnOutput::seal(Header &header, std::size_t other)
{
    sort();
    std::size_t directory = sizeof header + directory_size();
    std::size_t size = directory + other + columns_size();
    check_size(size);
    header.columns = static_cast<std::uint32_t>(parts_.size());
    header.directory_size = static_cast<std::uint32_t>(directory);
    header.size = static_cast<std::uint32_t>(size);
}

template <typename Value>
void append_bytes(std::string &out, const Value &value)
{
    out.append(reinterpret_cast<const char *>(&value), sizeof value);
}

}  // namespace profiles
