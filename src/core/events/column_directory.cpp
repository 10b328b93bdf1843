#include "column_directory.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"
#include "../profile/value.h"

namespace profiles {

using block::ColumnKind;
using block::Form;

namespace {

int compare_columns(const BlockColumnInfo &column, ColumnKind kind, std::string_view name)
{
    if (column.kind() != kind)
        return column.kind() < kind ? -1 : 1;
    return compare_keys(column.name, name);
}

std::uint64_t size_of_integers(const block::Entry &entry, std::uint32_t rows)
{
    switch (entry.form) {
    case Form::sparse: return block::size_of_bits(rows) + std::uint64_t{entry.runs} * entry.width;
    case Form::split:
        return block::size_of_first_parts(entry.runs, rows) + std::uint64_t{rows} * entry.width;
    default: return std::uint64_t{rows} * entry.width;
    }
}

void check_integers(const block::Entry &entry, std::uint32_t rows)
{
    bool is_sparse = entry.form == Form::sparse, is_split = entry.form == Form::split;
    require_block(entry.width <= 8 && (entry.form == Form::integers || entry.width >= 1));
    require_block(entry.has_missing == 0 || entry.kind == ColumnKind::user_field);
    require_block(entry.values == 0 && entry.dictionary_size == 0 && entry.unit >= 1);
    require_block(is_sparse || is_split ? entry.runs <= rows : entry.runs == 0);
    require_block(!is_sparse || entry.runs >= 1);
    require_block(is_split ? entry.step >= 1 && entry.unit <= UINT64_MAX / entry.step
                           : entry.step == 0);
    require_block(entry.codes_size == size_of_integers(entry, rows));
}

void check_planes(const block::Entry &entry, std::uint32_t rows)
{
    require_block(entry.runs == 0 && entry.width >= 1 && entry.width <= block::kMostPlanes);
    require_block(entry.values + entry.has_missing <= 1u << entry.width);
    require_block(entry.codes_size == entry.width * block::size_of_bits(rows));
}

// The sizes that follow from the form.
void check_entry(const block::Entry &entry, std::uint32_t rows)
{
    require_block(static_cast<unsigned>(entry.kind) <= block::kLastKind &&
                  static_cast<unsigned>(entry.form) <= block::kLastForm && entry.has_missing <= 1 &&
                  entry.reserved == 0);
    require_block(block::is_named(entry.kind) || entry.name_size == 0);
    if (entry.form >= Form::integers)
        return check_integers(entry, rows);
    require_block(entry.base == 0 && entry.unit == 0 && entry.exponent == 0 && entry.step == 0);
    require_block(entry.values >= 1 && entry.values <= rows &&
                  entry.dictionary_size >= std::uint64_t{entry.values} * sizeof(std::uint32_t));
    if (entry.form == Form::planes)
        return check_planes(entry, rows);
    bool is_runs = entry.form == Form::runs, is_constant = entry.form == Form::constant;
    require_block(is_runs ? entry.runs >= 2 && entry.runs <= rows : entry.runs == 0);
    require_block(is_constant ? entry.width == 0 : entry.width == 1 || entry.width == 2);
    std::uint64_t size = is_runs ? std::uint64_t{entry.runs} * (sizeof(std::uint16_t) + entry.width)
                                 : std::uint64_t{rows} * entry.width;
    require_block(entry.codes_size == size);
}

}  // namespace

void raise_corrupted_block() { throw Error(ErrorCode::corrupted, "corrupted event_block"); }

std::vector<ByteRange> joined(std::vector<ByteRange> ranges)
{
    constexpr std::uint32_t kNear = 4096;
    std::sort(ranges.begin(), ranges.end(),
              [](ByteRange left, ByteRange right) { return left.offset < right.offset; });
    std::vector<ByteRange> made;
    for (ByteRange range : ranges) {
        if (made.empty() || range.offset > made.back().offset + made.back().size + kNear)
            made.push_back(range);
        else
            made.back().size =
                std::max(made.back().size, range.offset + range.size - made.back().offset);
    }
    return made;
}

void ColumnDirectory::read_columns(std::string_view bytes, const Extent &extent)
{
    rows_ = extent.rows;
    std::size_t name = extent.entries + std::size_t{extent.columns} * sizeof(block::Entry);
    require_block(name <= bytes.size());
    std::uint64_t offset = extent.first;
    columns_.resize(extent.columns);
    for (std::size_t index = 0; index < columns_.size(); ++index) {
        check_interrupt();
        BlockColumnInfo &column = columns_[index];
        std::size_t at = extent.entries + index * sizeof(block::Entry);
        std::memcpy(&column.entry, bytes.data() + at, sizeof(block::Entry));
        check_entry(column.entry, rows_);
        require_block(column.entry.name_size <= bytes.size() - name);
        column.name = bytes.substr(name, column.entry.name_size);
        name += column.entry.name_size;
        require_block(index == 0 ||
                      compare_columns(columns_[index - 1], column.kind(), column.name) < 0);
        column.dictionary = {static_cast<std::uint32_t>(offset), column.entry.dictionary_size};
        offset += column.entry.dictionary_size;
        require_block(offset <= extent.size);
        column.codes = {static_cast<std::uint32_t>(offset), column.entry.codes_size};
        offset += column.entry.codes_size;
        require_block(offset <= extent.size);
    }
    require_block(name == bytes.size() && offset == extent.size);
}

const BlockColumnInfo *ColumnDirectory::find(ColumnKind kind, std::string_view name) const
{
    auto at = std::lower_bound(columns_.begin(), columns_.end(), 0,
                               [&](const BlockColumnInfo &column, int) {
                                   return compare_columns(column, kind, name) < 0;
                               });
    return at != columns_.end() && compare_columns(*at, kind, name) == 0 ? &*at : nullptr;
}

const BlockColumnInfo &ColumnDirectory::get(ColumnKind kind, std::string_view name) const
{
    const BlockColumnInfo *column = find(kind, name);
    require_block(column != nullptr);
    return *column;
}

}  // namespace profiles
