#include "column_output.h"

#include <algorithm>

#include "../error.h"

namespace profiles {

ColumnOutput::Part &ColumnOutput::add(block::ColumnKind kind, std::string_view name)
{
    Part &part = parts_.emplace_back();
    part.entry = {};
    part.entry.kind = kind;
    part.entry.name_size = static_cast<std::uint32_t>(name.size());
    part.name = name;
    return part;
}

void ColumnOutput::add_values(block::ColumnKind kind, std::string_view name,
                              const ValueTable &values, std::span<std::uint32_t> codes)
{
    Part &part = add(kind, name);
    write_column(values, codes, part.entry, part.bytes);
}

void ColumnOutput::sort()
{
    std::sort(parts_.begin(), parts_.end(), [](const Part &left, const Part &right) {
        if (left.entry.kind != right.entry.kind)
            return left.entry.kind < right.entry.kind;
        return compare_keys(left.name, right.name) < 0;
    });
}

std::size_t ColumnOutput::directory_size() const
{
    std::size_t size = parts_.size() * sizeof(block::Entry);
    for (const Part &part : parts_)
        size += part.name.size();
    return size;
}

std::size_t ColumnOutput::columns_size() const
{
    std::size_t size = 0;
    for (const Part &part : parts_)
        size += part.bytes.size();
    return size;
}

void ColumnOutput::check_size(std::size_t size)
{
    if (size > INT32_MAX / 2)
        throw Error(ErrorCode::limit_exceeded, "event is too large for a block");
}

void ColumnOutput::append_directory(std::string &out) const
{
    for (const Part &part : parts_)
        append_bytes(out, part.entry);
    for (const Part &part : parts_)
        out.append(part.name);
}

void ColumnOutput::append_columns(std::string &out)
{
    for (Part &part : parts_) {
        out.append(part.bytes);
        part.bytes = {};
    }
}

}  // namespace profiles
