#include "block_rows.h"

#include <algorithm>

#include "../interrupt.h"

namespace profiles {

using block::ColumnKind;

BlockRows::BlockRows(std::string_view directory, std::span<const MovedUser> moved)
    : directory_(directory), moved_(moved), columns_(directory_.columns().size()),
      chosen_(directory_.rows(), true)
{
}

std::size_t BlockRows::index_of(const BlockColumnInfo &column) const
{
    return static_cast<std::size_t>(&column - directory_.columns().data());
}

bool BlockRows::has(const BlockColumnInfo &column) const
{
    const Column &known = columns_[index_of(column)];
    return known.coded || known.integers;
}

void BlockRows::read_users(std::string_view bytes)
{
    bytes_.add(directory_.user_bytes().offset, bytes);
    users_.emplace(directory_, bytes_);
    uids_ = parts().uids();
}

void BlockRows::read(const BlockColumnInfo &column, std::string_view bytes)
{
    bytes_.add(column.bytes().offset, bytes);
    Column &known = columns_[index_of(column)];
    if (column.holds_integers()) {
        known.integers = std::make_unique<std::vector<std::int64_t>>(directory_.rows());
        read_integers(directory_, column, bytes_, *known.integers);
    } else {
        known.coded = std::make_unique<CodedColumn>(directory_, column, bytes_);
    }
}

std::span<const std::int64_t> BlockRows::integers(const BlockColumnInfo &column) const
{
    const Column &known = columns_[index_of(column)];
    require_block(known.integers != nullptr);
    return *known.integers;
}

const CodedColumn &BlockRows::coded(const BlockColumnInfo &column) const
{
    const Column &known = columns_[index_of(column)];
    require_block(known.coded != nullptr);
    return *known.coded;
}

template <typename IsWanted>
CodedColumns BlockRows::gather(IsWanted &&is_wanted) const
{
    CodedColumns columns;
    for (const BlockColumnInfo &column : directory_.columns())
        if (is_wanted(column.kind()))
            columns.push_back(&coded(column));
    return columns;
}

const CodedColumns &BlockRows::profile_columns()
{
    if (!profile_columns_)
        profile_columns_ = gather(block::is_of_profile);
    return *profile_columns_;
}

const CodedColumns &BlockRows::segmentation_columns()
{
    if (!segmentation_columns_)
        segmentation_columns_ =
            gather([](ColumnKind kind) { return kind == ColumnKind::segmentation; });
    return *segmentation_columns_;
}

void BlockRows::choose(RowSet rows)
{
    chosen_ = std::move(rows);
    numbered_ = false;
}

std::span<const std::uint16_t> BlockRows::numbers()
{
    if (!numbered_) {
        numbers_.clear();
        numbers_.reserve(chosen_.count());
        chosen_.for_each(
            [&](std::uint32_t row) { numbers_.push_back(static_cast<std::uint16_t>(row)); });
        numbered_ = true;
    }
    return numbers_;
}

std::span<const std::uint8_t> BlockRows::present_codes(const BlockColumnInfo &column)
{
    const CodedColumn &known = coded(column);
    present_.assign(known.values.code_count(), 0);
    chosen_.for_each([&](std::uint32_t row) { present_[known.codes[row]] = 1; });
    return present_;
}

std::span<const std::uint8_t> BlockRows::present_users()
{
    present_.assign(users_->count(), 0);
    std::uint32_t user = 0;
    chosen_.for_each([&](std::uint32_t row) {
        while (row >= users_->last_row(user))
            ++user;
        present_[user] = 1;
    });
    return present_;
}

void BlockRows::keep_codes(const BlockColumnInfo &column, std::span<const std::uint8_t> match)
{
    RowSet rows(directory_.rows());
    coded(column).values.choose_rows(match, rows.words());
    rows.keep(chosen_);
    choose(std::move(rows));
}

void BlockRows::keep_users(std::span<const std::uint8_t> match)
{
    RowSet rows(directory_.rows());
    for (std::uint32_t user = 0; user < users_->count(); ++user)
        if (match[user])
            rows.add(users_->first_row(user), users_->last_row(user));
    rows.keep(chosen_);
    choose(std::move(rows));
}

void BlockRows::keep_uids(std::int64_t first, std::int64_t last)
{
    RowSet rows(directory_.rows());
    for (std::uint32_t user = 0; user < users_->count(); ++user)
        if (uids_[user] >= first && uids_[user] <= last)
            rows.add(users_->first_row(user), users_->last_row(user));
    rows.keep(chosen_);
    choose(std::move(rows));
}

void BlockRows::keep_numbered(std::span<const std::uint8_t> match)
{
    RowSet rows(directory_.rows());
    std::span<const std::uint16_t> all = numbers();
    for (std::size_t index = 0; index < all.size(); ++index)
        if (match[index])
            rows.add(all[index]);
    choose(std::move(rows));
}

void BlockRows::keep_times(std::int64_t first, std::int64_t last)
{
    std::span<const std::int64_t> times = integers(directory_.get(ColumnKind::time));
    RowSet rows(directory_.rows());
    std::span<std::uint64_t> words = rows.words();
    for (std::size_t row = 0; row < times.size(); ++row)
        words[row / 64] |= std::uint64_t{times[row] >= first && times[row] <= last} << row % 64;
    rows.keep(chosen_);
    choose(std::move(rows));
}

void BlockRows::keep_matching(const Filter &filter, std::int64_t now)
{
    RowSet rows = matching_rows(filter, parts(), now);
    rows.keep(chosen_);
    choose(std::move(rows));
}

void BlockRows::begin_alternatives()
{
    alternatives_.push_back({chosen_, RowSet(directory_.rows())});
}

void BlockRows::next_alternative()
{
    Alternatives &all = alternatives_.back();
    all.kept.add(chosen_);
    all.left.remove(chosen_);
    choose(all.left);
}

void BlockRows::end_alternatives()
{
    RowSet kept = std::move(alternatives_.back().kept);
    alternatives_.pop_back();
    choose(std::move(kept));
}

bool is_by_column(const Filter &filter)
{
    return std::all_of(filter.leaves().begin(), filter.leaves().end(), [](const Leaf &leaf) {
        return leaf.reference.scope == Scope::profile && leaf.predicate.op != PredicateKind::near &&
               leaf.predicate.op != PredicateKind::within && is_in_column(leaf.reference);
    });
}

}  // namespace profiles
