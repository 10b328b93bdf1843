#include "user_block.h"

#include "../error.h"

namespace profiles {

namespace {

user_block::Header read_header(std::string_view bytes)
{
    require_block(bytes.size() >= sizeof(user_block::Header));
    auto header = layout::load<user_block::Header>(bytes.data());
    std::size_t smallest = sizeof header + std::size_t{header.columns} * sizeof(block::Entry);
    require_block(header.version == user_block::kVersion && header.rows >= 1 &&
                  header.rows <= block::kMaxRows && header.pages >= 1 &&
                  header.pages <= user_block::kPages && header.directory_size >= smallest &&
                  header.size >= header.directory_size);
    return header;
}

}  // namespace

bool UserBlockDirectory::is_readable(std::string_view start)
{
    require_block(start.size() >= sizeof(user_block::Header));
    return layout::load<user_block::Header>(start.data()).version == user_block::kVersion;
}

std::uint32_t UserBlockDirectory::size_from(std::string_view start)
{
    return read_header(start).directory_size;
}

UserBlockDirectory::UserBlockDirectory(std::string_view bytes) : header_(read_header(bytes))
{
    require_block(bytes.size() >= header_.directory_size);
    std::uint32_t places = header_.pages * std::uint32_t{sizeof(user_block::Page)} +
                           header_.rows * std::uint32_t{sizeof(std::uint16_t)};
    require_block(places <= header_.size - header_.directory_size);
    read_columns(bytes.substr(0, header_.directory_size),
                 {header_.rows, header_.columns, sizeof header_, header_.directory_size + places,
                  header_.size});
}

UserBlockPages::UserBlockPages(std::string_view bytes, std::uint32_t pages, std::uint32_t rows)
    : bytes_(bytes.data()), pages_(pages), rows_(rows)
{
    require_block(bytes.size() == pages * sizeof(user_block::Page) + rows * sizeof(std::uint16_t));
    require_block(first_row(0) == 0);
    for (std::uint32_t page = 0; page < pages; ++page)
        require_block(first_row(page) <= last_row(page) && last_row(page) <= rows);
}

UserIntegers read_user_integers(const ColumnDirectory &directory, const BlockColumnInfo &column,
                                const BlockBytes &bytes)
{
    UserIntegers read;
    read.values.resize(directory.rows());
    read_integers(directory, column, bytes, read.values);
    if (column.entry.has_missing)
        read.missing = column.entry.base;
    return read;
}

}  // namespace profiles
