// Segmentation of a block: rows are counted by the codes of their breakdowns first, in numbers of the
// block's own, and only what came of it is looked up among the groups of the answer.
#include <algorithm>

#include "../error.h"
#include "../interrupt.h"
#include "../events/value_table.h"
#include "cell_numbers.h"
#include "segmentation.h"

namespace profiles {

using block::ColumnKind;

namespace {

// Rows of one bucket of time and one combination of codes.
struct Cell {
    std::uint32_t bucket = 0;
    std::uint16_t row = 0;    // any of them: its codes are those of all
    std::uint32_t users = 0;  // how many
    std::uint32_t last_user = UINT32_MAX;
    std::int64_t times = 0;
    WideInteger sum = 0, duration = 0;  // in units of the column
};

// The amounts of a column: coefficients of one power of ten, or any numbers.
class Amounts {
public:
    void read(const BlockParts &parts, ColumnKind kind)
    {
        const BlockColumnInfo &info = parts.directory().get(kind);
        exponent_ = -static_cast<int>(info.entry.exponent);
        numbers_.clear();
        coefficients_.clear();
        if (info.entry.form != block::Form::integers) {
            numbers_ = read_numbers(parts.directory(), info, parts.bytes());
        } else if (info.entry.width != 0 || info.entry.base != 0) {
            coefficients_.resize(parts.rows());
            read_integers(parts.directory(), info, parts.bytes(), coefficients_);
        }
    }

    // Of all rows alike, and nothing.
    bool is_zero() const { return coefficients_.empty() && numbers_.empty(); }
    bool is_odd() const { return !numbers_.empty(); }
    std::int64_t coefficient(std::uint32_t row) const { return coefficients_[row]; }
    const Number &number(std::uint32_t row) const { return numbers_[row]; }
    void add_total(const WideInteger &sum, ExactSum &total) const
    {
        if (sum != 0)
            total.add(sum, exponent_);
    }

private:
    int exponent_ = 0;
    std::vector<std::int64_t> coefficients_;
    std::vector<Number> numbers_;
};

}  // namespace

// Counts the chosen rows of one block after the other, step by step for all rows. It lives as long as the
// segmentation, so that its memory is asked for once.
class Segmentation::BlockCount {
public:
    explicit BlockCount(Segmentation &to) : to_(to) {}

    void count(const BlockParts &parts, const RowSet &rows)
    {
        parts_ = &parts;
        breakdowns_.clear();
        cells_.clear();
        first_user_.clear();
        choose_rows(rows);
        if (rows_.empty())
            return;
        for (std::size_t index = 0; index < to_.breakdown_.size(); ++index)
            breakdowns_.push_back(make_breakdown(index));
        check_interrupt();
        number_cells();
        if (!to_.cell_)
            add_measures();
        check_interrupt();
        add_users();
        for (std::uint32_t cell = 0; cell < cells_.size(); ++cell)
            add_cell(cell);
    }

private:
    // Those in the period, and their buckets.
    void choose_rows(const RowSet &rows)
    {
        rows_.clear();
        bucket_of_row_.clear();
        rows_.reserve(rows.count());
        const BlockDirectory &directory = parts_->directory();
        bool all =
            to_.is_in_period(directory.first_time()) && to_.is_in_period(directory.last_time());
        bool one_bucket = to_.buckets_.count() == 1 && to_.buckets_.find(directory.first_time());
        if (all && one_bucket) {
            rows.for_each(
                [&](std::uint32_t row) { rows_.push_back(static_cast<std::uint16_t>(row)); });
            bucket_of_row_.assign(rows_.size(), 0);
            return;
        }
        times_.resize(parts_->rows());
        read_integers(directory, directory.get(ColumnKind::time), parts_->bytes(), times_);
        bucket_of_row_.reserve(rows_.capacity());
        rows.for_each([&](std::uint32_t row) {
            std::optional<std::uint32_t> bucket;
            if (to_.is_in_period(times_[row]) && (bucket = to_.buckets_.find(times_[row]))) {
                rows_.push_back(static_cast<std::uint16_t>(row));
                bucket_of_row_.push_back(*bucket);
            }
        });
    }

    Breakdown make_breakdown(std::size_t index)
    {
        Breakdown made;
        made.codes.resize(parts_->rows());
        const Reference &reference = to_.breakdown_[index];
        const BlockUsers &users = parts_->users();
        if (reference.scope == Scope::field && reference.field == Field::uid) {
            for (std::uint32_t user = 0; user < users.count(); ++user) {
                std::fill(made.codes.begin() + users.first_row(user),
                          made.codes.begin() + users.last_row(user),
                          static_cast<std::uint16_t>(user));
                made.ids.push_back(
                    {to_.table_.values(index).id_of(std::to_string(parts_->uid(user)))});
            }
            return made;
        }
        const BlockColumnInfo *info = find_column(parts_->directory(), reference);
        if (!info)
            made.ids.push_back({ValueIds::kMissing});
        else if (info->entry.form == block::Form::integers)
            break_by_numbers(index, *info, made);
        else
            break_by_values(index, parts_->column(*info), made);
        return made;
    }

