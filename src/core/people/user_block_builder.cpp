#include "user_block_builder.h"

#include <algorithm>
#include <numeric>

#include "../error.h"
#include "../ingest/expiry.h"
#include "../interrupt.h"

namespace profiles {

using block::ColumnKind;

namespace {

// What bounds the memory of a block, whatever users have on themselves.
constexpr std::size_t kMaxCells = std::size_t{1} << 24;  // rows x columns
constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

// An integer that no row has, a unit below the least one; nothing when there is none.
std::optional<std::int64_t> free_integer(std::span<const std::optional<std::int64_t>> integers)
{
    std::optional<std::int64_t> least;
    for (const std::optional<std::int64_t> &integer : integers)
        if (integer && (!least || *integer < *least))
            least = integer;
    std::uint64_t unit = 0;
    for (const std::optional<std::int64_t> &integer : integers)
        if (integer)
            unit = std::gcd(unit, static_cast<std::uint64_t>(*integer) -
                                      static_cast<std::uint64_t>(*least));
    unit = std::max<std::uint64_t>(unit, 1);
    std::int64_t found;
    if (!least || unit > INT64_MAX ||
        __builtin_sub_overflow(*least, static_cast<std::int64_t>(unit), &found))
        return std::nullopt;
    return found;
}

}  // namespace

void UserBlockBuilder::add_page(std::uint64_t lsn)
{
    pages_.push_back({lsn, user_block::kNever, static_cast<std::uint32_t>(lines_.size()), 0});
}

bool UserBlockBuilder::has_room_for(const UserRow &row) const
{
    return lines_.size() < block::kMaxRows &&
           bytes_ + row.profile.size() + row.device_id.size() <= kMaxBytes &&
           values_.columns().size() * (lines_.size() + 1) <= kMaxCells;
}

// As it is now, and the page told when it will be another one. Even what is gone already binds the copy to
// whoever asks from now on.
UserRow UserBlockBuilder::live(const UserRow &row)
{
    std::pmr::monotonic_buffer_resource scratch;
    std::int64_t lapses_at = next_lapse(row.expiry, now_, &scratch).value_or(user_block::kNever);
    user_block::Page &page = pages_.back();
    page.lapses_at = std::min({page.lapses_at, lapses_at, user_block::kNever - 1});
    UserRow live = row;
    live.profile = live_profile(row.profile, row.expiry, now_, &live_profiles_);
    return live;
}

void UserBlockBuilder::add_user(std::uint16_t line, const UserRow &stored)
{
    check_interrupt();
    std::vector<FieldItem> items;
    UserRow row = stored.expiry.empty() ? stored : live(stored);
    if (!has_room_for(row) || !read_fields(row, items)) {
        pages_.back().lsn = 0;
        return;
    }
    take(row, items);
    lines_.push_back(line);
}

// False when a number is none that a filter could ask for: then only the live row can say so.
bool UserBlockBuilder::read_fields(const UserRow &row, std::vector<FieldItem> &items) const
try {
    for (std::size_t index = 0; index < kUserFields; ++index) {
        auto field = static_cast<UserField>(index);
        if (is_integer(field) || row.value(field).missing)
            continue;
        FieldItem &made = items.emplace_back(FieldItem{field, {}, {}});
        made.item = item_of(field, row.value(field), made.number);
    }
    return true;
} catch (const Error &error) {
    if (error.code() != ErrorCode::out_of_range && error.code() != ErrorCode::invalid_text)
        throw;
    return false;
}

void UserBlockBuilder::take(const UserRow &row, std::vector<FieldItem> &items)
{
    auto position = static_cast<std::uint32_t>(lines_.size());
    bytes_ += row.profile.size() + row.device_id.size();
    uids_.push_back(row.uid);
    values_.put(ColumnKind::device_id, {}, {Type::text, row.device_id}, position);
    values_.put_profile(row.profile, position);
    for (FieldItem &made : items) {
        if (made.item->is_number())
            made.item = numbers_.emplace_back(made.number).item();
        values_.put(ColumnKind::user_field, column_name(made.field), *made.item, position);
    }
    for (std::size_t index = 0; index < kUserFields; ++index) {
        const UserValue &value = row.values[index];
        if (is_integer(static_cast<UserField>(index)))
            integers_[index].push_back(value.missing ? std::nullopt : std::optional(value.integer));
    }
}

// A column that is missing in all rows is left out. Integers without a free one below them are so far
// from any counter or time that they may take the room of values.
void UserBlockBuilder::write_integers(std::string_view name, const Integers &integers,
                                      ColumnOutput &output)
{
    auto present = static_cast<std::size_t>(std::count_if(
        integers.begin(), integers.end(), [](const auto &integer) { return integer.has_value(); }));
    if (present == 0)
        return;
    std::optional<std::int64_t> missing = free_integer(integers);
    if (!missing && present < integers.size()) {
        ColumnSet::Column column{ColumnKind::user_field, name, {}, {}};
        std::deque<NumberItem> packed;
        for (std::uint32_t row = 0; row < integers.size(); ++row)
            if (integers[row])
                column.cells.push_back(
                    {row, column.values.number_of(
                              packed.emplace_back(pack_number(*integers[row])).item())});
        write_values(column, output);
        return;
    }
    std::vector<std::int64_t> filled;
    for (const std::optional<std::int64_t> &integer : integers)
        filled.push_back(integer ? *integer : *missing);
    ColumnOutput::Part &part = output.add(ColumnKind::user_field, name);
    profiles::write_integers(filled, part.entry, part.bytes);
    part.entry.has_missing = present < integers.size();
}

void UserBlockBuilder::write_values(const ColumnSet::Column &column, ColumnOutput &output)
{
    codes_.assign(lines_.size(), 0);
    for (const ColumnSet::Cell &cell : column.cells)
        codes_[cell.position] = cell.value + 1;
    output.add_values(column.kind, column.name, column.values, codes_);
}

std::string UserBlockBuilder::finish(const Source &source)
{
    ColumnOutput output;
    ColumnOutput::Part &uids = output.add(ColumnKind::user_field, user_block::kUid);
    profiles::write_integers(uids_, uids.entry, uids.bytes);
    for (std::size_t index = 0; index < kUserFields; ++index)
        write_integers(column_name(static_cast<UserField>(index)), integers_[index], output);
    for (const ColumnSet::Column &column : values_.columns()) {
        check_interrupt();
        write_values(column, output);
    }
    user_block::Header header{};
    header.version = user_block::kVersion;
    header.rows = static_cast<std::uint32_t>(lines_.size());
    header.pages = static_cast<std::uint32_t>(pages_.size());
    header.first_page = source.first_page;
    header.oldest_running = source.oldest_running;
    header.made_at = now_;
    header.lapses_at = user_block::kNever;
    for (const user_block::Page &page : pages_)
        header.lapses_at = std::min(header.lapses_at, page.lapses_at);
    header.map_lsns = source.map_lsns;
    header.origin = source.origin;
    header.settled = std::all_of(pages_.begin(), pages_.end(),
                                 [](const user_block::Page &page) { return page.lsn != 0; });
    output.seal(header,
                pages_.size() * sizeof(user_block::Page) + lines_.size() * sizeof(std::uint16_t));
    std::string out;
    out.reserve(header.size);
    append_bytes(out, header);
    output.append_directory(out);
    for (const user_block::Page &page : pages_)
        append_bytes(out, page);
    for (std::uint16_t line : lines_)
        append_bytes(out, line);
    output.append_columns(out);
    return out;
}

}  // namespace profiles
