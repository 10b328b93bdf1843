#include "block_directory.h"

#include <string>

#include "../error.h"

namespace profiles {

namespace {

block::Header read_header(std::string_view bytes)
{
    require_block(bytes.size() >= sizeof(block::Header));
    auto header = layout::load<block::Header>(bytes.data());
    if (header.version != block::kVersion)
        throw Error(ErrorCode::unsupported,
                    "unsupported event_block version " + std::to_string(header.version));
    std::size_t smallest = sizeof header + std::size_t{header.columns} * sizeof(block::Entry);
    require_block(header.rows >= 1 && header.rows <= block::kMaxRows && header.users >= 1 &&
                  header.users <= header.rows && header.directory_size >= smallest &&
                  header.size >= header.directory_size && header.bucket >= 0 &&
                  header.bucket <= INT32_MAX && header.first_time <= header.last_time);
    return header;
}

}  // namespace

std::uint32_t BlockDirectory::size_from(std::string_view start)
{
    return read_header(start).directory_size;
}

BlockDirectory::BlockDirectory(std::string_view bytes) : header_(read_header(bytes))
{
    require_block(bytes.size() >= header_.directory_size);
    user_bytes_ = {header_.directory_size,
                   static_cast<std::uint32_t>(header_.users * block::kUserSize)};
    require_block(user_bytes_.size <= header_.size - header_.directory_size);
    read_columns(bytes.substr(0, header_.directory_size),
                 {header_.rows, header_.columns, sizeof header_,
                  header_.directory_size + user_bytes_.size, header_.size});
    for (const BlockColumnInfo &column : columns())
        require_block(column.kind() <= block::kLastOfEvents);
}

}  // namespace profiles