    void break_by_values(std::size_t index, const BlockColumn &column, Breakdown &made)
    {
        made.ids.resize(column.code_count());
        for (std::uint32_t code = 0; code < made.ids.size(); ++code) {
            check_interrupt();
            to_.find_ids(index, find_inside(to_.breakdown_[index], column.value(code)),
                         made.ids[code]);
        }
        column.read_codes(made.codes);
    }

    void break_by_numbers(std::size_t index, const BlockColumnInfo &info, Breakdown &made)
    {
        std::vector<Number> numbers = read_numbers(parts_->directory(), info, parts_->bytes());
        std::vector<NumberItem> packed;
        packed.reserve(numbers.size());
        ValueTable distinct;
        for (std::size_t row = 0; row < numbers.size(); ++row)
            made.codes[row] = static_cast<std::uint16_t>(
                distinct.number_of(packed.emplace_back(pack_number(numbers[row])).item()));
        for (const Item &value : distinct.values())
            to_.find_ids(index, value, made.ids.emplace_back());
    }

    // Codes have 16 bits, which leaves 16 for the buckets.
    void number_cells()
    {
        std::uint64_t combinations = to_.buckets_.count();
        keys_.assign(bucket_of_row_.begin(), bucket_of_row_.end());
        for (const Breakdown &breakdown : breakdowns_) {
            combinations *= breakdown.ids.size();
            for (std::size_t index = 0; index < keys_.size(); ++index)
                keys_[index] = keys_[index] * breakdown.ids.size() + breakdown.codes[rows_[index]];
        }
        numbers_.reset(combinations);
        cell_of_row_.resize(rows_.size());
        for (std::size_t index = 0; index < keys_.size(); ++index) {
            std::uint32_t &number = numbers_.number_of(keys_[index]);
            if (number == CellNumbers::kNone) {
                number = static_cast<std::uint32_t>(cells_.size());
                cells_.push_back({bucket_of_row_[index], rows_[index]});
            }
            cell_of_row_[index] = number;
        }
    }

    // Who asks for the users of a cell needs none of these.
    void add_measures()
    {
        add_times();
        sums_.read(*parts_, ColumnKind::sum);
        durations_.read(*parts_, ColumnKind::duration);
        add_amounts(sums_, &Cell::sum, &Group::sum);
        add_amounts(durations_, &Cell::duration, &Group::duration);
        check_interrupt();
    }

    void add_times()
    {
        const BlockColumnInfo &info = parts_->directory().get(ColumnKind::count);
        if (info.entry.width == 0 && info.entry.base == 1) {
            for (std::uint32_t cell : cell_of_row_)
                ++cells_[cell].times;
            return;
        }
        std::vector<std::int64_t> counts(parts_->rows());
        read_integers(parts_->directory(), info, parts_->bytes(), counts);
        bool overflow = false;
        for (std::size_t index = 0; index < rows_.size(); ++index) {
            std::int64_t &times = cells_[cell_of_row_[index]].times;
            overflow |= __builtin_add_overflow(times, counts[rows_[index]], &times);
        }
        if (overflow)
            raise_too_many_times();
    }

    void add_amounts(const Amounts &amounts, WideInteger Cell::*total, ExactSum Group::*odd_total)
    {
        if (amounts.is_odd())
            add_odd_amounts(amounts, odd_total);
        if (amounts.is_zero() || amounts.is_odd())
            return;
        for (std::size_t index = 0; index < rows_.size(); ++index)
            cells_[cell_of_row_[index]].*total += amounts.coefficient(rows_[index]);
    }

    // Rows are in the order of users: one is new in a cell when it is not the last one there.
    void add_users()
    {
        const BlockUsers &users = parts_->users();
        found_.clear();
        found_.reserve(rows_.size());
        std::uint32_t user = 0, end = users.last_row(0);
        for (std::size_t index = 0; index < rows_.size(); ++index) {
            while (rows_[index] >= end)
                end = users.last_row(++user);
            Cell &cell = cells_[cell_of_row_[index]];
            if (cell.last_user == user)
                continue;
            cell.last_user = user;
            ++cell.users;
            found_.emplace_back(cell_of_row_[index], static_cast<std::uint16_t>(user));
        }
        std::uint32_t start = 0;
        for (const Cell &cell : cells_) {
            first_user_.push_back(start);
            start += cell.users;
        }
        std::vector<std::uint32_t> next = first_user_;
        users_of_cells_.resize(found_.size());
        for (auto [cell, number] : found_)
            users_of_cells_[next[cell]++] = parts_->uid(number);
    }

    std::span<const std::int64_t> users_of(std::uint32_t cell) const
    {
        return {users_of_cells_.data() + first_user_[cell], cells_[cell].users};
    }

    template <typename Visit>
    void for_each_group(const Cell &cell, Visit &&visit)
    {
        std::array<const Ids *, kMaxBreakdowns> all{};
        for (std::size_t index = 0; index < breakdowns_.size(); ++index)
            all[index] = &breakdowns_[index].ids[breakdowns_[index].codes[cell.row]];
        for_each_combination(cell.bucket, {all.data(), breakdowns_.size()}, to_.cell_,
                             [&](const GroupKey &key) { visit(to_.table_.group(key)); });
    }

    void add_cell(std::uint32_t number)
    {
        const Cell &cell = cells_[number];
        for_each_group(cell, [&](Group &group) {
            group.add_times(cell.times);
            sums_.add_total(cell.sum, group.sum);
            durations_.add_total(cell.duration, group.duration);
            group.users.add(users_of(number));
        });
    }

    // Amounts that have no common unit are rare: they are added one by one.
    void add_odd_amounts(const Amounts &amounts, ExactSum Group::*total)
    {
        for (std::size_t index = 0; index < rows_.size(); ++index)
            for_each_group(cells_[cell_of_row_[index]],
                           [&](Group &group) { (group.*total).add(amounts.number(rows_[index])); });
    }

    Segmentation &to_;
    const BlockParts *parts_ = nullptr;
    Amounts sums_, durations_;
    std::vector<std::uint16_t> rows_;           // the chosen ones
    std::vector<std::uint32_t> bucket_of_row_;  // of each of these
    std::vector<std::int64_t> times_;           // of all rows
    std::vector<std::uint64_t> keys_;           // of the chosen rows: bucket and codes
    CellNumbers numbers_;
    std::vector<std::pair<std::uint32_t, std::uint16_t>> found_;  // cell, user
    std::vector<Breakdown> breakdowns_;
    std::vector<std::uint32_t> cell_of_row_;
    std::vector<Cell> cells_;
    std::vector<std::int64_t> users_of_cells_;  // cell by cell
    std::vector<std::uint32_t> first_user_;     // of each cell
};

bool Segmentation::reads_columns() const
{
    constexpr std::size_t kMostBuckets = UINT16_MAX;
    auto in_column = [](const auto &part) {
        if constexpr (requires { part.reference; })
            // Near what: two columns.
            return part.predicate.op != PredicateKind::near && is_in_column(part.reference);
        else
            return is_in_column(part);
    };
    return buckets_.count() <= kMostBuckets &&
           std::all_of(filter_->leaves().begin(), filter_->leaves().end(), in_column) &&
           std::all_of(breakdown_.begin(), breakdown_.end(), in_column);
}

std::vector<ByteRange> Segmentation::needed_bytes(const BlockDirectory &directory) const
{
    std::vector<ByteRange> ranges{directory.user_bytes()};
    auto add = [&](const BlockColumnInfo *column) {
        if (column && column->bytes().size > 0)
            ranges.push_back(column->bytes());
    };
    add(&directory.get(ColumnKind::key));
    add(&directory.get(ColumnKind::time));
    if (!cell_)
        for (ColumnKind kind : {ColumnKind::count, ColumnKind::sum, ColumnKind::duration})
            add(&directory.get(kind));
    for (const Leaf &leaf : filter_->leaves())
        add(find_column(directory, leaf.reference));
    for (const Reference &reference : breakdown_)
        add(find_column(directory, reference));
    return joined(std::move(ranges));
}

void Segmentation::add_block(const BlockParts &parts)
{
    RowSet rows(parts.rows(), true);
    if (event_) {
        RowSet named(parts.rows());
        BlockColumn keys = parts.column(parts.directory().get(ColumnKind::key));
        std::vector<std::uint8_t> is_event(keys.code_count());
        for (std::uint32_t code = 0; code < is_event.size(); ++code)
            is_event[code] = keys.value(code) == Item{Type::text, *event_};
        keys.choose_rows(is_event, named.words());
        rows.keep(named);
    }
    if (!rows.empty())
        rows.keep(matching_rows(*filter_, parts, now_));
    if (!rows.empty()) {
        if (!block_count_)
            block_count_ = std::make_shared<BlockCount>(*this);
        block_count_->count(parts, rows);
    }
}

}  // namespace profiles
